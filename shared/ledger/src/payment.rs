//! What is recorded of payments, so that any later event finds its account and lots.

use crate::{
    AccountId, AmountError, Buyer, Credits, CustomerId, DisputeId, GenerationId, InvoiceId, LotId, Money,
    PaymentId, PaymentName, PolicyRef, ProductId, RefundRequestId, SubscriptionId, Timestamp,
};

/// What a payment was for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentKind {
    /// A one-time pack.
    Pack,
    /// A charge of a subscription, first or renewal; each is a purchase of its own (`S2-35`).
    Subscription {
        /// The subscription.
        subscription: SubscriptionId,
        /// Stripe's `billing_reason`, as it was.
        billing_reason: String,
    },
}

/// Most generations of one payment whose downloads are counted: more than any pack or period of the catalogue
/// brings in a month of steady use, and their marks take 4.5 KB of the payment's item.
pub const DOWNLOADS_MAX: u32 = 500;

/// Money in. The amounts of a refund come from here and from nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// Stripe's PaymentIntent; the invoice's id where the event did not name the payment of an invoice,
    /// which API versions since 2025-03-31 do not.
    pub id: PaymentId,
    /// Whose.
    pub account: AccountId,
    /// What for.
    pub kind: PaymentKind,
    /// The product of the price catalogue.
    pub product: ProductId,
    /// Stripe's price.
    pub price: String,
    /// What was captured by card; an out-of-band payment is not in it.
    pub paid: Money,
    /// Refunds that have not failed, in minor units; never above `paid` (invariant 4).
    pub refunded_minor: u64,
    /// When it was charged.
    pub charged_at: Timestamp,
    /// The beginning of the period that a subscription's charge paid for.
    pub period_starts_at: Option<Timestamp>,
    /// The end of the period that a subscription's charge paid for.
    pub period_ends_at: Option<Timestamp>,
    /// The lot that it bought, or [`LotId::NONE`].
    pub lot: LotId,
    /// The credits of that lot; without one, those that were bought, as far as they are known.
    pub credits: Credits,
    /// When the credits landed.
    pub landed_at: Timestamp,
    /// The policy that was in force when it was charged (`S2-35`); `None` before the first version.
    pub policy: Option<PolicyRef>,
    /// Who bought it, as far as its events say.
    pub buyer: Buyer,
    /// What else it is called at Stripe, as far as the event of its purchase says.
    pub names: Vec<PaymentName>,
    /// The disputes at the cardholder's bank that there are or were, first opened first.
    pub disputes: Vec<Dispute>,
    /// The generations on its credits of which a result was downloaded or exported, as services reported;
    /// [`DOWNLOADS_MAX`] stands for that many or more.
    pub downloads: u32,
}

impl Payment {
    /// What can still be refunded.
    pub fn refundable(&self) -> Result<Money, AmountError> {
        self.paid.minus(Money::new(self.refunded_minor, self.paid.currency()))
    }

    /// Whether a refund could pay the money twice, because one of its disputes is open or lost.
    pub fn bars_refunds(&self) -> bool {
        self.disputes.iter().any(Dispute::bars_refunds)
    }

    /// Whether a dispute of it is lost: the customer has its money from the bank.
    pub fn is_lost(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.status == "lost")
    }

    /// Whether it was disputed, and each of its disputes has ended without taking the money.
    pub fn is_freed(&self) -> bool {
        let ended = |dispute: &Dispute| !dispute.bars_refunds() && !dispute.is_inquiry();
        !self.disputes.is_empty() && self.disputes.iter().all(ended)
    }

    /// Whether the cardholder's bank asks about it at present ([`Dispute::is_inquiry`]).
    pub fn has_inquiry(&self) -> bool {
        self.disputes.iter().any(Dispute::is_inquiry)
    }
}

/// A dispute of a payment, as Stripe's events told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: DisputeId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Stripe's status, as it was.
    pub status: String,
    /// The instant of the newest event that is in this record; an older one changes nothing.
    pub as_of: Timestamp,
    /// Whether a request about the payment had been filed before; `None` where that is not known.
    pub contacted_before: Option<bool>,
}

impl Dispute {
    /// Whether a refund could pay the money twice: it is away, or the bank has yet to decide.
    pub fn bars_refunds(&self) -> bool {
        self.counts() && self.status != "won"
    }

    /// Its place among the reports of one dispute. Stripe's events carry whole seconds: of two reports of one
    /// second, the one that is further along counts, in whichever order they come (B3, E15).
    pub fn order(&self) -> (Timestamp, u8) {
        let stage = match self.status.as_str() {
            "warning_needs_response" => 0,
            "warning_under_review" => 1,
            "needs_response" => 2,
            "under_review" => 3,
            "warning_closed" | "prevented" | "lost" => 5,
            "appeal_needs_response" => 6,
            "appeal_under_review" => 7,
            "won" => 8,
            // Of Stripe's making in years to come: before the ends that are known.
            _ => 4,
        };
        (self.as_of, stage)
    }

    /// Whether the bank has taken the money back, or may. An inquiry, one that ended, and a dispute that was
    /// prevented never did.
    pub fn counts(&self) -> bool {
        !self.is_inquiry() && !matches!(self.status.as_str(), "warning_closed" | "prevented")
    }

    /// Whether the bank only asks about the payment: no money is taken, and a full refund ends it without a
    /// dispute and its fee (<https://docs.stripe.com/disputes/how-disputes-work#inquiries>).
    pub fn is_inquiry(&self) -> bool {
        matches!(self.status.as_str(), "warning_needs_response" | "warning_under_review")
    }
}

/// An item that is written in the same transaction as an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A payment that must not exist: it guards the grant against a repeat.
    NewPayment(Box<Payment>),
    /// An invoice brings its credits once, whether or not its event names the payment: it must not exist.
    Invoice(InvoiceId, PaymentId),
    /// A refund request gives credits without a payment once for ever: it must not exist.
    CompensatedOnce(RefundRequestId),
    /// Captured credits of a generation are given back once for ever: it must not exist.
    GivenBackOnce(GenerationId),
    /// A released generation is charged anew once for ever: it must not exist.
    ChargedLateOnce(GenerationId),
    /// The account of one of Stripe's customers; it must not be another account's.
    Customer(CustomerId, AccountId),
    /// An event of Stripe's and the digest of what it says; it must not exist with another digest: of two bodies
    /// under one id the first counts.
    Event {
        /// Stripe's id of the event.
        id: String,
        /// SHA-256.
        digest: [u8; 32],
    },
}
