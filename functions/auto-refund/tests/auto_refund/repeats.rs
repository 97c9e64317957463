//! The same message again, later, at once, and in another order.

use futures_util::future::join_all;
use ledger::contract::{expire, grant, settle_by};
use ledger::{Command, Ending, GenerationId, ReleaseReason};
use policy::{Documents, FailureEffect};
use serde_json::Value;

use crate::queue::{Queue, account, completed, context, failed, song};

#[tokio::test]
async fn g1_the_same_message_ten_times_has_one_effect() {
    for message in [failed("gen-1", "provider_error"), completed("gen-1", &song())] {
        let queue = Queue::start().await;
        queue.hold("gen-1").await;
        for _ in 0..5 {
            queue.deliver(std::slice::from_ref(&message)).await.all_done();
        }
        queue.deliver(&vec![message; 5]).await.ended("repeated");
        assert_eq!(queue.journal("acct-1").await.len(), 3);
    }
}

#[tokio::test]
async fn g7_the_same_message_received_twice_at_once_has_one_effect() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let message = [failed("gen-1", "provider_error")];
    // Different instants: the entries would not be the same even by chance.
    let replies = join_all((60..80).map(|at_s| queue.deliver_at(&message, at_s))).await;
    assert!(replies.iter().all(|reply| reply.left.is_empty()), "{replies:?}");
    assert_eq!(queue.journal("acct-1").await.len(), 3);
    assert_eq!(queue.credits().await, (100, 0, 0));
}

#[tokio::test]
async fn g3_a_generation_that_was_given_back_is_not_given_back_again() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    queue.deliver(&[failed("gen-1", "own_error")]).await.ended("given_back");
    for message in [failed("gen-1", "own_error"), completed("gen-1", &song())] {
        queue.deliver(&[message]).await.ended("repeated");
    }
    assert_eq!(queue.credits().await, (100, 0, 0));
}

#[tokio::test]
async fn g8_a_redrive_after_two_weeks_changes_nothing() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[failed("gen-1", "own_error")]).await.ended("released");
    // One more later generation than the account itself remembers.
    for index in 0..=ledger::RECENT_MAX {
        let generation = format!("later-{index}");
        queue.hold(&generation).await;
        queue.deliver(&[completed(&generation, &song())]).await.ended("captured");
    }
    let before = queue.journal("acct-1").await.len();
    let fortnight_s = 14 * 86_400;
    queue.deliver_at(&[failed("gen-1", "own_error")], fortnight_s).await.ended("repeated");
    assert_eq!(queue.journal("acct-1").await.len(), before);
}

fn stricter_later() -> &'static Documents {
    static DOCUMENTS: std::sync::LazyLock<Documents> = std::sync::LazyLock::new(|| {
        let documents = policy_documents::documents();
        let first = documents.version("music-studio", "2026-05-02").unwrap().clone();
        let mut second = first.clone();
        second.version = "later".to_owned();
        second.in_force_from_ms = ledger::contract::at(30).as_ms();
        for operation in &mut second.operations {
            operation.failures.provider_error.then = FailureEffect::Person;
        }
        Documents::new(vec![first, second]).unwrap()
    });
    &DOCUMENTS
}

#[tokio::test]
async fn g9_the_policy_in_force_at_the_hold_counts_after_a_change() {
    let Queue { context: old, meter } = Queue::start().await;
    let queue = Queue { context: context(old.store, stricter_later), meter };
    queue.hold("gen-1").await;
    queue.deliver_at(&[failed("gen-1", "provider_error")], 60).await.ended("released");
    let journal = queue.journal("acct-1").await;
    let policy = journal.last().and_then(ledger::Entry::policy).unwrap();
    assert_eq!(policy.version, "2026-05-02");
}

#[tokio::test]
async fn g11_a_message_before_its_hold_stays_until_the_hold_is_there() {
    let queue = Queue::start().await;
    let message = [failed("gen-1", "provider_error")];
    queue.deliver(&message).await.stayed(1, "unknown_generation");
    queue.hold("gen-1").await;
    queue.deliver(&message).await.ended("released");
    assert_eq!(queue.credits().await, (100, 0, 0));
}

#[tokio::test]
async fn a_success_after_the_deadline_is_charged_anew_once() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.run("acct-1", &expire(&["gen-1"]), 3001).await;
    assert_eq!(queue.credits().await, (100, 0, 0));
    queue.deliver_at(&[completed("gen-1", &song())], 3002).await.ended("charged_late");
    queue.deliver_at(&[completed("gen-1", &song())], 3003).await.ended("repeated");
    assert_eq!(queue.credits().await, (90, 0, 10));
}

#[tokio::test]
async fn a_success_after_the_deadline_is_recorded_where_the_credits_are_gone() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.run("acct-1", &expire(&["gen-1"]), 3001).await;
    for index in 0..10 {
        queue.hold(&format!("other-{index}")).await;
    }
    queue.deliver_at(&[completed("gen-1", &song())], 3002).await.ended("uncollected");
    assert_eq!(queue.credits().await, (0, 100, 0));
}

#[tokio::test]
async fn a_failure_whose_lots_have_left_stays_for_a_person() {
    let queue = Queue::start().await;
    let generations: Vec<String> = (0..10).map(|index| format!("gen-{index}")).collect();
    for generation in &generations {
        queue.hold(generation).await;
        queue.run("acct-1", &settle_by("renderer", generation, Ending::Succeeded), 2).await;
    }
    let month_s = 31 * 86_400;
    queue.run("acct-1", &Command::Grant(grant(&account("acct-1"), "pi_2", 5, None)), month_s).await;
    queue.deliver_at(&[failed("gen-0", "own_error")], month_s).await.stayed(1, "too_late");
}

#[tokio::test]
async fn s2_26_credits_that_come_back_after_their_expiry_stay_a_day() {
    let queue = Queue::start().await;
    let id = account("acct-2");
    queue.run("acct-2", &Command::Grant(grant(&id, "pi_plan", 10, Some("sub_1"))), 0).await;
    queue.hold_on("acct-2", "gen-1", "music_simple").await;
    let subscription = ledger::SubscriptionId::new("sub_1").unwrap();
    let end = Command::StartExpiry {
        subscription,
        ended_at: ledger::contract::at(2),
        leftover_s: 10,
        pauses_leftover_expiry: true,
    };
    queue.run("acct-2", &end, 2).await;
    let mut message = failed("gen-1", "own_error");
    message["account"] = Value::from("acct-2");
    queue.deliver_at(&[message], 60).await.ended("released");
    let journal = queue.journal("acct-2").await;
    let lot = &journal.last().unwrap().after().lots[0];
    assert_eq!(lot.expires_at, Some(ledger::contract::at(60 + 86_400)));
    assert_eq!(lot.available.get(), 10);
}

#[tokio::test]
async fn a_release_by_http_before_the_message_makes_it_a_repeat() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let released = settle_by("renderer", "gen-1", Ending::Failed(ReleaseReason::Failed));
    queue.run("acct-1", &released, 2).await;
    queue.deliver(&[failed("gen-1", "provider_error")]).await.ended("repeated");
    assert!(queue.account().await.hold(&GenerationId::new("gen-1").unwrap()).is_none());
}
