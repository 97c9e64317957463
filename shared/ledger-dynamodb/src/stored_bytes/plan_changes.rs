//! The stored form of confirmed changes of plan.

use ledger::contract::at;
use ledger::{ChangeTiming, Channel, Currency, Money, PlanAhead, PlanChange, PlanChangeStore, PlanOrder};

use super::{dump, id};
use crate::in_process;

#[tokio::test]
async fn changes_of_plan_keep_their_bytes() {
    let (tables, _) = in_process::tables().await;
    let confirmed = |name: &str, timing, channel| PlanChange {
        account: id("customer-1"),
        subscription: id(name),
        at: at(50),
        channel,
        order: PlanOrder {
            item: "si_1".to_owned(),
            price: "price_2".to_owned(),
            quantity: 2,
            months: 1,
            timing,
            prorated_at: at(40),
            charged: Money::new(1000, Currency::new("usd").unwrap()),
            period_ends_at: at(100),
            confirmation: "shown".to_owned(),
        },
        replaces: None,
        stripe_at: None,
        declined: None,
        announced: 0,
    };
    let open = confirmed("sub_open", ChangeTiming::AtOnce, Channel::Customer);
    let made = confirmed("sub_made", ChangeTiming::AtPeriodEnd, Channel::Support);
    let declined = confirmed("sub_declined", ChangeTiming::Kept, Channel::Customer);
    let ahead = |stripe_at| PlanAhead {
        price: "price_1".to_owned(),
        quantity: 3,
        period_ends_at: at(100),
        stripe_at,
    };
    let declined = PlanChange { replaces: Some(ahead(Some(at(30)))), ..declined };
    let unsent = PlanChange {
        replaces: Some(ahead(None)),
        ..confirmed("sub_unsent", ChangeTiming::AtOnce, Channel::Customer)
    };
    for change in [&open, &made, &declined, &unsent] {
        assert!(tables.confirm_plan_change(None, change).await.unwrap());
        assert!(!tables.confirm_plan_change(None, change).await.unwrap(), "one is recorded");
    }
    tables.reschedule_plan_change(&open, at(900)).await.unwrap();
    let stored = [
        PlanChange { stripe_at: Some(at(80)), ..unsent },
        PlanChange { announced: 1, ..open },
        PlanChange { stripe_at: Some(at(60)), ..made },
        PlanChange { declined: Some("card_declined".to_owned()), ..declined },
    ];
    for change in &stored {
        tables.settle_plan_change(change).await.unwrap();
        let read = tables.plan_change(&change.account, &change.subscription).await.unwrap();
        assert_eq!(read.as_ref(), Some(change));
    }
    let fixture = include_str!("../../tests/stored/plan_change.txt");
    assert_eq!(dump(&tables, &["ACCOUNT#customer-1/PLAN_CHANGE#"]).await, fixture);
    // What is settled is not settled again, and gives way to another change.
    let [_, open, made, _] = &stored;
    let again = PlanChange { declined: Some("lapsed".to_owned()), stripe_at: None, ..made.clone() };
    tables.settle_plan_change(&again).await.unwrap();
    assert_eq!(tables.plan_change(&made.account, &made.subscription).await.unwrap().as_ref(), Some(made));
    let later = PlanChange { at: at(70), ..confirmed("sub_made", made.order.timing, made.channel) };
    assert!(tables.confirm_plan_change(Some(made), &later).await.unwrap());
    assert!(!tables.confirm_plan_change(Some(made), &later).await.unwrap());
    let due = tables.unreported_plan_changes(at(900), 10).await.unwrap();
    let due: Vec<&str> = due.iter().map(|each| each.subscription.as_str()).collect();
    assert_eq!(due, ["sub_made", open.subscription.as_str()]);
}
