//! How generations end: which failures give the credits back, and which answers are no success.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::{Clause, Document};

/// An operation of a generation service whose failures the policy covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its name in holds and messages.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// The clause that lists it.
    pub clause: String,
    /// How long a hold for it may stay open, in seconds.
    pub hold_deadline_s: u64,
    /// What each kind of failure leads to.
    pub failures: FailureRules,
}

/// What each kind of failure leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRules {
    /// See [`FailureKind::ProviderError`].
    pub provider_error: FailureRule,
    /// See [`FailureKind::OwnError`].
    pub own_error: FailureRule,
    /// See [`FailureKind::EmptySuccess`].
    pub empty_success: FailureRule,
    /// See [`FailureKind::HoldTimeout`].
    pub hold_timeout: FailureRule,
    /// See [`FailureKind::ModerationBlock`].
    pub moderation_block: FailureRule,
    /// See [`FailureKind::PartialResult`].
    pub partial_result: FailureRule,
    /// See [`FailureKind::UnknownAnswer`].
    pub unknown_answer: FailureRule,
}

/// What one kind of failure leads to, and by which clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRule {
    /// The clause that says so.
    pub clause: String,
    /// What follows.
    pub then: FailureEffect,
}

/// What a failure leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureEffect {
    /// The credits go back to the lots they came from.
    GiveBack,
    /// A person decides; until then the credits stay where they are.
    Person,
    /// It counts as a success: only for [`FailureKind::UnknownAnswer`].
    Success,
}

/// How a generation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The provider answered with an explicit error.
    ProviderError,
    /// The company's own service failed before or after the provider.
    OwnError,
    /// The provider claimed success and delivered nothing: see [`EmptySuccess`].
    EmptySuccess,
    /// No outcome was reported before the hold's deadline.
    HoldTimeout,
    /// The provider's moderation refused the input or the output.
    ModerationBlock,
    /// A part of the result is missing: one song of two, nine stems of twelve.
    PartialResult,
    /// The provider claimed success with an answer that holds no registered result: see [`KnownResult`].
    UnknownAnswer,
}

impl FailureKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::ProviderError,
        Self::OwnError,
        Self::EmptySuccess,
        Self::HoldTimeout,
        Self::ModerationBlock,
        Self::PartialResult,
        Self::UnknownAnswer,
    ];

    /// The name used in documents and messages.
    pub fn id(self) -> &'static str {
        match self {
            Self::ProviderError => "provider_error",
            Self::OwnError => "own_error",
            Self::EmptySuccess => "empty_success",
            Self::HoldTimeout => "hold_timeout",
            Self::ModerationBlock => "moderation_block",
            Self::PartialResult => "partial_result",
            Self::UnknownAnswer => "unknown_answer",
        }
    }
}

impl FailureRules {
    pub(crate) fn rule(&self, kind: FailureKind) -> &FailureRule {
        match kind {
            FailureKind::ProviderError => &self.provider_error,
            FailureKind::OwnError => &self.own_error,
            FailureKind::EmptySuccess => &self.empty_success,
            FailureKind::HoldTimeout => &self.hold_timeout,
            FailureKind::ModerationBlock => &self.moderation_block,
            FailureKind::PartialResult => &self.partial_result,
            FailureKind::UnknownAnswer => &self.unknown_answer,
        }
    }
}

/// A registered answer that claims success and holds nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptySuccess {
    /// Its name within the document.
    pub id: String,
    /// The operations whose answers it is held against.
    pub operations: Vec<String>,
    /// The clause that makes it a failure.
    pub clause: String,
    /// What the answer looks like; all of it must hold.
    pub matches: Vec<AnswerMatch>,
}

/// A registered answer that holds a result. An operation with one or more of these knows what its results
/// look like: every other answer is of unknown shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownResult {
    /// Its name within the document.
    pub id: String,
    /// The operations whose answers it is held against.
    pub operations: Vec<String>,
    /// What the answer looks like; all of it must hold.
    pub matches: Vec<AnswerMatch>,
}

/// A condition on one place of a provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerMatch {
    /// The place: a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is found there.
    pub is: AnswerShape,
}

/// What is found at a place of a provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnswerShape {
    /// Nothing: the place does not exist, or is null.
    Missing,
    /// An array without elements.
    EmptyArray,
    /// An object without members.
    EmptyObject,
    /// A text of no characters or of white space only.
    EmptyText,
    /// An array with an element that holds something.
    FilledArray,
    /// A text that is not blank.
    FilledText,
    /// Exactly this text.
    Text(String),
    /// Exactly this integer.
    Integer(i64),
    /// Exactly this boolean.
    Boolean(bool),
}

impl AnswerMatch {
    fn holds(&self, answer: &Value) -> bool {
        let found = answer.pointer(&self.pointer);
        match (&self.is, found) {
            (AnswerShape::Missing, None | Some(Value::Null)) => true,
            (AnswerShape::EmptyArray, Some(Value::Array(elements))) => elements.is_empty(),
            (AnswerShape::EmptyObject, Some(Value::Object(members))) => members.is_empty(),
            (AnswerShape::EmptyText, Some(Value::String(text))) => text.trim().is_empty(),
            (AnswerShape::FilledArray, Some(Value::Array(elements))) => !elements.iter().all(is_blank),
            (AnswerShape::FilledText, Some(Value::String(text))) => !text.trim().is_empty(),
            (AnswerShape::Text(expected), Some(Value::String(text))) => text == expected,
            (AnswerShape::Integer(expected), Some(Value::Number(number))) => {
                number.as_i64() == Some(*expected)
            }
            (AnswerShape::Boolean(expected), Some(Value::Bool(boolean))) => boolean == expected,
            _ => false,
        }
    }
}

/// Whether a value holds nothing: null, white space, or nothing but such values. A provider's list of empty
/// places delivers nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(elements) => elements.iter().all(is_blank),
        Value::Object(members) => members.values().all(is_blank),
    }
}

/// How a generation was reported to have ended.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// It failed.
    Failed(FailureKind),
    /// The provider claims success with this answer.
    Answered(&'a Value),
}

/// What follows when a result comes after its hold was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSuccessRule {
    /// The clause that says so.
    pub clause: String,
    /// What follows.
    pub then: LateSuccess,
}

/// What a result costs that comes after its hold was released (`S4-5`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateSuccess {
    /// The credits are charged anew, where enough are there.
    Charge,
    /// Nothing: the credits stay where they went.
    Free,
}

/// What the policy makes of a generation's ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationOutcome<'d> {
    /// The credits are spent.
    Succeeded,
    /// The credits go back to the lots they came from.
    GiveBack {
        /// Which kind of failure it is.
        kind: FailureKind,
        /// The registered signature that the answer matched.
        signature: Option<&'d str>,
        /// The clauses that say so.
        clauses: Vec<&'d Clause>,
    },
    /// A person decides.
    Person {
        /// Which kind of failure it is.
        kind: FailureKind,
        /// The clauses that say so; none when the policy does not list the operation.
        clauses: Vec<&'d Clause>,
    },
}

impl Document {
    /// The operation with this id, if the policy lists it.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// How long a hold for this operation may stay open, in seconds.
    pub fn hold_deadline_s(&self, operation: &str) -> u64 {
        self.operation(operation).map_or(self.hold_deadline_s, |operation| operation.hold_deadline_s)
    }

    /// What the policy makes of a generation's ending. A failure of an operation that the policy does
    /// not list goes to a person (S2-5).
    pub fn classify(&self, operation: &str, ending: Ending<'_>) -> GenerationOutcome<'_> {
        let listed = self.operation(operation);
        let (kind, signature) = match ending {
            Ending::Failed(kind) => (kind, None),
            Ending::Answered(answer) => match self.signature(operation, answer) {
                Some(signature) => (FailureKind::EmptySuccess, Some(signature)),
                None if self.holds_result(operation, answer) => return GenerationOutcome::Succeeded,
                None => (FailureKind::UnknownAnswer, None),
            },
        };
        let Some(listed) = listed else {
            return GenerationOutcome::Person { kind, clauses: Vec::new() };
        };
        let rule = listed.failures.rule(kind);
        let mut ids = vec![rule.clause.as_str()];
        ids.extend(signature.map(|signature| signature.clause.as_str()));
        ids.push(&listed.clause);
        let clauses = self.cited(&ids);
        match rule.then {
            FailureEffect::GiveBack => GenerationOutcome::GiveBack {
                kind,
                signature: signature.map(|signature| signature.id.as_str()),
                clauses,
            },
            FailureEffect::Person => GenerationOutcome::Person { kind, clauses },
            FailureEffect::Success => GenerationOutcome::Succeeded,
        }
    }

    /// Whether an answer holds a result; of an operation without a registered result, every answer does.
    fn holds_result(&self, operation: &str, answer: &Value) -> bool {
        let mut known = self
            .results
            .iter()
            .filter(|result| result.operations.iter().any(|each| each == operation))
            .peekable();
        known.peek().is_none() || known.any(|result| result.matches.iter().all(|each| each.holds(answer)))
    }

    fn signature(&self, operation: &str, answer: &Value) -> Option<&EmptySuccess> {
        self.empty_success.iter().find(|signature| {
            signature.operations.iter().any(|each| each == operation)
                && signature.matches.iter().all(|each| each.holds(answer))
        })
    }

    /// The clauses with these ids, each once, in this order.
    pub(crate) fn cited(&self, ids: &[&str]) -> Vec<&Clause> {
        let mut clauses: Vec<&Clause> = Vec::new();
        for clause in ids.iter().filter_map(|id| self.clause(id)) {
            if clauses.iter().all(|cited| cited.id != clause.id) {
                clauses.push(clause);
            }
        }
        clauses
    }
}
