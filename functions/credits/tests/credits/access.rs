//! Which caller may use which route.

use serde_json::{Value, json};

use crate::api::{Api, As, Call, song};

/// Every route of the function, for `account`.
fn routes(account: &str) -> [(Call, &'static [&'static str]); 5] {
    [
        (Call::balance(account), &["customer", "service", "support"]),
        (Call::entries(account, &Value::Null), &["customer", "support"]),
        (Call::hold(account, &song("gen-1", 1)), &["service"]),
        (Call::capture(account, "gen-1"), &["service"]),
        (Call::release(account, "gen-1"), &["service"]),
    ]
}

#[tokio::test]
async fn d1_without_a_token_nothing_is_answered() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    for (call, _) in routes("acct-1") {
        assert_eq!(call.send(&api).await.problem(), (401, "unauthenticated"), "{call:?}");
    }
}

#[tokio::test]
async fn d2_an_expired_token_is_refused() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    for (call, _) in routes("acct-1") {
        let reply = call.clone().caller(As::Expired).send(&api).await;
        assert_eq!(reply.problem(), (401, "unauthenticated"), "{call:?}");
    }
}

#[tokio::test]
async fn d4_anothers_account_is_answered_as_a_missing_one() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    api.meter.read();
    for ((existing, roles), (missing, _)) in routes("acct-1").into_iter().zip(routes("acct-0")) {
        let existing = existing.caller(As::Customer("acct-2")).send(&api).await;
        let missing = missing.caller(As::Customer("acct-2")).send(&api).await;
        assert_eq!(existing, missing);
        let expected = if roles.contains(&"customer") { (404, "not-found") } else { (403, "forbidden") };
        assert_eq!(existing.problem(), expected);
    }
    assert_eq!(api.meter.read(), [], "neither is looked up");
}

#[tokio::test]
async fn d14_each_route_is_for_its_roles_only() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    let callers = [("customer", As::Customer("acct-1")), ("service", As::Service), ("support", As::Support)];
    for (call, roles) in routes("acct-1") {
        for (name, caller) in callers {
            let reply = call.clone().caller(caller).send(&api).await;
            if roles.contains(&name) {
                assert!(reply.status < 300, "{name} {call:?} {reply:?}");
            } else {
                assert_eq!(reply.problem(), (403, "forbidden"), "{name} {call:?}");
            }
        }
    }
}

#[tokio::test]
async fn d16_headers_say_nothing_about_the_caller() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    let call = Call::balance("acct-1").caller(As::Customer("acct-2"));
    let plain = call.send(&api).await;
    for (name, value) in [
        ("x-user-id", "acct-1"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-http-method-override", "POST"),
        ("authorization", "Bearer other"),
    ] {
        assert_eq!(call.clone().header(name, value).send(&api).await, plain, "{name}");
    }
}

#[tokio::test]
async fn d5_fields_that_are_not_documented_are_refused() {
    let api = Api::start().await;
    api.pack("acct-1", 10).await;
    for field in ["amount", "status", "user_id", "approved", "policy_version", "deadline", "lots"] {
        let mut body = song("gen-1", 1);
        body[field] = json!(1);
        let reply = Call::hold("acct-1", &body).caller(As::Service).send(&api).await;
        assert_eq!(reply.problem(), (400, "invalid-request"), "{field}");
        for call in [Call::capture("acct-1", "gen-1"), Call::release("acct-1", "gen-1")] {
            let reply = call.body(&json!({ field: 1 }).to_string()).caller(As::Service).send(&api).await;
            assert_eq!(reply.problem(), (400, "invalid-request"), "{field}");
        }
    }
    assert_eq!(api.journal("acct-1").await.len(), 1);
}
