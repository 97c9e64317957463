//! The log: one line of flat JSON per event on standard output.
//!
//! A line carries `timestamp`, `level`, `target`, `message`, the fields of the event, and those of the
//! spans around it. Fields of every function:
//!
//! - `request_id`: the id that Lambda gave the invocation; `function`: which function.
//! - `account`: the account that the work is about. Ids only: no names, addresses, amounts of money
//!   tied to a person, tokens, bodies or headers are ever logged.
//! - `cause`: what made the function act (an event's id, a generation's id, a request's id).
//! - `outcome`: how it ended, one word of a fixed set per function.
//! - `error`: the chain of an error, outermost first, separated by `: `. An error is logged once.
//!
//! A value is cut at 1,024 bytes and a line at 32 fields, so that no input makes a line long. Control
//! characters and everything beyond ASCII are escaped: a line cannot be broken or made to look like
//! another. Other crates' lines are kept from `warn` upwards only: at `debug` some print whole requests.

use std::fmt::{Debug, Write as _};
use std::io::{self, Write};
use std::str::FromStr;

use primitives::AccountId;
use serde::ser::{SerializeMap, Serializer as _};
use serde_json::ser::{CompactFormatter, Formatter};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{ConfigError, Env};

/// Long enough for every id and for a chain of errors, short enough to read.
const VALUE_BYTES_MAX: usize = 1024;
/// Twice the number of fields in our longest line.
const FIELDS_MAX: usize = 32;
/// The crates of this workspace that log, beside the function itself.
const OWN_CRATES: [&str; 3] = ["lambda", "ledger_dynamodb", "stripe_api"];
/// Where the runtime repeats a handler's error, which `run` has logged with its chain.
const REPEATING_TARGET: &str = "lambda_runtime::layers::panic";

/// A level of `LOG_LEVEL`. Lines below `info` are not compiled into the functions (the workspace's manifest).
struct LogLevel(LevelFilter);

impl FromStr for LogLevel {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "error" => Ok(Self(LevelFilter::ERROR)),
            "warn" => Ok(Self(LevelFilter::WARN)),
            "info" => Ok(Self(LevelFilter::INFO)),
            _ => Err(()),
        }
    }
}

/// Starts the log of `function` at the level of `LOG_LEVEL` (`info` when it is not set).
///
/// A panic ends the process; it is logged with its place only, because its text may quote input.
pub fn init(env: &Env, function: &'static str) -> Result<(), ConfigError> {
    let level = env.parse("LOG_LEVEL", "one of `error`, `warn` and `info`");
    // A level that cannot be read is an error that must be logged.
    let started = match &level {
        Ok(Some(LogLevel(level))) => *level,
        Ok(None) | Err(_) => LevelFilter::INFO,
    };
    let lines = JsonLines::new(function, started, || Box::new(io::stdout().lock()));
    // A second start in one process (a test) keeps the first log.
    if tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(outcome = "panic", place, "the process ends by a panic");
        }));
    }
    level.map(drop)
}

/// Puts the account on every later line of the invocation, or of the group of a batch.
pub fn account(account: &AccountId) {
    tracing::Span::current().record("account", account.as_str());
}

/// Puts what made the function act on every later line of the invocation, or of the group of a batch.
pub fn cause(cause: &str) {
    tracing::Span::current().record("cause", cause);
}

/// The chain of `error`, outermost first. Empty texts and repetitions are left out.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(inner) = next {
        let inner_text = inner.to_string();
        if !inner_text.is_empty() && !text.ends_with(&inner_text) && text.len() < VALUE_BYTES_MAX {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        next = inner.source();
    }
    text
}

/// Writes every event that passes the level as one line.
struct JsonLines<W> {
    own_target: String,
    level: LevelFilter,
    writer: W,
}

impl<W> JsonLines<W> {
    fn new(function: &'static str, level: LevelFilter, writer: W) -> Self {
        Self { own_target: function.replace('-', "_"), level, writer }
    }

    fn is_own(&self, target: &str) -> bool {
        let root = target.split("::").next().unwrap_or_default();
        root == self.own_target || OWN_CRATES.contains(&root)
    }
}

/// The fields of a span or an event, in order of appearance.
#[derive(Default)]
struct FieldValues(Vec<(&'static str, FieldValue)>);

enum FieldValue {
    Text(String),
    Integer(i128),
    Boolean(bool),
}

impl FieldValues {
    fn set(&mut self, name: &'static str, value: FieldValue) {
        if let Some(slot) = self.0.iter_mut().find(|(key, _)| *key == name) {
            slot.1 = value;
        } else if self.0.len() < FIELDS_MAX {
            self.0.push((name, value));
        }
    }
}

impl Visit for FieldValues {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut text = Bounded::default();
        // The only error is that of the bound, at which the rest is left out.
        let _ = write!(text, "{value:?}");
        self.set(field.name(), FieldValue::Text(text.0));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut text = Bounded::default();
        let _ = text.write_str(value);
        self.set(field.name(), FieldValue::Text(text.0));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), FieldValue::Integer(value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), FieldValue::Integer(value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), FieldValue::Boolean(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record_str(field, &chain(value));
    }
}

/// A text that takes no more than [`VALUE_BYTES_MAX`] bytes, and says where it was cut.
#[derive(Default)]
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        let room = VALUE_BYTES_MAX.saturating_sub(self.0.len());
        if part.len() <= room {
            self.0.push_str(part);
            return Ok(());
        }
        let cut = part.floor_char_boundary(room);
        self.0.push_str(part.get(..cut).unwrap_or_default());
        self.0.push('…');
        Err(std::fmt::Error)
    }
}

impl<S, W, O> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Fn() -> O + 'static,
    O: Write,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let own = self.is_own(metadata.target());
        *metadata.level() <= self.level
            && (own || *metadata.level() <= Level::WARN)
            && metadata.target() != REPEATING_TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = FieldValues::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<FieldValues>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = FieldValues::default();
        event.record(&mut fields);
        let mut line = Vec::with_capacity(512);
        let mut serializer = serde_json::Serializer::with_formatter(&mut line, AsciiFormatter);
        let written = (|| {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_entry("timestamp", &crate::clock::now().to_string())?;
            map.serialize_entry("level", event.metadata().level().as_str())?;
            map.serialize_entry("target", event.metadata().target())?;
            let mut names = vec!["timestamp", "level", "target"];
            serialize_fields(&mut map, &mut names, &fields)?;
            // Innermost span first: what is nearer to the event wins.
            for span in context.event_scope(event).into_iter().flatten() {
                if let Some(fields) = span.extensions().get::<FieldValues>() {
                    serialize_fields(&mut map, &mut names, fields)?;
                }
            }
            map.end()
        })();
        if written.is_ok() {
            line.push(b'\n');
            // An invocation must not fail because its output is closed.
            let _ = (self.writer)().write_all(&line);
        }
    }
}

fn serialize_fields<M: SerializeMap>(
    map: &mut M,
    names: &mut Vec<&'static str>,
    fields: &FieldValues,
) -> Result<(), M::Error> {
    for (name, value) in &fields.0 {
        if names.contains(name) || names.len() >= FIELDS_MAX {
            continue;
        }
        names.push(name);
        match value {
            FieldValue::Text(text) => map.serialize_entry(name, text)?,
            FieldValue::Integer(integer) => map.serialize_entry(name, integer)?,
            FieldValue::Boolean(boolean) => map.serialize_entry(name, boolean)?,
        }
    }
    Ok(())
}

/// JSON in printable ASCII: everything else is escaped, so that a terminal shows what is there.
struct AsciiFormatter;

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        let mut units = [0; 2];
        let mut rest = text;
        // Most texts are printable from end to end and written at once.
        while let Some(at) = rest.find(|character| !matches!(character, ' '..='~')) {
            let (printable, other) = rest.split_at(at);
            CompactFormatter.write_string_fragment(writer, printable)?;
            let mut characters = other.chars();
            let escaped = characters.next().map(|character| character.encode_utf16(&mut units));
            for unit in escaped.into_iter().flatten() {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = characters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
