//! What a run reads, hands on and remembers.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use lambda::Invocation;
use lambda::secrets::{CachedSecret, SecretError, SecretFields, SecretSource};
use ledger::Timestamp;
use ledger_dynamodb::{Tables, in_process};
use serde_json::{Value, json};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use stripe_reconcile::{
    FAILED_SECONDS_MAX, FIRST_LOOK_S, HELD_S, KEPT_BY_STRIPE_S, LAG_S, Reconcile, ReconcileError, Status,
    handle,
};
use testkit::stand_in::{API_KEY, BuyPack, Emission, Fault, Operation, StripeStandIn};
use webhook_function::{ApplyEvents, EventAnswer, ReplayEvents, WebhookError};

/// 2026-11-01T00:00:00Z.
const START_S: i64 = 1_793_491_200;

fn at(second: i64) -> Timestamp {
    Timestamp::from_s(START_S.saturating_add(second)).unwrap()
}

struct Vault;

impl SecretSource for Vault {
    async fn fetch_json_fields(&self, id: &str) -> Result<SecretFields, SecretError> {
        SecretFields::from_json(id, &json!({"key": API_KEY}).to_string())
    }
}

/// A webhook: each event is applied once. Some outcomes are set by the test.
#[derive(Default)]
struct Webhook {
    /// The ids of the events, in the order in which they came.
    seen: Mutex<Vec<String>>,
    outcomes: Mutex<BTreeMap<String, &'static str>>,
    /// The ids of the events that were asked for again.
    replayed: Mutex<Vec<String>>,
    stays_parked: bool,
    /// How long each event takes.
    takes_ms: u64,
}

impl ReplayEvents for Webhook {
    async fn replay(&self, id: &str) -> Result<EventAnswer, WebhookError> {
        // What was parked waited for the newest event of the story.
        let waited = self.seen.lock().unwrap().last().is_some_and(|last| last != id);
        let mut replayed = self.replayed.lock().unwrap();
        replayed.push(id.to_owned());
        let outcome = if waited && !self.stays_parked { "applied" } else { "parked" };
        Ok(EventAnswer { outcome: outcome.to_owned(), reason: None })
    }
}

impl ApplyEvents for Webhook {
    async fn apply(&self, event: &str) -> Result<EventAnswer, WebhookError> {
        if self.takes_ms > 0 {
            tokio::time::sleep(Duration::from_millis(self.takes_ms)).await;
        }
        let event: Value = serde_json::from_str(event).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        let set = self.outcomes.lock().unwrap().get(&id).copied();
        let mut seen = self.seen.lock().unwrap();
        let outcome = match set {
            Some("failed") => {
                seen.push(id);
                return Err(WebhookError::Failed { message: None });
            }
            Some(outcome) => outcome,
            None if seen.contains(&id) => "repeated",
            None => "applied",
        };
        seen.push(id);
        Ok(EventAnswer { outcome: outcome.to_owned(), reason: None })
    }
}

struct Scene {
    stripe: StripeStandIn,
    reconcile: Reconcile<Vault, Webhook>,
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
        let reconcile = Reconcile {
            tables,
            stripe: StripeClient::new(&config).unwrap(),
            key: CachedSecret::new(Vault, "stripe/read"),
            webhook: Webhook::default(),
        };
        Self { stripe, reconcile }
    }

    fn tables(&self) -> &Tables {
        &self.reconcile.tables
    }

    /// A pack that is bought at `second`; the id of its event, which nobody delivers.
    fn pack(&self, second: i64) -> String {
        let emission = Emission { created: Some(at(second).as_s()), ..Emission::default() };
        let made = self.stripe.buy_pack(&BuyPack::of("account-1", "price_pack_100", 900), &emission).unwrap();
        made.events[0].clone()
    }

    async fn run(&self, request: Value, second: i64) -> Result<Status, ReconcileError> {
        self.run_within(request, second, 60_000).await
    }

    async fn run_within(&self, request: Value, second: i64, ms: u64) -> Result<Status, ReconcileError> {
        let invocation = Invocation::of(request.to_string(), at(second)).unwrap().within_ms(ms);
        Box::pin(handle(&self.reconcile, &invocation)).await
    }

    /// A run of the schedule.
    async fn tick(&self, second: i64) -> Status {
        self.run(json!({}), second).await.unwrap()
    }

    async fn mark(&self) -> Option<i64> {
        self.tables().reconciled_until().await.unwrap().map(|until| until.as_s().saturating_sub(START_S))
    }

    fn set(&self, event: &str, outcome: &'static str) {
        self.reconcile.webhook.outcomes.lock().unwrap().insert(event.to_owned(), outcome);
    }

    fn seen(&self) -> Vec<String> {
        self.reconcile.webhook.seen.lock().unwrap().clone()
    }
}

#[tokio::test]
async fn b7_events_that_never_came_are_applied_oldest_first_and_once() {
    let scene = Scene::new().await;
    let day = 86_400;
    // Older than the first look of a deployment, then two in reverse, and one that may still be on its way.
    scene.pack(day - FIRST_LOOK_S - 2 * LAG_S);
    let second = scene.pack(day - 600);
    let first = scene.pack(day - 1_200);
    let fresh = scene.pack(day - LAG_S);
    let status = scene.tick(day).await;
    assert_eq!((status.listed, status.applied, status.until), (2, 2, at(day - LAG_S).as_s()));
    assert_eq!(status.missed.iter().map(|event| &event.id).collect::<Vec<_>>(), [&first, &second]);
    assert_eq!(scene.mark().await, Some(day - LAG_S));

    // Five minutes later the fresh one is missed as well, and nothing else is read again.
    assert_eq!(LAG_S, 180, "the repository's test of the alarm's time counts on it");
    let invocation = Invocation::of("{}", at(day + 300)).unwrap();
    assert_eq!(Box::pin(handle(&scene.reconcile, &invocation)).await.unwrap().applied, 1);
    let metrics = invocation.metrics().take_lines(at(day + 300)).join("\n");
    assert!(metrics.contains(r#""EventsMissed":1"#), "the alarm counts it: {metrics}");
    assert_eq!(scene.seen(), [first, second, fresh]);
    assert_eq!(scene.tick(day + 600).await.listed, 0);
}

#[tokio::test]
async fn an_event_that_waits_or_fails_holds_the_mark_for_an_hour_and_no_longer() {
    for outcome in ["deferred", "failed"] {
        let scene = Scene::new().await;
        let (waiting, later) = (scene.pack(60), scene.pack(120));
        scene.set(&waiting, outcome);
        let status = scene.tick(600).await;
        assert_eq!((status.applied, status.deferred + status.failed), (1, 1), "{outcome}");
        assert_eq!(scene.mark().await, Some(60), "{outcome}");
        // It is tried again, and so is what came after it.
        assert_eq!(scene.tick(900).await.listed, 2);
        assert_eq!(scene.seen(), [&waiting, &later, &waiting, &later].map(String::as_str), "{outcome}");
        let status = scene.tick(60 + HELD_S).await;
        assert_eq!((status.listed, scene.mark().await), (2, Some(60 + HELD_S - LAG_S)), "{outcome}");
    }
}

#[tokio::test]
async fn b7_an_event_that_fails_after_its_hour_is_tried_again_until_it_is_applied() {
    let scene = Scene::new().await;
    // The endpoint was off for five hours; of what is caught up, one event fails.
    let (failing, later) = (scene.pack(60), scene.pack(120));
    scene.set(&failing, "failed");
    scene.tables().move_reconciled_until(at(0)).await.unwrap();
    let five_hours = 5 * HELD_S;
    let status = scene.tick(five_hours).await;
    assert_eq!((status.applied, status.failed), (1, 1));
    assert_eq!(scene.mark().await, Some(five_hours - LAG_S), "it holds nothing back");
    let status = scene.tick(five_hours + 300).await;
    assert_eq!((status.listed, status.failed), (1, 1), "its second is read again, and nothing else");
    scene.reconcile.webhook.outcomes.lock().unwrap().clear();
    // The webhook of this test takes an event that it has seen for a repeat.
    let status = scene.tick(five_hours + 600).await;
    assert_eq!((status.listed, status.settled, status.failed), (1, 1, 0));
    assert_eq!(scene.seen(), [&failing, &later, &failing, &failing].map(String::as_str));
    assert_eq!(scene.tick(five_hours + 900).await.listed, 0);
}

#[tokio::test]
async fn more_failed_seconds_than_are_kept_hold_the_mark() {
    let scene = Scene::new().await;
    let most = i64::try_from(FAILED_SECONDS_MAX).unwrap();
    for second in 0..=most {
        let event = scene.pack(second);
        scene.set(&event, "failed");
    }
    scene.tables().move_reconciled_until(at(0)).await.unwrap();
    let status = scene.run_within(json!({}), 5 * HELD_S, 900_000).await.unwrap();
    assert_eq!((status.failed, scene.mark().await), (most.unsigned_abs() + 1, Some(most)));
    assert_eq!(scene.tables().failed_seconds().await.unwrap().len(), FAILED_SECONDS_MAX);
}

#[tokio::test]
async fn an_event_that_is_parked_for_want_of_a_later_one_is_applied_after_it() {
    for (stays_parked, applied, replays) in [(false, 2, 1), (true, 1, 1)] {
        let mut scene = Scene::new().await;
        scene.reconcile.webhook.stays_parked = stays_parked;
        let waiting = scene.pack(60);
        scene.pack(60);
        scene.set(&waiting, "parked");
        let status = scene.tick(600).await;
        assert_eq!((status.applied, status.parked), (applied, 2 - applied), "{stays_parked}");
        assert_eq!(*scene.reconcile.webhook.replayed.lock().unwrap(), vec![waiting; replays]);
        assert_eq!(scene.mark().await, Some(600 - LAG_S), "a parked event holds nothing back");
    }
}

#[tokio::test]
async fn a_time_with_more_events_than_a_list_holds_is_read_in_parts() {
    let scene = Scene::new().await;
    let bought: Vec<String> = (0..1_100).map(|number| scene.pack(number)).collect();
    // A busy machine takes its time.
    let status = scene.run_within(json!({}), 1_500, 900_000).await.unwrap();
    assert_eq!((status.listed, status.applied), (1_100, 1_100));
    assert_eq!(status.missed.len(), stripe_reconcile::MISSED_SHOWN_MAX);
    assert_eq!(scene.seen(), bought);
}

#[tokio::test]
async fn a_time_that_is_asked_for_is_read_anew_and_moves_no_mark() {
    let scene = Scene::new().await;
    let bought = [scene.pack(60), scene.pack(3_600), scene.pack(7_200)];
    let asked = json!({"since": at(60).to_string(), "before": at(7_200).to_string()});
    let status = scene.run(asked.clone(), 86_400).await.unwrap();
    assert_eq!((status.applied, status.until, scene.mark().await), (2, at(7_200).as_s(), None));
    assert_eq!(scene.run(asked, 86_400).await.unwrap().settled, 2);
    // What lies ahead is cut off where the events may still be on their way.
    let status =
        scene.run(json!({"since": at(60).to_string(), "before": at(99_999).to_string()}), 86_400).await;
    assert_eq!(status.unwrap().until, at(86_400 - LAG_S).as_s());
    assert_eq!(
        scene.seen(),
        [&bought[0], &bought[1], &bought[0], &bought[1], &bought[0], &bought[1], &bought[2]]
            .map(String::as_str)
    );
}

#[tokio::test]
async fn a_time_that_stripe_does_not_keep_is_refused() {
    let scene = Scene::new().await;
    let now = KEPT_BY_STRIPE_S + 60;
    for (since, before) in [(0, 600), (600, 600), (now, now)] {
        let asked = json!({"since": at(since).to_string(), "before": at(before).to_string()});
        let refused = scene.run(asked, now).await;
        assert!(matches!(refused, Err(ReconcileError::Since)), "{since} {before}");
    }
    let asked = json!({"before": at(600).to_string()});
    assert!(matches!(scene.run(asked, now).await, Err(ReconcileError::Before)));
    for asked in
        [json!({"since": "yesterday"}), json!({"since": 5}), json!({"until": "2026-11-01T00:00:00Z"})]
    {
        assert!(scene.run(asked.clone(), now).await.is_err(), "{asked}");
    }
    assert_eq!(scene.stripe.calls().len(), 0);
}

#[tokio::test]
async fn an_outage_of_stripe_fails_the_run_and_the_next_one_begins_at_the_mark() {
    let scene = Scene::new().await;
    scene.tick(600).await;
    let missed = scene.pack(900);
    scene.stripe.plan(Operation::ListEvents, 1, Fault::Unavailable);
    assert!(matches!(scene.run(json!({}), 1_200).await, Err(ReconcileError::Stripe(_))));
    assert_eq!(scene.mark().await, Some(600 - LAG_S));
    assert_eq!(scene.tick(1_500).await.applied, 1);
    assert_eq!(scene.seen(), [missed]);
}

/// A run leaves its last 20 seconds alone.
#[tokio::test]
async fn a_run_whose_time_is_over_ends_early_and_the_next_one_goes_on() {
    let mut scene = Scene::new().await;
    scene.reconcile.webhook.takes_ms = 500;
    let bought: Vec<String> = (0..8).map(|number| scene.pack(60 * number)).collect();
    let early = scene.run_within(json!({}), 1_200, 22_500).await.unwrap();
    assert!((1..8).contains(&early.applied), "{early:?}");
    let reached = usize::try_from(early.applied).unwrap();
    // Up to where nothing is left: the first event that was not handed on.
    let first_left = 60 * i64::try_from(reached).unwrap();
    assert_eq!((early.until, scene.mark().await), (at(first_left).as_s(), Some(first_left)));
    assert_eq!(scene.seen(), bought[..reached]);
    scene.reconcile.webhook.takes_ms = 0;
    let rest = scene.tick(1_200).await;
    assert_eq!((rest.applied, rest.listed), (8 - early.applied, 8 - early.applied));
    assert_eq!((scene.seen(), scene.mark().await), (bought, Some(1_200 - LAG_S)));
    // Without any time nothing is read, and the mark stays.
    scene.pack(1_260);
    let none = scene.run_within(json!({}), 1_800, 19_000).await.unwrap();
    assert_eq!((none.listed, scene.mark().await), (0, Some(1_200 - LAG_S)));
}
