//! What payment providers send, before it means anything: JSON that may have any shape, open enums, metadata,
//! signing secrets and MACs.
//!
//! Bytes go in, leaves with their paths come out; a value that is not what it has to be becomes a [`Fault`]
//! that names the field and nothing of the payload. Bounds: a text has at most 1024 bytes, metadata at most
//! 50 pairs, an endpoint at most [`SECRETS_MAX`] secrets. Nothing here reads a clock, the environment or the
//! network; the feature `timing` measures checks of signatures for tests.

mod json;
mod link;
mod mac;
mod metadata;
mod open_enum;
mod secret;
#[cfg(feature = "timing")]
pub mod timing;

pub use json::{Fault, List, Nest, Object, Scalar, money, required};
pub use link::Link;
pub use mac::{MAC_BYTES, mac_as_hex, mac_from_hex};
pub use metadata::{Metadata, MetadataField};
pub use secret::{SECRETS_MAX, SigningSecretError, check_secret};
