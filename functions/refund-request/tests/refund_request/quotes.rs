//! Previews and quotes: what is shown is what happens, or nothing does.

use serde_json::{Value, json};

use crate::world::{World, after_cancellation, changed_mind, key_of};

fn with_quote(mut body: Value, quote: &Value) -> Value {
    body["quote"] = quote.clone();
    body
}

#[tokio::test]
async fn a_preview_is_what_a_submission_would_be_and_writes_nothing() {
    let world = World::new().await;
    for body in [after_cancellation(), changed_mind(), json!({"reason": "result_not_liked"})] {
        let (status, preview) = world.preview(&body).await;
        assert_eq!(status, 200, "{preview:#}");
        let calls = world.meter.read();
        assert!(calls.iter().all(|call| ["GetItem", "Query"].contains(&call.operation)), "{calls:?}");
        let (_, request) = world.submit(&key_of(&body), &body).await;
        for member in ["state", "outcome", "message", "clause", "answers_wanted"] {
            assert_eq!(preview[member], request[member], "{member} of {body}");
        }
        world.meter.read();
    }
    assert_eq!(world.refunded("pi_renewal").await, 1000);
}

#[tokio::test]
async fn s2_7_beside_a_refusal_no_quote_is_shown() {
    let world = World::new().await;
    world.generate("song-1", 5).await;
    let body = json!({"reason": "result_not_liked", "generation_id": "song-1", "note": "Not my taste."});
    let (status, preview) = world.preview(&body).await;
    assert_eq!((status, &preview["state"], &preview["quote"]), (200, &json!("refused"), &Value::Null));
    // A quote that was shown before is refused.
    let (status, problem) = world.submit("key-1", &with_quote(body.clone(), &json!("q_1"))).await;
    assert_eq!((status, &problem["quote"]), (409, &Value::Null), "{problem}");
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"], &request["quote"]), (201, &json!("refused"), &Value::Null));
}

#[tokio::test]
async fn s0_5_the_refund_of_a_year_reads_the_months_allotment_takes_all_lots_and_ends_what_is_to_come() {
    let world = World::new().await;
    world.buy_year("pi_year").await;
    // Below 2 % of the 500 generations of a month.
    for number in 0..9 {
        world.generate_for("assistant", &format!("reply-{number}"), 2).await;
    }
    let body = json!({"reason": "changed_mind", "payment": "pi_year", "note": "Not for me."});
    let (_, preview) = world.preview(&body).await;
    let quote = &preview["quote"];
    assert_eq!(quote["pays"]["amount"]["amount_minor"], 1000, "{preview:#}");
    assert_ne!(preview["clause"]["clause"], "assistant-no-circumstance", "{preview:#}");
    assert_eq!(quote["revoked"][0]["credits_revoked"], 982, "{quote:#}");
    assert_eq!(quote["forgone"], json!({"lots": 11, "credits": 11_000}));
    assert_eq!(quote["plan_ends"]["subscription"], "sub_year");
    // The tenth is too much, although a year allots twelve times as many.
    world.generate_for("assistant", "reply-9", 2).await;
    let (_, preview) = world.preview(&body).await;
    assert_eq!(preview["clause"]["clause"], "assistant-no-circumstance", "{preview:#}");
}

#[tokio::test]
async fn s3_18_a_quote_says_what_is_paid_revoked_untouched_and_ended() {
    let world = World::new().await;
    world.subscribe("pi_second", "sub_2", 500).await;
    world.generate("song-1", 600).await;
    let (_, preview) =
        world.preview(&json!({"reason": "other", "payment": "pi_second", "note": "Please."})).await;
    let quote = &preview["quote"];
    assert_eq!(
        quote["pays"],
        json!({"kind": "money", "payment": "pi_second", "amount": {"amount_minor": 1000, "currency": "usd"}})
    );
    // The oldest subscription credits are spent first, so that this lot lost nothing yet.
    assert_eq!(
        quote["revoked"],
        json!([{"lot": 4, "credits_revoked": 500, "credits_left": 0, "credits_spent": 0, "credits_held": 0, "debt": 0}]),
        "{quote:#}"
    );
    assert_eq!(
        quote["untouched"],
        json!([{"lot": 1, "credits": 100}, {"lot": 3, "credits": 400}]),
        "{quote:#}"
    );
    assert_eq!(quote["plan_ends"], json!({"subscription": "sub_2", "when": "at_once"}));
    assert_eq!(quote["money_arrives"], Value::Null, "this document promises nothing about banks");
}

#[tokio::test]
async fn s2_15_the_refund_of_a_charge_for_the_wrong_plan_leaves_plan_and_credits() {
    let world = World::new().await;
    world.subscribe("pi_pro", "sub_2", 500).await;
    let body = json!({"reason": "wrong_plan_charged", "payment": "pi_pro", "note": "I ordered Free.",
        "plan_requested": "free"});
    let (_, preview) = world.preview(&body).await;
    assert_eq!(preview["quote"]["pays"]["kind"], "money", "{preview:#}");
    assert_eq!(preview["quote"]["plan_ends"], Value::Null);
    assert_eq!((&preview["quote"]["revokes"], &preview["quote"]["revoked"]), (&json!("nothing"), &json!([])));
}

#[tokio::test]
async fn s0_12_a_quote_says_when_the_money_arrives() {
    let world = World::new().await;
    world.pay_for("assistant", "assistant-suite", "pi_assistant", 1000).await;
    let body = json!({"reason": "changed_mind", "payment": "pi_assistant", "note": "I do not need it."});
    let (_, preview) = world.preview(&body).await;
    let arrives = &preview["quote"]["money_arrives"];
    assert_eq!(arrives["latest"], "10 business days", "{preview:#}");
    assert_eq!(
        (&arrives["earliest"], &arrives["clause"]),
        (&json!("5 business days"), &json!("assistant-bank-time"))
    );
}

#[tokio::test]
async fn what_a_customer_was_shown_is_carried_out_as_it_was_shown() {
    let world = World::new().await;
    let (_, preview) = world.preview(&after_cancellation()).await;
    let quote = &preview["quote"];
    let (status, request) = world.submit("key-1", &with_quote(after_cancellation(), &quote["quote"])).await;
    assert_eq!((status, &request["state"]), (201, &json!("approved")), "{request:#}");
    assert_eq!(request["payout"]["amount"], quote["pays"]["amount"]);
    assert_eq!(request["payout"]["credits_revoked"], quote["revoked"][0]["credits_revoked"]);
    assert_eq!(request["quote"], Value::Null, "nothing more could be paid");
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d10_a_quote_that_is_not_what_would_happen_is_answered_with_one_that_is() {
    let world = World::new().await;
    let (_, preview) = world.preview(&after_cancellation()).await;
    // The first subscription lot is spent, and a part of the one that is asked about.
    world.generate("song-1", 600).await;
    let submission = with_quote(after_cancellation(), &preview["quote"]["quote"]);
    let (status, problem) = world.submit("key-1", &submission).await;
    assert_eq!((status, &problem["type"]), (409, &json!("urn:makegood:problem:quote-changed")), "{problem}");
    assert_eq!(problem["quote"]["revoked"][0]["credits_revoked"], 400, "{problem}");
    assert_eq!(world.refunded("pi_renewal").await, 0);
    assert!(world.app.payouts.announced().is_empty());
    // Nothing was written: the same key takes the request with what would happen.
    let (status, request) = world.submit("key-1", &with_quote(submission, &problem["quote"]["quote"])).await;
    assert_eq!((status, &request["payout"]["credits_revoked"]), (201, &json!(400)), "{request:#}");
}

#[tokio::test]
async fn what_happens_to_other_lots_changes_no_quote() {
    let world = World::new().await;
    let (_, preview) = world.preview(&after_cancellation()).await;
    world.generate("song-1", 20).await;
    let (_, again) = world.preview(&after_cancellation()).await;
    assert_ne!(preview["quote"]["untouched"], again["quote"]["untouched"]);
    assert_eq!(preview["quote"]["quote"], again["quote"]["quote"]);
}
