//! The small document and the facts that these tests share.

use policy::{Decision, Document, Fact, Facts, Reason, Value};
use policy_authoring::parse_document;

/// A document with one rule; the tests replace parts of it.
pub(crate) const SMALL: &str = include_str!("small.toml");

/// The instant from which `small.toml` is in force: 2026-01-01T00:00:00Z.
pub(crate) const IN_FORCE_MS: i64 = 1_767_225_600_000;

pub(crate) const DAY_MS: i64 = 86_400_000;

/// `small.toml` with its rules replaced.
pub(crate) fn document_with_rules(rules: &str) -> Document {
    let start = SMALL.find("[rules.").unwrap();
    let text = format!("{}{rules}", &SMALL[..start]);
    parse_document("small.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

pub(crate) fn facts(values: &[(Fact, Value)]) -> Facts {
    let mut facts = Facts::new();
    for (fact, value) in values {
        facts.set(*fact, value.clone()).unwrap();
    }
    facts
}

/// Facts of a request about a payment of 1000 cents that nobody refunded or disputed.
pub(crate) fn payment() -> Facts {
    facts(&[
        (Fact::PaymentNamed, true.into()),
        (Fact::PaymentChargedAt, IN_FORCE_MS.into()),
        (Fact::AmountPaid, 1_000.into()),
        (Fact::AmountRefunded, 0.into()),
        (Fact::Currency, "eur".into()),
        (Fact::PaymentDisputed, false.into()),
    ])
}

pub(crate) fn decide(document: &Document, facts: &Facts) -> Decision {
    policy::decide(document, facts, Reason::ChangedMind, IN_FORCE_MS + DAY_MS)
}
