//! A pack that is paid and not on the balance: the customer chooses, and the choice is carried out once.

use ledger::contract::{at, run};
use ledger::{
    Answer, Buyer, Command, Credits, Grant, LedgerStore, LotId, Money, Payment, PaymentId, PaymentStore,
    ProductId, PurchaseStore, Record,
};
use policy_documents::documents;
use refunds::{ApprovalOutcome, Charge, Lead, LeadStore, LeadSubject, Pack, Pays, UncreditedPurchase};
use serde_json::{Value, json};

use crate::world::{DAY_S, World, account, now};

const PAYMENT: &str = "pi_missing";

/// A pack of 100 credits for 9.00 that was paid yesterday and could not be credited.
fn uncredited(known: bool) -> UncreditedPurchase {
    let price = "price_pack_100".to_owned();
    UncreditedPurchase {
        payment: PaymentId::new(PAYMENT).unwrap(),
        product: Some(ProductId::new("music-studio").unwrap()),
        pack: known.then(|| Pack { price, credits: Credits::new(100).unwrap() }),
        charge: None,
        paid: Money::new(900, ledger::Currency::new("usd").unwrap()),
        charged_at: at(40 * DAY_S),
        buyer: Buyer::default(),
    }
}

/// A world in which the purchase is noted, and the customer has a request about it that waits for the choice.
async fn asked(known: bool) -> (World, String) {
    let world = World::new().await;
    let subject = LeadSubject::Uncredited(uncredited(known));
    let noted = Lead { account: account(), subject, since: at(40 * DAY_S), due_at: None };
    world.app.store.note(&noted).await.unwrap();
    let body = json!({"reason": "credits_missing", "payment": PAYMENT, "note": "Nothing came."});
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("needs_information")), "{request:#}");
    assert_eq!(request["answers_wanted"][0]["field"], "remedy");
    (world, request["id"].as_str().unwrap().to_owned())
}

async fn choose(world: &World, id: &str, remedy: &str) -> Value {
    let (status, request) = world.act(id, "answers", &json!({"remedy": remedy})).await;
    assert_eq!(status, 200, "{request:#}");
    request
}

async fn recorded(world: &World) -> Option<Payment> {
    world.app.store.payment(&PaymentId::new(PAYMENT).unwrap()).await.unwrap()
}

/// Stripe's event comes after all, or is replayed.
async fn submitted_late(world: &World) -> Answer {
    let document = documents().in_force("music-studio", at(40 * DAY_S).as_ms()).document().unwrap();
    let payment = uncredited(true).payment(&account(), document, now()).unwrap();
    let grant = Grant {
        payment: Box::new(payment),
        pauses_leftover_expiry: false,
        period: None,
        leftover_s: None,
        fingerprint: None,
    };
    Box::pin(run(&world.app.store, &account(), &Command::Grant(grant), now())).await
}

/// The late event finds the payment, and brings nothing.
async fn brings_nothing(world: &World) {
    let available = world.available().await;
    let answer = submitted_late(world).await;
    assert!(matches!(&answer, Answer::Exists(record) if matches!(**record, Record::NewPayment(_))));
    assert_eq!(world.available().await, available);
    world.journal_is_sound().await;
}

#[tokio::test]
async fn s2_21_who_chooses_the_credits_gets_them_once() {
    let (world, id) = Box::pin(asked(true)).await;
    let before = world.available().await;
    let request = choose(&world, &id, "credits").await;
    assert_eq!((&request["state"], &request["credits_given"]), (&json!("refunded"), &json!(100)));
    assert_eq!(world.available().await, before.saturating_add(100));
    let payment = recorded(&world).await.unwrap();
    assert_eq!((payment.refunded_minor, payment.price.as_str()), (0, "price_pack_100"));
    assert_eq!(world.lot(PAYMENT).await, (100, 100, 0));
    brings_nothing(&world).await;
    // The same answer again is the same answer.
    assert_eq!(choose(&world, &id, "credits").await["state"], "refunded");
    assert_eq!(world.available().await, before.saturating_add(100));
}

#[tokio::test]
async fn s2_21_who_chooses_the_money_gets_it_back_and_no_credits() {
    for known in [true, false] {
        let (world, id) = Box::pin(asked(known)).await;
        let before = world.available().await;
        let request = choose(&world, &id, "money").await;
        assert_eq!(request["state"], "approved", "{request:#}");
        assert_eq!(request["payout"]["amount"], json!({"amount_minor": 900, "currency": "usd"}));
        assert_eq!(world.app.payouts.announced(), [id.as_str()]);
        let payment = recorded(&world).await.unwrap();
        assert_eq!((payment.refunded_minor, payment.lot), (900, LotId::NONE));
        assert_eq!(world.available().await, before);
        brings_nothing(&world).await;
        let records = world.app.store.records_of(&account()).await.unwrap();
        assert!(records.purchases.iter().any(|purchase| purchase.payment == payment.id));
        assert_eq!(records.refunded, [ledger::Refunded { payment: payment.id, minor: 900 }]);
    }
}

#[tokio::test]
async fn s2_21_credits_of_a_purchase_that_nobody_can_read_are_a_persons_to_give() {
    let (world, id) = Box::pin(asked(false)).await;
    let request = choose(&world, &id, "credits").await;
    assert_eq!(request["state"], "in_review", "{request:#}");
    assert_eq!(recorded(&world).await, None);
}

#[tokio::test]
async fn s2_21_what_follows_from_credits_that_landed_before_the_answer_is_a_persons_to_decide() {
    for (remedy, spent) in [("credits", false), ("money", false), ("money", true)] {
        let (world, id) = Box::pin(asked(true)).await;
        assert!(matches!(submitted_late(&world).await, Answer::Written { .. }));
        if spent {
            Box::pin(world.generate("all-of-it", world.available().await)).await;
        }
        let before = world.available().await;
        let request = choose(&world, &id, remedy).await;
        assert_eq!(request["state"], "in_review", "{request:#}");
        assert_eq!((world.available().await, world.refunded(PAYMENT).await), (before, 0));
        assert_eq!(world.app.payouts.announced().len(), 0);
        world.journal_is_sound().await;
    }
}

#[tokio::test]
async fn s2_21_credits_that_a_person_gave_after_a_failed_payout_are_the_end_of_the_case() {
    let (world, first) = Box::pin(asked(true)).await;
    assert_eq!(choose(&world, &first, "money").await["state"], "approved");
    let (store, pause) = (&world.app.store, &world.app.backoff);
    let first = first.parse().unwrap();
    Box::pin(refunds::decline(store, pause, &first, (0, "account_closed", false), now())).await.unwrap();
    assert_eq!(world.refunded(PAYMENT).await, 0);
    let body = json!({"reason": "credits_missing", "payment": PAYMENT, "note": "Then the credits."});
    let (status, second) = world.submit("key-2", &body).await;
    assert_eq!(status, 201, "{second:#}");
    let second = second["id"].as_str().unwrap();
    assert_eq!(choose(&world, second, "credits").await["state"], "in_review");
    let verdict =
        json!({"decision": "approve", "clause": "pack-not-credited", "reason": "The payout failed."});
    let (status, given) = world.review_as_shown(second, "agent-1", &verdict).await;
    assert_eq!((status, &given["state"]), (200, &json!("refunded")), "{given:#}");
    let (status, problem) = world.submit("key-3", &body).await;
    assert_eq!((status, &problem["request"]), (409, &json!(second)), "{problem:#}");
    // Nor does the first request's offer of the money: its case is the second's.
    let (status, _) = world.act(first.as_str(), "offers/pack_money", &json!({"answer": "accept"})).await;
    assert_eq!((status, world.refunded(PAYMENT).await), (409, 0));
}

#[tokio::test]
async fn s2_21_a_purchase_whose_money_has_moved_is_a_persons_to_decide() {
    for remedy in ["credits", "money"] {
        let (world, id) = Box::pin(asked(true)).await;
        let before = world.available().await;
        world.app.store.note_unrecorded(&PaymentId::new(PAYMENT).unwrap(), "evt_refund").await.unwrap();
        let request = choose(&world, &id, remedy).await;
        assert_eq!((&request["state"], recorded(&world).await), (&json!("in_review"), None), "{request:#}");
        // Who decides knows of it.
        let verdict = json!({"decision": "approve", "clause": "pack-not-credited", "reason": "It failed."});
        let (status, decided) = world.review_as_shown(&id, "agent-1", &verdict).await;
        // How much money is left is not known: it is not paid back a second time.
        assert_eq!(status, if remedy == "credits" { 200 } else { 409 }, "{decided:#}");
        assert_eq!(world.app.payouts.announced().len(), 0);
        let credits = if remedy == "credits" { 100 } else { 0 };
        assert_eq!(world.available().await, before.saturating_add(credits));
    }
}

#[tokio::test]
async fn s2_21_money_that_moves_before_the_request_is_filed_is_no_known_fact() {
    let (world, id) = Box::pin(asked(true)).await;
    assert_eq!(world.act(&id, "withdrawal", &json!({})).await.0, 200);
    world.app.store.note_unrecorded(&PaymentId::new(PAYMENT).unwrap(), "evt_dispute").await.unwrap();
    let body = json!({"reason": "credits_missing", "payment": PAYMENT, "note": "Nothing came."});
    let (status, request) = world.submit("key-2", &body).await;
    assert_eq!(status, 201, "{request:#}");
    let id = request["id"].as_str().unwrap().parse().unwrap();
    let stored = refunds::RequestStore::request(&world.app.store, &id).await.unwrap();
    let facts = stored.unwrap().case.facts;
    for fact in [policy::Fact::AmountRefunded, policy::Fact::PaymentDisputed] {
        assert_eq!(facts.get(fact), None);
    }
}

async fn leads_nowhere(world: &World, request: &refunds::RefundRequest, quote: &refunds::Quote) {
    let document = documents().in_force("music-studio", at(40 * DAY_S).as_ms()).document().unwrap();
    let grounds = refunds::ApprovalContext::of(document, ledger::Actor::Policy);
    let (store, pause) = (&world.app.store, &world.app.backoff);
    let approved = refunds::approve(store, pause, request, quote, grounds, now()).await.unwrap();
    let nothing =
        matches!(approved, refunds::ApprovalOutcome::NotPossible | refunds::ApprovalOutcome::QuoteChanged(_));
    assert!(nothing, "{approved:?}");
}

/// A request about to be approved by the machine, and what could be carried out for it, as it was read.
async fn about_to_be_carried_out(world: &World, id: &str) -> (refunds::RefundRequest, [refunds::Quote; 2]) {
    let head = world.app.store.head(&account()).await.unwrap();
    let stored = refunds::RequestStore::request(&world.app.store, &id.parse().unwrap()).await.unwrap();
    let mut request = stored.unwrap();
    let document = documents().in_force("music-studio", at(40 * DAY_S).as_ms()).document().unwrap();
    let unrecorded = uncredited(true).payment(&account(), document, now()).unwrap();
    let standing = refunds::QuoteInputs {
        document,
        payment: None,
        unrecorded: Some(&unrecorded),
        subscription: None,
        head: head.as_ref(),
        now: now(),
    };
    let quotes = [
        refunds::Quote::of_purchase(&unrecorded, unrecorded.credits, &standing),
        refunds::Quote::of_money(&unrecorded, unrecorded.paid, refunds::ChosenTerms::default(), &standing),
    ];
    request.transition_to(refunds::State::Approved, now(), ledger::Actor::Policy).unwrap();
    request.count_save();
    (request, quotes)
}

#[tokio::test]
async fn f9_an_event_that_lands_between_reading_and_writing_wins() {
    let (world, id) = Box::pin(asked(true)).await;
    let (request, quotes) = Box::pin(about_to_be_carried_out(&world, &id)).await;
    assert!(matches!(submitted_late(&world).await, Answer::Written { .. }));
    for quote in quotes {
        Box::pin(leads_nowhere(&world, &request, &quote)).await;
    }
    assert_eq!((world.refunded(PAYMENT).await, world.lot(PAYMENT).await), (0, (100, 100, 0)));
    world.journal_is_sound().await;
}

#[tokio::test]
async fn f9_money_that_moves_between_reading_and_writing_wins() {
    let (world, id) = Box::pin(asked(true)).await;
    let (request, quotes) = Box::pin(about_to_be_carried_out(&world, &id)).await;
    world.app.store.note_unrecorded(&PaymentId::new(PAYMENT).unwrap(), "evt_refund").await.unwrap();
    let document = documents().in_force("music-studio", at(40 * DAY_S).as_ms()).document().unwrap();
    for quote in quotes {
        let grounds = refunds::ApprovalContext::of(document, ledger::Actor::Policy);
        let (store, pause) = (&world.app.store, &ledger::contract::NoPause);
        let approved = Box::pin(refunds::approve(store, pause, &request, &quote, grounds, now())).await;
        // Credits are tried again by the next run; how much money is left is not known.
        match quote.pays {
            Pays::Money { .. } => {
                assert!(matches!(approved, Ok(ApprovalOutcome::MovedUnrecorded)), "{approved:?}");
            }
            _ => assert!(matches!(approved, Err(ledger::ExecuteError::Busy)), "{approved:?}"),
        }
    }
    assert_eq!(recorded(&world).await, None);
}

/// What an event could say of a purchase that nobody could credit.
fn unreadable(charge: bool, product: Option<&str>) -> UncreditedPurchase {
    let charge = charge.then(|| Charge {
        subscription: ledger::SubscriptionId::new("sub_9").unwrap(),
        billing_reason: "subscription_update".to_owned(),
        period: Some((at(40 * DAY_S), at(70 * DAY_S))),
    });
    let product = product.map(|product| ProductId::new(product).unwrap());
    UncreditedPurchase { product, charge, ..uncredited(false) }
}

/// A case about such a purchase, in review.
async fn case_of(purchase: UncreditedPurchase, reason: &str) -> (World, String) {
    let world = World::new().await;
    let subject = LeadSubject::Uncredited(purchase);
    let noted = Lead { account: account(), subject, since: at(40 * DAY_S), due_at: None };
    world.app.store.note(&noted).await.unwrap();
    let mut body = json!({"reason": reason, "payment": PAYMENT, "note": "Nothing came."});
    if reason == "credits_missing" {
        body["remedy"] = json!("credits");
    }
    let (status, request) = world.submit("key-1", &body).await;
    assert_eq!((status, &request["state"]), (201, &json!("in_review")), "{request:#}");
    (world, request["id"].as_str().unwrap().to_owned())
}

fn grant_credits(named: &Value) -> Value {
    let mut verdict =
        json!({"decision": "grant_credits", "reason": "It is paid.", "clause": "pack-not-credited"});
    for (name, value) in named.as_object().unwrap() {
        verdict[name] = value.clone();
    }
    verdict
}

/// Sends a verdict with the quote that a first, unquoted try is answered with.
async fn review_quoted(world: &World, id: &str, person: &str, verdict: &Value) -> (u16, Value) {
    let (status, problem) = world.review(id, person, verdict).await;
    if status != 409 || problem["type"] != "urn:makegood:problem:quote-changed" {
        return (status, problem);
    }
    let mut verdict = verdict.clone();
    verdict["quote"] = problem["quote"]["quote"].clone();
    world.review(id, person, &verdict).await
}

#[tokio::test]
async fn a_person_grants_the_credits_of_any_purchase_that_could_not_be_credited() {
    for (charge, product, named, expected) in [
        // A plan's period, whose price nobody knows.
        (true, Some("music-studio"), json!({"credits": 250}), ("music-studio", 250, "with_the_plan")),
        (false, Some("music-studio"), json!({"credits": 100}), ("music-studio", 100, "never")),
        // Not even the product is known.
        (false, None, json!({"credits": 7, "product": "image-web"}), ("image-web", 7, "never")),
        (true, None, json!({"credits": 30, "product": "image-web"}), ("image-web", 30, "with_the_plan")),
    ] {
        for reason in ["credits_missing", "changed_mind"] {
            let (world, id) = Box::pin(case_of(unreadable(charge, product), reason)).await;
            let verdict = grant_credits(&named);
            let (status, problem) = world.review(&id, "agent-1", &verdict).await;
            assert_eq!(
                (status, &problem["quote"]["pays"]["expire"]),
                (409, &json!(expected.2)),
                "{problem:#}"
            );
            let (status, given) = review_quoted(&world, &id, "agent-1", &verdict).await;
            assert_eq!((status, &given["state"]), (200, &json!("refunded")), "{given:#}");
            assert_eq!(given["credits_given"], expected.1);
            assert_eq!(given["reviews"][0]["product"], expected.0);
            let payment = recorded(&world).await.unwrap();
            assert_eq!((payment.product.as_str(), payment.credits.get()), (expected.0, expected.1));
            assert_eq!(payment.refunded_minor, 0);
            let head = world.app.store.head(&account()).await.unwrap().unwrap();
            let lot = head.after().lot(payment.lot).unwrap().clone();
            assert_eq!((lot.available.get(), lot.subscription().is_some()), (expected.1, charge));
            brings_nothing(&world).await;
        }
    }
}

#[tokio::test]
async fn what_a_purchase_brings_is_named_only_where_the_records_do_not_say_it() {
    let known = || uncredited(true);
    for (purchase, named, field) in [
        (unreadable(false, Some("music-studio")), json!({}), "#/credits"),
        (unreadable(false, Some("music-studio")), json!({"credits": 0}), "#/credits"),
        (unreadable(false, None), json!({"credits": 5}), "#/product"),
        (unreadable(false, None), json!({"credits": 5, "product": "no-such-product"}), "#/product"),
        (unreadable(false, Some("music-studio")), json!({"credits": 5, "product": "image-web"}), "#/product"),
        (
            UncreditedPurchase { charge: unreadable(true, None).charge, ..known() },
            json!({"credits": 99}),
            "#/credits",
        ),
    ] {
        let (world, id) = Box::pin(case_of(purchase, "changed_mind")).await;
        let (status, problem) = world.review(&id, "agent-1", &grant_credits(&named)).await;
        assert_eq!((status, &problem["errors"][0]["pointer"]), (422, &json!(field)), "{problem:#}");
        assert_eq!(recorded(&world).await, None);
    }
    // What the price brings need not be named.
    let (world, id) = Box::pin(case_of(known(), "changed_mind")).await;
    let (status, given) = review_quoted(&world, &id, "agent-1", &grant_credits(&json!({}))).await;
    assert_eq!((status, &given["credits_given"]), (200, &json!(100)), "{given:#}");
    // Of a purchase that is on the balance nothing is missing.
    let body = json!({"reason": "other", "payment": "pi_pack", "note": "Nothing came."});
    let (_, request) = world.submit("key-2", &body).await;
    let id = request["id"].as_str().unwrap();
    let (status, problem) = world.review(id, "agent-1", &grant_credits(&json!({"credits": 1}))).await;
    assert_eq!(status, 409, "{problem:#}");
}

#[tokio::test]
async fn many_credits_that_a_person_names_need_two_people() {
    let (world, id) = Box::pin(case_of(unreadable(false, Some("music-studio")), "credits_missing")).await;
    let verdict = grant_credits(&json!({"credits": 2_001}));
    let before = world.available().await;
    let (status, first) = review_quoted(&world, &id, "agent-1", &verdict).await;
    assert_eq!((status, &first["state"]), (200, &json!("in_review")), "{first:#}");
    assert_eq!(review_quoted(&world, &id, "agent-1", &verdict).await.0, 403);
    assert_eq!(world.available().await, before);
    let (status, second) = review_quoted(&world, &id, "agent-2", &verdict).await;
    assert_eq!((status, &second["credits_given"]), (200, &json!(2_001)), "{second:#}");
}

#[tokio::test]
async fn a_person_gives_back_money_of_any_purchase_that_could_not_be_credited() {
    for (charge, reason, part) in
        [(true, "credits_missing", None), (true, "changed_mind", Some(300)), (false, "other", None)]
    {
        let (world, id) = Box::pin(case_of(unreadable(charge, None), reason)).await;
        let mut verdict =
            json!({"decision": "approve", "reason": "It brought nothing.", "clause": "pack-not-credited"});
        if let Some(part) = part {
            verdict["decision"] = json!("approve_part");
            verdict["amount"] = json!({"amount_minor": part, "currency": "usd"});
        }
        let (status, approved) = review_quoted(&world, &id, "agent-1", &verdict).await;
        assert_eq!((status, &approved["state"]), (200, &json!("approved")), "{approved:#}");
        assert_eq!(world.refunded(PAYMENT).await, part.unwrap_or(900));
        assert_eq!(recorded(&world).await.unwrap().lot, LotId::NONE);
        brings_nothing(&world).await;
    }
}

#[tokio::test]
async fn credits_that_land_by_another_way_settle_the_open_cases_about_them() {
    for moved in [false, true] {
        let (world, id) = Box::pin(asked(true)).await;
        assert!(matches!(submitted_late(&world).await, Answer::Written { .. }));
        let payment = PaymentId::new(PAYMENT).unwrap();
        if moved {
            world.app.store.note_unrecorded(&payment, "evt_refund").await.unwrap();
        }
        let (store, pause) = (&world.app.store, &world.app.backoff);
        for expected in [usize::from(!moved), 0] {
            let whose = (&account(), &payment);
            assert_eq!(refunds::settle_landed(store, pause, whose, now()).await.unwrap(), expected);
        }
        let seen = world.seen(&id).await;
        let state = if moved { "needs_information" } else { "settled" };
        assert_eq!(seen["state"], state, "{seen:#}");
        if !moved {
            assert_eq!(seen["message"], "The credits that you bought are on your balance.");
            assert_eq!(world.act(&id, "answers", &json!({"remedy": "money"})).await.0, 409);
        }
    }
}
