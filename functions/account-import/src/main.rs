//! Wiring of the account-import function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("account-import", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let tables = Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?);
        let backoff = Backoff::default();
        function
            .before_each(policies)
            .serve(async |invocation| account_import::handle(&tables, &backoff, invocation).await)
            .await
    })
    .await
}
