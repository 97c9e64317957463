//! The shapes in which Stripe writes one object in its API versions: one whole object of the newest version
//! is taken back, change by change, as far as a change concerns what is read or where it was read before.
//!
//! Sources: <https://docs.stripe.com/changelog>, by the version that each change names.

use serde_json::{Value, json};

/// The versions whose shapes are held, oldest first: from 2017 on, each that changes the shape of an event
/// that is read, and some between.
pub(super) const VERSIONS: [&str; 18] = [
    "2017-04-06",
    "2017-05-25",
    "2019-03-14",
    "2020-08-27",
    "2022-11-15",
    "2024-06-20",
    "2024-09-30.acacia",
    "2024-10-28.acacia",
    "2025-03-31.basil",
    "2025-04-30.basil",
    INVOICE_PAYMENTS_SINCE,
    "2025-09-30.clover",
    "2026-03-25.dahlia",
    "2026-05-27.dahlia",
    "2026-07-29.dahlia",
    "2026-08-26.dahlia",
    "2026-09-30.endive",
    NEWEST,
];

/// The version of the whole fixtures.
pub(super) const NEWEST: &str = "2026-10-28.endive";
/// Each payment of an invoice has an event of its own since then.
pub(super) const INVOICE_PAYMENTS_SINCE: &str = "2025-05-28.basil";

/// A version, and how an event looked before it.
type Change = (&'static str, fn(&mut Value));

/// Newest first.
pub(super) const CHANGES: [Change; 13] = [
    // Appeals of disputes; the reference of a refund.
    ("2026-10-28.endive", |event| {
        drop_at(event, "dispute", "/evidence", "appeal");
        drop_at(event, "refund", "/destination_details/card", "reference");
    }),
    ("2026-09-30.endive", |event| {
        drop_at(event, "invoice", "", "status_details");
        drop_at(event, "subscription", "", "status_details");
        // A mandate can be expanded.
        if let Some(mandate) = event.pointer_mut("/data/object/payment_method_details/card/mandate")
            && mandate.is_object()
        {
            *mandate = mandate["id"].clone();
        }
    }),
    ("2026-08-26.dahlia", |event| {
        drop_at(event, "subscription", "/cancellation_details", "feedback_option");
    }),
    ("2026-07-29.dahlia", |event| {
        for name in ["customer", "customer_account", "payment_method"] {
            drop_at(event, "refund", "", name);
        }
    }),
    // Quantities with decimals, beside the one that is cut; other words for the form of a checkout.
    ("2026-03-25.dahlia", |event| {
        let mode = event["data"]["object"]["ui_mode"].as_str().and_then(|mode| mode.strip_suffix("_page"));
        if let Some(mode) = mode.map(|mode| json!(mode)) {
            set(event, "ui_mode", mode);
        }
        for line in items(event, "/data/object/lines/data") {
            members(line).remove("quantity_decimal");
        }
    }),
    // The mode of billing; a discount names its coupon in its source.
    ("2025-09-30.clover", |event| {
        drop_at(event, "subscription", "", "billing_mode");
        for discount in items(event, "/data/object/discounts") {
            if let Some(source) = discount.as_object_mut().and_then(|discount| discount.remove("source")) {
                discount["coupon"] = json!({ "id": source["coupon"], "object": "coupon" });
            }
        }
    }),
    // The parts of a credit note before and after the payment; partial payments.
    ("2025-05-28.basil", |event| {
        drop_at(event, "credit_note", "", "post_payment_amount");
        drop_at(event, "credit_note", "", "pre_payment_amount");
        drop_at(event, "invoice", "", "amount_overpaid");
    }),
    ("2025-04-30.basil", |event| drop_at(event, "refund", "", "pending_reason")),
    ("2025-03-31.basil", before_basil),
    // In whose name an event's object has to be fetched.
    ("2024-09-30.acacia", |event| {
        members(event).remove("context");
    }),
    // Before it charges carried their refunds, and payments their charges.
    ("2022-11-15", |event| {
        let charge =
            json!({ "object": "list", "data": [{ "id": "ch_1", "object": "charge" }], "has_more": false });
        match kind(event).as_str() {
            "charge" => set(event, "refunds", json!({ "object": "list", "data": [], "has_more": false })),
            "payment_intent" => set(event, "charges", charge),
            _ => {}
        }
    }),
    // The first invoice of a subscription was one of its changes, and a line's id that of its subscription.
    ("2018-10-31", |event| {
        if kind(event) == "invoice" && event["data"]["object"]["billing_reason"] == "subscription_create" {
            set(event, "billing_reason", json!("subscription_update"));
        }
        for line in items(event, "/data/object/lines/data") {
            if line["type"] == "subscription" {
                line["id"] = line["subscription"].clone();
            }
        }
    }),
    // The request was its id.
    ("2017-05-25", |event| {
        let request = event["request"]["id"].clone();
        event["request"] = request;
    }),
];

/// The event, which is of the newest version, as an older version writes it.
pub(super) fn as_of(event: &Value, version: &str) -> Value {
    let mut event = event.clone();
    for (since, before) in CHANGES {
        if version < since {
            before(&mut event);
        }
    }
    event["api_version"] = json!(version);
    event
}

fn before_basil(event: &mut Value) {
    match kind(event).as_str() {
        "subscription" => {
            for name in ["current_period_start", "current_period_end"] {
                let mut instants: Vec<Value> = Vec::new();
                for item in items(event, "/data/object/items/data") {
                    instants.extend(members(item).remove(name));
                }
                set(event, name, instants.into_iter().next().unwrap());
            }
        }
        "invoice" => {
            let parent = take(event, "parent");
            set(event, "subscription", parent["subscription_details"]["subscription"].clone());
            let metadata = parent["subscription_details"]["metadata"].clone();
            set(event, "subscription_details", json!({ "metadata": metadata }));
            let payment = take(event, "payments")["data"][0]["payment"]["payment_intent"].clone();
            set(event, "payment_intent", payment);
            for (name, value) in [
                ("charge", json!("ch_3QbMakegoodChg00Kx2Vd7Yq")),
                ("paid", json!(true)),
                ("paid_out_of_band", json!(false)),
                ("quote", Value::Null),
                ("tax", Value::Null),
            ] {
                set(event, name, value);
            }
            let taxes = take(event, "total_taxes");
            set(event, "total_tax_amounts", taxes);
            for line in items(event, "/data/object/lines/data") {
                line_before_basil(line);
            }
        }
        "credit_note" => {
            let refund = take(event, "refunds")[0]["refund"].clone();
            set(event, "refund", refund);
            let taxes = take(event, "total_taxes");
            set(event, "tax_amounts", taxes);
        }
        "charge" => set(event, "invoice", json!("in_1QbMakegoodInv00Kx2Vd7Yq")),
        // Of a top-up, which no invoice charges: a payment names its invoice in these versions alone.
        "payment_intent" => set(event, "invoice", Value::Null),
        _ => {}
    }
}

fn line_before_basil(line: &mut Value) {
    let (pricing, parent) =
        (members(line).remove("pricing").unwrap(), members(line).remove("parent").unwrap());
    let details = &parent["subscription_item_details"];
    let details = if details.is_null() { &parent["invoice_item_details"] } else { details };
    let of_subscription = details["invoice_item"].is_null();
    let price = &pricing["price_details"]["price"];
    for (name, value) in [
        ("price", json!({ "id": price, "object": "price", "product": pricing["price_details"]["product"] })),
        ("plan", json!({ "id": price, "object": "plan" })),
        ("proration", details["proration"].clone()),
        ("subscription", details["subscription"].clone()),
        ("subscription_item", details["subscription_item"].clone()),
        ("type", json!(if of_subscription { "subscription" } else { "invoiceitem" })),
    ] {
        line[name] = value;
    }
    let taxes = members(line).remove("taxes").unwrap_or_default();
    line["tax_amounts"] = taxes;
}

/// What the event is about.
fn kind(event: &Value) -> String {
    event["data"]["object"]["object"].as_str().unwrap().to_owned()
}

fn members(value: &mut Value) -> &mut serde_json::Map<String, Value> {
    value.as_object_mut().unwrap()
}

fn set(event: &mut Value, name: &str, value: Value) {
    event["data"]["object"][name] = value;
}

fn take(event: &mut Value, name: &str) -> Value {
    members(&mut event["data"]["object"]).remove(name).unwrap_or_default()
}

fn items<'v>(event: &'v mut Value, pointer: &str) -> impl Iterator<Item = &'v mut Value> {
    event.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Leaves a member of an object of this kind out.
fn drop_at(event: &mut Value, object: &str, pointer: &str, name: &str) {
    if kind(event) == object
        && let Some(Value::Object(members)) = event.pointer_mut(&format!("/data/object{pointer}"))
    {
        members.remove(name);
    }
}
