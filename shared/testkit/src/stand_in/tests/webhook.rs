//! What a webhook's receiver gets: signatures, order, copies, retries, and events that can be read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use primitives::Timestamp;
use stripe_events::{EventKind, SigningSecrets};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::{
    Cancel, Deliver, Emission, End, NamedOrder, Order, RefundMode, Release, Renew, Settings, SettleRefund,
    SettledStatus, Shape, StripeStandIn, WebhookTarget,
};
use super::{pack, pro, refund};
use crate::clock;

const DEADLINE: Duration = Duration::from_secs(20);

/// A request that the receiver got: its head in lower case, and its body.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// A receiver that answers with each of `statuses` once and with 200 from then on.
async fn receiver(statuses: &'static [u16]) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/webhooks/stripe", listener.local_addr().unwrap());
    let received = Received::default();
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        let mut statuses = statuses.iter();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            log.lock().unwrap().push(request);
            let status = statuses.next().unwrap_or(&200);
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (url, received)
}

async fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await.unwrap();
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let (head, rest) = bytes.split_at(end);
        let head = String::from_utf8(head.to_vec()).unwrap();
        let length: usize = header(&head, "content-length").unwrap().parse().unwrap();
        let body = &rest[4..];
        if body.len() == length {
            return (head, body.to_vec());
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

async fn sending_to(url: String, host: Option<&str>, secrets: &[&str]) -> StripeStandIn {
    let stripe = StripeStandIn::start().await.unwrap();
    let signing_secrets = secrets.iter().map(|&secret| secret.to_owned()).collect();
    stripe.set_target(WebhookTarget { url, host: host.map(str::to_owned), signing_secrets }).unwrap();
    stripe
}

fn verified(head: &str, body: &[u8], secret: &str) -> stripe_events::Event {
    let secrets = SigningSecrets::new([("current", secret.to_owned())]).unwrap();
    let now = Timestamp::from_s(clock::unix_s()).unwrap();
    let signature = header(head, "stripe-signature").unwrap();
    let verified = stripe_events::verify(body, signature, &secrets, now).unwrap();
    stripe_events::parse(&verified).unwrap()
}

#[tokio::test]
async fn every_secret_signs_and_the_host_can_be_another() {
    let (url, received) = receiver(&[]).await;
    let stripe = sending_to(url, Some("api.execute-api.localhost"), &["whsec_a", "whsec_b"]).await;
    stripe.buy_pack(&pack(), &Emission::default()).unwrap();
    assert!(stripe.delivered(DEADLINE).await);
    let received = received.lock().unwrap();
    let (head, body) = &received[0];
    assert!(head.starts_with("POST /v1/webhooks/stripe HTTP/1.1"));
    assert_eq!(header(head, "host"), Some("api.execute-api.localhost"));
    for secret in ["whsec_a", "whsec_b"] {
        assert!(matches!(verified(head, body, secret).kind, EventKind::CheckoutCompleted(_)));
    }
}

#[tokio::test]
async fn an_event_that_was_not_taken_comes_again_with_the_same_bytes() {
    let (url, received) = receiver(&[500, 404]).await;
    let stripe = sending_to(url, None, &["whsec_a"]).await;
    let made = stripe.buy_pack(&pack(), &Emission::default()).unwrap();
    assert!(stripe.delivered(DEADLINE).await);
    let received = received.lock().unwrap();
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|(_, body)| *body == received[0].1));
    let log: Vec<_> = stripe
        .deliveries()
        .into_iter()
        .map(|delivery| (delivery.event, delivery.attempt, delivery.status))
        .collect();
    let event = made.events[0].clone();
    assert_eq!(log, [(event.clone(), 1, Some(500)), (event.clone(), 2, Some(404)), (event, 3, Some(200))]);
}

#[tokio::test]
async fn an_event_that_nobody_takes_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let stripe = sending_to(url, None, &["whsec_a"]).await;
    stripe.buy_pack(&pack(), &Emission::default()).unwrap();
    assert!(stripe.delivered(DEADLINE).await);
    let log = stripe.deliveries();
    assert_eq!(log.len(), 6);
    assert!(log.iter().all(|delivery| !delivery.accepted() && delivery.error.is_some()));
}

#[tokio::test]
async fn held_events_are_released_in_any_order_and_number() {
    let (url, received) = receiver(&[]).await;
    let stripe = sending_to(url, None, &["whsec_a"]).await;
    let held = Emission { deliver: Some(Deliver::Hold), ..Emission::default() };
    let events = stripe.subscribe(&pro(), &held).unwrap().events;
    assert!(stripe.delivered(DEADLINE).await);
    assert_eq!(stripe.deliveries(), []);

    let all =
        Release { order: Some(Order::Named(NamedOrder::Reversed)), copies: Some(2), ..Release::default() };
    assert_eq!(stripe.release(&all).unwrap(), [&*events[2], &*events[1], &*events[0]]);
    let chosen = Release {
        events: Some(events.clone()),
        order: Some(Order::Positions(vec![1, 2, 1])),
        ..Release::default()
    };
    stripe.release(&chosen).unwrap();
    assert_eq!(stripe.release(&Release::default()).unwrap(), [""; 0]);
    assert!(stripe.delivered(DEADLINE).await);
    let sent: Vec<String> = stripe.deliveries().into_iter().map(|delivery| delivery.event).collect();
    let expected = [2, 2, 1, 1, 0, 0, 1, 2, 1].map(|position: usize| events[position].clone());
    assert_eq!(sent, expected);
    assert_eq!(received.lock().unwrap().len(), 9);
}

/// What a lifecycle's events say, each as its reader sees it.
async fn facts(shape: Shape) -> Vec<String> {
    let (url, received) = receiver(&[]).await;
    let stripe = sending_to(url, None, &["whsec_a"]).await;
    // Unless it is expanded, the newest shape says less.
    let settings =
        Settings { shape, refund_mode: RefundMode::Pending, expand_payments: true, ..Settings::default() };
    stripe.set(settings);
    let at = |created| Emission { created: Some(created), ..Emission::default() };
    stripe.buy_pack(&pack(), &at(1_777_000_000)).unwrap();
    let subscription = stripe.subscribe(&pro(), &at(1_777_000_100)).unwrap().subscription.unwrap();
    let cancel = Cancel { subscription: subscription.clone(), at_period_end: true, at: Some(1_777_000_200) };
    stripe.cancel(&cancel, &Emission::default()).unwrap();
    let end = End { subscription: subscription.clone(), ended_at: Some(1_779_592_100) };
    stripe.end(&end, &Emission::default()).unwrap();
    let renewal = Renew { subscription, charged_at: Some(1_779_592_200) };
    let payment = stripe.renew(&renewal, &Emission::default()).unwrap().payment.unwrap();
    refund(&stripe, "key-1", &format!("payment_intent={payment}&metadata[refund_request]=r-1")).await;
    let refund = stripe.refunds()[0].id.clone();
    for status in [SettledStatus::Succeeded, SettledStatus::Failed] {
        let settle = SettleRefund { refund: refund.clone(), status, failure_reason: None };
        stripe.settle_refund(&settle, &at(1_779_592_300)).unwrap();
    }
    assert!(stripe.delivered(DEADLINE).await);
    // Ids of two stand-ins differ by the second at which each started: `pi_`, eight hexadecimal digits, a
    // number. An invoice's number has them in upper case.
    let prefix = payment[3..11].to_owned();
    let number_prefix = prefix.to_ascii_uppercase();
    let received = received.lock().unwrap();
    received
        .iter()
        .map(|(head, body)| {
            let event = verified(head, body, "whsec_a");
            assert_eq!(event.api_version.as_deref(), Some(shape.api_version()));
            let created = event.created;
            let kind = format!("{:?}", event.kind).replace(&prefix, "").replace(&number_prefix, "");
            match event.kind {
                EventKind::RefundCreated(_) => {
                    assert_eq!(event.idempotency_key.as_deref(), Some("key-1"));
                    // Made when the call came, by the wall clock.
                    "refund.created".to_owned()
                }
                EventKind::RefundUpdated(refund) | EventKind::RefundFailed(refund) => {
                    format!("{created} {:?} {:?}", refund.status, refund.metadata.get("refund_request"))
                }
                EventKind::Other => panic!("{} cannot be read", event.event_type),
                _ => format!("{created} {kind}"),
            }
        })
        .collect()
}

#[tokio::test]
async fn both_shapes_say_the_same() {
    let newest = facts(Shape::Endive).await;
    let oldest = facts(Shape::BeforeBasil).await;
    assert_eq!(newest.len(), 10);
    assert_eq!(newest, oldest);
    for (fact, parts) in [
        (0, ["CheckoutCompleted", "account-1", "price_pack"]),
        (3, ["InvoicePaid", "SubscriptionCreate", "price_pro"]),
        (4, ["SubscriptionUpdated", "cancel_at_period_end: true", "price_pro"]),
        (5, ["SubscriptionDeleted", "Canceled", "price_pro"]),
        (6, ["InvoicePaid", "SubscriptionCycle", "2026-05-24T03:10:00Z"]),
    ] {
        for part in parts {
            assert!(newest[fact].contains(part), "{part}: {}", newest[fact]);
        }
    }
}
