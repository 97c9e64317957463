//! Wiring of the policy-text function.

use std::process::ExitCode;

use lambda::aws::SdkSettings;
use policy_documents::documents;
use policy_text::handle;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("policy-text", async |function| {
        let env = function.env();
        let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config());
        let policies = PublishedPolicies::from_env(client, env)?;
        function
            .before_each(policies)
            .serve_http(async |request, invocation| handle(documents(), request, invocation))
            .await
    })
    .await
}
