//! The sentences that a customer reads, made from the decision and nothing else.
//!
//! A message says what happens and what the customer can do, in at most three short sentences beside a
//! question. It quotes no clause: [`Decision::deciding_clause`] is shown beside it.

use crate::condition::Truth;
use crate::currency::money_text;
use crate::decision::{Basis, Citation, Decision, EffectKind, Outcome, Recommendation, Remedy};
use crate::facts::{Fact, Value};

impl Decision {
    /// What the customer reads.
    pub fn message(&self) -> String {
        let mut sentences = vec![self.outcome_sentence()];
        sentences.extend(self.law_sentence().map(str::to_owned));
        sentences.extend(self.offer_sentence());
        if self.gives_less_than_all() {
            sentences.extend(self.doors.iter().map(|door| door.text.clone()));
        }
        sentences.join(" ")
    }

    /// The one clause that the outcome rests on: that of the law where the law decides, or else the first of
    /// the rule that says the same as the outcome. Where a person decides without a recommendation, the first
    /// clause that applies.
    pub fn deciding_clause(&self) -> Option<&Citation> {
        let granted = match &self.outcome {
            Outcome::Grant { .. }
            | Outcome::Person { recommendation: Some(Recommendation::Grant { .. }) } => EffectKind::Grant,
            Outcome::Refuse | Outcome::Person { recommendation: Some(Recommendation::Refuse) } => {
                EffectKind::Refuse
            }
            Outcome::NeedsInformation { .. } => EffectKind::NeedsInformation,
            Outcome::Person { recommendation: None } => EffectKind::Person,
        };
        let by_law = self.law.iter().filter(|law| law.decisive && law.gives.is_some());
        let by_law = by_law.flat_map(|law| &law.clauses);
        let met = self.rules.iter().filter(|rule| {
            rule.finding == Truth::Yes && rule.set_aside_by.is_none() && rule.effect == granted
        });
        let by_rule = met.flat_map(|rule| &rule.clauses).filter_map(|clause| self.citation(clause));
        let by_amount = self.clauses.last().filter(|_| self.basis == Basis::AboveLimit);
        by_amount.or_else(|| by_law.chain(by_rule).next()).or(self.clauses.first())
    }

    /// Whether the customer may see it differently.
    fn gives_less_than_all(&self) -> bool {
        match &self.outcome {
            Outcome::Refuse => true,
            Outcome::Grant { remedy: Remedy::Money { amount_minor, currency } } => {
                !self.part_of(*amount_minor, currency).is_empty()
            }
            Outcome::Grant { .. } | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => false,
        }
    }

    fn citation(&self, clause: &str) -> Option<&Citation> {
        self.clauses.iter().find(|citation| citation.clause == clause)
    }

    fn law_sentence(&self) -> Option<&'static str> {
        let decisive = self.law.iter().any(|law| law.decisive && law.gives.is_some());
        match self.outcome {
            Outcome::Grant { .. } if decisive => {
                Some("The law gives you more than our policy does, so we go by the law.")
            }
            Outcome::Person { .. } if decisive => Some("The law may give you more than our policy does."),
            _ => None,
        }
    }

    /// What else there is, where nothing is granted and nothing has to be answered first.
    fn offer_sentence(&self) -> Option<String> {
        if !matches!(self.outcome, Outcome::Refuse | Outcome::Person { .. }) {
            return None;
        }
        match self.offers.as_slice() {
            [] => None,
            [offer] => Some(offer.text.clone()),
            _ => Some("You can choose one of our offers or none.".to_owned()),
        }
    }

    /// Of what the amount is a part: the rest was refunded before, or is not refunded.
    fn part_of(&self, amount_minor: u64, currency: &str) -> String {
        let of = |fact| {
            let used = self.facts.iter().find(|used| used.fact == fact)?;
            match used.value {
                Value::Integer(minor) => u64::try_from(minor).ok(),
                Value::Boolean(_) | Value::Text(_) => None,
            }
        };
        let (Some(paid), Some(refunded)) = (of(Fact::AmountPaid), of(Fact::AmountRefunded)) else {
            return String::new();
        };
        let rest = paid.saturating_sub(refunded);
        match (amount_minor < rest, refunded > 0) {
            (false, false) => String::new(),
            (false, true) => format!(", what is left of {},", money_text(paid, currency)),
            (true, _) => format!(", a part of {},", money_text(rest, currency)),
        }
    }

    /// What the records say of a generation whose credits are all back, where it is about one.
    fn given_back(&self) -> Option<String> {
        let integer = |fact| {
            let used = self.facts.iter().find(|used| used.fact == fact)?;
            match used.value {
                Value::Integer(integer) => Some(integer),
                Value::Boolean(_) | Value::Text(_) => None,
            }
        };
        let returned = integer(Fact::GenerationCreditsReturned)?;
        if returned == 0 || returned < integer(Fact::GenerationCreditsCharged)? {
            return None;
        }
        let when = integer(Fact::GenerationReturnedAt).and_then(instant_text);
        let when = when.map(|when| format!(" on {when}")).unwrap_or_default();
        Some(format!("The {returned} credits of this generation went back to your balance{when}."))
    }

    fn outcome_sentence(&self) -> String {
        match (&self.outcome, self.given_back()) {
            (Outcome::Refuse, Some(given_back)) => return given_back,
            (Outcome::Person { .. }, Some(given_back)) => {
                return format!("{given_back} A person will look at your request and decide.");
            }
            _ => {}
        }
        match &self.outcome {
            Outcome::Grant { remedy: Remedy::Money { amount_minor, currency } } => {
                format!(
                    "We refund {}{} to the payment method you paid with.",
                    money_text(*amount_minor, currency),
                    self.part_of(*amount_minor, currency),
                )
            }
            Outcome::Grant { remedy: Remedy::Credits { credits } } => {
                format!("We put {credits} credits back on your balance.")
            }
            Outcome::Grant { remedy: Remedy::Discount(discount) } => {
                format!(
                    "Your next renewal is {} cheaper. Your plan and your credits stay as they are.",
                    discount.text()
                )
            }
            Outcome::Refuse => {
                format!(
                    "We cannot refund this under our policy \u{201c}{}\u{201d} (version {}).",
                    self.title, self.version,
                )
            }
            Outcome::NeedsInformation { missing } => match missing.as_slice() {
                [] => "Please tell us more, so that we can decide.".to_owned(),
                [one] => format!("We need an answer from you before we can decide: {}", one.question),
                several => {
                    format!("We need {} answers from you before we can decide.", several.len())
                }
            },
            Outcome::Person { .. } => match self.basis {
                Basis::Conflict => "A person will decide, because two of our rules apply and disagree.",
                Basis::BeforeFirstVersion | Basis::UndatedPayment => {
                    "A person will decide, because we cannot tell which version of our policy applies."
                }
                Basis::DisputedPayment => {
                    "A person will decide, because the payment is disputed at your bank."
                }
                Basis::NothingLeft => {
                    "A person will look at this, because our records say that you have it back already."
                }
                Basis::AboveLimit => "Two people will decide, because of the amount.",
                Basis::NothingToActOn => {
                    "A person will look at this, because we cannot find what it is about in our records."
                }
                Basis::UnknownFacts => "A person will decide, because our records do not show enough.",
                Basis::Rules | Basis::Unmatched => "A person will look at your request and decide.",
            }
            .to_owned(),
        }
    }
}

/// An instant as people write it: `2026-11-02 10:00 UTC`.
fn instant_text(milliseconds: i64) -> Option<String> {
    let text = jiff::Timestamp::from_millisecond(milliseconds).ok()?.to_string();
    let (day, time) = text.split_once('T')?;
    Some(format!("{day} {} UTC", time.get(..5)?))
}
