//! Everything that a case needs: the stand-in that makes events, the tables, and the handler.

use std::sync::{Arc, Mutex};

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::secrets::{SecretError, SecretFields, SecretSource};
use ledger::contract::sound_journal;
use ledger::{Account, AccountId, Entry, Timestamp};
use ledger_dynamodb::in_process::{self, Memory, Meter};
use ledger_dynamodb::{Parked, Tables};
use published_policies::PublishedPolicies;
use serde_json::{Value, json};
use stripe_webhook::{Signing, Webhook, handle};
use testkit::http_event::HttpEvent;
use testkit::stand_in::{BuyPack, Emission, Made, StripeStandIn, Subscribe, signature_header};

/// 2026-11-01T00:00:00Z, when the stories begin.
pub(crate) const START_S: i64 = 1_793_491_200;
pub(crate) const DAY_S: i64 = 86_400;
pub(crate) const ACCOUNT: &str = "account-b3";
pub(crate) const CURRENT: &str = "whsec_current";
pub(crate) const PREVIOUS: &str = "whsec_previous";

pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S + second).unwrap()
}

/// A secret store whose value a test sets.
#[derive(Debug)]
pub(crate) struct Vault(pub(crate) Mutex<Value>);

impl SecretSource for &Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &self.0.lock().unwrap().to_string())
    }
}

/// A vault that outlives every test.
pub(crate) fn vault(value: Value) -> &'static Vault {
    Box::leak(Box::new(Vault(Mutex::new(value))))
}

/// What Stripe would get.
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
    pub(crate) stripe: StripeStandIn,
    pub(crate) tables: Tables,
    pub(crate) meter: Meter,
    pub(crate) webhook: Webhook<&'static Vault>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::in_memory().await.0
    }

    /// A scene, and the memory of its tables.
    pub(crate) async fn in_memory() -> (Self, Memory) {
        let (tables, meter, memory) = in_process::tables_in_memory().await;
        let stripe = StripeStandIn::start().await.unwrap();
        let webhook = webhook(tables.clone(), vault(json!({"current": CURRENT, "previous": PREVIOUS})));
        (Self { stripe, tables, meter, webhook }, memory)
    }

    /// Sends `body`, signed with the current secret at `now`.
    pub(crate) async fn send(&self, body: &str, now: Timestamp) -> Reply {
        let header = signature_header(&[CURRENT], now.as_s(), body.as_bytes());
        post(&self.webhook, json!({"body": body}), Some(&header), now).await
    }

    /// Sends an event's object, changed by `change`.
    pub(crate) async fn send_changed(
        &self,
        body: &str,
        now: Timestamp,
        change: impl FnOnce(&mut Value),
    ) -> Reply {
        let mut event: Value = serde_json::from_str(body).unwrap();
        change(&mut event["data"]["object"]);
        self.send(&event.to_string(), now).await
    }

    /// The body of one of the stand-in's events.
    pub(crate) fn body(&self, id: &str) -> String {
        let events = self.stripe.events();
        events.into_iter().find(|event| event.id == id).unwrap().body
    }

    /// The bodies of a command's events.
    pub(crate) fn bodies(&self, made: &Made) -> Vec<String> {
        made.events.iter().map(|id| self.body(id)).collect()
    }

    /// The bodies of a pack's purchase at `second`.
    pub(crate) fn pack(&self, second: i64) -> (Made, String) {
        let pack = BuyPack::of(ACCOUNT, "price_pack_100", 900);
        let made = self.stripe.buy_pack(&pack, &created(second)).unwrap();
        let body = self.body(&made.events[0]);
        (made, body)
    }

    /// A subscription to Pro at `second`, with its three events: checkout, created, invoice.
    pub(crate) fn subscribe(&self, second: i64) -> (Made, [String; 3]) {
        let made = self.stripe.subscribe(&pro(), &created(second)).unwrap();
        let bodies = self.bodies(&made).try_into().unwrap();
        (made, bodies)
    }

    pub(crate) async fn journal(&self, account: &str) -> Vec<Entry> {
        let account = AccountId::new(account).unwrap();
        sound_journal(&self.tables, &account).await
    }

    pub(crate) async fn account(&self, account: &str) -> Account {
        self.journal(account).await.last().map(|entry| entry.after().clone()).unwrap_or_default()
    }

    pub(crate) async fn available(&self, now: Timestamp) -> u64 {
        self.account(ACCOUNT).await.balance(now).unwrap().available.get()
    }

    pub(crate) async fn parked(&self) -> Vec<Parked> {
        self.tables.parked_after(None, 100).await.unwrap()
    }
}

pub(crate) fn webhook(tables: Tables, vault: &'static Vault) -> Webhook<&'static Vault> {
    Webhook {
        tables,
        signing: Signing::new(vault, "stripe/webhook"),
        livemode: false,
        backoff: Backoff::default(),
        link_wait: Backoff::new(0, 0, 1),
        policies: Arc::new(PublishedPolicies::as_installed()),
        on_upgrade: purchase_lines::on_upgrade_at,
    }
}

pub(crate) fn pro() -> Subscribe {
    Subscribe {
        account: ACCOUNT.to_owned(),
        customer: None,
        price: "price_pro_monthly".to_owned(),
        amount: 1_200,
        currency: "usd".to_owned(),
        metadata: [("account".to_owned(), "somebody-else".to_owned())].into(),
        days: None,
    }
}

/// Events of `second`; the stand-in has no target, so that they stay with it.
pub(crate) fn created(second: i64) -> Emission {
    Emission { created: Some(START_S + second), ..Emission::default() }
}

/// Posts a request with the given parts of API Gateway's event.
pub(crate) async fn post(
    webhook: &Webhook<&'static Vault>,
    parts: Value,
    signature: Option<&str>,
    now: Timestamp,
) -> Reply {
    let mut event = HttpEvent::new("POST /v1/webhooks/stripe", now.as_s())
        .header("content-type", "application/json; charset=utf-8");
    if let Some(signature) = signature {
        event = event.header("stripe-signature", signature);
    }
    for (name, value) in parts.as_object().unwrap() {
        event = event.member(name, value.clone());
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
