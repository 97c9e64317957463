//! What is kept of a listed object: the members that are read when its event is applied. The others would
//! fill the item, and some are personal.

use serde_json::{Map, Value};

const KEPT: [&str; 24] = [
    "amount",
    "amount_paid",
    "amount_subtotal",
    "amount_total",
    "charge",
    "currency",
    "discount_amounts",
    "end",
    "id",
    "invoice_item_details",
    "parent",
    "payment",
    "payment_intent",
    "period",
    "price",
    "price_details",
    "pricing",
    "proration",
    "quantity",
    "quantity_decimal",
    "start",
    "status",
    "subscription_item_details",
    "type",
];

/// The members that are read.
pub(crate) fn item(object: Value) -> Value {
    match object {
        Value::Object(members) => {
            Value::Object(members.into_iter().filter_map(member).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(item).collect()),
        leaf => leaf,
    }
}

fn member((name, value): (String, Value)) -> Option<(String, Value)> {
    if !KEPT.contains(&name.as_str()) || value.is_null() {
        return None;
    }
    let value = match (name.as_str(), value) {
        // A reference that Stripe answers as a whole object.
        ("price" | "payment_intent" | "charge", Value::Object(mut object)) => object.remove("id")?,
        (_, value) => item(value),
    };
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_read_is_kept() {
        let line = json!({
            "id": "li_1", "object": "item", "description": "a name", "price": {"id": "price_1", "nickname": "x"},
            "quantity": 3, "amount_total": 2_700, "metadata": {"email": "someone@example.com"}, "charge": null,
            "discount_amounts": [{"amount": 100, "discount": "di_1"}],
        });
        let kept = json!({
            "id": "li_1", "price": "price_1", "quantity": 3, "amount_total": 2_700,
            "discount_amounts": [{"amount": 100}],
        });
        assert_eq!(item(line), kept);
    }
}
