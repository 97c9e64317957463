//! What can be asked of an account, and what can be answered.

use crate::{
    AdjustmentId, AdjustmentKind, Credits, DisputeId, Ended, GenerationId, ImportId, Lot, Payment, PaymentId,
    Period, ProductId, RefundRequestId, ReleaseReason, ServiceId, Settled, SubscriptionId, Timestamp,
};

/// Credits of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The payment; its `lot` and `landed_at` are filled in by the ledger.
    pub payment: Box<Payment>,
    /// A charge of a subscription that stops the clocks of ended ones of the same product, unless an earlier
    /// charge of it has landed.
    pub pauses_leftover_expiry: bool,
    /// The subscription's period that was paid, where the policy lets a renewal take the place of what is
    /// left of the periods before (`S4-12`).
    pub period: Option<Period>,
    /// How long the credits stay usable after the subscription's end, in seconds, by the policy that the
    /// payment pinned; `None` leaves it to the policy at the end.
    pub leftover_s: Option<u64>,
    /// A short fingerprint of what the payment's event says of price and money, by which a second event under
    /// one id is noticed without a read of its own; `None` where no event brings the credits.
    pub fingerprint: Option<u32>,
}

/// Credits given without a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compensation {
    /// The refund request that decided it: it gives credits once for ever.
    pub request: RefundRequestId,
    /// The product whose operations may spend them (`S0-20`).
    pub product: ProductId,
    pub credits: Credits,
    /// From this instant on they are unusable; `None` never expires.
    pub expires_at: Option<Timestamp>,
}

/// A hold to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceHold {
    pub generation: GenerationId,
    /// The service that asks, by its verified identity.
    pub service: ServiceId,
    pub operation: String,
    pub product: ProductId,
    pub credits: Credits,
    /// How long until the hold is released without an outcome, in seconds.
    pub deadline_s: u64,
}

/// How a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It succeeded: capture.
    Succeeded,
    /// It succeeded and used so many of the held credits, at least one: capture them, and the rest goes back.
    /// More than are held is all of them.
    SucceededUsing(Credits),
    /// It may have delivered nothing usable, such as a blocked or a partial result: capture, until a person
    /// has decided.
    InReview,
    Failed(ReleaseReason),
}

impl Ending {
    /// How it settles an open hold.
    pub fn settles(self) -> Settled {
        match self {
            Self::Succeeded | Self::SucceededUsing(_) | Self::InReview => Settled::Captured,
            Self::Failed(_) => Settled::Released,
        }
    }
}

/// The end of one generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub generation: GenerationId,
    /// How it ended.
    pub ending: Ending,
    /// How long its credits stay usable that come back after their lot's expiry, in seconds, by the policy of
    /// its own hold.
    pub grace_s: u64,
    /// Whether a success after the release is charged anew, by the policy of its own hold (`S4-5`).
    pub charges_late: bool,
}

/// How much a revocation takes back of a payment's lots: what came last goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// All that is left, and nothing that was still to come. The lots are closed: what running generations
    /// give back is taken back at once.
    Remaining,
    /// So many, as far as they are left. The lot stays open, and what comes month by month still comes.
    UpTo(Credits),
    /// So many, as far as they are left, and nothing that was still to come: all of the payment is refunded.
    /// The lot stays open.
    Last(Credits),
}

/// Credits of one payment's lots to be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    pub payment: PaymentId,
    pub takes: Takes,
    /// Whether spent credits become a debt, as far as they are among those to be taken back.
    pub owe_spent: bool,
}

/// Credits of one payment's lots to be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutBack {
    pub payment: PaymentId,
    /// The credits that were taken back.
    pub credits: Credits,
    /// The debt that was made.
    pub debt: Credits,
}

/// What a change of plans returns to the customer's balance at Stripe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeReturn {
    /// Of which product's plans; `None` of what brings no credits.
    pub product: Option<ProductId>,
    /// In minor units, with taxes.
    pub minor: u64,
    /// The credits that go with it.
    pub credits: Credits,
}

/// Credits that go because a change of plans has returned their money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeReturn {
    /// The payments that were made for the plan until the change, newest first.
    pub payments: Vec<PaymentId>,
    pub credits: Credits,
    /// When the change was charged: months that begin later do not come where all of them are returned.
    pub at: Timestamp,
}

/// A report of a dispute of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeReport {
    pub payment: PaymentId,
    pub dispute: DisputeId,
    /// Its place among the reports of the dispute ([`crate::Dispute::order`]): the newest counts.
    pub order: Timestamp,
    pub effect: DisputeEffect,
}

/// What a dispute does to the credits of its payment, as of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeEffect {
    /// The bank has yet to decide: what is left cannot be used, nor what running generations give back.
    Freezes,
    /// It takes nothing: exactly what it froze or took is free.
    Frees {
        /// Until when credits stay usable that would expire earlier; `None` leaves their expiry as it is.
        until: Option<Timestamp>,
    },
    /// It is lost: the credits that its money bought are taken back.
    Takes {
        /// All of them, or so many as the money that is lost bought. Of the latter, what running generations
        /// give back counts as well.
        takes: Takes,
        /// Whether spent credits become a debt; only where the policy says so.
        owe_spent: bool,
    },
}

/// What another system kept of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub id: ImportId,
    /// SHA-256 of what the import says of the account.
    pub digest: [u8; 32],
    /// When the balance was read.
    pub as_of: Timestamp,
    /// The lots, oldest first; the ledger numbers them.
    pub lots: Vec<Lot>,
    /// The payments, each with at least one of the lots; the ledger fills in which.
    pub payments: Vec<Payment>,
    /// Subscriptions that have ended, and whether another one takes over what is left of each
    /// ([`crate::Command::StartExpiry`]).
    pub ended: Vec<(Ended, bool)>,
}

/// What can be asked of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Add a payment's credits.
    Grant(Grant),
    /// Add the credits of several purchases of one payment, all or none.
    GrantAll(Vec<Grant>),
    /// Add credits that no payment bought. They pay off no debt: they were promised as usable ones.
    Compensate(Compensation),
    /// Take over what another system kept of the account.
    Import(Import),
    /// Set credits aside for a generation.
    Hold(PlaceHold),
    /// Capture or release the holds of one or several generations.
    Settle {
        /// The service that says so, which reaches its own holds alone; `None` for a person's decision.
        by: Option<ServiceId>,
        /// Each generation at most once.
        settlements: Vec<Settlement>,
    },
    /// Expire lots that are due, add the month's credits that are due, and release these holds where they are
    /// due.
    Expire {
        /// The holds, each with its grace as in [`Settlement`]. One that is not named stays open until
        /// somebody has looked up its grace.
        releases: Vec<(GenerationId, u64)>,
    },
    /// Take back credits of a refunded payment's lots.
    Revoke {
        payment: PaymentId,
        takes: Takes,
        /// Whether spent credits become a debt, as far as they are among those to be taken back; only where
        /// the policy says so.
        owe_spent: bool,
    },
    /// Undo a revocation whose refund failed, and open the lots if they were closed: not all of the payment
    /// is refunded any more.
    Restore {
        /// The payment; what its lots gave back since they were closed comes back with it.
        payment: PaymentId,
        /// The credits that the revocation took back.
        credits: Credits,
        /// The debt that the revocation made; what later grants paid off of it goes back to their lots.
        debt: Credits,
    },
    /// Take back credits of several purchases in one refunded payment, each as far as its lot is there.
    RevokeEach(Vec<TakeBack>),
    /// Take credits whose money a change of plans has returned to the customer's balance at Stripe: what has
    /// not come and what is left goes, and what was used is owed, since the balance buys credits anew.
    TakeReturns(Vec<TakeReturn>),
    /// Undo a revocation of several purchases, because the refund failed.
    RestoreEach(Vec<PutBack>),
    /// Apply a report of a dispute to the lots of its payment.
    Dispute(DisputeReport),
    /// A subscription ended: start the clock of its left-over credits.
    StartExpiry {
        subscription: SubscriptionId,
        ended_at: Timestamp,
        /// How long left-over credits stay usable, in seconds, where their lot does not say itself.
        leftover_s: u64,
        /// Whether another subscription of the product that has not ended takes the lots over, as it does
        /// when it begins after the end: Stripe may report the two in either order (B3).
        pauses_leftover_expiry: bool,
    },
    /// What a person changes of the account.
    Adjust {
        /// The adjustment, which takes effect once for ever.
        id: AdjustmentId,
        /// The product that it is about, whose operations may spend what it gives (`S0-20`).
        product: ProductId,
        kind: AdjustmentKind,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettlementOutcome {
    /// The hold was captured.
    Captured,
    /// The hold was released.
    Released,
    /// A captured hold's credits went back.
    GivenBack,
    /// A released hold was charged anew.
    ChargedLate,
    /// A released hold could not be charged anew; it is recorded.
    Uncollected,
    /// A success after the release, which the policy gives for free; nothing changed.
    NotCharged,
    /// It had been settled like this before; nothing changed.
    Repeated,
    /// No hold of the generation is known; it may come yet.
    Unknown,
    /// Another service placed the hold; nothing changed.
    AnotherService,
    /// The lots that the credits would go back to have left the account; a person has to look.
    TooLate,
}

impl SettlementOutcome {
    /// Its name in answers, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Released => "released",
            Self::GivenBack => "given_back",
            Self::ChargedLate => "charged_late",
            Self::Uncollected => "uncollected",
            Self::NotCharged => "not_charged",
            Self::Repeated => "repeated",
            Self::Unknown => "unknown",
            Self::AnotherService => "another_service",
            Self::TooLate => "too_late",
        }
    }
}

/// Why a command is refused. A refusal is an answer, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Too few credits are available.
    #[error("{available} credits are available, {needed} are needed")]
    NotEnough {
        /// Usable credits of the product, or of the lot that was named.
        available: Credits,
        /// Credits asked for.
        needed: Credits,
    },
    /// Fewer credits are owed than are to be written off.
    #[error("{owed} credits are owed, fewer than {asked}")]
    LessOwed { owed: Credits, asked: Credits },
    /// A hold, a compensation or an adjustment of no credits.
    #[error("at least one credit is needed")]
    NoCredits,
    /// The generation has a hold of other content, or of another service.
    #[error("the generation has a hold with other content, or of another service")]
    HoldConflict,
    /// The account is suspended.
    #[error("the account is suspended")]
    Suspended,
    /// The account has [`crate::HOLDS_MAX`] open holds.
    #[error("the account has the most open holds that it may have, {}", crate::HOLDS_MAX)]
    TooManyHolds,
    /// The account has [`crate::LOTS_MAX`] lots, or [`crate::PAID_LOTS_MAX`] where the credits are paid.
    #[error("the account has the most lots that it may have")]
    TooManyLots,
    /// The account has credits, or a history of credits, from before what is to be imported.
    #[error("the account is in use")]
    AccountInUse,
    /// The lot, or that of the payment, is not in the account.
    #[error("the lot is not in the account")]
    NoSuchLot,
    /// The lot is of another product.
    #[error("the lot is of another product")]
    OtherProduct,
    /// The credits of the lot never expire: those of a pack, or none that can be used.
    #[error("the credits of the lot never expire")]
    NeverExpires,
    /// The lot has expired.
    #[error("the lot has expired")]
    Expired,
    /// An expiry that is not later than now.
    #[error("the instant is not ahead")]
    NotAhead,
    /// An amount or an instant outside its range, or more disputes than [`crate::DISPUTES_MAX`].
    #[error("an amount or an instant is out of range")]
    OutOfRange,
}
