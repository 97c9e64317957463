//! The refund-payout function.
