//! What events say about the names of payments.

use ledger::{AccountId, PaymentId, PaymentName, PaymentNameStore, PaymentStore};
use ledger_dynamodb::{GivenId, IdKind};
use serde_json::{Value, json};

use crate::disputes::dispute;
use crate::scene::{ACCOUNT, Scene, at};

/// An event of the newest version about this object.
fn event(kind: &str, object: &Value) -> String {
    json!({
        "id": format!("evt_{kind}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(50).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": kind,
        "data": { "object": object },
    })
    .to_string()
}

async fn found(scene: &Scene, name: &str) -> Option<String> {
    let (account, name) = (AccountId::new(ACCOUNT).unwrap(), PaymentName::new(name).unwrap());
    let found = scene.tables.payment_named(&account, &name).await.unwrap();
    found.map(|id| id.as_str().to_owned())
}

#[tokio::test]
async fn s2_30_a_packs_session_charge_and_receipt_name_its_payment() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let payment = made.payment.unwrap();
    let session: Value = serde_json::from_str(&body).unwrap();
    // Stripe tells of the charge first.
    let charge = json!({"id": "ch_1", "object": "charge", "payment_intent": payment, "receipt_number": null});
    assert_eq!(scene.send(&event("charge.succeeded", &charge), at(1)).await.says, "applied");
    assert_eq!(scene.send(&body, at(2)).await.says, "applied");
    let charge =
        json!({"id": "ch_1", "object": "charge", "payment_intent": payment, "receipt_number": "1234-5678"});
    assert_eq!(scene.send(&event("charge.updated", &charge), at(3)).await.says, "applied");
    let session = session["data"]["object"]["id"].as_str().unwrap();
    for name in [session, "ch_1", "1234-5678"] {
        assert_eq!(found(&scene, name).await.as_ref(), Some(&payment), "{name}");
    }
    let alone = json!({"id": "ch_2", "object": "charge", "payment_intent": null, "receipt_number": "1-1"});
    assert_eq!(scene.send(&event("charge.succeeded", &alone), at(4)).await.says, "ignored: no_purchase");
}

#[tokio::test]
async fn s2_30_an_invoices_number_and_payment_name_it_and_so_does_the_charge_of_a_refund() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(1)).await;
    assert_eq!(scene.send(&invoice, at(2)).await.says, "applied");
    let invoice: Value = serde_json::from_str(&invoice).unwrap();
    let invoice = &invoice["data"]["object"];
    let (id, number) = (invoice["id"].as_str().unwrap(), invoice["number"].as_str().unwrap());
    let paid = json!({
        "id": "inpay_1", "object": "invoice_payment", "amount_paid": 1200, "amount_requested": 1200,
        "currency": "usd", "invoice": id, "is_default": true, "livemode": false, "status": "paid",
        "payment": { "type": "payment_intent", "payment_intent": "pi_paid" },
    });
    assert_eq!(scene.send(&event("invoice_payment.paid", &paid), at(3)).await.says, "applied");
    let refund = json!({
        "id": "re_1", "object": "refund", "amount": 100, "currency": "usd", "charge": "ch_paid",
        "created": at(4).as_s(), "metadata": {}, "payment_intent": "pi_paid", "status": "succeeded",
    });
    assert_eq!(scene.send(&event("refund.created", &refund), at(5)).await.says, "applied");
    for name in [id, number, "pi_paid", "ch_paid"] {
        assert_eq!(found(&scene, name).await.as_deref(), Some(id), "{name}");
    }
}

#[tokio::test]
async fn s4_9_nothing_of_a_card_or_of_its_holder_is_kept() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    assert_eq!(scene.send(&body, at(1)).await.says, "applied");
    let payment = made.payment.unwrap();
    let charge = json!({
        "id": "ch_1", "object": "charge", "payment_intent": payment, "receipt_number": "1234-5678",
        "billing_details": { "name": "Ann Example", "email": "ann@example.com", "phone": "+49 30 123456" },
        "payment_method_details": { "type": "card", "card": {
            "brand": "visa", "country": "US", "exp_month": 12, "exp_year": 2031, "fingerprint": "Xt5EWLLDS7FJjR1c",
            "last4": "4242", "network": "visa" } },
    });
    let reply = scene.send(&event("charge.succeeded", &charge), at(2)).await;
    assert_eq!(reply.says, "applied");
    let recorded = scene.tables.payment(&PaymentId::new(payment).unwrap()).await.unwrap();
    let kept =
        format!("{reply:?} {recorded:?} {:?} {:?}", scene.journal(ACCOUNT).await, scene.parked().await);
    for detail in ["visa", "2031", "Xt5EWLLDS7FJjR1c", "\"4242\"", "Ann Example", "ann@example.com", "+49 30"]
    {
        assert!(!kept.contains(detail), "{detail}: {kept}");
    }
}

#[tokio::test]
async fn a_session_its_subscription_and_a_dispute_are_looked_up_once_their_events_have_come() {
    let scene = Scene::new().await;
    let kinds = async |id: &str| {
        let matches = scene.tables.matches(GivenId { id, name: id }, None).await.unwrap();
        matches.into_iter().map(|found| (found.kind, found.account)).collect::<Vec<_>>()
    };
    let account: AccountId = ACCOUNT.parse().unwrap();
    let (made, bodies) = scene.subscribe(0);
    for body in &bodies {
        scene.send(body, at(1)).await;
    }
    let session = bodies.iter().find_map(|body| {
        let event: Value = serde_json::from_str(body).unwrap();
        let id = event["data"]["object"]["id"].as_str().unwrap().to_owned();
        id.starts_with("cs_").then_some(id)
    });
    assert_eq!(kinds(&session.unwrap()).await, [(IdKind::Checkout, account.clone())]);
    assert_eq!(kinds(&made.subscription.unwrap()).await, [(IdKind::Subscription, account.clone())]);
    let (made, body) = scene.pack(0);
    scene.send(&body, at(2)).await;
    let dispute = dispute("created", "needs_response", &made.payment.unwrap(), 100);
    assert_eq!(scene.send(&dispute, at(101)).await.says, "applied");
    assert_eq!(kinds("du_1").await, [(IdKind::Dispute, account)]);
}
