//! A small world: a customer whose payment is disputed, and calls of the function.

use std::time::Duration;

use dispute_evidence::{Evidence, handle};
use lambda::Invocation;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::{Request, Response};
use lambda::secrets::{CachedSecret, SecretError, SecretFields, SecretSource};
use ledger::contract::{DAY_S, at, grant, place, run, settle};
use ledger::{
    AccountId, Actor, Answer, Command, DisputeId, Ending, Grant, PaymentId, PolicyRef, Provider,
    Subscription, SubscriptionId, SubscriptionReport, SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{DisputeEvidence, in_process};
use policy::{Facts, Outcome, Reason};
use policy_documents::documents;
use refunds::{Case, RefundRequest, RequestStore, Save, SaveOutcome, fingerprint, request_id};
use serde_json::{Value, json};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};
use testkit::stand_in::{API_KEY, BuyPack, Emission, OpenDispute, StripeStandIn};

pub(crate) const READ: &str = "GET /v1/disputes/{dispute}/evidence";
pub(crate) const STAGE: &str = "PUT /v1/disputes/{dispute}/evidence";
pub(crate) const SUBMIT: &str = "POST /v1/disputes/{dispute}/evidence/submission";
const CUSTOMER: &str = "customer-1";
/// Far behind every clock's day.
const DUE_BY: i64 = 4_000_000_000;

/// The stand-in's key.
pub(crate) struct Vault;

impl SecretSource for Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &json!({"key": API_KEY}).to_string())
    }
}

pub(crate) struct World {
    pub(crate) stripe: StripeStandIn,
    pub(crate) app: Evidence<Vault>,
    pub(crate) meter: in_process::Meter,
    pub(crate) payment: PaymentId,
    pub(crate) dispute: DisputeId,
}

impl World {
    /// A pack of 100 credits whose payment is disputed for this reason.
    pub(crate) async fn pack(reason: &str) -> Self {
        let dispute = |order| OpenDispute { reason: Some(reason.to_owned()), ..order };
        Self::disputed(None, dispute).await
    }

    /// A period of a subscription with 500 credits, likewise.
    pub(crate) async fn plan(reason: &str) -> Self {
        let dispute = |order| OpenDispute { reason: Some(reason.to_owned()), ..order };
        Self::disputed(Some("sub_1"), dispute).await
    }

    /// A payment that is disputed as `change` says.
    pub(crate) async fn disputed(
        subscription: Option<&str>,
        change: impl FnOnce(OpenDispute) -> OpenDispute,
    ) -> Self {
        let (tables, meter) = in_process::tables().await;
        let stripe = StripeStandIn::start().await.unwrap();
        let pack = BuyPack::of(CUSTOMER, "price_pack_100", 900);
        let payment = stripe.buy_pack(&pack, &Emission::default()).unwrap().payment.unwrap();
        let order = OpenDispute { due_by: Some(DUE_BY), ..OpenDispute::of(&payment) };
        let emission = Emission { created: Some(at(20 * DAY_S).as_s()), ..Emission::default() };
        let opened = stripe.open_dispute(&change(order), &emission).unwrap();
        let timeouts = Timeouts { answer: Duration::from_millis(500), ..Timeouts::default() };
        let secret_key = SecretKey::new("unset").unwrap();
        let config = StripeConfig { base_url: stripe.base_url(), secret_key, timeouts };
        let app = Evidence {
            tables,
            stripe: StripeClient::new(&config).unwrap(),
            key: CachedSecret::new(Vault, "stripe/disputes"),
            rules: CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap(),
        };
        let payment = PaymentId::new(payment).unwrap();
        let dispute = DisputeId::new(opened.dispute.unwrap()).unwrap();
        let world = Self { stripe, app, meter, payment, dispute };
        let credits = if subscription.is_some() { 500 } else { 100 };
        let mut bought = grant(&account(), world.payment.as_str(), credits, subscription);
        bought.payment.price =
            if subscription.is_some() { "price_pro_monthly" } else { "price_pack_100" }.to_owned();
        if subscription.is_some() {
            bought.payment.period_starts_at = Some(at(DAY_S));
            bought.payment.period_ends_at = Some(at(31 * DAY_S));
        }
        world.grant(bought).await;
        world
    }

    /// A purchase that lands on the second day.
    pub(crate) async fn grant(&self, mut bought: Grant) {
        let landed_at = at(DAY_S);
        bought.payment.charged_at = landed_at;
        bought.payment.landed_at = landed_at;
        let version = documents().in_force(bought.payment.product.as_str(), landed_at.as_ms());
        let document = version.document().unwrap();
        bought.payment.policy =
            Some(PolicyRef { document: document.id.clone(), version: document.version.clone() });
        self.run(&Command::Grant(bought), landed_at).await;
    }

    pub(crate) async fn run(&self, command: &Command, now: Timestamp) {
        let answer = run(&self.app.tables, &account(), command, now).await;
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    /// A generation of 5 credits that ended so on this day.
    pub(crate) async fn generate(&self, id: &str, day: u64, ending: Ending) {
        let now = on(day);
        self.run(&place(id, 5), now).await;
        self.run(&settle(id, ending), now).await;
    }

    /// A request about the payment.
    pub(crate) async fn file(&self, filed_by: Actor, reason: Reason, note: &str, day: u64) -> RefundRequest {
        let now = on(day);
        let document = documents().in_force("music-studio", now.as_ms()).document().unwrap();
        let mut decision = policy::decide(document, &Facts::new(), reason, now.as_ms());
        if filed_by != Actor::Customer {
            // What the policy says of a case that opened itself was never said to the customer.
            decision.outcome = Outcome::Refuse;
        }
        let case = Case {
            occasion: None,
            payment: Some(self.payment.clone()),
            generation: None,
            reason,
            note: note.to_owned(),
            fingerprint: fingerprint(&[note]),
            decision,
            facts: Facts::new(),
        };
        let whose = (request_id(&account(), note), account());
        let request = RefundRequest::open(whose, filed_by, case, document, now);
        let save = Save { request: request.clone(), commit: None, refunded: None };
        assert_eq!(self.app.tables.save(&save).await.unwrap(), SaveOutcome::Written);
        request
    }

    /// The subscription, whose cancellation was confirmed and took effect on these days.
    pub(crate) async fn cancelled(&self, confirmed: u64, effective: u64) {
        let subscription = Subscription {
            provider: Provider::Stripe,
            id: SubscriptionId::new("sub_1").unwrap(),
            account: account(),
            as_of: on(effective),
            price: Some("price_pro_monthly".to_owned()),
            period_ends_at: Some(on(effective)),
            cancellation_confirmed_at: Some(on(confirmed)),
            cancels_at: Some(on(effective)),
            ended_at: Some(on(effective)),
            confirmation: None,
            report: SubscriptionReport::default(),
        };
        assert!(self.app.tables.save_subscription(&subscription).await.unwrap());
    }

    pub(crate) async fn call(&self, event: &HttpEvent) -> Response {
        let invocation = Invocation::of(event.text(), now()).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        match Box::pin(handle(&self.app, &request, &invocation)).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(request.request_id()),
        }
    }

    /// A call of a route about the dispute; who calls is to be said.
    pub(crate) fn event(&self, route: &str) -> HttpEvent {
        HttpEvent::new(route, now().as_s()).path("dispute", self.dispute.as_str())
    }

    pub(crate) async fn send(&self, event: HttpEvent) -> (u16, Value) {
        let response = self.call(&event).await;
        (response.status(), serde_json::from_str(response.body()).unwrap_or(Value::Null))
    }

    /// What a support person reads.
    pub(crate) async fn read(&self) -> Value {
        let (status, evidence) = self.send(self.event(READ).as_support("agent-1")).await;
        assert_eq!(status, 200, "{evidence:#}");
        evidence
    }

    pub(crate) async fn stage(&self, statement: &str) -> (u16, Value) {
        let body = json!({"statement": statement});
        self.send(self.event(STAGE).as_support("agent-1").body(&body)).await
    }

    pub(crate) async fn submit(&self, digest: &Value) -> (u16, Value) {
        self.submit_as("agent-1", digest).await
    }

    pub(crate) async fn submit_as(&self, agent: &str, digest: &Value) -> (u16, Value) {
        let body = json!({"digest": digest});
        self.send(self.event(SUBMIT).as_support(agent).body(&body)).await
    }

    /// What is stored of the dispute's evidence.
    pub(crate) async fn stored(&self) -> DisputeEvidence {
        self.app.tables.evidence_of(&self.dispute).await.unwrap().unwrap()
    }
}

/// The text of one of Stripe's fields.
pub(crate) fn field<'e>(evidence: &'e Value, name: &str) -> &'e str {
    let fields = evidence["fields"].as_array().unwrap();
    let found = fields.iter().find(|field| field["field"] == name);
    found.map_or("", |field| field["text"].as_str().unwrap())
}

/// The beginning of a day of the story.
pub(crate) fn on(day: u64) -> Timestamp {
    at(day.saturating_mul(DAY_S))
}

/// Thirty days into the story.
pub(crate) fn now() -> Timestamp {
    at(30 * DAY_S)
}

pub(crate) fn account() -> AccountId {
    AccountId::new(CUSTOMER).unwrap()
}
