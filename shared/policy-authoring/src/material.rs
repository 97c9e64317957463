//! What a version takes from customers: the evidence that a change is material (S2-33).
//!
//! Both versions decide the same requests, and what they promise besides is held against each other. The
//! requests are made from the rules and thresholds of both: facts under which each rule is met, or fails by
//! one part alone, and facts at, below and above every threshold, beside an ordinary purchase. Every finding
//! is a request that is truly decided worse; that nothing is found proves nothing, and a backtest over real
//! requests says more.

use serde::Serialize;

use policy::{Condition, Document, Fact, Facts, Outcome, Reason, Rule, Turn, Value, Words, decide};

use crate::mistake::{Mistake, Mistakes};
use crate::outcomes::{described, thresholds};
use crate::smaller_promises::smaller;
use crate::witness::{Wanted, base_ms, witness};
use crate::wording::day_text;

const DAY_MS: i64 = 86_400_000;
/// A month, as the period of the ordinary purchase.
const PERIOD_MS: i64 = 30 * DAY_MS;

/// What a version takes from customers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Losses {
    /// Requests that it decides worse.
    pub requests: Vec<Loss>,
    /// Promises that it makes smaller, in words.
    pub promises: Vec<String>,
}

/// A request that the newer version decides worse for the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Loss {
    /// Why the customer asks.
    pub reason: Reason,
    /// The facts that matter, as an author reads them; the others are those of an ordinary purchase.
    pub when: String,
    /// All facts, as `policy::decide` takes them.
    pub facts: Facts,
    /// What the older version says.
    pub before: Outcome,
    /// What the newer version says.
    pub after: Outcome,
}

impl Losses {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.promises.is_empty()
    }
}

/// Checks that a version which takes something from customers says so: `material = true`, which makes the
/// notice obligatory. `text` is what `after` was parsed from.
pub fn check_change(file: &str, text: &str, before: &Document, after: &Document) -> Result<Losses, Mistakes> {
    let losses = losses(before, after);
    if after.material || losses.is_empty() {
        return Ok(losses);
    }
    let line = text.lines().position(|line| line.trim_start().starts_with("material ="));
    let taken = losses
        .requests
        .first()
        .map(|loss| format!("it decides `{}` worse when {}", loss.reason.as_str(), loss.when))
        .or_else(|| losses.promises.first().cloned())
        .unwrap_or_default();
    Err(Mistakes(vec![Mistake {
        file: file.to_owned(),
        line: line.map_or(1, |line| line.saturating_add(1)),
        field: "document.material".to_owned(),
        problem: format!(
            "says that nothing is taken from customers, and {taken}, compared with version {}; expected {}",
            before.version,
            expected_if_material(after),
        ),
    }]))
}

/// Checks the versions of one policy, in the order of their days, each against the one before it: none takes
/// something from customers and says that it does not ([`check_change`]). With each its file and its text.
pub fn check_versions(versions: &[(String, String, Document)]) -> Result<(), Mistakes> {
    versions.iter().zip(versions.iter().skip(1)).try_for_each(|((_, _, before), (file, text, after))| {
        check_change(file, text, before, after).map(|_| ())
    })
}

/// What a version that proved to be material has to say and keep.
pub fn expected_if_material(document: &Document) -> String {
    match document.earliest_if_material() {
        None => "`material = true`, and `notice` with the term of how long it is announced".to_owned(),
        Some(earliest) if document.in_force_from_ms >= earliest => {
            "`material = true` and its reason".to_owned()
        }
        Some(earliest) => {
            let day = day_text(earliest);
            format!("`material = true`, its reason, and `in_force` not before {day}")
        }
    }
}

/// What `after` takes from customers, compared with `before`.
pub fn losses(before: &Document, after: &Document) -> Losses {
    // Both judge the purchases of the newer version's time.
    let mut before = before.clone();
    before.in_force_from_ms = after.in_force_from_ms;
    let mut requests: Vec<Loss> = Vec::new();
    let cases = cases(&before).into_iter().chain(cases(after));
    for (reason, found) in cases.flat_map(|(reason, found)| [(reason, found.clone()), (reason, used(found))])
    {
        let facts = beside_ordinary(&found, after);
        let now_ms = base_ms(after).saturating_add(PERIOD_MS);
        let of = |document| decide(document, &facts, reason, now_ms).outcome;
        let (was, is) = (of(&before), of(after));
        let same = |loss: &Loss| loss.reason == reason && loss.before == was && loss.after == is;
        if was.turn(&is) == Turn::Against && !requests.iter().any(same) {
            requests.push(Loss { reason, when: described(&found), facts, before: was, after: is });
        }
    }
    Losses { requests, promises: smaller(&before, after) }
}

/// Facts under which each rule is met, or fails by one part alone, and around each of its thresholds.
fn cases(document: &Document) -> Vec<(Reason, Facts)> {
    let mut cases = Vec::new();
    let mut add = |rule: &Rule, facts: &Facts| {
        let reasons = if rule.reasons.is_empty() { Reason::ALL } else { &rule.reasons };
        cases.extend(reasons.iter().map(|reason| (*reason, facts.clone())));
    };
    for rule in &document.rules {
        for wanted in met_and_hinging(&rule.condition) {
            let wanted: Vec<Wanted<'_>> =
                wanted.iter().map(|(condition, holds)| Wanted { condition, holds: *holds }).collect();
            if let Ok(Some(facts)) = witness(document, &wanted) {
                add(rule, &facts);
            }
        }
    }
    for threshold in thresholds(document) {
        let wanted = [(&threshold.exactly, true), (&threshold.given, true), (&threshold.denied, false)]
            .map(|(condition, holds)| Wanted { condition, holds });
        let Condition::Compare(left, _, right) = threshold.comparison else { continue };
        let Some(fact) = left.first_fact().or_else(|| right.first_fact()) else { continue };
        let Ok(Some(facts)) = witness(document, &wanted) else { continue };
        let Some(Value::Integer(at)) = facts.get(fact).cloned() else { continue };
        for offset in [-1, 0, 1] {
            let mut moved = facts.clone();
            if moved.set(fact, at.saturating_add(offset)).is_ok() {
                add(threshold.rule, &moved);
            }
        }
    }
    cases
}

/// With a tenth of the ordinary credits spent, where nothing is said of them: what is paid by the unused part
/// is less than all of it.
fn used(mut facts: Facts) -> Facts {
    if facts.get(Fact::CreditsSpent).is_none() && facts.get(Fact::CreditsGranted).is_none() {
        // A quantity of its fact's type.
        let _ = facts.set(Fact::CreditsSpent, 100);
    }
    facts
}

/// The condition met, with each word that it allows, and each of its parts not met while all others are: what
/// another version demands besides shows there.
fn met_and_hinging(condition: &Condition) -> Vec<Vec<(Condition, bool)>> {
    let mut wanted = vec![vec![(condition.clone(), true)]];
    if let Condition::All(parts) = condition {
        for (place, part) in parts.iter().enumerate() {
            let mut others = parts.clone();
            others.remove(place);
            if let Condition::OneOf(fact, Words::Listed(words)) = part {
                let one = |word: &String| Condition::OneOf(*fact, Words::Listed(vec![word.clone()]));
                let met =
                    words.iter().map(|word| vec![(Condition::All(others.clone()), true), (one(word), true)]);
                wanted.extend(met);
            }
            wanted.push(vec![(Condition::All(others), true), (part.clone(), false)]);
        }
    }
    wanted
}

/// An ordinary purchase of a month, a day ago, hardly used, with these facts in place of its own.
fn beside_ordinary(found: &Facts, document: &Document) -> Facts {
    let charged = base_ms(document);
    let mut facts = found.clone();
    let mut unless_found = |fact: Fact, value: Value| {
        if found.get(fact).is_none() {
            // Every value below is of its fact's type.
            let _ = facts.set(fact, value);
        }
    };
    for fact in [
        Fact::EmailGiven,
        Fact::OrderIdGiven,
        Fact::NoteGiven,
        Fact::PurchaseDateGiven,
        Fact::RequestedFromAccount,
        Fact::PaymentNamed,
        Fact::CreditsLanded,
        Fact::PaymentDelivered,
        Fact::ContactedBeforeDispute,
    ] {
        unless_found(fact, true.into());
    }
    for fact in [
        Fact::GenerationNamed,
        Fact::PaymentDisputed,
        Fact::PaymentInquiry,
        Fact::DuplicateOfPayment,
        Fact::FirstPurchase,
        Fact::CancellationConfirmed,
        Fact::SubscriptionEnded,
        Fact::BoughtAsBusiness,
    ] {
        unless_found(fact, false.into());
    }
    for fact in [
        Fact::AmountRefunded,
        Fact::CreditsSpent,
        Fact::CreditsHeld,
        Fact::GenerationsUsed,
        Fact::UsableResults,
        Fact::OutputsDownloaded,
        Fact::Outage,
        Fact::EarlierRequests,
        Fact::RelatedRequests,
        Fact::GenerationCreditsReturned,
    ] {
        unless_found(fact, 0.into());
    }
    for (fact, quantity) in [
        (Fact::AmountPaid, 1_000),
        (Fact::CreditsPurchased, 1_000),
        (Fact::CreditsGranted, 1_000),
        (Fact::GenerationsAllotted, 1_000),
        (Fact::GenerationCreditsCharged, 10),
        (Fact::PaymentChargedAt, charged),
        (Fact::CreditsLandedAt, charged),
        (Fact::PeriodStartsAt, charged),
        (Fact::PeriodEndsAt, charged.saturating_add(PERIOD_MS)),
        (Fact::RequestedAt, charged.saturating_add(DAY_MS)),
    ] {
        unless_found(fact, quantity.into());
    }
    for (fact, word) in [
        (Fact::IntakeChannel, "email"),
        (Fact::CustomerCountry, "US"),
        (Fact::CountryEvidence, "both"),
        (Fact::PaymentKind, "subscription"),
        (Fact::BillingReason, "subscription_cycle"),
        (Fact::BillingInterval, "month"),
        (Fact::Currency, "usd"),
        (Fact::AbuseFinding, "none"),
    ] {
        unless_found(fact, word.into());
    }
    if let Some(product) = document.products.first() {
        unless_found(Fact::Product, product.as_str().into());
    }
    facts
}
