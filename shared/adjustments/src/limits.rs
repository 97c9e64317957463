//! How much an adjustment weighs, and when that needs two people.

use ledger::{Account, AdjustmentKind, Credits};
use policy::ApprovalLimits;
use refunds::Granted;

/// The credits that an adjustment is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// It gives so many: they count with what else the account got, and the person gave.
    Gives(Credits),
    /// It moves so many that were there before.
    Moves(Credits),
    /// It moves none.
    None,
}

impl Weight {
    /// The weight of an adjustment on an account as it stands. A write-off gives: what comes later is not
    /// used up by the debt. An expiry is worth what is left of its lot.
    pub fn of(kind: AdjustmentKind, account: &Account) -> Self {
        match kind {
            AdjustmentKind::Grant { credits, .. } | AdjustmentKind::DebtWriteOff { credits } => {
                Self::Gives(credits)
            }
            AdjustmentKind::TakeBack { credits, .. } => Self::Moves(credits),
            AdjustmentKind::ExpiryMove { lot, .. } => {
                Self::Moves(account.lot(lot).map_or(Credits::ZERO, |lot| lot.available))
            }
            AdjustmentKind::Suspension | AdjustmentKind::Resumption => Self::None,
        }
    }

    /// The credits that count with those that were granted before.
    pub fn given(self) -> Option<Credits> {
        match self {
            Self::Gives(credits) => Some(credits),
            Self::Moves(_) | Self::None => None,
        }
    }

    /// Whether one person is not enough, after what was granted `before`.
    pub fn needs_two(self, limits: &ApprovalLimits, before: Granted) -> bool {
        match self {
            Self::Gives(credits) => {
                let sums = before.with(credits.get());
                sums.to_account > limits.credits_above || sums.by_person > limits.person_above
            }
            Self::Moves(credits) => credits.get() > limits.credits_above,
            Self::None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn what_is_given_counts_with_what_was_given_and_what_is_moved_alone() {
        let limits = ApprovalLimits {
            clause: "two-people".to_owned(),
            money_above: BTreeMap::new(),
            credits_above: 100,
            person_above: 300,
            within_s: 86_400,
            payment_max_percent: 100,
        };
        let credits = |count| Credits::new(count).unwrap();
        let before = |to_account, by_person| Granted { for_payment: 0, to_account, by_person };
        for (weight, before, two) in [
            (Weight::Gives(credits(100)), before(0, 0), false),
            (Weight::Gives(credits(101)), before(0, 0), true),
            (Weight::Gives(credits(40)), before(60, 60), false),
            (Weight::Gives(credits(40)), before(61, 61), true),
            (Weight::Gives(credits(40)), before(0, 260), false),
            (Weight::Gives(credits(40)), before(0, 261), true),
            (Weight::Moves(credits(100)), before(900, 900), false),
            (Weight::Moves(credits(101)), before(0, 0), true),
            (Weight::None, before(900, 900), false),
        ] {
            assert_eq!(weight.needs_two(&limits, before), two, "{weight:?} after {before:?}");
        }
    }
}
