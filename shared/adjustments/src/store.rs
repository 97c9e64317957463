//! The narrow port to the storage of adjustments.

use std::future::Future;

use ledger::{AccountId, AdjustmentId, Commit, CommitOutcome, LedgerStore, Timestamp};
use refunds::Counting;

use crate::Adjustment;

/// The place of an adjustment in a list: when it was submitted, and its id.
pub type AdjustmentPlace = (Timestamp, AdjustmentId);

/// An adjustment and what is written with it, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentSave {
    /// The adjustment as it is to be. A first save is of one that does not exist, a later one of one that
    /// waits.
    pub adjustment: Adjustment,
    /// The ledger's entry, where it takes effect.
    pub commit: Option<Commit>,
    /// The counts of granted credits that it moves.
    pub counting: Option<Counting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdjustmentSaveOutcome {
    Written,
    /// Nothing is written: this is stored, and waits for nobody, or was there before.
    Stale(Box<Adjustment>),
    /// Nothing is written: who decides has submitted it, or it is about the person's own account, by what is
    /// stored.
    NotAllowed,
    /// Nothing is written: the ledger's part did not go through.
    Ledger(CommitOutcome),
    /// Nothing is written: a count of granted credits has moved since it was read.
    CountMoved,
}

/// Keeps adjustments. Every method is one round trip.
pub trait AdjustmentStore: LedgerStore {
    /// An adjustment by its id.
    fn adjustment(
        &self,
        id: &AdjustmentId,
    ) -> impl Future<Output = Result<Option<Adjustment>, Self::Error>> + Send;

    /// Up to `limit` adjustments of an account before a place, newest first; `None` begins at the newest. The
    /// answer may lag behind the last writes by a moment.
    fn adjustments_of(
        &self,
        account: &AccountId,
        before: Option<AdjustmentPlace>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Adjustment>, Self::Error>> + Send;

    /// Up to `limit` adjustments that nobody has decided about, submitted after an instant and behind a
    /// place, oldest first. The answer may lag behind the last writes by a moment.
    fn undecided_adjustments(
        &self,
        submitted_after: Timestamp,
        after: Option<AdjustmentPlace>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Adjustment>, Self::Error>> + Send;

    /// Writes an adjustment and what goes with it, all or nothing.
    fn save_adjustment(
        &self,
        save: &AdjustmentSave,
    ) -> impl Future<Output = Result<AdjustmentSaveOutcome, Self::Error>> + Send;
}
