//! Wiring of the account-adjustment function.

use std::process::ExitCode;

use account_adjustment::{AccountAdjustments, handle, handle_direct};
use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("account-adjustment", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let app = AccountAdjustments {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            rules: CallerRules::from_env(env)?,
            backoff: Backoff::default(),
        };
        function
            .before_each(policies)
            .serve_http_or(
                async |request, invocation| Box::pin(handle(&app, request, invocation)).await,
                async |request, invocation| Box::pin(handle_direct(&app, request, invocation)).await,
            )
            .await
    })
    .await
}
