//! Each kind of adjustment, and what it does to the account.

use ledger::contract::{at, grant, place};
use ledger::{Actor, Cause, Change, Command, LotId, Rejection};
use serde_json::json;

use crate::world::{CLAUSE, DAY_S, World, account, body, grant_of, now, submission};

#[tokio::test]
async fn credits_are_given_with_the_person_the_clause_and_the_adjustment_in_the_journal() {
    let world = World::new().await;
    let expires_at = at(90 * DAY_S).to_string();
    let given = body("grant", &json!({"credits": 25, "purpose": "trial", "expires_at": expires_at}));
    let (status, adjustment) = world.submit("agent-1", "key-1", &given).await;
    assert_eq!((status, &adjustment["state"]), (201, &json!("applied")), "{adjustment:#}");
    assert_eq!(adjustment["submitted"]["by"], "agent-1");
    assert_eq!(world.available().await, 5_025);
    let entry = world.newest().await;
    assert_eq!(adjustment["entry"], json!(entry.number()));
    assert_eq!(entry.actor(), &Actor::Support("agent-1".to_owned()));
    let id = adjustment["id"].as_str().unwrap();
    assert_eq!(entry.cause(), &Cause::Adjustment { id: id.parse().unwrap(), clause: CLAUSE.to_owned() });
    assert_eq!(entry.policy().map(|policy| policy.document.as_str()), Some("music-studio"));
    assert!(!entry.body().contains("As agreed"), "the reason stays with the adjustment: {}", entry.body());
    let lot = entry.after().lot(LotId(2)).unwrap();
    assert_eq!((lot.expires_at, lot.granted_at), (Some(at(90 * DAY_S)), now()));
}

#[tokio::test]
async fn an_account_without_entries_begins_with_what_it_is_given() {
    let world = World::empty().await;
    let (status, _) = world.submit("agent-1", "key-1", &grant_of(10)).await;
    assert_eq!((status, world.available().await, world.entries().await), (201, 10, 1));
}

#[tokio::test]
async fn unused_credits_are_taken_back_and_a_debt_is_written_off() {
    let world = World::new().await;
    let (status, taken) =
        world.submit("agent-1", "key-1", &body("take_back", &json!({"lot": 1, "credits": 100}))).await;
    assert_eq!((status, &taken["lot"], &taken["credits"]), (201, &json!(1), &json!(100)));
    assert_eq!(world.available().await, 4_900);
    world.owe().await;
    assert_eq!(world.account().await.debt.get(), 30);
    let write_off = body("debt_write_off", &json!({"credits": 20}));
    let (status, _) = world.submit("agent-1", "key-2", &write_off).await;
    assert_eq!((status, world.account().await.debt.get()), (201, 10));
    world.entries().await;
}

#[tokio::test]
async fn the_expiry_of_a_plans_credits_is_moved() {
    let world = World::new().await;
    world.run(&Command::Grant(grant(&account(), "pi_sub", 100, Some("sub_1")))).await;
    world
        .run(&Command::StartExpiry {
            subscription: "sub_1".parse().unwrap(),
            ended_at: now(),
            leftover_s: DAY_S,
            pauses_leftover_expiry: false,
        })
        .await;
    let later = at(60 * DAY_S);
    let moved = body("expiry_move", &json!({"lot": 2, "expires_at": later.to_string()}));
    let (status, answer) = world.submit("agent-1", "key-1", &moved).await;
    assert_eq!((status, &answer["expires_at"]), (201, &json!(later.to_string())), "{answer:#}");
    assert_eq!(world.account().await.lot(LotId(2)).unwrap().expires_at, Some(later));
    let never = body("expiry_move", &json!({"lot": 2, "expires_at": null}));
    let (status, answer) = world.submit("agent-1", "key-2", &never).await;
    assert_eq!((status, answer.get("expires_at")), (201, Some(&json!(null))), "{answer:#}");
    assert_eq!(world.account().await.lot(LotId(2)).unwrap().expires_at, None);
}

#[tokio::test]
async fn s3_28_a_person_suspends_an_account_and_lets_it_go_on() {
    let world = World::new().await;
    let place_hold = async |generation| {
        ledger::contract::run(&world.app.store, &account(), &place(generation, 1), now()).await
    };
    let (status, _) = world.submit("agent-1", "key-1", &body("suspension", &json!({}))).await;
    assert_eq!(status, 201);
    assert_eq!(place_hold("g1").await, ledger::Answer::Refused(Rejection::Suspended));
    assert_eq!(world.newest().await.changes(), [Change::Suspended]);
    let (status, problem) = world.submit("agent-1", "key-2", &body("suspension", &json!({}))).await;
    assert_eq!((status, &problem["detail"]), (409, &json!("the account is suspended already")));
    let (status, _) = world.submit("agent-1", "key-3", &body("resumption", &json!({}))).await;
    assert_eq!(status, 201);
    assert!(matches!(place_hold("g2").await, ledger::Answer::Written { .. }));
}

#[tokio::test]
async fn the_same_again_is_answered_with_the_first_and_something_else_is_a_conflict() {
    let world = World::new().await;
    let (_, first) = world.submit("agent-1", "key-1", &grant_of(10)).await;
    let again = world.call_at(&submission("agent-2", "key-1", &grant_of(10)), now()).await;
    assert!(again.header_value("idempotency-hit") == Some("true"));
    assert_eq!(crate::world::answer(&again), (201, first));
    let mut other_clause = grant_of(10);
    other_clause["reason"] = json!("Another one.");
    for other in [grant_of(11), other_clause, body("suspension", &json!({}))] {
        let (status, problem) = world.submit("agent-1", "key-1", &other).await;
        assert_eq!(status, 422, "{problem:#}");
        assert_eq!(problem["type"], "urn:makegood:problem:idempotency-key-reused");
    }
    assert_eq!((world.available().await, world.entries().await), (5_010, 2));
}

#[tokio::test]
async fn an_adjustment_costs_two_round_trips() {
    let world = World::new().await;
    world.submit("agent-1", "key-1", &grant_of(10)).await;
    let calls: Vec<&str> = world.meter.read().iter().map(|call| call.operation).collect();
    // The reads go out at once: the adjustment, two counts and the newest entry.
    let (reads, writes): (Vec<&str>, Vec<&str>) =
        calls.iter().partition(|operation| ["GetItem", "Query"].contains(operation));
    assert_eq!((reads.len(), writes), (4, vec!["TransactWriteItems"]));
}

#[tokio::test]
async fn of_two_who_press_at_once_one_takes_effect() {
    let world = World::new().await;
    let event = submission("agent-1", "key-1", &grant_of(10));
    let answers = tokio::join!(world.call(&event), world.call(&event), world.call(&event));
    for (status, answer) in [answers.0, answers.1, answers.2] {
        assert_eq!((status, &answer["state"]), (201, &json!("applied")), "{answer:#}");
    }
    assert_eq!((world.available().await, world.entries().await), (5_010, 2));
}
