//! Lookups against the stand-in: what is fetched is stored beside its event, and the webhook is asked once.

use std::sync::Mutex;

use lambda::Invocation;
use lambda::secrets::{CachedSecret, SecretError, SecretFields, SecretSource};
use ledger::contract::at;
use ledger_dynamodb::{Parked, Tables, in_process};
use serde_json::{Value, json};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use stripe_lookup::{LookupError, Lookups, Summary, handle};
use testkit::stand_in::{API_KEY, BuyPack, Emission, Fault, Operation, StripeStandIn};
use webhook_function::{EventAnswer, ReplayEvents, WebhookError};

/// The stand-in's key.
struct Vault(String);

impl SecretSource for Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &json!({"key": self.0}).to_string())
    }
}

/// The webhook's name for what was asked of it.
#[derive(Default)]
struct Asked(Mutex<Vec<String>>);

impl ReplayEvents for Asked {
    async fn replay(&self, id: &str) -> Result<EventAnswer, WebhookError> {
        self.0.lock().unwrap().push(id.to_owned());
        Ok(EventAnswer { outcome: "applied".to_owned(), reason: None })
    }
}

struct Scene {
    stripe: StripeStandIn,
    lookups: Lookups<Vault, Asked>,
}

impl Scene {
    async fn new() -> Self {
        let (tables, _) = in_process::tables().await;
        let stripe = StripeStandIn::start().await.unwrap();
        let config = StripeConfig {
            base_url: stripe.base_url(),
            secret_key: SecretKey::new("unset").unwrap(),
            timeouts: Timeouts::default(),
        };
        let lookups = Lookups {
            tables,
            stripe: StripeClient::new(&config).unwrap(),
            key: CachedSecret::new(Vault(API_KEY.to_owned()), "stripe/read"),
            webhook: Asked::default(),
        };
        Self { stripe, lookups }
    }

    fn tables(&self) -> &Tables {
        &self.lookups.tables
    }

    /// Parks a pack's event of the stand-in, which has to be looked up.
    async fn park(&self) -> Parked {
        let pack = BuyPack::of("account-1", "price_pack_100", 2_700);
        let made = self.stripe.buy_pack(&pack, &Emission::default()).unwrap();
        let events = self.stripe.events();
        let event = events.into_iter().find(|event| event.id == made.events[0]).unwrap();
        self.park_body(&event.id, event.body).await
    }

    async fn park_body(&self, id: &str, body: String) -> Parked {
        let parked = Parked { lookup_at: Some(at(0)), ..Parked::new(id, "lines_unknown", at(0), body) };
        self.tables().park(&parked).await.unwrap();
        parked
    }

    async fn run(&self, id: &str) -> Result<Summary, LookupError> {
        let keys = json!({"pk": {"S": "PARKED"}, "sk": {"S": id}});
        let event = json!({"Records": [{"eventName": "INSERT", "dynamodb": {"Keys": keys}}]});
        let invocation = Invocation::of(event.to_string(), at(1)).unwrap();
        Box::pin(handle(&self.lookups, &invocation)).await
    }

    async fn fetched(&self, id: &str) -> Value {
        let parked = self.tables().parked_event(id).await.unwrap().unwrap();
        assert_eq!(parked.lookup_at, None);
        parked.fetched.map_or(Value::Null, |fetched| serde_json::from_slice(&fetched).unwrap())
    }

    fn asked(&self) -> Vec<String> {
        self.lookups.webhook.0.lock().unwrap().clone()
    }
}

const FETCHED: Summary = Summary { fetched: 1, failed: 0, settled: 0 };
const FAILED: Summary = Summary { fetched: 0, failed: 1, settled: 0 };
const SETTLED: Summary = Summary { fetched: 0, failed: 0, settled: 1 };

#[tokio::test]
async fn the_lines_of_a_session_are_fetched_once_and_the_webhook_is_asked_until_it_answers() {
    let scene = Scene::new().await;
    let id = scene.park().await.id;
    assert_eq!(scene.run(&id).await.unwrap(), FETCHED);
    let fetched = scene.fetched(&id).await;
    let line = &fetched["line_items"][0];
    assert_eq!((&line["price"], &line["quantity"]), (&json!("price_pack_100"), &json!(1)));
    assert_eq!((line["amount_subtotal"].as_u64(), line.get("description")), (Some(2_700), None));
    // The stream brings the record again where the webhook has failed, and one of an event that was applied.
    assert_eq!(scene.run(&id).await.unwrap(), FETCHED);
    assert_eq!(scene.asked(), [id.as_str(), &id]);
    let calls = scene.stripe.calls().len();
    scene.tables().unpark(&scene.tables().parked_event(&id).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(scene.run(&id).await.unwrap(), SETTLED);
    assert_eq!((scene.asked().len(), scene.stripe.calls().len()), (2, calls));
}

#[tokio::test]
async fn what_stripe_does_not_know_stays_parked_for_a_person() {
    let scene = Scene::new().await;
    let body = json!({
        "id": "evt_1", "object": "event", "type": "checkout.session.completed", "created": 1_793_491_200,
        "livemode": false,
        "data": {"object": {"id": "cs_unknown", "mode": "payment", "payment_status": "paid"}},
    });
    scene.park_body("evt_1", body.to_string()).await;
    assert_eq!(scene.run("evt_1").await.unwrap(), FAILED);
    assert_eq!(scene.fetched("evt_1").await, Value::Null);
    assert_eq!(scene.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn an_outage_of_stripe_leaves_the_lookup_to_the_next_try() {
    let scene = Scene::new().await;
    let parked = scene.park().await;
    scene.stripe.plan(Operation::ListSessionLines, 1, Fault::Unavailable);
    assert!(matches!(scene.run(&parked.id).await, Err(LookupError::Stripe(_))));
    assert_eq!(scene.tables().parked_event(&parked.id).await.unwrap(), Some(parked.clone()));
    assert_eq!(scene.run(&parked.id).await.unwrap(), FETCHED);
    assert_eq!(scene.asked(), [parked.id]);
}
