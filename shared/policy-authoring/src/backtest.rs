//! Past requests, decided again by another version of the policy: what would have been otherwise, and for
//! whom.
//!
//! A past request is its reason, its frozen facts and what followed; nothing of it names a person. In: a
//! version, and requests one by one, so that their number is bounded by nothing but patience. Out: counts,
//! sums and the requests whose outcome changes, which is all that is kept of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use policy::{Document, Facts, Outcome, Reason, Remedy, Turn, decide, outcome_of};

/// A request as it was decided. The serde form is one line of an exported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastRequest {
    /// Its id.
    pub request: String,
    /// The reason that the customer gave.
    pub reason: Reason,
    /// When it was decided, in milliseconds since 1970.
    pub decided_at_ms: i64,
    /// The policy that decided.
    pub document: String,
    pub version: String,
    /// What was decided.
    pub outcome: Outcome,
    /// The facts, frozen when it was submitted.
    pub facts: Facts,
}

/// What another version would have made of past requests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Backtest {
    /// The requests that were decided again.
    pub requests: u64,
    /// Requests of other policies, which were left out.
    pub left_out: u64,
    /// Of those decided again: the customer gets less, or less surely.
    pub against: u64,
    /// The customer gets more, or more surely.
    pub in_favour: u64,
    /// Another outcome that favours the customer as much.
    pub otherwise: u64,
    /// The changes by the clauses that the version cites for them, most against customers first.
    pub clauses: Vec<ClauseTurns>,
    /// What moves, per currency.
    pub money: BTreeMap<String, Sums>,
    /// What moves in credits.
    pub credits: Sums,
    /// Every request whose outcome changes, in the order in which they came.
    pub flips: Vec<Flip>,
}

/// How often a clause changes an outcome.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ClauseTurns {
    pub clause: String,
    /// Against the customer.
    pub against: u64,
    /// For the customer.
    pub in_favour: u64,
    /// Neither.
    pub otherwise: u64,
}

/// Sums in the smallest unit of a currency, or in credits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// What the machine granted.
    pub granted_before: u128,
    /// What it would grant.
    pub granted_after: u128,
    /// What was recommended to people.
    pub recommended_before: u128,
    /// What would be recommended to them.
    pub recommended_after: u128,
}

/// A request whose outcome changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flip {
    pub request: String,
    /// For whom it changes.
    pub turn: Turn,
    /// What was decided.
    pub before: Outcome,
    /// What would be decided.
    pub after: Outcome,
    /// The clauses that the version cites.
    pub clauses: Vec<String>,
}

/// Decides past requests again by `document`, as if it had been in force since `since_ms` (milliseconds since
/// 1970), or since its own day where that is earlier: a purchase from before it would be a person's case.
pub fn backtest(
    document: &Document,
    since_ms: i64,
    requests: impl IntoIterator<Item = PastRequest>,
) -> Backtest {
    let mut document = document.clone();
    document.in_force_from_ms = document.in_force_from_ms.min(since_ms);
    let mut result = Backtest::default();
    let mut clauses: BTreeMap<String, ClauseTurns> = BTreeMap::new();
    for past in requests {
        if past.document != document.id {
            result.left_out = result.left_out.saturating_add(1);
            continue;
        }
        result.requests = result.requests.saturating_add(1);
        let after = outcome_of(&document, &past.facts, past.reason, past.decided_at_ms);
        result.add_sums(&past.outcome, &after);
        let turn = past.outcome.turn(&after);
        if turn == Turn::Same {
            continue;
        }
        count(turn, &mut result.against, &mut result.in_favour, &mut result.otherwise);
        // Only what changes is worth a report with its citations.
        let cited = decide(&document, &past.facts, past.reason, past.decided_at_ms).clauses;
        let cited: Vec<String> = cited.into_iter().map(|citation| citation.clause).collect();
        for clause in &cited {
            let turns = clauses.entry(clause.clone()).or_default();
            count(turn, &mut turns.against, &mut turns.in_favour, &mut turns.otherwise);
        }
        result.flips.push(Flip { request: past.request, turn, before: past.outcome, after, clauses: cited });
    }
    result.clauses = clauses.into_iter().map(|(clause, turns)| ClauseTurns { clause, ..turns }).collect();
    result.clauses.sort_by_key(|turns| std::cmp::Reverse((turns.against, turns.in_favour, turns.otherwise)));
    result
}

fn count(turn: Turn, against: &mut u64, in_favour: &mut u64, otherwise: &mut u64) {
    let counter = match turn {
        Turn::Against => against,
        Turn::For => in_favour,
        Turn::Otherwise => otherwise,
        Turn::Same => return,
    };
    *counter = counter.saturating_add(1);
}

impl Backtest {
    fn add_sums(&mut self, before: &Outcome, after: &Outcome) {
        for (outcome, is_after) in [(before, false), (after, true)] {
            let (sums, amount) = match outcome.remedy() {
                None | Some(Remedy::Discount(_)) => continue,
                Some(Remedy::Credits { credits }) => (&mut self.credits, *credits),
                Some(Remedy::Money { amount_minor, currency }) => {
                    (self.money.entry(currency.clone()).or_default(), *amount_minor)
                }
            };
            let granted = matches!(outcome, Outcome::Grant { .. });
            let sum = match (granted, is_after) {
                (true, false) => &mut sums.granted_before,
                (true, true) => &mut sums.granted_after,
                (false, false) => &mut sums.recommended_before,
                (false, true) => &mut sums.recommended_after,
            };
            *sum = sum.saturating_add(amount.into());
        }
    }
}
