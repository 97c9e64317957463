//! The form of an account: lots, open holds, the ring of settled generations.

use std::num::TryFromIntError;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::monthly::MonthlyForm;
use super::scalar::{CodecError, credits, flag, instant};
use crate::{
    Account, Actor, Credits, DisputeState, Ended, GrantPurpose, Hold, Lot, LotCredits, LotDispute, LotId,
    LotKind, Period, Recent, Timestamp,
};

/// Lot, credits.
pub(super) type PartForm = (u32, u64);

/// Where a lot's credits come from.
#[derive(Serialize, Deserialize)]
enum SourceForm {
    /// Subscription, payment.
    #[serde(rename = "s")]
    Subscription(String, String),
    /// Payment.
    #[serde(rename = "p")]
    Pack(String),
    /// Refund request.
    #[serde(rename = "c")]
    Compensation(String),
    /// Adjustment, and what for.
    #[serde(rename = "a")]
    Adjustment(String, PurposeForm),
    /// Adjustment.
    #[serde(rename = "w")]
    WriteOff(String),
    /// Import.
    #[serde(rename = "i")]
    Imported(String),
}

#[derive(Serialize, Deserialize)]
enum PurposeForm {
    #[serde(rename = "g")]
    Goodwill,
    #[serde(rename = "p")]
    Promotional,
    #[serde(rename = "t")]
    Trial,
}

impl PurposeForm {
    fn of(purpose: GrantPurpose) -> Self {
        match purpose {
            GrantPurpose::Goodwill => Self::Goodwill,
            GrantPurpose::Promotional => Self::Promotional,
            GrantPurpose::Trial => Self::Trial,
        }
    }

    fn read(self) -> GrantPurpose {
        match self {
            Self::Goodwill => GrantPurpose::Goodwill,
            Self::Promotional => GrantPurpose::Promotional,
            Self::Trial => GrantPurpose::Trial,
        }
    }
}

/// Id, source, product, granted at, expires at, the eight amounts in the order of [`Lot`], captures and those
/// that may have delivered nothing usable, left-over time in seconds, open (0) or closed (1 and the credits
/// that came back since), touched at, and what only some lots have.
#[derive(Serialize, Deserialize)]
pub(super) struct LotForm(
    u32,
    SourceForm,
    String,
    i64,
    Option<i64>,
    [u64; 8],
    (u32, u32),
    Option<u64>,
    u64,
    i64,
    #[serde(default, skip_serializing_if = "ExtraForm::is_empty")] ExtraForm,
);

/// Where renewals take the place of what is left, the period's beginning with whether it does (1) or is the
/// first (0); then the fingerprint of what its event said, if it has one.
#[derive(Default, Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "Vec<i64>", into = "Vec<i64>")]
struct ExtraForm {
    period: Option<(i64, u8)>,
    fingerprint: Option<u32>,
}

impl ExtraForm {
    fn is_empty(&self) -> bool {
        self.period.is_none() && self.fingerprint.is_none()
    }
}

impl From<ExtraForm> for Vec<i64> {
    fn from(form: ExtraForm) -> Self {
        let period = form.period.into_iter().flat_map(|(starts_at, replaces)| [starts_at, replaces.into()]);
        period.chain(form.fingerprint.map(i64::from)).collect()
    }
}

impl TryFrom<Vec<i64>> for ExtraForm {
    type Error = &'static str;

    fn try_from(numbers: Vec<i64>) -> Result<Self, &'static str> {
        let (period, fingerprint) = match *numbers {
            [] => (None, None),
            [fingerprint] => (None, Some(fingerprint)),
            [starts_at, replaces] => (Some((starts_at, replaces)), None),
            [starts_at, replaces, fingerprint] => (Some((starts_at, replaces)), Some(fingerprint)),
            _ => return Err("expected three numbers at most"),
        };
        let out_of_range = |_: TryFromIntError| "number out of range";
        let period = match period {
            Some((starts_at, replaces)) => Some((starts_at, u8::try_from(replaces).map_err(out_of_range)?)),
            None => None,
        };
        let fingerprint = fingerprint.map(u32::try_from).transpose().map_err(out_of_range)?;
        Ok(Self { period, fingerprint })
    }
}

/// Generation, operation, parts, held at, milliseconds from there to the deadline, and the service where it
/// is not the one that made the entry.
#[derive(Serialize, Deserialize)]
struct HoldForm(
    String,
    String,
    Vec<PartForm>,
    i64,
    i64,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<String>,
);

/// Subscription, ended at, left-over time in seconds.
#[derive(Serialize, Deserialize)]
pub(super) struct EndedForm(String, i64, u64);

/// What a dispute does to a lot.
#[derive(Serialize, Deserialize)]
enum DisputeStateForm {
    #[serde(rename = "f")]
    Frozen,
    #[serde(rename = "t")]
    Freed,
    /// The limit, whether spent credits are owed (1) or not (0), what it took, and the debt that it made.
    #[serde(rename = "l")]
    Lost(Option<u64>, u8, u64, u64),
}

/// Lot, dispute, the place of its newest report, and what it does.
#[derive(Serialize, Deserialize)]
struct LotDisputeForm(u32, String, i64, DisputeStateForm);

impl LotDisputeForm {
    fn of(lot: LotId, known: &LotDispute) -> Self {
        let state = match known.state {
            DisputeState::Frozen => DisputeStateForm::Frozen,
            DisputeState::Freed => DisputeStateForm::Freed,
            DisputeState::Lost { limit, owe_spent, taken, owed } => {
                DisputeStateForm::Lost(limit.map(Credits::get), u8::from(owe_spent), taken.get(), owed.get())
            }
        };
        Self(lot.0, known.dispute.as_str().to_owned(), known.order.as_ms(), state)
    }

    /// Puts the dispute to its lot.
    fn read(self, lots: &mut [Lot]) -> Result<(), CodecError> {
        let Self(lot, dispute, order, state) = self;
        let state = match state {
            DisputeStateForm::Frozen => DisputeState::Frozen,
            DisputeStateForm::Freed => DisputeState::Freed,
            DisputeStateForm::Lost(limit, owe_spent, taken, owed) => DisputeState::Lost {
                limit: limit.map(credits).transpose()?,
                owe_spent: flag(owe_spent)?,
                taken: credits(taken)?,
                owed: credits(owed)?,
            },
        };
        let lot = lots.iter_mut().find(|known| known.id.0 == lot).ok_or(CodecError::Missing)?;
        lot.disputes.push(LotDispute { dispute: dispute.parse()?, order: instant(order)?, state });
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountForm {
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
    /// The disputes of the lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    f: Vec<LotDisputeForm>,
    /// What payments bring month by month.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    g: Vec<MonthlyForm>,
    /// The ring: eight bytes for each, in base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    r: String,
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

pub(super) fn part_form(part: &LotCredits) -> PartForm {
    (part.lot.0, part.credits.get())
}

pub(super) fn parts_form(parts: &[LotCredits]) -> Vec<PartForm> {
    parts.iter().map(part_form).collect()
}

pub(super) fn part((lot, count): PartForm) -> Result<LotCredits, CodecError> {
    Ok(LotCredits { lot: LotId(lot), credits: credits(count)? })
}

pub(super) fn parts(forms: Vec<PartForm>) -> Result<Vec<LotCredits>, CodecError> {
    forms.into_iter().map(part).collect()
}

impl LotForm {
    pub(super) fn of(lot: &Lot) -> Self {
        let payment = || lot.payment.as_ref().map(|payment| payment.as_str().to_owned()).unwrap_or_default();
        let source = match &lot.kind {
            LotKind::Subscription(id) => SourceForm::Subscription(id.as_str().to_owned(), payment()),
            LotKind::Pack => SourceForm::Pack(payment()),
            LotKind::Imported(import) => SourceForm::Imported(import.as_str().to_owned()),
            LotKind::Compensation(request) => SourceForm::Compensation(request.as_str().to_owned()),
            LotKind::Adjustment(id, purpose) => {
                SourceForm::Adjustment(id.as_str().to_owned(), PurposeForm::of(*purpose))
            }
            LotKind::WriteOff(id) => SourceForm::WriteOff(id.as_str().to_owned()),
        };
        let amounts =
            [lot.granted, lot.available, lot.held, lot.spent, lot.expired, lot.revoked, lot.repaid, lot.owed];
        Self(
            lot.id.0,
            source,
            lot.product.as_str().to_owned(),
            lot.granted_at.as_ms(),
            lot.expires_at.map(Timestamp::as_ms),
            amounts.map(Credits::get),
            (lot.captures, lot.unusable),
            lot.leftover_s,
            lot.closed.map_or(0, |returned| returned.get().saturating_add(1)),
            lot.touched_at.as_ms(),
            ExtraForm {
                period: lot.period.map(|period| (period.starts_at.as_ms(), u8::from(period.replaces))),
                fingerprint: lot.fingerprint,
            },
        )
    }

    pub(super) fn read(self) -> Result<Lot, CodecError> {
        let Self(
            id,
            source,
            product,
            granted_at,
            expires_at,
            amounts,
            (captures, unusable),
            leftover_s,
            closed,
            touched_at,
            ExtraForm { period, fingerprint },
        ) = self;
        let period = period
            .map(|(starts_at, replaces)| {
                Ok::<_, CodecError>(Period { starts_at: instant(starts_at)?, replaces: flag(replaces)? })
            })
            .transpose()?;
        let [granted, available, held, spent, expired, revoked, repaid, owed] = amounts;
        let (kind, payment) = match source {
            SourceForm::Subscription(id, payment) => {
                (LotKind::Subscription(id.parse()?), Some(payment.parse()?))
            }
            SourceForm::Pack(payment) => (LotKind::Pack, Some(payment.parse()?)),
            SourceForm::Compensation(request) => (LotKind::Compensation(request.parse()?), None),
            SourceForm::Adjustment(id, purpose) => (LotKind::Adjustment(id.parse()?, purpose.read()), None),
            SourceForm::WriteOff(id) => (LotKind::WriteOff(id.parse()?), None),
            SourceForm::Imported(import) => (LotKind::Imported(import.parse()?), None),
        };
        Ok(Lot {
            id: LotId(id),
            kind,
            payment,
            product: product.parse()?,
            granted_at: instant(granted_at)?,
            expires_at: expires_at.map(instant).transpose()?,
            granted: credits(granted)?,
            available: credits(available)?,
            held: credits(held)?,
            spent: credits(spent)?,
            expired: credits(expired)?,
            revoked: credits(revoked)?,
            repaid: credits(repaid)?,
            captures,
            unusable,
            leftover_s,
            period,
            fingerprint,
            owed: credits(owed)?,
            closed: closed.checked_sub(1).map(credits).transpose()?,
            disputes: Vec::new(),
            touched_at: instant(touched_at)?,
        })
    }
}

impl HoldForm {
    fn of(hold: &Hold, actor: &Actor) -> Self {
        let service = hold.service.as_str();
        let is_actors = matches!(actor, Actor::Service(name) if name == service);
        Self(
            hold.generation.as_str().to_owned(),
            hold.operation.clone(),
            parts_form(&hold.parts),
            hold.held_at.as_ms(),
            // Both lie within the years 2000 to 2099: the difference cannot overflow.
            hold.deadline.as_ms().saturating_sub(hold.held_at.as_ms()),
            (!is_actors).then(|| service.to_owned()),
        )
    }

    /// Reads a hold of an account with these lots: a lot with held credits never leaves.
    fn read(self, lots: &[Lot], actor: &Actor) -> Result<Hold, CodecError> {
        let Self(generation, operation, taken, held_at, open_ms, service) = self;
        let service = match (service, actor) {
            (Some(service), _) => service,
            (None, Actor::Service(name)) => name.clone(),
            (None, _) => return Err(CodecError::Missing),
        };
        let parts = parts(taken)?;
        let lot = parts.first().and_then(|part| lots.iter().find(|lot| lot.id == part.lot));
        Ok(Hold {
            generation: generation.parse()?,
            service: service.parse()?,
            operation,
            product: lot.ok_or(CodecError::Missing)?.product.clone(),
            parts,
            held_at: instant(held_at)?,
            deadline: instant(held_at.saturating_add(open_ms))?,
        })
    }
}

impl EndedForm {
    pub(super) fn of(ended: &Ended) -> Self {
        Self(ended.subscription.as_str().to_owned(), ended.ended_at.as_ms(), ended.leftover_s)
    }

    pub(super) fn read(self) -> Result<Ended, CodecError> {
        let Self(subscription, ended_at, leftover_s) = self;
        Ok(Ended { subscription: subscription.parse()?, ended_at: instant(ended_at)?, leftover_s })
    }
}

impl AccountForm {
    pub(super) fn of(account: &Account, actor: &Actor) -> Self {
        let ring: Vec<u8> = account.recent.iter().flat_map(|recent| recent.bytes()).collect();
        Self {
            l: account.lots.iter().map(LotForm::of).collect(),
            h: account.holds.iter().map(|hold| HoldForm::of(hold, actor)).collect(),
            d: account.debt.get(),
            sus: account.suspended,
            e: account.ended.iter().map(EndedForm::of).collect(),
            f: account
                .lots
                .iter()
                .flat_map(|lot| lot.disputes.iter().map(|known| LotDisputeForm::of(lot.id, known)))
                .collect(),
            g: account.monthly.iter().map(MonthlyForm::of).collect(),
            r: URL_SAFE_NO_PAD.encode(ring),
            m: account.marked.map(Timestamp::as_ms),
            lc: account.lot_count,
        }
    }

    pub(super) fn read(self, actor: &Actor) -> Result<Account, CodecError> {
        let mut lots = self.l.into_iter().map(LotForm::read).collect::<Result<Vec<_>, _>>()?;
        self.f.into_iter().try_for_each(|known| known.read(&mut lots))?;
        let holds = self.h.into_iter().map(|hold| hold.read(&lots, actor)).collect::<Result<_, _>>()?;
        let ring = URL_SAFE_NO_PAD.decode(self.r).map_err(|_| CodecError::Number)?;
        let (marks, []) = ring.as_chunks::<8>() else { return Err(CodecError::Number) };
        Ok(Account {
            lots,
            holds,
            debt: credits(self.d)?,
            suspended: self.sus,
            ended: self.e.into_iter().map(EndedForm::read).collect::<Result<_, _>>()?,
            monthly: self.g.into_iter().map(MonthlyForm::read).collect::<Result<_, _>>()?,
            recent: marks.iter().map(|mark| Recent::read(*mark)).collect(),
            marked: self.m.map(instant).transpose()?,
            lot_count: self.lc,
        })
    }
}
