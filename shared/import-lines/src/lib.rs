//! What an import says of an account.
//!
//! A line of an import is an [`AccountLine`]. [`check()`] reads it against itself and the price catalogue and
//! answers the [`CheckedAccount`], or every [`FieldMistake`] with its field and what was expected.
//! [`CheckedAccount::command`] is the ledger's command for it. The command line and the function
//! `account-import` check a line by the same code; neither trusts the other.

mod check;
mod checked;
mod command;
mod line;
mod mistake;

pub use check::{LOTS_MAX, PAYMENTS_MAX, check};
pub use checked::{CheckedAccount, CheckedLot, CheckedPayment, CheckedRefund};
pub use line::{
    AccountLine, BuyerLine, LotKindName, LotLine, PaymentLine, PeriodLine, RefundLine, SubscriptionLine,
};
pub use mistake::{FieldMistake, MISTAKES_MAX};
