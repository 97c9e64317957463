//! Early fraud warnings: the card's issuer warns that a payment may be fraudulent, most often before it is
//! disputed. Each is a lead of a case, which is also its record: nothing of it changes money or credits.

use intake::{EarlyExit, EventContext, EventOutcome, ParkReason, leads, without_credits};
use refunds::{Occasion, Reported};
use stripe_events::FraudWarningObject;

use crate::payment_names;

/// A warning as of the event.
pub(crate) async fn apply_fraud_warning(
    context: &EventContext<'_>,
    warning: &FraudWarningObject,
) -> Result<EventOutcome, EarlyExit> {
    let (named, charge) = (warning.payment.as_ref(), warning.charge.as_ref());
    let Some(payment) = payment_names::payment_of(context, named, charge).await? else {
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    };
    let purchases = context.purchases(&payment).await?;
    if purchases.is_empty() {
        return match without_credits::outcome_of(context, &payment).await? {
            Some(ignored) => Ok(ignored),
            None => Ok(context.defer_or_park(ParkReason::PaymentUnknown)),
        };
    }
    let mut is_news = false;
    for payment in &purchases {
        lambda::log::account(&payment.account);
        let occasion = Occasion::FraudWarning(warning.id.clone());
        let kind = warning.fraud_type.clone();
        let reported = Reported::FraudWarning { kind, actionable: warning.actionable };
        is_news |= leads::note_report(context, payment, occasion, reported).await?;
    }
    Ok(EventOutcome::of_news(is_news))
}
