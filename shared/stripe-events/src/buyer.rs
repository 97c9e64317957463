//! What an event says of the buyer. It never keeps a purchase from its credits: what is missing, or has
//! another form than is known, is unknown.

use primitives::{Buyer, CountryCode};
use provider_wire::Metadata;
use serde::Deserialize;

use crate::wire::{List, Object, Scalar};

/// The key of a checkout's custom field, and of the session's metadata, about the consent to begin at once
/// and to lose the right to withdraw by it.
const WAIVER_KEY: &str = "withdrawal_waiver";
/// What the drop-down field says where the buyer consents.
const WAIVER_ACCEPTED: &str = "accepted";
/// What the metadata says where the terms of service that the buyer accepts at the checkout hold that
/// consent.
const WAIVER_IN_TERMS: &str = "terms_of_service";

#[derive(Deserialize)]
pub(crate) struct AddressWire<'a> {
    #[serde(borrow, default)]
    country: Scalar<'a>,
}

/// `customer_details` of a checkout session.
#[derive(Deserialize)]
pub(crate) struct DetailsWire<'a> {
    #[serde(borrow, default)]
    address: Object<AddressWire<'a>>,
    #[serde(borrow, default)]
    tax_ids: List<TaxIdWire<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct TaxIdWire<'a> {
    #[serde(rename = "type", borrow, default)]
    _kind: Scalar<'a>,
}

/// `consent` of a checkout session.
#[derive(Deserialize)]
pub(crate) struct ConsentWire<'a> {
    #[serde(borrow, default)]
    terms_of_service: Scalar<'a>,
}

/// One of `custom_fields` of a checkout session.
#[derive(Deserialize)]
pub(crate) struct FieldWire<'a> {
    #[serde(borrow, default)]
    key: Scalar<'a>,
    #[serde(borrow, default)]
    dropdown: Object<ValueWire<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct ValueWire<'a> {
    #[serde(borrow, default)]
    value: Scalar<'a>,
}

/// The buyer of a checkout session.
pub(crate) fn of_session(
    details: &Object<DetailsWire<'_>>,
    consent: &Object<ConsentWire<'_>>,
    fields: &List<FieldWire<'_>>,
    metadata: &Metadata,
) -> Buyer {
    let details = details.get();
    let accepted = consent.get().and_then(|consent| word(&consent.terms_of_service)) == Some("accepted");
    let in_terms = accepted && metadata.get(WAIVER_KEY) == Some(WAIVER_IN_TERMS);
    let in_field = fields.items().iter().any(|field| {
        let value = field.dropdown.get().and_then(|dropdown| word(&dropdown.value));
        word(&field.key) == Some(WAIVER_KEY) && value == Some(WAIVER_ACCEPTED)
    });
    Buyer {
        billing_country: details.and_then(|details| country(&details.address)),
        card_country: None,
        business: details.map(|details| !details.tax_ids.items().is_empty()),
        // A completed checkout is the whole record of its consent: what is not in it was not given.
        withdrawal_waived: Some(in_terms || in_field),
    }
}

/// The buyer of an invoice, by the customer as of its finalization.
pub(crate) fn of_invoice(address: &Object<AddressWire<'_>>, tax_ids: Option<&List<TaxIdWire<'_>>>) -> Buyer {
    Buyer {
        billing_country: country(address),
        card_country: None,
        business: tax_ids.map(|tax_ids| !tax_ids.items().is_empty()),
        withdrawal_waived: None,
    }
}

fn country(address: &Object<AddressWire<'_>>) -> Option<CountryCode> {
    CountryCode::new(word(&address.get()?.country)?).ok()
}

fn word<'w>(scalar: &'w Scalar<'_>) -> Option<&'w str> {
    scalar.text("").ok().flatten()
}
