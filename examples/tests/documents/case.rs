//! Requests whose facts the tests change one by one.

use std::fmt::Write as _;

use examples::documents;
use policy::{Decision, Document, Fact, Facts, Outcome, Reason, Recommendation, Remedy, Value, money_text};

/// 2026-05-02T00:00:00Z, from when on the music studio's policy applies.
pub(crate) const IN_FORCE_MS: i64 = 1_777_680_000_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
/// When the test payments are charged: a week into the policy.
pub(crate) const CHARGED_MS: i64 = IN_FORCE_MS + 7 * DAY_MS;
/// When the test requests are submitted and decided: 20 days after the charge.
pub(crate) const NOW_MS: i64 = CHARGED_MS + 20 * DAY_MS;

pub(crate) fn music_studio() -> &'static Document {
    document_of("music-studio")
}

/// The newest document that covers a product.
pub(crate) fn document_of(product: &str) -> &'static Document {
    documents().in_force(product, i64::MAX).document().expect("a document covers the product")
}

/// When the test payments of a product are charged: a week into its policy.
pub(crate) fn charged_ms(product: &str) -> i64 {
    document_of(product).in_force_from_ms.saturating_add(7 * DAY_MS)
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
            (Fact::PromptGiven, false.into()),
            (Fact::ModelGiven, false.into()),
            (Fact::FailureTimeGiven, false.into()),
            (Fact::ErrorMessageGiven, false.into()),
            (Fact::CustomerCountry, "US".into()),
            (Fact::PaymentNamed, false.into()),
            (Fact::GenerationNamed, false.into()),
        ])
    }

    /// About a purchase of 10.00 USD and 1,000 unused credits, a day after it was charged; nothing speaks
    /// against the customer, and no law beside the policy gives them anything.
    pub(crate) fn purchase(product: &str, kind: &str) -> Self {
        let charged = charged_ms(product);
        Self::request()
            .payment(kind)
            .with(Fact::Product, product)
            .with(Fact::PaymentChargedAt, charged)
            .with(Fact::RequestedAt, charged.saturating_add(DAY_MS))
            .with(Fact::RequestedFromAccount, true)
            .with(Fact::IntakeChannel, "email")
            .with(Fact::CreditsPurchased, 1_000)
            .with(Fact::CreditsGranted, 1_000)
            .with(Fact::PeriodStartsAt, charged)
            .with(Fact::PeriodEndsAt, charged.saturating_add(30 * DAY_MS))
            .with(Fact::BillingReason, "subscription_cycle")
            .with(Fact::BillingInterval, "month")
            .with(Fact::CancellationConfirmed, false)
            .with(Fact::GenerationsAllotted, 500)
            .with(Fact::GenerationsUsed, 0)
            .with(Fact::UsableResults, 0)
            .with(Fact::OutputsDownloaded, 0)
            .with(Fact::DuplicateOfPayment, false)
            .with(Fact::FirstPurchase, true)
            .with(Fact::PaymentDelivered, true)
            .with(Fact::ContactedBeforeDispute, true)
            .with(Fact::EarlierRequests, 0)
            .with(Fact::RelatedRequests, 0)
            .with(Fact::AbuseFinding, "none")
            .with(Fact::CountryEvidence, "both")
            .with(Fact::BoughtAsBusiness, false)
            .with(Fact::WithdrawalWaived, false)
    }

    /// About a generation of 10 credits of a product.
    pub(crate) fn generation_of(product: &str, outcome: &str) -> Self {
        let case = Self::purchase(product, "subscription");
        case.with(Fact::GenerationNamed, true)
            .with(Fact::GenerationCovered, true)
            .with(Fact::GenerationOutcome, outcome)
            .with(Fact::GenerationCreditsCharged, 10)
            .with(Fact::GenerationCreditsReturned, 0)
    }

    /// Submitted this long after the charge.
    pub(crate) fn after(self, ms: i64) -> Self {
        let charged = match self.0.get(Fact::PaymentChargedAt) {
            Some(Value::Integer(charged)) => *charged,
            other => panic!("{other:?}"),
        };
        self.with(Fact::RequestedAt, charged.saturating_add(ms))
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
    }

    /// About a renewal that was charged a day after the cancellation had taken effect.
    pub(crate) fn renewal_after_cancellation() -> Self {
        Self::renewal()
            .with(Fact::CancellationConfirmed, true)
            .with(Fact::CancellationConfirmedAt, CHARGED_MS - 5 * DAY_MS)
            .with(Fact::CancellationEffectiveAt, CHARGED_MS - DAY_MS)
            .with(Fact::PeriodStartsAt, CHARGED_MS)
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
        let document = match self.0.get(Fact::Product) {
            Some(Value::Text(product)) => document_of(product),
            _ => music_studio(),
        };
        policy::decide(document, &self.0, reason, now_ms)
    }
}

/// The remedy of a whole test payment.
pub(crate) fn ten_dollars() -> Remedy {
    Remedy::Money { amount_minor: 1_000, currency: "usd".to_owned() }
}

pub(crate) fn person() -> Outcome {
    Outcome::Person { recommendation: None }
}

pub(crate) fn recommends(remedy: Remedy) -> Outcome {
    Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) }
}

pub(crate) fn recommends_refusal() -> Outcome {
    Outcome::Person { recommendation: Some(Recommendation::Refuse) }
}

/// The offers, in order.
pub(crate) fn offered(decision: &Decision) -> Vec<&str> {
    decision.offers.iter().map(|offer| offer.offer.as_str()).collect()
}

fn remedy_text(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Money { amount_minor, currency } => money_text(*amount_minor, currency),
        Remedy::Credits { credits } => format!("{credits} credits"),
        Remedy::Discount(discount) => format!("{} off the next renewal", discount.text()),
    }
}

fn value_text(value: &Value) -> String {
    match value {
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Text(text) => text.clone(),
    }
}

/// The decision in a few lines, for snapshots of many.
pub(crate) fn in_short(decision: &Decision) -> String {
    let outcome = match &decision.outcome {
        Outcome::Grant { remedy } => format!("grants {}", remedy_text(remedy)),
        Outcome::Refuse => "refuses".to_owned(),
        Outcome::Person { recommendation: None } => "person".to_owned(),
        Outcome::Person { recommendation: Some(Recommendation::Refuse) } => {
            "person, recommends to refuse".to_owned()
        }
        Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
            format!("person, recommends {}", remedy_text(remedy))
        }
        Outcome::NeedsInformation { missing } => {
            let facts: Vec<&str> = missing.iter().map(|each| each.fact.as_str()).collect();
            format!("asks for {}", facts.join(", "))
        }
    };
    let mut text = format!("{}: {outcome} ({:?})\n", decision.reason.as_str(), decision.basis);
    let mut line = |name: &str, values: Vec<String>| {
        if !values.is_empty() {
            let _ = writeln!(text, "    {name}: {}", values.join(", "));
        }
    };
    line("clauses", cited(decision).into_iter().map(str::to_owned).collect());
    line(
        "offers",
        decision
            .offers
            .iter()
            .map(|offer| match &offer.remedy {
                Some(remedy) => format!("{} of {}", offer.offer, remedy_text(remedy)),
                None => offer.offer.clone(),
            })
            .collect(),
    );
    for law in decision.law.iter().filter(|law| !law.clauses.is_empty()) {
        let gives = law
            .gives
            .as_ref()
            .map_or_else(|| "says".to_owned(), |remedy| format!("gives {}", remedy_text(remedy)));
        let clauses: Vec<&str> = law.clauses.iter().map(|clause| clause.clause.as_str()).collect();
        let decisive = if law.decisive { ", decisive" } else { "" };
        line("law", vec![format!("{} {gives} ({}{decisive})", law.pack, clauses.join(" "))]);
    }
    line("unknown", decision.unknown_facts.iter().map(|fact| fact.as_str().to_owned()).collect());
    line("settled by", decision.settled_by.iter().map(|fact| fact.as_str().to_owned()).collect());
    if let Some(nearest) = &decision.nearest_change {
        let changes = nearest.changes.iter().map(|change| {
            format!("{} {} -> {}", change.fact.as_str(), value_text(&change.from), value_text(&change.to))
        });
        let pack = nearest.pack.as_ref().map(|pack| format!("{pack} ")).unwrap_or_default();
        line(&format!("nearest ({pack}{})", nearest.rule), changes.collect());
    }
    text
}

/// The cited clauses, in order.
pub(crate) fn cited(decision: &Decision) -> Vec<&str> {
    decision.clauses.iter().map(|citation| citation.clause.as_str()).collect()
}
