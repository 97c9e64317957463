//! Scripts of plans: renewals, changes, cancellations, pauses, trials, and events of one second.

use serde_json::{Value, json};

use super::events::{
    MONTH_S, Script, begun, cancelled, changed, ended, first_month, invoice, line, month, ordered, paid,
    plan, refund, renewed, told,
};
use crate::scene::{DAY_S, START_S};

const PRO: &str = "price_pro_monthly";
const PREMIER: &str = "price_premier_monthly";
/// A plan whose renewals take the place of what is left.
const IMAGE: &str = "price_image_monthly";
const HALF_S: i64 = 15 * DAY_S;

/// What settles a change half way through the first month.
fn settled(price: &str, amount: i64, quantity: u64) -> Value {
    line(price, amount, quantity, (HALF_S, MONTH_S), true)
}

/// A line that names the invoice of which it gives back.
fn crediting(mut line: Value, invoice: &str) -> Value {
    line["parent"]["subscription_item_details"]["proration_details"] =
        json!({ "credited_items": { "invoice": invoice, "invoice_line_items": ["il_1"] } });
    line
}

/// A paid change of `sub_1`.
fn change(id: &str, paid: i64, second: i64, lines: &[Value]) -> String {
    invoice(id, Some("sub_1"), "subscription_update", (paid, second), lines)
}

fn status(price: &str, second: i64, status: &str) -> String {
    changed("sub_1", price, MONTH_S, second, &json!({ "status": status }))
}

#[expect(clippy::too_many_lines, reason = "one script after the other")]
pub(crate) fn lives() -> Vec<Script> {
    let none = json!({});
    let months_ahead = json!({
        "cancel_at": START_S + 2 * MONTH_S, "canceled_at": START_S + DAY_S,
        "cancellation_details": { "reason": "cancellation_requested" },
    });
    let failed = json!({
        "status": "canceled", "ended_at": START_S + 40 * DAY_S, "canceled_at": START_S + 40 * DAY_S,
        "cancellation_details": { "reason": "payment_failed" },
    });
    let second_plan = |id: &str, price: &str, second: i64| {
        invoice(id, Some("sub_2"), "subscription_create", (1_200, second), &[month(price, 1_200, second)])
    };
    vec![
        Script::new(
            "a plan from its checkout to its end",
            [
                ordered("sub_1", PRO, 0),
                begun("sub_1", PRO, 0),
                first_month(PRO),
                renewed("in_2", PRO, MONTH_S),
                cancelled("sub_1", PRO, 2 * MONTH_S, 40 * DAY_S),
                ended("sub_1", PRO, (40 * DAY_S, 2 * MONTH_S)),
            ],
        ),
        Script::new(
            "a plan from its checkout to the refund of its last month",
            [
                ordered("sub_1", PRO, 0),
                begun("sub_1", PRO, 0),
                first_month(PRO),
                renewed("in_2", PRO, MONTH_S),
                refund("re_1", "in_2", 1_200, ("created", "succeeded"), 35 * DAY_S),
                cancelled("sub_1", PRO, 2 * MONTH_S, 40 * DAY_S),
                ended("sub_1", PRO, (40 * DAY_S, 2 * MONTH_S)),
            ],
        ),
        Script::of_customer(
            "renewals that take the place of what is left",
            [
                first_month(IMAGE),
                renewed("in_2", IMAGE, MONTH_S),
                renewed("in_3", IMAGE, 2 * MONTH_S),
                cancelled("sub_1", IMAGE, 3 * MONTH_S, 70 * DAY_S),
            ],
        ),
        Script::of_customer(
            "a second plan after the first has ended stops its clock",
            [
                ended("sub_1", PRO, (MONTH_S, MONTH_S)),
                begun("sub_2", PRO, 50 * DAY_S),
                second_plan("in_2", PRO, 50 * DAY_S),
            ],
        )
        .after([first_month(PRO)]),
        Script::of_customer(
            "a second plan, and the first one's invoice in any order with it",
            [
                first_month(PRO),
                ended("sub_1", PRO, (MONTH_S, MONTH_S)),
                begun("sub_2", PRO, 50 * DAY_S),
                second_plan("in_2", PRO, 50 * DAY_S),
            ],
        ),
        Script::of_customer(
            "a second plan after the first has ended keeps its clock",
            [
                ended("sub_1", IMAGE, (MONTH_S, MONTH_S)),
                begun("sub_2", IMAGE, 31 * DAY_S),
                second_plan("in_2", IMAGE, 31 * DAY_S),
            ],
        )
        .after([first_month(IMAGE)]),
        Script::of_customer(
            "a cancellation that is taken back",
            [
                begun("sub_1", PRO, 0),
                first_month(PRO),
                cancelled("sub_1", PRO, MONTH_S, 10 * DAY_S),
                changed("sub_1", PRO, MONTH_S, 12 * DAY_S, &none),
                renewed("in_2", PRO, MONTH_S),
            ],
        ),
        Script::of_customer(
            "a cancellation months ahead",
            [
                first_month(PRO),
                changed("sub_1", PRO, MONTH_S, DAY_S, &months_ahead),
                renewed("in_2", PRO, MONTH_S),
                renewed("in_3", PRO, 2 * MONTH_S),
            ],
        ),
        Script::of_customer(
            "a renewal after a confirmed cancellation",
            [
                first_month(PRO),
                cancelled("sub_1", PRO, MONTH_S, 10 * DAY_S),
                renewed("in_2", PRO, MONTH_S),
                ended("sub_1", PRO, (10 * DAY_S, MONTH_S + 60)),
            ],
        ),
        Script::of_customer(
            "a plan that ends for want of money",
            [
                first_month(PRO),
                status(PRO, MONTH_S, "past_due"),
                status(PRO, 35 * DAY_S, "unpaid"),
                told("customer.subscription.deleted", 40 * DAY_S, &plan("sub_1", PRO, MONTH_S, &failed)),
            ],
        ),
        Script::of_customer(
            "a renewal that is paid late",
            [
                first_month(IMAGE),
                status(IMAGE, MONTH_S, "past_due"),
                invoice(
                    "in_2",
                    Some("sub_1"),
                    "subscription_cycle",
                    (1_200, 65 * DAY_S),
                    &[month(IMAGE, 1_200, MONTH_S)],
                ),
                renewed("in_3", IMAGE, 2 * MONTH_S),
                status(IMAGE, 65 * DAY_S, "active"),
            ],
        ),
        Script::new(
            "a trial and its first paid month",
            [
                ordered("sub_1", PRO, 0),
                told(
                    "customer.subscription.created",
                    0,
                    &plan("sub_1", PRO, 7 * DAY_S, &json!({ "status": "trialing" })),
                ),
                invoice("in_1", Some("sub_1"), "subscription_create", (0, 0), &[month(PRO, 0, 0)]),
                changed("sub_1", PRO, 37 * DAY_S, 7 * DAY_S, &none),
                renewed("in_2", PRO, 7 * DAY_S),
            ],
        ),
        Script::of_customer(
            "a pause of the collection and one of the plan",
            [
                first_month(PRO),
                changed("sub_1", PRO, MONTH_S, DAY_S, &json!({ "pause_collection": { "behavior": "void" } })),
                changed("sub_1", PRO, MONTH_S, 2 * DAY_S, &none),
                told(
                    "customer.subscription.paused",
                    3 * DAY_S,
                    &plan("sub_1", PRO, MONTH_S, &json!({ "status": "paused" })),
                ),
                told("customer.subscription.resumed", 4 * DAY_S, &plan("sub_1", PRO, MONTH_S, &none)),
            ],
        ),
        Script::new(
            "a first payment that takes its time",
            [
                ordered("sub_1", PRO, 60),
                told(
                    "customer.subscription.created",
                    0,
                    &plan("sub_1", PRO, MONTH_S, &json!({ "status": "incomplete" })),
                ),
                status(PRO, 60, "active"),
                first_month(PRO),
                paid("in_1", "pi_1", 1_200, 60),
            ],
        ),
        Script::of_customer(
            "a first payment that never comes",
            [
                told(
                    "customer.subscription.created",
                    0,
                    &plan("sub_1", PRO, MONTH_S, &json!({ "status": "incomplete" })),
                ),
                status(PRO, DAY_S, "incomplete_expired"),
            ],
        ),
        Script::of_customer(
            "everything in one second",
            [
                told(
                    "customer.subscription.created",
                    0,
                    &plan("sub_1", PRO, MONTH_S, &json!({ "status": "incomplete" })),
                ),
                changed("sub_1", PRO, MONTH_S, 0, &none),
                changed("sub_1", PRO, MONTH_S, 0, &json!({ "schedule": "sub_sched_1" })),
                first_month(PRO),
                ended("sub_1", PRO, (0, 0)),
            ],
        ),
        Script::of_customer(
            "cancelled and taken back in one second",
            [
                first_month(PRO),
                cancelled("sub_1", PRO, MONTH_S, 10 * DAY_S),
                changed("sub_1", PRO, MONTH_S, 10 * DAY_S, &none),
                renewed("in_2", PRO, MONTH_S),
            ],
        ),
        Script::of_customer(
            "two plans in one second",
            [first_month(PRO), second_plan("in_2", PRO, 0), begun("sub_1", PRO, 0), begun("sub_2", PRO, 0)],
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "one script after the other")]
pub(crate) fn changes() -> Vec<Script> {
    let up = [settled(PRO, -500, 1), settled(PREMIER, 1_500, 1)];
    let down = |credited: &str| [crediting(settled(PREMIER, -1_500, 1), credited), settled(PRO, 500, 1)];
    let premier =
        invoice("in_1", Some("sub_1"), "subscription_create", (3_000, 0), &[month(PREMIER, 3_000, 0)]);
    vec![
        Script::of_customer(
            "an upgrade that is paid at once, and the renewal",
            [
                begun("sub_1", PRO, 0),
                first_month(PRO),
                changed("sub_1", PREMIER, MONTH_S, HALF_S, &json!({})),
                change("in_2", 1_000, HALF_S, &up),
                invoice(
                    "in_3",
                    Some("sub_1"),
                    "subscription_cycle",
                    (3_000, MONTH_S),
                    &[month(PREMIER, 3_000, MONTH_S)],
                ),
            ],
        ),
        Script::of_customer(
            "more seats, and the renewal that takes the place of both",
            [
                first_month(IMAGE),
                change("in_2", 1_000, HALF_S, &[settled(IMAGE, -1_000, 2), settled(IMAGE, 2_000, 4)]),
                renewed("in_3", IMAGE, MONTH_S),
                paid("in_2", "pi_2", 1_000, HALF_S),
            ],
        ),
        Script::of_customer(
            "a change that the renewal pays",
            [
                first_month(PRO),
                changed("sub_1", PREMIER, MONTH_S, HALF_S, &json!({})),
                invoice(
                    "in_2",
                    Some("sub_1"),
                    "subscription_cycle",
                    (4_000, MONTH_S),
                    &[settled(PRO, -500, 1), settled(PREMIER, 1_500, 1), month(PREMIER, 3_000, MONTH_S)],
                ),
                refund("re_1", "in_2", 1_000, ("created", "succeeded"), 40 * DAY_S),
            ],
        ),
        Script::of_customer(
            "a month that becomes a year",
            [
                first_month(IMAGE),
                changed("sub_1", "price_image_yearly", HALF_S + 365 * DAY_S, HALF_S, &json!({})),
                change(
                    "in_2",
                    9_100,
                    HALF_S,
                    &[
                        settled(IMAGE, -500, 1),
                        line("price_image_yearly", 9_600, 1, (HALF_S, HALF_S + 365 * DAY_S), false),
                    ],
                ),
                paid("in_2", "pi_2", 9_100, HALF_S),
            ],
        ),
        Script::of_customer(
            "up, down and up again, the last from the balance",
            [
                first_month(PRO),
                change("in_2", 1_000, HALF_S, &up),
                change("in_3", 0, HALF_S + 60, &down("in_2")),
                change("in_4", 0, HALF_S + 120, &up),
                invoice(
                    "in_5",
                    Some("sub_1"),
                    "subscription_cycle",
                    (3_000, MONTH_S),
                    &[month(PREMIER, 3_000, MONTH_S)],
                ),
            ],
        ),
        Script::of_customer(
            "a downgrade at once, a refund beside it, and a renewal that the balance pays in part",
            [
                premier.clone(),
                change("in_2", 0, HALF_S, &down("in_1")),
                refund("re_1", "in_1", 500, ("created", "succeeded"), 20 * DAY_S),
                invoice(
                    "in_3",
                    Some("sub_1"),
                    "subscription_cycle",
                    (0, MONTH_S),
                    &[month(PRO, 1_000, MONTH_S)],
                ),
            ],
        ),
        Script::of_customer(
            "cancelled at once, and bought again from the balance",
            [
                premier.clone(),
                change("in_2", 0, HALF_S, &[crediting(settled(PREMIER, -1_500, 1), "in_1")]),
                invoice(
                    "in_3",
                    Some("sub_2"),
                    "subscription_create",
                    (0, HALF_S + 60),
                    &[month(PRO, 1_000, HALF_S + 60)],
                ),
            ],
        ),
        Script::of_customer(
            "a downgrade by a schedule",
            [
                premier,
                changed("sub_1", PREMIER, MONTH_S, 10 * DAY_S, &json!({ "schedule": "sub_sched_1" })),
                changed("sub_1", PRO, 2 * MONTH_S, MONTH_S, &json!({ "schedule": "sub_sched_1" })),
                renewed("in_2", PRO, MONTH_S),
            ],
        ),
        Script::of_customer(
            "an upgrade, the refund of the first month, and the end",
            [
                first_month(PRO),
                paid("in_1", "pi_1", 1_200, 0),
                change("in_2", 1_000, HALF_S, &up),
                refund("re_1", "pi_1", 1_200, ("created", "succeeded"), 20 * DAY_S),
                ended("sub_1", PREMIER, (21 * DAY_S, 21 * DAY_S)),
            ],
        ),
        Script::of_customer(
            "two upgrades in one period",
            [
                first_month(PRO),
                change("in_2", 500, HALF_S, &[settled(PRO, -500, 1), settled(PRO, 1_000, 2)]),
                change("in_3", 1_000, HALF_S + DAY_S, &[settled(PRO, -1_000, 2), settled(PREMIER, 2_000, 1)]),
                changed("sub_1", PREMIER, MONTH_S, HALF_S + DAY_S, &json!({})),
            ],
        ),
    ]
}
