//! Which of two remedies or outcomes a customer prefers.

use serde::{Deserialize, Serialize};

use crate::decision::{Outcome, Recommendation, Remedy};

/// How the outcome of one request changes from one version of a policy to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// The customer gets less, or gets it less surely.
    Against,
    /// The customer gets more, or gets it more surely.
    For,
    /// It is another outcome that favours the customer as much.
    Otherwise,
    /// Nothing changes.
    Same,
}

impl Outcome {
    /// What it gives, or is recommended to give.
    pub fn remedy(&self) -> Option<&Remedy> {
        match self {
            Self::Grant { remedy }
            | Self::Person { recommendation: Some(Recommendation::Grant { remedy }) } => Some(remedy),
            Self::Refuse | Self::Person { .. } | Self::NeedsInformation { .. } => None,
        }
    }

    /// How it changes to `after`.
    pub fn turn(&self, after: &Self) -> Turn {
        if self == after {
            return Turn::Same;
        }
        match self.favour().cmp(&after.favour()) {
            std::cmp::Ordering::Less => Turn::For,
            std::cmp::Ordering::Greater => Turn::Against,
            std::cmp::Ordering::Equal => Turn::Otherwise,
        }
    }

    /// What favours the customer more is greater: a refusal, one that a person may correct, what is open,
    /// what is given; of what is given the greater remedy, and of equal ones the one that is certain.
    fn favour(&self) -> (u8, (u8, u64), bool) {
        match (self, self.remedy()) {
            (_, Some(remedy)) => (3, remedy.favour(), matches!(self, Self::Grant { .. })),
            (Self::Refuse, None) => (0, (0, 0), true),
            (Self::Person { recommendation: Some(Recommendation::Refuse) }, None) => (1, (0, 0), false),
            (Self::Grant { .. } | Self::Person { .. } | Self::NeedsInformation { .. }, None) => {
                (2, (0, 0), false)
            }
        }
    }
}

impl Remedy {
    /// What favours the customer more is greater: money before credits, more before less.
    pub(crate) fn favour(&self) -> (u8, u64) {
        match self {
            Self::Credits { credits } => (0, *credits),
            // It is offered, and no rule grants it, so that no discount makes a better outcome than another.
            Self::Discount(_) => (0, 0),
            Self::Money { amount_minor, .. } => (1, *amount_minor),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_ordered_by_what_the_customer_gets() {
        let money = |amount_minor| Remedy::Money { amount_minor, currency: "eur".to_owned() };
        let advised = |remedy| Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) };
        let ascending = [
            Outcome::Refuse,
            Outcome::Person { recommendation: Some(Recommendation::Refuse) },
            Outcome::Person { recommendation: None },
            Outcome::Grant { remedy: Remedy::Credits { credits: 9 } },
            advised(money(5)),
            Outcome::Grant { remedy: money(5) },
            advised(money(6)),
        ];
        for (place, one) in ascending.iter().enumerate() {
            for (other_place, other) in ascending.iter().enumerate() {
                let expected = match place.cmp(&other_place) {
                    std::cmp::Ordering::Less => Turn::For,
                    std::cmp::Ordering::Equal => Turn::Same,
                    std::cmp::Ordering::Greater => Turn::Against,
                };
                assert_eq!(one.turn(other), expected, "{one:?} and {other:?}");
            }
        }
        let asked = Outcome::NeedsInformation { missing: Vec::new() };
        assert_eq!(Outcome::Person { recommendation: None }.turn(&asked), Turn::Otherwise);
    }
}
