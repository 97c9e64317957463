//! Stripe's JSON shapes, for the newest API version and for the one before basil.
//!
//! Only members that Stripe documents appear, and every member that Makegood could read is there.
//! `checkout.session` objects carry no `line_items`, as in Stripe's events; the price is in
//! `metadata.price`, which a Makegood deployment sets when it creates the session.

use serde_json::{Value, json};

use super::command::Shape;
use super::record::{Invoice, Line, Payment, Refund, Subscription};

/// What every rendering depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    pub(crate) shape: Shape,
    pub(crate) livemode: bool,
    /// Whether an invoice of the newest shape names its payments.
    pub(crate) expand_payments: bool,
}

/// A completed checkout session.
pub(crate) struct Session<'a> {
    pub(crate) id: String,
    pub(crate) account: &'a str,
    pub(crate) price: &'a str,
    /// Set for a one-time payment.
    pub(crate) payment: Option<&'a Payment>,
    /// Set for a subscription.
    pub(crate) subscription: Option<&'a str>,
    /// Set for a subscription.
    pub(crate) invoice: Option<&'a str>,
    pub(crate) created: i64,
}

/// Joins the members that two shapes have in common with those of one.
fn merged(mut common: Value, own: Value) -> Value {
    if let (Some(common), Value::Object(own)) = (common.as_object_mut(), own) {
        common.extend(own);
    }
    common
}

/// Stripe names products apart from prices; the stand-in derives one from the other.
fn product(price: &str) -> String {
    format!("prod_{}", price.trim_start_matches("price_"))
}

/// The customer's billing address.
fn address(payment: &Payment) -> Option<Value> {
    payment.country.as_ref().map(|country| json!({ "country": country, "postal_code": null }))
}

pub(crate) fn session(context: Context, session: &Session<'_>, paid: &Payment) -> Value {
    json!({
        "id": session.id, "object": "checkout.session",
        "amount_subtotal": paid.amount, "amount_total": paid.amount,
        "client_reference_id": session.account, "created": session.created,
        "currency": paid.currency, "customer": paid.customer,
        "customer_details": address(paid).map(|address| json!({ "address": address, "tax_ids": [] })),
        "invoice": session.invoice, "livemode": context.livemode,
        "metadata": { "price": session.price },
        "mode": if session.subscription.is_some() { "subscription" } else { "payment" },
        "payment_intent": session.payment.map(|payment| payment.id.as_str()),
        "payment_method_types": ["card"], "payment_status": "paid", "status": "complete",
        "subscription": session.subscription,
        "total_details": { "amount_discount": 0, "amount_shipping": 0, "amount_tax": 0 },
        "url": null,
    })
}

pub(crate) fn session_line(id: &str, session: &Session<'_>, paid: &Payment) -> Value {
    json!({
        "id": id, "object": "item", "amount_discount": 0, "amount_subtotal": paid.amount, "amount_tax": 0,
        "amount_total": paid.amount, "currency": paid.currency, "description": null,
        "price": { "id": session.price, "object": "price", "product": product(session.price) },
        "quantity": 1,
    })
}

/// The members of a subscription that a cancellation changes.
pub(crate) fn cancellation(subscription: &Subscription) -> Value {
    let cancel_at = subscription.cancel_at_period_end.then_some(subscription.period_end);
    json!({
        "cancel_at": cancel_at,
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "canceled_at": subscription.canceled_at,
    })
}

pub(crate) fn subscription(context: Context, subscription: &Subscription) -> Value {
    let period = json!({
        "current_period_start": subscription.period_start,
        "current_period_end": subscription.period_end,
    });
    let item = json!({
        "id": subscription.item, "object": "subscription_item", "created": subscription.created,
        "metadata": {}, "price": price(context, subscription), "quantity": subscription.quantity,
        "subscription": subscription.id,
    });
    let (item, own) = match context.shape {
        Shape::Endive => {
            (merged(item, period), json!({ "billing_mode": { "type": "flexible" }, "status_details": null }))
        }
        Shape::BeforeBasil => (item, period),
    };
    let reason = subscription.canceled_at.map(|_| "cancellation_requested");
    let common = json!({
        "id": subscription.id, "object": "subscription",
        "cancellation_details": { "comment": null, "feedback": null, "reason": reason },
        "collection_method": "charge_automatically", "created": subscription.created,
        "currency": subscription.currency, "customer": subscription.customer,
        "ended_at": subscription.ended_at,
        "items": {
            "object": "list", "data": [item], "has_more": false,
            "url": format!("/v1/subscription_items?subscription={}", subscription.id),
        },
        "livemode": context.livemode, "metadata": subscription.metadata, "pause_collection": null,
        "schedule": subscription.schedule, "start_date": subscription.created, "status": subscription.status,
    });
    merged(merged(common, cancellation(subscription)), own)
}

fn price(context: Context, subscription: &Subscription) -> Value {
    json!({
        "id": subscription.price, "object": "price", "active": true,
        "currency": subscription.currency, "livemode": context.livemode, "metadata": {},
        "product": product(&subscription.price),
        "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" },
        "type": "recurring", "unit_amount": subscription.amount,
        "unit_amount_decimal": subscription.amount.to_string(),
    })
}

pub(crate) fn invoice(
    context: Context,
    invoice: &Invoice,
    payment: &Payment,
    subscription: &Subscription,
) -> Value {
    let common = json!({
        "id": invoice.id, "object": "invoice", "amount_due": payment.amount,
        "amount_paid": payment.amount, "amount_remaining": 0, "attempt_count": 1, "attempted": true,
        "billing_reason": invoice.billing_reason, "collection_method": "charge_automatically",
        "created": invoice.paid_at, "currency": payment.currency, "customer": payment.customer,
        "customer_address": address(payment), "customer_email": null, "customer_tax_ids": [],
        "lines": {
            "object": "list", "data": invoice_lines(context, invoice, payment, subscription),
            "has_more": false, "url": format!("/v1/invoices/{}/lines", invoice.id),
        },
        "livemode": context.livemode, "metadata": {},
        "number": format!("MKGD-{}", invoice.id.trim_start_matches("in_").to_ascii_uppercase()),
        "receipt_number": null,
        "period_end": subscription.period_start, "period_start": subscription.period_start,
        "status": "paid",
        "status_transitions": {
            "finalized_at": invoice.paid_at, "marked_uncollectible_at": null,
            "paid_at": invoice.paid_at, "voided_at": null,
        },
        "subtotal": payment.amount, "total": payment.amount,
    });
    let own = match context.shape {
        Shape::Endive => json!({
            "amount_overpaid": 0,
            "parent": {
                "type": "subscription_details", "quote_details": null,
                "subscription_details": {
                    "metadata": subscription.metadata, "subscription": subscription.id,
                },
            },
            "status_details": null, "total_taxes": [],
        }),
        Shape::BeforeBasil => json!({
            "charge": payment.charge, "discount": null, "paid": true, "paid_out_of_band": false,
            "payment_intent": payment.id, "quote": null, "subscription": subscription.id,
            "subscription_details": { "metadata": subscription.metadata }, "tax": null,
            "total_tax_amounts": [],
        }),
    };
    let expanded = match context.shape {
        Shape::Endive if context.expand_payments => json!({
            "payments": {
                "object": "list", "data": [invoice_payment(invoice, payment, context.livemode)],
                "has_more": false, "url": format!("/v1/invoice_payments?invoice={}", invoice.id),
            },
        }),
        Shape::Endive | Shape::BeforeBasil => json!({}),
    };
    merged(merged(common, own), expanded)
}

/// An invoice that is not made: its id names nothing.
pub(crate) fn preview(context: Context, lines: &[Line], subscription: &Subscription) -> Value {
    let total = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount));
    let each = lines.iter().enumerate().map(|(place, each)| {
        let id = format!("il_tmp_{place}");
        line(Context { shape: Shape::Endive, ..context }, (&id, "upcoming"), each, subscription)
    });
    json!({
        "id": format!("upcoming_in_{}", subscription.id), "object": "invoice", "status": "draft",
        "amount_due": total.max(0), "amount_paid": 0, "billing_reason": "upcoming",
        "currency": subscription.currency, "customer": subscription.customer,
        "lines": {
            "object": "list", "data": each.collect::<Vec<_>>(), "has_more": false,
            "url": "/v1/invoices/upcoming/lines",
        },
        "livemode": context.livemode, "starting_balance": 0, "subtotal": total, "total": total,
    })
}

/// The lines of a paid invoice: its own, or the one of a whole period.
fn invoice_lines(
    context: Context,
    invoice: &Invoice,
    payment: &Payment,
    subscription: &Subscription,
) -> Vec<Value> {
    if invoice.lines.is_empty() {
        let whole = Line {
            price: subscription.price.clone(),
            quantity: subscription.quantity,
            amount: i64::try_from(payment.amount).unwrap_or(i64::MAX),
            proration: false,
            period: (subscription.period_start, subscription.period_end),
        };
        return vec![line(context, (&invoice.line, &invoice.id), &whole, subscription)];
    }
    let lines = invoice.lines.iter().enumerate();
    let id = |place: usize| format!("{}{place}", invoice.line);
    lines.map(|(place, each)| line(context, (&id(place), &invoice.id), each, subscription)).collect()
}

fn line(context: Context, (id, invoice): (&str, &str), line: &Line, subscription: &Subscription) -> Value {
    let common = json!({
        "id": id, "object": "line_item", "amount": line.amount,
        "currency": subscription.currency, "description": null, "discountable": !line.proration,
        "discounts": [], "invoice": invoice, "livemode": context.livemode,
        "metadata": subscription.metadata,
        "period": { "start": line.period.0, "end": line.period.1 },
        "quantity": line.quantity,
    });
    let own = match context.shape {
        Shape::Endive => json!({
            "parent": {
                "type": "subscription_item_details", "invoice_item_details": null,
                "subscription_item_details": {
                    "invoice_item": null, "proration": line.proration,
                    "proration_details": { "credited_items": null },
                    "subscription": subscription.id, "subscription_item": subscription.item,
                },
            },
            "pricing": {
                "type": "price_details",
                "price_details": { "price": line.price, "product": product(&line.price) },
                "unit_amount_decimal": line.amount.to_string(),
            },
            "quantity_decimal": line.quantity.to_string(), "subtotal": line.amount, "taxes": [],
        }),
        Shape::BeforeBasil => json!({
            "amount_excluding_tax": line.amount, "invoice_item": null,
            "price": merged(price(context, subscription), json!({ "id": line.price })),
            "proration": line.proration,
            "proration_details": { "credited_items": null }, "subscription": subscription.id,
            "subscription_item": subscription.item, "tax_amounts": [], "tax_rates": [],
            "type": "subscription", "unit_amount_excluding_tax": line.amount.to_string(),
        }),
    };
    merged(common, own)
}

pub(crate) fn invoice_payment(invoice: &Invoice, payment: &Payment, livemode: bool) -> Value {
    json!({
        "id": invoice.invoice_payment, "object": "invoice_payment", "amount_paid": payment.amount,
        "amount_requested": payment.amount, "created": invoice.paid_at, "currency": payment.currency,
        "invoice": invoice.id, "is_default": true, "livemode": livemode,
        "payment": { "type": "payment_intent", "payment_intent": payment.id }, "status": "paid",
        "status_transitions": { "canceled_at": null, "paid_at": invoice.paid_at },
    })
}

pub(crate) fn refund(shape: Shape, refund: &Refund, payment: &Payment) -> Value {
    let mut object = json!({
        "id": refund.id, "object": "refund", "amount": refund.amount, "balance_transaction": null,
        "charge": payment.charge, "created": refund.created, "currency": payment.currency,
        "destination_details": { "type": "card", "card": { "type": "refund" } },
        "metadata": refund.metadata, "payment_intent": payment.id, "reason": null,
        "receipt_number": null, "source_transfer_reversal": null, "status": refund.status,
        "transfer_reversal": null,
    });
    if let Some(members) = object.as_object_mut() {
        if let Some(reason) = &refund.failure_reason {
            members.insert("failure_reason".to_owned(), json!(reason));
        }
        if shape == Shape::Endive {
            members.insert("customer".to_owned(), json!(payment.customer));
            if let Some(reason) = &refund.pending_reason {
                members.insert("pending_reason".to_owned(), json!(reason));
            }
        }
    }
    object
}
