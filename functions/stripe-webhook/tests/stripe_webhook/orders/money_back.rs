//! Scripts of refunds and credit notes that no request made.

use serde_json::json;

use super::events::{MONTH_S, Script, bought, charged, ended, first_month, note, paid, refund, renewed};
use crate::scene::DAY_S;

const PRO: &str = "price_pro_monthly";
const AT_S: i64 = 5 * DAY_S;

#[expect(clippy::too_many_lines, reason = "one script after the other")]
pub(crate) fn scripts() -> Vec<Script> {
    let pack = || bought("cs_1", "pi_1", 0);
    let whole = |told, second| refund("re_1", "pi_1", 900, told, second);
    let void = json!({ "status": "void" });
    let by_refund = json!({ "refunds": [{ "refund": "re_1", "type": "refund", "amount_refunded": 600 }] });
    let half_by_refund =
        json!({ "refunds": [{ "refund": "re_1", "type": "refund", "amount_refunded": 200 }] });
    vec![
        Script::new(
            "a refund that succeeds",
            [
                pack(),
                charged("ch_1", "pi_1", 0),
                whole(("created", "pending"), AT_S),
                whole(("updated", "succeeded"), AT_S + 60),
            ],
        ),
        Script::new(
            "a refund that fails",
            [pack(), whole(("created", "pending"), AT_S), whole(("failed", "failed"), AT_S + 60)],
        ),
        Script::new(
            "a refund that fails a week after it succeeded",
            [
                pack(),
                whole(("created", "succeeded"), AT_S),
                whole(("updated", "succeeded"), AT_S + 60),
                whole(("failed", "failed"), AT_S + 7 * DAY_S),
                whole(("updated", "failed"), AT_S + 7 * DAY_S),
            ],
        ),
        Script::new(
            "a refund that is cancelled, and one that the customer has to accept",
            [
                pack(),
                refund("re_1", "pi_1", 450, ("created", "pending"), AT_S),
                refund("re_1", "pi_1", 450, ("updated", "canceled"), AT_S + 60),
                refund("re_2", "pi_1", 450, ("created", "requires_action"), AT_S + 90),
                refund("re_2", "pi_1", 450, ("updated", "succeeded"), AT_S + 120),
            ],
        ),
        Script::new(
            "two halves, of which the first fails",
            [
                pack(),
                refund("re_1", "pi_1", 450, ("created", "succeeded"), AT_S),
                refund("re_1", "pi_1", 450, ("failed", "failed"), AT_S + 60),
                refund("re_2", "pi_1", 450, ("created", "succeeded"), AT_S + 120),
            ],
        ),
        Script::new(
            "three parts that are all of it, in one second",
            [
                pack(),
                refund("re_1", "pi_1", 300, ("created", "succeeded"), AT_S),
                refund("re_2", "pi_1", 300, ("created", "succeeded"), AT_S),
                refund("re_3", "pi_1", 300, ("created", "succeeded"), AT_S),
            ],
        ),
        Script::new(
            "two unequal parts, of which the smaller fails",
            [
                pack(),
                refund("re_1", "pi_1", 360, ("created", "succeeded"), AT_S),
                refund("re_2", "pi_1", 540, ("created", "succeeded"), AT_S + 60),
                refund("re_1", "pi_1", 360, ("failed", "failed"), AT_S + 120),
            ],
        ),
        Script::of_customer(
            "a refund that finds the invoice of its payment",
            [
                first_month(PRO),
                paid("in_1", "pi_1", 1_200, 0),
                charged("ch_1", "pi_1", 0),
                refund("re_1", "pi_1", 500, ("created", "succeeded"), AT_S),
                ended("sub_1", PRO, (MONTH_S, MONTH_S)),
            ],
        ),
        Script::of_customer(
            "the refund of a renewal, and the end",
            [
                first_month(PRO),
                renewed("in_2", PRO, MONTH_S),
                paid("in_2", "pi_2", 1_200, MONTH_S),
                refund("re_1", "pi_2", 1_200, ("created", "succeeded"), MONTH_S + DAY_S),
                ended("sub_1", PRO, (MONTH_S + DAY_S, MONTH_S + DAY_S)),
            ],
        ),
        Script::of_customer(
            "a credit note to the balance that is voided",
            [
                first_month(PRO),
                note("cn_1", "in_1", "created", AT_S, &json!({})),
                note("cn_1", "in_1", "updated", AT_S + 60, &json!({ "memo": "as agreed" })),
                note("cn_1", "in_1", "voided", AT_S + 120, &void),
            ],
        ),
        Script::of_customer(
            "a credit note with its refund",
            [
                first_month(PRO),
                paid("in_1", "pi_1", 1_200, 0),
                note("cn_1", "in_1", "created", AT_S, &by_refund),
                refund("re_1", "pi_1", 600, ("created", "succeeded"), AT_S),
            ],
        ),
        Script::of_customer(
            "a credit note that is refunded in part and credited in part, and another one",
            [
                first_month(PRO),
                paid("in_1", "pi_1", 1_200, 0),
                note("cn_1", "in_1", "created", AT_S, &half_by_refund),
                refund("re_1", "pi_1", 200, ("created", "succeeded"), AT_S),
                note("cn_2", "in_1", "created", AT_S, &json!({})),
            ],
        ),
    ]
}
