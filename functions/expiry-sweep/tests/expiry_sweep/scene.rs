//! The tables, a queue that remembers, and the handler.

use expiry_sweep::{Status, Sweep, SweepError, SweptTime, handle};
use lambda::Invocation;
use lambda::backoff::Backoff;
pub(crate) use ledger::contract::DAY_S;
use ledger::contract::{grant, place, run, sound_journal};
use ledger::{
    AccountId, Answer, Command, Credits, DUE_SHARDS, DueStore, Entry, Marker, SubscriptionId, Timestamp,
};
use ledger_dynamodb::{Tables, in_process};
use payout_queue::InMemoryPayoutQueue;
use serde_json::json;

pub(crate) struct Scene {
    pub(crate) tables: Tables,
    pub(crate) endpoint: String,
    pub(crate) queue: InMemoryPayoutQueue,
    pub(crate) sweep: Sweep<Tables, InMemoryPayoutQueue>,
}

pub(crate) fn id(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

pub(crate) fn tick(now: Timestamp, wall: Timestamp) -> Invocation {
    Invocation::of(json!({"version": 1, "time": now.to_string()}).to_string(), wall).unwrap()
}

/// The tick of one of several schedules.
pub(crate) fn tick_of(now: Timestamp, shards: &[u8]) -> Invocation {
    let event = json!({"version": 1, "time": now.to_string(), "shards": shards});
    Invocation::of(event.to_string(), now).unwrap()
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (tables, _, endpoint) = in_process::tables_with_endpoint().await;
        let queue = InMemoryPayoutQueue::default();
        let swept_time = SweptTime::Simulated;
        let sweep =
            Sweep { store: tables.clone(), payouts: queue.clone(), backoff: Backoff::default(), swept_time };
        Self { tables, endpoint, queue, sweep }
    }

    /// A run at `now`, on time.
    pub(crate) async fn run(&self, now: Timestamp) -> Status {
        self.run_for(now, now).await.unwrap()
    }

    /// A run for `now` at `wall`.
    pub(crate) async fn run_for(&self, now: Timestamp, wall: Timestamp) -> Result<Status, SweepError> {
        handle(&self.sweep, &tick(now, wall)).await
    }

    pub(crate) async fn order(&self, account: &AccountId, command: &Command, now: Timestamp) -> Answer {
        run(&self.tables, account, command, now).await
    }

    /// Grants 100 credits: of a subscription, or of a pack.
    pub(crate) async fn grant(&self, name: &str, payment: &str, subscription: Option<&str>, now: Timestamp) {
        let account = id(name);
        let command = Command::Grant(grant(&account, payment, 100, subscription));
        assert!(matches!(self.order(&account, &command, now).await, Answer::Written { .. }));
    }

    /// Places a hold of 10 credits with a deadline of 50 minutes.
    pub(crate) async fn hold(&self, name: &str, generation: &str, now: Timestamp) {
        let placed = self.order(&id(name), &place(generation, 10), now).await;
        assert!(matches!(placed, Answer::Written { .. }), "{placed:?}");
    }

    /// A subscription's 100 credits whose clock of 60 days starts at `ended_at`.
    pub(crate) async fn ended(&self, name: &str, ended_at: Timestamp) {
        self.grant(name, &format!("pi_{name}_sub"), Some("sub_1"), ended_at).await;
        let subscription = SubscriptionId::new("sub_1").unwrap();
        let command = Command::StartExpiry {
            subscription,
            ended_at,
            leftover_s: 60 * DAY_S,
            pauses_leftover_expiry: true,
        };
        self.order(&id(name), &command, ended_at).await;
    }

    pub(crate) async fn journal(&self, name: &str) -> Vec<Entry> {
        sound_journal(&self.tables, &id(name)).await
    }

    /// Available and held credits.
    pub(crate) async fn balance(&self, name: &str, now: Timestamp) -> (u64, u64) {
        let journal = self.journal(name).await;
        let balance = journal.last().unwrap().after().balance(now).unwrap();
        (balance.available.get(), balance.held.get())
    }

    /// What is left of all lots, expired or not.
    pub(crate) async fn unexpired(&self, name: &str) -> u64 {
        let journal = self.journal(name).await;
        let lots = &journal.last().unwrap().after().lots;
        Credits::sum(lots.iter().map(|lot| lot.available)).unwrap().get()
    }

    /// All markers, whenever they are due.
    pub(crate) async fn markers(&self) -> Vec<Marker> {
        let mut markers = Vec::new();
        let end = Timestamp::parse("2099-12-31T00:00:00Z").unwrap();
        for shard in 0..DUE_SHARDS {
            markers.extend(self.tables.due(shard, end, 1000).await.unwrap());
        }
        markers
    }
}
