//! Payments that brought no credits: a company may sell other things through the same provider. A note
//! of each lets the webhook ignore its refunds and disputes. Without the note they would wait an hour for a
//! purchase that never comes, and then call a person.

use ledger::PaymentId;

use crate::context::{EarlyExit, EventContext};
use crate::outcome::{EventOutcome, Ignored};

/// Notes `payments` if the event of their purchase is ignored because it brings no credits.
pub async fn note_payments(
    context: &EventContext<'_>,
    granted: &Result<EventOutcome, EarlyExit>,
    payments: impl IntoIterator<Item = PaymentId>,
) -> Result<(), EarlyExit> {
    if brings_none(granted) {
        for payment in payments {
            context.tables.note_without_credits(&payment, context.now).await?;
        }
    }
    Ok(())
}

/// Whether the event of a purchase is ignored because it brings no credits.
pub fn brings_none(granted: &Result<EventOutcome, EarlyExit>) -> bool {
    let (Ok(outcome) | Err(EarlyExit::Known(outcome))) = granted else { return false };
    matches!(outcome, EventOutcome::Ignored(Ignored::OtherProduct | Ignored::NoPurchase | Ignored::NoCredits))
}

/// What to do about a refund, a dispute or a fraud warning of a payment that is not recorded: nothing if it
/// brought no credits. `None` if nothing is known of it.
pub async fn outcome_of(
    context: &EventContext<'_>,
    payment: &PaymentId,
) -> Result<Option<EventOutcome>, EarlyExit> {
    let is_known = context.tables.is_without_credits(payment).await?;
    Ok(is_known.then_some(EventOutcome::Ignored(Ignored::NoCredits)))
}
