//! Payouts that are stuck.

use ledger::contract::{NoPause, at};
use ledger::{Actor, LedgerStore, PaymentId, PaymentStore, RefundId, SubscriptionId, Timestamp};
use policy::{Facts, InForce, Reason, decide};
use refunds::{
    ActionSource, ApprovalContext, ApprovalOutcome, Case, ChosenTerms, PlanEnd, Quote, QuoteInputs,
    RefundRequest, RefundSighting, RefundStatus, RequestStore, Review, ReviewOutcome, ReviewVerdict, Save,
    SaveOutcome, SightingOutcome, approve, fingerprint, request_id,
};

use crate::scene::{DAY_S, Scene, id};

/// A request of `now` for a pack's money that a person has approved; its message was lost.
async fn approved(scene: &Scene, name: &str, now: Timestamp) -> RefundRequest {
    scene.grant(name, &format!("pi_{name}"), None, now).await;
    let payment = PaymentId::new(format!("pi_{name}")).unwrap();
    let payment = scene.tables.payment(&payment).await.unwrap().unwrap();
    let InForce::Version(document) = policy_documents::documents().in_force("music-studio", now.as_ms())
    else {
        panic!("the policy is in force")
    };
    let case = Case {
        occasion: None,
        payment: Some(payment.id.clone()),
        generation: None,
        reason: Reason::Other,
        note: String::new(),
        fingerprint: fingerprint(&["key-1"]),
        facts: Facts::new(),
        decision: decide(document, &Facts::new(), Reason::Other, now.as_ms()),
    };
    let mut request =
        RefundRequest::open((request_id(&id(name), "key-1"), id(name)), Actor::Customer, case, document, now);
    let save = Save { request: request.clone(), commit: None, refunded: None };
    scene.tables.save(&save).await.unwrap();
    let review = Review {
        verdict: ReviewVerdict::Approve,
        reason: "agreed".to_owned(),
        ground: None,
        chosen: ChosenTerms::default(),
        quote: None,
        overrides: false,
    };
    let reviewer = Actor::Support("support-1".to_owned());
    let call = ActionSource { by: reviewer.clone(), at: now, fingerprint: fingerprint(&["review"]) };
    let head = scene.tables.head(&id(name)).await.unwrap();
    let standing = QuoteInputs {
        document,
        payment: Some(&payment),
        unrecorded: None,
        subscription: None,
        head: head.as_ref(),
        now,
    };
    let quote = Quote::of_money(&payment, payment.paid, ChosenTerms::default(), &standing);
    let Ok(ReviewOutcome::Pay(quote)) = request.review(call, review, Some(quote)) else {
        panic!("it is approved")
    };
    request.keep_time(Some(document));
    let grounds = ApprovalContext::of(document, reviewer);
    let saved = approve(&scene.tables, &NoPause, &request, &quote, grounds, now).await.unwrap();
    let ApprovalOutcome::Saved(request) = saved else { panic!("{saved:?}") };
    *request
}

async fn stored(scene: &Scene, request: &RefundRequest) -> RefundRequest {
    scene.tables.request(&request.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_stuck_payout_is_announced_again_and_again_until_it_moves() {
    let scene = Scene::new().await;
    let request = approved(&scene, "a", at(0)).await;
    let announced = || scene.queue.announced().len();
    for (second, done, expected) in [(300, 0, 0), (600, 1, 1), (900, 0, 1), (1200, 1, 2)] {
        assert_eq!((scene.run(at(second)).await.done, announced()), (done, expected), "{second}");
    }
    assert_eq!(scene.queue.announced()[0], request.id.as_str());
    let moved = stored(&scene, &request).await;
    assert_eq!(moved.version(), request.version() + 2);
    let mut moved = moved.restored_with(|progress| progress.fulfilment.due_at = None);
    moved.count_save();
    scene.tables.save(&Save { request: moved, commit: None, refunded: None }).await.unwrap();
    assert_eq!(scene.run(at(9000)).await.looked_at, 0);
}

#[tokio::test]
async fn s3_18_a_plan_that_is_to_end_is_announced_at_growing_intervals_until_it_has_ended() {
    let scene = Scene::new().await;
    let request = approved(&scene, "a", at(0)).await;
    let ends = PlanEnd::of(SubscriptionId::new("sub_1").unwrap());
    let mut request =
        request.restored_with(|progress| progress.fulfilment.payout.as_mut().unwrap().ends = Some(ends));
    request.ask(0, at(1), false).unwrap();
    let seen = RefundSighting {
        id: RefundId::new("re_1").unwrap(),
        payment: PaymentId::new("pi_a").unwrap(),
        amount: request.payout().unwrap().amount(),
        status: RefundStatus::Succeeded,
        failure: None,
    };
    assert_eq!(request.observe(&seen, at(2)), SightingOutcome::Moved);
    request.count_save();
    let save = Save { request, commit: None, refunded: None };
    assert_eq!(scene.tables.save(&save).await.unwrap(), SaveOutcome::Written);
    let announced = || scene.queue.announced().len();
    for (second, expected) in [(601, 0), (602, 1), (1201, 1), (1202, 2), (2401, 2), (2402, 3)] {
        scene.run(at(second)).await;
        assert_eq!(announced(), expected, "{second}");
    }
    let mut ended = stored(&scene, &save.request).await;
    assert!(ended.plan_ended(None, at(2500)));
    ended.count_save();
    scene.tables.save(&Save { request: ended, commit: None, refunded: None }).await.unwrap();
    scene.run(at(9000)).await;
    assert_eq!(announced(), 3);
}

#[tokio::test]
async fn a_payout_that_cannot_be_announced_stays_due_and_stops_nothing() {
    let scene = Scene::new().await;
    let request = approved(&scene, "a", at(0)).await;
    scene.grant("b", "pi_b", None, at(0)).await;
    scene.hold("b", "g1", at(0)).await;
    scene.queue.refuse(true);
    let status = scene.run(at(3300)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (2, 1, 1));
    assert_eq!(stored(&scene, &request).await.version(), request.version());
    scene.queue.refuse(false);
    assert_eq!(scene.run(at(3600)).await.done, 1);
}

#[tokio::test]
async fn a_run_for_a_day_to_come_does_not_put_payouts_off() {
    let scene = Scene::new().await;
    let request = approved(&scene, "a", at(0)).await;
    assert_eq!(scene.run_for(at(60 * DAY_S), at(60)).await.unwrap().done, 0);
    assert_eq!(scene.queue.announced().len(), 0);
    assert_eq!(stored(&scene, &request).await.due_at(), request.due_at());
    assert_eq!(scene.run(at(600)).await.done, 1);
}
