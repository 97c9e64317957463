//! Reading the invoices that Stripe only previews.

use crate::invoice::{InvoicePreview, PreviewWire};

impl InvoicePreview {
    /// Reads Stripe's JSON; `None` if it is not such an invoice, or does not have all of its lines.
    pub fn read(json: &str) -> Option<Self> {
        let wire: PreviewWire<'_> = serde_json::from_str(json).ok()?;
        wire.fact().ok()
    }
}
