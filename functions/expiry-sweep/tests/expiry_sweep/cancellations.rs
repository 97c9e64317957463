//! Confirmed cancellations that Stripe does not know of.

use expiry_sweep::handle;
use ledger::contract::at;
use ledger::{
    CancellationStore, Channel, Confirmation, Provider, Subscription, SubscriptionId, SubscriptionStore,
};

use crate::scene::{Scene, id, tick};

/// A subscription of `name` whose cancellation is confirmed at `second`.
pub(crate) async fn confirmed(scene: &Scene, name: &str, second: u64) -> Subscription {
    let subscription = Subscription {
        provider: Provider::Stripe,
        id: SubscriptionId::new(format!("sub_{name}")).unwrap(),
        account: id(name),
        as_of: at(0),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: None,
        cancels_at: None,
        ended_at: None,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    assert!(scene.tables.save_subscription(&subscription).await.unwrap());
    let confirmation = Confirmation {
        at: at(second),
        channel: Channel::Customer,
        effective_at: None,
        stripe_at: None,
        announced: 0,
    };
    assert!(scene.tables.confirm_cancellation(&subscription, &confirmation).await.unwrap());
    scene.tables.subscription(&id(name), &subscription.id).await.unwrap().unwrap()
}

impl Scene {
    pub(crate) fn take_announced(&self) -> Vec<String> {
        self.queue.take_announced()
    }
}

#[tokio::test]
async fn a_confirmed_cancellation_is_announced_until_stripe_knows() {
    let scene = Scene::new().await;
    let subscription = confirmed(&scene, "a", 0).await;
    scene.queue.refuse(true);
    let status = scene.run(at(300)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (1, 0, 1));
    scene.queue.refuse(false);
    for (now, done) in [(600, 1), (899, 0), (900, 1), (1499, 0), (1500, 1)] {
        assert_eq!(scene.run(at(now)).await.done, done, "{now}");
    }
    assert_eq!(scene.take_announced(), ["a sub_a", "a sub_a", "a sub_a"]);
    scene.tables.mark_reported(&subscription, at(1501)).await.unwrap();
    // A run that had read it before leaves it as it is.
    scene.tables.reschedule_report(&subscription, at(1502)).await.unwrap();
    assert_eq!(scene.run(at(9000)).await.looked_at, 0);
}

#[tokio::test]
async fn people_are_called_after_a_day_and_stripe_is_asked_once_a_day() {
    let scene = Scene::new().await;
    confirmed(&scene, "a", 0).await;
    let mut called = Vec::new();
    let mut second = 300;
    for wait in [300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 76_800, 86_400, 86_400] {
        let invocation = tick(at(second), at(second));
        assert_eq!(handle(&scene.sweep, &invocation).await.unwrap().done, 1, "{second}");
        let metrics = invocation.metrics().take_lines(at(second));
        if metrics.iter().any(|line| line.contains("CancellationsLeftToPeople")) {
            called.push(second);
        }
        second += wait;
        assert_eq!(scene.run(at(second - 1)).await.done, 0, "{second}");
    }
    assert_eq!(called, [76_800, 153_600, 240_000]);
    assert_eq!(scene.take_announced().len(), 11);
}

#[tokio::test]
async fn a_page_of_cancellations_that_stripe_declines_hides_no_other() {
    let scene = Scene::new().await;
    for number in 0..100 {
        confirmed(&scene, &format!("old{number}"), 0).await;
    }
    assert_eq!(scene.run(at(300)).await.done, 100);
    confirmed(&scene, "new", 310).await;
    // Those that Stripe declined are due again as well, and behind it at the latest at the next run.
    scene.run(at(610)).await;
    scene.run(at(910)).await;
    let announced = scene.take_announced();
    assert_eq!(announced.iter().filter(|each| *each == "new sub_new").count(), 1, "{}", announced.len());
}
