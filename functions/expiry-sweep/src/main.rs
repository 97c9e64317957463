//! Wiring of the expiry-sweep function.

use std::process::ExitCode;

use expiry_sweep::{Sweep, SweptTime, handle};
use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use ledger_dynamodb::Tables;
use payout_queue::SqsPayoutQueue;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("expiry-sweep", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let simulated = env.boolean("SIMULATED_TIME")?;
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let sweep = Sweep {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            payouts: SqsPayoutQueue::new(&sdk, env.required("PAYOUT_QUEUE_URL")?),
            backoff: Backoff::default(),
            swept_time: if simulated { SweptTime::Simulated } else { SweptTime::Real },
        };
        function.before_each(policies).serve(async |invocation| handle(&sweep, invocation).await).await
    })
    .await
}
