//! Wiring of the dispute-evidence function.

use std::process::ExitCode;

use dispute_evidence::{Evidence, handle};
use lambda::aws::SdkSettings;
use lambda::caller::CallerRules;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;
use stripe_api::{StripeClient, StripeConfig};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("dispute-evidence", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let stripe = StripeConfig::without_key(env.optional("STRIPE_API_BASE")?)?;
        let key_id = env.required("STRIPE_DISPUTE_KEY_SECRET_ID")?;
        let app = Evidence {
            tables: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            stripe: StripeClient::new(&stripe)?,
            key: CachedSecret::new(SecretsManager::new(&sdk), key_id),
            rules: CallerRules::from_env(env)?,
        };
        function
            .before_each(policies)
            .serve_http(async |request, invocation| Box::pin(handle(&app, request, invocation)).await)
            .await
    })
    .await
}
