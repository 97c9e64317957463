//! The webhook of an event's provider, which is asked for everything that is done with a parked event.

use lambda::aws::SdkSettings;
use lambda::config::Env;
use ledger::Provider;
use ledger_dynamodb::Tables;
use webhook_function::{EventAnswer, WebhookError, WebhookFunction};

use crate::arguments::{FunctionArguments, TableArguments};
use crate::connection::open_tables;
use crate::failure::Failure;

/// Asks the webhook of the provider of each event.
pub(crate) enum Webhooks<'e> {
    /// The one that the arguments name, of whichever provider.
    Named(WebhookFunction),
    /// The one that the environment names for the provider of the parked event.
    OfProvider { tables: Box<Tables>, env: &'e Env },
}

impl<'e> Webhooks<'e> {
    pub(crate) fn open(
        arguments: &FunctionArguments,
        tables: &TableArguments,
        env: &'e Env,
    ) -> Result<Self, Failure> {
        Ok(match &arguments.function {
            Some(name) => Self::Named(function(name, env)?),
            None => Self::OfProvider { tables: Box::new(open_tables(tables, env)?), env },
        })
    }

    /// The function of a provider.
    pub(crate) fn of_provider(&self, provider: Provider) -> Result<WebhookFunction, Failure> {
        match self {
            Self::Named(function) => Ok(function.clone()),
            Self::OfProvider { env, .. } => function(&env.required(variable(provider))?, env),
        }
    }

    /// The function to ask about the event that is parked under `id`. Any answers that nothing is parked
    /// there.
    pub(crate) async fn of(&self, id: &str) -> Result<WebhookFunction, Failure> {
        match self {
            Self::Named(function) => Ok(function.clone()),
            Self::OfProvider { tables, env } => {
                let provider =
                    tables.parked_event(id).await?.map_or(Provider::Stripe, |parked| parked.provider);
                function(&env.required(variable(provider))?, env)
            }
        }
    }
}

/// The variable that names the webhook of a provider.
fn variable(provider: Provider) -> &'static str {
    match provider {
        Provider::Stripe => "STRIPE_WEBHOOK_FUNCTION",
        Provider::Creem => "CREEM_WEBHOOK_FUNCTION",
    }
}

fn function(name: &str, env: &Env) -> Result<WebhookFunction, Failure> {
    Ok(WebhookFunction::new(&SdkSettings::from_env(env)?.sdk_config(), name))
}

/// Who asks, as the arguments or the environment say.
pub(crate) fn operator(given: Option<&String>, env: &Env) -> Result<String, Failure> {
    match given {
        Some(name) => Ok(name.clone()),
        None => Ok(env.required("USER")?),
    }
}

/// What the function answers; a failed invocation is an outcome of the event.
pub(crate) fn answered(answer: Result<EventAnswer, WebhookError>) -> Result<EventAnswer, Failure> {
    match answer {
        Ok(answer) => Ok(answer),
        Err(WebhookError::Failed { message }) => {
            Ok(EventAnswer { outcome: "failed".to_owned(), reason: message })
        }
        Err(WebhookError::Invocation(error)) => Err(Failure::Function(error)),
        Err(WebhookError::Answer(error)) => Err(Failure::Answer(error)),
    }
}
