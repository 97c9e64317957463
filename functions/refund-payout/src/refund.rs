//! The refund at Stripe: found, or made once.

use ledger::{Cause, ExecuteError, Money, Pause, PaymentId, RefundRequestId};
use refunds::{
    Payout, RefundRequest, RefundSighting, RefundStore, ReportOutcome, Save, SaveOutcome, State, decline,
    report,
};
use stripe_api::{Decline, IdempotencyKey, Refund, RefundOrder, Retry, StripeError};
use stripe_events::{InvoiceId, InvoicePaymentStatus, PaymentSource, RefundStatus};

use crate::runner::{PayoutError, PayoutResult, PayoutRunner, code_of};

/// Stripe keeps an idempotency key for at least 24 hours
/// (<https://docs.stripe.com/api/idempotent_requests>); an hour less leaves room for clocks and waiting.
const KEY_KEPT_S: i64 = 23 * 3600;

/// Why a payout fails whose invoice was not paid by one payment of at least its amount through Stripe.
const NO_CHARGE: &str = "no_refundable_payment";

impl<S: RefundStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Makes the refund, or finds the one that was made.
    pub(crate) async fn refund(
        &self,
        id: &RefundRequestId,
        mut request: RefundRequest,
        payout: Payout,
    ) -> PayoutResult<S, State> {
        if request.state() == State::Approved
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
        let payout = request.payout().cloned().ok_or(PayoutError::Order)?;
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
    async fn charge_of(&self, invoice: &InvoiceId, amount: Money) -> PayoutResult<S, Option<PaymentId>> {
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
    async fn has_left(&self, payment: &PaymentId, paid: Money, amount: Money) -> PayoutResult<S, bool> {
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
    async fn find(&self, id: &RefundRequestId, payout: &Payout) -> PayoutResult<S, Option<Refund>> {
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
    async fn store_attempt(&self, request: &mut RefundRequest, another_key: bool) -> PayoutResult<S, ()> {
        request.ask(self.now, another_key).map_err(|_| PayoutError::ClaimedElsewhere)?;
        request.count_save();
        let save = Save { request: request.clone(), commit: None, refunded: None };
        match self.store.save(&save).await.map_err(ExecuteError::Store)? {
            SaveOutcome::Written => Ok(()),
            SaveOutcome::Stale(_)
            | SaveOutcome::Taken(_)
            | SaveOutcome::Ledger(_)
            | SaveOutcome::PaymentMoved
            | SaveOutcome::CountMoved
            | SaveOutcome::TooMany
            | SaveOutcome::NotAllowed => Err(PayoutError::ClaimedElsewhere),
        }
    }

    async fn ask(&self, request: &RefundRequest) -> PayoutResult<S, Refund> {
        let payout = request.payout().ok_or(PayoutError::Order)?;
        let key = IdempotencyKey::new(payout.idempotency_key(&request.id)).map_err(|_| PayoutError::Order)?;
        let order = RefundOrder {
            payment: payout.refunds(),
            amount: payout.amount,
            request: request.id.clone(),
            idempotency_key: key,
        };
        self.stripe.create_refund(&order).await.map_err(PayoutError::Stripe)
    }

    async fn seen(&self, id: &RefundRequestId, refund: &Refund) -> PayoutResult<S, State> {
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
    async fn refused(&self, mut request: RefundRequest, error: StripeError) -> PayoutResult<S, State> {
        let id = request.id.clone();
        match error.retryable() {
            Retry::SameKey { .. } => Err(PayoutError::Stripe(error)),
            Retry::FreshKeyAfterListing => {
                let payout = request.payout().cloned().ok_or(PayoutError::Order)?;
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
    async fn declined(&self, request: &RefundRequest, why: &Decline) -> PayoutResult<S, State> {
        let already = matches!(why, Decline::ChargeAlreadyRefunded);
        let payout = request.payout().ok_or(PayoutError::Order)?;
        if already && let Some(refund) = self.find(&request.id, payout).await? {
            return self.seen(&request.id, &refund).await;
        }
        if matches!(why, Decline::BalanceInsufficient | Decline::InsufficientFunds) {
            let mut waiting = request.clone();
            if waiting.wait_for_funds(self.now) {
                waiting.count_save();
                let save = Save { request: waiting, commit: None, refunded: None };
                return match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                    SaveOutcome::Written => Ok(State::Paying),
                    _ => Err(PayoutError::ClaimedElsewhere),
                };
            }
        }
        self.give_up(request, &code_of(why), already).await
    }

    async fn give_up(&self, request: &RefundRequest, code: &str, money_left: bool) -> PayoutResult<S, State> {
        match decline(self.store, self.pause, &request.id, (code, money_left), self.now).await? {
            ReportOutcome::Moved(state) => Ok(state),
            ReportOutcome::Known(_) | ReportOutcome::NotOurs | ReportOutcome::Mismatch => Ok(request.state()),
        }
    }
}

/// The invoice that a payout names, also as one of its purchases, until Stripe is asked for its payment.
fn invoice_of(payout: &Payout) -> Option<InvoiceId> {
    let paid = payout.payment.at_stripe();
    let unknown = payout.charge.is_none() && paid.as_str().starts_with("in_");
    InvoiceId::new(paid.as_str()).ok().filter(|_| unknown)
}
