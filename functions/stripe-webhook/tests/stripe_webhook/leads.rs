//! Payments that may be billing errors: what is noted of them, and that nothing is noted of others.

use ledger::contract::{place, run};
use ledger::{AccountId, Actor, Answer, DUE_SHARDS, PaymentId, shard_of};
use policy::{Facts, Reason};
use policy_documents::documents;
use refunds::{
    Case, DueRequestStore, DueThing, Lead, LeadStore, LeadSubject, RefundRequest, RequestStore, Save,
    SaveOutcome, State, fingerprint, request_id,
};
use serde_json::{Value, json};
use testkit::stand_in::{BuyPack, Cancel, Made, Renew};

use crate::scene::{ACCOUNT, DAY_S, Scene, at, created};

const HOUR_S: i64 = 3_600;

/// What is noted of the account's payments: which, and why.
async fn noted(scene: &Scene) -> Vec<(PaymentId, Reason)> {
    let shard = shard_of(&AccountId::new(ACCOUNT).unwrap(), DUE_SHARDS);
    let mut noted = Vec::new();
    for due in scene.tables.due_requests(shard, at(300 * DAY_S), 100).await.unwrap() {
        let DueThing::Lead(id) = due.thing else { panic!("{due:?}") };
        let lead: Lead = scene.tables.lead(&id).await.unwrap().unwrap();
        let LeadSubject::Payment { payment, reason } = lead.subject else { panic!("{lead:?}") };
        assert_eq!(lead.due_at, Some(lead.since.plus_s(3_600).unwrap()));
        noted.push((payment, reason));
    }
    noted
}

fn of_invoice(body: &str) -> PaymentId {
    let event: Value = serde_json::from_str(body).unwrap();
    PaymentId::new(event["data"]["object"]["id"].as_str().unwrap()).unwrap()
}

fn of(made: &Made) -> PaymentId {
    PaymentId::new(made.payment.clone().unwrap()).unwrap()
}

/// A pack of another business, which knows payments that are made twice.
fn pack(scene: &Scene, price: &str, amount: u64, second: i64) -> (Made, String) {
    let pack = BuyPack::of(ACCOUNT, price, amount);
    let made = scene.stripe.buy_pack(&pack, &created(second)).unwrap();
    let body = scene.body(&made.events[0]);
    (made, body)
}

/// A subscription whose events were applied at once.
async fn subscribed(scene: &Scene) -> Made {
    let (made, bodies) = scene.subscribe(0);
    for body in bodies {
        assert_eq!(scene.send(&body, at(0)).await.says, "applied");
    }
    made
}

#[tokio::test]
async fn s3_5_the_later_of_two_payments_within_a_day_is_noted_in_whichever_order_they_are_reported() {
    for swapped in [false, true] {
        let scene = Scene::new().await;
        let (_, first) = pack(&scene, "price_3d_pack_100", 900, 0);
        let (later, second) = pack(&scene, "price_3d_pack_100", 900, DAY_S);
        let (_, third) = pack(&scene, "price_3d_pack_100", 900, 3 * DAY_S);
        let bodies = if swapped { [&second, &first] } else { [&first, &second] };
        for body in bodies.into_iter().chain([&third]) {
            assert_eq!(scene.send(body, at(3 * DAY_S)).await.says, "applied");
        }
        assert_eq!(noted(&scene).await, [(of(&later), Reason::DuplicatePayment)], "{swapped}");
        // The same event again notes the same, also where its first note was lost.
        scene.tables.forget(&lead_of(&later)).await.unwrap();
        assert_eq!(scene.send(&second, at(3 * DAY_S)).await.says, "repeated");
        assert_eq!(noted(&scene).await, [(of(&later), Reason::DuplicatePayment)], "{swapped}");
    }
}

fn lead_of(made: &Made) -> ledger::RefundRequestId {
    let subject = LeadSubject::Payment { payment: of(made), reason: Reason::DuplicatePayment };
    Lead { account: AccountId::new(ACCOUNT).unwrap(), subject, since: at(0), due_at: None }.id()
}

#[tokio::test]
async fn every_policy_has_a_pack_that_is_paid_twice_noted_unless_the_first_was_used_in_between() {
    for (price, amount, used) in [
        ("price_pack_100", 900, false),
        ("price_image_pack_250", 500, false),
        ("price_platform_credits", 1_000, false),
        ("price_pack_100", 900, true),
    ] {
        let scene = Scene::new().await;
        let (_, first) = pack(&scene, price, amount, 0);
        assert_eq!(scene.send(&first, at(1)).await.says, "applied");
        if used {
            let account = AccountId::new(ACCOUNT).unwrap();
            let placed = run(&scene.tables, &account, &place("song-1", 10), at(30)).await;
            assert!(matches!(placed, Answer::Placed(_) | Answer::Written { .. }), "{placed:?}");
        }
        let (later, second) = pack(&scene, price, amount, 60);
        assert_eq!(scene.send(&second, at(61)).await.says, "applied");
        let expected = if used { vec![] } else { vec![(of(&later), Reason::DuplicatePayment)] };
        assert_eq!(noted(&scene).await, expected, "{price}");
    }
}

#[tokio::test]
async fn a_second_subscription_of_a_product_is_noted_and_a_renewal_is_not() {
    let scene = Scene::new().await;
    let first = subscribed(&scene).await;
    let renew = Renew { subscription: first.subscription.unwrap(), charged_at: None };
    let renewal = scene.stripe.renew(&renew, &created(60)).unwrap();
    assert_eq!(scene.send(&scene.body(&renewal.events[0]), at(61)).await.says, "applied");
    assert_eq!(noted(&scene).await, []);
    // Ten days on: a double click or not, two plans of one product run at once.
    let (_, bodies) = scene.subscribe(10 * DAY_S);
    for body in &bodies {
        assert_eq!(scene.send(body, at(10 * DAY_S)).await.says, "applied");
    }
    assert_eq!(noted(&scene).await, [(of_invoice(&bodies[2]), Reason::DuplicatePayment)]);
}

#[tokio::test]
async fn s2_15_a_renewal_of_another_plan_than_is_on_record_is_noted() {
    for (price, expected) in [("price_premier_monthly", true), ("price_pro_monthly", false)] {
        let scene = Scene::new().await;
        let made = subscribed(&scene).await;
        let renew = Renew { subscription: made.subscription.unwrap(), charged_at: None };
        let renewal = scene.stripe.renew(&renew, &created(30 * DAY_S)).unwrap();
        let body = scene.body(&renewal.events[0]);
        let charged = |object: &mut Value| {
            object["lines"]["data"][0]["pricing"]["price_details"]["price"] = json!(price);
        };
        assert_eq!(scene.send_changed(&body, at(30 * DAY_S), charged).await.says, "applied");
        let noted = noted(&scene).await;
        let wrong = vec![(of_invoice(&body), Reason::WrongPlanCharged)];
        assert_eq!(noted, if expected { wrong } else { vec![] }, "{price}");
    }
}

#[tokio::test]
async fn s2_16_a_renewal_after_a_confirmed_cancellation_is_noted_in_whichever_order_they_are_reported() {
    for swapped in [false, true] {
        let scene = Scene::new().await;
        let made = subscribed(&scene).await;
        let subscription = made.subscription.clone().unwrap();
        let cancel = Cancel { subscription: subscription.clone(), at_period_end: true, at: None };
        let cancel = scene.stripe.cancel(&cancel, &created(10 * DAY_S)).unwrap();
        let renew = Renew { subscription, charged_at: None };
        let renewal = scene.stripe.renew(&renew, &created(30 * DAY_S)).unwrap();
        let (cancel, renewal) = (scene.body(&cancel.events[0]), scene.body(&renewal.events[0]));
        let bodies = if swapped { [&renewal, &cancel] } else { [&cancel, &renewal] };
        for body in bodies {
            assert_eq!(scene.send(body, at(30 * DAY_S + HOUR_S)).await.says, "applied", "{swapped}");
        }
        let payment = noted(&scene).await;
        assert_eq!(payment, [(of_invoice(&renewal), Reason::ChargedAfterCancellation)], "{swapped}");
    }
}

#[tokio::test]
async fn a_renewal_without_a_cancellation_costs_no_write_more() {
    let scene = Scene::new().await;
    let made = subscribed(&scene).await;
    let renew = Renew { subscription: made.subscription.unwrap(), charged_at: None };
    let renewal = scene.stripe.renew(&renew, &created(30 * DAY_S)).unwrap();
    scene.meter.read();
    assert_eq!(scene.send(&scene.body(&renewal.events[0]), at(30 * DAY_S)).await.says, "applied");
    let mut calls: Vec<&str> = scene.meter.read().iter().map(|call| call.operation).collect();
    // The subscription is read at once with the account's newest entry.
    calls.sort_unstable();
    assert_eq!(calls, ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
    assert_eq!(noted(&scene).await, []);
}

#[tokio::test]
async fn s2_15_another_plan_than_the_checkout_ordered_is_noted_in_whichever_order_they_are_reported() {
    for swapped in [false, true] {
        let scene = Scene::new().await;
        let (_, [checkout, created, invoice]) = scene.subscribe(0);
        let premier = |object: &mut Value| object["metadata"]["price"] = json!("price_premier_monthly");
        if swapped {
            // The customer is known from a pack.
            let event: Value = serde_json::from_str(&invoice).unwrap();
            let customer = event["data"]["object"]["customer"].as_str().unwrap().parse().unwrap();
            let account = AccountId::new(ACCOUNT).unwrap();
            ledger::CustomerStore::link_customer(&scene.tables, &customer, &account).await.unwrap();
            assert_eq!(scene.send(&invoice, at(0)).await.says, "applied");
            assert_eq!(noted(&scene).await, []);
            assert_eq!(scene.send_changed(&checkout, at(0), premier).await.says, "applied");
        } else {
            assert_eq!(scene.send_changed(&checkout, at(0), premier).await.says, "applied");
            assert_eq!(scene.send(&created, at(0)).await.says, "applied");
            assert_eq!(scene.send(&invoice, at(0)).await.says, "applied");
        }
        assert_eq!(noted(&scene).await, [(of_invoice(&invoice), Reason::WrongPlanCharged)], "{swapped}");
    }
}

#[tokio::test]
async fn s2_15_a_second_plan_of_the_order_is_no_wrong_plan() {
    for swapped in [false, true] {
        let scene = Scene::new().await;
        let (_, [checkout, created, invoice]) = scene.subscribe(0);
        let event: Value = serde_json::from_str(&invoice).unwrap();
        let customer = event["data"]["object"]["customer"].as_str().unwrap().parse().unwrap();
        let account = AccountId::new(ACCOUNT).unwrap();
        ledger::CustomerStore::link_customer(&scene.tables, &customer, &account).await.unwrap();
        let both = |object: &mut Value| {
            let mut premier = object["lines"]["data"][0].clone();
            premier["amount"] = json!(3_000);
            premier["pricing"]["price_details"]["price"] = json!("price_premier_monthly");
            object["lines"]["data"].as_array_mut().unwrap().push(premier);
            for sum in ["amount_paid", "amount_due", "subtotal", "total"] {
                object[sum] = json!(object[sum].as_i64().unwrap() + 3_000);
            }
        };
        if !swapped {
            assert_eq!(scene.send(&checkout, at(0)).await.says, "applied");
            assert_eq!(scene.send(&created, at(0)).await.says, "applied");
        }
        assert_eq!(scene.send_changed(&invoice, at(0), both).await.says, "applied");
        if swapped {
            assert_eq!(scene.send(&checkout, at(0)).await.says, "applied");
        }
        assert_eq!(noted(&scene).await, [], "{swapped}");
    }
}

#[tokio::test]
async fn s2_21_credits_that_are_replayed_late_settle_the_case_that_is_open_about_them() {
    let scene = Scene::new().await;
    let (made, body) = pack(&scene, "price_pack_100", 900, 0);
    let payment = of(&made);
    let account = AccountId::new(ACCOUNT).unwrap();
    let document = documents().in_force("music-studio", at(0).as_ms()).document().unwrap();
    let case = Case {
        occasion: None,
        payment: Some(payment),
        generation: None,
        reason: Reason::CreditsMissing,
        note: String::new(),
        fingerprint: fingerprint(&["filed"]),
        decision: policy::decide(document, &Facts::new(), Reason::CreditsMissing, at(0).as_ms()),
        facts: Facts::new(),
    };
    let whose = (request_id(&account, "filed"), account);
    let request = RefundRequest::open(whose, Actor::Customer, case, document, at(HOUR_S));
    let save = Save { request, commit: None, refunded: None };
    assert_eq!(scene.tables.save(&save).await.unwrap(), SaveOutcome::Written);
    let reply = scene.send(&body, at(2 * HOUR_S)).await;
    assert_eq!((reply.says.as_str(), reply.counted("CasesSettled")), ("applied", true));
    let state = async || scene.tables.request(&save.request.id).await.unwrap().unwrap().state();
    assert_eq!(state().await, State::Settled);
    assert!(!scene.send(&body, at(3 * HOUR_S)).await.counted("CasesSettled"), "once");
}

#[tokio::test]
async fn s2_16_renewals_until_a_cancellation_takes_effect_months_ahead_are_no_errors() {
    for swapped in [false, true] {
        let scene = Scene::new().await;
        let made = subscribed(&scene).await;
        let subscription = made.subscription.clone().unwrap();
        let cancel = Cancel { subscription: subscription.clone(), at_period_end: true, at: None };
        let cancel = scene.stripe.cancel(&cancel, &created(DAY_S)).unwrap();
        let mut cancel: Value = serde_json::from_str(&scene.body(&cancel.events[0])).unwrap();
        cancel["data"]["object"]["cancel_at_period_end"] = json!(false);
        cancel["data"]["object"]["cancel_at"] = json!(at(60 * DAY_S).as_s());
        let renewals = [30, 60].map(|day| {
            let renew = Renew { subscription: subscription.clone(), charged_at: None };
            let renewal = scene.stripe.renew(&renew, &created(day * DAY_S)).unwrap();
            scene.body(&renewal.events[0])
        });
        let cancel = cancel.to_string();
        let told = [&cancel, &renewals[0], &renewals[1]];
        for index in if swapped { [1, 2, 0] } else { [0, 1, 2] } {
            assert_eq!(scene.send(told[index], at(60 * DAY_S + HOUR_S)).await.says, "applied", "{swapped}");
        }
        // Only the period that began when it was over is none of the customer's.
        let expected = [(of_invoice(&renewals[1]), Reason::ChargedAfterCancellation)];
        assert_eq!(noted(&scene).await, expected, "{swapped}");
    }
}
