//! I3: a restore to any moment, and the events since, lead to the same state.

use ledger::{AccountId, CustomerId, CustomerStore, SubscriptionId, SubscriptionStore, Timestamp};
use testkit::stand_in::{Cancel, End, Renew};

use crate::replays::{listed, replayed};
use crate::scene::{ACCOUNT, DAY_S, START_S, Scene, at, created};

/// The life of a subscription: created, checkout, invoice, renewal, cancellation, end.
struct Life {
    bodies: Vec<String>,
    customer: String,
    subscription: String,
}

fn life(scene: &Scene) -> Life {
    let (made, bodies) = scene.subscribe(0);
    let (customer, subscription) = (made.customer.unwrap(), made.subscription.unwrap());
    let renew = Renew { subscription: subscription.clone(), charged_at: None };
    let cancel = Cancel { subscription: subscription.clone(), at_period_end: true, at: None };
    let end = End { subscription: subscription.clone(), ended_at: None };
    let rest = [
        scene.stripe.renew(&renew, &created(30 * DAY_S)).unwrap(),
        scene.stripe.cancel(&cancel, &created(40 * DAY_S)).unwrap(),
        scene.stripe.end(&end, &created(60 * DAY_S)).unwrap(),
    ];
    let [checkout, begun, invoice] = bodies;
    let bodies = [begun, checkout, invoice]
        .into_iter()
        .chain(rest.iter().flat_map(|made| scene.bodies(made)))
        .collect();
    Life { bodies, customer, subscription }
}

/// Every order of `0..count` (Heap's algorithm).
pub(crate) fn permutations(count: usize) -> Vec<Vec<usize>> {
    let (mut order, mut counters, mut index) = ((0..count).collect::<Vec<_>>(), vec![0; count], 0);
    let mut all = vec![order.clone()];
    while index < count {
        if counters[index] < index {
            order.swap(if index % 2 == 0 { 0 } else { counters[index] }, index);
            all.push(order.clone());
            counters[index] += 1;
            index = 0;
        } else {
            counters[index] = 0;
            index += 1;
        }
    }
    all
}

/// All that customers and policies see of an account, without the order in which it came to be.
async fn state(scene: &Scene, ids: &Life, account: &str, own: &str) -> String {
    let stored = scene.account(account).await;
    let mut lots: Vec<_> = stored
        .lots
        .iter()
        .map(|lot| (lot.payment.as_ref(), &lot.kind, lot.granted_at, lot.expires_at, lot.available))
        .collect();
    lots.sort_by_key(|lot| lot.0);
    let renamed = |id: &str| id.replace(&prefix(&ids.customer), own);
    let subscription = SubscriptionId::new(renamed(&ids.subscription)).unwrap();
    let owner = AccountId::new(account).unwrap();
    let mut subscription = scene.tables.subscription(&owner, &subscription).await.unwrap().unwrap();
    // It is of the event's id, which is another one in each scene.
    subscription.report.rank = 0;
    let customer = CustomerId::new(renamed(&ids.customer)).unwrap();
    assert_eq!(scene.tables.account_of(&customer).await.unwrap(), AccountId::new(account).ok());
    let days = [59, 119, 120].map(|day| stored.balance(at(day * DAY_S)).unwrap());
    let text = format!("{lots:?} {:?} {subscription:?} {days:?}", stored.ended);
    text.replace(own, &prefix(&ids.customer)).replace(account, ACCOUNT)
}

/// What the stand-in's ids of one run have in common.
fn prefix(id: &str) -> String {
    id.split('_').next_back().unwrap()[..8].to_owned()
}

/// Tables that were restored know the events up to a moment. Stripe's list has all of them.
#[tokio::test]
async fn i3_a_restore_to_any_moment_and_the_list_of_events_lead_to_the_same_state() {
    let scene = Scene::new().await;
    let life = life(&scene);
    let now = Timestamp::from_s(START_S + 90 * DAY_S).unwrap();
    let mut expected = None;
    for restored in 0..=life.bodies.len() {
        let (account, own) = (format!("account-{restored}"), format!("{restored:08}"));
        let renamed = |body: &String| body.replace(&prefix(&life.customer), &own).replace(ACCOUNT, &account);
        let bodies: Vec<String> = life.bodies.iter().map(renamed).collect();
        for body in &bodies[..restored] {
            scene.send(body, Timestamp::from_s(START_S + 60).unwrap()).await;
        }
        for body in &bodies {
            listed(&scene, body, now).await;
        }
        // What waited for a later event of the list is applied after it.
        for parked in scene.parked().await {
            let outcome = replayed(&scene, &parked.id, 90 * DAY_S).await.outcome;
            assert!(["applied", "repeated"].contains(&outcome), "{restored}: {outcome}");
        }
        let state = state(&scene, &life, &account, &own).await;
        let expected = expected.get_or_insert_with(|| state.clone());
        assert_eq!(&state, expected, "{restored}");
    }
}
