//! Results that were downloaded: counted at their payment, once for each generation, beside its ending.

use ledger::contract::grant;
use ledger::{Command, Compensation, Credits, PaymentId, PaymentStore, ProductId, RefundRequestId};
use ledger_dynamodb::Tables;
use serde_json::Value;

use crate::queue::{Queue, account, completed, downloaded, failed, song};

/// How many generations of a payment are counted.
async fn counted(queue: &Queue<Tables>, payment: &str) -> u32 {
    let payment = PaymentId::new(payment).unwrap();
    queue.context.store.payment(&payment).await.unwrap().unwrap().downloads
}

fn of_account_2(generation: &str) -> Value {
    let mut message = downloaded(generation);
    message["account"] = "acct-2".into();
    message
}

#[tokio::test]
async fn s3_12_the_same_download_ten_times_counts_once() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    let entries = queue.journal("acct-1").await.len();
    queue.deliver(&[downloaded("gen-1")]).await.ended("counted");
    queue.deliver(&vec![downloaded("gen-1"); 9]).await.ended("repeated");
    assert_eq!(counted(&queue, "pi_acct-1").await, 1);
    assert_eq!((queue.journal("acct-1").await.len(), queue.credits().await), (entries, (90, 0, 10)));
}

#[tokio::test]
async fn s3_12_a_download_counts_in_any_order_with_its_ending() {
    let (ending, download) = (completed("gen-1", &song()), downloaded("gen-1"));
    for messages in [vec![download.clone(), ending.clone()], vec![ending.clone(), download.clone()]] {
        let (at_once, by_itself) = (Queue::start().await, Queue::start().await);
        at_once.hold("gen-1").await;
        at_once.deliver(&messages).await.all_done();
        by_itself.hold("gen-1").await;
        for message in messages {
            by_itself.deliver(&[message]).await.all_done();
        }
        for queue in [at_once, by_itself] {
            assert_eq!((counted(&queue, "pi_acct-1").await, queue.credits().await), (1, (90, 0, 10)));
        }
    }
}

#[tokio::test]
async fn g11_a_download_before_its_hold_stays_until_the_hold_is_there() {
    let queue = Queue::start().await;
    queue.deliver(&[downloaded("gen-1")]).await.stayed(1, "unknown_generation");
    queue.hold("gen-1").await;
    queue.deliver(&[downloaded("gen-1")]).await.ended("counted");
}

#[tokio::test]
async fn a_generation_that_the_account_has_forgotten_is_found() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    for index in 0..=ledger::RECENT_MAX {
        let generation = format!("later-{index}");
        queue.hold(&generation).await;
        queue.deliver(&[failed(&generation, "own_error")]).await.ended("released");
    }
    queue.meter.read();
    queue.deliver(&[downloaded("gen-1")]).await.ended("counted");
    let calls: Vec<_> = queue.meter.read().into_iter().map(|call| call.operation).collect();
    // The newest entry, the place of the hold's entry, that entry, and the count.
    assert_eq!(calls, ["Query", "Query", "GetItem", "UpdateItem"]);
}

#[tokio::test]
async fn a_generation_on_credits_of_two_payments_counts_at_both() {
    let queue = Queue::start().await;
    queue.pack("acct-2", 5).await;
    let second = Command::Grant(grant(&account("acct-2"), "pi_second", 100, None));
    queue.run("acct-2", &second, 0).await;
    queue.hold_on("acct-2", "gen-1", "music_simple").await;
    queue.deliver(&[of_account_2("gen-1")]).await.ended("counted");
    assert_eq!((counted(&queue, "pi_acct-2").await, counted(&queue, "pi_second").await), (1, 1));
}

#[tokio::test]
async fn credits_that_no_payment_bought_have_nothing_to_count_at() {
    let queue = Queue::start().await;
    let compensation = Compensation {
        request: RefundRequestId::new("rr_1").unwrap(),
        product: ProductId::new("music-studio").unwrap(),
        credits: Credits::new(10).unwrap(),
        expires_at: None,
    };
    queue.run("acct-2", &Command::Compensate(compensation), 0).await;
    queue.hold_on("acct-2", "gen-1", "music_simple").await;
    queue.deliver(&[of_account_2("gen-1")]).await.ended("without_payment");
}
