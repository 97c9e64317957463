//! What the function is invoked with.

use import_lines::AccountLine;
use ledger::{IdError, ImportId};
use serde::Deserialize;

/// Most accounts of a batch: at about ten write units each they are written within a second, and 25 large
/// lines stay below the 6 MB that an invocation takes.
pub const ACCOUNTS_MAX: usize = 25;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ImportRequest {
    /// Take over these accounts.
    Import(Batch),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    pub(crate) id: Id,
    pub(crate) accounts: Accounts,
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Id(pub(crate) ImportId);

impl TryFrom<String> for Id {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        ImportId::new(text).map(Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<AccountLine>")]
pub(crate) struct Accounts(pub(crate) Vec<AccountLine>);

impl TryFrom<Vec<AccountLine>> for Accounts {
    type Error = &'static str;

    fn try_from(accounts: Vec<AccountLine>) -> Result<Self, Self::Error> {
        let is_good = !accounts.is_empty() && accounts.len() <= ACCOUNTS_MAX;
        is_good.then_some(Self(accounts)).ok_or("expected 1 to 25 accounts")
    }
}
