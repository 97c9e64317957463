//! The ledger from outside: the contract on the store in memory, stories, and laws over random histories.

#[cfg(test)]
mod adjustments;
#[cfg(test)]
mod arrivals;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod debts;
#[cfg(test)]
mod disputes;
#[cfg(test)]
mod imports;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod months;
#[cfg(test)]
mod months_of_refunds;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod returns;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod story;

use ledger::contract;

#[tokio::test]
async fn the_store_in_memory_keeps_the_contract() {
    contract::suite(&memory::InMemory::default()).await;
}
