//! The Stripe stand-in as a process: prints one line of JSON when it listens, then serves until it
//! is stopped.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use testkit::stand_in::{RefundMode, Settings, Shape, StandInConfig, StripeStandIn, WebhookTarget};

const EXAMPLES: &str = "\
Examples:
  A stand-in on port 12111 that sends its webhooks to a local receiver:
    stripe-stand-in --port 12111 --webhook-url http://127.0.0.1:8080/v1/webhooks/stripe --signing-secret whsec_local

  A receiver behind a local API Gateway, which routes by the Host header:
    stripe-stand-in --webhook-url http://127.0.0.1:4566/v1/webhooks/stripe \\
      --webhook-host abc123.execute-api.localhost --signing-secret whsec_local

  Buy a credit pack, and look at what was delivered:
    curl -s localhost:12111/_control/buy_pack -d '{\"account\":\"a-1\",\"price\":\"price_pack\",\"amount\":1000,\"currency\":\"usd\"}'
    curl -s localhost:12111/_control/deliveries

  Let the next refund be made while its answer is lost:
    curl -s localhost:12111/_control/faults -d '{\"fault\":\"timeout_after_acting\"}'";

/// A stand-in for Stripe on 127.0.0.1: payments, refunds and signed webhooks, all in memory.
#[derive(Parser)]
#[command(name = "stripe-stand-in", after_help = EXAMPLES)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Secret key that callers of the API must bring.
    #[arg(long, default_value = testkit::stand_in::API_KEY)]
    api_key: String,
    /// Where webhooks go; may also be set later through `/_control/webhook`.
    #[arg(long, requires = "signing_secret")]
    webhook_url: Option<String>,
    /// `Host` header of the webhooks, where it differs from the URL's.
    #[arg(long, requires = "webhook_url")]
    webhook_host: Option<String>,
    /// Signing secret of the webhook endpoint; given twice, both sign, as while a secret is rolled.
    #[arg(long)]
    signing_secret: Vec<String>,
    /// How refunds stand when they are created.
    #[arg(long, value_enum, default_value_t = RefundModeArgument::Pending)]
    refund_mode: RefundModeArgument,
    /// API version whose shape the events have.
    #[arg(long, value_enum, default_value_t = ShapeArgument::Endive)]
    shape: ShapeArgument,
}

#[derive(Clone, Copy, ValueEnum)]
enum RefundModeArgument {
    Pending,
    InsufficientFunds,
    RequiresAction,
    Succeeded,
}

#[derive(Clone, Copy, ValueEnum)]
enum ShapeArgument {
    Endive,
    #[value(name = "2024-06-20")]
    BeforeBasil,
}

impl From<Arguments> for StandInConfig {
    fn from(arguments: Arguments) -> Self {
        let signing_secrets = arguments.signing_secret;
        let host = arguments.webhook_host;
        Self {
            port: arguments.port,
            api_key: arguments.api_key,
            settings: Settings {
                refund_mode: match arguments.refund_mode {
                    RefundModeArgument::Pending => RefundMode::Pending,
                    RefundModeArgument::InsufficientFunds => RefundMode::InsufficientFunds,
                    RefundModeArgument::RequiresAction => RefundMode::RequiresAction,
                    RefundModeArgument::Succeeded => RefundMode::Succeeded,
                },
                shape: match arguments.shape {
                    ShapeArgument::Endive => Shape::Endive,
                    ShapeArgument::BeforeBasil => Shape::BeforeBasil,
                },
                ..Settings::default()
            },
            target: arguments.webhook_url.map(|url| WebhookTarget { url, host, signing_secrets }),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match serve(Arguments::parse().into()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where the error stream is gone as well, the exit code still tells.
            let _ = writeln!(std::io::stderr(), "stripe-stand-in: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: StandInConfig) -> Result<(), Box<dyn std::error::Error>> {
    let stripe = StripeStandIn::start_with(config).await.map_err(with_sources)?;
    let ready = serde_json::json!({ "address": stripe.address(), "base_url": stripe.base_url() });
    let mut output = std::io::stdout();
    writeln!(output, "{ready}")?;
    output.flush()?;
    std::future::pending().await
}

/// One line with the error and what caused it.
fn with_sources(error: impl std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}
