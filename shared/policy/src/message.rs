//! The sentence that a customer reads, made from the decision and nothing else.

use std::fmt::Write as _;

use crate::currency::{decimals, is_written_whole};
use crate::decision::{Basis, Decision, Outcome, Remedy};
use crate::fact::Fact;
use crate::facts::Value;

impl Decision {
    /// What the customer is told, in plain words.
    pub fn message(&self) -> String {
        let mut message = self.outcome_sentence();
        if !self.clauses.is_empty() {
            let texts: Vec<&str> = self.clauses.iter().map(|citation| citation.text.as_str()).collect();
            // Formatting into a string cannot fail.
            let _ = write!(
                message,
                " Our policy \u{201c}{}\u{201d} (version {}) says: \u{201c}{}\u{201d}",
                self.title,
                self.version,
                texts.join("\u{201d} and: \u{201c}"),
            );
        }
        for law in self.law.iter().filter(|law| !law.clauses.is_empty()) {
            let texts: Vec<&str> = law.clauses.iter().map(|citation| citation.text.as_str()).collect();
            let weight = match (law.decisive && law.gives.is_some(), &self.outcome) {
                (true, Outcome::Grant { .. }) => {
                    " It gives you more than our policy does, so that we go by it."
                }
                (true, _) => " It may give you more than our policy does; whoever decides sees both.",
                (false, _) => "",
            };
            let _ = write!(
                message,
                " The law beside it, \u{201c}{}\u{201d}, says: \u{201c}{}\u{201d}{weight}",
                law.title,
                texts.join("\u{201d} and: \u{201c}"),
            );
        }
        for offer in &self.offers {
            message.push(' ');
            message.push_str(&offer.text);
        }
        if self.offers.len() > 1 {
            message.push_str(" You are free to choose one of these or none; declining changes nothing else.");
        }
        for door in &self.doors {
            message.push(' ');
            message.push_str(&door.text);
        }
        message
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
            Outcome::Refuse => "We cannot refund this.".to_owned(),
            Outcome::NeedsInformation { missing } => {
                let questions: Vec<&str> = missing.iter().map(|each| each.question.as_str()).collect();
                format!("We need something from you before we can decide: {}", questions.join(" "))
            }
            Outcome::Person { .. } => match self.basis {
                Basis::Conflict => "A person will decide, because two of our rules apply and disagree.",
                Basis::BeforeFirstVersion | Basis::UndatedPayment => {
                    "A person will decide, because we cannot tell which version of our policy applies."
                }
                Basis::DisputedPayment => {
                    "A person will decide, because the payment is disputed at your bank."
                }
                Basis::NothingLeft => {
                    "A person will look at this, because our records say that it was given back already."
                }
                Basis::AboveLimit => "Two people will decide, because of the amount.",
                Basis::NothingToActOn => {
                    "A person will carry this out, because our records do not hold what it is about."
                }
                Basis::UnknownFacts => "A person will decide, because our records do not settle it.",
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

/// An amount as people write it: `12.50 EUR`.
pub fn money_text(amount_minor: u64, currency: &str) -> String {
    let code = currency.to_ascii_uppercase();
    let digits = decimals(currency);
    let text = format!("{amount_minor:0>width$}", width = digits.saturating_add(1));
    let (whole, part) = text.split_at(text.len().saturating_sub(digits));
    let is_whole = part.is_empty() || is_written_whole(currency) && part.bytes().all(|digit| digit == b'0');
    if is_whole { format!("{whole} {code}") } else { format!("{whole}.{part} {code}") }
}

#[cfg(test)]
mod tests {
    use super::money_text;

    #[test]
    fn amounts_are_written_with_their_currency_s_decimals() {
        for (amount_minor, currency, expected) in [
            (1_250, "eur", "12.50 EUR"),
            (5, "usd", "0.05 USD"),
            (0, "usd", "0.00 USD"),
            (1_250, "jpy", "1250 JPY"),
            (1_250, "kwd", "1.250 KWD"),
            // Stripe takes these in hundredths that are always 00.
            (380_000, "ugx", "3800 UGX"),
            (380_050, "ugx", "3800.50 UGX"),
            (150_000, "isk", "1500 ISK"),
            (0, "isk", "0 ISK"),
            (123_400, "huf", "1234.00 HUF"),
            (1_250, "kmf", "1250 KMF"),
            (u64::MAX, "usd", "184467440737095516.15 USD"),
        ] {
            assert_eq!(money_text(amount_minor, currency), expected);
        }
    }
}
