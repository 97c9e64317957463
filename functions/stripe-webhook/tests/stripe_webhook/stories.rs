//! Stories that either provider can tell: whoever tells one, the same ledger is left.
//!
//! The stories are generated, the same ones in every run. What each leaves is one line of `stories.txt`: the
//! lots, the payments and the subscription. The tests of each provider's webhook tell all of them and hold
//! what is left against the same lines.

use ledger::{Account, AccountId, PaymentKind, PaymentStore, SubscriptionStore};
use ledger_dynamodb::Tables;

use crate::scene::{ACCOUNT, START_S};

const DAY_S: i64 = 86_400;
const STORIES: u64 = 60;
/// What each story leaves.
const LEFT: &str = include_str!("stories.txt");

/// Something that happens; seconds count from the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// A pack is bought for 9.00.
    Pack { second: i64 },
    /// A plan is subscribed to, and its first period paid with 9.00.
    Subscribe { second: i64 },
    /// Its period of this number is paid, counted from 0.
    Renew { period: i64, second: i64 },
    /// The customer asks that it ends with the period of this number.
    CancelAtEnd { period: i64, second: i64 },
    /// It ends, in the period of this number.
    End { period: i64, second: i64 },
    /// The bank disputes the pack of this number, counted from 0.
    Dispute { pack: usize, second: i64 },
    /// A part of the pack of this number, or all of it, is refunded in the provider's dashboard.
    Refund { pack: usize, minor: u64, second: i64 },
}

impl Step {
    fn second(self) -> i64 {
        match self {
            Self::Pack { second }
            | Self::Subscribe { second }
            | Self::Renew { second, .. }
            | Self::CancelAtEnd { second, .. }
            | Self::End { second, .. }
            | Self::Dispute { second, .. }
            | Self::Refund { second, .. } => second,
        }
    }
}

/// A number below `below`, and the state from which the next one comes (Knuth's MMIX).
fn draw(state: &mut u64, below: u64) -> i64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    i64::try_from((*state >> 33) % below).unwrap()
}

fn story(seed: u64) -> Vec<Step> {
    let mut state = seed;
    let mut steps = Vec::new();
    let mut begins: Vec<i64> = (0..draw(&mut state, 4)).map(|_| draw(&mut state, 40 * 86_400)).collect();
    begins.sort_unstable();
    begins.dedup();
    steps.extend(begins.iter().map(|second| Step::Pack { second: *second }));
    for (pack, second) in begins.iter().enumerate() {
        if draw(&mut state, 3) == 0 {
            steps.push(Step::Dispute { pack, second: second + DAY_S });
        }
        if draw(&mut state, 3) == 0 {
            let minor = if draw(&mut state, 2) == 0 { 900 } else { 300 };
            steps.push(Step::Refund { pack, minor, second: second + 2 * DAY_S });
        }
    }
    if begins.is_empty() || draw(&mut state, 3) > 0 {
        let begun = draw(&mut state, 10 * 86_400);
        let periods = draw(&mut state, 4);
        steps.push(Step::Subscribe { second: begun });
        let renewals =
            (1..=periods).map(|period| Step::Renew { period, second: begun + period * 30 * DAY_S });
        steps.extend(renewals);
        let last = begun + periods * 30 * DAY_S;
        match draw(&mut state, 3) {
            0 => steps.push(Step::End { period: periods, second: last + 5 * DAY_S }),
            1 => {
                steps.push(Step::CancelAtEnd { period: periods, second: last + 5 * DAY_S });
                if draw(&mut state, 2) == 0 {
                    steps.push(Step::End { period: periods, second: last + 30 * DAY_S });
                }
            }
            _ => {}
        }
    }
    steps.sort_by_key(|step| step.second());
    steps
}

pub(crate) fn stories() -> Vec<Vec<Step>> {
    (0..STORIES).map(story).collect()
}

/// What a story has left, in one line. `subscription` is the provider's id of it, if there is one. Left out
/// is what only one of them says: its ids, who asked for the end of a subscription, its word for where that
/// stands.
pub(crate) async fn left_by(tables: &Tables, account: &Account, subscription: Option<&str>) -> String {
    let mut lots: Vec<_> = account.lots.iter().collect();
    lots.sort_by_key(|lot| lot.granted_at);
    let mut parts = Vec::new();
    for lot in lots {
        let payment = tables.payment(lot.payment.as_ref().unwrap()).await.unwrap().unwrap();
        assert_eq!((&payment.product, payment.charged_at), (&lot.product, lot.granted_at));
        let is_of_plan = lot.subscription().map(|id| id.as_str() == subscription.unwrap());
        let reason = match &payment.kind {
            PaymentKind::Pack => "pack",
            PaymentKind::Subscription { billing_reason, .. } => billing_reason,
        };
        let disputes: Vec<_> = payment.disputes.iter().map(|dispute| dispute.status.as_str()).collect();
        let states: Vec<_> = lot.disputes.iter().map(|dispute| dispute.state).collect();
        parts.push(format!(
            "{} {reason} {is_of_plan:?} +{} paid {} back {} for {:?}-{:?} lot {}/{} {:?} {disputes:?} {states:?}",
            payment.price.trim_start_matches("prod_").trim_start_matches("price_"),
            lot.granted_at.as_s() - START_S,
            payment.paid.minor(),
            payment.refunded_minor,
            payment.period_starts_at.map(|at| at.as_s() - START_S),
            payment.period_ends_at.map(|at| at.as_s() - START_S),
            lot.available,
            lot.granted,
            lot.expires_at,
        ));
    }
    if let Some(id) = subscription {
        let owner = AccountId::new(ACCOUNT).unwrap();
        let record = tables.subscription(&owner, &id.parse().unwrap()).await.unwrap().unwrap();
        let second = |at: ledger::Timestamp| at.as_s() - START_S;
        parts.push(format!(
            "plan cancels {:?} ended {:?}",
            record.cancels_at.filter(|_| record.ended_at.is_none()).map(second),
            record.ended_at.map(second),
        ));
    }
    format!("debt {} | {}", account.debt, parts.join(" | "))
}

/// Holds what the stories left against what they leave with every provider. `UPDATE_STORIES=1` writes it
/// anew.
pub(crate) fn check(lines: &[String]) {
    if std::env::var_os("UPDATE_STORIES").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../stripe-webhook/tests/stripe_webhook/stories.txt");
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
        return;
    }
    let expected: Vec<&str> = LEFT.lines().collect();
    assert_eq!(lines.len(), expected.len());
    for (number, (line, expected)) in lines.iter().zip(expected).enumerate() {
        assert_eq!(line, expected, "story {number}: {:?}", story(number.try_into().unwrap()));
    }
}
