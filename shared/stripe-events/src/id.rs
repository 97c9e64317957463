//! Identifiers of Stripe's that the ledger does not know, under the ledger's rule for ids.

use primitives::id_type;
pub use primitives::{InvoiceId, PriceId};

id_type!(ChargeId, "charge id", "One attempt to take a payment (`ch_…`).");
id_type!(CheckoutSessionId, "checkout session id", "A checkout session (`cs_…`).");
id_type!(
    ConnectedAccountId,
    "connected account id",
    "A connected account (`acct_…`) that an event is about."
);
id_type!(EventId, "event id", "An event (`evt_…`): the same in every delivery of it.");
id_type!(InvoiceLineId, "invoice line id", "A line of an invoice (`il_…`).");
