//! What reviewers send, checked.

use lambda::http::{Problem, Request};
use ledger::{Currency, Money, ProductId};
use policy::{Decision, Document, EffectKind, Fact, Missing, Outcome, Revocation, RuleFinding};
use refunds::{ChosenTerms, Ground, OutsidePolicy};
use serde::Deserialize;

use crate::body::field_of;
use crate::input::{id, read, unprocessable};
use crate::text_bounds::check_text;

/// What a reviewer sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewBody {
    decision: ReviewDecision,
    /// For `approve_part`, and for an offer of money that the document does not compute.
    amount: Option<Amount>,
    /// For an offer of credits that the document does not compute, and for `grant_credits` where the records
    /// do not say how many were bought.
    credits: Option<u64>,
    /// For `grant_credits`, where the records do not say what was bought.
    product: Option<String>,
    reason: String,
    /// The clause that it rests on.
    clause: Option<String>,
    /// Why it is decided without one.
    outside_policy: Option<OutsideBody>,
    /// What is revoked of the payment's credits, where the policy lets a reviewer choose (`S3-18`, `S3-22`).
    revoke: Option<Revocation>,
    /// Whether the plan ends, where the policy lets a reviewer choose (`S3-18`).
    ends_plan: Option<bool>,
    /// The quote that the reviewer was shown, where money or credits are to move.
    quote: Option<String>,
    /// For `ask`: the facts that are missing.
    #[serde(default)]
    missing: Vec<Fact>,
    /// For `ask`: a question in words.
    question: Option<String>,
    /// For `offer`: one of the decision's offers.
    offer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReviewDecision {
    Approve,
    ApprovePart,
    GrantCredits,
    Refuse,
    TakeBack,
    Leave,
    Ask,
    Offer,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum OutsideBody {
    Goodwill,
    OurError,
    NotCovered,
}

impl OutsideBody {
    fn kind(self) -> OutsidePolicy {
        match self {
            Self::Goodwill => OutsidePolicy::Goodwill,
            Self::OurError => OutsidePolicy::OurError,
            Self::NotCovered => OutsidePolicy::NotCovered,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount_minor: u64,
    currency: String,
}

#[derive(Debug)]
pub(crate) struct CheckedReview {
    pub(crate) decides: DecisionBody,
    pub(crate) reason: String,
    clause: Option<String>,
    outside_policy: Option<OutsidePolicy>,
    pub(crate) chosen: ChosenTerms,
    pub(crate) quote: Option<String>,
}

/// What is decided.
#[derive(Debug)]
pub(crate) enum DecisionBody {
    Approve,
    ApprovePart(Money),
    GrantCredits { credits: Option<u64>, product: Option<ProductId> },
    Refuse,
    TakeBack,
    Leave,
    Ask(Vec<Missing>),
    Offer { offer: String, worth: RemedyBody },
}

/// What an offer is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RemedyBody {
    /// What the document computes.
    Computed,
    /// What the reviewer says.
    Money(Money),
    /// What the reviewer says.
    Credits(u64),
}

impl CheckedReview {
    /// Reads and checks a review; what it rests on is checked by [`CheckedReview::ground`].
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        let body: ReviewBody = read(request)?;
        check_text("#/reason", &body.reason)?;
        body.belongs_together()?;
        let amount = body.amount.as_ref().map(money).transpose()?;
        let decides = match (body.decision, amount) {
            (ReviewDecision::Approve, _) => DecisionBody::Approve,
            (ReviewDecision::Refuse, _) => DecisionBody::Refuse,
            (ReviewDecision::TakeBack, _) => DecisionBody::TakeBack,
            (ReviewDecision::Leave, _) => DecisionBody::Leave,
            (ReviewDecision::ApprovePart, Some(amount)) => DecisionBody::ApprovePart(amount),
            (ReviewDecision::ApprovePart, None) => {
                let expected =
                    "expected with `approve_part`, like {\"amount_minor\": 500, \"currency\": \"usd\"}";
                return Err(unprocessable("#/amount", expected));
            }
            (ReviewDecision::GrantCredits, _) => DecisionBody::GrantCredits {
                credits: body.credits,
                product: id("#/product", body.product.as_deref())?,
            },
            (ReviewDecision::Ask, _) => DecisionBody::Ask(body.asks()?),
            (ReviewDecision::Offer, amount) => {
                let worth = match (amount, body.credits) {
                    (Some(amount), _) => RemedyBody::Money(amount),
                    (None, Some(credits)) => RemedyBody::Credits(credits),
                    (None, None) => RemedyBody::Computed,
                };
                let offer = body.offer.ok_or_else(|| unprocessable("#/offer", "expected with `offer`"))?;
                DecisionBody::Offer { offer, worth }
            }
        };
        let chosen = ChosenTerms { revoke: body.revoke, ends_plan: body.ends_plan };
        let outside_policy = body.outside_policy.map(OutsideBody::kind);
        let ReviewBody { reason, clause, quote, .. } = body;
        Ok(Self { decides, reason, clause, outside_policy, chosen, quote })
    }

    /// What it rests on: a clause that the decision names, or none where the policy has none.
    pub(crate) fn ground(&self, document: &Document, decision: &Decision) -> Result<Option<Ground>, Problem> {
        let citable = citable(document, decision);
        match (&self.clause, self.outside_policy) {
            (None, None)
                if matches!(
                    self.decides,
                    DecisionBody::Ask(_) | DecisionBody::TakeBack | DecisionBody::Leave
                ) =>
            {
                Ok(None)
            }
            (None, Some(kind)) => Ok(Some(Ground::OutsidePolicy(kind))),
            (Some(clause), None) if citable.contains(&clause.as_str()) => {
                Ok(Some(Ground::Clause(clause.clone())))
            }
            (Some(_), Some(_)) => {
                Err(unprocessable("#/outside_policy", "expected without `clause`: it says that none applies"))
            }
            (_, None) => {
                let without = "`outside_policy` without a clause, where the policy has none for it";
                Err(unprocessable(
                    "#/clause",
                    match citable.as_slice() {
                        [] => format!("expected {without}"),
                        clauses => format!("expected one of `{}`, or {without}", clauses.join("`, `")),
                    },
                ))
            }
        }
    }
}

/// The clauses that a review of this decision can rest on: those that it cites, those of the rules and laws
/// for its reason that decide something, those of what the policy lets people offer, and the one that has a
/// refusal looked at again. A clause that was cited only for want of another is not among them.
fn citable<'a>(document: &'a Document, decision: &'a Decision) -> Vec<&'a str> {
    let decides = |rule: &&RuleFinding| rule.effect != EffectKind::NeedsInformation;
    let of_rules = decision.rules.iter().filter(decides);
    let of_rules = of_rules.flat_map(|rule| rule.clauses.iter().map(String::as_str));
    let of_laws = decision.law.iter().flat_map(|law| {
        let of_rules = law.rules.iter().flat_map(|rule| rule.clauses.iter().map(String::as_str));
        law.clauses.iter().map(|cited| cited.clause.as_str()).chain(of_rules)
    });
    let cited = decision.clauses.iter().map(|cited| cited.clause.as_str());
    let cited = cited.filter(|clause| *clause != document.door.clause);
    let offered = document.offers.iter().map(|offer| offer.clause.as_str());
    let refused = decision.outcome == Outcome::Refuse;
    let doors = decision.doors.iter().filter(|_| refused).map(|door| door.clause.as_str());
    let mut clauses: Vec<&str> = Vec::new();
    for clause in cited.chain(of_rules).chain(of_laws).chain(offered).chain(doors) {
        if !clauses.contains(&clause) {
            clauses.push(clause);
        }
    }
    clauses
}

impl ReviewBody {
    /// Fields that mean nothing with the decision are refused: their sender expected something of them.
    fn belongs_together(&self) -> Result<(), Problem> {
        use ReviewDecision::{Approve, ApprovePart, Ask, GrantCredits, Offer, Refuse};
        let with = |field, present: bool, decisions: &[ReviewDecision], names: &str| {
            if present && !decisions.contains(&self.decision) {
                return Err(unprocessable(field, format!("expected only with {names}")));
            }
            Ok(())
        };
        with("#/amount", self.amount.is_some(), &[ApprovePart, Offer], "`approve_part` or `offer`")?;
        let pays = "`approve`, `approve_part` or `offer`";
        with("#/revoke", self.revoke.is_some(), &[Approve, ApprovePart, Offer], pays)?;
        with("#/ends_plan", self.ends_plan.is_some(), &[Approve, ApprovePart, Offer], pays)?;
        let credits = "`grant_credits` or `offer`";
        with("#/credits", self.credits.is_some(), &[GrantCredits, Offer], credits)?;
        with("#/product", self.product.is_some(), &[GrantCredits], "`grant_credits`")?;
        with("#/offer", self.offer.is_some(), &[Offer], "`offer`")?;
        with("#/missing", !self.missing.is_empty(), &[Ask], "`ask`")?;
        with("#/question", self.question.is_some(), &[Ask], "`ask`")?;
        let (gives, refuses) = match self.outside_policy {
            Some(OutsideBody::Goodwill | OutsideBody::OurError) => (true, false),
            Some(OutsideBody::NotCovered) => (false, true),
            None => (false, false),
        };
        let grants = "`approve`, `approve_part` or `grant_credits`; a refusal is `not_covered`";
        with("#/outside_policy", gives, &[Approve, ApprovePart, GrantCredits], grants)?;
        let refusal = "`refuse`; what is given is `goodwill` or `our_error`";
        with("#/outside_policy", refuses, &[Refuse], refusal)?;
        if self.amount.is_some() && self.credits.is_some() {
            return Err(unprocessable("#/credits", "expected without `amount`"));
        }
        Ok(())
    }

    /// The questions to the customer; one in words is answered by a note.
    fn asks(&self) -> Result<Vec<Missing>, Problem> {
        let mut asks = Vec::new();
        for fact in &self.missing {
            let question = fact.spec().question.filter(|_| field_of(*fact).is_some());
            let question = question
                .ok_or_else(|| unprocessable("#/missing", "expected facts that a customer can answer"))?;
            asks.push(Missing { fact: *fact, question: question.to_owned() });
        }
        if let Some(question) = &self.question {
            check_text("#/question", question)?;
            asks.push(Missing { fact: Fact::NoteGiven, question: question.clone() });
        }
        if asks.is_empty() {
            return Err(unprocessable(
                "#/question",
                "expected with `ask`, or `missing` with what is missing",
            ));
        }
        Ok(asks)
    }
}

fn money(amount: &Amount) -> Result<Money, Problem> {
    let currency = Currency::new(&amount.currency);
    let currency =
        currency.map_err(|_| unprocessable("#/amount/currency", "expected three letters, like `usd`"))?;
    Ok(Money::new(amount.amount_minor, currency))
}
