//! Clocks of requests: what warns, what runs out, and what is left alone.
//!
//! The story begins on a Sunday at midnight UTC; the studio answers from Monday 9:00 to 17:00 in Berlin.

use expiry_sweep::handle;
use ledger::contract::at;
use ledger::{Actor, Timestamp};
use policy::{Fact, Facts, InForce, Reason, decide};
use refunds::{
    Case, ClockState, Priority, QueueStore, RefundRequest, RequestStore, Save, State, fingerprint, request_id,
};

use crate::scene::{DAY_S, Scene, id, tick};

/// Monday noon, UTC: four working hours after the studio opened.
const FIRST_RESPONSE_S: u64 = 36 * 3_600;
/// Monday 17:00 in Berlin.
const SAME_DAY_S: u64 = 40 * 3_600;

/// A request of `name` about `product` that waits for a person since `now`; without clocks where no time was
/// kept for it.
async fn filed(scene: &Scene, name: &str, product: &str, now: Timestamp, timed: bool) -> RefundRequest {
    let InForce::Version(document) = policy_documents::documents().in_force(product, now.as_ms()) else {
        panic!("the policy is in force")
    };
    let mut facts = Facts::new();
    facts.set(Fact::Product, product).unwrap();
    let case = Case {
        occasion: None,
        payment: None,
        generation: None,
        reason: Reason::ChangedMind,
        note: String::new(),
        fingerprint: fingerprint(&[name]),
        decision: decide(document, &facts, Reason::ChangedMind, now.as_ms()),
        facts,
    };
    let whose = (request_id(&id(name), "key-1"), id(name));
    let mut request = RefundRequest::open(whose, Actor::Customer, case, document, now);
    if request.state() == State::NeedsInformation {
        // The policy may ask for something first; here a person already reviews it.
        request = request.restored_with(|progress| {
            progress.timeline.steps.pop();
            progress.timeline.state = State::Submitted;
        });
        request.transition_to(State::InReview, now, Actor::Policy).unwrap();
    }
    assert_eq!(request.state(), State::InReview);
    if timed {
        request.keep_time(Some(document));
    }
    save(scene, &mut request, 1).await;
    request
}

async fn save(scene: &Scene, request: &mut RefundRequest, version: u64) {
    *request = request.restored_with(|progress| progress.version = version);
    let save = Save { request: request.clone(), commit: None, refunded: None };
    assert_eq!(scene.tables.save(&save).await.unwrap(), refunds::SaveOutcome::Written);
}

async fn stored(scene: &Scene, request: &RefundRequest) -> RefundRequest {
    scene.tables.request(&request.id).await.unwrap().unwrap()
}

/// A run, with the metrics that it wrote.
async fn metrics(scene: &Scene, now: Timestamp) -> String {
    let tick = tick(now, now);
    handle(&scene.sweep, &tick).await.unwrap();
    tick.metrics().take_lines(now).join("\n")
}

#[tokio::test]
async fn s2_31_s2_32_a_clock_that_runs_out_is_counted_once_and_raises_the_priority() {
    let scene = Scene::new().await;
    let request = filed(&scene, "a", "music-studio", at(0), true).await;
    assert_eq!(scene.run(at(FIRST_RESPONSE_S)).await.done, 0, "the last instant is inside");
    let first = metrics(&scene, at(FIRST_RESPONSE_S + 300)).await;
    assert!(
        first.contains(r#""clock":"first-response""#) && first.contains(r#""ClocksBreached":1"#),
        "{first}"
    );
    assert!(first.contains(r#""FirmClocksBreached":0"#), "only what the text promises is alarmed: {first}");
    let marked = stored(&scene, &request).await;
    assert_eq!((marked.priority(), marked.state()), (Priority::Raised, State::InReview));
    assert_eq!(marked.next_due(), Some(at(SAME_DAY_S)));
    let [waiting] = scene.tables.waiting(None, 10).await.unwrap().try_into().unwrap();
    assert_eq!((waiting.id, waiting.priority), (request.id.clone(), Priority::Raised));
    for second in [FIRST_RESPONSE_S + 300, FIRST_RESPONSE_S + 600] {
        assert!(!metrics(&scene, at(second)).await.contains("ClocksBreached"), "{second}");
    }
    let second = metrics(&scene, at(SAME_DAY_S + 1)).await;
    assert!(second.contains(r#""clock":"same-day""#), "{second}");
    assert_eq!(scene.run(at(10 * DAY_S)).await.looked_at, 0, "nothing is promised any more");
}

#[tokio::test]
async fn s0_26_people_are_warned_before_a_promise_is_broken() {
    let scene = Scene::new().await;
    let request = filed(&scene, "a", "audio", at(0), true).await;
    // Two and three working days in New York, from Monday 9:00 on.
    let (warned, broken) = (at(2 * DAY_S + 22 * 3_600), at(3 * DAY_S + 22 * 3_600));
    let warning = metrics(&scene, warned).await;
    assert!(warning.contains(r#""ClocksWarned":1"#) && !warning.contains("ClocksBreached"), "{warning}");
    assert_eq!(stored(&scene, &request).await.priority(), Priority::Normal);
    let breach = metrics(&scene, broken.plus_s(1).unwrap()).await;
    assert!(breach.contains(r#""ClocksBreached":1"#) && !breach.contains("ClocksWarned"), "{breach}");
}

#[tokio::test]
async fn h5_two_runs_at_once_or_a_late_one_break_a_promise_once() {
    let scene = Scene::new().await;
    let request = filed(&scene, "a", "music-studio", at(0), true).await;
    let late = at(20 * DAY_S);
    let runs = futures_util::future::join_all((0..4).map(|_| metrics(&scene, late))).await;
    assert!(runs.iter().any(|metrics| metrics.contains(r#""ClocksBreached":1"#)), "{runs:#?}");
    let marked = stored(&scene, &request).await;
    assert!(marked.clocks().iter().all(|clock| clock.breached_at == Some(late)));
    assert_eq!(marked.version(), 2);
    for now in [at(3 * DAY_S), late, at(21 * DAY_S)] {
        assert!(!metrics(&scene, now).await.contains("ClocksBreached"), "{now}");
    }
    assert_eq!(stored(&scene, &request).await, marked);
}

#[tokio::test]
async fn a_promise_that_was_kept_is_left_alone() {
    let scene = Scene::new().await;
    let mut request = filed(&scene, "a", "music-studio", at(0), true).await;
    request.transition_to(State::Refused, at(3_600), Actor::Support("support-1".to_owned())).unwrap();
    save(&scene, &mut request, 2).await;
    // The write that moved it updated no clocks. The next run does, and finds every promise kept.
    assert_eq!(request.next_due(), Some(at(3_600)));
    assert_eq!(scene.run(at(3_900)).await.done, 1);
    let kept = stored(&scene, &request).await;
    assert!(kept.clocks().iter().all(|clock| clock.state(at(DAY_S * 30)) == ClockState::Met), "{kept:#?}");
    assert_eq!(scene.run(at(30 * DAY_S)).await.looked_at, 0);
}

#[tokio::test]
async fn a_request_without_clocks_gets_them_with_the_next_run() {
    let scene = Scene::new().await;
    let request = filed(&scene, "a", "music-studio", at(0), false).await;
    assert_eq!(scene.run(at(300)).await.done, 1);
    let timed = stored(&scene, &request).await;
    assert_eq!(timed.next_due(), Some(at(FIRST_RESPONSE_S)));
    assert_eq!(timed.clocks()[0].started_at, at(0), "promises run from the submission, not from the look");
}

#[tokio::test]
async fn a_request_that_cannot_be_read_stops_no_other() {
    let scene = Scene::new().await;
    for number in 0..40 {
        filed(&scene, &format!("account-{number}"), "music-studio", at(0), true).await;
    }
    let spoiled = request_id(&id("account-7"), "key-1");
    scene.spoil_request(spoiled.as_str(), &id("account-7"), at(60)).await;
    let status = scene.run(at(FIRST_RESPONSE_S + 1)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (40, 39, 1));
}
