//! Policy documents: checked, compared, tried out and held against past decisions.

mod backtest;
mod check;
mod decide;
mod difference;
mod document;
mod explain;
mod export;
mod schema;

#[cfg(test)]
mod tests;

use std::io::Write;

use lambda::config::Env;

use crate::arguments::PolicyCommand;
use crate::connection::open_tables;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Carries out one command about policies.
pub(crate) async fn run(
    command: &PolicyCommand,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    match command {
        PolicyCommand::Check(arguments) => check::run(arguments, output),
        PolicyCommand::Decide(arguments) => decide::run(arguments, output),
        PolicyCommand::Diff(arguments) => difference::run(arguments, output),
        PolicyCommand::Explain(arguments) => {
            explain::run(&open_tables(&arguments.tables, env)?, arguments, output).await
        }
        PolicyCommand::Backtest(arguments) => backtest::run(arguments, env, output, progress).await,
        PolicyCommand::Export(arguments) => {
            export::run(&open_tables(&arguments.tables, env)?, arguments, output, progress).await
        }
        PolicyCommand::Schema => schema::run(output),
    }
}
