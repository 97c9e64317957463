//! What happened to an account, as data and as a sentence.

use lambda::http::JsonDisplay;
use ledger::{
    AmountError, Change, Credits, Entry, GrantPurpose, Lot, LotCredits, LotId, LotKind, ReleaseReason,
    Timestamp,
};
use policy::Documents;
use serde::Serialize;

use crate::balance::lot_kind;
use crate::lot_view::{PartView, parts};

/// One change of an entry.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeView<'a> {
    #[serde(flatten)]
    data: ChangeData<'a>,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ChangeData<'a> {
    Granted {
        lot: u32,
        lot_kind: &'static str,
        product: &'a str,
        credits: u64,
        settled_debt: u64,
        expires_at: Option<JsonDisplay<Timestamp>>,
    },
    Imported {
        lot: u32,
        lot_kind: &'static str,
        product: &'a str,
        credits: u64,
        granted: u64,
        expires_at: Option<JsonDisplay<Timestamp>>,
    },
    Held {
        generation_id: &'a str,
        operation: &'a str,
        credits: u64,
        lots: Vec<PartView>,
        deadline: JsonDisplay<Timestamp>,
    },
    Captured(Moved<'a>),
    PartlyReleased(Moved<'a>),
    Released {
        #[serde(flatten)]
        moved: Moved<'a>,
        reason: &'static str,
    },
    GivenBack(Moved<'a>),
    ChargedLate(Moved<'a>),
    Uncollected {
        generation_id: &'a str,
        credits: u64,
    },
    Expired {
        lot: u32,
        credits: u64,
    },
    Replaced {
        lot: u32,
        credits: u64,
    },
    Reinstated {
        lot: u32,
        credits: u64,
    },
    Revoked {
        lot: u32,
        credits: u64,
        debt: u64,
    },
    Restored {
        lot: u32,
        credits: u64,
        debt: u64,
        repaid: Vec<PartView>,
    },
    Offset {
        lot: u32,
        credits: u64,
        debt: u64,
        repaid: Vec<PartView>,
    },
    Frozen {
        lot: u32,
        credits: u64,
    },
    Thawed {
        lot: u32,
        credits: u64,
    },
    ChargedBack {
        lot: u32,
        credits: u64,
        debt: u64,
    },
    Regained {
        lot: u32,
        credits: u64,
        debt: u64,
        repaid: Vec<PartView>,
    },
    GrantsScheduled {
        payment: &'a str,
        lots: u32,
        credits_each: u64,
    },
    GrantsEnded {
        payment: &'a str,
        at: JsonDisplay<Timestamp>,
    },
    GrantsStopped {
        payment: &'a str,
    },
    GrantsResumed {
        payment: &'a str,
    },
    ExpiryStarted {
        subscription: &'a str,
        lots: Vec<LotExpiry>,
    },
    ExpiryStopped {
        subscription: &'a str,
        lots: Vec<u32>,
    },
    Extended {
        lot: u32,
        expires_at: JsonDisplay<Timestamp>,
    },
    TakenBack {
        lot: u32,
        credits: u64,
    },
    DebtWrittenOff {
        credits: u64,
    },
    ExpiryMoved {
        lot: u32,
        expires_at: Option<JsonDisplay<Timestamp>>,
    },
    Suspended,
    Resumed,
}

/// A generation's credits, and the lots that they left or came back to.
#[derive(Debug, Serialize)]
struct Moved<'a> {
    generation_id: &'a str,
    credits: u64,
    lots: Vec<PartView>,
}

#[derive(Debug, Serialize)]
struct LotExpiry {
    lot: u32,
    expires_at: JsonDisplay<Timestamp>,
}

/// The changes of an entry that concern people; the due marker is bookkeeping.
pub(crate) fn changes<'a>(
    entry: &'a Entry,
    documents: &Documents,
) -> Result<Vec<ChangeView<'a>>, AmountError> {
    entry.changes().iter().filter_map(|change| view(change, documents).transpose()).collect()
}

#[expect(clippy::too_many_lines, reason = "an arm for each kind of change")]
fn view<'a>(change: &'a Change, documents: &Documents) -> Result<Option<ChangeView<'a>>, AmountError> {
    let (data, text) = match change {
        Change::Granted { lot, settled } => granted(lot, *settled),
        // What was used up elsewhere brings nothing here.
        Change::Imported(lot) if lot.available.is_zero() => return Ok(None),
        Change::Imported(lot) => imported(lot),
        Change::Held(hold) => {
            let credits = hold.credits()?;
            let in_force = documents.in_force(hold.product.as_str(), hold.held_at.as_ms());
            let listed = in_force.document().and_then(|document| document.operation(&hold.operation));
            let operation = listed.map_or(hold.operation.as_str(), |operation| &operation.title);
            let data = ChangeData::Held {
                generation_id: hold.generation.as_str(),
                operation: &hold.operation,
                credits: credits.get(),
                lots: parts(&hold.parts),
                deadline: JsonDisplay(hold.deadline),
            };
            (data, format!("{} set aside for a generation: {operation}.", were(credits)))
        }
        Change::Captured { generation, parts, usable } => {
            let (moved, credits) = moved(generation.as_str(), parts)?;
            let credits = were(credits);
            let text = if *usable {
                format!("The generation succeeded: {credits} spent.")
            } else {
                format!("A person reviews how the generation ended: {credits} spent until then.")
            };
            (ChangeData::Captured(moved), text)
        }
        Change::PartlyReleased { generation, parts } => {
            let (moved, credits) = moved(generation.as_str(), parts)?;
            let text = format!("The generation used less than was set aside: {} given back.", were(credits));
            (ChangeData::PartlyReleased(moved), text)
        }
        Change::Released { generation, parts, reason } => {
            let (moved, credits) = moved(generation.as_str(), parts)?;
            let (reason, why) = match reason {
                ReleaseReason::Failed => ("failed", "The generation failed"),
                ReleaseReason::EmptySuccess => ("empty_success", "The generation delivered nothing"),
                ReleaseReason::Deadline => ("deadline", "The generation's outcome was not known in time"),
            };
            (ChangeData::Released { moved, reason }, format!("{why}: {} given back.", were(credits)))
        }
        Change::GivenBack { generation, parts, .. } => {
            let (moved, credits) = moved(generation.as_str(), parts)?;
            let text = format!("The generation had failed after all: {} given back.", were(credits));
            (ChangeData::GivenBack(moved), text)
        }
        Change::ChargedLate { generation, parts } => {
            let (moved, credits) = moved(generation.as_str(), parts)?;
            let text = format!("The generation had succeeded after all: {} spent.", were(credits));
            (ChangeData::ChargedLate(moved), text)
        }
        Change::Uncollected { generation, credits } => {
            let data = ChangeData::Uncollected { generation_id: generation.as_str(), credits: credits.get() };
            let text = format!("The generation had succeeded after all: {} not charged.", were(*credits));
            (data, text)
        }
        Change::Expired(part) => {
            let data = ChangeData::Expired { lot: part.lot.0, credits: part.credits.get() };
            (data, format!("{} expired.", count(part.credits)))
        }
        // A renewal also names the lots that had nothing left.
        Change::Replaced { part, .. } if part.credits.is_zero() => return Ok(None),
        Change::Replaced { part, .. } => {
            let data = ChangeData::Replaced { lot: part.lot.0, credits: part.credits.get() };
            (data, format!("The plan brought new credits: {} replaced by them.", were(part.credits)))
        }
        Change::Reinstated(part) => {
            let data = ChangeData::Reinstated { lot: part.lot.0, credits: part.credits.get() };
            let text =
                format!("The subscription had ended before its next month: {} put back.", were(part.credits));
            (data, text)
        }
        Change::Revoked { part, debt, .. } => {
            let (lot, credits) = (part.lot.0, part.credits.get());
            let taken = format!("The payment was refunded: {} taken back.", were(part.credits));
            let text = if debt.is_zero() { taken } else { format!("{taken} {} owed.", are(*debt)) };
            (ChangeData::Revoked { lot, credits, debt: debt.get() }, text)
        }
        Change::Restored { part, debt, repaid } => restored(*part, *debt, repaid)?,
        Change::Offset { part, debt, repaid } => {
            let (lot, credits) = (part.lot.0, part.credits.get());
            let text = format!("{} taken back in place of credits that were owed.", were(part.credits));
            (ChangeData::Offset { lot, credits, debt: debt.get(), repaid: parts(repaid) }, text)
        }
        Change::Frozen { .. }
        | Change::Thawed { .. }
        | Change::ChargedBack { .. }
        | Change::Regained { .. } => {
            return Ok(disputed(change).map(|(data, text)| ChangeView { data, text }));
        }
        Change::GrantsScheduled(_)
        | Change::GrantsEnded { .. }
        | Change::GrantsStopped { .. }
        | Change::GrantsResumed { .. } => {
            return Ok(monthly(change).map(|(data, text)| ChangeView { data, text }));
        }
        Change::ExpiryStarted { ended, lots } => expiry_started(ended.subscription.as_str(), lots),
        Change::ExpiryStopped { subscription, lots } => {
            let lots = lots.iter().map(|lot| lot.0).collect();
            let data = ChangeData::ExpiryStopped { subscription: subscription.as_str(), lots };
            (data, "A subscription began: the credits left of an earlier one stay.".to_owned())
        }
        Change::Extended { lot, until } => {
            let data = ChangeData::Extended { lot: lot.0, expires_at: JsonDisplay(*until) };
            (data, format!("The credits can be used longer, until {until}."))
        }
        Change::TakenBack(_) | Change::DebtWrittenOff(_) | Change::ExpiryMoved { .. } => {
            return Ok(adjusted(change).map(|(data, text)| ChangeView { data, text }));
        }
        Change::Suspended => (ChangeData::Suspended, "The account was suspended.".to_owned()),
        Change::Resumed => (ChangeData::Resumed, "The account can be used again.".to_owned()),
        Change::Marked(_) => return Ok(None),
    };
    Ok(Some(ChangeView { data, text }))
}

fn restored<'a>(
    part: LotCredits,
    debt: Credits,
    repaid: &[LotCredits],
) -> Result<(ChangeData<'a>, String), AmountError> {
    let (lot, credits) = (part.lot.0, part.credits.get());
    let back = Credits::sum(repaid.iter().map(|part| part.credits))?;
    let put = format!("The refund failed: {} put back.", were(part.credits));
    let text = if back.is_zero() {
        put
    } else {
        format!("{put} {} given back of what had paid off its debt.", were(back))
    };
    Ok((ChangeData::Restored { lot, credits, debt: debt.get(), repaid: parts(repaid) }, text))
}

/// What a dispute does; `None` of a later report that moves nothing.
fn disputed<'a>(change: &Change) -> Option<(ChangeData<'a>, String)> {
    Some(match change {
        Change::Frozen { part, .. } | Change::Thawed { part, .. } if part.credits.is_zero() => {
            return None;
        }
        Change::ChargedBack { part, debt, .. } if part.credits.is_zero() && debt.is_zero() => {
            return None;
        }
        Change::Frozen { part, .. } => {
            let data = ChangeData::Frozen { lot: part.lot.0, credits: part.credits.get() };
            let text =
                format!("The bank disputes the payment: {} frozen until it decides.", were(part.credits));
            (data, text)
        }
        Change::Thawed { part, .. } => {
            let data = ChangeData::Thawed { lot: part.lot.0, credits: part.credits.get() };
            (data, format!("The dispute ended: {} freed.", were(part.credits)))
        }
        Change::ChargedBack { part, debt, .. } => {
            let (lot, credits) = (part.lot.0, part.credits.get());
            let taken = format!("The bank took the payment back: {} taken back.", were(part.credits));
            let text = if debt.is_zero() { taken } else { format!("{taken} {} owed.", are(*debt)) };
            (ChangeData::ChargedBack { lot, credits, debt: debt.get() }, text)
        }
        Change::Regained { part, debt, repaid, .. } => {
            let (lot, credits) = (part.lot.0, part.credits.get());
            let text = format!("The dispute moved on: {} put back.", were(part.credits));
            (ChangeData::Regained { lot, credits, debt: debt.get(), repaid: parts(repaid) }, text)
        }
        _ => return None,
    })
}

/// What is said of credits that come month by month.
fn monthly(change: &Change) -> Option<(ChangeData<'_>, String)> {
    Some(match change {
        Change::GrantsScheduled(monthly) => {
            let (lots, each) = (monthly.further.grants, monthly.further.each);
            let payment = monthly.payment.as_str();
            let data = ChangeData::GrantsScheduled { payment, lots, credits_each: each.get() };
            let more = if lots == 1 { "once".to_owned() } else { format!("{lots} times") };
            (data, format!("The plan adds {} each month, {more} more.", count(each)))
        }
        Change::GrantsEnded { payment, at } => {
            let data = ChangeData::GrantsEnded { payment: payment.as_str(), at: JsonDisplay(*at) };
            (data, format!("The plan adds no more monthly credits from {at} on."))
        }
        Change::GrantsStopped { payment } => {
            let data = ChangeData::GrantsStopped { payment: payment.as_str() };
            (data, "The payment was refunded: it adds no more monthly credits.".to_owned())
        }
        Change::GrantsResumed { payment } => {
            let data = ChangeData::GrantsResumed { payment: payment.as_str() };
            (data, "The refund failed: the monthly credits go on.".to_owned())
        }
        _ => return None,
    })
}

/// What an adjustment does beside giving credits.
fn adjusted<'a>(change: &Change) -> Option<(ChangeData<'a>, String)> {
    Some(match change {
        Change::TakenBack(part) => {
            let data = ChangeData::TakenBack { lot: part.lot.0, credits: part.credits.get() };
            (data, format!("{} taken back.", were(part.credits)))
        }
        Change::DebtWrittenOff(lot) => {
            let text = format!(
                "{} that {} owed {} written off.",
                count(lot.granted),
                was(lot.granted),
                was(lot.granted)
            );
            (ChangeData::DebtWrittenOff { credits: lot.granted.get() }, text)
        }
        Change::ExpiryMoved { lot, expires_at } => {
            let data = ChangeData::ExpiryMoved { lot: lot.0, expires_at: expires_at.map(JsonDisplay) };
            let text = expires_at.map_or_else(
                || "The credits have no expiry any more.".to_owned(),
                |expiry| format!("The credits can be used until {expiry}."),
            );
            (data, text)
        }
        _ => return None,
    })
}

fn expiry_started<'a>(subscription: &'a str, lots: &[(LotId, Timestamp)]) -> (ChangeData<'a>, String) {
    let data = ChangeData::ExpiryStarted {
        subscription,
        lots: lots.iter().map(|(lot, at)| LotExpiry { lot: lot.0, expires_at: JsonDisplay(*at) }).collect(),
    };
    let last = lots.iter().map(|(_, at)| *at).max();
    let text = last.map_or_else(
        || "The subscription ended.".to_owned(),
        |last| format!("The subscription ended: its credits can be used until {last}."),
    );
    (data, text)
}

fn granted(lot: &Lot, settled: Credits) -> (ChangeData<'_>, String) {
    let kind = lot_kind(lot);
    let data = ChangeData::Granted {
        lot: lot.id.0,
        lot_kind: kind,
        product: lot.product.as_str(),
        credits: lot.granted.get(),
        settled_debt: settled.get(),
        expires_at: lot.expires_at.map(JsonDisplay),
    };
    let added = match lot.kind {
        LotKind::Compensation(_) | LotKind::Imported(_) => {
            format!("{} given by a decision.", were(lot.granted))
        }
        LotKind::Adjustment(_, GrantPurpose::Goodwill) => format!("{} given as goodwill.", were(lot.granted)),
        LotKind::Adjustment(_, GrantPurpose::Promotional) => {
            format!("{} given as a promotion.", were(lot.granted))
        }
        LotKind::Adjustment(_, GrantPurpose::Trial) => format!("{} given for a trial.", were(lot.granted)),
        LotKind::Subscription(_) | LotKind::Pack | LotKind::WriteOff(_) => {
            format!("{} added by a {kind}.", were(lot.granted))
        }
    };
    let text =
        if settled.is_zero() { added } else { format!("{added} {} used for what was owed.", were(settled)) };
    (data, text)
}

fn imported(lot: &Lot) -> (ChangeData<'_>, String) {
    let data = ChangeData::Imported {
        lot: lot.id.0,
        lot_kind: lot_kind(lot),
        product: lot.product.as_str(),
        credits: lot.available.get(),
        granted: lot.granted.get(),
        expires_at: lot.expires_at.map(JsonDisplay),
    };
    (data, format!("{} taken over from the earlier system.", were(lot.available)))
}

fn moved<'a>(generation_id: &'a str, moved: &[LotCredits]) -> Result<(Moved<'a>, Credits), AmountError> {
    let credits = Credits::sum(moved.iter().map(|part| part.credits))?;
    Ok((Moved { generation_id, credits: credits.get(), lots: parts(moved) }, credits))
}

fn count(credits: Credits) -> String {
    if credits.get() == 1 { "1 credit".to_owned() } else { format!("{credits} credits") }
}

fn were(credits: Credits) -> String {
    format!("{} {}", count(credits), was(credits))
}

fn was(credits: Credits) -> &'static str {
    if credits.get() == 1 { "was" } else { "were" }
}

fn are(credits: Credits) -> String {
    format!("{} {}", count(credits), if credits.get() == 1 { "is" } else { "are" })
}
