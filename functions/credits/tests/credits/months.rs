//! What a customer sees of credits that come month by month.

use ledger::contract::{DAY_S, adjust, at, expire, grant};
use ledger::{
    Actor, AdjustmentKind, Cause, Command, Credits, FurtherGrants, PaymentId, Period, SubscriptionId, Takes,
    Timestamp,
};
use serde_json::{Value, json};

use crate::api::{Api, As, Call, account};

/// A year from the 1st of November on, with 100 credits each month.
async fn subscribed() -> Api<ledger_dynamodb::Tables> {
    let api = Api::start().await;
    let mut year = grant(&account("acct-1"), "pi_year", 1_200, Some("sub_1"));
    year.payment.period_ends_at = Some(at(365 * DAY_S));
    let each = Credits::new(100).unwrap();
    year.payment.further = Some(FurtherGrants { grants: 11, each, replaces: true });
    year.period = Some(Period { starts_at: at(0), replaces: false });
    api.run("acct-1", Command::Grant(year), 0).await;
    api
}

async fn sweep(api: &Api<ledger_dynamodb::Tables>, day: u64) {
    let second = day.saturating_mul(DAY_S);
    let cause = (Cause::Sweep(at(second)), Actor::Schedule);
    api.run_for("acct-1", expire(&[]), cause, second).await;
}

async fn next_grant(api: &Api<ledger_dynamodb::Tables>) -> Value {
    Call::balance("acct-1").caller(As::Customer("acct-1")).send(api).await.body["next_grant_at"].clone()
}

#[tokio::test]
async fn the_balance_names_the_next_month_until_none_comes() {
    let api = subscribed().await;
    let day = |day: u64| json!(at(day * DAY_S).to_string());
    assert_eq!(next_grant(&api).await, day(30));
    sweep(&api, 30).await;
    assert_eq!(next_grant(&api).await, day(61));
    api.run("acct-1", adjust("adj_1", AdjustmentKind::Suspension), 31 * DAY_S).await;
    assert_eq!(next_grant(&api).await, Value::Null);
    api.run("acct-1", adjust("adj_2", AdjustmentKind::Resumption), 32 * DAY_S).await;
    sweep(&api, 334).await;
    assert_eq!(next_grant(&api).await, Value::Null);
}

#[tokio::test]
async fn the_history_says_what_comes_what_came_and_why_no_more_does() {
    let api = subscribed().await;
    sweep(&api, 30).await;
    let payment = || PaymentId::new("pi_year").unwrap();
    let revoke = Command::Revoke { payment: payment(), takes: Takes::Remaining, owe_spent: false };
    api.run("acct-1", revoke, 31 * DAY_S).await;
    let restore =
        Command::Restore { payment: payment(), credits: Credits::new(100).unwrap(), debt: Credits::ZERO };
    api.run("acct-1", restore, 32 * DAY_S).await;
    sweep(&api, 61).await;
    let end = Command::StartExpiry {
        subscription: SubscriptionId::new("sub_1").unwrap(),
        ended_at: at(40 * DAY_S),
        leftover_s: 60 * DAY_S,
        pauses_leftover_expiry: false,
    };
    api.run("acct-1", end, 62 * DAY_S).await;
    let reply = Call::entries("acct-1", &json!({})).caller(As::Customer("acct-1")).send(&api).await;
    let entries = reply.body["entries"].as_array().unwrap();
    let changes = entries.iter().rev().flat_map(|entry| entry["changes"].as_array().unwrap());
    insta::assert_json_snapshot!(changes.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_month_of_the_31st_says_its_own_day() {
    let api = Api::start().await;
    let end = Timestamp::parse("2027-10-31T08:00:00Z").unwrap();
    let mut year = grant(&account("acct-1"), "pi_year", 12, Some("sub_1"));
    year.payment.period_ends_at = Some(end);
    year.payment.further =
        Some(FurtherGrants { grants: 11, each: Credits::new(1).unwrap(), replaces: false });
    api.run("acct-1", Command::Grant(year), 0).await;
    assert_eq!(next_grant(&api).await, "2026-11-30T08:00:00Z");
    sweep(&api, 90).await;
    assert_eq!(next_grant(&api).await, "2027-01-31T08:00:00Z");
}
