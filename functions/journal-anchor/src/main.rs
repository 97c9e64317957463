//! Wiring of the journal-anchor function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use ledger_dynamodb::Anchors;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("journal-anchor", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let anchors = Anchors::new(client, env.required("ANCHORS_TABLE")?);
        function.serve(async |invocation| journal_anchor::handle(&anchors, invocation).await).await
    })
    .await
}
