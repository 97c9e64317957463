//! Above the policy's limits an adjustment waits for a second person, by the condition of the write.

use adjustments::{
    AdjustedBy, AdjustmentSave, AdjustmentSaveOutcome, AdjustmentStage, AdjustmentStore, Person,
};
use ledger::contract::{at, place};
use ledger::{Actor, Timestamp};
use serde_json::json;

use crate::world::{CUSTOMER, DAY_S, World, answer, body, decision, grant_of, now};

/// One more than one person may give an account.
const LARGE: u64 = 2_001;

#[tokio::test]
async fn a_large_grant_waits_and_a_second_person_lets_it_take_effect_once() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    assert_eq!(world.entries().await, 1);
    let (status, problem) = world.approve("agent-1", &id).await;
    assert_eq!(status, 403, "{problem:#}");
    let (status, approved) = world.approve("agent-2", &id).await;
    assert_eq!((status, &approved["state"]), (200, &json!("applied")), "{approved:#}");
    assert_eq!(approved["approved"]["by"], "agent-2");
    assert_eq!(approved["submitted"]["by"], "agent-1");
    assert_eq!(world.newest().await.actor(), &Actor::Support("agent-2".to_owned()));
    let again = world.call_at(&decision("approval", "agent-2", &id), now()).await;
    assert!(again.header_value("idempotency-hit") == Some("true"));
    assert_eq!(answer(&again), (200, approved));
    for late in [world.approve("agent-3", &id).await, world.refuse("agent-3", &id).await] {
        assert_eq!((late.0, &late.1["detail"]), (409, &json!("the adjustment is applied")));
    }
    assert_eq!((world.available().await, world.entries().await), (5_000 + LARGE, 2));
}

#[tokio::test]
async fn of_two_who_approve_at_once_one_takes_effect() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    let answers = tokio::join!(
        world.approve("agent-2", &id),
        world.approve("agent-3", &id),
        world.refuse("agent-4", &id)
    );
    let taken = [answers.0, answers.1, answers.2].iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(taken, 1);
    assert!(world.entries().await <= 2);
}

#[tokio::test]
async fn a_refused_adjustment_never_takes_effect() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    assert_eq!(world.refuse("agent-1", &id).await.0, 403);
    let (status, refused) = world.refuse("agent-2", &id).await;
    assert_eq!((status, &refused["state"]), (200, &json!("refused")), "{refused:#}");
    assert_eq!(refused["refused"]["reason"], "Not shown.");
    let again = world.refuse("agent-2", &id).await;
    assert_eq!(again, (200, refused));
    let (status, problem) = world.approve("agent-3", &id).await;
    assert_eq!((status, &problem["detail"]), (409, &json!("the adjustment is refused")));
    let without = world.call(&decision("refusal", "agent-3", &id).body(&json!({"reason": ""}))).await;
    assert_eq!((without.0, &without.1["errors"][0]["pointer"]), (422, &json!("#/reason")));
    assert_eq!(world.entries().await, 1);
}

#[tokio::test]
async fn what_nobody_approved_in_two_weeks_has_lapsed() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    let approve_at = async |now: Timestamp| {
        let route = "POST /v1/accounts/{account}/adjustments/{id}/approval";
        let event = testkit::http_event::HttpEvent::new(route, now.as_s()).path("account", CUSTOMER);
        answer(&world.call_at(&event.path("id", &id).as_support("agent-2"), now).await)
    };
    let (status, problem) = approve_at(at(55 * DAY_S)).await;
    assert_eq!(
        (status, &problem["detail"]),
        (409, &json!("the adjustment has lapsed; submit it anew")),
        "{problem:#}"
    );
    assert_eq!(approve_at(at(55 * DAY_S - 1)).await.0, 200);
}

#[tokio::test]
async fn what_has_become_impossible_meanwhile_is_said_and_stays() {
    let world = World::new().await;
    let taken = body("take_back", &json!({"lot": 1, "credits": 4_990}));
    let id = world.waiting("agent-1", "key-1", &taken).await;
    world.run(&place("g1", 11)).await;
    let (status, problem) = world.approve("agent-2", &id).await;
    assert_eq!(status, 409, "{problem:#}");
    assert!(problem["detail"].as_str().unwrap().starts_with("4989 credits are available, 4990 are needed"));
    let (status, _) = world.refuse("agent-2", &id).await;
    assert_eq!((status, world.available().await), (200, 4_989));
}

#[tokio::test]
async fn an_account_is_no_second_person_for_itself() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    assert_eq!(world.approve(CUSTOMER, &id).await.0, 403);
    assert_eq!(world.refuse(CUSTOMER, &id).await.0, 403);
    let elsewhere = decision("approval", "agent-2", &id).path("account", "customer-2");
    assert_eq!(world.call(&elsewhere).await.0, 404, "of another account");
    assert_eq!(world.entries().await, 1);
}

/// The table holds the second pair of eyes also against a mistake in the code.
#[tokio::test]
async fn the_condition_of_the_write_refuses_who_may_not_decide() {
    let world = World::new().await;
    let id = world.waiting("agent-1", "key-1", &grant_of(LARGE)).await;
    let stored = world.app.store.adjustment(&id.parse().unwrap()).await.unwrap().unwrap();
    let refused_by = |person: Person| {
        let refused = AdjustedBy { person, at: now() };
        let stage = AdjustmentStage::Refused { refused, reason: "Seen.".to_owned() };
        let adjustment = adjustments::Adjustment { stage, ..stored.clone() };
        AdjustmentSave { adjustment, commit: None, counting: None }
    };
    let support = |name: &str| Person::Support(name.to_owned());
    for person in [support("agent-1"), support(CUSTOMER)] {
        let outcome = world.app.store.save_adjustment(&refused_by(person)).await.unwrap();
        assert_eq!(outcome, AdjustmentSaveOutcome::NotAllowed);
    }
    let saved = refused_by(support("agent-2"));
    assert_eq!(world.app.store.save_adjustment(&saved).await.unwrap(), AdjustmentSaveOutcome::Written);
    // The reply was lost, and the same is sent again.
    assert_eq!(world.app.store.save_adjustment(&saved).await.unwrap(), AdjustmentSaveOutcome::Written);
    let late = world.app.store.save_adjustment(&refused_by(support("agent-3"))).await.unwrap();
    assert_eq!(late, AdjustmentSaveOutcome::Stale(Box::new(saved.adjustment)));
}
