//! The stand-in over real connections, read by the crate that reads Creem's events.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use creem_events::{
    CreemEvent, CreemEventKind, CreemRefundStatus, CreemSecrets, SignatureHeaders, SubscriptionMove,
    TransactionLookup, TransactionStatus, parse, verify,
};
use primitives::{Money, Timestamp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{
    BuyOnce, CreemSettings, CreemStandIn, CreemTarget, EndDispute, MoveSubscription, MoveTo, NewDispute,
    OutsideRefund, RenewPlan, SettleCreemRefund, StartPlan,
};
use crate::clock;
use crate::stand_in::{Deliver, Emission, Release};

const SECRET: &str = "whsec_c3RhbmQtaW4=";
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests as they came: the head and the body of each.
type Taken = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Takes webhooks: what comes, as it comes.
struct Receiver {
    url: String,
    requests: Taken,
}

impl Receiver {
    /// Answers the first `failing` requests with 503.
    async fn start(failing: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1/webhooks/creem", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (head, body) = read_request(&mut stream).await.unwrap();
                let count = {
                    let mut taken = taken.lock().unwrap();
                    taken.push((head, body));
                    taken.len()
                };
                let status = if count <= failing { "503 Service Unavailable" } else { "200 OK" };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests }
    }

    fn target(&self) -> CreemTarget {
        CreemTarget { url: self.url.clone(), host: None, signing_secret: SECRET.to_owned() }
    }

    /// Every request, verified by the headers that it has.
    fn events(&self) -> Vec<CreemEvent> {
        let secrets = CreemSecrets::new([("current", SECRET.to_owned())]).unwrap();
        let now = Timestamp::from_s(clock::unix_s()).unwrap();
        let requests = self.requests.lock().unwrap();
        let read = |(head, body): &(String, Vec<u8>)| {
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                line.map(str::trim)
            };
            let signed = verify(body, &SignatureHeaders::read(header), &secrets, now).unwrap();
            parse(&signed).unwrap()
        };
        requests.iter().map(read).collect()
    }
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        stream.read_buf(&mut bytes).await?;
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        let (_, body) = bytes.split_at(end.saturating_add(4));
        if body.len() >= length.parse::<usize>().unwrap() {
            return Ok((head.clone(), body.to_vec()));
        }
    }
}

/// The stand-in's own events, as they would be read.
fn read(creem: &CreemStandIn, ids: &[String]) -> Vec<CreemEvent> {
    let events = creem.events();
    let of = |id: &String| events.iter().find(|event| event.id == *id).unwrap().body.clone();
    let event = |body: String| parse(&creem_events::SignedByCreem::kept(body.as_bytes())).unwrap();
    ids.iter().map(of).map(event).collect()
}

fn now() -> Emission {
    Emission::default()
}

fn pack() -> BuyOnce {
    BuyOnce { tax: 210, ..BuyOnce::of("account-1", "prod_pack", 1000) }
}

#[tokio::test]
async fn events_are_signed_in_both_ways_and_sent_again_until_they_are_taken() {
    for signs_standard in [false, true] {
        let (creem, receiver) = (CreemStandIn::start().await.unwrap(), Receiver::start(2).await);
        creem.set(CreemSettings { signs_standard, ..CreemSettings::default() });
        creem.set_target(receiver.target()).unwrap();
        let made = creem.buy_once(&pack(), &now()).unwrap();
        assert!(creem.delivered(PATIENCE).await);
        let events = receiver.events();
        assert_eq!(events.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), [&*made.events[0]; 3]);
        assert_eq!(creem.deliveries().iter().map(|each| each.attempt).collect::<Vec<_>>(), [1, 2, 3]);
    }
}

#[tokio::test]
async fn an_event_can_be_missing_come_twice_and_come_late() {
    let (creem, receiver) = (CreemStandIn::start().await.unwrap(), Receiver::start(0).await);
    creem.set_target(receiver.target()).unwrap();
    let held = Emission { deliver: Some(Deliver::Hold), ..now() };
    let made = creem.start_plan(&StartPlan::of("account-1", "prod_pro", 2000), &held).unwrap();
    assert_eq!(receiver.events(), []);
    let chosen = vec![made.events[2].clone(), made.events[0].clone()];
    creem.release(&Release { events: Some(chosen), order: None, copies: Some(2) }).unwrap();
    assert!(creem.delivered(PATIENCE).await);
    let kinds: Vec<String> = receiver.events().into_iter().map(|event| event.event_type).collect();
    assert_eq!(kinds, ["subscription.paid", "subscription.paid", "checkout.completed", "checkout.completed"]);
}

#[tokio::test]
async fn what_happens_later_has_a_later_time_also_within_a_second() {
    let creem = CreemStandIn::start().await.unwrap();
    let made = creem.start_plan(&StartPlan::of("account-1", "prod_pro", 2000), &now()).unwrap();
    let moved = MoveSubscription {
        subscription: made.subscription.unwrap(),
        to: MoveTo::ScheduledCancel,
        units: None,
        product: None,
    };
    let moved = creem.move_subscription(&moved, &now()).unwrap();
    let times: Vec<Timestamp> =
        read(&creem, &[made.events, moved.events].concat()).into_iter().map(|event| event.created).collect();
    assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
}

#[tokio::test]
async fn what_an_event_names_is_a_setting() {
    let creem = CreemStandIn::start().await.unwrap();
    let lookup = |ids: &[String]| read(&creem, ids).first().unwrap().lookup();
    let full = creem.buy_once(&pack(), &now()).unwrap();
    assert_eq!(lookup(&full.events), None);
    creem.set(CreemSettings {
        order_names_transaction: false,
        carries_last_transaction: false,
        ..CreemSettings::default()
    });
    let bare = creem.buy_once(&pack(), &now()).unwrap();
    assert!(matches!(lookup(&bare.events), Some(TransactionLookup::OfOrder(_))));
    let plan = creem.start_plan(&StartPlan::of("account-1", "prod_pro", 2000), &now()).unwrap();
    assert!(matches!(lookup(&plan.events[2..]), Some(TransactionLookup::Known(_))));
}

#[tokio::test]
async fn a_subscription_lives_and_ends() {
    let creem = CreemStandIn::start().await.unwrap();
    let made = creem.start_plan(&StartPlan::of("account-1", "prod_pro", 2000), &now()).unwrap();
    let id = made.subscription.unwrap();
    let renewed = creem.renew(&RenewPlan { subscription: id.clone() }, &now()).unwrap();
    let [paid] = &read(&creem, &renewed.events)[..] else { panic!("one event") };
    let CreemEventKind::Subscription(SubscriptionMove::Paid, plan) = &paid.kind else { panic!("{paid:?}") };
    let last = plan.last_transaction.as_ref().unwrap();
    assert_eq!(
        (Some(last.id.as_str()), plan.current_period_start),
        (renewed.transaction.as_deref(), last.created)
    );
    assert_eq!(plan.metadata.get("account"), Some("account-1"));
    for (to, expected) in [
        (MoveTo::Update, SubscriptionMove::Updated),
        (MoveTo::PastDue, SubscriptionMove::PastDue),
        (MoveTo::Expired, SubscriptionMove::Expired),
        (MoveTo::Unpaid, SubscriptionMove::Unpaid),
        (MoveTo::Paused, SubscriptionMove::Paused),
        (MoveTo::Active, SubscriptionMove::Active),
        (MoveTo::ScheduledCancel, SubscriptionMove::ScheduledCancel),
        (MoveTo::Canceled, SubscriptionMove::Canceled),
    ] {
        let moved = MoveSubscription { subscription: id.clone(), to, units: None, product: None };
        let made = creem.move_subscription(&moved, &now()).unwrap();
        let [event] = &read(&creem, &made.events)[..] else { panic!("one event") };
        assert!(matches!(event.kind, CreemEventKind::Subscription(found, _) if found == expected), "{to:?}");
    }
    let trial = StartPlan { trial_days: 7, ..StartPlan::of("account-2", "prod_pro", 2000) };
    let made = creem.start_plan(&trial, &now()).unwrap();
    let kinds: Vec<String> = read(&creem, &made.events).into_iter().map(|event| event.event_type).collect();
    assert_eq!(kinds, ["checkout.completed", "subscription.trialing"]);
    assert_eq!((made.transaction, creem.transactions().len()), (None, 2), "a free trial has no payment");
}

#[tokio::test]
async fn a_refund_and_a_dispute_count_up_to_what_was_paid() {
    let creem = CreemStandIn::start().await.unwrap();
    let transaction = creem.buy_once(&pack(), &now()).unwrap().transaction.unwrap();
    let part = OutsideRefund { transaction: transaction.clone(), amount: Some(400) };
    let made = creem.outside_refund(&part, &now()).unwrap();
    let [event] = &read(&creem, &made.events)[..] else { panic!("one event") };
    let CreemEventKind::RefundCreated(refund) = &event.kind else { panic!("{event:?}") };
    let read_of = refund.transaction.as_ref().unwrap();
    assert_eq!(read_of.refunded_amount.map(Money::minor), Some(400));
    assert_eq!(read_of.amount_paid.map(Money::minor), Some(1210));
    assert_eq!(
        (&read_of.status, &refund.status),
        (&Some(TransactionStatus::PartialRefund), &Some(CreemRefundStatus::Succeeded))
    );
    let too_much = OutsideRefund { transaction: transaction.clone(), amount: Some(811) };
    creem.outside_refund(&too_much, &now()).unwrap_err();

    let settle = |status: &str, reports, lowers_total| SettleCreemRefund {
        refund: made.refund.clone().unwrap(),
        status: status.to_owned(),
        reports,
        lowers_total,
    };
    assert_eq!(creem.settle_refund(&settle("failed", false, true), &now()).unwrap().events.len(), 0);
    assert_eq!(creem.transactions()[0].refunded, 0);
    assert_eq!(creem.settle_refund(&settle("failed", true, false), &now()).unwrap().events.len(), 1);

    let dispute = NewDispute {
        transaction: transaction.clone(),
        amount: None,
        keeps_money: false,
        reports_refund: true,
    };
    let made = creem.open_dispute(&dispute, &now()).unwrap();
    let events = read(&creem, &made.events);
    assert!(matches!(&events[0].kind, CreemEventKind::DisputeCreated(found)
        if found.transaction.as_ref().unwrap().status == Some(TransactionStatus::ChargedBack)));
    assert!(matches!(&events[1].kind, CreemEventKind::RefundCreated(found)
        if found.transaction.as_ref().unwrap().refunded_amount.map(Money::minor) == Some(1210)));
    creem.end_dispute(&EndDispute { transaction, won: true }).unwrap();
    assert_eq!((creem.transactions()[0].refunded, creem.transactions()[0].status.as_str()), (0, "paid"));
}

#[tokio::test]
async fn a_customer_can_be_shared_and_metadata_be_missing() {
    let creem = CreemStandIn::start().await.unwrap();
    let first = creem.buy_once(&pack(), &now()).unwrap();
    let metadata = std::iter::once(("account".to_owned(), String::new())).collect();
    let other = BuyOnce {
        customer: first.customer.clone(),
        request_id: Some("account:account-2:1".to_owned()),
        metadata,
        ..BuyOnce::of("account-2", "prod_pack", 1000)
    };
    let second = creem.buy_once(&other, &now()).unwrap();
    assert_eq!(second.customer, first.customer);
    let [event] = &read(&creem, &second.events)[..] else { panic!("one event") };
    let CreemEventKind::CheckoutCompleted(checkout) = &event.kind else { panic!("{event:?}") };
    assert_eq!(checkout.request_id.as_deref(), Some("account:account-2:1"));
    assert_eq!(checkout.metadata.get("account"), None);
}
