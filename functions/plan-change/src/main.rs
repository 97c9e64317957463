//! Wiring of the plan-change function.

use std::process::ExitCode;
use std::time::Duration;

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use payout_queue::SqsPayoutQueue;
use plan_change::{PlanChanges, handle};
use published_policies::PublishedPolicies;
use stripe_api::{StripeClient, StripeConfig, Timeouts};

/// The gateway waits for 30 s (<https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html>). A
/// call asks Stripe three times one after another at most, two previews at once counted as one.
const TIMEOUTS: Timeouts = Timeouts { connect: Duration::from_secs(2), answer: Duration::from_secs(6) };

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("plan-change", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let stripe = StripeConfig::without_key(env.optional("STRIPE_API_BASE")?)?;
        let app = PlanChanges {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            payouts: SqsPayoutQueue::new(&sdk, env.required("PAYOUT_QUEUE_URL")?),
            stripe: StripeClient::new(&StripeConfig { timeouts: TIMEOUTS, ..stripe })?,
            key: CachedSecret::new(SecretsManager::new(&sdk), env.required("STRIPE_PREVIEW_KEY_SECRET_ID")?),
            rules: CallerRules::from_env(env)?,
            backoff: Backoff::default(),
            on_upgrade: purchase_lines::on_upgrade_at,
        };
        function
            .before_each(policies)
            .serve_http(async |request, invocation| Box::pin(handle(&app, request, invocation)).await)
            .await
    })
    .await
}
