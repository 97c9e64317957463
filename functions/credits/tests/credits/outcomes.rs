//! Captures and releases, each once, in any order.

use ledger::contract::{at, grant, place_by, settle_by};
use ledger::{Command, Ending, ProductId, SubscriptionId};
use serde_json::json;

use crate::api::{Api, As, Call, Reply, account, song};

async fn held(credits: u64) -> Api<ledger_dynamodb::Tables> {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let call = Call::hold("acct-1", &song("gen-1", credits)).caller(As::Service);
    assert_eq!(call.send(&api).await.status, 201);
    api
}

async fn capture(api: &Api<ledger_dynamodb::Tables>) -> Reply {
    Call::capture("acct-1", "gen-1").caller(As::Service).send(api).await
}

async fn release(api: &Api<ledger_dynamodb::Tables>) -> Reply {
    Call::release("acct-1", "gen-1").caller(As::Service).send(api).await
}

fn outcome(reply: &Reply) -> (u16, &str) {
    assert_eq!(reply.body["generation_id"], "gen-1", "{reply:?}");
    (reply.status, reply.body["outcome"].as_str().unwrap())
}

async fn available(api: &Api<ledger_dynamodb::Tables>) -> u64 {
    let balance = Call::balance("acct-1").caller(As::Service).send(api).await.body;
    balance["available"].as_u64().unwrap()
}

#[tokio::test]
async fn a_capture_spends_once() {
    let api = held(7).await;
    assert_eq!(outcome(&capture(&api).await), (200, "captured"));
    assert_eq!(outcome(&capture(&api).await), (200, "repeated"));
    assert_eq!(available(&api).await, 23);
    assert_eq!(api.journal("acct-1").await.len(), 3);
}

async fn capture_of(api: &Api<ledger_dynamodb::Tables>, credits: u64) -> Reply {
    let body = json!({ "credits": credits }).to_string();
    Call::capture("acct-1", "gen-1").body(&body).caller(As::Service).send(api).await
}

#[tokio::test]
async fn a_capture_of_fewer_credits_than_are_held_gives_the_rest_back_once() {
    let api = held(7).await;
    assert_eq!(capture_of(&api, 8).await.problem(), (422, "unprocessable"));
    assert_eq!(capture_of(&api, 0).await.problem(), (400, "invalid-request"));
    assert_eq!(available(&api).await, 23);
    assert_eq!(outcome(&capture_of(&api, 5).await), (200, "captured"));
    // The first capture counts. A repeat changes nothing, also with another count.
    for credits in [5, 7, 1] {
        assert_eq!(outcome(&capture_of(&api, credits).await), (200, "repeated"));
    }
    assert_eq!(available(&api).await, 25);
    let history = Call::entries("acct-1", &json!({ "limit": "1" })).caller(As::Customer("acct-1"));
    let changes = history.send(&api).await.body["entries"][0]["changes"].clone();
    let texts: Vec<&str> =
        changes.as_array().unwrap().iter().filter_map(|each| each["text"].as_str()).collect();
    assert_eq!(
        texts,
        [
            "The generation used less than was set aside: 2 credits were given back.",
            "The generation succeeded: 5 credits were spent.",
        ]
    );
    // A failure after all gives back what was charged, and no more.
    assert_eq!(outcome(&release(&api).await), (200, "given_back"));
    assert_eq!(available(&api).await, 30);
    api.journal("acct-1").await;
}

#[tokio::test]
async fn a_late_capture_of_fewer_credits_charges_those() {
    let api = held(7).await;
    release(&api).await;
    assert_eq!(outcome(&capture_of(&api, 5).await), (200, "charged_late"));
    assert_eq!(available(&api).await, 25);
    api.journal("acct-1").await;
}

#[tokio::test]
async fn s2_2_a_release_gives_all_credits_back_once() {
    let api = held(7).await;
    assert_eq!(outcome(&release(&api).await), (200, "released"));
    assert_eq!(outcome(&release(&api).await), (200, "repeated"));
    assert_eq!(available(&api).await, 30);
    let journal = api.journal("acct-1").await;
    let policy = journal.last().and_then(ledger::Entry::policy).unwrap();
    assert_eq!((policy.document.as_str(), policy.version.as_str()), ("music-studio", "2026-05-02"));
}

#[tokio::test]
async fn credits_that_come_back_to_an_expired_lot_have_the_grace_of_their_own_holds_policy() {
    // The policy of image-to-3d knows no left-over credits and no grace; the music studio's gives a day.
    for (product, available) in [("image-to-3d", 0), ("music-studio", 7)] {
        let api = Api::start().await;
        let mut plan = grant(&account("acct-1"), "pi_plan", 30, Some("sub_1"));
        let Command::Hold(mut hold) = place_by("generator", "gen-1", 7) else { panic!("a hold") };
        for of in [&mut plan.payment.product, &mut hold.product] {
            *of = ProductId::new(product).unwrap();
        }
        api.run("acct-1", Command::Grant(plan), 0).await;
        api.run("acct-1", Command::Hold(hold), 1).await;
        api.run("acct-1", settle_by("generator", "gen-1", Ending::Succeeded), 2).await;
        let subscription = SubscriptionId::new("sub_1").unwrap();
        let end = Command::StartExpiry {
            subscription,
            ended_at: at(3),
            leftover_s: 10,
            pauses_leftover_expiry: true,
        };
        api.run("acct-1", end, 3).await;
        let reply = Call::release("acct-1", "gen-1").caller(As::Service).at(100).send(&api).await;
        assert_eq!(outcome(&reply), (200, "given_back"));
        let journal = api.journal("acct-1").await;
        let newest = journal.last().unwrap();
        assert_eq!(newest.after().lots[0].available.get(), available, "{product}");
        let policy = newest.policy().unwrap();
        assert_eq!(policy.document, product);
    }
}

#[tokio::test]
async fn a_failure_after_the_capture_gives_back_once() {
    let api = held(7).await;
    capture(&api).await;
    assert_eq!(outcome(&release(&api).await), (200, "given_back"));
    for _ in 0..3 {
        assert_eq!(outcome(&release(&api).await), (200, "repeated"));
        assert_eq!(outcome(&capture(&api).await), (200, "repeated"));
    }
    assert_eq!(available(&api).await, 30);
    api.journal("acct-1").await;
}

#[tokio::test]
async fn a_capture_after_the_release_charges_anew_or_is_uncollected() {
    let api = held(7).await;
    release(&api).await;
    assert_eq!(outcome(&capture(&api).await), (200, "charged_late"));
    assert_eq!(available(&api).await, 23);

    let api = held(7).await;
    release(&api).await;
    Call::hold("acct-1", &song("gen-2", 30)).caller(As::Service).send(&api).await;
    assert_eq!(outcome(&capture(&api).await), (200, "uncollected"));
    assert_eq!(available(&api).await, 0);
    api.journal("acct-1").await;
}

#[tokio::test]
async fn an_unknown_generation_or_account_is_not_found() {
    let api = held(7).await;
    for (account, generation) in [("acct-1", "gen-2"), ("acct-0", "gen-1"), ("acct-1", "a b"), ("acct-1", "")]
    {
        for call in [Call::capture(account, generation), Call::release(account, generation)] {
            let reply = call.caller(As::Service).send(&api).await;
            assert_eq!(reply.problem(), (404, "not-found"), "{account} {generation}");
        }
    }
}

#[tokio::test]
async fn g2_a_generation_of_another_account_is_not_found() {
    let api = held(7).await;
    let other = grant(&account("acct-2"), "pi_other", 30, None);
    api.run("acct-2", Command::Grant(other), 0).await;
    let reply = Call::release("acct-2", "gen-1").caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (404, "not-found"));
    assert_eq!(api.journal("acct-2").await.len(), 1);
}

#[tokio::test]
async fn a_failure_that_comes_when_its_lots_have_left_is_a_conflict() {
    let api = held(30).await;
    capture(&api).await;
    // A month later the empty lot leaves with the next entry.
    let month_s = 31 * 86_400;
    api.run("acct-1", Command::Grant(grant(&account("acct-1"), "pi_2", 5, None)), month_s).await;
    let late = Call::release("acct-1", "gen-1").caller(As::Service).at(month_s).send(&api).await;
    assert_eq!(late.problem(), (409, "state-conflict"));
    assert!(late.metrics.contains(r#""outcome":"too_late""#), "{}", late.metrics);
}

#[tokio::test]
async fn a_body_is_absent_empty_or_a_reason() {
    for body in [None, Some("{}"), Some(r#"{"reason":"failed"}"#)] {
        let api = held(7).await;
        let call = Call::release("acct-1", "gen-1").caller(As::Service);
        let call = body.map_or(call.clone(), |body| call.body(body));
        assert_eq!(outcome(&call.send(&api).await), (200, "released"), "{body:?}");
    }
    let api = held(7).await;
    for body in ["[]", "null", "7", r#"{"reason":"deadline"}"#, r#"{"reason":null}"#, "{"] {
        let reply = Call::release("acct-1", "gen-1").body(body).caller(As::Service).send(&api).await;
        assert_eq!(reply.problem(), (400, "invalid-request"), "{body}");
    }
    let reason = json!({ "reason": "failed" }).to_string();
    let reply = Call::capture("acct-1", "gen-1").body(&reason).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (400, "invalid-request"));
    assert_eq!(outcome(&capture(&api).await), (200, "captured"));
}

#[tokio::test]
async fn an_outcome_is_one_query_and_one_put() {
    for call in [Call::capture("acct-1", "gen-1"), Call::release("acct-1", "gen-1")] {
        let api = held(7).await;
        api.meter.read();
        call.caller(As::Service).send(&api).await;
        let calls: Vec<_> = api.meter.read().into_iter().map(|call| (call.operation, call.units)).collect();
        assert_eq!(calls, [("Query", 1.0), ("PutItem", 1.0)]);
    }
}

#[tokio::test]
async fn a_service_reaches_its_own_holds_alone() {
    let api = held(7).await;
    let others = [Call::capture("acct-1", "gen-1"), Call::release("acct-1", "gen-1")];
    let refused = async |api: &Api<ledger_dynamodb::Tables>| {
        let before = api.journal("acct-1").await.len();
        for call in &others {
            let reply = call.clone().caller(As::OtherService).send(api).await;
            assert_eq!(reply.problem(), (403, "another-service"));
            assert!(reply.metrics.contains(r#""outcome":"another_service""#), "{reply:?}");
        }
        assert_eq!(api.journal("acct-1").await.len(), before);
    };
    refused(&api).await;
    let same = Call::hold("acct-1", &song("gen-1", 7)).caller(As::OtherService).send(&api).await;
    assert_eq!(same.problem(), (409, "hold-conflict"));
    assert_eq!(outcome(&capture(&api).await), (200, "captured"));
    refused(&api).await;
    assert_eq!(outcome(&release(&api).await), (200, "given_back"));
    refused(&api).await;
    assert_eq!(outcome(&release(&api).await), (200, "repeated"));
}
