//! What a client is made of, checked once at the start.

use std::fmt;

use hyper::header::HeaderValue;
use provider_http::{BaseUrl, BaseUrlError, Timeouts, TransportError};

/// Creem's own API, for real money.
pub const CREEM_API_BASE_URL: &str = "https://api.creem.io";
/// Creem's own API of its test mode.
pub const CREEM_TEST_API_BASE_URL: &str = "https://test-api.creem.io";

/// How the keys of the test mode begin.
const TEST_KEY_PREFIX: &str = "creem_test_";
/// In place of the key, until a function fetches it for its first call.
const UNSET_KEY: &str = "unset";

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum CreemConfigError {
    /// Creem cannot be where the base URL says.
    #[error("creem's base URL cannot be used")]
    BaseUrl(#[from] BaseUrlError),
    /// The host of one mode with the other mode.
    #[error("creem's host `{host}` is not that of the {} mode", if *.live { "live" } else { "test" })]
    Mode {
        host: String,
        /// Which mode was asked for.
        live: bool,
    },
    /// A key of the test mode in live.
    #[error("creem's key is one of the test mode")]
    TestKey,
    #[error("creem's key is empty")]
    KeyEmpty,
    /// The key has a character that no key has: a space, a line break, or one outside ASCII.
    #[error("creem's key has a character that is not printable ASCII")]
    KeyCharacter,
    /// The connection cannot be set up.
    #[error("the connection to creem cannot be set up")]
    Transport(#[from] TransportError),
}

/// Creem's API key; its `Debug` is redacted and it has no `Display`.
#[derive(Clone)]
pub struct CreemKey {
    header: HeaderValue,
    is_test: bool,
}

impl CreemKey {
    /// Checks `key`: printable ASCII without spaces.
    pub fn new(key: &str) -> Result<Self, CreemConfigError> {
        if key.is_empty() {
            return Err(CreemConfigError::KeyEmpty);
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CreemConfigError::KeyCharacter);
        }
        let mut header = HeaderValue::try_from(key).map_err(|_| CreemConfigError::KeyCharacter)?;
        header.set_sensitive(true);
        Ok(Self { header, is_test: key.starts_with(TEST_KEY_PREFIX) })
    }

    /// The `x-api-key` header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// A live client takes no key of the test mode; whether another one is right is for Creem to say.
    pub(crate) fn check_mode(&self, live: bool) -> Result<(), CreemConfigError> {
        if live && self.is_test { Err(CreemConfigError::TestKey) } else { Ok(()) }
    }
}

impl fmt::Debug for CreemKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CreemKey(redacted)")
    }
}

/// Where Creem is, who calls, and whether it is about real money.
#[derive(Debug, Clone)]
pub struct CreemConfig {
    /// [`CREEM_API_BASE_URL`], [`CREEM_TEST_API_BASE_URL`], or a stand-in on this machine.
    pub base_url: String,
    pub key: CreemKey,
    /// Whether it is about real money.
    pub live: bool,
    /// How long one call may take.
    pub timeouts: Timeouts,
}

impl CreemConfig {
    /// Creem in this mode, or the stand-in at `base_url`, without a key. A function sets the key before its
    /// first call, so that it is never older than the cache allows.
    pub fn without_key(base_url: Option<String>, live: bool) -> Result<Self, CreemConfigError> {
        let own = if live { CREEM_API_BASE_URL } else { CREEM_TEST_API_BASE_URL };
        Ok(Self {
            base_url: base_url.unwrap_or_else(|| own.to_owned()),
            key: CreemKey::new(UNSET_KEY)?,
            live,
            timeouts: Timeouts::default(),
        })
    }

    /// The base URL, if it is one of this mode: real money is at the live host and nowhere else, and nothing
    /// else is there.
    pub(crate) fn base(&self) -> Result<BaseUrl, CreemConfigError> {
        let base = BaseUrl::parse(&self.base_url)?;
        let is_live_host = Some(base.host.as_str()) == CREEM_API_BASE_URL.strip_prefix("https://");
        if is_live_host != self.live {
            return Err(CreemConfigError::Mode { host: base.host, live: self.live });
        }
        self.key.check_mode(self.live)?;
        Ok(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(base_url: &str, live: bool, key: &str) -> Result<String, CreemConfigError> {
        let key = CreemKey::new(key)?;
        let config = CreemConfig { base_url: base_url.to_owned(), key, live, timeouts: Timeouts::default() };
        config.base().map(|base| base.host)
    }

    #[test]
    fn a11_creem_the_host_the_key_and_the_mode_are_one_unit() {
        for (url, live, ok) in [
            (CREEM_API_BASE_URL, true, true),
            (CREEM_API_BASE_URL, false, false),
            (CREEM_TEST_API_BASE_URL, false, true),
            (CREEM_TEST_API_BASE_URL, true, false),
            ("http://127.0.0.1:4000", false, true),
            ("http://127.0.0.1:4000", true, false),
            ("https://api.creem.io.example.com", true, false),
        ] {
            assert_eq!(base(url, live, "creem_1").is_ok(), ok, "{url} {live}");
            let own = CreemConfig::without_key(Some(url.to_owned()), live).unwrap();
            assert_eq!(own.base().is_ok(), ok, "{url} {live}");
        }
        assert!(matches!(base(CREEM_API_BASE_URL, true, "creem_test_1"), Err(CreemConfigError::TestKey)));
        assert!(base(CREEM_TEST_API_BASE_URL, false, "creem_test_1").is_ok());
        for live in [true, false] {
            assert!(CreemConfig::without_key(None, live).unwrap().base().is_ok());
        }
    }

    #[test]
    fn a9_creem_blank_keys_are_refused_and_good_ones_are_never_shown() {
        assert!(matches!(CreemKey::new(""), Err(CreemConfigError::KeyEmpty)));
        for key in [" ", "creem_1\n", "creem 1", "creem_é", "creem\0"] {
            assert!(matches!(CreemKey::new(key), Err(CreemConfigError::KeyCharacter)), "{key:?}");
        }
        let key = CreemKey::new("creem_hidden").unwrap();
        assert!(!format!("{key:?} {:?}", key.header()).contains("hidden"));
    }
}
