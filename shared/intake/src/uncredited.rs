//! Paid purchases that cannot be credited: the promise about their credits is noted, once, whichever event
//! reported the purchase (`S2-21`). The case begins when the promise is broken.

use ledger::{AccountId, Buyer, Money, PaymentId, ProductId, Timestamp};
use policy_documents::documents;
use purchase_lines::{Bought, Sold};
use refunds::{Charge, Lead, LeadStore, LeadSubject, Pack, UncreditedPurchase, credit_promise};

use crate::context::{EarlyExit, EventContext};
use crate::outcome::EventOutcome;

/// What is known of a purchase whose credits wait.
#[derive(Debug)]
pub struct WaitingPurchase {
    pub account: AccountId,
    pub payment: PaymentId,
    pub paid: Money,
    pub charged_at: Timestamp,
    pub buyer: Buyer,
    /// The subscription's charge that it is.
    pub charge: Option<Charge>,
}

/// Whether the credits of an event that ended like this wait: for a person, or for what is fetched.
pub fn is_waiting(outcome: &Result<EventOutcome, EarlyExit>) -> bool {
    let known = match outcome {
        Ok(outcome) | Err(EarlyExit::Known(outcome)) => outcome,
        Err(EarlyExit::Failed(_)) => return false,
    };
    matches!(known, EventOutcome::Parked(_) | EventOutcome::Lookup(_))
}

/// The credits are there after their lines were fetched: nothing is left of the promise that was noted
/// meanwhile.
pub async fn settle_promise(
    context: &EventContext<'_>,
    (account, payment): (&AccountId, &PaymentId),
    charged_at: Timestamp,
) -> Result<(), EarlyExit> {
    if !context.looked_up {
        return Ok(());
    }
    if !context.is_fresh() {
        context.settle_late((account, payment), charged_at).await?;
    }
    // The sweep would open a case about it: the payment may be recorded under another id.
    context.tables.forget(&Lead::id_of_uncredited(account, payment)).await?;
    Ok(())
}

/// The lines that were fetched bring no credits: nothing was promised.
pub async fn forget_promise(
    context: &EventContext<'_>,
    account: &AccountId,
    payments: impl IntoIterator<Item = PaymentId>,
) -> Result<(), EarlyExit> {
    // Later its case is open, and a person's.
    if context.looked_up && context.is_fresh() {
        for payment in payments {
            context.tables.forget(&Lead::id_of_uncredited(account, &payment)).await?;
        }
    }
    Ok(())
}

/// Notes the purchase, if something was paid for it or it brings credits. `bought` is what its lines say, as
/// far as they are known.
pub async fn note_promise(
    context: &EventContext<'_>,
    waiting: WaitingPurchase,
    bought: Option<&Bought>,
) -> Result<(), EarlyExit> {
    let WaitingPurchase { account, payment, paid, charged_at, buyer, charge } = waiting;
    // What the customer's balance paid brings credits as well.
    if paid.is_zero() && bought.is_none_or(|bought| bought.purchases.is_empty()) {
        return Ok(());
    }
    let product = bought.and_then(Bought::product).cloned();
    let pack = match bought.map(|bought| bought.purchases.as_slice()) {
        Some([only]) if only.sold == Sold::Pack => {
            Some(Pack { price: only.price.clone(), credits: only.credits })
        }
        _ => None,
    };
    let promise = credit_promise(documents(), product.as_ref().map(ProductId::as_str), charged_at);
    let Some((_, due_at)) = promise else { return Ok(()) };
    let subject = LeadSubject::Uncredited(UncreditedPurchase {
        payment,
        product,
        pack,
        charge,
        paid,
        charged_at,
        buyer,
    });
    context.tables.note(&Lead { account, subject, since: due_at, due_at: Some(due_at) }).await?;
    Ok(())
}
