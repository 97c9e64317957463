//! How a payment provider is called: one request on a connection of its own, one answer of bounded size and
//! time.
//!
//! Nothing is retried, redirected, proxied or pooled here, so a connection that died while the function was
//! frozen cannot be mistaken for a lost answer. Bounds: [`Timeouts`] limit each call; an answer has at most
//! 1 MiB. Nothing in this crate reads a clock or the environment, or knows which provider it calls.

mod base_url;
mod error;
mod transport;

pub use base_url::{BaseUrl, BaseUrlError};
pub use error::{ExchangeError, TookEffect, TransportError};
pub use transport::{HttpAnswer, Timeouts, Transport};
