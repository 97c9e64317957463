//! Cases that open themselves: each from the records, once, and as if the customer had filed it.

use ledger::contract::{NoPause, at, grant};
use ledger::{
    Answer, Buyer, Command, Credits, Currency, Dispute, DisputeId, Grant, Money, PaymentId, PaymentKind,
    PaymentStore, PolicyRef, ProductId, Provider, RefundId, Subscriber, Subscription, SubscriptionId,
    SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{AdoptionOutcome, ExternalRefund};
use policy::{Fact, FailureKind, Outcome, Reason, Recommendation};
use policy_documents::documents;
use refunds::{
    Charge, ClockState, Lead, LeadStore, LeadSubject, Pack, RefundRequest, RequestStore, Save, SaveOutcome,
    State, UncreditedPurchase,
};

use crate::scene::{DAY_S, Scene, id};

const HOUR_S: u64 = 3_600;

/// A lead of `name`'s, noted at `since` and due an hour later.
fn lead(name: &str, subject: LeadSubject, since: Timestamp) -> Lead {
    Lead { account: id(name), subject, since, due_at: Some(since.plus_s(HOUR_S).unwrap()) }
}

fn payment_id(name: &str) -> PaymentId {
    PaymentId::new(name).unwrap()
}

/// A pack of `name` that was charged at `charged` and has not landed.
async fn uncredited(scene: &Scene, name: &str, charged: Timestamp) -> PaymentId {
    let payment = payment_id(&format!("pi_{name}"));
    let subject = LeadSubject::Uncredited(UncreditedPurchase {
        payment: payment.clone(),
        product: Some(ProductId::new("music-studio").unwrap()),
        pack: Some(Pack { price: "price_pack_100".to_owned(), credits: Credits::new(100).unwrap() }),
        charge: None,
        paid: Money::new(900, Currency::new("usd").unwrap()),
        charged_at: charged,
        buyer: Buyer::default(),
    });
    let due_at = charged.plus_s(HOUR_S).unwrap();
    let noted = Lead { account: id(name), subject, since: due_at, due_at: Some(due_at) };
    scene.tables.note(&noted).await.unwrap();
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), Some(noted));
    payment
}

async fn cases(scene: &Scene, name: &str) -> Vec<RefundRequest> {
    scene.tables.requests_of(&id(name), None, 10).await.unwrap()
}

async fn the_case(scene: &Scene, name: &str) -> RefundRequest {
    let [case] = cases(scene, name).await.try_into().unwrap();
    case
}

/// A payment of `a`'s, changed by `change`, under the policy of its product.
async fn paid(scene: &Scene, payment: &str, subscription: Option<&str>, change: impl FnOnce(&mut Grant)) {
    let account = id("a");
    let mut grant = grant(&account, payment, 500, subscription);
    change(&mut grant);
    let payment = &mut grant.payment;
    let charged_at = payment.charged_at;
    let document = documents().in_force(payment.product.as_str(), charged_at.as_ms()).document().unwrap();
    payment.policy = Some(PolicyRef { document: document.id.clone(), version: document.version.clone() });
    let answer = scene.order(&account, &Command::Grant(grant), charged_at).await;
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
}

/// A renewal of `sub_1`, which Stripe charged at `charged_s`.
async fn renewed(scene: &Scene, payment: &str, charged_s: u64) {
    paid(scene, payment, Some("sub_1"), |grant| {
        grant.payment.charged_at = at(charged_s);
        grant.payment.period_starts_at = Some(at(charged_s));
        charged_for(grant, "subscription_cycle");
    })
    .await;
}

fn charged_for(grant: &mut Grant, reason: &str) {
    if let PaymentKind::Subscription { billing_reason, .. } = &mut grant.payment.kind {
        reason.clone_into(billing_reason);
    }
}

/// `sub_1` was cancelled at the start, with effect a day later.
async fn cancelled(scene: &Scene) {
    cancelled_for(scene, at(DAY_S)).await;
}

async fn cancelled_for(scene: &Scene, cancels_at: Timestamp) {
    let subscription = Subscription {
        provider: Provider::Stripe,
        id: SubscriptionId::new("sub_1").unwrap(),
        account: id("a"),
        as_of: at(0),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: Some(at(0)),
        cancels_at: Some(cancels_at),
        ended_at: None,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    assert!(scene.tables.save_subscription(&subscription).await.unwrap());
}

fn suspected(payment: &str, reason: Reason, since: Timestamp) -> Lead {
    lead("a", LeadSubject::Payment { payment: payment_id(payment), reason }, since)
}

fn recommended(case: &RefundRequest) -> Option<&Recommendation> {
    match &case.case.decision.outcome {
        Outcome::Person { recommendation } => recommendation.as_ref(),
        _ => None,
    }
}

#[tokio::test]
async fn s2_21_a_paid_pack_that_is_not_credited_within_the_hour_opens_its_own_case() {
    let scene = Scene::new().await;
    let payment = uncredited(&scene, "a", at(0)).await;
    for second in [HOUR_S - 300, HOUR_S] {
        assert_eq!(scene.run(at(second)).await.done, 0, "the last instant is inside");
    }
    let status = scene.run(at(HOUR_S + 300)).await;
    assert_eq!((status.looked_at, status.done, status.failed), (1, 1, 0));
    let case = the_case(&scene, "a").await;
    assert_eq!((case.case.reason, case.case.payment.as_ref()), (Reason::CreditsMissing, Some(&payment)));
    // The customer has the choice, and nothing else is asked.
    let Outcome::NeedsInformation { missing } = &case.case.decision.outcome else { panic!("{case:#?}") };
    assert_eq!(missing.iter().map(|missing| missing.fact).collect::<Vec<_>>(), [Fact::RemedyChosen]);
    assert_eq!((case.state(), case.submitted_at()), (State::NeedsInformation, at(HOUR_S)));
    let clock = case.clocks().iter().find(|clock| clock.id == "pack-credit").unwrap();
    assert_eq!((clock.due_at, clock.state(at(HOUR_S + 300))), (at(HOUR_S), ClockState::Breached));
    // What was paid stays on record, and is looked at again after a day.
    let kept = scene.tables.lead(&case.id).await.unwrap().unwrap();
    let again_at = at(HOUR_S + 300 + DAY_S);
    assert_eq!((kept.payment(), kept.due_at), (Some(&payment), Some(again_at)));
    // The next run counts the broken promise, and later ones have nothing to do.
    assert_eq!(scene.run(at(HOUR_S + 600)).await.done, 1);
    assert_eq!(scene.run(at(HOUR_S + 900)).await.looked_at, 0);
}

#[tokio::test]
async fn s2_21_credits_that_landed_meanwhile_need_no_case() {
    let scene = Scene::new().await;
    let payment = uncredited(&scene, "a", at(0)).await;
    scene.grant("a", payment.as_str(), None, at(60)).await;
    assert_eq!(scene.run(at(HOUR_S + 300)).await.done, 1);
    assert_eq!(cases(&scene, "a").await, []);
    let id = Lead::id_of_uncredited(&id("a"), &payment);
    assert_eq!(scene.tables.lead(&id).await.unwrap(), None);
}

#[tokio::test]
async fn s2_21_credits_that_land_after_the_case_was_opened_settle_it_and_end_its_record() {
    let scene = Scene::new().await;
    let payment = uncredited(&scene, "a", at(0)).await;
    scene.run(at(HOUR_S + 300)).await;
    let case = the_case(&scene, "a").await;
    // Nobody has settled it after a day: it waits, and is looked at later and later.
    scene.run(at(HOUR_S + 600 + DAY_S)).await;
    assert_eq!(the_case(&scene, "a").await.state(), State::NeedsInformation);
    let kept = scene.tables.lead(&case.id).await.unwrap().unwrap();
    assert_eq!(kept.due_at, Some(at(HOUR_S + 600 + DAY_S + DAY_S + 600)));
    scene.grant("a", payment.as_str(), None, at(2 * DAY_S)).await;
    scene.run(at(2 * DAY_S + 3 * HOUR_S)).await;
    assert_eq!(the_case(&scene, "a").await.state(), State::Settled);
    assert_eq!(scene.tables.lead(&case.id).await.unwrap(), None);
}

#[tokio::test]
async fn a_plans_period_that_is_not_credited_opens_its_case_before_a_person_under_every_policy() {
    for (product, subscription) in
        [("music-studio", true), ("image-web", true), ("assistant", true), ("image-to-3d", false)]
    {
        let scene = Scene::new().await;
        let payment = payment_id("in_1");
        let charge = subscription.then(|| Charge {
            subscription: SubscriptionId::new("sub_1").unwrap(),
            billing_reason: "subscription_cycle".to_owned(),
            period: Some((at(31 * DAY_S), at(61 * DAY_S))),
        });
        let product = Some(ProductId::new(product).unwrap());
        let paid = Money::new(900, Currency::new("usd").unwrap());
        let charged_at = at(31 * DAY_S);
        let named = product.as_ref().map(ProductId::as_str);
        // An hour also where the policy promises none.
        let (document, due_at) = refunds::credit_promise(documents(), named, charged_at).unwrap();
        assert_eq!(due_at, charged_at.plus_s(HOUR_S).unwrap());
        let buyer = Buyer::default();
        let subject = LeadSubject::Uncredited(UncreditedPurchase {
            payment: payment.clone(),
            product,
            pack: None,
            charge,
            paid,
            charged_at,
            buyer,
        });
        let noted = Lead { account: id("a"), subject, since: due_at, due_at: Some(due_at) };
        scene.tables.note(&noted).await.unwrap();
        assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), Some(noted));
        scene.run(due_at.plus_s(300).unwrap()).await;
        let case = the_case(&scene, "a").await;
        assert_eq!((case.case.reason, case.case.payment.as_ref()), (Reason::CreditsMissing, Some(&payment)));
        assert_eq!(
            (case.state(), &case.case.decision.document),
            (State::InReview, &document.id),
            "{case:#?}"
        );
        let kind = if subscription { "subscription" } else { "pack" };
        assert_eq!(case.case.facts.get(Fact::PaymentKind), Some(&kind.into()));
    }
}

#[tokio::test]
async fn h5_a_lead_opens_one_case_however_often_it_is_noted_and_looked_at() {
    let scene = Scene::new().await;
    uncredited(&scene, "a", at(0)).await;
    let again = scene.tables.lead(&Lead::id_of_uncredited(&id("a"), &payment_id("pi_a"))).await.unwrap();
    let again = again.unwrap();
    assert!(!scene.tables.note(&again).await.unwrap());
    let now = at(HOUR_S + 300);
    futures_util::future::join_all((0..4).map(|_| scene.run(now))).await;
    // Stripe sends the event again.
    assert!(!scene.tables.note(&again).await.unwrap());
    scene.run(at(HOUR_S + 600)).await;
    assert_eq!(cases(&scene, "a").await.len(), 1);
}

#[tokio::test]
async fn s2_16_a_charge_after_a_cancellation_is_refunded_without_being_asked() {
    let scene = Scene::new().await;
    cancelled(&scene).await;
    let charged = 2 * DAY_S;
    renewed(&scene, "pi_1", charged).await;
    scene.tables.note(&suspected("pi_1", Reason::ChargedAfterCancellation, at(charged))).await.unwrap();
    let now = at(charged + HOUR_S + 300);
    assert_eq!(scene.run(now).await.failed, 0);
    let case = the_case(&scene, "a").await;
    assert_eq!((case.state(), case.submitted_at()), (State::Approved, at(charged)));
    assert_eq!(case.case.decision.clauses[0].clause, "charged-after-cancellation");
    let payout = case.payout().unwrap();
    assert_eq!((payout.amount().minor(), payout.first.revoked.get()), (1000, 500));
    assert_eq!(scene.queue.announced(), [case.id.as_str()]);
    assert_eq!(scene.balance("a", now).await, (0, 0));
    let payment = scene.tables.payment(&payment_id("pi_1")).await.unwrap().unwrap();
    assert_eq!(payment.refunded_minor, 1000);
    // Stripe tells of the renewal once more, and the lead leads nowhere.
    scene.tables.note(&suspected("pi_1", Reason::ChargedAfterCancellation, now)).await.unwrap();
    scene.run(at(charged + 3 * HOUR_S)).await;
    assert_eq!(cases(&scene, "a").await.len(), 1);
    assert_eq!(scene.tables.lead(&case.id).await.unwrap(), None);
    assert_eq!(scene.tables.payment(&payment_id("pi_1")).await.unwrap().unwrap().refunded_minor, 1000);
}

/// What is not paid ends at once, and its open invoice is voided; this one was paid in the same moment.
#[tokio::test]
async fn s2_16_what_is_paid_in_the_moment_of_its_void_is_recommended_for_a_refund() {
    let scene = Scene::new().await;
    cancelled(&scene).await;
    let charged = DAY_S;
    paid(&scene, "pi_1", Some("sub_1"), |grant| {
        grant.payment.charged_at = at(charged);
        grant.payment.period_starts_at = Some(at(charged - 1));
        charged_for(grant, "subscription_cycle");
    })
    .await;
    scene.tables.note(&suspected("pi_1", Reason::ChargedAfterCancellation, at(charged))).await.unwrap();
    assert_eq!(scene.run(at(charged + HOUR_S + 300)).await.failed, 0);
    let case = the_case(&scene, "a").await;
    assert_eq!((case.state(), case.payout()), (State::InReview, None));
    assert!(matches!(recommended(&case), Some(Recommendation::Grant { .. })));
    assert_eq!(case.case.decision.clauses[0].clause, "charged-after-cancellation");
}

#[tokio::test]
async fn s2_16_a_charge_that_is_disputed_before_the_sweep_looks_is_put_before_a_person() {
    let scene = Scene::new().await;
    cancelled(&scene).await;
    let charged = 2 * DAY_S;
    renewed(&scene, "pi_1", charged).await;
    let dispute = Dispute {
        id: DisputeId::new("du_1").unwrap(),
        opened_at: at(charged + 60),
        status: "needs_response".to_owned(),
        as_of: at(charged + 60),
        refundable: false,
        contacted_before: Some(false),
        withdrawn_minor: 0,
        movements: 0,
        amount: None,
        reason: None,
        due_by: None,
    };
    assert!(scene.tables.save_dispute(&payment_id("pi_1"), &dispute).await.unwrap());
    let noted = suspected("pi_1", Reason::ChargedAfterCancellation, at(charged));
    scene.tables.note(&noted).await.unwrap();
    let status = scene.run(at(charged + HOUR_S + 300)).await;
    assert_eq!((status.done, status.failed), (1, 0));
    let case = the_case(&scene, "a").await;
    assert_eq!((case.state(), case.payout(), &case.id), (State::InReview, None, &noted.id()));
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None);
    assert_eq!(scene.tables.payment(&payment_id("pi_1")).await.unwrap().unwrap().refunded_minor, 0);
}

#[tokio::test]
async fn s2_16_a_renewal_before_its_cancellation_takes_effect_opens_no_case() {
    let scene = Scene::new().await;
    cancelled_for(&scene, at(90 * DAY_S)).await;
    renewed(&scene, "pi_1", 60 * DAY_S).await;
    let noted = suspected("pi_1", Reason::ChargedAfterCancellation, at(60 * DAY_S));
    scene.tables.note(&noted).await.unwrap();
    assert_eq!(scene.run(at(60 * DAY_S + 2 * HOUR_S)).await.done, 1);
    assert_eq!(cases(&scene, "a").await, []);
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None);
}

#[tokio::test]
async fn what_the_records_do_not_bear_out_is_forgotten() {
    let scene = Scene::new().await;
    // The cancellation was taken back, as Stripe reported after the charge.
    renewed(&scene, "pi_1", DAY_S).await;
    let leads = [
        suspected("pi_1", Reason::ChargedAfterCancellation, at(DAY_S)),
        suspected("pi_1", Reason::DuplicatePayment, at(DAY_S)),
        suspected("pi_1", Reason::WrongPlanCharged, at(DAY_S)),
        suspected("pi_1", Reason::WrongCardCharged, at(DAY_S)),
        suspected("pi_nowhere", Reason::DuplicatePayment, at(DAY_S)),
    ];
    for lead in &leads {
        assert!(scene.tables.note(lead).await.unwrap());
    }
    let status = scene.run(at(DAY_S + 2 * HOUR_S)).await;
    assert_eq!((status.done, status.failed), (5, 0));
    assert_eq!(cases(&scene, "a").await, []);
    for lead in &leads {
        assert_eq!(scene.tables.lead(&lead.id()).await.unwrap(), None);
    }
}

/// The same pack twice within a minute, each noted as the other's duplicate.
async fn paid_twice(scene: &Scene) {
    for (payment, charged_at) in [("pi_1", at(31 * DAY_S)), ("pi_2", at(31 * DAY_S + 60))] {
        paid(scene, payment, None, |grant| {
            grant.payment.product = ProductId::new("image-to-3d").unwrap();
            grant.payment.charged_at = charged_at;
        })
        .await;
        let lead = suspected(payment, Reason::DuplicatePayment, at(31 * DAY_S + 60));
        scene.tables.note(&lead).await.unwrap();
    }
}

#[tokio::test]
async fn s3_5_a_second_payment_within_a_day_is_put_before_a_person_with_the_recommendation() {
    let scene = Scene::new().await;
    paid_twice(&scene).await;
    assert_eq!(scene.run(at(31 * DAY_S + 2 * HOUR_S)).await.failed, 0);
    let case = the_case(&scene, "a").await;
    assert_eq!((case.state(), case.case.payment.as_ref()), (State::InReview, Some(&payment_id("pi_2"))));
    assert!(matches!(recommended(&case), Some(Recommendation::Grant { .. })), "{case:#?}");
    assert_eq!(scene.queue.announced().len(), 0);
}

#[tokio::test]
async fn s3_5_of_two_payments_of_which_one_is_refunded_the_other_is_no_duplicate() {
    let scene = Scene::new().await;
    paid_twice(&scene).await;
    let payment = scene.tables.payment(&payment_id("pi_1")).await.unwrap().unwrap();
    let seen = ExternalRefund {
        id: RefundId::new("re_1").unwrap(),
        payment: payment.id,
        amount: payment.paid,
        made_at: at(31 * DAY_S + 600),
        failed: false,
    };
    let adoption = scene.tables.adopt_refund(&NoPause, &seen).await.unwrap();
    assert_eq!(adoption, AdoptionOutcome::Counted);
    assert_eq!(scene.run(at(31 * DAY_S + 2 * HOUR_S)).await.failed, 0);
    assert_eq!(cases(&scene, "a").await, []);
}

#[tokio::test]
async fn s2_15_another_plan_than_the_checkout_ordered_is_put_before_a_person() {
    let scene = Scene::new().await;
    let (buyer, price) = (Buyer::default(), Some("price_pro_monthly".to_owned()));
    let subscription = SubscriptionId::new("sub_1").unwrap();
    scene.tables.note_subscriber(&subscription, &Subscriber { buyer, price }).await.unwrap();
    paid(&scene, "pi_1", Some("sub_1"), |grant| {
        grant.payment.price = "price_premier_monthly".to_owned();
        grant.payment.charged_at = at(60);
        charged_for(grant, "subscription_create");
    })
    .await;
    scene.tables.note(&suspected("pi_1", Reason::WrongPlanCharged, at(60))).await.unwrap();
    scene.run(at(2 * HOUR_S)).await;
    let case = the_case(&scene, "a").await;
    assert_eq!((case.state(), case.submitted_at()), (State::InReview, at(60)));
    assert_eq!(case.case.decision.clauses[0].clause, "wrong-plan");
    assert!(matches!(recommended(&case), Some(Recommendation::Grant { .. })), "{case:#?}");
}

#[tokio::test]
async fn s2_6_an_ending_that_a_person_decides_is_in_the_queue_from_when_it_was_noted() {
    let scene = Scene::new().await;
    for (generation, kind, outcome) in
        [("gen-1", FailureKind::ModerationBlock, "blocked"), ("gen-2", FailureKind::PartialResult, "partial")]
    {
        let name = generation;
        scene.grant(name, &format!("pi_{name}"), None, at(0)).await;
        scene.hold(name, generation, at(1)).await;
        let settle = ledger::contract::settle(generation, ledger::Ending::Succeeded);
        scene.order(&id(name), &settle, at(60)).await;
        let subject = LeadSubject::Ending {
            generation: ledger::GenerationId::new(generation).unwrap(),
            kind,
            code: Some("E-17".to_owned()),
        };
        let noted = Lead { account: id(name), subject, since: at(60), due_at: Some(at(60)) };
        scene.tables.note(&noted).await.unwrap();
        scene.run(at(300)).await;
        let case = the_case(&scene, name).await;
        assert_eq!((case.state(), case.submitted_at()), (State::InReview, at(60)));
        assert!(case.clocks().iter().all(|clock| clock.started_at == at(60)), "{case:#?}");
        assert_eq!(case.case.decision.clauses[0].clause, "unclear-endings");
        assert_eq!(case.case.facts.get(Fact::GenerationOutcome), Some(&outcome.into()));
        assert_eq!(case.case.facts.get(Fact::GenerationCreditsCharged), Some(&10.into()));
        let note =
            format!("Opened by itself: the generation was reported as {}, code `E-17`.", kind.as_str());
        assert_eq!((case.case.note, case.id), (note, noted.id()));
    }
}

#[tokio::test]
async fn nobody_is_asked_about_credits_that_came_back_since_the_lead() {
    let scene = Scene::new().await;
    scene.grant("a", "pi_a", None, at(0)).await;
    scene.hold("a", "gen-1", at(1)).await;
    let failed = ledger::Ending::Failed(ledger::ReleaseReason::Failed);
    scene.order(&id("a"), &ledger::contract::settle("gen-1", failed), at(60)).await;
    let subject = LeadSubject::Ending {
        generation: ledger::GenerationId::new("gen-1").unwrap(),
        kind: FailureKind::PartialResult,
        code: None,
    };
    scene.tables.note(&lead("a", subject, at(60))).await.unwrap();
    assert_eq!(scene.run(at(2 * HOUR_S)).await.done, 1);
    assert_eq!(cases(&scene, "a").await, []);
}

#[tokio::test]
async fn whoever_has_filed_for_the_same_keeps_the_case() {
    let scene = Scene::new().await;
    cancelled(&scene).await;
    renewed(&scene, "pi_1", 2 * DAY_S).await;
    let noted = suspected("pi_1", Reason::ChargedAfterCancellation, at(2 * DAY_S));
    let assessment = Box::pin(cases::assess_lead(&scene.tables, &noted, at(2 * DAY_S)));
    let assessment = assessment.await.unwrap().unwrap();
    let whose = (refunds::request_id(&id("a"), "key-1"), id("a"));
    let own = RefundRequest::open(
        whose,
        ledger::Actor::Customer,
        assessment.case.clone(),
        assessment.document,
        at(2 * DAY_S),
    );
    let own = own.restored_with(|progress| progress.timeline.state = State::InReview);
    let save = Save { request: own, commit: None, refunded: None };
    assert_eq!(scene.tables.save(&save).await.unwrap(), SaveOutcome::Written);
    scene.tables.note(&noted).await.unwrap();
    scene.run(at(2 * DAY_S + 2 * HOUR_S)).await;
    assert_eq!(the_case(&scene, "a").await.id, save.request.id);
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None);
}

#[tokio::test]
async fn i1_a_run_that_was_cut_off_before_it_forgot_is_finished_by_the_next() {
    let scene = Scene::new().await;
    cancelled(&scene).await;
    renewed(&scene, "pi_1", 2 * DAY_S).await;
    let noted = suspected("pi_1", Reason::ChargedAfterCancellation, at(2 * DAY_S));
    scene.tables.note(&noted).await.unwrap();
    scene.run(at(2 * DAY_S + 2 * HOUR_S)).await;
    // The case is saved, and the lead is there again as if it had not been forgotten.
    let before = the_case(&scene, "a").await;
    scene.tables.note(&noted).await.unwrap();
    scene.run(at(2 * DAY_S + 2 * HOUR_S + 300)).await;
    let after = the_case(&scene, "a").await;
    assert_eq!((&after.id, &after.payout()), (&before.id, &before.payout()));
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None);
}
