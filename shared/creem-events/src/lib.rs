//! Creem webhooks: the signature over raw bytes, and the few facts that Makegood takes from an event.
//!
//! Raw bytes and the request's [`SignatureHeaders`] go into [`verify`], a [`SignedByCreem`] comes out; only
//! from that can [`parse`] make a [`CreemEvent`]. All but an object's id is optional, a link is an id or the
//! object itself, an instant comes in milliseconds or as RFC 3339, and each enum is open: Creem's own types
//! have changed in all of these.
//!
//! Bounds: [`CREEM_PAYLOAD_BYTES_MAX`], the lengths of the headers, and the number of signatures and secrets
//! limit the work of one call. Nothing in this crate reads a clock, the environment or the network.
//! Source of the shapes: <https://docs.creem.io/code/webhooks> and Creem's own SDK (npm `creem` 1.13.0).

mod buyer;
mod checkout;
mod dispute;
mod event;
mod id;
mod links;
mod lookup;
mod object;
mod refund;
mod secret;
mod signature;
mod subscription;
mod transaction;

pub use checkout::{CreemBilling, CreemCheckout, CreemOrder, CreemOrderStatus};
pub use dispute::CreemDispute;
pub use event::{CREEM_EVENT_TYPES, CreemEvent, CreemEventKind, SubscriptionMove, UnreadableEvent, parse};
pub use id::{CheckoutId, CreemEventId, CreemProductId, OrderId};
pub use links::LinkedCheckout;
pub use lookup::{FetchedTransaction, TransactionLookup};
pub use object::{CreemMode, UnreadableObject};
pub use refund::{CreemRefund, CreemRefundReason, CreemRefundStatus};
pub use secret::CreemSecrets;
pub use signature::{
    CREEM_PAYLOAD_BYTES_MAX, CreemSignatureError, STANDARD_TOLERANCE_S, SignatureHeaders, SignatureScheme,
    SignedByCreem, sign, sign_standard, verify,
};
pub use subscription::{CreemItem, CreemSubscription, CreemSubscriptionStatus, LinkedSubscription};
pub use transaction::{CreemTransaction, TransactionStatus, TransactionType};

#[cfg(test)]
mod tests;
