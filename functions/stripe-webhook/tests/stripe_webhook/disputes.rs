//! Disputes, and the link from a payment to the invoice that it paid.

use ledger::{AccountId, Actor, PaymentId, PaymentStore, PurchaseStore, SubscriberStore, SubscriptionId};
use policy::{Facts, Reason};
use policy_documents::documents;
use refunds::{Case, RefundRequest, RequestStore, Save, SaveOutcome, fingerprint, request_id};
use serde_json::{Value, json};
use testkit::stand_in::DashboardRefund;

use crate::scene::{ACCOUNT, Scene, at, created};

/// A dispute's event of second `second`.
pub(crate) fn dispute(kind: &str, status: &str, payment: &str, second: i64) -> String {
    dispute_of("du_1", (kind, status), payment, second)
}

fn dispute_of(id: &str, (kind, status): (&str, &str), payment: &str, second: i64) -> String {
    let refundable = status.starts_with("warning_") || status == "prevented" || status == "won";
    report_of(id, (kind, status), refundable, payment, second)
}

fn report_of(id: &str, (kind, status): (&str, &str), refundable: bool, payment: &str, second: i64) -> String {
    json!({
        "id": format!("evt_{id}_{kind}_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": format!("charge.dispute.{kind}"),
        "data": { "object": {
            "id": id, "object": "dispute", "amount": 900, "currency": "usd", "charge": "ch_1",
            "created": at(100).as_s(), "is_charge_refundable": refundable, "livemode": false,
            "payment_intent": payment, "reason": "fraudulent", "status": status,
        }},
    })
    .to_string()
}

/// An invoice's payment by itself, as an endpoint of the newest version gets it.
pub(crate) fn invoice_payment(invoice: &str, payment: &Value, second: i64) -> String {
    json!({
        "id": format!("evt_paid_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": null, "type": "invoice_payment.paid",
        "data": { "object": {
            "id": "inpay_1", "object": "invoice_payment", "amount_paid": 1200, "amount_requested": 1200,
            "currency": "usd", "invoice": invoice, "is_default": true, "livemode": false,
            "payment": payment, "status": "paid",
        }},
    })
    .to_string()
}

#[tokio::test]
async fn the_newest_report_of_a_dispute_counts_in_whichever_order_they_come() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let payment = made.payment.unwrap();
    let opened = dispute("created", "needs_response", &payment, 100);
    assert_eq!(scene.send(&opened, at(101)).await.status, 503, "its payment may still be on its way");
    let id = PaymentId::new(payment.as_str()).unwrap();
    assert!(scene.tables.has_unrecorded_movement(&id).await.unwrap(), "its money has moved");
    scene.send(&body, at(102)).await;
    let lost = dispute("closed", "lost", &payment, 300);
    for (body, says, status) in [
        (&opened, "applied", "needs_response"),
        (&lost, "applied", "lost"),
        (&dispute("updated", "under_review", &payment, 200), "repeated", "lost"),
        (&lost, "repeated", "lost"),
    ] {
        assert_eq!(scene.send(body, at(400)).await.says, says);
        let stored = scene.tables.payment(&PaymentId::new(payment.as_str()).unwrap()).await.unwrap().unwrap();
        let [dispute] = &stored.disputes[..] else { panic!("one dispute") };
        assert_eq!((dispute.status.as_str(), dispute.opened_at), (status, at(100)));
        // Nobody had asked for anything.
        assert_eq!((dispute.contacted_before, dispute.counts()), (Some(false), true));
    }
}

#[tokio::test]
async fn a_request_that_opened_itself_is_no_word_of_the_customers() {
    for (filed_by, contacted) in [(Actor::Schedule, false), (Actor::Customer, true)] {
        let scene = Scene::new().await;
        let (made, body) = scene.pack(0);
        scene.send(&body, at(0)).await;
        let payment = PaymentId::new(made.payment.unwrap()).unwrap();
        let document = documents().in_force("music-studio", at(50).as_ms()).document().unwrap();
        let case = Case {
            occasion: None,
            payment: Some(payment.clone()),
            generation: None,
            reason: Reason::DuplicatePayment,
            note: String::new(),
            fingerprint: fingerprint(&["filed"]),
            decision: policy::decide(document, &Facts::new(), Reason::DuplicatePayment, at(50).as_ms()),
            facts: Facts::new(),
        };
        let account = AccountId::new(ACCOUNT).unwrap();
        let whose = (request_id(&account, "filed"), account);
        let request = RefundRequest::open(whose, filed_by, case, document, at(50));
        let save = Save { request, commit: None, refunded: None };
        assert_eq!(scene.tables.save(&save).await.unwrap(), SaveOutcome::Written);
        scene.send(&dispute("created", "needs_response", payment.as_str(), 100), at(101)).await;
        let stored = scene.tables.payment(&payment).await.unwrap().unwrap();
        assert_eq!(stored.disputes[0].contacted_before, Some(contacted));
    }
}

#[tokio::test]
async fn e15_of_two_disputes_of_a_payment_neither_hides_the_other() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    scene.send(&body, at(0)).await;
    let payment = made.payment.unwrap();
    for (id, reported, second, disputed, barred) in [
        ("du_1", ("created", "needs_response"), 100, true, true),
        ("du_2", ("created", "needs_response"), 110, true, true),
        ("du_2", ("closed", "won"), 200, false, true),
        ("du_1", ("closed", "lost"), 150, false, true),
        ("du_1", ("updated", "appeal_under_review"), 300, false, true),
        ("du_1", ("closed", "won"), 400, false, false),
        ("du_2", ("updated", "under_review"), 190, false, false),
    ] {
        let reply = scene.send(&dispute_of(id, reported, &payment, second), at(500)).await;
        assert_eq!(reply.counted("PaymentsDisputed"), disputed, "{id} {reported:?}");
        let stored = scene.tables.payment(&PaymentId::new(payment.as_str()).unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.bars_refunds(), barred, "{id} {reported:?}");
    }
}

#[tokio::test]
async fn b6_of_two_reports_of_one_second_the_one_that_is_further_along_counts() {
    for order in [["needs_response", "lost"], ["lost", "needs_response"]] {
        let scene = Scene::new().await;
        let (made, body) = scene.pack(0);
        scene.send(&body, at(0)).await;
        let payment = made.payment.unwrap();
        for status in order {
            scene.send(&dispute("updated", status, &payment, 100), at(101)).await;
        }
        let stored = scene.tables.payment(&PaymentId::new(payment).unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.disputes[0].status, "lost", "{order:?}");
    }
}

#[tokio::test]
async fn an_inquiry_that_ends_was_no_dispute() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    scene.send(&body, at(0)).await;
    let payment = made.payment.unwrap();
    for (second, status, counts) in [(100, "warning_needs_response", false), (200, "warning_closed", false)] {
        let reply = scene.send(&dispute("updated", status, &payment, second), at(second)).await;
        assert_eq!((reply.says.as_str(), reply.counted("PaymentsDisputed")), ("applied", second == 100));
        let stored = scene.tables.payment(&PaymentId::new(payment.as_str()).unwrap()).await.unwrap().unwrap();
        assert_eq!(stored.disputes[0].counts(), counts, "{status}");
    }
}

#[tokio::test]
async fn e11_a_refund_and_a_dispute_find_the_invoice_that_stands_for_their_payment() {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    let (payment, paid) = (made.payment.unwrap(), made.invoice.unwrap());
    for body in [&checkout, &invoice] {
        assert_eq!(scene.send(body, at(0)).await.says, "applied");
    }
    let order = DashboardRefund { payment: payment.clone(), amount: Some(400) };
    let refund = scene.stripe.dashboard_refund(&order, &created(30)).unwrap();
    let refund = scene.body(refund.events.last().unwrap());
    assert_eq!(scene.send(&refund, at(31)).await.status, 503, "nothing says what it paid");
    let elsewhere = json!({ "type": "payment_record", "payment_record": "pr_1" });
    let body = invoice_payment(&paid, &elsewhere, 31);
    assert_eq!(scene.send(&body, at(31)).await.says, "ignored: no_purchase");
    let through_stripe = json!({ "type": "payment_intent", "payment_intent": payment });
    let link = invoice_payment(&paid, &through_stripe, 32);
    for (body, says) in [(&link, "applied"), (&link, "repeated"), (&refund, "applied")] {
        assert_eq!(scene.send(body, at(33)).await.says, says);
    }
    assert_eq!(scene.send(&refund, at(34)).await.says, "repeated");
    let disputed = dispute("created", "needs_response", &payment, 100);
    assert_eq!(scene.send(&disputed, at(101)).await.says, "applied");
    let stored = scene.tables.payment(&PaymentId::new(paid).unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.refunded_minor, stored.disputes.len()), (400, 1));
    let account = ledger::AccountId::new(ACCOUNT).unwrap();
    let records = scene.tables.records_of(&account).await.unwrap();
    assert_eq!((records.purchases.len(), records.refunded_at), (1, vec![at(30)]));
}

#[tokio::test]
async fn a_checkout_says_who_buys_and_never_keeps_the_credits_for_it() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let said = |object: &mut Value| {
        object["customer_details"] =
            json!({ "address": { "country": "DE" }, "tax_ids": [{ "type": "eu_vat", "value": "DE1" }] });
        object["consent"] = json!({ "terms_of_service": "accepted" });
        object["metadata"]["withdrawal_waiver"] = json!("terms_of_service");
    };
    assert_eq!(scene.send_changed(&body, at(0), said).await.says, "applied");
    let stored =
        scene.tables.payment(&PaymentId::new(made.payment.unwrap()).unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.buyer.billing_country.unwrap().as_str(), "DE");
    assert_eq!((stored.buyer.business, stored.buyer.withdrawal_waived), (Some(true), Some(true)));
    // A form that nobody knows is unknown.
    let (made, body) = scene.pack(10);
    let odd = |object: &mut Value| {
        object["customer_details"] = json!(["odd"]);
        object["custom_fields"] = json!({ "odd": 1 });
        object["consent"] = json!(7);
    };
    assert_eq!(scene.send_changed(&body, at(10), odd).await.says, "applied");
    let stored =
        scene.tables.payment(&PaymentId::new(made.payment.unwrap()).unwrap()).await.unwrap().unwrap();
    assert_eq!((stored.buyer.billing_country, stored.buyer.business), (None, None));
    // A subscription's consent is noted beside it: its invoices do not repeat it.
    let (made, [checkout, _, invoice]) = scene.subscribe(20);
    let waived = |object: &mut Value| {
        object["custom_fields"] = json!([{
            "key": "withdrawal_waiver", "type": "dropdown", "dropdown": { "value": "accepted" }
        }]);
    };
    assert_eq!(scene.send_changed(&checkout, at(20), waived).await.says, "applied");
    let country = |object: &mut Value| object["customer_address"] = json!({ "country": "fr" });
    assert_eq!(scene.send_changed(&invoice, at(20), country).await.says, "applied");
    let subscription = SubscriptionId::new(made.subscription.unwrap()).unwrap();
    let subscriber = scene.tables.subscriber(&subscription).await.unwrap().unwrap();
    assert_eq!(subscriber.buyer.withdrawal_waived, Some(true));
    let stored =
        scene.tables.payment(&PaymentId::new(made.invoice.unwrap()).unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.buyer.or(subscriber.buyer).billing_country.unwrap().as_str(), "FR");
    assert!(stored.period_starts_at.is_some() && stored.period_starts_at < stored.period_ends_at);
}

#[tokio::test]
async fn an_inquiry_bars_no_refund_and_the_dispute_that_it_becomes_does() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let payment = made.payment.unwrap();
    let id = PaymentId::new(payment.as_str()).unwrap();
    let asked = dispute("created", "warning_needs_response", &payment, 100);
    assert_eq!(scene.send(&asked, at(101)).await.status, 503, "its payment may still be on its way");
    assert!(!scene.tables.has_unrecorded_movement(&id).await.unwrap(), "no money has moved");
    scene.send(&body, at(102)).await;
    for (kind, status, second, inquiry, barred) in [
        ("created", "warning_needs_response", 100, true, false),
        ("updated", "warning_under_review", 150, true, false),
        ("updated", "needs_response", 200, false, true),
    ] {
        let reported = dispute(kind, status, &payment, second);
        assert_eq!(scene.send(&reported, at(300)).await.says, "applied", "{status}");
        let stored = scene.tables.payment(&id).await.unwrap().unwrap();
        assert_eq!((stored.has_inquiry(), stored.bars_refunds()), (inquiry, barred), "{status}");
    }
}

#[tokio::test]
async fn a_charge_that_stripe_refunds_no_more_is_not_refunded_again() {
    for (status, refundable, barred, lost) in [
        ("prevented", true, false, false),
        // A rule refunded it before the bank asked.
        ("prevented", false, true, true),
        ("warning_needs_response", false, true, false),
        ("warning_closed", false, false, false),
        // Stripe's word opens the charge, as long as nothing of it is withdrawn.
        ("needs_response", true, false, false),
        ("needs_response", false, true, false),
        ("under_review", true, false, false),
        ("lost", false, true, true),
        ("appeal_needs_response", false, true, true),
        ("appeal_under_review", false, true, true),
        ("won", true, false, false),
    ] {
        let scene = Scene::new().await;
        let (made, body) = scene.pack(0);
        scene.send(&body, at(0)).await;
        let payment = made.payment.unwrap();
        let reported = report_of("du_1", ("updated", status), refundable, &payment, 100);
        assert_eq!(scene.send(&reported, at(101)).await.says, "applied");
        let stored = scene.tables.payment(&PaymentId::new(payment).unwrap()).await.unwrap().unwrap();
        assert_eq!((stored.bars_refunds(), stored.is_lost()), (barred, lost), "{status} {refundable}");
    }
}
