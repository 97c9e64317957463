//! The function behind its queue, and accounts with holds.

use auto_refund::{Context, handle, understand};
use lambda::backoff::Backoff;
use lambda::sqs::{Batch, process};
use lambda::{Deadline, Invocation};
use ledger::contract::{DAY_S, at, grant, run, sound_journal};
use ledger::{
    Account, AccountId, Answer, Command, Credits, DownloadStore, Entry, GenerationId, PlaceHold, ProductId,
    ServiceId,
};
use ledger_dynamodb::Tables;
use ledger_dynamodb::in_process::{self, Meter};
use policy::Documents;
use refunds::{Due, DueRequestStore, DueThing, Lead, LeadStore};
use serde_json::{Value, json};
use testkit::queue_event::QueueEvent;

/// The function with its tables.
pub(crate) struct Queue<S> {
    pub(crate) context: Context<S, Backoff>,
    pub(crate) meter: Meter,
}

/// What the function answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    /// The ids of the messages that stay.
    pub(crate) left: Vec<String>,
    pub(crate) metrics: String,
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

fn message(kind: &str, generation: &str) -> Value {
    json!({
        "version": 1,
        "type": kind,
        "account": "acct-1",
        "generation_id": generation,
        "operation": "music_simple",
        "service": "renderer",
        "occurred_at": "2026-11-01T00:01:00Z",
    })
}

/// A failure of acct-1's generation.
pub(crate) fn failed(generation: &str, kind: &str) -> Value {
    let mut message = message("generation.failed", generation);
    message["failure"] = json!({ "kind": kind, "code": "E-17" });
    message
}

/// A completion of acct-1's generation.
pub(crate) fn completed(generation: &str, answer: &Value) -> Value {
    let mut message = message("generation.completed", generation);
    message["answer"] = answer.clone();
    message
}

/// The download of a result of acct-1's generation.
pub(crate) fn downloaded(generation: &str) -> Value {
    message("generation.downloaded", generation)
}

/// A song, as the provider delivers it.
pub(crate) fn song() -> Value {
    json!({ "songs": [{ "url": "https://cdn.example/1.mp3" }] })
}

/// A batch of the trigger without messages.
pub(crate) fn batch() -> QueueEvent {
    QueueEvent::new("generations", at(59).as_ms())
}

pub(crate) fn context<S>(store: S, documents: fn() -> &'static Documents) -> Context<S, Backoff> {
    // Enough attempts for many receivers at once on a machine that is busy with other tests.
    Context { store, pause: Backoff::new(5, 100, 200), documents }
}

impl<S: DownloadStore + LeadStore> Queue<S> {
    /// Delivers these bodies in one batch, within the given time.
    pub(crate) async fn deliver_raw(&self, bodies: &[String], at_s: u64, time_ms: u64) -> Reply {
        let invocation = Invocation::of(batch().messages(bodies).text(), at(at_s)).unwrap();
        let messages = Batch::parse(invocation.event_text()).unwrap();
        let response = process(&messages, Deadline::in_ms(time_ms), understand, async |account, items| {
            handle(&self.context, &invocation, account, items).await
        });
        let response = serde_json::to_value(response.await).unwrap();
        let left = response["batchItemFailures"].as_array().unwrap();
        Reply {
            left: left.iter().map(|item| item["itemIdentifier"].as_str().unwrap().to_owned()).collect(),
            metrics: invocation.metrics().take_lines(at(at_s)).join("\n"),
        }
    }

    /// Delivers these messages in one batch at this second.
    pub(crate) async fn deliver_at(&self, messages: &[Value], at_s: u64) -> Reply {
        let bodies: Vec<String> = messages.iter().map(Value::to_string).collect();
        self.deliver_raw(&bodies, at_s, 60_000).await
    }

    /// Delivers these messages in one batch a minute after the start.
    pub(crate) async fn deliver(&self, messages: &[Value]) -> Reply {
        self.deliver_at(messages, 60).await
    }
}

impl Queue<Tables> {
    /// A queue, and acct-1 with a pack of a hundred credits.
    pub(crate) async fn start() -> Self {
        let (tables, meter) = in_process::tables().await;
        let queue = Self { context: context(tables, policy_documents::documents), meter };
        queue.pack("acct-1", 100).await;
        queue
    }

    /// Grants a pack.
    pub(crate) async fn pack(&self, id: &str, credits: u64) {
        let command = Command::Grant(grant(&account(id), &format!("pi_{id}"), credits, None));
        self.run(id, &command, 0).await;
    }

    /// Carries out a command.
    pub(crate) async fn run(&self, id: &str, command: &Command, at_s: u64) {
        let answer = run(&self.context.store, &account(id), command, at(at_s)).await;
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    /// Holds ten of an account's credits for an operation.
    pub(crate) async fn hold_on(&self, id: &str, generation: &str, operation: &str) {
        self.hold_by("renderer", id, generation, operation).await;
    }

    /// Holds ten of an account's credits for an operation of a service.
    pub(crate) async fn hold_by(&self, service: &str, id: &str, generation: &str, operation: &str) {
        let place = PlaceHold {
            generation: GenerationId::new(generation).unwrap(),
            service: ServiceId::new(service).unwrap(),
            operation: operation.to_owned(),
            product: ProductId::new("music-studio").unwrap(),
            credits: Credits::new(10).unwrap(),
            deadline_s: 3000,
        };
        self.run(id, &Command::Hold(place), 1).await;
    }

    /// Holds ten of acct-1's credits for an operation.
    pub(crate) async fn hold_for(&self, generation: &str, operation: &str) {
        self.hold_on("acct-1", generation, operation).await;
    }

    /// Holds ten of acct-1's credits for a song.
    pub(crate) async fn hold(&self, generation: &str) {
        self.hold_for(generation, "music_simple").await;
    }

    /// The journal, checked against the ledger's invariants.
    pub(crate) async fn journal(&self, id: &str) -> Vec<Entry> {
        sound_journal(&self.context.store, &account(id)).await
    }

    /// acct-1 as it stands.
    pub(crate) async fn account(&self) -> Account {
        self.journal("acct-1").await.last().unwrap().after().clone()
    }

    /// acct-1's available, held and spent credits.
    pub(crate) async fn credits(&self) -> (u64, u64, u64) {
        let account = self.account().await;
        let sum = |of: fn(&ledger::Lot) -> Credits| account.lots.iter().map(|lot| of(lot).get()).sum();
        (sum(|lot| lot.available), sum(|lot| lot.held), sum(|lot| lot.spent))
    }

    /// What is noted for the sweep of acct-1.
    pub(crate) async fn leads(&self) -> Vec<Lead> {
        let shard = ledger::shard_of(&account("acct-1"), ledger::DUE_SHARDS);
        let due = self.context.store.due_requests(shard, at(30 * DAY_S), 100).await.unwrap();
        let mut leads = Vec::new();
        for Due { thing, .. } in due {
            let DueThing::Lead(id) = thing else { panic!("{thing:?}") };
            leads.extend(self.context.store.lead(&id).await.unwrap());
        }
        leads
    }
}

impl Reply {
    /// Asserts that no message stays.
    pub(crate) fn all_done(&self) {
        assert!(self.left.is_empty(), "{self:?}");
    }

    /// Asserts that no message stays, and one generation ended like this.
    pub(crate) fn ended(&self, outcome: &str) {
        self.all_done();
        assert!(self.metrics.contains(&format!(r#""outcome":"{outcome}""#)), "{outcome} {self:?}");
    }

    /// Asserts that all `count` messages stay for this reason.
    pub(crate) fn stayed(&self, count: usize, reason: &str) {
        assert_eq!(self.left, (0..count).map(|index| format!("m{index}")).collect::<Vec<_>>());
        assert!(self.metrics.contains(&format!(r#""reason":"{reason}""#)), "{reason} {self:?}");
    }
}
