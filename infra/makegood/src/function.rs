//! A function that is asked by invoking it, which IAM has to allow.

use std::time::Duration;

use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::primitives::Blob;
use lambda::aws::SdkSettings;
use lambda::config::Env;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::Failure;

/// A function on Lambda, by its name.
pub(crate) struct AskedFunction {
    client: aws_sdk_lambda::Client,
    name: String,
}

impl AskedFunction {
    /// The function of this name, which may take `timeout` for an answer; nothing is connected yet.
    pub(crate) fn open(name: String, timeout: Duration, env: &Env) -> Result<Self, Failure> {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(timeout).read_timeout(timeout);
        let config = aws_sdk_lambda::config::Builder::from(&SdkSettings::from_env(env)?.sdk_config());
        let client = aws_sdk_lambda::Client::from_conf(config.timeout_config(timeouts.build()).build());
        Ok(Self { client, name })
    }

    /// One invocation.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, request: Value) -> Result<T, Failure> {
        let payload = Blob::new(request.to_string());
        let invoked = self.client.invoke().function_name(&self.name).payload(payload).send().await;
        let answer = invoked.map_err(|error| Failure::Function(Box::new(error.into())))?;
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if answer.function_error.is_some() {
            let failure: Value = serde_json::from_slice(&payload).map_err(Failure::Answer)?;
            let message = failure.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
            return Err(Failure::FunctionFailed(message.to_owned()));
        }
        serde_json::from_slice(&payload).map_err(Failure::Answer)
    }
}
