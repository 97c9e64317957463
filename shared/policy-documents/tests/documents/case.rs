//! Requests about the music studio whose facts the tests change one by one.

use policy::{Decision, Document, Fact, Facts, Reason, Value};

/// 2026-05-02T00:00:00Z, from when on the music studio's policy applies.
pub(crate) const IN_FORCE_MS: i64 = 1_777_680_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// When the test payments are charged: a week into the policy.
pub(crate) const CHARGED_MS: i64 = IN_FORCE_MS + 7 * DAY_MS;
/// When the test requests are submitted and decided: 20 days after the charge.
pub(crate) const NOW_MS: i64 = CHARGED_MS + 20 * DAY_MS;

pub(crate) fn music_studio() -> &'static Document {
    policy_documents::documents().version("music-studio", "2026-05-02").expect("the document is embedded")
}

/// Facts that the tests change one by one.
#[derive(Clone)]
pub(crate) struct Case(pub(crate) Facts);

impl Case {
    fn new(values: &[(Fact, Value)]) -> Self {
        let mut facts = Facts::new();
        for (fact, value) in values {
            facts.set(*fact, value.clone()).unwrap();
        }
        Self(facts)
    }

    /// A complete request about no payment and no generation.
    pub(crate) fn request() -> Self {
        Self::new(&[
            (Fact::RequestedAt, NOW_MS.into()),
            (Fact::EmailGiven, true.into()),
            (Fact::OrderIdGiven, true.into()),
            (Fact::NoteGiven, true.into()),
            (Fact::CustomerCountry, "US".into()),
            (Fact::PaymentNamed, false.into()),
            (Fact::GenerationNamed, false.into()),
        ])
    }

    fn payment(self, kind: &str) -> Self {
        self.with(Fact::PaymentNamed, true)
            .with(Fact::PaymentKind, kind)
            .with(Fact::PaymentChargedAt, CHARGED_MS)
            .with(Fact::AmountPaid, 1_000)
            .with(Fact::AmountRefunded, 0)
            .with(Fact::Currency, "usd")
            .with(Fact::PaymentDisputed, false)
            .with(Fact::Product, "music-studio")
            .with(Fact::CreditsLanded, true)
            .with(Fact::CreditsLandedAt, CHARGED_MS + 1_000)
            .with(Fact::CreditsPurchased, 500)
            .with(Fact::CreditsGranted, 500)
            .with(Fact::CreditsSpent, 0)
            .with(Fact::CreditsHeld, 0)
    }

    /// About a renewal of Pro whose subscription was never cancelled.
    pub(crate) fn renewal() -> Self {
        Self::request()
            .payment("subscription")
            .with(Fact::BillingReason, "subscription_cycle")
            .with(Fact::PlanPaid, "pro")
            .with(Fact::PeriodEndsAt, CHARGED_MS + 30 * DAY_MS)
            .with(Fact::CancellationConfirmed, false)
            .with(Fact::SubscriptionEnded, false)
            .with(Fact::ChargedCardOnFile, true)
    }

    /// About a renewal that was charged a day after the cancellation had taken effect.
    pub(crate) fn renewal_after_cancellation() -> Self {
        Self::renewal()
            .with(Fact::CancellationConfirmed, true)
            .with(Fact::CancellationConfirmedAt, CHARGED_MS - 5 * DAY_MS)
            .with(Fact::CancellationEffectiveAt, CHARGED_MS - DAY_MS)
    }

    /// About a pack whose credits landed and are not spent.
    pub(crate) fn pack() -> Self {
        Self::request().payment("pack")
    }

    /// About a pack that was paid and is not on the balance.
    pub(crate) fn missing_pack() -> Self {
        Self::pack()
            .with(Fact::CreditsLanded, false)
            .with(Fact::CreditsGranted, 0)
            .without(Fact::CreditsLandedAt)
    }

    /// About a generation of 10 credits.
    pub(crate) fn generation(outcome: &str) -> Self {
        Self::request()
            .with(Fact::GenerationNamed, true)
            .with(Fact::GenerationCovered, true)
            .with(Fact::GenerationOutcome, outcome)
            .with(Fact::GenerationCreditsCharged, 10)
            .with(Fact::GenerationCreditsReturned, 0)
    }

    pub(crate) fn with(mut self, fact: Fact, value: impl Into<Value>) -> Self {
        self.0.set(fact, value).unwrap();
        self
    }

    pub(crate) fn without(mut self, fact: Fact) -> Self {
        self.0.forget(fact);
        self
    }

    pub(crate) fn decide(&self, reason: Reason) -> Decision {
        self.decide_at(reason, NOW_MS)
    }

    pub(crate) fn decide_at(&self, reason: Reason, now_ms: i64) -> Decision {
        policy::decide(music_studio(), &self.0, reason, now_ms)
    }
}

/// The cited clauses, in order.
pub(crate) fn cited(decision: &Decision) -> Vec<&str> {
    decision.clauses.iter().map(|citation| citation.clause.as_str()).collect()
}
