//! The operator's command line: checks live data, prints an account's history, shows what was parked and has
//! it applied again, moves accounts in, tries policies out, and explains what they decided.
//!
//! `policy publish` and `catalogue publish` write to the policies' table. No command writes to another one:
//! what is to be done with an event is asked of the function that applies events, and an account is adjusted
//! by the function that support's adjustments go to. Results go to standard output, progress and errors to
//! standard error. Texts of customers and of Stripe are escaped before they reach a terminal.

mod adjustments;
mod arguments;
mod catalogue;
mod columns;
mod connection;
mod customers;
mod decision;
mod failure;
mod function;
mod history;
mod import;
mod material;
mod outcome;
mod parked;
mod policies;
mod publication;
mod reconcile;
#[cfg(test)]
mod story;
mod verify;
mod words;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use lambda::config::Env;

pub use arguments::Arguments;
use arguments::{CatalogueCommand, Command, CustomersCommand, ParkedCommand};
use connection::{open_policies, open_store, open_tables};
use failure::Failure;
use outcome::CommandOutcome;
use parked::ask::Webhooks;
use publication::{Publisher, published_documents};
use webhook_function::{DecideEvents as _, LinkCustomers as _, ReplayEvents as _};

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
        Ok(CommandOutcome::Sound) => ExitCode::SUCCESS,
        Ok(CommandOutcome::Fault) => ExitCode::FAILURE,
        // The reader of a pipe, like `head`, has seen enough.
        Err(Failure::Output(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // When standard error is closed too, there is no one left to read it.
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
) -> Result<CommandOutcome, Failure> {
    match command {
        Command::Verify(arguments) => {
            verify::run(&open_store(arguments, env)?, arguments, output, progress).await
        }
        Command::History(arguments) => {
            let tables = open_tables(&arguments.tables, env)?;
            let documents = published_documents(&open_policies(&arguments.policies, env)?).await?;
            history::run(&tables, &documents, arguments, output).await
        }
        Command::Parked(ParkedCommand::List(arguments)) => {
            let tables = open_tables(&arguments.tables, env)?;
            parked::list(&tables, arguments.dropped, lambda::clock::now(), output).await
        }
        Command::Parked(ParkedCommand::Show(arguments)) => {
            let tables = open_tables(&arguments.tables, env)?;
            parked::show(&tables, &arguments.id, arguments.payload, output).await
        }
        Command::Parked(ParkedCommand::Replay(arguments)) => {
            let webhooks = Webhooks::open(&arguments.function, &arguments.tables, env)?;
            let ask = async |id: &str| parked::ask::answered(webhooks.of(id).await?.replay(id).await);
            if arguments.all {
                parked::replay::all(&open_tables(&arguments.tables, env)?, ask, output, progress).await
            } else {
                parked::replay::named(&arguments.ids, ask, output, progress).await
            }
        }
        Command::Parked(ParkedCommand::Link(arguments)) => {
            let webhooks = Webhooks::open(&arguments.function, &arguments.tables, env)?;
            let function = webhooks.of(&arguments.id).await?;
            let operator = parked::ask::operator(arguments.operator.as_ref(), env)?;
            let answer = function.link(&arguments.id, arguments.account.as_str(), &operator).await;
            parked::decide::report(&arguments.id, &parked::ask::answered(answer)?, output)
        }
        Command::Parked(ParkedCommand::Drop(arguments)) => {
            let webhooks = Webhooks::open(&arguments.function, &arguments.tables, env)?;
            let function = webhooks.of(&arguments.id).await?;
            let operator = parked::ask::operator(arguments.operator.as_ref(), env)?;
            let answer = function.drop_event(&arguments.id, &arguments.reason, &operator).await;
            parked::decide::report(&arguments.id, &parked::ask::answered(answer)?, output)
        }
        Command::Adjust(command) => adjustments::run(command, env, output).await,
        Command::Customers(CustomersCommand::Link(arguments)) => {
            let of = &arguments.of;
            let function = Webhooks::open(&of.function, &of.tables, env)?.of_provider(of.provider)?;
            let operator = parked::ask::operator(of.operator.as_ref(), env)?;
            let customer = of.customer.as_str();
            let answer = function.link_customer(customer, of.account.as_str(), &operator).await;
            let linked = customers::report(customer, &parked::ask::answered(answer)?, output)?;
            if linked == CommandOutcome::Fault {
                return Ok(linked);
            }
            let ask = async |id: &str| parked::ask::answered(function.replay(id).await);
            let tables = open_tables(&of.tables, env)?;
            customers::replay_parked(&tables, customer, ask, output, progress).await
        }
        Command::Customers(CustomersCommand::Unlink(arguments)) => {
            let of = &arguments.of;
            let function = Webhooks::open(&of.function, &of.tables, env)?.of_provider(of.provider)?;
            let operator = parked::ask::operator(of.operator.as_ref(), env)?;
            let customer = of.customer.as_str();
            let answer = function.unlink_customer(customer, of.account.as_str(), &operator).await;
            customers::report(customer, &parked::ask::answered(answer)?, output)
        }
        Command::Reconcile(arguments) => {
            let ask = reconcile::open(arguments, env)?;
            let Some(since) = arguments.since else {
                let ask = async |request| ask.ask(request).await;
                return reconcile::watches::run(arguments.before, ask, output, progress).await;
            };
            let time = (since, arguments.before);
            let mut outcome = CommandOutcome::Sound;
            if arguments.repair {
                // First the events, in the order of what happened.
                outcome =
                    reconcile::run(time, async |request| ask.ask(request).await, output, progress).await?;
                writeln!(output)?;
            }
            let ask = async |request| ask.ask(request).await;
            let compared = reconcile::lists::run(time, arguments.repair, ask, output, progress).await?;
            Ok(outcome.and(compared))
        }
        Command::Import(command) => {
            publication::install_published(env).await?;
            import::run(command, env, output, progress).await
        }
        Command::Catalogue(CatalogueCommand::Publish(arguments)) => {
            let publisher = Publisher::open(&arguments.publisher, env)?;
            catalogue::publish(&publisher, arguments, output, progress).await
        }
        Command::Policy(command) => policies::run(command, env, output, progress).await,
    }
}
