//! What the webhook notes of disputes, fraud warnings and outside refunds, for the cases that people decide.

use ledger::{AccountId, DUE_SHARDS, Payment, PaymentId, PaymentStore, shard_of};
use refunds::{DueRequestStore, DueThing, Lead, LeadStore, LeadSubject, Occasion, Reported};
use serde_json::{Value, json};
use testkit::stand_in::{BuyPack, DashboardRefund, SettleRefund, SettledStatus};

use crate::disputes::dispute;
use crate::order::permutations;
use crate::scene::{ACCOUNT, DAY_S, Scene, at, created};

/// What is noted of the account, as far as the sweep has to look.
async fn noted(scene: &Scene) -> Vec<Lead> {
    let shard = shard_of(&AccountId::new(ACCOUNT).unwrap(), DUE_SHARDS);
    let mut noted = Vec::new();
    for due in scene.tables.due_requests(shard, at(300 * DAY_S), 100).await.unwrap() {
        let DueThing::Lead(id) = due.thing else { panic!("{due:?}") };
        noted.push(scene.tables.lead(&id).await.unwrap().unwrap());
    }
    noted
}

async fn reports(scene: &Scene) -> Vec<(String, Reported)> {
    let told = |lead: Lead| match lead.subject {
        LeadSubject::Reported { occasion, reported, .. } => (occasion.id().to_owned(), reported),
        other => panic!("{other:?}"),
    };
    noted(scene).await.into_iter().map(told).collect()
}

fn warning(kind: &str, payment: Option<&str>, actionable: bool, second: i64) -> String {
    json!({
        "id": format!("evt_{kind}_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null },
        "type": format!("radar.early_fraud_warning.{kind}"),
        "data": { "object": {
            "id": "issfr_1", "object": "radar.early_fraud_warning", "actionable": actionable,
            "charge": "ch_1", "created": at(100).as_s(), "fraud_type": "made_with_stolen_card",
            "livemode": false, "payment_intent": payment,
        }},
    })
    .to_string()
}

/// A pack of 100 credits for 9.00 USD.
async fn bought(price: &str) -> (Scene, String) {
    let scene = Scene::new().await;
    let made = scene.stripe.buy_pack(&BuyPack::of(ACCOUNT, price, 900), &created(0)).unwrap();
    assert_eq!(scene.send(&scene.body(&made.events[0]), at(0)).await.says, "applied");
    (scene, made.payment.unwrap())
}

async fn payment(scene: &Scene, id: &str) -> Payment {
    scene.tables.payment(&PaymentId::new(id).unwrap()).await.unwrap().unwrap()
}

#[tokio::test]
async fn each_report_of_a_dispute_that_is_news_is_noted_once() {
    let (scene, payment) = bought("price_pack_100").await;
    let opened = dispute("created", "needs_response", &payment, 100);
    let looked_at = dispute("updated", "under_review", &payment, 200);
    for (body, says, count) in [
        (&opened, "applied", 1),
        (&opened, "repeated", 1),
        (&looked_at, "applied", 2),
        // An older one says nothing any more.
        (&opened, "repeated", 2),
        (&dispute("updated", "needs_response", &payment, 150), "repeated", 2),
    ] {
        let reply = scene.send(body, at(300)).await;
        assert_eq!((reply.says.as_str(), reports(&scene).await.len()), (says, count));
    }
    for (id, reported) in reports(&scene).await {
        assert!(id == "du_1" && matches!(reported, Reported::Dispute { .. }));
    }
    // A report that the sweep has looked at is not noted by a repeat.
    for lead in noted(&scene).await {
        scene.tables.forget(&lead.id()).await.unwrap();
    }
    assert_eq!(scene.send(&looked_at, at(400)).await.says, "repeated");
    assert_eq!(reports(&scene).await, []);
}

#[tokio::test]
async fn the_report_of_a_dispute_says_why_and_until_when() {
    let (scene, id) = bought("price_pack_100").await;
    let mut event: Value = serde_json::from_str(&dispute("created", "needs_response", &id, 100)).unwrap();
    event["data"]["object"]["evidence_details"] = json!({ "due_by": at(9 * DAY_S).as_s() });
    scene.send(&event.to_string(), at(101)).await;
    let [seen] = payment(&scene, &id).await.disputes.try_into().unwrap();
    assert_eq!((seen.reason.as_deref(), seen.due_by), (Some("fraudulent"), Some(at(9 * DAY_S))));
    assert_eq!(seen.amount.unwrap().minor(), 900);
}

#[tokio::test]
async fn a_fraud_warning_is_noted_by_its_payment_or_its_charge() {
    for names_payment in [true, false] {
        let (scene, payment) = bought("price_pack_100").await;
        let named = names_payment.then_some(payment.as_str());
        let warned = warning("created", named, true, 100);
        if !names_payment {
            // Another event said whose charge it is.
            assert_eq!(scene.send(&warned, at(101)).await.status, 503);
            scene.send(&warning("created", Some("pi_nobody"), true, 90), at(91)).await;
            scene.send(&dispute("created", "warning_needs_response", &payment, 95), at(96)).await;
            for lead in noted(&scene).await {
                scene.tables.forget(&lead.id()).await.unwrap();
            }
        }
        assert_eq!(scene.send(&warned, at(102)).await.says, "applied", "{names_payment}");
        assert_eq!(scene.send(&warned, at(103)).await.says, "repeated");
        let kind = Some("made_with_stolen_card".to_owned());
        let expected = Reported::FraudWarning { kind, actionable: true };
        assert_eq!(reports(&scene).await, [("issfr_1".to_owned(), expected)]);
        let [lead] = noted(&scene).await.try_into().unwrap();
        // The sweep keeps the report of a warning as its record, so that reconciling finds nothing new.
        scene.tables.keep(&Lead { due_at: None, ..lead }).await.unwrap();
        assert_eq!(scene.send(&warned, at(104)).await.says, "repeated");
        let updated = warning("updated", named, false, 200);
        assert_eq!(scene.send(&updated, at(201)).await.says, "applied");
        assert_eq!(scene.send(&updated, at(202)).await.says, "repeated");
        assert_eq!(scene.available(at(203)).await, 100, "nothing moves by a warning");
    }
}

#[tokio::test]
async fn a_fraud_warning_of_an_unknown_payment_waits_and_is_then_parked() {
    let scene = Scene::new().await;
    let warned = warning("created", Some("pi_nobody"), true, 100);
    assert_eq!(scene.send(&warned, at(101)).await.status, 503);
    assert_eq!(scene.send(&warned, at(100 + 3_600)).await.says, "parked: payment_unknown");
}

#[tokio::test]
async fn e11_a_refund_whose_credits_a_person_decides_is_noted_with_its_count() {
    let (scene, id) = bought("price_3d_pack_100").await;
    let order = DashboardRefund { payment: id.clone(), amount: Some(450) };
    let made = scene.stripe.dashboard_refund(&order, &created(20)).unwrap();
    let refund = made.refund.unwrap();
    let refunded = scene.body(made.events.last().unwrap());
    let settle = SettleRefund { refund: refund.clone(), status: SettledStatus::Failed, failure_reason: None };
    let failed = scene.stripe.settle_refund(&settle, &created(30)).unwrap();
    let failed = scene.body(&failed.events[0]);
    for (body, says, minor, expected) in [
        (&refunded, "applied", 450, vec![false]),
        (&refunded, "repeated", 450, vec![false]),
        (&failed, "applied", 0, vec![false, true]),
        (&failed, "repeated", 0, vec![false, true]),
    ] {
        assert_eq!(scene.send(body, at(40)).await.says, says);
        assert_eq!(payment(&scene, &id).await.refunded_minor, minor);
        assert_eq!(scene.available(at(41)).await, 100, "a person decides");
        let mut told: Vec<bool> = Vec::new();
        for (of, reported) in reports(&scene).await {
            let Reported::OutsideRefund { minor: 450, failed } = reported else { panic!("{reported:?}") };
            assert_eq!(of, refund);
            told.push(failed);
        }
        told.sort_unstable();
        assert_eq!(told, expected);
    }
    // One that failed before it was known counts nothing and is no case.
    let (scene, _) = bought("price_3d_pack_100").await;
    assert_eq!(reports(&scene).await, []);
}

#[tokio::test]
async fn e11_a_policy_that_takes_credits_by_itself_needs_no_case() {
    let (scene, id) = bought("price_pack_100").await;
    let made = scene.stripe.dashboard_refund(&DashboardRefund { payment: id, amount: None }, &created(20));
    scene.send(&scene.body(made.unwrap().events.last().unwrap()), at(30)).await;
    assert_eq!((scene.available(at(31)).await, reports(&scene).await), (0, vec![]));
}

#[tokio::test]
async fn e16_a_fraud_warning_a_dispute_and_a_refund_of_one_payment_give_its_money_back_once() {
    for (order, withdrawn) in
        permutations(3).into_iter().flat_map(|order| [(order.clone(), 0), (order, -900)])
    {
        let (scene, id) = bought("price_pack_100").await;
        let refund = DashboardRefund { payment: id.clone(), amount: None };
        let refund = scene.stripe.dashboard_refund(&refund, &created(20)).unwrap();
        let mut disputed: Value =
            serde_json::from_str(&dispute("created", "needs_response", &id, 100)).unwrap();
        if withdrawn < 0 {
            disputed["data"]["object"]["balance_transactions"] =
                json!([{ "amount": withdrawn, "currency": "usd" }]);
        }
        let bodies = [
            warning("created", Some(&id), true, 90),
            disputed.to_string(),
            scene.body(refund.events.last().unwrap()),
        ];
        for index in &order {
            for _ in 0..2 {
                assert_eq!(scene.send(&bodies[*index], at(200)).await.status, 200);
                let paid = payment(&scene, &id).await;
                assert!(paid.refunded_minor + paid.withdrawn_minor() <= 900, "{order:?}");
            }
        }
        let paid = payment(&scene, &id).await;
        // What the bank has already cannot have been refunded as well: such a refund is put before a person.
        let gone = paid.refunded_minor + paid.withdrawn_minor();
        assert_eq!((gone, paid.refundable().unwrap().minor()), (900, 0), "{order:?} {withdrawn}");
        assert!(withdrawn < 0 || paid.refunded_minor == 900, "{order:?}");
        assert!(paid.bars_refunds(), "an approval finds nothing to pay: {order:?}");
        let kinds: Vec<&str> = noted(&scene)
            .await
            .iter()
            .map(|lead| match lead.occasion() {
                Some(Occasion::Dispute(_)) => "dispute",
                Some(Occasion::FraudWarning(_)) => "warning",
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds.len(), 2, "each has its case: {order:?}");
    }
}
