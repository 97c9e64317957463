//! Where an invoice's facts lie in Stripe's JSON: the newest shape first, the one before 2025-03-31 second.

use primitives::{BillingPeriod, Currency, Money, Timestamp};
use provider_wire::{Metadata, MetadataField};
use serde::Deserialize;

use super::{
    InvoiceLine, InvoicePaid, InvoicePayment, InvoicePaymentStatus, InvoicePreview, PaidInvoice,
    PaymentSource,
};
use crate::buyer::{self, AddressWire, TaxIdWire};
use crate::id::InvoiceId;
use crate::quantity::read_quantity;
use crate::wire::{Fault, List, Object, Page, Pages as _, Scalar, money, required};

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    number: Scalar<'a>,
    #[serde(borrow, default)]
    receipt_number: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    parent: Object<ParentWire<'a>>,
    #[serde(borrow, default)]
    billing_reason: Scalar<'a>,
    #[serde(borrow, default)]
    amount_paid: Scalar<'a>,
    #[serde(borrow, default)]
    total: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    lines: Object<Page<'a, LineWire<'a>>>,
    #[serde(borrow, default)]
    payments: Object<Page<'a, PaymentWire<'a>>>,
    #[serde(borrow, default)]
    status_transitions: Object<TransitionsWire<'a>>,
    #[serde(borrow, default)]
    customer_address: Object<AddressWire<'a>>,
    #[serde(borrow, default)]
    customer_tax_ids: List<TaxIdWire<'a>>,
    // Before 2025-03-31:
    #[serde(borrow, default)]
    subscription: Scalar<'a>,
    #[serde(borrow, default)]
    subscription_details: Object<SubscriptionDetailsWire<'a>>,
    #[serde(borrow, default)]
    payment_intent: Scalar<'a>,
    #[serde(borrow, default)]
    charge: Scalar<'a>,
    #[serde(borrow, default)]
    paid_out_of_band: Scalar<'a>,
}

#[derive(Deserialize)]
struct ParentWire<'a> {
    #[serde(borrow, default)]
    subscription_details: Object<SubscriptionDetailsWire<'a>>,
}

#[derive(Deserialize)]
struct SubscriptionDetailsWire<'a> {
    #[serde(borrow, default)]
    subscription: Scalar<'a>,
    #[serde(default)]
    metadata: MetadataField,
}

#[derive(Deserialize)]
struct TransitionsWire<'a> {
    #[serde(borrow, default)]
    paid_at: Scalar<'a>,
}

#[derive(Deserialize)]
struct PaymentWire<'a> {
    #[serde(borrow, default)]
    amount_paid: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    payment: Object<SourceWire<'a>>,
}

#[derive(Deserialize)]
struct SourceWire<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    payment_intent: Scalar<'a>,
    #[serde(borrow, default)]
    charge: Scalar<'a>,
}

#[derive(Deserialize)]
struct LineWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    quantity: Scalar<'a>,
    #[serde(borrow, default)]
    quantity_decimal: Scalar<'a>,
    #[serde(borrow, default)]
    period: Object<PeriodWire<'a>>,
    #[serde(borrow, default)]
    pricing: Object<PricingWire<'a>>,
    #[serde(borrow, default)]
    parent: Object<LineParentWire<'a>>,
    #[serde(borrow, default)]
    discount_amounts: List<DiscountWire<'a>>,
    #[serde(borrow, default)]
    taxes: List<TaxWire<'a>>,
    // Before 2025-03-31:
    #[serde(borrow, default)]
    price: Scalar<'a>,
    #[serde(borrow, default)]
    proration: Scalar<'a>,
    #[serde(borrow, default)]
    proration_details: Object<ProrationDetailsWire<'a>>,
    #[serde(borrow, default)]
    tax_amounts: List<TaxAmountWire<'a>>,
}

#[derive(Deserialize)]
struct TaxWire<'a> {
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    tax_behavior: Scalar<'a>,
}

#[derive(Deserialize)]
struct TaxAmountWire<'a> {
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    inclusive: Scalar<'a>,
}

#[derive(Deserialize)]
struct ProrationDetailsWire<'a> {
    #[serde(borrow, default)]
    credited_items: Object<CreditedWire<'a>>,
}

#[derive(Deserialize)]
struct CreditedWire<'a> {
    #[serde(borrow, default)]
    invoice: Scalar<'a>,
}

#[derive(Deserialize)]
struct DiscountWire<'a> {
    #[serde(borrow, default)]
    amount: Scalar<'a>,
}

#[derive(Deserialize)]
struct PeriodWire<'a> {
    #[serde(borrow, default)]
    start: Scalar<'a>,
    #[serde(borrow, default)]
    end: Scalar<'a>,
}

#[derive(Deserialize)]
struct PricingWire<'a> {
    #[serde(borrow, default)]
    price_details: Object<PriceDetailsWire<'a>>,
}

#[derive(Deserialize)]
struct PriceDetailsWire<'a> {
    #[serde(borrow, default)]
    price: Scalar<'a>,
}

#[derive(Deserialize)]
struct LineParentWire<'a> {
    #[serde(borrow, default)]
    subscription_item_details: Object<ItemDetailsWire<'a>>,
    #[serde(borrow, default)]
    invoice_item_details: Object<ItemDetailsWire<'a>>,
}

#[derive(Deserialize)]
struct ItemDetailsWire<'a> {
    #[serde(borrow, default)]
    proration: Scalar<'a>,
    #[serde(borrow, default)]
    proration_details: Object<ProrationDetailsWire<'a>>,
}

impl Wire<'_> {
    /// `created` is the event's, for invoices that do not say when they were paid.
    pub(crate) fn fact(self, created: Timestamp) -> Result<PaidInvoice, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let amount_paid = required(self.amount_paid.integer("amount_paid")?, "amount_paid")?;
        let amount_paid = money(amount_paid, currency, "amount_paid")?;

        let newest = match self.parent.read("parent")? {
            Some(parent) => parent.subscription_details.read("parent.subscription_details")?,
            None => None,
        };
        let older = self.subscription_details.read("subscription_details")?;
        let (subscription, subscription_metadata) = match (newest, older) {
            (Some(details), _) => (
                details.subscription.id("parent.subscription_details.subscription")?,
                details.metadata.read("parent.subscription_details.metadata")?,
            ),
            (None, Some(details)) => (
                self.subscription.id("subscription")?,
                details.metadata.read("subscription_details.metadata")?,
            ),
            (None, None) => (self.subscription.id("subscription")?, Metadata::default()),
        };

        let payments = match self.payments.list("payments", |payment| payment.fact(currency))? {
            Some(list) => list.complete.then_some(list.items),
            None if amount_paid.is_zero() => Some(Vec::new()),
            None => only_source(&self.paid_out_of_band, &self.payment_intent, &self.charge)?.map(|source| {
                vec![InvoicePayment { source, amount: amount_paid, status: InvoicePaymentStatus::Paid }]
            }),
        };
        let paid_at = match self.status_transitions.read("status_transitions")? {
            Some(transitions) => transitions.paid_at.instant("status_transitions.paid_at")?,
            None => None,
        };
        let lines = self.lines.list("lines", LineWire::fact)?;
        let tax_ids = Some(&self.customer_tax_ids).filter(|tax_ids| tax_ids.is_list());
        Ok(PaidInvoice {
            id: required(self.id.id("id")?, "id")?,
            number: self.number.text("number")?.map(str::to_owned),
            receipt_number: self.receipt_number.text("receipt_number")?.map(str::to_owned),
            customer: self.customer.id("customer")?,
            subscription,
            subscription_metadata,
            buyer: buyer::of_invoice(&self.customer_address, tax_ids),
            billing_reason: self.billing_reason.choice("billing_reason")?,
            amount_paid,
            total_minor: self.total.integer("total")?,
            lines: lines.filter(|list| list.complete).map(|list| list.items),
            payments,
            paid_at: paid_at.unwrap_or(created),
        })
    }
}

/// An invoice that is only previewed: it has no payments, and its id names nothing.
#[derive(Deserialize)]
pub(crate) struct PreviewWire<'a> {
    #[serde(borrow, default)]
    amount_due: Scalar<'a>,
    #[serde(borrow, default)]
    total: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    lines: Object<Page<'a, LineWire<'a>>>,
}

impl PreviewWire<'_> {
    pub(crate) fn fact(self) -> Result<InvoicePreview, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let due = required(self.amount_due.integer("amount_due")?, "amount_due")?;
        let lines = required(self.lines.list("lines", LineWire::fact)?, "lines")?;
        if !lines.complete {
            return Err(Fault::new("lines", "all of them"));
        }
        Ok(InvoicePreview {
            due: money(due, currency, "amount_due")?,
            total_minor: required(self.total.integer("total")?, "total")?,
            lines: lines.items,
        })
    }
}

/// An `invoice_payment` by itself.
#[derive(Deserialize)]
pub(crate) struct PaidWire<'a> {
    #[serde(borrow, default)]
    invoice: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    amount_paid: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    payment: Object<SourceWire<'a>>,
}

impl PaidWire<'_> {
    pub(crate) fn fact(self) -> Result<InvoicePaid, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let payment =
            PaymentWire { amount_paid: self.amount_paid, status: self.status, payment: self.payment };
        Ok(InvoicePaid {
            invoice: required(self.invoice.id("invoice")?, "invoice")?,
            payment: payment.fact(currency)?,
        })
    }
}

/// The one source of an invoice from before 2025-03-31.
fn only_source(
    paid_out_of_band: &Scalar<'_>,
    payment_intent: &Scalar<'_>,
    charge: &Scalar<'_>,
) -> Result<Option<PaymentSource>, Fault> {
    if paid_out_of_band.flag("paid_out_of_band")? == Some(true) {
        return Ok(Some(PaymentSource::OutOfBand));
    }
    if let Some(payment) = payment_intent.id("payment_intent")? {
        return Ok(Some(PaymentSource::Payment(payment)));
    }
    Ok(charge.id("charge")?.map(PaymentSource::Charge))
}

impl PaymentWire<'_> {
    fn fact(self, currency: Currency) -> Result<InvoicePayment, Fault> {
        // Null until it is paid.
        let amount = match self.amount_paid.integer("amount_paid")? {
            Some(minor) => money(minor, currency, "amount_paid")?,
            None => Money::new(0, currency),
        };
        let source = required(self.payment.read("payment")?, "payment")?;
        let kind = required(source.kind.text("payment.type")?, "payment.type")?;
        let source = match kind {
            "payment_intent" => {
                let field = "payment.payment_intent";
                PaymentSource::Payment(required(source.payment_intent.id(field)?, field)?)
            }
            "charge" => {
                PaymentSource::Charge(required(source.charge.id("payment.charge")?, "payment.charge")?)
            }
            // Stripe's record of a payment that was made elsewhere.
            "payment_record" => PaymentSource::OutOfBand,
            other => PaymentSource::Other(other.to_owned()),
        };
        Ok(InvoicePayment { source, amount, status: required(self.status.choice("status")?, "status")? })
    }
}

impl LineWire<'_> {
    fn fact(self) -> Result<InvoiceLine, Fault> {
        let details = match self.pricing.read("pricing")? {
            Some(pricing) => pricing.price_details.read("pricing.price_details")?,
            None => None,
        };
        let price = match details {
            Some(details) => details.price.id("pricing.price_details.price")?,
            None => None,
        };
        let price = match price {
            Some(price) => Some(price),
            None => self.price.id("price")?,
        };
        let settles = match self.parent.read("parent")? {
            Some(parent) => parent.settles()?,
            None => None,
        };
        let (proration, credits_invoice) = match settles {
            Some(settles) => settles,
            None => (None, credited_invoice(self.proration_details)?),
        };
        let proration = match proration {
            Some(proration) => proration,
            None => self.proration.flag("proration")?.unwrap_or(false),
        };
        let tax_minor = exclusive_tax(self.taxes.items(), self.tax_amounts.items())?;
        let period = match self.period.read("period")? {
            Some(period) => period.fact()?,
            None => None,
        };
        let mut discounts =
            self.discount_amounts.items().iter().map(|discount| discount.amount.integer("amount"));
        let discount_minor = discounts.try_fold(0_i64, |sum, minor| {
            let expected = "discounts with a sum of 64 bits";
            sum.checked_add(minor?.unwrap_or_default())
                .ok_or_else(|| Fault::new("discount_amounts", expected))
        })?;
        Ok(InvoiceLine {
            id: required(self.id.id("id")?, "id")?,
            price,
            quantity: read_quantity(&self.quantity_decimal, &self.quantity)?,
            proration,
            amount_minor: required(self.amount.integer("amount")?, "amount")?,
            discount_minor,
            tax_minor,
            credits_invoice,
            period,
        })
    }
}

/// Whether a line settles a change, where it says so, and the invoice whose line it credits.
type Settles = (Option<bool>, Option<InvoiceId>);

impl LineParentWire<'_> {
    /// A line belongs to an item of the subscription or to one of the invoice, never to both.
    fn settles(self) -> Result<Option<Settles>, Fault> {
        let subscription = "parent.subscription_item_details";
        let invoice = "parent.invoice_item_details";
        for (details, field) in [
            (
                self.subscription_item_details.read(subscription)?,
                "parent.subscription_item_details.proration",
            ),
            (self.invoice_item_details.read(invoice)?, "parent.invoice_item_details.proration"),
        ] {
            if let Some(details) = details {
                let proration = details.proration.flag(field)?;
                return Ok(Some((proration, credited_invoice(details.proration_details)?)));
            }
        }
        Ok(None)
    }
}

/// The invoice whose line a negative line credits. Stripe says it of flexible billing, and of all since
/// 2026-09-30 (<https://docs.stripe.com/api/invoice-line-item/object>).
fn credited_invoice(details: Object<ProrationDetailsWire<'_>>) -> Result<Option<InvoiceId>, Fault> {
    let Some(details) = details.read("proration_details")? else { return Ok(None) };
    match details.credited_items.read("proration_details.credited_items")? {
        Some(credited) => credited.invoice.id("proration_details.credited_items.invoice"),
        None => Ok(None),
    }
}

/// The taxes that come on top of a line's amount.
fn exclusive_tax(taxes: &[TaxWire<'_>], amounts: &[TaxAmountWire<'_>]) -> Result<i64, Fault> {
    let mut sum = 0_i64;
    let mut add = |minor: Option<i64>| {
        sum = sum
            .checked_add(minor.unwrap_or_default())
            .ok_or_else(|| Fault::new("taxes", "taxes with a sum of 64 bits"))?;
        Ok::<_, Fault>(())
    };
    for tax in taxes {
        if tax.tax_behavior.text("tax_behavior")? == Some("exclusive") {
            add(tax.amount.integer("amount")?)?;
        }
    }
    for tax in amounts {
        if tax.inclusive.flag("inclusive")? == Some(false) {
            add(tax.amount.integer("amount")?)?;
        }
    }
    Ok(sum)
}

impl PeriodWire<'_> {
    fn fact(self) -> Result<Option<BillingPeriod>, Fault> {
        match (self.start.instant("period.start")?, self.end.instant("period.end")?) {
            (Some(start), Some(end)) if start <= end => Ok(Some(BillingPeriod { start, end })),
            (Some(_), Some(_)) => Err(Fault::new("period.end", "an instant that is not before the start")),
            _ => Ok(None),
        }
    }
}
