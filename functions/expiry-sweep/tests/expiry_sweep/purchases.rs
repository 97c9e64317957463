//! Packs that are paid and whose credits do not land.

use ledger::contract::at;
use ledger::{Currency, Money, PaymentId, ProductId, Timestamp};
use policy::{Fact, Outcome, Reason};
use refunds::{ClockState, Request, RequestStore, State, Uncredited, UncreditedStore};

use crate::scene::{Scene, id};

const HOUR_S: u64 = 3_600;

/// A pack of `name` that was charged at `charged` and has not landed.
async fn paid(scene: &Scene, name: &str, charged: Timestamp) -> PaymentId {
    let payment = PaymentId::new(format!("pi_{name}")).unwrap();
    let noted = Uncredited {
        payment: payment.clone(),
        account: id(name),
        product: Some(ProductId::new("music-studio").unwrap()),
        paid: Money::new(900, Currency::new("usd").unwrap()),
        charged_at: charged,
        due_at: charged.plus_s(HOUR_S).unwrap(),
    };
    scene.tables.note_uncredited(&noted).await.unwrap();
    assert_eq!(scene.tables.uncredited(&payment).await.unwrap(), Some(noted));
    payment
}

async fn cases(scene: &Scene, name: &str) -> Vec<Request> {
    scene.tables.requests_of(&id(name), None, 10).await.unwrap()
}

#[tokio::test]
async fn s2_21_a_paid_pack_that_is_not_credited_within_the_hour_opens_its_own_case() {
    let scene = Scene::new().await;
    let payment = paid(&scene, "a", at(0)).await;
    for second in [HOUR_S - 300, HOUR_S] {
        assert_eq!(scene.run(at(second)).await.done, 0, "the last instant is inside");
    }
    let status = scene.run(at(HOUR_S + 300)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (1, 1, 0));
    let [case] = cases(&scene, "a").await.try_into().unwrap();
    assert_eq!((case.case.reason, case.case.payment.as_ref()), (Reason::CreditsMissing, Some(&payment)));
    // The customer has the choice, and nothing else is asked.
    let Outcome::NeedsInformation { missing } = &case.case.decision.outcome else { panic!("{case:#?}") };
    assert_eq!(missing.iter().map(|missing| missing.fact).collect::<Vec<_>>(), [Fact::RemedyChosen]);
    assert_eq!(case.state, State::NeedsInformation);
    let clock = case.clocks.iter().find(|clock| clock.id == "pack-credit").unwrap();
    assert_eq!((clock.due_at, clock.state(at(HOUR_S + 300))), (at(HOUR_S), ClockState::Breached));
    assert_eq!(scene.tables.uncredited(&payment).await.unwrap(), None);
    // The next run counts the broken promise, and later ones have nothing to do.
    assert_eq!(scene.run(at(HOUR_S + 600)).await.done, 1);
    assert_eq!(scene.run(at(HOUR_S + 900)).await.looked_at, 0);
}

#[tokio::test]
async fn s2_21_credits_that_landed_meanwhile_need_no_case() {
    let scene = Scene::new().await;
    let payment = paid(&scene, "a", at(0)).await;
    scene.grant("a", payment.as_str(), None, at(60)).await;
    assert_eq!(scene.run(at(HOUR_S + 300)).await.done, 1);
    assert_eq!(cases(&scene, "a").await, []);
    assert_eq!(scene.tables.uncredited(&payment).await.unwrap(), None);
}

#[tokio::test]
async fn a_purchase_has_one_case_however_often_it_is_noted_and_looked_at() {
    let scene = Scene::new().await;
    paid(&scene, "a", at(0)).await;
    paid(&scene, "a", at(0)).await;
    let now = at(HOUR_S + 300);
    futures_util::future::join_all((0..4).map(|_| scene.run(now))).await;
    // Stripe sends the event again.
    paid(&scene, "a", at(0)).await;
    scene.run(at(HOUR_S + 600)).await;
    assert_eq!(cases(&scene, "a").await.len(), 1);
}
