//! AWS Secrets Manager as the source.

use std::sync::OnceLock;

use aws_types::SdkConfig;

use super::{SecretError, SecretFields, SecretSource};

/// Secrets of AWS Secrets Manager, one `GetSecretValue` per fetch. The client is built for the first one.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    config: SdkConfig,
    client: OnceLock<aws_sdk_secretsmanager::Client>,
}

impl SecretsManager {
    /// A client with the settings of [`crate::aws::SdkSettings`].
    pub fn new(config: &SdkConfig) -> Self {
        Self { config: config.clone(), client: OnceLock::new() }
    }
}

impl SecretSource for SecretsManager {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        let client = self.client.get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config));
        let answer = client.get_secret_value().secret_id(id).send().await.map_err(|error| {
            SecretError::Unavailable { id: id.to_owned(), source: Box::new(error.into_service_error()) }
        })?;
        let malformed = || SecretError::Malformed { id: id.to_owned() };
        SecretFields::from_json(id, answer.secret_string().ok_or_else(malformed)?)
    }
}
