//! The operator's command line: checks live data, tells an account's story, shows what was parked and has it
//! applied again, tries policies out, and explains what they decided.
//!
//! No command writes to a table: a replay is asked of the function that applies events. Results go to
//! standard output, progress and errors to standard error. Texts of customers and of Stripe are escaped
//! before they reach a terminal.

mod arguments;
mod columns;
mod decision;
mod failure;
mod history;
mod parked;
mod policies;
#[cfg(test)]
mod story;
mod verify;
mod words;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use lambda::aws::SdkSettings;
use lambda::config::{ConfigError, Env};
use ledger_dynamodb::{Anchors, Tables};

pub use arguments::Arguments;
use arguments::{Command, ParkedCommand, TableArguments};
use failure::Failure;

/// What a command that could do its work found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Everything is as it should be.
    Sound,
    /// Something is not: exit code 1.
    Fault,
}

/// The exit code of a command that could not do its work; clap uses the same for wrong usage.
const FAILED: u8 = 2;

/// Carries out one command: `output` gets its result, `progress` what happens meanwhile and errors.
pub async fn run(
    arguments: &Arguments,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> ExitCode {
    match carry_out(&arguments.command, env, output, progress).await {
        Ok(Found::Sound) => ExitCode::SUCCESS,
        Ok(Found::Fault) => ExitCode::FAILURE,
        // The reader of a pipe, like `head`, has seen enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing is left to tell it to when standard error is closed, too.
            let _ = writeln!(progress, "makegood: {}", lambda::log::chain(&failure));
            ExitCode::from(FAILED)
        }
    }
}

async fn carry_out(
    command: &Command,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<Found, Failure> {
    match command {
        Command::Verify(arguments) => {
            let tables = open(&arguments.tables, env)?;
            let anchors = name(arguments.anchors_table.as_ref(), "ANCHORS_TABLE", env)?;
            let store = verify::Store { tables, anchors: Anchors::new(client(env)?, anchors) };
            verify::run(&store, arguments, output, progress).await
        }
        Command::History(arguments) => {
            let tables = open(&arguments.tables, env)?;
            history::run(&tables, arguments, output).await
        }
        Command::Parked(ParkedCommand::List(tables)) => parked::list(&open(tables, env)?, output).await,
        Command::Parked(ParkedCommand::Show(arguments)) => {
            let tables = open(&arguments.tables, env)?;
            parked::show(&tables, &arguments.id, arguments.payload, output).await
        }
        Command::Parked(ParkedCommand::Replay(arguments)) => {
            let function = parked::replay::Function::open(arguments, env)?;
            let ask = async |id: &str| function.replay(id).await;
            if arguments.all {
                parked::replay::all(&open(&arguments.tables, env)?, ask, output, progress).await
            } else {
                parked::replay::named(&arguments.ids, ask, output, progress).await
            }
        }
        Command::Policy(command) => policies::run(command, env, output, progress).await,
    }
}

/// The tables, named by the arguments or else by the environment that the functions have.
fn open(arguments: &TableArguments, env: &Env) -> Result<Tables, Failure> {
    let ledger = name(arguments.ledger_table.as_ref(), "LEDGER_TABLE", env)?;
    let requests = name(arguments.requests_table.as_ref(), "REQUESTS_TABLE", env)?;
    Ok(Tables::new(client(env)?, ledger, requests))
}

fn name(given: Option<&String>, variable: &'static str, env: &Env) -> Result<String, ConfigError> {
    match given {
        Some(name) => Ok(name.clone()),
        None => env.required(variable),
    }
}

fn client(env: &Env) -> Result<aws_sdk_dynamodb::Client, ConfigError> {
    Ok(aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(env)?.sdk_config()))
}
