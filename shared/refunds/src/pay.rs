//! Moving a request together with the ledger and the payment's sum of refunds: each move is one
//! transaction, decided anew when another writer was first.

use ledger::{
    Actor, Answer, Cause, Change, Command, Commit, Committed, Credits, Entry, ExecuteError, LedgerStore,
    Money, Order, Pause, Payment, PaymentStore, PolicyRef, Prepared, RefundRequestId, SettlementOutcome,
    Timestamp, prepare,
};

use crate::{RefundSeen, RefundedSum, Request, RequestStore, Save, Saved, Seen, State};

/// Keeps journals, payments and requests, and fails in one way.
pub trait Stores: PaymentStore + RequestStore<Error = <Self as LedgerStore>::Error> {}

impl<S: PaymentStore + RequestStore<Error = <S as LedgerStore>::Error>> Stores for S {}

type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

/// Who approves, by which policy, and on which newest entry of the account.
#[derive(Debug, Clone)]
pub struct Grounds {
    /// Who.
    pub actor: Actor,
    /// By which policy.
    pub policy: Option<PolicyRef>,
    /// The account's newest entry.
    pub head: Head,
    /// The credits of the payment's lot that were spent or held when it was decided: where others are
    /// spent or held meanwhile, nothing is approved (D10).
    pub used: Option<Credits>,
}

/// The newest entry of an account, as far as it is known.
#[derive(Debug, Clone, Default)]
pub enum Head {
    /// It has to be read.
    #[default]
    Unread,
    /// It was read; `None` for an account without entries.
    Read(Option<Box<Entry>>),
}

/// What becomes of a request whose money or credits are approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approved {
    /// It is saved, with its intent to pay and the ledger's entry.
    Saved(Box<Request>),
    /// Another writer saved the request first; this is what is stored.
    Stale(Box<Request>),
    /// Less is left of the payment than was approved: another refund was faster (D9, E12).
    NothingLeft,
    /// Credits of the payment were used or came back since it was decided: this many are used.
    Used(Credits),
    /// The credits cannot be given back: their lots have left the account, or no hold of them is known.
    NotPossible,
}

/// The credits of a payment's lot that are spent or held. A lot leaves the account only when it is empty:
/// what it granted was spent or has expired.
pub fn used_of(head: Option<&Entry>, payment: &Payment) -> Credits {
    let lot = head.and_then(|head| head.after().lot(payment.lot));
    lot.map_or(payment.credits, |lot| lot.spent.plus(lot.held).unwrap_or(payment.credits))
}

/// Approves `amount` of `payment`: revokes the payment's lot, raises its sum of refunds and saves the
/// request, which is approved already and has the version to be saved, with the intent to pay it.
pub async fn approve_money<S: Stores, P: Pause>(
    store: &S,
    pause: &P,
    request: &Request,
    payment: Payment,
    (amount, owe_spent): (Money, bool),
    mut grounds: Grounds,
    now: Timestamp,
) -> Result<Approved, Failure<S>> {
    let command = Command::Revoke { payment: payment.id.clone(), owe_spent };
    let order = order(request, &command, &grounds);
    let (id, mut payment) = (payment.id.clone(), Some(payment));
    for attempt in 0..pause.attempts_max() {
        let known = match payment.take() {
            Some(known) => known,
            None => match store.payment(&id).await.map_err(ExecuteError::Store)? {
                Some(known) => known,
                None => return Ok(Approved::NothingLeft),
            },
        };
        let Some(sum) = RefundedSum::raise(&known, amount) else { return Ok(Approved::NothingLeft) };
        let head = read_head(store, &order, std::mem::take(&mut grounds.head)).await?;
        let used = used_of(head.as_ref(), &known);
        if grounds.used.is_some_and(|decided_on| decided_on != used) {
            return Ok(Approved::Used(used));
        }
        let commit = match prepare(store, &order, head.as_ref(), now).await? {
            Prepared::Commit(commit, _) => Some(*commit),
            // The lot is closed already, or all of it was spent and it has left the account.
            Prepared::Answer(_) => None,
        };
        let mut request = request.clone();
        request.intend(known.id.clone(), amount, now);
        if let Some((revoked, debt)) = commit.as_ref().and_then(revoked_by) {
            request.revoked(revoked, debt);
        }
        let save = Save { request, commit, refunded: Some(sum) };
        match settle(store, save).await? {
            Settled::Written(request) => return Ok(Approved::Saved(request)),
            Settled::Stale(stored) => return Ok(Approved::Stale(stored)),
            Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Approves credits: carries out `command` and saves the request, which is approved already, as refunded.
pub async fn approve_credits<S: Stores, P: Pause>(
    store: &S,
    pause: &P,
    request: &Request,
    command: &Command,
    mut grounds: Grounds,
    now: Timestamp,
) -> Result<Approved, Failure<S>> {
    let order = order(request, command, &grounds);
    for attempt in 0..pause.attempts_max() {
        let head = read_head(store, &order, std::mem::take(&mut grounds.head)).await?;
        let commit = match prepare(store, &order, head.as_ref(), now).await? {
            Prepared::Commit(commit, _) => Some(*commit),
            // They are back already.
            Prepared::Answer(Answer::Unchanged(outcomes))
                if outcomes.iter().all(|outcome| *outcome == SettlementOutcome::Repeated) =>
            {
                None
            }
            Prepared::Answer(_) => return Ok(Approved::NotPossible),
        };
        let mut request = request.clone();
        if request.go(State::Refunded, now, grounds.actor.clone()).is_err() {
            return Ok(Approved::Stale(Box::new(request)));
        }
        match settle(store, Save { request, commit, refunded: None }).await? {
            Settled::Written(request) => return Ok(Approved::Saved(request)),
            Settled::Stale(stored) => return Ok(Approved::Stale(stored)),
            Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// What became of a report of Stripe's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The request went to this state, or learned its refund.
    Moved(State),
    /// It said what is known.
    Known,
    /// No request has this id.
    NotOurs,
    /// It is another refund, or of another payment or amount: a person has to look.
    Mismatch,
}

/// Applies what Stripe reports of a request's refund, in any order and any number of times. A refund that
/// failed gives back what was revoked for it and lowers the payment's sum, once (E8 to E10).
pub async fn report<S: Stores, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    seen: &RefundSeen,
    cause: Cause,
    now: Timestamp,
) -> Result<Reported, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(mut request) = store.request(id).await.map_err(ExecuteError::Store)? else {
            return Ok(Reported::NotOurs);
        };
        let save = match request.observe(seen, now) {
            Seen::Known => return Ok(Reported::Known),
            Seen::Mismatch => return Ok(Reported::Mismatch),
            Seen::Moved => Save { request: next(request), commit: None, refunded: None },
            Seen::MovedToFailed => undone(store, request, cause.clone(), now).await?,
        };
        match settle(store, save).await? {
            Settled::Written(request) => return Ok(Reported::Moved(request.state)),
            Settled::Stale(_) | Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Saves that Stripe declined the payout for good: what was revoked for it is given back unless the money
/// has left by another way (`money_left`).
pub async fn decline<S: Stores, P: Pause>(
    store: &S,
    pause: &P,
    id: &RefundRequestId,
    (code, money_left): (&str, bool),
    now: Timestamp,
) -> Result<Reported, Failure<S>> {
    for attempt in 0..pause.attempts_max() {
        let Some(mut request) = store.request(id).await.map_err(ExecuteError::Store)? else {
            return Ok(Reported::NotOurs);
        };
        if request.declined(code, now).is_err() {
            return Ok(Reported::Known);
        }
        let save = if money_left {
            Save { request: next(request), commit: None, refunded: None }
        } else {
            undone(store, request, Cause::RefundRequest(id.as_str().to_owned()), now).await?
        };
        match settle(store, save).await? {
            Settled::Written(request) => return Ok(Reported::Moved(request.state)),
            Settled::Stale(_) | Settled::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// A failed request with the ledger's and the payment's part of undoing its payout.
async fn undone<S: Stores>(
    store: &S,
    request: Request,
    cause: Cause,
    now: Timestamp,
) -> Result<Save, Failure<S>> {
    let Some(payout) = &request.payout else {
        return Ok(Save { request: next(request), commit: None, refunded: None });
    };
    let payment = store.payment(&payout.payment).await.map_err(ExecuteError::Store)?;
    let refunded = payment.as_ref().and_then(|payment| RefundedSum::lower(payment, payout.amount));
    if !payout.closed_lot {
        return Ok(Save { request: next(request), commit: None, refunded });
    }
    let command = Command::Restore { payment: payout.payment.clone(), debt: payout.debt };
    let order = Order {
        account: &request.account,
        command: &command,
        cause,
        actor: Actor::Stripe,
        policy: None,
        records: Vec::new(),
    };
    let head = read_head(store, &order, Head::Unread).await?;
    let commit = match prepare(store, &order, head.as_ref(), now).await? {
        Prepared::Commit(commit, _) => Some(*commit),
        // The lot is open, or has left the account.
        Prepared::Answer(_) => None,
    };
    Ok(Save { request: next(request), commit, refunded })
}

enum Settled {
    Written(Box<Request>),
    Stale(Box<Request>),
    Again,
}

async fn settle<S: Stores>(store: &S, save: Save) -> Result<Settled, Failure<S>> {
    let ours = save.commit.as_ref().map(|commit| commit.entry.hash());
    Ok(match store.save(&save).await.map_err(ExecuteError::Store)? {
        Saved::Written => Settled::Written(Box::new(save.request)),
        Saved::Stale(stored) => Settled::Stale(stored),
        // The reply to an earlier try of this very save was lost.
        Saved::Ledger(Committed::Behind(entry)) if Some(entry.hash()) == ours => {
            Settled::Written(Box::new(save.request))
        }
        Saved::Ledger(_) | Saved::PaymentMoved => Settled::Again,
    })
}

async fn read_head<S: Stores>(store: &S, order: &Order<'_>, head: Head) -> Result<Option<Entry>, Failure<S>> {
    match head {
        Head::Read(head) => Ok(head.map(|entry| *entry)),
        Head::Unread => store.head(order.account).await.map_err(ExecuteError::Store),
    }
}

fn order<'order>(request: &'order Request, command: &'order Command, grounds: &Grounds) -> Order<'order> {
    Order {
        account: &request.account,
        command,
        cause: Cause::RefundRequest(request.id.as_str().to_owned()),
        actor: grounds.actor.clone(),
        policy: grounds.policy.clone(),
        records: Vec::new(),
    }
}

fn next(mut request: Request) -> Request {
    request.version = request.version.saturating_add(1);
    request
}

/// The credits and the debt of the revocation in a commit.
fn revoked_by(commit: &Commit) -> Option<(Credits, Credits)> {
    commit.entry.changes().iter().find_map(|change| match change {
        Change::Revoked { part, debt } => Some((part.credits, *debt)),
        _ => None,
    })
}
