//! Disputes: how they open and end, and how evidence is staged and submitted.

use serde_json::{Value, json};

use super::super::{
    API_KEY, CloseDispute, DisputeResult, Emission, EscalateDispute, OpenDispute, StripeStandIn,
};
use super::{Answer, get, refund, send, with_payment};

/// `POST /v1/disputes/{id}` under a key.
async fn update(stripe: &StripeStandIn, id: &str, key: &str, form: &str) -> Answer {
    let head = format!(
        "POST /v1/disputes/{id} HTTP/1.1\r\nauthorization: Bearer {API_KEY}\r\nidempotency-key: {key}\r\n\
         content-type: application/x-www-form-urlencoded"
    );
    send(stripe, &head, form).await.unwrap()
}

fn opened(stripe: &StripeStandIn, order: &OpenDispute) -> String {
    stripe.open_dispute(order, &Emission::default()).unwrap().dispute.unwrap()
}

/// The types of all events about disputes, and the last one's object.
fn events(stripe: &StripeStandIn) -> (Vec<String>, Value) {
    let events = stripe.events();
    let about: Vec<_> = events.iter().filter(|event| event.kind.contains(".dispute.")).collect();
    let last: Value = serde_json::from_str(&about.last().unwrap().body).unwrap();
    let kinds = about.iter().map(|event| event.kind.trim_start_matches("charge.dispute.").to_owned());
    (kinds.collect(), last["data"]["object"].clone())
}

#[tokio::test]
async fn a_dispute_withdraws_the_money_and_bars_refunds_until_it_is_won() {
    let (stripe, payment) = with_payment().await;
    let id = opened(&stripe, &OpenDispute::of(&payment));
    let object = get(&stripe, &format!("/v1/disputes/{id}")).await.body;
    assert_eq!((&object["status"], &object["reason"]), (&json!("needs_response"), &json!("fraudulent")));
    assert_eq!(
        (&object["balance_transactions"][0]["amount"], &object["amount"]),
        (&json!(-1000), &json!(1000))
    );
    assert_eq!(object["is_charge_refundable"], false);
    let refused = refund(&stripe, "key-1", &format!("payment_intent={payment}")).await;
    assert_eq!((refused.status, refused.code()), (400, "charge_disputed"));
    let won = CloseDispute { dispute: id.clone(), result: DisputeResult::Won, reinstated: None };
    stripe.close_dispute(&won, &Emission::default()).unwrap();
    let (kinds, last) = events(&stripe);
    assert_eq!(kinds, ["created", "funds_withdrawn", "closed", "funds_reinstated"]);
    assert_eq!((&last["status"], &last["balance_transactions"][1]["amount"]), (&json!("won"), &json!(1000)));
    assert_eq!(refund(&stripe, "key-2", &format!("payment_intent={payment}")).await.status, 200);
}

#[tokio::test]
async fn an_inquiry_ends_with_a_full_refund_or_becomes_a_dispute() {
    let (stripe, payment) = with_payment().await;
    let inquiry = OpenDispute { inquiry: true, ..OpenDispute::of(&payment) };
    opened(&stripe, &inquiry);
    assert_eq!(refund(&stripe, "key-1", &format!("payment_intent={payment}&amount=400")).await.status, 200);
    assert_eq!(events(&stripe).0, ["created"]);
    assert_eq!(refund(&stripe, "key-2", &format!("payment_intent={payment}")).await.status, 200);
    assert_eq!(events(&stripe).1["status"], "warning_closed");

    let (stripe, payment) = with_payment().await;
    let id = opened(&stripe, &OpenDispute { inquiry: true, ..OpenDispute::of(&payment) });
    let escalated = EscalateDispute { dispute: id.clone(), due_by: None };
    stripe.escalate_dispute(&escalated, &Emission::default()).unwrap();
    let closed = CloseDispute { dispute: id, result: DisputeResult::Lost, reinstated: Some(300) };
    stripe.close_dispute(&closed, &Emission::default()).unwrap();
    let (kinds, last) = events(&stripe);
    assert_eq!(kinds, ["created", "updated", "funds_withdrawn", "closed", "funds_reinstated"]);
    assert_eq!(last["status"], "lost");
    assert_eq!(last["balance_transactions"][1]["amount"], 300);
}

#[tokio::test]
async fn evidence_is_staged_and_then_submitted_once() {
    let (stripe, payment) = with_payment().await;
    let id = opened(&stripe, &OpenDispute::of(&payment));
    let staged = update(&stripe, &id, "key-1", "evidence[product_description]=a&submit=false").await;
    assert_eq!((staged.status, &staged.body["status"]), (200, &json!("needs_response")));
    assert_eq!(staged.body["evidence_details"]["has_evidence"], true);
    assert_eq!(staged.body["evidence_details"]["submission_count"], 0);
    // Evidence without a word about `submit` is the submission.
    let submitted = update(&stripe, &id, "key-2", "evidence[service_date]=b").await;
    assert_eq!((submitted.status, &submitted.body["status"]), (200, &json!("under_review")));
    assert_eq!(submitted.body["evidence_details"]["submission_count"], 1);
    assert_eq!(submitted.body["evidence"]["product_description"], "a");
    let again = update(&stripe, &id, "key-3", "submit=true").await;
    assert_eq!(again.status, 400);
    assert_eq!(stripe.disputes()[0].submission_count, 1);
    assert_eq!(update(&stripe, &id, "key-2", "evidence[service_date]=b").await.body, submitted.body);
}

#[tokio::test]
async fn evidence_is_refused_as_stripe_refuses_it() {
    let (stripe, payment) = with_payment().await;
    let id = opened(&stripe, &OpenDispute::of(&payment));
    let long = "x".repeat(20_001);
    for form in ["evidence[prompt]=a", "submit=maybe", &format!("evidence[service_date]={long}")] {
        assert_eq!(update(&stripe, &id, "key-1", form).await.status, 400, "{form:.30}");
    }
    assert_eq!(update(&stripe, "du_other", "key-1", "submit=true").await.code(), "resource_missing");
    let late = opened(&stripe, &OpenDispute { due_by: Some(1_777_000_000), ..OpenDispute::of(&payment) });
    assert_eq!(update(&stripe, &late, "key-2", "submit=true").await.status, 400);
}
