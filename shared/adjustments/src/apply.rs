//! Submitting, approving and refusing: each is read, decided in memory and written once, and decided anew
//! where another writer was first.

use futures_util::future::{join, join3};
use ledger::{
    Account, Answer, CommitOutcome, Entry, ExecuteError, LedgerStore, Order, Pause, Prepared, Rejection,
    Timestamp, prepare,
};
use policy::ApprovalLimits;
use refunds::{Count, CountStore, CountedBy, Counting, Granted, RequestStore};

use crate::{
    AdjustedBy, Adjustment, AdjustmentSave, AdjustmentSaveOutcome, AdjustmentStage, AdjustmentState,
    AdjustmentStore, Person, Weight,
};

type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

/// How a submission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submission {
    /// It is stored: it took effect, or waits for a second person.
    Saved(Box<Adjustment>),
    /// One with its id was there before.
    Known(Box<Adjustment>),
    Refused(AdjustmentRefusal),
}

/// How an approval or a refusal ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalReply {
    Saved(Box<Adjustment>),
    /// The same person had decided so before.
    Repeated(Box<Adjustment>),
    /// It waits for nobody: it stands like this.
    Decided(AdjustmentState),
    /// The person who submitted it, or whose account it is about, cannot decide.
    NotAllowed,
    Refused(AdjustmentRefusal),
}

/// Why an adjustment has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentRefusal {
    /// The ledger refuses it.
    Ledger(Rejection),
    /// The account is like that already.
    NoChange,
}

/// Submits an adjustment: it takes effect at once, or waits where `limits` ask for a second person.
pub async fn submit<S, P>(
    store: &S,
    pause: &P,
    adjustment: &Adjustment,
    limits: Option<&ApprovalLimits>,
    now: Timestamp,
) -> Result<Submission, Failure<S>>
where
    S: AdjustmentStore + CountStore + RequestStore<Error = <S as LedgerStore>::Error>,
    P: Pause,
{
    for attempt in 0..pause.attempts_max() {
        let counted = limits.map(|_| counted_by(adjustment, &adjustment.submitted.person));
        let read = join3(
            store.adjustment(&adjustment.id),
            store.head(&adjustment.account),
            store.counts(counted.unwrap_or_default()),
        );
        let (known, head, counts) = read.await;
        if let Some(known) = known.map_err(ExecuteError::Store)? {
            return Ok(Submission::Known(Box::new(known)));
        }
        let head = head.map_err(ExecuteError::Store)?;
        let counts = counts.map_err(ExecuteError::Store)?;
        let weight = weight_of(adjustment, head.as_ref());
        let applied = AppliedBy { person: &adjustment.submitted.person, approves: false, now };
        let save = match applied.save(store, adjustment, head.as_ref(), (weight, &counts)).await? {
            Ok(save) => save,
            Err(refusal) => return Ok(Submission::Refused(refusal)),
        };
        let waits = limits
            .is_some_and(|limits| weight.needs_two(limits, Granted::before(&counts, limits.within_s, now)));
        let save = if waits {
            AdjustmentSave { adjustment: adjustment.clone(), commit: None, counting: None }
        } else {
            save
        };
        match settle(store, &save).await? {
            Settled::Written => return Ok(Submission::Saved(Box::new(save.adjustment))),
            Settled::Stale(stored) => return Ok(Submission::Known(stored)),
            // Nothing is stored that could forbid it.
            Settled::NotAllowed | Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Approves an adjustment that waits: it takes effect.
pub async fn approve<S, P>(
    store: &S,
    pause: &P,
    adjustment: &Adjustment,
    by: &Person,
    now: Timestamp,
) -> Result<ApprovalReply, Failure<S>>
where
    S: AdjustmentStore + CountStore + RequestStore<Error = <S as LedgerStore>::Error>,
    P: Pause,
{
    let is_repeated = |known: &Adjustment| matches!(known.stage, AdjustmentStage::Applied { .. });
    if let Some(reply) = undecidable(adjustment, by, is_repeated, now) {
        return Ok(reply);
    }
    for attempt in 0..pause.attempts_max() {
        let counted = adjustment.counts_within_s.map(|_| counted_by(adjustment, by));
        let (head, counts) =
            join(store.head(&adjustment.account), store.counts(counted.unwrap_or_default())).await;
        let head = head.map_err(ExecuteError::Store)?;
        let counts = counts.map_err(ExecuteError::Store)?;
        let weight = weight_of(adjustment, head.as_ref());
        let applied = AppliedBy { person: by, approves: true, now };
        let save = match applied.save(store, adjustment, head.as_ref(), (weight, &counts)).await? {
            Ok(save) => save,
            Err(refusal) => return Ok(ApprovalReply::Refused(refusal)),
        };
        match settle(store, &save).await? {
            Settled::Written => return Ok(ApprovalReply::Saved(Box::new(save.adjustment))),
            Settled::NotAllowed => return Ok(ApprovalReply::NotAllowed),
            Settled::Stale(stored) => {
                let reply = undecidable(&stored, by, is_repeated, now);
                return Ok(reply.unwrap_or(ApprovalReply::Decided(stored.state(now))));
            }
            Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Refuses an adjustment that waits: it never takes effect.
pub async fn refuse<S: AdjustmentStore>(
    store: &S,
    adjustment: &Adjustment,
    (by, reason): (&Person, &str),
    now: Timestamp,
) -> Result<ApprovalReply, Failure<S>> {
    let is_repeated = |known: &Adjustment| match &known.stage {
        AdjustmentStage::Refused { reason: known, .. } => known == reason,
        AdjustmentStage::Waiting | AdjustmentStage::Applied { .. } => false,
    };
    if let Some(reply) = undecidable(adjustment, by, is_repeated, now) {
        return Ok(reply);
    }
    let refused = AdjustedBy { person: by.clone(), at: now };
    let stage = AdjustmentStage::Refused { refused, reason: reason.to_owned() };
    let adjustment = Adjustment { stage, ..adjustment.clone() };
    let save = AdjustmentSave { adjustment, commit: None, counting: None };
    match settle(store, &save).await? {
        Settled::Written => Ok(ApprovalReply::Saved(Box::new(save.adjustment))),
        Settled::NotAllowed => Ok(ApprovalReply::NotAllowed),
        Settled::Stale(stored) => {
            let reply = undecidable(&stored, by, is_repeated, now);
            Ok(reply.unwrap_or(ApprovalReply::Decided(stored.state(now))))
        }
        Settled::Again => Err(ExecuteError::Busy),
    }
}

/// The reply where a person cannot decide about an adjustment, or has decided so before.
fn undecidable(
    adjustment: &Adjustment,
    by: &Person,
    is_repeated: impl Fn(&Adjustment) -> bool,
    now: Timestamp,
) -> Option<ApprovalReply> {
    match adjustment.state(now) {
        _ if by.name() == adjustment.account.as_str() => Some(ApprovalReply::NotAllowed),
        AdjustmentState::WaitingForApproval if adjustment.submitted.person == *by => {
            Some(ApprovalReply::NotAllowed)
        }
        AdjustmentState::WaitingForApproval => None,
        _ if adjustment.decided().is_some_and(|decided| decided.person == *by) && is_repeated(adjustment) => {
            Some(ApprovalReply::Repeated(Box::new(adjustment.clone())))
        }
        state => Some(ApprovalReply::Decided(state)),
    }
}

/// The counts that a person's adjustment moves where it gives credits.
fn counted_by(adjustment: &Adjustment, person: &Person) -> Vec<CountedBy> {
    CountedBy::of(&adjustment.account, None, Some(&person.key()))
}

fn weight_of(adjustment: &Adjustment, head: Option<&Entry>) -> Weight {
    let empty = Account::default();
    Weight::of(adjustment.terms.kind, head.map_or(&empty, Entry::after))
}

/// With whose word an adjustment takes effect.
struct AppliedBy<'p> {
    person: &'p Person,
    /// Whether it is a second person's word.
    approves: bool,
    now: Timestamp,
}

impl AppliedBy<'_> {
    /// The save with which an adjustment takes effect on the newest entry.
    async fn save<S: AdjustmentStore>(
        &self,
        store: &S,
        adjustment: &Adjustment,
        head: Option<&Entry>,
        (weight, counts): (Weight, &[Count]),
    ) -> Result<Result<AdjustmentSave, AdjustmentRefusal>, Failure<S>> {
        let command = adjustment.command();
        let order = Order {
            account: &adjustment.account,
            command: &command,
            cause: adjustment.cause(),
            actor: self.person.actor(),
            policy: Some(adjustment.policy.clone()),
            records: Vec::new(),
        };
        let commit = match prepare(store, &order, head, self.now).await? {
            Prepared::Commit(commit, _) => *commit,
            Prepared::Answer(Answer::Refused(rejection)) => {
                return Ok(Err(AdjustmentRefusal::Ledger(rejection)));
            }
            Prepared::Answer(_) => return Ok(Err(AdjustmentRefusal::NoChange)),
        };
        let by = AdjustedBy { person: self.person.clone(), at: self.now };
        let approved = self.approves.then_some(by);
        let stage = AdjustmentStage::Applied { entry: commit.entry.number(), approved };
        let counting = adjustment.counts_within_s.zip(weight.given());
        let counting = counting
            .map(|(within_s, credits)| Counting::of(counts.to_vec(), credits.get(), within_s, self.now));
        let adjustment = Adjustment { stage, ..adjustment.clone() };
        Ok(Ok(AdjustmentSave { adjustment, commit: Some(commit), counting }))
    }
}

enum Settled {
    Written,
    Stale(Box<Adjustment>),
    NotAllowed,
    Again,
}

async fn settle<S: AdjustmentStore>(store: &S, save: &AdjustmentSave) -> Result<Settled, Failure<S>> {
    let ours = save.commit.as_ref().map(|commit| commit.entry.hash());
    Ok(match store.save_adjustment(save).await.map_err(ExecuteError::Store)? {
        AdjustmentSaveOutcome::Written => Settled::Written,
        AdjustmentSaveOutcome::Stale(stored) => Settled::Stale(stored),
        AdjustmentSaveOutcome::NotAllowed => Settled::NotAllowed,
        // The reply to an earlier try of this very save was lost.
        AdjustmentSaveOutcome::Ledger(CommitOutcome::Behind(entry)) if Some(entry.hash()) == ours => {
            Settled::Written
        }
        AdjustmentSaveOutcome::Ledger(_) | AdjustmentSaveOutcome::CountMoved => Settled::Again,
    })
}
