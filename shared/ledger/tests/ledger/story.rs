//! One account of a store in memory, step by step; at the end of each story its invariants hold.

pub(crate) use ledger::contract::DAY_S;
use ledger::contract::{at, expire, grant, run};
use ledger::{AccountId, Answer, Command, Credits, Lot, LotId, SubscriptionId, Timestamp, check_journal};

use crate::memory::InMemory;

pub(crate) struct Story {
    pub(crate) store: InMemory,
    pub(crate) account: AccountId,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self { store: InMemory::default(), account: AccountId::new("customer-1").unwrap() }
    }

    pub(crate) async fn run(&self, command: &Command, seconds: u64) -> Answer {
        run(&self.store, &self.account, command, at(seconds)).await
    }

    pub(crate) async fn grant(&self, payment: &str, count: u64, subscription: Option<&str>) {
        let command = Command::Grant(grant(&self.account, payment, count, subscription));
        assert!(matches!(self.run(&command, 0).await, Answer::Written { .. }));
    }

    /// What is due, with the release of this generation's hold.
    pub(crate) async fn expire(&self, generation: &str, seconds: u64) -> Answer {
        self.run(&expire(&[generation]), seconds).await
    }

    pub(crate) async fn end(&self, subscription: &str, ended_at: Timestamp, seconds: u64) -> Answer {
        let subscription = SubscriptionId::new(subscription).unwrap();
        self.run(
            &Command::StartExpiry {
                subscription,
                ended_at,
                leftover_s: 60 * DAY_S,
                pauses_leftover_expiry: true,
            },
            seconds,
        )
        .await
    }

    pub(crate) fn lot(&self, id: u32) -> Lot {
        self.store.journal(&self.account).last().unwrap().after().lot(LotId(id)).unwrap().clone()
    }

    pub(crate) fn numbers(&self, id: u32) -> [u64; 6] {
        let lot = self.lot(id);
        [lot.granted, lot.available, lot.held, lot.spent, lot.expired, lot.revoked].map(Credits::get)
    }

    pub(crate) fn debt(&self) -> u64 {
        self.store.journal(&self.account).last().unwrap().after().debt.get()
    }

    pub(crate) fn available(&self, seconds: u64) -> u64 {
        let journal = self.store.journal(&self.account);
        journal.last().unwrap().after().balance(at(seconds)).unwrap().available.get()
    }
}

impl Drop for Story {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(check_journal(&self.store.journal(&self.account)), []);
        }
    }
}
