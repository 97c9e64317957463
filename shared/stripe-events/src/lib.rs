//! Stripe webhooks: the signature over raw bytes, and the few facts that Makegood takes from an event.
//!
//! Raw bytes and the `Stripe-Signature` header go into [`verify`], a [`Verified`] comes out; only from
//! that can [`parse`] make an [`Event`]. What an event says is read through an ordered list of places, the
//! newest API version's first and the one before 2025-03-31 second, so that both give the same fact.
//!
//! Bounds: [`PAYLOAD_BYTES_MAX`], [`HEADER_BYTES_MAX`], [`SIGNATURES_MAX`] and [`SECRETS_MAX`] limit the
//! work of one call; JSON nested deeper than the few levels that are read is skipped without recursion.
//! Nothing in this crate reads a clock, the environment or the network.

mod buyer;
mod charge;
mod checkout;
mod credit_note;
mod dispute;
mod event;
mod fraud_warning;
mod id;
mod invoice;
mod lookup;
mod payment_intent;
mod preview;
mod quantity;
mod refund;
mod secret;
mod signature;
mod subscription;
mod wire;

pub use charge::ChargeObject;
pub use checkout::{CheckoutLine, CheckoutMode, CheckoutPaymentStatus, CheckoutSession};
pub use credit_note::{CreditNoteKind, CreditNoteObject, CreditNoteStatus};
pub use dispute::{DisputeMovement, DisputeObject, DisputeStatus};
pub use event::{EVENT_TYPES, Event, EventKind, Unreadable, parse};
pub use fraud_warning::FraudWarningObject;
pub use id::{ChargeId, CheckoutSessionId, ConnectedAccountId, EventId, InvoiceId, InvoiceLineId, PriceId};
pub use invoice::{
    BillingReason, InvoiceLine, InvoicePaid, InvoicePayment, InvoicePaymentStatus, InvoicePreview,
    PaidInvoice, PaymentSource,
};
pub use lookup::{Fetched, Lookup};
pub use payment_intent::PaymentIntent;
pub use primitives::{BillingPeriod, Quantity};
pub use provider_wire::{Metadata, SECRETS_MAX, SigningSecretError};
pub use refund::{RefundFailureReason, RefundObject, RefundStatus};
pub use secret::SigningSecrets;
pub use signature::{
    HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX, SIGNATURES_MAX, SignatureError, TOLERANCE_S, Verified, sign, verify,
};
pub use subscription::{CancellationReason, SubscriptionObject, SubscriptionStatus};

#[cfg(test)]
mod tests;
