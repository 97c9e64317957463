//! Wiring of the creem-webhook function.

use std::process::ExitCode;
use std::sync::Arc;

use creem_webhook::{Signing, Webhook, handle, handle_direct, link_wait};
use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::clock;
use lambda::secrets::SecretsManager;
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("creem-webhook", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let signing = Signing::new(SecretsManager::new(&sdk), env.required("WEBHOOK_SECRET_ID")?);
        // Without a usable secret nothing can be verified: the function does not start.
        signing.secrets(clock::now()).await?;
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let policies = PublishedPolicies::from_env(client.clone(), env)?;
        let webhook = Webhook {
            tables: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            signing,
            livemode: env.boolean("CREEM_LIVEMODE")?,
            backoff: Backoff::default(),
            link_wait: link_wait(),
            policies: Arc::new(policies),
        };
        function
            .before_each(Arc::clone(&webhook.policies))
            .serve_http_or(
                async |request, invocation| handle(&webhook, request, invocation).await,
                async |request, invocation| handle_direct(&webhook, request, invocation).await,
            )
            .await
    })
    .await
}
