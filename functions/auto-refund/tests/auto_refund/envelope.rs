//! What is a message, and what is poison.

use std::path::Path;

use auto_refund::{BODY_BYTES_MAX, MessageError, Senders, understand};
use lambda::config::Env;
use lambda::sqs::Batch;
use policy::FailureKind;
use serde_json::{Value, json};

use crate::queue::{batch, completed, downloaded, failed, song};

fn read(body: &str) -> Result<(), MessageError> {
    let event = batch().message("m0", body).text();
    let messages = Batch::parse(&event).unwrap();
    understand(&messages.records()[0]).map(drop)
}

fn with(mut message: Value, pointer: &str, value: Value) -> String {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    message.pointer_mut(parent).unwrap()[name] = value;
    message.to_string()
}

fn without(mut message: Value, name: &str) -> String {
    message.as_object_mut().unwrap().remove(name);
    message.to_string()
}

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra/schemas/generation-event.v1.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_published_schema_and_the_reader_agree() {
    let schema = schema();
    for example in schema["examples"].as_array().unwrap() {
        assert_eq!(read(&example.to_string()), Ok(()), "{example}");
        for name in schema["required"].as_array().unwrap() {
            assert!(read(&without(example.clone(), name.as_str().unwrap())).is_err(), "{name}");
        }
        let fields = example.as_object().unwrap().keys();
        assert!(fields.clone().all(|name| schema["properties"].get(name).is_some()), "{example}");
    }
    let properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let known = [
        "account",
        "answer",
        "failure",
        "generation_id",
        "occurred_at",
        "operation",
        "service",
        "type",
        "version",
    ];
    assert_eq!(properties, known);
    assert_eq!(schema["properties"]["version"]["const"], 1);
    assert!(schema["description"].as_str().unwrap().contains(&BODY_BYTES_MAX.to_string()));
    let kinds = schema["properties"]["failure"]["properties"]["kind"]["enum"].as_array().unwrap();
    for kind in FailureKind::ALL.iter().map(|kind| kind.as_str()) {
        let accepted = read(&failed("gen-1", kind).to_string()).is_ok();
        assert_eq!(accepted, kinds.contains(&json!(kind)), "{kind}");
    }
}

#[test]
fn the_answer_and_the_code_may_be_anything_of_their_form() {
    for body in [
        completed("gen-1", &json!({})).to_string(),
        completed("gen-1", &json!({ "credits": 5, "account": "other", "songs": [null] })).to_string(),
        with(failed("gen-1", "own_error"), "/failure", json!({ "kind": "own_error" })),
        with(failed("gen-1", "own_error"), "/occurred_at", json!("2026-11-01T01:01:00.123+01:00")),
        format!(" \n{} ", failed("gen-1", "own_error")),
        downloaded("gen-1").to_string(),
    ] {
        assert_eq!(read(&body), Ok(()), "{body}");
    }
}

#[test]
fn g2_an_amount_an_account_or_a_currency_that_is_claimed_is_poison() {
    for name in ["credits", "amount", "amount_minor", "currency", "payment", "lot", "user", "refund"] {
        for place in ["", "/failure"] {
            let body = with(failed("gen-1", "own_error"), &format!("{place}/{name}"), json!(5));
            assert!(matches!(read(&body), Err(MessageError::Envelope { .. })), "{body}");
        }
    }
}

#[test]
fn g10_only_the_documented_envelope_is_accepted() {
    let plain = failed("gen-1", "own_error");
    let sns = json!({
        "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:eu-central-1:111122223333:t",
        "Message": plain.to_string(), "Timestamp": "2026-11-01T00:00:00Z", "SignatureVersion": "1",
    });
    let event_bridge = json!({
        "version": "0", "id": "1", "detail-type": "generation.failed", "source": "renderer", "account": "1",
        "time": "2026-11-01T00:00:00Z", "region": "eu-central-1", "resources": [], "detail": plain,
    });
    let fields: Vec<Value> = plain.as_object().unwrap().values().cloned().collect();
    for body in [
        String::new(),
        "null".to_owned(),
        "[]".to_owned(),
        json!(fields).to_string(),
        json!([plain]).to_string(),
        json!(plain.to_string()).to_string(),
        sns.to_string(),
        event_bridge.to_string(),
        // gzip, as base64 and as bytes read for text.
        "H4sIAAAAAAAAA6tWKkstKs7Mz1OyUlAyVKoFAOJzT0UTAAAA".to_owned(),
        "\u{1f}\u{8b}\u{8}".to_owned(),
        "\u{feff}{}".to_owned(),
        format!("{plain}{plain}"),
        format!(r#"{{"version":1,{}"#, &plain.to_string()[1..]),
        "[".repeat(100_000),
        with(completed("gen-1", &song()), "/answer", json!([])),
        with(completed("gen-1", &song()), "/answer", json!("songs")),
        with(completed("gen-1", &song()), "/answer", Value::Null),
        with(plain.clone(), "/failure", Value::Null),
        with(plain.clone(), "/failure", json!("own_error")),
        with(plain.clone(), "/failure/kind", json!("OWN_ERROR")),
        with(plain.clone(), "/version", json!("1")),
        with(plain.clone(), "/version", json!(1.0)),
        with(plain.clone(), "/version", json!(-1)),
    ] {
        assert!(matches!(read(&body), Err(MessageError::Envelope { .. })), "{body}");
    }
    assert_eq!(read(&with(plain.clone(), "/version", json!(2))), Err(MessageError::Version(2)));
    for kind in ["generation.started", "", "Generation.Failed"] {
        assert_eq!(read(&with(plain.clone(), "/type", json!(kind))), Err(MessageError::Type), "{kind}");
    }
    let both = with(plain.clone(), "/answer", song());
    let neither = without(plain, "failure");
    let wrong = with(completed("gen-1", &song()), "/type", json!("generation.failed"));
    let answered = with(downloaded("gen-1"), "/answer", song());
    let failing = with(downloaded("gen-1"), "/failure", json!({ "kind": "own_error" }));
    for body in [both, neither, wrong, answered, failing] {
        assert_eq!(read(&body), Err(MessageError::Payload), "{body}");
    }
}

#[test]
fn g10_texts_are_bounded_and_never_repeated() {
    let long = "canary".repeat(50);
    for text in ["", "canary\u{202e}", "canary💥", "canary\n", "canary#x", "canary/x", "can ary", &long] {
        for pointer in
            ["/account", "/generation_id", "/operation", "/service", "/occurred_at", "/failure/code"]
        {
            let error = read(&with(failed("gen-1", "own_error"), pointer, json!(text))).unwrap_err();
            let mut chain = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(inner) = source {
                chain.push_str(&inner.to_string());
                source = inner.source();
            }
            assert!(!chain.contains("canary"), "{pointer} {chain}");
        }
    }
    let padded = |length: usize| {
        let body = failed("gen-1", "own_error").to_string();
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    assert_eq!(read(&padded(BODY_BYTES_MAX)), Ok(()));
    assert_eq!(read(&padded(BODY_BYTES_MAX + 1)), Err(MessageError::TooLong(BODY_BYTES_MAX + 1)));
}

#[test]
fn d14_a_sender_speaks_for_its_own_services_alone() {
    let message = failed("gen-1", "provider_error");
    let service = message["service"].as_str().unwrap().to_owned();
    let senders = |text: &str| Senders::from_env(&Env::of([("GENERATION_SENDER_SERVICES", text)]));
    let pairs = format!("AROAONE={service},AROATWO=another,AIDAOPERATOR=*");
    for (known, sender, accepted) in [
        ("", None, true),
        ("", Some("AROATWO:job"), true),
        (pairs.as_str(), Some("AROAONE:job"), true),
        (&pairs, Some("AIDAOPERATOR"), true),
        (&pairs, Some("AROATWO:job"), false),
        (&pairs, Some("AROANOBODY:AROAONE"), false),
        (&pairs, Some("AROAONEANDMORE"), false),
        (&pairs, Some(""), false),
        (&pairs, None, false),
    ] {
        let event = batch().sender(sender).message("m0", &message.to_string()).text();
        let messages = Batch::parse(&event).unwrap();
        let read = senders(known).unwrap().understand(&messages.records()[0]);
        assert_eq!(read.map(|(_, message)| message.is_spoken_for), Ok(accepted), "{known} {sender:?}");
    }
    for text in ["AROAONE", "=service", "AROAONE=", "AROAONE=a,,"] {
        assert!(senders(text).is_err(), "{text}");
    }
}
