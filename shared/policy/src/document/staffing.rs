//! Who acts on requests: who reviews, who approves, who pays out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decision::{Discount, Remedy};
use crate::named::named;

/// The provider that the text says refunds come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatedProvider {
    /// The clause that names it.
    pub clause: String,
    /// Its name, such as `stripe`.
    pub name: String,
}

/// What people review although a rule would let the machine decide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewRule {
    /// Its name within the document.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    pub products: Vec<String>,
    /// Which outcomes.
    pub of: ReviewScope,
}

named! {
    /// The outcomes that people review.
    ReviewScope {
        /// Refusals: the machine may grant, never refuse.
        Refusals "refusals",
        /// Grants and refusals: the machine only recommends.
        Everything "everything",
    }
}

/// The amounts above which a second person approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalLimits {
    /// The clause that says so.
    pub clause: String,
    /// Money by currency, in its smallest unit. Of a currency that is not listed every amount is above.
    pub money_above: BTreeMap<String, u64>,
    /// Credits: of one remedy, and of all that an account was granted within [`Self::within_s`].
    pub credits_above: u64,
    /// Credits that one person granted, to all accounts together, within [`Self::within_s`].
    pub person_above: u64,
    /// How long credits that were granted count, in seconds.
    pub within_s: u64,
    /// What is granted for a payment at most, as a percentage of the credits that it bought. More than one
    /// person cannot go beyond it either.
    pub payment_max_percent: u32,
}

impl ApprovalLimits {
    /// Whether one person is not enough for this remedy.
    pub fn needs_two(&self, remedy: &Remedy) -> bool {
        match remedy {
            Remedy::Money { amount_minor, currency }
            | Remedy::Discount(Discount::Amount { amount_minor, currency }) => {
                self.money_above.get(currency).is_none_or(|above| amount_minor > above)
            }
            Remedy::Credits { credits } => *credits > self.credits_above,
            // The document itself names the share.
            Remedy::Discount(Discount::Percent { .. }) => false,
        }
    }

    /// The credits that may be granted, beside those that it bought, for a payment that bought `credits`.
    pub fn payment_max(&self, credits: u64) -> u64 {
        let max = u128::from(credits).saturating_mul(self.payment_max_percent.into()).checked_div(100);
        u64::try_from(max.unwrap_or_default()).unwrap_or(u64::MAX)
    }

    /// The stricter of both in everything.
    #[must_use]
    pub fn stricter(self, other: &Self) -> Self {
        let both = |(currency, above): (String, u64)| {
            let other = other.money_above.get(&currency)?;
            Some((currency, above.min(*other)))
        };
        Self {
            clause: other.clause.clone(),
            money_above: self.money_above.into_iter().filter_map(both).collect(),
            credits_above: self.credits_above.min(other.credits_above),
            person_above: self.person_above.min(other.person_above),
            within_s: self.within_s.max(other.within_s),
            payment_max_percent: self.payment_max_percent.min(other.payment_max_percent),
        }
    }
}
