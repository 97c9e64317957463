//! Adjustments: what a person changes of an account by hand, with the clause that allows it and a reason.
//!
//! An adjustment takes effect at once, or waits for a second person where it is above the limits of the
//! policy. It takes effect once: its item and the ledger's entry are one transaction. Nothing here reads a
//! clock or knows a table.

mod adjustment;
mod apply;
mod limits;
mod store;

pub use adjustment::{
    AdjustedBy, Adjustment, AdjustmentStage, AdjustmentState, AdjustmentTerms, LAPSES_AFTER_S, Person,
    adjustment_id,
};
pub use apply::{AdjustmentRefusal, ApprovalReply, Submission, approve, refuse, submit};
pub use limits::Weight;
pub use store::{AdjustmentPlace, AdjustmentSave, AdjustmentSaveOutcome, AdjustmentStore};
