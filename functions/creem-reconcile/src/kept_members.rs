//! The members of a transaction that are stored beside an event: what is read of it, and nothing of a person.

use serde_json::{Map, Value};

/// All that is read; an object in the place of an id is kept as that id.
const KEPT: [&str; 17] = [
    "id",
    "mode",
    "amount",
    "amount_paid",
    "discount_amount",
    "tax_amount",
    "tax_country",
    "refunded_amount",
    "currency",
    "type",
    "status",
    "order",
    "subscription",
    "customer",
    "period_start",
    "period_end",
    "created_at",
];

/// The transaction without what is not read.
pub(crate) fn of_transaction(transaction: &Value) -> Value {
    let kept = KEPT.iter().filter_map(|name| {
        let member = match transaction.get(*name)? {
            Value::Object(linked) => linked.get("id")?.clone(),
            member => member.clone(),
        };
        Some(((*name).to_owned(), member))
    });
    Value::Object(kept.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_a_person_is_kept() {
        let read = json!({
            "id": "tran_1", "amount_paid": 1210, "currency": "EUR", "tax_country": "DE", "created_at": 1,
            "customer": {"id": "cust_1", "email": "ann@example.com"}, "order": "ord_1",
        });
        let kept = json!({
            "id": "tran_1", "amount_paid": 1210, "currency": "EUR", "tax_country": "DE", "created_at": 1,
            "customer": "cust_1", "order": "ord_1",
        });
        assert_eq!(of_transaction(&read), kept);
    }
}
