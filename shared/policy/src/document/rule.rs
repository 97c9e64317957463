//! Rules, and what the document says about their conflicts and gaps.

use serde::{Deserialize, Serialize};

use crate::condition::Condition;
use crate::facts::Fact;
use crate::named::named;
use crate::reason::Reason;

/// What follows when a condition holds for a request of one of these reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name within the document.
    pub id: String,
    /// The clauses that it carries out.
    pub clauses: Vec<String>,
    /// The reasons of a request for which it is looked at; none means every reason.
    pub reasons: Vec<Reason>,
    /// When it holds.
    pub condition: Condition,
    /// What follows.
    pub effect: Effect,
    /// Rules that this one sets aside when it holds, because its clause is the exception to theirs.
    pub overrides: Vec<String>,
    /// What is offered along with it.
    pub offers: Vec<String>,
}

/// What follows from a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Grant(RemedyRule, Mode),
    /// A refusal.
    Refuse(Mode),
    /// A person decides, without a recommendation.
    Person,
    /// The customer is asked for those of these facts that are missing, when a person would decide.
    NeedsInformation(Vec<Fact>),
}

named! {
    /// Who has the last word.
    #[derive(PartialOrd, Ord)]
    Mode {
        /// A machine, on recorded facts.
        Auto "auto",
        /// A person; the rule is the recommendation.
        Recommend "recommend",
    }
}

named! {
    /// What a grant gives. Amounts come from recorded facts, never from a message.
    RemedyRule {
        /// Money: what was paid and is not refunded.
        RestOfPayment "rest_of_payment",
        /// Credits: what the payment bought and is not on the balance.
        CreditsOfPurchase "credits_of_purchase",
        /// Credits: what the generation cost and was not given back.
        CreditsOfGeneration "credits_of_generation",
        /// Money: the part of the payment whose credits are neither spent nor held.
        PaymentByUnusedCredits "payment_by_unused_credits",
        /// Money: the part of the payment whose time lies after the request.
        PaymentByUnusedTime "payment_by_unused_time",
        /// Credits: the part of the period's credits that the outage took of its time.
        CreditsForOutage "credits_for_outage",
    }
}

/// Two rules that may be met together and disagree, because the written text does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredConflict {
    /// Its name within the document.
    pub id: String,
    /// The two rules.
    pub rules: Vec<String>,
    /// Why it stays.
    pub reason: String,
}

/// What no rule covers although rules exist for its reasons: a person decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeclaredGap {
    /// Its name within the document.
    pub id: String,
    /// The reasons of the requests.
    pub reasons: Vec<Reason>,
    /// Which requests are left open.
    pub condition: Condition,
    pub reason: String,
}
