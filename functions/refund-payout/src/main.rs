//! Wiring of the refund-payout function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use refund_payout::{Payouts, handle, understand};
use stripe_api::{StripeClient, StripeConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("refund-payout", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let stripe = StripeConfig::without_key(env.optional("STRIPE_API_BASE")?)?;
        let app = Payouts {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            stripe: StripeClient::new(&stripe)?,
            key: CachedSecret::new(SecretsManager::new(&sdk), env.required("STRIPE_KEY_SECRET_ID")?),
            backoff: Backoff::default(),
        };
        function
            .serve_sqs(understand, async |invocation, work, items| {
                Box::pin(handle(&app, invocation, work, items)).await
            })
            .await
    })
    .await
}
