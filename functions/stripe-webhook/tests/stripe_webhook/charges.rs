//! Charges without a PaymentIntent, of old integrations: what is refunded or disputed of them is found by the
//! charge.

use ledger::{Payment, PaymentId, PaymentStore};
use serde_json::{Value, json};

use crate::disputes::{dispute, invoice_payment};
use crate::scene::{Scene, at};

const CHARGE: &str = "ch_old";

/// The event of a refund, by its charge alone.
fn refund(minor: u64, second: i64) -> String {
    json!({
        "id": format!("evt_refund_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": "refund.created",
        "data": { "object": {
            "id": format!("re_{second}"), "object": "refund", "amount": minor, "currency": "usd",
            "charge": CHARGE, "created": at(second).as_s(), "metadata": {}, "payment_intent": null,
            "status": "succeeded",
        }},
    })
    .to_string()
}

/// The event of a dispute, by its charge alone.
fn disputed(second: i64) -> String {
    let mut event: Value =
        serde_json::from_str(&dispute("created", "needs_response", "pi_none", second)).unwrap();
    event["data"]["object"]["payment_intent"] = Value::Null;
    event["data"]["object"]["charge"] = json!(CHARGE);
    event.to_string()
}

async fn stored(scene: &Scene, id: &str) -> Payment {
    scene.tables.payment(&PaymentId::new(id).unwrap()).await.unwrap().unwrap()
}

/// A plan whose invoice was paid by the charge: as the invoice's event says, or one of its own.
async fn subscribed(is_named: bool) -> (Scene, String) {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    let id = made.invoice.unwrap();
    scene.send(&checkout, at(0)).await;
    let source = json!({ "type": "charge", "charge": CHARGE });
    let by_charge = |object: &mut Value| {
        object["payments"] = json!({ "object": "list", "has_more": false, "data": [
            { "amount_paid": 1200, "currency": "usd", "status": "paid", "payment": source },
        ]});
    };
    if is_named {
        assert_eq!(scene.send_changed(&invoice, at(1), by_charge).await.says, "applied");
    } else {
        assert_eq!(scene.send(&invoice, at(1)).await.says, "applied");
        let link = invoice_payment(&id, &source, 2);
        for says in ["applied", "repeated"] {
            assert_eq!(scene.send(&link, at(2)).await.says, says);
        }
    }
    (scene, id)
}

#[tokio::test]
async fn an_invoice_that_a_charge_paid_has_its_money_refunds_and_disputes() {
    for is_named in [true, false] {
        let (scene, id) = subscribed(is_named).await;
        assert_eq!(stored(&scene, &id).await.paid.minor(), 1200, "{is_named}");
        for (body, says) in [(refund(400, 30), "applied"), (refund(400, 30), "repeated")] {
            assert_eq!(scene.send(&body, at(31)).await.says, says, "{is_named}");
        }
        assert_eq!(scene.send(&disputed(100), at(101)).await.says, "applied", "{is_named}");
        let known = stored(&scene, &id).await;
        assert_eq!((known.refunded_minor, known.disputes.len()), (400, 1), "{is_named}");
    }
}

#[tokio::test]
async fn a_charge_that_another_event_names_finds_its_payment() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    scene.send(&body, at(0)).await;
    let payment = made.payment.unwrap();
    // It may be named by an event that is on its way.
    assert_eq!(scene.send(&refund(900, 30), at(31)).await.status, 503);
    assert_eq!(scene.send(&disputed(100), at(101)).await.status, 503);
    assert_eq!(scene.send(&disputed(100), at(3_700)).await.says, "parked: payment_unknown");
    let charge = json!({
        "id": "evt_charge", "object": "event", "api_version": "2026-10-28.endive",
        "created": at(1).as_s(), "livemode": false, "pending_webhooks": 1, "request": null,
        "type": "charge.succeeded",
        "data": { "object": {
            "id": CHARGE, "object": "charge", "payment_intent": payment, "receipt_number": null,
        }},
    });
    assert_eq!(scene.send(&charge.to_string(), at(3_701)).await.says, "applied");
    assert_eq!(scene.send(&refund(300, 30), at(3_702)).await.says, "applied");
    assert_eq!(scene.send(&disputed(100), at(3_703)).await.says, "applied");
    let known = stored(&scene, &payment).await;
    assert_eq!((known.refunded_minor, known.disputes.len()), (300, 1));
}
