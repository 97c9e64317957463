//! What is bought: one product of Creem's, which is a price of the catalogue, in units.

use creem_events::CreemProductId;
use intake::{EarlyExit, Ignored, ParkReason};
use ledger::{Money, PriceId, Provider, Quantity};
use purchase_lines::{Bought, PaidLine, Sold, bought, find_price, is_ignored};

use ledger::BillingPeriod;

/// The price of the catalogue that a product of Creem's is.
pub(crate) fn price_of(product: &CreemProductId) -> Option<PriceId> {
    PriceId::new(product.as_str()).ok()
}

/// Whether the catalogue sells a product.
pub(crate) fn is_sold(price: &PriceId) -> bool {
    find_price(Provider::Creem, price).is_some()
}

/// What `units` of a product bring that was paid with `paid`.
pub(crate) fn bought_of(
    price: Option<&PriceId>,
    units: u64,
    paid: Money,
    period: Option<BillingPeriod>,
) -> Result<Bought, EarlyExit> {
    let quantity = Some(Quantity::whole(units));
    Ok(bought(Provider::Creem, [PaidLine { price, quantity, minor: paid.minor(), period }])?)
}

/// Why a product brings no credits: it is another one of the company's, or sold without credits, or unknown
/// although the event is one of ours.
pub(crate) fn without_credits(price: Option<&PriceId>, bought: &Bought, is_ours: bool) -> EarlyExit {
    match bought.fault {
        None if is_ignored(price) => Ignored::OtherProduct.into(),
        None => Ignored::NoCredits.into(),
        Some(_) if !bought.is_ours && !is_ours => Ignored::OtherProduct.into(),
        Some(fault) => fault.into(),
    }
}

/// Whether everything that was bought is sold in the way in which the event reports it.
pub(crate) fn check_kind(bought: &Bought, sold: Sold) -> Result<(), ParkReason> {
    let fits = bought.purchases.iter().all(|purchase| purchase.sold == sold);
    if fits { Ok(()) } else { Err(ParkReason::PriceKind) }
}
