//! Stripe's lists held against the records: what differs is named, and repaired by its own events alone.

use std::sync::Mutex;

use lambda::Invocation;
use lambda::secrets::{CachedSecret, SecretError, SecretFields, SecretSource};
use ledger::contract::{NoPause, grant, run};
use ledger::{AccountId, Command, Currency, Money, PaymentId, RefundId, Timestamp};
use ledger_dynamodb::{ExternalRefund, Tables, in_process};
use serde_json::{Value, json};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use stripe_reconcile::{
    Comparison, DISCREPANCIES_SHOWN_MAX, DiscrepancyKind, HELD_S, KEPT_BY_STRIPE_S, Reconcile,
    ReconcileError, RunOutcome, handle_any,
};
use testkit::stand_in::{
    API_KEY, BuyPack, DashboardRefund, Emission, Made, Settings, SettleRefund, SettledStatus, StripeStandIn,
};
use webhook_function::{ApplyEvents, EventAnswer, ReplayEvents, WebhookError};

/// 2026-11-01T00:00:00Z.
const START_S: i64 = 1_793_491_200;
const DAY_S: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S.saturating_add(second)).unwrap()
}

struct Vault;

impl SecretSource for Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &json!({"key": API_KEY}).to_string())
    }
}

/// A webhook that records packs and refunds, or parks everything.
struct Webhook {
    tables: Tables,
    applied: Mutex<Vec<String>>,
    parks: bool,
}

impl ReplayEvents for Webhook {
    async fn replay(&self, _: &str) -> Result<EventAnswer, WebhookError> {
        panic!("a comparison replays nothing");
    }
}

impl ApplyEvents for Webhook {
    async fn apply(&self, event: &str) -> Result<EventAnswer, WebhookError> {
        let event: Value = serde_json::from_str(event).unwrap();
        self.applied.lock().unwrap().push(event["id"].as_str().unwrap().to_owned());
        if self.parks {
            let reason = Some("price_unknown".to_owned());
            return Ok(EventAnswer { outcome: "parked".to_owned(), reason });
        }
        record(&self.tables, &event["data"]["object"]).await;
        Ok(EventAnswer { outcome: "applied".to_owned(), reason: None })
    }
}

/// Records an object as the webhook does.
async fn record(tables: &Tables, object: &Value) {
    let text = |name: &str| object[name].as_str().unwrap().to_owned();
    if text("object") == "checkout.session" {
        let account = AccountId::new(text("client_reference_id")).unwrap();
        let command = Command::Grant(grant(&account, &text("payment_intent"), 100, None));
        run(tables, &account, &command, at(0)).await;
        return;
    }
    let seen = ExternalRefund {
        id: RefundId::new(text("id")).unwrap(),
        payment: PaymentId::new(text("payment_intent")).unwrap(),
        amount: Money::new(object["amount"].as_u64().unwrap(), Currency::new("usd").unwrap()),
        made_at: at(0),
        failed: text("status") == "failed",
    };
    tables.adopt_refund(&NoPause, &seen).await.unwrap();
}

struct Scene {
    stripe: StripeStandIn,
    reconcile: Reconcile<Vault, Webhook>,
}

impl Scene {
    async fn new() -> Self {
        let (tables, _) = in_process::tables().await;
        let stripe = StripeStandIn::start().await.unwrap();
        stripe.set(Settings { refund_mode: testkit::stand_in::RefundMode::Succeeded, ..Settings::default() });
        let config = StripeConfig {
            base_url: stripe.base_url(),
            secret_key: SecretKey::new("unset").unwrap(),
            timeouts: Timeouts::default(),
        };
        let reconcile = Reconcile {
            tables: tables.clone(),
            stripe: StripeClient::new(&config).unwrap(),
            key: CachedSecret::new(Vault, "stripe/read"),
            webhook: Webhook { tables, applied: Mutex::default(), parks: false },
        };
        Self { stripe, reconcile }
    }

    fn emission(second: i64) -> Emission {
        Emission { created: Some(at(second).as_s()), ..Emission::default() }
    }

    /// A pack that is bought at `second`, whose event nobody delivers.
    fn pack(&self, second: i64) -> Made {
        let pack = BuyPack::of("account-1", "price_pack_100", 1_000);
        self.stripe.buy_pack(&pack, &Self::emission(second)).unwrap()
    }

    fn refund(&self, made: &Made, second: i64) -> Made {
        let payment = made.payment.clone().unwrap();
        let refund = DashboardRefund { payment, amount: Some(400) };
        self.stripe.dashboard_refund(&refund, &Self::emission(second)).unwrap()
    }

    /// Records what an event says.
    async fn record(&self, made: &Made) {
        for event in self.stripe.events().iter().filter(|event| made.events.contains(&event.id)) {
            let event: Value = serde_json::from_str(&event.body).unwrap();
            record(&self.reconcile.tables, &event["data"]["object"]).await;
        }
    }

    async fn try_compare(&self, asked: Value, second: i64) -> Result<Comparison, ReconcileError> {
        let invocation = Invocation::of(json!({"compare": asked}).to_string(), at(second)).unwrap();
        // A busy machine takes its time.
        let invocation = invocation.within_ms(900_000);
        match handle_any(&self.reconcile, &invocation).await? {
            RunOutcome::Lists(comparison) => Ok(comparison),
            RunOutcome::Events(status) => panic!("{status:?}"),
        }
    }

    /// The comparison of the first day, asked for at its end.
    async fn compare_day(&self, repair: bool) -> Comparison {
        let asked = json!({"since": at(0).to_string(), "before": at(DAY_S).to_string(), "repair": repair});
        self.try_compare(asked, DAY_S + HELD_S).await.unwrap()
    }

    fn applied(&self) -> Vec<String> {
        self.reconcile.webhook.applied.lock().unwrap().clone()
    }
}

fn kinds(comparison: &Comparison) -> Vec<(&str, DiscrepancyKind)> {
    comparison.findings.iter().map(|found| (found.object.as_str(), found.kind)).collect()
}

#[tokio::test]
async fn what_is_on_record_does_not_differ_and_nobody_is_asked() {
    let scene = Scene::new().await;
    let pack = scene.pack(60);
    let refund = scene.refund(&pack, 120);
    scene.record(&pack).await;
    scene.record(&refund).await;
    let comparison = scene.compare_day(true).await;
    assert_eq!((comparison.compared, kinds(&comparison)), (2, vec![]));
    assert_eq!((comparison.until, scene.applied().len()), (at(DAY_S).as_s(), 0));
}

#[tokio::test]
async fn what_never_came_is_named_and_without_repair_nothing_is_applied() {
    let scene = Scene::new().await;
    let lost = scene.pack(60);
    let pack = scene.pack(90);
    scene.record(&pack).await;
    let refund = scene.refund(&pack, 7_200);
    for _ in 0..2 {
        let comparison = scene.compare_day(false).await;
        assert_eq!((comparison.compared, comparison.differing, comparison.repaired), (3, 2, 0));
        let [session, found] = &comparison.findings[..] else { panic!("{comparison:?}") };
        assert_eq!(session.kind, DiscrepancyKind::SessionMissing);
        assert_eq!(
            (&*found.object, found.kind),
            (&**refund.refund.as_ref().unwrap(), DiscrepancyKind::RefundMissing)
        );
        assert_eq!((&*found.recorded, &*found.stripe), ("nothing", "400 usd, succeeded"));
        assert!(found.repair.contains("--repair"), "{found:?}");
        assert_eq!(found.created, at(7_200).as_s());
    }
    assert_eq!(scene.applied().len(), 0, "a dry run");
    let payment = PaymentId::new(lost.payment.unwrap()).unwrap();
    assert!(ledger::PaymentStore::payment(&scene.reconcile.tables, &payment).await.unwrap().is_none());
}

#[tokio::test]
async fn what_differs_is_repaired_by_its_own_events_and_by_nothing_else() {
    let scene = Scene::new().await;
    let (lost, pack, other) = (scene.pack(60), scene.pack(90), scene.pack(120));
    for made in [&pack, &other] {
        scene.record(made).await;
    }
    let refund = scene.refund(&pack, 7_200);
    let comparison = scene.compare_day(true).await;
    assert_eq!((comparison.differing, comparison.repaired), (0, 2), "{comparison:?}");
    assert!(comparison.findings.iter().all(|found| found.repair.starts_with("repaired: evt_")));
    let events: Vec<String> = lost.events.iter().chain(&refund.events).cloned().collect();
    assert_eq!(scene.applied(), events);
    assert_eq!(kinds(&scene.compare_day(false).await), []);
}

#[tokio::test]
async fn a_refund_that_failed_without_an_event_is_found_and_lifted() {
    let scene = Scene::new().await;
    let pack = scene.pack(60);
    let refund = scene.refund(&pack, 120);
    scene.record(&pack).await;
    scene.record(&refund).await;
    let settle = SettleRefund {
        refund: refund.refund.clone().unwrap(),
        status: SettledStatus::Failed,
        failure_reason: None,
    };
    scene.stripe.settle_refund(&settle, &Scene::emission(9_000)).unwrap();
    let comparison = scene.compare_day(false).await;
    let [found] = &comparison.findings[..] else { panic!("{comparison:?}") };
    assert_eq!((found.kind, &*found.recorded), (DiscrepancyKind::RefundStatus, "400, counted"));
    assert_eq!(scene.compare_day(true).await.repaired, 1);
    assert_eq!(kinds(&scene.compare_day(false).await), []);
}

#[tokio::test]
async fn what_cannot_be_repaired_is_named_with_what_a_person_does() {
    let mut scene = Scene::new().await;
    scene.reconcile.webhook.parks = true;
    let lost = scene.pack(60);
    let comparison = scene.compare_day(true).await;
    assert_eq!((comparison.differing, comparison.repaired), (1, 0));
    let repair = &comparison.findings[0].repair;
    let expected = format!("not repaired: {} is parked (price_unknown); have support", lost.events[0]);
    assert!(repair.starts_with(&expected), "{repair}");

    // Stripe keeps events for 30 days, and objects for ever.
    let asked = json!({"since": at(0).to_string(), "before": at(DAY_S).to_string(), "repair": true});
    let comparison = scene.try_compare(asked, KEPT_BY_STRIPE_S + 2 * DAY_S).await.unwrap();
    let repair = &comparison.findings[0].repair;
    assert!(repair.starts_with("Stripe's list has no event of it; have support"), "{repair}");
    assert_eq!(scene.applied().len(), 1);
}

#[tokio::test]
async fn the_schedule_goes_on_where_it_ended_and_looks_again_at_what_changes_late() {
    let scene = Scene::new().await;
    let pack = scene.pack(-13 * DAY_S);
    scene.record(&pack).await;
    let refund = scene.refund(&pack, -13 * DAY_S);
    scene.record(&refund).await;
    let comparison = scene.try_compare(json!({}), HELD_S).await.unwrap();
    // The day before the first run: nothing new, and what was made long before it is not looked at yet.
    assert_eq!((comparison.compared, comparison.until), (0, at(0).as_s()));
    assert_eq!(scene.reconcile.tables.compared_until().await.unwrap(), Some(at(0)));

    let settle = SettleRefund {
        refund: refund.refund.clone().unwrap(),
        status: SettledStatus::Failed,
        failure_reason: None,
    };
    scene.stripe.settle_refund(&settle, &Scene::emission(600)).unwrap();
    scene.pack(1_200);
    let comparison = scene.try_compare(json!({}), HELD_S + 2 * DAY_S).await.unwrap();
    let found: Vec<DiscrepancyKind> = comparison.findings.iter().map(|found| found.kind).collect();
    // The new one is looked at on its day, and again a day later.
    assert_eq!(
        found,
        [DiscrepancyKind::SessionMissing, DiscrepancyKind::RefundStatus, DiscrepancyKind::SessionMissing]
    );
    assert_eq!(scene.reconcile.tables.compared_until().await.unwrap(), Some(at(2 * DAY_S)));
    // A time that is asked for moves no mark, and its lag is nobody's.
    scene.compare_day(false).await;
    assert_eq!(scene.reconcile.tables.compared_until().await.unwrap(), Some(at(2 * DAY_S)));
}

#[tokio::test]
async fn a_time_with_more_objects_than_a_list_holds_is_compared_in_parts() {
    let scene = Scene::new().await;
    for number in 0..1_100 {
        scene.pack(number);
    }
    let comparison = scene.compare_day(false).await;
    assert_eq!((comparison.compared, comparison.differing), (1_100, 1_100));
    assert_eq!(comparison.findings.len(), DISCREPANCIES_SHOWN_MAX);
}

#[tokio::test]
async fn a_request_that_is_none_of_the_two_is_refused() {
    let scene = Scene::new().await;
    let refused =
        scene.try_compare(json!({"since": at(60).to_string(), "before": at(60).to_string()}), DAY_S);
    assert!(matches!(refused.await, Err(ReconcileError::Since)));
    for asked in [json!({"compare": {"now": 1}}), json!({"compare": {}, "since": at(0).to_string()})] {
        let invocation = Invocation::of(asked.to_string(), at(DAY_S)).unwrap();
        let refused = handle_any(&scene.reconcile, &invocation).await;
        assert!(matches!(refused, Err(ReconcileError::Request(_))), "{asked}");
    }
    assert_eq!(scene.stripe.calls().len(), 0);
}
