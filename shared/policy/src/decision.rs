//! A decision: the outcome and everything it rests on.
//!
//! The serde form is what the API publishes and what is stored with a request: its field names and
//! their order are part of the contract.

use serde::{Deserialize, Serialize};

use crate::condition::{TermUsed, Truth};
use crate::currency::money_text;
use crate::document::{Clause, Mode, OfferKind};
use crate::facts::{Fact, Source, Value};
use crate::reason::Reason;

/// What the policy says about one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The policy that decided.
    pub document: String,
    pub version: String,
    /// What customers call the policy.
    pub title: String,
    /// The reason of the request.
    pub reason: Reason,
    /// The instant of the decision, in milliseconds since 1970.
    pub decided_at_ms: i64,
    /// What follows.
    pub outcome: Outcome,
    /// What the outcome rests on.
    pub basis: Basis,
    /// The clauses cited; of two that contradict each other, the one that favours the customer first.
    pub clauses: Vec<Citation>,
    /// Every rule looked at, in the order of the document.
    pub rules: Vec<RuleFinding>,
    /// The known facts that the rules and the amount asked for.
    pub facts: Vec<FactUsed>,
    /// The terms that the rules asked for.
    pub terms: Vec<TermUsed>,
    /// The unknown facts that keep a rule from being settled.
    pub unknown_facts: Vec<Fact>,
    /// What is offered along with the outcome.
    pub offers: Vec<OfferMade>,
    /// The ways to a person; every outcome but a person's own has one.
    pub doors: Vec<DoorShown>,
    /// The smallest set of unknown facts whose values can settle it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settled_by: Vec<Fact>,
    /// The nearest change under which a refusal would have been a grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_change: Option<NearestChange>,
    /// What the laws say that stand beside the policy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub law: Vec<LawFinding>,
}

/// What follows for the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The machine grants.
    Grant {
        /// What the customer gets.
        remedy: Remedy,
    },
    /// The machine refuses.
    Refuse,
    /// A person decides.
    Person {
        /// What the machine recommends, if anything.
        recommendation: Option<Recommendation>,
    },
    /// The customer is asked first.
    NeedsInformation { missing: Vec<Missing> },
}

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remedy {
    /// Money, never more than was paid and is not refunded.
    Money {
        /// In the smallest unit of the currency.
        amount_minor: u64,
        /// Three lower-case letters (ISO 4217).
        currency: String,
    },
    Credits {
        credits: u64,
    },
    /// A lower price of the subscription's next renewal (`S2-19`). Plan and credits stay as they are.
    Discount(Discount),
}

/// How much cheaper the next renewal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Discount {
    /// By a share of its price.
    Percent {
        /// In hundredths, 1 to 100.
        percent: u32,
    },
    Amount {
        /// In the smallest unit of the currency.
        amount_minor: u64,
        /// Three lower-case letters (ISO 4217).
        currency: String,
    },
}

/// What the machine recommends to the person who decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Recommendation {
    Grant {
        /// What the customer would get.
        remedy: Remedy,
    },
    Refuse,
}

/// Something that the customer is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The fact that the answer settles.
    pub fact: Fact,
    pub question: String,
}

/// What an outcome rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The rules that are met agree.
    Rules,
    /// Rules that are met contradict each other.
    Conflict,
    /// No rule is met, and none is unsettled.
    Unmatched,
    /// Facts are unknown that could change the outcome.
    UnknownFacts,
    /// The payment was charged before the policy's first version.
    BeforeFirstVersion,
    /// The payment's date is unknown.
    UndatedPayment,
    /// The payment is disputed at the cardholder's bank, so that a refund could pay it twice.
    DisputedPayment,
    /// Everything was refunded or given back already.
    NothingLeft,
    /// The rules grant, and nothing is recorded that the machine could carry the grant out on.
    NothingToActOn,
    /// The rules grant more than one person may approve, and so more than the machine may.
    AboveLimit,
}

/// A clause as it was when it was cited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The policy.
    pub document: String,
    pub version: String,
    pub clause: String,
    pub text: String,
    /// SHA-256 of the text, in lower-case hexadecimal.
    pub sha256: String,
}

/// A rule that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFinding {
    pub rule: String,
    /// The clauses that it carries out.
    pub clauses: Vec<String>,
    /// Whether its condition holds.
    pub finding: Truth,
    /// What it says when it is met.
    pub effect: EffectKind,
    /// Who has the last word on it.
    pub mode: Option<Mode>,
    /// The rule that is met and is the exception to this one.
    pub set_aside_by: Option<String>,
}

/// What a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// A remedy.
    Grant,
    /// A refusal.
    Refuse,
    /// A person decides.
    Person,
    /// The customer is asked.
    NeedsInformation,
}

/// A known fact that the decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactUsed {
    pub fact: Fact,
    pub value: Value,
    /// Who vouches for it.
    pub source: Source,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferMade {
    pub offer: String,
    /// The clause that promises it.
    pub clause: String,
    /// What the customer reads.
    pub text: String,
    pub kind: OfferKind,
    /// What it is worth, where the document says how to compute it and the facts are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
    /// A discount in hundredths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u32>,
}

/// Facts under which a refusal would have been a grant, or recommended as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearestChange {
    /// The statutory pack of the rule; `None` for a rule of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// The rule that would have granted.
    pub rule: String,
    /// The clauses that it carries out.
    pub clauses: Vec<String>,
    /// The facts that were otherwise.
    pub changes: Vec<FactChange>,
}

/// A fact and the value at which it would have made the difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactChange {
    pub fact: Fact,
    pub from: Value,
    /// What it would have had to be.
    pub to: Value,
}

/// What a law says that stands beside the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawFinding {
    /// The statutory pack.
    pub pack: String,
    pub version: String,
    /// What people call the right.
    pub title: String,
    /// Who signed the reading; `None` for a pack that only recommends.
    pub signed_by: Option<String>,
    /// What it gives, if it is settled that it gives something.
    pub gives: Option<Remedy>,
    /// Whether it changed what the policy alone would have led to.
    pub decisive: bool,
    /// The clauses of the rules that are met, or that are not settled.
    pub clauses: Vec<Citation>,
    /// Every rule looked at.
    pub rules: Vec<RuleFinding>,
    /// The terms that the rules asked for.
    pub terms: Vec<TermUsed>,
    /// The unknown facts that keep a rule from being settled.
    pub unknown_facts: Vec<Fact>,
}

/// A way to a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DoorShown {
    /// The clause that opens it.
    pub clause: String,
    /// What the customer reads.
    pub text: String,
}

/// The clauses with these ids, each once, in this order.
pub(crate) fn cite(document: &str, version: &str, clauses: &[Clause], ids: &[&str]) -> Vec<Citation> {
    let mut cited: Vec<Citation> = Vec::new();
    for clause in ids.iter().filter_map(|id| clauses.iter().find(|clause| clause.id == *id)) {
        if cited.iter().all(|each| each.clause != clause.id) {
            cited.push(Citation {
                document: document.to_owned(),
                version: version.to_owned(),
                clause: clause.id.clone(),
                text: clause.text.clone(),
                sha256: clause.sha256(),
            });
        }
    }
    cited
}

impl Discount {
    /// As people write it: `20 %` or `2.00 USD`.
    pub fn text(&self) -> String {
        match self {
            Self::Percent { percent } => format!("{percent} %"),
            Self::Amount { amount_minor, currency } => money_text(*amount_minor, currency),
        }
    }
}
