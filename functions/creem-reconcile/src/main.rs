//! Wiring of the creem-reconcile function.

use std::process::ExitCode;

use creem_api::{CreemClient, CreemConfig};
use creem_reconcile::{CreemReader, Reconcile, handle};
use lambda::aws::SdkSettings;
use lambda::secrets::{CachedSecret, SecretsManager};
use ledger_dynamodb::Tables;
use webhook_function::WebhookFunction;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    lambda::start("creem-reconcile", async |function| {
        let env = function.env();
        let sdk = SdkSettings::from_env(env)?.sdk_config();
        let client = aws_sdk_dynamodb::Client::new(&sdk);
        let config =
            CreemConfig::without_key(env.optional("CREEM_API_BASE")?, env.boolean("CREEM_LIVEMODE")?)?;
        let key = CachedSecret::new(SecretsManager::new(&sdk), env.required("CREEM_KEY_SECRET_ID")?);
        let reconcile = Reconcile {
            tables: Tables::new(client, env.required("LEDGER_TABLE")?, env.required("REQUESTS_TABLE")?),
            creem: CreemReader::new(CreemClient::new(&config)?, key),
            webhook: WebhookFunction::new(&sdk, env.required("CREEM_WEBHOOK_FUNCTION")?),
        };
        function.serve(async |invocation| Box::pin(handle(&reconcile, invocation)).await).await
    })
    .await
}
