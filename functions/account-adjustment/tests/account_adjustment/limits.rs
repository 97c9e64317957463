//! When one person is not enough: what is given counts with what was given before.

use adjustments::{AdjustedBy, Adjustment, AdjustmentTerms, Person, Submission, adjustment_id};
use ledger::contract::grant;
use ledger::{AdjustmentKind, Command, Credits, GrantPurpose, PolicyRef};
use refunds::{CountStore, CountedBy};
use serde_json::{Value, json};

use crate::world::{CLAUSE, World, account, body, grant_of, now};

async fn state(world: &World, person: &str, key: &str, body: &Value) -> Value {
    let (status, adjustment) = world.submit(person, key, body).await;
    assert_eq!(status, 201, "{adjustment:#}");
    adjustment["state"].clone()
}

#[tokio::test]
async fn small_grants_to_an_account_add_up_to_the_limit() {
    let world = World::new().await;
    for (person, key, credits, expected) in [
        ("agent-1", "key-1", 1_500, "applied"),
        ("agent-2", "key-2", 500, "applied"),
        ("agent-3", "key-3", 1, "waiting_for_approval"),
    ] {
        assert_eq!(state(&world, person, key, &grant_of(credits)).await, expected, "{key}");
    }
    assert_eq!(world.available().await, 7_000);
}

#[tokio::test]
async fn a_grant_moves_the_counts_that_requests_move() {
    let world = World::new().await;
    let of = CountedBy::of(&account(), None, Some("agent-9"));
    let counts = world.app.store.counts(of.clone()).await.unwrap();
    assert!(counts.iter().all(|count| count.version == 0));
    state(&world, "agent-9", "key-1", &grant_of(700)).await;
    let counts = world.app.store.counts(of).await.unwrap();
    let sums: Vec<u64> = counts.iter().map(|count| count.days.values().sum()).collect();
    assert_eq!(sums, [700, 700], "of the account and of the person");
}

#[tokio::test]
async fn a_write_off_counts_as_given_and_a_second_persons_approval_counts_for_that_person() {
    let world = World::new().await;
    world.owe().await;
    state(&world, "agent-1", "key-1", &grant_of(1_990)).await;
    let write_off = body("debt_write_off", &json!({"credits": 11}));
    let id = world.waiting("agent-1", "key-2", &write_off).await;
    assert_eq!(world.approve("agent-2", &id).await.0, 200);
    assert_eq!(world.account().await.debt.get(), 19);
    let of = |person| vec![CountedBy::Person(person)];
    let sum = async |person: &str| -> u64 {
        let counts = world.app.store.counts(of(person.to_owned())).await.unwrap();
        counts[0].days.values().sum()
    };
    assert_eq!((sum("agent-1").await, sum("agent-2").await), (1_990, 11));
}

#[tokio::test]
async fn what_is_moved_is_measured_by_itself() {
    let world = World::new().await;
    let taken = |credits: u64| body("take_back", &json!({"lot": 1, "credits": credits}));
    assert_eq!(state(&world, "agent-1", "key-1", &taken(2_000)).await, "applied");
    assert_eq!(state(&world, "agent-1", "key-2", &taken(2_001)).await, "waiting_for_approval");
    world.run(&Command::Grant(grant(&account(), "pi_sub", 2_001, Some("sub_1")))).await;
    let moved = |key: &str| {
        let at = ledger::contract::at(90 * crate::world::DAY_S).to_string();
        (key.to_owned(), body("expiry_move", &json!({"lot": 2, "expires_at": at})))
    };
    let (key, large) = moved("key-3");
    assert_eq!(state(&world, "agent-1", &key, &large).await, "waiting_for_approval");
    world.run(&ledger::contract::place("g1", 1)).await;
    let (key, small) = moved("key-4");
    assert_eq!(state(&world, "agent-1", &key, &small).await, "applied");
    assert_eq!(state(&world, "agent-1", "key-5", &body("suspension", &json!({}))).await, "applied");
}

/// As requests have it: without limits one person is enough, and nothing is counted.
#[tokio::test]
async fn a_document_without_limits_asks_for_no_second_person() {
    let world = World::new().await;
    let kind = AdjustmentKind::Grant {
        credits: Credits::new(1_000_000).unwrap(),
        purpose: GrantPurpose::Promotional,
        expires_at: None,
    };
    let terms = AdjustmentTerms {
        kind,
        product: "music-studio".parse().unwrap(),
        clause: CLAUSE.to_owned(),
        reason: "As agreed.".to_owned(),
    };
    let policy = PolicyRef { document: "another".to_owned(), version: "1".to_owned() };
    let submitted = AdjustedBy { person: Person::Support("agent-1".to_owned()), at: now() };
    let id = adjustment_id(&account(), "key-1");
    let adjustment = Adjustment::new((id, account()), terms, (policy, None), submitted);
    let store = &world.app.store;
    let outcome = adjustments::submit(store, &world.app.backoff, &adjustment, None, now()).await.unwrap();
    assert!(matches!(outcome, Submission::Saved(saved) if saved.decided().is_none()));
    assert_eq!(world.available().await, 1_005_000);
    let counts = store.counts(CountedBy::of(&account(), None, Some("agent-1"))).await.unwrap();
    assert!(counts.iter().all(|count| count.version == 0));
}
