//! Quantities of lines, exactly as Stripe writes them.
//!
//! Stripe sends `quantity_decimal` (`"2.5"`) beside a `quantity` that is truncated (`2`); the decimal wins.

use primitives::Quantity;

use crate::wire::{Fault, Scalar};

const EXPECTED: &str = "a quantity of at least zero, with at most 12 decimals and 18 digits";

/// The first of `decimal` and `integer` that is there.
pub(crate) fn read_quantity(decimal: &Scalar<'_>, integer: &Scalar<'_>) -> Result<Option<Quantity>, Fault> {
    if let Some(text) = decimal.text("quantity_decimal")? {
        return match Quantity::parse(text) {
            Some(quantity) => Ok(Some(quantity)),
            None => Err(Fault::new("quantity_decimal", EXPECTED)),
        };
    }
    let Some(count) = integer.integer("quantity")? else { return Ok(None) };
    match u64::try_from(count) {
        Ok(count) => Ok(Some(Quantity::whole(count))),
        Err(_) => Err(Fault::new("quantity", EXPECTED)),
    }
}
