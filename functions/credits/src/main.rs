//! The credits function: wiring only.

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    lambda::start("credits", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let context = credits::Context {
            store: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            pause: Backoff::default(),
            callers: CallerRules::from_env(env)?,
            documents: policy_documents::documents,
            catalogue: policy_documents::catalogue,
            product: env.required("PRODUCT")?.parse()?,
        };
        function
            .before_each(policies)
            .serve_http(async |request, invocation| credits::handle(&context, request, invocation).await)
            .await
    })
    .await
}
