//! Claims that must not pass, and what those that pass may reach.

use serde_json::{Value, json};

use super::*;
use crate::http::Request;

const NOW_S: i64 = 1_777_716_000;

const VARIABLES: [(&str, &str); 7] = [
    ("TOKEN_ISSUER", "https://issuer.example/pool"),
    ("CUSTOMER_AUDIENCES", "web, app"),
    ("SERVICE_AUDIENCES", "generator"),
    ("CUSTOMER_SCOPE", "makegood/customer"),
    ("SERVICE_SCOPE", "makegood/service"),
    ("SUPPORT_GROUP", "support"),
    ("SUPPORT_SCOPE", "makegood/support"),
];

fn rules() -> CallerRules {
    CallerRules::from_env(&Env::of(VARIABLES)).unwrap()
}

/// A customer's claims with some replaced; null takes one away.
fn claims_with(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": "https://issuer.example/pool",
        "token_use": "access",
        "client_id": "web",
        "sub": "acct-1",
        "scope": "openid makegood/customer",
        "exp": NOW_S + 300,
        "iat": NOW_S - 10,
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn check_claims(claims: &Value) -> Result<Caller, CallerError> {
    let event = crate::http::tests_event(&json!({
        "requestContext": {"requestId": "r", "authorizer": {"jwt": {"claims": claims, "scopes": null}}}
    }));
    let request: Request<'_> = serde_json::from_str(&event).unwrap();
    Caller::check(request.claims(), &rules(), Timestamp::from_s(NOW_S).unwrap())
}

fn check(changes: &Value) -> Result<Caller, CallerError> {
    check_claims(&claims_with(changes))
}

/// The error of a customer's claims with `changes`, and the status that it is answered with.
fn refused(changes: &Value, error: CallerError, status: u16) {
    assert_eq!(check(changes), Err(error), "{changes}");
    assert_eq!(Problem::from(error).kind().status(), status, "{changes}");
}

#[test]
fn roles_follow_audience_scope_and_group() {
    for (changes, role) in [
        (json!({}), Role::Customer),
        (json!({"aud": "app", "client_id": null}), Role::Customer),
        (json!({"aud": ["other", "app"], "client_id": "any"}), Role::Customer),
        (json!({"cognito:groups": "[others]"}), Role::Customer),
        (json!({"cognito:groups": "[support]"}), Role::Support),
        (json!({"cognito:groups": ["support"]}), Role::Support),
        (json!({"cognito:groups": "support"}), Role::Support),
        (json!({"groups": ["others"]}), Role::Customer),
        (json!({"groups": ["others", "support"]}), Role::Support),
        (json!({"groups": "[support]", "cognito:groups": "[others]"}), Role::Support),
        (json!({"scope": "openid makegood/customer makegood/support"}), Role::Support),
        (json!({"scope": "makegood/support makegood/customer", "groups": "[a b]"}), Role::Support),
        (json!({"scope": ["makegood/support", "makegood/customer"]}), Role::Support),
        (json!({"client_id": "generator", "scope": "makegood/service"}), Role::Service),
        (
            json!({"client_id": "generator", "scope": "makegood/service", "cognito:groups": "[support]"}),
            Role::Service,
        ),
    ] {
        assert_eq!(check(&changes).map(|caller| caller.role()), Ok(role), "{changes}");
    }
}

#[test]
fn d14_no_other_name_is_supports() {
    // As API Gateway writes lists, and as emulators do: `[a support]` may be one group or two.
    for groups in [
        json!("[Customer support]"),
        json!("[support others]"),
        json!("[others support]"),
        json!("[Tier 2 support team]"),
        json!("[foo,support]"),
        json!("[support,foo]"),
        json!("[[support]]"),
        json!("[support"),
        json!("support]"),
        json!("[ support ]"),
        json!("[\"support\"]"),
        json!("[]"),
        json!("Support"),
        json!("customer support"),
        json!(["Customer support"]),
        json!(["foo,support"]),
        json!(["foo", "support,"]),
        json!(["[support]"]),
        json!([]),
    ] {
        for name in GROUPS {
            let role = check(&json!({name: groups})).map(|caller| caller.role());
            assert_eq!(role, Ok(Role::Customer), "{name} {groups}");
        }
    }
    for scope in [
        "makegood/customer makegood/supporters",
        "makegood/customer x/makegood/support",
        "makegood/customer,makegood/support makegood/customer",
        "makegood/customer makegood/support,x",
    ] {
        assert_eq!(
            check(&json!({"scope": scope})).map(|caller| caller.role()),
            Ok(Role::Customer),
            "{scope}"
        );
    }
    // Support's scope does not replace the scope of the kind, and makes no service support.
    refused(&json!({"scope": "makegood/support"}), CallerError::Scope, 403);
    refused(&json!({"groups": {"support": true}}), CallerError::MalformedClaim("groups"), 401);
    let service = json!({"client_id": "generator", "scope": "makegood/service makegood/support"});
    assert_eq!(check(&service).map(|caller| caller.role()), Ok(Role::Service));
}

#[test]
fn names_of_support_that_could_be_part_of_others_do_not_start() {
    for (name, value, starts) in [
        ("SUPPORT_GROUP", "makegood-support", true),
        ("SUPPORT_GROUP", "support staff", false),
        ("SUPPORT_GROUP", "a,b", false),
        ("SUPPORT_GROUP", "[support]", false),
        ("SUPPORT_SCOPE", "", true),
        ("SUPPORT_SCOPE", "support staff", false),
        ("SUPPORT_SCOPE", "makegood/customer", false),
        ("SUPPORT_SCOPE", "makegood/service", false),
    ] {
        let mut variables = VARIABLES.to_vec();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        assert_eq!(CallerRules::from_env(&Env::of(variables)).is_ok(), starts, "{name} {value}");
    }
}

#[test]
fn numbers_may_be_texts() {
    let exp = (NOW_S + 1).to_string();
    assert!(check(&json!({"exp": exp, "iat": (NOW_S - 1).to_string()})).is_ok());
    for exp in [json!("soon"), json!(""), json!("1e99"), json!(1.5e12), json!(true), json!({"a": 1})] {
        refused(&json!({"exp": exp}), CallerError::MalformedClaim("exp"), 401);
    }
}

#[test]
fn d1_no_claims_are_unauthenticated() {
    let event = crate::http::tests_event(&json!({}));
    let request: Request<'_> = serde_json::from_str(&event).unwrap();
    let now = Timestamp::from_s(NOW_S).unwrap();
    assert_eq!(Caller::check(request.claims(), &rules(), now), Err(CallerError::NoClaims));
    assert_eq!(check_claims(&Value::Null), Err(CallerError::MissingClaim("iss")));
}

#[test]
fn d2_wrong_issuer() {
    refused(&json!({"iss": "https://issuer.example/pool/"}), CallerError::Issuer, 401);
    refused(&json!({"iss": null}), CallerError::MissingClaim("iss"), 401);
    refused(&json!({"iss": ["https://issuer.example/pool"]}), CallerError::MalformedClaim("iss"), 401);
}

#[test]
fn d2_wrong_audience() {
    refused(&json!({"client_id": "other"}), CallerError::Audience, 401);
    refused(&json!({"aud": "other"}), CallerError::Audience, 401);
    refused(&json!({"aud": "[]"}), CallerError::Audience, 401);
    refused(&json!({"aud": "[x,web]"}), CallerError::Audience, 401);
    refused(&json!({"aud": "[web generator]"}), CallerError::Audience, 401);
    assert!(check(&json!({"aud": "[web https://issuer.example/userinfo]"})).is_ok());
    refused(&json!({"client_id": null}), CallerError::MissingClaim("aud"), 401);
}

#[test]
fn d2_expired() {
    assert!(check(&json!({"exp": NOW_S + 1})).is_ok());
    refused(&json!({"exp": NOW_S}), CallerError::Expired, 401);
    refused(&json!({"exp": NOW_S - 1}), CallerError::Expired, 401);
    refused(&json!({"exp": -1}), CallerError::Expired, 401);
}

#[test]
fn d2_missing_exp() {
    refused(&json!({"exp": null}), CallerError::MissingClaim("exp"), 401);
}

#[test]
fn d2_nbf_or_iat_in_the_future() {
    for name in ["nbf", "iat"] {
        assert!(check(&json!({name: NOW_S + 60})).is_ok(), "{name}");
        refused(&json!({name: NOW_S + 61}), CallerError::NotYetValid, 401);
        refused(&json!({name: i64::MAX}), CallerError::NotYetValid, 401);
        refused(&json!({name: u64::MAX}), CallerError::MalformedClaim(name), 401);
    }
}

#[test]
fn d2_missing_sub() {
    refused(&json!({"sub": null}), CallerError::MissingClaim("sub"), 401);
    refused(&json!({"sub": ""}), CallerError::MalformedClaim("sub"), 401);
    refused(&json!({"sub": "a/b"}), CallerError::MalformedClaim("sub"), 401);
}

#[test]
fn d2_id_token_in_place_of_an_access_token() {
    for token_use in ["id", "refresh", "Access"] {
        refused(&json!({"token_use": token_use}), CallerError::TokenUse, 401);
    }
    for unreadable in [json!(""), json!(["access"]), json!(1)] {
        refused(&json!({"token_use": unreadable}), CallerError::MalformedClaim("token_use"), 401);
    }
    // An issuer without `token_use`: what tells its ID tokens is that they have no scope.
    assert!(check(&json!({"token_use": null})).is_ok());
    refused(&json!({"token_use": null, "scope": null}), CallerError::Scope, 403);
}

#[test]
fn d2_missing_scope() {
    refused(&json!({"scope": null}), CallerError::Scope, 403);
    refused(&json!({"scope": "openid makegood/customers"}), CallerError::Scope, 403);
    refused(&json!({"scope": "makegood/service"}), CallerError::Scope, 403);
    refused(&json!({"client_id": "generator"}), CallerError::Scope, 403);
    refused(&json!({"scope": null, "cognito:groups": "[support]"}), CallerError::Scope, 403);
}

#[test]
fn d4_anothers_account_is_answered_as_a_missing_one() {
    let caller = check(&json!({})).unwrap();
    let (own, others) = (AccountId::new("acct-1").unwrap(), AccountId::new("acct-2").unwrap());
    assert!(caller.may_reach(&own, &[Role::Customer]).is_ok());
    let refusal = caller.may_reach(&others, &[Role::Customer, Role::Support]).unwrap_err();
    assert_eq!(
        refusal.into_response("r"),
        Problem::new(ProblemKind::NotFound).into_response("r"),
        "the body says no more than that of a missing account"
    );
}

#[test]
fn d14_a_route_is_for_its_roles_only() {
    let account = AccountId::new("acct-1").unwrap();
    let customer = check(&json!({})).unwrap();
    let support = check(&json!({"cognito:groups": "[support]"})).unwrap();
    let service = check(&json!({"client_id": "generator", "scope": "makegood/service"})).unwrap();
    let every = [Role::Customer, Role::Support, Role::Service];
    for caller in [&customer, &support, &service] {
        for role in every {
            let allowed = caller.may_reach(&account, &[role]).map_err(|problem| problem.kind());
            let expected = if caller.role() == role { Ok(()) } else { Err(ProblemKind::Forbidden) };
            assert_eq!(allowed, expected, "{caller:?} {role:?}");
        }
    }
    let other = AccountId::new("acct-2").unwrap();
    assert!(support.may_reach(&other, &every).is_ok() && service.may_reach(&other, &every).is_ok());
    assert_eq!((customer.account(), support.account(), service.account()), (Some(&account), None, None));
}

#[test]
fn an_audience_cannot_be_of_both_kinds() {
    let refused = CallerRules::from_env(&Env::of([
        ("TOKEN_ISSUER", "https://issuer.example/pool"),
        ("CUSTOMER_AUDIENCES", "web"),
        ("SERVICE_AUDIENCES", "generator,web"),
        ("CUSTOMER_SCOPE", "a"),
        ("SERVICE_SCOPE", "b"),
        ("SUPPORT_GROUP", "c"),
    ]));
    assert!(matches!(refused, Err(ConfigError::Conflict { .. })));
}
