//! A payment is named by any name that its customer has in hand, and every answer names it by its own id.

use ledger::{InvoiceId, PaymentId, PaymentName};
use serde_json::{Value, json};

use crate::world::{World, account, answer, submission};

/// A request about the payment that is called so.
fn asked(name: &str) -> Value {
    json!({"reason": "changed_mind", "payment": name, "note": "I do not need it."})
}

#[tokio::test]
async fn s2_30_a_request_names_its_payment_by_what_the_customer_has_in_hand() {
    let world = World::new().await;
    let names = ["cs_1", "in_2", "A1B2C3D4-0001"].map(|name| PaymentName::new(name).unwrap());
    world.buy_named("pi_named", &names).await;
    let (payment, receipt) = (PaymentId::new("pi_named").unwrap(), PaymentName::new("1234-5678").unwrap());
    let charge = PaymentName::new("ch_1").unwrap();
    world.app.store.name_payment(&payment, &[charge, receipt]).await.unwrap();
    for name in
        ["pi_named", "cs_1", "in_2", "A1B2C3D4-0001", " a1b2c3d4-0001 ", "ch_1", "1234-5678", "#1234-5678"]
    {
        let (status, preview) = world.preview(&asked(name)).await;
        assert_eq!((status, preview["state"].as_str()), (200, Some("in_review")), "{name}: {preview}");
        let pays = &preview["quote"]["pays"];
        assert_eq!((&pays["kind"], &pays["payment"]), (&json!("money"), &json!("pi_named")), "{name}");
    }
    let (status, request) = world.submit("key-1", &asked("A1B2C3D4-0001")).await;
    assert_eq!((status, &request["payment"]), (201, &json!("pi_named")), "{request}");
    // The same payment by another name is the same case.
    let (status, again) = world.submit("key-2", &asked("ch_1")).await;
    assert_eq!((status, &again["type"]), (409, &json!("urn:makegood:problem:case-open")), "{again}");
}

#[tokio::test]
async fn s2_30_a_plans_charge_is_named_by_the_payment_of_its_invoice() {
    let world = World::new().await;
    world.subscribe("in_9", "sub_9", 500).await;
    let (payment, invoice) = (PaymentId::new("pi_9").unwrap(), InvoiceId::new("in_9").unwrap());
    world
        .app
        .store
        .link_payment(&payment, &invoice, ledger::Money::new(900, ledger::Currency::new("usd").unwrap()))
        .await
        .unwrap();
    world.app.store.name_payment(&payment, &[PaymentName::new("ch_9").unwrap()]).await.unwrap();
    for name in ["in_9", "pi_9", "ch_9"] {
        let (status, request) = world.submit(name, &asked(name)).await;
        assert!(status == 201 || status == 409, "{name}: {request}");
        if status == 201 {
            assert_eq!(request["payment"], "in_9", "{name}");
        }
        let (_, preview) = world.preview(&asked(name)).await;
        assert_eq!(preview["quote"].is_null(), preview["state"] == "refused", "{name}: {preview}");
    }
}

#[tokio::test]
async fn d1_no_name_reaches_another_accounts_payment() {
    let world = World::new().await;
    let names = ["cs_1", "A1B2C3D4-0001"].map(|name| PaymentName::new(name).unwrap());
    world.buy_named("pi_named", &names).await;
    let charge = PaymentName::new("ch_1").unwrap();
    world.app.store.name_payment(&PaymentId::new("pi_named").unwrap(), &[charge]).await.unwrap();
    let mut answers = Vec::new();
    for name in ["pi_named", "cs_1", "A1B2C3D4-0001", "ch_1", "pi_unknown", "1234-9999"] {
        let event = submission(name, &asked(name)).path("account", "customer-2").as_customer("customer-2");
        let (status, mut problem) = answer(&world.call(&event).await);
        problem["instance"] = Value::Null;
        answers.push((status, problem));
    }
    assert_eq!(answers[0].0, 404);
    assert_eq!(answers[0].1["errors"][0]["pointer"], "#/payment", "{:?}", answers[0]);
    assert!(answers.iter().all(|each| *each == answers[0]), "{answers:#?}");
    assert_ne!(account().as_str(), "customer-2");
}
