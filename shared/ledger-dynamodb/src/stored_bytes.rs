//! Every stored form as bytes: what is read from a fixture is written as the same bytes, and what the tables
//! write is what a fixture says.
//!
//! A fixture in `tests/stored/` holds items: a line for each attribute with its name, its type and its value,
//! in the order of the names, and an empty line between two items.

mod plan_changes;
mod watches;

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use ledger::contract::{NoPause, at, grant, run};
use ledger::{
    Abuse, AccountId, Buyer, CancellationStore, ChangeReturn, Channel, Command, Commit, Confirmation,
    CountryCode, Currency, CustomerId, CustomerStore, Division, DownloadStore, Finding, FindingStore,
    InvoiceId, LedgerStore, Money, Outage, OutageStore, PaymentStore, Provider, PurchaseStore, Record,
    RefundId, Subscriber, SubscriberStore, Subscription, SubscriptionId, SubscriptionStore, Witness,
};
use refunds::{ActionKind, CountStore, CountedBy, ListedBefore, RequestStore, ReviewVerdict};

use crate::item::{Item, key, payment_key, read_text, text};
use crate::request::{clocks, stored};
use crate::{
    Anchors, ExternalRefund, ReturnedMoney, Tables, evidence, in_process, journal, lead, payment, purchase,
    request,
};

fn value(value: &AttributeValue) -> String {
    let hex = |bytes: &Blob| {
        let digits: Vec<String> = bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    };
    match value {
        AttributeValue::S(text) => format!("S {text}"),
        AttributeValue::N(digits) => format!("N {digits}"),
        AttributeValue::B(bytes) => format!("B {}", hex(bytes)),
        AttributeValue::Bool(flag) => format!("BOOL {flag}"),
        AttributeValue::Ss(texts) => format!("SS {}", texts.join(",")),
        AttributeValue::Bs(marks) => {
            let marks: std::collections::BTreeSet<String> = marks.iter().map(hex).collect();
            format!("BS {}", marks.into_iter().collect::<Vec<_>>().join(","))
        }
        AttributeValue::M(numbers) => {
            let numbers: BTreeMap<_, _> = numbers.iter().map(|(name, n)| (name, n.as_n().unwrap())).collect();
            let numbers = numbers.iter().map(|(name, number)| format!("{name}={number}"));
            format!("M {}", numbers.collect::<Vec<_>>().join(","))
        }
        other => panic!("{other:?}"),
    }
}

fn shown(item: &Item) -> String {
    let lines: BTreeMap<_, _> = item.iter().map(|(name, attribute)| (name, value(attribute))).collect();
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name} {value}\n")).collect();
    lines.concat()
}

fn attribute(kind: &str, value: &str) -> AttributeValue {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes = |hex: &str| Blob::new(hex.as_bytes().chunks(2).map(byte).collect::<Vec<_>>());
    match kind {
        "S" => AttributeValue::S(value.to_owned()),
        "N" => AttributeValue::N(value.to_owned()),
        "B" => AttributeValue::B(bytes(value)),
        "BOOL" => AttributeValue::Bool(value == "true"),
        "SS" => AttributeValue::Ss(value.split(',').map(str::to_owned).collect()),
        "BS" => AttributeValue::Bs(value.split(',').map(bytes).collect()),
        "M" => AttributeValue::M(
            value
                .split(',')
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, number)| (name.to_owned(), AttributeValue::N(number.to_owned())))
                .collect(),
        ),
        other => panic!("{other}"),
    }
}

fn items(fixture: &str) -> Vec<Item> {
    let item = |lines: &str| {
        let parts = lines.lines().map(|line| line.splitn(3, ' ').collect::<Vec<_>>());
        parts.map(|part| (part[0].to_owned(), attribute(part[1], part[2]))).collect()
    };
    fixture.split("\n\n").map(item).collect()
}

/// Every item of a fixture is read and written again as the same bytes.
fn check(fixture: &str, again: impl Fn(Item) -> Item) {
    let written: Vec<String> = items(fixture).into_iter().map(|item| shown(&again(item))).collect();
    assert_eq!(written.join("\n"), fixture);
}

async fn table(tables: &Tables, name: &str) -> Vec<Item> {
    let scanned = tables.client.scan().table_name(name).send().await.unwrap();
    scanned.items.unwrap_or_default()
}

/// What the tables hold in the partitions that begin with `prefixes`, by key.
async fn dump(tables: &Tables, prefixes: &[&str]) -> String {
    let mut found = BTreeMap::new();
    for name in [&tables.ledger, &tables.requests] {
        for item in table(tables, name).await {
            let keys = ["pk", "sk"].map(|name| read_text(&item, name).unwrap().to_owned());
            if prefixes.iter().any(|prefix| keys.join("/").starts_with(prefix)) {
                found.insert(keys, shown(&item));
            }
        }
    }
    found.into_values().collect::<Vec<_>>().join("\n")
}

fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn usd(minor: u64) -> Money {
    Money::new(minor, Currency::new("usd").unwrap())
}

#[test]
fn i2_requests_keep_their_bytes() {
    let fixture = include_str!("../tests/stored/request.txt");
    check(fixture, |item| request::request_item(&request::request(&item).unwrap()).unwrap());

    let mut kinds = std::collections::BTreeSet::new();
    for item in items(fixture) {
        let request = request::request(&item).unwrap();
        kinds.extend(request.actions().iter().map(|act| kind(&act.kind)));
        let waiting = item.get("waiting").map(|body| clocks::decode_waiting(body.as_s().unwrap()));
        assert_eq!(waiting.transpose().unwrap(), request.waiting());
    }
    assert_eq!(kinds.len(), 15, "{kinds:?}");
}

fn kind(deed: &ActionKind) -> &'static str {
    match deed {
        ActionKind::Answered { .. } => "answered",
        ActionKind::Withdrew => "withdrew",
        ActionKind::Reopened { .. } => "reopened",
        ActionKind::Accepted { .. } => "accepted",
        ActionKind::Declined { .. } => "declined",
        ActionKind::HeldBack { .. } => "held back",
        ActionKind::Arrived => "arrived",
        ActionKind::Reviewed(review) => match review.verdict {
            ReviewVerdict::Approve => "approve",
            ReviewVerdict::ApprovePart(_) => "part",
            ReviewVerdict::GrantCredits { .. } => "credits",
            ReviewVerdict::Refuse => "refuse",
            ReviewVerdict::TakeBack => "take_back",
            ReviewVerdict::Leave => "leave",
            ReviewVerdict::Ask(_) => "ask",
            ReviewVerdict::Offer { .. } => "offer",
        },
    }
}

#[test]
fn a_stored_word_that_is_not_known_is_an_error() {
    let full = items(include_str!("../tests/stored/request.txt")).swap_remove(0);
    let body = full["body"].as_s().unwrap();
    for (known, unknown) in [
        (r#""state":"in_review""#, r#""state":"reviewed""#),
        (r#"["support","bo"]"#, r#"["supporter","bo"]"#),
        (r#""did":"withdrew""#, r#""did":"withdrawn""#),
        (r#""outside_policy":"goodwill""#, r#""outside_policy":"kindness""#),
        (r#""verdict":"refuse""#, r#""verdict":"refused""#),
        (r#""offer":"again","state":"declined""#, r#""offer":"again","state":"refused""#),
    ] {
        assert!(body.contains(known), "{known}");
        assert!(stored::decode(body).is_ok());
        assert!(stored::decode(&body.replace(known, unknown)).is_err(), "{unknown}");
    }
}

#[tokio::test]
async fn a_list_of_requests_begins_before_an_instant_or_behind_a_request() {
    let (tables, _) = in_process::tables().await;
    for item in items(include_str!("../tests/stored/request.txt")) {
        let put = tables.client.put_item().table_name(&tables.requests).set_item(Some(item));
        put.send().await.unwrap();
    }
    let account = id::<AccountId>("customer-1");
    for (before, expected) in [
        (None, "rr_paying rr_parts rr_outside rr_full rr_by_hand rr_bare"),
        // All are of this very instant.
        (Some(ListedBefore::Instant(at(0))), ""),
        (Some(ListedBefore::Instant(at(1))), "rr_paying rr_parts rr_outside rr_full rr_by_hand rr_bare"),
        (Some(ListedBefore::Request(at(0), id("rr_full"))), "rr_by_hand rr_bare"),
    ] {
        let found = tables.requests_of(&account, before, 10).await.unwrap();
        let found: Vec<&str> = found.iter().map(|request| request.id.as_str()).collect();
        assert_eq!(found.join(" "), expected);
    }
}

#[test]
fn a_case_keeps_its_bytes() {
    let requests = items(include_str!("../tests/stored/request.txt"));
    let cases = requests.iter().filter_map(|item| request::case_item(&request::request(item).unwrap()));
    let cases: Vec<String> = cases.map(|item| shown(&item)).collect();
    assert_eq!(cases.join("\n"), include_str!("../tests/stored/case.txt"));
}

/// The codec has a test of its own for the body of an entry.
#[test]
fn entries_keep_their_bytes() {
    let fixture = include_str!("../tests/stored/entry.txt");
    check(fixture, |item| journal::entry_item(&journal::entry(item).unwrap()));
}

#[test]
fn i2_leads_keep_their_bytes() {
    check(include_str!("../tests/stored/lead.txt"), |item| lead::item(&lead::read(&item).unwrap()).unwrap());
}

#[test]
fn evidence_keeps_its_bytes() {
    let fixture = include_str!("../tests/stored/evidence.txt");
    check(fixture, |item| evidence::item(&evidence::read(&item).unwrap()));
}

#[tokio::test]
async fn i2_payments_keep_their_bytes() {
    let fixture = include_str!("../tests/stored/payment.txt");
    let (tables, _) = in_process::tables().await;
    for item in items(fixture) {
        let payment =
            payment::read(&id(read_text(&item, "pk").unwrap().strip_prefix("PAYMENT#").unwrap()), &item);
        let payment = payment.unwrap();
        let mut written = key(payment_key(&payment.id), "-");
        payment::write(&payment, &mut written).unwrap();
        let put = tables.client.put_item().table_name(&tables.ledger).set_item(Some(written));
        put.send().await.unwrap();
        for dispute in &payment.disputes {
            assert!(tables.save_dispute(&payment.id, dispute).await.unwrap());
        }
        for generation in 0..payment.downloads {
            let generation = id(&format!("g-{generation}"));
            assert!(tables.note_download(&payment.id, &generation).await.unwrap());
        }
        assert_eq!(tables.payment(&payment.id).await.unwrap(), Some(payment));
    }
    assert_eq!(dump(&tables, &["PAYMENT#"]).await, fixture);
}

#[test]
fn purchases_keep_their_bytes() {
    let payments = items(include_str!("../tests/stored/payment.txt"));
    let written = payments.iter().map(|item| {
        let id = id(read_text(item, "pk").unwrap().strip_prefix("PAYMENT#").unwrap());
        let payment = payment::read(&id, item).unwrap();
        let purchase = purchase::purchase_item(&payment);
        let read = purchase::purchase(&purchase).unwrap();
        assert_eq!((&read.payment, &read.price), (&payment.id, &payment.price));
        assert_eq!((read.paid, read.charged_at), (payment.paid, payment.charged_at));
        shown(&purchase)
    });
    assert_eq!(written.collect::<Vec<_>>().join("\n"), include_str!("../tests/stored/purchase.txt"));
}

#[tokio::test]
async fn subscriptions_keep_their_bytes() {
    let (tables, _) = in_process::tables().await;
    let bare = |name: &str| Subscription {
        provider: Provider::Stripe,
        id: id(name),
        account: id("customer-1"),
        as_of: at(1),
        price: None,
        period_ends_at: None,
        cancellation_confirmed_at: None,
        cancels_at: None,
        ended_at: None,
        confirmation: None,
        report: ledger::SubscriptionReport::default(),
    };
    let full = Subscription {
        price: Some("price_1".to_owned()),
        period_ends_at: Some(at(100)),
        cancellation_confirmed_at: Some(at(2)),
        cancels_at: Some(at(100)),
        ended_at: Some(at(101)),
        report: ledger::SubscriptionReport {
            rank: 3 << 56,
            status: Some("past_due".to_owned()),
            collection_paused: true,
            schedule: Some(id("sub_sched_1")),
        },
        ..bare("sub_full")
    };
    let confirmation = Confirmation {
        at: at(50),
        channel: Channel::Support,
        effective_at: Some(at(100)),
        stripe_at: None,
        announced: 0,
    };
    let confirmed = |name: &str, confirmation| bare(name).with(Some(confirmation));
    let announced = Confirmation { announced: 1, ..confirmation };
    let reported = Confirmation { channel: Channel::Customer, effective_at: None, ..confirmation };
    let stored = [
        bare("sub_bare"),
        Subscription { provider: Provider::Creem, ..bare("sub_creem") },
        full,
        confirmed("sub_announced", announced),
        confirmed("sub_reported", Confirmation { stripe_at: Some(at(60)), ..reported }),
    ];
    for written in &stored {
        let reported = Subscription { confirmation: None, ..bare(written.id.as_str()) };
        let first = if written.confirmation.is_some() { &reported } else { written };
        assert!(tables.save_subscription(first).await.unwrap());
    }
    let [.., announced, reported_seen] = &stored;
    for (name, seen, confirmation) in
        [("sub_announced", announced, confirmation), ("sub_reported", reported_seen, reported)]
    {
        assert!(tables.confirm_cancellation(&bare(name), &confirmation).await.unwrap());
        match seen.confirmation.unwrap().stripe_at {
            None => {
                let seen = confirmed(name, confirmation);
                tables.reschedule_report(&seen, at(900)).await.unwrap();
            }
            Some(stripe_at) => tables.mark_reported(seen, stripe_at).await.unwrap(),
        }
    }
    let account = id::<AccountId>("customer-1");
    for written in stored {
        assert_eq!(tables.subscription(&account, &written.id).await.unwrap(), Some(written));
    }
    let fixture = include_str!("../tests/stored/subscription.txt");
    assert_eq!(dump(&tables, &["ACCOUNT#customer-1/SUBSCRIPTION#"]).await, fixture);
}

#[tokio::test]
async fn what_people_and_checkouts_say_keeps_its_bytes() {
    let (tables, _) = in_process::tables().await;
    let buyer = Buyer {
        billing_country: Some(CountryCode::new("DE").unwrap()),
        card_country: Some(CountryCode::new("FR").unwrap()),
        business: Some(false),
        withdrawal_waived: Some(true),
    };
    for (name, subscriber) in [
        ("sub_1", Subscriber { buyer, price: Some("price_1".to_owned()) }),
        ("sub_2", Subscriber { buyer: Buyer::default(), price: None }),
    ] {
        let subscription = id::<SubscriptionId>(name);
        tables.note_subscriber(&subscription, &subscriber).await.unwrap();
        assert_eq!(tables.subscriber(&subscription).await.unwrap(), Some(subscriber));
    }
    for (name, abuse) in
        [("customer-1", Abuse::None), ("customer-2", Abuse::Indicated), ("customer-3", Abuse::Confirmed)]
    {
        let account = id::<AccountId>(name);
        let related = vec![id("customer-8"), id("customer-9")];
        let finding =
            Finding {
                abuse, related, reason: "Two “accounts”".to_owned(), by: "ada".to_owned(), at: at(7)
            };
        tables.save_finding(&account, &finding).await.unwrap();
        assert_eq!(tables.records_of(&account).await.unwrap().finding, Some(finding));
    }
    let witness = |by: &str| Witness { by: by.to_owned(), at: at(500) };
    for (name, confirmed) in [("outage-1", None), ("outage-2", Some(witness("bo")))] {
        let mut outage = Outage {
            name: id(name),
            product: id("music-studio"),
            began_at: at(5),
            ended_at: at(400),
            recorded: witness("ada"),
            confirmed: None,
        };
        assert!(tables.save_outage(&outage).await.unwrap());
        outage.confirmed = confirmed;
        assert_eq!(tables.save_outage(&outage).await.unwrap(), outage.confirmed.is_some());
        assert!(tables.outages(&outage.product, at(6)).await.unwrap().contains(&outage));
    }
    let fixture = include_str!("../tests/stored/said.txt");
    assert_eq!(dump(&tables, &["SUBSCRIBER#", "ACCOUNT#", "OUTAGES#"]).await, fixture);
}

/// What is written with an entry, and the notes about payments that other events leave.
#[tokio::test]
async fn notes_and_guards_keep_their_bytes() {
    let (tables, _) = in_process::tables().await;
    let account = id::<AccountId>("customer-1");
    run(&tables, &account, &Command::Grant(grant(&account, "pi_1", 100, None)), at(0)).await;
    run(&tables, &account, &Command::Grant(grant(&account, "pi_1~2", 100, Some("sub_1"))), at(0)).await;
    let records = [
        Record::Invoice(id("in_1"), id("pi_1")),
        Record::CompensatedOnce(id("rr_1")),
        Record::AdjustedOnce(id("adj_1")),
        Record::GivenBackOnce(id("g-1")),
        Record::ChargedLateOnce(id("g-2")),
        Record::Division(Division {
            payment: id("pi_1"),
            purchases: 2,
            beside_minor: 300,
            beside_refunded_minor: 0,
        }),
        Record::WholeDifferenceOnce(id("music-studio"), id("pi_1")),
        Record::Customer(id("cus_1"), account.clone()),
        Record::Event { id: "evt_1".to_owned(), digest: [7; 32] },
    ];
    let entry = items(include_str!("../tests/stored/entry.txt")).swap_remove(1);
    let mut entry = entry;
    entry.insert("pk".to_owned(), text("ACCOUNT#customer-2"));
    let commit =
        Commit { entry: journal::entry(entry).unwrap(), records: records.to_vec(), mark: Some(at(600)) };
    assert_eq!(tables.commit(&commit).await.unwrap(), ledger::CommitOutcome::Written);
    assert!(tables.link_customer(&id::<CustomerId>("cus_2"), &account).await.unwrap());
    tables.link_payment(&id("pi_9"), &id::<InvoiceId>("in_9"), usd(1_999)).await.unwrap();
    tables.name_payment(&id("pi_9"), &[id("ch_9"), id("1234-5678")]).await.unwrap();
    tables.note_unrecorded(&id("pi_8"), "evt_8").await.unwrap();
    tables.note_without_credits(&id("pi_7"), at(0)).await.unwrap();
    for (name, minor, failed) in [("re_1", 500, false), ("re_2", 200, false), ("re_2", 200, true)] {
        let seen = ExternalRefund {
            id: id::<RefundId>(name),
            payment: id("pi_1"),
            amount: usd(minor),
            made_at: at(9),
            failed,
        };
        tables.adopt_refund(&NoPause, &seen).await.unwrap();
    }
    let returned = ReturnedMoney {
        invoice: id("in_8"),
        account: account.clone(),
        subscription: id("sub_1"),
        at: at(9),
        credited: Vec::new(),
        returns: vec![ChangeReturn {
            product: Some(id("music-studio")),
            minor: 700,
            credits: ledger::Credits::new(70).unwrap(),
        }],
    };
    let cause = ledger::Cause::Operator("returned".to_owned());
    tables.count_returns(&NoPause, &returned, (&cause, at(9))).await.unwrap();
    let division = tables.division(&id("pi_1")).await.unwrap().unwrap();
    assert_eq!((division.purchases, division.beside_minor, division.beside_refunded_minor), (2, 300, 300));
    let fixture = include_str!("../tests/stored/notes.txt");
    let prefixes = [
        "ACCOUNT#customer-2/DUE",
        "ACCOUNT#customer-1/REFUNDED",
        "ADJUSTED#",
        "BACK#",
        "COMPENSATION#",
        "CUSTOMER#",
        "DIFFERENCE#",
        "DIVISION#",
        "EVENT#",
        "INVOICE#",
        "LATE#",
        "NAME#",
        "PAID#",
        "REFUND#",
        "RETURNED#",
        "UNRECORDED#",
        "WITHOUT_CREDITS#",
    ];
    assert_eq!(dump(&tables, &prefixes).await, fixture);
}

#[tokio::test]
async fn counts_keep_their_bytes() {
    let (tables, _) = in_process::tables().await;
    for item in items(include_str!("../tests/stored/count.txt")) {
        let put = tables.client.put_item().table_name(&tables.requests).set_item(Some(item));
        put.send().await.unwrap();
    }
    let of = vec![
        CountedBy::Account(id("customer-1")),
        CountedBy::Payment(id("pi_1")),
        CountedBy::Person("ada".to_owned()),
    ];
    let counts = tables.counts(of).await.unwrap();
    let writes = counts.iter().map(|count| tables.count_write(count).unwrap());
    let written = writes.map(|write| shown(write.put().unwrap().item()));
    assert_eq!(written.collect::<Vec<_>>().join("\n"), include_str!("../tests/stored/count.txt"));

    let filed = tables.filed_write(&id("customer-1"), 20_758);
    let update = filed.update().unwrap();
    assert_eq!(shown(update.key()), "pk S FILED#customer-1#20758\nsk S -\n");
    assert_eq!(update.update_expression(), "ADD filed :one SET expires_at = :expires_at");
    assert_eq!(update.expression_attribute_values().unwrap()[":expires_at"].as_n().unwrap(), "1793750400");
}

#[tokio::test]
async fn anchors_keep_their_bytes() {
    let (tables, _) = in_process::tables().await;
    let anchors = Anchors::new(tables.client.clone(), "anchors");
    let account = id::<AccountId>("customer-1");
    anchors.raise(&account, 7, ledger::Hash([9; 32])).await.unwrap();
    anchors.note_tampering(&account, 5).await.unwrap();
    let anchors: Vec<String> = table(&tables, "anchors").await.iter().map(shown).collect();
    assert_eq!(anchors.join("\n"), include_str!("../tests/stored/anchor.txt"));
}
