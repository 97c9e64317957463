//! The form of a line as it is documented: the page's example fits, and the schema names the same members.

#![expect(clippy::unwrap_used, reason = "what a test gives is known to be right")]

use std::collections::BTreeSet;

use import_lines::{AccountLine, check};
use ledger::Timestamp;
use serde_json::{Value, json};

const PAGE: &str = include_str!("../../../../docs/IMPORT.md");
const SCHEMA: &str = include_str!("../../../../infra/schemas/import-account.v1.json");

fn now() -> Timestamp {
    Timestamp::parse("2026-12-01T00:00:00Z").unwrap()
}

/// The page's example, and every further member that a line may have.
fn example() -> Value {
    let (_, rest) = PAGE.split_once("```json\n").unwrap();
    serde_json::from_str(rest.split("```").next().unwrap()).unwrap()
}

#[test]
fn the_example_of_the_page_fits() {
    let line = AccountLine::read(&example().to_string()).unwrap();
    let checked = check(&line, now()).unwrap();
    assert_eq!((checked.payments.len(), checked.lots.len()), (2, 3));
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

#[test]
fn the_schema_names_the_members_of_a_line() {
    let mut line = example();
    let instant = json!("2026-11-01T00:00:00Z");
    for member in ["cancellation_confirmed_at", "cancels_at", "ended_at"] {
        line["subscriptions"][0][member] = instant.clone();
    }
    line["subscriptions"][0]["provider"] = json!("creem");
    let mut payment = line["payments"][1].clone();
    payment["provider"] = json!("creem");
    payment["names"] = json!(["ch_2"]);
    payment["refunds"] = json!([{"id": "re_2", "amount_minor": 1, "made_at": instant}]);
    payment["buyer"] = json!({
        "billing_country": "DE", "card_country": "DE", "business": true, "withdrawal_waived": true
    });
    line["payments"][1] = payment;
    for (member, value) in [
        ("expired", json!(1)),
        ("granted_at", instant.clone()),
        ("expires_at", instant.clone()),
        ("last_used_at", instant.clone()),
        ("generations", json!(1)),
        ("revoked", json!(1)),
    ] {
        line["lots"][1][member] = value;
    }
    // Read and written: what is written is every member that there is.
    let read = AccountLine::read(&line.to_string()).unwrap();
    let written = serde_json::to_value(&read).unwrap();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let of = |name: &str| names(&schema["$defs"][name]["properties"]);
    assert_eq!(names(&schema["properties"]), names(&written));
    assert_eq!(of("subscription"), names(&written["subscriptions"][0]));
    assert_eq!(of("payment"), names(&written["payments"][1]));
    assert_eq!(of("refund"), names(&written["payments"][1]["refunds"][0]));
    assert_eq!(of("lot"), names(&written["lots"][1]));
    let payment = &schema["$defs"]["payment"]["properties"];
    assert_eq!(names(&payment["period"]["properties"]), names(&written["payments"][1]["period"]));
    assert_eq!(names(&payment["buyer"]["properties"]), names(&written["payments"][1]["buyer"]));
}
