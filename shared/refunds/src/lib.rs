//! The refund request's state machine, payouts and their store port: pure.
