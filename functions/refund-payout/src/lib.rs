//! Payouts: one stored intent becomes one Stripe refund, however often its message arrives.
//!
//! The intent and its idempotency key are stored before Stripe is asked. Any later attempt looks for the
//! refund at Stripe first, and asks again only when there is none: with the same key while Stripe keeps
//! it, with another one after that. What Stripe answers is saved as a report, the same as an event's.

mod again;
mod cancel;
mod discount;
mod messages;
mod plan;

pub use cancel::{TellError, Told, tell};
pub use messages::{MessageError, Payouts, Work, handle, understand};
pub use plan::Plan;

use ledger::{Cause, ExecuteError, LedgerStore, Money, Pause, PaymentId, RefundRequestId, Timestamp};
use refunds::{
    Payout, RefundSighting, RefundStore, ReportOutcome, Request, Save, SaveOutcome, State, decline, report,
};
use stripe_api::{Decline, IdempotencyKey, Refund, RefundOrder, Retry, StripeClient, StripeError};
use stripe_events::{InvoiceId, InvoicePaymentStatus, PaymentSource, RefundStatus};

/// Stripe keeps an idempotency key for at least 24 hours
/// (<https://docs.stripe.com/api/idempotent_requests>); an hour less leaves room for clocks and waiting.
const KEY_KEPT_S: i64 = 23 * 3600;

/// Why a payout fails whose invoice was not paid by one payment of at least its amount through Stripe.
const NO_CHARGE: &str = "no_refundable_payment";

/// Why a payout stays in the queue.
#[derive(Debug, thiserror::Error)]
pub enum PayoutError<E: std::error::Error + 'static> {
    /// The tables did not take a write or did not answer.
    #[error("tables failed")]
    Tables(#[from] ExecuteError<E>),
    /// Stripe did not answer, or asked to wait.
    #[error("Stripe failed")]
    Stripe(#[source] StripeError),
    /// Another worker is at the same payout.
    #[error("payout is in other hands")]
    InOtherHands,
    /// The request is not there; it is written before its message, so it will be.
    #[error("no refund request has this id")]
    NoRequest,
    /// Stripe has a refund of this request that is not what was ordered; a person has to look.
    #[error("Stripe's refund is not what was ordered")]
    Mismatch,
    /// What is stored cannot be ordered.
    #[error("stored payout cannot be ordered")]
    Order,
}

type Outcome<S, T> = Result<T, PayoutError<<S as LedgerStore>::Error>>;

/// What one delivery of a payout's message led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Where the request stands.
    pub state: State,
    /// The outcome of the plan that was to end with the refund, if this delivery ended it.
    pub plan: Option<Plan>,
}

/// Makes the payout of one request, and ends the plan that was promised to end with it.
pub async fn pay<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    stripe: &StripeClient,
    id: &RefundRequestId,
    now: Timestamp,
) -> Outcome<S, Paid> {
    let request = store.request(id).await.map_err(ExecuteError::Store)?;
    let request = request.ok_or(PayoutError::NoRequest)?;
    lambda::log::account(&request.account);
    let works = PayoutRunner { store, pause, stripe, now };
    let Some(payout) = request.payout.clone() else {
        let state = match (request.state, request.discount.clone()) {
            (State::Approved | State::Paying, Some(discount)) => {
                Box::pin(works.discount(id, request, discount)).await?
            }
            (state, _) => state,
        };
        return Ok(Paid { state, plan: None });
    };
    let state = match request.state {
        State::Approved | State::Paying => works.refund(id, request, payout).await?,
        state => state,
    };
    // After the refund, so that one that Stripe declines ends nothing.
    let plan = match state {
        State::Paying | State::Refunded => works.end_plan(id).await?,
        _ => None,
    };
    Ok(Paid { state, plan })
}

/// The stores and Stripe, at one instant of the invocation.
struct PayoutRunner<'works, S, P> {
    store: &'works S,
    pause: &'works P,
    stripe: &'works StripeClient,
    now: Timestamp,
}

impl<S: RefundStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Makes the refund, or finds the one that was made.
    async fn refund(&self, id: &RefundRequestId, mut request: Request, payout: Payout) -> Outcome<S, State> {
        if request.state == State::Approved
            && let Some(reason) = self.held_back_for(&request, &payout).await?
        {
            return self.back(&request, reason).await;
        }
        if let Some(invoice) = invoice_of(&payout) {
            match self.charge_of(&invoice, payout.amount).await? {
                Some(charge) => request.charge(charge),
                None => return self.give_up(&request, NO_CHARGE, false).await,
            }
        }
        let payout = request.payout.clone().ok_or(PayoutError::Order)?;
        let mut another_key = false;
        if let Some(asked_at) = payout.asked_at {
            if let Some(refund) = self.find(id, &payout).await? {
                return self.seen(id, &refund).await;
            }
            // Stripe repeats what it once declined under a key.
            another_key = payout.short_since.is_some() || self.now.seconds_since(asked_at) >= KEY_KEPT_S;
        }
        self.store_attempt(&mut request, another_key).await?;
        match self.ask(&request).await {
            Ok(refund) => self.seen(id, &refund).await,
            Err(PayoutError::Stripe(error)) => self.refused(request, error).await,
            Err(error) => Err(error),
        }
    }

    /// The payment of an invoice that `amount` can still be refunded of (C10).
    async fn charge_of(&self, invoice: &InvoiceId, amount: Money) -> Outcome<S, Option<PaymentId>> {
        let payments = self.stripe.payments_of_invoice(invoice).await.map_err(PayoutError::Stripe)?;
        let is_divided = payments.len() > 1;
        for payment in payments {
            let PaymentSource::Payment(id) = payment.source else { continue };
            if payment.status != InvoicePaymentStatus::Paid || payment.amount.minus(amount).is_err() {
                continue;
            }
            // Of the only payment, everything that was refunded is on record.
            if !is_divided || self.has_left(&id, payment.amount, amount).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// Whether Stripe has `amount` of what `payment` paid left to refund.
    async fn has_left(&self, payment: &PaymentId, paid: Money, amount: Money) -> Outcome<S, bool> {
        let refunds = self.stripe.refunds_of_payment(payment).await.map_err(PayoutError::Stripe)?;
        let stands =
            |refund: &&Refund| !matches!(refund.status, Some(RefundStatus::Failed | RefundStatus::Canceled));
        let left = refunds
            .iter()
            .filter(stands)
            .try_fold(paid, |left, refund| left.minus(refund.amount))
            .and_then(|left| left.minus(amount));
        Ok(left.is_ok())
    }

    /// Our refund at Stripe: by its id where that is known, else by the request's id in its metadata.
    async fn find(&self, id: &RefundRequestId, payout: &Payout) -> Outcome<S, Option<Refund>> {
        if let Some(known) = &payout.refund {
            let refunds =
                self.stripe.refunds_of_payment(&payout.refunds()).await.map_err(PayoutError::Stripe)?;
            let refund = refunds.into_iter().find(|refund| &refund.id == known);
            // It was made: even if the list lacks it, it is not asked for again.
            return refund.map(Some).ok_or(PayoutError::Mismatch);
        }
        let refund =
            self.stripe.refund_of_request(&payout.refunds(), id).await.map_err(PayoutError::Stripe)?;
        // One that failed for an intent before this one is not this one's.
        Ok(refund.filter(|refund| !payout.failed_before.contains(&refund.id)))
    }

    /// Stores that Stripe is about to be asked, before it is.
    async fn store_attempt(&self, request: &mut Request, another_key: bool) -> Outcome<S, ()> {
        request.ask(self.now, another_key).map_err(|_| PayoutError::InOtherHands)?;
        request.version = request.version.saturating_add(1);
        let save = Save { request: request.clone(), commit: None, refunded: None };
        match self.store.save(&save).await.map_err(ExecuteError::Store)? {
            SaveOutcome::Written => Ok(()),
            SaveOutcome::Stale(_)
            | SaveOutcome::Taken(_)
            | SaveOutcome::Ledger(_)
            | SaveOutcome::PaymentMoved
            | SaveOutcome::CountMoved
            | SaveOutcome::TooMany
            | SaveOutcome::NotAllowed => Err(PayoutError::InOtherHands),
        }
    }

    async fn ask(&self, request: &Request) -> Outcome<S, Refund> {
        let payout = request.payout.as_ref().ok_or(PayoutError::Order)?;
        let key = IdempotencyKey::new(payout.idempotency_key(&request.id)).map_err(|_| PayoutError::Order)?;
        let order = RefundOrder {
            payment: payout.refunds(),
            amount: payout.amount,
            request: request.id.clone(),
            idempotency_key: key,
        };
        self.stripe.create_refund(&order).await.map_err(PayoutError::Stripe)
    }

    async fn seen(&self, id: &RefundRequestId, refund: &Refund) -> Outcome<S, State> {
        let status = match &refund.status {
            Some(RefundStatus::Succeeded) => refunds::RefundStatus::Succeeded,
            Some(RefundStatus::Failed | RefundStatus::Canceled) => refunds::RefundStatus::Failed,
            Some(RefundStatus::RequiresAction) => refunds::RefundStatus::RequiresAction,
            Some(RefundStatus::Pending | RefundStatus::Other(_)) | None => refunds::RefundStatus::Pending,
        };
        let seen = RefundSighting {
            id: refund.id.clone(),
            payment: refund.payment.clone().ok_or(PayoutError::Mismatch)?,
            amount: refund.amount,
            status,
            failure: refund.failure_reason.as_ref().map(|reason| reason.as_str().to_owned()),
        };
        let cause = Cause::RefundRequest(id.as_str().to_owned());
        match report(self.store, self.pause, id, &seen, cause, self.now).await? {
            ReportOutcome::Moved(state) | ReportOutcome::Known(state) => Ok(state),
            ReportOutcome::NotOurs => Err(PayoutError::NoRequest),
            ReportOutcome::Mismatch => Err(PayoutError::Mismatch),
        }
    }

    /// Stripe answered with an error: what it says decides whether to come again, to ask once more under
    /// another key, or to give up (E1 to E7).
    async fn refused(&self, mut request: Request, error: StripeError) -> Outcome<S, State> {
        let id = request.id.clone();
        match error.retryable() {
            Retry::SameKey { .. } => Err(PayoutError::Stripe(error)),
            Retry::FreshKeyAfterListing => {
                let payout = request.payout.clone().ok_or(PayoutError::Order)?;
                if let Some(refund) = self.find(&id, &payout).await? {
                    return self.seen(&id, &refund).await;
                }
                self.store_attempt(&mut request, true).await?;
                let refund = self.ask(&request).await?;
                self.seen(&id, &refund).await
            }
            Retry::Never => {
                let StripeError::Declined(decline_code) = &error else {
                    return Err(PayoutError::Stripe(error));
                };
                self.declined(&request, decline_code).await
            }
        }
    }

    /// Stripe declined for good. A charge that is refunded already is either our refund, or money that left
    /// by another way: then the credits stay revoked.
    async fn declined(&self, request: &Request, why: &Decline) -> Outcome<S, State> {
        let already = matches!(why, Decline::ChargeAlreadyRefunded);
        let payout = request.payout.as_ref().ok_or(PayoutError::Order)?;
        if already && let Some(refund) = self.find(&request.id, payout).await? {
            return self.seen(&request.id, &refund).await;
        }
        if matches!(why, Decline::BalanceInsufficient | Decline::InsufficientFunds) {
            let mut waiting = request.clone();
            if waiting.wait_for_funds(self.now) {
                waiting.version = waiting.version.saturating_add(1);
                let save = Save { request: waiting, commit: None, refunded: None };
                return match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                    SaveOutcome::Written => Ok(State::Paying),
                    _ => Err(PayoutError::InOtherHands),
                };
            }
        }
        self.give_up(request, &code_of(why), already).await
    }

    async fn give_up(&self, request: &Request, code: &str, money_left: bool) -> Outcome<S, State> {
        match decline(self.store, self.pause, &request.id, (code, money_left), self.now).await? {
            ReportOutcome::Moved(state) => Ok(state),
            ReportOutcome::Known(_) | ReportOutcome::NotOurs | ReportOutcome::Mismatch => Ok(request.state),
        }
    }
}

/// The invoice that a payout names, also as one of its purchases, until Stripe is asked for its payment.
fn invoice_of(payout: &Payout) -> Option<InvoiceId> {
    let paid = payout.payment.at_stripe();
    let unknown = payout.charge.is_none() && paid.as_str().starts_with("in_");
    InvoiceId::new(paid.as_str()).ok().filter(|_| unknown)
}

/// Stripe's error code.
fn code_of(why: &Decline) -> String {
    match why {
        Decline::ChargeAlreadyRefunded => "charge_already_refunded".to_owned(),
        Decline::ChargeDisputed => "charge_disputed".to_owned(),
        Decline::RefundDisputedPayment => "refund_disputed_payment".to_owned(),
        Decline::ChargeNotRefundable => "charge_not_refundable".to_owned(),
        Decline::BalanceInsufficient => "balance_insufficient".to_owned(),
        Decline::InsufficientFunds => "insufficient_funds".to_owned(),
        Decline::ResourceMissing => "resource_missing".to_owned(),
        Decline::Other { code, .. } => code.clone().unwrap_or_else(|| "declined".to_owned()),
    }
}
