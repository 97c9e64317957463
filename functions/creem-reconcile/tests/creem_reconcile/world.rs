//! The tables, a Creem that answers what a test says, and a webhook that notes what is asked of it.

use std::collections::BTreeMap;
use std::sync::Mutex;

use creem_api::CreemError;
use creem_events::OrderId;
use creem_reconcile::{
    LookupSummary, PollStatus, ReadCreem, ReadError, Reconcile, ReconcileError, RunOutcome, handle,
};
use lambda::Invocation;
use ledger::{PaymentId, Provider, SubscriptionId, Timestamp};
use ledger_dynamodb::{Parked, Tables, Watch, WatchSubject, in_process};
use serde_json::{Value, json};
use webhook_function::{ApplyReadings, EventAnswer, Reading, ReplayEvents, WebhookError};

/// 2026-11-01T00:00:00Z.
pub(crate) const START_S: i64 = 1_793_491_200;
pub(crate) const DAY_S: i64 = 86_400;

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S.saturating_add(second)).unwrap()
}

/// What Creem has, by id, and what is asked of it.
#[derive(Default)]
pub(crate) struct Creem {
    pub(crate) objects: Mutex<BTreeMap<String, Value>>,
    /// The kind of error that it answers with: `busy` or `failed`.
    pub(crate) trouble: Mutex<Option<&'static str>>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Creem {
    fn answer(&self, id: &str) -> Result<(), ReadError> {
        self.asked.lock().unwrap().push(id.to_owned());
        match *self.trouble.lock().unwrap() {
            Some("busy") => Err(ReadError::Busy),
            Some(_) => Err(ReadError::Failed(CreemError::Timeout)),
            None => Ok(()),
        }
    }

    fn known(&self, id: &str) -> Option<Value> {
        self.objects.lock().unwrap().get(id).cloned()
    }
}

impl ReadCreem for Creem {
    async fn transaction(&self, id: &PaymentId, _: Timestamp) -> Result<Option<Value>, ReadError> {
        self.answer(id.as_str())?;
        Ok(self.known(id.as_str()))
    }

    async fn transactions_of_order(&self, id: &OrderId, _: Timestamp) -> Result<Vec<Value>, ReadError> {
        self.answer(id.as_str())?;
        let objects = self.objects.lock().unwrap();
        Ok(objects.values().filter(|object| object["order"] == id.as_str()).cloned().collect())
    }

    async fn subscription(&self, id: &SubscriptionId, _: Timestamp) -> Result<Option<Value>, ReadError> {
        self.answer(id.as_str())?;
        Ok(self.known(id.as_str()))
    }
}

/// A webhook that answers what a test says, `repeated` at first.
#[derive(Default)]
pub(crate) struct Webhook {
    pub(crate) outcome: Mutex<Option<&'static str>>,
    pub(crate) replayed: Mutex<Vec<String>>,
    pub(crate) readings: Mutex<Vec<Value>>,
}

impl Webhook {
    fn answer(&self) -> Result<EventAnswer, WebhookError> {
        match self.outcome.lock().unwrap().unwrap_or("repeated") {
            "failed" => Err(WebhookError::Failed { message: None }),
            outcome => Ok(EventAnswer { outcome: outcome.to_owned(), reason: None }),
        }
    }
}

impl ReplayEvents for Webhook {
    async fn replay(&self, id: &str) -> Result<EventAnswer, WebhookError> {
        self.replayed.lock().unwrap().push(id.to_owned());
        self.answer()
    }
}

impl ApplyReadings for Webhook {
    async fn apply_reading(&self, reading: &Reading) -> Result<EventAnswer, WebhookError> {
        let (Reading::Transaction(object) | Reading::Subscription(object)) = reading;
        self.readings.lock().unwrap().push(serde_json::from_str(object).unwrap());
        self.answer()
    }
}

pub(crate) struct World {
    pub(crate) reconcile: Reconcile<Creem, Webhook>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let (tables, _) = in_process::tables().await;
        Self { reconcile: Reconcile { tables, creem: Creem::default(), webhook: Webhook::default() } }
    }

    pub(crate) fn tables(&self) -> &Tables {
        &self.reconcile.tables
    }

    /// Has Creem know an object.
    pub(crate) fn has(&self, object: Value) {
        let id = object["id"].as_str().unwrap().to_owned();
        self.reconcile.creem.objects.lock().unwrap().insert(id, object);
    }

    pub(crate) fn trouble(&self, trouble: Option<&'static str>) {
        *self.reconcile.creem.trouble.lock().unwrap() = trouble;
    }

    pub(crate) fn answers(&self, outcome: &'static str) {
        *self.reconcile.webhook.outcome.lock().unwrap() = Some(outcome);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.reconcile.creem.asked.lock().unwrap())
    }

    pub(crate) fn readings(&self) -> Vec<Value> {
        std::mem::take(&mut *self.reconcile.webhook.readings.lock().unwrap())
    }

    pub(crate) fn replayed(&self) -> Vec<String> {
        std::mem::take(&mut *self.reconcile.webhook.replayed.lock().unwrap())
    }

    /// Watches an object since `since`, which is when it is due.
    pub(crate) async fn watch(&self, subject: WatchSubject, since: i64) {
        let watch = Watch { provider: Provider::Creem, subject, since: at(since), due_at: at(since) };
        self.tables().watch(&watch).await.unwrap();
    }

    /// When each watch is due, in seconds after the start.
    pub(crate) async fn due(&self) -> Vec<i64> {
        let far = at(1_000 * DAY_S);
        let watches = self.tables().due_watches(Provider::Creem, far, 100).await.unwrap();
        watches.iter().map(|watch| watch.due_at.as_s().saturating_sub(START_S)).collect()
    }

    pub(crate) async fn park(&self, id: &str, body: Value) -> Parked {
        let parked = Parked {
            provider: Provider::Creem,
            lookup_at: Some(at(0)),
            ..Parked::new(id, "payment_unknown", at(0), body.to_string())
        };
        self.tables().park(&parked).await.unwrap();
        parked
    }

    async fn run(&self, event: Value, second: i64) -> Result<RunOutcome, ReconcileError> {
        let invocation = Invocation::of(event.to_string(), at(second)).unwrap().within_ms(60_000);
        Box::pin(handle(&self.reconcile, &invocation)).await
    }

    /// A run of the table's stream.
    pub(crate) async fn stream(&self, id: &str, second: i64) -> LookupSummary {
        let keys = json!({"pk": {"S": "PARKED"}, "sk": {"S": id}});
        let batch = json!({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]});
        match self.run(batch, second).await.unwrap() {
            RunOutcome::Lookups(summary) => summary,
            RunOutcome::Watches(status) => panic!("{status:?}"),
        }
    }

    /// A run of the schedule.
    pub(crate) async fn tick(&self, second: i64) -> PollStatus {
        self.ask(json!({}), second).await.unwrap()
    }

    pub(crate) async fn ask(&self, request: Value, second: i64) -> Result<PollStatus, ReconcileError> {
        self.run(request, second).await.map(|outcome| match outcome {
            RunOutcome::Watches(status) => status,
            RunOutcome::Lookups(summary) => panic!("{summary:?}"),
        })
    }
}
