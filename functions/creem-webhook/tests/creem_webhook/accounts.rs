//! Whose an event is: what the company's server said at the checkout.

use ledger::{CustomerId, CustomerStore};
use serde_json::{Value, json};

use crate::events::{PLAN, pack, plan_checkout, subscription, with};
use crate::scene::{ACCOUNT, Scene, at};

#[tokio::test]
async fn the_metadata_or_the_request_id_names_the_account_and_both_agree() {
    for (metadata, request_id, says) in [
        (json!({"account": ACCOUNT}), json!(format!("account:{ACCOUNT}:1")), "applied"),
        (json!({"account": ACCOUNT}), Value::Null, "applied"),
        (json!({"account": ACCOUNT}), json!("order-7"), "applied"),
        (json!({}), json!(format!("account:{ACCOUNT}:1")), "applied"),
        (json!({"account": ACCOUNT}), json!("account:another:1"), "parked: account_mismatch"),
        (json!({"account": "no/account"}), Value::Null, "parked: account_unknown"),
        (json!({}), json!("account:without-an-end"), "parked: account_unknown"),
        (json!({}), Value::Null, "parked: account_unknown"),
    ] {
        let scene = Scene::new().await;
        let body = with(&pack("1", 0), "/object/metadata", metadata.clone());
        let body = with(&body, "/object/request_id", request_id.clone());
        assert_eq!(scene.send(&body, at(0)).await.says, says, "{metadata} {request_id}");
        assert_eq!(scene.available().await, if says == "applied" { 100 } else { 0 });
        let customer = CustomerId::new("cust_1").unwrap();
        assert_eq!(scene.tables.account_of(&customer).await.unwrap(), None, "customers are shared");
    }
}

#[tokio::test]
async fn c9_creem_a_subscription_keeps_its_account() {
    let scene = Scene::new().await;
    scene.apply(&[plan_checkout("1", 0), subscription("1", "paid", "active", (0, 1, 0))]).await;
    // Later metadata may be gone, and cannot say something else.
    let later = |second, period| subscription("1", "paid", "active", (0, second, period));
    let bare = with(&later(30 * 86_400, 1), "/object/metadata", json!({}));
    assert_eq!(scene.send(&bare, at(60)).await.says, "applied");
    let stolen = with(&later(60 * 86_400, 2), "/object/metadata", json!({"account": "another"}));
    assert_eq!(scene.send(&stolen, at(60)).await.says, "parked: account_mismatch");
    assert_eq!(scene.account("another").await.lots.len(), 0);
    let other = with(&plan_checkout("1", 0), "/object/metadata", json!({"account": "another"}));
    let other = with(&other, "/object/request_id", Value::Null);
    assert_eq!(scene.send(&other, at(60)).await.says, "parked: account_mismatch");
}

#[tokio::test]
async fn a_subscription_without_metadata_waits_for_its_checkout() {
    let scene = Scene::new().await;
    let paid = with(&subscription("1", "paid", "active", (0, 1, 0)), "/object/metadata", json!({}));
    assert_eq!(scene.send(&paid, at(60)).await.status, 503);
    assert_eq!(scene.send(&plan_checkout("1", 0), at(60)).await.says, "applied");
    assert_eq!(scene.send(&paid, at(60)).await.says, "applied");
    assert_eq!(scene.available().await, 200);
    // Where its checkout does not come within the hour, it is parked.
    let other = with(&subscription("2", "paid", "active", (0, 1, 0)), "/object/metadata", json!({}));
    assert_eq!(scene.send(&other, at(3_700)).await.says, "parked: account_unknown");
}

#[tokio::test]
async fn what_the_company_sells_beside_is_ignored() {
    let scene = Scene::new().await;
    let other = with(&pack("1", 0), "/object/product", json!("prod_poster"));
    assert_eq!(scene.send(&other, at(0)).await.says, "parked: price_unknown", "a customer of ours paid");
    let other = with(&with(&other, "/object/metadata", json!({})), "/object/request_id", Value::Null);
    assert_eq!(scene.send(&other, at(0)).await.says, "ignored: other_product");
    // Prices of another provider are nobody's here.
    let stripes = with(&pack("2", 0), "/object/product", json!("price_3d_pack_100"));
    assert_eq!(scene.send(&stripes, at(0)).await.says, "parked: price_unknown");
    let foreign = subscription("3", "paid", "active", (0, 1, 0)).replace(PLAN, "prod_other");
    let foreign = with(&foreign, "/object/metadata", json!({}));
    assert_eq!(scene.send(&foreign, at(0)).await.says, "ignored: other_product");
    assert_eq!(scene.available().await, 0);
}
