//! Secrets: fetched when first needed, kept for five minutes, and used for up to a day when the source
//! does not answer.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use primitives::Timestamp;
use serde::Deserialize;

mod rolled;
#[cfg(feature = "secrets")]
mod secrets_manager;

pub use rolled::RolledSecret;
#[cfg(feature = "secrets")]
pub use secrets_manager::SecretsManager;

/// A rotated secret is in use within this time.
const AGE_S_MAX: i64 = 5 * 60;
/// Stripe keeps a rolled secret valid for up to 24 hours (<https://docs.stripe.com/webhooks#roll-endpoint-secrets>):
/// what was right within that time may still be right.
const STALE_S_MAX: i64 = 24 * 60 * 60;
/// While the source does not answer, one invocation in this time waits for it and the others do not.
const RETRY_S: i64 = 30;

/// A text that never appears in logs: its `Debug` is redacted and it has no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(redacted)")
    }
}

/// Why a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The source did not give the secret.
    #[error("secret `{id}` cannot be fetched")]
    Unavailable {
        /// Which secret.
        id: String,
        /// What the source said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The secret is not a JSON object of texts.
    #[error("secret `{id}` is not a JSON object of texts")]
    Malformed {
        /// Which secret.
        id: String,
    },
    /// A field is absent or empty.
    #[error("secret has no field `{field}`")]
    MissingField { field: &'static str },
    /// A field begins or ends with white space, which a paste adds and no key has.
    #[error("field `{field}` of the secret begins or ends with white space")]
    Whitespace { field: &'static str },
}

/// The named fields of one secret, like `current` and `previous`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretFields(BTreeMap<String, Secret>);

impl SecretFields {
    /// Reads a JSON object of texts, the form in which `id` is stored.
    pub fn from_json(id: &str, text: &str) -> Result<Self, SecretError> {
        let fields: BTreeMap<String, Plain> =
            serde_json::from_str(text).map_err(|_| SecretError::Malformed { id: id.to_owned() })?;
        Ok(Self(fields.into_iter().map(|(name, Plain(text))| (name, Secret(text))).collect()))
    }

    /// The field `name`, if it is there and not empty: an unused slot is an empty text.
    pub fn optional(&self, name: &'static str) -> Result<Option<&Secret>, SecretError> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Secret(text)) if text.is_empty() => Ok(None),
            Some(Secret(text)) if text.trim() != text => Err(SecretError::Whitespace { field: name }),
            Some(secret) => Ok(Some(secret)),
        }
    }

    /// The field `name`.
    pub fn required(&self, name: &'static str) -> Result<&Secret, SecretError> {
        self.optional(name)?.ok_or(SecretError::MissingField { field: name })
    }
}

#[derive(Deserialize)]
struct Plain(String);

/// Where secrets are kept.
pub trait SecretSource {
    /// Fetches all fields of the secret `id`.
    fn fetch_json_fields(&self, id: &str) -> impl Future<Output = Result<SecretFields, SecretError>> + Send;
}

/// One secret with its cached value.
#[derive(Debug)]
pub struct CachedSecret<S> {
    source: S,
    id: String,
    cached: Mutex<Option<Cached>>,
}

#[derive(Debug, Clone)]
struct Cached {
    fields: Arc<SecretFields>,
    fetched_at: Timestamp,
    failed_at: Option<Timestamp>,
}

impl<S: SecretSource> CachedSecret<S> {
    /// The secret `id` of `source`; nothing is fetched yet.
    pub fn new(source: S, id: impl Into<String>) -> Self {
        Self { source, id: id.into(), cached: Mutex::default() }
    }

    /// The fields: cached for five minutes; fetched again after that; if that fails, the last good value
    /// for as long as 24 hours.
    pub async fn fields(&self, now: Timestamp) -> Result<Arc<SecretFields>, SecretError> {
        let cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(cached) = &cached
            && cached.is_usable_without_a_fetch(now)
        {
            return Ok(Arc::clone(&cached.fields));
        }
        match (self.source.fetch_json_fields(&self.id).await, cached) {
            (Ok(fields), _) => {
                let fields = Arc::new(fields);
                self.keep(Cached { fields: Arc::clone(&fields), fetched_at: now, failed_at: None });
                Ok(fields)
            }
            (Err(error), Some(cached)) if now.seconds_since(cached.fetched_at) <= STALE_S_MAX => {
                let age_s = now.seconds_since(cached.fetched_at);
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error, age_s, outcome = "stale_secret", "the last good secret is used");
                let fields = Arc::clone(&cached.fields);
                self.keep(Cached { failed_at: Some(now), ..cached });
                Ok(fields)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn keep(&self, cached: Cached) {
        *self.cached.lock().unwrap_or_else(PoisonError::into_inner) = Some(cached);
    }
}

impl Cached {
    fn is_usable_without_a_fetch(&self, now: Timestamp) -> bool {
        let age_s = now.seconds_since(self.fetched_at);
        let failed_lately =
            self.failed_at.is_some_and(|failed_at| (0..RETRY_S).contains(&now.seconds_since(failed_at)));
        // An age below zero is a clock that was set back: what was fetched is no older for it, but how
        // much younger is unknown.
        (0..AGE_S_MAX).contains(&age_s) || (failed_lately && age_s <= STALE_S_MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const START_S: i64 = 1_777_716_000;

    /// Answers what the test put there; `None` does not answer.
    #[derive(Default)]
    struct Fake {
        value: Mutex<Option<&'static str>>,
        fetches: AtomicU32,
    }

    impl SecretSource for &Fake {
        async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            let unavailable = || SecretError::Unavailable { id: id.to_owned(), source: "no answer".into() };
            let value = self.value.lock().unwrap().ok_or_else(unavailable)?;
            SecretFields::from_json(id, &format!(r#"{{"current":"{value}","previous":""}}"#))
        }
    }

    async fn current(secret: &CachedSecret<&Fake>, second: u64) -> Option<String> {
        let fields = secret.fields(Timestamp::from_s(START_S).unwrap().plus_s(second).unwrap()).await.ok()?;
        Some(fields.required("current").unwrap().expose().to_owned())
    }

    #[tokio::test]
    async fn i5_a_rotated_secret_is_used_within_five_minutes() {
        let fake = Fake { value: Mutex::new(Some("old")), ..Fake::default() };
        let secret = CachedSecret::new(&fake, "stripe");
        for (second, put, expected, fetches) in [
            (0, "old", "old", 1),
            (1, "new", "old", 1),
            (299, "new", "old", 1),
            (300, "new", "new", 2),
            (301, "newer", "new", 2),
        ] {
            *fake.value.lock().unwrap() = Some(put);
            assert_eq!(current(&secret, second).await.as_deref(), Some(expected), "{second}");
            assert_eq!(fake.fetches.load(Ordering::Relaxed), fetches, "{second}");
        }
    }

    #[tokio::test]
    async fn i5_the_last_good_secret_is_used_for_a_day_and_not_longer() {
        let fake = Fake { value: Mutex::new(Some("good")), ..Fake::default() };
        let secret = CachedSecret::new(&fake, "stripe");
        assert_eq!(current(&secret, 0).await.as_deref(), Some("good"));
        *fake.value.lock().unwrap() = None;
        for (second, expected, fetches) in [
            (300, Some("good"), 2),
            (329, Some("good"), 2),
            (330, Some("good"), 3),
            (86_400, Some("good"), 4),
            (86_401, None, 5),
            (86_402, None, 6),
        ] {
            assert_eq!(current(&secret, second).await.as_deref(), expected, "{second}");
            assert_eq!(fake.fetches.load(Ordering::Relaxed), fetches, "{second}");
        }
        *fake.value.lock().unwrap() = Some("fresh");
        assert_eq!(current(&secret, 86_403).await.as_deref(), Some("fresh"));
    }

    #[tokio::test]
    async fn i5_a_cold_start_without_an_answer_is_an_error() {
        let fake = Fake::default();
        let error = CachedSecret::new(&fake, "stripe").fields(Timestamp::from_s(START_S).unwrap()).await;
        assert_eq!(error.unwrap_err().to_string(), "secret `stripe` cannot be fetched");
    }

    #[test]
    fn a9_a_blank_or_pasted_secret_is_refused() {
        for (json, expected) in [
            (r#"{"current":"whsec_1"}"#, Ok("whsec_1")),
            (r#"{"current":""}"#, Err("secret has no field `current`")),
            (r#"{"previous":"x"}"#, Err("secret has no field `current`")),
            (r#"{"current":" "}"#, Err("field `current` of the secret begins or ends with white space")),
            (r#"{"current":"x\n"}"#, Err("field `current` of the secret begins or ends with white space")),
            (r#"{"current":1}"#, Err("secret `s` is not a JSON object of texts")),
            ("whsec_1", Err("secret `s` is not a JSON object of texts")),
        ] {
            let fields = SecretFields::from_json("s", json);
            let result = fields.and_then(|fields| fields.required("current").cloned());
            let result = result.as_ref().map(Secret::expose).map_err(ToString::to_string);
            assert_eq!(result, expected.map_err(str::to_owned), "{json}");
        }
    }

    #[test]
    fn i6_a_secret_is_redacted() {
        let fields = SecretFields::from_json("s", r#"{"current":"whsec_canary"}"#).unwrap();
        assert!(!format!("{fields:?}").contains("canary"));
        let error = SecretFields::from_json("s", r#"{"current":["whsec_canary"]}"#).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}
