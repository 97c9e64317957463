//! The tables that a command reads, named by its arguments or else by the environment that the functions
//! have.

use lambda::aws::SdkSettings;
use lambda::config::{ConfigError, Env};
use ledger_dynamodb::{Anchors, Policies, Tables};

use crate::arguments::{PoliciesArguments, TableArguments, VerifyArguments};
use crate::failure::Failure;

/// The tables, and beside them the anchors that their writers cannot reach.
pub(crate) struct Store {
    /// Journals, payments and requests.
    pub(crate) tables: Tables,
    /// The heads of the journals.
    pub(crate) anchors: Anchors,
}

/// The tables and the anchors.
pub(crate) fn open_store(arguments: &VerifyArguments, env: &Env) -> Result<Store, Failure> {
    let tables = open_tables(&arguments.tables, env)?;
    let anchors = name(arguments.anchors_table.as_ref(), "ANCHORS_TABLE", env)?;
    Ok(Store { tables, anchors: Anchors::new(client(env)?, anchors) })
}

/// The ledger and the requests.
pub(crate) fn open_tables(arguments: &TableArguments, env: &Env) -> Result<Tables, Failure> {
    let ledger = name(arguments.ledger_table.as_ref(), "LEDGER_TABLE", env)?;
    let requests = name(arguments.requests_table.as_ref(), "REQUESTS_TABLE", env)?;
    Ok(Tables::new(client(env)?, ledger, requests))
}

/// The published policies and prices.
pub(crate) fn open_policies(arguments: &PoliciesArguments, env: &Env) -> Result<Policies, Failure> {
    Ok(Policies::new(client(env)?, name(arguments.policies_table.as_ref(), "POLICIES_TABLE", env)?))
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
