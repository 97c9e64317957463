//! What is particular to invoices: several payments, prorations, decimals and pages.

use super::{INVOICE, kind, with};
use crate::{EventKind, InvoicePaymentStatus, PaidInvoice, PaymentSource, Quantity};

const OLDER: &str = include_str!("../../fixtures/2024-06-20/invoice.paid.json");
const PRORATION: &str = include_str!("../../fixtures/2026-10-28.endive/invoice.paid.proration.json");
const TWO_PAYMENTS: &str = include_str!("../../fixtures/2026-10-28.endive/invoice.paid.two_payments.json");
const UNKNOWN: &str = include_str!("../../fixtures/2026-10-28.endive/invoice.paid.payments_unknown.json");

fn invoice(payload: impl AsRef<[u8]>) -> PaidInvoice {
    match kind(payload) {
        EventKind::InvoicePaid(invoice) => invoice,
        other => panic!("another kind: {other:?}"),
    }
}

fn refundable(invoice: &PaidInvoice) -> Vec<(String, String)> {
    invoice.refundable_payments().map(|(id, amount)| (id.to_string(), amount.to_string())).collect()
}

#[test]
fn c10_only_the_part_paid_by_card_can_be_refunded() {
    let invoice = invoice(TWO_PAYMENTS);
    assert_eq!(invoice.amount_paid.to_string(), "1200 usd");
    assert_eq!(invoice.payments.as_ref().map(Vec::len), Some(2));
    assert_eq!(invoice.payments.as_ref().unwrap()[1].source, PaymentSource::OutOfBand);
    assert_eq!(refundable(&invoice), [("pi_3QbMakegoodPay00Kx2Vd7Yq".to_owned(), "700 usd".to_owned())]);
}

#[test]
fn c10_a_payment_that_is_not_there_yet_cannot_be_refunded() {
    let open = with(
        INVOICE,
        "\"status\": \"paid\",\n            \"status_transitions\": {\n              \"canceled_at\"",
        "\"status\": \"open\",\n            \"status_transitions\": {\n              \"canceled_at\"",
    );
    let invoice = invoice(open);
    assert_eq!(invoice.payments.as_ref().unwrap()[0].status, InvoicePaymentStatus::Open);
    assert_eq!(refundable(&invoice), []);
}

#[test]
fn c10_an_older_invoice_marked_as_paid_by_hand_has_nothing_to_refund() {
    let by_hand = with(OLDER, "\"paid_out_of_band\": false", "\"paid_out_of_band\": true");
    let invoice = invoice(by_hand);
    assert_eq!(invoice.payments.as_ref().unwrap()[0].source, PaymentSource::OutOfBand);
    assert_eq!(refundable(&invoice), []);
}

#[test]
fn payments_that_the_event_does_not_carry_are_unknown() {
    assert_eq!(invoice(UNKNOWN).payments, None);
    let first_page = with(
        TWO_PAYMENTS,
        "\"has_more\": false,\n        \"url\": \"/v1/invoice_payments\"",
        "\"has_more\": true",
    );
    assert_eq!(invoice(first_page).payments, None);
    let free = with(UNKNOWN, "\"amount_paid\": 1200", "\"amount_paid\": 0");
    assert_eq!(invoice(free).payments, Some(Vec::new()), "nothing was paid");
}

#[test]
fn an_older_invoice_with_a_charge_alone_names_it() {
    let charge =
        with(OLDER, "\"payment_intent\": \"pi_3QbMakegoodPay00Kx2Vd7Yq\"", "\"payment_intent\": null");
    let payments = invoice(charge).payments.unwrap();
    assert!(matches!(&payments[0].source, PaymentSource::Charge(id) if id.as_str().starts_with("ch_")));
}

#[test]
fn lines_that_the_event_does_not_carry_are_unknown() {
    let first_page = with(UNKNOWN, "\"has_more\": false", "\"has_more\": true");
    assert_eq!(invoice(first_page).lines, None);
}

#[test]
fn c11_a_negative_proration_is_a_line_and_no_refund() {
    let event = kind(PRORATION);
    let EventKind::InvoicePaid(invoice) = event else { panic!("another kind") };
    let lines: Vec<_> =
        invoice.lines.iter().flatten().map(|line| (line.amount_minor, line.proration)).collect();
    assert_eq!(lines, [(-600, true), (1500, true)]);
    assert_eq!(invoice.amount_paid.to_string(), "900 usd");
}

#[test]
fn c12_the_decimal_quantity_wins_over_the_truncated_one() {
    let quantity = |payload: String| invoice(payload).lines.unwrap()[0].quantity;
    let decimal = with(INVOICE, "\"quantity_decimal\": \"1\"", "\"quantity_decimal\": \"2.5\"");
    let decimal = with(&decimal, "\"quantity\": 1", "\"quantity\": 2");
    let both = quantity(decimal.clone()).unwrap();
    assert_eq!((both.to_string().as_str(), both.times_rounded_down(1_000)), ("2.5", Some(2_500)));
    let truncated = with(&decimal, "\"quantity_decimal\": \"2.5\"", "\"quantity_decimal\": null");
    assert_eq!(quantity(truncated), Some(Quantity::whole(2)));
}

#[test]
fn the_price_of_a_line_may_be_expanded() {
    let bare = invoice(INVOICE).lines.unwrap();
    let expanded = with(
        INVOICE,
        "\"price\": \"price_1QaMakegoodProMonthly\"",
        r#""price": {"id": "price_1QaMakegoodProMonthly"}"#,
    );
    assert_eq!(invoice(expanded).lines.unwrap(), bare);
}

#[test]
fn an_invoice_that_does_not_say_when_it_was_paid_was_paid_when_the_event_happened() {
    let silent = with(
        INVOICE,
        "
        \"paid_at\": 1793527204",
        "\"another\": 0",
    );
    assert_eq!(invoice(INVOICE).paid_at.as_s(), 1_793_527_204);
    assert_eq!(invoice(silent).paid_at.as_s(), 1_793_527_205);
}
