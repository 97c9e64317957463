//! Packs: one product in units, by its transaction.

use ledger::contract::{NoPause, grant};
use ledger::{
    AccountId, Actor, Cause, Command, CountryCode, Currency, Money, Order, PaymentKind, PaymentNameStore,
    Provider, Record, execute,
};
use ledger_dynamodb::GivenId;
use serde_json::{Value, json};

use crate::events::{pack, subscription, transaction, with};
use crate::scene::{ACCOUNT, Scene, at};

#[tokio::test]
async fn c1_creem_a_pack_brings_its_credits_once_by_its_transaction() {
    let scene = Scene::new().await;
    let body = pack("1", 0);
    assert_eq!(scene.send(&body, at(1)).await.says, "applied");
    assert_eq!(scene.send(&body, at(2)).await.says, "repeated");
    // Another event about the same payment.
    let again = with(&body, "/id", json!("evt_again"));
    assert_eq!(scene.send(&again, at(3)).await.says, "repeated");
    let payment = scene.payment("tran_1").await;
    assert_eq!((payment.provider, payment.kind.clone()), (Provider::Creem, PaymentKind::Pack));
    // With tax: what refunds count against.
    assert_eq!(payment.paid, Money::new(1071, Currency::new("eur").unwrap()));
    assert_eq!(scene.available().await, 100);
    for name in ["ord_1", "ch_1"] {
        let account = ACCOUNT.parse().unwrap();
        let called = scene.tables.payment_named(&account, &name.parse().unwrap()).await.unwrap();
        assert_eq!(called, Some(payment.id.clone()), "{name}");
        let found = scene.tables.matches(GivenId { id: name, name }, None).await.unwrap();
        assert_eq!(found.first().map(|found| &found.payments), Some(&vec![payment.id.clone()]), "{name}");
    }
}

#[tokio::test]
async fn c12_creem_units_multiply_and_links_are_ids_or_objects() {
    let scene = Scene::new().await;
    let body = with(&pack("1", 0), "/object/units", json!(3));
    let body = with(&body, "/object/order/transaction", transaction("tran_1", 0));
    let body = with(&body, "/object/product", json!("prod_3d_pack_100"));
    assert_eq!(scene.send(&body, at(1)).await.says, "applied");
    assert_eq!(scene.available().await, 300);
}

#[tokio::test]
async fn an_order_that_is_not_paid_brings_nothing() {
    let scene = Scene::new().await;
    for (status, says) in [
        (json!("pending"), "ignored: unpaid"),
        (json!("odd"), "parked: value_unknown"),
        (Value::Null, "parked: value_unknown"),
    ] {
        let body = with(&pack("1", 0), "/object/order/status", status.clone());
        assert_eq!(scene.send(&body, at(1)).await.says, says, "{status}");
    }
    assert_eq!(scene.available().await, 0);
    // What costs nothing has no transaction, and nothing to refund.
    let free = with(&pack("2", 0), "/object/order/amount_paid", json!(0));
    let free = with(&free, "/object/order/transaction", Value::Null);
    assert_eq!(scene.send(&free, at(1)).await.says, "applied");
    assert!(scene.payment("ord_2").await.paid.is_zero());
}

#[tokio::test]
async fn b10_creem_a_transaction_that_is_missing_is_looked_up_once() {
    let scene = Scene::new().await;
    let body = with(&pack("1", 0), "/object/order/transaction", Value::Null);
    let reply = scene.send(&body, at(1)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "lookup: payment_unknown"));
    assert_eq!(scene.available().await, 0);
    let answer = scene.fetch("evt_1", &transaction("tran_1", 0), 5).await;
    assert_eq!((answer.outcome, answer.reason), ("applied", None));
    assert_eq!(scene.available().await, 100);
    assert!(scene.parked().await.is_empty());
    // Creem's next try lacks it as before, and changes nothing: the lookup finds the same transaction.
    assert_eq!(scene.send(&body, at(9)).await.says, "lookup: payment_unknown");
    assert_eq!(scene.fetch("evt_1", &transaction("tran_1", 0), 10).await.outcome, "repeated");
    assert_eq!(scene.available().await, 100);
}

#[tokio::test]
async fn a_kind_that_the_catalogue_contradicts_is_parked() {
    let scene = Scene::new().await;
    let body = with(&pack("1", 0), "/object/product", json!("prod_3d_starter"));
    assert_eq!(scene.send(&body, at(1)).await.says, "parked: price_kind");
    assert_eq!(scene.available().await, 0);
}

/// Which law applies depends on it.
#[tokio::test]
async fn the_buyers_country_is_the_one_that_the_customer_gave_or_else_where_they_are_taxed() {
    for (given, taxed, known) in [
        (json!("US"), json!("NL"), Some("US")),
        (Value::Null, json!("NL"), Some("NL")),
        (json!("Nowhere"), Value::Null, None),
    ] {
        let scene = Scene::new().await;
        let customer = json!({"id": "cust_1", "country": given});
        let sale = |id| {
            let mut sale = transaction(id, 0);
            sale["tax_country"] = taxed.clone();
            sale
        };
        let pack = with(&pack("1", 0), "/object/customer", customer.clone());
        let pack = with(&pack, "/object/order/transaction", sale("tran_1"));
        let period = with(&subscription("2", "paid", "active", (0, 1, 0)), "/object/customer", customer);
        let period = with(&period, "/object/last_transaction", sale("tran_2_0"));
        scene.apply(&[pack, period]).await;
        for payment in ["tran_1", "tran_2_0"] {
            let country = scene.payment(payment).await.buyer.billing_country;
            assert_eq!(country.as_ref().map(CountryCode::as_str), known, "{payment} {given} {taxed}");
        }
    }
}

/// Stripe's ids and Creem's begin alike, and nobody makes them differ.
#[tokio::test]
async fn an_event_of_another_provider_with_the_same_id_is_another_event() {
    let scene = Scene::new().await;
    let other = AccountId::new("account-other").unwrap();
    let order = Order {
        account: &other,
        command: &Command::Grant(grant(&other, "pi_1", 5, None)),
        cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
        actor: Actor::Provider(Provider::Stripe),
        policy: None,
        records: vec![Record::Event { id: "evt_1".to_owned(), digest: [9; 32] }],
    };
    execute(&scene.tables, &NoPause, &order, at(0)).await.unwrap();
    assert_eq!(scene.send(&pack("1", 0), at(1)).await.says, "applied");
    assert_eq!(scene.available().await, 100);
}
