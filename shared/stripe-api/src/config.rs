//! What a client is made of, checked once at the start.

use std::fmt;

use hyper::header::HeaderValue;
use provider_http::{BaseUrlError, Timeouts, TransportError};

/// Stripe's own API.
pub const API_BASE_URL: &str = "https://api.stripe.com";

/// The version whose shapes this crate reads, sent with every call so that an upgrade of the account
/// changes nothing here.
pub const API_VERSION: &str = "2026-10-28.endive";

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StripeConfigError {
    /// Stripe cannot be where the base URL says.
    #[error("stripe's base URL cannot be used")]
    BaseUrl(#[from] BaseUrlError),
    /// The secret key is empty.
    #[error("stripe's secret key is empty")]
    KeyEmpty,
    /// The secret key has a character that no key has: a space, a line break, or one outside ASCII.
    #[error("stripe's secret key has a character that is not printable ASCII")]
    KeyCharacter,
    /// The connection cannot be set up.
    #[error("the connection to stripe cannot be set up")]
    Transport(#[from] TransportError),
}

/// Stripe's secret key; its `Debug` is redacted and it has no `Display`.
#[derive(Clone)]
pub struct SecretKey(HeaderValue);

impl SecretKey {
    /// Checks `key`: printable ASCII without spaces.
    pub fn new(key: &str) -> Result<Self, StripeConfigError> {
        if key.is_empty() {
            return Err(StripeConfigError::KeyEmpty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(StripeConfigError::KeyCharacter);
        }
        let mut bearer =
            HeaderValue::try_from(format!("Bearer {key}")).map_err(|_| StripeConfigError::KeyCharacter)?;
        bearer.set_sensitive(true);
        Ok(Self(bearer))
    }

    /// The `Authorization` header.
    pub(crate) fn bearer(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(redacted)")
    }
}

/// Where Stripe is and who calls.
#[derive(Debug, Clone)]
pub struct StripeConfig {
    /// [`API_BASE_URL`], or a stand-in on this machine.
    pub base_url: String,
    /// The account's secret key.
    pub secret_key: SecretKey,
    /// How long one call may take.
    pub timeouts: Timeouts,
}

/// In place of the key, until a function fetches it for its first call.
const UNSET_KEY: &str = "unset";

impl StripeConfig {
    /// Stripe, or the stand-in at `base_url`, without the account's key. A function sets the key before its
    /// first call, so that it is never older than the cache allows.
    pub fn without_key(base_url: Option<String>) -> Result<Self, StripeConfigError> {
        Ok(Self {
            base_url: base_url.unwrap_or_else(|| API_BASE_URL.to_owned()),
            secret_key: SecretKey::new(UNSET_KEY)?,
            timeouts: Timeouts::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a9_blank_keys_are_refused_and_good_ones_are_never_shown() {
        assert!(matches!(SecretKey::new(""), Err(StripeConfigError::KeyEmpty)));
        for key in [" ", "sk_test_1\n", "sk test", "sk_tést", "sk\0"] {
            assert!(matches!(SecretKey::new(key), Err(StripeConfigError::KeyCharacter)), "{key:?}");
        }
        let key = SecretKey::new("sk_test_hidden").unwrap();
        let config = StripeConfig {
            base_url: API_BASE_URL.to_owned(),
            secret_key: key.clone(),
            timeouts: Timeouts::default(),
        };
        assert!(!format!("{config:?} {:?}", key.bearer()).contains("hidden"));
    }
}
