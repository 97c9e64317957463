//! A customer with a subscription at the stand-in and in the tables, and calls of the function.

use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::Request;
use lambda::secrets::{CachedSecret, SecretError, SecretFields, SecretSource};
use ledger::contract::{DAY_S, NoPause, at, grant, run};
use ledger::{
    AccountId, Actor, Cause, Command, Order, PaymentId, PlanChange, PlanChangeStore, ProductId, Provider,
    Record, Subscription, SubscriptionId, SubscriptionStore, Timestamp, execute,
};
use ledger_dynamodb::{Tables, in_process};
use payout_queue::InMemoryPayoutQueue;
use plan_change::{PlanChanges, handle};
use serde_json::{Value, json};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};
use testkit::stand_in::{API_KEY, Emission, NewPrice, StripeStandIn, Subscribe};

pub(crate) const CUSTOMER: &str = "customer-1";
pub(crate) const PREVIEW: &str = "POST /v1/accounts/{account}/subscriptions/{subscription}/change/preview";
pub(crate) const CHANGE: &str = "POST /v1/accounts/{account}/subscriptions/{subscription}/change";
/// Half of the stand-in's period of 30 days is over.
pub(crate) const NOW_S: u64 = 15 * DAY_S;

/// The stand-in's key.
pub(crate) struct Vault;

impl SecretSource for Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &json!({"key": API_KEY}).to_string())
    }
}

pub(crate) struct World {
    pub(crate) stripe: StripeStandIn,
    pub(crate) app: PlanChanges<Tables, InMemoryPayoutQueue, Vault>,
    pub(crate) id: SubscriptionId,
}

pub(crate) fn account() -> AccountId {
    AccountId::new(CUSTOMER).unwrap()
}

/// The first instant of the period, in seconds since 1970.
fn start() -> i64 {
    at(0).as_s()
}

impl World {
    /// A subscription to `price`, for 1000 cents a month, and what else can be bought.
    pub(crate) async fn of(price: &str) -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        for (price, amount, currency, months) in [
            ("price_pro_monthly", 1000, "usd", 1),
            ("price_premier_monthly", 3000, "usd", 1),
            ("price_image_monthly", 1000, "usd", 1),
            ("price_image_yearly", 10_000, "usd", 12),
            ("price_assistant_plus", 1000, "eur", 1),
            ("price_assistant_yearly", 10_000, "usd", 12),
        ] {
            let (price, currency) = (price.to_owned(), currency.to_owned());
            stripe.sell(&NewPrice { price, amount, currency, months }).unwrap();
        }
        let amount = if price == "price_premier_monthly" { 3000 } else { 1000 };
        let emission = Emission { created: Some(start()), ..Emission::default() };
        let made = stripe.subscribe(&Subscribe::of(CUSTOMER, price, amount), &emission).unwrap();
        let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
        let (store, _) = in_process::tables().await;
        let mut bought = grant(&account(), "pi_1", 500, Some(id.as_str()));
        bought.payment.price = price.to_owned();
        bought.payment.period_ends_at = Some(at(30 * DAY_S));
        run(&store, &account(), &Command::Grant(bought), at(0)).await;
        let timeouts = Timeouts { answer: std::time::Duration::from_millis(1500), ..Timeouts::default() };
        let secret_key = SecretKey::new("unset").unwrap();
        let config = StripeConfig { base_url: stripe.base_url(), secret_key, timeouts };
        let app = PlanChanges {
            store,
            payouts: InMemoryPayoutQueue::default(),
            stripe: StripeClient::new(&config).unwrap(),
            key: CachedSecret::new(Vault, "stripe/read"),
            rules: CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap(),
            backoff: Backoff::default(),
            on_upgrade: purchase_lines::on_upgrade_at,
        };
        let world = Self { stripe, app, id };
        world.report(world.reported(price)).await;
        world
    }

    /// A pack comes, together with the mark that a change had the whole difference.
    pub(crate) async fn had_whole_difference(&self) {
        let command = Command::Grant(grant(&account(), "pi_2", 100, None));
        let order = Order {
            account: &account(),
            command: &command,
            cause: Cause::Generation,
            actor: Actor::Service("test".to_owned()),
            policy: None,
            records: vec![Record::WholeDifferenceOnce(
                ProductId::new("music-studio").unwrap(),
                PaymentId::new("pi_earlier").unwrap(),
            )],
        };
        execute(&self.app.store, &NoPause, &order, at(1)).await.unwrap();
    }

    /// The subscription as an event reports it.
    pub(crate) fn reported(&self, price: &str) -> Subscription {
        Subscription {
            provider: Provider::Stripe,
            id: self.id.clone(),
            account: account(),
            as_of: at(1),
            price: Some(price.to_owned()),
            period_ends_at: Some(at(30 * DAY_S)),
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: ledger::SubscriptionReport::default(),
        }
    }

    pub(crate) async fn report(&self, subscription: Subscription) {
        assert!(self.app.store.save_subscription(&subscription).await.unwrap());
    }

    pub(crate) fn event(&self, route: &str, seconds: u64, body: &Value) -> HttpEvent {
        let event = HttpEvent::new(route, at(seconds).as_s()).path("account", CUSTOMER);
        event.path("subscription", self.id.as_str()).as_customer(CUSTOMER).body(body)
    }

    pub(crate) async fn send(&self, event: HttpEvent, now: Timestamp) -> (u16, Value) {
        let invocation = Invocation::of(event.text(), now).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        let response = match Box::pin(handle(&self.app, &request, &invocation)).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(request.request_id()),
        };
        (response.status(), serde_json::from_str(response.body()).unwrap_or(Value::Null))
    }

    pub(crate) async fn preview_at(&self, seconds: u64, body: &Value) -> (u16, Value) {
        self.send(self.event(PREVIEW, seconds, body), at(seconds)).await
    }

    pub(crate) async fn preview(&self, price: &str) -> (u16, Value) {
        self.preview_at(NOW_S, &json!({ "price": price })).await
    }

    pub(crate) async fn confirm_at(&self, seconds: u64, price: &str, shown: &Value) -> (u16, Value) {
        let body = json!({ "price": price, "confirmation": shown["confirmation"] });
        self.send(self.event(CHANGE, seconds, &body), at(seconds)).await
    }

    pub(crate) async fn confirm(&self, price: &str, shown: &Value) -> (u16, Value) {
        self.confirm_at(NOW_S + 60, price, shown).await
    }

    pub(crate) async fn recorded(&self) -> Option<PlanChange> {
        self.app.store.plan_change(&account(), &self.id).await.unwrap()
    }

    /// Stripe has carried the recorded change out.
    pub(crate) async fn settle(&self, declined: Option<&str>) -> PlanChange {
        let change = self.recorded().await.unwrap();
        let settled = PlanChange {
            stripe_at: declined.is_none().then(|| at(NOW_S + 90)),
            declined: declined.map(str::to_owned),
            ..change
        };
        self.app.store.settle_plan_change(&settled).await.unwrap();
        settled
    }

    /// How often Stripe was called to change something: previews are none.
    pub(crate) fn writes(&self) -> usize {
        let calls = self.stripe.calls();
        calls
            .iter()
            .filter(|call| call.method == "POST" && call.path != "/v1/invoices/create_preview")
            .count()
    }
}

/// The words of a refusal: its type, and what it says of the body or of the state.
pub(crate) fn refusal(body: &Value) -> (String, String) {
    let kind = body["type"].as_str().unwrap_or_default().replace("urn:makegood:problem:", "");
    let detail = body["errors"][0]["detail"].as_str().or_else(|| body["detail"].as_str());
    (kind, detail.unwrap_or_default().to_owned())
}
