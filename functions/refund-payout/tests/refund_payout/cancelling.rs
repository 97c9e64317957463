//! Sending confirmed cancellations to Stripe, through every fault that it can answer with.

use ledger::contract::{DAY_S, at};
use ledger::{
    CancellationStore, Channel, Confirmation, DueStore, Subscription, SubscriptionId, SubscriptionStore,
    Timestamp,
};
use ledger_dynamodb::{StoreError, Tables, in_process};
use refund_payout::{CancellationError, CancellationOutcome, send_cancellation};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::stand_in::{API_KEY, Emission, End, Fault, Operation, StripeStandIn, Subscribe};

use crate::world::account;

struct Scene {
    stripe: StripeStandIn,
    store: Tables,
    client: StripeClient,
    id: SubscriptionId,
}

impl Scene {
    /// A subscription whose cancellation is confirmed, and not yet known to Stripe.
    async fn new() -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let order = Subscribe::of("customer-1", "price_pro_monthly", 1200);
        let made = stripe.subscribe(&order, &Emission::default()).unwrap();
        let id = SubscriptionId::new(made.subscription.unwrap()).unwrap();
        let (store, _) = in_process::tables().await;
        let reported = Subscription {
            id: id.clone(),
            account: account(),
            as_of: at(0),
            price: Some("price_pro_monthly".to_owned()),
            period_ends_at: Some(at(30 * DAY_S)),
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: ledger::SubscriptionReport::default(),
        };
        assert!(store.save_subscription(&reported).await.unwrap());
        let confirmation = Confirmation {
            at: at(10),
            channel: Channel::Customer,
            effective_at: Some(at(30 * DAY_S)),
            stripe_at: None,
            announced: 0,
        };
        assert!(store.confirm_cancellation(&reported, &confirmation).await.unwrap());
        // A second confirmation, made on what was read before the first, changes nothing.
        assert!(!store.confirm_cancellation(&reported, &confirmation).await.unwrap());
        let config = StripeConfig {
            base_url: stripe.base_url(),
            secret_key: SecretKey::new(API_KEY).unwrap(),
            timeouts: Timeouts { answer: std::time::Duration::from_millis(400), ..Timeouts::default() },
        };
        let client = StripeClient::new(&config).unwrap();
        Self { stripe, store, client, id }
    }

    async fn send(&self, now: Timestamp) -> Result<CancellationOutcome, CancellationError<StoreError>> {
        Box::pin(send_cancellation(&self.store, &self.client, &account(), &self.id, now)).await
    }

    async fn stripe_at(&self) -> Option<Timestamp> {
        self.stored().await.confirmation.unwrap().stripe_at
    }

    async fn stored(&self) -> Subscription {
        self.store.subscription(&account(), &self.id).await.unwrap().unwrap()
    }

    /// Events that say that the subscription ends with its period.
    fn cancelled(&self) -> usize {
        let events = self.stripe.events();
        events
            .iter()
            .filter(|event| event.body.replace(' ', "").contains("\"cancel_at_period_end\":true"))
            .count()
    }
}

#[tokio::test]
async fn s2_10_a_cancellation_at_the_periods_end_is_sent_to_stripe_once() {
    let scene = Scene::new().await;
    assert_eq!(scene.store.unreported_cancellations(at(9999), 10).await.unwrap().len(), 1);
    assert_eq!(scene.send(at(11)).await.unwrap(), CancellationOutcome::Sent);
    assert!(scene.stripe_at().await.is_some());
    assert_eq!(scene.cancelled(), 1);
    let calls = scene.stripe.calls().len();
    for _ in 0..3 {
        assert_eq!(scene.send(at(12)).await.unwrap(), CancellationOutcome::Known);
    }
    assert_eq!(scene.stripe.calls().len(), calls);
    assert_eq!(scene.store.unreported_cancellations(at(9999), 10).await.unwrap(), []);
}

#[tokio::test]
async fn e1_e4_e5_a_cancellation_that_stripe_does_not_answer_is_sent_again() {
    let scene = Scene::new().await;
    for fault in [
        Fault::Unavailable,
        Fault::RateLimited { retry_after_s: Some(1) },
        Fault::InUse,
        Fault::TimeoutBeforeActing,
        Fault::TimeoutAfterActing,
    ] {
        scene.stripe.plan(Operation::UpdateSubscription, 1, fault);
        assert!(matches!(scene.send(at(11)).await, Err(CancellationError::Stripe(_))));
        assert_eq!(scene.stripe_at().await, None);
    }
    assert_eq!(scene.send(at(12)).await.unwrap(), CancellationOutcome::Sent);
    assert!(scene.stripe_at().await.is_some());
}

#[tokio::test]
async fn s2_16_a_subscription_that_has_ended_needs_no_telling() {
    let scene = Scene::new().await;
    let end = End { subscription: scene.id.as_str().to_owned(), ended_at: None };
    scene.stripe.end(&end, &Emission::default()).unwrap();
    // Stripe changes nothing of what has ended, and is asked again by the sweep alone; its event of the end
    // comes, and then there is nothing to tell.
    assert_eq!(scene.send(at(11)).await.unwrap(), CancellationOutcome::Declined);
    assert_eq!(
        (scene.stripe_at().await, scene.store.unreported_cancellations(at(9999), 10).await.unwrap().len()),
        (None, 1)
    );
    let ended = Subscription { as_of: at(12), ended_at: Some(at(11)), ..scene.stored().await };
    assert!(scene.store.save_subscription(&ended).await.unwrap());
    assert_eq!(scene.send(at(13)).await.unwrap(), CancellationOutcome::Ended);
    assert_eq!(scene.store.unreported_cancellations(at(9999), 10).await.unwrap(), []);
}

#[tokio::test]
async fn a_cancellation_that_stripe_once_declined_is_sent_under_another_key() {
    let scene = Scene::new().await;
    scene.stripe.plan(Operation::UpdateSubscription, 1, Fault::Decline { code: "unheard_of".to_owned() });
    for second in [11, 12] {
        assert_eq!(scene.send(at(second)).await.unwrap(), CancellationOutcome::Declined);
    }
    scene.store.reschedule_report(&scene.stored().await, at(600)).await.unwrap();
    assert_eq!(scene.send(at(600)).await.unwrap(), CancellationOutcome::Sent);
    assert_eq!(scene.cancelled(), 1);
}

#[tokio::test]
async fn a_message_without_a_confirmation_stays_in_the_queue() {
    let scene = Scene::new().await;
    let other = SubscriptionId::new("sub_other").unwrap();
    let outcome = Box::pin(send_cancellation(&scene.store, &scene.client, &account(), &other, at(1))).await;
    assert!(matches!(outcome, Err(CancellationError::NoConfirmation)));
}
