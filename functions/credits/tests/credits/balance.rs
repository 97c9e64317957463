//! What a balance shows.

use ledger::contract::{DAY_S, at, grant};
use ledger::{Command, SubscriptionId};

use crate::api::{Api, As, Call, account, song};

async fn subscribed() -> Api<ledger_dynamodb::Tables> {
    let api = Api::start().await;
    api.pack("acct-1", 100).await;
    let grant = grant(&account("acct-1"), "pi_sub", 500, Some("sub_1"));
    api.run("acct-1", Command::Grant(grant), 10).await;
    let subscription = SubscriptionId::new("sub_1").unwrap();
    let end = Command::StartExpiry {
        subscription,
        ended_at: at(20),
        leftover_s: 60 * DAY_S,
        pauses_leftover_expiry: true,
    };
    api.run("acct-1", end, 20).await;
    api
}

#[tokio::test]
async fn a_balance_shows_lots_and_holds() {
    let api = subscribed().await;
    Call::hold("acct-1", &song("gen-1", 503)).caller(As::Service).send(&api).await;
    let reply = Call::balance("acct-1").caller(As::Customer("acct-1")).send(&api).await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.body);
    for caller in [As::Service, As::Support] {
        assert_eq!(Call::balance("acct-1").caller(caller).send(&api).await, reply);
    }
}

#[tokio::test]
async fn s2_22_s2_26_a_lot_past_its_expiry_is_unusable_before_the_sweep_and_a_pack_is_not() {
    let api = subscribed().await;
    let balance = |at_s| Call::balance("acct-1").caller(As::Customer("acct-1")).at(at_s);
    let last = balance(20 + 60 * DAY_S - 1).send(&api).await.body;
    assert_eq!((&last["available"], &last["lots"][1]["usable"]), (&600.into(), &true.into()));
    let first = balance(20 + 60 * DAY_S).send(&api).await.body;
    assert_eq!(first["available"], 100);
    assert_eq!(first["lots"][0]["expires_at"], serde_json::Value::Null);
    let expired = &first["lots"][1];
    assert_eq!((&expired["available"], &expired["usable"]), (&0.into(), &false.into()));
    assert_eq!(expired["expires_at"], "2026-12-31T00:00:20Z");
}

#[tokio::test]
async fn an_account_without_entries_is_its_owners_alone() {
    let api = Api::start().await;
    let reply = Call::balance("acct-9").caller(As::Customer("acct-9")).send(&api).await;
    assert_eq!(reply.status, 200);
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "account": "acct-9",
      "available": 0,
      "debt": 0,
      "frozen": 0,
      "held": 0,
      "holds": [],
      "lots": [],
      "products": [],
      "suspended": false
    }
    "#);
    for caller in [As::Service, As::Support] {
        let reply = Call::balance("acct-9").caller(caller).send(&api).await;
        assert_eq!(reply.problem(), (404, "not-found"), "{caller:?}");
    }
}

#[tokio::test]
async fn a_balance_is_one_query() {
    let api = subscribed().await;
    api.meter.read();
    Call::balance("acct-1").caller(As::Support).send(&api).await;
    let calls: Vec<_> = api.meter.read().into_iter().map(|call| (call.operation, call.units)).collect();
    assert_eq!(calls, [("Query", 1.0)]);
}

#[tokio::test]
async fn a_balance_is_shown_as_it_was_at_an_earlier_instant() {
    let api = Api::start().await;
    for second in 1..=40 {
        let pack = grant(&account("acct-1"), &format!("pi_{second}"), 1, None);
        api.run("acct-1", Command::Grant(pack), second).await;
    }
    let as_of = |instant: &str| Call::balance_as_of("acct-1", instant).caller(As::Support).at(100);
    for (second, credits) in [(0, 0), (1, 1), (17, 17), (39, 39), (40, 40), (99, 40)] {
        let reply = as_of(&at(second).to_string()).send(&api).await;
        assert_eq!(reply.body["available"], credits, "{second}: {reply:?}");
    }
    // Half of the entries is left after each read.
    api.meter.read();
    as_of(&at(17).to_string()).send(&api).await;
    assert!(api.meter.read().len() <= 7);
    for instant in [at(101).to_string(), "yesterday".to_owned()] {
        assert_eq!(as_of(&instant).send(&api).await.problem(), (400, "invalid-request"), "{instant}");
    }
}

#[tokio::test]
async fn s2_22_as_of_an_instant_a_lot_was_usable_that_is_not_any_more() {
    let api = subscribed().await;
    let expired = 20 + 60 * DAY_S;
    let as_of = |second| {
        let call = Call::balance_as_of("acct-1", &at(second).to_string());
        call.caller(As::Customer("acct-1")).at(expired + 1)
    };
    assert_eq!(as_of(expired - 1).send(&api).await.body["available"], 600);
    assert_eq!(as_of(expired).send(&api).await.body["available"], 100);
}
