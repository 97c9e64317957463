//! The refund at Stripe: found, or made once.

use ledger::{Cause, ExecuteError, Money, Pause, PaymentId, RefundId, RefundRequestId};
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

/// Why a payout fails whose invoice has less left to refund through Stripe than its amount.
const NO_CHARGE: &str = "no_refundable_payment";

impl<S: RefundStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Makes the refunds of a payout, or finds those that were made: one, or one of each payment of an
    /// invoice that it takes. Each part is asked for once, whatever the others came to.
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
        if let Some((part, invoice, amount)) = undivided(&payout) {
            match self.charges_of(&invoice, amount).await? {
                Some(charges) => {
                    if !request.divide(part, charges) {
                        return Err(PayoutError::Order);
                    }
                }
                None => return self.give_up(&request, part, NO_CHARGE, false).await,
            }
        }
        let mut state = request.state();
        let mut next = request.payout().and_then(|payout| payout.open_part(0));
        while let Some(part) = next {
            state = self.refund_part(id, &mut request, part).await?;
            let from = part.saturating_add(1);
            if request.payout().is_none_or(|payout| payout.open_part(from).is_none()) {
                break;
            }
            // Each report is a save of its own, and events may have moved the request as well.
            request =
                self.store.request(id).await.map_err(ExecuteError::Store)?.ok_or(PayoutError::NoRequest)?;
            state = request.state();
            let pays = matches!(state, State::Approved | State::Paying);
            next = request.payout().filter(|_| pays).and_then(|payout| payout.open_part(from));
        }
        Ok(state)
    }

    /// Makes the refund of one part, or finds it.
    async fn refund_part(
        &self,
        id: &RefundRequestId,
        request: &mut RefundRequest,
        number: usize,
    ) -> PayoutResult<S, State> {
        let payout = request.payout().ok_or(PayoutError::Order)?;
        let part = payout.part(number).ok_or(PayoutError::Order)?;
        let mut another_key = false;
        if let Some(asked_at) = part.asked_at {
            if let Some(refund) = self.find(id, payout, number).await? {
                return self.seen(id, &refund).await;
            }
            // Stripe repeats what it once declined under a key.
            another_key = part.short_since.is_some() || self.now.seconds_since(asked_at) >= KEY_KEPT_S;
        }
        self.store_attempt(request, number, another_key).await?;
        match self.ask(request, number).await {
            Ok(refund) => self.seen(id, &refund).await,
            Err(PayoutError::Stripe(error)) => self.refused(request, number, error).await,
            Err(error) => Err(error),
        }
    }

    /// The payments of an invoice that `amount` is refunded of, each with its part (C10): the newest that has
    /// all of it left, or else the newest ones, each up to what it has left. `None` if all together have
    /// less.
    async fn charges_of(
        &self,
        invoice: &InvoiceId,
        amount: Money,
    ) -> PayoutResult<S, Option<Vec<(PaymentId, Money)>>> {
        let payments = self.stripe.payments_of_invoice(invoice).await.map_err(PayoutError::Stripe)?;
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
    async fn rest_of(&self, payment: &PaymentId, paid: Money) -> PayoutResult<S, Money> {
        let refunds = self.stripe.refunds_of_payment(payment).await.map_err(PayoutError::Stripe)?;
        let stands =
            |refund: &&Refund| !matches!(refund.status, Some(RefundStatus::Failed | RefundStatus::Canceled));
        let rest = refunds.iter().filter(stands).try_fold(paid, |rest, refund| rest.minus(refund.amount));
        Ok(rest.unwrap_or(Money::new(0, paid.currency())))
    }

    /// The refund of this part at Stripe: by its id where that is known, else by the request's id in its
    /// metadata.
    async fn find(
        &self,
        id: &RefundRequestId,
        payout: &Payout,
        number: usize,
    ) -> PayoutResult<S, Option<Refund>> {
        let part = payout.part(number).ok_or(PayoutError::Order)?;
        let payment = payout.refunds(part);
        if let Some(known) = &part.refund {
            let refunds = self.stripe.refunds_of_payment(&payment).await.map_err(PayoutError::Stripe)?;
            let refund = refunds.into_iter().find(|refund| &refund.id == known);
            // It was made: even if the list lacks it, it is not asked for again.
            return refund.map(Some).ok_or(PayoutError::Mismatch);
        }
        // One that failed for an intent before this one is not this one's, and another part's is not this
        // part's.
        let may_be = |refund: &RefundId| !payout.is_of_another(refund, number);
        self.stripe.refund_of_request(&payment, id, may_be).await.map_err(PayoutError::Stripe)
    }

    /// Stores that Stripe is about to be asked, before it is.
    async fn store_attempt(
        &self,
        request: &mut RefundRequest,
        number: usize,
        another_key: bool,
    ) -> PayoutResult<S, ()> {
        request.ask(number, self.now, another_key).map_err(|_| PayoutError::ClaimedElsewhere)?;
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

    async fn ask(&self, request: &RefundRequest, number: usize) -> PayoutResult<S, Refund> {
        let payout = request.payout().ok_or(PayoutError::Order)?;
        let part = payout.part(number).ok_or(PayoutError::Order)?;
        let key = payout.idempotency_key(&request.id, part);
        let order = RefundOrder {
            payment: payout.refunds(part),
            amount: part.amount,
            request: request.id.clone(),
            idempotency_key: IdempotencyKey::new(key).map_err(|_| PayoutError::Order)?,
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
    async fn refused(
        &self,
        request: &mut RefundRequest,
        number: usize,
        error: StripeError,
    ) -> PayoutResult<S, State> {
        let id = request.id.clone();
        match error.retryable() {
            Retry::SameKey { .. } => Err(PayoutError::Stripe(error)),
            Retry::FreshKeyAfterListing => {
                let payout = request.payout().ok_or(PayoutError::Order)?;
                if let Some(refund) = self.find(&id, payout, number).await? {
                    return self.seen(&id, &refund).await;
                }
                self.store_attempt(request, number, true).await?;
                let refund = self.ask(request, number).await?;
                self.seen(&id, &refund).await
            }
            Retry::Never => {
                let StripeError::Declined(decline_code) = &error else {
                    return Err(PayoutError::Stripe(error));
                };
                self.declined(request, number, decline_code).await
            }
        }
    }

    /// Stripe declined for good. A charge that is refunded already is either our refund, or money that left
    /// by another way: then the credits stay revoked.
    async fn declined(
        &self,
        request: &RefundRequest,
        number: usize,
        why: &Decline,
    ) -> PayoutResult<S, State> {
        let already = matches!(why, Decline::ChargeAlreadyRefunded);
        let payout = request.payout().ok_or(PayoutError::Order)?;
        if already && let Some(refund) = self.find(&request.id, payout, number).await? {
            return self.seen(&request.id, &refund).await;
        }
        if matches!(why, Decline::BalanceInsufficient | Decline::InsufficientFunds) {
            let mut waiting = request.clone();
            if waiting.wait_for_funds(number, self.now) {
                waiting.count_save();
                let save = Save { request: waiting, commit: None, refunded: None };
                return match self.store.save(&save).await.map_err(ExecuteError::Store)? {
                    SaveOutcome::Written => Ok(State::Paying),
                    _ => Err(PayoutError::ClaimedElsewhere),
                };
            }
        }
        self.give_up(request, number, &code_of(why), already).await
    }

    async fn give_up(
        &self,
        request: &RefundRequest,
        number: usize,
        code: &str,
        money_left: bool,
    ) -> PayoutResult<S, State> {
        let declined = (number, code, money_left);
        match decline(self.store, self.pause, &request.id, declined, self.now).await? {
            ReportOutcome::Moved(state) => Ok(state),
            ReportOutcome::Known(_) | ReportOutcome::NotOurs | ReportOutcome::Mismatch => Ok(request.state()),
        }
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
