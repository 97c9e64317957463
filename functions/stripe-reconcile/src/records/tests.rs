//! Each kind of object against records that say the same, something else or nothing.

use ledger::contract::{at, grant, run};
use ledger::{Command, Currency, Dispute, Record};
use ledger_dynamodb::in_process;
use refunds::PayoutPart;
use serde_json::{Value, json};

use super::*;

const DAY_S: i64 = 86_400;

async fn tables() -> Tables {
    in_process::tables().await.0
}

fn listed(object: &Value) -> ListedObject {
    serde_json::from_value(object.clone()).unwrap()
}

/// How an object differs, with what is recorded; `None` if it does not differ.
async fn differs(tables: &Tables, list: ObjectList, object: &Value) -> Option<(DiscrepancyKind, String)> {
    let event = read_object(list, &listed(object)).unwrap();
    match find_discrepancy(tables, &event.kind, 0).await.unwrap() {
        Compared::Same => None,
        Compared::Differs(found) => Some((found.kind, found.recorded)),
    }
}

fn usd(minor: u64) -> Money {
    Money::new(minor, Currency::new("usd").unwrap())
}

/// 1,000 cents for 100 credits.
async fn paid(tables: &Tables, payment: &str) {
    let account = "account-1".parse().unwrap();
    run(tables, &account, &Command::Grant(grant(&account, payment, 100, None)), at(0)).await;
}

fn dispute(status: &str) -> Value {
    json!({
        "id": "du_1", "object": "dispute", "amount": 1_000, "currency": "usd", "status": status,
        "payment_intent": "pi_1", "charge": "ch_1", "created": at(5).as_s(), "balance_transactions": [],
    })
}

#[tokio::test]
async fn a_dispute_differs_where_it_is_unknown_or_stands_elsewhere() {
    let (tables, list) = (tables().await, ObjectList::Disputes);
    let object = dispute("needs_response");
    let missing = Some((DiscrepancyKind::DisputeMissing, "nothing".to_owned()));
    assert_eq!(differs(&tables, list, &object).await, missing);
    paid(&tables, "pi_1").await;
    assert_eq!(differs(&tables, list, &object).await, missing);
    let record = Dispute {
        id: "du_1".parse().unwrap(),
        opened_at: at(5),
        status: "needs_response".to_owned(),
        refundable: true,
        amount: None,
        reason: None,
        due_by: None,
        as_of: at(5),
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
    };
    tables.save_dispute(&"pi_1".parse().unwrap(), &record).await.unwrap();
    assert_eq!(differs(&tables, list, &object).await, None);
    let elsewhere = Some((DiscrepancyKind::DisputeStatus, "needs_response".to_owned()));
    assert_eq!(differs(&tables, list, &dispute("lost")).await, elsewhere);
}

fn invoice(amount_paid: u64) -> Value {
    json!({
        "id": "in_1", "object": "invoice", "customer": "cus_1", "currency": "usd", "created": at(0).as_s(),
        "amount_paid": amount_paid, "billing_reason": "subscription_cycle", "status": "paid",
        "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
        "status_transitions": {"paid_at": at(0).as_s()},
        "lines": {"object": "list", "data": [], "has_more": false},
    })
}

#[tokio::test]
async fn an_invoice_differs_where_it_brought_nothing_or_something_else() {
    let (tables, list) = (tables().await, ObjectList::PaidInvoices);
    let missing = Some((DiscrepancyKind::InvoiceMissing, "nothing".to_owned()));
    assert_eq!(differs(&tables, list, &invoice(1_000)).await, missing);
    assert_eq!(differs(&tables, list, &invoice(0)).await, None, "it does not say what it should bring");
    let account = "account-1".parse().unwrap();
    let invoiced = Record::Invoice("in_1".parse().unwrap(), "in_1".parse().unwrap());
    let command = Command::Grant(grant(&account, "in_1", 100, Some("sub_1")));
    let order = ledger::Order {
        account: &account,
        command: &command,
        cause: ledger::Cause::ProviderEvent(ledger::Provider::Stripe, "evt_1".to_owned()),
        actor: ledger::Actor::Provider(ledger::Provider::Stripe),
        policy: None,
        records: vec![invoiced],
    };
    ledger::execute(&tables, &ledger::contract::NoPause, &order, at(0)).await.unwrap();
    assert_eq!(differs(&tables, list, &invoice(1_000)).await, None);
    let other = Some((DiscrepancyKind::InvoiceAmount, "1000".to_owned()));
    assert_eq!(differs(&tables, list, &invoice(1_500)).await, other);
}

#[tokio::test]
async fn what_bought_no_credits_is_nobodys() {
    let tables = tables().await;
    tables.note_without_credits(&"in_1".parse().unwrap(), at(0)).await.unwrap();
    tables.note_without_credits(&"pi_1".parse().unwrap(), at(0)).await.unwrap();
    assert_eq!(differs(&tables, ObjectList::PaidInvoices, &invoice(1_000)).await, None);
    assert_eq!(differs(&tables, ObjectList::Disputes, &dispute("lost")).await, None);
    assert_eq!(differs(&tables, ObjectList::Refunds, &refund("succeeded", 400)).await, None);
    assert_eq!(differs(&tables, ObjectList::CompletedSessions, &session("payment", "account-1")).await, None);
}

fn session(mode: &str, account: &str) -> Value {
    json!({
        "id": "cs_1", "object": "checkout.session", "mode": mode, "payment_status": "paid",
        "status": "complete", "client_reference_id": account, "customer": "cus_1", "created": at(0).as_s(),
        "payment_intent": if mode == "payment" { json!("pi_1") } else { json!(null) },
        "subscription": "sub_1", "amount_total": 1_000, "amount_subtotal": 1_000, "currency": "usd",
    })
}

#[tokio::test]
async fn a_checkout_differs_where_its_money_or_its_customer_is_not_on_record() {
    let (tables, list) = (tables().await, ObjectList::CompletedSessions);
    let missing = Some((DiscrepancyKind::SessionMissing, "nothing".to_owned()));
    assert_eq!(differs(&tables, list, &session("payment", "account-1")).await, missing);
    paid(&tables, "pi_1").await;
    assert_eq!(differs(&tables, list, &session("payment", "account-1")).await, None);
    let mut dearer = session("payment", "account-1");
    dearer["amount_total"] = json!(1_200);
    let amount = Some((DiscrepancyKind::SessionAmount, "1000".to_owned()));
    assert_eq!(differs(&tables, list, &dearer).await, amount);

    let plan = session("subscription", "account-1");
    let link = |recorded: &str| Some((DiscrepancyKind::CustomerLink, recorded.to_owned()));
    assert_eq!(differs(&tables, list, &plan).await, link("nothing"));
    tables.link_customer(&"cus_1".parse().unwrap(), &"account-2".parse().unwrap()).await.unwrap();
    assert_eq!(differs(&tables, list, &plan).await, link("account-2"));
    assert_eq!(differs(&tables, list, &session("subscription", "account-2")).await, None);
    assert_eq!(differs(&tables, list, &session("setup", "account-1")).await, None);
}

fn refund(status: &str, amount: u64) -> Value {
    json!({
        "id": "re_1", "object": "refund", "amount": amount, "currency": "usd", "status": status,
        "payment_intent": "pi_1", "charge": "ch_1", "created": at(0).as_s(),
        "metadata": {"refund_request": "rr_1"},
    })
}

#[tokio::test]
async fn a_refund_that_failed_before_it_was_known_moves_nothing() {
    let (tables, list) = (tables().await, ObjectList::Refunds);
    paid(&tables, "pi_1").await;
    let missing = Some((DiscrepancyKind::RefundMissing, "nothing".to_owned()));
    assert_eq!(differs(&tables, list, &refund("succeeded", 400)).await, missing);
    assert_eq!(differs(&tables, list, &refund("failed", 400)).await, None);
}

#[test]
fn a_refund_of_ours_differs_where_its_request_is_behind_it() {
    let payout = |refund: Option<&str>, failed_before: &[&str]| {
        let part = PayoutPart { refund: refund.map(|id| id.parse().unwrap()), ..PayoutPart::of(usd(400), 1) };
        let failed_before = failed_before.iter().map(|id| id.parse().unwrap()).collect();
        Payout { failed_before, ..Payout::of("pi_1".parse().unwrap(), part) }
    };
    let ours = payout(Some("re_1"), &[]);
    let status = || PayoutMatch::Differs(DiscrepancyKind::RefundStatus);
    for (payout, state, stripe, amount, expected) in [
        (&ours, State::Paying, "pending", 400, PayoutMatch::Same),
        (&ours, State::Refunded, "succeeded", 400, PayoutMatch::Same),
        (&ours, State::Failed, "failed", 400, PayoutMatch::Same),
        (&ours, State::Paying, "succeeded", 400, status()),
        (&ours, State::Refunded, "failed", 400, status()),
        (&ours, State::Paying, "canceled", 400, status()),
        (&ours, State::Paying, "pending", 500, PayoutMatch::Differs(DiscrepancyKind::RefundAmount)),
        (&payout(Some("re_2"), &["re_1"]), State::Refunded, "failed", 400, PayoutMatch::Same),
        (&payout(Some("re_2"), &[]), State::Refunded, "succeeded", 400, PayoutMatch::Another),
        (&payout(None, &[]), State::Approved, "succeeded", 400, PayoutMatch::Another),
    ] {
        let event = read_object(ObjectList::Refunds, &listed(&refund(stripe, amount))).unwrap();
        let EventKind::RefundCreated(object) = event.kind else { panic!("a refund") };
        assert_eq!(of_payout(payout, state, &object), expected, "{state} {stripe}");
    }
}

#[test]
fn an_object_that_cannot_be_read_is_an_error_and_its_time_is_its_own() {
    let odd = json!({"id": "re_1", "object": "refund", "created": DAY_S, "amount": "many"});
    assert!(read_object(ObjectList::Refunds, &listed(&odd)).is_err());
    assert_eq!(listed(&odd).created_s, DAY_S);
}
