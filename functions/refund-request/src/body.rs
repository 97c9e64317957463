//! What callers send, checked: the bounds of every body are here. What reviewers send is in `review_body`.

use std::sync::LazyLock;

use lambda::caller::Role;
use lambda::http::{Problem, Request};
use ledger::{GenerationId, PaymentId, ProductId, Timestamp};
use policy::{Fact, Reason};
use policy_documents::catalogue;
use refunds::fingerprint;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::input::{id, read, unprocessable};
use crate::text_bounds::{check_note, check_text};

/// Longest name of a plan, in bytes: the bound of a text fact.
const PLAN_BYTES_MAX: usize = 255;

fn plan(name: Option<&str>) -> Result<(), Problem> {
    if name.is_some_and(|plan| plan.is_empty() || plan.len() > PLAN_BYTES_MAX) {
        return Err(unprocessable("#/plan_requested", format!("expected 1 to {PLAN_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// A day of the calendar, like `2026-05-02`.
fn day(text: Option<&str>) -> Result<(), Problem> {
    if text.is_some_and(|day| Timestamp::parse(&format!("{day}T00:00:00Z")).is_err()) {
        return Err(unprocessable("#/purchase_date", "expected a day, like `2026-05-02`"));
    }
    Ok(())
}

/// What the customer prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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

    /// The remedy of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Credits, Self::Money].into_iter().find(|remedy| remedy.as_str() == name)
    }
}

/// The choice is between the credits of a paid purchase that did not arrive and its money (`S2-21`).
pub(crate) fn remedy_fits(remedy: Option<ChosenRemedy>, reason: Reason) -> Result<(), Problem> {
    if remedy.is_some() && reason != Reason::CreditsMissing {
        let expected =
            "expected only with the reason `credits_missing`; for others the policy says what is given";
        return Err(unprocessable("#/remedy", expected));
    }
    Ok(())
}

/// Longest product, e-mail address and part of a report, in characters.
const PART_CHARACTERS_MAX: usize = 1000;

/// The parts of a report of a problem (`S4-6`). What they say is kept with the note; the facts say only that
/// they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) prompt: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) failure_time: Option<String>,
    pub(crate) error_message: Option<String>,
    /// For requests that support files: a customer's token names the account.
    pub(crate) account_email: Option<String>,
}

impl Report {
    /// Each part with the field that it comes in and the words that stand before it in the note.
    fn parts(&self) -> [(&'static str, &'static str, Option<&str>); 5] {
        [
            ("#/prompt", "Prompt", self.prompt.as_deref()),
            ("#/model", "Model", self.model.as_deref()),
            ("#/failure_time", "When it happened", self.failure_time.as_deref()),
            ("#/error_message", "Error message", self.error_message.as_deref()),
            ("#/account_email", "E-mail address of the account", self.account_email.as_deref()),
        ]
    }

    fn check(&self) -> Result<(), Problem> {
        for (field, _, text) in self.parts() {
            let Some(text) = text else { continue };
            if text.trim().is_empty() || text.chars().count() > PART_CHARACTERS_MAX {
                return Err(unprocessable(field, format!("expected 1 to {PART_CHARACTERS_MAX} characters")));
            }
        }
        if self.account_email.as_ref().is_some_and(|address| !is_address(address)) {
            return Err(unprocessable(
                "#/account_email",
                "expected an e-mail address, like `name@example.com`",
            ));
        }
        Ok(())
    }

    /// The note with what the report says.
    fn beside(&self, note: &str) -> String {
        let said =
            self.parts().into_iter().filter_map(|(_, words, text)| Some(format!("{words}: {}", text?)));
        let note = Some(note.to_owned()).filter(|note| !note.trim().is_empty());
        note.into_iter().chain(said).collect::<Vec<_>>().join("\n")
    }

    fn is_empty(&self) -> bool {
        self.parts().iter().all(|(_, _, text)| text.is_none())
    }
}

/// One `@` between two names, and no white space.
fn is_address(text: &str) -> bool {
    let named = |(name, host): (&str, &str)| !name.is_empty() && !host.is_empty() && !host.contains('@');
    text.split_once('@').is_some_and(named) && !text.contains(char::is_whitespace)
}

/// A product of the catalogue, or what is managed through one: `artisan` is `assistant`.
fn product(named: Option<&str>) -> Result<Option<ProductId>, Problem> {
    let Some(named) = named else { return Ok(None) };
    let Some(product) = catalogue().spent_by(named) else {
        return Err(unprocessable("#/product", expected_product()));
    };
    id("#/product", Some(&product.id))
}

/// What a product can be.
pub(crate) fn expected_product() -> String {
    let services: Vec<&str> = catalogue().services().collect();
    format!("expected one of `{}`", services.join("`, `"))
}

/// What a customer sends. There is no amount in it: amounts come from the records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmissionBody {
    /// Why: one of the policy's reasons.
    #[serde(deserialize_with = "filed_reason")]
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
    /// The day of the purchase, where no payment is named (`S3-4`).
    purchase_date: Option<String>,
    /// The product that it is about, where neither a payment nor a generation is named.
    product: Option<String>,
    prompt: Option<String>,
    model: Option<String>,
    failure_time: Option<String>,
    error_message: Option<String>,
    account_email: Option<String>,
    /// The quote that the customer was shown.
    quote: Option<String>,
    /// How the request reached support, which files it in the customer's name (`S0-1`, `S2-30`).
    channel: Option<Channel>,
    /// Whether it reached support from the account's own address (`S4-7`).
    requested_from_account: Option<bool>,
}

/// The reasons that people can file for.
static FILED: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    Reason::ALL.iter().filter(|reason| reason.can_be_filed()).map(|reason| reason.as_str()).collect()
});

/// A reason that people can file for; what Stripe alone reports is none.
fn filed_reason<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Reason, D::Error> {
    let text = String::deserialize(deserializer)?;
    let filed = Reason::parse(&text).filter(|reason| reason.can_be_filed());
    filed.ok_or_else(|| D::Error::unknown_variant(&text, &FILED))
}

/// How a request reached support.
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

/// Why a customer cannot send a field.
const FOR_SUPPORT: &str = "expected only from support, for a customer";

/// What is asked, checked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) reason: Reason,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) generation: Option<GenerationId>,
    pub(crate) note: String,
    pub(crate) remedy: Option<ChosenRemedy>,
    pub(crate) plan_requested: Option<String>,
    pub(crate) purchase_date: Option<String>,
    pub(crate) product: Option<ProductId>,
    pub(crate) report: Report,
    pub(crate) channel: Option<&'static str>,
    pub(crate) from_account: Option<bool>,
}

impl Question {
    /// Reads and checks a submission, and the quote that it carries.
    pub(crate) fn read(request: &Request<'_>) -> Result<(Self, Option<String>), Problem> {
        let body: SubmissionBody = read(request)?;
        check_note("#/note", &body.note)?;
        plan(body.plan_requested.as_deref())?;
        day(body.purchase_date.as_deref())?;
        let report = Report {
            prompt: body.prompt,
            model: body.model,
            failure_time: body.failure_time,
            error_message: body.error_message,
            account_email: body.account_email,
        };
        report.check()?;
        remedy_fits(body.remedy, body.reason)?;
        let asked = Self {
            reason: body.reason,
            payment: crate::payment_name::read(body.payment.as_deref())?,
            generation: id("#/generation_id", body.generation_id.as_deref())?,
            note: report.beside(&body.note),
            remedy: body.remedy,
            plan_requested: body.plan_requested,
            purchase_date: body.purchase_date,
            product: product(body.product.as_deref())?,
            report,
            channel: body.channel.map(Channel::as_str),
            from_account: body.requested_from_account,
        };
        Ok((asked, body.quote))
    }

    /// A customer comes by the API and from the account, which the token says.
    pub(crate) fn may_be_said_by(&self, role: Role) -> Result<(), Problem> {
        let said = [
            ("#/channel", self.channel.is_some()),
            ("#/requested_from_account", self.from_account.is_some()),
            ("#/account_email", self.report.account_email.is_some()),
        ];
        match said.into_iter().find(|(_, said)| *said && role == Role::Customer) {
            Some((field, _)) => Err(unprocessable(field, FOR_SUPPORT)),
            None => Ok(()),
        }
    }

    /// Distinguishes a repeat from another request under the same key (D7). The shown quote is left out.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        fingerprint(&[
            self.reason.as_str(),
            self.payment.as_ref().map_or("", PaymentId::as_str),
            self.generation.as_ref().map_or("", GenerationId::as_str),
            &self.note,
            self.remedy.map_or("", ChosenRemedy::as_str),
            self.plan_requested.as_deref().unwrap_or_default(),
            self.purchase_date.as_deref().unwrap_or_default(),
            self.product.as_ref().map_or("", ProductId::as_str),
            self.channel.unwrap_or_default(),
            self.from_account.map_or("", |from_account| if from_account { "yes" } else { "no" }),
        ])
    }
}

/// What was missing: each field answers the fact that [`field_of`] names it for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Answer {
    payment: Option<String>,
    generation_id: Option<String>,
    pub(crate) note: Option<String>,
    pub(crate) remedy: Option<ChosenRemedy>,
    pub(crate) plan_requested: Option<String>,
    pub(crate) purchase_date: Option<String>,
    prompt: Option<String>,
    model: Option<String>,
    failure_time: Option<String>,
    error_message: Option<String>,
    account_email: Option<String>,
    #[serde(skip)]
    pub(crate) report: Report,
    #[serde(skip)]
    pub(crate) named: Named,
}

/// The ids of an answer.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) payment: Option<PaymentId>,
    pub(crate) generation: Option<GenerationId>,
}

impl Answer {
    /// Reads and checks an answer.
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        let mut body: Self = read(request)?;
        body.report = Report {
            prompt: body.prompt.take(),
            model: body.model.take(),
            failure_time: body.failure_time.take(),
            error_message: body.error_message.take(),
            account_email: body.account_email.take(),
        };
        body.report.check()?;
        let empty = body.report.is_empty()
            && body.payment.is_none()
            && body.generation_id.is_none()
            && body.note.is_none()
            && body.remedy.is_none()
            && body.plan_requested.is_none()
            && body.purchase_date.is_none();
        if empty {
            return Err(unprocessable("#", "expected at least one of the fields that are asked for"));
        }
        if let Some(text) = &body.note {
            check_text("#/note", text)?;
        }
        plan(body.plan_requested.as_deref())?;
        day(body.purchase_date.as_deref())?;
        body.named = Named {
            payment: crate::payment_name::read(body.payment.as_deref())?,
            generation: id("#/generation_id", body.generation_id.as_deref())?,
        };
        Ok(body)
    }

    /// A customer's token names the account.
    pub(crate) fn may_be_said_by(&self, role: Role) -> Result<(), Problem> {
        if role == Role::Customer && self.report.account_email.is_some() {
            return Err(unprocessable("#/account_email", FOR_SUPPORT));
        }
        Ok(())
    }

    /// What is kept of it in words: the facts hold only that it was given.
    pub(crate) fn text(&self) -> String {
        let bought = self.purchase_date.as_ref().map(|day| format!("Bought on {day}."));
        let parts: Vec<&str> = self.note.as_deref().into_iter().chain(bought.as_deref()).collect();
        self.report.beside(&parts.join("\n"))
    }
}

/// The field of an answer that settles a fact; nothing for what the caller's token says.
pub(crate) fn field_of(fact: Fact) -> Option<&'static str> {
    match fact {
        Fact::OrderIdGiven | Fact::PaymentNamed => Some("payment"),
        Fact::GenerationNamed => Some("generation_id"),
        Fact::NoteGiven => Some("note"),
        Fact::EmailGiven => Some("account_email"),
        Fact::PromptGiven => Some("prompt"),
        Fact::ModelGiven => Some("model"),
        Fact::FailureTimeGiven => Some("failure_time"),
        Fact::ErrorMessageGiven => Some("error_message"),
        Fact::PurchaseDateGiven => Some("purchase_date"),
        Fact::RemedyChosen => Some("remedy"),
        Fact::PlanRequested => Some("plan_requested"),
        _ => None,
    }
}

/// Why a person is to look again.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reopening {
    pub(crate) note: String,
}

impl Reopening {
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        let body: Self = read(request)?;
        check_text("#/note", &body.note)?;
        Ok(body)
    }
}

/// What the customer makes of an offer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferAnswer {
    pub(crate) answer: OfferChoice,
    /// The quote that the customer was shown.
    pub(crate) quote: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OfferChoice {
    Accept,
    Decline,
}

impl OfferAnswer {
    pub(crate) fn read(request: &Request<'_>) -> Result<Self, Problem> {
        read(request)
    }
}
