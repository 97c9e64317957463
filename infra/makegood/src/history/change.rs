//! A change of an account as lines of its story: one per lot that it touches.

use std::collections::BTreeMap;

use ledger::{Change, Credits, LotCredits, LotId, Payment, PaymentId};

use crate::words::{credits, instant, lot_kind, payment, release};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// What happened, in a word or two.
    pub(crate) what: &'static str,
    /// Credits: signed where they changed what is available.
    pub(crate) credits: String,
    pub(crate) lot: Option<LotId>,
    /// More about it.
    pub(crate) detail: String,
}

/// How credits changed what is available.
#[derive(Debug, Clone, Copy)]
enum Sign {
    More,
    Less,
    Same,
}

/// The lines of a change. The due marker is bookkeeping and has none.
#[expect(clippy::too_many_lines, reason = "an arm for each kind of change")]
pub(crate) fn lines(change: &Change, payments: &BTreeMap<PaymentId, Payment>) -> Vec<Line> {
    use Sign::{Less, More, Same};
    match change {
        Change::Granted { lot, settled } => {
            let (what, detail) = match &lot.payment {
                Some(id) => ("bought", payments.get(id).map_or_else(|| format!("by {id}"), payment)),
                None => ("given", lot_kind(&lot.kind)),
            };
            let mut lines = vec![line(what, More, lot.granted, Some(lot.id), detail)];
            if !settled.is_zero() {
                lines.push(line("paid off", Less, *settled, Some(lot.id), "debt".to_owned()));
            }
            lines
        }
        Change::Imported(lot) => {
            let of = lot.payment.as_ref().map_or_else(
                || lot_kind(&lot.kind),
                |id| payments.get(id).map_or_else(|| format!("by {id}"), payment),
            );
            let detail = format!("{} were granted; {of}", lot.granted);
            vec![line("imported", More, lot.available, Some(lot.id), detail)]
        }
        Change::Held(hold) => {
            let detail = format!("{} {}, until {}", hold.operation, hold.generation, instant(hold.deadline));
            of_parts("held", Less, &hold.parts, &detail)
        }
        Change::Captured { generation, parts, usable } => {
            let how = if *usable { "succeeded" } else { "is in review" };
            of_parts("spent", Same, parts, &format!("{generation} {how}"))
        }
        Change::PartlyReleased { generation, parts } => {
            of_parts("given back", More, parts, &format!("{generation}: it used less than was held"))
        }
        Change::Released { generation, parts, reason } => {
            of_parts("given back", More, parts, &format!("{generation}: {}", release(*reason)))
        }
        Change::GivenBack { generation, parts, .. } => {
            of_parts("given back", More, parts, &format!("{generation}: it failed after it was charged"))
        }
        Change::ChargedLate { generation, parts } => of_parts(
            "spent",
            Less,
            parts,
            &format!("{generation} succeeded after its credits were given back"),
        ),
        Change::Uncollected { generation, credits } => {
            let detail = format!("{generation} succeeded after its credits were given back and used");
            vec![line("not collected", Same, *credits, None, detail)]
        }
        Change::Expired(part) => vec![line("expired", Less, part.credits, Some(part.lot), String::new())],
        Change::Replaced { part, .. } => {
            vec![line(
                "replaced",
                Less,
                part.credits,
                Some(part.lot),
                "by new credits of the plan".to_owned(),
            )]
        }
        Change::Reinstated(part) => {
            let detail = "its subscription had ended before the next month".to_owned();
            vec![line("reinstated", More, part.credits, Some(part.lot), detail)]
        }
        Change::Revoked { part, debt, .. } => {
            let mut lines = vec![line(
                "revoked",
                Less,
                part.credits,
                Some(part.lot),
                "its payment is refunded".to_owned(),
            )];
            if !debt.is_zero() {
                let detail = "spent credits of a refunded payment".to_owned();
                lines.push(line("owed", Same, *debt, Some(part.lot), detail));
            }
            lines
        }
        Change::Restored { part, debt, repaid } => {
            let detail = if debt.is_zero() {
                "the refund failed".to_owned()
            } else {
                format!("the refund failed; a debt of {} is struck off", credits(*debt))
            };
            let mut lines = vec![line("restored", More, part.credits, Some(part.lot), detail)];
            lines.extend(of_parts("given back", More, repaid, "it had paid off the debt"));
            lines
        }
        Change::Offset { part, repaid, .. } => {
            let detail = "in place of spent credits that were owed".to_owned();
            let mut lines = vec![line("offset", Less, part.credits, Some(part.lot), detail)];
            lines.extend(of_parts("given back", More, repaid, "it had paid off the debt"));
            lines
        }
        Change::Frozen { .. }
        | Change::Thawed { .. }
        | Change::ChargedBack { .. }
        | Change::Regained { .. } => disputed(change),
        Change::GrantsScheduled(_)
        | Change::GrantsEnded { .. }
        | Change::GrantsStopped { .. }
        | Change::GrantsResumed { .. } => monthly(change),
        Change::ExpiryStarted { ended, lots } => {
            let ending = format!("{} ended {}", ended.subscription, instant(ended.ended_at));
            if lots.is_empty() {
                return vec![note("clock starts", None, format!("{ending}; nothing is left of it"))];
            }
            let expiry = |(lot, at): &(LotId, _)| {
                note("clock starts", Some(*lot), format!("{ending}; expires {}", instant(*at)))
            };
            lots.iter().map(expiry).collect()
        }
        Change::ExpiryStopped { subscription, lots } => {
            let stopped =
                |lot: &LotId| note("clock stops", Some(*lot), format!("{subscription} takes it over"));
            lots.iter().map(stopped).collect()
        }
        Change::Extended { lot, until } => {
            let detail = format!("usable until {}", instant(*until));
            vec![note("kept longer", Some(*lot), detail)]
        }
        Change::TakenBack(_) | Change::DebtWrittenOff(_) | Change::ExpiryMoved { .. } => adjusted(change),
        Change::Suspended => vec![note("suspended", None, "holds are refused from here on".to_owned())],
        Change::Resumed => vec![note("resumed", None, "holds are accepted again".to_owned())],
        Change::Marked(_) => Vec::new(),
    }
}

/// The line of what an adjustment does beside giving credits.
fn adjusted(change: &Change) -> Vec<Line> {
    match change {
        Change::TakenBack(part) => {
            vec![line("taken back", Sign::Less, part.credits, Some(part.lot), String::new())]
        }
        Change::DebtWrittenOff(lot) => {
            let detail = "of what was owed".to_owned();
            vec![line("written off", Sign::Same, lot.granted, Some(lot.id), detail)]
        }
        Change::ExpiryMoved { lot, expires_at } => {
            let detail = expires_at
                .map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", instant(at)));
            vec![note("clock moved", Some(*lot), detail)]
        }
        _ => Vec::new(),
    }
}

/// The line of what is said of a payment's further lots.
fn monthly(change: &Change) -> Vec<Line> {
    let (what, detail) = match change {
        Change::GrantsScheduled(monthly) => {
            let further = monthly.further;
            let detail = format!(
                "{} of {} by {}, until {}",
                further.grants,
                credits(further.each),
                monthly.payment,
                instant(monthly.ends_at)
            );
            ("monthly lots", detail)
        }
        Change::GrantsEnded { payment, at } => {
            ("monthly end", format!("{payment}, from {} on", instant(*at)))
        }
        Change::GrantsStopped { payment } => ("monthly end", format!("{payment} is refunded")),
        Change::GrantsResumed { payment } => ("monthly lots", format!("{payment}: the refund failed")),
        _ => return Vec::new(),
    };
    vec![note(what, None, detail)]
}

/// The lines of what a dispute does. A later report that moves nothing has none.
fn disputed(change: &Change) -> Vec<Line> {
    use Sign::{Less, More, Same};
    match change {
        Change::Frozen { part, .. } | Change::Thawed { part, .. } if part.credits.is_zero() => Vec::new(),
        Change::Frozen { part, dispute, .. } => {
            vec![line("frozen", Less, part.credits, Some(part.lot), format!("{dispute} is open"))]
        }
        Change::Thawed { part, dispute, .. } => {
            vec![line("thawed", More, part.credits, Some(part.lot), format!("{dispute} takes nothing"))]
        }
        Change::ChargedBack { part, debt, dispute, .. } => {
            let mut lines = Vec::new();
            if !part.credits.is_zero() {
                let detail = format!("{dispute} is lost");
                lines.push(line("charged back", Less, part.credits, Some(part.lot), detail));
            }
            if !debt.is_zero() {
                let detail = format!("spent credits of a payment that {dispute} took");
                lines.push(line("owed", Same, *debt, Some(part.lot), detail));
            }
            lines
        }
        Change::Regained { part, debt, repaid, dispute } => {
            let detail = if debt.is_zero() {
                format!("{dispute} moved on")
            } else {
                format!("{dispute} moved on; a debt of {} is struck off", credits(*debt))
            };
            let mut lines = vec![line("regained", More, part.credits, Some(part.lot), detail)];
            lines.extend(of_parts("given back", More, repaid, "it had paid off the debt"));
            lines
        }
        _ => Vec::new(),
    }
}

fn of_parts(what: &'static str, sign: Sign, parts: &[LotCredits], detail: &str) -> Vec<Line> {
    parts.iter().map(|part| line(what, sign, part.credits, Some(part.lot), detail.to_owned())).collect()
}

fn line(what: &'static str, sign: Sign, credits: Credits, lot: Option<LotId>, detail: String) -> Line {
    let credits = match sign {
        Sign::More => format!("+{credits}"),
        Sign::Less => format!("-{credits}"),
        Sign::Same => credits.to_string(),
    };
    Line { what, credits, lot, detail }
}

fn note(what: &'static str, lot: Option<LotId>, detail: String) -> Line {
    Line { what, credits: String::new(), lot, detail }
}
