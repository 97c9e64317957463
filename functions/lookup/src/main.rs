//! Wiring of the lookup function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::caller::CallerRules;
use ledger_dynamodb::Tables;
use lookup::{Lookups, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("lookup", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let app = Lookups {
            tables: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            rules: CallerRules::from_env(env)?,
        };
        function
            .serve_http(async |request, invocation| Box::pin(handle(&app, request, invocation)).await)
            .await
    })
    .await
}
