//! The endpoint's signing secrets, keyed once for each value that the secret store hands out.

use std::sync::{Arc, Mutex, PoisonError};

use lambda::secrets::{CachedSecret, SecretFields, SecretSource};
use ledger::Timestamp;
use stripe_events::SigningSecrets;

/// Why there are no signing secrets.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The secret cannot be fetched or has no usable `current`.
    #[error("the signing secret cannot be used")]
    Secret(#[from] lambda::secrets::SecretError),
    /// A field holds what no secret of Stripe's can be.
    #[error("the signing secret is not one of Stripe's")]
    Key(#[from] stripe_events::SigningSecretError),
}

/// The fields `current` and, while Stripe rolls the secret, `previous` of one stored secret.
#[derive(Debug)]
pub struct Signing<S> {
    stored: CachedSecret<S>,
    keyed: Mutex<Option<Keyed>>,
}

#[derive(Debug, Clone)]
struct Keyed {
    fields: Arc<SecretFields>,
    secrets: Arc<SigningSecrets>,
}

impl<S: SecretSource> Signing<S> {
    /// The secret `id` of `source`; nothing is fetched yet.
    pub fn new(source: S, id: impl Into<String>) -> Self {
        Self { stored: CachedSecret::new(source, id), keyed: Mutex::default() }
    }

    /// The secrets as of `now`. A value that cannot be a secret is an error, even if a good one was stored
    /// before it: a blank secret would let anybody sign.
    pub async fn secrets(&self, now: Timestamp) -> Result<Arc<SigningSecrets>, SigningError> {
        let fields = self.stored.fields(now).await?;
        let keyed = self.keyed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(keyed) = keyed
            && Arc::ptr_eq(&keyed.fields, &fields)
        {
            return Ok(keyed.secrets);
        }
        let current = fields.required("current")?.expose().to_owned();
        let previous = fields.optional("previous")?.map(|secret| secret.expose().to_owned());
        let slots = std::iter::once(("current", current)).chain(previous.map(|secret| ("previous", secret)));
        let secrets = Arc::new(SigningSecrets::new(slots)?);
        let keyed = Keyed { fields, secrets: Arc::clone(&secrets) };
        *self.keyed.lock().unwrap_or_else(PoisonError::into_inner) = Some(keyed);
        Ok(secrets)
    }
}
