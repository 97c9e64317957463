//! Confirmed changes of plan that Stripe has not answered.

use ledger::contract::at;
use ledger::{
    ChangeTiming, Channel, Currency, Money, PlanChange, PlanChangeStore, PlanOrder, SubscriptionId,
};

use crate::scene::{DAY_S, Scene, id};

async fn confirmed(scene: &Scene, name: &str) -> PlanChange {
    let change = PlanChange {
        account: id(name),
        subscription: SubscriptionId::new(format!("sub_{name}")).unwrap(),
        at: at(0),
        channel: Channel::Customer,
        order: PlanOrder {
            item: "si_1".to_owned(),
            price: "price_premier_monthly".to_owned(),
            quantity: 1,
            months: 1,
            timing: ChangeTiming::AtOnce,
            prorated_at: at(0),
            charged: Money::new(1000, Currency::new("usd").unwrap()),
            period_ends_at: at(30 * DAY_S),
            confirmation: "shown".to_owned(),
        },
        replaces: None,
        stripe_at: None,
        declined: None,
        announced: 0,
    };
    assert!(scene.tables.confirm_plan_change(None, &change).await.unwrap());
    change
}

#[tokio::test]
async fn a_confirmed_change_of_plan_is_announced_until_stripe_has_answered() {
    let scene = Scene::new().await;
    let change = confirmed(&scene, "a").await;
    scene.queue.refuse(true);
    let status = scene.run(at(300)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (1, 0, 1));
    scene.queue.refuse(false);
    for (now, done) in [(299, 0), (600, 1), (899, 0), (900, 1), (1499, 0), (1500, 1)] {
        assert_eq!(scene.run(at(now)).await.done, done, "{now}");
    }
    assert_eq!(scene.queue.take_announced(), ["change a sub_a"; 3]);
    let declined = Some("card_declined".to_owned());
    scene.tables.settle_plan_change(&PlanChange { declined, ..change.clone() }).await.unwrap();
    // A run that had read it before leaves it as it is.
    scene.tables.reschedule_plan_change(&change, at(1502)).await.unwrap();
    assert_eq!(scene.run(at(9000)).await.looked_at, 0);
}
