//! Stripe's side of the seam: refunds are found by the request's id in their metadata, and asked for under an
//! idempotency key.

use ledger::{
    Confirmation, Money, PaymentId, RefundId, RefundRequestId, Subscription, SubscriptionId, Timestamp,
};
use refunds::{Payout, RefundRequest, RefundSighting};
use stripe_api::{
    CancelWhen, Decline, IdempotencyKey, Refund, RefundOrder, Retry, StripeClient, StripeError,
};
use stripe_events::{InvoiceId, InvoicePaymentStatus, PaymentSource, RefundStatus};

use crate::provider::{
    Answered, CallError, CancelOutcome, DeclinedCall, Found, PaidParts, ProviderCalls, ProviderError,
};

/// Stripe keeps an idempotency key for at least 24 hours
/// (<https://docs.stripe.com/api/idempotent_requests>); an hour less leaves room for clocks and waiting.
const KEY_KEPT_S: i64 = 23 * 3600;

/// Calls Stripe.
pub(crate) struct StripeCalls(pub(crate) StripeClient);

impl ProviderCalls for StripeCalls {
    async fn payments_of(&self, payout: &Payout) -> Result<Option<PaidParts>, CallError> {
        let Some((number, invoice, amount)) = undivided(payout) else { return Ok(None) };
        let of = self.charges_of(&invoice, amount).await?;
        Ok(Some(PaidParts { number, of }))
    }

    async fn find(&self, request: &RefundRequest, number: usize, now: Timestamp) -> Result<Found, CallError> {
        let payout = request.payout().ok_or(CallError::Order)?;
        let part = payout.part(number).ok_or(CallError::Order)?;
        let Some(asked_at) = part.asked_at else { return Ok(Found::Nothing { another_key: false }) };
        if let Some(refund) = self.refund_of(&request.id, payout, number).await? {
            return sighting(refund).map(Found::Refund);
        }
        // Stripe repeats what it once declined under a key.
        let another_key = part.short_since.is_some() || now.seconds_since(asked_at) >= KEY_KEPT_S;
        Ok(Found::Nothing { another_key })
    }

    async fn refund(
        &self,
        request: &RefundRequest,
        number: usize,
        _: Option<Money>,
    ) -> Result<Answered, CallError> {
        let payout = request.payout().ok_or(CallError::Order)?;
        let part = payout.part(number).ok_or(CallError::Order)?;
        let key = payout.idempotency_key(&request.id, part);
        let order = RefundOrder {
            payment: payout.refunds(part),
            amount: part.amount,
            request: request.id.clone(),
            idempotency_key: IdempotencyKey::new(key).map_err(|_| CallError::Order)?,
        };
        sighting(self.0.create_refund(&order).await.map_err(failed)?).map(Answered::Refund)
    }

    async fn end(&self, subscription: &SubscriptionId) -> Result<CancelOutcome, CallError> {
        match self.0.cancel_subscription(subscription, &CancelWhen::AtOnce).await {
            Ok(cancelled) => Ok(CancelOutcome::Known(cancelled.canceled_at)),
            Err(StripeError::Declined(Decline::ResourceMissing)) => Ok(CancelOutcome::Ended),
            Err(error) => Err(failed(error)),
        }
    }

    /// A schedule that manages the subscription is released first. The idempotency key is that of the
    /// confirmation and of its announcement, so that Stripe does not repeat its answer to an earlier one.
    async fn cancel(
        &self,
        subscription: &Subscription,
        confirmation: &Confirmation,
    ) -> Result<CancelOutcome, CallError> {
        let (at, announced) = (confirmation.at.as_ms(), confirmation.announced);
        let id = &subscription.id;
        if let Some(schedule) = &subscription.report.schedule {
            let key = key_of(&format!("release-{schedule}-{at}-{announced}"))?;
            match self.0.release_schedule(schedule, &key).await {
                Ok(()) => {}
                // It has ended, or somebody released it.
                Err(StripeError::Declined(why)) => {
                    tracing::info!(
                        code = code_of(&why),
                        "schedule of a subscription is not there to be released"
                    );
                }
                Err(error) => return Err(failed(error)),
            }
        }
        if confirmation.is_at_once() {
            return self.end(id).await;
        }
        let when = CancelWhen::AtPeriodEnd(key_of(&format!("cancel-{id}-{at}-{announced}"))?);
        match self.0.cancel_subscription(id, &when).await {
            Ok(cancelled) => Ok(CancelOutcome::Known(cancelled.canceled_at)),
            Err(StripeError::Declined(Decline::ResourceMissing)) => Ok(CancelOutcome::Ended),
            Err(error) => Err(failed(error)),
        }
    }

    /// It is repeated until it is done: an invoice that is voided is not listed again.
    async fn withdraw_unpaid(&self, subscription: &SubscriptionId) -> Result<(), CallError> {
        for invoice in self.0.open_invoices_of(subscription).await.map_err(failed)? {
            match self.0.void_invoice(&invoice, &key_of(&format!("void-{invoice}"))?).await {
                Ok(()) => tracing::info!(invoice = invoice.as_str(), "open invoice is voided"),
                // It was paid a moment before: a charge after the end, which has a case of its own.
                Err(StripeError::Declined(why)) => {
                    tracing::warn!(
                        code = code_of(&why),
                        invoice = invoice.as_str(),
                        "open invoice is not voided"
                    );
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }
}

impl StripeCalls {
    /// The payments of an invoice that `amount` is refunded of, each with its part (C10): the newest that has
    /// all of it left, or else the newest ones, each up to what it has left. `None` if all together have
    /// less.
    async fn charges_of(
        &self,
        invoice: &InvoiceId,
        amount: Money,
    ) -> Result<Option<Vec<(PaymentId, Money)>>, CallError> {
        let payments = self.0.payments_of_invoice(invoice).await.map_err(failed)?;
        let is_divided = payments.len() > 1;
        let mut left = Vec::new();
        for payment in payments {
            let PaymentSource::Payment(id) = payment.source else { continue };
            if payment.status != InvoicePaymentStatus::Paid {
                continue;
            }
            // Of the only payment, everything that was refunded is on record.
            let rest = if is_divided { self.rest_of(&id, payment.amount).await? } else { payment.amount };
            if rest.minus(amount).is_ok() {
                return Ok(Some(vec![(id, amount)]));
            }
            left.push((id, rest));
        }
        Ok(divide(amount, left))
    }

    /// What Stripe has left to refund of what `payment` paid.
    async fn rest_of(&self, payment: &PaymentId, paid: Money) -> Result<Money, CallError> {
        let refunds = self.0.refunds_of_payment(payment).await.map_err(failed)?;
        let stands =
            |refund: &&Refund| !matches!(refund.status, Some(RefundStatus::Failed | RefundStatus::Canceled));
        let rest = refunds.iter().filter(stands).try_fold(paid, |rest, refund| rest.minus(refund.amount));
        Ok(rest.unwrap_or(Money::new(0, paid.currency())))
    }

    /// The refund of this part: by its id where that is known, else by the request's id in its metadata.
    async fn refund_of(
        &self,
        id: &RefundRequestId,
        payout: &Payout,
        number: usize,
    ) -> Result<Option<Refund>, CallError> {
        let part = payout.part(number).ok_or(CallError::Order)?;
        let payment = payout.refunds(part);
        if let Some(known) = &part.refund {
            let refunds = self.0.refunds_of_payment(&payment).await.map_err(failed)?;
            let refund = refunds.into_iter().find(|refund| &refund.id == known);
            // It was made: even if the list lacks it, it is not asked for again.
            return refund.map(Some).ok_or(CallError::Mismatch);
        }
        // One that failed for an intent before this one is not this one's, and another part's is not this
        // part's.
        let may_be = |refund: &RefundId| !payout.is_of_another(refund, number);
        self.0.refund_of_request(&payment, id, may_be).await.map_err(failed)
    }
}

fn sighting(refund: Refund) -> Result<RefundSighting, CallError> {
    let status = match &refund.status {
        Some(RefundStatus::Succeeded) => refunds::RefundStatus::Succeeded,
        Some(RefundStatus::Failed | RefundStatus::Canceled) => refunds::RefundStatus::Failed,
        Some(RefundStatus::RequiresAction) => refunds::RefundStatus::RequiresAction,
        Some(RefundStatus::Pending | RefundStatus::Other(_)) | None => refunds::RefundStatus::Pending,
    };
    Ok(RefundSighting {
        id: refund.id,
        payment: refund.payment.ok_or(CallError::Mismatch)?,
        amount: refund.amount,
        status,
        failure: refund.failure_reason.map(|reason| reason.as_str().to_owned()),
    })
}

fn key_of(text: &str) -> Result<IdempotencyKey, CallError> {
    IdempotencyKey::new(text).map_err(|_| CallError::Order)
}

/// What an error of Stripe's says of the call (E1 to E7).
pub(crate) fn failed(error: StripeError) -> CallError {
    match (error.retryable(), &error) {
        (Retry::FreshKeyAfterListing, _) => CallError::AfterALook(ProviderError::Stripe(error)),
        (Retry::Never, StripeError::Declined(why)) => CallError::Declined(DeclinedCall {
            code: code_of(why),
            refunded_already: matches!(why, Decline::ChargeAlreadyRefunded),
            lacks_funds: matches!(why, Decline::BalanceInsufficient | Decline::InsufficientFunds),
            source: ProviderError::Stripe(error),
        }),
        (Retry::SameKey { .. } | Retry::Never, _) => CallError::Later(ProviderError::Stripe(error)),
    }
}

/// Stripe's error code.
pub(crate) fn code_of(why: &Decline) -> String {
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

/// The part that no payment at Stripe is known of yet, with the invoice that the payout names, also as one of
/// its purchases, and the part's amount.
fn undivided(payout: &Payout) -> Option<(usize, InvoiceId, Money)> {
    let paid = payout.payment.at_stripe();
    let invoice = InvoiceId::new(paid.as_str()).ok().filter(|_| paid.as_str().starts_with("in_"))?;
    let number = payout.open_part(0)?;
    let part = payout.part(number).filter(|part| part.charge.is_none())?;
    Some((number, invoice, part.amount))
}

/// Divides `amount` among payments, in their order, each up to what is left of it.
fn divide(amount: Money, left: Vec<(PaymentId, Money)>) -> Option<Vec<(PaymentId, Money)>> {
    let mut open = amount;
    let mut parts = Vec::new();
    for (payment, rest) in left {
        let part = if rest.minor() < open.minor() { rest } else { open };
        if part.is_zero() {
            continue;
        }
        // Payments of one invoice are in its currency.
        open = open.minus(part).ok()?;
        parts.push((payment, part));
    }
    open.is_zero().then_some(parts)
}

#[cfg(test)]
mod tests {
    use ledger::Currency;

    use super::*;

    #[test]
    fn an_amount_is_divided_in_order_and_never_above_what_is_left() {
        let usd = |minor| Money::new(minor, Currency::new("usd").unwrap());
        for (amount, left, expected) in [
            (700, &[300, 500][..], Some(vec![("pi_0", 300), ("pi_1", 400)])),
            (800, &[300, 500], Some(vec![("pi_0", 300), ("pi_1", 500)])),
            (801, &[300, 500], None),
            (100, &[0, 60, 60], Some(vec![("pi_1", 60), ("pi_2", 40)])),
            (1, &[], None),
        ] {
            let payment = |number: usize| PaymentId::new(format!("pi_{number}")).unwrap();
            let rests = left.iter().enumerate().map(|(number, minor)| (payment(number), usd(*minor)));
            let parts = divide(usd(amount), rests.collect());
            let expected: Option<Vec<(PaymentId, Money)>> = expected.map(|parts: Vec<(&str, u64)>| {
                parts.into_iter().map(|(id, minor)| (PaymentId::new(id).unwrap(), usd(minor))).collect()
            });
            assert_eq!(parts, expected, "{amount} of {left:?}");
        }
    }
}
