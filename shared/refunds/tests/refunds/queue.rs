//! The order of support's queue, and claims.

use policy::{Fact, Reason};
use refunds::{CLAIM_S, ClaimError, Priority, State};

use crate::story::{Story, at};

fn waiting(product: &str, submitted: &str) -> Story {
    Story::submitted(product, Reason::Other, State::InReview, at(submitted))
}

#[test]
fn the_queue_takes_broken_promises_first_then_the_earliest_deadline() {
    // The studio answers within hours, the suite within days, and the maker of models promises nothing.
    let studio = waiting("music-studio", "2026-06-08T09:00:00Z");
    let suite = waiting("audio", "2026-06-04T16:00:00Z");
    let models = waiting("image-to-3d", "2026-06-01T00:00:00Z");
    let mut broken = waiting("music-studio", "2026-06-08T08:00:00Z");
    let unmarked = waiting("music-studio", "2026-06-05T08:00:00Z");
    broken.request.mark_time(at("2026-06-12T08:00:00Z"));
    let places =
        [&broken, &unmarked, &studio, &suite, &models].map(|story| story.request.waiting().unwrap().place());
    assert!(places.is_sorted(), "{places:#?}");
}

#[test]
fn only_what_waits_for_people_is_in_the_queue() {
    let mut story = waiting("music-studio", "2026-06-08T09:00:00Z");
    for (state, waits) in [
        (State::NeedsInformation, false),
        (State::InReview, true),
        (State::Approved, false),
        (State::Paying, false),
        (State::Failed, true),
        (State::InReview, true),
        (State::Refused, false),
    ] {
        story.goes(state, at("2026-06-08T10:00:00Z"));
        let waiting = story.request.waiting();
        assert_eq!(waiting.is_some(), waits, "{state}");
        let raised = waiting.is_some_and(|waiting| waiting.priority == Priority::Raised);
        assert_eq!(raised, state == State::Failed, "money that did not arrive is urgent");
    }
}

#[test]
fn the_queue_shows_the_money_at_stake() {
    let facts = [
        (Fact::AmountPaid, 1_000.into()),
        (Fact::AmountRefunded, 300.into()),
        (Fact::Currency, "usd".into()),
    ];
    let submitted = at("2026-06-08T09:00:00Z");
    let story = Story::about("image-web", Reason::Other, State::InReview, submitted, &facts);
    let waiting = story.request.waiting().unwrap();
    assert_eq!(waiting.amount.map(ledger::Money::minor), Some(700));
    assert_eq!((waiting.product, waiting.claim), (None, None));
}

#[test]
fn a_claim_has_a_bounded_life() {
    let mut request = waiting("music-studio", "2026-06-08T09:00:00Z").request;
    let now = at("2026-06-08T10:00:00Z");
    request.take_claim("ada", now).unwrap();
    let last = now.plus_s(CLAIM_S).unwrap();
    assert!(matches!(request.take_claim("bo", last), Err(ClaimError::Held(claim)) if claim.by == "ada"));
    assert!(matches!(request.release_claim("bo", last), Err(ClaimError::Held(_))));
    assert_eq!(request.release_claim("bo", last.plus_s(1).unwrap()), Ok(true));
    assert_eq!(request.release_claim("bo", last), Ok(false));
    request.take_claim("bo", last).unwrap();
    assert_eq!(request.take_claim("customer-1", last), Err(ClaimError::OwnRequest));
    request.transition_to(State::NeedsInformation, last, ledger::Actor::Policy).unwrap();
    assert_eq!(request.claim(), None, "who asks the customer is done for now");
    assert_eq!(request.take_claim("bo", last), Err(ClaimError::State(State::NeedsInformation)));
}
