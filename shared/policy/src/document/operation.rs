//! Operations of generation services: which failures give credits back, and which answers hold a result.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::named::named;

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

/// What one kind of failure leads to, and the clause that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRule {
    /// The clause that says so.
    pub clause: String,
    /// What follows.
    pub then: FailureEffect,
}

named! {
    /// What a failure leads to.
    FailureEffect {
        /// The credits go back to the lots they came from.
        GiveBack "give_back",
        /// A person decides; until then the credits stay where they are.
        Person "person",
        /// It counts as a success: only for [`FailureKind::UnknownAnswer`].
        Success "success",
    }
}

named! {
    /// How a generation failed.
    #[derive(Hash)]
    FailureKind {
        /// The provider answered with an explicit error.
        ProviderError "provider_error",
        /// The company's own service failed before or after the provider.
        OwnError "own_error",
        /// The provider claimed success and delivered nothing: see [`EmptySuccess`].
        EmptySuccess "empty_success",
        /// No outcome was reported before the hold's deadline.
        HoldTimeout "hold_timeout",
        /// The provider's moderation refused the input or the output.
        ModerationBlock "moderation_block",
        /// A part of the result is missing: one song of two, nine stems of twelve.
        PartialResult "partial_result",
        /// The provider claimed success with an answer that holds no registered result: see [`KnownResult`].
        UnknownAnswer "unknown_answer",
    }
}

impl FailureRules {
    /// What this kind of failure leads to.
    pub fn rule(&self, kind: FailureKind) -> &FailureRule {
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
    pub(crate) fn holds(&self, answer: &Value) -> bool {
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

/// What follows when a result comes after its hold was released.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateSuccessRule {
    /// The clause that says so.
    pub clause: String,
    /// What follows.
    pub then: LateSuccess,
}

named! {
    /// What a result costs that comes after its hold was released (`S4-5`).
    LateSuccess {
        /// The credits are charged anew, where enough are there.
        Charge "charge",
        /// Nothing: the credits stay where they went.
        Free "free",
    }
}
