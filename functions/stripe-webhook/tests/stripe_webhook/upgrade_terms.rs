//! The terms of an upgrade that no document has at present: the whole difference, and a period anew.

use policy::OnUpgrade;
use serde_json::{Value, json};

use crate::order::permutations;
use crate::plan_changes::{charged, left, linked, lot, settled_over, whole};
use crate::scene::{ACCOUNT, DAY_S, Scene, at};

const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";
const PERIOD_S: i64 = 30 * DAY_S;

async fn with(term: OnUpgrade) -> Scene {
    let mut scene = linked().await;
    scene.webhook.on_upgrade = match term {
        OnUpgrade::FullDifference => |_, _| OnUpgrade::FullDifference,
        OnUpgrade::Reset => |_, _| OnUpgrade::Reset,
        OnUpgrade::ProratedDifference => |_, _| OnUpgrade::ProratedDifference,
    };
    scene
}

fn first() -> String {
    charged("in_1", "subscription_create", 1_000, 0, &[whole(PRO, 1_000, 0, PERIOD_S)])
}

/// An upgrade on a day from so many of a plan to so many of one, which gives back of `credited`.
fn up(id: &str, credited: &str, day: i64, old: (&str, u64), new: (&str, u64)) -> String {
    let rest = (day * DAY_S, PERIOD_S);
    let mut back = settled_over(old.0, old.1, -500, rest);
    back["parent"]["subscription_item_details"]["proration_details"] =
        json!({"credited_items": {"invoice": credited, "invoice_line_items": ["il_1"]}});
    let lines: [Value; 2] = [back, settled_over(new.0, new.1, 1_500, rest)];
    charged(id, "subscription_update", 1_000, day * DAY_S, &lines)
}

#[tokio::test]
async fn s4_14_the_whole_difference_comes_with_the_first_change_of_a_period_in_any_order() {
    let bodies = [
        first(),
        up("in_2", "in_1", 15, (PRO, 1), (PREMIER, 1)),
        up("in_3", "in_2", 20, (PREMIER, 1), (PREMIER, 2)),
    ];
    for order in permutations(3) {
        let scene = with(OnUpgrade::FullDifference).await;
        let mut waiting: Vec<usize> = order.clone();
        while !waiting.is_empty() {
            let before = waiting.len();
            for place in waiting.clone() {
                let reply = scene.send(&bodies[place], at(60)).await;
                if reply.status == 200 {
                    assert_eq!(reply.says, "applied", "{order:?}");
                    waiting.retain(|other| *other != place);
                }
            }
            assert!(waiting.len() < before, "{order:?}");
        }
        // 1,500 more for the whole month, and of 2,000 more the third that is left of it.
        let expected = [lot("in_1", 500), lot("in_2", 1_500), lot("in_3", 666)];
        assert_eq!(left(&scene).await, expected, "{order:?}");
    }
}

/// Up on each month's last day, and down by a schedule: each time a day is paid.
#[tokio::test]
async fn s4_14_the_whole_difference_comes_once_however_often_a_customer_goes_up() {
    let scene = with(OnUpgrade::FullDifference).await;
    let month_s = |month: i64| month * 31 * DAY_S;
    for month in 0..3 {
        let (from, until) = (month_s(month), month_s(month + 1));
        let reason = if month == 0 { "subscription_create" } else { "subscription_cycle" };
        let renewal = charged(&format!("in_{month}"), reason, 1_000, from, &[whole(PRO, 1_000, from, until)]);
        let rest = (until - DAY_S, until);
        let lines = [settled_over(PRO, 1, -32, rest), settled_over(PREMIER, 1, 96, rest)];
        let up = charged(&format!("in_{month}_up"), "subscription_update", 64, rest.0, &lines);
        for body in [renewal, up] {
            for says in ["applied", "repeated"] {
                assert_eq!(scene.send(&body, at(rest.0)).await.says, says, "{month}");
            }
        }
    }
    let granted = scene
        .account(ACCOUNT)
        .await
        .lots
        .into_iter()
        .filter(|lot| lot.payment.as_ref().is_some_and(|payment| payment.as_str().ends_with("_up")));
    let granted: Vec<u64> = granted.map(|lot| lot.granted.get()).collect();
    // 1,500 more for the whole month once, and then for the day that is paid.
    assert_eq!(granted.len(), 3, "{granted:?}");
    assert_eq!(granted.iter().filter(|credits| **credits == 1_500).count(), 1, "{granted:?}");
    assert!(granted.iter().all(|credits| *credits == 1_500 || *credits < 60), "{granted:?}");
}

/// Both have read that no change had it; the guard refuses the second.
#[tokio::test]
async fn of_two_changes_at_once_one_has_the_whole_difference() {
    let scene = with(OnUpgrade::FullDifference).await;
    let of_other = |body: String| body.replace("sub_1", "sub_2");
    let month = [whole(PRO, 1_000, 0, PERIOD_S)];
    let other = of_other(charged("in_3", "subscription_create", 1_000, 0, &month));
    for body in [first(), other] {
        assert_eq!(scene.send(&body, at(0)).await.says, "applied");
    }
    let changes = [
        up("in_2", "in_1", 15, (PRO, 1), (PREMIER, 1)),
        of_other(up("in_4", "in_3", 15, (PRO, 1), (PREMIER, 1))),
    ];
    let said = tokio::join!(scene.send(&changes[0], at(60)), scene.send(&changes[1], at(60)));
    let mut statuses = [said.0.status, said.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503], "{} {}", said.0.says, said.1.says);
    // Stripe sends again what was not taken.
    let mut again =
        [scene.send(&changes[0], at(120)).await.says, scene.send(&changes[1], at(120)).await.says];
    again.sort();
    assert_eq!(again, ["applied", "repeated"]);
    let mut granted: Vec<u64> = left(&scene).await.into_iter().map(|(_, credits)| credits).collect();
    granted.sort_unstable();
    assert_eq!(granted, [500, 500, 750, 1_500]);
}

/// What all changes of a product come to is one purchase, so that its guard is written once.
#[tokio::test]
async fn an_invoice_with_changes_in_two_periods_has_one_whole_difference() {
    let scene = with(OnUpgrade::FullDifference).await;
    assert_eq!(scene.send(&first(), at(0)).await.says, "applied");
    let rests = [(15 * DAY_S, PERIOD_S), (15 * DAY_S, 45 * DAY_S)];
    let lines: Vec<Value> = rests
        .into_iter()
        .flat_map(|rest| [settled_over(PRO, 1, -500, rest), settled_over(PREMIER, 1, 1_500, rest)])
        .collect();
    let change = charged("in_2", "subscription_update", 2_000, 15 * DAY_S, &lines);
    for says in ["applied", "repeated"] {
        assert_eq!(scene.send(&change, at(60)).await.says, says);
    }
    assert_eq!(left(&scene).await, [lot("in_1", 500), lot("in_2", 3_000)]);
    let later = up("in_3", "in_2", 20, (PREMIER, 1), (PREMIER, 2));
    assert_eq!(scene.send(&later, at(60)).await.says, "applied");
    assert_eq!(left(&scene).await[2], lot("in_3", 666));
}

#[tokio::test]
async fn s4_14_a_reset_takes_the_place_of_what_is_left_and_a_proration_does_not() {
    for (term, expected) in [
        (OnUpgrade::Reset, [lot("in_1", 0), lot("in_2", 2_000)]),
        (OnUpgrade::ProratedDifference, [lot("in_1", 500), lot("in_2", 2_000)]),
    ] {
        let scene = with(term).await;
        let anew = [whole(PREMIER, 3_000, 15 * DAY_S, 45 * DAY_S)];
        let anew = charged("in_2", "subscription_update", 3_000, 15 * DAY_S, &anew);
        for body in [first(), anew] {
            for says in ["applied", "repeated"] {
                assert_eq!(scene.send(&body, at(60)).await.says, says, "{term:?}");
            }
        }
        assert_eq!(left(&scene).await, expected, "{term:?}");
    }
}
