//! The buyer of a purchase, as far as Creem says who that is.

use primitives::{Buyer, CountryCode, CustomerId};
use provider_wire::{Fault, Link, Scalar, required};
use serde::Deserialize;

/// Creem's customer, of whom the country alone is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CreemCustomer {
    pub(crate) id: CustomerId,
    pub(crate) country: Option<CountryCode>,
}

#[derive(Deserialize)]
pub(crate) struct CustomerWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    country: Scalar<'a>,
}

/// A link to a customer.
pub(crate) type CustomerLink<'a> = Link<'a, CustomerWire<'a>>;

pub(crate) fn customer(link: CustomerLink<'_>) -> Result<Option<CreemCustomer>, Fault> {
    let bare = |id| CreemCustomer { id, country: None };
    link.fact("customer", bare, |object| {
        Ok(CreemCustomer { id: required(object.id.id("id")?, "id")?, country: country(&object.country) })
    })
}

/// A country's two letters; `None` if it is anything else, which no purchase waits for.
pub(crate) fn country(scalar: &Scalar<'_>) -> Option<CountryCode> {
    CountryCode::new(scalar.text("country").ok().flatten()?).ok()
}

/// The buyer who gave Creem this country or, if none is said, is taxed in that one. Creem asks for a country
/// at each checkout, as the merchant of record. It does not say whose card was charged, nor whether the buyer
/// consented to begin at once.
pub(crate) fn buyer_of(country: Option<CountryCode>, tax_country: Option<CountryCode>) -> Buyer {
    Buyer { billing_country: country.or(tax_country), ..Buyer::default() }
}
