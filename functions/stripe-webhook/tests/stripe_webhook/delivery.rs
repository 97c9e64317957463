//! Group B: how events are delivered, and where those go that have no effect here.

use lambda::aws::SdkSettings;
use lambda::backoff::Backoff;
use lambda::config::Env;
use ledger::SubscriptionId;
use ledger::SubscriptionStore;
use ledger_dynamodb::Tables;
use serde_json::{Value, json};
use stripe_webhook::{AWAITED_S, Webhook};

use crate::scene::{ACCOUNT, CURRENT, DAY_S, Scene, Vault, at, created, vault, webhook};
use testkit::stand_in::{End, signature_header};

#[tokio::test]
async fn b10_unknown_types_and_fields_have_no_effect() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let mut event: Value = serde_json::from_str(&body).unwrap();
    event["type"] = json!("charge.something_yet_unheard_of");
    let reply = scene.send(&event.to_string(), at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: unknown_type"));
    assert!(reply.counted("EventsIgnored"));
    assert_eq!(scene.available(at(0)).await, 0);
    let reply =
        scene.send_changed(&body, at(0), |object| object["unheard_of"] = json!({"of": [1, {}]})).await;
    assert_eq!(reply.says, "applied");
    assert_eq!(scene.available(at(0)).await, 100);
}

#[tokio::test]
async fn b11_a_step_that_was_cut_off_is_finished_by_the_next_delivery() {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    for body in [&checkout, &invoice] {
        assert_eq!(scene.send(body, at(0)).await.says, "applied");
    }
    let end = End { subscription: made.subscription.clone().unwrap(), ended_at: None };
    let ended = scene.stripe.end(&end, &created(DAY_S)).unwrap();
    let body = scene.body(&ended.events[0]);
    // The record was written, and the function died before it started the clock.
    let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
    let record = ledger::Subscription {
        provider: ledger::Provider::Stripe,
        id: id.clone(),
        account: ledger::AccountId::new(ACCOUNT).unwrap(),
        as_of: at(DAY_S),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: None,
        cancels_at: None,
        ended_at: Some(at(DAY_S)),
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    assert!(scene.tables.save_subscription(&record).await.unwrap());
    assert_eq!(scene.account(ACCOUNT).await.ended(&id), None);
    for expected in ["applied", "repeated"] {
        assert_eq!(scene.send(&body, at(DAY_S)).await.says, expected);
    }
    assert_eq!(scene.account(ACCOUNT).await.ended(&id).unwrap().ended_at, at(DAY_S));
}

/// The webhook with the functions' own clients, which find DynamoDB at `endpoint`.
fn webhook_at(endpoint: &str) -> Webhook<&'static Vault> {
    let env = Env::of([
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL", endpoint),
    ]);
    let client = aws_sdk_dynamodb::Client::new(&SdkSettings::from_env(&env).unwrap().sdk_config());
    webhook(Tables::new(client, "ledger", "requests"), vault(json!({"current": CURRENT})))
}

#[tokio::test]
async fn b12_without_dynamodb_stripe_is_asked_to_try_again() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    // A port on which nobody listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let down = webhook_at(&endpoint);
    let header = signature_header(&[CURRENT], at(0).as_s(), body.as_bytes());
    let reply = crate::scene::post(&down, json!({"body": body}), Some(&header), at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (503, "unavailable"));
    assert_eq!(scene.send(&body, at(1)).await.says, "applied");
}

/// The clients give up within half of the function's ten seconds, so that the handler itself answers.
#[tokio::test]
async fn b13_a_table_that_stalls_is_answered_in_time_and_the_next_delivery_is_applied() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    // Takes every connection and never answers.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let stalling = tokio::spawn(async move {
        let mut taken = Vec::new();
        loop {
            taken.push(listener.accept().await.unwrap());
        }
    });
    let stalled = webhook_at(&endpoint);
    let header = signature_header(&[CURRENT], at(0).as_s(), body.as_bytes());
    let began = std::time::Instant::now();
    let reply = crate::scene::post(&stalled, json!({"body": body}), Some(&header), at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (503, "unavailable"));
    assert!(began.elapsed().as_secs() < 9, "{:?}", began.elapsed());
    stalling.abort();
    assert_eq!(scene.send(&body, at(1)).await.says, "applied");
}

#[tokio::test]
async fn b14_two_endpoints_of_two_api_versions_have_one_effect() {
    let scene = Scene::new().await;
    scene.stripe.set(testkit::stand_in::Settings { expand_payments: true, ..Default::default() });
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    let without_payments = |object: &mut Value| drop(object.as_object_mut().unwrap().remove("payments"));
    // The newest shape leaves the payment out; another endpoint's version names it.
    assert_eq!(scene.send_changed(&invoice, at(0), without_payments).await.says, "applied");
    assert_eq!(scene.send(&invoice, at(0)).await.says, "repeated");
    assert_eq!(scene.available(at(0)).await, 500);
}

#[tokio::test]
async fn an_invoice_before_its_checkout_is_asked_for_again_and_later_parked() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    for (second, expected) in [(0, (503, "unavailable")), (AWAITED_S - 1, (503, "unavailable"))] {
        let reply = scene.send(&invoice, at(second)).await;
        assert_eq!((reply.status, reply.says.as_str()), expected, "{second}");
        assert!(reply.counted("EventsDeferred"));
    }
    let reply = scene.send(&invoice, at(AWAITED_S)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "parked: account_unknown"));
    assert!(reply.counted("EventsParked"));
    // Stripe is asked for it again after the link is there.
    scene.send(&checkout, at(AWAITED_S)).await;
    let parked = scene.parked().await.remove(0);
    let again = scene.send(std::str::from_utf8(&parked.payload).unwrap(), at(AWAITED_S + 1)).await;
    assert_eq!(again.says, "applied");
}

#[tokio::test]
async fn a_link_that_is_a_moment_behind_is_waited_for() {
    let mut scene = Scene::new().await;
    scene.webhook.link_wait = Backoff::new(200, 200, 50);
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    let (first, second) = tokio::join!(scene.send(&invoice, at(0)), async {
        tokio::task::yield_now().await;
        scene.send(&checkout, at(0)).await
    });
    assert_eq!((first.says.as_str(), second.says.as_str()), ("applied", "applied"));
}

#[tokio::test]
async fn a_pack_is_one_query_and_one_transaction_and_an_invoice_two_reads_more() {
    let scene = Scene::new().await;
    let operations = || scene.meter.read().iter().map(|call| call.operation).collect::<Vec<_>>();
    let (_, body) = scene.pack(0);
    operations();
    scene.send(&body, at(0)).await;
    assert_eq!(operations(), ["Query", "TransactWriteItems"]);
    scene.send(&body, at(1)).await;
    // The account has the payment's lot. The lead of a second payment, whose note may have been lost, is
    // looked for in the same account.
    assert_eq!(operations(), ["Query"], "a repeat");
    // The meter does not see a transaction that is refused, and this one would be: it is not begun.
    let other_words = |object: &mut Value| object["locale"] = json!("de");
    assert_eq!(scene.send_changed(&body, at(1), other_words).await.says, "repeated");
    assert_eq!(operations(), ["Query"], "a repeat in other words");
    let (_, [_, subscription, invoice]) = scene.subscribe(2);
    scene.send(&subscription, at(2)).await;
    assert_eq!(operations(), ["GetItem", "UpdateItem"]);
    scene.send(&invoice, at(2)).await;
    // Its account first; then what the checkout ordered, at once with the account's newest entry.
    let mut operations = operations();
    operations.sort_unstable();
    assert_eq!(operations, ["GetItem", "GetItem", "Query", "TransactWriteItems"]);
}

/// The account that was read shows that the event says something else, and its digest that it is the event.
#[tokio::test]
async fn b2_another_amount_of_the_same_payment_under_one_id_is_a_conflict() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let dearer = |object: &mut Value| object["amount_total"] = json!(901);
    assert_eq!(scene.send(&body, at(0)).await.says, "applied");
    scene.meter.read();
    let reply = scene.send_changed(&body, at(1), dearer).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "parked: event_conflict"));
    assert!(reply.counted("EventsParked"));
    let operations: Vec<_> = scene.meter.read().iter().map(|call| call.operation).collect();
    assert_eq!(operations[..2], ["Query", "GetItem"]);
    // Under another id it is another event about the same payment, which its account has.
    let mut other: Value = serde_json::from_str(&body).unwrap();
    other["id"] = json!("evt_other");
    assert_eq!(scene.send_changed(&other.to_string(), at(2), dearer).await.says, "repeated");
    assert_eq!(scene.send(&body, at(3)).await.says, "repeated");
    assert_eq!(scene.available(at(3)).await, 100);
}

/// Neither has read what the other writes.
#[tokio::test]
async fn b2_of_two_amounts_at_once_one_is_a_conflict() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let dearer = |object: &mut Value| object["amount_total"] = json!(901);
    let (one, other) = tokio::join!(scene.send(&body, at(0)), scene.send_changed(&body, at(0), dearer));
    let mut says = [one.says, other.says];
    says.sort();
    assert_eq!(says, ["applied", "parked: event_conflict"]);
    assert_eq!(scene.available(at(1)).await, 100);
}

#[tokio::test]
async fn b2_of_two_bodies_under_one_id_the_first_counts() {
    let scene = Scene::new().await;
    let (_, first) = scene.pack(0);
    let (_, second) = scene.pack(10);
    let of = |body: &str| serde_json::from_str::<Value>(body).unwrap();
    let mut forged = of(&second);
    forged["id"] = of(&first)["id"].clone();
    assert_eq!(scene.send(&first, at(0)).await.says, "applied");
    let reply = scene.send(&forged.to_string(), at(10)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "parked: event_conflict"));
    assert!(reply.counted("EventsParked"));
    assert_eq!(scene.available(at(10)).await, 100);
    // A repeat of an event may differ in members that are not about what it grants.
    let mut again = of(&first);
    again["pending_webhooks"] = json!(7);
    again["data"]["object"]["locale"] = json!("de");
    assert_eq!(scene.send(&again.to_string(), at(20)).await.says, "repeated");
    // Under its own id the second one is another purchase.
    assert_eq!(scene.send(&second, at(30)).await.says, "applied");
    assert_eq!(scene.available(at(30)).await, 200);
}
