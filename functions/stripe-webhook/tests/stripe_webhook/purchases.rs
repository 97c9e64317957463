//! What packs and invoices bring: credits by the catalogue, the payment that refunds go to, and the policy.

use ledger::{AccountId, Credits, LotKind, Money, Payment, PaymentId, PaymentKind, PaymentStore, PolicyRef};
use refunds::{Lead, LeadStore};
use serde_json::{Value, json};
use stripe_webhook::AWAITED_S;
use testkit::stand_in::{DashboardRefund, DivideInvoice, Emission, Settings, Shape};

use crate::scene::{ACCOUNT, DAY_S, Scene, at, created};

/// A scene whose invoices name their payments, as older API versions do and the newest does not.
async fn scene_with_named_payments() -> Scene {
    let scene = Scene::new().await;
    scene.stripe.set(Settings { expand_payments: true, ..Settings::default() });
    scene
}

/// The lines of a session: price, quantity and sum of each.
pub(crate) fn lines(lines: &[(&str, u64, u64)]) -> Value {
    let line = |(price, quantity, sum): &(&str, u64, u64)| json!({"price": price, "quantity": quantity, "amount_subtotal": sum, "amount_total": sum});
    json!({"object": "list", "data": lines.iter().map(line).collect::<Vec<_>>(), "has_more": false})
}

pub(crate) async fn payment(scene: &Scene, id: &str) -> Payment {
    scene.tables.payment(&PaymentId::new(id).unwrap()).await.unwrap().unwrap()
}

pub(crate) fn usd(minor: u64) -> Money {
    Money::new(minor, ledger::Currency::new("usd").unwrap())
}

#[tokio::test]
async fn c7_a_pack_brings_its_credits_as_of_its_charge_however_late_it_comes() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    assert_eq!(scene.send(&body, at(3 * DAY_S)).await.says, "applied");
    let stored = payment(&scene, &made.payment.unwrap()).await;
    assert_eq!((stored.charged_at, stored.landed_at), (at(0), at(3 * DAY_S)));
    assert_eq!((stored.paid, stored.refunded_minor, &stored.kind), (usd(900), 0, &PaymentKind::Pack));
    let policy = PolicyRef { document: "music-studio".to_owned(), version: "2026-05-02".to_owned() };
    assert_eq!(stored.policy, Some(policy));
    let account = scene.account(ACCOUNT).await;
    let lot = &account.lots[0];
    assert_eq!(
        (lot.available, lot.expires_at, &lot.kind),
        (Credits::new(100).unwrap(), None, &LotKind::Pack)
    );
}

#[tokio::test]
async fn s2_35_a_purchase_before_the_first_version_pins_no_policy() {
    let scene = Scene::new().await;
    // 2026-03-01: the policy is in force from 2 May on.
    let (made, body) = scene.pack(-245 * DAY_S);
    assert_eq!(scene.send(&body, at(0)).await.says, "applied");
    assert_eq!(payment(&scene, &made.payment.unwrap()).await.policy, None);
}

#[tokio::test]
async fn a_pack_is_granted_when_its_money_is_there() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let unpaid = |object: &mut Value| object["payment_status"] = json!("unpaid");
    assert_eq!(scene.send_changed(&body, at(0), unpaid).await.says, "ignored: unpaid");
    assert_eq!(scene.available(at(0)).await, 0);
    let paid = body.replace("checkout.session.completed", "checkout.session.async_payment_succeeded");
    assert_eq!(scene.send(&paid, at(1)).await.says, "applied");
    assert_eq!(scene.available(at(1)).await, 100);
}

#[tokio::test]
async fn s2_21_a_paid_pack_that_cannot_be_credited_has_its_hour_noted() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let payment = made.payment.as_deref().map(|id| PaymentId::new(id).unwrap()).unwrap();
    let nowhere = |object: &mut Value| {
        object["line_items"] = lines(&[("price_none", 1, 900)]);
    };
    assert_eq!(scene.send_changed(&body, at(60), nowhere).await.says, "parked: price_unknown");
    let account = AccountId::new(ACCOUNT).unwrap();
    let noted = Lead::id_of_uncredited(&account, &payment);
    let noted = scene.tables.lead(&noted).await.unwrap().unwrap();
    assert_eq!((noted.since, noted.due_at), (at(3_600), Some(at(3_600))));
    let uncredited = noted.uncredited().unwrap();
    assert_eq!((uncredited.paid, uncredited.charged_at), (usd(900), at(0)));
    assert_eq!((&uncredited.product, &uncredited.pack), (&None, &None));
    // Nobody is known to have paid, or nothing was: there is no promise to keep.
    let (other, body) = scene.pack(10);
    let unknown = |object: &mut Value| {
        nowhere(object);
        object["client_reference_id"] = json!(null);
    };
    assert_eq!(scene.send_changed(&body, at(60), unknown).await.says, "ignored: other_product");
    let other = PaymentId::new(other.payment.unwrap()).unwrap();
    let other = Lead::id_of_uncredited(&account, &other);
    assert_eq!(scene.tables.lead(&other).await.unwrap(), None);
}

#[tokio::test]
async fn a_pack_for_nothing_brings_credits_and_nothing_to_refund() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let event: Value = serde_json::from_str(&body).unwrap();
    let free = |object: &mut Value| {
        object["payment_status"] = json!("no_payment_required");
        object["payment_intent"] = json!(null);
        object["amount_total"] = json!(0);
    };
    assert_eq!(scene.send_changed(&body, at(0), free).await.says, "applied");
    assert_eq!(scene.send_changed(&body, at(0), free).await.says, "repeated");
    let session = event["data"]["object"]["id"].as_str().unwrap();
    assert_eq!(payment(&scene, session).await.paid, usd(0));
    assert_eq!(scene.available(at(0)).await, 100);
}

#[tokio::test]
async fn c9_the_customers_link_wins_over_whatever_an_event_says() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    assert_eq!(scene.send(&body, at(0)).await.says, "applied");
    let (_, second) = scene.pack(10);
    let somebody_else = |object: &mut Value| object["client_reference_id"] = json!("somebody-else");
    assert_eq!(scene.send_changed(&second, at(10), somebody_else).await.says, "parked: account_mismatch");
    let unreadable = |object: &mut Value| object["client_reference_id"] = json!("a b/c");
    assert_eq!(scene.send_changed(&second, at(10), unreadable).await.says, "parked: account_unknown");
    // Without a name the link alone decides; the metadata names somebody else throughout.
    let nobody = |object: &mut Value| {
        object["client_reference_id"] = json!(null);
        object["metadata"]["account"] = json!("somebody-else");
    };
    assert_eq!(scene.send_changed(&second, at(10), nobody).await.says, "applied");
    let (_, [checkout, _, invoice]) = scene.subscribe(20);
    assert_eq!(scene.send_changed(&checkout, at(20), somebody_else).await.says, "parked: account_mismatch");
    assert_eq!(scene.send(&invoice, at(20)).await.says, "applied");
    assert_eq!(scene.available(at(20)).await, 700);
    assert_eq!(scene.journal("somebody-else").await, []);
}

#[tokio::test]
async fn c3_what_cannot_be_understood_is_parked_whole() {
    let scene = Scene::new().await;
    let (_, pack) = scene.pack(0);
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    let set = |pointer: &'static str, value: Value| {
        move |object: &mut Value| *object.pointer_mut(pointer).unwrap() = value
    };
    for (body, change, reason) in [
        (&pack, set("/mode", json!("barter")), "value_unknown"),
        (&pack, set("/payment_status", json!("promised")), "value_unknown"),
        (&pack, set("/payment_intent", json!(null)), "payment_unknown"),
        (&pack, set("/amount_total", json!("9.00")), "unreadable"),
        (&invoice, set("/billing_reason", json!("unheard_of")), "value_unknown"),
        (&invoice, set("/lines/data/0/quantity_decimal", json!("0")), "quantity"),
        (
            &invoice,
            set("/lines/data/0/pricing/price_details/price", json!("price_unheard_of")),
            "price_unknown",
        ),
        (&invoice, set("/parent", json!(null)), "price_kind"),
    ] {
        let reply = scene.send_changed(body, at(0), change).await;
        assert_eq!((reply.status, reply.says), (200, format!("parked: {reason}")));
        assert!(reply.metrics.iter().any(|line| line.contains(&format!("\"reason\":\"{reason}\""))));
        let parked = scene.parked().await;
        assert!(
            parked.iter().any(|parked| parked.reason == reason && !parked.payload.is_empty()),
            "{reason}"
        );
    }
    assert_eq!(scene.available(at(0)).await, 0);
}

#[tokio::test]
async fn an_invoice_brings_the_period_of_both_api_shapes() {
    for (shape, expand_payments) in
        [(Shape::Endive, false), (Shape::Endive, true), (Shape::BeforeBasil, false)]
    {
        let scene = Scene::new().await;
        scene.stripe.set(Settings { expand_payments, ..Settings::default() });
        let emission = Emission { shape: Some(shape), ..crate::scene::created(0) };
        let made = scene.stripe.subscribe(&crate::scene::pro(), &emission).unwrap();
        for body in scene.bodies(&made) {
            assert_eq!(scene.send(&body, at(60)).await.says, "applied", "{shape:?} {expand_payments}");
        }
        let unnamed = shape == Shape::Endive && !expand_payments;
        let named = if unnamed { &made.invoice } else { &made.payment };
        let stored = payment(&scene, named.as_ref().unwrap()).await;
        let PaymentKind::Subscription { subscription, billing_reason } = &stored.kind else {
            panic!("{stored:?}")
        };
        assert_eq!(
            (subscription.as_str(), billing_reason.as_str()),
            (made.subscription.as_deref().unwrap(), "subscription_create")
        );
        assert_eq!((stored.paid, stored.credits.get(), stored.charged_at), (usd(1200), 500, at(0)));
        assert_eq!(scene.available(at(60)).await, 500);
    }
}

#[tokio::test]
async fn c12_a_quantity_is_exact() {
    let scene = Scene::new().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    let change = |object: &mut Value| {
        object["lines"]["data"][0]["quantity"] = json!(2);
        object["lines"]["data"][0]["quantity_decimal"] = json!("2.5");
    };
    assert_eq!(scene.send_changed(&invoice, at(0), change).await.says, "applied");
    assert_eq!(scene.available(at(0)).await, 1_250);
}

#[tokio::test]
async fn c11_a_negative_line_is_no_refund_and_takes_its_credits_off_the_period() {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    let given_back = |object: &mut Value| {
        let mut line = object["lines"]["data"][0].clone();
        line["id"] = json!("il_proration");
        line["amount"] = json!(-600);
        line["parent"]["subscription_item_details"]["proration"] = json!(true);
        let end = line["period"]["end"].as_i64().unwrap();
        line["period"]["start"] = json!(end - 15 * DAY_S);
        object["lines"]["data"].as_array_mut().unwrap().push(line);
        object["total"] = json!(600);
        object["amount_paid"] = json!(600);
    };
    assert_eq!(scene.send_changed(&invoice, at(0), given_back).await.says, "applied");
    assert_eq!(scene.available(at(0)).await, 250);
    let paid = payment(&scene, &made.invoice.unwrap()).await;
    assert_eq!((paid.paid, paid.refunded_minor), (usd(600), 0));
}

#[tokio::test]
async fn c10_only_what_came_through_stripe_can_be_refunded() {
    for (payments, expected, linked) in [
        (json!([["payment_intent", "pi_1", 700], ["payment_record", "", 500]]), ("pi_1", 700), &[][..]),
        (
            json!([
                ["payment_intent", "pi_1", 500],
                ["payment_record", "", 200],
                ["payment_intent", "pi_2", 700]
            ]),
            ("in", 1200),
            &["pi_1", "pi_2"],
        ),
        (json!([["payment_record", "", 1200]]), ("in", 0), &[]),
        // The payout asks Stripe which payments they were.
        (Value::Null, ("in", 1200), &[]),
    ] {
        let scene = scene_with_named_payments().await;
        let (made, [checkout, _, invoice]) = scene.subscribe(0);
        scene.send(&checkout, at(0)).await;
        let change = |object: &mut Value| {
            let Value::Array(payments) = &payments else {
                object.as_object_mut().unwrap().remove("payments");
                return;
            };
            let template = object["payments"]["data"][0].clone();
            object["payments"]["data"] = payments
                .iter()
                .map(|payment| {
                    let mut made = template.clone();
                    made["amount_paid"] = payment[2].clone();
                    made["payment"] = json!({"type": payment[0], "payment_intent": payment[1]});
                    made
                })
                .collect();
        };
        let reply = scene.send_changed(&invoice, at(0), change).await;
        assert_eq!(reply.says, "applied", "{payments}");
        let invoice = made.invoice.clone().unwrap().parse().unwrap();
        let known = scene.tables.payments_of_invoice(&invoice).await.unwrap();
        let known: Vec<&str> = known.iter().map(|(payment, _)| payment.as_str()).collect();
        assert_eq!(known, linked, "{payments}");
        let id = if expected.0 == "in" { made.invoice.unwrap() } else { expected.0.to_owned() };
        assert_eq!(payment(&scene, &id).await.paid, usd(expected.1), "{payments}");
        assert_eq!(scene.available(at(0)).await, 500);
    }
}

#[tokio::test]
async fn e11_refunds_of_each_payment_of_one_invoice_count_on_it_together() {
    let scene = Scene::new().await;
    let (made, [checkout, _, invoice]) = scene.subscribe(0);
    let invoice_id = made.invoice.unwrap();
    let divide = DivideInvoice { invoice: invoice_id.clone(), parts: vec![500, 700] };
    let linked = scene.stripe.divide_invoice(&divide, &created(1)).unwrap();
    for event in &linked.events {
        assert_eq!(scene.send(&scene.body(event), at(1)).await.says, "applied");
    }
    for body in [&checkout, &invoice] {
        assert_eq!(scene.send(body, at(2)).await.says, "applied");
    }
    assert_eq!(payment(&scene, &invoice_id).await.paid, usd(1_200));
    for (amount, counted) in [(500, 500), (700, 1_200)] {
        let paid = scene.stripe.payments().into_iter().find(|payment| payment.amount == amount).unwrap();
        let whole = DashboardRefund { payment: paid.id, amount: None };
        let refund = scene.stripe.dashboard_refund(&whole, &created(9)).unwrap();
        for _ in 0..2 {
            scene.send(&scene.body(refund.events.last().unwrap()), at(9)).await;
            assert_eq!(payment(&scene, &invoice_id).await.refunded_minor, counted);
        }
    }
    assert_eq!(scene.available(at(9)).await, 0);
}

#[tokio::test]
async fn an_invoice_of_nothing_brings_a_discounted_period_and_no_trial() {
    let scene = scene_with_named_payments().await;
    let (_, [checkout, _, invoice]) = scene.subscribe(0);
    scene.send(&checkout, at(0)).await;
    let free = |object: &mut Value| {
        object["amount_paid"] = json!(0);
        object["payments"]["data"] = json!([]);
    };
    let trial = |object: &mut Value| {
        free(object);
        object["lines"]["data"][0]["amount"] = json!(0);
    };
    assert_eq!(scene.send_changed(&invoice, at(0), trial).await.says, "ignored: no_credits");
    assert_eq!(scene.send_changed(&invoice, at(0), free).await.says, "applied");
    assert_eq!(scene.available(at(0)).await, 500);
}

#[tokio::test]
async fn an_account_with_too_many_lots_has_its_purchase_parked() {
    let scene = Scene::new().await;
    for number in 0..i64::try_from(ledger::PAID_LOTS_MAX).unwrap() {
        let (_, body) = scene.pack(number);
        assert_eq!(scene.send(&body, at(AWAITED_S)).await.says, "applied");
    }
    let (_, body) = scene.pack(AWAITED_S);
    assert_eq!(scene.send(&body, at(AWAITED_S)).await.says, "parked: too_many_lots");
}
