//! Wiring of the stripe-reconcile function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use stripe_api::{StripeClient, StripeConfig};
use stripe_reconcile::{Reconcile, handle_any};
use webhook_function::WebhookFunction;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("stripe-reconcile", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let stripe = StripeConfig::without_key(env.optional("STRIPE_API_BASE")?)?;
        let reconcile = Reconcile {
            tables: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            stripe: StripeClient::new(&stripe)?,
            key: CachedSecret::new(SecretsManager::new(&sdk), env.required("STRIPE_READ_KEY_SECRET_ID")?),
            webhook: WebhookFunction::new(&sdk, env.required("STRIPE_WEBHOOK_FUNCTION")?),
        };
        function.serve(async |invocation| Box::pin(handle_any(&reconcile, invocation)).await).await
    })
    .await
}
