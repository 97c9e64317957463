//! The plan of the next period, where a change of plan was confirmed here.

use ledger::contract::at;
use ledger::{
    ChangeTiming, Channel, Money, PlanAhead, PlanChange, PlanChangeStore, PlanOrder, SubscriptionId,
};
use serde_json::{Value, json};
use testkit::http_event::HttpEvent;

use crate::cancelling::{NOW_S, ask, confirm, studio};
use crate::world::{CUSTOMER, DAY_S, World, account, answer};

/// The account's subscriptions.
async fn answered(world: &World, seconds: u64) -> (u16, Value) {
    let event = HttpEvent::new("GET /v1/accounts/{account}/subscriptions", at(seconds).as_s());
    answer(&world.call_at(&event.path("account", CUSTOMER).as_customer(CUSTOMER), at(seconds)).await)
}

#[tokio::test]
async fn s4_15_a_change_that_was_confirmed_is_the_next_plan_until_the_plan_is_cancelled() {
    let world = studio().await;
    let change = PlanChange {
        account: account(),
        subscription: SubscriptionId::new("sub_run").unwrap(),
        at: at(100),
        channel: Channel::Customer,
        order: PlanOrder {
            item: "si_1".to_owned(),
            price: "price_pro_monthly".to_owned(),
            quantity: 1,
            months: 1,
            timing: ChangeTiming::AtPeriodEnd,
            prorated_at: at(90),
            charged: Money::new(0, ledger::Currency::new("usd").unwrap()),
            period_ends_at: at(30 * DAY_S),
            confirmation: "shown".to_owned(),
        },
        replaces: None,
        stripe_at: None,
        declined: None,
        announced: 0,
    };
    assert!(world.app.store.confirm_plan_change(None, &change).await.unwrap());
    for (seconds, plan, next) in [
        (NOW_S, "premier", json!("pro")),
        (30 * DAY_S - 1, "premier", json!("pro")),
        (30 * DAY_S, "premier", Value::Null),
    ] {
        let (_, page) = answered(&world, seconds).await;
        let mut listed = page["subscriptions"].as_array().unwrap().iter();
        let listed = listed.find(|each| each["subscription"] == "sub_run").unwrap();
        assert_eq!((&listed["plan"], &listed["next_plan"]), (&json!(plan), &next), "{seconds}");
    }
    // An upgrade that was declined leaves it as it was.
    let declined = PlanChange {
        at: at(200),
        order: PlanOrder {
            price: "price_premier_monthly".to_owned(),
            quantity: 2,
            timing: ChangeTiming::AtOnce,
            ..change.order.clone()
        },
        replaces: Some(PlanAhead {
            price: "price_pro_monthly".to_owned(),
            quantity: 1,
            period_ends_at: at(30 * DAY_S),
            stripe_at: None,
        }),
        declined: Some("card_declined".to_owned()),
        ..change.clone()
    };
    let store = &world.app.store;
    assert!(store.confirm_plan_change(Some(&change), &declined).await.unwrap());
    store.settle_plan_change(&declined).await.unwrap();
    let (_, shown) = ask(&world, NOW_S).await;
    assert_eq!(shown["next_plan"], "pro");
    let (_, done) = confirm(&world, &shown["confirmation"], NOW_S).await;
    assert_eq!(done["next_plan"], Value::Null);
}
