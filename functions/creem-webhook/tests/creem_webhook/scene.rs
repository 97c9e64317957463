//! Everything that a case needs: the tables, the handler, and what Creem would get.

use std::sync::{Arc, Mutex};

use creem_events::sign;
use creem_webhook::{DirectAnswer, ParkedRequest, Signing, Webhook, handle, handle_parked};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::secrets::{SecretError, SecretFields, SecretSource};
use ledger::contract::sound_journal;
use ledger::{Account, AccountId, Payment, PaymentStore, Subscription, SubscriptionStore, Timestamp};
use ledger_dynamodb::in_process::{self, Memory};
use ledger_dynamodb::{Parked, Tables};
use published_policies::PublishedPolicies;
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

/// 2026-11-01T00:00:00Z, when the stories begin.
pub(crate) const START_S: i64 = 1_793_491_200;
pub(crate) const DAY_S: i64 = 86_400;
pub(crate) const ACCOUNT: &str = "account-b3";
pub(crate) const CURRENT: &str = "whsec_current";
pub(crate) const PREVIOUS: &str = "whsec_previous";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S + second).unwrap()
}

/// A secret store with one value.
#[derive(Debug)]
pub(crate) struct Vault(Mutex<Value>);

impl SecretSource for &Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &self.0.lock().unwrap().to_string())
    }
}

/// What Creem would get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// `applied`, or `parked: price_unknown`; the problem's type for an error.
    pub(crate) says: String,
    pub(crate) metrics: Vec<String>,
    pub(crate) body: Value,
}

impl Reply {
    pub(crate) fn counted(&self, metric: &str) -> bool {
        self.metrics.iter().any(|line| line.contains(&format!("\"{metric}\":")))
    }
}

pub(crate) struct Scene {
    pub(crate) tables: Tables,
    pub(crate) memory: Memory,
    pub(crate) webhook: Webhook<&'static Vault>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let (tables, _, memory) = in_process::tables_in_memory().await;
        let webhook = webhook(tables.clone(), json!({"current": CURRENT, "previous": PREVIOUS}));
        Self { tables, memory, webhook }
    }

    /// Sends `body`, signed with the current secret, at `now`.
    pub(crate) async fn send(&self, body: &str, now: Timestamp) -> Reply {
        let signature = sign(body.as_bytes(), CURRENT);
        post(&self.webhook, body, &[("creem-signature", &signature)], now).await
    }

    /// Sends each of `bodies`, which are all applied.
    pub(crate) async fn apply(&self, bodies: &[String]) {
        for body in bodies {
            assert_eq!(self.send(body, at(60)).await.says, "applied", "{body}");
        }
    }

    pub(crate) async fn account(&self, account: &str) -> Account {
        let account = AccountId::new(account).unwrap();
        let journal = sound_journal(&self.tables, &account).await;
        journal.last().map(|entry| entry.after().clone()).unwrap_or_default()
    }

    pub(crate) async fn available(&self) -> u64 {
        self.account(ACCOUNT).await.balance(at(60)).unwrap().available.get()
    }

    pub(crate) async fn payment(&self, id: &str) -> Payment {
        self.tables.payment(&id.parse().unwrap()).await.unwrap().unwrap()
    }

    pub(crate) async fn subscription(&self, id: &str) -> Subscription {
        let (account, id) = (ACCOUNT.parse().unwrap(), id.parse().unwrap());
        self.tables.subscription(&account, &id).await.unwrap().unwrap()
    }

    pub(crate) async fn parked(&self) -> Vec<Parked> {
        self.tables.parked_after(None, 100).await.unwrap()
    }

    /// What an operator or another function asks about a parked event.
    pub(crate) async fn ask(&self, request: Value, second: i64) -> DirectAnswer {
        let request: ParkedRequest = serde_json::from_value(request).unwrap();
        let invocation = Invocation::of("{}".to_owned(), at(second)).unwrap();
        Box::pin(handle_parked(&self.webhook, request, &invocation)).await.unwrap()
    }

    /// What creem-reconcile does: it stores the transaction beside the event, and asks for a replay.
    pub(crate) async fn fetch(&self, id: &str, transaction: &Value, second: i64) -> DirectAnswer {
        let parked = self.tables.parked_event(id).await.unwrap().unwrap();
        assert!(parked.lookup_at.is_some(), "{parked:?}");
        let fetched = Some(serde_json::to_vec(transaction).unwrap());
        let kept = Parked { fetched, lookup_at: None, ..parked.clone() };
        self.tables.keep_parked(&parked, &kept).await.unwrap();
        self.ask(json!({"replay": {"event": id}}), second).await
    }
}

pub(crate) fn webhook(tables: Tables, secrets: Value) -> Webhook<&'static Vault> {
    // It outlives every test.
    let vault: &'static Vault = Box::leak(Box::new(Vault(Mutex::new(secrets))));
    Webhook {
        tables,
        signing: Signing::new(vault, "creem/webhook"),
        livemode: false,
        backoff: Backoff::default(),
        link_wait: Backoff::new(0, 0, 1),
        policies: Arc::new(PublishedPolicies::as_installed()),
    }
}

/// Posts a body with headers.
pub(crate) async fn post(
    webhook: &Webhook<&'static Vault>,
    body: &str,
    headers: &[(&str, &str)],
    now: Timestamp,
) -> Reply {
    let mut event = HttpEvent::new("POST /v1/webhooks/creem", now.as_s())
        .header("content-type", "application/json")
        .member("body", json!(body));
    for (name, value) in headers {
        event = event.header(name, value);
    }
    let invocation = Invocation::of(event.text(), now).unwrap();
    let request = invocation.event().unwrap();
    // As the runtime does: the future is larger than a test's own should be.
    let response = match Box::pin(handle(webhook, &request, &invocation)).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(request.request_id()),
    };
    let body: Value = serde_json::from_str(response.body()).unwrap();
    let text = |member: &str| body[member].as_str().map(str::to_owned);
    let says = match (text("outcome"), text("reason")) {
        (Some(outcome), Some(reason)) => format!("{outcome}: {reason}"),
        (Some(outcome), None) => outcome,
        (None, _) => text("type").unwrap().replace("urn:makegood:problem:", ""),
    };
    Reply { status: response.status(), says, metrics: invocation.metrics().take_lines(now), body }
}
