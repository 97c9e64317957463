//! The form of what happened.

use serde::{Deserialize, Serialize};

use super::monthly::MonthlyForm;
use super::scalar::{CodecError, credits, flag, instant};
use super::state::{EndedForm, LotForm, PartForm, part, part_form, parts, parts_form};
use crate::{Account, Change, Credits, GenerationId, LotId, ReleaseReason, Timestamp};

#[derive(Serialize, Deserialize)]
pub(super) enum ChangeForm {
    #[serde(rename = "gr")]
    Granted(LotForm, u64),
    #[serde(rename = "im")]
    Imported(LotForm),
    /// The place of the hold among those of the account afterwards.
    #[serde(rename = "h")]
    Held(usize),
    #[serde(rename = "c")]
    Captured(String, Vec<PartForm>),
    #[serde(rename = "cu")]
    CapturedUnusable(String, Vec<PartForm>),
    #[serde(rename = "pr")]
    PartlyReleased(String, Vec<PartForm>),
    #[serde(rename = "r")]
    Released(String, Vec<PartForm>, ReasonForm),
    #[serde(rename = "b")]
    GivenBack(String, Vec<PartForm>),
    #[serde(rename = "bu")]
    GivenBackUnusable(String, Vec<PartForm>),
    #[serde(rename = "l")]
    ChargedLate(String, Vec<PartForm>),
    #[serde(rename = "u")]
    Uncollected(String, u64),
    #[serde(rename = "x")]
    Expired(PartForm),
    #[serde(rename = "rp")]
    Replaced(PartForm, i64),
    #[serde(rename = "ri")]
    Reinstated(PartForm),
    /// Part, debt, and whether the lot is closed (1) or not (0).
    #[serde(rename = "rv")]
    Revoked(PartForm, u64, u8),
    #[serde(rename = "rs")]
    Restored(PartForm, u64, Vec<PartForm>),
    #[serde(rename = "of")]
    Offset(PartForm, u64, Vec<PartForm>),
    /// The part, the dispute and the place of its report.
    #[serde(rename = "fz")]
    Frozen(PartForm, String, i64),
    #[serde(rename = "th")]
    Thawed(PartForm, String, i64),
    /// As before, and the debt, the limit and whether spent credits are owed (1) or not (0).
    #[serde(rename = "cb")]
    ChargedBack(PartForm, String, i64, u64, Option<u64>, u8),
    #[serde(rename = "rg")]
    Regained(PartForm, String, u64, Vec<PartForm>),
    #[serde(rename = "gs")]
    GrantsScheduled(MonthlyForm),
    /// The payment, and from when on.
    #[serde(rename = "ge")]
    GrantsEnded(String, i64),
    #[serde(rename = "gx")]
    GrantsStopped(String),
    #[serde(rename = "gb")]
    GrantsResumed(String),
    #[serde(rename = "xs")]
    ExpiryStarted(EndedForm, Vec<(u32, i64)>),
    #[serde(rename = "xp")]
    ExpiryStopped(String, Vec<u32>),
    #[serde(rename = "xe")]
    Extended(u32, i64),
    #[serde(rename = "tb")]
    TakenBack(PartForm),
    #[serde(rename = "dw")]
    DebtWrittenOff(LotForm),
    #[serde(rename = "xm")]
    ExpiryMoved(u32, Option<i64>),
    #[serde(rename = "sus")]
    Suspended,
    #[serde(rename = "res")]
    Resumed,
    #[serde(rename = "m")]
    Marked(i64),
}

#[derive(Serialize, Deserialize)]
pub(super) enum ReasonForm {
    #[serde(rename = "f")]
    Failed,
    #[serde(rename = "e")]
    EmptySuccess,
    #[serde(rename = "d")]
    Deadline,
}

impl ChangeForm {
    /// The form of a change of an entry that leaves the account as `after`.
    pub(super) fn of(change: &Change, after: &Account) -> Result<Self, CodecError> {
        let text = |generation: &GenerationId| generation.as_str().to_owned();
        Ok(match change {
            Change::Granted { lot, settled } => Self::Granted(LotForm::of(lot), settled.get()),
            Change::Imported(lot) => Self::Imported(LotForm::of(lot)),
            Change::Held(hold) => {
                let place = after.holds.iter().position(|open| open == hold);
                Self::Held(place.ok_or(CodecError::Missing)?)
            }
            Change::Captured { generation, parts, usable: true } => {
                Self::Captured(text(generation), parts_form(parts))
            }
            Change::Captured { generation, parts, usable: false } => {
                Self::CapturedUnusable(text(generation), parts_form(parts))
            }
            Change::PartlyReleased { generation, parts } => {
                Self::PartlyReleased(text(generation), parts_form(parts))
            }
            Change::Released { generation, parts, reason } => {
                let reason = match reason {
                    ReleaseReason::Failed => ReasonForm::Failed,
                    ReleaseReason::EmptySuccess => ReasonForm::EmptySuccess,
                    ReleaseReason::Deadline => ReasonForm::Deadline,
                };
                Self::Released(text(generation), parts_form(parts), reason)
            }
            Change::GivenBack { generation, parts, usable: true } => {
                Self::GivenBack(text(generation), parts_form(parts))
            }
            Change::GivenBack { generation, parts, usable: false } => {
                Self::GivenBackUnusable(text(generation), parts_form(parts))
            }
            Change::ChargedLate { generation, parts } => {
                Self::ChargedLate(text(generation), parts_form(parts))
            }
            Change::Uncollected { generation, credits } => Self::Uncollected(text(generation), credits.get()),
            Change::Expired(part) => Self::Expired(part_form(part)),
            Change::Replaced { part, since } => Self::Replaced(part_form(part), since.as_ms()),
            Change::Reinstated(part) => Self::Reinstated(part_form(part)),
            Change::Revoked { part, debt, closes } => {
                Self::Revoked(part_form(part), debt.get(), u8::from(*closes))
            }
            Change::Restored { part, debt, repaid } => {
                Self::Restored(part_form(part), debt.get(), parts_form(repaid))
            }
            Change::Offset { part, debt, repaid } => {
                Self::Offset(part_form(part), debt.get(), parts_form(repaid))
            }
            Change::Frozen { part, dispute, order } => {
                Self::Frozen(part_form(part), dispute.as_str().to_owned(), order.as_ms())
            }
            Change::Thawed { part, dispute, order } => {
                Self::Thawed(part_form(part), dispute.as_str().to_owned(), order.as_ms())
            }
            Change::ChargedBack { part, debt, dispute, order, limit, owe_spent } => Self::ChargedBack(
                part_form(part),
                dispute.as_str().to_owned(),
                order.as_ms(),
                debt.get(),
                limit.map(Credits::get),
                u8::from(*owe_spent),
            ),
            Change::Regained { part, debt, repaid, dispute } => {
                Self::Regained(part_form(part), dispute.as_str().to_owned(), debt.get(), parts_form(repaid))
            }
            Change::GrantsScheduled(monthly) => Self::GrantsScheduled(MonthlyForm::of(monthly)),
            Change::GrantsEnded { payment, at } => Self::GrantsEnded(payment.as_str().to_owned(), at.as_ms()),
            Change::GrantsStopped { payment } => Self::GrantsStopped(payment.as_str().to_owned()),
            Change::GrantsResumed { payment } => Self::GrantsResumed(payment.as_str().to_owned()),
            Change::ExpiryStarted { ended, lots } => Self::ExpiryStarted(
                EndedForm::of(ended),
                lots.iter().map(|(lot, expiry)| (lot.0, expiry.as_ms())).collect(),
            ),
            Change::ExpiryStopped { subscription, lots } => {
                Self::ExpiryStopped(subscription.as_str().to_owned(), lots.iter().map(|lot| lot.0).collect())
            }
            Change::Extended { lot, until } => Self::Extended(lot.0, until.as_ms()),
            Change::TakenBack(part) => Self::TakenBack(part_form(part)),
            Change::DebtWrittenOff(lot) => Self::DebtWrittenOff(LotForm::of(lot)),
            Change::ExpiryMoved { lot, expires_at } => {
                Self::ExpiryMoved(lot.0, expires_at.map(Timestamp::as_ms))
            }
            Change::Suspended => Self::Suspended,
            Change::Resumed => Self::Resumed,
            Change::Marked(instant) => Self::Marked(instant.as_ms()),
        })
    }

    /// Reads a change of an entry that leaves the account as `after`.
    pub(super) fn read(self, after: &Account) -> Result<Change, CodecError> {
        Ok(match self {
            Self::Granted(form, settled) => Change::Granted { lot: form.read()?, settled: credits(settled)? },
            Self::Imported(form) => Change::Imported(form.read()?),
            Self::Held(place) => Change::Held(after.holds.get(place).ok_or(CodecError::Missing)?.clone()),
            Self::Captured(id, taken) => {
                Change::Captured { generation: id.parse()?, parts: parts(taken)?, usable: true }
            }
            Self::CapturedUnusable(id, taken) => {
                Change::Captured { generation: id.parse()?, parts: parts(taken)?, usable: false }
            }
            Self::PartlyReleased(id, taken) => {
                Change::PartlyReleased { generation: id.parse()?, parts: parts(taken)? }
            }
            Self::Released(id, taken, reason) => Change::Released {
                generation: id.parse()?,
                parts: parts(taken)?,
                reason: match reason {
                    ReasonForm::Failed => ReleaseReason::Failed,
                    ReasonForm::EmptySuccess => ReleaseReason::EmptySuccess,
                    ReasonForm::Deadline => ReleaseReason::Deadline,
                },
            },
            Self::GivenBack(id, taken) => {
                Change::GivenBack { generation: id.parse()?, parts: parts(taken)?, usable: true }
            }
            Self::GivenBackUnusable(id, taken) => {
                Change::GivenBack { generation: id.parse()?, parts: parts(taken)?, usable: false }
            }
            Self::ChargedLate(id, taken) => {
                Change::ChargedLate { generation: id.parse()?, parts: parts(taken)? }
            }
            Self::Uncollected(id, count) => {
                Change::Uncollected { generation: id.parse()?, credits: credits(count)? }
            }
            Self::Expired(form) => Change::Expired(part(form)?),
            Self::Replaced(form, since) => Change::Replaced { part: part(form)?, since: instant(since)? },
            Self::Reinstated(form) => Change::Reinstated(part(form)?),
            Self::Revoked(form, debt, closes) => {
                Change::Revoked { part: part(form)?, debt: credits(debt)?, closes: flag(closes)? }
            }
            Self::Restored(form, debt, repaid) => {
                Change::Restored { part: part(form)?, debt: credits(debt)?, repaid: parts(repaid)? }
            }
            Self::Offset(form, debt, repaid) => {
                Change::Offset { part: part(form)?, debt: credits(debt)?, repaid: parts(repaid)? }
            }
            Self::Frozen(form, dispute, order) => {
                Change::Frozen { part: part(form)?, dispute: dispute.parse()?, order: instant(order)? }
            }
            Self::Thawed(form, dispute, order) => {
                Change::Thawed { part: part(form)?, dispute: dispute.parse()?, order: instant(order)? }
            }
            Self::ChargedBack(form, dispute, order, debt, limit, owe_spent) => Change::ChargedBack {
                part: part(form)?,
                debt: credits(debt)?,
                dispute: dispute.parse()?,
                order: instant(order)?,
                limit: limit.map(credits).transpose()?,
                owe_spent: flag(owe_spent)?,
            },
            Self::Regained(form, dispute, debt, repaid) => Change::Regained {
                part: part(form)?,
                debt: credits(debt)?,
                repaid: parts(repaid)?,
                dispute: dispute.parse()?,
            },
            Self::GrantsScheduled(form) => Change::GrantsScheduled(form.read()?),
            Self::GrantsEnded(payment, at) => {
                Change::GrantsEnded { payment: payment.parse()?, at: instant(at)? }
            }
            Self::GrantsStopped(payment) => Change::GrantsStopped { payment: payment.parse()? },
            Self::GrantsResumed(payment) => Change::GrantsResumed { payment: payment.parse()? },
            Self::ExpiryStarted(form, lots) => Change::ExpiryStarted {
                ended: form.read()?,
                lots: lots
                    .into_iter()
                    .map(|(lot, expiry)| Ok((LotId(lot), instant(expiry)?)))
                    .collect::<Result<_, CodecError>>()?,
            },
            Self::ExpiryStopped(subscription, lots) => Change::ExpiryStopped {
                subscription: subscription.parse()?,
                lots: lots.into_iter().map(LotId).collect(),
            },
            Self::Extended(lot, until) => Change::Extended { lot: LotId(lot), until: instant(until)? },
            Self::TakenBack(form) => Change::TakenBack(part(form)?),
            Self::DebtWrittenOff(form) => Change::DebtWrittenOff(form.read()?),
            Self::ExpiryMoved(lot, expires_at) => {
                Change::ExpiryMoved { lot: LotId(lot), expires_at: expires_at.map(instant).transpose()? }
            }
            Self::Suspended => Change::Suspended,
            Self::Resumed => Change::Resumed,
            Self::Marked(at) => Change::Marked(instant(at)?),
        })
    }
}
