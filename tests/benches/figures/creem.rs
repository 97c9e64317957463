//! Events of Creem's, as its documentation gives them: each a new purchase, or about one that was made.

use ledger::Timestamp;
use serde_json::{Value, json};

/// What a pack costs with its tax, in cents.
const PAID: u64 = 1071;
const PACK: &str = "prod_3d_pack_100";
const PLAN: &str = "prod_3d_starter";
const PERIOD_MS: i64 = 30 * 86_400_000;

/// The checkout of a pack that `account` buys, numbered `number`.
pub(crate) fn pack(account: &str, number: u64, now: Timestamp) -> String {
    let object = json!({
        "id": format!("ch_{number:016}"), "object": "checkout", "mode": "test", "status": "completed",
        "request_id": format!("account:{account}:{number}"),
        "order": {
            "id": format!("ord_{number:016}"), "object": "order", "product": PACK, "customer": "cust_1",
            "transaction": transaction_id(number), "amount": 900, "amount_paid": PAID, "currency": "EUR",
            "status": "paid", "type": "onetime", "created_at": now.to_string(), "mode": "test",
        },
        "product": { "id": PACK, "object": "product", "billing_type": "onetime", "mode": "test" },
        "customer": "cust_1", "units": 1, "metadata": { "account": account },
    });
    event("checkout.completed", number, &object, now)
}

/// The first paid period of a subscription of `account`.
pub(crate) fn paid_period(account: &str, number: u64, now: Timestamp) -> String {
    let end = Timestamp::from_ms(now.as_ms().saturating_add(PERIOD_MS)).expect("an instant of these years");
    let period = json!({ "type": "invoice", "period_start": now.as_ms(), "period_end": end.as_ms() });
    let last = transaction(number, now, &period);
    let object = json!({
        "id": format!("sub_{number:016}"), "object": "subscription", "mode": "test", "status": "active",
        "product": { "id": PLAN, "billing_type": "recurring" }, "customer": "cust_1",
        "items": [{ "id": "sitem_1", "product_id": PLAN, "price_id": "pprice_1", "units": 1 }],
        "last_transaction_id": transaction_id(number), "last_transaction": last,
        "current_period_start_date": now.to_string(), "current_period_end_date": end.to_string(),
        "created_at": now.to_string(), "metadata": { "account": account },
    });
    event("subscription.paid", number, &object, now)
}

/// The refund of the whole pack `pack`, which nobody here asked for.
pub(crate) fn refund(pack: u64, number: u64, now: Timestamp) -> String {
    let refunded = json!({ "refunded_amount": PAID, "status": "refunded" });
    let refunded = transaction(pack, now, &refunded);
    let object = json!({
        "id": format!("ref_{number:016}"), "object": "refund", "mode": "test", "status": "succeeded",
        "refund_amount": PAID, "refund_currency": "EUR", "reason": "requested_by_customer",
        "transaction": refunded, "created_at": now.as_ms(),
    });
    event("refund.created", number, &object, now)
}

fn event(event_type: &str, number: u64, object: &Value, now: Timestamp) -> String {
    let id = format!("evt_{number:016}");
    json!({ "id": id, "eventType": event_type, "created_at": now.as_ms(), "object": object }).to_string()
}

fn transaction_id(number: u64) -> String {
    format!("tran_{number:016}")
}

/// A paid transaction, but for the members of `others`.
fn transaction(number: u64, now: Timestamp, others: &Value) -> Value {
    let mut made = json!({
        "id": transaction_id(number), "object": "transaction", "mode": "test", "amount": 900,
        "amount_paid": PAID, "tax_amount": 171, "currency": "EUR", "type": "payment", "status": "paid",
        "refunded_amount": null, "created_at": now.as_ms(),
    });
    if let (Some(made), Some(others)) = (made.as_object_mut(), others.as_object()) {
        made.extend(others.clone());
    }
    made
}
