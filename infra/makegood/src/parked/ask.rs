//! The stripe-webhook function, which is asked for everything that is done with a parked event.

use lambda::aws::SdkSettings;
use lambda::config::Env;
use webhook_function::{EventAnswer, WebhookError, WebhookFunction};

use crate::arguments::FunctionArguments;
use crate::failure::Failure;

/// The function that the arguments name, or else the environment.
pub(crate) fn open(arguments: &FunctionArguments, env: &Env) -> Result<WebhookFunction, Failure> {
    let name = match &arguments.function {
        Some(name) => name.clone(),
        None => env.required("STRIPE_WEBHOOK_FUNCTION")?,
    };
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
