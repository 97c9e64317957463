//! The client against the Stripe stand-in in process, over real connections.

use std::time::Duration;

use crate::{
    API_VERSION, CancelWhen, Decline, IdempotencyKey, Refund, RefundOrder, Retry, SecretKey, StripeClient,
    StripeConfig, StripeError, Timeouts, TookEffect,
};
use primitives::{Currency, Money, PaymentId, RefundRequestId, SubscriptionId};
use stripe_events::{InvoiceId, InvoicePaymentStatus, PaymentSource, RefundStatus, SubscriptionStatus};
use testkit::stand_in::{
    API_KEY, BuyPack, DashboardRefund, Emission, Fault, Operation, RefundMode, Settings, SettleRefund,
    SettledStatus, StripeStandIn, Subscribe,
};

/// Long enough for an answer on a busy machine, short enough to wait for in vain.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(500);
const SAME_KEY: Retry = Retry::SameKey { after_s: None };

struct Scene {
    stripe: StripeStandIn,
    client: StripeClient,
    payment: PaymentId,
}

fn client(base_url: String, key: &str) -> StripeClient {
    let timeouts = Timeouts { connect: Duration::from_secs(5), answer: ANSWER_TIMEOUT };
    let secret_key = SecretKey::new(key).unwrap();
    StripeClient::new(&StripeConfig { base_url, secret_key, timeouts }).unwrap()
}

impl Scene {
    /// A stand-in with one payment of 10.00 USD.
    async fn new() -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let pack = BuyPack::of("account-1", "price_pack", 1000);
        let made = stripe.buy_pack(&pack, &Emission::default()).unwrap();
        let payment = PaymentId::new(made.payment.unwrap()).unwrap();
        let client = client(stripe.base_url(), API_KEY);
        Self { stripe, client, payment }
    }

    fn order(&self, minor: u64, request: &str, key: &str) -> RefundOrder {
        RefundOrder {
            payment: self.payment.clone(),
            amount: usd(minor),
            request: RefundRequestId::new(request).unwrap(),
            idempotency_key: IdempotencyKey::new(key).unwrap(),
        }
    }

    async fn found(&self, request: &str) -> Option<Refund> {
        let request = RefundRequestId::new(request).unwrap();
        self.client.refund_of_request(&self.payment, &request, |_| true).await.unwrap()
    }

    fn fail_next(&self, fault: Fault) {
        self.stripe.plan(Operation::CreateRefund, 1, fault);
    }

    /// Creates a refund that meets `fault`.
    async fn error(&self, fault: Fault) -> StripeError {
        self.fail_next(fault);
        self.client.create_refund(&self.order(1000, "request-1", "key-1")).await.unwrap_err()
    }
}

fn usd(minor: u64) -> Money {
    Money::new(minor, Currency::new("usd").unwrap())
}

#[tokio::test]
async fn a_refund_is_created_and_listed() {
    let scene = Scene::new().await;
    let refund = scene.client.create_refund(&scene.order(400, "request-1", "key-1")).await.unwrap();
    assert_eq!(refund.payment.as_ref(), Some(&scene.payment));
    assert_eq!(refund.amount, usd(400));
    assert_eq!(refund.status, Some(RefundStatus::Pending));
    assert_eq!(scene.found("request-1").await, Some(refund));
    assert_eq!(scene.found("request-2").await, None);
    let calls = scene.stripe.calls();
    assert_eq!(calls[0].idempotency_key.as_deref(), Some("key-1"));
    assert!(calls.iter().all(|call| call.stripe_version.as_deref() == Some(API_VERSION)));
}

#[tokio::test]
async fn the_same_key_and_order_give_the_same_refund() {
    let scene = Scene::new().await;
    let order = scene.order(400, "request-1", "key-1");
    let first = scene.client.create_refund(&order).await.unwrap();
    let second = scene.client.create_refund(&order).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(scene.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn the_same_key_with_another_order_is_refused_for_good() {
    let scene = Scene::new().await;
    scene.client.create_refund(&scene.order(400, "request-1", "key-1")).await.unwrap();
    let error = scene.client.create_refund(&scene.order(401, "request-1", "key-1")).await.unwrap_err();
    assert!(matches!(error, StripeError::IdempotencyMismatch), "{error:?}");
    assert_eq!(error.retryable(), Retry::Never);
    assert_eq!(scene.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn e1_a_refund_whose_answer_was_lost_is_found_by_its_metadata() {
    let scene = Scene::new().await;
    let error = scene.error(Fault::TimeoutAfterActing).await;
    assert!(matches!(error, StripeError::Timeout), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::Unknown, SAME_KEY));
    let found = scene.found("request-1").await.unwrap();
    assert_eq!(found.amount, usd(1000));
    assert_eq!(scene.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn e2_after_the_key_is_pruned_the_listing_shows_whether_to_repeat() {
    // Stripe made the refund: without the listing, a repetition would make a second one.
    let made = Scene::new().await;
    made.fail_next(Fault::TimeoutAfterActing);
    let order = made.order(400, "request-1", "key-1");
    made.client.create_refund(&order).await.unwrap_err();
    assert_eq!(made.stripe.prune_keys(), 1);
    assert!(made.found("request-1").await.is_some());
    made.client.create_refund(&order).await.unwrap();
    assert_eq!(made.stripe.refunds().len(), 2, "a pruned key protects from nothing");

    // Stripe did not: the listing shows none and the repetition makes exactly one.
    let lost = Scene::new().await;
    let error = lost.error(Fault::TimeoutBeforeActing).await;
    assert_eq!(error.made(), TookEffect::Unknown);
    lost.stripe.prune_keys();
    assert_eq!(lost.found("request-1").await, None);
    lost.client.create_refund(&lost.order(1000, "request-1", "key-1")).await.unwrap();
    assert_eq!(lost.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn e3_a_stored_500_asks_for_a_fresh_key_after_a_listing() {
    let scene = Scene::new().await;
    let first = scene.error(Fault::ServerError { acts: false }).await;
    assert!(matches!(first, StripeError::Server { status: 500, replayed: false }), "{first:?}");
    assert_eq!(first.retryable(), SAME_KEY);
    let order = scene.order(1000, "request-1", "key-1");
    let replayed = scene.client.create_refund(&order).await.unwrap_err();
    assert!(matches!(replayed, StripeError::Server { status: 500, replayed: true }), "{replayed:?}");
    assert_eq!((replayed.made(), replayed.retryable()), (TookEffect::Unknown, Retry::FreshKeyAfterListing));
    assert_eq!(scene.found("request-1").await, None);
    scene.client.create_refund(&scene.order(1000, "request-1", "key-2")).await.unwrap();
    assert_eq!(scene.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn e3_a_stored_500_may_hide_a_refund_that_was_made() {
    let scene = Scene::new().await;
    let error = scene.error(Fault::ServerError { acts: true }).await;
    assert_eq!(error.made(), TookEffect::Unknown);
    assert!(scene.found("request-1").await.is_some());
}

#[tokio::test]
async fn e4_a_key_in_use_is_tried_again_with_the_same_key() {
    let scene = Scene::new().await;
    scene.fail_next(Fault::Slow { delay_ms: 200 });
    let order = scene.order(1000, "request-1", "key-1");
    let first = scene.client.create_refund(&order);
    let second = async {
        // The first call holds the key once the stand-in has it.
        while scene.stripe.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        scene.client.create_refund(&order).await
    };
    let (first, second) = tokio::join!(first, second);
    let error = second.unwrap_err();
    assert!(matches!(error, StripeError::InProgress), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::Unknown, SAME_KEY));
    assert_eq!(scene.client.create_refund(&order).await.unwrap(), first.unwrap());
    assert_eq!(scene.stripe.refunds().len(), 1);
}

#[tokio::test]
async fn e5_passing_failures_are_repeated_with_the_same_key() {
    for (fault, shown, made, retry) in [
        (
            Fault::RateLimited { retry_after_s: Some(3) },
            "RateLimited { retry_after_s: Some(3) }",
            TookEffect::No,
            Retry::SameKey { after_s: Some(3) },
        ),
        (
            Fault::RateLimited { retry_after_s: None },
            "RateLimited { retry_after_s: None }",
            TookEffect::No,
            SAME_KEY,
        ),
        (Fault::Unavailable, "Server { status: 503, replayed: false }", TookEffect::Unknown, SAME_KEY),
        (Fault::InUse, "InProgress", TookEffect::Unknown, SAME_KEY),
        (Fault::TimeoutBeforeActing, "Timeout", TookEffect::Unknown, SAME_KEY),
        (Fault::ResetBeforeActing, "ConnectionLost(", TookEffect::Unknown, SAME_KEY),
        (Fault::ResetAfterActing, "ConnectionLost(", TookEffect::Unknown, SAME_KEY),
    ] {
        let scene = Scene::new().await;
        let error = scene.error(fault.clone()).await;
        assert!(format!("{error:?}").starts_with(shown), "{fault:?}: {error:?}");
        assert_eq!((error.made(), error.retryable()), (made, retry), "{fault:?}");
        scene.client.create_refund(&scene.order(1000, "request-1", "key-1")).await.unwrap();
        assert_eq!(scene.stripe.refunds().len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn e5_a_listing_can_fail_as_well() {
    let scene = Scene::new().await;
    scene.stripe.plan(Operation::ListRefunds, 1, Fault::Unavailable);
    let error = scene.client.refunds_of_payment(&scene.payment).await.unwrap_err();
    assert!(matches!(error, StripeError::Server { status: 503, .. }), "{error:?}");
    assert_eq!(scene.client.refunds_of_payment(&scene.payment).await.unwrap(), []);
}

#[tokio::test]
async fn e6_a_charge_already_refunded_is_settled_by_the_listing() {
    let scene = Scene::new().await;
    let order = DashboardRefund { payment: scene.payment.to_string(), amount: None };
    scene.stripe.dashboard_refund(&order, &Emission::default()).unwrap();
    let error = scene.client.create_refund(&scene.order(1000, "request-1", "key-1")).await.unwrap_err();
    assert!(matches!(error, StripeError::Declined(Decline::ChargeAlreadyRefunded)), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::No, Retry::Never));
    let refunds = scene.client.refunds_of_payment(&scene.payment).await.unwrap();
    assert_eq!(refunds.len(), 1);
    assert_eq!((refunds[0].amount, &refunds[0].request), (usd(1000), &None));
}

#[tokio::test]
async fn e7_each_refusal_is_a_state_of_its_own() {
    for (code, expected) in [
        ("charge_already_refunded", Decline::ChargeAlreadyRefunded),
        ("charge_disputed", Decline::ChargeDisputed),
        ("refund_disputed_payment", Decline::RefundDisputedPayment),
        ("charge_not_refundable", Decline::ChargeNotRefundable),
        ("balance_insufficient", Decline::BalanceInsufficient),
        ("insufficient_funds", Decline::InsufficientFunds),
        ("resource_missing", Decline::ResourceMissing),
        ("unheard_of", Decline::Other { status: 400, code: Some("unheard_of".to_owned()) }),
    ] {
        let scene = Scene::new().await;
        let error = scene.error(Fault::Decline { code: code.to_owned() }).await;
        assert_eq!((error.made(), error.retryable()), (TookEffect::No, Retry::Never), "{code}");
        match error {
            StripeError::Declined(decline) => assert_eq!(decline, expected),
            other => panic!("{code}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn more_than_is_left_is_refused() {
    let scene = Scene::new().await;
    scene.client.create_refund(&scene.order(600, "request-1", "key-1")).await.unwrap();
    let error = scene.client.create_refund(&scene.order(401, "request-2", "key-2")).await.unwrap_err();
    assert!(matches!(error, StripeError::Declined(Decline::Other { status: 400, code: None })), "{error:?}");
    scene.client.create_refund(&scene.order(400, "request-2", "key-3")).await.unwrap();
}

#[tokio::test]
async fn a_refund_that_differs_from_the_order_is_an_error() {
    let scene = Scene::new().await;
    let mut order = scene.order(1000, "request-1", "key-1");
    order.amount = Money::new(1000, Currency::new("eur").unwrap());
    let error = scene.client.create_refund(&order).await.unwrap_err();
    assert!(matches!(error, StripeError::Unexpected { field: "amount" }), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::Unknown, Retry::Never));
}

#[tokio::test]
async fn a_refund_shows_how_it_stands() {
    let scene = Scene::new().await;
    scene.stripe.set(Settings { refund_mode: RefundMode::InsufficientFunds, ..Settings::default() });
    let refund = scene.client.create_refund(&scene.order(1000, "request-1", "key-1")).await.unwrap();
    assert_eq!(refund.status, Some(RefundStatus::Pending));
    for (status, expected) in
        [(SettledStatus::Succeeded, RefundStatus::Succeeded), (SettledStatus::Failed, RefundStatus::Failed)]
    {
        let settle = SettleRefund { refund: refund.id.to_string(), status, failure_reason: None };
        scene.stripe.settle_refund(&settle, &Emission::default()).unwrap();
        assert_eq!(scene.found("request-1").await.unwrap().status, Some(expected));
    }
    // The money is back: the request can be paid once more, and the refund that stands is the one found.
    let again = scene.client.create_refund(&scene.order(1000, "request-1", "key-2")).await.unwrap();
    assert_eq!(scene.found("request-1").await.unwrap().id, again.id);
}

#[tokio::test]
async fn long_lists_are_read_page_by_page_up_to_a_bound() {
    let scene = Scene::new().await;
    let order = DashboardRefund { payment: scene.payment.to_string(), amount: Some(1) };
    for _ in 0..250 {
        scene.stripe.dashboard_refund(&order, &Emission::default()).unwrap();
    }
    let refunds = scene.client.refunds_of_payment(&scene.payment).await.unwrap();
    assert_eq!(refunds.len(), 250);
    assert_eq!(scene.stripe.calls().len(), 3);
    let pack = BuyPack::of("account-2", "price_pack", 2000);
    let payment = scene.stripe.buy_pack(&pack, &Emission::default()).unwrap().payment.unwrap();
    let order = DashboardRefund { payment: payment.clone(), amount: Some(1) };
    for _ in 0..1001 {
        scene.stripe.dashboard_refund(&order, &Emission::default()).unwrap();
    }
    let payment = PaymentId::new(payment).unwrap();
    let error = scene.client.refunds_of_payment(&payment).await.unwrap_err();
    assert!(matches!(error, StripeError::TooManyPages { pages_max: 10 }), "{error:?}");
}

fn pro() -> Subscribe {
    Subscribe::of("account-1", "price_pro", 2000)
}

fn events(scene: &Scene, kind: &str) -> usize {
    scene.stripe.events().iter().filter(|event| event.kind == kind).count()
}

#[tokio::test]
async fn a_subscription_ends_at_once_and_once() {
    let scene = Scene::new().await;
    let made = scene.stripe.subscribe(&pro(), &Emission::default()).unwrap();
    let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
    scene.stripe.plan(Operation::EndSubscription, 1, Fault::TimeoutAfterActing);
    let lost = scene.client.cancel_subscription(&id, &CancelWhen::AtOnce).await.unwrap_err();
    assert_eq!((lost.made(), lost.retryable()), (TookEffect::Unknown, SAME_KEY));
    for id in [&id, &SubscriptionId::new("sub_unknown").unwrap()] {
        let again = scene.client.cancel_subscription(id, &CancelWhen::AtOnce).await.unwrap_err();
        assert!(matches!(again, StripeError::Declined(Decline::ResourceMissing)), "{again:?}");
    }
    assert_eq!(events(&scene, "customer.subscription.deleted"), 1);

    let made = scene.stripe.subscribe(&pro(), &Emission::default()).unwrap();
    let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
    let ended = scene.client.cancel_subscription(&id, &CancelWhen::AtOnce).await.unwrap();
    assert_eq!((&ended.id, ended.status, ended.cancel_at), (&id, SubscriptionStatus::Canceled, None));
    assert!(ended.ended_at.is_some() && ended.ended_at == ended.canceled_at);
}

#[tokio::test]
async fn a_subscription_ends_with_its_period() {
    let scene = Scene::new().await;
    let made = scene.stripe.subscribe(&pro(), &Emission::default()).unwrap();
    let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
    let when = CancelWhen::AtPeriodEnd(IdempotencyKey::new("cancel-1").unwrap());
    let first = scene.client.cancel_subscription(&id, &when).await.unwrap();
    assert_eq!((&first.status, first.ended_at), (&SubscriptionStatus::Active, None));
    assert!(first.canceled_at.is_some() && first.cancel_at > first.canceled_at);
    assert_eq!(scene.client.cancel_subscription(&id, &when).await.unwrap(), first);
    assert_eq!(events(&scene, "customer.subscription.updated"), 1);
    let unknown = SubscriptionId::new("sub_unknown").unwrap();
    let key = IdempotencyKey::new("cancel-2").unwrap();
    let error = scene.client.cancel_subscription(&unknown, &CancelWhen::AtPeriodEnd(key)).await.unwrap_err();
    assert!(matches!(error, StripeError::Declined(Decline::ResourceMissing)), "{error:?}");
}

#[tokio::test]
async fn an_invoice_shows_its_payments() {
    let scene = Scene::new().await;
    let made = scene.stripe.subscribe(&pro(), &Emission::default()).unwrap();
    let invoice = InvoiceId::new(made.invoice.unwrap()).unwrap();
    let payments = scene.client.payments_of_invoice(&invoice).await.unwrap();
    assert_eq!(payments.len(), 1);
    assert_eq!(payments[0].source, PaymentSource::Payment(PaymentId::new(made.payment.unwrap()).unwrap()));
    assert_eq!((payments[0].amount, &payments[0].status), (usd(2000), &InvoicePaymentStatus::Paid));
    let unknown = InvoiceId::new("in_unknown").unwrap();
    let error = scene.client.payments_of_invoice(&unknown).await.unwrap_err();
    assert!(matches!(error, StripeError::Declined(Decline::ResourceMissing)), "{error:?}");
}

#[tokio::test]
async fn a_wrong_key_is_known_and_never_shown() {
    let scene = Scene::new().await;
    let wrong = scene.client.with_key(SecretKey::new("sk_test_hidden").unwrap());
    let error = wrong.create_refund(&scene.order(1000, "request-1", "key-1")).await.unwrap_err();
    assert!(matches!(error, StripeError::Authentication { status: 401 }), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::No, Retry::Never));
    assert!(!format!("{error} {error:?}").contains("hidden"));
    scene.client.create_refund(&scene.order(1000, "request-1", "key-1")).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_leaves_the_outcome_open() {
    let scene = Scene::new().await;
    let error = scene.error(Fault::Garbage).await;
    assert!(matches!(error, StripeError::Unreadable { .. }), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::Unknown, Retry::FreshKeyAfterListing));
}

#[tokio::test]
async fn without_a_connection_nothing_was_made() {
    let stripe = StripeStandIn::start().await.unwrap();
    let address = stripe.address();
    drop(stripe);
    // The port is free again once the stand-in's task is gone.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let client = client(format!("http://{address}"), API_KEY);
    let payment = PaymentId::new("pi_1").unwrap();
    let error = client.refunds_of_payment(&payment).await.unwrap_err();
    assert!(matches!(error, StripeError::Connect(_)), "{error:?}");
    assert_eq!((error.made(), error.retryable()), (TookEffect::No, SAME_KEY));
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_tls_is_no_stripe() {
    let stripe = StripeStandIn::start().await.unwrap();
    let client = client(stripe.base_url().replace("http://", "https://"), API_KEY);
    let payment = PaymentId::new("pi_1").unwrap();
    let error = client.refunds_of_payment(&payment).await.unwrap_err();
    assert!(matches!(error, StripeError::Connect(_)), "{error:?}");
    assert_eq!(stripe.calls(), []);
}
