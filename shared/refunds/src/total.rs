//! A payment's running total of refunds, where a provider's refunds carry nothing of ours: what the total is
//! above the refunds on record settles the payouts of that payment that are on their way, and the rest is a
//! refund that nobody asked us for.
//!
//! The total only grows. So a repeat, a report that was overtaken, a look at the payment beside an event, and
//! several refunds seen at once all lead to the same: each unit of money is on record once. What is on record
//! is the payment's sum of refunds without the payouts that are open, which the sum counts from their
//! approval.
//!
//! | the increase is | then |
//! |---|---|
//! | the amount of an open payout | that payout is paid |
//! | less than every open payout | it is a part of the oldest one, whose rest stays open |
//! | more | the payouts are paid, and the rest is for the caller to count |
//!
//! Each payout moves under the condition of its own version, and everything is read again after each move.
//! The requests are read before the payment: an approval between the two makes the increase look smaller, so
//! that a later report settles what this one leaves.

use ledger::{Cause, ExecuteError, Money, Pause, Payment, PaymentId, RefundId, RefundRequestId, Timestamp};

use crate::report::undone;
use crate::save::{AttemptOutcome, Failure, settle};
use crate::{
    ListedBefore, RefundRequest, RefundSighting, RefundStatus, RefundStore, Save, SightingOutcome, State,
};

/// Requests of one page, and of an account that are looked through for those of a payment: more than anybody
/// files about one account in a year.
const PAGE: u16 = 100;
const PAGES_MAX: usize = 10;

/// What a provider says of a payment's refunds, in an answer, in an event or when it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalSighting {
    pub payment: PaymentId,
    /// All refunds of the payment together.
    pub total: Money,
    /// How the refund that the report is about stands. A look at the payment says that what was refunded is.
    pub status: RefundStatus,
    /// The amount of the refund that the report is about; `None` of a look at the payment.
    pub amount: Option<Money>,
}

impl TotalSighting {
    /// A look at the payment itself.
    pub fn looked(payment: PaymentId, total: Money) -> Self {
        Self { payment, total, status: RefundStatus::Succeeded, amount: None }
    }
}

/// Refunds that no payout explains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideRefundTotal {
    /// Derived from the payment and the total that it leads to, so that each report of it names it the same.
    pub id: RefundId,
    pub amount: Money,
}

/// What a total led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TotalOutcome {
    /// These requests moved, each to this state, none if it said what is known; and what is left for the
    /// caller to count on the payment.
    Applied { moved: Vec<(RefundRequestId, State)>, outside: Option<OutsideRefundTotal> },
    /// No such payment is on record.
    UnknownPayment,
    /// It is in another currency than the payment, or reports as failed what no payout explains: a person has
    /// to look.
    Mismatch,
}

/// Applies what a provider says of a payment's refunds, in any order and any number of times.
pub async fn settle_total<S: RefundStore, P: Pause>(
    store: &S,
    pause: &P,
    seen: &TotalSighting,
    cause: Cause,
    now: Timestamp,
) -> Result<TotalOutcome, Failure<S>> {
    let mut moved = Vec::new();
    let mut attempt = 0;
    while attempt < pause.attempts_max() {
        let Some(known) = Known::read(store, &seen.payment).await? else {
            return Ok(TotalOutcome::UnknownPayment);
        };
        if known.payment.paid.currency() != seen.total.currency() {
            return Ok(TotalOutcome::Mismatch);
        }
        let step = match seen.status {
            RefundStatus::Succeeded => known.paid(seen),
            RefundStatus::Pending | RefundStatus::RequiresAction => known.pending(seen),
            RefundStatus::Failed => known.failed(seen),
        };
        let (mut request, number, sighting) = match step {
            Step::Nothing => return Ok(TotalOutcome::Applied { moved, outside: None }),
            Step::Outside(outside) => return Ok(TotalOutcome::Applied { moved, outside: Some(outside) }),
            Step::Mismatch => return Ok(TotalOutcome::Mismatch),
            Step::Of { request, number, sighting } => (*request, number, sighting),
        };
        let is_part = request
            .payout()
            .and_then(|payout| payout.part(number))
            .is_some_and(|part| part.amount != sighting.amount);
        if is_part && !request.split(number, sighting.amount) {
            return Ok(TotalOutcome::Mismatch);
        }
        let save = match request.observe(&sighting, now) {
            SightingOutcome::Known => return Ok(TotalOutcome::Applied { moved, outside: None }),
            SightingOutcome::Mismatch => return Ok(TotalOutcome::Mismatch),
            SightingOutcome::Moved => {
                Save { request: request.with_next_version(), commit: None, refunded: None }
            }
            SightingOutcome::MovedToFailed(part) => {
                undone(store, request, (&[part], false), cause.clone(), now).await?
            }
        };
        if let AttemptOutcome::Written(request) = settle(store, save, None).await? {
            moved.push((request.id.clone(), request.state()));
            // What is settled counts as on record from here on: the next round sees what is left.
            if seen.status != RefundStatus::Succeeded {
                return Ok(TotalOutcome::Applied { moved, outside: None });
            }
        } else {
            pause.pause(attempt).await;
            attempt = attempt.saturating_add(1);
        }
    }
    Err(ExecuteError::Busy)
}

/// What is on record of a payment's refunds.
struct Known {
    payment: Payment,
    /// The requests about it with a payout, oldest first.
    requests: Vec<RefundRequest>,
}

/// What a report leads to next.
enum Step {
    Nothing,
    /// This report of the payout's part with this number, or of a piece of that part.
    Of {
        request: Box<RefundRequest>,
        number: usize,
        sighting: RefundSighting,
    },
    Outside(OutsideRefundTotal),
    Mismatch,
}

/// An open part of a payout.
struct OpenPart<'known> {
    request: &'known RefundRequest,
    number: usize,
    minor: u64,
    /// Whether its refund was asked for, is a person's to make, or was seen.
    on_its_way: bool,
}

impl Known {
    async fn read<S: RefundStore>(store: &S, id: &PaymentId) -> Result<Option<Self>, Failure<S>> {
        let Some(payment) = store.payment(id).await.map_err(ExecuteError::Store)? else { return Ok(None) };
        let mut requests = Vec::new();
        let mut before = None;
        for _ in 0..PAGES_MAX {
            let page = store.requests_of(&payment.account, before, PAGE).await;
            let page = page.map_err(ExecuteError::Store)?;
            let more = page.len() >= usize::from(PAGE);
            before = page.last().map(|last| ListedBefore::Request(last.submitted_at(), last.id.clone()));
            // The list may lag behind the last writes: each that may have a payout is read by itself.
            for listed in page.iter().filter(|listed| listed.case.payment.as_ref() == Some(id)) {
                let stored = store.request(&listed.id).await.map_err(ExecuteError::Store)?;
                let pays = |stored: &RefundRequest| {
                    stored.payout().is_some_and(|payout| payout.payment == *id) && stored.state().pays()
                };
                requests.extend(stored.filter(pays));
            }
            if !more {
                break;
            }
        }
        requests.reverse();
        let payment = store.payment(id).await.map_err(ExecuteError::Store)?;
        Ok(payment.map(|payment| Self { payment, requests }))
    }

    fn open(&self) -> impl Iterator<Item = OpenPart<'_>> {
        self.requests
            .iter()
            .filter(|request| matches!(request.state(), State::Approved | State::Paying))
            .flat_map(|request| {
                let parts = request.payout().into_iter().flat_map(|payout| {
                    payout.parts().map(move |part| (part, part.asked_at.is_some() || payout.by_hand))
                });
                parts.enumerate().filter(|(_, (part, _))| part.is_open()).map(
                    move |(number, (part, on_its_way))| OpenPart {
                        request,
                        number,
                        minor: part.amount.minor(),
                        on_its_way: on_its_way || part.refund.is_some(),
                    },
                )
            })
    }

    /// The refunds on record that the total is known to have: those that are not still to be seen.
    fn settled_minor(&self) -> u64 {
        let open = self.open().fold(0_u64, |sum, part| sum.saturating_add(part.minor));
        self.payment.refunded_minor.saturating_sub(open)
    }

    /// The increase settles the open part of exactly its amount, or else what it can of the oldest one.
    fn paid(&self, seen: &TotalSighting) -> Step {
        let settled = self.settled_minor();
        let Some(increase) = seen.total.minor().checked_sub(settled).filter(|more| *more > 0) else {
            return Step::Nothing;
        };
        let exact = self.open().filter(|part| part.minor == increase);
        let first = exact.min_by_key(|part| !part.on_its_way).or_else(|| {
            let mut open: Vec<OpenPart<'_>> = self.open().collect();
            open.sort_by_key(|part| !part.on_its_way);
            open.into_iter().next()
        });
        match first {
            Some(part) => {
                let minor = increase.min(part.minor);
                self.step(&part, (minor, settled.saturating_add(minor)), RefundStatus::Succeeded)
            }
            None => match outside_id(&self.payment.id, seen.total.minor()) {
                Some(id) => Step::Outside(OutsideRefundTotal { id, amount: self.money(increase) }),
                None => Step::Mismatch,
            },
        }
    }

    /// A refund that is on its way is noted with the part that it is exactly the amount of; another one
    /// counts on the payment from here on, as far as the total has it.
    fn pending(&self, seen: &TotalSighting) -> Step {
        let Some(amount) = seen.amount else { return Step::Nothing };
        let exact = self.open().filter(|part| part.minor == amount.minor());
        match exact.min_by_key(|part| !part.on_its_way) {
            Some(part) => {
                let leads_to = self.settled_minor().saturating_add(amount.minor());
                self.step(&part, (amount.minor(), leads_to), seen.status)
            }
            None => self.paid(seen),
        }
    }

    /// A refund that failed is that of the open part of its amount which was on its way, or of the newest
    /// paid one that the total has no more.
    fn failed(&self, seen: &TotalSighting) -> Step {
        let Some(amount) = seen.amount else { return Step::Nothing };
        let settled = self.settled_minor();
        let sought = self.open().find(|part| {
            let refund = part.request.payout().and_then(|payout| payout.part(part.number));
            let was_asked = refund.is_some_and(|part| part.asked_at.is_some() || part.refund.is_some());
            part.minor == amount.minor() && was_asked
        });
        if let Some(part) = sought {
            let leads_to = settled.saturating_add(amount.minor());
            return self.step(&part, (amount.minor(), leads_to), RefundStatus::Failed);
        }
        let missing = settled.checked_sub(seen.total.minor());
        if missing.is_none_or(|missing| missing < amount.minor()) {
            return Step::Nothing;
        }
        let paid = self.requests.iter().rev().find_map(|request| {
            let mut parts = request.payout()?.parts().enumerate();
            parts.find(|(_, part)| part.paid && part.amount == amount).map(|(number, part)| OpenPart {
                request,
                number,
                minor: part.amount.minor(),
                on_its_way: true,
            })
        });
        match paid {
            Some(part) => self.step(&part, (amount.minor(), settled), RefundStatus::Failed),
            None => Step::Mismatch,
        }
    }

    /// A report of `minor` of a part, after which the refunds come to `leads_to`.
    fn step(&self, of: &OpenPart<'_>, (minor, leads_to): (u64, u64), status: RefundStatus) -> Step {
        let Some(payout) = of.request.payout() else { return Step::Mismatch };
        let known = payout.part(of.number).and_then(|part| part.refund.clone());
        // A refund that failed keeps its name: another one that leads to the same total has one of its own.
        let names = (1..).map(|turn| refund_id(&self.payment.id, leads_to, turn));
        let mut fresh = names.take_while(Option::is_some).flatten();
        let failed = payout.failed_refunds();
        let is_new = |id: &RefundId| !failed.contains(id);
        let Some(id) = known.or_else(|| fresh.find(is_new)) else { return Step::Mismatch };
        let sighting = RefundSighting {
            id,
            payment: self.payment.id.at_stripe(),
            amount: self.money(minor),
            status,
            failure: None,
        };
        Step::Of { request: Box::new(of.request.clone()), number: of.number, sighting }
    }

    fn money(&self, minor: u64) -> Money {
        Money::new(minor, self.payment.paid.currency())
    }
}

/// What a refund is called that brings the payment's refunds to `leads_to`.
fn outside_id(payment: &PaymentId, leads_to: u64) -> Option<RefundId> {
    refund_id(payment, leads_to, 1)
}

fn refund_id(payment: &PaymentId, leads_to: u64, turn: u32) -> Option<RefundId> {
    let again = if turn > 1 { format!("~{turn}") } else { String::new() };
    RefundId::new(format!("{payment}~{leads_to}{again}")).ok()
}
