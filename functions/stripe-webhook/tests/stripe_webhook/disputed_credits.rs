//! What a dispute does to the credits of its payment, from the events that Stripe sends about it.

use ledger::contract::{place, run, settle};
use ledger::{Answer, Command, Credits, PaymentId, PaymentStore};
use serde_json::{Value, json};
use testkit::stand_in::BuyPack;

use crate::order::permutations;
use crate::scene::{ACCOUNT, DAY_S, Scene, at, created};

/// A report of the dispute `du_1` about a pack of 100 credits for 9.00 USD: type, status, second, and the
/// movements of the money in the currency in which Stripe settles.
type Report<'a> = (&'a str, &'a str, i64, &'a [i64]);

/// A dispute's events, and what is left after them as [`state`] says.
type Story<'a> = (&'a [Report<'a>], ([u64; 4], u64, u64, &'a str));

/// 9.00 USD were 8.00 EUR when they were withdrawn.
const WITHDRAWN: &[i64] = &[-800];
const REINSTATED: &[i64] = &[-800, 800];
const HALF_REINSTATED: &[i64] = &[-800, 400];

fn event((kind, status, second, movements): Report<'_>, payment: &str) -> String {
    let movements: Vec<Value> = movements
        .iter()
        .map(|minor| json!({ "object": "balance_transaction", "amount": minor, "currency": "eur" }))
        .collect();
    let refundable = status.starts_with("warning_") || status == "won";
    json!({
        "id": format!("evt_{kind}_{status}_{second}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": at(second).as_s(), "livemode": false, "pending_webhooks": 1,
        "request": { "id": null, "idempotency_key": null }, "type": format!("charge.dispute.{kind}"),
        "data": { "object": {
            "id": "du_1", "object": "dispute", "amount": 900, "currency": "usd", "charge": "ch_1",
            "created": at(100).as_s(), "is_charge_refundable": refundable, "livemode": false,
            "payment_intent": payment, "reason": "fraudulent", "status": status,
            "balance_transactions": movements,
            "evidence_details": { "due_by": at(9 * DAY_S).as_s(), "submission_count": 0 },
        }},
    })
    .to_string()
}

/// A pack's payment.
async fn bought() -> (Scene, PaymentId) {
    let scene = Scene::new().await;
    let payment = buy(&scene, ACCOUNT).await;
    (scene, payment)
}

async fn buy(scene: &Scene, account: &str) -> PaymentId {
    let pack = BuyPack::of(account, "price_pack_100", 900);
    let made = scene.stripe.buy_pack(&pack, &created(0)).unwrap();
    assert_eq!(scene.send(&scene.body(&made.events[0]), at(0)).await.says, "applied");
    PaymentId::new(made.payment.unwrap()).unwrap()
}

/// Available, held, frozen, owed.
async fn balance(scene: &Scene, second: i64) -> [u64; 4] {
    balance_of(scene, ACCOUNT, second).await
}

async fn balance_of(scene: &Scene, account: &str, second: i64) -> [u64; 4] {
    let balance = scene.account(account).await.balance(at(second)).unwrap();
    [balance.available, balance.held, balance.frozen, balance.debt].map(Credits::get)
}

/// What is left: the balance, what the bank has of the payment, and what can be refunded of it.
async fn state(scene: &Scene, payment: &PaymentId) -> ([u64; 4], u64, u64, String) {
    let stored = scene.tables.payment(payment).await.unwrap().unwrap();
    let [dispute] = &stored.disputes[..] else { panic!("one dispute") };
    let refundable = stored.refundable().unwrap().minor();
    (
        balance_of(scene, stored.account.as_str(), 500).await,
        stored.withdrawn_minor(),
        refundable,
        dispute.status.clone(),
    )
}

async fn hold(scene: &Scene, generation: &str, count: u64, second: i64) -> bool {
    let account = ledger::AccountId::new(ACCOUNT).unwrap();
    matches!(
        run(&scene.tables, &account, &place(generation, count), at(second)).await,
        Answer::Written { .. }
    )
}

async fn go(scene: &Scene, command: &Command, second: i64) {
    run(&scene.tables, &ledger::AccountId::new(ACCOUNT).unwrap(), command, at(second)).await;
}

#[tokio::test]
async fn the_credits_of_a_disputed_payment_cannot_be_used_until_the_bank_decides() {
    let (scene, payment) = bought().await;
    let (_, other) = scene.pack(10);
    scene.send(&other, at(10)).await;
    assert!(hold(&scene, "g1", 150, 20).await, "30 more than the disputed payment bought");
    go(&scene, &settle("g1", ledger::Ending::Failed(ledger::ReleaseReason::Failed)), 30).await;
    let opened = event(("created", "needs_response", 100, &[]), payment.as_str());
    assert_eq!(scene.send(&opened, at(101)).await.says, "applied");
    assert_eq!(balance(&scene, 102).await, [100, 0, 100, 0]);
    assert!(!hold(&scene, "g2", 101, 103).await);
    // Every delivery carries it out, and a repeat changes nothing.
    let entries = scene.journal(ACCOUNT).await.len();
    assert_eq!(scene.send(&opened, at(104)).await.says, "repeated");
    assert_eq!(scene.journal(ACCOUNT).await.len(), entries);
    scene.send(&event(("closed", "won", 200, WITHDRAWN), payment.as_str()), at(201)).await;
    assert_eq!(balance(&scene, 202).await, [200, 0, 0, 0]);
}

#[tokio::test]
async fn an_inquiry_freezes_nothing_and_the_dispute_that_it_becomes_does() {
    let (scene, payment) = bought().await;
    for (report, left) in [
        (("created", "warning_needs_response", 100, &[][..]), [100, 0, 0, 0]),
        (("updated", "warning_under_review", 110, &[]), [100, 0, 0, 0]),
        (("updated", "needs_response", 120, &[]), [0, 0, 100, 0]),
        (("funds_withdrawn", "needs_response", 120, WITHDRAWN), [0, 0, 100, 0]),
        (("closed", "lost", 130, WITHDRAWN), [0, 0, 0, 0]),
    ] {
        scene.send(&event(report, payment.as_str()), at(140)).await;
        assert_eq!(balance(&scene, 141).await, left, "{report:?}");
    }
    let (scene, payment) = bought().await;
    for report in
        [("created", "warning_needs_response", 100, &[][..]), ("closed", "warning_closed", 110, &[])]
    {
        scene.send(&event(report, payment.as_str()), at(140)).await;
        assert_eq!(balance(&scene, 141).await, [100, 0, 0, 0], "{report:?}");
    }
}

#[tokio::test]
async fn b3_e14_e15_every_order_of_a_disputes_events_leads_to_the_same_state() {
    let (opened, updated) = ("created", "updated");
    let stories: [Story<'_>; 4] = [
        (
            &[
                (opened, "needs_response", 100, &[]),
                ("funds_withdrawn", "needs_response", 100, WITHDRAWN),
                (updated, "under_review", 200, WITHDRAWN),
                ("closed", "won", 300, WITHDRAWN),
                ("funds_reinstated", "won", 300, REINSTATED),
            ],
            ([100, 0, 0, 0], 0, 900, "won"),
        ),
        (
            &[
                (opened, "needs_response", 100, &[]),
                ("funds_withdrawn", "needs_response", 100, WITHDRAWN),
                (updated, "under_review", 200, WITHDRAWN),
                ("closed", "lost", 300, WITHDRAWN),
            ],
            ([0, 0, 0, 0], 900, 0, "lost"),
        ),
        // Lost, and half of the money comes back all the same: half of the credits stay.
        (
            &[
                (opened, "needs_response", 100, &[]),
                ("funds_withdrawn", "needs_response", 100, WITHDRAWN),
                ("closed", "lost", 300, WITHDRAWN),
                ("funds_reinstated", "lost", 300, HALF_REINSTATED),
            ],
            ([50, 0, 0, 0], 450, 450, "lost"),
        ),
        // An appeal is won.
        (
            &[
                (opened, "needs_response", 100, WITHDRAWN),
                ("closed", "lost", 200, WITHDRAWN),
                (updated, "appeal_under_review", 300, WITHDRAWN),
                ("closed", "won", 400, REINSTATED),
            ],
            ([100, 0, 0, 0], 0, 900, "won"),
        ),
    ];
    let scene = Scene::new().await;
    for (story, (reports, expected)) in stories.into_iter().enumerate() {
        for (number, order) in permutations(reports.len()).into_iter().enumerate() {
            let payment = buy(&scene, &format!("account-{story}-{number}")).await;
            for index in &order {
                let body = event(reports[*index], payment.as_str());
                // One order in five with a copy of each.
                for _ in 0..=usize::from(number % 5 == 0) {
                    assert_eq!(scene.send(&body, at(500)).await.status, 200);
                }
            }
            let (left, withdrawn, refundable, status) = state(&scene, &payment).await;
            assert_eq!((left, withdrawn, refundable, status.as_str()), expected, "{order:?} of {reports:?}");
        }
    }
}

#[tokio::test]
async fn spent_credits_of_a_lost_payment_are_no_debt_unless_the_policy_says_so() {
    let (scene, payment) = bought().await;
    assert!(hold(&scene, "g1", 40, 10).await);
    go(&scene, &settle("g1", ledger::Ending::Succeeded), 20).await;
    scene.send(&event(("closed", "lost", 100, WITHDRAWN), payment.as_str()), at(101)).await;
    assert_eq!(balance(&scene, 102).await, [0, 0, 0, 0]);
    assert!(!policy_documents::documents().iter().any(|document| document.on_dispute.debt_for_spent));
}

#[tokio::test]
async fn two_deliveries_at_once_leave_one_state() {
    for _ in 0..4 {
        let (scene, payment) = bought().await;
        let opened = event(("created", "needs_response", 100, &[]), payment.as_str());
        let lost = event(("closed", "lost", 200, WITHDRAWN), payment.as_str());
        let (one, other) = tokio::join!(scene.send(&opened, at(300)), scene.send(&lost, at(300)));
        assert_eq!((one.status, other.status), (200, 200));
        assert_eq!(state(&scene, &payment).await, ([0, 0, 0, 0], 900, 0, "lost".to_owned()));
    }
}
