//! Stripe's events of a script, with ids of the script's own. What a script does not say of an object is what
//! Stripe says of an ordinary one.

use serde_json::{Value, json};
use stripe_events::Fetched;

use crate::scene::{ACCOUNT, DAY_S, START_S};

/// A month of the stories.
pub(crate) const MONTH_S: i64 = 30 * DAY_S;

/// Events of one life, in the order in which they happened.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    /// Whether the customer belongs to the account before the first event.
    pub(crate) linked: bool,
    /// Events that have come before.
    pub(crate) before: Vec<String>,
    pub(crate) events: Vec<String>,
    /// What Stripe answers where an event lacks it.
    pub(crate) fetched: Option<Fetched>,
    /// What a payment knows from the first of the events that bring it, and from no other.
    pub(crate) first_says: &'static [&'static str],
}

impl Script {
    /// A customer's first events: one of them names the account.
    pub(crate) fn new(name: &'static str, events: impl Into<Vec<String>>) -> Self {
        Self {
            name,
            linked: false,
            before: Vec::new(),
            events: events.into(),
            fetched: None,
            first_says: &[],
        }
    }

    /// The same after `events`, which have come.
    pub(crate) fn after(self, events: impl Into<Vec<String>>) -> Self {
        Self { before: events.into(), ..self }
    }

    /// Events of a customer who is known.
    pub(crate) fn of_customer(name: &'static str, events: impl Into<Vec<String>>) -> Self {
        Self { linked: true, ..Self::new(name, events) }
    }
}

/// `object` with other members.
pub(crate) fn with(mut object: Value, members: &Value) -> Value {
    for (name, member) in members.as_object().unwrap() {
        object[name] = member.clone();
    }
    object
}

/// The event of type `kind` about `object`, at `second`.
pub(crate) fn told(kind: &str, second: i64, object: &Value) -> String {
    let [one, two, three, four, ..] = refunds::fingerprint(&[kind, &second.to_string(), &object.to_string()]);
    json!({
        "id": format!("evt_{one:02x}{two:02x}{three:02x}{four:02x}"), "object": "event", "type": kind,
        "created": START_S + second, "livemode": false, "api_version": "2026-10-28.endive",
        "pending_webhooks": 1, "request": null, "data": { "object": object },
    })
    .to_string()
}

/// A checkout of a pack of 100 credits for 9.00 USD.
pub(crate) fn pack_session(id: &str, payment: &str) -> Value {
    json!({
        "id": id, "object": "checkout.session", "mode": "payment", "payment_status": "paid",
        "client_reference_id": ACCOUNT, "customer": "cus_1", "payment_intent": payment, "subscription": null,
        "invoice": null, "amount_subtotal": 900, "amount_total": 900, "currency": "usd",
        "customer_details": { "address": { "country": "DE" }, "tax_ids": [] },
        "metadata": { "price": "price_pack_100" },
    })
}

pub(crate) fn bought(id: &str, payment: &str, second: i64) -> String {
    told("checkout.session.completed", second, &pack_session(id, payment))
}

/// A checkout of a plan.
pub(crate) fn ordered(subscription: &str, price: &str, second: i64) -> String {
    let session = json!({
        "id": format!("cs_{subscription}"), "object": "checkout.session", "mode": "subscription",
        "payment_status": "paid", "client_reference_id": ACCOUNT, "customer": "cus_1",
        "payment_intent": null, "subscription": subscription, "invoice": null, "amount_subtotal": 1_200,
        "amount_total": 1_200, "currency": "usd", "metadata": { "price": price },
    });
    told("checkout.session.completed", second, &session)
}

pub(crate) fn charge(id: &str, payment: &str, receipt: Option<&str>) -> Value {
    json!({ "id": id, "object": "charge", "payment_intent": payment, "receipt_number": receipt })
}

pub(crate) fn charged(id: &str, payment: &str, second: i64) -> String {
    told("charge.succeeded", second, &charge(id, payment, None))
}

pub(crate) fn receipted(id: &str, payment: &str, second: i64) -> String {
    told("charge.updated", second, &charge(id, payment, Some("1234-5678")))
}

pub(crate) fn succeeded(payment: &str, metadata: &Value, second: i64) -> String {
    let intent = json!({
        "id": payment, "object": "payment_intent", "customer": "cus_1", "amount": 900,
        "amount_received": 900, "currency": "usd", "status": "succeeded", "metadata": metadata,
    });
    told("payment_intent.succeeded", second, &intent)
}

/// Of a plan: its price, the end of its period, and what else is said of it.
pub(crate) fn plan(id: &str, price: &str, ends_s: i64, members: &Value) -> Value {
    let subscription = json!({
        "id": id, "object": "subscription", "customer": "cus_1", "status": "active",
        "cancel_at_period_end": false, "cancel_at": null, "canceled_at": null, "ended_at": null,
        "items": { "object": "list", "has_more": false, "data": [{
            "id": "si_1", "price": { "id": price }, "current_period_end": START_S + ends_s,
        }] },
        "metadata": {}, "pause_collection": null, "schedule": null, "cancellation_details": null,
    });
    with(subscription, members)
}

pub(crate) fn begun(id: &str, price: &str, second: i64) -> String {
    told("customer.subscription.created", second, &plan(id, price, second + MONTH_S, &json!({})))
}

pub(crate) fn changed(id: &str, price: &str, ends_s: i64, second: i64, members: &Value) -> String {
    told("customer.subscription.updated", second, &plan(id, price, ends_s, members))
}

/// A cancellation at the end of the period.
pub(crate) fn cancelled(id: &str, price: &str, ends_s: i64, second: i64) -> String {
    let members = json!({
        "cancel_at_period_end": true, "cancel_at": START_S + ends_s, "canceled_at": START_S + second,
        "cancellation_details": { "reason": "cancellation_requested" },
    });
    changed(id, price, ends_s, second, &members)
}

/// The end of a plan that was cancelled at the second `asked_s`.
pub(crate) fn ended(id: &str, price: &str, (asked_s, second): (i64, i64)) -> String {
    let members = json!({
        "status": "canceled", "ended_at": START_S + second, "canceled_at": START_S + asked_s,
        "cancellation_details": { "reason": "cancellation_requested" },
    });
    told("customer.subscription.deleted", second, &plan(id, price, second, &members))
}

/// A line of an invoice for the period from one second to another.
pub(crate) fn line(price: &str, amount: i64, quantity: u64, (from, to): (i64, i64), settles: bool) -> Value {
    json!({
        "id": format!("il_{price}_{amount}_{from}"), "object": "line_item", "amount": amount,
        "quantity": quantity, "quantity_decimal": quantity.to_string(), "discount_amounts": [],
        "period": { "start": START_S + from, "end": START_S + to },
        "pricing": { "type": "price_details", "price_details": { "price": price, "product": "prod_1" } },
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": { "proration": settles, "subscription": "sub_1" },
        },
    })
}

/// A month of a plan that begins at `second`.
pub(crate) fn month(price: &str, amount: i64, second: i64) -> Value {
    line(price, amount, 1, (second, second + MONTH_S), false)
}

/// A paid invoice; of a plan where one is named. Its total is the sum of its lines.
pub(crate) fn invoice(
    id: &str,
    subscription: Option<&str>,
    reason: &str,
    (paid, second): (i64, i64),
    lines: &[Value],
) -> String {
    let parent = subscription.map(|subscription| {
        json!({
            "type": "subscription_details",
            "subscription_details": { "subscription": subscription, "metadata": {} },
        })
    });
    let invoice = json!({
        "id": id, "object": "invoice", "customer": "cus_1", "currency": "usd", "amount_paid": paid,
        "billing_reason": reason, "parent": parent, "number": format!("MKGD-{id}"),
        "total": lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum::<i64>(),
        "status_transitions": { "paid_at": START_S + second },
        "customer_address": { "country": "DE" }, "customer_tax_ids": [],
        "lines": { "object": "list", "data": lines, "has_more": false },
    });
    told("invoice.paid", second, &invoice)
}

/// The first month of `sub_1`.
pub(crate) fn first_month(price: &str) -> String {
    invoice("in_1", Some("sub_1"), "subscription_create", (1_200, 0), &[month(price, 1_200, 0)])
}

/// A later month of `sub_1`.
pub(crate) fn renewed(id: &str, price: &str, second: i64) -> String {
    let lines = [month(price, 1_200, second)];
    invoice(id, Some("sub_1"), "subscription_cycle", (1_200, second), &lines)
}

pub(crate) fn invoice_payment(invoice: &str, payment: &str, paid: i64) -> Value {
    json!({
        "id": format!("inpay_{payment}"), "object": "invoice_payment", "invoice": invoice, "currency": "usd",
        "amount_paid": paid, "status": "paid",
        "payment": { "type": "payment_intent", "payment_intent": payment },
    })
}

pub(crate) fn paid(invoice: &str, payment: &str, paid: i64, second: i64) -> String {
    told("invoice_payment.paid", second, &invoice_payment(invoice, payment, paid))
}

/// A refund as of one of its events: `created`, `updated` or `failed`.
pub(crate) fn refund(
    id: &str,
    payment: &str,
    amount: i64,
    (kind, status): (&str, &str),
    second: i64,
) -> String {
    let refund = json!({
        "id": id, "object": "refund", "amount": amount, "currency": "usd", "charge": "ch_1",
        "created": START_S + 5 * DAY_S, "metadata": {}, "payment_intent": payment, "status": status,
        "failure_reason": if status == "failed" { json!("declined") } else { Value::Null },
    });
    told(&format!("refund.{kind}"), second, &refund)
}

/// A credit note of 6.00 USD.
pub(crate) fn note(id: &str, invoice: &str, kind: &str, second: i64, members: &Value) -> String {
    let note = json!({
        "id": id, "object": "credit_note", "amount": 600, "currency": "usd", "invoice": invoice,
        "customer": "cus_1", "customer_balance_transaction": "cbtxn_1", "status": "issued",
        "type": "post_payment", "post_payment_amount": 600, "pre_payment_amount": 0, "refunds": [],
        "created": START_S + 5 * DAY_S,
    });
    told(&format!("credit_note.{kind}"), second, &with(note, members))
}

/// A dispute as of one of its events, with the movements of the money in the currency of settlement.
pub(crate) fn dispute(
    (id, payment, amount): (&str, &str, i64),
    (kind, status): (&str, &str),
    second: i64,
    movements: &[i64],
) -> String {
    let movements: Vec<Value> =
        movements.iter().map(|minor| json!({ "amount": minor, "currency": "eur" })).collect();
    let refundable = status.starts_with("warning_") || status == "won";
    let dispute = json!({
        "id": id, "object": "dispute", "amount": amount, "currency": "usd", "charge": "ch_1",
        "created": START_S + 6 * DAY_S, "is_charge_refundable": refundable,
        "payment_intent": payment, "reason": "fraudulent", "status": status,
        "balance_transactions": movements, "evidence_details": { "due_by": START_S + 20 * DAY_S },
    });
    told(&format!("charge.dispute.{kind}"), second, &dispute)
}
