//! The credits of a refund that nobody asked us for, where the policy leaves them to a person: taken back
//! with the person's decision, and put back if that refund fails after all.

use ledger::{
    Actor, Cause, Command, Credits, ExecuteError, Money, Order, Pause, Payment, PolicyRef, Prepared,
    RefundRequestId, Takes, Timestamp, prepare,
};
use policy::{Document, Fact, Value};

use crate::approve::revoked_by;
use crate::quote::{LotRevoked, credits_of_part, revocation_of};
use crate::save::{AttemptOutcome, Failure, read_head, settle};
use crate::{LedgerHead, QuoteInputs, RefundRequest, RefundStore, Save, policy_ref};

/// How taking back ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeBackOutcome {
    /// The request is saved with what was taken.
    Taken(Box<RefundRequest>),
    /// Another writer was first; this is what is stored.
    Stale(Box<RefundRequest>),
}

/// The credits that the refund of the case bought: its share, or all that is left once nothing of the payment
/// is. `None` of any other case.
fn command(request: &RefundRequest, payment: &Payment, document: &Document) -> Option<Command> {
    let Some(Value::Integer(minor)) = request.case.facts.get(Fact::OutsideRefund) else { return None };
    let share = Money::new(u64::try_from(*minor).ok()?, payment.paid.currency());
    let whole = payment.refunded_minor >= payment.paid.minor();
    let takes = if whole { Takes::Remaining } else { Takes::UpTo(credits_of_part(payment, share)) };
    let owe_spent = document.on_refund.debt_for_spent;
    Some(Command::Revoke { payment: payment.id.clone(), takes, owe_spent })
}

/// What taking back would do at this moment: the payment's newest lot, with the sums of all of its lots.
pub fn to_take_back(request: &RefundRequest, standing: &QuoteInputs<'_>) -> Option<LotRevoked> {
    let command = command(request, standing.payment?, standing.document)?;
    let mut lots = revocation_of(&command, standing.head, standing.now).into_iter();
    let newest = lots.next()?;
    lots.try_fold(newest, |sum, lot| {
        Some(LotRevoked {
            lot: sum.lot,
            revoked: sum.revoked.plus(lot.revoked).ok()?,
            left: sum.left.plus(lot.left).ok()?,
            spent: sum.spent.plus(lot.spent).ok()?,
            held: sum.held.plus(lot.held).ok()?,
            debt: sum.debt.plus(lot.debt).ok()?,
        })
    })
}

/// Saves `request`, which a person has closed, with the revocation that the person decided.
pub async fn take_back<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    (document, reviewer): (&Document, Actor),
    now: Timestamp,
) -> Result<TakeBackOutcome, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let payment = match &request.case.payment {
            Some(payment) => store.payment(payment).await.map_err(ExecuteError::Store)?,
            None => None,
        };
        let command = payment.as_ref().and_then(|payment| command(request, payment, document));
        let head = read_head(store, &request.account, LedgerHead::Unread).await?;
        let mut request = request.clone();
        let mut commit = None;
        if let Some(command) = &command {
            let by = (reviewer.clone(), Some(policy_ref(document)));
            let order = order(&request, command, by);
            // Of a lot that is closed, or has left the account, nothing is left to take.
            if let Prepared::Commit(prepared, _) = prepare(store, &order, head.as_ref(), now).await? {
                commit = Some(*prepared);
            }
        }
        let taken = commit.as_ref().and_then(revoked_by).unwrap_or((Credits::ZERO, Credits::ZERO));
        request.take(Some(taken));
        match settle(store, Save { request, commit, refunded: None }, None).await? {
            AttemptOutcome::Written(request) => return Ok(TakeBackOutcome::Taken(request)),
            AttemptOutcome::Stale(stored) => return Ok(TakeBackOutcome::Stale(stored)),
            AttemptOutcome::NotAllowed
            | AttemptOutcome::TooMany
            | AttemptOutcome::Taken(_)
            | AttemptOutcome::Landed
            | AttemptOutcome::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Puts back what the request took, because the refund of its case failed. Nothing the second time.
pub async fn put_back<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    now: Timestamp,
) -> Result<(), Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(mut request) = store.request(id).await.map_err(ExecuteError::Store)? else { return Ok(()) };
        let (Some((credits, debt)), Some(payment)) = (request.taken_back(), request.case.payment.clone())
        else {
            return Ok(());
        };
        let recorded = store.payment(&payment).await.map_err(ExecuteError::Store)?;
        let provider = recorded.map(|payment| payment.provider).unwrap_or_default();
        let command = Command::Restore { payment, credits, debt };
        let head = read_head(store, &request.account, LedgerHead::Unread).await?;
        let commit = match prepare(
            store,
            &order(&request, &command, (Actor::Provider(provider), None)),
            head.as_ref(),
            now,
        )
        .await?
        {
            Prepared::Commit(commit, _) => Some(*commit),
            Prepared::Answer(_) => None,
        };
        request.take(None);
        let save = Save { request: request.with_next_version(), commit, refunded: None };
        if let AttemptOutcome::Written(_) = settle(store, save, None).await? {
            return Ok(());
        }
        pause.pause(attempt).await;
    }
    Err(ExecuteError::Busy)
}

fn order<'order>(
    request: &'order RefundRequest,
    command: &'order Command,
    (actor, policy): (Actor, Option<PolicyRef>),
) -> Order<'order> {
    Order {
        account: &request.account,
        command,
        cause: Cause::RefundRequest(request.id.as_str().to_owned()),
        actor,
        policy,
        records: Vec::new(),
    }
}
