//! The stored form of what people did with a request.

use ledger::Timestamp;
use policy::{Fact, Missing, Remedy, Revocation};
use refunds::{Action, ActionKind, ActionSource, ChosenTerms, Ground, OutsidePolicy, Review, ReviewVerdict};
use serde::{Deserialize, Serialize};

use crate::StoreError;
use crate::scalar::{actor, actor_form, credits, hex, id, instant, money, money_form, unhex};

#[derive(Serialize, Deserialize)]
pub(crate) struct ActionForm {
    /// The actor's kind, and who it is.
    by: (String, String),
    at: i64,
    sent: String,
    #[serde(flatten)]
    kind: ActionKindForm,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "did", rename_all = "snake_case")]
enum ActionKindForm {
    Answered { note: String, facts: Vec<Fact> },
    Withdrew,
    Reopened { note: String },
    Accepted { offer: String },
    Declined { offer: String },
    HeldBack { reason: String },
    Reviewed(ReviewForm),
    Arrived,
}

#[derive(Serialize, Deserialize)]
struct ReviewForm {
    verdict: VerdictForm,
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outside_policy: Option<String>,
    #[serde(default, skip_serializing_if = "ChosenForm::is_default")]
    chosen: ChosenForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    overrides: bool,
}

/// What a reviewer chose of a refund's terms.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChosenForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoke: Option<Revocation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_plan: Option<bool>,
}

impl ChosenForm {
    pub(crate) fn of(chosen: ChosenTerms) -> Self {
        Self { revoke: chosen.revoke, ends_plan: chosen.ends_plan }
    }

    pub(crate) fn read(self) -> ChosenTerms {
        ChosenTerms { revoke: self.revoke, ends_plan: self.ends_plan }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictForm {
    Approve,
    ApprovePart((u64, String)),
    GrantCredits { product: String, credits: u64 },
    Refuse,
    TakeBack,
    Leave,
    Ask(Vec<Missing>),
    Offer { offer: String, remedy: Remedy },
}

pub(crate) fn encode(act: &Action) -> ActionForm {
    ActionForm {
        by: actor_form(&act.source.by),
        at: act.source.at.as_ms(),
        sent: hex(&act.source.fingerprint),
        kind: match &act.kind {
            ActionKind::Answered { note, facts } => {
                ActionKindForm::Answered { note: note.clone(), facts: facts.clone() }
            }
            ActionKind::Withdrew => ActionKindForm::Withdrew,
            ActionKind::Reopened { note } => ActionKindForm::Reopened { note: note.clone() },
            ActionKind::Accepted { offer } => ActionKindForm::Accepted { offer: offer.clone() },
            ActionKind::Declined { offer } => ActionKindForm::Declined { offer: offer.clone() },
            ActionKind::HeldBack { reason } => ActionKindForm::HeldBack { reason: reason.clone() },
            ActionKind::Reviewed(review) => ActionKindForm::Reviewed(ReviewForm {
                verdict: verdict_form(&review.verdict),
                reason: review.reason.clone(),
                clause: review.clause().map(str::to_owned),
                outside_policy: review.outside_policy().map(|kind| kind.as_str().to_owned()),
                chosen: ChosenForm::of(review.chosen),
                quote: review.quote.clone(),
                overrides: review.overrides,
            }),
            ActionKind::Arrived => ActionKindForm::Arrived,
        },
    }
}

fn verdict_form(verdict: &ReviewVerdict) -> VerdictForm {
    match verdict {
        ReviewVerdict::Approve => VerdictForm::Approve,
        ReviewVerdict::ApprovePart(part) => VerdictForm::ApprovePart(money_form(*part)),
        ReviewVerdict::GrantCredits { product, credits } => {
            VerdictForm::GrantCredits { product: product.as_str().to_owned(), credits: credits.get() }
        }
        ReviewVerdict::Refuse => VerdictForm::Refuse,
        ReviewVerdict::TakeBack => VerdictForm::TakeBack,
        ReviewVerdict::Leave => VerdictForm::Leave,
        ReviewVerdict::Ask(missing) => VerdictForm::Ask(missing.clone()),
        ReviewVerdict::Offer { offer, remedy } => {
            VerdictForm::Offer { offer: offer.clone(), remedy: remedy.clone() }
        }
    }
}

pub(crate) fn decode(form: ActionForm) -> Result<Action, StoreError> {
    let (kind, who) = form.by;
    let at: Timestamp = instant(form.at)?;
    Ok(Action {
        source: ActionSource { by: actor(&kind, who)?, at, fingerprint: unhex(&form.sent)? },
        kind: match form.kind {
            ActionKindForm::Answered { note, facts } => ActionKind::Answered { note, facts },
            ActionKindForm::Withdrew => ActionKind::Withdrew,
            ActionKindForm::Reopened { note } => ActionKind::Reopened { note },
            ActionKindForm::Accepted { offer } => ActionKind::Accepted { offer },
            ActionKindForm::Declined { offer } => ActionKind::Declined { offer },
            ActionKindForm::HeldBack { reason } => ActionKind::HeldBack { reason },
            ActionKindForm::Reviewed(review) => ActionKind::Reviewed(Review {
                verdict: verdict(review.verdict)?,
                reason: review.reason,
                ground: ground(review.clause, review.outside_policy.as_deref())?,
                chosen: review.chosen.read(),
                quote: review.quote,
                overrides: review.overrides,
            }),
            ActionKindForm::Arrived => ActionKind::Arrived,
        },
    })
}

fn ground(clause: Option<String>, outside: Option<&str>) -> Result<Option<Ground>, StoreError> {
    match (clause, outside) {
        (Some(clause), _) => Ok(Some(Ground::Clause(clause))),
        (None, Some(name)) => {
            let kind = OutsidePolicy::parse(name).ok_or(StoreError::Unreadable("outside policy"))?;
            Ok(Some(Ground::OutsidePolicy(kind)))
        }
        (None, None) => Ok(None),
    }
}

fn verdict(form: VerdictForm) -> Result<ReviewVerdict, StoreError> {
    Ok(match form {
        VerdictForm::Approve => ReviewVerdict::Approve,
        VerdictForm::ApprovePart(part) => ReviewVerdict::ApprovePart(money(&part)?),
        VerdictForm::GrantCredits { product, credits } => {
            ReviewVerdict::GrantCredits { product: id(&product)?, credits: self::credits(credits)? }
        }
        VerdictForm::Refuse => ReviewVerdict::Refuse,
        VerdictForm::TakeBack => ReviewVerdict::TakeBack,
        VerdictForm::Leave => ReviewVerdict::Leave,
        VerdictForm::Ask(missing) => ReviewVerdict::Ask(missing),
        VerdictForm::Offer { offer, remedy } => ReviewVerdict::Offer { offer, remedy },
    })
}
