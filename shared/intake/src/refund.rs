//! Refunds: those of our own requests move the request, all others count on their payment.
//!
//! A refund that was made without a request, in the provider's dashboard, is counted on its payment so that
//! all refunds together stay within what was paid. Its credits follow the policy's `on_outside_refund`: the
//! ones that the refunded money bought are revoked with the count, or stay until a person decides, whose case
//! is noted with the count. A metric reports each.

use ledger::{ExecuteError, Payment, PaymentId, RefundRequestId, Timestamp};
use ledger_dynamodb::{AdoptionOutcome, CreditTerms, ExternalRefund, PurchaseTerms};
use policy::OnOutsideRefund;
use refunds::{
    OutsideRefundTotal, RefundSighting, RefundStatus, ReportOutcome, State, TotalOutcome, TotalSighting,
    report, settle_total,
};

use crate::context::{EarlyExit, EventContext};
use crate::outcome::{EventOutcome, ParkReason};
use crate::policy::{policy_at, reference_of};
use crate::without_credits;

/// A refund as an event reports it.
#[derive(Debug)]
pub struct ReportedRefund {
    pub seen: RefundSighting,
    /// The request of ours that it names, if it names one.
    pub request: Option<RefundRequestId>,
    pub made_at: Timestamp,
}

/// A refund as of the event: of our own request, or one to adopt.
pub async fn apply_refund(
    context: &EventContext<'_>,
    ReportedRefund { seen, request, made_at }: ReportedRefund,
) -> Result<EventOutcome, EarlyExit> {
    if let Some(request) = request {
        // A request with what is saved beside it makes a large future.
        let reported =
            Box::pin(report(context.tables, context.backoff, &request, &seen, context.cause(), context.now))
                .await?;
        match reported {
            ReportOutcome::Moved(state) => {
                if state == State::Failed {
                    context.metrics.count("RefundsFailed", 1);
                    tracing::warn!("a refund failed; its request waits for a person");
                }
                tracing::info!(state = state.as_str(), "refund request");
                return Ok(EventOutcome::Applied);
            }
            ReportOutcome::Known(_) => return Ok(EventOutcome::Repeated),
            ReportOutcome::Mismatch => return Ok(EventOutcome::Parked(ParkReason::RefundMismatch)),
            // It names what somebody else has named so: the refund is one without a request.
            ReportOutcome::NotOurs => {}
        }
    }
    let failed = seen.status == RefundStatus::Failed;
    let adopted = ExternalRefund { id: seen.id, payment: seen.payment, amount: seen.amount, made_at, failed };
    adopt_refund(context, adopted).await
}

/// What a refund without a request does to the credits of one purchase; `None` without a policy.
pub fn outside_terms_of(payment: &Payment) -> Option<PurchaseTerms> {
    let in_force = policy_at(payment.product.as_str(), payment.charged_at);
    let document = in_force.document()?;
    Some(match document.on_outside_refund {
        OnOutsideRefund::Revoke => PurchaseTerms::Revoke {
            policy: reference_of(in_force),
            owe_spent: document.on_refund.debt_for_spent,
        },
        OnOutsideRefund::Person => PurchaseTerms::Person,
    })
}

/// Counts a refund that no request made on its payment, with its credits.
pub async fn adopt_refund(
    context: &EventContext<'_>,
    mut adopted: ExternalRefund,
) -> Result<EventOutcome, EarlyExit> {
    let terms = CreditTerms { cause: context.cause(), now: context.now, of_purchase: outside_terms_of };
    let terms = Some(&terms);
    let tables = context.tables;
    // An entry on its way is large.
    let mut adoption = Box::pin(tables.adopt_refund_and_credits(context.backoff, &adopted, terms)).await?;
    if adoption == AdoptionOutcome::UnknownPayment
        && let Some(invoice) = context.tables.linked_payment(&adopted.payment).await?
    {
        adopted.payment = invoice;
        adoption = Box::pin(tables.adopt_refund_and_credits(context.backoff, &adopted, terms)).await?;
    }
    match adoption {
        AdoptionOutcome::Counted => {
            context.metrics.count("RefundsAdopted", 1);
            tracing::warn!("a refund was made without a request; its credits follow the policy");
            Ok(EventOutcome::Applied)
        }
        AdoptionOutcome::Lifted => Ok(EventOutcome::Applied),
        AdoptionOutcome::Known => Ok(EventOutcome::Repeated),
        AdoptionOutcome::UnknownPayment => unknown(context, (&adopted.payment, adopted.failed)).await,
        AdoptionOutcome::Exceeds => Ok(EventOutcome::Parked(ParkReason::RefundExceeds)),
        AdoptionOutcome::Busy => Err(EarlyExit::Failed(ExecuteError::Busy)),
    }
}

/// A refund of a payment that is not on record.
async fn unknown(
    context: &EventContext<'_>,
    (payment, failed): (&PaymentId, bool),
) -> Result<EventOutcome, EarlyExit> {
    if let Some(ignored) = without_credits::outcome_of(context, payment).await? {
        return Ok(ignored);
    }
    if !failed {
        context.tables.note_unrecorded(payment, context.event_id).await?;
    }
    Ok(context.defer_or_park(ParkReason::PaymentUnknown))
}

/// Applies a payment's running total of refunds, of a provider whose refunds carry nothing of ours: it
/// settles the payouts of the payment that are on their way, and what is left of the increase is a refund
/// that no request made. Any order, any number of times, by an event or by a look at the payment.
pub async fn report_refunded_total(
    context: &EventContext<'_>,
    seen: &TotalSighting,
    made_at: Timestamp,
) -> Result<EventOutcome, EarlyExit> {
    let settled = settle_total(context.tables, context.backoff, seen, context.cause(), context.now);
    // A request with what is saved beside it makes a large future.
    let (moved, outside) = match Box::pin(settled).await? {
        TotalOutcome::Applied { moved, outside } => (moved, outside),
        TotalOutcome::UnknownPayment => {
            let failed = seen.status == RefundStatus::Failed;
            return unknown(context, (&seen.payment, failed)).await;
        }
        TotalOutcome::Mismatch => return Ok(EventOutcome::Parked(ParkReason::RefundMismatch)),
    };
    for (request, state) in &moved {
        if *state == State::Failed {
            context.metrics.count("RefundsFailed", 1);
            tracing::warn!("a refund failed; its request waits for a person");
        }
        tracing::info!(request = request.as_str(), state = state.as_str(), "refund request");
    }
    let adopted = match outside {
        Some(OutsideRefundTotal { id, amount }) => {
            let payment = seen.payment.clone();
            let adopted = ExternalRefund { id, payment, amount, made_at, failed: false };
            adopt_refund(context, adopted).await?
        }
        None => EventOutcome::Repeated,
    };
    let nothing_new = adopted == EventOutcome::Repeated;
    Ok(if nothing_new && !moved.is_empty() { EventOutcome::Applied } else { adopted })
}
