//! A case: what is asked, what the records say of it, and what the written policy decides.
//!
//! An account and what somebody asks go in; [`assess()`] reads the records, gathers the facts and decides.
//! The caller opens and saves the request. Submissions, previews and answers go the same way, and so does
//! what the records themselves point to ([`assess_lead()`]) and what Stripe reports of a payment
//! ([`assess_occasion()`]).
//!
//! Bounds: three round trips of reading, and those of [`ledger::ACCOUNT_RECORDS_MAX`] and
//! [`ledger::OUTAGES_MAX`]. Nothing here reads a clock, the environment or the network.

mod assess;
mod dispute_fee;
mod facts;
mod occasions;
mod purchases;
mod question;
mod records;
#[cfg(test)]
mod tests;
mod windows;

pub use assess::{Assessment, CaseError, assess, assess_lead};
pub use dispute_fee::{FEES_AS_OF, dispute_fee};
pub use facts::gather;
pub use occasions::{MeasureAdvice, OccasionAssessment, assess_occasion, measures};
pub use question::{CustomerClaims, OriginalCase, Question, Report};
pub use records::{EarlierRequests, Records};
pub use windows::{Windows, windows};
