//! Sending confirmed cancellations to Stripe, through every fault that it can answer with.

use ledger::contract::{DAY_S, at};
use ledger::{
    CancellationStore, Channel, Confirmation, DueStore, Provider, Subscription, SubscriptionId,
    SubscriptionReport, SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{StoreError, Tables, in_process};
use refund_payout::{CancellationError, CancellationOutcome, send_cancellation};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::stand_in::{API_KEY, Emission, End, Fault, Operation, Owe, Schedule, StripeStandIn, Subscribe};

use crate::world::{OnlyStripe, account};

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
            provider: Provider::Stripe,
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
        Box::pin(send_cancellation(&self.store, &OnlyStripe(self.client.clone()), &account(), &self.id, now))
            .await
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
        assert!(matches!(scene.send(at(11)).await, Err(CancellationError::Provider(_))));
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
    let outcome = Box::pin(send_cancellation(
        &scene.store,
        &OnlyStripe(scene.client.clone()),
        &account(),
        &other,
        at(1),
    ))
    .await;
    assert!(matches!(outcome, Err(CancellationError::NoConfirmation)));
}

/// A confirmation of what is not paid, which takes effect when it is made.
async fn owing(scene: &Scene) -> String {
    let owe = Owe { subscription: scene.id.as_str().to_owned() };
    let made = scene.stripe.owe(&owe, &Emission::default()).unwrap();
    let seen = scene.stored().await;
    let confirmation = Confirmation {
        at: at(20),
        channel: Channel::Customer,
        effective_at: Some(at(20)),
        stripe_at: None,
        announced: 0,
    };
    assert!(scene.store.confirm_cancellation(&seen, &confirmation).await.unwrap());
    made.invoice.unwrap()
}

fn ended(scene: &Scene) -> usize {
    scene.stripe.events().iter().filter(|event| event.kind == "customer.subscription.deleted").count()
}

#[tokio::test]
async fn what_is_not_paid_ends_at_once_and_its_open_invoice_is_voided_once() {
    for (operation, fault) in [
        (None, Fault::Unavailable),
        (Some(Operation::EndSubscription), Fault::TimeoutAfterActing),
        (Some(Operation::ListInvoices), Fault::Unavailable),
        (Some(Operation::VoidInvoice), Fault::TimeoutBeforeActing),
        (Some(Operation::VoidInvoice), Fault::TimeoutAfterActing),
        (Some(Operation::VoidInvoice), Fault::InUse),
    ] {
        let scene = Scene::new().await;
        let invoice = owing(&scene).await;
        if let Some(operation) = operation {
            scene.stripe.plan(operation, 1, fault.clone());
            assert!(matches!(scene.send(at(21)).await, Err(CancellationError::Provider(_))), "{fault:?}");
            assert_eq!(scene.stripe_at().await, None, "{fault:?}");
        }
        let outcome = scene.send(at(22)).await.unwrap();
        assert!(matches!(outcome, CancellationOutcome::Sent | CancellationOutcome::Ended), "{fault:?}");
        assert!(scene.stripe_at().await.is_some());
        let voided: Vec<_> =
            scene.stripe.open_invoices().into_iter().map(|each| (each.id, each.status)).collect();
        assert_eq!(voided, [(invoice, "void".to_owned())], "{operation:?} {fault:?}");
        assert_eq!((ended(&scene), scene.cancelled()), (1, 0), "{operation:?} {fault:?}");
        let calls = scene.stripe.calls().len();
        assert_eq!(scene.send(at(23)).await.unwrap(), CancellationOutcome::Known);
        assert_eq!(scene.stripe.calls().len(), calls);
    }
}

#[tokio::test]
async fn an_open_invoice_is_voided_although_the_end_was_reported_first() {
    let scene = Scene::new().await;
    let invoice = owing(&scene).await;
    let over = Subscription { as_of: at(21), ended_at: Some(at(21)), ..scene.stored().await };
    assert!(scene.store.save_subscription(&over).await.unwrap());
    assert_eq!(scene.send(at(22)).await.unwrap(), CancellationOutcome::Ended);
    let invoices = scene.stripe.open_invoices();
    assert_eq!((invoices[0].id.as_str(), invoices[0].status.as_str()), (invoice.as_str(), "void"));
}

#[tokio::test]
async fn an_invoice_that_was_paid_a_moment_before_is_left() {
    let scene = Scene::new().await;
    owing(&scene).await;
    scene.stripe.plan(Operation::VoidInvoice, 1, Fault::Decline { code: "invoice_not_editable".to_owned() });
    assert_eq!(scene.send(at(22)).await.unwrap(), CancellationOutcome::Sent);
    assert!(scene.stripe_at().await.is_some());
}

#[tokio::test]
async fn a_cancellation_with_the_period_leaves_open_invoices_alone() {
    let scene = Scene::new().await;
    let owe = Owe { subscription: scene.id.as_str().to_owned() };
    scene.stripe.owe(&owe, &Emission::default()).unwrap();
    assert_eq!(scene.send(at(22)).await.unwrap(), CancellationOutcome::Sent);
    assert_eq!((scene.stripe.open_invoices()[0].status.as_str(), scene.cancelled()), ("open", 1));
}

#[tokio::test]
async fn a_schedule_is_released_before_its_subscription_is_cancelled() {
    let scene = Scene::new().await;
    let order = Schedule { subscription: scene.id.as_str().to_owned() };
    let made = scene.stripe.schedule(&order, &Emission::default()).unwrap();
    // Without its release, Stripe takes no cancellation.
    assert_eq!(scene.send(at(11)).await.unwrap(), CancellationOutcome::Declined);
    let events = scene.stripe.events();
    let body = &events.iter().find(|event| event.id == made.events[0]).unwrap().body;
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    let schedule = body["data"]["object"]["schedule"].as_str().unwrap().parse().unwrap();
    let report = SubscriptionReport { schedule: Some(schedule), ..Default::default() };
    let managed = Subscription { as_of: at(12), report, ..scene.stored().await };
    assert!(scene.store.save_subscription(&managed).await.unwrap());
    // The sweep announces it once more, under another key.
    scene.store.reschedule_report(&scene.stored().await, at(300)).await.unwrap();
    scene.stripe.plan(Operation::ReleaseSchedule, 1, Fault::TimeoutAfterActing);
    assert!(matches!(scene.send(at(300)).await, Err(CancellationError::Provider(_))));
    assert_eq!(scene.send(at(301)).await.unwrap(), CancellationOutcome::Sent);
    assert_eq!(scene.cancelled(), 1);
}
