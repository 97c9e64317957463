//! Creem's side of the seam. Its refunds carry nothing of ours and know no idempotency key: what is known of
//! them is the running total of their payment (its transaction), and a call refunds all that is left.
//!
//! So the transaction is read before every order, also before the first, and an answer that was lost is
//! looked up and never repeated blindly. Two orders at once cannot pay twice what one does, because both are
//! of what is left; the stored intent lets one worker order at a time all the same.

use creem_api::{CancelMode, CreemClient, CreemError, RepeatCall};
use creem_events::{CreemRefundStatus, CreemSubscriptionStatus};
use ledger::{Confirmation, Money, Subscription, SubscriptionId, Timestamp};
use refunds::{Payout, ProviderCapabilities, RefundRequest, RefundStatus, TotalSighting};

use crate::provider::{
    Answered, CallError, CancelOutcome, DeclinedCall, Found, PaidParts, ProviderCalls, ProviderError,
};

/// Calls Creem.
pub(crate) struct CreemCalls(pub(crate) CreemClient);

impl ProviderCalls for CreemCalls {
    async fn payments_of(&self, _: &Payout) -> Result<Option<PaidParts>, CallError> {
        Ok(None)
    }

    async fn find(&self, request: &RefundRequest, number: usize, now: Timestamp) -> Result<Found, CallError> {
        let payout = request.payout().ok_or(CallError::Order)?;
        if on_its_way(payout, number, now) {
            return Ok(Found::OnItsWay);
        }
        let answered = self.0.transaction(&payout.payment).await.map_err(failed)?;
        let transaction = answered.transaction;
        look(payout, transaction.amount_paid.ok_or(CallError::Mismatch)?, transaction.refunded_amount)
    }

    async fn refund(
        &self,
        request: &RefundRequest,
        number: usize,
        before: Option<Money>,
    ) -> Result<Answered, CallError> {
        let payout = request.payout().ok_or(CallError::Order)?;
        let amount = payout.part(number).ok_or(CallError::Order)?.amount;
        let total = before.ok_or(CallError::Order)?.plus(amount).map_err(|_| CallError::Order)?;
        let created = self.0.create_refund(&payout.payment).await.map_err(failed)?;
        Ok(Answered::Total(TotalSighting {
            payment: payout.payment.clone(),
            total,
            status: status_of(&created.status),
            amount: Some(amount),
        }))
    }

    async fn end(&self, subscription: &SubscriptionId) -> Result<CancelOutcome, CallError> {
        self.cancelled(subscription, CancelMode::Immediate).await
    }

    async fn cancel(
        &self,
        subscription: &Subscription,
        confirmation: &Confirmation,
    ) -> Result<CancelOutcome, CallError> {
        let at_once = confirmation.is_at_once();
        let mode = if at_once { CancelMode::Immediate } else { CancelMode::Scheduled };
        self.cancelled(&subscription.id, mode).await
    }

    /// Creem collects nothing of a subscription that has ended.
    async fn withdraw_unpaid(&self, _: &SubscriptionId) -> Result<(), CallError> {
        Ok(())
    }
}

impl CreemCalls {
    /// Creem refuses to cancel what has ended: then the subscription is read.
    async fn cancelled(&self, id: &SubscriptionId, mode: CancelMode) -> Result<CancelOutcome, CallError> {
        let refused = match self.0.cancel_subscription(id, mode).await {
            Ok(subscription) => return Ok(CancelOutcome::Known(subscription.canceled_at)),
            Err(CreemError::Missing { .. }) => return Ok(CancelOutcome::Ended),
            Err(refused @ CreemError::Refused { .. }) => refused,
            Err(error) => return Err(failed(error)),
        };
        match self.0.subscription(id).await {
            Ok(found) if found.status == Some(CreemSubscriptionStatus::Canceled) => Ok(CancelOutcome::Ended),
            Err(CreemError::Missing { .. }) => Ok(CancelOutcome::Ended),
            Ok(_) => Err(failed(refused)),
            Err(error) => Err(failed(error)),
        }
    }
}

fn status_of(status: &CreemRefundStatus) -> RefundStatus {
    match status {
        CreemRefundStatus::Succeeded => RefundStatus::Succeeded,
        CreemRefundStatus::Failed | CreemRefundStatus::Canceled => RefundStatus::Failed,
        CreemRefundStatus::RequiresAction => RefundStatus::RequiresAction,
        CreemRefundStatus::Pending | CreemRefundStatus::Other(_) => RefundStatus::Pending,
    }
}

/// What an error of Creem's says of the call (E1 to E7). What it refuses may be refunded already, which the
/// transaction says.
fn failed(error: CreemError) -> CallError {
    let code = match &error {
        CreemError::Refused { code, .. } => code.clone().unwrap_or_else(|| "declined".to_owned()),
        CreemError::Missing { .. } => "missing".to_owned(),
        other if other.repeatable() == RepeatCall::AfterReading => {
            return CallError::AfterALook(ProviderError::Creem(error));
        }
        _ => return CallError::Later(ProviderError::Creem(error)),
    };
    let source = ProviderError::Creem(error);
    CallError::Declined(DeclinedCall { code, refunded_already: true, lacks_funds: false, source })
}

/// Whether the part's refund is noted, and it is too early to look whether it is confirmed: Creem calls a
/// refund pending while its transaction reads as refunded already.
fn on_its_way(payout: &Payout, number: usize, now: Timestamp) -> bool {
    let within_s = ProviderCapabilities::of(payout.provider).confirm_within_s;
    let early = |asked_at: Timestamp| {
        u64::try_from(now.seconds_since(asked_at)).is_ok_and(|since_s| since_s < within_s)
    };
    let part = payout.part(number).filter(|part| part.refund.is_some());
    part.and_then(|part| part.asked_at).is_some_and(early)
}

/// What a transaction says of its refunds.
fn look(payout: &Payout, paid: Money, refunded: Option<Money>) -> Result<Found, CallError> {
    let total = refunded.unwrap_or(Money::new(0, paid.currency()));
    let left = paid.minus(total).map_err(|_| CallError::Mismatch)?;
    Ok(Found::Total { seen: TotalSighting::looked(payout.payment.clone(), total), left })
}

#[cfg(test)]
mod faults;
#[cfg(test)]
mod world;
