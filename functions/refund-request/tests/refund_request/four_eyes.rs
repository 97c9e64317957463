//! Above the document's limit two people approve, neither of whom asked for it: the table's condition
//! enforces it even against a mistake in the code.

use ledger::{Actor, LedgerStore, PaymentStore};
use refunds::{
    ActionKind, ActionSource, ApprovalContext, ApprovalOutcome, ChosenTerms, FirstApproval, Made, Quote,
    QuoteInputs, RequestStore, Review, ReviewOutcome, ReviewVerdict, Save, SaveOutcome, approve,
};
use serde_json::{Value, json};

use crate::world::{CUSTOMER, World, account, act, answer, now, submission};

/// More than the 100.00 that one person may approve.
const LARGE: u64 = 10_001;

fn large() -> Value {
    json!({"reason": "changed_mind", "payment": "pi_large", "note": "I do not need it."})
}

fn approval(reason: &str) -> Value {
    json!({"decision": "approve", "clause": "pack-final-once-spent", "reason": reason})
}

async fn in_review(world: &World) -> String {
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE).await;
    let (_, request) = world.submit("key-1", &large()).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    request["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn d15_two_people_approve_what_is_above_the_limit() {
    let world = World::new().await;
    let id = in_review(&world).await;
    let (status, first) = world.review_as_shown(&id, "agent-1", &approval("I agree.")).await;
    assert_eq!((status, &first["state"]), (200, &json!("in_review")), "{first:#}");
    assert_eq!(first["first_approval"]["reviewer"], "agent-1");
    assert_eq!(world.refunded("pi_large").await, 0);
    let (status, _) = world.review_as_shown(&id, "agent-1", &approval("I still agree.")).await;
    assert_eq!(status, 403, "the same person twice");
    let (status, second) = world.review_as_shown(&id, "agent-2", &approval("So do I.")).await;
    assert_eq!((status, &second["state"]), (200, &json!("approved")), "{second:#}");
    assert_eq!(world.refunded("pi_large").await, LARGE);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn one_person_approves_what_is_at_the_limit() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE - 1).await;
    let (_, request) = world.submit("key-1", &large()).await;
    let id = request["id"].as_str().unwrap();
    let (status, request) = world.review_as_shown(id, "agent-1", &approval("I agree.")).await;
    assert_eq!((status, &request["state"]), (200, &json!("approved")), "{request:#}");
}

#[tokio::test]
async fn d15_parts_of_one_payment_count_together() {
    let world = World::new().await;
    let first = in_review(&world).await;
    let part = |minor: u64| {
        let amount = json!({"amount_minor": minor, "currency": "usd"});
        json!({
            "decision": "approve_part", "clause": "pack-final-once-spent", "reason": "A part.", "amount": amount,
        })
    };
    let (status, approved) = world.review_as_quoted(&first, "agent-1", &part(LARGE - 1)).await;
    assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
    // For the same reason there is one open request.
    let mut other = large();
    other["reason"] = json!("accidental_purchase");
    let (_, request) = world.submit("key-2", &other).await;
    let second = request["id"].as_str().unwrap();
    let (status, recorded) = world.review_as_shown(second, "agent-1", &approval("The rest.")).await;
    assert_eq!((status, &recorded["state"]), (200, &json!("in_review")), "{recorded:#}");
    assert_eq!(world.refunded("pi_large").await, LARGE - 1);
    let (status, approved) = world.review_as_shown(second, "agent-2", &approval("The rest.")).await;
    assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
}

/// Agent 1 refuses, and agent 2 asks in the customer's name that a person look again.
async fn reopened(world: &World, id: &str) {
    let refusal = json!({"decision": "refuse", "clause": "pack-final-once-landed", "reason": "Landed."});
    assert_eq!(world.review(id, "agent-1", &refusal).await.0, 200);
    let reopening = act(id, "reopening", &json!({"note": "They called."})).as_support("agent-2");
    assert_eq!(answer(&world.call(&reopening).await).0, 200);
}

#[tokio::test]
async fn d15_whoever_speaks_for_the_customer_does_not_decide() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", 500).await;
    let (_, request) = world.submit("key-1", &large()).await;
    let id = request["id"].as_str().unwrap();
    reopened(&world, id).await;
    assert_eq!(world.review_as_shown(id, "agent-2", &approval("They called.")).await.0, 403);
    assert_eq!(world.review_as_shown(id, "agent-1", &approval("Well then.")).await.0, 200);
}

#[tokio::test]
async fn d15_the_filer_gives_neither_approval() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE).await;
    let filed = submission("key-1", &large()).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap();
    for reviewer in ["agent-1", CUSTOMER] {
        assert_eq!(world.review_as_shown(id, reviewer, &approval("Mine.")).await.0, 403);
    }
    assert_eq!(world.review_as_shown(id, "agent-2", &approval("I agree.")).await.0, 200);
    for reviewer in ["agent-1", "agent-2", CUSTOMER] {
        assert_eq!(world.review_as_shown(id, reviewer, &approval("And again.")).await.0, 403);
    }
    assert_eq!(world.refunded("pi_large").await, 0);
    assert_eq!(world.review_as_shown(id, "agent-3", &approval("So do I.")).await.0, 200);
    assert_eq!(world.refunded("pi_large").await, LARGE);
}

#[tokio::test]
async fn an_approval_of_something_else_is_not_the_second_one() {
    let world = World::new().await;
    let id = in_review(&world).await;
    world.review_as_shown(&id, "agent-1", &approval("All of it.")).await;
    // Credits were used meanwhile: what the first person approved is not what would happen.
    world.generate("song-1", 1000).await;
    world.generate("song-2", 150).await;
    let (_, request) = world.review_as_shown(&id, "agent-2", &approval("What is left.")).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    assert_eq!(request["first_approval"]["reviewer"], "agent-2");
    let (_, request) = world.review_as_shown(&id, "agent-1", &approval("What is left, then.")).await;
    assert_eq!(request["state"], "approved", "{request:#}");
}

#[tokio::test]
async fn what_is_above_the_limit_is_not_the_machines_to_grant() {
    let world = World::new().await;
    world.renew("pi_large_renewal", LARGE).await;
    let body =
        json!({"reason": "charged_after_cancellation", "payment": "pi_large_renewal", "note": "Cancelled."});
    let (_, request) = world.submit("key-1", &body).await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    let decision = world.decision(&request).await;
    assert_eq!(decision["outcome"]["recommendation"]["remedy"]["amount_minor"], LARGE);
    assert_eq!(request["clause"]["clause"], "two-people-approve");
    let clauses = decision["clauses"].as_array().unwrap();
    assert!(clauses.iter().any(|cited| cited["clause"] == "two-people-approve"), "{clauses:#?}");
    assert_eq!(world.refunded("pi_large_renewal").await, 0);
}

/// A save of an approval by `reviewer`, made past everything that the code checks.
async fn save_past_the_code(
    world: &World,
    id: &str,
    reviewer: &str,
    lie: impl FnOnce(&mut refunds::Progress, &Quote),
) -> ApprovalOutcome {
    let store = &world.app.store;
    let request = store.request(&id.parse().unwrap()).await.unwrap().unwrap();
    let payment = store.payment(request.case.payment.as_ref().unwrap()).await.unwrap().unwrap();
    let head = store.head(&account()).await.unwrap();
    let document = policy_documents::documents().version("music-studio", "2026-05-02").unwrap();
    let standing = QuoteInputs {
        document,
        payment: Some(&payment),
        unrecorded: None,
        subscription: None,
        head: head.as_ref(),
        now: now(),
    };
    let quote = request.quote(&standing).unwrap();
    let mut request = request.restored_with(|progress| lie(progress, &quote));
    let call = ActionSource { by: Actor::Support(reviewer.to_owned()), at: now(), fingerprint: [7; 32] };
    let review = Review {
        verdict: ReviewVerdict::Approve,
        reason: "A lie.".to_owned(),
        ground: None,
        chosen: ChosenTerms::default(),
        quote: None,
        overrides: false,
    };
    let leads_to = request.review(call.clone(), review, Some(quote.clone()));
    assert!(matches!(leads_to, Ok(ReviewOutcome::Pay(_))), "{leads_to:?}");
    let grounds = ApprovalContext::of(document, call.by);
    Box::pin(approve(store, &lambda::backoff::Backoff::default(), &request, &quote, grounds, now()))
        .await
        .unwrap()
}

#[tokio::test]
async fn d15_the_table_refuses_an_approval_that_the_code_lies_about() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE).await;
    let filed = submission("key-1", &large()).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap();
    let made_up = |by: &str| {
        let by = by.to_owned();
        move |progress: &mut refunds::Progress, quote: &Quote| {
            progress.approvals.first = Some(FirstApproval { by, quote: quote.id(), at: now() });
        }
    };
    // A first approval that nobody gave.
    let saved = Box::pin(save_past_the_code(&world, id, "agent-2", made_up("agent-3"))).await;
    assert_eq!(saved, ApprovalOutcome::NotAllowed);
    // A limit that is not the document's.
    let saved =
        Box::pin(save_past_the_code(&world, id, "agent-2", |progress, _| progress.approvals.limits = None))
            .await;
    assert_eq!(saved, ApprovalOutcome::NotAllowed);
    let (status, _) = world.review_as_shown(id, "agent-2", &approval("I agree.")).await;
    assert_eq!(status, 200);
    // The first approver again, under the name of another first approver.
    let saved = Box::pin(save_past_the_code(&world, id, "agent-2", made_up("agent-3"))).await;
    assert_eq!(saved, ApprovalOutcome::NotAllowed);
    // The one who filed it, as if another had.
    let forget =
        |progress: &mut refunds::Progress, _: &Quote| progress.timeline.steps[0].actor = Actor::Customer;
    assert_eq!(
        Box::pin(save_past_the_code(&world, id, "agent-1", forget)).await,
        ApprovalOutcome::NotAllowed
    );
    assert_eq!(world.refunded("pi_large").await, 0);
    // The truth passes.
    let saved = Box::pin(save_past_the_code(&world, id, "agent-3", |_, _| {})).await;
    assert!(matches!(saved, ApprovalOutcome::Saved(_)), "{saved:?}");
    assert_eq!(world.refunded("pi_large").await, LARGE);
}

#[tokio::test]
async fn d15_the_table_refuses_whoever_spoke_for_the_customer() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE).await;
    let (_, request) = world.submit("key-1", &large()).await;
    let id = request["id"].as_str().unwrap();
    reopened(&world, id).await;
    // The first approval, given by the one who spoke.
    let parsed = id.parse().unwrap();
    let stored = world.app.store.request(&parsed).await.unwrap().unwrap();
    let given = FirstApproval { by: "agent-2".to_owned(), quote: "q_1".to_owned(), at: now() };
    let mut first = stored.restored_with(|progress| progress.approvals.first = Some(given));
    first.count_save();
    let save = Save { request: first, commit: None, refunded: None };
    assert_eq!(world.app.store.save(&save).await.unwrap(), SaveOutcome::NotAllowed);
    // The second one, as if nobody had spoken.
    assert_eq!(world.review_as_shown(id, "agent-1", &approval("I agree.")).await.0, 200);
    let forget = |progress: &mut refunds::Progress, _: &Quote| {
        progress.actions.retain(|act| act.source.by != Actor::Support("agent-2".to_owned()));
    };
    assert_eq!(
        Box::pin(save_past_the_code(&world, id, "agent-2", forget)).await,
        ApprovalOutcome::NotAllowed
    );
    assert_eq!(world.refunded("pi_large").await, 0);
    assert_eq!(world.review_as_shown(id, "agent-3", &approval("So do I.")).await.0, 200);
}

const OFFER: &str = "offers/part_by_credits";

/// A request about a large payment that was offered a part above the limit, and that offer's quote.
async fn offering(world: &World) -> (String, Value) {
    world.pay_for("image-to-3d", "image-to-3d", "pi_3d", 2 * LARGE).await;
    world.generate_for("image-to-3d", "mesh-1", 15).await;
    let body = json!({"reason": "changed_mind", "payment": "pi_3d", "note": "I used a part of it."});
    let (_, request) = world.submit("key-1", &body).await;
    let mut offers = request["offers"].as_array().unwrap().iter();
    let offer = offers.find(|offer| offer["offer"] == "part_by_credits").unwrap();
    let made = json!({"decision": "offer", "offer": "part_by_credits", "clause": "partial-goodwill",
        "reason": "A fair part.", "quote": offer["quote"]["quote"]});
    (request["id"].as_str().unwrap().to_owned(), made)
}

#[tokio::test]
async fn d15_an_offer_that_two_people_made_outlives_a_refusal_and_is_carried_out() {
    let world = World::new().await;
    let (id, made) = offering(&world).await;
    let (status, first) = world.review(&id, "agent-1", &made).await;
    assert_eq!((status, &first["first_approval"]["reviewer"]), (200, &json!("agent-1")), "{first:#}");
    assert_eq!(world.review(&id, "agent-2", &made).await.0, 200);
    let refusal =
        json!({"decision": "refuse", "clause": "partial-goodwill", "reason": "No more than offered."});
    let (status, refused) = world.review(&id, "agent-2", &refusal).await;
    assert_eq!((status, &refused["state"]), (200, &json!("refused")), "{refused:#}");
    let (status, paid) = world.act(&id, OFFER, &json!({"answer": "accept"})).await;
    assert_eq!((status, &paid["state"]), (200, &json!("approved")), "{paid:#}");
    assert!(world.refunded("pi_3d").await > LARGE);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn d15_the_table_refuses_an_offer_that_only_the_code_says_two_people_made() {
    let world = World::new().await;
    let (id, made) = offering(&world).await;
    let parsed = id.parse().unwrap();
    assert_eq!(world.review(&id, "agent-1", &made).await.0, 200);
    // The second person is the first one, under the name of a first approver who gave none.
    let mut request = world.app.store.request(&parsed).await.unwrap().unwrap();
    request.count_save();
    let quote = made["quote"].as_str().unwrap().to_owned();
    let first = FirstApproval { by: "agent-3".to_owned(), quote: quote.clone(), at: now() };
    let remedy =
        request.offers().iter().find_map(|offer| request.offer(&offer.id)?.1.remedy.clone()).unwrap();
    let made = Made {
        by: "agent-1".to_owned(),
        remedy: remedy.clone(),
        chosen: ChosenTerms::default(),
        quote,
        first: Some(first),
    };
    let reviewed = ActionKind::Reviewed(Review {
        verdict: ReviewVerdict::Offer { offer: "part_by_credits".to_owned(), remedy },
        reason: "A lie.".to_owned(),
        ground: None,
        chosen: ChosenTerms::default(),
        quote: None,
        overrides: false,
    });
    let request = request.restored_with(|progress| {
        let offer = progress.offers.iter_mut().find(|offer| offer.id == "part_by_credits").unwrap();
        offer.made = Some(made);
        progress.actions.last_mut().unwrap().kind = reviewed;
    });
    let store = &world.app.store;
    for by in ["agent-1", "agent-2"] {
        let lie = request.restored_with(|progress| {
            let offer = progress.offers.iter_mut().find(|offer| offer.id == "part_by_credits").unwrap();
            let made = offer.made.as_mut().unwrap();
            by.clone_into(&mut made.by);
            if by == "agent-2" {
                made.quote.push('0');
            }
        });
        let save = Save { request: lie, commit: None, refunded: None };
        assert_eq!(store.save(&save).await.unwrap(), SaveOutcome::NotAllowed, "{by}");
    }
    assert_eq!(world.act(&id, OFFER, &json!({"answer": "accept"})).await.0, 200, "as a recommendation");
    assert_eq!(world.refunded("pi_3d").await, 0);
}

#[tokio::test]
async fn d15_the_table_refuses_a_first_approval_of_the_filer() {
    let world = World::new().await;
    world.pay_for("music-studio", "music-studio", "pi_large", LARGE).await;
    let filed = submission("key-1", &large()).as_support("agent-1");
    let (_, request) = answer(&world.call(&filed).await);
    let id = request["id"].as_str().unwrap().parse().unwrap();
    for by in ["agent-1", CUSTOMER] {
        let stored = world.app.store.request(&id).await.unwrap().unwrap();
        let approval = FirstApproval { by: by.to_owned(), quote: "q_1".to_owned(), at: now() };
        let mut request = stored.restored_with(|progress| progress.approvals.first = Some(approval));
        request.count_save();
        let save = Save { request, commit: None, refunded: None };
        assert_eq!(world.app.store.save(&save).await.unwrap(), SaveOutcome::NotAllowed, "{by}");
    }
}
