//! Subscriptions: where they stand, and cancelling them in two steps.

use ledger::contract::{at, grant, place, run};
use ledger::{
    AccountId, Answer, CancellationStore, Channel, Command, Credits, DueStore, PolicyRef, ProductId,
    Provider, Subscription, SubscriptionId, SubscriptionStore, Timestamp,
};
use payout_queue::PayoutQueue;
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, DAY_S, World, account, answer};

const LIST: &str = "GET /v1/accounts/{account}/subscriptions";
const CANCEL: &str = "POST /v1/accounts/{account}/subscriptions/{subscription}/cancellation";
/// Ten days into a period of thirty.
pub(crate) const NOW_S: u64 = 10 * DAY_S;

fn id() -> SubscriptionId {
    SubscriptionId::new("sub_run").unwrap()
}

fn reported(price: &str) -> Subscription {
    Subscription {
        provider: Provider::Stripe,
        id: id(),
        account: account(),
        as_of: at(0),
        price: Some(price.to_owned()),
        period_ends_at: Some(at(30 * DAY_S)),
        cancellation_confirmed_at: None,
        cancels_at: None,
        ended_at: None,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    }
}

/// A customer who has subscribed to `price` of `product`, with a pack of it.
async fn subscribed(product: &str, version: &str, price: &str) -> World {
    let world = World::new().await;
    assert!(world.app.store.save_subscription(&reported(price)).await.unwrap());
    let policy = PolicyRef { document: product.to_owned(), version: version.to_owned() };
    for (payment, subscription) in [("pi_run", Some("sub_run")), ("pi_run_pack", None)] {
        let mut bought = grant(&account(), payment, 70, subscription);
        bought.payment.product = ProductId::new(product).unwrap();
        bought.payment.policy = Some(policy.clone());
        run(&world.app.store, &account(), &Command::Grant(bought), at(1)).await;
    }
    world
}

pub(crate) async fn studio() -> World {
    subscribed("music-studio", "2026-05-02", "price_premier_monthly").await
}

fn call(route: &str, seconds: u64) -> HttpEvent {
    HttpEvent::new(route, at(seconds).as_s()).path("account", CUSTOMER).path("subscription", "sub_run")
}

async fn send(world: &World, event: HttpEvent, now: Timestamp) -> (u16, Value) {
    answer(&world.call_at(&event, now).await)
}

pub(crate) async fn ask(world: &World, seconds: u64) -> (u16, Value) {
    send(world, call(CANCEL, seconds).as_customer(CUSTOMER), at(seconds)).await
}

pub(crate) async fn confirm(world: &World, confirmation: &Value, seconds: u64) -> (u16, Value) {
    let event = call(CANCEL, seconds).as_customer(CUSTOMER).body(&json!({ "confirmation": confirmation }));
    send(world, event, at(seconds)).await
}

async fn stored(world: &World) -> Subscription {
    world.app.store.subscription(&account(), &id()).await.unwrap().unwrap()
}

/// What is shown about the pack and the plan of this story, and not about other purchases of the customer.
fn kept(answer: &Value) -> Vec<(String, u64, String)> {
    let lots = answer["credits"].as_array().unwrap().iter().filter(|lot| lot["credits"] == 70);
    let text = |value: &Value| value.as_str().unwrap_or("for ever").to_owned();
    lots.map(|lot| (text(&lot["kind"]), 70, text(&lot["usable_until"]))).collect()
}

#[tokio::test]
async fn s1_4_what_cancelling_would_do_is_shown_before_it_is_confirmed() {
    let world = studio().await;
    let (status, shown) = ask(&world, NOW_S).await;
    assert_eq!((status, &shown["state"], &shown["plan"]), (200, &json!("active"), &json!("premier")));
    assert_eq!(shown["takes_effect_at"], "2026-12-01T00:00:00Z");
    let after_60_days = "2027-01-30T00:00:00Z".to_owned();
    let expected =
        [("subscription".to_owned(), 70, after_60_days), ("pack".to_owned(), 70, "for ever".to_owned())];
    assert_eq!(kept(&shown), expected);
    assert_eq!(
        shown["message"],
        "Your subscription to premier would end at 2026-12-01 00:00 UTC and not be charged again; until then \
         nothing changes. It is not cancelled yet: please confirm."
    );
    assert_eq!(shown["confirmation_expires_at"], "2026-11-11T00:30:00Z");
    // Looking changes nothing.
    assert_eq!(stored(&world).await.cancellation_confirmed_at, None);
    assert!(world.app.payouts.announced().is_empty());
}

#[tokio::test]
async fn s2_13_the_clauses_about_the_running_period_are_shown() {
    let world = studio().await;
    let (_, shown) = ask(&world, NOW_S).await;
    let clauses: Vec<&str> =
        shown["clauses"].as_array().unwrap().iter().filter_map(|clause| clause["clause"].as_str()).collect();
    let expected = [
        "cancellation-takes-effect",
        "benefits-until-the-period-ends",
        "rights-until-the-period-ends",
        "leftover-credits",
        "free-after-the-period",
        "mid-period",
    ];
    assert_eq!(clauses, expected);
    assert!(shown["clauses"][5]["text"].as_str().unwrap().contains("not refunded automatically"));
}

#[tokio::test]
async fn s1_3_s1_7_cancelling_takes_a_second_step() {
    let world = studio().await;
    for wrong in [json!(""), json!("yes"), json!("AAAAAAAAAAAAAAAAAAAAAAAA")] {
        let (status, problem) = confirm(&world, &wrong, NOW_S).await;
        assert_eq!((status, &problem["status"]), (409, &json!(409)), "{wrong}");
    }
    assert_eq!(stored(&world).await.confirmation, None);
    let (_, shown) = ask(&world, NOW_S).await;
    let (status, done) = confirm(&world, &shown["confirmation"], NOW_S + 60).await;
    assert_eq!((status, &done["state"]), (200, &json!("cancels_at_period_end")), "{done}");
}

#[tokio::test]
async fn s2_9_s3_16_s4_13_a_subscription_of_any_business_can_be_cancelled_at_any_time() {
    for (product, version, price, seconds) in [
        ("music-studio", "2026-05-02", "price_pro_monthly", 2),
        ("image-to-3d", "2026-06-01", "price_3d_pro", NOW_S),
        ("image-web", "2026-05-02", "price_image_monthly", 30 * DAY_S - 1),
        ("audio", "2026-05-02", "price_audio_basic", NOW_S),
        ("studio", "2026-05-02", "price_studio_creator", NOW_S),
    ] {
        let world = subscribed(product, version, price).await;
        let (_, shown) = ask(&world, seconds).await;
        assert!(!shown["clauses"].as_array().unwrap().is_empty(), "{product}");
        let (status, done) = confirm(&world, &shown["confirmation"], seconds).await;
        assert_eq!((status, &done["state"]), (200, &json!("cancels_at_period_end")), "{product}");
    }
}

#[tokio::test]
async fn s2_10_s0_15_s1_1_s4_16_a_cancellation_takes_effect_at_the_end_of_the_period() {
    for (product, version, price) in [
        ("music-studio", "2026-05-02", "price_pro_monthly"),
        ("studio", "2026-05-02", "price_studio_creator"),
        ("assistant", "2026-05-02", "price_assistant_plus"),
        ("image-web", "2026-05-02", "price_image_monthly"),
    ] {
        let world = subscribed(product, version, price).await;
        let (_, shown) = ask(&world, NOW_S).await;
        let (_, done) = confirm(&world, &shown["confirmation"], NOW_S).await;
        assert_eq!(done["cancellation"]["takes_effect_at"], "2026-12-01T00:00:00Z", "{product}");
        // Nothing is taken before: the credits stay, and no expiry is set on them.
        let lot = world.lot("pi_run").await;
        assert_eq!(lot, (70, 70, 0), "{product}");
    }
}

#[tokio::test]
async fn s0_16_studio_credits_are_usable_until_the_cycle_ends_and_packs_for_ever() {
    let world = subscribed("studio", "2026-05-02", "price_studio_creator").await;
    let (_, shown) = ask(&world, NOW_S).await;
    let expected = [
        ("subscription".to_owned(), 70, "2026-12-01T00:00:00Z".to_owned()),
        ("pack".to_owned(), 70, "for ever".to_owned()),
    ];
    assert_eq!(kept(&shown), expected);
}

#[tokio::test]
async fn s1_8_the_confirmation_is_recorded_with_time_and_channel_before_it_is_sent_to_stripe() {
    let world = studio().await;
    let (_, shown) = ask(&world, NOW_S).await;
    let (_, done) = confirm(&world, &shown["confirmation"], NOW_S + 5).await;
    assert_eq!(
        done["cancellation"],
        json!({
            "confirmed_at": "2026-11-11T00:00:05Z",
            "channel": "customer",
            "takes_effect_at": "2026-12-01T00:00:00Z",
        })
    );
    assert_eq!(
        done["message"],
        "Your subscription to premier is cancelled. You can use it until 2026-12-01 00:00 UTC; it is not \
         charged again."
    );
    let recorded = stored(&world).await;
    assert_eq!(recorded.cancellation_confirmed_at, Some(at(NOW_S + 5)));
    assert_eq!(recorded.confirmation.map(|each| each.stripe_at), Some(None));
    assert_eq!(world.app.payouts.announced(), ["customer-1 sub_run"]);
    // Said once more, with any confirmation, it is the same answer and the same record.
    for again in [shown["confirmation"].clone(), json!("old")] {
        assert_eq!(confirm(&world, &again, NOW_S + 9000).await, (200, done.clone()));
    }
    assert_eq!(world.app.payouts.announced().len(), 1);
}

#[tokio::test]
async fn s2_11_s3_17_a_cancelled_plan_is_used_as_before_and_nothing_is_refunded() {
    let world = studio().await;
    let (_, shown) = ask(&world, NOW_S).await;
    confirm(&world, &shown["confirmation"], NOW_S).await;
    // A seller of the plan's rights reads here which plan it is, and that it lasts until the period's end.
    let last_second = 30 * DAY_S - 1;
    let (_, listed) = send(&world, call(LIST, last_second).as_customer(CUSTOMER), at(last_second)).await;
    let mut listed = listed["subscriptions"].as_array().unwrap().iter();
    let listed = listed.find(|each| each["subscription"] == "sub_run").unwrap();
    assert_eq!((&listed["plan"], &listed["state"]), (&json!("premier"), &json!("cancels_at_period_end")));
    assert_eq!(listed["cancellation"]["takes_effect_at"], "2026-12-01T00:00:00Z");
    for (generation, seconds) in [("gen-1", NOW_S + 60), ("gen-2", 30 * DAY_S - 1)] {
        let held = run(&world.app.store, &account(), &place(generation, 5), at(seconds)).await;
        assert!(matches!(held, Answer::Written { .. }), "{held:?}");
    }
    assert_eq!((world.lot("pi_run").await.2, world.refunded("pi_run").await), (0, 0));
}

#[tokio::test]
async fn s2_16_a_confirmation_holds_although_stripe_reported_something_else_meanwhile() {
    let world = studio().await;
    let (_, shown) = ask(&world, NOW_S).await;
    confirm(&world, &shown["confirmation"], NOW_S).await;
    // A renewal's event, made before Stripe knew.
    let renewed = Subscription { as_of: at(NOW_S + 5), ..reported("price_premier_monthly") };
    assert!(world.app.store.save_subscription(&renewed).await.unwrap());
    assert_eq!(stored(&world).await.cancellation_confirmed_at, Some(at(NOW_S)));
    world.app.store.mark_reported(&stored(&world).await, at(NOW_S + 60)).await.unwrap();
    assert_eq!(stored(&world).await.cancellation_confirmed_at, Some(at(NOW_S)));
    // The customer takes it back on Stripe's page, and cancels once more.
    let reactivated = Subscription { as_of: at(NOW_S + 100), ..reported("price_premier_monthly") };
    assert!(world.app.store.save_subscription(&reactivated).await.unwrap());
    assert_eq!(stored(&world).await.cancellation_confirmed_at, None);
    let (_, shown) = ask(&world, NOW_S + 200).await;
    let (status, done) = confirm(&world, &shown["confirmation"], NOW_S + 200).await;
    assert_eq!((status, &done["cancellation"]["confirmed_at"]), (200, &json!("2026-11-11T00:03:20Z")));
    assert_eq!(stored(&world).await.confirmation.and_then(|each| each.stripe_at), None);
}

#[tokio::test]
async fn a_queue_that_is_down_leaves_the_cancellation_to_the_sweep() {
    let world = studio().await;
    world.app.payouts.refuse(true);
    assert!(world.app.payouts.announce_cancellation(&account(), &id()).await.is_err());
    let (_, shown) = ask(&world, NOW_S).await;
    assert_eq!(confirm(&world, &shown["confirmation"], NOW_S).await.0, 200);
    assert_eq!(world.app.store.unreported_cancellations(at(NOW_S + 299), 10).await.unwrap(), []);
    let unreported = world.app.store.unreported_cancellations(at(NOW_S + 300), 10).await.unwrap();
    assert_eq!(unreported.iter().map(|each| each.subscription.as_str()).collect::<Vec<_>>(), ["sub_run"]);
    world.app.store.mark_reported(&stored(&world).await, at(NOW_S + 400)).await.unwrap();
    assert_eq!(world.app.store.unreported_cancellations(at(NOW_S + 9000), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_confirmation_expires_and_does_not_survive_a_change_of_the_details() {
    let world = studio().await;
    let (_, shown) = ask(&world, NOW_S).await;
    assert_eq!(confirm(&world, &shown["confirmation"], NOW_S + 1800).await.0, 409);
    let longer = Subscription {
        as_of: at(NOW_S),
        period_ends_at: Some(at(60 * DAY_S)),
        ..reported("price_premier_monthly")
    };
    assert!(world.app.store.save_subscription(&longer).await.unwrap());
    assert_eq!(confirm(&world, &shown["confirmation"], NOW_S + 1).await.0, 409);
    assert_eq!(stored(&world).await.confirmation, None);
}

#[tokio::test]
async fn s1_5_a_cancellation_on_the_providers_page_counts_the_same() {
    for provider in [Provider::Stripe, Provider::Creem] {
        let world = studio().await;
        let cancelled = Subscription {
            provider,
            as_of: at(100),
            cancellation_confirmed_at: Some(at(90)),
            cancels_at: Some(at(30 * DAY_S)),
            ..reported("price_premier_monthly")
        };
        assert!(world.app.store.save_subscription(&cancelled).await.unwrap());
        let (status, shown) = ask(&world, NOW_S).await;
        assert_eq!(
            (status, &shown["state"], &shown["confirmation"]),
            (200, &json!("cancels_at_period_end"), &Value::Null)
        );
        assert_eq!(shown["cancellation"]["channel"], provider.as_str());
        assert_eq!(stored(&world).await.confirmation, None);
    }
}

#[tokio::test]
async fn an_end_months_ahead_can_be_brought_forward_to_the_end_of_the_period() {
    let world = studio().await;
    let fixed = Subscription {
        as_of: at(100),
        cancellation_confirmed_at: Some(at(90)),
        cancels_at: Some(at(180 * DAY_S)),
        ..reported("price_premier_monthly")
    };
    assert!(world.app.store.save_subscription(&fixed).await.unwrap());
    let (status, shown) = ask(&world, NOW_S).await;
    assert_eq!((status, &shown["state"]), (200, &json!("cancels_at_date")));
    assert_eq!(shown["takes_effect_at"], "2026-12-01T00:00:00Z");
    let (status, done) = confirm(&world, &shown["confirmation"], NOW_S).await;
    assert_eq!((status, &done["state"]), (200, &json!("cancels_at_period_end")), "{done}");
    assert_eq!(done["takes_effect_at"], "2026-12-01T00:00:00Z");
    assert_eq!(world.app.payouts.announced(), ["customer-1 sub_run"]);
    // It is no later than that from here on.
    let (_, again) = ask(&world, NOW_S + 60).await;
    assert_eq!((&again["state"], &again["confirmation"]), (&done["state"], &Value::Null));
}

#[tokio::test]
async fn the_state_is_what_stripe_says_of_it() {
    let cancelled = (Some(at(90)), Some(at(30 * DAY_S)));
    let none = (None, None);
    for (status, paused, (confirmed, cancels), expected) in [
        (None, false, none, "active"),
        (Some("active"), false, none, "active"),
        (Some("of_years_to_come"), false, none, "active"),
        (Some("trialing"), false, none, "trialing"),
        (Some("active"), true, none, "collection_paused"),
        (Some("past_due"), true, none, "past_due"),
        (Some("past_due"), false, cancelled, "past_due"),
        (Some("unpaid"), false, none, "unpaid"),
        (Some("incomplete"), false, none, "incomplete"),
        (Some("incomplete_expired"), false, none, "incomplete_expired"),
        (Some("paused"), false, none, "paused"),
        (Some("canceled"), false, none, "ended"),
        (Some("active"), true, cancelled, "cancels_at_period_end"),
        (Some("trialing"), false, cancelled, "cancels_at_period_end"),
        (Some("active"), false, (Some(at(90)), Some(at(31 * DAY_S))), "cancels_at_date"),
        (Some("active"), false, (Some(at(90)), Some(at(NOW_S))), "ended"),
    ] {
        let world = studio().await;
        let report = ledger::SubscriptionReport {
            status: status.map(str::to_owned),
            collection_paused: paused,
            ..Default::default()
        };
        let reported = Subscription {
            as_of: at(100),
            cancellation_confirmed_at: confirmed,
            cancels_at: cancels,
            report,
            ..reported("price_premier_monthly")
        };
        assert!(world.app.store.save_subscription(&reported).await.unwrap());
        let (_, page) = send(&world, call(LIST, NOW_S).as_customer(CUSTOMER), at(NOW_S)).await;
        let mut listed = page["subscriptions"].as_array().unwrap().iter();
        let listed = listed.find(|each| each["subscription"] == "sub_run").unwrap();
        assert_eq!(listed["state"], expected, "{status:?} {paused} {confirmed:?}");
    }
}

#[tokio::test]
async fn s4_15_a_downgrade_takes_effect_with_the_period_and_an_upgrade_at_once() {
    for (paid, newest, at_s, plans) in [
        ("price_premier_monthly", "price_pro_monthly", NOW_S, ("premier", Some("pro"))),
        ("price_premier_monthly", "price_pro_monthly", 30 * DAY_S - 1, ("premier", Some("pro"))),
        ("price_premier_monthly", "price_pro_monthly", 30 * DAY_S, ("pro", None)),
        ("price_pro_monthly", "price_premier_monthly", NOW_S, ("premier", None)),
        ("price_pro_monthly", "price_pro_monthly", NOW_S, ("pro", None)),
    ] {
        let world = World::new().await;
        assert!(world.app.store.save_subscription(&reported(newest)).await.unwrap());
        let mut bought = grant(&account(), "pi_run", 70, Some("sub_run"));
        bought.payment.price = paid.to_owned();
        bought.payment.period_ends_at = Some(at(30 * DAY_S));
        run(&world.app.store, &account(), &Command::Grant(bought), at(1)).await;
        let event = call(LIST, at_s).as_customer(CUSTOMER);
        let (_, page) = send(&world, event, at(at_s)).await;
        let mut listed = page["subscriptions"].as_array().unwrap().iter();
        let shown = listed.find(|each| each["subscription"] == "sub_run").unwrap();
        let expected = (json!(plans.0), plans.1.map_or(Value::Null, |plan| json!(plan)));
        assert_eq!((shown["plan"].clone(), shown["next_plan"].clone()), expected, "{paid} {newest} {at_s}");
        // Nothing of the credits goes before the period's end.
        assert_eq!(world.lot("pi_run").await, (70, 70, 0));
    }
}

#[tokio::test]
async fn what_is_not_paid_ends_at_once_and_the_answer_says_so() {
    for status in ["past_due", "unpaid", "incomplete"] {
        let world = studio().await;
        let report = ledger::SubscriptionReport { status: Some(status.to_owned()), ..Default::default() };
        let owing = Subscription { as_of: at(100), report, ..reported("price_premier_monthly") };
        assert!(world.app.store.save_subscription(&owing).await.unwrap());
        let (_, shown) = ask(&world, NOW_S).await;
        assert_eq!(shown["takes_effect_at"], "2026-11-11T00:00:00Z", "{status}");
        assert_eq!(
            shown["message"],
            "Your subscription to premier would end at once. Its last invoice is not paid: it would be \
             withdrawn and not be collected any more. It is not cancelled yet: please confirm."
        );
        let (code, done) = confirm(&world, &shown["confirmation"], NOW_S + 60).await;
        assert_eq!((code, &done["takes_effect_at"]), (200, &json!("2026-11-11T00:01:00Z")));
        assert_eq!(
            done["message"],
            "Your subscription to premier is cancelled and ended at 2026-11-11 00:01 UTC. Its last invoice \
             was not paid: it is withdrawn, and nothing more is charged."
        );
        let recorded = stored(&world).await;
        assert_eq!(recorded.confirmation.unwrap().effective_at, Some(at(NOW_S + 60)));
        // Money that comes for that invoice all the same is money after the end.
        assert!(recorded.was_over_at(at(NOW_S + 3 * DAY_S), Some(at(0))));
        assert!(!recorded.was_over_at(at(NOW_S), Some(at(0))));
    }
}

#[tokio::test]
async fn subscriptions_are_listed_with_what_became_of_them() {
    let world = studio().await;
    let event = call(LIST, NOW_S).as_support("agent-1");
    let (status, page) = send(&world, event, at(NOW_S)).await;
    assert_eq!(status, 200);
    let standings: Vec<_> = page["subscriptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (each["subscription"].as_str().unwrap(), each["state"].as_str().unwrap()))
        .collect();
    assert_eq!(standings, [("sub_1", "ended"), ("sub_run", "active")]);
    let ended = call(CANCEL, NOW_S).path("subscription", "sub_1").as_customer(CUSTOMER);
    assert_eq!(send(&world, ended, at(NOW_S)).await.0, 409);
    let support = call(CANCEL, NOW_S).as_support("agent-1");
    let (_, shown) = send(&world, support.clone(), at(NOW_S)).await;
    let body = json!({ "confirmation": shown["confirmation"] });
    send(&world, support.body(&body), at(NOW_S)).await;
    assert_eq!(stored(&world).await.confirmation.map(|each| each.channel), Some(Channel::Support));
}

#[tokio::test]
async fn d1_subscriptions_of_others_are_not_there() {
    let world = studio().await;
    for route in [LIST, CANCEL] {
        let stranger = call(route, NOW_S).as_customer("customer-2");
        let missing = call(route, NOW_S).as_customer(CUSTOMER).path("subscription", "sub_none");
        let (status, problem) = send(&world, stranger, at(NOW_S)).await;
        assert_eq!(status, 404, "{route}");
        if route == CANCEL {
            assert_eq!(send(&world, missing, at(NOW_S)).await, (404, problem));
        }
        let service = call(route, NOW_S).as_service("generator");
        assert!(matches!(send(&world, service, at(NOW_S)).await.0, 403 | 404), "{route}");
    }
    let hostile = call(CANCEL, NOW_S).as_customer(CUSTOMER).body(&json!({ "confirm": true }));
    assert_eq!(send(&world, hostile, at(NOW_S)).await.0, 400);
    assert_eq!(stored(&world).await.confirmation, None);
    let other = AccountId::new("customer-2").unwrap();
    assert_eq!(world.app.store.subscriptions_of(&other).await.unwrap(), []);
    assert_eq!(world.lot("pi_run").await.1, Credits::new(70).unwrap().get());
}
