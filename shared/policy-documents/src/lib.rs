//! The policy documents and the price catalogue, checked when they are built.
