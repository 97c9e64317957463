//! Accounts that a person suspends, and lets go on.

use ledger::contract::place;
use ledger::{Actor, Answer, Cause, Change, Rejection};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::world::{CUSTOMER, World, account, answer, now};

const STANDING: &str = "PUT /v1/accounts/{account}/standing";

pub(crate) fn suspended(clause: &str) -> Value {
    json!({
        "state": "suspended", "product": "music-studio", "clause": clause, "reason": "Stolen cards, twice.",
    })
}

async fn put(world: &World, event: HttpEvent, body: &Value) -> (u16, Value) {
    answer(&world.call(&event.path("account", CUSTOMER).body(body)).await)
}

fn support(subject: &str) -> HttpEvent {
    HttpEvent::new(STANDING, now().as_s()).as_support(subject)
}

#[tokio::test]
async fn a_person_suspends_an_account_and_lets_it_go_on_with_reason_and_clause() {
    let world = World::new().await;
    let place_hold = async |generation| {
        ledger::contract::run(&world.app.store, &account(), &place(generation, 1), now()).await
    };
    let change = suspended("mid-period");
    let active = json!({
        "state": "active", "product": "music-studio", "clause": "mid-period", "reason": "The bank was wrong.",
    });
    for (body, state, repeated) in [
        (&change, "suspended", false),
        (&change, "suspended", true),
        (&active, "active", false),
        (&active, "active", true),
    ] {
        let answered = put(&world, support("agent-1"), body).await;
        assert_eq!(answered, (200, json!({"state": state, "repeated": repeated})));
        let answer = place_hold(if state == "active" { "g1" } else { "g2" }).await;
        let is_refused = answer == Answer::Refused(Rejection::Suspended);
        assert_eq!(is_refused, state == "suspended", "{answer:?}");
    }
    let journal = ledger::contract::sound_journal(&world.app.store, &account()).await;
    let of = |wanted: Change| journal.iter().find(move |entry| entry.changes() == [wanted.clone()]).unwrap();
    let entry = of(Change::Suspended);
    assert_eq!(entry.actor(), &Actor::Support("agent-1".to_owned()));
    assert_eq!(entry.cause(), &Cause::Operator("mid-period: Stolen cards, twice.".to_owned()));
    assert_eq!(entry.policy().map(|policy| policy.document.as_str()), Some("music-studio"));
    assert_eq!(of(Change::Resumed).cause(), &Cause::Operator("mid-period: The bank was wrong.".to_owned()));
}

#[tokio::test]
async fn a_standing_that_is_not_a_persons_or_names_no_clause_is_refused() {
    let world = World::new().await;
    let with = |field: &str, value: Value| {
        let mut body = suspended("mid-period");
        body[field] = value;
        body
    };
    for (body, status) in [
        (suspended("no-clause"), 422),
        (with("product", json!("unheard-of")), 422),
        (with("state", json!("frozen")), 422),
        (with("reason", json!(" ")), 422),
        (with("reason", json!("a".repeat(201))), 422),
        (with("amount", json!(1)), 400),
    ] {
        assert_eq!(put(&world, support("agent-1"), &body).await.0, status, "{body}");
    }
    let body = suspended("mid-period");
    assert_eq!(put(&world, support(CUSTOMER), &body).await.0, 403, "of oneself");
    let customer = HttpEvent::new(STANDING, now().as_s()).as_customer(CUSTOMER);
    assert_eq!(put(&world, customer, &body).await.0, 403);
}
