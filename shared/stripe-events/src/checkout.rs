//! Checkout sessions: how a customer pays for a credit pack, or starts a subscription.

use primitives::{Buyer, CustomerId, Money, PaymentId, Quantity, SubscriptionId};
use provider_wire::{Metadata, MetadataField, open_enum};
use serde::Deserialize;

use crate::buyer::{self, ConsentWire, DetailsWire, FieldWire};
use crate::id::{CheckoutSessionId, InvoiceId, PriceId};
use crate::quantity::read_quantity;
use crate::wire::{Fault, List, Object, Page, Pages as _, Scalar, money, required};

/// The key of the session's metadata under which the company's own checkout code names the price.
const PRICE_KEY: &str = "price";

open_enum! {
    /// What a session is for.
    pub enum CheckoutMode {
        /// One payment, as for a credit pack.
        Payment = "payment",
        /// The start of a subscription.
        Subscription = "subscription",
        /// Only a payment method is stored; no money moves.
        Setup = "setup",
    }
}

open_enum! {
    /// Whether the money is there. A completed session may still be unpaid.
    pub enum CheckoutPaymentStatus {
        /// The money is there.
        Paid = "paid",
        /// Not yet: a payment method that takes days.
        Unpaid = "unpaid",
        /// Nothing to pay (a trial, a discount of all, setup mode).
        NoPaymentRequired = "no_payment_required",
    }
}

/// One line of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutLine {
    /// The price; Stripe may leave it out (<https://docs.stripe.com/api/checkout/sessions/line_items>).
    pub price: Option<PriceId>,
    /// How many of it; Stripe may leave it out.
    pub quantity: Option<Quantity>,
    /// What it costs before discounts and taxes, in the smallest unit of the session's currency.
    pub subtotal_minor: Option<i64>,
    /// What it costs after discounts and taxes.
    pub total_minor: Option<i64>,
}

/// A checkout session that was completed, or paid later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckoutSession {
    pub id: CheckoutSessionId,
    pub mode: CheckoutMode,
    /// Whether the money is there.
    pub payment_status: CheckoutPaymentStatus,
    /// What the company's checkout code put there to say whose session it is. A payment link takes it from
    /// its URL, which the buyer can change: a claim, to be checked against the customer.
    pub client_reference_id: Option<String>,
    /// The customer; guests have none.
    pub customer: Option<CustomerId>,
    /// The payment, in payment mode; subscriptions have theirs on the invoice.
    pub payment: Option<PaymentId>,
    /// The subscription that was started, in subscription mode.
    pub subscription: Option<SubscriptionId>,
    /// The first invoice, in subscription mode; in payment mode the one that `invoice_creation` made.
    pub invoice: Option<InvoiceId>,
    /// The sum of the lines before discounts and taxes; setup mode has none.
    pub amount_subtotal: Option<Money>,
    /// The whole of it after discounts and taxes; setup mode has none.
    pub amount_total: Option<Money>,
    /// Who bought it.
    pub buyer: Buyer,
    /// The session's metadata.
    pub metadata: Metadata,
    /// What was bought; `None` unless the event carries all of its `line_items`. Stripe's own events never
    /// do: the lines have to be fetched (<https://docs.stripe.com/api/checkout/sessions/line_items>).
    pub lines: Option<Vec<CheckoutLine>>,
    /// The price under the metadata key `price`, which the company's own checkout code has put there. It
    /// says nothing of quantities, nor of what else was bought.
    pub named_price: Option<PriceId>,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    mode: Scalar<'a>,
    #[serde(borrow, default)]
    payment_status: Scalar<'a>,
    #[serde(borrow, default)]
    client_reference_id: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    payment_intent: Scalar<'a>,
    #[serde(borrow, default)]
    subscription: Scalar<'a>,
    #[serde(borrow, default)]
    invoice: Scalar<'a>,
    #[serde(borrow, default)]
    amount_subtotal: Scalar<'a>,
    #[serde(borrow, default)]
    amount_total: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
    #[serde(borrow, default)]
    line_items: Object<Page<'a, LineWire<'a>>>,
    #[serde(borrow, default)]
    customer_details: Object<DetailsWire<'a>>,
    #[serde(borrow, default)]
    consent: Object<ConsentWire<'a>>,
    #[serde(borrow, default)]
    custom_fields: List<FieldWire<'a>>,
}

#[derive(Deserialize)]
struct LineWire<'a> {
    #[serde(borrow, default)]
    price: Scalar<'a>,
    #[serde(borrow, default)]
    quantity: Scalar<'a>,
    #[serde(borrow, default)]
    quantity_decimal: Scalar<'a>,
    #[serde(borrow, default)]
    amount_subtotal: Scalar<'a>,
    #[serde(borrow, default)]
    amount_total: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<CheckoutSession, Fault> {
        let amount_subtotal = self.amount(&self.amount_subtotal, "amount_subtotal")?;
        let amount_total = self.amount(&self.amount_total, "amount_total")?;
        let metadata = self.metadata.read("metadata")?;
        let buyer = buyer::of_session(&self.customer_details, &self.consent, &self.custom_fields, &metadata);
        let expanded = self.line_items.list("line_items", LineWire::fact)?;
        let lines = expanded.filter(|list| list.complete).map(|list| list.items);
        let named_price = price_of_metadata(&metadata);
        Ok(CheckoutSession {
            id: required(self.id.id("id")?, "id")?,
            mode: required(self.mode.choice("mode")?, "mode")?,
            payment_status: required(self.payment_status.choice("payment_status")?, "payment_status")?,
            client_reference_id: self.client_reference_id.text("client_reference_id")?.map(str::to_owned),
            customer: self.customer.id("customer")?,
            payment: self.payment_intent.id("payment_intent")?,
            subscription: self.subscription.id("subscription")?,
            invoice: self.invoice.id("invoice")?,
            amount_subtotal,
            amount_total,
            buyer,
            metadata,
            lines,
            named_price,
        })
    }

    /// An amount of the session's currency.
    fn amount(&self, amount: &Scalar<'_>, field: &str) -> Result<Option<Money>, Fault> {
        let Some(minor) = amount.integer(field)? else { return Ok(None) };
        let currency = required(self.currency.currency("currency")?, "currency")?;
        money(minor, currency, field).map(Some)
    }
}

impl LineWire<'_> {
    fn fact(self) -> Result<CheckoutLine, Fault> {
        let quantity = read_quantity(&self.quantity_decimal, &self.quantity)?;
        Ok(CheckoutLine {
            price: self.price.id("price")?,
            quantity,
            subtotal_minor: self.amount_subtotal.integer("amount_subtotal")?,
            total_minor: self.amount_total.integer("amount_total")?,
        })
    }
}

/// The price that an object's metadata names under the key `price`. The key is everybody's: a value that cannot
/// be the id of a price names none.
pub(crate) fn price_of_metadata(metadata: &Metadata) -> Option<PriceId> {
    metadata.get(PRICE_KEY).and_then(|price| PriceId::new(price).ok())
}
