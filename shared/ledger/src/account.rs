//! An account as it stands after an entry: lots, open holds, debt and standing.
//!
//! Bounds: [`PAID_LOTS_MAX`] lots, [`HOLDS_MAX`] open holds, [`crate::RECENT_MAX`] recently settled
//! generations, [`ENDED_MAX`] ended subscriptions, and monthly grants of as many payments as have a lot, so
//! that an entry stays far below DynamoDB's 400 KB.

use crate::{
    AccountId, AdjustmentId, AmountError, Credits, DisputeId, DisputeState, GenerationId, GrantPurpose,
    ImportId, LotDispute, LotId, MonthlyGrants, PaymentId, ProductId, Recent, RefundRequestId, ServiceId,
    SubscriptionId, Timestamp,
};

/// Most lots of one account before the oldest empty ones leave it early: with 255-byte ids the lots of an
/// entry stay below 70 KB.
pub const LOTS_MAX: usize = 100;
/// Most lots of an account that buys more: credits that are paid land as long as an entry fits into
/// DynamoDB's 400 KB.
pub const PAID_LOTS_MAX: usize = 400;
/// Most open holds of one account: a hundred parallel generations of one customer are a mistake or an abuse.
pub const HOLDS_MAX: usize = 100;
/// Ended subscriptions that are remembered: Stripe delivers an invoice at most three days late, so older ones
/// can be forgotten.
pub const ENDED_MAX: usize = 8;
/// How long an empty lot stays: SQS keeps a message 14 days, so a failure reported after the capture
/// still finds its lot after a redrive.
pub const EMPTY_LOT_KEPT_S: u64 = 30 * 24 * 3600;
/// How long the empty lot of a refunded payment stays, and one that paid off debt: banks return refunds
/// months later, and the revocation and its debt are then undone.
pub const CLOSED_LOT_KEPT_S: u64 = 180 * 24 * 3600;

/// Where a lot's credits come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LotKind {
    /// Credits of a subscription's period.
    Subscription(SubscriptionId),
    /// A one-time pack; it never expires (`S2-22`, `S4-11`).
    Pack,
    /// Given without a payment, by the decision of this refund request (`S2-19`, `S3-21`, `S3-25`). No refund
    /// takes it back, because no payment bought it.
    Compensation(RefundRequestId),
    /// Given without a payment, by this adjustment.
    Adjustment(AdjustmentId, GrantPurpose),
    /// What an adjustment wrote off of a debt: credits that nobody can use, and that paid the debt off. A
    /// debt that turns out not to have been one gives nothing back for them.
    WriteOff(AdjustmentId),
    /// Given without a payment before the account moved in, as this import says.
    Imported(ImportId),
}

/// A period of a subscription whose renewals take the place of what is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// When it began: periods come in this order, whenever they are paid and reported.
    pub starts_at: Timestamp,
    /// Whether its charge is a renewal, which takes the place of the periods before; the first is not.
    pub replaces: bool,
}

/// Credits of one grant. Always: granted = available + held + spent + expired + revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    pub id: LotId,
    pub kind: LotKind,
    /// The payment that bought it; `None` where it was given without one.
    pub payment: Option<PaymentId>,
    /// The product whose operations may spend it (`S0-20`).
    pub product: ProductId,
    pub granted_at: Timestamp,
    /// From this instant on it is unusable; `None` never expires.
    pub expires_at: Option<Timestamp>,
    pub granted: Credits,
    /// Credits that can be held.
    pub available: Credits,
    /// Credits in open holds.
    pub held: Credits,
    /// Captured credits.
    pub spent: Credits,
    pub expired: Credits,
    pub revoked: Credits,
    /// Spent credits that paid off debt; they come back when the refund that made the debt fails.
    pub repaid: Credits,
    /// Captures that drew on it, without those that were given back.
    pub captures: u32,
    /// Those of `captures` that may have delivered nothing usable (`S3-6`).
    pub unusable: u32,
    /// How long its credits stay usable after its subscription's end, in seconds, by the policy that its
    /// payment pinned (`S2-35`); `None` leaves it to the policy at the end.
    pub leftover_s: Option<u64>,
    /// The subscription's period that paid for it, where the policy lets a renewal take the place of what is
    /// left of the periods before (`S4-12`).
    pub period: Option<Period>,
    /// What the event that brought it said of price and money, in short (`fingerprint` of [`crate::Grant`]).
    pub fingerprint: Option<u32>,
    /// Spent credits that a refund of a part or of all of its payment made a debt of.
    pub owed: Credits,
    /// `Some` once nothing of its payment is left to refund: credits that come back to it are revoked at
    /// once. It counts those.
    pub closed: Option<Credits>,
    /// The disputes of its payment, in the order in which they were first reported.
    pub disputes: Vec<LotDispute>,
    /// The last instant at which its numbers changed.
    pub touched_at: Timestamp,
}

impl Lot {
    /// Whether its credits can be used at `now`.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        !self.is_closed() && !self.is_frozen() && self.expires_at.is_none_or(|expiry| now < expiry)
    }

    /// Whether a dispute of its payment that the bank has yet to decide keeps its credits from being used.
    pub fn is_frozen(&self) -> bool {
        self.disputes.iter().any(|known| known.state == DisputeState::Frozen)
    }

    /// What a dispute of its payment does to it.
    pub fn dispute(&self, id: &DisputeId) -> Option<&LotDispute> {
        self.disputes.iter().find(|known| &known.dispute == id)
    }

    /// Whether nothing of what comes back to it stays: its payment was refunded, or lost to the bank.
    pub(crate) fn keeps_nothing(&self) -> bool {
        self.is_closed() || self.disputes.iter().any(LotDispute::takes_all)
    }

    /// Whether credits that come back to it are revoked at once.
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether it holds credits that are due to expire at `now`. Frozen ones do not expire: the customer may
    /// win the right to use them.
    pub fn is_due(&self, now: Timestamp) -> bool {
        !self.available.is_zero() && !self.is_frozen() && self.expires_at.is_some_and(|expiry| now >= expiry)
    }

    /// Whether it stays in the account: while it has credits, and some time after its last change.
    pub(crate) fn is_kept(&self, at: Timestamp) -> bool {
        let kept_s = if self.may_be_undone() { CLOSED_LOT_KEPT_S } else { EMPTY_LOT_KEPT_S };
        let idle_s = u64::try_from(at.seconds_since(self.touched_at)).unwrap_or_default();
        !self.is_empty() || idle_s < kept_s
    }

    /// Whether it may leave before its time when the account has many lots: a refund that fails may still
    /// bring credits back to any other empty lot.
    pub(crate) fn makes_room(&self) -> bool {
        self.is_empty() && !self.may_be_undone()
    }

    /// Whether credits may come back to it when a refund fails or a dispute is won.
    fn may_be_undone(&self) -> bool {
        let disputed = self.disputes.iter().any(|known| !known.is_freed());
        disputed || !self.revoked.is_zero() || self.is_closed() || !self.repaid.is_zero()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.available.is_zero() && self.held.is_zero()
    }

    /// When its period began, or else when it was charged.
    pub(crate) fn began_at(&self) -> Timestamp {
        self.period.map_or(self.granted_at, |period| period.starts_at)
    }

    /// Whether granted = available + held + spent + expired + revoked (invariant 6).
    pub fn adds_up(&self) -> bool {
        Credits::sum([self.available, self.held, self.spent, self.expired, self.revoked]) == Ok(self.granted)
    }

    /// The subscription it belongs to, if any.
    pub fn subscription(&self) -> Option<&SubscriptionId> {
        match &self.kind {
            LotKind::Subscription(subscription) => Some(subscription),
            LotKind::Pack
            | LotKind::Compensation(_)
            | LotKind::Adjustment(..)
            | LotKind::WriteOff(_)
            | LotKind::Imported(_) => None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotCredits {
    pub lot: LotId,
    pub credits: Credits,
}

/// Credits set aside for a generation until it is captured or released.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub generation: GenerationId,
    /// The service that placed it, which alone may say how the generation ended.
    pub service: ServiceId,
    /// The operation, as the policy document names it.
    pub operation: String,
    /// The product of the operation.
    pub product: ProductId,
    /// The lots that the credits come from, in spend order.
    pub parts: Vec<LotCredits>,
    /// When it was placed.
    pub held_at: Timestamp,
    /// When it is released if no outcome is known by then.
    pub deadline: Timestamp,
}

impl Hold {
    pub fn credits(&self) -> Result<Credits, AmountError> {
        Credits::sum(self.parts.iter().map(|part| part.credits))
    }
}

/// A subscription that ended, with the clock of its left-over credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub subscription: SubscriptionId,
    /// When it ended (`ended_at`, not the request to cancel).
    pub ended_at: Timestamp,
    /// How long left-over credits stay usable after that, in seconds (`S2-26`).
    pub leftover_s: u64,
}

/// An account after an entry. The default is an account that has no entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// Lots, oldest first; an empty one leaves some time after its last change.
    pub lots: Vec<Lot>,
    /// Open holds, oldest first.
    pub holds: Vec<Hold>,
    /// Credits that the account owes.
    pub debt: Credits,
    /// Whether holds are refused.
    pub suspended: bool,
    /// The newest ended subscriptions, oldest first.
    pub ended: Vec<Ended>,
    /// The payments that bring their credits month by month, oldest first.
    pub monthly: Vec<MonthlyGrants>,
    /// The newest settled generations by their marks, oldest first.
    pub recent: Vec<Recent>,
    /// The instant in the account's due marker, or later than that; `None` when it never had one.
    pub marked: Option<Timestamp>,
    /// How many lots it has had.
    pub lot_count: u32,
}

/// What a balance shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// Credits that can be held.
    pub available: Credits,
    /// Credits in open holds.
    pub held: Credits,
    /// Credits that a dispute keeps from being used.
    pub frozen: Credits,
    /// Credits owed.
    pub debt: Credits,
}

impl Account {
    /// The balance at `now`; a lot past its expiry counts as empty whether or not the sweep has run.
    pub fn balance(&self, now: Timestamp) -> Result<Balance, AmountError> {
        let usable = self.lots.iter().filter(|lot| lot.is_usable(now));
        Ok(Balance {
            available: Credits::sum(usable.map(|lot| lot.available))?,
            held: Credits::sum(self.lots.iter().map(|lot| lot.held))?,
            frozen: Credits::sum(self.lots.iter().filter(|lot| lot.is_frozen()).map(|lot| lot.available))?,
            debt: self.debt,
        })
    }

    /// The lot with this id, while the account keeps it.
    pub fn lot(&self, id: LotId) -> Option<&Lot> {
        self.lots.iter().find(|lot| lot.id == id)
    }

    /// The open hold of a generation.
    pub fn hold(&self, generation: &GenerationId) -> Option<&Hold> {
        self.holds.iter().find(|hold| &hold.generation == generation)
    }

    /// The earliest instant at which something of the account is due: a hold's deadline, a lot's expiry or a
    /// month's credits.
    pub fn next_due(&self) -> Option<Timestamp> {
        let expires = |lot: &&Lot| !lot.available.is_zero() && !lot.is_frozen();
        let lots = self.lots.iter().filter(expires).filter_map(|lot| lot.expires_at);
        lots.chain(self.holds.iter().map(|hold| hold.deadline)).chain(self.next_grant()).min()
    }

    /// Where a sweep moves the account's due marker on to at `wall`, `None` to remove it.
    ///
    /// Not past `marked`, while that lies ahead: a hold may be placed that relies on a marker no later
    /// than that (see [`crate::MARK_MARGIN_S`]).
    pub fn next_mark(&self, wall: Timestamp) -> Option<Timestamp> {
        let relied_upon = self.marked.filter(|marked| *marked > wall);
        self.next_due().into_iter().chain(relied_upon).min()
    }

    /// The clock of an ended subscription.
    pub fn ended(&self, subscription: &SubscriptionId) -> Option<&Ended> {
        self.ended.iter().find(|ended| &ended.subscription == subscription)
    }

    /// Lots that `product`'s operations may spend at `now` (`S0-20`), in spend order: soonest expiry first,
    /// then subscription, what was given without a payment, pack, then oldest.
    pub fn spend_order(&self, product: &ProductId, now: Timestamp) -> Vec<&Lot> {
        let mut lots: Vec<&Lot> = self
            .lots
            .iter()
            .filter(|lot| lot.is_usable(now) && !lot.available.is_zero() && &lot.product == product)
            .collect();
        // Events come in any order, so that a lot's number says nothing of its age.
        let key = |lot: &Lot| {
            let expiry = lot.expires_at.map_or(i64::MAX, Timestamp::as_ms);
            let rank = match lot.kind {
                LotKind::Subscription(_) => 0_u8,
                LotKind::Compensation(_) | LotKind::Adjustment(..) | LotKind::Imported(_) => 1,
                LotKind::Pack | LotKind::WriteOff(_) => 2,
            };
            (expiry, rank, lot.granted_at)
        };
        lots.sort_by(|one, other| {
            let by_age = key(one).cmp(&key(other));
            by_age.then_with(|| (&one.payment, one.id).cmp(&(&other.payment, other.id)))
        });
        lots
    }

    /// Drops empty lots that nothing can come back to any more, and keeps the bounded lists bounded.
    pub(crate) fn prune(&mut self, at: Timestamp) {
        let carriers = self.carriers();
        let is_kept = |lot: &Lot| lot.is_kept(at) || carriers.contains(&lot.id);
        let (kept, left) = std::mem::take(&mut self.lots).into_iter().partition(is_kept);
        self.lots = kept;
        self.make_room(&carriers, left);
        self.forget_grants(at);
        crate::recent::forget(&mut self.recent);
        while self.ended.len() > ENDED_MAX {
            self.ended.remove(0);
        }
    }
}

impl Account {
    /// Drops the empty lots that were touched longest ago while there are more than [`LOTS_MAX`] lots, so
    /// that a customer who buys often finds room for what is paid. A failure that is reported after that
    /// goes to a person. What was made of them, and of those that have `left`, is noted at their payments.
    fn make_room(&mut self, carriers: &[LotId], mut left: Vec<Lot>) {
        while self.lots.len() > LOTS_MAX {
            let makes_room = |lot: &Lot| lot.makes_room() && !carriers.contains(&lot.id);
            let empty = self.lots.iter().enumerate().filter(|(_, lot)| makes_room(lot));
            let Some((oldest, _)) = empty.min_by_key(|(_, lot)| (lot.touched_at, lot.id)) else { break };
            left.push(self.lots.remove(oldest));
        }
        for lot in &left {
            self.note_left(lot);
        }
    }
}

/// A stable shard number of an account, for metrics and the due index, where the id itself must not appear.
pub fn shard_of(account: &AccountId, shards: u8) -> u8 {
    // FNV-1a: stable between builds, which `std`'s hasher does not promise.
    let hash = account.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    u8::try_from(hash.checked_rem(u64::from(shards)).unwrap_or_default()).unwrap_or_default()
}
