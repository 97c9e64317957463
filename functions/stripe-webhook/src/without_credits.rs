//! Payments that brought no credits: a company may sell other things through the same Stripe account. A note
//! of each lets the webhook ignore its refunds and disputes. Without the note they would wait an hour for a
//! purchase that never comes, and then call a person.

use ledger::PaymentId;

use crate::apply::{Apply, Stop};
use crate::outcome::{Ignored, Outcome};

/// Notes `payments` if the event of their purchase is ignored because it brings no credits.
pub(crate) async fn note(
    apply: &Apply<'_>,
    granted: &Result<Outcome, Stop>,
    payments: impl IntoIterator<Item = PaymentId>,
) -> Result<(), Stop> {
    let (Ok(outcome) | Err(Stop::Known(outcome))) = granted else { return Ok(()) };
    let brings_none =
        matches!(outcome, Outcome::Ignored(Ignored::OtherProduct | Ignored::NoPurchase | Ignored::NoCredits));
    if brings_none {
        for payment in payments {
            apply.tables.note_without_credits(&payment, apply.now).await?;
        }
    }
    Ok(())
}

/// What to do about a refund or a dispute of a payment that is not recorded: nothing if it brought no
/// credits. `None` if nothing is known of it.
pub(crate) async fn ignored(apply: &Apply<'_>, payment: &PaymentId) -> Result<Option<Outcome>, Stop> {
    let is_known = apply.tables.is_without_credits(payment).await?;
    Ok(is_known.then_some(Outcome::Ignored(Ignored::NoCredits)))
}
