//! What a change of plans returns to the customer's balance at Stripe: its credits go, no refund pays it out
//! as well, and what the balance pays later brings credits in full.

use ledger::contract::{grant, place, run, settle};
use ledger::{AccountId, Command, Credits, Ending};
use serde_json::{Value, json};

use crate::plan_changes::{charged, left, linked, lot, refunded, settled_over, whole};
use crate::purchases::{payment, usd};
use crate::scene::{ACCOUNT, DAY_S, Scene, at};

const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";
const HALF_S: i64 = 15 * DAY_S;
const PERIOD_S: i64 = 30 * DAY_S;
const REST: (i64, i64) = (HALF_S, PERIOD_S);

/// From Premier to Pro, half way through the month.
fn down() -> String {
    let lines = [settled_over(PREMIER, 1, -1_500, REST), settled_over(PRO, 1, 500, REST)];
    charged("in_2", "subscription_update", 0, HALF_S, &lines)
}

fn premier_month(id: &str, reason: &str, paid: u64, start_s: i64) -> String {
    charged(id, reason, paid, start_s, &[whole(PREMIER, 3_000, start_s, start_s + PERIOD_S)])
}

async fn applied(scene: &Scene, body: &str) {
    for says in ["applied", "repeated"] {
        assert_eq!(scene.send(body, at(60)).await.says, says, "{body}");
    }
}

async fn spend(scene: &Scene, count: u64) {
    let account = AccountId::new(ACCOUNT).unwrap();
    for command in [place("g1", count), settle("g1", Ending::Succeeded)] {
        run(&scene.tables, &account, &command, at(70)).await;
    }
}

async fn debt(scene: &Scene) -> u64 {
    scene.account(ACCOUNT).await.debt.get()
}

#[tokio::test]
async fn s4_14_a_downgrade_at_once_takes_the_credits_whose_money_the_balance_has() {
    let scene = linked().await;
    applied(&scene, &premier_month("in_1", "subscription_create", 3_000, 0)).await;
    applied(&scene, &down()).await;
    // Half a month of the difference: 750 credits, for 1,000 that are in the balance.
    assert_eq!(left(&scene).await, [lot("in_1", 1_250)]);
    assert_eq!(payment(&scene, "in_1").await.refunded_minor, 1_000);
    let more = refunded("re_1", "in_1", 2_001);
    assert_eq!(scene.send(&more, at(80)).await.says, "parked: refund_exceeds");
    applied(&scene, &refunded("re_2", "in_1", 2_000)).await;
}

#[tokio::test]
async fn s4_14_what_was_spent_before_a_downgrade_comes_off_what_the_balance_buys() {
    let scene = linked().await;
    applied(&scene, &premier_month("in_1", "subscription_create", 3_000, 0)).await;
    spend(&scene, 1_900).await;
    applied(&scene, &down()).await;
    assert_eq!((scene.available(at(90)).await, debt(&scene).await), (0, 650));
    // The next month is paid with 2,000 of cash and with the balance: it brings all of its credits.
    applied(&scene, &premier_month("in_3", "subscription_cycle", 2_000, PERIOD_S)).await;
    assert_eq!((scene.available(at(90)).await, debt(&scene).await), (2_000 - 650, 0));
    let month = payment(&scene, "in_3").await;
    assert_eq!((month.paid, month.from_balance_minor, month.credits.get()), (usd(2_000), 1_000, 2_000));
}

#[tokio::test]
async fn s4_14_a_plan_that_is_cancelled_at_once_and_bought_again_from_the_balance_earns_nothing() {
    let scene = linked().await;
    applied(&scene, &premier_month("in_1", "subscription_create", 3_000, 0)).await;
    spend(&scene, 2_000).await;
    let end =
        charged("in_2", "subscription_update", 0, 60, &[settled_over(PREMIER, 1, -3_000, (60, PERIOD_S))]);
    applied(&scene, &end).await;
    assert_eq!((scene.available(at(90)).await, debt(&scene).await), (0, 2_000));
    applied(&scene, &premier_month("in_3", "subscription_create", 0, 60)).await;
    assert_eq!((scene.available(at(90)).await, debt(&scene).await), (0, 0));
    // The balance paid for it: it goes back there, and no cash does.
    let again =
        charged("in_4", "subscription_update", 0, 120, &[settled_over(PREMIER, 1, -3_000, (120, PERIOD_S))]);
    applied(&scene, &again).await;
    let of_balance = payment(&scene, "in_3").await;
    assert_eq!((of_balance.refunded_minor, of_balance.to_balance_minor), (0, 3_000));
    assert_eq!((payment(&scene, "in_1").await.refunded_minor, debt(&scene).await), (3_000, 2_000));
}

#[tokio::test]
async fn s4_14_an_upgrade_that_the_balance_pays_brings_its_credits() {
    let scene = linked().await;
    applied(&scene, &charged("in_1", "subscription_create", 1_000, 0, &[whole(PRO, 1_000, 0, PERIOD_S)]))
        .await;
    let up = [settled_over(PRO, 1, -500, REST), settled_over(PREMIER, 1, 1_500, REST)];
    applied(&scene, &charged("in_2", "subscription_update", 0, HALF_S, &up)).await;
    assert_eq!(left(&scene).await, [lot("in_1", 500), lot("in_2", 750)]);
    let change = payment(&scene, "in_2").await;
    assert_eq!((change.paid, change.from_balance_minor), (usd(0), 1_000));
    // A few cents are below what Stripe charges: the next invoice collects them.
    let rest = (PERIOD_S - 7_200, PERIOD_S);
    let small = [settled_over(PREMIER, 1, -8, rest), settled_over(PREMIER, 2, 16, rest)];
    applied(&scene, &charged("in_3", "subscription_update", 0, PERIOD_S - 7_200, &small)).await;
    assert_eq!(left(&scene).await.pop(), Some(lot("in_3", 5)));
}

#[tokio::test]
async fn s4_14_what_one_products_plan_gives_back_pays_for_another_ones() {
    let scene = linked().await;
    let month = [whole("price_assistant_plus", 3_000, 0, PERIOD_S)];
    applied(&scene, &charged("in_1", "subscription_create", 3_000, 0, &month)).await;
    let over = [
        settled_over("price_assistant_plus", 1, -1_500, REST),
        settled_over("price_audio_basic", 1, 1_500, REST),
    ];
    applied(&scene, &charged("in_2", "subscription_update", 0, HALF_S, &over)).await;
    assert_eq!(left(&scene).await, [lot("in_1", 500), lot("in_2", 200)]);
    assert_eq!(payment(&scene, "in_1").await.refunded_minor, 1_500);
    assert_eq!(payment(&scene, "in_2").await.from_balance_minor, 1_500);
    // And back again.
    let back = [
        settled_over("price_audio_basic", 1, -1_500, REST),
        settled_over("price_assistant_plus", 1, 1_500, REST),
    ];
    applied(&scene, &charged("in_3", "subscription_update", 0, HALF_S + 60, &back)).await;
    assert_eq!(left(&scene).await, [lot("in_1", 500), lot("in_2", 0), lot("in_3", 500)]);
}

#[tokio::test]
async fn s4_14_a_plan_that_has_left_the_catalogue_gives_back_what_its_payment_bought() {
    let up = [settled_over("price_pro_2024", 1, -500, REST), settled_over(PREMIER, 1, 1_500, REST)];
    let up = charged("in_2", "subscription_update", 1_000, HALF_S, &up);
    for (credits, expected) in [(Some(500), 750), (Some(300), 850), (None, 666)] {
        let scene = linked().await;
        let account = AccountId::new(ACCOUNT).unwrap();
        if let Some(credits) = credits {
            let mut old = grant(&account, "in_1", credits, Some("sub_1"));
            old.payment.price = "price_pro_2024".to_owned();
            old.payment.charged_at = at(0);
            (old.payment.period_starts_at, old.payment.period_ends_at) = (Some(at(0)), Some(at(PERIOD_S)));
            run(&scene.tables, &account, &Command::Grant(old), at(0)).await;
        }
        applied(&scene, &up).await;
        let change = payment(&scene, "in_2").await;
        assert_eq!(change.credits, Credits::new(expected).unwrap(), "{credits:?}");
    }
    // Of two products nobody can say whose plan it was.
    let scene = linked().await;
    let mixed = [
        settled_over("price_pro_2024", 1, -500, REST),
        settled_over(PREMIER, 1, 1_500, REST),
        settled_over("price_audio_basic", 1, 300, REST),
    ];
    let mixed = charged("in_2", "subscription_update", 1_300, HALF_S, &mixed);
    assert_eq!(scene.send(&mixed, at(60)).await.says, "parked: price_unknown");
}

/// The line of a change that names the invoice of which it gives back.
fn credited(mut line: Value, invoice: &str) -> Value {
    line["parent"]["subscription_item_details"]["proration_details"] =
        json!({"credited_items": {"invoice": invoice, "invoice_line_items": ["il_1"]}});
    line
}

#[tokio::test]
async fn s4_14_a_change_waits_for_the_invoice_of_which_it_gives_back() {
    let lines = [credited(settled_over(PREMIER, 1, -1_500, REST), "in_1"), settled_over(PRO, 1, 500, REST)];
    let down = charged("in_2", "subscription_update", 0, HALF_S, &lines);
    let scene = linked().await;
    let reply = scene.send(&down, at(60)).await;
    assert_eq!((reply.status, &*reply.says), (503, "unavailable"));
    assert_eq!(scene.send(&down, at(2 * 3_600)).await.says, "parked: payment_unknown");
    applied(&scene, &premier_month("in_1", "subscription_create", 3_000, 0)).await;
    applied(&scene, &down).await;
    assert_eq!(left(&scene).await, [lot("in_1", 1_250)]);
}

#[tokio::test]
async fn s4_14_taxes_on_top_go_back_with_what_they_are_on() {
    let scene = linked().await;
    applied(&scene, &premier_month("in_1", "subscription_create", 3_600, 0)).await;
    let taxed = |mut line: Value, tax: i64| {
        line["taxes"] = json!([{"amount": tax, "tax_behavior": "exclusive"}]);
        line
    };
    let lines =
        [taxed(settled_over(PREMIER, 1, -1_500, REST), -300), taxed(settled_over(PRO, 1, 500, REST), 100)];
    applied(&scene, &charged("in_2", "subscription_update", 0, HALF_S, &lines)).await;
    assert_eq!(payment(&scene, "in_1").await.refunded_minor, 1_200);
}
