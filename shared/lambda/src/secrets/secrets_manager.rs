//! AWS Secrets Manager as the source.

use aws_types::SdkConfig;

use super::{SecretError, SecretFields, SecretSource};

/// Secrets of AWS Secrets Manager, one `GetSecretValue` per fetch.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: aws_sdk_secretsmanager::Client,
}

impl SecretsManager {
    /// A client with the settings of [`crate::aws::SdkSettings`].
    pub fn new(config: &SdkConfig) -> Self {
        Self { client: aws_sdk_secretsmanager::Client::new(config) }
    }
}

impl SecretSource for SecretsManager {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        let answer = self.client.get_secret_value().secret_id(id).send().await.map_err(|error| {
            SecretError::Unavailable { id: id.to_owned(), source: Box::new(error.into_service_error()) }
        })?;
        let malformed = || SecretError::Malformed { id: id.to_owned() };
        SecretFields::from_json(id, answer.secret_string().ok_or_else(malformed)?)
    }
}
