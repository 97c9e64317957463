//! Paid purchases that cannot be credited: the promise about their credits is noted, once, whichever event
//! told of the purchase (`S2-21`). The case begins when the promise is broken.

use ledger::{AccountId, Buyer, Money, PaymentId, ProductId, Timestamp};
use policy_documents::documents;
use refunds::{About, Charge, Lead, LeadStore, Pack, Uncredited, credit_promise};

use crate::apply::{Apply, Stop};
use crate::outcome::Outcome;
use crate::purchase::{Bought, Sold};

/// What is known of a purchase whose credits wait.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) account: AccountId,
    pub(crate) payment: PaymentId,
    pub(crate) paid: Money,
    pub(crate) charged_at: Timestamp,
    pub(crate) buyer: Buyer,
    /// The subscription's charge that it is.
    pub(crate) charge: Option<Charge>,
}

/// Whether the credits of an event that ended like this wait: for a person, or for what is fetched.
pub(crate) fn waits(outcome: &Result<Outcome, Stop>) -> bool {
    let known = match outcome {
        Ok(outcome) | Err(Stop::Known(outcome)) => outcome,
        Err(Stop::Failed(_)) => return false,
    };
    matches!(known, Outcome::Parked(_) | Outcome::Lookup(_))
}

/// The credits are there after their lines were fetched: nothing is left of the promise that was noted
/// meanwhile.
pub(crate) async fn landed(
    apply: &Apply<'_>,
    (account, payment): (&AccountId, &PaymentId),
    charged_at: Timestamp,
) -> Result<(), Stop> {
    if !apply.looked_up {
        return Ok(());
    }
    if apply.is_fresh() {
        apply.tables.forget(&Lead::id_of_uncredited(account, payment)).await?;
        return Ok(());
    }
    apply.settle_late((account, payment), charged_at).await
}

/// Notes the purchase, if something was paid for it. `bought` is what its lines say, as far as they are
/// known.
pub(crate) async fn note(apply: &Apply<'_>, waiting: Waiting, bought: Option<&Bought>) -> Result<(), Stop> {
    let Waiting { account, payment, paid, charged_at, buyer, charge } = waiting;
    if paid.is_zero() {
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
    let about = About::Uncredited(Uncredited { payment, product, pack, charge, paid, charged_at, buyer });
    apply.tables.note(&Lead { account, about, since: due_at, due_at: Some(due_at) }).await?;
    Ok(())
}
