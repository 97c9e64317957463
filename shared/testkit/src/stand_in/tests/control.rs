//! The control API, as the demo uses it.

use serde_json::{Value, json};

use super::super::{API_KEY, StripeStandIn};
use super::{Answer, get, refund, send};

async fn post(stripe: &StripeStandIn, command: &str, body: &Value) -> Answer {
    let head = format!("POST /_control/{command} HTTP/1.1");
    send(stripe, &head, &body.to_string()).await.unwrap()
}

#[tokio::test]
async fn the_newest_invoice_names_its_payments_only_where_they_are_expanded() {
    let stripe = StripeStandIn::start().await.unwrap();
    for (settings, shape, payments, intent) in [
        (json!({}), "endive", false, false),
        (json!({ "expand_payments": true }), "endive", true, false),
        (json!({}), "2024-06-20", false, true),
        (json!({ "expand_payments": false }), "endive", false, false),
    ] {
        assert_eq!(post(&stripe, "settings", &settings).await.status, 200);
        let made = post(
            &stripe,
            "subscribe",
            &json!({
                "account": "account-1", "price": "price_pro", "amount": 2000, "currency": "usd", "shape": shape,
            }),
        )
        .await;
        let event: Value = serde_json::from_str(&stripe.events().last().unwrap().body).unwrap();
        let invoice = &event["data"]["object"];
        assert_eq!(invoice["id"], made.body["invoice"]);
        let named = &invoice["payments"]["data"][0]["payment"]["payment_intent"];
        assert_eq!(*named == made.body["payment"], payments, "{settings} {shape}");
        assert_eq!(invoice.get("payments").is_some(), payments, "{settings} {shape}");
        assert_eq!(invoice["payment_intent"] == made.body["payment"], intent, "{settings} {shape}");
    }
}

#[tokio::test]
async fn sessions_and_invoices_carry_the_billing_address_from_when_it_is_known() {
    let stripe = StripeStandIn::start().await.unwrap();
    let order = json!({ "account": "account-1", "price": "price_pro", "amount": 2000, "currency": "usd" });
    assert_eq!(post(&stripe, "subscribe", &order).await.status, 200);
    let address = json!({ "account": "account-1", "country": "US" });
    assert_eq!(post(&stripe, "address", &address).await.status, 200);
    assert_eq!(post(&stripe, "subscribe", &order).await.status, 200);
    let countries: Vec<(Value, Value)> = stripe
        .events()
        .iter()
        .map(|event| serde_json::from_str::<Value>(&event.body).unwrap()["data"]["object"].take())
        .filter(|object| object["object"] != "subscription")
        .map(|object| {
            (
                object["customer_details"]["address"]["country"].clone(),
                object["customer_address"]["country"].clone(),
            )
        })
        .collect();
    let (none, us) = (Value::Null, json!("US"));
    assert_eq!(
        countries,
        [(none.clone(), none.clone()), (none.clone(), none.clone()), (us.clone(), none.clone()), (none, us)]
    );
}

#[tokio::test]
async fn a_story_is_told_over_http() {
    let stripe = StripeStandIn::start().await.unwrap();
    let subscribed = post(
        &stripe,
        "subscribe",
        &json!({
            "account": "account-1", "price": "price_pro", "amount": 2000, "currency": "usd",
            "created": 1_777_000_000, "shape": "2024-06-20", "deliver": "hold",
        }),
    )
    .await;
    assert_eq!(subscribed.status, 200);
    assert_eq!(subscribed.body["events"].as_array().unwrap().len(), 3);
    let subscription = &subscribed.body["subscription"];
    let cancel = json!({ "subscription": subscription, "at_period_end": true, "at": 1_777_000_100 });
    assert_eq!(post(&stripe, "cancel", &cancel).await.status, 200);
    let end = json!({ "subscription": subscription, "ended_at": 1_779_592_000 });
    assert_eq!(post(&stripe, "end", &end).await.status, 200);
    let renewal = json!({ "subscription": subscription, "charged_at": 1_779_600_000 });
    let renewed = post(&stripe, "renew", &renewal).await;
    assert_eq!(renewed.status, 200);

    let payment = renewed.body["payment"].as_str().unwrap();
    assert_eq!(post(&stripe, "settings", &json!({ "refund_mode": "pending" })).await.status, 200);
    let made = refund(&stripe, "key-1", &format!("payment_intent={payment}")).await;
    let settle = json!({ "refund": made.body["id"], "status": "succeeded" });
    assert_eq!(post(&stripe, "settle_refund", &settle).await.status, 200);

    let refunds = get(&stripe, "/_control/refunds").await.body["refunds"].clone();
    assert_eq!(refunds.as_array().unwrap().len(), 1);
    assert_eq!((&refunds[0]["status"], &refunds[0]["amount"]), (&"succeeded".into(), &2000.into()));
    let payments = get(&stripe, "/_control/payments").await.body["payments"].clone();
    assert_eq!(payments.as_array().unwrap().len(), 2);
    let ended = get(&stripe, "/_control/subscriptions").await.body["subscriptions"][0].clone();
    assert_eq!((&ended["status"], &ended["ended_at"]), (&"canceled".into(), &1_779_592_000.into()));
    let events = get(&stripe, "/_control/events").await.body["events"].clone();
    let kinds: Vec<&str> =
        events.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "checkout.session.completed",
            "customer.subscription.created",
            "invoice.paid",
            "customer.subscription.updated",
            "customer.subscription.deleted",
            "invoice.paid",
            "refund.created",
            "refund.updated",
        ]
    );
    let first: Value = serde_json::from_str(events[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!((&first["created"], &first["api_version"]), (&1_777_000_000.into(), &"2024-06-20".into()));
}

#[tokio::test]
async fn faults_and_keys_are_controlled_over_http() {
    let stripe = StripeStandIn::start().await.unwrap();
    let pack = json!({ "account": "a", "price": "p", "amount": 1000, "currency": "usd" });
    let payment = post(&stripe, "buy_pack", &pack).await.body["payment"].clone();
    let form = format!("payment_intent={}&amount=1", payment.as_str().unwrap());
    let fault = json!({ "fault": "rate_limited", "retry_after_s": 2, "times": 2 });
    assert_eq!(post(&stripe, "faults", &fault).await.status, 200);
    let limited = refund(&stripe, "key-1", &form).await;
    assert_eq!(limited.status, 429);
    assert!(limited.head.contains("retry-after: 2"));
    assert_eq!(post(&stripe, "clear_faults", &json!({})).await.status, 200);
    assert_eq!(refund(&stripe, "key-1", &form).await.status, 200);
    assert_eq!(post(&stripe, "prune_keys", &json!({})).await.body, json!({ "pruned": 1 }));
    let calls = get(&stripe, "/_control/calls").await.body["calls"].clone();
    assert_eq!(calls[0]["fault"]["fault"], "rate_limited");
    assert_eq!((&calls[1]["fault"], &calls[1]["idempotency_key"]), (&Value::Null, &"key-1".into()));
}

#[tokio::test]
async fn settings_that_are_left_out_stay() {
    let stripe = StripeStandIn::start().await.unwrap();
    post(&stripe, "settings", &json!({ "refund_mode": "succeeded", "livemode": true })).await;
    let answer = post(&stripe, "settings", &json!({ "shape": "2024-06-20" })).await;
    let expected = json!({
        "refund_mode": "succeeded", "shape": "2024-06-20", "deliver": "now", "livemode": true,
        "expand_payments": false, "cards_decline": false,
    });
    assert_eq!(answer.body["settings"], expected);
}

#[tokio::test]
async fn mistakes_are_named() {
    let stripe = StripeStandIn::start().await.unwrap();
    for (command, body, status, named) in [
        ("nothing", json!({}), 404, "nothing"),
        ("renew", json!({ "subscription": "sub_0" }), 400, "sub_0"),
        ("renew", json!({ "subscription": "sub_0", "when": 1 }), 400, "when"),
        ("renew", json!({}), 400, "subscription"),
        ("renew", json!([]), 400, "object"),
        ("buy_pack", json!({ "account": "a", "price": "p", "amount": 0, "currency": "usd" }), 400, "amount"),
        (
            "buy_pack",
            json!({ "account": "a", "price": "p", "amount": 1, "currency": "usd", "copies": 1001 }),
            400,
            "1001",
        ),
        ("faults", json!({ "fault": "bad_mood" }), 400, "bad_mood"),
        ("faults", json!({ "fault": "unavailable", "tmes": 2 }), 400, "tmes"),
        ("settings", json!({ "refund_mood": "pending" }), 400, "refund_mood"),
        ("release", json!({}), 400, "target"),
        ("webhook", json!({ "url": "https://a.example", "signing_secrets": ["whsec_a"] }), 400, "http://"),
        ("webhook", json!({ "url": "http://127.0.0.1:1", "signing_secrets": [" "] }), 400, "blank"),
        ("webhook", json!({ "url": "http://127.0.0.1:1", "signing_secrets": [] }), 400, "secrets"),
    ] {
        let answer = post(&stripe, command, &body).await;
        assert_eq!(answer.status, status, "{command} {body}");
        let error = answer.body["error"].as_str().unwrap();
        assert!(error.contains(named), "{command} {body}: {error}");
    }
    assert_eq!(get(&stripe, "/_control/nothing").await.status, 404);
    let head = format!("DELETE /_control/refunds HTTP/1.1\r\nauthorization: Bearer {API_KEY}");
    assert_eq!(send(&stripe, &head, "").await.unwrap().status, 405);
    assert_eq!(stripe.events(), []);
}
