//! Plans that change within a period: what is paid for the change lands, once, with the period's end.

use ledger::{AccountId, CustomerStore, PaymentKind};
use serde_json::{Value, json};

use crate::bought::{event, invoice, line};
use crate::purchases::{payment, usd};
use crate::scene::{ACCOUNT, DAY_S, START_S, Scene, at};

const HALF_S: i64 = 15 * DAY_S;
const PERIOD_S: i64 = 30 * DAY_S;

/// A line that settles a change half way through November.
fn settled(price: &str, quantity: u64, amount: i64) -> Value {
    settled_over(price, quantity, amount, (HALF_S, PERIOD_S))
}

/// A line that settles a change for what is left of a period.
pub(crate) fn settled_over(price: &str, quantity: u64, amount: i64, (start_s, end_s): (i64, i64)) -> Value {
    let mut line = line(price, amount, true);
    line["id"] = json!(format!("il_{price}_{quantity}_{amount}"));
    line["quantity"] = json!(quantity);
    line["quantity_decimal"] = json!(quantity.to_string());
    line["period"] = json!({"start": START_S + start_s, "end": START_S + end_s});
    line
}

/// The whole period that begins at `start_s`.
pub(crate) fn whole(price: &str, amount: i64, start_s: i64, end_s: i64) -> Value {
    let mut line = line(price, amount, false);
    line["period"] = json!({"start": START_S + start_s, "end": START_S + end_s});
    line
}

/// A paid invoice of `sub_1`, at `second`; its total is the sum of its lines.
pub(crate) fn charged(id: &str, reason: &str, paid: u64, second: i64, lines: &[Value]) -> String {
    let mut object = invoice("cus_1", Some("sub_1"), paid, lines);
    object["id"] = json!(id);
    object["billing_reason"] = json!(reason);
    object["total"] = json!(lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum::<i64>());
    object["status_transitions"]["paid_at"] = json!(START_S + second);
    event(&format!("evt_{id}"), "invoice.paid", &object)
}

pub(crate) async fn linked() -> Scene {
    let scene = Scene::new().await;
    let account = AccountId::new(ACCOUNT).unwrap();
    scene.tables.link_customer(&"cus_1".parse().unwrap(), &account).await.unwrap();
    scene
}

/// What is left of each lot, in the order of their payments' ids.
pub(crate) async fn left(scene: &Scene) -> Vec<(String, u64)> {
    let lots = scene.account(ACCOUNT).await.lots.into_iter();
    let mut left: Vec<_> =
        lots.map(|lot| (lot.payment.unwrap().as_str().to_owned(), lot.available.get())).collect();
    left.sort();
    left
}

pub(crate) fn lot(payment: &str, credits: u64) -> (String, u64) {
    (payment.to_owned(), credits)
}

#[tokio::test]
async fn s4_14_an_upgrade_that_is_paid_brings_the_difference_at_once() {
    for swapped in [false, true] {
        let scene = linked().await;
        let month = [whole("price_image_monthly", 1_000, 0, PERIOD_S)];
        let first = charged("in_1", "subscription_create", 1_000, 0, &month);
        let changed = [settled("price_image_monthly", 2, -1_000), settled("price_image_monthly", 4, 2_000)];
        let change = charged("in_2", "subscription_update", 1_000, HALF_S, &changed);
        let told = if swapped { [&change, &first] } else { [&first, &change] };
        for body in told {
            assert_eq!(scene.send(body, at(HALF_S)).await.says, "applied", "{swapped}");
        }
        for body in told {
            assert_eq!(scene.send(body, at(HALF_S + 60)).await.says, "repeated", "{swapped}");
        }
        // Two seats more, for half of the month.
        assert_eq!(left(&scene).await, [lot("in_1", 400), lot("in_2", 400)], "{swapped}");
        let paid = payment(&scene, "in_2").await;
        assert_eq!((paid.paid, paid.price.as_str()), (usd(1_000), "price_image_monthly"));
        assert_eq!((paid.period_starts_at, paid.period_ends_at), (Some(at(HALF_S)), Some(at(PERIOD_S))));
        let PaymentKind::Subscription { billing_reason, .. } = &paid.kind else { panic!("{paid:?}") };
        assert_eq!(billing_reason, "subscription_update");
        // It is of the period: the renewal takes the place of both.
        let renewal = whole("price_image_monthly", 2_000, PERIOD_S, 61 * DAY_S);
        let renewal = charged("in_3", "subscription_cycle", 2_000, PERIOD_S, &[renewal]);
        assert_eq!(scene.send(&renewal, at(PERIOD_S)).await.says, "applied");
        assert_eq!(left(&scene).await, [lot("in_1", 0), lot("in_2", 0), lot("in_3", 400)], "{swapped}");
    }
}

#[tokio::test]
async fn s4_14_an_upgrade_to_another_plan_adds_to_what_is_left() {
    let scene = linked().await;
    let first =
        charged("in_1", "subscription_create", 1_000, 0, &[whole("price_pro_monthly", 1_000, 0, PERIOD_S)]);
    assert_eq!(scene.send(&first, at(0)).await.says, "applied");
    let changed = [settled("price_pro_monthly", 1, -500), settled("price_premier_monthly", 1, 1_500)];
    let change = charged("in_2", "subscription_update", 1_000, HALF_S, &changed);
    assert_eq!(scene.send(&change, at(HALF_S)).await.says, "applied");
    assert_eq!(left(&scene).await, [lot("in_1", 500), lot("in_2", 750)]);
    let paid = payment(&scene, "in_2").await;
    assert_eq!((paid.price.as_str(), paid.credits.get()), ("price_premier_monthly", 750));
}

#[tokio::test]
async fn s4_14_a_change_without_money_brings_nothing() {
    for (name, paid, lines, says) in [
        (
            "even",
            0,
            vec![settled("price_pro_monthly", 1, -500), settled("price_premier_monthly", 1, 500)],
            "ignored: no_credits",
        ),
        (
            "more for less",
            100,
            vec![settled("price_premier_monthly", 1, -500), settled("price_pro_monthly", 1, 600)],
            "parked: proration_only",
        ),
    ] {
        let scene = linked().await;
        let change = charged("in_2", "subscription_update", paid, HALF_S, &lines);
        assert_eq!(scene.send(&change, at(HALF_S)).await.says, says, "{name}");
        assert_eq!(left(&scene).await, [], "{name}");
    }
}

#[tokio::test]
async fn s4_14_a_change_that_the_renewal_pays_lands_with_it_and_is_used_within_it() {
    for (price, upgraded, whole_credits, change_credits) in [
        ("price_pro_monthly", "price_premier_monthly", 2_000, 750),
        ("price_image_monthly", "price_image_monthly", 400, 200),
    ] {
        let scene = linked().await;
        let first = charged("in_1", "subscription_create", 1_000, 0, &[whole(price, 1_000, 0, PERIOD_S)]);
        assert_eq!(scene.send(&first, at(0)).await.says, "applied");
        let quantity = if price == upgraded { 2 } else { 1 };
        let lines = [
            settled(price, 1, -500),
            settled(upgraded, quantity, 1_500),
            whole(upgraded, 3_000, PERIOD_S, 61 * DAY_S),
        ];
        let renewal = charged("in_2", "subscription_cycle", 4_000, PERIOD_S, &lines);
        assert_eq!(scene.send(&renewal, at(PERIOD_S)).await.says, "applied");
        let left = left(&scene).await;
        assert_eq!(left[1..], [lot("in_2", whole_credits), lot("in_2~2", change_credits)], "{price}");
        assert_eq!(payment(&scene, "in_2").await.paid, usd(3_000));
        let change = payment(&scene, "in_2~2").await;
        assert_eq!((change.paid, change.period_ends_at), (usd(1_000), Some(at(61 * DAY_S))));
    }
}

#[tokio::test]
async fn s4_14_a_reset_anchor_brings_the_new_period_less_what_the_old_one_gave_back() {
    let scene = linked().await;
    let first = [whole("price_image_monthly", 1_000, 0, PERIOD_S)];
    let first = charged("in_1", "subscription_create", 1_000, 0, &first);
    assert_eq!(scene.send(&first, at(0)).await.says, "applied");
    let lines = [
        settled("price_image_monthly", 1, -500),
        whole("price_image_yearly", 9_600, HALF_S, HALF_S + 365 * DAY_S),
    ];
    let year = charged("in_2", "subscription_update", 9_100, HALF_S, &lines);
    assert_eq!(scene.send(&year, at(HALF_S)).await.says, "applied");
    // Half of the month's credits were given back with its money; all of them are still there.
    assert_eq!(left(&scene).await, [lot("in_1", 400), lot("in_2", 4_600)]);
    let paid = payment(&scene, "in_2").await;
    assert_eq!((paid.paid, paid.period_ends_at), (usd(9_100), Some(at(HALF_S + 365 * DAY_S))));
}

/// A refund in Stripe's Dashboard of so much of an invoice's money.
pub(crate) fn refunded(id: &str, invoice: &str, amount: u64) -> String {
    let refund = json!({
        "id": id, "object": "refund", "amount": amount, "currency": "usd", "charge": null,
        "created": START_S + PERIOD_S, "metadata": {}, "payment_intent": invoice, "status": "succeeded",
    });
    event(&format!("evt_{id}"), "refund.created", &refund)
}

/// Changes at once and with the renewal, the balance and refunds: no more comes back as cash than was paid,
/// less what the balance has or has paid with.
#[tokio::test]
async fn e18_after_a_proration_no_more_comes_back_than_was_paid() {
    let scene = linked().await;
    let first =
        charged("in_1", "subscription_create", 1_000, 0, &[whole("price_pro_monthly", 1_000, 0, PERIOD_S)]);
    // `create_prorations`: half of the old month and half of the new one, with the renewal.
    let up = [
        settled("price_pro_monthly", 1, -500),
        settled("price_premier_monthly", 1, 1_500),
        whole("price_premier_monthly", 3_000, PERIOD_S, 61 * DAY_S),
    ];
    let up = charged("in_2", "subscription_cycle", 4_000, PERIOD_S, &up);
    // A downgrade puts 1,000 into the balance, which pays a part of the next month.
    let rest = (61 * DAY_S - 31 * DAY_S / 2, 61 * DAY_S);
    let down = [
        settled_over("price_premier_monthly", 1, -1_500, rest),
        settled_over("price_pro_monthly", 1, 500, rest),
    ];
    let down = charged("in_3", "subscription_update", 0, 46 * DAY_S, &down);
    let month = [whole("price_premier_monthly", 3_000, 61 * DAY_S, 91 * DAY_S)];
    let last = charged("in_4", "subscription_cycle", 2_000, 61 * DAY_S, &month);
    for body in [&first, &up, &down, &last] {
        assert_eq!(scene.send(body, at(60)).await.says, "applied");
    }
    let of_last = payment(&scene, "in_4").await;
    assert_eq!((of_last.paid, of_last.from_balance_minor), (usd(2_000), 1_000));
    for (invoice, left) in [("in_1", 1_000), ("in_2", 4_000 - 1_000), ("in_4", 2_000)] {
        let more = refunded(&format!("re_more_{invoice}"), invoice, left + 1);
        assert_eq!(scene.send(&more, at(70)).await.says, "parked: refund_exceeds", "{invoice}");
        let half = refunded(&format!("re_half_{invoice}"), invoice, left / 2);
        let rest = refunded(&format!("re_rest_{invoice}"), invoice, left - left / 2);
        for (body, says) in [(&half, "applied"), (&half, "repeated"), (&rest, "applied")] {
            assert_eq!(scene.send(body, at(80)).await.says, says, "{invoice}");
        }
        let again = refunded(&format!("re_again_{invoice}"), invoice, 1);
        assert_eq!(scene.send(&again, at(90)).await.says, "parked: refund_exceeds", "{invoice}");
    }
    // With all of the money, all of what it bought is gone.
    assert!(left(&scene).await.iter().all(|(_, credits)| *credits == 0), "{:?}", left(&scene).await);
}
