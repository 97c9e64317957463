//! The auto-refund function: wiring only.

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    lambda::start("auto-refund", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let context = auto_refund::Context {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            pause: Backoff::default(),
            documents: policy_documents::documents,
        };
        let senders = auto_refund::Senders::from_env(env)?;
        function
            .before_each(policies)
            .serve_sqs(
                |record| senders.understand(record),
                async |invocation, account, items| {
                    auto_refund::handle(&context, invocation, account, items).await
                },
            )
            .await
    })
    .await
}
