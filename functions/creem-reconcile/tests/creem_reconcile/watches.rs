//! Watches: what is read when, what the webhook gets of it, and when it is read again.

use creem_reconcile::{
    PAYMENT_WATCHED_S, REFUND_WATCHED_S, ReconcileError, RepairedObject, SUBSCRIPTION_WATCHED_S, WATCHES_MAX,
};
use ledger::contract::{grant, run};
use ledger::{AccountId, Command, Dispute, Provider};
use ledger_dynamodb::{EVENT_LAG_S, WatchSubject};
use serde_json::{Value, json};

use crate::world::{DAY_S, START_S, World, at};

/// The same as a number of the kind that instants are.
const LAG_S: i64 = EVENT_LAG_S.cast_signed();

fn subscription_of(id: &str) -> WatchSubject {
    WatchSubject::Subscription(id.parse().unwrap())
}

fn payment_of(id: &str) -> WatchSubject {
    WatchSubject::Payment(id.parse().unwrap())
}

fn moment(second: i64) -> String {
    at(second).to_string()
}

/// A subscription whose period ends at `ends`, with this newest payment.
fn subscription(status: &str, ends: i64, last: &str) -> Value {
    json!({
        "id": "sub_1", "mode": "test", "product": "prod_1", "customer": "cust_1", "status": status,
        "last_transaction_id": last, "current_period_start_date": moment(ends.saturating_sub(30 * DAY_S)),
        "current_period_end_date": moment(ends),
    })
}

fn transaction(id: &str, status: &str) -> Value {
    json!({
        "id": id, "mode": "test", "status": status, "type": "invoice", "subscription": "sub_1",
        "amount": 1_000, "amount_paid": 1_210, "currency": "EUR", "refunded_amount": 0,
        "created_at": (START_S * 1_000),
    })
}

/// Has a payment on record.
async fn record(world: &World, id: &str) {
    let account = AccountId::new("account-1").unwrap();
    let command = Command::GrantAll(vec![grant(&account, id, 100, None)]);
    run(world.tables(), &account, &command, at(0)).await;
}

async fn dispute(world: &World, status: &str, second: i64) {
    let dispute = Dispute {
        id: "disp_1".parse().unwrap(),
        opened_at: at(0),
        status: status.to_owned(),
        refundable: false,
        amount: None,
        reason: None,
        due_by: None,
        as_of: at(second),
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
    };
    assert!(world.tables().save_dispute(&"tran_1".parse().unwrap(), &dispute).await.unwrap());
}

#[tokio::test]
async fn b7_creem_a_renewal_whose_event_is_lost_is_read_and_the_next_one_is_expected() {
    let world = World::new().await;
    world.has(subscription("active", 30 * DAY_S, "tran_2"));
    world.has(transaction("tran_2", "paid"));
    world.watch(subscription_of("sub_1"), 0).await;
    world.answers("applied");
    let status = world.tick(LAG_S).await;
    assert_eq!((status.read, status.applied, status.waiting, status.is_complete), (1, 1, 0, true));
    let repaired = RepairedObject { kind: "subscription", id: "sub_1".to_owned() };
    assert_eq!(status.repaired, [repaired]);
    // The reading has the payment in full.
    assert_eq!(world.readings()[0]["last_transaction"]["amount_paid"], 1_210);
    assert_eq!(world.due().await, [30 * DAY_S + LAG_S]);
}

#[tokio::test]
async fn a_payment_that_is_on_record_is_not_read() {
    let world = World::new().await;
    record(&world, "tran_2").await;
    world.has(subscription("active", 30 * DAY_S, "tran_2"));
    world.watch(subscription_of("sub_1"), 0).await;
    let status = world.tick(LAG_S).await;
    assert_eq!((status.applied, status.settled), (0, 1));
    assert_eq!(world.asked(), ["sub_1"]);
    assert_eq!(world.readings()[0].get("last_transaction"), None);
}

#[tokio::test]
async fn a_payment_that_was_not_made_is_not_handed_on() {
    let world = World::new().await;
    world.has(subscription("past_due", 0, "tran_2"));
    world.has(transaction("tran_2", "declined"));
    world.watch(subscription_of("sub_1"), 0).await;
    world.tick(LAG_S).await;
    assert_eq!(world.readings()[0].get("last_transaction"), None);
}

#[tokio::test]
async fn b7_creem_an_end_whose_event_is_lost_is_read_and_nothing_more_is_expected() {
    let world = World::new().await;
    world.has(subscription("canceled", 0, "tran_1"));
    world.watch(subscription_of("sub_1"), 0).await;
    world.answers("applied");
    assert_eq!(world.tick(LAG_S).await.applied, 1);
    assert_eq!((world.readings().len(), world.due().await), (1, Vec::new()));
}

#[tokio::test]
async fn a_subscription_that_is_not_renewed_is_read_ever_more_rarely_and_not_for_ever() {
    let world = World::new().await;
    world.has(subscription("past_due", 0, "tran_1"));
    world.watch(subscription_of("sub_1"), 0).await;
    for (second, next) in [(60, 3_660), (7_200, 14_400), (DAY_S, 2 * DAY_S), (10 * DAY_S, 11 * DAY_S)] {
        assert_eq!(world.tick(second).await.waiting, 1);
        assert_eq!(world.due().await, [next], "{second}");
    }
    assert_eq!(world.tick(SUBSCRIPTION_WATCHED_S).await.given_up, 1);
    assert_eq!(world.due().await, Vec::<i64>::new());

    // Of one that is paused nothing is expected.
    world.has(subscription("paused", 0, "tran_1"));
    world.watch(subscription_of("sub_1"), 0).await;
    assert_eq!(world.tick(60).await.given_up, 0);
    assert_eq!(world.due().await, Vec::<i64>::new());
}

#[tokio::test]
async fn a_reading_that_cannot_be_applied_is_handed_on_again() {
    let world = World::new().await;
    world.has(subscription("active", 30 * DAY_S, "tran_2"));
    world.watch(subscription_of("sub_1"), 0).await;
    for outcome in ["parked", "deferred", "lookup"] {
        world.answers(outcome);
        let status = world.ask(json!({"due_before": moment(DAY_S)}), 60).await.unwrap();
        assert_eq!((status.unapplied, status.waiting), (1, 1), "{outcome}");
    }
    assert_eq!(world.due().await, [3_660]);
}

#[tokio::test]
async fn a_disputed_payment_is_read_until_the_dispute_is_won_and_not_for_ever() {
    let world = World::new().await;
    record(&world, "tran_1").await;
    dispute(&world, "needs_response", 0).await;
    world.has(transaction("tran_1", "paid"));
    world.watch(payment_of("tran_1"), 0).await;
    world.tick(DAY_S).await;
    assert_eq!(world.due().await, [2 * DAY_S]);
    // A lost one may be won still.
    dispute(&world, "lost", 5).await;
    world.has(transaction("tran_1", "chargedBack"));
    world.tick(2 * DAY_S).await;
    assert_eq!(world.due().await, [3 * DAY_S]);
    dispute(&world, "won", 10).await;
    world.has(transaction("tran_1", "paid"));
    world.tick(3 * DAY_S).await;
    assert_eq!(world.due().await, Vec::<i64>::new());

    dispute(&world, "lost", 15).await;
    world.watch(payment_of("tran_1"), 0).await;
    assert_eq!(world.tick(PAYMENT_WATCHED_S).await.given_up, 1);
}

#[tokio::test]
async fn a_payment_is_read_until_its_refund_is_in_the_total() {
    let world = World::new().await;
    record(&world, "tran_1").await;
    world.has(transaction("tran_1", "paid"));
    world.watch(payment_of("tran_1"), 0).await;
    world.tick(60).await;
    assert_eq!(world.due().await, [3_660]);
    world.has(transaction("tran_1", "refunded"));
    world.answers("applied");
    assert_eq!(world.tick(3_660).await.applied, 1);
    assert_eq!((world.readings().len(), world.due().await), (2, Vec::new()));

    world.has(transaction("tran_1", "paid"));
    world.watch(payment_of("tran_1"), 0).await;
    let status = world.tick(REFUND_WATCHED_S).await;
    assert_eq!((status.given_up, world.due().await), (0, Vec::new()));
}

#[tokio::test]
async fn what_creem_does_not_know_is_given_up() {
    let world = World::new().await;
    for subject in [subscription_of("sub_1"), payment_of("tran_1")] {
        world.watch(subject, 0).await;
    }
    let status = world.tick(60).await;
    assert_eq!((status.read, status.given_up), (2, 2));
    assert_eq!((world.readings(), world.due().await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn a_look_that_fails_keeps_no_other_one_back() {
    let world = World::new().await;
    world.has(json!({"id": "sub_1", "current_period_end_date": "soon"}));
    world.has(json!({"id": "sub_2", "status": "canceled"}));
    for id in ["sub_1", "sub_2"] {
        world.watch(subscription_of(id), 0).await;
    }
    let status = world.tick(60).await;
    assert_eq!((status.read, status.failed, status.settled), (2, 1, 1));
    assert_eq!(world.due().await, [3_660]);

    world.answers("failed");
    world.watch(subscription_of("sub_2"), 0).await;
    assert_eq!(world.tick(120).await.failed, 1);
    assert_eq!(world.due().await, [3_660, 3_720]);
}

#[tokio::test]
async fn e5_creem_a_run_ends_where_creem_asks_to_wait_and_the_next_one_goes_on() {
    let world = World::new().await;
    for id in ["sub_1", "sub_2"] {
        world.watch(subscription_of(id), 0).await;
        world.has(json!({"id": id, "status": "canceled"}));
    }
    world.trouble(Some("busy"));
    let status = world.tick(60).await;
    assert_eq!((status.read, status.failed, status.is_complete), (1, 0, false));
    assert_eq!(world.due().await, [0, 0]);
    world.trouble(None);
    assert_eq!(world.tick(120).await.settled, 2);
}

#[tokio::test]
async fn a_run_is_bounded_and_what_it_leaves_is_the_next_ones() {
    let world = World::new().await;
    for number in 0..=WATCHES_MAX {
        let id = format!("sub_{number}");
        world.has(json!({"id": id, "status": "canceled"}));
        world.watch(subscription_of(&id), 0).await;
    }
    let status = world.tick(60).await;
    assert_eq!((status.read, status.is_complete), (u64::from(WATCHES_MAX), false));
    let status = world.tick(120).await;
    assert_eq!((status.read, status.is_complete), (1, true));
}

#[tokio::test]
async fn nothing_is_read_before_it_is_due_unless_an_operator_asks() {
    let world = World::new().await;
    world.has(subscription("active", 30 * DAY_S, "tran_1"));
    world.watch(subscription_of("sub_1"), 30 * DAY_S).await;
    assert_eq!(world.tick(60).await.read, 0);
    let status = world.ask(json!({"due_before": moment(31 * DAY_S)}), 60).await.unwrap();
    assert_eq!((status.read, status.settled), (1, 1));
    assert_eq!(world.due().await, [30 * DAY_S + LAG_S]);
    for request in [json!({"due_before": "soon"}), json!({"since": moment(0)})] {
        let refused = world.ask(request, 60).await;
        assert!(matches!(refused, Err(ReconcileError::Time(_) | ReconcileError::Request(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_watch_that_an_event_has_written_anew_stays_as_the_event_says() {
    let world = World::new().await;
    world.watch(subscription_of("sub_1"), 0).await;
    let seen = world.tables().due_watches(Provider::Creem, at(60), 1).await.unwrap();
    world.watch(subscription_of("sub_1"), 30 * DAY_S).await;
    world.tables().end_watch(&seen[0]).await.unwrap();
    assert_eq!(world.due().await, [30 * DAY_S]);
}
