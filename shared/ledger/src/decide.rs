//! The pure decision: an account and a command in, a plan or a refusal out.
//!
//! Every plan begins by expiring what is past its expiry, so that nothing that follows can use it,
//! and ends by setting the due marker where it would say too late an instant.

use crate::{
    Account, ApplyError, Change, Command, Credits, Ended, GenerationHistory, GenerationId, HOLDS_MAX, Hold,
    Lot, LotCredits, PastHold, PaymentId, PlaceHold, Record, Rejection, ReleaseReason, SettlementOutcome,
    SubscriptionId, Takes, Timestamp, settle,
};

/// A marker within this distance of `now` may have been moved on by a sweep whose clock is ahead
/// (clocks of two functions may be five minutes apart on either side), so it is written anew.
pub const MARK_MARGIN_S: u64 = 600;

/// What is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// When: `now`, or the newest entry's instant where that is later.
    pub at: Timestamp,
    /// What happens, in order.
    pub changes: Vec<Change>,
    /// The account afterwards.
    pub after: Account,
    /// Items that guard it against a repeat.
    pub records: Vec<Record>,
    /// The due marker is set to this instant.
    pub mark: Option<Timestamp>,
    /// What becomes of each settlement of [`Command::Settle`], in its order.
    pub outcomes: Vec<SettlementOutcome>,
}

/// What a command leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// An entry is to be written.
    Write(Box<Plan>),
    /// Nothing changes, because all of it happened before or cannot happen yet.
    Unchanged(Vec<SettlementOutcome>),
    /// The same hold was placed before: the stored answer.
    Placed(Hold),
    /// The command is refused.
    Refused(Rejection),
    /// These generations are neither open nor recently settled: their history is needed.
    NeedsHistory(Vec<GenerationId>),
}

/// Decides `command` for `account`, whose newest entry is of `last_at`, at `now`.
pub fn decide(
    account: &Account,
    last_at: Option<Timestamp>,
    command: &Command,
    histories: &[GenerationHistory],
    now: Timestamp,
) -> Decided {
    let mut planner = Planner::new(account, last_at, now);
    let step = match command {
        Command::Grant(grant) => planner.grant(grant),
        Command::GrantAll(grants) => planner.grant_all(grants),
        Command::Compensate(compensation) => planner.compensate(compensation),
        Command::Hold(place) => planner.hold(place, histories),
        Command::Settle { by, settlements } => {
            settle::settle(&mut planner, by.as_ref(), settlements, histories)
        }
        Command::Expire { releases } => planner.expire(releases),
        Command::Revoke { payment, takes, owe_spent } => planner.revoke(payment, *takes, *owe_spent),
        Command::Restore { payment, credits, debt } => planner.restore(payment, *credits, *debt),
        Command::StartExpiry { subscription, ended_at, leftover_s, pauses_leftover_expiry } => {
            let ended =
                Ended { subscription: subscription.clone(), ended_at: *ended_at, leftover_s: *leftover_s };
            planner.start_expiry(ended, *pauses_leftover_expiry)
        }
        Command::Suspend => planner.suspend(true),
        Command::Resume => planner.suspend(false),
    };
    match step {
        Ok(Step::Write) => planner.finish(account, matches!(command, Command::Expire { .. })),
        Ok(Step::Answer(decided)) => decided,
        Err(ApplyError::NoLot(_)) => Decided::Refused(Rejection::NoSuchLot),
        Err(ApplyError::Amount(_) | ApplyError::NoHold) => Decided::Refused(Rejection::OutOfRange),
    }
}

/// How a command's own step ended.
pub(crate) enum Step {
    /// The changes are to be written, if there are any.
    Write,
    /// The answer is known, and nothing is to be written.
    Answer(Decided),
}

/// A plan in the making.
pub(crate) struct Planner {
    pub(crate) account: Account,
    pub(crate) now: Timestamp,
    pub(crate) records: Vec<Record>,
    pub(crate) outcomes: Vec<SettlementOutcome>,
    pub(crate) at: Timestamp,
    changes: Vec<Change>,
}

impl Planner {
    fn new(account: &Account, last_at: Option<Timestamp>, now: Timestamp) -> Self {
        let at = last_at.map_or(now, |last| last.max(now));
        Self {
            account: account.clone(),
            now,
            at,
            changes: Vec::new(),
            records: Vec::new(),
            outcomes: Vec::new(),
        }
    }

    pub(crate) fn change(&mut self, change: Change) -> Result<(), ApplyError> {
        self.account.apply(&change, self.at)?;
        self.changes.push(change);
        Ok(())
    }

    /// Expires what is left of every lot that is past its expiry.
    pub(crate) fn expire_due_lots(&mut self) -> Result<(), ApplyError> {
        let due = self.account.lots.iter().filter(|lot| lot.is_due(self.now));
        let parts: Vec<LotCredits> =
            due.map(|lot| LotCredits { lot: lot.id, credits: lot.available }).collect();
        parts.into_iter().try_for_each(|part| self.change(Change::Expired(part)))
    }

    /// Lots for `credits` of `product` in spend order, or `None` where there are too few.
    pub(crate) fn take(
        &self,
        product: &crate::ProductId,
        credits: Credits,
    ) -> Result<Option<Vec<LotCredits>>, ApplyError> {
        let mut left = credits;
        let mut parts = Vec::new();
        for lot in self.account.spend_order(product, self.now) {
            if left.is_zero() {
                break;
            }
            let taken = left.min(lot.available);
            left = left.minus(taken)?;
            parts.push(LotCredits { lot: lot.id, credits: taken });
        }
        Ok(left.is_zero().then_some(parts))
    }

    /// What follows when credits came back to `parts`: they offset what the account owes for their lot; the
    /// rest is revoked at once where its payment was refunded, and has a grace where the lot has expired.
    pub(crate) fn returned(&mut self, parts: &[LotCredits], grace_s: u64) -> Result<(), ApplyError> {
        for part in parts {
            let Some(lot) = self.account.lot(part.lot) else { return Err(ApplyError::NoLot(part.lot)) };
            // A lot that is closed owes for what is spent of it, and an open one for what a refund of a part
            // could not take: what comes back is taken for it.
            let excess = if lot.is_closed() { lot.owed.saturating_minus(lot.spent) } else { lot.owed };
            let offset = self.offset(LotCredits { credits: part.credits.min(excess), ..*part })?;
            let part = &LotCredits { credits: part.credits.minus(offset)?, ..*part };
            let Some(lot) = self.account.lot(part.lot) else { return Err(ApplyError::NoLot(part.lot)) };
            if part.credits.is_zero() {
                continue;
            }
            if lot.is_closed() {
                self.change(Change::Revoked { part: *part, debt: Credits::ZERO, closes: true })?;
            } else if lot.is_due(self.now) {
                if grace_s == 0 {
                    self.change(Change::Expired(*part))?;
                    continue;
                }
                let until = self.now.plus_s(grace_s).map_err(|_| crate::AmountError::Overflow)?;
                self.change(Change::Extended { lot: part.lot, until })?;
            }
        }
        Ok(())
    }

    /// Takes back credits that came back to a lot for debt that it made, as far as the debt stands or its
    /// payers are known, and says how many.
    fn offset(&mut self, part: LotCredits) -> Result<Credits, ApplyError> {
        let debt = part.credits.min(self.account.debt);
        let repaid = self.payers(part.credits.minus(debt)?)?;
        let credits = repaid.iter().try_fold(debt, |sum, part| sum.plus(part.credits))?;
        if !credits.is_zero() {
            let part = LotCredits { credits, ..part };
            self.change(Change::Offset { part, debt, repaid: repaid.clone() })?;
            self.returned(&repaid, 0)?;
        }
        Ok(credits)
    }

    fn hold(&mut self, place: &PlaceHold, histories: &[GenerationHistory]) -> Result<Step, ApplyError> {
        if let Some(hold) = self.account.hold(&place.generation) {
            return placed_before(place, hold);
        }
        if self.account.recent.iter().any(|recent| recent.is_of(&place.generation)) {
            return match histories.iter().find(|history| history.generation == place.generation) {
                None => Ok(Step::Answer(Decided::NeedsHistory(vec![place.generation.clone()]))),
                Some(GenerationHistory { past: Some(PastHold { hold, .. }), .. }) => {
                    placed_before(place, hold)
                }
                Some(_) => Ok(Step::Answer(Decided::Refused(Rejection::HoldConflict))),
            };
        }
        let refused = |rejection| Ok(Step::Answer(Decided::Refused(rejection)));
        if place.credits.is_zero() {
            return refused(Rejection::NoCredits);
        }
        if self.account.suspended {
            return refused(Rejection::Suspended);
        }
        if self.account.holds.len() >= HOLDS_MAX {
            return refused(Rejection::TooManyHolds);
        }
        self.expire_due_lots()?;
        let Some(parts) = self.take(&place.product, place.credits)? else {
            let lots = self.account.spend_order(&place.product, self.now);
            let available = Credits::sum(lots.iter().map(|lot| lot.available))?;
            return refused(Rejection::NotEnough { available, needed: place.credits });
        };
        let Ok(deadline) = self.now.plus_s(place.deadline_s) else { return refused(Rejection::OutOfRange) };
        self.change(Change::Held(Hold {
            generation: place.generation.clone(),
            service: place.service.clone(),
            operation: place.operation.clone(),
            product: place.product.clone(),
            parts,
            held_at: self.now,
            deadline,
        }))?;
        Ok(Step::Write)
    }

    fn expire(&mut self, releases: &[(GenerationId, u64)]) -> Result<Step, ApplyError> {
        self.expire_due_lots()?;
        let due = self.account.holds.iter().filter(|hold| hold.deadline <= self.now);
        let grace_of = |hold: &Hold| {
            let named = releases.iter().find(|(generation, _)| generation == &hold.generation)?;
            Some((hold.clone(), named.1))
        };
        let due: Vec<(Hold, u64)> = due.filter_map(grace_of).collect();
        for (hold, grace_s) in due {
            settle::release(self, &hold, ReleaseReason::Deadline, grace_s)?;
        }
        Ok(Step::Write)
    }

    fn revoke(&mut self, payment: &PaymentId, takes: Takes, owe_spent: bool) -> Result<Step, ApplyError> {
        let Some(lot) = self.lot_of(payment) else {
            return Ok(Step::Answer(Decided::Refused(Rejection::NoSuchLot)));
        };
        if lot.is_closed() {
            return Ok(Step::Answer(Decided::Unchanged(Vec::new())));
        }
        let id = lot.id;
        // What an earlier part made a debt of is owed once.
        let spent = lot.spent.saturating_minus(lot.owed);
        self.expire_due_lots()?;
        let left = self.account.lot(id).map_or(Credits::ZERO, |lot| lot.available);
        let (credits, used) = match takes {
            Takes::Remaining => (left, spent),
            Takes::UpTo(limit) => {
                let credits = left.min(limit);
                (credits, limit.saturating_minus(credits).min(spent))
            }
        };
        let debt = if owe_spent { used } else { Credits::ZERO };
        let closes = takes == Takes::Remaining;
        if !closes && credits.is_zero() && debt.is_zero() {
            return Ok(Step::Answer(Decided::Unchanged(Vec::new())));
        }
        self.change(Change::Revoked { part: LotCredits { lot: id, credits }, debt, closes })?;
        Ok(Step::Write)
    }

    fn restore(&mut self, payment: &PaymentId, credits: Credits, debt: Credits) -> Result<Step, ApplyError> {
        let Some(lot) = self.lot_of(payment) else {
            return Ok(Step::Answer(Decided::Refused(Rejection::NoSuchLot)));
        };
        let returned = lot.closed.unwrap_or(Credits::ZERO);
        // No debt is struck that this lot did not make; what came back in place of a debt returns as credits.
        let offset = debt.saturating_minus(lot.owed);
        let debt = debt.min(lot.owed);
        let part =
            LotCredits { lot: lot.id, credits: credits.plus(returned)?.plus(offset)?.min(lot.revoked) };
        if !lot.is_closed() && part.credits.is_zero() && debt.is_zero() {
            return Ok(Step::Answer(Decided::Unchanged(Vec::new())));
        }
        let struck = debt.min(self.account.debt);
        let repaid = self.payers(debt.saturating_minus(struck))?;
        self.change(Change::Restored { part, debt: struck, repaid: repaid.clone() })?;
        self.returned(&repaid, 0)?;
        Ok(Step::Write)
    }

    /// The lots whose credits paid off `debt`, the newest first, with what each gets back.
    fn payers(&self, debt: Credits) -> Result<Vec<LotCredits>, ApplyError> {
        let mut left = debt;
        let mut parts = Vec::new();
        for lot in self.account.lots.iter().rev().filter(|lot| !lot.repaid.is_zero()) {
            if left.is_zero() {
                break;
            }
            let credits = left.min(lot.repaid);
            left = left.minus(credits)?;
            parts.push(LotCredits { lot: lot.id, credits });
        }
        Ok(parts)
    }

    fn lot_of(&self, payment: &PaymentId) -> Option<&Lot> {
        self.account.lots.iter().find(|lot| lot.payment.as_ref() == Some(payment))
    }

    fn start_expiry(&mut self, ended: Ended, pauses_leftover_expiry: bool) -> Result<Step, ApplyError> {
        let id = ended.subscription.clone();
        if self.account.ended(&id).is_some() {
            return Ok(Step::Answer(Decided::Unchanged(Vec::new())));
        }
        // A lot with an expiry was replaced by a renewal, and stays as it is.
        let left = self.account.lots.iter().filter(|lot| lot.subscription() == Some(&id));
        let lots = left
            .filter(|lot| lot.expires_at.is_none())
            .map(|lot| Ok((lot.id, leftover_expiry(&ended, lot.granted_at, lot.leftover_s)?)))
            .collect::<Result<Vec<_>, ApplyError>>()?;
        let heir = self.successor_of(&ended).filter(|_| pauses_leftover_expiry);
        self.change(Change::ExpiryStarted { ended, lots })?;
        if let Some(heir) = heir {
            self.stop_clocks(&heir)?;
        }
        Ok(Step::Write)
    }

    /// The newest lot of a subscription that has not ended, of the product of the ended one's lots.
    fn successor_of(&self, ended: &Ended) -> Option<Lot> {
        let is_of = |lot: &&Lot, id: &SubscriptionId| lot.subscription() == Some(id);
        let lots = &self.account.lots;
        let product = &lots.iter().find(|lot| is_of(lot, &ended.subscription))?.product;
        let runs = |lot: &&Lot| {
            let subscription = lot.subscription().filter(|id| *id != &ended.subscription);
            &lot.product == product && subscription.is_some_and(|id| self.account.ended(id).is_none())
        };
        lots.iter().filter(runs).max_by_key(|lot| lot.id).cloned()
    }

    fn suspend(&mut self, suspend: bool) -> Result<Step, ApplyError> {
        if self.account.suspended == suspend {
            return Ok(Step::Answer(Decided::Unchanged(Vec::new())));
        }
        self.change(if suspend { Change::Suspended } else { Change::Resumed })?;
        Ok(Step::Write)
    }

    /// The sweep moves the marker by itself, after its entry: the entry stays a single put.
    fn finish(mut self, before: &Account, by_sweep: bool) -> Decided {
        if self.changes.is_empty() {
            return Decided::Unchanged(self.outcomes);
        }
        let mut mark = None;
        if let Some(next) = self.account.next_due() {
            let trusted = before.marked.filter(|marked| {
                let margin_end = self.now.plus_s(MARK_MARGIN_S);
                margin_end.is_ok_and(|end| *marked > end) || before.next_due() == Some(*marked)
            });
            if trusted.is_none_or(|marked| next < marked) {
                let change = Change::Marked(next);
                if self.change(change).is_err() {
                    return Decided::Refused(Rejection::OutOfRange);
                }
                mark = (!by_sweep).then_some(next);
            }
        }
        self.account.prune(self.at);
        Decided::Write(Box::new(Plan {
            at: self.at,
            changes: self.changes,
            after: self.account,
            records: self.records,
            mark,
            outcomes: self.outcomes,
        }))
    }
}

fn placed_before(place: &PlaceHold, hold: &Hold) -> Result<Step, ApplyError> {
    let same = hold.service == place.service
        && hold.operation == place.operation
        && hold.product == place.product
        && hold.credits()? == place.credits;
    Ok(Step::Answer(if same {
        Decided::Placed(hold.clone())
    } else {
        Decided::Refused(Rejection::HoldConflict)
    }))
}

/// Left-over credits stay usable for the time of the policy that their payment pinned (`pinned_s`), or else
/// of the one at the end, from the end, or from the charge where Stripe charged an ended subscription.
pub(crate) fn leftover_expiry(
    ended: &Ended,
    charged_at: Timestamp,
    pinned_s: Option<u64>,
) -> Result<Timestamp, ApplyError> {
    let start = ended.ended_at.max(charged_at);
    let leftover_s = pinned_s.unwrap_or(ended.leftover_s);
    Ok(start.plus_s(leftover_s).map_err(|_| crate::AmountError::Overflow)?)
}
