//! The history, page by page.

use ledger::contract::{adjust, at, grant, settle_by};
use ledger::{
    Actor, AdjustmentKind, Cause, Command, Credits, Ending, GenerationId, Import, ImportId, Lot, LotId,
    LotKind, PaymentId, ReleaseReason, SubscriptionId, Takes,
};
use serde_json::{Value, json};

use crate::api::{Api, As, Call, account, song};

type Tables = ledger_dynamodb::Tables;

/// An account to which everything happened once.
async fn full_life() -> Api<Tables> {
    let api = Api::start().await;
    let id = account("acct-1");
    api.run("acct-1", Command::Grant(grant(&id, "pi_pack", 100, None)), 0).await;
    api.run("acct-1", Command::Grant(grant(&id, "pi_plan", 500, Some("sub_1"))), 1).await;
    for generation in ["gen-1", "gen-2", "gen-3"] {
        Call::hold("acct-1", &song(generation, 1)).caller(As::Service).at(2).send(&api).await;
    }
    Call::release("acct-1", "gen-1").caller(As::Service).at(3).send(&api).await;
    Call::capture("acct-1", "gen-2").caller(As::Service).at(4).send(&api).await;
    let empty = Ending::Failed(ReleaseReason::EmptySuccess);
    let service = (Cause::Generation, Actor::Service("renderer".to_owned()));
    api.run_for("acct-1", settle_by("generator", "gen-3", empty), service, 5).await;
    Call::release("acct-1", "gen-2").caller(As::Service).at(6).send(&api).await;
    Call::capture("acct-1", "gen-1").caller(As::Service).at(7).send(&api).await;
    let subscription = SubscriptionId::new("sub_1").unwrap();
    let end =
        Command::StartExpiry { subscription, ended_at: at(8), leftover_s: 100, pauses_leftover_expiry: true };
    api.run("acct-1", end, 8).await;
    let mut resumed = grant(&id, "pi_again", 5, Some("sub_2"));
    resumed.pauses_leftover_expiry = true;
    api.run("acct-1", Command::Grant(resumed), 9).await;
    let payment = PaymentId::new("pi_pack").unwrap();
    let request = (Cause::RefundRequest("rr_1".to_owned()), Actor::Support("person-7".to_owned()));
    api.run_for("acct-1", Command::Revoke { payment, takes: Takes::Remaining, owe_spent: true }, request, 10)
        .await;
    let operator = || (Cause::Operator("suspicion of misuse".to_owned()), Actor::Operator);
    api.run_for("acct-1", adjust("adj_1", AdjustmentKind::Suspension), operator(), 11).await;
    api.run_for("acct-1", adjust("adj_2", AdjustmentKind::Resumption), operator(), 12).await;
    api
}

fn entries(query: &Value) -> Call {
    Call::entries("acct-1", query)
}

#[tokio::test]
async fn a_history_tells_what_happened_newest_first() {
    let api = full_life().await;
    let reply = entries(&json!({})).caller(As::Customer("acct-1")).send(&api).await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.body);
}

#[tokio::test]
async fn s2_26_what_expires_and_what_comes_back_late_is_shown() {
    let api = Api::start().await;
    let id = account("acct-1");
    api.run("acct-1", Command::Grant(grant(&id, "pi_plan", 10, Some("sub_1"))), 0).await;
    for (generation, credits) in [("gen-1", 4), ("gen-2", 1)] {
        Call::hold("acct-1", &song(generation, credits)).caller(As::Service).at(1).send(&api).await;
    }
    let subscription = SubscriptionId::new("sub_1").unwrap();
    api.run(
        "acct-1",
        Command::StartExpiry { subscription, ended_at: at(2), leftover_s: 100, pauses_leftover_expiry: true },
        2,
    )
    .await;
    let sweep = |at_s| (Cause::Sweep(at(at_s)), Actor::Schedule);
    api.run_for("acct-1", Command::Expire { releases: Vec::new() }, sweep(102), 102).await;
    Call::release("acct-1", "gen-1").caller(As::Service).at(103).send(&api).await;
    let releases = vec![(GenerationId::new("gen-2").unwrap(), 0)];
    api.run_for("acct-1", Command::Expire { releases }, sweep(90_000), 90_000).await;
    Call::capture("acct-1", "gen-2").caller(As::Service).at(90_001).send(&api).await;
    let payment = || PaymentId::new("pi_plan").unwrap();
    api.run(
        "acct-1",
        Command::Revoke { payment: payment(), takes: Takes::Remaining, owe_spent: false },
        90_002,
    )
    .await;
    let restore = Command::Restore { payment: payment(), credits: Credits::ZERO, debt: Credits::ZERO };
    api.run("acct-1", restore, 90_003).await;
    let reply = entries(&json!({})).caller(As::Customer("acct-1")).send(&api).await;
    let entries = reply.body["entries"].as_array().unwrap();
    let changes = entries.iter().rev().flat_map(|entry| entry["changes"].as_array().unwrap());
    let texts: Vec<&Value> = changes.map(|change| &change["text"]).collect();
    insta::assert_json_snapshot!(texts);
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let api = full_life().await;
    let whole = entries(&json!({})).caller(As::Support).send(&api).await.body;
    let whole = whole["entries"].as_array().unwrap();
    for limit in [1, 4, 5, 100] {
        let (mut collected, mut cursor) = (Vec::new(), Value::Null);
        loop {
            let mut query = json!({ "limit": limit.to_string() });
            if let Value::String(text) = cursor {
                query["cursor"] = text.into();
            }
            let page = entries(&query).caller(As::Support).send(&api).await.body;
            let page_entries = page["entries"].as_array().unwrap();
            assert!((1..=limit).contains(&page_entries.len()), "{limit} {page}");
            collected.extend(page_entries.iter().cloned());
            cursor = page["next_cursor"].clone();
            if cursor.is_null() {
                break;
            }
        }
        assert_eq!(&collected, whole, "{limit}");
    }
}

#[tokio::test]
async fn a_page_goes_on_where_it_ended_when_entries_are_added() {
    let api = full_life().await;
    let first = entries(&json!({ "limit": "3" })).caller(As::Support).send(&api).await.body;
    Call::hold("acct-1", &song("gen-9", 1)).caller(As::Service).send(&api).await;
    let query = json!({ "limit": "1", "cursor": first["next_cursor"] });
    let second = entries(&query).caller(As::Support).send(&api).await.body;
    let last_shown = first["entries"][2]["number"].as_u64().unwrap();
    assert_eq!(second["entries"][0]["number"].as_u64(), Some(last_shown - 1));
}

#[tokio::test]
async fn d12_altered_cursors_and_those_of_others_are_refused() {
    let api = full_life().await;
    api.pack("acct-2", 10).await;
    Call::hold("acct-2", &song("gen-1", 1)).caller(As::Service).send(&api).await;
    let page = entries(&json!({ "limit": "2" })).caller(As::Customer("acct-1")).send(&api).await.body;
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let others = Call::entries("acct-2", &json!({ "limit": "1" })).caller(As::Support).send(&api).await.body;
    let mut refused = vec![others["next_cursor"].as_str().unwrap().to_owned(), "1".into(), String::new()];
    for place in 0..cursor.len() {
        let mut altered = cursor.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        refused.push(String::from_utf8(altered).unwrap());
    }
    refused.push(format!("{cursor}A"));
    refused.push("_".repeat(32));
    for text in refused {
        let reply = entries(&json!({ "cursor": text })).caller(As::Customer("acct-1")).send(&api).await;
        assert_eq!(reply.problem(), (400, "invalid-cursor"), "{text}");
    }
    let reply = Call::entries("acct-9", &json!({ "cursor": cursor })).caller(As::Customer("acct-9"));
    assert_eq!(reply.send(&api).await.problem(), (400, "invalid-cursor"), "an account without entries");
    let own = entries(&json!({ "cursor": cursor })).caller(As::Customer("acct-1")).send(&api).await;
    assert_eq!(own.status, 200);
}

#[tokio::test]
async fn a_limit_is_one_to_a_hundred() {
    let api = full_life().await;
    for limit in ["0", "-1", "101", "65536", "ten", "", "1.0", "1,2"] {
        let reply = entries(&json!({ "limit": limit })).caller(As::Support).send(&api).await;
        assert_eq!(reply.problem(), (400, "invalid-request"), "{limit}");
    }
}

#[tokio::test]
async fn who_acted_is_shown_to_support_only() {
    let api = full_life().await;
    let support = entries(&json!({})).caller(As::Support).send(&api).await.body.to_string();
    let customer = entries(&json!({})).caller(As::Customer("acct-1")).send(&api).await.body.to_string();
    for inside in ["generator", "renderer", "person-7", "suspicion of misuse"] {
        assert!(support.contains(inside), "{inside} {support}");
        assert!(!customer.contains(inside), "{inside} {customer}");
    }
    for kind in ["service", "support", "operator", "stripe"] {
        assert!(customer.contains(&format!(r#""actor":{{"kind":"{kind}"}}"#)), "{kind} {customer}");
    }
}

#[tokio::test]
async fn bookkeeping_is_not_shown() {
    let api = full_life().await;
    let marks = |change: &ledger::Change| matches!(change, ledger::Change::Marked(_));
    assert!(api.journal("acct-1").await.iter().flat_map(ledger::Entry::changes).any(marks));
    let shown = entries(&json!({})).caller(As::Support).send(&api).await.body;
    assert!(!shown.to_string().contains("marked"), "{shown}");
    let shown = shown["entries"].as_array().unwrap();
    assert!(shown.iter().all(|entry| !entry["changes"].as_array().unwrap().is_empty()), "{shown:?}");
}

#[tokio::test]
async fn an_empty_history_is_its_owners_alone() {
    let api = Api::start().await;
    let call = Call::entries("acct-9", &json!({}));
    let own = call.clone().caller(As::Customer("acct-9")).send(&api).await;
    assert_eq!((own.status, own.body), (200, json!({ "entries": [], "next_cursor": null })));
    assert_eq!(call.caller(As::Support).send(&api).await.problem(), (404, "not-found"));
}

#[tokio::test]
async fn a_page_is_one_query() {
    let api = full_life().await;
    let first = entries(&json!({ "limit": "2" })).caller(As::Support).send(&api).await.body;
    api.meter.read();
    entries(&json!({ "cursor": first["next_cursor"] })).caller(As::Support).send(&api).await;
    let calls: Vec<_> = api.meter.read().into_iter().map(|call| call.operation).collect();
    assert_eq!(calls, ["Query"]);
}

#[tokio::test]
async fn credits_that_moved_in_are_shown_without_what_was_used_up_before() {
    let api = Api::start().await;
    let id = account("acct-1");
    let lot = |number: u8, left: u64| {
        let payment = *grant(&id, &format!("pi_{number}"), 100, None).payment;
        let credits = |count| Credits::new(count).unwrap();
        let lot = Lot {
            id: LotId::NONE,
            kind: LotKind::Pack,
            payment: Some(payment.id.clone()),
            product: payment.product.clone(),
            granted_at: payment.charged_at,
            expires_at: None,
            granted: credits(100),
            available: credits(left),
            held: Credits::ZERO,
            spent: credits(100 - left),
            expired: Credits::ZERO,
            revoked: Credits::ZERO,
            repaid: Credits::ZERO,
            captures: 0,
            unusable: 0,
            leftover_s: None,
            period: None,
            owed: Credits::ZERO,
            closed: None,
            disputes: Vec::new(),
            fingerprint: None,
            touched_at: payment.charged_at,
        };
        (lot, payment)
    };
    let (lots, payments) = [lot(1, 70), lot(2, 0)].into_iter().unzip();
    let import_id = ImportId::new("move-2026-11").unwrap();
    let import =
        Import { id: import_id.clone(), digest: [7; 32], as_of: at(5), lots, payments, ended: Vec::new() };
    api.run_for("acct-1", Command::Import(import), (Cause::Import(import_id), Actor::Operator), 10).await;
    for caller in [As::Customer("acct-1"), As::Support] {
        let reply = entries(&json!({})).caller(caller).send(&api).await;
        let entry = &reply.body["entries"][0];
        let [change] = entry["changes"].as_array().unwrap().as_slice() else { panic!("{entry}") };
        assert_eq!(
            (&change["kind"], &change["credits"], &change["granted"]),
            (&json!("imported"), &json!(70), &json!(100))
        );
        assert_eq!(change["text"], "70 credits were taken over from the earlier system.");
        let id = if matches!(caller, As::Support) { json!("move-2026-11") } else { Value::Null };
        assert_eq!((&entry["cause"]["kind"], &entry["cause"]["id"]), (&json!("import"), &id));
    }
}
