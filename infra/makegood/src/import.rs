//! A running business moves in: its files are read, joined by account, checked, handed to the account-import
//! function and compared with the ledger. Nothing is written to a table here.

mod compare;
mod csv_rows;
mod files;
mod joined;
mod move_in;
mod report;
#[cfg(test)]
mod tests;

use std::io::Write;

use lambda::config::Env;

use crate::arguments::ImportCommand;
use crate::connection::open_tables;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// Carries out one command.
pub(crate) async fn run(
    command: &ImportCommand,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let now = lambda::clock::now();
    match command {
        ImportCommand::Check(arguments) => report::check(&files::read(&arguments.files)?, now, output),
        ImportCommand::Run(arguments) => {
            let files = files::read(&arguments.files)?;
            let function = move_in::open(arguments, env)?;
            let ask = async |request| function.ask(request).await;
            move_in::run(&files, arguments, now, ask, output, progress).await
        }
        ImportCommand::Compare(arguments) => {
            let tables = open_tables(&arguments.tables, env)?;
            compare::run(&tables, &files::read(&arguments.files)?, now, output, progress).await
        }
    }
}
