//! What lines of one payment buy, by the price catalogue.

use ledger::{Credits, ProductId};
use policy::PriceKind;
use policy_documents::catalogue;
use stripe_events::{PriceId, Quantity};

use crate::outcome::Unapplied;

/// How a purchase is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sold {
    /// Every period.
    Subscription,
    /// Once.
    Pack,
}

/// Credits of one product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Purchase {
    /// The product.
    pub(crate) product: ProductId,
    /// The price, of the first line where there are several.
    pub(crate) price: String,
    /// How it is sold.
    pub(crate) sold: Sold,
    /// All credits.
    pub(crate) credits: Credits,
}

/// Adds up `lines`; a quantity is exact, and rounded down to whole credits line by line (C12).
pub(crate) fn purchase<'a>(
    lines: impl IntoIterator<Item = (&'a PriceId, Option<Quantity>)>,
) -> Result<Option<Purchase>, Unapplied> {
    let mut sum: Option<Purchase> = None;
    for (price, quantity) in lines {
        let line = line(price, quantity)?;
        sum = Some(match sum {
            None => line,
            Some(sum) if sum.product == line.product && sum.sold == line.sold => {
                let credits = sum.credits.plus(line.credits).map_err(|_| Unapplied::OutOfRange)?;
                Purchase { credits, ..sum }
            }
            Some(_) => return Err(Unapplied::SeveralPurchases),
        });
    }
    match sum {
        Some(Purchase { credits: Credits::ZERO, .. }) => Err(Unapplied::Quantity),
        sum => Ok(sum),
    }
}

fn line(price: &PriceId, quantity: Option<Quantity>) -> Result<Purchase, Unapplied> {
    let price = catalogue().price(price.as_str()).map_err(|_| Unapplied::PriceUnknown)?;
    let credits = quantity.ok_or(Unapplied::Quantity)?.times_rounded_down(price.credits);
    let credits = credits.and_then(|count| Credits::new(count).ok()).ok_or(Unapplied::OutOfRange)?;
    let sold = match price.kind {
        PriceKind::Subscription { .. } => Sold::Subscription,
        PriceKind::Pack => Sold::Pack,
    };
    let product = ProductId::new(price.product.as_str()).map_err(|_| Unapplied::PriceUnknown)?;
    Ok(Purchase { product, price: price.id.clone(), sold, credits })
}
