//! Bodies of Creem's events, as its documentation and its SDK give them.

use serde_json::{Value, json};

use crate::scene::{ACCOUNT, DAY_S, START_S};

pub(crate) const PACK: &str = "prod_3d_pack_100";
pub(crate) const PLAN: &str = "prod_3d_starter";

/// An instant as Creem writes it in transactions, refunds and envelopes.
fn ms(second: i64) -> i64 {
    (START_S + second) * 1_000
}

/// The same as it writes it in subscriptions and orders.
fn iso(second: i64) -> String {
    crate::scene::at(second).to_string()
}

/// An event around `object`.
pub(crate) fn event(id: &str, event_type: &str, second: i64, object: &Value) -> String {
    json!({"id": id, "eventType": event_type, "created_at": ms(second), "object": object}).to_string()
}

/// `body` with a member of its object set.
pub(crate) fn with(body: &str, pointer: &str, value: Value) -> String {
    let mut event: Value = serde_json::from_str(body).unwrap();
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[member] = value;
    event.to_string()
}

/// A transaction of 900 net and 1071 gross.
pub(crate) fn transaction(id: &str, second: i64) -> Value {
    json!({
        "id": id, "object": "transaction", "mode": "test", "amount": 900, "amount_paid": 1071,
        "tax_amount": 171, "currency": "EUR", "type": "payment", "status": "paid",
        "refunded_amount": null, "created_at": ms(second),
    })
}

/// A pack's checkout: event `evt_<name>`, order `ord_<name>`, transaction `tran_<name>`.
pub(crate) fn pack(name: &str, second: i64) -> String {
    let object = json!({
        "id": format!("ch_{name}"), "object": "checkout", "mode": "test", "status": "completed",
        "request_id": format!("account:{ACCOUNT}:{name}"),
        "order": {
            "id": format!("ord_{name}"), "object": "order", "product": PACK, "customer": "cust_1",
            "transaction": format!("tran_{name}"), "amount": 900, "amount_paid": 1071, "currency": "EUR",
            "status": "paid", "type": "onetime", "created_at": iso(second), "mode": "test",
        },
        "product": {"id": PACK, "object": "product", "billing_type": "onetime", "mode": "test"},
        "customer": "cust_1", "units": 1, "metadata": {"account": ACCOUNT},
    });
    event(&format!("evt_{name}"), "checkout.completed", second, &object)
}

/// A subscription's checkout, which brings no credits by itself.
pub(crate) fn plan_checkout(name: &str, second: i64) -> String {
    let object = json!({
        "id": format!("ch_{name}"), "object": "checkout", "mode": "test", "status": "completed",
        "request_id": format!("account:{ACCOUNT}:{name}"),
        "order": {
            "id": format!("ord_{name}"), "product": PLAN, "amount": 900, "currency": "EUR", "status": "paid",
            "type": "recurring", "mode": "test",
        },
        "product": PLAN, "customer": {"id": "cust_1", "email": "buyer@example.com"}, "units": 1,
        "subscription": {"id": format!("sub_{name}"), "metadata": {"account": ACCOUNT}},
        "metadata": {"account": ACCOUNT},
    });
    event(&format!("evt_{name}_checkout"), "checkout.completed", second, &object)
}

/// An event of a subscription that began at `began`, in its period number `period` of 30 days.
pub(crate) fn subscription(
    name: &str,
    what: &str,
    status: &str,
    (began, second, period): (i64, i64, i64),
) -> String {
    let (from, to) = (began + period * 30 * DAY_S, began + (period + 1) * 30 * DAY_S);
    let id = format!("tran_{name}_{period}");
    let mut last = transaction(&id, from);
    last["type"] = json!("invoice");
    last["period_start"] = json!(ms(from));
    last["period_end"] = json!(ms(to));
    let is_to_end = ["scheduled_cancel", "canceled"].contains(&status);
    let canceled_at = is_to_end.then(|| iso(second));
    let object = json!({
        "id": format!("sub_{name}"), "object": "subscription", "mode": "test", "status": status,
        "product": {"id": PLAN, "billing_type": "recurring"}, "customer": "cust_1",
        "items": [{"id": "sitem_1", "product_id": PLAN, "price_id": "pprice_1", "units": 1}],
        "last_transaction_id": id, "last_transaction": last,
        "current_period_start_date": iso(from), "current_period_end_date": iso(to),
        "canceled_at": canceled_at,
        "created_at": iso(began), "metadata": {"account": ACCOUNT},
    });
    let event_type = format!("subscription.{what}");
    event(&format!("evt_{name}_{what}_{second}"), &event_type, second, &object)
}

/// A refund of a transaction, whose total is then `total`.
pub(crate) fn refund(name: &str, payment: &str, (amount, total): (u64, u64), second: i64) -> String {
    let mut of = transaction(payment, 0);
    of["refunded_amount"] = json!(total);
    of["status"] = json!(if total < 1071 { "partialRefund" } else { "refunded" });
    let object = json!({
        "id": format!("ref_{name}"), "object": "refund", "mode": "test", "status": "succeeded",
        "refund_amount": amount, "refund_currency": "EUR", "reason": "requested_by_customer",
        "transaction": of, "created_at": ms(second),
    });
    event(&format!("evt_{name}"), "refund.created", second, &object)
}

/// A dispute of a transaction.
pub(crate) fn dispute(name: &str, payment: &str, second: i64) -> String {
    let object = json!({
        "id": format!("disp_{name}"), "object": "dispute", "mode": "test", "amount": 1071, "currency": "EUR",
        "transaction": transaction(payment, 0), "created_at": ms(second),
    });
    event(&format!("evt_{name}"), "dispute.created", second, &object)
}
