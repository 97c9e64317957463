//! Money behind parked events: the sweep reports how long the oldest has waited without a case.

use expiry_sweep::handle;
use ledger::contract::at;
use ledger::{Currency, Money};
use ledger_dynamodb::{Parked, ParkedDrop, ParkedSubject};
use serde_json::Value;

use crate::scene::{Scene, tick};

/// The age that a run reports, in milliseconds.
async fn age_ms(scene: &Scene, second: u64) -> u64 {
    let invocation = tick(at(second), at(second));
    handle(&scene.sweep, &invocation).await.unwrap();
    let lines = invocation.metrics().take_lines(at(second));
    let reported = lines.iter().find_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["ParkedMoneyAge"][0].as_u64()
    });
    reported.expect("every run reports it")
}

#[tokio::test]
async fn money_that_nobody_has_answered_is_reported_by_its_age() {
    let scene = Scene::new().await;
    assert_eq!(age_ms(&scene, 60).await, 0);
    let paid = Some(Money::new(900, Currency::new("usd").unwrap()));
    let about = ParkedSubject { paid, ..ParkedSubject::default() };
    let parked = Parked { about, ..Parked::new("evt_1", "account_unknown", at(100), b"{}") };
    scene.tables.park(&parked).await.unwrap();
    assert_eq!(age_ms(&scene, 3_800).await, 3_700_000);
    // Its case is open, and has clocks of its own.
    let case = Some("rr_1".parse().unwrap());
    let about = ParkedSubject { case, ..parked.about.clone() };
    scene.tables.keep_parked(&parked, &Parked { about, ..parked.clone() }).await.unwrap();
    assert_eq!(age_ms(&scene, 3_900).await, 0);
    // A dispute whose payment nobody knows has no case, and waits for a person's word.
    let about = ParkedSubject { goes_back: true, ..ParkedSubject::default() };
    let disputed = Parked { about, ..Parked::new("evt_2", "payment_unknown", at(4_000), b"{}") };
    scene.tables.park(&disputed).await.unwrap();
    assert_eq!(age_ms(&scene, 8_000).await, 4_000_000);
    let dropped = Some(ParkedDrop { reason: "sold before".to_owned(), by: "ann".to_owned(), at: at(8_100) });
    scene.tables.keep_parked(&disputed, &Parked { dropped, ..disputed.clone() }).await.unwrap();
    assert_eq!(age_ms(&scene, 8_200).await, 0);
}
