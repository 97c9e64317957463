//! Credit notes: what one gives back of an invoice without a refund, to the customer's balance or outside of
//! Stripe, counts as given back of the invoice's payment (`B19`). A refund of a note reports itself.

use intake::{EarlyExit, EventContext, EventOutcome, Ignored, ParkReason, adopt_refund};
use ledger::PaymentId;
use ledger_dynamodb::ExternalRefund;
use stripe_events::{CreditNoteObject, CreditNoteStatus};

/// A credit note as of the event.
pub(crate) async fn apply_credit_note(
    context: &EventContext<'_>,
    note: &CreditNoteObject,
) -> Result<EventOutcome, EarlyExit> {
    let failed = match note.status {
        CreditNoteStatus::Issued => false,
        CreditNoteStatus::Void => true,
        CreditNoteStatus::Other(_) => return Err(ParkReason::ValueUnknown.into()),
    };
    // How much of it was refunded is not said: a person looks at the note.
    let amount = note.beside_refunds.ok_or(ParkReason::ValueUnknown)?;
    if amount.is_zero() {
        // Its refunds report themselves, and what lowers an open invoice gives nothing back.
        return Ok(EventOutcome::Ignored(Ignored::NoCredits));
    }
    let by_invoice = PaymentId::new(note.invoice.as_str()).map_err(|_| ParkReason::PaymentUnknown)?;
    let payment = context.tables.credited_invoice(&note.invoice).await?.unwrap_or(by_invoice);
    let (id, made_at) = (note.id.clone(), note.created);
    adopt_refund(context, ExternalRefund { id, payment, amount, made_at, failed }).await
}
