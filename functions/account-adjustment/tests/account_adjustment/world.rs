//! A small world: tables with a customer's pack, and calls of the function.

use account_adjustment::{AccountAdjustments, handle, handle_direct};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::{Request, Response};
pub(crate) use ledger::contract::DAY_S;
use ledger::contract::{at, grant, place, run, settle, sound_journal};
use ledger::{Account, AccountId, Answer, Command, Ending, Entry, LedgerStore, Takes, Timestamp};
use ledger_dynamodb::{Tables, in_process};
use serde_json::{Value, json};
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};

pub(crate) const CUSTOMER: &str = "customer-1";
pub(crate) const SUBMIT: &str = "POST /v1/accounts/{account}/adjustments";
/// A clause of the document.
pub(crate) const CLAUSE: &str = "mid-period";

pub(crate) struct World {
    pub(crate) app: AccountAdjustments<Tables>,
    pub(crate) meter: in_process::Meter,
}

impl World {
    /// A customer with a pack of 5000 credits, lot 1.
    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        world.run(&Command::Grant(grant(&account(), "pi_pack", 5_000, None))).await;
        world.meter.read();
        world
    }

    pub(crate) async fn empty() -> Self {
        let (store, meter) = in_process::tables().await;
        let rules = CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap();
        Self { app: AccountAdjustments { store, rules, backoff: Backoff::default() }, meter }
    }

    pub(crate) async fn run(&self, command: &Command) {
        let answer = run(&self.app.store, &account(), command, now()).await;
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    /// 30 credits are spent, their pack is refunded, and they are owed.
    pub(crate) async fn owe(&self) {
        self.run(&place("g1", 30)).await;
        self.run(&settle("g1", Ending::Succeeded)).await;
        let payment = "pi_pack".parse().unwrap();
        self.run(&Command::Revoke { payment, takes: Takes::Remaining, owe_spent: true }).await;
    }

    pub(crate) async fn call_at(&self, event: &HttpEvent, now: Timestamp) -> Response {
        let invocation = Invocation::of(event.text(), now).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        match Box::pin(handle(&self.app, &request, &invocation)).await {
            Ok(response) => response,
            Err(problem) => problem.into_response("r-1"),
        }
    }

    pub(crate) async fn call(&self, event: &HttpEvent) -> (u16, Value) {
        answer(&self.call_at(event, now()).await)
    }

    /// What a support person submits under a key.
    pub(crate) async fn submit(&self, person: &str, key: &str, body: &Value) -> (u16, Value) {
        self.call(&submission(person, key, body)).await
    }

    /// The id of an adjustment that waits for a second person.
    pub(crate) async fn waiting(&self, person: &str, key: &str, body: &Value) -> String {
        let (status, adjustment) = self.submit(person, key, body).await;
        assert_eq!((status, &adjustment["state"]), (201, &json!("waiting_for_approval")), "{adjustment:#}");
        adjustment["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn approve(&self, person: &str, id: &str) -> (u16, Value) {
        self.call(&decision("approval", person, id)).await
    }

    pub(crate) async fn refuse(&self, person: &str, id: &str) -> (u16, Value) {
        self.call(&decision("refusal", person, id).body(&json!({"reason": "Not shown."}))).await
    }

    /// What an operator asks by a direct invocation.
    pub(crate) async fn direct(&self, request: &Value) -> (u16, Value) {
        let invocation = Invocation::of(request.to_string(), now()).unwrap();
        let request = invocation.event().unwrap();
        answer(&Box::pin(handle_direct(&self.app, request, &invocation)).await.unwrap())
    }

    pub(crate) async fn account(&self) -> Account {
        self.newest().await.after().clone()
    }

    pub(crate) async fn newest(&self) -> Entry {
        self.app.store.head(&account()).await.unwrap().unwrap()
    }

    pub(crate) async fn available(&self) -> u64 {
        self.account().await.balance(now()).unwrap().available.get()
    }

    /// How many entries the journal has, which keeps the invariants.
    pub(crate) async fn entries(&self) -> usize {
        sound_journal(&self.app.store, &account()).await.len()
    }
}

pub(crate) fn now() -> Timestamp {
    at(41 * DAY_S)
}

pub(crate) fn account() -> AccountId {
    AccountId::new(CUSTOMER).unwrap()
}

pub(crate) fn submission(person: &str, key: &str, body: &Value) -> HttpEvent {
    HttpEvent::new(SUBMIT, now().as_s())
        .path("account", CUSTOMER)
        .header("idempotency-key", key)
        .as_support(person)
        .body(body)
}

pub(crate) fn decision(what: &str, person: &str, id: &str) -> HttpEvent {
    let route = format!("POST /v1/accounts/{{account}}/adjustments/{{id}}/{what}");
    HttpEvent::new(&route, now().as_s()).path("account", CUSTOMER).path("id", id).as_support(person)
}

/// The body of an adjustment of this kind, with these further members.
pub(crate) fn body(kind: &str, members: &Value) -> Value {
    let mut body = json!({"kind": kind, "product": "music-studio", "clause": CLAUSE, "reason": "As agreed."});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub(crate) fn grant_of(credits: u64) -> Value {
    body("grant", &json!({"credits": credits, "purpose": "goodwill", "expires_at": null}))
}

pub(crate) fn answer(response: &Response) -> (u16, Value) {
    (response.status(), serde_json::from_str(response.body()).unwrap())
}
