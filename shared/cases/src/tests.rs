//! Facts from records: what is known, what stays unknown, and at which instant an answer changes.

mod months;
mod requests;

use ledger::contract::{DAY_S, at, grant, place, settle};
use ledger::{
    Abuse, Account, AccountId, Actor, Buyer, Cause, Command, CommandOutcome, CountryCode, Credits, Dispute,
    DisputeId, Draft, Ending, Entry, Finding, LotId, Money, Outage, Payment, PaymentId, PolicyRef, ProductId,
    Provider, Purchase, Refunded, ReleaseReason, Subscriber, Subscription, SubscriptionId, Timestamp,
    Witness, decide,
};
use policy::{Document, Fact, Facts, Reason, Value};
use policy_documents::documents;

use crate::{CustomerClaims, EarlierRequests, Question, Records, gather};

fn document() -> &'static Document {
    let found = documents().iter().find(|document| document.id == "image-to-3d");
    found.expect("the document is embedded")
}

fn payment(id: &str, charged_s: u64) -> Payment {
    let account = AccountId::new("account-1").unwrap();
    let mut payment = *grant(&account, id, 500, Some("sub_1")).payment;
    payment.charged_at = at(charged_s);
    payment
}

fn purchase(payment: &Payment) -> Purchase {
    Purchase {
        payment: payment.id.clone(),
        price: payment.price.clone(),
        paid: payment.paid,
        charged_at: payment.charged_at,
    }
}

fn facts(records: &Records, now: Timestamp) -> Facts {
    let asked = Question {
        occasion: None,
        reason: Reason::Other,
        payment: Some(PaymentId::new("pi_2").unwrap()),
        generation: None,
        note: String::new(),
        fingerprint: [0; 32],
        said: CustomerClaims::default(),
    };
    let product = ledger::ProductId::new("image-to-3d").unwrap();
    gather(records, &asked, document(), Some(&product), now).unwrap()
}

fn boolean(facts: &Facts, fact: Fact) -> Option<bool> {
    facts.get(fact).map(|value| *value == Value::Boolean(true))
}

fn number(facts: &Facts, fact: Fact) -> Option<i64> {
    match facts.get(fact) {
        Some(Value::Integer(number)) => Some(*number),
        _ => None,
    }
}

fn word(facts: &Facts, fact: Fact) -> Option<String> {
    match facts.get(fact) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    }
}

#[test]
fn s3_5_a_payment_is_made_twice_up_to_the_last_instant_of_the_span() {
    let span_s = document().duplicates_within_s.unwrap();
    for (apart_s, expected) in [(span_s, true), (span_s.saturating_add(1), false), (0, true)] {
        let (first, second) = (payment("pi_1", 0), payment("pi_2", apart_s));
        let mut records = Records { payment: Some(second.clone()), ..Records::default() };
        records.account.purchases = vec![purchase(&second), purchase(&first)];
        let twice = facts(&records, at(apart_s));
        assert_eq!(boolean(&twice, Fact::DuplicateOfPayment), Some(expected), "{apart_s}");
        assert_eq!(boolean(&twice, Fact::FirstPurchase), Some(false));
        // The first one is no duplicate of the one that came after it.
        records.payment = Some(first);
        let once = facts(&records, at(apart_s));
        assert_eq!(boolean(&once, Fact::DuplicateOfPayment), Some(false));
        assert_eq!(boolean(&once, Fact::FirstPurchase), Some(true));
    }
    // A part of the first one's money leaves two payments, and all of it one.
    for (minor, expected) in [(&[999][..], true), (&[999, 1], false)] {
        let (first, second) = (payment("pi_1", 0), payment("pi_2", 1));
        let mut records = Records { payment: Some(second.clone()), ..Records::default() };
        records.account.purchases = vec![purchase(&second), purchase(&first)];
        let refunded = |minor: &u64| Refunded { payment: first.id.clone(), minor: *minor };
        records.account.refunded = minor.iter().map(refunded).collect();
        assert_eq!(boolean(&facts(&records, at(1)), Fact::DuplicateOfPayment), Some(expected));
    }
    let (mut dearer, second) = (purchase(&payment("pi_1", 0)), payment("pi_2", 1));
    dearer.paid = Money::new(1001, dearer.paid.currency());
    let mut records = Records { payment: Some(second.clone()), ..Records::default() };
    records.account.purchases = vec![purchase(&second), dearer];
    assert_eq!(boolean(&facts(&records, at(1)), Fact::DuplicateOfPayment), Some(false));
    // Of purchases that were not read nothing is known.
    records.account.purchases.clear();
    let unknown = facts(&records, at(1));
    assert_eq!((unknown.get(Fact::DuplicateOfPayment), unknown.get(Fact::FirstPurchase)), (None, None));
}

#[test]
fn s3_15_requests_of_the_last_365_days_count_with_those_of_related_accounts() {
    let year_s = 365 * DAY_S;
    let earlier = EarlierRequests { own: vec![at(0), at(5)], related: vec![at(1), at(2)] };
    let mut records = Records { earlier: Some(earlier), ..Records::default() };
    for (now_s, own, related) in [(year_s, 2, 2), (year_s + 1, 1, 2), (year_s + 2, 1, 1), (year_s + 6, 0, 0)]
    {
        let facts = facts(&records, at(now_s));
        let counted = (number(&facts, Fact::EarlierRequests), number(&facts, Fact::RelatedRequests));
        assert_eq!(counted, (Some(own), Some(related)), "{now_s}");
        assert_eq!(word(&facts, Fact::AbuseFinding).as_deref(), Some("none"));
    }
    records.account.finding = Some(Finding {
        abuse: Abuse::Indicated,
        related: Vec::new(),
        reason: "Seen before.".to_owned(),
        by: "agent-1".to_owned(),
        at: at(0),
    });
    assert_eq!(word(&facts(&records, at(1)), Fact::AbuseFinding).as_deref(), Some("indicated"));
}

#[test]
fn a_country_is_vouched_for_by_what_agrees() {
    let country = |code| Some(CountryCode::new(code).unwrap());
    for (billing, card, expected, evidence) in [
        (country("DE"), country("DE"), Some("DE"), "both"),
        (country("DE"), country("FR"), Some("DE"), "none"),
        (country("DE"), None, Some("DE"), "billing_address"),
        (None, country("FR"), Some("FR"), "card"),
        (None, None, None, "none"),
    ] {
        let mut payment = payment("pi_2", 0);
        payment.buyer = Buyer { card_country: card, ..Buyer::default() };
        let buyer = Buyer { billing_country: billing, ..Buyer::default() };
        let subscriber = Some(Subscriber { buyer, price: None });
        let records = Records { payment: Some(payment), subscriber, ..Records::default() };
        let facts = facts(&records, at(1));
        assert_eq!(word(&facts, Fact::CustomerCountry).as_deref(), expected);
        assert_eq!(word(&facts, Fact::CountryEvidence).as_deref(), Some(evidence));
        assert_eq!((facts.get(Fact::BoughtAsBusiness), facts.get(Fact::WithdrawalWaived)), (None, None));
    }
}

#[test]
fn s2_19_outages_that_two_people_bear_out_add_up_within_the_period() {
    let mut payment = payment("pi_2", 0);
    (payment.period_starts_at, payment.period_ends_at) = (Some(at(0)), Some(at(30 * DAY_S)));
    let outage = |from, to| Outage {
        name: "o".parse().unwrap(),
        product: payment.product.clone(),
        began_at: at(from),
        ended_at: at(to),
        recorded: Witness { by: "agent-1".to_owned(), at: at(to) },
        confirmed: Some(Witness { by: "agent-2".to_owned(), at: at(to) }),
    };
    let outages = vec![outage(30 * DAY_S, 40 * DAY_S), outage(29 * DAY_S, 31 * DAY_S), outage(10, 20)];
    let mut records = Records { payment: Some(payment.clone()), outages, ..Records::default() };
    let known = facts(&records, at(1));
    assert_eq!(number(&known, Fact::Outage), i64::try_from(DAY_S + 10).ok());
    assert_eq!(word(&known, Fact::BillingInterval).as_deref(), Some("month"));
    // Where two overlap, their time counts once.
    for (spans, expected) in [
        (vec![(0, 100), (50, 150)], 150),
        (vec![(50, 150), (0, 100), (20, 30)], 150),
        (vec![(0, 100), (0, 100)], 100),
        (vec![(10 * DAY_S, 11 * DAY_S), (20 * DAY_S, 21 * DAY_S)], 2 * DAY_S),
    ] {
        let outages = spans.iter().map(|(from, to)| outage(*from, *to)).collect();
        let records = Records { payment: Some(payment.clone()), outages, ..Records::default() };
        assert_eq!(number(&facts(&records, at(1)), Fact::Outage), i64::try_from(expected).ok(), "{spans:?}");
    }
    records.outages[1].confirmed = None;
    assert_eq!(number(&facts(&records, at(1)), Fact::Outage), Some(10), "one person's word is none");
    records.outages.truncate(1);
    assert_eq!(facts(&records, at(1)).get(Fact::Outage), None);
}

#[test]
fn a_dispute_counts_and_an_inquiry_does_not() {
    for (status, disputed, inquiry, contacted) in [
        ("needs_response", true, false, Some(true)),
        ("under_review", true, false, Some(true)),
        ("lost", true, false, Some(true)),
        ("won", true, false, Some(true)),
        ("a_status_of_next_year", true, false, Some(true)),
        ("warning_needs_response", false, true, None),
        ("warning_under_review", false, true, None),
        ("warning_closed", false, false, None),
        ("prevented", false, false, None),
    ] {
        let mut payment = payment("pi_2", 0);
        payment.disputes.push(Dispute {
            id: DisputeId::new("du_1").unwrap(),
            opened_at: at(1),
            status: status.to_owned(),
            as_of: at(1),
            refundable: true,
            contacted_before: Some(true),
            withdrawn_minor: 0,
            movements: 0,
            amount: None,
            reason: None,
            due_by: None,
        });
        let records = Records { payment: Some(payment), ..Records::default() };
        let facts = facts(&records, at(2));
        assert_eq!(boolean(&facts, Fact::PaymentDisputed), Some(disputed), "{status}");
        assert_eq!(boolean(&facts, Fact::PaymentInquiry), Some(inquiry), "{status}");
        assert_eq!(boolean(&facts, Fact::ContactedBeforeDispute), contacted, "{status}");
    }
}

#[test]
fn s3_12_no_report_means_no_download_only_where_the_pinned_policy_says_that_downloads_are_reported() {
    let pinned = PolicyRef { document: document().id.clone(), version: document().version.clone() };
    let other = PolicyRef { version: "2026-01-01".to_owned(), ..pinned.clone() };
    for (policy, product, reported, results, expected) in [
        (Some(&pinned), "image-to-3d", 0, Some(7), Some(0)),
        (Some(&pinned), "image-to-3d", 3, Some(7), Some(3)),
        // The lot has left the account and took its count along.
        (Some(&pinned), "image-to-3d", 3, None, Some(3)),
        // Some of what was downloaded was given back afterwards.
        (Some(&pinned), "image-to-3d", 3, Some(2), Some(2)),
        // Nobody says that these services report downloads, so that a report says nothing of the others.
        (Some(&pinned), "music-studio", 3, Some(7), None),
        (Some(&other), "image-to-3d", 3, Some(7), None),
        (None, "image-to-3d", 0, Some(7), None),
        // Of no results none was downloaded.
        (None, "image-to-3d", 0, Some(0), Some(0)),
    ] {
        let mut payment = payment("pi_2", 0);
        (payment.policy, payment.downloads, payment.lot) = (policy.cloned(), reported, LotId(1));
        payment.product = ProductId::new(product).unwrap();
        let head = results.map(with_results);
        let known = facts(&Records { payment: Some(payment), head, ..Records::default() }, at(DAY_S));
        assert_eq!(number(&known, Fact::OutputsDownloaded), expected, "{policy:?} {product} {results:?}");
    }
}

#[test]
fn s0_5_s0_24_generations_are_counted_as_they_were_made() {
    for (captured, running, expected) in [(0, 0, 0), (9, 0, 9), (9, 1, 10), (10, 0, 10)] {
        let mut payment = payment("pi_2", 0);
        payment.lot = LotId(1);
        payment.product = ProductId::new("assistant").unwrap();
        payment.price = "price_assistant_plus".to_owned();
        payment.credits = Credits::new(1_000).unwrap();
        let head = Some(with_generations(captured, running));
        let known = facts(&Records { payment: Some(payment), head, ..Records::default() }, at(DAY_S));
        assert_eq!(number(&known, Fact::GenerationsAllotted), Some(500));
        assert_eq!(number(&known, Fact::GenerationsUsed), Some(expected), "{captured} and {running} running");
        assert_eq!(number(&known, Fact::UsableResults), Some(i64::from(captured)));
    }
}

#[test]
fn s3_6_a_blocked_or_partial_generation_is_no_usable_result() {
    for (endings, usable, used) in [
        (&[][..], 0, 0),
        (&[Ending::InReview], 0, 1),
        (&[Ending::InReview, Ending::InReview], 0, 2),
        (&[Ending::InReview, Ending::Succeeded], 1, 2),
        (&[Ending::Succeeded], 1, 1),
        (&[Ending::Failed(ReleaseReason::Failed)], 0, 0),
    ] {
        let account = AccountId::new("account-1").unwrap();
        let mut commands = vec![Command::Grant(grant(&account, "pi_2", 500, None))];
        for (number, ending) in endings.iter().enumerate() {
            let generation = format!("g-{number}");
            commands.extend([place(&generation, 10), settle(&generation, *ending)]);
        }
        let mut payment = payment("pi_2", 0);
        payment.lot = LotId(1);
        let head = entries(&commands).pop();
        let known = facts(&Records { payment: Some(payment), head, ..Records::default() }, at(DAY_S));
        let counted = (number(&known, Fact::UsableResults), number(&known, Fact::GenerationsUsed));
        assert_eq!(counted, (Some(usable), Some(used)), "{endings:?}");
    }
}

#[test]
fn s3_8_credits_were_last_used_when_a_generation_last_moved_them() {
    let of = |captured, running| {
        let mut payment = payment("pi_2", 0);
        payment.lot = LotId(1);
        let head = Some(with_generations(captured, running));
        let known = facts(&Records { payment: Some(payment), head, ..Records::default() }, at(DAY_S));
        number(&known, Fact::CreditsLastUsedAt)
    };
    assert_eq!(of(0, 0), None, "nothing was used");
    assert_eq!(of(2, 0), Some(at(102).as_ms()));
    assert_eq!(of(2, 1), Some(at(201).as_ms()));
}

/// The newest entry of an account whose only lot paid for these generations: the captured ones each at its
/// own second from 101 on, the running ones from 201 on.
fn with_generations(captured: u32, running: u32) -> Entry {
    let account = AccountId::new("account-1").unwrap();
    let mut after = Account::default();
    let mut last = None;
    let mut run = |command: &Command, seconds: u64| {
        let decided = decide(&after, last, command, &[], at(seconds));
        let CommandOutcome::Write(plan) = decided else { panic!("{decided:?}") };
        (after, last) = (plan.after, Some(at(seconds)));
    };
    run(&Command::Grant(grant(&account, "pi_2", 500, Some("sub_1"))), 0);
    for number in 1..=captured {
        let generation = format!("captured-{number}");
        run(&place(&generation, 1), 100);
        run(&settle(&generation, Ending::Succeeded), 100 + u64::from(number));
    }
    for number in 1..=running {
        run(&place(&format!("running-{number}"), 1), 200 + u64::from(number));
    }
    let (cause, actor) = (Cause::Generation, Actor::Provider(Provider::Stripe));
    let draft = Draft { account, at: at(300), cause, actor, policy: None, changes: Vec::new(), after };
    Entry::seal(draft, None).unwrap()
}

/// The newest entry of an account whose only lot has brought so many results.
fn with_results(results: u32) -> Entry {
    let account = AccountId::new("account-1").unwrap();
    let decided =
        decide(&Account::default(), None, &Command::Grant(grant(&account, "pi_2", 500, None)), &[], at(0));
    let CommandOutcome::Write(plan) = decided else { unreachable!("nothing keeps a grant from an account") };
    let mut after = plan.after;
    after.lots.iter_mut().for_each(|lot| lot.captures = results);
    let draft = Draft {
        account,
        at: at(0),
        cause: Cause::Generation,
        actor: Actor::Provider(Provider::Stripe),
        policy: None,
        changes: plan.changes,
        after,
    };
    Entry::seal(draft, None).unwrap()
}

/// The entries after each of these commands, from an account without any.
fn entries(commands: &[Command]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for command in commands {
        entries.push(next(entries.last(), command, at(0)));
    }
    entries
}

/// The entry after a command.
fn next(head: Option<&Entry>, command: &Command, now: Timestamp) -> Entry {
    let before = head.map(|entry| entry.after().clone()).unwrap_or_default();
    let decided = decide(&before, head.map(Entry::at), command, &[], now);
    let CommandOutcome::Write(plan) = decided else { unreachable!("nothing keeps {command:?} from it") };
    let draft = Draft {
        account: AccountId::new("account-1").unwrap(),
        at: plan.at,
        cause: Cause::Generation,
        actor: Actor::Provider(Provider::Stripe),
        policy: None,
        changes: plan.changes,
        after: plan.after,
    };
    Entry::seal(draft, head).unwrap()
}

#[test]
fn s3_5_a_second_pack_after_the_first_was_used_is_no_double_payment() {
    let account = AccountId::new("account-1").unwrap();
    let pack = |id: &str| Command::Grant(grant(&account, id, 500, None));
    let used = |id: &str| [place(id, 10), settle(id, Ending::Succeeded)];
    let failed = |id: &str| [place(id, 10), settle(id, Ending::Failed(ReleaseReason::Failed))];
    let held = |id: &str| [place(id, 10)];
    let (first, second) = (|| vec![pack("pi_1")], || vec![pack("pi_2")]);
    for (steps, landing, expected) in [
        (vec![first(), second()], Some(1), Some(true)),
        (vec![first(), used("g").to_vec(), second()], Some(3), Some(false)),
        (vec![first(), held("g").to_vec(), second()], Some(2), Some(false)),
        // Nothing was made of the first one.
        (vec![first(), failed("g").to_vec(), second()], Some(3), Some(true)),
        // What was used after the second says nothing: the oldest credits are spent first.
        (vec![first(), second(), used("g").to_vec()], Some(1), Some(true)),
        // Stripe reported the first one later.
        (vec![second(), first(), used("g").to_vec(), used("h").to_vec()], Some(0), Some(true)),
        // The entry that brought the second is too far back to be read.
        (vec![first(), used("g").to_vec(), second()], None, None),
    ] {
        let steps: Vec<Command> = steps.concat();
        let entries = entries(&steps);
        let bought = |id: &str| Payment { kind: ledger::PaymentKind::Pack, ..payment(id, 0) };
        let mut second = bought("pi_2");
        second.charged_at = at(7_200);
        let mut records = Records { payment: Some(second.clone()), ..Records::default() };
        records.account.purchases = vec![purchase(&second), purchase(&bought("pi_1"))];
        records.head = entries.last().cloned();
        records.landing = landing.map(|place: usize| entries[place].clone());
        let twice = boolean(&facts(&records, at(7_200)), Fact::DuplicateOfPayment);
        assert_eq!(twice, expected, "{steps:?}");
    }
}

#[test]
fn a_subscription_that_begins_beside_another_of_its_product_is_a_double_payment() {
    let account = AccountId::new("account-1").unwrap();
    let of = |id: &str, subscription: &str, reason: &str, charged_s: u64| {
        let mut payment = *grant(&account, id, 500, Some(subscription)).payment;
        payment.charged_at = at(charged_s);
        payment.kind = ledger::PaymentKind::Subscription {
            subscription: SubscriptionId::new(subscription).unwrap(),
            billing_reason: reason.to_owned(),
        };
        payment
    };
    let reported = |ended, cancelled| Subscription {
        provider: Provider::Stripe,
        id: SubscriptionId::new("sub_1").unwrap(),
        account: account.clone(),
        as_of: at(0),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: cancelled,
        cancels_at: None,
        ended_at: ended,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    for (subscription, reason, beside, expected) in [
        ("sub_2", "subscription_create", vec![reported(None, None)], true),
        ("sub_2", "subscription_create", vec![], true),
        ("sub_2", "subscription_create", vec![reported(Some(at(5)), None)], false),
        ("sub_2", "subscription_create", vec![reported(None, Some(at(5)))], false),
        ("sub_2", "subscription_cycle", vec![reported(None, None)], false),
        ("sub_1", "subscription_create", vec![reported(None, None)], false),
    ] {
        // A week later, and for another plan's price: far beyond a double click.
        let mut payment = of("pi_2", subscription, reason, 7 * DAY_S);
        payment.price = "price_other".to_owned();
        let first = of("pi_1", "sub_1", "subscription_create", 0);
        let mut records = Records { payment: Some(payment.clone()), beside, ..Records::default() };
        records.account.purchases = vec![purchase(&payment), purchase(&first)];
        let commands = ["pi_1", "pi_2"].map(|id| {
            let subscription = if id == "pi_1" { "sub_1" } else { subscription };
            Command::Grant(grant(&account, id, 500, Some(subscription)))
        });
        records.head = entries(&commands).pop();
        let twice = boolean(&facts(&records, at(7 * DAY_S)), Fact::DuplicateOfPayment);
        assert_eq!(twice, Some(expected), "{subscription} {reason}");
        // One of the two is paid back, so one stays.
        records.account.refunded = vec![Refunded { payment: first.id.clone(), minor: 1000 }];
        assert_eq!(boolean(&facts(&records, at(7 * DAY_S)), Fact::DuplicateOfPayment), Some(false));
    }
}

#[test]
fn s2_15_a_later_charge_is_compared_with_the_plan_that_stripe_reported_with_it() {
    for (price, reported_s, expected) in [
        (Some("price_premier_monthly"), 60, Some("premier")),
        (Some("price_premier_monthly"), 3_600, Some("premier")),
        // A change since.
        (Some("price_premier_monthly"), 3_601, None),
        (Some("price_pro_monthly"), 60, Some("pro")),
        (Some("price_of_nothing"), 60, None),
        (None, 60, None),
    ] {
        let mut payment = payment("pi_2", 0);
        payment.price = "price_pro_monthly".to_owned();
        let subscription = Subscription {
            provider: Provider::Stripe,
            id: SubscriptionId::new("sub_1").unwrap(),
            account: payment.account.clone(),
            as_of: at(reported_s),
            price: price.map(str::to_owned),
            period_ends_at: None,
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: ledger::SubscriptionReport::default(),
        };
        let records =
            Records { payment: Some(payment), subscription: Some(subscription), ..Records::default() };
        let facts = facts(&records, at(1));
        assert_eq!(word(&facts, Fact::PlanPaid).as_deref(), Some("pro"));
        assert_eq!(word(&facts, Fact::PlanOrdered).as_deref(), expected, "{price:?} {reported_s}");
        assert_eq!(word(&facts, Fact::PlanRequested), None, "only the customer says that");
    }
}
