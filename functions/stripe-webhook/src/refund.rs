//! Refunds: those of our own requests move the request, all others count on their payment.
//!
//! A refund that was made without a request, in Stripe's Dashboard, is counted on its payment so that all
//! refunds together stay within what was paid. Its credits follow the policy's `on_outside_refund`: the ones
//! that the refunded money bought are revoked with the count, or stay until a person decides, whose case is
//! noted with the count. A metric reports each.

use ledger::{ExecuteError, Payment, RefundRequestId};
use ledger_dynamodb::{AdoptionOutcome, CreditTerms, ExternalRefund, PurchaseTerms};
use policy::OnOutsideRefund;
use refunds::{RefundSighting, RefundStatus as Status, ReportOutcome, State, report};
use stripe_events::{EventKind, RefundObject, RefundStatus};

use crate::context::{EarlyExit, EventContext};
use crate::outcome::{Outcome, ParkReason};
use crate::payment_names;
use crate::policy::{policy_at, reference_of};
use crate::without_credits;

/// The key of a refund's metadata under which refund-payout names the request.
const REQUEST_KEY: &str = "refund_request";

/// A refund as of the event.
pub(crate) async fn apply_refund(
    context: &EventContext<'_>,
    refund: &RefundObject,
) -> Result<Outcome, EarlyExit> {
    if let Some(payment) = &refund.payment {
        payment_names::note_charge(context, payment, refund.charge.as_ref()).await?;
    }
    let seen = RefundSighting {
        id: refund.id.clone(),
        payment: refund.payment.clone().ok_or(ParkReason::PaymentUnknown)?,
        amount: refund.amount,
        status: status(context, refund)?,
        failure: refund.failure_reason.as_ref().map(|reason| reason.as_str().to_owned()),
    };
    let request = refund.metadata.get(REQUEST_KEY).and_then(|id| RefundRequestId::new(id).ok());
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
                return Ok(Outcome::Applied);
            }
            ReportOutcome::Known(_) => return Ok(Outcome::Repeated),
            ReportOutcome::Mismatch => return Ok(Outcome::Parked(ParkReason::RefundMismatch)),
            // Metadata of somebody else's: the refund is one without a request.
            ReportOutcome::NotOurs => {}
        }
    }
    let made_at = refund.created.unwrap_or(context.event.created);
    let failed = seen.status == Status::Failed;
    adopt(
        context,
        ExternalRefund { id: seen.id, payment: seen.payment, amount: seen.amount, made_at, failed },
    )
    .await
}

/// What a refund without a request does to the credits of one purchase; `None` without a policy.
fn terms_of(payment: &Payment) -> Option<PurchaseTerms> {
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
pub(crate) async fn adopt(
    context: &EventContext<'_>,
    mut adopted: ExternalRefund,
) -> Result<Outcome, EarlyExit> {
    let terms = CreditTerms { cause: context.cause(), now: context.now, of_purchase: terms_of };
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
            Ok(Outcome::Applied)
        }
        AdoptionOutcome::Lifted => Ok(Outcome::Applied),
        AdoptionOutcome::Known => Ok(Outcome::Repeated),
        AdoptionOutcome::UnknownPayment => {
            if let Some(ignored) = without_credits::outcome_of(context, &adopted.payment).await? {
                return Ok(ignored);
            }
            if !adopted.failed {
                context.tables.note_unrecorded(&adopted.payment, context.event.id.as_str()).await?;
            }
            Ok(context.defer_or_park(ParkReason::PaymentUnknown))
        }
        AdoptionOutcome::Exceeds => Ok(Outcome::Parked(ParkReason::RefundExceeds)),
        AdoptionOutcome::Busy => Err(EarlyExit::Failed(ExecuteError::Busy)),
    }
}

/// Some payment methods do not say how a refund stands; the event's type does.
fn status(context: &EventContext<'_>, refund: &RefundObject) -> Result<Status, EarlyExit> {
    match &refund.status {
        Some(RefundStatus::Succeeded) => Ok(Status::Succeeded),
        Some(RefundStatus::Failed | RefundStatus::Canceled) => Ok(Status::Failed),
        Some(RefundStatus::Other(_)) => Err(ParkReason::ValueUnknown.into()),
        None if matches!(context.event.kind, EventKind::RefundFailed(_)) => Ok(Status::Failed),
        Some(RefundStatus::RequiresAction) => Ok(Status::RequiresAction),
        Some(RefundStatus::Pending) | None => Ok(Status::Pending),
    }
}
