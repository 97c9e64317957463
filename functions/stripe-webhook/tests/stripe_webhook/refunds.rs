//! Refunds as Stripe reports them: ours, in any order, and those that nobody asked us for.

use ledger::contract::NoPause;
use ledger::{Actor, LedgerStore, Payment, PaymentId, PaymentStore};
use policy::{Facts, InForce, Reason, decide};
use refunds::{
    ActionSource, ApprovalContext, ApprovalOutcome, Case, ChosenTerms, Quote, QuoteInputs, RefundRequest,
    RequestStore, Review, ReviewOutcome, ReviewVerdict, Save, State, approve, fingerprint, request_id,
};
use serde_json::{Value, json};
use testkit::stand_in::{DashboardRefund, Made, SettleRefund, SettledStatus};

use crate::disputes::dispute;
use crate::scene::{ACCOUNT, DAY_S, Scene, at, created};

async fn payment(scene: &Scene, made: &Made) -> Payment {
    let id = PaymentId::new(made.payment.clone().unwrap()).unwrap();
    scene.tables.payment(&id).await.unwrap().unwrap()
}

/// A request for the pack's money that a person approved and for which Stripe is being asked.
async fn paying(scene: &Scene, made: &Made) -> RefundRequest {
    let payment = payment(scene, made).await;
    let InForce::Version(document) = policy_documents::documents().in_force("music-studio", at(0).as_ms())
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
        decision: decide(document, &Facts::new(), Reason::Other, at(10).as_ms()),
    };
    let whose = (request_id(&payment.account, "key-1"), payment.account.clone());
    let mut request = RefundRequest::open(whose, Actor::Customer, case, document, at(10));
    assert_eq!(request.state(), State::InReview);
    let save = Save { request: request.clone(), commit: None, refunded: None };
    scene.tables.save(&save).await.unwrap();
    let reviewer = Actor::Support("support-1".to_owned());
    let standing = QuoteInputs {
        document,
        payment: Some(&payment),
        unrecorded: None,
        subscription: None,
        head: None,
        now: at(20),
    };
    let head = scene.tables.head(&payment.account).await.unwrap();
    let quote = Quote::of_money(
        &payment,
        payment.paid,
        ChosenTerms::default(),
        &QuoteInputs { head: head.as_ref(), ..standing },
    );
    let review = Review {
        verdict: ReviewVerdict::Approve,
        reason: "agreed".to_owned(),
        ground: None,
        chosen: ChosenTerms::default(),
        quote: None,
        overrides: false,
    };
    let call = ActionSource { by: reviewer.clone(), at: at(20), fingerprint: fingerprint(&["review"]) };
    let Ok(ReviewOutcome::Pay(quote)) = request.review(call, review, Some(quote)) else {
        panic!("it is approved")
    };
    let grounds = ApprovalContext::of(document, reviewer);
    let approved = approve(&scene.tables, &NoPause, &request, &quote, grounds, at(20)).await.unwrap();
    let ApprovalOutcome::Saved(request) = approved else { panic!("{approved:?}") };
    let mut request = *request;
    request.ask(0, at(21), false).unwrap();
    request.count_save();
    scene.tables.save(&Save { request: request.clone(), commit: None, refunded: None }).await.unwrap();
    request
}

/// The events of a refund of our request: made and pending, succeeded, failed.
fn events(scene: &Scene, made: &Made, request: &RefundRequest) -> [String; 3] {
    let order = DashboardRefund { payment: made.payment.clone().unwrap(), amount: None };
    let refund = scene.stripe.dashboard_refund(&order, &created(30)).unwrap();
    let settle = |status, second| {
        let order = SettleRefund { refund: refund.refund.clone().unwrap(), status, failure_reason: None };
        scene.stripe.settle_refund(&order, &created(second)).unwrap()
    };
    let all = [settle(SettledStatus::Succeeded, 40), settle(SettledStatus::Failed, 7 * DAY_S)];
    let ours = |id: &String| {
        let mut event: Value = serde_json::from_str(&scene.body(id)).unwrap();
        event["data"]["object"]["metadata"] = json!({"refund_request": request.id.as_str()});
        event.to_string()
    };
    [ours(refund.events.last().unwrap()), ours(&all[0].events[0]), ours(&all[1].events[0])]
}

async fn state(scene: &Scene, request: &RefundRequest) -> State {
    scene.tables.request(&request.id).await.unwrap().unwrap().state()
}

async fn bought(scene: &Scene) -> Made {
    let (made, body) = scene.pack(0);
    scene.send(&body, at(0)).await;
    made
}

#[tokio::test]
async fn b4_a_success_before_its_creation_is_one_success() {
    let scene = Scene::new().await;
    let made = bought(&scene).await;
    let request = paying(&scene, &made).await;
    assert_eq!(scene.available(at(25)).await, 0);
    let [pending, succeeded, _] = events(&scene, &made, &request);
    for (body, expected) in [(&succeeded, "applied"), (&pending, "repeated"), (&succeeded, "repeated")] {
        assert_eq!(scene.send(body, at(50)).await.says, expected);
        assert_eq!(state(&scene, &request).await, State::Refunded);
    }
    assert_eq!(payment(&scene, &made).await.refunded_minor, 900);
    assert_eq!(scene.available(at(50)).await, 0);
}

#[tokio::test]
async fn e9_a_pending_refund_that_fails_gives_the_credits_back_once() {
    let scene = Scene::new().await;
    let made = bought(&scene).await;
    let request = paying(&scene, &made).await;
    let [pending, _, failed] = events(&scene, &made, &request);
    for (body, expected) in
        [(&pending, "applied"), (&failed, "applied"), (&failed, "repeated"), (&pending, "repeated")]
    {
        assert_eq!(scene.send(body, at(50)).await.says, expected);
    }
    assert_eq!(state(&scene, &request).await, State::Failed);
    assert_eq!((scene.available(at(50)).await, payment(&scene, &made).await.refunded_minor), (100, 0));
}

#[tokio::test]
async fn e10_a_refund_that_fails_a_week_after_its_success_gives_the_credits_back_once() {
    let scene = Scene::new().await;
    let made = bought(&scene).await;
    let request = paying(&scene, &made).await;
    let [pending, succeeded, failed] = events(&scene, &made, &request);
    for body in [&pending, &succeeded, &failed] {
        assert_eq!(scene.send(body, at(7 * DAY_S)).await.says, "applied");
    }
    // Overtaken ones change nothing any more.
    for body in [&succeeded, &pending, &failed] {
        assert_eq!(scene.send(body, at(7 * DAY_S)).await.says, "repeated");
    }
    assert_eq!(state(&scene, &request).await, State::Failed);
    assert_eq!((scene.available(at(7 * DAY_S)).await, payment(&scene, &made).await.refunded_minor), (100, 0));
}

#[tokio::test]
async fn a_refund_of_ours_with_another_amount_is_parked() {
    let scene = Scene::new().await;
    let made = bought(&scene).await;
    let request = paying(&scene, &made).await;
    let [pending, _, _] = events(&scene, &made, &request);
    let less = |object: &mut Value| object["amount"] = json!(899);
    assert_eq!(scene.send_changed(&pending, at(50), less).await.says, "parked: refund_mismatch");
    assert_eq!(state(&scene, &request).await, State::Paying);
}

#[tokio::test]
async fn e11_a_refund_without_a_request_counts_on_its_payment_and_takes_its_credits() {
    let scene = Scene::new().await;
    let (made, pack) = scene.pack(0);
    let order = DashboardRefund { payment: made.payment.clone().unwrap(), amount: Some(400) };
    let refund = scene.stripe.dashboard_refund(&order, &created(30)).unwrap();
    let body = scene.body(refund.events.last().unwrap());
    let id = PaymentId::new(made.payment.clone().unwrap()).unwrap();
    assert!(!scene.tables.has_unrecorded_movement(&id).await.unwrap());
    // Before its payment is known, it may come again; that its money has moved is known from here on.
    assert_eq!(scene.send(&body, at(31)).await.status, 503);
    assert!(scene.tables.has_unrecorded_movement(&id).await.unwrap());
    assert_eq!(scene.send(&pack, at(32)).await.says, "applied");
    let reply = scene.send(&body, at(33)).await;
    assert_eq!((reply.says.as_str(), reply.counted("RefundsAdopted")), ("applied", true));
    assert_eq!(scene.send(&body, at(34)).await.says, "repeated");
    // Metadata that names no request of ours changes nothing about it.
    let forged = |object: &mut Value| object["metadata"] = json!({"refund_request": "rr_forged"});
    assert_eq!(scene.send_changed(&body, at(35), forged).await.says, "repeated");
    assert_eq!(payment(&scene, &made).await.refunded_minor, 400);
    // 44 of the 100 credits, rounded down, once.
    assert_eq!((scene.available(at(36)).await, scene.journal(ACCOUNT).await.len()), (56, 2));
    let settle =
        SettleRefund { refund: refund.refund.unwrap(), status: SettledStatus::Failed, failure_reason: None };
    let failed = scene.stripe.settle_refund(&settle, &created(40)).unwrap();
    assert_eq!(scene.send(&scene.body(&failed.events[0]), at(41)).await.says, "applied");
    assert_eq!((payment(&scene, &made).await.refunded_minor, scene.available(at(42)).await), (0, 100));
}

#[tokio::test]
async fn e12_a_refund_of_more_than_is_left_is_parked() {
    let scene = Scene::new().await;
    let made = bought(&scene).await;
    let request = paying(&scene, &made).await;
    let [pending, _, _] = events(&scene, &made, &request);
    let elsewhere = |object: &mut Value| object["metadata"] = json!({});
    assert_eq!(scene.send_changed(&pending, at(50), elsewhere).await.says, "parked: refund_exceeds");
    assert_eq!(payment(&scene, &made).await.refunded_minor, 900);
}

/// The same failure, which Stripe gives `reason` for.
fn failed_by(failed: &str, reason: &str) -> String {
    let mut event: Value = serde_json::from_str(failed).unwrap();
    event["data"]["object"]["failure_reason"] = json!(reason);
    event.to_string()
}

const BY_DISPUTE: &str = "charge_for_pending_refund_disputed";

#[tokio::test]
async fn e9_e13_a_refund_that_fails_because_the_bank_took_the_money_gives_nothing_back() {
    for (reason, reports) in [
        (BY_DISPUTE, ["lost", "failed"]),
        (BY_DISPUTE, ["failed", "lost"]),
        (BY_DISPUTE, ["needs_response", "failed"]),
        ("lost_or_stolen_card", ["lost", "failed"]),
    ] {
        let scene = Scene::new().await;
        let made = bought(&scene).await;
        let request = paying(&scene, &made).await;
        let [pending, _, failed] = events(&scene, &made, &request);
        let failed = failed_by(&failed, reason);
        assert_eq!(scene.send(&pending, at(50)).await.says, "applied");
        for each in reports {
            let reply = if each == "failed" {
                let reply = scene.send(&failed, at(60)).await;
                assert!(reply.counted("RefundsFailed"), "a person has to see it");
                reply
            } else {
                let payment = made.payment.as_ref().unwrap();
                scene.send(&dispute("closed", each, payment, 100), at(101)).await
            };
            assert_eq!(reply.says, "applied", "{reason} {reports:?}");
        }
        assert_eq!(scene.send(&failed, at(120)).await.says, "repeated");
        // The customer has the money: neither the credits nor the payment are free again.
        assert_eq!(state(&scene, &request).await, State::Failed);
        let left = (scene.available(at(120)).await, payment(&scene, &made).await.refunded_minor);
        assert_eq!(left, (0, 900), "{reason} {reports:?}");
        assert!(scene.tables.request(&request.id).await.unwrap().unwrap().waits_for_people());
    }
}

#[tokio::test]
async fn e14_a_dispute_that_is_won_gives_back_what_a_refund_that_failed_by_it_had_revoked() {
    for reports in
        [["needs_response", "failed", "won"], ["failed", "needs_response", "won"], ["won", "failed", "won"]]
    {
        let scene = Scene::new().await;
        let made = bought(&scene).await;
        let request = paying(&scene, &made).await;
        let [pending, _, failed] = events(&scene, &made, &request);
        let failed = failed_by(&failed, BY_DISPUTE);
        scene.send(&pending, at(50)).await;
        for (each, second) in reports.into_iter().zip([100, 200, 300]) {
            let body = match each {
                "failed" => failed.clone(),
                status => dispute("closed", status, made.payment.as_ref().unwrap(), second),
            };
            assert_eq!(scene.send(&body, at(400)).await.says, "applied", "{reports:?}");
        }
        assert_eq!(state(&scene, &request).await, State::Failed);
        let left = (scene.available(at(500)).await, payment(&scene, &made).await.refunded_minor);
        assert_eq!(left, (100, 0), "{reports:?}");
        // Once.
        let again = dispute("updated", "won", made.payment.as_ref().unwrap(), 500);
        scene.send(&again, at(600)).await;
        assert_eq!((scene.available(at(600)).await, payment(&scene, &made).await.refunded_minor), (100, 0));
    }
}
