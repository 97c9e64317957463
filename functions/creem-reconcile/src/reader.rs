//! The few reads of Creem's API that this function makes, as a port: its tests answer them by themselves.

use std::future::Future;

use creem_api::{CreemClient, CreemConfigError, CreemError, CreemKey};
use creem_events::OrderId;
use lambda::secrets::{CachedSecret, SecretError, SecretSource};
use ledger::{PaymentId, SubscriptionId, Timestamp};
use serde_json::Value;

/// Why Creem has not answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It asks to wait: nothing more is asked in this run.
    #[error("Creem asks to wait")]
    Busy,
    /// The call failed.
    #[error("Creem failed")]
    Failed(#[source] CreemError),
    /// The key cannot be fetched.
    #[error("Creem key cannot be fetched")]
    Secret(#[from] SecretError),
    /// What is stored is no key for this mode.
    #[error("stored Creem key is not one")]
    Key(#[from] CreemConfigError),
}

/// Reads objects at `now`, each as the JSON that Creem answers.
pub trait ReadCreem: Sync {
    /// A transaction; `None` if Creem does not know it.
    fn transaction(
        &self,
        id: &PaymentId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Value>, ReadError>> + Send;

    /// The transactions of an order; none if Creem does not know it.
    fn transactions_of_order(
        &self,
        id: &OrderId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Vec<Value>, ReadError>> + Send;

    /// A subscription; `None` if Creem does not know it.
    fn subscription(
        &self,
        id: &SubscriptionId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Value>, ReadError>> + Send;
}

/// Creem's API, with a key that is fetched when it is needed.
pub struct CreemReader<S> {
    creem: CreemClient,
    key: CachedSecret<S>,
}

impl<S: SecretSource> CreemReader<S> {
    /// A reader through a client without a key.
    pub fn new(creem: CreemClient, key: CachedSecret<S>) -> Self {
        Self { creem, key }
    }

    async fn client(&self, now: Timestamp) -> Result<CreemClient, ReadError> {
        let fields = self.key.fields(now).await?;
        Ok(self.creem.with_key(CreemKey::new(fields.required("key")?.expose())?)?)
    }
}

impl<S: SecretSource + Sync> ReadCreem for CreemReader<S> {
    async fn transaction(&self, id: &PaymentId, now: Timestamp) -> Result<Option<Value>, ReadError> {
        let answered = self.client(now).await?.transaction(id).await;
        known(answered.map(|answered| answered.fetched.0))
    }

    async fn transactions_of_order(&self, id: &OrderId, now: Timestamp) -> Result<Vec<Value>, ReadError> {
        let answered = self.client(now).await?.transactions_of_order(id).await;
        let objects = answered.map(|found| found.into_iter().map(|answered| answered.fetched.0).collect());
        Ok(known(objects)?.unwrap_or_default())
    }

    async fn subscription(&self, id: &SubscriptionId, now: Timestamp) -> Result<Option<Value>, ReadError> {
        known(self.client(now).await?.subscription_object(id).await)
    }
}

/// What Creem answered, `None` if it does not know the object.
fn known<T>(answered: Result<T, CreemError>) -> Result<Option<T>, ReadError> {
    match answered {
        Ok(found) => Ok(Some(found)),
        Err(CreemError::Missing { .. }) => Ok(None),
        Err(CreemError::RateLimited { .. }) => Err(ReadError::Busy),
        Err(error) => Err(ReadError::Failed(error)),
    }
}
