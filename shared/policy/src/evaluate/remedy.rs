//! What a rule proposes and how much it gives: *never above the rest*.
//!
//! Every amount comes from recorded facts. A share is rounded up to the next amount that can be paid, in
//! favour of the customer, and never exceeds what was paid and is not refunded.

use crate::condition::Trace;
use crate::currency::payable;
use crate::decision::{Basis, Recommendation, Remedy};
use crate::document::{Effect, RemedyRule, Rule};
use crate::facts::{Fact, FactSet, Facts};

/// What one rule proposes. The order is the favour to the customer, greatest last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Proposal {
    Refuse,
    Person,
    /// A grant whose amount cannot be computed, and why.
    Blocked(Basis, FactSet),
    Grant(Remedy),
}

impl Proposal {
    pub(crate) fn favour(&self) -> (u8, (u8, u64)) {
        match self {
            Self::Refuse => (0, (0, 0)),
            Self::Person => (1, (0, 0)),
            Self::Blocked(..) => (2, (0, 0)),
            Self::Grant(remedy) => (3, remedy.favour()),
        }
    }

    pub(crate) fn recommendation(&self) -> Option<Recommendation> {
        match self {
            Self::Grant(remedy) => Some(Recommendation::Grant { remedy: remedy.clone() }),
            Self::Refuse => Some(Recommendation::Refuse),
            Self::Person | Self::Blocked(..) => None,
        }
    }
}

pub(crate) fn propose(rule: &Rule, facts: &Facts, trace: &mut Trace) -> Proposal {
    match rule.effect {
        Effect::Grant(remedy, _) => remedy_of(remedy, facts, trace),
        Effect::Refuse(_) => Proposal::Refuse,
        Effect::Person | Effect::NeedsInformation(_) => Proposal::Person,
    }
}

/// The facts that an amount rests on.
fn asked(rule: RemedyRule) -> &'static [Fact] {
    match rule {
        RemedyRule::RestOfPayment => {
            &[Fact::AmountPaid, Fact::AmountRefunded, Fact::Currency, Fact::PaymentDisputed]
        }
        RemedyRule::PaymentByUnusedCredits => &[
            Fact::AmountPaid,
            Fact::AmountRefunded,
            Fact::Currency,
            Fact::PaymentDisputed,
            Fact::CreditsGranted,
            Fact::CreditsSpent,
            Fact::CreditsHeld,
        ],
        RemedyRule::PaymentByUnusedTime => &[
            Fact::AmountPaid,
            Fact::AmountRefunded,
            Fact::Currency,
            Fact::PaymentDisputed,
            Fact::RequestedAt,
            Fact::PeriodStartsAt,
            Fact::PeriodEndsAt,
        ],
        RemedyRule::CreditsOfPurchase => {
            &[Fact::CreditsPurchased, Fact::CreditsGranted, Fact::PaymentDisputed]
        }
        RemedyRule::CreditsOfGeneration => &[Fact::GenerationCreditsCharged, Fact::GenerationCreditsReturned],
        RemedyRule::CreditsForOutage => &[
            Fact::CreditsGranted,
            Fact::Outage,
            Fact::PeriodStartsAt,
            Fact::PeriodEndsAt,
            Fact::PaymentDisputed,
        ],
    }
}

/// The amount of a grant.
pub(crate) fn remedy_of(rule: RemedyRule, facts: &Facts, trace: &mut Trace) -> Proposal {
    let asked = asked(rule);
    trace.facts.extend(asked.iter().copied());
    if asked.contains(&Fact::PaymentDisputed) && facts.boolean(Fact::PaymentDisputed) == Some(true) {
        return Proposal::Blocked(Basis::DisputedPayment, FactSet::EMPTY);
    }
    let unknown: FactSet = asked.iter().copied().filter(|fact| facts.get(*fact).is_none()).collect();
    if !unknown.is_empty() {
        return Proposal::Blocked(Basis::UnknownFacts, unknown);
    }
    match amount(rule, facts) {
        Some(0) => Proposal::Blocked(Basis::NothingLeft, FactSet::EMPTY),
        Some(amount) => Proposal::Grant(match rule {
            RemedyRule::RestOfPayment
            | RemedyRule::PaymentByUnusedCredits
            | RemedyRule::PaymentByUnusedTime => Remedy::Money {
                amount_minor: amount,
                currency: facts.text(Fact::Currency).unwrap_or_default().to_owned(),
            },
            RemedyRule::CreditsOfPurchase
            | RemedyRule::CreditsOfGeneration
            | RemedyRule::CreditsForOutage => Remedy::Credits { credits: amount },
        }),
        // Facts that contradict each other, such as a period that ends before it begins.
        None => Proposal::Person,
    }
}

fn amount(rule: RemedyRule, facts: &Facts) -> Option<u64> {
    let rest = |whole, part| Some(facts.quantity(whole)?.saturating_sub(facts.quantity(part)?));
    match rule {
        RemedyRule::RestOfPayment => rest(Fact::AmountPaid, Fact::AmountRefunded),
        RemedyRule::CreditsOfPurchase => rest(Fact::CreditsPurchased, Fact::CreditsGranted),
        RemedyRule::CreditsOfGeneration => {
            rest(Fact::GenerationCreditsCharged, Fact::GenerationCreditsReturned)
        }
        RemedyRule::PaymentByUnusedCredits => {
            let granted = facts.quantity(Fact::CreditsGranted)?;
            let used = facts.quantity(Fact::CreditsSpent)?.checked_add(facts.quantity(Fact::CreditsHeld)?)?;
            let unused = granted.saturating_sub(used);
            let share = share(facts.quantity(Fact::AmountPaid)?, unused.into(), granted.into())?;
            payable_part(share, facts)
        }
        RemedyRule::PaymentByUnusedTime => {
            let (length, ends) = period(facts)?;
            let unused = ends.checked_sub(facts.integer(Fact::RequestedAt)?.into())?.clamp(0, length);
            let share = share(facts.quantity(Fact::AmountPaid)?, unused, length)?;
            payable_part(share, facts)
        }
        RemedyRule::CreditsForOutage => {
            let (length, _) = period(facts)?;
            let outage_ms = i128::from(facts.quantity(Fact::Outage)?).checked_mul(1_000)?.min(length);
            share(facts.quantity(Fact::CreditsGranted)?, outage_ms, length)
        }
    }
}

/// A part of the payment as it can be paid in its currency.
fn payable_part(share: u64, facts: &Facts) -> Option<u64> {
    let left = facts.quantity(Fact::AmountPaid)?.saturating_sub(facts.quantity(Fact::AmountRefunded)?);
    Some(payable(share, left, facts.text(Fact::Currency)?))
}

/// The length of the paid period and its end, in milliseconds.
fn period(facts: &Facts) -> Option<(i128, i128)> {
    let starts = i128::from(facts.integer(Fact::PeriodStartsAt)?);
    let ends = i128::from(facts.integer(Fact::PeriodEndsAt)?);
    let length = ends.checked_sub(starts)?;
    (length > 0).then_some((length, ends))
}

/// `part / whole` of an amount, rounded up.
fn share(amount: u64, part: i128, whole: i128) -> Option<u64> {
    if whole <= 0 {
        return None;
    }
    let product = i128::from(amount).checked_mul(part)?;
    let rounded = product.checked_add(whole.checked_sub(1)?)?.checked_div(whole)?;
    u64::try_from(rounded).ok()
}
