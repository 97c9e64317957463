//! What Stripe reports of a payout: the request moves, and what was taken for a refund that did not reach the
//! customer is given back, once.

use ledger::{
    Actor, Cause, Command, ExecuteError, Order, Pause, Payment, Prepared, RefundRequestId, Timestamp, prepare,
};

use crate::save::{AttemptOutcome, Failure, read_head, settle};
use crate::{
    LedgerHead, PartsSum, Payout, RefundRequest, RefundSighting, RefundStore, RefundedSum, Save,
    SightingOutcome, State,
};

/// How a report of Stripe's ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportOutcome {
    /// The request went to this state, or learned its refund.
    Moved(State),
    /// It said what is known; the request is in this state.
    Known(State),
    /// No request has this id.
    NotOurs,
    /// It is another refund, or of another payment or amount: a person has to look.
    Mismatch,
}

/// Stripe's failure reason of a refund whose charge was disputed while it was on its way
/// (<https://docs.stripe.com/refunds#failed-refunds>).
const FAILED_BY_DISPUTE: &str = "charge_for_pending_refund_disputed";

/// Applies what Stripe reports of a request's refund, in any order and any number of times. A refund that
/// failed gives back what was revoked for it and lowers the payment's sum, once (E8 to E10), unless it
/// failed because the cardholder's bank takes the money, or the bank has it: the customer would have money
/// and credits. A dispute that is won gives them back later ([`undo`]).
pub async fn report<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    seen: &RefundSighting,
    cause: Cause,
    now: Timestamp,
) -> Result<ReportOutcome, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(mut request) = store.request(id).await.map_err(ExecuteError::Store)? else {
            return Ok(ReportOutcome::NotOurs);
        };
        let save = match request.observe(seen, now) {
            SightingOutcome::Known => return Ok(ReportOutcome::Known(request.state())),
            SightingOutcome::Mismatch => return Ok(ReportOutcome::Mismatch),
            SightingOutcome::Moved => {
                Save { request: request.with_next_version(), commit: None, refunded: None }
            }
            SightingOutcome::MovedToFailed(part) => {
                let by_dispute = seen.failure.as_deref() == Some(FAILED_BY_DISPUTE);
                undone(store, request, (&[part], by_dispute), cause.clone(), now).await?
            }
        };
        if let AttemptOutcome::Written(request) = settle(store, save, None).await? {
            return Ok(ReportOutcome::Moved(request.state()));
        }
        pause.pause(attempt).await;
    }
    Err(ExecuteError::Busy)
}

/// Saves that Stripe declined one part of the payout for good: what was revoked for it is given back unless
/// the money has left by another way (`money_left`). Its amount counts as refunded no more: the refunds that
/// did take the money are counted by their own events.
pub async fn decline<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    (part, code, money_left): (usize, &str, bool),
    now: Timestamp,
) -> Result<ReportOutcome, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(mut request) = store.request(id).await.map_err(ExecuteError::Store)? else {
            return Ok(ReportOutcome::NotOurs);
        };
        if request.declined(part, code, now).is_err() {
            return Ok(ReportOutcome::Known(request.state()));
        }
        let save = if money_left {
            let declined = request.payout().and_then(|payout| Some((payout, payout.part(part)?.amount)));
            let refunded = match declined {
                Some((payout, amount)) => {
                    let payment = store.payment(&payout.payment).await.map_err(ExecuteError::Store)?;
                    payment.and_then(|payment| RefundedSum::lower(&payment, amount))
                }
                None => None,
            };
            Save { request: request.with_next_version(), commit: None, refunded }
        } else {
            let cause = Cause::RefundRequest(id.as_str().to_owned());
            undone(store, request, (&[part], false), cause, now).await?
        };
        if let AttemptOutcome::Written(request) = settle(store, save, None).await? {
            return Ok(ReportOutcome::Moved(request.state()));
        }
        pause.pause(attempt).await;
    }
    Err(ExecuteError::Busy)
}

/// Gives back what the refunds that failed by their payment's dispute had revoked, once the bank has decided
/// for the company. While another dispute of the payment is open or lost, everything stays as it is.
pub async fn undo<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    cause: Cause,
    now: Timestamp,
) -> Result<ReportOutcome, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(request) = store.request(id).await.map_err(ExecuteError::Store)? else {
            return Ok(ReportOutcome::NotOurs);
        };
        let parts = request.payout().into_iter().flat_map(Payout::parts).enumerate();
        let kept = parts.filter(|(_, part)| part.kept_by_dispute).map(|(number, _)| number);
        let kept: Vec<usize> = kept.collect();
        if kept.is_empty() {
            return Ok(ReportOutcome::Known(request.state()));
        }
        let save = undone(store, request, (&kept, true), cause.clone(), now).await?;
        if save.request.payout().is_some_and(Payout::is_kept_by_dispute) {
            return Ok(ReportOutcome::Known(save.request.state()));
        }
        if let AttemptOutcome::Written(request) = settle(store, save, None).await? {
            return Ok(ReportOutcome::Moved(request.state()));
        }
        pause.pause(attempt).await;
    }
    Err(ExecuteError::Busy)
}

/// A request with the ledger's and the payment's part of undoing these failed parts of its payout; without
/// them where a dispute of its payment is lost, or the refund failed `by_dispute` and its disputes have not
/// ended well.
pub(crate) async fn undone<S: RefundStore>(
    store: &S,
    mut request: RefundRequest,
    (parts, by_dispute): (&[usize], bool),
    cause: Cause,
    now: Timestamp,
) -> Result<Save, Failure<S>> {
    let Some(payout) = request.payout() else {
        return Ok(Save { request: request.with_next_version(), commit: None, refunded: None });
    };
    let payment = store.payment(&payout.payment).await.map_err(ExecuteError::Store)?;
    let freed = payment.as_ref().is_some_and(Payment::is_freed);
    let kept = by_dispute && !freed || payment.as_ref().is_some_and(Payment::is_lost);
    request.keep_by_dispute(parts, kept);
    if kept {
        return Ok(Save { request: request.with_next_version(), commit: None, refunded: None });
    }
    let actor = request.paid_by();
    reversed(store, request, (payment.as_ref(), parts), (cause, actor), now).await
}

/// The request with the ledger's and the payment's part of taking back these parts of its payout, for which
/// no money left.
pub(crate) async fn reversed<S: RefundStore>(
    store: &S,
    request: RefundRequest,
    (payment, parts): (Option<&Payment>, &[usize]),
    (cause, actor): (Cause, Actor),
    now: Timestamp,
) -> Result<Save, Failure<S>> {
    let Some(payout) = request.payout() else {
        return Ok(Save { request: request.with_next_version(), commit: None, refunded: None });
    };
    let undone = PartsSum::of(payout, parts);
    let refunded = payment.and_then(|payment| RefundedSum::lower(payment, undone.amount));
    if refunded.is_none() {
        return Ok(Save { request: request.with_next_version(), commit: None, refunded });
    }
    // What other refunds of the payment revoked stays revoked.
    let command =
        Command::Restore { payment: payout.payment.clone(), credits: undone.revoked, debt: undone.debt };
    let order = Order {
        account: &request.account,
        command: &command,
        cause,
        policy: (actor == Actor::Policy).then(|| request.decided_by()),
        actor,
        records: Vec::new(),
    };
    let head = read_head(store, order.account, LedgerHead::Unread).await?;
    let commit = match prepare(store, &order, head.as_ref(), now).await? {
        Prepared::Commit(commit, _) => Some(*commit),
        // The lot is open, or has left the account.
        Prepared::Answer(_) => None,
    };
    Ok(Save { request: request.with_next_version(), commit, refunded })
}
