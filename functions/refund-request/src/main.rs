//! Wiring of the refund-request function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use ledger_dynamodb::Tables;
use payout_queue::SqsPayoutQueue;
use published_policies::PublishedPolicies;
use refund_request::{RefundRequests, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("refund-request", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let app = RefundRequests {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            payouts: SqsPayoutQueue::new(&sdk, env.required("PAYOUT_QUEUE_URL")?),
            rules: CallerRules::from_env(env)?,
            backoff: Backoff::default(),
        };
        function
            .before_each(policies)
            .serve_http(async |request, invocation| Box::pin(handle(&app, request, invocation)).await)
            .await
    })
    .await
}
