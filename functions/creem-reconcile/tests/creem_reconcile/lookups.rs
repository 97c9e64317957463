//! Lookups: what is fetched is stored beside its event, and the webhook is asked for it.

use creem_reconcile::{LookupSummary, SOUGHT_S};
use serde_json::{Value, json};

use crate::world::World;

const FETCHED: LookupSummary = LookupSummary { fetched: 1, waiting: 0, settled: 0 };
const WAITING: LookupSummary = LookupSummary { fetched: 0, waiting: 1, settled: 0 };
const SETTLED: LookupSummary = LookupSummary { fetched: 0, waiting: 0, settled: 1 };

/// A completed checkout of a pack that does not name its transaction, as Creem's sample has it.
fn checkout() -> Value {
    json!({
        "id": "evt_1", "eventType": "checkout.completed", "created_at": 1_793_491_200_000_i64,
        "object": {
            "id": "ch_1", "mode": "test", "product": "prod_1",
            "order": {"id": "ord_1", "status": "paid", "type": "onetime", "currency": "EUR"},
        },
    })
}

fn transaction(id: &str, status: &str) -> Value {
    json!({
        "id": id, "mode": "test", "order": "ord_1", "status": status, "type": "payment",
        "amount": 1_000, "amount_paid": 1_210, "currency": "EUR", "created_at": 1_793_491_200_000_i64,
        "customer": {"id": "cust_1", "email": "ann@example.com"},
    })
}

async fn fetched(world: &World) -> Value {
    let parked = world.tables().parked_event("evt_1").await.unwrap().unwrap();
    parked.fetched.map_or(Value::Null, |fetched| serde_json::from_slice(&fetched).unwrap())
}

#[tokio::test]
async fn the_transaction_of_an_order_is_fetched_once_and_the_webhook_is_asked_until_it_answers() {
    let world = World::new().await;
    world.park("evt_1", checkout()).await;
    world.has(transaction("tran_1", "paid"));
    // An attempt that was declined paid nothing.
    world.has(transaction("tran_0", "declined"));
    assert_eq!(world.stream("evt_1", 1).await, FETCHED);
    let found = fetched(&world).await;
    assert_eq!((&found["id"], &found["amount_paid"]), (&json!("tran_1"), &json!(1_210)));
    assert_eq!(found["customer"], "cust_1");
    assert_eq!((world.asked(), world.replayed()), (vec!["ord_1".to_owned()], vec!["evt_1".to_owned()]));
    assert_eq!(world.due().await, Vec::<i64>::new());

    // The stream brings the record again where the webhook has failed, and one of an event that was applied.
    assert_eq!(world.stream("evt_1", 2).await, FETCHED);
    world.tables().unpark(&world.tables().parked_event("evt_1").await.unwrap().unwrap()).await.unwrap();
    assert_eq!(world.stream("evt_1", 3).await, SETTLED);
    assert_eq!((world.asked(), world.replayed()), (Vec::new(), vec!["evt_1".to_owned()]));
}

#[tokio::test]
async fn what_creem_does_not_know_yet_is_looked_for_again_and_then_a_persons() {
    let world = World::new().await;
    world.park("evt_1", checkout()).await;
    world.has(transaction("tran_1", "pending"));
    assert_eq!(world.stream("evt_1", 0).await, WAITING);
    assert_eq!(world.due().await, [60]);
    // Each look that finds nothing makes the next one later, up to an hour.
    for (second, next) in [(60, 120), (120, 240), (7_200, 10_800)] {
        let status = world.tick(second).await;
        assert_eq!((status.read, status.waiting), (1, 1), "{second}");
        assert_eq!(world.due().await, [next]);
    }
    world.has(transaction("tran_1", "paid"));
    world.tick(10_800).await;
    assert_eq!(fetched(&world).await["id"], "tran_1");
    assert_eq!((world.replayed(), world.due().await), (vec!["evt_1".to_owned()], Vec::new()));

    let world = World::new().await;
    world.park("evt_1", checkout()).await;
    world.stream("evt_1", 0).await;
    assert_eq!(world.tick(SOUGHT_S).await.given_up, 1);
    let parked = world.tables().parked_event("evt_1").await.unwrap().unwrap();
    assert_eq!((parked.lookup_at, parked.fetched), (None, None));
    assert_eq!((world.replayed(), world.due().await), (Vec::new(), Vec::new()));
}

#[tokio::test]
async fn of_two_payments_of_an_order_none_is_guessed() {
    let world = World::new().await;
    world.park("evt_1", checkout()).await;
    for id in ["tran_1", "tran_2"] {
        world.has(transaction(id, "paid"));
    }
    assert_eq!(world.stream("evt_1", 0).await, WAITING);
    assert_eq!((fetched(&world).await, world.replayed()), (Value::Null, Vec::new()));
}

#[tokio::test]
async fn an_outage_of_creem_leaves_the_lookup_to_its_watch() {
    let world = World::new().await;
    let parked = world.park("evt_1", checkout()).await;
    world.has(transaction("tran_1", "paid"));
    world.trouble(Some("down"));
    assert_eq!(world.stream("evt_1", 0).await, WAITING);
    assert_eq!(world.tick(60).await.failed, 1);
    assert_eq!(world.tables().parked_event("evt_1").await.unwrap(), Some(parked));
    world.trouble(None);
    world.tick(120).await;
    assert_eq!((fetched(&world).await["id"].clone(), world.replayed().len()), (json!("tran_1"), 1));
}

#[tokio::test]
async fn a_subscriptions_event_without_its_payment_is_completed_by_the_subscription() {
    let world = World::new().await;
    let event = json!({
        "id": "evt_1", "eventType": "subscription.paid", "created_at": 1_793_491_200_000_i64,
        "object": {"id": "sub_1", "mode": "test", "product": "prod_1", "status": "active"},
    });
    world.park("evt_1", event).await;
    world.has(json!({"id": "sub_1", "mode": "test", "last_transaction_id": "tran_1", "status": "active"}));
    world.has(transaction("tran_1", "paid"));
    assert_eq!(world.stream("evt_1", 0).await, FETCHED);
    assert_eq!(
        (fetched(&world).await["id"].clone(), world.asked()),
        (json!("tran_1"), vec!["sub_1".to_owned(), "tran_1".to_owned(),])
    );
}

#[tokio::test]
async fn an_event_that_lacks_nothing_that_can_be_fetched_stays_parked() {
    let world = World::new().await;
    let event = json!({
        "id": "evt_1", "eventType": "subscription.active", "created_at": 1_793_491_200_000_i64,
        "object": {"id": "sub_1", "mode": "test"},
    });
    world.park("evt_1", event).await;
    assert_eq!(world.stream("evt_1", 0).await, SETTLED);
    let parked = world.tables().parked_event("evt_1").await.unwrap().unwrap();
    assert_eq!((parked.lookup_at, world.replayed(), world.due().await), (None, Vec::new(), Vec::new()));
}
