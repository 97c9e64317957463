//! The tables from outside: the ledger's contract on DynamoDB, and what each operation consumes.

#[cfg(test)]
mod capacity;
#[cfg(test)]
mod downloads;
#[cfg(test)]
mod leads;
#[cfg(test)]
mod money;
#[cfg(test)]
mod names;
#[cfg(test)]
mod returned;

use ledger::contract;
use ledger_dynamodb::in_process;

#[tokio::test]
async fn dynamodb_keeps_the_ledgers_contract() {
    let (tables, _) = in_process::tables().await;
    contract::suite(&tables).await;
}
