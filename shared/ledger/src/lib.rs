//! Accounts, lots, holds and entries: the pure credit ledger.
