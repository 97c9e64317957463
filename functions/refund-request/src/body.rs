//! What callers send, checked: the bounds of every body and of every text in one are here.

use lambda::caller::Role;
use lambda::http::{Problem, ProblemKind, Request};
use ledger::{GenerationId, PaymentId};
use policy::Reason;
use refunds::{NOTE_CHARACTERS_MAX, fingerprint};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A note of the longest length in four-byte characters, with the other members and JSON's escapes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest name of a plan, in bytes: the bound of a text fact.
const PLAN_BYTES_MAX: usize = 255;

/// Reads the body as `T`.
pub(crate) fn read<T: DeserializeOwned>(request: &Request<'_>) -> Result<T, Problem> {
    request.json(BODY_BYTES_MAX)
}

/// A field that is not possible with this value.
pub(crate) fn unprocessable(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unprocessable).field(field, detail)
}

/// An id within the body.
pub(crate) fn id<T>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.map(str::parse).transpose().map_err(|error: T::Err| unprocessable(field, error.to_string()))
}

/// A text that may be empty.
pub(crate) fn note(field: &str, text: &str) -> Result<(), Problem> {
    if text.chars().count() > NOTE_CHARACTERS_MAX {
        return Err(unprocessable(field, format!("expected at most {NOTE_CHARACTERS_MAX} characters")));
    }
    Ok(())
}

/// A text that says something.
pub(crate) fn words(field: &str, text: &str) -> Result<(), Problem> {
    if text.trim().is_empty() {
        return Err(unprocessable(
            field,
            format!("expected 1 to {NOTE_CHARACTERS_MAX} characters that say why"),
        ));
    }
    note(field, text)
}

/// What a customer sends. There is no amount in it: amounts come from the records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmissionBody {
    /// Why: one of the policy's reasons.
    reason: Reason,
    /// The payment that it is about.
    payment: Option<String>,
    /// The generation that it is about.
    generation_id: Option<String>,
    /// In the customer's own words.
    #[serde(default)]
    note: String,
    /// Credits or money, where the policy leaves the choice (`S2-21`).
    remedy: Option<ChosenRemedy>,
    /// The plan that was ordered, where another was charged (`S2-15`).
    plan_requested: Option<String>,
    /// By which way the request reached support, which files it in the customer's name (`S0-1`, `S2-30`).
    channel: Option<Channel>,
    /// Whether it reached support from the account's own address (`S4-7`).
    requested_from_account: Option<bool>,
}

/// By which way a request reached support.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Channel {
    SupportForm,
    Email,
    Chat,
}

impl Channel {
    fn as_str(self) -> &'static str {
        match self {
            Self::SupportForm => "support_form",
            Self::Email => "email",
            Self::Chat => "chat",
        }
    }
}

/// What the customer prefers.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChosenRemedy {
    Credits,
    Money,
}

impl ChosenRemedy {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Credits => "credits",
            Self::Money => "money",
        }
    }
}

/// What is asked, checked.
pub(crate) struct Asked {
    pub(crate) reason: Reason,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) generation: Option<GenerationId>,
    pub(crate) note: String,
    pub(crate) remedy: Option<ChosenRemedy>,
    pub(crate) plan_requested: Option<String>,
    pub(crate) channel: Option<&'static str>,
    pub(crate) from_account: Option<bool>,
}

impl Asked {
    /// Reads and checks a submission's body.
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        let body: SubmissionBody = read(request)?;
        note("/note", &body.note)?;
        plan(body.plan_requested.as_deref())?;
        Ok(Self {
            reason: body.reason,
            payment: id("/payment", body.payment.as_deref())?,
            generation: id("/generation_id", body.generation_id.as_deref())?,
            note: body.note,
            remedy: body.remedy,
            plan_requested: body.plan_requested,
            channel: body.channel.map(Channel::as_str),
            from_account: body.requested_from_account,
        })
    }

    /// A customer comes by the API and from the account, which the token says.
    pub(crate) fn may_be_said_by(&self, role: Role) -> Result<(), Problem> {
        let said =
            [("/channel", self.channel.is_some()), ("/requested_from_account", self.from_account.is_some())];
        match said.into_iter().find(|(_, said)| *said && role == Role::Customer) {
            Some((field, _)) => Err(unprocessable(field, "expected of requests that support files")),
            None => Ok(()),
        }
    }

    /// Tells a repeat from another request under the same key (D7).
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&[
            self.reason.id(),
            self.payment.as_ref().map_or("", PaymentId::as_str),
            self.generation.as_ref().map_or("", GenerationId::as_str),
            &self.note,
            self.remedy.map_or("", ChosenRemedy::as_str),
            self.plan_requested.as_deref().unwrap_or_default(),
            self.channel.unwrap_or_default(),
            self.from_account.map_or("", |from_account| if from_account { "yes" } else { "no" }),
        ])
    }
}

fn plan(name: Option<&str>) -> Result<(), Problem> {
    if name.is_some_and(|plan| plan.is_empty() || plan.len() > PLAN_BYTES_MAX) {
        return Err(unprocessable("/plan_requested", format!("expected 1 to {PLAN_BYTES_MAX} bytes")));
    }
    Ok(())
}
