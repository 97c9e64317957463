//! Events of what else a company sells through the same account at Stripe.

use ledger::{AccountId, CustomerId, CustomerStore, PaymentId};
use ledger_dynamodb::Parked;
use refunds::{Lead, LeadStore};
use serde_json::{Value, json};
use stripe_events::Fetched;

use crate::bought::{event, invoice, line, linked};
use crate::purchases::lines;
use crate::replays::replayed;
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

const IGNORED: &str = "price_print_shop_poster";

fn subscription_of(customer: &str, ended_s: Option<i64>) -> Value {
    json!({
        "id": "sub_foreign", "object": "subscription", "customer": customer, "ended_at": ended_s,
        "status": if ended_s.is_some() { "canceled" } else { "active" }, "cancel_at_period_end": false,
        "items": {"object": "list", "data": [{"price": IGNORED}], "has_more": false},
    })
}

/// A customer of ours buys what the catalogue ignores: in a plan's whole life nobody is called.
#[tokio::test]
async fn a_customer_of_ours_buys_what_the_catalogue_ignores_and_nobody_is_called() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let paid = invoice(&customer, Some("sub_foreign"), 5_000, &[line(IGNORED, 5_000, false)]);
    let changed = invoice(
        &customer,
        Some("sub_foreign"),
        2_000,
        &[line(IGNORED, 4_000, true), line(IGNORED, -2_000, true)],
    );
    let intent = json!({
        "id": "pi_foreign", "object": "payment_intent", "customer": customer, "amount": 700,
        "amount_received": 700, "currency": "usd", "status": "succeeded", "metadata": {"price": IGNORED},
    });
    for (name, object) in [
        ("customer.subscription.created", subscription_of(&customer, None)),
        ("invoice.paid", paid),
        ("customer.subscription.updated", subscription_of(&customer, None)),
        ("invoice.paid", changed),
        ("customer.subscription.deleted", subscription_of(&customer, Some(at(50).as_s()))),
        ("payment_intent.succeeded", intent),
    ] {
        let reply = scene.send(&event("evt_1", name, &object), at(60)).await;
        assert_eq!((reply.status, &*reply.says), (200, "ignored: other_product"), "{name}");
        for metric in ["EventsParked", "LeadsNoted", "LinesWithoutCredits"] {
            assert!(!reply.counted(metric), "{name}: {metric}");
        }
    }
    let account = AccountId::new(ACCOUNT).unwrap();
    let noted = Lead::id_of_uncredited(&account, &PaymentId::new("in_1").unwrap());
    assert!(scene.tables.lead(&noted).await.unwrap().is_none());
    assert_eq!((scene.parked().await.len(), scene.journal(ACCOUNT).await.len()), (0, 0));
    // Nor about its money that goes back.
    let link = json!({
        "id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "amount_paid": 5_000,
        "currency": "usd", "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": "pi_invoiced"},
    });
    scene.send(&event("evt_2", "invoice_payment.paid", &link), at(60)).await;
    for body in money_back("pi_invoiced") {
        assert_eq!(scene.send(&body, at(61)).await.says, "ignored: no_credits");
    }
}

#[tokio::test]
async fn a_checkout_of_what_the_catalogue_ignores_links_nobody() {
    let scene = Scene::new().await;
    let (_, [checkout, ..]) = scene.subscribe(0);
    let foreign = |object: &mut Value| {
        object["customer"] = json!("cus_other");
        object["client_reference_id"] = json!("their-own-number");
        object["metadata"]["price"] = json!(IGNORED);
    };
    assert_eq!(scene.send_changed(&checkout, at(0), foreign).await.says, "ignored: other_product");
    let customer = CustomerId::new("cus_other").unwrap();
    assert_eq!(scene.tables.account_of(&customer).await.unwrap(), None);
    let (_, body) = scene.pack(0);
    let bought = |object: &mut Value| object["line_items"] = lines(&[(IGNORED, 1, 900)]);
    let reply = scene.send_changed(&body, at(0), bought).await;
    assert_eq!((&*reply.says, reply.counted("EventsParked")), ("ignored: no_purchase", false));
}

#[tokio::test]
async fn an_ignored_line_beside_ours_keeps_nothing_back_and_its_money_stands_beside() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let lines = [line("price_pro_monthly", 1_000, false), line(IGNORED, 500, false)];
    let paid = invoice(&customer, Some("sub_1"), 1_500, &lines);
    let reply = scene.send(&event("evt_1", "invoice.paid", &paid), at(60)).await;
    assert_eq!(reply.says, "applied");
    assert!(!reply.counted("LinesWithoutCredits"));
    assert_eq!(scene.available(at(60)).await, 500);
    let payment = PaymentId::new("in_1").unwrap();
    let division = scene.tables.division(&payment).await.unwrap().unwrap();
    assert_eq!((division.purchases, division.beside_minor), (1, 500));
}

/// The lines that were looked up bring nothing: no case opens about credits that nobody has sold.
#[tokio::test]
async fn a_lookup_that_finds_nothing_of_ours_leaves_no_promise() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let unnamed = |object: &mut Value| object["metadata"] = json!({});
    assert_eq!(scene.send_changed(&body, at(0), unnamed).await.says, "lookup: lines_unknown");
    let account = AccountId::new(ACCOUNT).unwrap();
    let noted = Lead::id_of_uncredited(&account, &PaymentId::new(made.payment.unwrap()).unwrap());
    assert!(scene.tables.lead(&noted).await.unwrap().is_some());
    let parked = scene.parked().await.pop().unwrap();
    let line = json!({"price": IGNORED, "quantity": 1, "amount_subtotal": 900, "amount_total": 900});
    let fetched = Fetched { line_items: Some(vec![line]), ..Fetched::default() };
    let fetched = Some(serde_json::to_vec(&fetched).unwrap());
    let kept = Parked { fetched, lookup_at: None, ..parked.clone() };
    scene.tables.keep_parked(&parked, &kept).await.unwrap();
    assert_eq!(replayed(&scene, &parked.id, 5).await.reason, Some("no_purchase"));
    assert!(scene.tables.lead(&noted).await.unwrap().is_none());
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
