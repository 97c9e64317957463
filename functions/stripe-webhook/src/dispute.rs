//! Disputes: whether a payment is or was taken back by the cardholder's bank, and whether the customer had
//! asked for a solution before (`S3-28`). What follows from a dispute is a person's decision.

use ledger::{AccountId, Dispute, Payment, PaymentId, Timestamp};
use refunds::{ListedBefore, ReportOutcome, RequestStore, undo};
use stripe_events::DisputeObject;

use crate::context::{EarlyExit, EventContext};
use crate::outcome::{Outcome, ParkReason};
use crate::payment_names;
use crate::without_credits;

/// Requests that are looked at for one about the payment; an account with more before it is not judged.
const REQUESTS_MAX: u16 = 20;

/// A dispute as of the event. Of several events of one dispute the newest counts, in any order of their
/// events.
pub(crate) async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeObject,
) -> Result<Outcome, EarlyExit> {
    let named = dispute.payment.as_ref().ok_or(ParkReason::PaymentUnknown)?;
    payment_names::note_charge(context, named, dispute.charge.as_ref()).await?;
    let purchases = context.purchases(named).await?;
    if purchases.is_empty() {
        if let Some(ignored) = without_credits::outcome_of(context, named).await? {
            return Ok(ignored);
        }
        if report(context, dispute, None).counts() {
            context.tables.note_unrecorded(named, context.event.id.as_str()).await?;
        }
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    }
    let mut outcome = Outcome::Repeated;
    for payment in &purchases {
        if save_dispute(context, dispute, payment).await? {
            outcome = Outcome::Applied;
        }
    }
    Ok(outcome)
}

/// The dispute of the payment that one purchase is of, and whether it is news.
async fn save_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeObject,
    payment: &Payment,
) -> Result<bool, EarlyExit> {
    lambda::log::account(&payment.account);
    let known = payment.disputes.iter().find(|known| known.id == dispute.id);
    let contacted_before = match known {
        Some(known) => known.contacted_before,
        None => contacted_before(context, payment, dispute.created).await?,
    };
    let record = report(context, dispute, contacted_before);
    let saved = context.tables.save_dispute(&payment.id, &record).await?;
    if saved && known.is_none() && payment.id == payment.id.at_stripe() {
        context.metrics.count("PaymentsDisputed", 1);
        tracing::warn!(inquiry = record.is_inquiry(), "a payment is disputed");
    }
    if saved && !record.bars_refunds() {
        // A request with what is undone for it makes a large future.
        Box::pin(give_back(context, &payment.id, &payment.account)).await?;
    }
    Ok(saved)
}

/// The dispute as the event reports it.
fn report(context: &EventContext<'_>, dispute: &DisputeObject, contacted_before: Option<bool>) -> Dispute {
    Dispute {
        id: dispute.id.clone(),
        opened_at: dispute.created,
        status: dispute.status.as_str().to_owned(),
        refundable: dispute.charge_refundable,
        as_of: context.event.created,
        contacted_before,
    }
}

/// The bank has decided for the company: what refunds of the payment that failed by its dispute had revoked
/// goes back to the customer, who has neither the money nor the credits.
async fn give_back(
    context: &EventContext<'_>,
    payment: &PaymentId,
    account: &AccountId,
) -> Result<(), EarlyExit> {
    let requests = context.tables.requests_of(account, None, REQUESTS_MAX).await?;
    for request in requests.iter().filter(|request| request.is_kept_by_dispute_of(payment)) {
        let (tables, pause) = (context.tables, context.backoff);
        // A request with what is saved beside it makes a large future.
        let undone = Box::pin(undo(tables, pause, &request.id, context.cause(), context.now)).await?;
        if let ReportOutcome::Moved(_) = undone {
            tracing::info!(request = request.id.as_str(), outcome = "given_back", "a dispute is won");
        }
    }
    Ok(())
}

/// Whether the customer filed or answered a request about the payment before `opened_at`; unknown where there
/// may be more requests than were looked at.
async fn contacted_before(
    context: &EventContext<'_>,
    payment: &Payment,
    opened_at: Timestamp,
) -> Result<Option<bool>, EarlyExit> {
    let before = Some(ListedBefore::Instant(opened_at));
    let requests = context.tables.requests_of(&payment.account, before, REQUESTS_MAX).await?;
    let mut of_payment = requests.iter().filter(|request| request.case.payment.as_ref() == Some(&payment.id));
    if of_payment.any(|request| request.customer_spoke_before(opened_at)) {
        return Ok(Some(true));
    }
    let all = requests.len() < usize::from(REQUESTS_MAX);
    Ok(all.then_some(false))
}
