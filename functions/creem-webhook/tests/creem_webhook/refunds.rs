//! Refunds: the running total of their transaction counts.

use serde_json::{Value, json};

use crate::events::{pack, refund, transaction, with};
use crate::scene::{Scene, at};

#[tokio::test]
async fn b2_e11_creem_only_what_the_total_has_grown_by_counts() {
    let scene = Scene::new().await;
    let part = refund("r1", "tran_1", (300, 300), 10);
    assert_eq!(scene.send(&part, at(60)).await.status, 503, "its payment is on its way");
    scene.apply(&[pack("1", 0), part.clone()]).await;
    assert_eq!(scene.payment("tran_1").await.refunded_minor, 300);
    assert_eq!(scene.send(&part, at(60)).await.says, "repeated");
    // The same total under another id, and a total that was overtaken.
    scene.apply(&[refund("r3", "tran_1", (471, 1071), 30)]).await;
    for late in [refund("r2", "tran_1", (300, 600), 20), refund("r4", "tran_1", (1071, 1071), 40)] {
        assert_eq!(scene.send(&late, at(60)).await.says, "repeated");
    }
    assert_eq!(scene.payment("tran_1").await.refunded_minor, 1071);
}

#[tokio::test]
async fn a_refund_without_its_transaction_or_its_total_is_looked_up() {
    let scene = Scene::new().await;
    scene.apply(&[pack("1", 0)]).await;
    let bare = with(&refund("r1", "tran_1", (300, 300), 10), "/object/transaction", json!("tran_1"));
    assert_eq!(scene.send(&bare, at(60)).await.says, "lookup: payment_unknown");
    let mut seen = transaction("tran_1", 0);
    seen["refunded_amount"] = json!(300);
    assert_eq!(scene.fetch("evt_r1", &seen, 70).await.outcome, "applied");
    assert_eq!(scene.payment("tran_1").await.refunded_minor, 300);
    let odd = with(&refund("r2", "tran_1", (300, 600), 10), "/object/status", json!("odd"));
    assert_eq!(scene.send(&odd, at(60)).await.says, "parked: value_unknown");
    let unsaid = with(&refund("r3", "tran_1", (300, 600), 20), "/object/status", Value::Null);
    assert_eq!(scene.send(&unsaid, at(60)).await.says, "applied");
}
