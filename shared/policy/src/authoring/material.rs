//! What a version takes from customers: the evidence that a change is material (S2-33).
//!
//! Both versions decide the same requests, and what they promise besides is held against each other. The
//! requests are made from the rules and thresholds of both: facts under which each rule is met, and facts
//! at, below and above every threshold, beside an ordinary purchase. Every finding is a request that is truly
//! decided worse; that nothing is found proves nothing, and a backtest over real requests says more.

use serde::Serialize;

use super::outcomes::{described, thresholds};
use super::witness::{Wanted, base_ms, witness};
use super::{Mistake, Mistakes};
use crate::condition::Condition;
use crate::decide::decide;
use crate::decision::Outcome;
use crate::document::{Document, Rule};
use crate::fact::Fact;
use crate::facts::{Facts, Value};
use crate::favour::Turn;
use crate::generation::{FailureEffect, FailureKind, LateSuccess};
use crate::nearest::first_fact;
use crate::promise::{OnRefund, OnRenewal, Revocation};
use crate::reason::Reason;

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
        .map(|loss| format!("it decides `{}` worse when {}", loss.reason.id(), loss.when))
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
            let day = super::day_text(earliest);
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
    for (reason, found) in cases(&before).into_iter().chain(cases(after)) {
        let facts = beside_ordinary(&found, after);
        let now_ms = base_ms(after).saturating_add(PERIOD_MS);
        let of = |document| decide(document, &facts, reason, now_ms).outcome;
        let (was, is) = (of(&before), of(after));
        let told = |loss: &Loss| loss.reason == reason && loss.before == was && loss.after == is;
        if was.turn(&is) == Turn::Against && !requests.iter().any(told) {
            requests.push(Loss { reason, when: described(&found), facts, before: was, after: is });
        }
    }
    Losses { requests, promises: promises(&before, after) }
}

/// Facts under which each rule is met, and around each of its thresholds.
fn cases(document: &Document) -> Vec<(Reason, Facts)> {
    let mut cases = Vec::new();
    let mut add = |rule: &Rule, facts: &Facts| {
        let reasons = if rule.reasons.is_empty() { Reason::ALL } else { &rule.reasons };
        cases.extend(reasons.iter().map(|reason| (*reason, facts.clone())));
    };
    for rule in &document.rules {
        if let Ok(Some(facts)) = witness(document, &[Wanted { condition: &rule.condition, holds: true }]) {
            add(rule, &facts);
        }
    }
    for threshold in thresholds(document) {
        let wanted = [(&threshold.exactly, true), (&threshold.given, true), (&threshold.denied, false)]
            .map(|(condition, holds)| Wanted { condition, holds });
        let Condition::Compare(left, _, right) = threshold.comparison else { continue };
        let Some(fact) = first_fact(left).or_else(|| first_fact(right)) else { continue };
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

/// What `after` promises less than `before`.
fn promises(before: &Document, after: &Document) -> Vec<String> {
    let mut smaller = Vec::new();
    for operation in &before.operations {
        for kind in FailureKind::ALL {
            let gives_back = |document: &Document| {
                let listed = document.operation(&operation.id);
                listed.is_some_and(|listed| listed.failures.rule(*kind).then == FailureEffect::GiveBack)
            };
            if gives_back(before) && !gives_back(after) {
                smaller.push(format!(
                    "the credits of `{}` do not come back by themselves after `{}`",
                    operation.id,
                    kind.id()
                ));
            }
        }
    }
    for clock in &before.clocks {
        let time = |document: &Document| {
            let clock = document.clocks.iter().find(|each| each.id == clock.id)?;
            Some((clock.firm, document.term(&clock.limit)?.clone()))
        };
        let Some((firm, limit)) = time(before) else { continue };
        match time(after) {
            None => smaller.push(format!("clock `{}` is gone", clock.id)),
            Some((_, is)) if is.is_longer_than(&limit) => smaller.push(format!(
                "clock `{}` promises {} where it was {}",
                clock.id,
                is.value_text(),
                limit.value_text()
            )),
            Some((false, _)) if firm => {
                smaller.push(format!("clock `{}` says what is usual where it promised", clock.id));
            }
            Some(_) => {}
        }
    }
    if before.late_success.then == LateSuccess::Free && after.late_success.then == LateSuccess::Charge {
        smaller.push("a result that comes late is charged".to_owned());
    }
    let stay =
        |document: &Document| document.leftover.as_ref().map_or(u64::MAX, |leftover| leftover.after_end_s);
    if stay(after) < stay(before) {
        smaller.push("left-over credits expire sooner".to_owned());
    }
    if before.on_renewal == OnRenewal::Add && after.on_renewal == OnRenewal::Replace {
        smaller.push("a renewal replaces the credits that are left".to_owned());
    }
    let (was, is) = (&before.on_refund, &after.on_refund);
    for (what, more) in [
        ("a refund revokes more credits", is.revoke > was.revoke),
        ("a refund of a part revokes more credits", is.revoke_of_part > was.revoke_of_part),
        ("a reviewer may revoke more credits", most_chosen(is) > most_of_part(was)),
        ("a refund cancels the subscription", is.cancel && !was.cancel),
        ("a refund of a part cancels the subscription", is.cancel_for_part && !was.cancel_for_part),
        ("a reviewer may cancel the subscription", is.reviewer_may_cancel && !may_cancel(was)),
        ("a refund makes spent credits a debt", is.debt_for_spent && !was.debt_for_spent),
    ] {
        if more {
            smaller.push(what.to_owned());
        }
    }
    for offer in before.offers.iter().filter(|offer| after.offers.iter().all(|each| each.id != offer.id)) {
        smaller.push(format!("`{}` is not offered", offer.id));
    }
    for pack in before.law.iter().filter(|pack| after.law.iter().all(|each| each.id != pack.id)) {
        smaller.push(format!("the law `{}` is not heeded", pack.id));
    }
    smaller
}

/// The most that a reviewer may choose to revoke.
fn most_chosen(terms: &OnRefund) -> Revocation {
    terms.reviewer_may_revoke.iter().copied().max().unwrap_or(Revocation::Nothing)
}

/// The most that a refund of a part can revoke.
fn most_of_part(terms: &OnRefund) -> Revocation {
    most_chosen(terms).max(terms.revoke_of_part)
}

/// Whether a refund of a part can cancel the subscription.
fn may_cancel(terms: &OnRefund) -> bool {
    terms.reviewer_may_cancel || terms.cancel_for_part
}
