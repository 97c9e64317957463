//! Policy documents: checked, compared, tried out and held against past decisions.

mod backtest;
mod check;
mod decide;
mod difference;
mod document;
mod explain;
mod export;
mod new_document;
mod publish;
mod schema;

#[cfg(test)]
mod new_tests;
#[cfg(test)]
mod publish_tests;
#[cfg(test)]
mod tests;

use std::io::Write;

use lambda::config::Env;

use crate::arguments::PolicyCommand;
use crate::connection::{open_policies, open_tables};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::publication::{Publisher, published_documents};

pub(crate) use document::{read_text, write_mistakes};
#[cfg(test)]
pub(crate) use tests::{Folder, shipped};

/// Carries out one command about policies.
pub(crate) async fn run(
    command: &PolicyCommand,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    match command {
        PolicyCommand::Check(arguments) => check::run(arguments, env, output).await,
        PolicyCommand::Decide(arguments) => decide::run(arguments, env, output).await,
        PolicyCommand::Diff(arguments) => difference::run(arguments, env, output).await,
        PolicyCommand::New(arguments) => new_document::run(arguments, output, progress),
        PolicyCommand::Publish(arguments) => {
            publish::run(&Publisher::open(&arguments.publisher, env)?, arguments, output, progress).await
        }
        PolicyCommand::Explain(arguments) => {
            let documents = published_documents(&open_policies(&arguments.policies, env)?).await?;
            explain::run(&open_tables(&arguments.tables, env)?, &documents, arguments, output).await
        }
        PolicyCommand::Backtest(arguments) => backtest::run(arguments, env, output, progress).await,
        PolicyCommand::Export(arguments) => {
            export::run(&open_tables(&arguments.tables, env)?, arguments, output, progress).await
        }
        PolicyCommand::Schema => schema::run(output),
    }
}
