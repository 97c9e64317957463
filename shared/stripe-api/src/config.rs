//! What a client is made of, checked once at the start.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use tokio_rustls::rustls;

/// Stripe's own API.
pub const API_BASE_URL: &str = "https://api.stripe.com";

/// The version whose shapes this crate reads, sent with every call so that an upgrade of the account
/// changes nothing here.
pub const API_VERSION: &str = "2026-10-28.endive";

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StripeConfigError {
    /// The base URL is not `https://host[:port]`.
    #[error("stripe's base URL `{url}` is not of the form `https://host[:port]`")]
    BaseUrl {
        /// The text that was given, without what stands before an `@`.
        url: String,
    },
    /// The base URL is not encrypted and leads off this machine.
    #[error("stripe's base URL `{url}` must begin with `https://`; `http://` is for loopback hosts only")]
    Unencrypted {
        /// The text that was given.
        url: String,
    },
    /// The secret key is empty.
    #[error("stripe's secret key is empty")]
    KeyEmpty,
    /// The secret key has a character that no key has: a space, a line break, or one outside ASCII.
    #[error("stripe's secret key has a character that is not printable ASCII")]
    KeyCharacter,
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
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

/// How long one call may take: at most the sum of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the address, the connection and the TLS handshake; nothing has been sent until then.
    pub connect: Duration,
    /// For the request and the whole answer; its outcome is unknown when this runs out.
    pub answer: Duration,
}

impl Default for Timeouts {
    /// 3 s and 20 s: a refund takes Stripe about a second, and a listing and a refund together stay
    /// below a function's timeout of one minute.
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), answer: Duration::from_secs(20) }
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

/// A base URL, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    pub(crate) encrypted: bool,
    /// Without brackets around an IPv6 address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The `Host` header.
    pub(crate) authority: String,
}

impl BaseUrl {
    pub(crate) fn parse(url: &str) -> Result<Self, StripeConfigError> {
        // What stands before an `@` may be a secret.
        let shown = || url.rsplit('@').next().unwrap_or_default().to_owned();
        let malformed = || StripeConfigError::BaseUrl { url: shown() };
        let uri: Uri = url.parse().map_err(|_| malformed())?;
        let authority = uri.authority().ok_or_else(malformed)?;
        if authority.as_str().contains('@') || uri.path() != "/" || uri.query().is_some() {
            return Err(malformed());
        }
        let host = uri.host().ok_or_else(malformed)?.trim_matches(['[', ']']).to_owned();
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if is_loopback(&host) => false,
            Some("http") => return Err(StripeConfigError::Unencrypted { url: shown() }),
            _ => return Err(malformed()),
        };
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { encrypted, host, port, authority: authority.as_str().to_owned() })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_hosts_are_reached_without_tls() {
        for (url, expected) in [
            ("https://api.stripe.com", Some((true, "api.stripe.com", 443))),
            ("https://api.stripe.com/", Some((true, "api.stripe.com", 443))),
            ("https://127.0.0.1:8443", Some((true, "127.0.0.1", 8443))),
            ("http://127.0.0.1:12111", Some((false, "127.0.0.1", 12111))),
            ("http://127.8.9.10", Some((false, "127.8.9.10", 80))),
            ("http://localhost:12111", Some((false, "localhost", 12111))),
            ("http://[::1]:12111", Some((false, "::1", 12111))),
            ("http://api.stripe.com", None),
            ("http://localhost.example.com", None),
            ("http://10.0.0.1", None),
            ("http://127.0.0.1.example.com", None),
            ("http://127.0.0.1@example.com", None),
            ("https://user:pass@api.stripe.com", None),
            ("https://api.stripe.com/v1", None),
            ("https://api.stripe.com?a=b", None),
            ("ftp://127.0.0.1", None),
            ("api.stripe.com", None),
            ("", None),
        ] {
            let read = BaseUrl::parse(url).ok();
            let read = read.as_ref().map(|base| (base.encrypted, base.host.as_str(), base.port));
            assert_eq!(read, expected, "{url}");
        }
    }

    #[test]
    fn errors_show_no_credentials() {
        for url in ["https://user:hidden@api.stripe.com", "http://hidden@example.com"] {
            let error = BaseUrl::parse(url).unwrap_err();
            assert!(!error.to_string().contains("hidden"), "{error}");
            assert!(!format!("{error:?}").contains("hidden"), "{error:?}");
        }
    }

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
