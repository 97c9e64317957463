//! Identifiers of Creem's that the ledger does not know, under the ledger's rule for ids. A transaction
//! (`tran_…`) is a payment here, and has the ledger's own type.

use primitives::id_type;

id_type!(CheckoutId, "checkout id", "A checkout (`ch_…`).");
id_type!(CreemEventId, "event id", "An event (`evt_…`): the same in every delivery of it.");
id_type!(
    CreemProductId,
    "product id",
    "A product that is sold through Creem (`prod_…`), with its one price."
);
id_type!(OrderId, "order id", "An order (`ord_…`): what a checkout has sold.");
