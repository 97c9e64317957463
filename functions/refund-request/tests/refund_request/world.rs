//! A small world: tables with a customer's payments, and calls of the function.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::{Request, Response};
pub(crate) use ledger::contract::DAY_S;
use ledger::contract::{at, grant, place, run, settle, sound_journal};
use ledger::{
    AccountId, Answer, Command, Ending, Grant, LedgerStore, Money, PaymentId, PaymentStore, PolicyRef,
    Provider, Subscription, SubscriptionId, SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{Tables, in_process};
use payout_queue::InMemoryPayoutQueue;
use refund_request::{RefundRequests, handle};
use serde_json::{Value, json};
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};

pub(crate) const CUSTOMER: &str = "customer-1";
pub(crate) const SUBMIT: &str = "POST /v1/accounts/{account}/refund-requests";

pub(crate) struct World {
    pub(crate) app: RefundRequests<Tables, InMemoryPayoutQueue>,
    pub(crate) meter: in_process::Meter,
}

impl World {
    /// A customer with a spent and an unspent pack, and a subscription whose renewal was charged after its
    /// confirmed cancellation took effect.
    pub(crate) async fn new() -> Self {
        let (store, meter) = in_process::tables().await;
        let rules = CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap();
        let app = RefundRequests {
            store,
            payouts: InMemoryPayoutQueue::default(),
            rules,
            backoff: Backoff::default(),
        };
        let world = Self { app, meter };
        world.pay("pi_pack", None, 100, 0).await;
        world.pay("pi_first", Some("subscription_create"), 500, 0).await;
        world.pay("pi_renewal", Some("subscription_cycle"), 500, 40 * DAY_S).await;
        world.cancelled(10 * DAY_S, 30 * DAY_S).await;
        world.meter.read();
        world
    }

    async fn pay(&self, id: &str, billing_reason: Option<&str>, credits: u64, charged_s: u64) {
        let mut grant = grant(&account(), id, credits, billing_reason.map(|_| "sub_1"));
        grant.payment.period_starts_at = billing_reason.map(|_| at(charged_s));
        if let (ledger::PaymentKind::Subscription { billing_reason: reason, .. }, Some(word)) =
            (&mut grant.payment.kind, billing_reason)
        {
            word.clone_into(reason);
        }
        self.grant(grant, "music-studio", charged_s).await;
    }

    pub(crate) async fn grant(&self, mut grant: Grant, document: &str, charged_s: u64) {
        let payment = &mut grant.payment;
        payment.charged_at = at(charged_s);
        let version = policy_documents::documents().in_force(payment.product.as_str(), now().as_ms());
        let version = version.document().unwrap().version.clone();
        payment.policy = Some(PolicyRef { document: document.to_owned(), version });
        let answer = run(&self.app.store, &account(), &Command::Grant(grant), at(charged_s)).await;
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
        self.meter.read();
    }

    /// A pack of 100 credits of a product, bought yesterday for this much.
    pub(crate) async fn pay_for(&self, product: &str, document: &str, id: &str, minor: u64) {
        self.pay_for_credits((product, document), id, minor, 100).await;
    }

    /// A pack of this many credits.
    pub(crate) async fn pay_for_credits(
        &self,
        (product, document): (&str, &str),
        id: &str,
        minor: u64,
        credits: u64,
    ) {
        let mut grant = grant(&account(), id, credits, None);
        grant.payment.product = ledger::ProductId::new(product).unwrap();
        grant.payment.paid = Money::new(minor, grant.payment.paid.currency());
        self.grant(grant, document, 40 * DAY_S).await;
    }

    /// A pack of 100 credits of the product that is sold through Creem.
    pub(crate) async fn buy_through_creem(&self, id: &str, minor: u64) {
        let mut grant = grant(&account(), id, 100, None);
        grant.payment.provider = Provider::Creem;
        grant.payment.product = ledger::ProductId::new("image-to-3d").unwrap();
        grant.payment.paid = Money::new(minor, grant.payment.paid.currency());
        self.grant(grant, "image-to-3d", 40 * DAY_S).await;
    }

    /// A pack of 100 credits that has other names at Stripe.
    pub(crate) async fn buy_named(&self, id: &str, names: &[ledger::PaymentName]) {
        let mut grant = grant(&account(), id, 100, None);
        grant.payment.names = names.to_vec();
        self.grant(grant, "music-studio", 40 * DAY_S).await;
    }

    /// The first charge of another subscription, which has not ended.
    pub(crate) async fn subscribe(&self, id: &str, subscription: &str, credits: u64) {
        self.grant(grant(&account(), id, credits, Some(subscription)), "music-studio", 40 * DAY_S).await;
    }

    /// A year of the assistant from yesterday on, with 1000 credits each month.
    pub(crate) async fn buy_year(&self, id: &str) {
        let mut year = grant(&account(), id, 12_000, Some("sub_year"));
        let payment = &mut year.payment;
        payment.product = ledger::ProductId::new("assistant").unwrap();
        payment.price = "price_assistant_yearly".to_owned();
        payment.period_starts_at = Some(at(40 * DAY_S));
        payment.period_ends_at = Some(at(405 * DAY_S));
        let each = ledger::Credits::new(1_000).unwrap();
        payment.further = Some(ledger::FurtherGrants { grants: 11, each, replaces: true });
        self.grant(year, "assistant-suite", 40 * DAY_S).await;
    }

    /// A renewal after the cancellation, for this much.
    pub(crate) async fn renew(&self, id: &str, minor: u64) {
        let mut grant = grant(&account(), id, 500, Some("sub_1"));
        grant.payment.paid = Money::new(minor, grant.payment.paid.currency());
        grant.payment.period_starts_at = Some(at(40 * DAY_S));
        self.grant(grant, "music-studio", 40 * DAY_S).await;
    }

    async fn cancelled(&self, confirmed_s: u64, ended_s: u64) {
        let subscription = Subscription {
            provider: Provider::Stripe,
            id: SubscriptionId::new("sub_1").unwrap(),
            account: account(),
            as_of: at(ended_s),
            price: Some("price_pro_monthly".to_owned()),
            period_ends_at: Some(at(ended_s)),
            cancellation_confirmed_at: Some(at(confirmed_s)),
            cancels_at: Some(at(ended_s)),
            ended_at: Some(at(ended_s)),
            confirmation: None,
            report: ledger::SubscriptionReport::default(),
        };
        assert!(self.app.store.save_subscription(&subscription).await.unwrap());
    }

    /// A generation of the customer's that was captured.
    pub(crate) async fn generate(&self, id: &str, credits: u64) {
        self.generate_for("music-studio", id, credits).await;
    }

    /// The same of another product.
    pub(crate) async fn generate_for(&self, product: &str, id: &str, credits: u64) {
        let mut command = place(id, credits);
        if let Command::Hold(place) = &mut command {
            place.product = ledger::ProductId::new(product).unwrap();
        }
        let placed = run(&self.app.store, &account(), &command, now()).await;
        assert!(matches!(placed, Answer::Written { .. }), "{placed:?}");
        run(&self.app.store, &account(), &settle(id, Ending::Succeeded), now()).await;
    }

    pub(crate) async fn call(&self, event: &HttpEvent) -> Response {
        Box::pin(self.call_at(event, now())).await
    }

    pub(crate) async fn call_at(&self, event: &HttpEvent, now: Timestamp) -> Response {
        let invocation = Invocation::of(event.text(), now).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        match Box::pin(handle(&self.app, &request, &invocation)).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(request.request_id()),
        }
    }

    pub(crate) async fn submit(&self, key: &str, body: &Value) -> (u16, Value) {
        answer(&self.call(&submission(key, body)).await)
    }

    /// A review as it is sent.
    pub(crate) async fn review(&self, id: &str, reviewer: &str, body: &Value) -> (u16, Value) {
        let event = HttpEvent::new("POST /v1/refund-requests/{id}/review", now().as_s());
        answer(&self.call(&event.path("id", id).as_support(reviewer).body(body)).await)
    }

    /// A review that carries the quote that support is shown.
    pub(crate) async fn review_as_shown(&self, id: &str, reviewer: &str, body: &Value) -> (u16, Value) {
        let mut body = body.clone();
        let quote = self.seen(id).await["quote"]["quote"].clone();
        if !quote.is_null() {
            body["quote"] = quote;
        }
        self.review(id, reviewer, &body).await
    }

    /// A review whose quote the reviewer asks for by sending it without one.
    pub(crate) async fn review_as_quoted(&self, id: &str, reviewer: &str, body: &Value) -> (u16, Value) {
        let (status, problem) = self.review(id, reviewer, body).await;
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!("urn:makegood:problem:quote-changed")),
            "{problem}"
        );
        let mut body = body.clone();
        body["quote"] = problem["quote"]["quote"].clone();
        self.review(id, reviewer, &body).await
    }

    /// What support sees of a request.
    pub(crate) async fn seen(&self, id: &str) -> Value {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests/{id}", now().as_s());
        let event = event.path("account", CUSTOMER).path("id", id).as_support("agent-0");
        let (status, request) = answer(&self.call(&event).await);
        assert_eq!(status, 200, "{request}");
        request
    }

    /// A request as its customer sees it.
    pub(crate) async fn read(&self, id: &str) -> Value {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests/{id}", now().as_s());
        let event = event.path("account", CUSTOMER).path("id", id).as_customer(CUSTOMER);
        let (status, request) = answer(&self.call(&event).await);
        assert_eq!(status, 200, "{request}");
        request
    }

    /// The customer's list of requests.
    pub(crate) async fn listed(&self) -> Vec<Value> {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests", now().as_s());
        let (_, page) = answer(&self.call(&event.path("account", CUSTOMER).as_customer(CUSTOMER)).await);
        page["refund_requests"].as_array().unwrap().clone()
    }

    /// The whole decision of a request, as its customer can ask for it.
    pub(crate) async fn decision(&self, request: &Value) -> Value {
        let event = HttpEvent::new("GET /v1/accounts/{account}/refund-requests/{id}/decision", now().as_s());
        let event = event.path("account", CUSTOMER).path("id", request["id"].as_str().unwrap());
        let (status, decision) = answer(&self.call(&event.as_customer(CUSTOMER)).await);
        assert_eq!(status, 200, "{decision}");
        decision
    }

    /// What would come of a request.
    pub(crate) async fn preview(&self, body: &Value) -> (u16, Value) {
        let event = HttpEvent::new(&format!("{SUBMIT}/preview"), now().as_s());
        let event = event.path("account", CUSTOMER).as_customer(CUSTOMER);
        answer(&self.call(&event.body(body)).await)
    }

    /// What the customer does with a request: `what` is the rest of the path.
    pub(crate) async fn act(&self, id: &str, what: &str, body: &Value) -> (u16, Value) {
        answer(&self.call(&act(id, what, body).as_customer(CUSTOMER)).await)
    }

    /// How urgent a request is.
    pub(crate) async fn priority(&self, id: &str) -> refunds::Priority {
        let stored = refunds::RequestStore::request(&self.app.store, &id.parse().unwrap()).await.unwrap();
        stored.unwrap().priority()
    }

    /// The credits of the payment's lot: granted, available, revoked.
    pub(crate) async fn lot(&self, payment: &str) -> (u64, u64, u64) {
        let head = self.app.store.head(&account()).await.unwrap().unwrap();
        let lot = head
            .after()
            .lots
            .iter()
            .find(|lot| lot.payment.as_ref().is_some_and(|id| id.as_str() == payment))
            .unwrap();
        (lot.granted.get(), lot.available.get(), lot.revoked.get())
    }

    /// The account's usable credits.
    pub(crate) async fn available(&self) -> u64 {
        let head = self.app.store.head(&account()).await.unwrap().unwrap();
        head.after().balance(now()).unwrap().available.get()
    }

    pub(crate) async fn refunded(&self, payment: &str) -> u64 {
        let payment = PaymentId::new(payment).unwrap();
        self.app.store.payment(&payment).await.unwrap().unwrap().refunded_minor
    }

    pub(crate) async fn journal_is_sound(&self) {
        sound_journal(&self.app.store, &account()).await;
    }
}

/// Forty-one days into the story.
pub(crate) fn now() -> Timestamp {
    at(41 * DAY_S)
}

pub(crate) fn account() -> AccountId {
    AccountId::new(CUSTOMER).unwrap()
}

/// An idempotency key that is the body's own.
pub(crate) fn key_of(body: &Value) -> String {
    body.to_string().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

pub(crate) fn submission(key: &str, body: &Value) -> HttpEvent {
    let event = HttpEvent::new(SUBMIT, now().as_s()).path("account", CUSTOMER).as_customer(CUSTOMER);
    event.header("idempotency-key", key).body(body)
}

/// A call that moves a request; who calls is to be said.
pub(crate) fn act(id: &str, what: &str, body: &Value) -> HttpEvent {
    let (route, offer) = match what.strip_prefix("offers/") {
        Some(offer) => ("offers/{offer}", offer),
        None => (what, ""),
    };
    let event = HttpEvent::new(&format!("{SUBMIT}/{{id}}/{route}"), now().as_s());
    let event = event.path("account", CUSTOMER).path("id", id).body(body);
    if offer.is_empty() { event } else { event.path("offer", offer) }
}

pub(crate) fn answer(response: &Response) -> (u16, Value) {
    (response.status(), serde_json::from_str(response.body()).unwrap_or(Value::Null))
}

pub(crate) fn after_cancellation() -> Value {
    json!({"reason": "charged_after_cancellation", "payment": "pi_renewal", "note": "I had cancelled."})
}

pub(crate) fn changed_mind() -> Value {
    json!({"reason": "changed_mind", "payment": "pi_pack", "note": "I do not need it."})
}
