//! What was bought is what was paid for: lines decide, each price is a lot with its share of the money, and
//! one purchase brings its credits once, whichever events tell of it.

use ledger::{AccountId, PaymentId, PaymentKind, SubscriptionStore};
use refunds::{Lead, LeadStore};
use serde_json::{Value, json};
use stripe_events::Fetched;
use testkit::stand_in::{Emission, Shape};

use crate::purchases::{lines, payment, usd};
use crate::replays::replayed;
use crate::scene::{ACCOUNT, DAY_S, START_S, Scene, at, created};

/// An event of type `name` about `object`.
pub(crate) fn event(id: &str, name: &str, object: &Value) -> String {
    json!({
        "id": id, "object": "event", "type": name, "created": START_S, "livemode": false,
        "api_version": "2026-10-28.endive", "data": {"object": object},
    })
    .to_string()
}

/// The scene's customer, whose account a free pack's session links, and that session's credits are none.
pub(crate) async fn linked(scene: &Scene) -> String {
    let (made, [checkout, _, _]) = scene.subscribe(0);
    assert_eq!(scene.send(&checkout, at(0)).await.says, "applied");
    made.customer.unwrap()
}

/// A line of an invoice of the newest shape.
pub(crate) fn line(price: &str, amount: i64, proration: bool) -> Value {
    json!({
        "id": format!("il_{price}_{amount}"), "object": "line_item", "amount": amount, "quantity": 1,
        "quantity_decimal": "1", "discount_amounts": [],
        "period": {"start": START_S, "end": START_S + 30 * DAY_S},
        "pricing": {"type": "price_details", "price_details": {"price": price, "product": "prod_1"}},
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {"proration": proration, "subscription": "sub_1"},
        },
    })
}

/// A paid invoice of the newest shape, without its payments.
pub(crate) fn invoice(customer: &str, subscription: Option<&str>, paid: u64, lines: &[Value]) -> Value {
    let parent = subscription.map(|subscription| {
        json!({"type": "subscription_details", "subscription_details": {"subscription": subscription, "metadata": {}}})
    });
    json!({
        "id": "in_1", "object": "invoice", "customer": customer, "currency": "usd", "amount_paid": paid,
        "billing_reason": if subscription.is_some() { "subscription_cycle" } else { "manual" },
        "parent": parent, "status_transitions": {"paid_at": START_S},
        "lines": {"object": "list", "data": lines, "has_more": false},
    })
}

fn invoice_payment(payment: &str, paid: u64) -> Value {
    json!({
        "id": "inpay_1", "object": "invoice_payment", "invoice": "in_1", "currency": "usd",
        "amount_paid": paid, "status": "paid",
        "payment": {"type": "payment_intent", "payment_intent": payment},
    })
}

fn intent(id: &str, customer: &str, amount: u64, metadata: &Value) -> Value {
    json!({
        "id": id, "object": "payment_intent", "customer": customer, "amount": amount,
        "amount_received": amount, "currency": "usd", "status": "succeeded", "metadata": metadata,
    })
}

/// Credits and shares of the account's lots, by payment.
async fn lots(scene: &Scene) -> Vec<(String, u64, u64)> {
    let mut lots = Vec::new();
    for lot in scene.account(ACCOUNT).await.lots {
        let id = lot.payment.unwrap();
        let share = payment(scene, id.as_str()).await.paid.minor();
        lots.push((id.as_str().to_owned(), lot.granted.get(), share));
    }
    lots.sort();
    lots
}

fn lot(payment: &str, credits: u64, share: u64) -> (String, u64, u64) {
    (payment.to_owned(), credits, share)
}

#[tokio::test]
async fn a_sum_that_is_not_one_unit_has_its_lines_looked_up() {
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let three = |object: &mut Value| {
        object["amount_subtotal"] = json!(2_700);
        object["amount_total"] = json!(2_700);
    };
    let reply = scene.send_changed(&body, at(0), three).await;
    assert_eq!((reply.status, &*reply.says), (200, "lookup: lines_unknown"));
    assert_eq!(scene.available(at(0)).await, 0);
    let parked = scene.parked().await.pop().unwrap();
    assert!(parked.lookup_at.is_some() && parked.fetched.is_none());
    // Its hour is noted all the same: the lookup may fail.
    let paid = PaymentId::new(made.payment.unwrap()).unwrap();
    let noted = Lead::id_of_uncredited(&AccountId::new(ACCOUNT).unwrap(), &paid);
    assert!(scene.tables.lead(&noted).await.unwrap().is_some());

    let line =
        json!({"price": "price_pack_100", "quantity": 3, "amount_subtotal": 2_700, "amount_total": 2_700});
    let fetched = Fetched { line_items: Some(vec![line]), ..Fetched::default() };
    let kept = ledger_dynamodb::Parked {
        fetched: Some(serde_json::to_vec(&fetched).unwrap()),
        lookup_at: None,
        ..parked.clone()
    };
    scene.tables.keep_parked(&parked, &kept).await.unwrap();
    assert_eq!(replayed(&scene, &parked.id, 5).await.outcome, "applied");
    assert_eq!(lots(&scene).await, [lot(paid.as_str(), 300, 2_700)]);
    assert_eq!(scene.parked().await, []);
    assert!(scene.tables.lead(&noted).await.unwrap().is_none(), "the credits have landed");
}

#[tokio::test]
async fn a_discount_a_tax_and_a_free_order_leave_one_unit_proved() {
    for (subtotal, total, status, says) in [
        (900, 450, "paid", "applied"),
        (900, 1_071, "paid", "applied"),
        (900, 0, "no_payment_required", "applied"),
        (800, 900, "paid", "lookup: lines_unknown"),
        (1_800, 900, "paid", "lookup: lines_unknown"),
    ] {
        let scene = Scene::new().await;
        let (_, body) = scene.pack(0);
        let change = |object: &mut Value| {
            object["amount_subtotal"] = json!(subtotal);
            object["amount_total"] = json!(total);
            object["payment_status"] = json!(status);
            if total == 0 {
                object["payment_intent"] = json!(null);
            }
        };
        for again in [says, if says == "applied" { "repeated" } else { says }] {
            assert_eq!(scene.send_changed(&body, at(0), change).await.says, again, "{subtotal} {total}");
        }
        let credits = if says == "applied" { 100 } else { 0 };
        assert_eq!(scene.available(at(0)).await, credits, "{subtotal} {total}");
    }
}

#[tokio::test]
async fn the_lines_of_a_session_add_up_to_its_sum() {
    for (sums, says) in [((900, 3_600), "applied"), ((900, 900), "parked: amount_mismatch")] {
        let scene = Scene::new().await;
        let (made, body) = scene.pack(0);
        let cart = |object: &mut Value| {
            object["amount_subtotal"] = json!(4_500);
            object["amount_total"] = json!(4_500);
            object["line_items"] = lines(&[("price_pack_100", 1, sums.0), ("price_pack_500", 4, sums.1)]);
        };
        assert_eq!(scene.send_changed(&body, at(0), cart).await.says, says);
        if says == "applied" {
            let id = made.payment.unwrap();
            assert_eq!(lots(&scene).await, [lot(&id, 100, 900), lot(&format!("{id}~2"), 2_000, 3_600)]);
        }
    }
    // A line without a price, which Stripe allows, is money beside the credits.
    let scene = Scene::new().await;
    let (made, body) = scene.pack(0);
    let with_another = |object: &mut Value| {
        object["amount_subtotal"] = json!(1_400);
        object["amount_total"] = json!(1_400);
        object["line_items"] = lines(&[("price_pack_100", 1, 900), ("", 1, 500)]);
        object["line_items"]["data"][1]["price"] = json!(null);
    };
    assert_eq!(scene.send_changed(&body, at(0), with_another).await.says, "applied");
    assert_eq!(lots(&scene).await, [lot(&made.payment.unwrap(), 100, 900)]);
}

#[tokio::test]
async fn what_brings_no_credits_holds_nothing_back() {
    let pro = || line("price_pro_monthly", 1_000, false);
    for (lines, paid, expected) in [
        // An add-on, a setup fee, an overage.
        (vec![pro(), line("price_elsewhere", 500, false)], 1_500, vec![lot("in_1", 500, 1_000)]),
        // The renewal pays for an earlier change.
        (
            vec![line("price_pro_monthly", -500, true), line("price_premier_monthly", 1_500, true), pro()],
            2_000,
            vec![lot("in_1", 500, 1_000), lot("in_1~2", 1_500, 1_000)],
        ),
        // A pack beside the renewal.
        (
            vec![line("price_pack_100", 900, false), pro()],
            1_900,
            vec![lot("in_1", 500, 1_000), lot("in_1~2", 100, 900)],
        ),
        // Half of it paid by the customer's balance.
        (
            vec![pro(), line("price_pack_100", 1_000, false)],
            1_000,
            vec![lot("in_1", 500, 500), lot("in_1~2", 100, 500)],
        ),
        // Two plans of two products.
        (
            vec![line("price_assistant_plus", 800, false), pro()],
            1_800,
            vec![lot("in_1", 1_000, 800), lot("in_1~2", 500, 1_000)],
        ),
        // A trial of the plan, and a pack.
        (
            vec![line("price_pro_monthly", 0, false), line("price_pack_100", 999, false)],
            999,
            vec![lot("in_1", 100, 999)],
        ),
        // One price in two lines.
        (vec![pro(), line("price_pro_monthly", 1_001, false)], 2_001, vec![lot("in_1", 1_000, 2_001)]),
    ] {
        let scene = Scene::new().await;
        let customer = linked(&scene).await;
        let object = invoice(&customer, Some("sub_1"), paid, &lines);
        let body = event("evt_1", "invoice.paid", &object);
        assert_eq!(scene.send(&body, at(10)).await.says, "applied", "{lines:?}");
        assert_eq!(scene.send(&body, at(20)).await.says, "repeated", "{lines:?}");
        assert_eq!(lots(&scene).await, expected, "{lines:?}");
        assert_eq!(scene.parked().await, []);
    }
}

#[tokio::test]
async fn lines_that_stripe_cuts_are_looked_up_and_their_customer_has_a_case() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let mut cut = invoice(&customer, Some("sub_1"), 1_315, &[line("price_pro_monthly", 115, true)]);
    cut["lines"]["has_more"] = json!(true);
    let reply = scene.send(&event("evt_1", "invoice.paid", &cut), at(10)).await;
    assert_eq!(reply.says, "lookup: lines_unknown");
    let account = AccountId::new(ACCOUNT).unwrap();
    let noted = Lead::id_of_uncredited(&account, &PaymentId::new("in_1").unwrap());
    assert!(scene.tables.lead(&noted).await.unwrap().is_some());
}

#[tokio::test]
async fn one_pack_by_session_invoice_and_payment_brings_its_credits_once_in_every_order() {
    let orders =
        [[0, 1, 2, 3], [3, 2, 1, 0], [1, 2, 0, 3], [2, 1, 3, 0], [1, 0, 3, 2], [3, 1, 0, 2], [2, 0, 1, 3]];
    for order in orders {
        let scene = Scene::new().await;
        let customer = linked(&scene).await;
        let (_, session) = scene.pack(0);
        let mut session: Value = serde_json::from_str(&session).unwrap();
        session["data"]["object"]["payment_intent"] = json!("pi_1");
        session["data"]["object"]["customer"] = json!(customer);
        let metadata = json!({"price": "price_pack_100", "account": "somebody-else"});
        let bodies = [
            session.to_string(),
            event(
                "evt_2",
                "invoice.paid",
                &invoice(&customer, None, 900, &[line("price_pack_100", 900, false)]),
            ),
            event("evt_3", "invoice_payment.paid", &invoice_payment("pi_1", 900)),
            event("evt_4", "payment_intent.succeeded", &intent("pi_1", &customer, 900, &metadata)),
        ];
        for index in order.into_iter().chain(order) {
            scene.send(&bodies[index], at(60)).await;
        }
        assert_eq!(lots(&scene).await, [lot("pi_1", 100, 900)], "{order:?}");
        // The lookup asks Stripe for the payment.
        for parked in scene.parked().await {
            let paid = Fetched { payments: Some(vec![invoice_payment("pi_1", 900)]), ..Fetched::default() };
            let fetched = serde_json::to_vec(&paid).unwrap();
            let kept = ledger_dynamodb::Parked { fetched: Some(fetched), ..parked.clone() };
            scene.tables.keep_parked(&parked, &kept).await.unwrap();
            assert_ne!(replayed(&scene, &parked.id, 90).await.outcome, "parked", "{order:?}");
        }
        assert_eq!(lots(&scene).await, [lot("pi_1", 100, 900)], "{order:?}");
        assert_eq!(scene.parked().await, [], "{order:?}");
    }
}

#[tokio::test]
async fn a_pack_by_a_hosted_invoice_is_granted_by_its_link() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let paid = event("evt_1", "invoice_payment.paid", &invoice_payment("pi_1", 3_999));
    assert_eq!(scene.send(&paid, at(10)).await.says, "applied");
    let object = invoice(&customer, None, 3_999, &[line("price_pack_500", 3_999, false)]);
    let body = event("evt_2", "invoice.paid", &object);
    assert_eq!(scene.send(&body, at(20)).await.says, "applied");
    assert_eq!(scene.send(&body, at(30)).await.says, "repeated");
    assert_eq!(lots(&scene).await, [lot("pi_1", 500, 3_999)]);

    // Paid in two, the invoice's id is that of both, and each finds it.
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    for (id, payment, part) in [("evt_1", "pi_1", 1_000), ("evt_2", "pi_2", 2_999)] {
        let paid = event(id, "invoice_payment.paid", &invoice_payment(payment, part));
        assert_eq!(scene.send(&paid, at(10)).await.says, "applied");
    }
    let object = invoice(&customer, None, 3_999, &[line("price_pack_500", 3_999, false)]);
    assert_eq!(scene.send(&event("evt_3", "invoice.paid", &object), at(20)).await.says, "applied");
    assert_eq!(lots(&scene).await, [lot("in_1", 500, 3_999)]);
    for payment in ["pi_1", "pi_2"] {
        let linked = scene.tables.linked_payment(&PaymentId::new(payment).unwrap()).await.unwrap();
        assert_eq!(linked, PaymentId::new("in_1").ok(), "{payment}");
    }

    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let object = invoice(&customer, None, 0, &[line("price_pack_500", 3_999, false)]);
    let by_balance = event("evt_2", "invoice.paid", &object);
    assert_eq!(scene.send(&by_balance, at(20)).await.says, "applied");
    assert_eq!(lots(&scene).await, [lot("in_1", 500, 0)]);
}

#[tokio::test]
async fn an_automatic_top_up_is_proved_by_its_sum() {
    let metadata =
        |quantity: &str| json!({"price": "price_pack_100", "account": "somebody-else", "quantity": quantity});
    for (quantity, amount, says, credits) in [
        ("1", 900, "applied", 100),
        ("3", 2_700, "applied", 300),
        ("3", 900, "unavailable", 0),
        ("1", 901, "unavailable", 0),
        ("0", 900, "parked: quantity", 0),
        ("two", 900, "parked: quantity", 0),
        ("1.5", 900, "parked: quantity", 0),
    ] {
        let scene = Scene::new().await;
        let customer = linked(&scene).await;
        let object = intent("pi_9", &customer, amount, &metadata(quantity));
        let body = event("evt_9", "payment_intent.succeeded", &object);
        assert_eq!(scene.send(&body, at(10)).await.says, says, "{quantity} {amount}");
        assert_eq!(scene.available(at(10)).await, credits, "{quantity} {amount}");
        assert_eq!(scene.journal("somebody-else").await, []);
        // After the hour in which its session could have come, a person looks at it.
        if says == "unavailable" {
            assert_eq!(scene.send(&body, at(2 * 3_600)).await.says, "parked: amount_mismatch");
        }
        if credits == 0 {
            let account = AccountId::new(ACCOUNT).unwrap();
            let noted = Lead::id_of_uncredited(&account, &PaymentId::new("pi_9").unwrap());
            assert!(scene.tables.lead(&noted).await.unwrap().is_some());
        }
    }
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    // The keys are everybody's: what no price of ours is named by buys something else.
    for metadata in [
        json!({}),
        json!({"quantity": "1.5", "order": "77"}),
        json!({"price": "9,99 EUR incl. VAT", "quantity": "two"}),
        json!({"price": ""}),
    ] {
        let unnamed = event("evt_9", "payment_intent.succeeded", &intent("pi_9", &customer, 900, &metadata));
        assert_eq!(scene.send(&unnamed, at(10)).await.says, "ignored: no_purchase", "{metadata}");
    }
}

#[tokio::test]
async fn a_refund_and_a_dispute_of_a_divided_payment_reach_its_parts() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let lines = [
        line("price_pro_monthly", 1_000, false),
        line("price_pack_100", 900, false),
        line("price_elsewhere", 200, false),
    ];
    let body = event("evt_1", "invoice.paid", &invoice(&customer, Some("sub_1"), 2_100, &lines));
    scene.send(&event("evt_2", "invoice_payment.paid", &invoice_payment("pi_1", 2_100)), at(5)).await;
    assert_eq!(scene.send(&body, at(10)).await.says, "applied");
    let refund = |id: &str, amount: u64, status: &str| {
        json!({
            "id": id, "object": "refund", "amount": amount, "currency": "usd", "payment_intent": "pi_1",
            "status": status, "metadata": {}, "created": START_S,
        })
    };
    let refunded = async |scene: &Scene| {
        let mut sums = Vec::new();
        for id in ["in_1", "in_1~2"] {
            sums.push(payment(scene, id).await.refunded_minor);
        }
        sums
    };
    for (id, amount, status, says, expected) in [
        // Exactly the pack's money.
        ("re_1", 900, "succeeded", "applied", [0, 900]),
        // First what brought no credits, then the plan.
        ("re_2", 500, "succeeded", "applied", [300, 900]),
        ("re_3", 701, "succeeded", "parked: refund_exceeds", [300, 900]),
        ("re_2", 500, "failed", "applied", [0, 900]),
        ("re_4", 1_200, "succeeded", "applied", [1_000, 900]),
    ] {
        let body = event(&format!("evt_{id}_{status}"), "refund.updated", &refund(id, amount, status));
        assert_eq!(scene.send(&body, at(60)).await.says, says, "{id} {status}");
        assert_eq!(refunded(&scene).await, expected, "{id} {status}");
    }
    let dispute = json!({
        "id": "du_1", "object": "dispute", "amount": 2_100, "currency": "usd", "payment_intent": "pi_1",
        "charge": "ch_1", "status": "needs_response", "created": START_S, "reason": "general",
    });
    let body = event("evt_d", "charge.dispute.created", &dispute);
    assert_eq!(scene.send(&body, at(70)).await.says, "applied");
    assert_eq!(scene.send(&body, at(70)).await.says, "repeated");
    for id in ["in_1", "in_1~2"] {
        assert_eq!(payment(&scene, id).await.disputes.len(), 1, "{id}");
    }
}

#[tokio::test]
async fn s2_26_the_first_paid_charge_after_a_trial_stops_the_clock() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let charge = |id: &str, subscription: &str, reason: &str, paid: u64| {
        let mut object = invoice(
            &customer,
            Some(subscription),
            paid,
            &[line("price_pro_monthly", i64::try_from(paid).unwrap(), false)],
        );
        object["id"] = json!(id);
        object["billing_reason"] = json!(reason);
        event(&format!("evt_{id}"), "invoice.paid", &object)
    };
    scene.send(&charge("in_a", "sub_a", "subscription_create", 1_000), at(0)).await;
    let ended = json!({
        "id": "sub_a", "object": "subscription", "customer": customer, "status": "canceled",
        "cancel_at_period_end": false, "ended_at": START_S + DAY_S,
        // An add-on before the plan, and a price that has left the catalogue.
        "items": {"object": "list", "data": [{"price": "price_retired"}], "has_more": false},
    });
    let body = event("evt_end", "customer.subscription.deleted", &ended);
    assert_eq!(scene.send(&body, at(DAY_S)).await.says, "applied");
    let expiry = async |scene: &Scene| scene.account(ACCOUNT).await.lots[0].expires_at;
    assert_eq!(expiry(&scene).await, Some(at(61 * DAY_S)));
    let trial = charge("in_b", "sub_b", "subscription_create", 0);
    assert_eq!(scene.send(&trial, at(9 * DAY_S)).await.says, "ignored: no_credits");
    assert_eq!(expiry(&scene).await, Some(at(61 * DAY_S)));
    let first = charge("in_c", "sub_b", "subscription_cycle", 1_000);
    assert_eq!(scene.send(&first, at(23 * DAY_S)).await.says, "applied");
    assert_eq!(expiry(&scene).await, None);
}

#[tokio::test]
async fn the_plan_of_a_subscription_is_found_among_all_items() {
    use ledger::SubscriptionId;

    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let subscription = json!({
        "id": "sub_1", "object": "subscription", "customer": customer, "status": "active",
        "cancel_at_period_end": false,
        "items": {
            "object": "list", "has_more": false,
            "data": [{"price": "price_elsewhere"}, {"price": "price_pro_monthly"}],
        },
    });
    scene.send(&event("evt_1", "customer.subscription.updated", &subscription), at(10)).await;
    let account = AccountId::new(ACCOUNT).unwrap();
    let stored = scene.tables.subscription(&account, &SubscriptionId::new("sub_1").unwrap()).await.unwrap();
    assert_eq!(stored.unwrap().price.as_deref(), Some("price_pro_monthly"));
}

#[tokio::test]
async fn each_purchase_of_a_payment_is_of_its_own_kind_and_product() {
    let scene = Scene::new().await;
    let customer = linked(&scene).await;
    let lines = [line("price_3d_pack_100", 900, false), line("price_pro_monthly", 1_000, false)];
    let body = event("evt_1", "invoice.paid", &invoice(&customer, Some("sub_1"), 1_900, &lines));
    assert_eq!(scene.send(&body, at(10)).await.says, "applied");
    let (plan, pack) = (payment(&scene, "in_1").await, payment(&scene, "in_1~2").await);
    assert!(matches!(plan.kind, PaymentKind::Subscription { .. }));
    assert_eq!((plan.paid, plan.policy.unwrap().document.as_str()), (usd(1_000), "music-studio"));
    assert_eq!((pack.kind, pack.paid), (PaymentKind::Pack, usd(900)));
    assert_eq!(pack.policy.unwrap().document, "image-to-3d");
}

#[tokio::test]
async fn an_older_invoice_that_names_its_payment_brings_the_same() {
    let scene = Scene::new().await;
    let emission = Emission { shape: Some(Shape::BeforeBasil), ..created(0) };
    let made = scene.stripe.subscribe(&crate::scene::pro(), &emission).unwrap();
    let [checkout, _, paid]: [String; 3] = scene.bodies(&made).try_into().unwrap();
    scene.send(&checkout, at(0)).await;
    let add_on = |object: &mut Value| {
        let mut line = object["lines"]["data"][0].clone();
        line["id"] = json!("il_2");
        line["amount"] = json!(300);
        line["price"]["id"] = json!("price_elsewhere");
        object["lines"]["data"].as_array_mut().unwrap().push(line);
        object["amount_paid"] = json!(1_500);
    };
    assert_eq!(scene.send_changed(&paid, at(0), add_on).await.says, "applied");
    assert_eq!(lots(&scene).await, [lot(&made.payment.unwrap(), 500, 1_200)]);
}
