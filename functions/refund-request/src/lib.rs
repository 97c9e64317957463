//! The refund-request function.
