//! What a line looks like, and what no input can make of it.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::*;

/// A standard output that can be read.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `work` with a log at `level` and returns what it wrote.
fn logged(level: LevelFilter, work: impl FnOnce()) -> String {
    let output = Output::default();
    let writer = output.clone();
    let lines = JsonLines::new("credits", level, move || writer.clone());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), work);
    let bytes = output.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

fn line(text: &str) -> Value {
    assert_eq!(text.matches('\n').count(), 1, "{text}");
    serde_json::from_str(text).unwrap()
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Layered(&'static str, #[source] Option<Box<Layered>>);

#[test]
fn a_line_is_flat_and_carries_its_spans() {
    let text = logged(LevelFilter::INFO, || {
        let invocation =
            tracing::info_span!("invocation", request_id = "r-1", account = tracing::field::Empty);
        let _entered = invocation.enter();
        invocation.record("account", "acct-1");
        let _inner = tracing::info_span!("group", cause = "gen-1").entered();
        tracing::info!(outcome = "held", credits = 7_u64, repeated = false, "hold placed");
    });
    let mut value = line(&text);
    let timestamp = value["timestamp"].take();
    assert!(primitives::Timestamp::parse(timestamp.as_str().unwrap()).is_ok());
    insta::assert_snapshot!(value, @r#"{"account":"acct-1","cause":"gen-1","credits":7,"level":"INFO","message":"hold placed","outcome":"held","repeated":false,"request_id":"r-1","target":"lambda::log::tests","timestamp":null}"#);
}

#[test]
fn i8_a_line_cannot_be_broken_reordered_or_made_long() {
    let hostile = format!("a\nb\r\u{1b}[31m\u{202e}\u{2028}ü😀\"{{}}{}", "x".repeat(10_000_000));
    let text = logged(LevelFilter::INFO, || tracing::info!(cause = hostile, other = ?hostile, "seen"));
    assert!(text.len() < 8192, "{}", text.len());
    assert!(text.trim_end().bytes().all(|byte| matches!(byte, b' '..=b'~')));
    let cause = line(&text)["cause"].as_str().unwrap().to_owned();
    assert!(cause.starts_with("a\nb\r\u{1b}[31m\u{202e}\u{2028}ü😀\"{}xxx") && cause.ends_with("x…"));
}

#[test]
fn other_crates_are_heard_from_warn_upwards() {
    let text = logged(LevelFilter::TRACE, || {
        tracing::debug!(target: "aws_smithy_runtime::client", "a whole request");
        tracing::error!(target: REPEATING_TARGET, "logged before");
        tracing::info!(target: "credits_of_others", "not ours");
        tracing::warn!(target: "aws_smithy_runtime", "kept");
        tracing::debug!(target: "credits::handler", "kept");
    });
    assert_eq!(text.matches("kept").count(), 2, "{text}");
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn the_level_is_a_bound() {
    assert_eq!(logged(LevelFilter::WARN, || tracing::info!(target: "lambda", "quiet")), "");
    for level in ["loud", "debug"] {
        let refused = init(&Env::of([("LOG_LEVEL", level)]), "credits");
        assert!(matches!(refused, Err(ConfigError::Invalid { name: "LOG_LEVEL", .. })), "{level}");
    }
}

#[test]
fn an_error_is_logged_with_its_chain() {
    let error = Layered("store", Some(Box::new(Layered("put item", Some(Box::new(Layered("reset", None)))))));
    let text = logged(LevelFilter::INFO, || {
        let error: &(dyn std::error::Error + 'static) = &error;
        tracing::error!(target: "lambda", error, "invocation failed");
    });
    assert_eq!(line(&text)["error"], "store: put item: reset");
}
