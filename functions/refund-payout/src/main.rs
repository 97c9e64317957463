//! Wiring of the refund-payout function.

use std::process::ExitCode;

use creem_api::{CreemClient, CreemConfig};
use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;
use refund_payout::{Payouts, handle, understand};
use stripe_api::{StripeClient, StripeConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("refund-payout", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let stripe = StripeConfig::without_key(env.optional("STRIPE_API_BASE")?)?;
        let creem = match env.optional("CREEM_KEY_SECRET_ID")? {
            Some(id) => {
                let live = env.boolean("CREEM_LIVEMODE")?;
                let config = CreemConfig::without_key(env.optional("CREEM_API_BASE")?, live)?;
                Some((CreemClient::new(&config)?, CachedSecret::new(SecretsManager::new(&sdk), id)))
            }
            None => None,
        };
        let app = Payouts {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            stripe: StripeClient::new(&stripe)?,
            stripe_key: CachedSecret::new(SecretsManager::new(&sdk), env.required("STRIPE_KEY_SECRET_ID")?),
            creem,
            backoff: Backoff::default(),
        };
        function
            .before_each(policies)
            .serve_sqs(understand, async |invocation, work, items| {
                Box::pin(handle(&app, invocation, work, items)).await
            })
            .await
    })
    .await
}
