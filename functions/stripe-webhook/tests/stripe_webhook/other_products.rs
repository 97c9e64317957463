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

/// A refund and a dispute of `payment`, as Stripe reports them at the instant 20.
fn money_back(payment: &str) -> [String; 2] {
    let refund = json!({
        "id": "re_other", "object": "refund", "amount": 5_000, "currency": "usd", "status": "succeeded",
        "payment_intent": payment, "charge": "ch_other", "created": at(20).as_s(), "metadata": {},
    });
    let dispute = json!({
        "id": "du_other", "object": "dispute", "amount": 5_000, "currency": "usd", "status": "needs_response",
        "payment_intent": payment, "charge": "ch_other", "created": at(20).as_s(), "reason": "general",
        "is_charge_refundable": false, "balance_transactions": [], "metadata": {}, "evidence_details": {},
    });
    [event("evt_refund", "refund.created", &refund), event("evt_dispute", "charge.dispute.created", &dispute)]
}

#[tokio::test]
async fn refunds_and_disputes_of_other_products_are_ignored() {
    let scene = Scene::new().await;
    let unknown = scene.send(&money_back("pi_other")[0], at(21)).await;
    assert_eq!((unknown.status, &*unknown.says), (503, "unavailable"));

    // A session names its payment, and an invoice finds its own by the event that links them.
    let (_, [checkout, ..]) = scene.subscribe(10);
    let other = |object: &mut Value| {
        object["mode"] = json!("payment");
        object["client_reference_id"] = json!(null);
        object["customer"] = json!("cus_other");
        object["payment_intent"] = json!("pi_other");
        object["subscription"] = json!(null);
        object["metadata"] = json!({});
        object["line_items"] = json!({"object": "list", "has_more": false, "data": [{
            "id": "li_1", "price": "price_elsewhere", "quantity": 1, "amount_subtotal": 5_000,
            "amount_total": 5_000,
        }]});
        object["amount_subtotal"] = json!(5_000);
        object["amount_total"] = json!(5_000);
    };
    assert_eq!(scene.send_changed(&checkout, at(12), other).await.says, "ignored: other_product");
    let invoiced = invoice("cus_other", Some("sub_other"), 5_000, &[line("price_elsewhere", 5_000, false)]);
    let paid = scene.send(&event("evt_1", "invoice.paid", &invoiced), at(12)).await;
    assert_eq!(paid.says, "ignored: other_product");
    let link = json!({
        "id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "amount_paid": 5_000,
        "currency": "usd", "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": "pi_invoiced"},
    });
    scene.send(&event("evt_2", "invoice_payment.paid", &link), at(13)).await;

    for payment in ["pi_other", "pi_invoiced"] {
        for body in money_back(payment) {
            let reply = scene.send(&body, at(21)).await;
            assert_eq!((reply.status, &*reply.says), (200, "ignored: no_credits"), "{payment}");
            assert!(!reply.counted("EventsParked") && !reply.counted("PaymentsDisputed"), "{payment}");
        }
    }
}
