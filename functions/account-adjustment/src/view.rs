//! What is answered of an adjustment.

use adjustments::{AdjustedBy, Adjustment, AdjustmentStage, Person};
use lambda::http::JsonDisplay;
use ledger::{AdjustmentKind, Timestamp};
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct AdjustmentAnswer<'a> {
    id: &'a str,
    account: &'a str,
    kind: &'static str,
    product: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purpose: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lot: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<ExpiryAnswer>,
    clause: &'a str,
    policy: PolicyAnswer<'a>,
    reason: &'a str,
    state: &'static str,
    submitted: ByAnswer<'a>,
    /// When it ends unless another person decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    lapses_at: Option<JsonDisplay<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved: Option<ByAnswer<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedAnswer<'a>>,
    /// The number of the journal's entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
}

/// When credits expire; `null` is never.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct ExpiryAnswer(Option<JsonDisplay<Timestamp>>);

#[derive(Debug, Serialize)]
struct PolicyAnswer<'a> {
    document: &'a str,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct ByAnswer<'a> {
    role: &'static str,
    by: &'a str,
    at: JsonDisplay<Timestamp>,
}

#[derive(Debug, Serialize)]
struct RefusedAnswer<'a> {
    #[serde(flatten)]
    refused: ByAnswer<'a>,
    reason: &'a str,
}

impl<'a> ByAnswer<'a> {
    fn of(by: &'a AdjustedBy) -> Self {
        let role = match by.person {
            Person::Support(_) => "support",
            Person::Operator(_) => "operator",
        };
        Self { role, by: by.person.name(), at: JsonDisplay(by.at) }
    }
}

/// The kind's name in bodies, answers and logs.
pub(crate) fn kind(kind: AdjustmentKind) -> &'static str {
    match kind {
        AdjustmentKind::Grant { .. } => "grant",
        AdjustmentKind::TakeBack { .. } => "take_back",
        AdjustmentKind::DebtWriteOff { .. } => "debt_write_off",
        AdjustmentKind::ExpiryMove { .. } => "expiry_move",
        AdjustmentKind::Suspension => "suspension",
        AdjustmentKind::Resumption => "resumption",
    }
}

/// An adjustment as it stands at `now`.
pub(crate) fn adjustment(adjustment: &Adjustment, now: Timestamp) -> AdjustmentAnswer<'_> {
    let terms = &adjustment.terms;
    let (credits, purpose, lot, expires_at) = match terms.kind {
        AdjustmentKind::Grant { credits, purpose, expires_at } => {
            (Some(credits), Some(purpose.as_str()), None, Some(expires_at))
        }
        AdjustmentKind::TakeBack { lot, credits } => (Some(credits), None, Some(lot), None),
        AdjustmentKind::DebtWriteOff { credits } => (Some(credits), None, None, None),
        AdjustmentKind::ExpiryMove { lot, expires_at } => (None, None, Some(lot), Some(expires_at)),
        AdjustmentKind::Suspension | AdjustmentKind::Resumption => (None, None, None, None),
    };
    let (entry, approved, refused) = match &adjustment.stage {
        AdjustmentStage::Waiting => (None, None, None),
        AdjustmentStage::Applied { entry, approved } => (Some(*entry), approved.as_ref(), None),
        AdjustmentStage::Refused { refused, reason } => (None, None, Some((refused, reason))),
    };
    AdjustmentAnswer {
        id: adjustment.id.as_str(),
        account: adjustment.account.as_str(),
        kind: kind(terms.kind),
        product: terms.product.as_str(),
        credits: credits.map(ledger::Credits::get),
        purpose,
        lot: lot.map(|lot| lot.0),
        expires_at: expires_at.map(|at| ExpiryAnswer(at.map(JsonDisplay))),
        clause: &terms.clause,
        policy: PolicyAnswer { document: &adjustment.policy.document, version: &adjustment.policy.version },
        reason: &terms.reason,
        state: adjustment.state(now).as_str(),
        submitted: ByAnswer::of(&adjustment.submitted),
        lapses_at: adjustment.lapses_at().map(JsonDisplay),
        approved: approved.map(ByAnswer::of),
        refused: refused.map(|(by, reason)| RefusedAnswer { refused: ByAnswer::of(by), reason }),
        entry,
    }
}
