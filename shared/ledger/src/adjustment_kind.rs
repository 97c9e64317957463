//! What an adjustment does to an account.

use crate::{Credits, LotId, Timestamp};

/// What credits are given for without a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantPurpose {
    Goodwill,
    Promotional,
    Trial,
}

impl GrantPurpose {
    pub const ALL: [Self; 3] = [Self::Goodwill, Self::Promotional, Self::Trial];

    /// Its name in answers and commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goodwill => "goodwill",
            Self::Promotional => "promotional",
            Self::Trial => "trial",
        }
    }

    /// The purpose with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// What an adjustment does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentKind {
    /// Credits are given as a lot of their own. They pay off no debt: they are given as usable ones.
    Grant {
        credits: Credits,
        purpose: GrantPurpose,
        /// From this instant on they are unusable; `None` never expires.
        expires_at: Option<Timestamp>,
    },
    /// So many unused credits of a lot are taken back. What was spent is no debt.
    TakeBack { lot: LotId, credits: Credits },
    /// So much of what the account owes is written off.
    DebtWriteOff { credits: Credits },
    /// A lot that may expire gets another expiry, or none.
    ExpiryMove { lot: LotId, expires_at: Option<Timestamp> },
    /// Holds are refused from here on.
    Suspension,
    /// Holds are accepted again.
    Resumption,
}
