//! Scripts of packs: by a session, an invoice, a payment, or several of these.

use serde_json::json;
use stripe_events::Fetched;

use super::events::{
    Script, bought, charged, invoice, invoice_payment, line, pack_session, paid, receipted, refund,
    succeeded, told, with,
};
use crate::scene::DAY_S;

/// A line for packs, once.
fn packs(price: &str, amount: i64) -> serde_json::Value {
    line(price, amount, 1, (0, 0), false)
}

pub(crate) fn scripts() -> Vec<Script> {
    let named = json!({ "price": "price_pack_100" });
    let unpaid = with(pack_session("cs_1", "pi_1"), &json!({ "payment_status": "unpaid" }));
    let by_invoice = with(pack_session("cs_1", "pi_1"), &json!({ "invoice": "in_1" }));
    let cart = json!({
        "amount_subtotal": 4_500, "amount_total": 4_500,
        "line_items": { "object": "list", "has_more": false, "data": [
            { "price": "price_pack_100", "quantity": 1, "amount_subtotal": 900, "amount_total": 900 },
            { "price": "price_pack_500", "quantity": 4, "amount_subtotal": 3_600, "amount_total": 3_600 },
        ] },
    });
    let free = json!({ "payment_status": "no_payment_required", "payment_intent": null, "amount_total": 0 });
    let mut scripts = vec![
        Script::new(
            "a pack with its charge, its receipt and its payment",
            [
                bought("cs_1", "pi_1", 0),
                charged("ch_1", "pi_1", 0),
                receipted("ch_1", "pi_1", 5),
                succeeded("pi_1", &json!({}), 0),
            ],
        ),
        Script::new(
            "a session whose money comes days later",
            [
                told("checkout.session.completed", 0, &unpaid),
                told("checkout.session.async_payment_succeeded", 3 * DAY_S, &pack_session("cs_1", "pi_1")),
                succeeded("pi_1", &json!({}), 3 * DAY_S),
                charged("ch_1", "pi_1", 3 * DAY_S),
            ],
        ),
        Script::new(
            "two packs minutes apart",
            [
                bought("cs_1", "pi_1", 0),
                bought("cs_2", "pi_2", 300),
                charged("ch_1", "pi_1", 0),
                charged("ch_2", "pi_2", 300),
            ],
        ),
        Script::new(
            "a cart of two prices, one of which is refunded",
            [
                told("checkout.session.completed", 0, &with(pack_session("cs_1", "pi_1"), &cart)),
                charged("ch_1", "pi_1", 0),
                refund("re_1", "pi_1", 900, ("created", "succeeded"), 5 * DAY_S),
                refund("re_1", "pi_1", 900, ("updated", "succeeded"), 5 * DAY_S + 60),
            ],
        ),
        Script::new(
            "a pack for nothing and one for money",
            [
                told("checkout.session.completed", 0, &with(pack_session("cs_0", "pi_0"), &free)),
                bought("cs_1", "pi_1", 60),
                charged("ch_1", "pi_1", 60),
            ],
        ),
        Script::of_customer(
            "a top-up with a saved card",
            [succeeded("pi_1", &named, 0), charged("ch_1", "pi_1", 0), receipted("ch_1", "pi_1", 5)],
        ),
        Script::of_customer(
            "a hosted invoice that is paid in two payments",
            [
                paid("in_1", "pi_1", 1_000, 0),
                paid("in_1", "pi_2", 2_999, 60),
                invoice("in_1", None, "manual", (3_999, 60), &[packs("price_pack_500", 3_999)]),
                charged("ch_1", "pi_1", 0),
            ],
        ),
        Script::of_customer(
            "a pack by session, invoice and payment",
            [
                told("checkout.session.completed", 0, &by_invoice),
                invoice("in_1", None, "manual", (900, 0), &[packs("price_pack_100", 900)]),
                paid("in_1", "pi_1", 900, 0),
                charged("ch_1", "pi_1", 0),
            ],
        ),
    ];
    let last = scripts.len().saturating_sub(2);
    for (script, payments) in scripts.iter_mut().skip(last).zip([
        vec![invoice_payment("in_1", "pi_1", 1_000), invoice_payment("in_1", "pi_2", 2_999)],
        vec![invoice_payment("in_1", "pi_1", 900)],
    ]) {
        script.fetched = Some(Fetched { payments: Some(payments), ..Fetched::default() });
    }
    if let Some(script) = scripts.last_mut() {
        // The session knows of the consent, and the invoice of its number. The index has what the first
        // of them is called.
        script.first_says = &["names", "buyer", "generation"];
    }
    scripts
}
