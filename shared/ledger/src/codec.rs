//! The stored form of an entry: compact JSON with short names, hashed as it is stored.
//!
//! A typical entry stays below 1 KB, which is one write unit of DynamoDB; `docs/PERFORMANCE.md` has the
//! measured sizes. The body names its [`SCHEMA`], so that a later form can be told apart.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Account, AccountId, Actor, Cause, Change, Credits, Draft, Ended, GenerationId, Hash, Hold, IdError, Lot,
    LotId, LotKind, Part, PolicyRef, Recent, ReleaseReason, Settled, Timestamp,
};

/// The form that entries are written in.
pub const SCHEMA: u8 = 1;

/// Why an entry cannot be encoded or decoded.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The text is not an entry of a known schema.
    #[error("entry is not readable as schema {SCHEMA}")]
    Json(#[from] serde_json::Error),
    /// An identifier in it is not valid.
    #[error("entry has an identifier that is not valid")]
    Id(#[from] IdError),
    /// A number or an instant in it is out of range.
    #[error("entry has a number that is out of range")]
    Number,
    /// The schema is a later one.
    #[error("entry is of schema {0}; this build reads schema {SCHEMA}")]
    Schema(u8),
}

/// The hash of a body.
pub(crate) fn hash(body: &str) -> Hash {
    Hash(Sha256::digest(body.as_bytes()).into())
}

#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    n: u64,
    /// The hash of the entry before, in hexadecimal.
    p: String,
    a: String,
    t: i64,
    c: CauseForm,
    by: ActorForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pol: Option<(String, String)>,
    ch: Vec<ChangeForm>,
    s: AccountForm,
}

#[derive(Serialize, Deserialize)]
enum CauseForm {
    #[serde(rename = "e")]
    StripeEvent(String),
    #[serde(rename = "g")]
    Generation,
    #[serde(rename = "s")]
    Sweep(i64),
    #[serde(rename = "r")]
    RefundRequest(String),
    #[serde(rename = "o")]
    Operator(String),
}

#[derive(Serialize, Deserialize)]
enum ActorForm {
    #[serde(rename = "st")]
    Stripe,
    #[serde(rename = "sv")]
    Service(String),
    #[serde(rename = "sc")]
    Schedule,
    #[serde(rename = "po")]
    Policy,
    #[serde(rename = "su")]
    Support(String),
    #[serde(rename = "cu")]
    Customer,
    #[serde(rename = "op")]
    Operator,
}

type PartForm = (u32, u64);

#[derive(Serialize, Deserialize)]
enum ChangeForm {
    #[serde(rename = "gr")]
    Granted(LotForm, u64),
    #[serde(rename = "h")]
    Held(HoldForm),
    #[serde(rename = "c")]
    Captured(String, Vec<PartForm>),
    #[serde(rename = "r")]
    Released(String, Vec<PartForm>, ReasonForm),
    #[serde(rename = "b")]
    GivenBack(String, Vec<PartForm>),
    #[serde(rename = "l")]
    ChargedLate(String, Vec<PartForm>),
    #[serde(rename = "u")]
    Uncollected(String, u64),
    #[serde(rename = "x")]
    Expired(PartForm),
    #[serde(rename = "rv")]
    Revoked(PartForm, u64),
    #[serde(rename = "rs")]
    Restored(PartForm, u64),
    #[serde(rename = "xs")]
    ExpiryStarted(EndedForm, Vec<(u32, i64)>),
    #[serde(rename = "xp")]
    ExpiryStopped(String, Vec<u32>),
    #[serde(rename = "xe")]
    Extended(u32, i64),
    #[serde(rename = "sus")]
    Suspended,
    #[serde(rename = "res")]
    Resumed,
    #[serde(rename = "m")]
    Marked(i64),
}

#[derive(Serialize, Deserialize)]
enum ReasonForm {
    #[serde(rename = "f")]
    Failed,
    #[serde(rename = "e")]
    EmptySuccess,
    #[serde(rename = "d")]
    Deadline,
}

/// Id, subscription (none for a pack), payment, product, granted at, expires at, the six numbers in the
/// order of [`Lot`], closed, touched at.
type LotForm = (u32, Option<String>, String, String, i64, Option<i64>, [u64; 6], bool, i64);
/// Generation, operation, product, parts, held at, deadline.
type HoldForm = (String, String, String, Vec<PartForm>, i64, i64);
/// Subscription, ended at, left-over time in seconds.
type EndedForm = (String, i64, u64);

#[derive(Serialize, Deserialize)]
struct AccountForm {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    l: Vec<LotForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    h: Vec<HoldForm>,
    #[serde(default, skip_serializing_if = "is_zero")]
    d: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    sus: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    e: Vec<EndedForm>,
    /// Generation, and whether it was captured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    r: Vec<(String, bool)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<i64>,
    lc: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Encodes an entry.
pub(crate) fn encode(draft: &Draft, number: u64, previous: Hash) -> Result<String, CodecError> {
    let body = Body {
        v: SCHEMA,
        n: number,
        p: hex(previous),
        a: draft.account.as_str().to_owned(),
        t: draft.at.as_ms(),
        c: cause_form(&draft.cause),
        by: actor_form(&draft.actor),
        pol: draft.policy.as_ref().map(|policy| (policy.document.clone(), policy.version.clone())),
        ch: draft.changes.iter().map(change_form).collect(),
        s: account_form(&draft.after),
    };
    Ok(serde_json::to_string(&body)?)
}

/// Decodes an entry: what it says, its number and the hash of the entry before it.
pub(crate) fn decode(body: &str) -> Result<(Draft, u64, Hash), CodecError> {
    let body: Body = serde_json::from_str(body)?;
    if body.v != SCHEMA {
        return Err(CodecError::Schema(body.v));
    }
    let draft = Draft {
        account: AccountId::new(body.a)?,
        at: instant(body.t)?,
        cause: match body.c {
            CauseForm::StripeEvent(id) => Cause::StripeEvent(id),
            CauseForm::Generation => Cause::Generation,
            CauseForm::Sweep(at) => Cause::Sweep(instant(at)?),
            CauseForm::RefundRequest(id) => Cause::RefundRequest(id),
            CauseForm::Operator(reason) => Cause::Operator(reason),
        },
        actor: match body.by {
            ActorForm::Stripe => Actor::Stripe,
            ActorForm::Service(name) => Actor::Service(name),
            ActorForm::Schedule => Actor::Schedule,
            ActorForm::Policy => Actor::Policy,
            ActorForm::Support(sub) => Actor::Support(sub),
            ActorForm::Customer => Actor::Customer,
            ActorForm::Operator => Actor::Operator,
        },
        policy: body.pol.map(|(document, version)| PolicyRef { document, version }),
        changes: body.ch.into_iter().map(change).collect::<Result<_, _>>()?,
        after: account(body.s)?,
    };
    Ok((draft, body.n, unhex(&body.p)?))
}

fn cause_form(cause: &Cause) -> CauseForm {
    match cause {
        Cause::StripeEvent(id) => CauseForm::StripeEvent(id.clone()),
        Cause::Generation => CauseForm::Generation,
        Cause::Sweep(at) => CauseForm::Sweep(at.as_ms()),
        Cause::RefundRequest(id) => CauseForm::RefundRequest(id.clone()),
        Cause::Operator(reason) => CauseForm::Operator(reason.clone()),
    }
}

fn actor_form(actor: &Actor) -> ActorForm {
    match actor {
        Actor::Stripe => ActorForm::Stripe,
        Actor::Service(name) => ActorForm::Service(name.clone()),
        Actor::Schedule => ActorForm::Schedule,
        Actor::Policy => ActorForm::Policy,
        Actor::Support(sub) => ActorForm::Support(sub.clone()),
        Actor::Customer => ActorForm::Customer,
        Actor::Operator => ActorForm::Operator,
    }
}

fn part_form(part: &Part) -> PartForm {
    (part.lot.0, part.credits.get())
}

fn parts_form(parts: &[Part]) -> Vec<PartForm> {
    parts.iter().map(part_form).collect()
}

fn lot_form(lot: &Lot) -> LotForm {
    let numbers =
        [lot.granted, lot.available, lot.held, lot.spent, lot.expired, lot.revoked].map(Credits::get);
    (
        lot.id.0,
        lot.subscription().map(|subscription| subscription.as_str().to_owned()),
        lot.payment.as_str().to_owned(),
        lot.product.as_str().to_owned(),
        lot.granted_at.as_ms(),
        lot.expires_at.map(Timestamp::as_ms),
        numbers,
        lot.closed,
        lot.touched_at.as_ms(),
    )
}

fn hold_form(hold: &Hold) -> HoldForm {
    (
        hold.generation.as_str().to_owned(),
        hold.operation.clone(),
        hold.product.as_str().to_owned(),
        parts_form(&hold.parts),
        hold.held_at.as_ms(),
        hold.deadline.as_ms(),
    )
}

fn ended_form(ended: &Ended) -> EndedForm {
    (ended.subscription.as_str().to_owned(), ended.ended_at.as_ms(), ended.leftover_s)
}

fn change_form(change: &Change) -> ChangeForm {
    let text = |generation: &GenerationId| generation.as_str().to_owned();
    match change {
        Change::Granted { lot, settled } => ChangeForm::Granted(lot_form(lot), settled.get()),
        Change::Held(hold) => ChangeForm::Held(hold_form(hold)),
        Change::Captured { generation, parts } => ChangeForm::Captured(text(generation), parts_form(parts)),
        Change::Released { generation, parts, reason } => {
            let reason = match reason {
                ReleaseReason::Failed => ReasonForm::Failed,
                ReleaseReason::EmptySuccess => ReasonForm::EmptySuccess,
                ReleaseReason::Deadline => ReasonForm::Deadline,
            };
            ChangeForm::Released(text(generation), parts_form(parts), reason)
        }
        Change::GivenBack { generation, parts } => ChangeForm::GivenBack(text(generation), parts_form(parts)),
        Change::ChargedLate { generation, parts } => {
            ChangeForm::ChargedLate(text(generation), parts_form(parts))
        }
        Change::Uncollected { generation, credits } => {
            ChangeForm::Uncollected(text(generation), credits.get())
        }
        Change::Expired(part) => ChangeForm::Expired(part_form(part)),
        Change::Revoked { part, debt } => ChangeForm::Revoked(part_form(part), debt.get()),
        Change::Restored { part, debt } => ChangeForm::Restored(part_form(part), debt.get()),
        Change::ExpiryStarted { ended, lots } => ChangeForm::ExpiryStarted(
            ended_form(ended),
            lots.iter().map(|(lot, expiry)| (lot.0, expiry.as_ms())).collect(),
        ),
        Change::ExpiryStopped { subscription, lots } => ChangeForm::ExpiryStopped(
            subscription.as_str().to_owned(),
            lots.iter().map(|lot| lot.0).collect(),
        ),
        Change::Extended { lot, until } => ChangeForm::Extended(lot.0, until.as_ms()),
        Change::Suspended => ChangeForm::Suspended,
        Change::Resumed => ChangeForm::Resumed,
        Change::Marked(instant) => ChangeForm::Marked(instant.as_ms()),
    }
}

fn account_form(account: &Account) -> AccountForm {
    AccountForm {
        l: account.lots.iter().map(lot_form).collect(),
        h: account.holds.iter().map(hold_form).collect(),
        d: account.debt.get(),
        sus: account.suspended,
        e: account.ended.iter().map(ended_form).collect(),
        r: account
            .recent
            .iter()
            .map(|recent| (recent.generation.as_str().to_owned(), recent.settled == Settled::Captured))
            .collect(),
        m: account.marked.map(Timestamp::as_ms),
        lc: account.lot_count,
    }
}

fn instant(milliseconds: i64) -> Result<Timestamp, CodecError> {
    Timestamp::from_ms(milliseconds).map_err(|_| CodecError::Number)
}

fn credits(count: u64) -> Result<Credits, CodecError> {
    Credits::new(count).map_err(|_| CodecError::Number)
}

fn part((lot, count): PartForm) -> Result<Part, CodecError> {
    Ok(Part { lot: LotId(lot), credits: credits(count)? })
}

fn parts(forms: Vec<PartForm>) -> Result<Vec<Part>, CodecError> {
    forms.into_iter().map(part).collect()
}

fn lot(form: LotForm) -> Result<Lot, CodecError> {
    let (id, subscription, payment, product, granted_at, expires_at, numbers, closed, touched_at) = form;
    let [granted, available, held, spent, expired, revoked] = numbers;
    Ok(Lot {
        id: LotId(id),
        kind: subscription.map_or(Ok(LotKind::Pack), |id| id.parse().map(LotKind::Subscription))?,
        payment: payment.parse()?,
        product: product.parse()?,
        granted_at: instant(granted_at)?,
        expires_at: expires_at.map(instant).transpose()?,
        granted: credits(granted)?,
        available: credits(available)?,
        held: credits(held)?,
        spent: credits(spent)?,
        expired: credits(expired)?,
        revoked: credits(revoked)?,
        closed,
        touched_at: instant(touched_at)?,
    })
}

fn hold((generation, operation, product, taken, held_at, deadline): HoldForm) -> Result<Hold, CodecError> {
    Ok(Hold {
        generation: generation.parse()?,
        operation,
        product: product.parse()?,
        parts: parts(taken)?,
        held_at: instant(held_at)?,
        deadline: instant(deadline)?,
    })
}

fn ended((subscription, ended_at, leftover_s): EndedForm) -> Result<Ended, CodecError> {
    Ok(Ended { subscription: subscription.parse()?, ended_at: instant(ended_at)?, leftover_s })
}

fn change(form: ChangeForm) -> Result<Change, CodecError> {
    Ok(match form {
        ChangeForm::Granted(form, settled) => Change::Granted { lot: lot(form)?, settled: credits(settled)? },
        ChangeForm::Held(form) => Change::Held(hold(form)?),
        ChangeForm::Captured(id, taken) => Change::Captured { generation: id.parse()?, parts: parts(taken)? },
        ChangeForm::Released(id, taken, reason) => Change::Released {
            generation: id.parse()?,
            parts: parts(taken)?,
            reason: match reason {
                ReasonForm::Failed => ReleaseReason::Failed,
                ReasonForm::EmptySuccess => ReleaseReason::EmptySuccess,
                ReasonForm::Deadline => ReleaseReason::Deadline,
            },
        },
        ChangeForm::GivenBack(id, taken) => {
            Change::GivenBack { generation: id.parse()?, parts: parts(taken)? }
        }
        ChangeForm::ChargedLate(id, taken) => {
            Change::ChargedLate { generation: id.parse()?, parts: parts(taken)? }
        }
        ChangeForm::Uncollected(id, count) => {
            Change::Uncollected { generation: id.parse()?, credits: credits(count)? }
        }
        ChangeForm::Expired(form) => Change::Expired(part(form)?),
        ChangeForm::Revoked(form, debt) => Change::Revoked { part: part(form)?, debt: credits(debt)? },
        ChangeForm::Restored(form, debt) => Change::Restored { part: part(form)?, debt: credits(debt)? },
        ChangeForm::ExpiryStarted(form, lots) => Change::ExpiryStarted {
            ended: ended(form)?,
            lots: lots
                .into_iter()
                .map(|(lot, expiry)| Ok((LotId(lot), instant(expiry)?)))
                .collect::<Result<_, CodecError>>()?,
        },
        ChangeForm::ExpiryStopped(subscription, lots) => Change::ExpiryStopped {
            subscription: subscription.parse()?,
            lots: lots.into_iter().map(LotId).collect(),
        },
        ChangeForm::Extended(lot, until) => Change::Extended { lot: LotId(lot), until: instant(until)? },
        ChangeForm::Suspended => Change::Suspended,
        ChangeForm::Resumed => Change::Resumed,
        ChangeForm::Marked(at) => Change::Marked(instant(at)?),
    })
}

fn account(form: AccountForm) -> Result<Account, CodecError> {
    Ok(Account {
        lots: form.l.into_iter().map(lot).collect::<Result<_, _>>()?,
        holds: form.h.into_iter().map(hold).collect::<Result<_, _>>()?,
        debt: credits(form.d)?,
        suspended: form.sus,
        ended: form.e.into_iter().map(ended).collect::<Result<_, _>>()?,
        recent: form
            .r
            .into_iter()
            .map(|(generation, captured)| {
                let settled = if captured { Settled::Captured } else { Settled::Released };
                Ok(Recent { generation: generation.parse()?, settled })
            })
            .collect::<Result<_, CodecError>>()?,
        marked: form.m.map(instant).transpose()?,
        lot_count: form.lc,
    })
}

fn hex(hash: Hash) -> String {
    use std::fmt::Write as _;
    hash.0.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Result<Hash, CodecError> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return Err(CodecError::Number);
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        let start = index.saturating_mul(2);
        let digits = text.get(start..start.saturating_add(2)).ok_or(CodecError::Number)?;
        *byte = u8::from_str_radix(digits, 16).map_err(|_| CodecError::Number)?;
    }
    Ok(Hash(hash))
}
