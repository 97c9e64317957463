//! What Stripe reported that opened a case: no customer asked for anything, so the case is support's alone.

use ledger::{DisputeId, FraudWarningId, IdError, RefundId};
use policy::Reason;

/// What Stripe reported. Each has a case of its own, so that several of one payment are told apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Occasion {
    /// The cardholder's bank disputes the payment, or asks about it.
    Dispute(DisputeId),
    /// The card's issuer warns that the payment may be fraudulent.
    FraudWarning(FraudWarningId),
    /// A refund that nobody asked us for.
    OutsideRefund(RefundId),
}

impl Occasion {
    /// Stripe's id of it.
    pub fn id(&self) -> &str {
        match self {
            Self::Dispute(id) => id.as_str(),
            Self::FraudWarning(id) => id.as_str(),
            Self::OutsideRefund(id) => id.as_str(),
        }
    }

    /// The reason of its case.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Dispute(_) => Reason::PaymentDisputed,
            Self::FraudWarning(_) => Reason::FraudWarning,
            Self::OutsideRefund(_) => Reason::RefundedOutside,
        }
    }

    /// What `reason` and Stripe's id say; `None` for a reason that people file for.
    pub fn read(reason: Reason, id: &str) -> Result<Option<Self>, IdError> {
        Ok(match reason {
            Reason::PaymentDisputed => Some(Self::Dispute(DisputeId::new(id)?)),
            Reason::FraudWarning => Some(Self::FraudWarning(FraudWarningId::new(id)?)),
            Reason::RefundedOutside => Some(Self::OutsideRefund(RefundId::new(id)?)),
            _ => None,
        })
    }
}
