//! Staging and submitting: once, as it was read, and never twice.

use ledger::Ending;
use ledger::contract::at;
use serde_json::{Value, json};
use testkit::stand_in::{
    CloseDispute, DisputeResult, Emission, EscalateDispute, Fault, OpenDispute, Operation,
};

use crate::world::{SUBMIT, World};

/// How often the stand-in was asked to change a dispute.
fn writes(world: &World) -> usize {
    world.stripe.calls().iter().filter(|call| call.method == "POST").count()
}

fn submitted(world: &World) -> u64 {
    world.stripe.disputes()[0].submission_count
}

#[tokio::test]
async fn evidence_is_staged_again_and_again_and_submitted_once() {
    let world = World::pack("general").await;
    assert_eq!(world.stage("First words.").await.0, 200);
    let (status, staged) = world.stage("Second words.").await;
    assert_eq!(status, 200, "{staged:#}");
    assert_eq!((&staged["staged"]["by"], &staged["staged"]["current"]), (&json!("agent-1"), &json!(true)));
    let at_stripe = world.stripe.disputes()[0].clone();
    assert!(at_stripe.evidence["uncategorized_text"].starts_with("Second words.\n"));
    assert_eq!((at_stripe.status.as_str(), at_stripe.submission_count), ("needs_response", 0));

    let (status, answer) = world.submit(&staged["digest"]).await;
    assert_eq!((status, &answer["submissions"][0]["state"]), (200, &json!("submitted")), "{answer:#}");
    assert_eq!(answer["at_stripe"]["status"], "under_review");
    assert_eq!(submitted(&world), 1);
    let calls = writes(&world);
    for agent in ["agent-1", "agent-2"] {
        assert_eq!(world.submit_as(agent, &staged["digest"]).await.0, 409);
    }
    assert_eq!(world.stage("Third words.").await.0, 409);
    assert_eq!((writes(&world), submitted(&world)), (calls, 1));
    let stored = world.stored().await.chargeback.unwrap();
    assert_eq!((stored.by.as_str(), stored.at), ("agent-1", crate::world::now()));
    assert!(stored.done_at.is_some());
}

#[tokio::test]
async fn what_is_submitted_is_what_was_read() {
    let world = World::pack("general").await;
    let read = world.read().await["digest"].clone();
    world.generate("g1", 2, Ending::Succeeded).await;
    assert_eq!(world.submit(&read).await.0, 409);
    assert_eq!((submitted(&world), writes(&world)), (0, 0));
    let read = world.read().await["digest"].clone();
    assert_eq!(world.submit(&read).await.0, 200);
    let sent = world.stripe.disputes()[0].evidence.clone();
    assert!(sent["access_activity_log"].contains("1 generation used 5 credits"), "{sent:?}");
}

#[tokio::test]
async fn a_lost_answer_leads_to_one_submission() {
    for fault in [
        Fault::TimeoutAfterActing,
        Fault::ResetAfterActing,
        Fault::ServerError { acts: true },
        Fault::TimeoutBeforeActing,
        Fault::ServerError { acts: false },
        Fault::Unavailable,
        Fault::Garbage,
    ] {
        let world = World::pack("general").await;
        let read = world.read().await["digest"].clone();
        world.stripe.plan(Operation::UpdateDispute, 1, fault.clone());
        assert_eq!(world.submit(&read).await.0, 503, "{fault:?}");
        let shown = world.read().await;
        let state = if submitted(&world) == 1 { "submitted" } else { "unknown" };
        assert_eq!(shown["submissions"][0]["state"], state, "{fault:?}");
        // A stored failure comes back once more, and then another key is taken.
        let mut status = 0;
        for _ in 0..3 {
            status = world.submit(&read).await.0;
            if status != 503 {
                break;
            }
        }
        assert_eq!((status, submitted(&world)), (200, 1), "{fault:?}");
        assert_eq!(world.submit(&read).await.0, 409, "{fault:?}");
        assert!(world.stored().await.chargeback.unwrap().done_at.is_some());
    }
}

#[tokio::test]
async fn of_two_at_once_one_submits() {
    let world = World::pack("general").await;
    let read = world.read().await["digest"].clone();
    let (first, second) = tokio::join!(world.submit_as("agent-1", &read), world.submit_as("agent-2", &read));
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 409]), "{statuses:?}");
    assert_eq!(submitted(&world), 1);
}

#[tokio::test]
async fn evidence_that_stripe_declines_is_no_submission() {
    let world = World::pack("general").await;
    let read = world.read().await["digest"].clone();
    let declined = Fault::Decline { code: "dispute_evidence_page_limit_exceeded".to_owned() };
    world.stripe.plan(Operation::UpdateDispute, 2, declined);
    assert_eq!(world.stage("").await.0, 409);
    let (status, problem) = world.submit(&read).await;
    assert_eq!(status, 409, "{problem:#}");
    assert!(problem["detail"].as_str().unwrap().contains("dispute_evidence_page_limit_exceeded"));
    assert_eq!(world.stored().await.chargeback, None);
    assert_eq!(world.submit(&read).await.0, 200);
}

#[tokio::test]
async fn nothing_is_sent_where_stripe_takes_nothing() {
    let late = |order| OpenDispute { due_by: Some(at(0).as_s()), ..order };
    let never = |order| OpenDispute { due_by: Some(0), ..order };
    let (late, never) = (World::disputed(None, late).await, World::disputed(None, never).await);
    let lost = World::pack("general").await;
    let dispute = lost.dispute.to_string();
    let close = CloseDispute { dispute, result: DisputeResult::Lost, reinstated: None };
    lost.stripe.close_dispute(&close, &Emission::default()).unwrap();
    for (world, why) in [
        (&late, "the time for evidence is over"),
        (&never, "the bank takes no evidence for this dispute"),
        (&lost, "the dispute is over"),
    ] {
        let read = world.read().await;
        assert_eq!(read["at_stripe"]["closed_because"], why);
        let (status, problem) = world.submit(&read["digest"]).await;
        assert_eq!((status, &problem["detail"]), (409, &json!(why)));
        assert_eq!(world.stage("").await.0, 409);
        assert_eq!(writes(world), 0);
    }
}

#[tokio::test]
async fn an_inquiry_and_the_dispute_that_it_becomes_are_answered_each_once() {
    let inquiry = |order| OpenDispute { inquiry: true, ..order };
    let world = World::disputed(None, inquiry).await;
    let submit = async || {
        let read = world.read().await["digest"].clone();
        world.submit(&read).await.0
    };
    assert_eq!((submit().await, submit().await), (200, 409));
    let escalated = EscalateDispute { dispute: world.dispute.to_string(), due_by: Some(4_000_000_000) };
    world.stripe.escalate_dispute(&escalated, &Emission::default()).unwrap();
    assert_eq!((submit().await, submit().await), (200, 409));
    assert_eq!(submitted(&world), 2);
    let stages: Vec<Value> = world.read().await["submissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| json!([each["stage"], each["state"]]))
        .collect();
    assert_eq!(stages, [json!(["inquiry", "submitted"]), json!(["chargeback", "submitted"])]);
}

#[tokio::test]
async fn a_field_that_says_nothing_any_more_is_emptied_at_stripe() {
    let world = World::pack("general").await;
    assert_eq!(world.stage("").await.0, 200);
    let mut stored = world.stored().await;
    stored.fields.insert("cancellation_rebuttal".to_owned());
    stored.version += 1;
    assert!(world.app.tables.save_evidence(&stored).await.unwrap());
    assert_eq!(world.stage("").await.0, 200);
    assert_eq!(world.stripe.disputes()[0].evidence["cancellation_rebuttal"], "");
    assert!(!world.stored().await.fields.contains("cancellation_rebuttal"));
}

#[tokio::test]
async fn what_is_not_documented_is_refused() {
    let world = World::pack("general").await;
    let long = "x".repeat(dispute_evidence::STATEMENT_CHARACTERS_MAX + 1);
    assert_eq!(world.stage(&long).await.0, 422);
    for body in [json!({}), json!({"digest": "d", "amount": 1})] {
        let event = world.event(SUBMIT).as_support("agent-1").body(&body);
        assert_eq!(world.send(event).await.0, 400, "{body}");
    }
    for body in [json!({"digest": "d"}), json!({})] {
        let customer = world.event(SUBMIT).as_customer("customer-1").body(&body);
        assert_eq!(world.send(customer).await.0, 403, "{body}");
    }
    assert_eq!(writes(&world), 0);
}
