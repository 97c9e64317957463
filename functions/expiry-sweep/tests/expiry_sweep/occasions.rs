//! Cases of what Stripe reports: each dispute, fraud warning and outside refund has one, which follows the
//! reports and closes with the last of them.

use cases::measures;
use expiry_sweep::handle;
use ledger::contract::{at, grant};
use ledger::{
    Answer, Command, Currency, Dispute, DisputeId, FraudWarningId, Money, PaymentId, PaymentKind, ProductId,
    Provider, RefundId, Subscription, SubscriptionId, SubscriptionStore, Timestamp,
};
use policy::{DisputeMeasure, Document, Fact, Outcome, Reason, Recommendation, Remedy};
use policy_documents::documents;
use refunds::{
    ActionSource, ChosenTerms, ClockState, EVIDENCE_CLOCK, Lead, LeadStore, LeadSubject, Occasion, Priority,
    QueueStore, RefundRequest, Reported, RequestStore, Review, ReviewVerdict, Save, SaveOutcome, State,
    fingerprint,
};

use crate::scene::{DAY_S, Scene, id, tick};

const PAYMENT: &str = "pi_1";

/// A payment of `a`'s for 10.00 USD, for 100 credits of a product, of a pack or as a renewal on day `day`.
async fn paid(scene: &Scene, product: &str, renews: bool, day: u64) {
    let account = id("a");
    let mut grant = grant(&account, PAYMENT, 100, renews.then_some("sub_1"));
    grant.payment.product = ProductId::new(product).unwrap();
    grant.payment.charged_at = at(day.saturating_mul(DAY_S));
    grant.payment.period_starts_at = renews.then(|| at(day.saturating_mul(DAY_S)));
    if let PaymentKind::Subscription { billing_reason, .. } = &mut grant.payment.kind {
        "subscription_cycle".clone_into(billing_reason);
    }
    let answer = scene.order(&account, &Command::Grant(grant), at(day.saturating_mul(DAY_S))).await;
    assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
}

/// A report of a dispute in second `second`, whose evidence is due on day `due`.
fn dispute(name: &str, status: &str, second: u64, due: u64) -> Dispute {
    Dispute {
        id: DisputeId::new(name).unwrap(),
        opened_at: at(2 * DAY_S),
        status: status.to_owned(),
        refundable: status.starts_with("warning_"),
        amount: Some(Money::new(1_000, Currency::new("usd").unwrap())),
        reason: Some("subscription_canceled".to_owned()),
        due_by: Some(at(due.saturating_mul(DAY_S))),
        as_of: at(second),
        contacted_before: Some(false),
        withdrawn_minor: 0,
        movements: 0,
    }
}

fn lead(occasion: Occasion, reported: Reported, now: Timestamp) -> Lead {
    let payment = PaymentId::new(PAYMENT).unwrap();
    let subject = LeadSubject::Reported { payment, occasion, reported };
    Lead { account: id("a"), subject, since: now, due_at: Some(now) }
}

/// Notes and records the report as the webhook does, and runs the sweep a second later.
async fn reported(scene: &Scene, dispute: &Dispute) {
    let occasion = Occasion::Dispute(dispute.id.clone());
    let noted = lead(occasion, Reported::Dispute { order: dispute.order() }, dispute.as_of);
    assert!(scene.tables.note(&noted).await.unwrap());
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), Some(noted.clone()));
    let payment = PaymentId::new(PAYMENT).unwrap();
    assert!(scene.tables.save_dispute(&payment, dispute).await.unwrap());
    let run = scene.run(dispute.as_of.plus_s(1).unwrap()).await;
    assert_eq!(run.failed, 0);
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None, "it is looked at");
}

async fn cases(scene: &Scene) -> Vec<RefundRequest> {
    let mut cases = scene.tables.requests_of(&id("a"), None, 10).await.unwrap();
    cases.sort_by_key(RefundRequest::submitted_at);
    cases
}

async fn the_case(scene: &Scene) -> RefundRequest {
    let [case] = cases(scene).await.try_into().unwrap();
    case
}

fn recommended(case: &RefundRequest) -> Option<u64> {
    match &case.case.decision.outcome {
        Outcome::Person {
            recommendation: Some(Recommendation::Grant { remedy: Remedy::Money { amount_minor, .. } }),
        } => Some(*amount_minor),
        Outcome::Person { recommendation: None } => None,
        other => panic!("{other:?}"),
    }
}

fn evidence(case: &RefundRequest) -> Option<(Timestamp, bool)> {
    let open = |clock: &&refunds::Clock| clock.id == EVIDENCE_CLOCK && clock.is_open();
    case.clocks().iter().find(open).map(|clock| (clock.due_at, clock.breached_at.is_some()))
}

fn document_of(case: &RefundRequest) -> &'static Document {
    documents().version(&case.case.decision.document, &case.case.decision.version).unwrap()
}

#[tokio::test]
async fn each_dispute_has_a_case_with_the_day_on_which_its_evidence_is_due() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "needs_response", 2 * DAY_S, 9)).await;
    let case = the_case(&scene).await;
    assert_eq!((case.case.reason, case.state()), (Reason::PaymentDisputed, State::InReview));
    assert_eq!(case.case.occasion, Some(Occasion::Dispute(DisputeId::new("du_1").unwrap())));
    assert_eq!(case.case.facts.get(Fact::DisputeReason), Some(&"subscription_canceled".into()));
    // No promise of the policy is one to what the bank asks.
    assert_eq!(case.clocks().iter().map(|clock| clock.id.as_str()).collect::<Vec<_>>(), [EVIDENCE_CLOCK]);
    assert_eq!(evidence(&case), Some((at(9 * DAY_S), false)));
    let metrics = async |now: Timestamp| {
        let tick = tick(now, now);
        handle(&scene.sweep, &tick).await.unwrap();
        tick.metrics().take_lines(now).join("\n")
    };
    // Three days before, people are warned; the last instant is inside.
    assert!(!metrics(at(6 * DAY_S - 1)).await.contains("ClocksWarned"));
    assert!(metrics(at(6 * DAY_S)).await.contains(r#""clock":"evidence""#));
    assert!(!metrics(at(9 * DAY_S)).await.contains("ClocksBreached"));
    let breached = metrics(at(9 * DAY_S + 1)).await;
    assert!(breached.contains(r#""FirmClocksBreached":1"#), "{breached}");
    let [waiting] = scene.tables.waiting(None, 10).await.unwrap().try_into().unwrap();
    assert_eq!((waiting.priority, waiting.reason), (Priority::Raised, Reason::PaymentDisputed));
    assert_eq!(waiting.clock.unwrap().clause, None, "Stripe's deadline is no promise of the policy");
}

#[tokio::test]
async fn a_dispute_waits_for_nobody_while_the_bank_looks_and_closes_with_its_end() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "needs_response", 2 * DAY_S, 9)).await;
    reported(&scene, &dispute("du_1", "under_review", 3 * DAY_S, 9)).await;
    let case = the_case(&scene).await;
    assert_eq!((case.state(), case.waits_for_people(), evidence(&case)), (State::InReview, false, None));
    assert_eq!(case.clocks()[0].state(at(20 * DAY_S)), ClockState::Met, "the evidence was there in time");
    assert_eq!(scene.tables.waiting(None, 10).await.unwrap(), []);
    reported(&scene, &dispute("du_1", "won", 60 * DAY_S, 9)).await;
    let case = the_case(&scene).await;
    assert_eq!(case.state(), State::Settled);
    assert_eq!(case.case.facts.get(Fact::DisputeStatus), Some(&"won".into()));
    assert_eq!(scene.run(at(90 * DAY_S)).await.looked_at, 0);
}

#[tokio::test]
async fn several_disputes_and_an_appeal_are_several_cases() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "needs_response", 2 * DAY_S, 9)).await;
    reported(&scene, &dispute("du_2", "needs_response", 3 * DAY_S, 10)).await;
    reported(&scene, &dispute("du_1", "lost", 20 * DAY_S, 9)).await;
    // An appeal has the dispute's id, and evidence and a day of its own.
    reported(&scene, &dispute("du_1", "appeal_needs_response", 30 * DAY_S, 40)).await;
    let states = async || {
        let cases = cases(&scene).await;
        cases.iter().map(|case| (case.state(), evidence(case).map(|(due, _)| due))).collect::<Vec<_>>()
    };
    assert_eq!(
        states().await,
        [
            (State::Settled, None),
            (State::InReview, Some(at(10 * DAY_S))),
            (State::InReview, Some(at(40 * DAY_S))),
        ]
    );
    reported(&scene, &dispute("du_1", "won", 60 * DAY_S, 40)).await;
    assert_eq!(
        states().await,
        [(State::Settled, None), (State::InReview, Some(at(10 * DAY_S))), (State::Settled, None)]
    );
    // One that is lost at once has its case, too.
    reported(&scene, &dispute("du_3", "lost", 70 * DAY_S, 71)).await;
    assert_eq!(states().await.last(), Some(&(State::Settled, None)));
}

/// `sub_1` was cancelled at the start, with effect a day later.
async fn cancelled(scene: &Scene) {
    let subscription = Subscription {
        provider: Provider::Stripe,
        id: SubscriptionId::new("sub_1").unwrap(),
        account: id("a"),
        as_of: at(0),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: Some(at(0)),
        cancels_at: Some(at(DAY_S)),
        ended_at: None,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    assert!(scene.tables.save_subscription(&subscription).await.unwrap());
}

#[tokio::test]
async fn an_inquiry_recommends_the_refund_that_the_policy_would_grant() {
    for (is_cancelled, expected) in [(true, Some(1_000)), (false, None)] {
        let scene = Scene::new().await;
        if is_cancelled {
            cancelled(&scene).await;
        }
        paid(&scene, "music-studio", true, 2).await;
        reported(&scene, &dispute("du_1", "warning_needs_response", 2 * DAY_S + 60, 9)).await;
        let case = the_case(&scene).await;
        assert_eq!(recommended(&case), expected);
        assert_eq!((case.state(), case.payout()), (State::InReview, None), "a person decides");
        // The dispute that it becomes cannot be refunded any more.
        reported(&scene, &dispute("du_1", "needs_response", 3 * DAY_S, 12)).await;
        let case = the_case(&scene).await;
        assert_eq!((recommended(&case), evidence(&case)), (None, Some((at(12 * DAY_S), false))));
    }
}

#[tokio::test]
async fn an_inquiry_that_a_person_had_closed_comes_back_when_it_becomes_a_dispute() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "warning_needs_response", 2 * DAY_S, 9)).await;
    let mut case = the_case(&scene).await;
    let review = Review {
        verdict: ReviewVerdict::Refuse,
        reason: "The inquiry is answered.".to_owned(),
        ground: None,
        chosen: ChosenTerms::default(),
        quote: None,
        overrides: false,
    };
    let by = ledger::Actor::Support("ada".to_owned());
    let call = ActionSource { by, at: at(3 * DAY_S), fingerprint: fingerprint(&["review"]) };
    case.review(call, review, None).unwrap();
    case.keep_time(Some(document_of(&case)));
    let save = Save { request: case, commit: None, refunded: None };
    assert_eq!(scene.tables.save(&save).await.unwrap(), SaveOutcome::Written);
    for (status, second, state) in [
        ("warning_under_review", 4 * DAY_S, State::Refused),
        ("needs_response", 5 * DAY_S, State::InReview),
        ("lost", 6 * DAY_S, State::Settled),
    ] {
        reported(&scene, &dispute("du_1", status, second, 14)).await;
        assert_eq!(the_case(&scene).await.state(), state, "{status}");
    }
}

#[tokio::test]
async fn h5_a_report_that_is_noted_again_and_runs_at_once_leave_one_case() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    let seen = dispute("du_1", "needs_response", 2 * DAY_S, 9);
    let noted =
        lead(Occasion::Dispute(seen.id.clone()), Reported::Dispute { order: seen.order() }, seen.as_of);
    // Noted, and not recorded: the delivery was cut off, and Stripe repeats it.
    scene.tables.note(&noted).await.unwrap();
    assert_eq!(scene.run(at(2 * DAY_S + 1)).await.failed, 0);
    assert_eq!(cases(&scene).await, []);
    scene.tables.note(&noted).await.unwrap();
    assert!(scene.tables.save_dispute(&PaymentId::new(PAYMENT).unwrap(), &seen).await.unwrap());
    futures_util::future::join_all((0..4).map(|_| scene.run(at(2 * DAY_S + 300)))).await;
    scene.tables.note(&noted).await.unwrap();
    scene.run(at(2 * DAY_S + 600)).await;
    assert_eq!(the_case(&scene).await.state(), State::InReview);
    assert_eq!(scene.tables.lead(&noted.id()).await.unwrap(), None);
}

#[tokio::test]
async fn s3_28_a_measure_is_recommended_only_where_each_written_condition_is_proved() {
    use DisputeMeasure::{RecoverFee, Revoke, SendUsageRecords, Suspend};
    let by_law = vec![Fact::FeeRecoveryLawful];
    let unknown = vec![Fact::ContactedBeforeDispute];
    let both = vec![Fact::ContactedBeforeDispute, Fact::FeeRecoveryLawful];
    for (contacted, status, proved, missing, of_fee) in [
        (Some(false), "needs_response", true, vec![], by_law.clone()),
        (Some(true), "needs_response", false, vec![], by_law.clone()),
        // More requests than were looked at: nobody knows.
        (None, "needs_response", false, unknown.clone(), both.clone()),
        // An inquiry is no dispute.
        (None, "warning_needs_response", false, unknown, both),
    ] {
        let scene = Scene::new().await;
        paid(&scene, "image-to-3d", false, 0).await;
        let seen = Dispute { contacted_before: contacted, ..dispute("du_1", status, 2 * DAY_S, 9) };
        reported(&scene, &seen).await;
        let case = the_case(&scene).await;
        let advice = measures(document_of(&case), &case.case);
        let told: Vec<_> =
            advice.into_iter().map(|each| (each.measure, each.recommended, each.missing)).collect();
        let expected = [
            (SendUsageRecords, proved, missing.clone()),
            (Suspend, proved, missing.clone()),
            (Revoke, proved, missing),
            // Whether the law allows it is on no record.
            (RecoverFee, false, of_fee),
        ];
        assert_eq!(told, expected, "{contacted:?} {status}");
    }
    // A text without such a clause recommends none of it.
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "needs_response", 2 * DAY_S, 9)).await;
    let case = the_case(&scene).await;
    assert_eq!(measures(document_of(&case), &case.case), []);
}

fn warning(actionable: bool, now: Timestamp) -> Lead {
    let occasion = Occasion::FraudWarning(FraudWarningId::new("issfr_1").unwrap());
    lead(occasion, Reported::FraudWarning { kind: Some("misc".to_owned()), actionable }, now)
}

#[tokio::test]
async fn a_fraud_warning_recommends_what_the_policy_says_until_there_is_nothing_to_do() {
    for (product, expected) in [("music-studio", Some(1_000)), ("image-to-3d", None)] {
        let scene = Scene::new().await;
        paid(&scene, product, false, 0).await;
        let noted = warning(true, at(DAY_S));
        assert!(scene.tables.note(&noted).await.unwrap());
        assert_eq!(scene.run(at(DAY_S + 1)).await.failed, 0);
        let case = the_case(&scene).await;
        assert_eq!((case.case.reason, recommended(&case)), (Reason::FraudWarning, expected));
        assert_eq!((case.state(), case.payout()), (State::InReview, None));
        assert_eq!(case.case.facts.get(Fact::FraudType), Some(&"misc".into()));
        // Its report is its record: a repeat of the event is no news.
        assert!(!scene.tables.note(&noted).await.unwrap());
        assert_eq!(scene.run(at(2 * DAY_S)).await.looked_at, 0);
        // Refunded in full or disputed since: Stripe reports that nothing can be done.
        assert!(scene.tables.note(&warning(false, at(3 * DAY_S))).await.unwrap());
        scene.run(at(3 * DAY_S + 1)).await;
        assert_eq!(the_case(&scene).await.state(), State::Settled);
    }
}

#[tokio::test]
async fn a_fraud_warning_of_a_payment_that_is_disputed_already_needs_nobody() {
    let scene = Scene::new().await;
    paid(&scene, "music-studio", false, 0).await;
    reported(&scene, &dispute("du_1", "needs_response", 2 * DAY_S, 9)).await;
    scene.tables.note(&warning(true, at(3 * DAY_S))).await.unwrap();
    scene.run(at(3 * DAY_S + 1)).await;
    let states: Vec<_> = cases(&scene).await.iter().map(|case| (case.case.reason, case.state())).collect();
    assert_eq!(states, [(Reason::PaymentDisputed, State::InReview), (Reason::FraudWarning, State::Settled)]);
}

fn outside_refund(failed: bool, now: Timestamp) -> Lead {
    let occasion = Occasion::OutsideRefund(RefundId::new("re_1").unwrap());
    lead(occasion, Reported::OutsideRefund { minor: 440, failed }, now)
}

#[tokio::test]
async fn e10_what_a_person_took_back_returns_when_the_outside_refund_fails() {
    for acts in [true, false] {
        let scene = Scene::new().await;
        paid(&scene, "image-to-3d", false, 0).await;
        scene.tables.note(&outside_refund(false, at(DAY_S))).await.unwrap();
        scene.run(at(DAY_S + 1)).await;
        let mut case = the_case(&scene).await;
        assert_eq!((case.case.reason, case.state()), (Reason::RefundedOutside, State::InReview));
        assert_eq!(case.case.facts.get(Fact::OutsideRefund), Some(&440.into()));
        if acts {
            let review = Review {
                verdict: ReviewVerdict::TakeBack,
                reason: "Agreed by mail.".to_owned(),
                ground: None,
                chosen: ChosenTerms::default(),
                quote: None,
                overrides: false,
            };
            let by = ledger::Actor::Support("ada".to_owned());
            let call = ActionSource { by: by.clone(), at: at(2 * DAY_S), fingerprint: fingerprint(&["1"]) };
            case.review(call, review, None).unwrap();
            let document = document_of(&case);
            let pause = ledger::contract::NoPause;
            let now = at(2 * DAY_S);
            refunds::take_back(&scene.tables, &pause, &case, (document, by), now).await.unwrap();
            assert_eq!(scene.balance("a", at(2 * DAY_S)).await, (56, 0));
            // The same save again finds that it was made.
            refunds::take_back(
                &scene.tables,
                &pause,
                &case,
                (document, ledger::Actor::Provider(ledger::Provider::Stripe)),
                now,
            )
            .await
            .unwrap();
            assert_eq!(scene.balance("a", at(2 * DAY_S)).await, (56, 0));
        }
        for second in [3 * DAY_S, 4 * DAY_S] {
            scene.tables.note(&outside_refund(true, at(second))).await.unwrap();
            assert_eq!(scene.run(at(second + 1)).await.failed, 0);
            assert_eq!(scene.balance("a", at(second + 1)).await, (100, 0), "{acts}");
            let case = the_case(&scene).await;
            assert_eq!((case.state(), case.taken_back()), (State::Settled, None));
        }
    }
}
