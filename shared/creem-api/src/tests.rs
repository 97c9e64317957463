//! The client against the Creem stand-in in process, over real connections.

use std::time::Duration;

use creem_events::{CreemRefundStatus, CreemSubscriptionStatus, OrderId, TransactionStatus};
use primitives::{CustomerId, Money, PaymentId, SubscriptionId};
use testkit::creem::{
    BuyOnce, CREEM_API_KEY, CreemOperation, CreemSettings, CreemStandIn, OutsideRefund, StartPlan,
};
use testkit::stand_in::{Emission, Fault};

use crate::{CancelMode, CreemClient, CreemConfig, CreemError, CreemKey, RepeatCall, Timeouts, TookEffect};

/// Long enough for an answer on a busy machine, short enough to wait for in vain.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

struct Scene {
    creem: CreemStandIn,
    client: CreemClient,
    payment: PaymentId,
}

fn client(base_url: String, key: &str) -> CreemClient {
    let timeouts = Timeouts { connect: Duration::from_secs(5), answer: ANSWER_TIMEOUT };
    let key = CreemKey::new(key).unwrap();
    CreemClient::new(&CreemConfig { base_url, key, live: false, timeouts }).unwrap()
}

impl Scene {
    /// A stand-in with one payment of 12.10 EUR.
    async fn new() -> Self {
        let creem = CreemStandIn::start().await.unwrap();
        let pack = BuyOnce { tax: 210, ..BuyOnce::of("account-1", "prod_pack", 1000) };
        let made = creem.buy_once(&pack, &Emission::default()).unwrap();
        let payment = PaymentId::new(made.transaction.unwrap()).unwrap();
        let client = client(creem.base_url(), CREEM_API_KEY);
        Self { creem, client, payment }
    }

    fn fail_next(&self, fault: Fault) {
        self.creem.plan(CreemOperation::CreateRefund, 1, fault);
    }

    async fn refunded(&self) -> Option<u64> {
        let found = self.client.transaction(&self.payment).await.unwrap();
        found.transaction.refunded_amount.map(Money::minor)
    }

    /// A subscription.
    fn plan(&self) -> SubscriptionId {
        let made = self.creem.start_plan(&StartPlan::of("account-1", "prod_pro", 2000), &Emission::default());
        SubscriptionId::new(made.unwrap().subscription.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_refund_gives_back_all_that_is_left() {
    let scene = Scene::new().await;
    assert_eq!(scene.refunded().await, None);
    let part = OutsideRefund { transaction: scene.payment.to_string(), amount: Some(400) };
    scene.creem.outside_refund(&part, &Emission::default()).unwrap();
    assert_eq!(scene.refunded().await, Some(400));
    let refund = scene.client.create_refund(&scene.payment).await.unwrap();
    assert!(refund.id.is_some());
    assert_eq!(refund.status, CreemRefundStatus::Pending, "while the transaction reads refunded");
    let found = scene.client.transaction(&scene.payment).await.unwrap().transaction;
    assert_eq!(found.status, Some(TransactionStatus::Refunded));
    assert_eq!(
        (found.refunded_amount, found.refunded_amount.map(Money::minor)),
        (found.amount_paid, Some(1210))
    );
    let again = scene.client.create_refund(&scene.payment).await.unwrap_err();
    assert!(matches!(again, CreemError::Refused { status: 400, .. }), "{again:?}");
    let sent: Vec<_> = scene.creem.calls().into_iter().filter_map(|call| call.body).collect();
    let expected = serde_json::json!({ "transaction_id": scene.payment.as_str() });
    assert_eq!(sent, [expected.clone(), expected], "no amount is ever sent");
}

#[tokio::test]
async fn e2_creem_a_lost_answer_is_settled_by_the_transaction() {
    for (fault, made) in [
        (Fault::TimeoutAfterActing, Some(1210)),
        (Fault::ResetAfterActing, Some(1210)),
        (Fault::ServerError { acts: true }, Some(1210)),
        (Fault::TimeoutBeforeActing, None),
        (Fault::ResetBeforeActing, None),
        (Fault::ServerError { acts: false }, None),
        (Fault::Garbage, None),
    ] {
        let scene = Scene::new().await;
        scene.fail_next(fault.clone());
        let error = scene.client.create_refund(&scene.payment).await.unwrap_err();
        let says = (error.made(), error.repeatable());
        assert_eq!(says, (TookEffect::Unknown, RepeatCall::AfterReading), "{fault:?}: {error:?}");
        assert_eq!(scene.refunded().await, made, "{fault:?}");
    }
}

#[tokio::test]
async fn e5_creem_passing_failures_took_no_effect() {
    for (fault, repeat) in [
        (Fault::RateLimited { retry_after_s: Some(3) }, RepeatCall::Again { after_s: Some(3) }),
        (Fault::RateLimited { retry_after_s: None }, RepeatCall::Again { after_s: None }),
    ] {
        let scene = Scene::new().await;
        scene.fail_next(fault);
        let error = scene.client.create_refund(&scene.payment).await.unwrap_err();
        assert_eq!((error.made(), error.repeatable()), (TookEffect::No, repeat));
        assert_eq!(scene.refunded().await, None);
    }
    let scene = Scene::new().await;
    for fault in [Fault::InUse, Fault::Decline { code: "subscription_concurrent_change".to_owned() }] {
        scene.fail_next(fault);
        let error = scene.client.create_refund(&scene.payment).await.unwrap_err();
        assert!(matches!(error, CreemError::Concurrent), "{error:?}");
        assert_eq!(error.repeatable(), RepeatCall::AfterReading);
    }
    scene.fail_next(Fault::Unavailable);
    let error = scene.client.create_refund(&scene.payment).await.unwrap_err();
    assert!(matches!(error, CreemError::Server { status: 503 }), "{error:?}");
}

#[tokio::test]
async fn e7_creem_an_unknown_object_is_missing_by_either_status() {
    let scene = Scene::new().await;
    for status in [400, 404] {
        scene.creem.set(CreemSettings { missing_status: status, ..CreemSettings::default() });
        let payment = PaymentId::new("tran_unknown").unwrap();
        let error = scene.client.transaction(&payment).await.unwrap_err();
        assert!(matches!(error, CreemError::Missing { .. }), "{status}: {error:?}");
        let subscription = SubscriptionId::new("sub_unknown").unwrap();
        let error = scene.client.subscription(&subscription).await.unwrap_err();
        assert!(matches!(error, CreemError::Missing { .. }), "{status}: {error:?}");
        let error = scene.client.create_refund(&payment).await.unwrap_err();
        assert_eq!((error.made(), error.repeatable()), (TookEffect::No, RepeatCall::Never));
    }
}

#[tokio::test]
async fn a_wrong_key_is_known_and_never_shown() {
    let scene = Scene::new().await;
    let wrong = scene.client.with_key(CreemKey::new("creem_test_hidden").unwrap()).unwrap();
    let error = wrong.create_refund(&scene.payment).await.unwrap_err();
    assert!(matches!(error, CreemError::Authentication { status: 403 }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden"));
    assert_eq!(scene.refunded().await, None);
}

#[tokio::test]
async fn a11_creem_an_object_of_another_mode_is_refused() {
    let scene = Scene::new().await;
    for (mode, ok) in [("test", true), ("sandbox", true), ("staging", true), ("prod", false)] {
        scene.creem.set(CreemSettings { mode: mode.to_owned(), ..CreemSettings::default() });
        let found = scene.client.transaction(&scene.payment).await;
        assert_eq!(found.is_ok(), ok, "{mode}");
    }
}

#[tokio::test]
async fn transactions_are_found_by_order_and_by_customer_over_all_pages() {
    let scene = Scene::new().await;
    let first = scene.creem.transactions().remove(0);
    for _ in 0..24 {
        let more = BuyOnce::of("account-1", "prod_pack", 1000);
        scene.creem.buy_once(&more, &Emission::default()).unwrap();
    }
    let order = OrderId::new(first.order).unwrap();
    let found = scene.client.transactions_of_order(&order).await.unwrap();
    assert_eq!(found.iter().map(|each| &each.transaction.id).collect::<Vec<_>>(), [&scene.payment]);
    let customer = CustomerId::new(first.customer).unwrap();
    let found = scene.client.transactions_of_customer(&customer).await.unwrap();
    let mut ids: Vec<_> = found.into_iter().map(|each| each.transaction.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), scene.creem.calls().len()), (25, 4));
    let nobody = CustomerId::new("cust_unknown").unwrap();
    assert_eq!(scene.client.transactions_of_customer(&nobody).await.unwrap(), []);
}

#[tokio::test]
async fn a_search_is_bounded() {
    let scene = Scene::new().await;
    for _ in 0..501 {
        let more = BuyOnce::of("account-1", "prod_pack", 1000);
        scene.creem.buy_once(&more, &Emission::default()).unwrap();
    }
    let customer = CustomerId::new(scene.creem.transactions().remove(0).customer).unwrap();
    let error = scene.client.transactions_of_customer(&customer).await.unwrap_err();
    assert!(matches!(error, CreemError::TooManyPages { pages_max: 50 }), "{error:?}");
}

#[tokio::test]
async fn a_cancellation_always_sends_its_mode_and_can_be_repeated() {
    let scene = Scene::new().await;
    let id = scene.plan();
    let first = scene.client.cancel_subscription(&id, CancelMode::Scheduled).await.unwrap();
    assert_eq!(first.status, Some(CreemSubscriptionStatus::ScheduledCancel));
    assert_eq!(scene.client.cancel_subscription(&id, CancelMode::Scheduled).await.unwrap(), first);
    let ended = scene.client.cancel_subscription(&id, CancelMode::Immediate).await.unwrap();
    assert_eq!(ended.status, Some(CreemSubscriptionStatus::Canceled));
    assert_eq!(scene.client.subscription(&id).await.unwrap(), ended);
    for mode in [CancelMode::Immediate, CancelMode::Scheduled] {
        let again = scene.client.cancel_subscription(&id, mode).await.unwrap_err();
        assert!(matches!(again, CreemError::Refused { status: 400, .. }), "{again:?}");
    }
    let events = scene.creem.events();
    let of = |kind: &str| events.iter().filter(|event| event.kind == kind).count();
    assert_eq!((of("subscription.scheduled_cancel"), of("subscription.canceled")), (1, 1));
    let sent: Vec<_> = scene.creem.calls().into_iter().filter_map(|call| call.body).collect();
    assert!(sent.iter().all(|body| body.get("mode").is_some()), "{sent:?}");
}

#[tokio::test]
async fn a_lost_answer_to_a_cancellation_is_settled_by_the_subscription() {
    let scene = Scene::new().await;
    let id = scene.plan();
    scene.creem.plan(CreemOperation::CancelSubscription, 1, Fault::TimeoutAfterActing);
    let error = scene.client.cancel_subscription(&id, CancelMode::Immediate).await.unwrap_err();
    assert_eq!((error.made(), error.repeatable()), (TookEffect::Unknown, RepeatCall::AfterReading));
    let found = scene.client.subscription(&id).await.unwrap();
    assert_eq!(found.status, Some(CreemSubscriptionStatus::Canceled));
}

#[tokio::test]
async fn without_a_connection_nothing_was_made() {
    let creem = CreemStandIn::start().await.unwrap();
    let (address, base_url) = (creem.address(), creem.base_url());
    drop(creem);
    // The port is free again once the stand-in's task is gone.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let client = client(base_url, CREEM_API_KEY);
    let error = client.create_refund(&PaymentId::new("tran_1").unwrap()).await.unwrap_err();
    assert!(matches!(error, CreemError::Connect(_)), "{error:?}");
    assert_eq!((error.made(), error.repeatable()), (TookEffect::No, RepeatCall::Again { after_s: None }));
}
