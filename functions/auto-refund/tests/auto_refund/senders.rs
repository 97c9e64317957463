//! Messages in the name of another service than the hold's, or of a sender that does not speak for theirs.

use auto_refund::{Senders, handle};
use lambda::config::Env;
use lambda::sqs::{Batch, process};
use lambda::{Deadline, Invocation};
use ledger::PaymentId;
use ledger::PaymentStore as _;
use serde_json::{Value, json};

use crate::queue::{Queue, batch, completed, downloaded, failed, song};

fn by(service: &str, mut message: Value) -> Value {
    message["service"] = json!(service);
    message
}

const MISMATCH: &str = r#""ServiceMismatches":1"#;

#[tokio::test]
async fn g2_a_message_in_the_name_of_another_service_changes_nothing() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let foreign = [
        by("viewer", failed("gen-1", "own_error")),
        by("viewer", completed("gen-1", &song())),
        by("viewer", downloaded("gen-1")),
    ];
    let others = async |queue: &Queue<_>| {
        let before = queue.journal("acct-1").await;
        for message in &foreign {
            let reply = queue.deliver(std::slice::from_ref(message)).await;
            reply.stayed(1, "another_service");
            assert!(reply.metrics.contains(MISMATCH), "{reply:?}");
        }
        assert_eq!(queue.journal("acct-1").await, before);
    };
    others(&queue).await;
    queue.deliver(&[completed("gen-1", &song())]).await.ended("captured");
    others(&queue).await;
    queue.deliver(&[failed("gen-1", "own_error")]).await.ended("given_back");
    others(&queue).await;
    let payment = PaymentId::new("pi_acct-1").unwrap();
    assert_eq!(queue.context.store.payment(&payment).await.unwrap().unwrap().downloads, 0);
}

#[tokio::test]
async fn g2_what_a_service_says_of_its_own_hold_counts_beside_anothers_word() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let messages = [by("viewer", failed("gen-1", "own_error")), completed("gen-1", &song())];
    let reply = queue.deliver(&messages).await;
    assert_eq!(reply.left, ["m0"]);
    assert!(reply.metrics.contains(MISMATCH), "{reply:?}");
    assert_eq!(queue.credits().await, (90, 0, 10));
}

#[tokio::test]
async fn g2_a_sender_that_does_not_speak_for_its_service_changes_nothing() {
    let queue = Queue::start().await;
    queue.hold("gen-1").await;
    let pairs = "AROAONE=renderer,AROATWO=viewer";
    let senders = Senders::from_env(&Env::of([("GENERATION_SENDER_SERVICES", pairs)])).unwrap();
    for (sender, left) in [("AROATWO:job", json!(["m0"])), ("AROAONE:job", json!([]))] {
        let event = batch().sender(Some(sender)).messages(&[failed("gen-1", "own_error").to_string()]);
        let invocation = Invocation::of(event.text(), ledger::contract::at(60)).unwrap();
        let messages = Batch::parse(invocation.event_text()).unwrap();
        let understand = |record: &_| senders.understand(record);
        let response = process(&messages, Deadline::in_ms(60_000), understand, async |account, items| {
            handle(&queue.context, &invocation, account, items).await
        });
        let response = serde_json::to_value(response.await).unwrap();
        let stays: Vec<&Value> = response["batchItemFailures"].as_array().unwrap().iter().collect();
        let names: Vec<&Value> = stays.iter().map(|item| &item["itemIdentifier"]).collect();
        assert_eq!(json!(names), left, "{sender}");
        let metrics = invocation.metrics().take_lines(ledger::contract::at(60)).join("\n");
        assert_eq!(metrics.contains(MISMATCH), !names.is_empty(), "{metrics}");
        assert_eq!(metrics.contains(r#""reason":"sender""#), !names.is_empty(), "{metrics}");
    }
    assert_eq!(queue.credits().await, (100, 0, 0));
}
