//! Invoices that are paid: how each period of a subscription brings its credits.

mod wire;

use primitives::{
    BillingPeriod, Buyer, CustomerId, Money, PaymentId, PriceId, Quantity, SubscriptionId, Timestamp,
};
use provider_wire::{Metadata, open_enum};

use crate::id::{ChargeId, InvoiceId, InvoiceLineId};

pub(crate) use wire::{PaidWire, PreviewWire, Wire};

open_enum! {
    /// Why an invoice was made.
    pub enum BillingReason {
        /// A subscription starts.
        SubscriptionCreate = "subscription_create",
        /// A subscription goes into its next period.
        SubscriptionCycle = "subscription_cycle",
        /// A subscription was changed.
        SubscriptionUpdate = "subscription_update",
        /// Usage passed a threshold.
        SubscriptionThreshold = "subscription_threshold",
        /// Subscriptions of an old API, without a reason of their own.
        Subscription = "subscription",
        /// Made by hand.
        Manual = "manual",
        /// A quote was accepted.
        QuoteAccept = "quote_accept",
        /// Open items were collected into an invoice.
        AutomaticPendingInvoiceItemInvoice = "automatic_pending_invoice_item_invoice",
        /// A preview.
        Upcoming = "upcoming",
    }
}

open_enum! {
    /// Where one payment of an invoice stands.
    pub enum InvoicePaymentStatus {
        /// Not yet there.
        Open = "open",
        Paid = "paid",
        /// Will not come.
        Canceled = "canceled",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    pub id: InvoiceLineId,
    /// Its price; lines made by hand may have none.
    pub price: Option<PriceId>,
    /// How many of it, exactly.
    pub quantity: Option<Quantity>,
    /// Whether it settles a change within a period.
    pub proration: bool,
    /// In the smallest unit of the invoice's currency. Negative lines are credit within the invoice: what is
    /// above its other lines goes to the customer's balance at Stripe, and never back to the card.
    pub amount_minor: i64,
    /// What discounts take off the amount, in the same unit.
    pub discount_minor: i64,
    /// The taxes that come on top of it, in the same unit; below zero with the amount.
    pub tax_minor: i64,
    /// Of a negative line: the invoice that it gives back of, as far as Stripe says so.
    pub credits_invoice: Option<InvoiceId>,
    /// From when until when it counts.
    pub period: Option<BillingPeriod>,
}

/// What a payment of an invoice was made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentSource {
    /// A payment that can be refunded.
    Payment(PaymentId),
    /// A charge without a payment of its own, of old integrations.
    Charge(ChargeId),
    /// Money that never came through Stripe, like a bank transfer somebody has recorded.
    OutOfBand,
    /// Something else, by its type.
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePayment {
    /// What it was made with.
    pub source: PaymentSource,
    /// How much of it went to the invoice.
    pub amount: Money,
    /// Where it stands.
    pub status: InvoicePaymentStatus,
}

/// A payment of an invoice, by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePaid {
    pub invoice: InvoiceId,
    pub payment: InvoicePayment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidInvoice {
    pub id: InvoiceId,
    /// The number that its customer reads on it, like `A1B2C3D4-0001`.
    pub number: Option<String>,
    /// The number of the receipt that was sent for it, like `1234-5678`.
    pub receipt_number: Option<String>,
    pub customer: Option<CustomerId>,
    /// The subscription it is for, if it is for one.
    pub subscription: Option<SubscriptionId>,
    /// The subscription's metadata as of the invoice.
    pub subscription_metadata: Metadata,
    /// Who bought it.
    pub buyer: Buyer,
    /// Why it was made.
    pub billing_reason: Option<BillingReason>,
    /// All that was paid, through Stripe or not.
    pub amount_paid: Money,
    /// What it comes to with discounts and taxes, in the smallest unit. What is above the amount paid came
    /// from the customer's balance at Stripe; below zero, it went there.
    pub total_minor: Option<i64>,
    /// Its lines; `None` where the event does not carry all of them (Stripe sends ten at most).
    pub lines: Option<Vec<InvoiceLine>>,
    /// Its payments; `None` where the event does not say.
    ///
    /// From 2025-03-31 on an invoice may have several payments, and an event carries them only when they
    /// were expanded. Where they are unknown the caller has to ask Stripe for them, or use the invoice's
    /// id as the key until it knows.
    pub payments: Option<Vec<InvoicePayment>>,
    pub paid_at: Timestamp,
}

/// An invoice that Stripe would make (<https://docs.stripe.com/api/invoices/create_preview>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePreview {
    /// What would be collected, after the customer's balance at Stripe.
    pub due: Money,
    /// What it comes to with discounts and taxes, in the smallest unit; below zero, it would go to the
    /// customer's balance.
    pub total_minor: i64,
    /// All of its lines.
    pub lines: Vec<InvoiceLine>,
}

impl PaidInvoice {
    /// The payments that can be refunded through Stripe, each with how much of it paid this invoice: what
    /// was paid out of band is no part of it. Empty where the payments are unknown.
    pub fn refundable_payments(&self) -> impl Iterator<Item = (&PaymentId, Money)> {
        self.payments.iter().flatten().filter_map(|payment| match &payment.source {
            PaymentSource::Payment(id) if payment.status == InvoicePaymentStatus::Paid => {
                Some((id, payment.amount))
            }
            _ => None,
        })
    }
}
