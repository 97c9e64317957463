//! The Creem stand-in as a process: prints one line of JSON when it listens, then serves until it is
//! stopped.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use testkit::creem::{CREEM_API_KEY, CreemSettings, CreemStandIn, CreemStandInConfig, CreemTarget};

const EXAMPLES: &str = "\
Examples:
  A stand-in on port 12112 that sends its webhooks to a local receiver:
    creem-stand-in --port 12112 --signing-secret whsec_local \\
      --webhook-url http://127.0.0.1:8080/v1/webhooks/creem

  Buy a product, and look at what was delivered:
    curl -s localhost:12112/_control/buy_once \\
      -d '{\"account\":\"a-1\",\"product\":\"prod_pack\",\"amount\":1000}'
    curl -s localhost:12112/_control/deliveries

  Let the next refund be made while its answer is lost:
    curl -s localhost:12112/_control/faults -d '{\"fault\":\"timeout_after_acting\"}'";

/// A stand-in for Creem on 127.0.0.1: transactions, refunds and signed webhooks, all in memory.
#[derive(Parser)]
#[command(name = "creem-stand-in", after_help = EXAMPLES)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Key that callers of the API must bring.
    #[arg(long, default_value = CREEM_API_KEY)]
    api_key: String,
    /// Where webhooks go; may also be set later through `/_control/webhook`.
    #[arg(long, requires = "signing_secret")]
    webhook_url: Option<String>,
    /// `Host` header of the webhooks, where it differs from the URL's.
    #[arg(long, requires = "webhook_url")]
    webhook_host: Option<String>,
    /// Signing secret of the webhook endpoint, as Creem shows it.
    #[arg(long)]
    signing_secret: Option<String>,
}

impl From<Arguments> for CreemStandInConfig {
    fn from(arguments: Arguments) -> Self {
        let host = arguments.webhook_host;
        let target = arguments.webhook_url.zip(arguments.signing_secret);
        Self {
            port: arguments.port,
            api_key: arguments.api_key,
            settings: CreemSettings::default(),
            target: target.map(|(url, signing_secret)| CreemTarget { url, host, signing_secret }),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse().into()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where the error stream is gone as well, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "creem-stand-in: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: CreemStandInConfig) -> Result<(), Box<dyn std::error::Error>> {
    let creem = CreemStandIn::start_with(config).await?;
    let ready = serde_json::json!({ "address": creem.address(), "base_url": creem.base_url() });
    let mut output = std::io::stdout();
    writeln!(output, "{ready}")?;
    output.flush()?;
    std::future::pending().await
}
