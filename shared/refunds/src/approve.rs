//! Moving a request together with the ledger and the payment's sum of refunds: each move is one
//! transaction, decided anew when another writer was first.

use ledger::{
    Actor, Answer, Cause, Change, Command, Commit, Compensation, Credits, Ending, Entry, ExecuteError, Grant,
    Money, Order, Pause, Payment, PaymentId, PaymentKind, PolicyRef, Prepared, ReleaseReason, Settlement,
    SettlementOutcome, SubscriptionId, Timestamp, prepare,
};
use policy::{Discount, Document};

use crate::save::{AttemptOutcome, Failure, read_head, settle};
use crate::{
    CountedBy, Counting, Granted, Holder, LedgerHead, PayoutIntent, Pays, Quote, RefundRequest, RefundStore,
    RefundedSum, ReviewError, Save, State, policy_ref,
};

/// Who approves, under which policy, and which records were read already.
#[derive(Debug, Clone)]
pub struct ApprovalContext {
    pub actor: Actor,
    pub policy: Option<PolicyRef>,
    /// How long credits that come back after their lot's expiry stay usable, in seconds.
    pub grace_s: u64,
    /// How long a plan's credits stay usable after the subscription's end, in seconds, where the policy says
    /// so.
    pub leftover_s: Option<u64>,
    /// The account's newest entry.
    pub head: LedgerHead,
    /// The payment that the money is of, where it was read already.
    pub payment: Option<Payment>,
}

/// How a request goes on whose money or credits are approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovalOutcome {
    /// It is saved, with its intent to pay and the ledger's entry.
    Saved(Box<RefundRequest>),
    /// Another writer saved the request first; this is what is stored.
    Stale(Box<RefundRequest>),
    /// Less is left of the payment than was approved: another refund was faster (D9, E12).
    NothingLeft,
    /// The payment is disputed at the cardholder's bank, so that a refund could pay it twice (E13).
    Disputed,
    /// The payment is not recorded, and an event reported a refund or a dispute of it: how much is left of it
    /// is not known.
    MovedUnrecorded,
    /// Something else would happen than was quoted: credits were used or came back meanwhile (D10).
    QuoteChanged(Box<Quote>),
    /// The credits cannot be given back: their lots have left the account, or no hold of them is known.
    NotPossible,
    /// Another person has to approve.
    NotAllowed,
    /// More credits than are ever granted for the payment: this many are left.
    AbovePayment(u64),
    /// The customer has filed as many requests as one day allows.
    TooMany,
    /// Its case belongs to this request, which may have ended since.
    Taken(Holder),
    /// Its case belongs to this request, for which it has to wait ([`RefundRequest::keeps_case`]).
    Open(Box<RefundRequest>),
}

impl ApprovalContext {
    /// The grounds of a decision by `document`.
    pub fn of(document: &Document, actor: Actor) -> Self {
        Self {
            actor,
            policy: Some(policy_ref(document)),
            grace_s: document.grace_s(),
            leftover_s: document.leftover.as_ref().map(|leftover| leftover.after_end_s),
            head: LedgerHead::Unread,
            payment: None,
        }
    }

    /// With records that were read already.
    #[must_use]
    pub fn knowing(mut self, head: Option<Entry>, payment: Option<Payment>) -> Self {
        self.head = LedgerHead::Read(head.map(Box::new));
        self.payment = payment;
        self
    }
}

/// Carries out what was quoted, and saves the request with it, which is approved already and has the version
/// to be saved: money with the intent to pay it, credits as refunded.
pub async fn approve<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    quote: &Quote,
    grounds: ApprovalContext,
    now: Timestamp,
) -> Result<ApprovalOutcome, Failure<S>> {
    match &quote.pays {
        Pays::Money { payment, amount } => {
            // A request, a quote and an entry in one future are large.
            Box::pin(approve_money(store, pause, request, (quote, payment, *amount), grounds, now)).await
        }
        Pays::GivenBack { generation, credits } => {
            let settlement = Settlement {
                generation: generation.clone(),
                ending: Ending::Failed(ReleaseReason::Failed),
                grace_s: grounds.grace_s,
                charges_late: true,
            };
            let command = Command::Settle { by: None, settlements: vec![settlement] };
            Box::pin(approve_credits(store, pause, request, (&command, *credits, None), grounds, now)).await
        }
        Pays::Bought { credits, .. } => {
            let Some(payment) = quote.records.clone() else { return Ok(ApprovalOutcome::NotPossible) };
            let leftover_s = grounds.leftover_s.filter(|_| payment.kind != PaymentKind::Pack);
            let grant =
                Grant { payment, pauses_leftover_expiry: false, period: None, leftover_s, fingerprint: None };
            let command = Command::Grant(grant);
            Box::pin(approve_credits(store, pause, request, (&command, *credits, None), grounds, now)).await
        }
        Pays::Discount { subscription, discount } => {
            approve_discount(store, request, (subscription, discount), now).await
        }
        Pays::Granted { product, credits, usable_s } => {
            let command = Command::Compensate(Compensation {
                request: request.id.clone(),
                product: product.clone(),
                credits: *credits,
                // What makes up for something that went wrong goes away by itself only where a term says so.
                expires_at: usable_s.and_then(|usable_s| now.plus_s(usable_s).ok()),
            });
            let counted = Some(quote);
            Box::pin(approve_credits(store, pause, request, (&command, *credits, counted), grounds, now))
                .await
        }
    }
}

/// Revokes what the quote says, raises the payment's sum of refunds and saves the intent to pay.
async fn approve_money<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    (quote, id, amount): (&Quote, &PaymentId, Money),
    mut grounds: ApprovalContext,
    now: Timestamp,
) -> Result<ApprovalOutcome, Failure<S>> {
    let mut known = grounds.payment.take();
    for attempt in 0..pause.attempts_max() {
        let recorded = match known.take() {
            Some(payment) => Some(payment),
            None => store.payment(id).await.map_err(ExecuteError::Store)?,
        };
        let records = quote.records.clone().filter(|_| recorded.is_none());
        let Some(payment) = recorded.or_else(|| records.as_deref().cloned()) else {
            return Ok(ApprovalOutcome::NothingLeft);
        };
        if payment.bars_refunds() {
            return Ok(ApprovalOutcome::Disputed);
        }
        if records.is_some() && store.has_unrecorded_movement(id).await.map_err(ExecuteError::Store)? {
            return Ok(ApprovalOutcome::MovedUnrecorded);
        }
        let Some(sum) = RefundedSum::raise(&payment, amount) else { return Ok(ApprovalOutcome::NothingLeft) };
        let sum = RefundedSum { records, ..sum };
        let head = read_head(store, &request.account, std::mem::take(&mut grounds.head)).await?;
        let fresh = quote.clone().on(&payment).renewed(head.as_ref(), now);
        if fresh.id() != quote.id() {
            return Ok(ApprovalOutcome::QuoteChanged(Box::new(fresh)));
        }
        let mut request = request.clone();
        let intent = PayoutIntent {
            payment: id.clone(),
            provider: payment.provider,
            amount,
            by_hand: quote.by_hand.is_some(),
            ends: quote.ends.clone(),
        };
        request.record_payout_intent(intent, now);
        let mut commit = None;
        if let Some(command) = &quote.revocation() {
            let order = order(&request, command, &grounds);
            // The lot is closed already, or all of it was spent and it has left the account.
            if let Prepared::Commit(prepared, _) = prepare(store, &order, head.as_ref(), now).await? {
                commit = Some(*prepared);
            }
        }
        if let Some((revoked, debt)) = commit.as_ref().and_then(revoked_by) {
            request.revoked(revoked, debt);
        }
        let save = Save { request, commit, refunded: Some(sum) };
        match settle(store, save, None).await? {
            AttemptOutcome::Written(request) => return Ok(ApprovalOutcome::Saved(request)),
            AttemptOutcome::Stale(stored) => return Ok(ApprovalOutcome::Stale(stored)),
            AttemptOutcome::NotAllowed => return Ok(ApprovalOutcome::NotAllowed),
            AttemptOutcome::TooMany => return Ok(ApprovalOutcome::TooMany),
            AttemptOutcome::Taken(holder) => return Ok(ApprovalOutcome::Taken(holder)),
            AttemptOutcome::Landed | AttemptOutcome::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

/// Carries out `command`, which brings `credits`, and saves the request as refunded, together with the counts
/// of a quote whose credits count.
async fn approve_credits<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    request: &RefundRequest,
    (command, credits, counted): (&Command, Credits, Option<&Quote>),
    mut grounds: ApprovalContext,
    now: Timestamp,
) -> Result<ApprovalOutcome, Failure<S>> {
    let order = order(request, command, &grounds);
    for attempt in 0..pause.attempts_max() {
        let head = read_head(store, &request.account, std::mem::take(&mut grounds.head)).await?;
        let commit = match prepare(store, &order, head.as_ref(), now).await? {
            Prepared::Commit(commit, _) => Some(*commit),
            // They are back already.
            Prepared::Answer(Answer::Unchanged(outcomes))
                if outcomes.iter().all(|outcome| *outcome == SettlementOutcome::Repeated) =>
            {
                None
            }
            Prepared::Answer(_) => return Ok(ApprovalOutcome::NotPossible),
        };
        let mut request = request.clone();
        if request.transition_to(State::Refunded, now, grounds.actor.clone()).is_err() {
            return Ok(ApprovalOutcome::Stale(Box::new(request)));
        }
        request.credit(credits);
        let save = Save { request, commit, refunded: None };
        let counting = match counted.zip(save.request.counts_within_s()) {
            Some((quote, within_s)) => {
                let of = CountedBy::of(
                    &save.request.account,
                    save.request.case.payment.as_ref(),
                    save.request.approved_by(),
                );
                let counts = store.counts(of).await.map_err(ExecuteError::Store)?;
                let before = Granted::before(&counts, within_s, now);
                if let Err(ReviewError::AbovePayment(left)) =
                    save.request.is_bearable(&quote.clone().after(before))
                {
                    return Ok(ApprovalOutcome::AbovePayment(left));
                }
                Some(Counting::of(counts, credits.get(), within_s, now))
            }
            None => None,
        };
        match settle(store, save, counting.as_ref()).await? {
            AttemptOutcome::Written(request) => return Ok(ApprovalOutcome::Saved(request)),
            AttemptOutcome::Stale(stored) => return Ok(ApprovalOutcome::Stale(stored)),
            AttemptOutcome::NotAllowed => return Ok(ApprovalOutcome::NotAllowed),
            AttemptOutcome::TooMany => return Ok(ApprovalOutcome::TooMany),
            AttemptOutcome::Taken(holder) => return Ok(ApprovalOutcome::Taken(holder)),
            AttemptOutcome::Landed => return Ok(ApprovalOutcome::NotPossible),
            AttemptOutcome::Again => pause.pause(attempt).await,
        }
    }
    Err(ExecuteError::Busy)
}

fn order<'order>(
    request: &'order RefundRequest,
    command: &'order Command,
    grounds: &ApprovalContext,
) -> Order<'order> {
    Order {
        account: &request.account,
        command,
        cause: Cause::RefundRequest(request.id.as_str().to_owned()),
        actor: grounds.actor.clone(),
        policy: grounds.policy.clone(),
        records: Vec::new(),
    }
}

/// The credits and the debt of the revocation in a commit, of all lots together.
pub(crate) fn revoked_by(commit: &Commit) -> Option<(Credits, Credits)> {
    let none = (Credits::ZERO, Credits::ZERO);
    // An entry whose sums do not fit was not written.
    commit.entry.changes().iter().try_fold(none, |(credits, owed), change| match change {
        Change::Revoked { part, debt, .. } => {
            Some((credits.plus(part.credits).ok()?, owed.plus(*debt).ok()?))
        }
        _ => Some((credits, owed)),
    })
}

/// Saves an approved request with the intent to give the discount.
async fn approve_discount<S: RefundStore>(
    store: &S,
    request: &RefundRequest,
    (subscription, discount): (&SubscriptionId, &Discount),
    now: Timestamp,
) -> Result<ApprovalOutcome, Failure<S>> {
    let mut request = request.clone();
    request.intend_discount(subscription.clone(), discount.clone(), now);
    let save = Save { request, commit: None, refunded: None };
    match settle(store, save, None).await? {
        AttemptOutcome::Written(request) => Ok(ApprovalOutcome::Saved(request)),
        AttemptOutcome::Stale(stored) => Ok(ApprovalOutcome::Stale(stored)),
        AttemptOutcome::NotAllowed => Ok(ApprovalOutcome::NotAllowed),
        AttemptOutcome::Taken(holder) => Ok(ApprovalOutcome::Taken(holder)),
        // What is counted and what lands is credits.
        AttemptOutcome::TooMany | AttemptOutcome::Landed | AttemptOutcome::Again => Err(ExecuteError::Busy),
    }
}
