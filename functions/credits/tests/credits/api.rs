//! The function with its tables, and callers with tokens.

use credits::{Context, handle};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::Request;
use ledger::contract::{at, grant, sound_journal};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, Entry, LedgerStore, Order, ProductId, Provider, execute,
};
use ledger_dynamodb::in_process::{self, Meter};
use ledger_dynamodb::{StoreError, Tables};
use serde_json::{Value, json};
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};

/// The instant of every call that says nothing else.
pub(crate) const NOW_S: u64 = 60;

/// The function with its tables.
pub(crate) struct Api<S> {
    pub(crate) context: Context<S, Backoff>,
    pub(crate) meter: Meter,
}

/// Who calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum As {
    Customer(&'static str),
    Service,
    OtherService,
    Support,
    /// A support person whose token has expired.
    Expired,
}

/// What the function answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
    pub(crate) metrics: String,
}

pub(crate) fn account(id: &str) -> AccountId {
    AccountId::new(id).unwrap()
}

pub(crate) fn context<S>(store: S) -> Context<S, Backoff> {
    Context {
        store,
        // Enough attempts for fifty callers at once on a machine that is busy with other tests.
        pause: Backoff::new(5, 100, 200),
        callers: CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap(),
        documents: policy_documents::documents,
        catalogue: policy_documents::catalogue,
        product: ProductId::new("music-studio").unwrap(),
    }
}

impl Api<Tables> {
    pub(crate) async fn start() -> Self {
        let (tables, meter) = in_process::tables().await;
        Self { context: context(tables), meter }
    }

    /// Grants a pack of `credits` to `id`.
    pub(crate) async fn pack(&self, id: &str, credits: u64) {
        let account = account(id);
        let command = Command::Grant(grant(&account, &format!("pi_{id}"), credits, None));
        self.run(id, command, 0).await;
    }

    /// Carries out a command that no route of this function makes.
    pub(crate) async fn run(&self, id: &str, command: Command, at_s: u64) {
        self.run_for(
            id,
            command,
            (Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()), Actor::Provider(Provider::Stripe)),
            at_s,
        )
        .await;
    }

    /// Carries out a command of this cause and actor.
    pub(crate) async fn run_for(
        &self,
        id: &str,
        command: Command,
        (cause, actor): (Cause, Actor),
        at_s: u64,
    ) {
        let (account, records) = (&account(id), Vec::new());
        let order = Order { account, command: &command, cause, actor, policy: None, records };
        let answer = execute(&self.context.store, &self.context.pause, &order, at(at_s)).await.unwrap();
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    /// The journal, checked against the ledger's invariants.
    pub(crate) async fn journal(&self, id: &str) -> Vec<Entry> {
        sound_journal(&self.context.store, &account(id)).await
    }
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    event: HttpEvent,
    caller: Option<As>,
    at_s: u64,
}

impl Call {
    pub(crate) fn new(route: &str, account: &str) -> Self {
        let event = HttpEvent::new(route, at(NOW_S).as_s()).path("account", account);
        // A call without a body declares no type of it.
        let event = event.member("headers", json!({}));
        Self { event, caller: None, at_s: NOW_S }
    }

    pub(crate) fn balance(account: &str) -> Self {
        Self::new("GET /v1/accounts/{account}/credits", account)
    }

    pub(crate) fn balance_as_of(account: &str, instant: &str) -> Self {
        let call = Self::balance(account);
        Self { event: call.event.member("queryStringParameters", json!({ "as_of": instant })), ..call }
    }

    pub(crate) fn entries(account: &str, query: &Value) -> Self {
        let call = Self::new("GET /v1/accounts/{account}/entries", account);
        Self { event: call.event.member("queryStringParameters", query.clone()), ..call }
    }

    pub(crate) fn hold(account: &str, body: &Value) -> Self {
        Self::new("POST /v1/accounts/{account}/holds", account).body(&body.to_string())
    }

    pub(crate) fn capture(account: &str, generation: &str) -> Self {
        let call = Self::new("POST /v1/accounts/{account}/holds/{generation}/capture", account);
        Self { event: call.event.path("generation", generation), ..call }
    }

    pub(crate) fn release(account: &str, generation: &str) -> Self {
        let call = Self::new("POST /v1/accounts/{account}/holds/{generation}/release", account);
        Self { event: call.event.path("generation", generation), ..call }
    }

    pub(crate) fn body(self, body: &str) -> Self {
        Self { event: self.event.header("content-type", "application/json").body_text(body), ..self }
    }

    pub(crate) fn header(self, name: &str, value: &str) -> Self {
        Self { event: self.event.header(name, value), ..self }
    }

    pub(crate) fn caller(self, caller: As) -> Self {
        Self { caller: Some(caller), ..self }
    }

    pub(crate) fn at(self, at_s: u64) -> Self {
        Self { at_s, ..self }
    }

    /// Sends the request as the event that API Gateway makes of it.
    pub(crate) async fn send<S: LedgerStore<Error = StoreError>>(&self, api: &Api<S>) -> Reply {
        let now = at(self.at_s);
        let in_time_s = now.as_s().saturating_add(300);
        let event = self.event.clone();
        let event = match self.caller {
            None => event,
            Some(As::Customer(account)) => event.as_customer(account).expires_at(in_time_s),
            Some(As::Service) => event.as_service("generator").expires_at(in_time_s),
            Some(As::OtherService) => event.as_service("viewer").expires_at(in_time_s),
            Some(As::Support) => event.as_support("person-7").expires_at(in_time_s),
            Some(As::Expired) => event.as_support("person-7").expires_at(now.as_s()),
        };
        let invocation = Invocation::of(event.text(), now).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        let response = match handle(&api.context, &request, &invocation).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(invocation.request_id()),
        };
        Reply {
            status: response.status(),
            content_type: response.header_value("content-type").map(str::to_owned),
            retry_after: response.header_value("retry-after").map(str::to_owned),
            body: serde_json::from_str(response.body()).unwrap(),
            metrics: invocation.metrics().take_lines(now).join("\n"),
        }
    }
}

impl Reply {
    /// The last part of a problem's `type`.
    pub(crate) fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_default();
        assert_eq!(self.content_type.as_deref(), Some("application/problem+json"), "{self:?}");
        (self.status, kind.strip_prefix("urn:makegood:problem:").unwrap())
    }
}

/// The body of a hold of a song in simple mode.
pub(crate) fn song(generation: &str, credits: u64) -> Value {
    json!({ "generation_id": generation, "operation": "music_simple", "credits": credits })
}
