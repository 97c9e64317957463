//! The endpoint's signing secrets.

use std::sync::Arc;

use lambda::secrets::{RolledSecret, SecretError, SecretSource};
use ledger::Timestamp;
use stripe_events::SigningSecrets;

/// Why there are no signing secrets.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The secret cannot be fetched or has no usable `current`.
    #[error("the signing secret cannot be used")]
    Secret(#[from] SecretError),
    /// A field holds what no secret of Stripe's can be.
    #[error("the signing secret is not one of Stripe's")]
    Key(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The fields `current` and, while Stripe rolls the secret, `previous` of one stored secret.
#[derive(Debug)]
pub struct Signing<S>(RolledSecret<S, SigningSecrets>);

impl<S: SecretSource> Signing<S> {
    /// The secret `id` of `source`; nothing is fetched yet.
    pub fn new(source: S, id: impl Into<String>) -> Self {
        Self(RolledSecret::new(source, id))
    }

    /// The secrets as of `now`. A value that cannot be a secret is an error, even if a good one was stored
    /// before it: a blank secret would let anybody sign.
    pub async fn secrets(&self, now: Timestamp) -> Result<Arc<SigningSecrets>, SigningError> {
        let key = |slots| SigningSecrets::new(slots).map_err(|error| SigningError::Key(Box::new(error)));
        self.0.keyed(now, key).await
    }
}
