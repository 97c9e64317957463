//! Written refund policies as data, and the pure decision over recorded facts.
