//! What can happen to an account, and the postings of each change.

use crate::{
    AmountError, Credits, DisputeId, Ended, GenerationId, Hold, Lot, LotCredits, LotId, MonthlyGrants,
    PaymentId, Settled, SubscriptionId, Timestamp,
};

/// Why a hold's credits went back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseReason {
    /// The generation failed (`S2-2`).
    Failed,
    /// The provider answered "success" with nothing in it (`S2-6`).
    EmptySuccess,
    /// No outcome was known by the hold's deadline (`S2-3`, `S4-5`).
    Deadline,
}

/// One thing that happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A payment's credits, those of one of its months, or a compensation, arrived as a lot; `settled` of
    /// them paid off debt.
    Granted {
        /// The lot as it arrived, before any debt was paid off.
        lot: Lot,
        /// Credits that paid off debt.
        settled: Credits,
    },
    /// A lot moved in from another system, with what had become of its credits there.
    Imported(Lot),
    /// Credits were set aside for a generation.
    Held(Hold),
    /// A hold's credits were spent.
    Captured {
        generation: GenerationId,
        /// The lots the credits came from.
        parts: Vec<LotCredits>,
        /// Whether the generation delivered a usable result; `false` if its ending is for a person to decide.
        usable: bool,
    },
    /// A part of a hold's credits went back to the lots they came from; the hold goes on with the rest.
    PartlyReleased {
        generation: GenerationId,
        /// The lots they came from and went back to.
        parts: Vec<LotCredits>,
    },
    /// A hold's credits went back to the lots they came from.
    Released {
        generation: GenerationId,
        /// The lots they came from and went back to.
        parts: Vec<LotCredits>,
        reason: ReleaseReason,
    },
    /// Captured credits went back to their lots, because the generation had failed after all.
    GivenBack {
        generation: GenerationId,
        /// The lots they came from and went back to.
        parts: Vec<LotCredits>,
        /// Whether the capture counted as a usable result.
        usable: bool,
    },
    /// A generation whose hold had been released succeeded after all and was charged anew.
    ChargedLate {
        generation: GenerationId,
        /// The lots that were charged.
        parts: Vec<LotCredits>,
    },
    /// A generation whose hold had been released succeeded after all, and the credits were gone.
    Uncollected {
        generation: GenerationId,
        /// What was not collected.
        credits: Credits,
    },
    /// What was left of a lot expired.
    Expired(LotCredits),
    /// What was left of a subscription's period was replaced by its renewal (`S4-12`).
    Replaced {
        /// The lot and the credits that were left of it.
        part: LotCredits,
        /// When it became unusable; credits in open holds come back under the terms of an expired lot.
        since: Timestamp,
    },
    /// What a month's credits had replaced came back: they came before it was known that their subscription
    /// had ended.
    Reinstated(LotCredits),
    /// Credits of a refunded payment's lot were taken back.
    Revoked {
        /// The lot and the credits taken from it.
        part: LotCredits,
        /// Spent credits that the account owes for it.
        debt: Credits,
        /// Whether the lot is closed: what comes back to it is revoked at once.
        closes: bool,
    },
    /// A revocation was undone, because its refund failed.
    Restored {
        /// The lot and the credits that came back to it.
        part: LotCredits,
        /// Debt that was struck off with it.
        debt: Credits,
        /// What the debt's payers get back, where grants had paid it off.
        repaid: Vec<LotCredits>,
    },
    /// Credits that came back to a lot were taken back in place of spent ones that the account owed for.
    Offset {
        /// The lot and the credits taken from it.
        part: LotCredits,
        /// Debt that was struck off for them.
        debt: Credits,
        /// What the debt's payers get back, where grants had paid it off; with `debt`, as much as `part`.
        repaid: Vec<LotCredits>,
    },
    /// A dispute froze what is left of its payment's lot.
    Frozen {
        /// The lot, and the credits that cannot be used from here on; none if they were frozen before.
        part: LotCredits,
        dispute: DisputeId,
        /// The place of the report among those of the dispute.
        order: Timestamp,
    },
    /// A dispute takes nothing from its payment's lot.
    Thawed {
        /// The lot, and the credits that can be used again.
        part: LotCredits,
        dispute: DisputeId,
        /// The place of the report among those of the dispute.
        order: Timestamp,
    },
    /// A lost dispute took back credits of its payment's lot.
    ChargedBack {
        /// The lot and the credits taken from it.
        part: LotCredits,
        /// Spent credits that the account owes for it.
        debt: Credits,
        dispute: DisputeId,
        /// The place of the report among those of the dispute.
        order: Timestamp,
        /// How many credits the dispute takes in all; `None` takes what is left and what comes back.
        limit: Option<Credits>,
        /// Whether spent credits become a debt.
        owe_spent: bool,
    },
    /// What a dispute took came back.
    Regained {
        /// The lot and the credits that came back to it.
        part: LotCredits,
        /// Debt that was struck off with it.
        debt: Credits,
        /// What the debt's payers get back, where grants had paid it off.
        repaid: Vec<LotCredits>,
        dispute: DisputeId,
    },
    /// A payment's further lots come month by month.
    GrantsScheduled(MonthlyGrants),
    /// None of a payment's further lots comes from an instant on: its subscription ended, or a renewal took
    /// the place of the rest.
    GrantsEnded { payment: PaymentId, at: Timestamp },
    /// None of a payment's further lots comes, because all of it is refunded.
    GrantsStopped { payment: PaymentId },
    /// The further lots of a payment come again, because the refund failed.
    GrantsResumed { payment: PaymentId },
    /// A subscription ended: its left-over lots have an expiry.
    ExpiryStarted {
        /// The subscription and its clock.
        ended: Ended,
        /// The lots with their expiry.
        lots: Vec<(LotId, Timestamp)>,
    },
    /// A subscription took over the left-over lots of an ended one: they have no expiry.
    ExpiryStopped {
        /// The subscription that the lots belong to from here on.
        subscription: SubscriptionId,
        lots: Vec<LotId>,
    },
    /// Credits came back to a lot after its expiry: they stay usable until this instant.
    Extended {
        lot: LotId,
        /// Its expiry from here on.
        until: Timestamp,
    },
    /// Unused credits of a lot were taken back by an adjustment, or with the debt that they had written off.
    TakenBack(LotCredits),
    /// An adjustment wrote off debt: as much as the lot was granted, all of it spent on that.
    DebtWrittenOff(Lot),
    /// An adjustment moved the expiry of a lot; `None` has none from here on.
    ExpiryMoved { lot: LotId, expires_at: Option<Timestamp> },
    /// Holds are refused from here on.
    Suspended,
    /// Holds are accepted again.
    Resumed,
    /// The account's due marker was set to this instant.
    Marked(Timestamp),
}

/// A book of the ledger that a posting goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Book {
    /// Where granted credits come from; the only book that falls below zero, with [`Book::Claims`].
    Issued,
    /// A lot's available credits.
    Available(LotId),
    /// A lot's held credits.
    Held(LotId),
    /// A lot's spent credits.
    Spent(LotId),
    /// A lot's expired credits.
    Expired(LotId),
    /// A lot's revoked credits.
    Revoked(LotId),
    /// Credits that the account owes.
    Debt,
    /// The counterpart of debt.
    Claims,
}

/// One line of an entry: credits into a book, negative out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    pub book: Book,
    /// Credits in, negative out.
    pub credits: i64,
}

impl Change {
    /// The generation that it settles, and how.
    pub fn settles(&self) -> Option<(&GenerationId, Settled)> {
        match self {
            Self::Captured { generation, .. } => Some((generation, Settled::Captured)),
            Self::Released { generation, .. } => Some((generation, Settled::Released)),
            _ => None,
        }
    }

    pub(crate) fn post(&self, postings: &mut Vec<Posting>) -> Result<(), AmountError> {
        let mut transfer = |from: Book, to: Book, credits: Credits| {
            let credits = i64::try_from(credits.get()).map_err(|_| AmountError::Overflow)?;
            if credits != 0 {
                postings.push(Posting {
                    book: from,
                    credits: credits.checked_neg().ok_or(AmountError::Overflow)?,
                });
                postings.push(Posting { book: to, credits });
            }
            Ok(())
        };
        match self {
            Self::Granted { lot, settled } => {
                transfer(Book::Issued, Book::Available(lot.id), lot.granted)?;
                transfer(Book::Available(lot.id), Book::Spent(lot.id), *settled)?;
                transfer(Book::Debt, Book::Claims, *settled)
            }
            Self::Imported(lot) => {
                transfer(Book::Issued, Book::Available(lot.id), lot.granted)?;
                transfer(Book::Available(lot.id), Book::Spent(lot.id), lot.spent)?;
                transfer(Book::Available(lot.id), Book::Expired(lot.id), lot.expired)?;
                transfer(Book::Available(lot.id), Book::Revoked(lot.id), lot.revoked)
            }
            Self::Held(hold) => hold
                .parts
                .iter()
                .try_for_each(|part| transfer(Book::Available(part.lot), Book::Held(part.lot), part.credits)),
            Self::Captured { parts, .. } => parts
                .iter()
                .try_for_each(|part| transfer(Book::Held(part.lot), Book::Spent(part.lot), part.credits)),
            Self::Released { parts, .. } | Self::PartlyReleased { parts, .. } => parts
                .iter()
                .try_for_each(|part| transfer(Book::Held(part.lot), Book::Available(part.lot), part.credits)),
            Self::GivenBack { parts, .. } => parts.iter().try_for_each(|part| {
                transfer(Book::Spent(part.lot), Book::Available(part.lot), part.credits)
            }),
            Self::ChargedLate { parts, .. } => parts.iter().try_for_each(|part| {
                transfer(Book::Available(part.lot), Book::Spent(part.lot), part.credits)
            }),
            Self::Expired(part) | Self::Replaced { part, .. } => {
                transfer(Book::Available(part.lot), Book::Expired(part.lot), part.credits)
            }
            Self::Reinstated(part) => {
                transfer(Book::Expired(part.lot), Book::Available(part.lot), part.credits)
            }
            Self::Revoked { part, debt, .. } | Self::ChargedBack { part, debt, .. } => {
                transfer(Book::Available(part.lot), Book::Revoked(part.lot), part.credits)?;
                transfer(Book::Claims, Book::Debt, *debt)
            }
            Self::Restored { part, debt, repaid } | Self::Regained { part, debt, repaid, .. } => {
                transfer(Book::Revoked(part.lot), Book::Available(part.lot), part.credits)?;
                transfer(Book::Debt, Book::Claims, *debt)?;
                repaid.iter().try_for_each(|part| {
                    transfer(Book::Spent(part.lot), Book::Available(part.lot), part.credits)
                })
            }
            Self::Offset { part, debt, repaid } => {
                transfer(Book::Available(part.lot), Book::Revoked(part.lot), part.credits)?;
                transfer(Book::Debt, Book::Claims, *debt)?;
                repaid.iter().try_for_each(|part| {
                    transfer(Book::Spent(part.lot), Book::Available(part.lot), part.credits)
                })
            }
            Self::TakenBack(part) => {
                transfer(Book::Available(part.lot), Book::Revoked(part.lot), part.credits)
            }
            Self::DebtWrittenOff(lot) => {
                transfer(Book::Issued, Book::Spent(lot.id), lot.granted)?;
                transfer(Book::Debt, Book::Claims, lot.granted)
            }
            Self::Uncollected { .. }
            | Self::Frozen { .. }
            | Self::Thawed { .. }
            | Self::GrantsScheduled(_)
            | Self::GrantsEnded { .. }
            | Self::GrantsStopped { .. }
            | Self::GrantsResumed { .. }
            | Self::ExpiryStarted { .. }
            | Self::ExpiryStopped { .. }
            | Self::Extended { .. }
            | Self::ExpiryMoved { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Marked(_) => Ok(()),
        }
    }
}
