//! Scripts of disputes.

use super::events::{Script, bought, charged, dispute, first_month, paid, refund};
use crate::scene::DAY_S;

const OPENED_S: i64 = 6 * DAY_S;
const CLOSED_S: i64 = 15 * DAY_S;
/// 9.00 USD were 8.00 EUR when they were withdrawn.
const WITHDRAWN: &[i64] = &[-800];

/// A report of the dispute `du_1` of all of the pack's money.
fn report(kind: &str, status: &str, second: i64, movements: &[i64]) -> String {
    dispute(("du_1", "pi_1", 900), (kind, status), second, movements)
}

/// The pack, and the reports with which every dispute of it begins.
fn opened(rest: impl IntoIterator<Item = String>) -> Vec<String> {
    let begin = [
        bought("cs_1", "pi_1", 0),
        report("created", "needs_response", OPENED_S, &[]),
        report("funds_withdrawn", "needs_response", OPENED_S, WITHDRAWN),
    ];
    begin.into_iter().chain(rest).collect()
}

#[expect(clippy::too_many_lines, reason = "one script after the other")]
pub(crate) fn scripts() -> Vec<Script> {
    let of_part = |id, kind, status, second, movements: &[i64]| {
        dispute((id, "pi_1", 450), (kind, status), second, movements)
    };
    let pack = || bought("cs_1", "pi_1", 0);
    let refunded = |id, minor, told, second| refund(id, "pi_1", minor, told, second);
    vec![
        Script::new(
            "a dispute that is won",
            opened([
                report("updated", "under_review", 10 * DAY_S, WITHDRAWN),
                report("closed", "won", CLOSED_S, WITHDRAWN),
                report("funds_reinstated", "won", CLOSED_S, &[-800, 800]),
            ]),
        ),
        Script::new(
            "a dispute that is won after an inquiry and a refund in part",
            [
                pack(),
                charged("ch_1", "pi_1", 0),
                refunded("re_1", 400, ("created", "succeeded"), 5 * DAY_S),
                dispute(("du_1", "pi_1", 500), ("created", "warning_needs_response"), OPENED_S, &[]),
                dispute(("du_1", "pi_1", 500), ("updated", "needs_response"), 8 * DAY_S, &[]),
                dispute(("du_1", "pi_1", 500), ("funds_withdrawn", "needs_response"), 8 * DAY_S, &[-450]),
                dispute(("du_1", "pi_1", 500), ("closed", "won"), CLOSED_S, &[-450, 450]),
            ],
        ),
        Script::new("a dispute that is lost", opened([report("closed", "lost", CLOSED_S, WITHDRAWN)])),
        Script::new(
            "a dispute that is lost and half of whose money comes back",
            opened([
                report("closed", "lost", CLOSED_S, WITHDRAWN),
                report("funds_reinstated", "lost", CLOSED_S, &[-800, 400]),
            ]),
        ),
        Script::new(
            "an appeal that is won",
            opened([
                report("closed", "lost", CLOSED_S, WITHDRAWN),
                report("updated", "appeal_under_review", 20 * DAY_S, WITHDRAWN),
                report("closed", "won", 30 * DAY_S, &[-800, 800]),
            ]),
        ),
        Script::new(
            "an inquiry that is closed",
            [
                pack(),
                report("created", "warning_needs_response", OPENED_S, &[]),
                report("updated", "warning_under_review", 8 * DAY_S, &[]),
                report("closed", "warning_closed", CLOSED_S, &[]),
            ],
        ),
        Script::new(
            "an inquiry that becomes a dispute",
            [
                pack(),
                report("created", "warning_needs_response", OPENED_S, &[]),
                report("updated", "needs_response", 8 * DAY_S, &[]),
                report("funds_withdrawn", "needs_response", 8 * DAY_S, WITHDRAWN),
                report("closed", "lost", CLOSED_S, WITHDRAWN),
            ],
        ),
        Script::new(
            "two disputes at once, of which one is lost",
            [
                pack(),
                of_part("du_1", "created", "needs_response", OPENED_S, &[-400]),
                of_part("du_2", "created", "needs_response", OPENED_S, &[-400]),
                of_part("du_1", "closed", "won", CLOSED_S, &[-400, 400]),
                of_part("du_2", "closed", "lost", CLOSED_S, &[-400]),
            ],
        ),
        Script::of_customer(
            "a dispute of an invoice's payment",
            [
                first_month("price_pro_monthly"),
                paid("in_1", "pi_1", 1_200, 0),
                dispute(("du_1", "pi_1", 1_200), ("created", "needs_response"), OPENED_S, &[-1_000]),
                dispute(("du_1", "pi_1", 1_200), ("closed", "lost"), CLOSED_S, &[-1_000]),
            ],
        ),
        Script::new(
            "a refund in part before a dispute that is lost",
            [
                pack(),
                refunded("re_1", 400, ("created", "succeeded"), 5 * DAY_S),
                dispute(("du_1", "pi_1", 500), ("created", "needs_response"), OPENED_S, &[-450]),
                dispute(("du_1", "pi_1", 500), ("closed", "lost"), CLOSED_S, &[-450]),
            ],
        ),
        Script::new(
            "a refund in part before a dispute of all of it",
            [
                pack(),
                refunded("re_1", 400, ("created", "succeeded"), 5 * DAY_S),
                report("created", "needs_response", OPENED_S, WITHDRAWN),
                report("closed", "lost", CLOSED_S, WITHDRAWN),
            ],
        ),
        Script::new(
            "a refund that fails by the dispute",
            [
                pack(),
                refunded("re_1", 900, ("created", "pending"), 5 * DAY_S),
                refunded("re_1", 900, ("failed", "failed"), 7 * DAY_S),
                report("created", "needs_response", OPENED_S, WITHDRAWN),
                report("closed", "won", CLOSED_S, &[-800, 800]),
            ],
        ),
        Script::new(
            "a dispute that was prevented by a refund",
            [
                pack(),
                charged("ch_1", "pi_1", 0),
                report("created", "prevented", OPENED_S, &[]),
                refunded("re_1", 900, ("created", "succeeded"), OPENED_S),
            ],
        ),
        Script::new(
            "two reports of one second",
            [
                pack(),
                report("updated", "under_review", OPENED_S, WITHDRAWN),
                report("closed", "lost", OPENED_S, WITHDRAWN),
                report("created", "needs_response", OPENED_S, &[]),
            ],
        ),
    ]
}
