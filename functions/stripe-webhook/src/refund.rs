//! Refunds: those of our own requests move the request, all others count on their payment.
//!
//! A refund that was made without a request, in Stripe's Dashboard, is counted on its payment so that all
//! refunds together stay within what was paid. Its credits are left alone: whether the customer keeps them
//! is a person's decision, which a metric asks for.

use ledger::{ExecuteError, RefundRequestId};
use ledger_dynamodb::{Adopted, Adoption};
use refunds::{RefundSeen, RefundStatus as Status, Reported, State, report};
use stripe_events::{EventKind, Refund, RefundStatus};

use crate::apply::{Apply, Stop};
use crate::names;
use crate::outcome::{Outcome, Unapplied};
use crate::without_credits;

/// The key of a refund's metadata under which refund-payout names the request.
const REQUEST_KEY: &str = "refund_request";

/// A refund as of the event.
pub(crate) async fn told(apply: &Apply<'_>, refund: &Refund) -> Result<Outcome, Stop> {
    if let Some(payment) = &refund.payment {
        names::of_charge(apply, payment, refund.charge.as_ref()).await?;
    }
    let seen = RefundSeen {
        id: refund.id.clone(),
        payment: refund.payment.clone().ok_or(Unapplied::PaymentUnknown)?,
        amount: refund.amount,
        status: status(apply, refund)?,
        failure: refund.failure_reason.as_ref().map(|reason| reason.as_str().to_owned()),
    };
    let request = refund.metadata.get(REQUEST_KEY).and_then(|id| RefundRequestId::new(id).ok());
    if let Some(request) = request {
        // A request with what is saved beside it makes a large future.
        let reported =
            Box::pin(report(apply.tables, apply.backoff, &request, &seen, apply.cause(), apply.now)).await?;
        match reported {
            Reported::Moved(state) => {
                if state == State::Failed {
                    apply.metrics.count("RefundsFailed", 1);
                    tracing::warn!("a refund failed; its request waits for a person");
                }
                tracing::info!(state = state.as_str(), "refund request");
                return Ok(Outcome::Applied);
            }
            Reported::Known(_) => return Ok(Outcome::Repeated),
            Reported::Mismatch => return Ok(Outcome::Parked(Unapplied::RefundMismatch)),
            // Metadata of somebody else's: the refund is one without a request.
            Reported::NotOurs => {}
        }
    }
    let made_at = refund.created.unwrap_or(apply.event.created);
    let failed = seen.status == Status::Failed;
    adopt(apply, Adopted { id: seen.id, payment: seen.payment, amount: seen.amount, made_at, failed }).await
}

async fn adopt(apply: &Apply<'_>, mut adopted: Adopted) -> Result<Outcome, Stop> {
    let mut adoption = apply.tables.adopt_refund(apply.backoff, &adopted).await?;
    if adoption == Adoption::UnknownPayment
        && let Some(invoice) = apply.tables.linked_payment(&adopted.payment).await?
    {
        adopted.payment = invoice;
        adoption = apply.tables.adopt_refund(apply.backoff, &adopted).await?;
    }
    match adoption {
        Adoption::Counted => {
            apply.metrics.count("RefundsAdopted", 1);
            tracing::warn!("a refund was made without a request; its credits are left to a person");
            Ok(Outcome::Applied)
        }
        Adoption::Lifted => Ok(Outcome::Applied),
        Adoption::Known => Ok(Outcome::Repeated),
        Adoption::UnknownPayment => {
            if let Some(ignored) = without_credits::ignored(apply, &adopted.payment).await? {
                return Ok(ignored);
            }
            if !adopted.failed {
                apply.tables.note_unrecorded(&adopted.payment, apply.event.id.as_str()).await?;
            }
            Ok(apply.awaited(Unapplied::PaymentUnknown))
        }
        Adoption::Exceeds => Ok(Outcome::Parked(Unapplied::RefundExceeds)),
        Adoption::Busy => Err(Stop::Failed(ExecuteError::Busy)),
    }
}

/// Some payment methods do not say how a refund stands; the event's type does.
fn status(apply: &Apply<'_>, refund: &Refund) -> Result<Status, Stop> {
    match &refund.status {
        Some(RefundStatus::Succeeded) => Ok(Status::Succeeded),
        Some(RefundStatus::Failed | RefundStatus::Canceled) => Ok(Status::Failed),
        Some(RefundStatus::Other(_)) => Err(Unapplied::ValueUnknown.into()),
        None if matches!(apply.event.kind, EventKind::RefundFailed(_)) => Ok(Status::Failed),
        Some(RefundStatus::RequiresAction) => Ok(Status::RequiresAction),
        Some(RefundStatus::Pending) | None => Ok(Status::Pending),
    }
}
