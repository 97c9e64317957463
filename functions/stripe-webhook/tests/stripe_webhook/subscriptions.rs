//! What is recorded of subscriptions, and the clock of left-over credits.

use ledger::{
    AccountId, CancellationStore, Channel, Confirmation, Subscription, SubscriptionId, SubscriptionStore,
};
use serde_json::{Value, json};
use testkit::stand_in::{Cancel, End, Made, Renew, Subscribe};

use crate::scene::{ACCOUNT, DAY_S, Scene, at, created, pro};

async fn stored(scene: &Scene, made: &Made) -> Subscription {
    let id = SubscriptionId::new(made.subscription.clone().unwrap()).unwrap();
    scene.tables.subscription(&AccountId::new(ACCOUNT).unwrap(), &id).await.unwrap().unwrap()
}

async fn subscribed(scene: &Scene, second: i64) -> Made {
    let (made, bodies) = scene.subscribe(second);
    for body in bodies {
        assert_eq!(scene.send(&body, at(second)).await.says, "applied");
    }
    made
}

async fn ended(scene: &Scene, made: &Made, second: i64) {
    let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
    let end = scene.stripe.end(&end, &created(second)).unwrap();
    assert_eq!(scene.send(&scene.body(&end.events[0]), at(second)).await.says, "applied");
}

#[tokio::test]
async fn s2_16_a_cancellation_is_recorded_and_taken_back() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    let cancel = Cancel { subscription: made.subscription.clone().unwrap(), at_period_end: true, at: None };
    let cancel = scene.stripe.cancel(&cancel, &created(10 * DAY_S)).unwrap();
    let body = scene.body(&cancel.events[0]);
    assert_eq!(scene.send(&body, at(10 * DAY_S)).await.says, "applied");
    let subscription = stored(&scene, &made).await;
    assert_eq!(subscription.cancellation_confirmed_at, Some(at(10 * DAY_S)));
    // S2-10: with the period that is paid.
    assert_eq!((subscription.cancels_at, subscription.ended_at), (Some(at(30 * DAY_S)), None));
    let mut event: Value = serde_json::from_str(&body).unwrap();
    event["id"] = json!("evt_reactivated");
    event["created"] = json!(event["created"].as_i64().unwrap() + DAY_S);
    for member in ["cancel_at", "canceled_at"] {
        event["data"]["object"][member] = json!(null);
    }
    event["data"]["object"]["cancel_at_period_end"] = json!(false);
    assert_eq!(scene.send(&event.to_string(), at(11 * DAY_S)).await.says, "applied");
    // The cancellation's event comes again, and changes nothing.
    assert_eq!(scene.send(&body, at(12 * DAY_S)).await.says, "repeated");
    let subscription = stored(&scene, &made).await;
    assert_eq!((subscription.cancellation_confirmed_at, subscription.cancels_at), (None, None));
}

#[tokio::test]
async fn s2_16_only_a_cancellation_that_was_asked_for_is_confirmed() {
    for (reason, flag, confirmed) in [
        (json!("cancellation_requested"), "none", true),
        (json!("cancellation_requested"), "cancel_at_period_end", true),
        (json!("payment_failed"), "none", false),
        (json!("payment_failed"), "cancel_at_period_end", false),
        (json!("payment_disputed"), "none", false),
        (json!("payment_disputed"), "cancel_at", false),
        (json!("canceled_by_retention_policy"), "none", false),
        (json!("a_reason_of_next_year"), "none", false),
        (json!("a_reason_of_next_year"), "cancel_at", true),
        (json!(null), "none", false),
        (json!(null), "cancel_at", true),
        (json!(null), "cancel_at_period_end", true),
    ] {
        let scene = Scene::new().await;
        let made = subscribed(&scene, 0).await;
        let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
        let end = scene.stripe.end(&end, &created(20 * DAY_S)).unwrap();
        let as_reported = |object: &mut Value| {
            object["cancellation_details"]["reason"] = reason.clone();
            object["cancel_at_period_end"] = json!(flag == "cancel_at_period_end");
            object["cancel_at"] =
                if flag == "cancel_at" { json!(at(20 * DAY_S).as_s()) } else { json!(null) };
        };
        let body = scene.body(&end.events[0]);
        assert_eq!(scene.send_changed(&body, at(20 * DAY_S), as_reported).await.says, "applied");
        let stored = stored(&scene, &made).await;
        let expected = confirmed.then(|| at(20 * DAY_S));
        assert_eq!(stored.cancellation_confirmed_at, expected, "{reason} {flag}");
        // It has ended all the same, and its clock runs.
        assert_eq!(stored.ended_at, Some(at(20 * DAY_S)), "{reason} {flag}");
        // The customer pays the overdue invoice on purpose two days later: a lead only after a confirmation.
        let renew = Renew { subscription: made.subscription.unwrap(), charged_at: None };
        let renewal = scene.stripe.renew(&renew, &created(22 * DAY_S)).unwrap();
        let paid = scene.send(&scene.body(&renewal.events[0]), at(22 * DAY_S)).await;
        assert_eq!(
            (paid.says.as_str(), paid.counted("LeadsNoted")),
            ("applied", confirmed),
            "{reason} {flag}"
        );
        assert_eq!(scene.available(at(22 * DAY_S)).await, 1_000);
    }
}

#[tokio::test]
async fn s2_16_a_confirmation_of_ours_stands_whatever_ended_the_subscription() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    let confirmation = Confirmation {
        at: at(5 * DAY_S),
        channel: Channel::Customer,
        effective_at: Some(at(30 * DAY_S)),
        stripe_at: None,
        announced: 0,
    };
    let seen = stored(&scene, &made).await;
    assert!(scene.tables.confirm_cancellation(&seen, &confirmation).await.unwrap());
    let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
    let end = scene.stripe.end(&end, &created(20 * DAY_S)).unwrap();
    let failed = |object: &mut Value| object["cancellation_details"]["reason"] = json!("payment_failed");
    scene.send_changed(&scene.body(&end.events[0]), at(20 * DAY_S), failed).await;
    assert_eq!(stored(&scene, &made).await.cancellation_confirmed_at, Some(at(5 * DAY_S)));
}

#[tokio::test]
async fn s2_26_the_clock_starts_with_the_end_and_leaves_packs_alone() {
    let scene = Scene::new().await;
    let (_, pack) = scene.pack(0);
    scene.send(&pack, at(0)).await;
    let made = subscribed(&scene, 0).await;
    ended(&scene, &made, 30 * DAY_S).await;
    assert_eq!(stored(&scene, &made).await.ended_at, Some(at(30 * DAY_S)));
    let account = scene.account(ACCOUNT).await;
    let expiries: Vec<_> = account.lots.iter().map(|lot| lot.expires_at).collect();
    assert_eq!(expiries, [None, Some(at(90 * DAY_S))]);
    let last = scene.journal(ACCOUNT).await.pop().unwrap();
    assert_eq!(last.policy().map(|policy| policy.version.as_str()), Some("2026-05-02"));
}

#[tokio::test]
async fn s1_1_s2_11_s2_25_the_request_to_cancel_starts_no_clock() {
    for (price, left_over_s) in [("price_pro_monthly", 60 * DAY_S), ("price_studio_creator", 0)] {
        let scene = Scene::new().await;
        let made =
            scene.stripe.subscribe(&Subscribe { price: price.to_owned(), ..pro() }, &created(0)).unwrap();
        for body in scene.bodies(&made) {
            assert_eq!(scene.send(&body, at(0)).await.says, "applied");
        }
        let granted = scene.available(at(0)).await;
        let cancel =
            Cancel { subscription: made.subscription.clone().unwrap(), at_period_end: true, at: None };
        let cancel = scene.stripe.cancel(&cancel, &created(10 * DAY_S)).unwrap();
        assert_eq!(scene.send(&scene.body(&cancel.events[0]), at(10 * DAY_S)).await.says, "applied");
        assert_eq!(scene.account(ACCOUNT).await.lots[0].expires_at, None, "{price}");
        assert_eq!(scene.available(at(30 * DAY_S - 1)).await, granted, "{price}");
        ended(&scene, &made, 30 * DAY_S).await;
        let expires_at = scene.account(ACCOUNT).await.lots[0].expires_at;
        assert_eq!(expires_at, Some(at(30 * DAY_S + left_over_s)), "{price}");
    }
}

#[tokio::test]
async fn s1_2_who_changes_their_mind_subscribes_again_after_the_period() {
    let scene = Scene::new().await;
    let plan = Subscribe { price: "price_assistant_plus".to_owned(), ..pro() };
    for second in [0, 30 * DAY_S, 90 * DAY_S] {
        let made = scene.stripe.subscribe(&plan, &created(second)).unwrap();
        for body in scene.bodies(&made) {
            assert_eq!(scene.send(&body, at(second)).await.says, "applied", "{second}");
        }
        assert_eq!(stored(&scene, &made).await.ended_at, None);
        let lots = scene.account(ACCOUNT).await.lots;
        let id = SubscriptionId::new(made.subscription.clone().unwrap()).unwrap();
        let of_plan = lots.iter().find(|lot| lot.subscription() == Some(&id)).unwrap();
        assert!(!of_plan.available.is_zero() && of_plan.is_usable(at(second)), "{second}");
        ended(&scene, &made, second + 30 * DAY_S - 1).await;
    }
}

#[tokio::test]
async fn s4_13_a_plan_that_is_changed_at_stripe_is_on_record() {
    let scene = Scene::new().await;
    let plan = Subscribe { price: "price_image_monthly".to_owned(), ..pro() };
    let made = scene.stripe.subscribe(&plan, &created(0)).unwrap();
    let bodies = scene.bodies(&made);
    for body in &bodies {
        assert_eq!(scene.send(body, at(0)).await.says, "applied");
    }
    assert_eq!(stored(&scene, &made).await.price.as_deref(), Some("price_image_monthly"));
    let event = bodies.iter().find(|body| body.contains("customer.subscription.created")).unwrap();
    let mut event: Value = serde_json::from_str(event).unwrap();
    for (day, price) in [(1, "price_image_yearly"), (2, "price_image_monthly")] {
        event["id"] = json!(format!("evt_change_{day}"));
        event["type"] = json!("customer.subscription.updated");
        event["created"] = json!(at(day * DAY_S).as_s());
        event["data"]["object"]["items"]["data"][0]["price"]["id"] = json!(price);
        let reply = scene.send(&event.to_string(), at(day * DAY_S)).await;
        assert_eq!(reply.says, "applied", "{price}");
        assert_eq!(stored(&scene, &made).await.price.as_deref(), Some(price));
    }
}

#[tokio::test]
async fn b5_a_charge_after_the_end_has_a_clock_of_its_own() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    ended(&scene, &made, 30 * DAY_S).await;
    let renew = Renew { subscription: made.subscription.unwrap(), charged_at: None };
    let renewal = scene.stripe.renew(&renew, &created(31 * DAY_S)).unwrap();
    assert_eq!(scene.send(&scene.body(&renewal.events[0]), at(31 * DAY_S)).await.says, "applied");
    let account = scene.account(ACCOUNT).await;
    let expiries: Vec<_> = account.lots.iter().map(|lot| lot.expires_at).collect();
    assert_eq!(expiries, [Some(at(90 * DAY_S)), Some(at(91 * DAY_S))]);
}

#[tokio::test]
async fn s2_26_subscribing_again_stops_the_clock() {
    let scene = Scene::new().await;
    let first = subscribed(&scene, 0).await;
    ended(&scene, &first, 30 * DAY_S).await;
    subscribed(&scene, 50 * DAY_S).await;
    let account = scene.account(ACCOUNT).await;
    assert!(account.lots.iter().all(|lot| lot.expires_at.is_none()), "{:?}", account.lots);
    assert_eq!(scene.available(at(200 * DAY_S)).await, 1_000);
}

#[tokio::test]
async fn an_end_without_a_known_price_starts_the_clock_of_its_lots_and_is_parked_without_lots() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
    let end = scene.stripe.end(&end, &created(DAY_S)).unwrap();
    let body = scene.body(&end.events[0]);
    let unknown = |object: &mut Value| object["items"]["data"][0]["price"]["id"] = json!("price_unheard_of");
    let others = |object: &mut Value| {
        unknown(object);
        object["id"] = json!("sub_without_lots");
    };
    assert_eq!(scene.send_changed(&body, at(DAY_S), others).await.says, "parked: price_unknown");
    assert_eq!(scene.send_changed(&body, at(DAY_S), unknown).await.says, "applied");
    assert_eq!(stored(&scene, &made).await.ended_at, Some(at(DAY_S)));
    assert_eq!(scene.account(ACCOUNT).await.lots[0].expires_at, Some(at(61 * DAY_S)));
}

#[tokio::test]
async fn s4_12_a_renewal_replaces_or_adds_as_the_plans_document_says() {
    for (price, expected) in [("price_image_monthly", [0, 400]), ("price_pro_monthly", [500, 500])] {
        let scene = Scene::new().await;
        let order = Subscribe { price: price.to_owned(), ..pro() };
        let made = scene.stripe.subscribe(&order, &created(0)).unwrap();
        for body in scene.bodies(&made) {
            assert_eq!(scene.send(&body, at(0)).await.says, "applied");
        }
        let renew = Renew { subscription: made.subscription.unwrap(), charged_at: None };
        let renewal = scene.stripe.renew(&renew, &created(30 * DAY_S)).unwrap();
        assert_eq!(scene.send(&scene.body(&renewal.events[0]), at(30 * DAY_S)).await.says, "applied");
        let account = scene.account(ACCOUNT).await;
        let left: Vec<u64> = account.lots.iter().map(|lot| lot.available.get()).collect();
        assert_eq!(left, expected, "{price}");
    }
}

#[tokio::test]
async fn b3_s4_12_an_older_periods_invoice_that_is_paid_or_reported_late_replaces_no_newer_one() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let scene = Scene::new().await;
        let plan = Subscribe { price: "price_image_monthly".to_owned(), ..pro() };
        let made = scene.stripe.subscribe(&plan, &created(0)).unwrap();
        let [checkout, linked, first]: [String; 3] = scene.bodies(&made).try_into().unwrap();
        let renew = |paid: i64| Renew {
            subscription: made.subscription.clone().unwrap(),
            charged_at: Some(at(paid).as_s()),
        };
        // The second period's money came after the third one's.
        let late = scene.stripe.renew(&renew(65 * DAY_S), &created(65 * DAY_S)).unwrap();
        let newest = scene.stripe.renew(&renew(61 * DAY_S), &created(61 * DAY_S)).unwrap();
        let invoices = [first, scene.body(&late.events[0]), scene.body(&newest.events[0])];
        for body in [&checkout, &linked] {
            assert_eq!(scene.send(body, at(0)).await.says, "applied");
        }
        for index in order {
            let of_period = |object: &mut Value| {
                let began_at = [0, 30, 60].map(|day| at(day * DAY_S).as_s())[index];
                object["lines"]["data"][0]["period"]["start"] = json!(began_at);
            };
            let reply = scene.send_changed(&invoices[index], at(66 * DAY_S), of_period).await;
            assert_eq!(reply.says, "applied");
        }
        let account = scene.account(ACCOUNT).await;
        let mut left: Vec<(i64, u64)> =
            account.lots.iter().map(|lot| (lot.granted_at.as_s(), lot.available.get())).collect();
        left.sort_unstable();
        let granted = [0, 61, 65].map(|day| at(day * DAY_S).as_s());
        assert_eq!(left, [(granted[0], 0), (granted[1], 400), (granted[2], 0)], "{order:?}");
    }
}

#[tokio::test]
async fn s0_17_an_account_goes_on_without_its_plan() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    ended(&scene, &made, 30 * DAY_S).await;
    // What the plan left has expired: the account has neither plan nor credits, and stays an account.
    assert_eq!(scene.available(at(100 * DAY_S)).await, 0);
    let account = scene.account(ACCOUNT).await;
    assert!(!account.suspended && !scene.journal(ACCOUNT).await.is_empty());
    let (_, pack) = scene.pack(100 * DAY_S);
    assert_eq!(scene.send(&pack, at(100 * DAY_S)).await.says, "applied");
    let bought = scene.available(at(100 * DAY_S)).await;
    assert!(bought > 0);
    assert_eq!(scene.available(at(1_000 * DAY_S)).await, bought);
}

#[tokio::test]
async fn another_price_of_a_subscription_takes_nothing_before_its_period_ends() {
    let scene = Scene::new().await;
    let made = subscribed(&scene, 0).await;
    let before = scene.account(ACCOUNT).await;
    let cancel = Cancel { subscription: made.subscription.clone().unwrap(), at_period_end: true, at: None };
    let update = scene.stripe.cancel(&cancel, &created(10 * DAY_S)).unwrap();
    let smaller = |object: &mut Value| {
        for member in ["cancel_at", "canceled_at"] {
            object[member] = json!(null);
        }
        object["cancel_at_period_end"] = json!(false);
        object["items"]["data"][0]["price"]["id"] = json!("price_smaller");
    };
    let reply = scene.send_changed(&scene.body(&update.events[0]), at(10 * DAY_S), smaller).await;
    assert!(!reply.says.starts_with("parked"), "{}", reply.says);
    assert_eq!(scene.account(ACCOUNT).await, before);
    assert_eq!(stored(&scene, &made).await.ended_at, None);
    assert_eq!(scene.available(at(29 * DAY_S)).await, scene.available(at(0)).await);
}

/// An event about the subscription of `body`, with members of its object replaced.
fn told(body: &str, id: &str, event_type: &str, second: i64, members: &Value) -> String {
    let mut event: Value = serde_json::from_str(body).unwrap();
    event["id"] = json!(id);
    event["type"] = json!(event_type);
    event["created"] = json!(at(second).as_s());
    for (name, member) in members.as_object().unwrap() {
        event["data"]["object"][name] = member.clone();
    }
    event.to_string()
}

#[tokio::test]
async fn b3_of_subscription_events_of_one_second_the_order_of_arrival_decides_nothing() {
    let mut seen = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let scene = Scene::new().await;
        let (made, [checkout, body, _]) = scene.subscribe(0);
        let updated = "customer.subscription.updated";
        let events = [
            told(&body, "evt_a", "customer.subscription.created", 0, &json!({"status": "incomplete"})),
            told(&body, "evt_b", updated, 0, &json!({"status": "active"})),
            told(&body, "evt_c", updated, 0, &json!({"status": "active", "schedule": "sub_sched_1"})),
            told(&body, "evt_d", updated, 0, &json!({"status": "incomplete"})),
        ];
        scene.send(&checkout, at(0)).await;
        for index in order {
            let says = scene.send(&events[index], at(0)).await.says;
            assert!(matches!(says.as_str(), "applied" | "repeated"), "{says}");
        }
        for body in &events {
            assert_eq!(scene.send(body, at(1)).await.says, "repeated", "{order:?}");
        }
        let Subscription { price, period_ends_at, report, .. } = stored(&scene, &made).await;
        assert_eq!(report.status.as_deref(), Some("active"), "{order:?}");
        seen.push((price, period_ends_at, report.schedule, report.rank));
        seen.dedup_by(|one, other| (&one.0, one.1, &one.2, one.3) == (&other.0, other.1, &other.2, other.3));
        // What ended in that second has ended.
        let end =
            told(&body, "evt_e", "customer.subscription.deleted", 0, &json!({"ended_at": at(0).as_s()}));
        assert_eq!(scene.send(&end, at(0)).await.says, "applied");
        assert_eq!(scene.send(&events[1], at(1)).await.says, "repeated");
        assert_eq!(stored(&scene, &made).await.ended_at, Some(at(0)));
    }
    // Stripe's ids in each scene are its own; the ranks of the four are the same.
    let mut ranks: Vec<u64> = seen.iter().map(|each| each.3).collect();
    ranks.dedup();
    assert_eq!(ranks.len(), 1, "{seen:?}");
}

#[tokio::test]
async fn what_pauses_and_resumes_a_subscription_is_on_record() {
    let scene = Scene::new().await;
    let (made, [checkout, body, _]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    for (second, event_type, status, pause, expected) in [
        (1, "customer.subscription.updated", "active", json!({"behavior": "void"}), ("active", true)),
        (2, "customer.subscription.updated", "past_due", Value::Null, ("past_due", false)),
        (3, "customer.subscription.paused", "paused", Value::Null, ("paused", false)),
        (4, "customer.subscription.resumed", "active", Value::Null, ("active", false)),
    ] {
        let members = json!({"status": status, "pause_collection": pause, "schedule": "sub_sched_1"});
        let event = told(&body, &format!("evt_{second}"), event_type, second, &members);
        assert_eq!(scene.send(&event, at(second)).await.says, "applied", "{second}");
        let report = stored(&scene, &made).await.report;
        assert_eq!((report.status.as_deref(), report.collection_paused), (Some(expected.0), expected.1));
        assert_eq!(report.schedule.unwrap().as_str(), "sub_sched_1");
    }
}
