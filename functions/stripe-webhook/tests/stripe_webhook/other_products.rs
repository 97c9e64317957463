//! Events of what else a company sells through the same account at Stripe.

use ledger::{AccountId, PaymentId};
use refunds::{Lead, LeadStore};
use serde_json::{Value, json};

use crate::bought::{event, invoice, line, linked};
use crate::scene::{ACCOUNT, Scene, at};

#[tokio::test]
async fn the_events_of_other_products_are_ignored_without_an_alarm() {
    let scene = Scene::new().await;
    let other = invoice("cus_other", Some("sub_other"), 5_000, &[line("price_elsewhere", 5_000, false)]);
    let subscription = json!({
        "id": "sub_other", "object": "subscription", "customer": "cus_other", "status": "active",
        "cancel_at_period_end": false,
        "items": {"object": "list", "data": [{"price": "price_elsewhere"}], "has_more": false},
    });
    for (name, object) in [("invoice.paid", &other), ("customer.subscription.updated", &subscription)] {
        let reply = scene.send(&event("evt_1", name, object), at(10)).await;
        assert_eq!((reply.status, &*reply.says), (200, "ignored: other_product"), "{name}");
        assert!(!reply.counted("EventsParked"), "{name}");
    }
    let (_, [checkout, ..]) = scene.subscribe(10);
    for (price, says) in
        [("price_elsewhere", "ignored: other_product"), ("price_pro_monthly", "parked: account_unknown")]
    {
        let other = |object: &mut Value| {
            object["client_reference_id"] = json!(null);
            object["customer"] = json!("cus_other");
            object["metadata"]["price"] = json!(price);
        };
        assert_eq!(scene.send_changed(&checkout, at(10), other).await.says, says, "{price}");
    }
    // A customer of ours may have bought what the catalogue forgot.
    let customer = linked(&scene).await;
    let ours = invoice(&customer, Some("sub_1"), 5_000, &[line("price_elsewhere", 5_000, false)]);
    assert_eq!(
        scene.send(&event("evt_2", "invoice.paid", &ours), at(10)).await.says,
        "parked: price_unknown"
    );
    let account = AccountId::new(ACCOUNT).unwrap();
    let noted = Lead::id_of_uncredited(&account, &PaymentId::new("in_1").unwrap());
    assert!(scene.tables.lead(&noted).await.unwrap().is_some());
    // So may one whose invoice came before the session that links it.
    let (made, [checkout, _, first]) = scene.subscribe(20);
    let forgotten = |body: &str| body.replace("price_pro_monthly", "price_elsewhere");
    let (customer, _) = (made.customer.unwrap(), made.payment);
    let fresh =
        |body: &str| forgotten(body).replace(&customer, "cus_fresh").replace(ACCOUNT, "account-fresh");
    assert_eq!(scene.send(&fresh(&first), at(20)).await.says, "ignored: other_product");
    assert_eq!(scene.send(&fresh(&checkout), at(20)).await.says, "parked: price_unknown");
    let paid = PaymentId::new(made.invoice.unwrap()).unwrap();
    let noted = Lead::id_of_uncredited(&AccountId::new("account-fresh").unwrap(), &paid);
    assert!(scene.tables.lead(&noted).await.unwrap().is_some());
}
