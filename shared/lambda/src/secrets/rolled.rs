//! Signing secrets, keyed once for each value that the secret store hands out.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use primitives::Timestamp;

use super::{CachedSecret, SecretError, SecretFields, SecretSource};

/// The fields `current` and, while the provider rolls the secret, `previous` of one stored secret, in the
/// form `K` in which they verify.
pub struct RolledSecret<S, K> {
    stored: CachedSecret<S>,
    keyed: Mutex<Option<Keyed<K>>>,
}

struct Keyed<K> {
    fields: Arc<SecretFields>,
    key: Arc<K>,
}

impl<S, K> fmt::Debug for RolledSecret<S, K> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RolledSecret(redacted)")
    }
}

impl<S: SecretSource, K> RolledSecret<S, K> {
    /// The secret `id` of `source`; nothing is fetched yet.
    pub fn new(source: S, id: impl Into<String>) -> Self {
        Self { stored: CachedSecret::new(source, id), keyed: Mutex::default() }
    }

    /// The secrets as of `now`, which `key` makes of pairs of a field's name and its text. A value that it
    /// refuses is an error, even if a good one was stored before it.
    pub async fn keyed<E: From<SecretError>>(
        &self,
        now: Timestamp,
        key: impl FnOnce(Vec<(&'static str, String)>) -> Result<K, E>,
    ) -> Result<Arc<K>, E> {
        let fields = self.stored.fields(now).await?;
        let known = self.known(&fields);
        if let Some(known) = known {
            return Ok(known);
        }
        let current = fields.required("current")?.expose().to_owned();
        let previous = fields.optional("previous")?.map(|secret| secret.expose().to_owned());
        let slots = std::iter::once(("current", current)).chain(previous.map(|secret| ("previous", secret)));
        let key = Arc::new(key(slots.collect())?);
        let keyed = Keyed { fields, key: Arc::clone(&key) };
        *self.keyed.lock().unwrap_or_else(PoisonError::into_inner) = Some(keyed);
        Ok(key)
    }

    /// What the same value was keyed to.
    fn known(&self, fields: &Arc<SecretFields>) -> Option<Arc<K>> {
        let keyed = self.keyed.lock().unwrap_or_else(PoisonError::into_inner);
        keyed.as_ref().filter(|keyed| Arc::ptr_eq(&keyed.fields, fields)).map(|keyed| Arc::clone(&keyed.key))
    }
}
