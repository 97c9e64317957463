//! A payment by any name of it that the customer has in hand.

use lambda::http::Problem;
use ledger::PaymentId;

use crate::input::id;

/// The name as it is recorded: receipts write `#1234-5678`, and the numbers of invoices are in capitals,
/// unlike Stripe's ids.
pub(crate) fn read(text: Option<&str>) -> Result<Option<PaymentId>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let name = text.trim().trim_start_matches('#');
    let name = if name.contains('_') { name.to_owned() } else { name.to_ascii_uppercase() };
    id("#/payment", Some(&name))
}
