//! Disputes: whether a payment is or was taken back by the cardholder's bank, and whether the customer had
//! asked for a solution before (`S3-28`).
//!
//! A dispute freezes the credits that are left of its payment, and an inquiry freezes nothing. They are free
//! again when the company wins, and follow the policy's `on_dispute` when it loses. What else follows, like a
//! suspension, is a person's decision: each new report leaves a lead. From it the sweep opens the
//! dispute's case, brings it up to date and closes it. Every delivery of an event carries this out: the
//! ledger knows the newest report of each dispute, so that a repeat or an older report changes nothing.

use crate::context::{EarlyExit, EventContext};
use crate::leads;
use crate::outcome::{EventOutcome, ParkReason};
use crate::policy::{policy_at, reference_of};
use crate::without_credits;
use ledger::{
    AccountId, Command, Dispute, DisputeEffect, DisputeId, DisputeReport, Money, Payment, PaymentId, Takes,
    Timestamp, shares,
};
use policy::{OnDispute, OnLostDispute};
use refunds::{ListedBefore, Occasion, ReportOutcome, Reported, RequestStore, credits_of_part, undo};

/// Requests that are looked at for one about the payment; an account with more before it is not judged.
const REQUESTS_MAX: u16 = 20;

/// A dispute as an event, or the provider's record of its payment, reports it.
#[derive(Debug)]
pub struct DisputeSighting {
    pub id: DisputeId,
    /// The payment that is disputed, as the provider names it.
    pub payment: PaymentId,
    /// Where it stands, in Stripe's words (`ledger::Dispute`).
    pub status: String,
    /// Whether the payment can still be refunded.
    pub refundable: bool,
    pub opened_at: Timestamp,
    /// What is disputed; `None` where the provider does not say.
    pub amount: Option<Money>,
    /// The network's reason, as the provider names it.
    pub reason: Option<String>,
    /// Until when evidence is accepted; `None` where no answer is possible or no date is known.
    pub due_by: Option<Timestamp>,
    /// The movements of the money so far, in minor units of any one currency: below zero for money that was
    /// withdrawn, above zero for money that came back.
    pub movements_minor: Vec<i64>,
}

impl DisputeSighting {
    /// What the customer has from the bank of `disputed`, in minor units of the payment: as much as is
    /// withdrawn and was not given back. The movements may be in another currency, so that their proportion
    /// counts and not their amounts (<https://docs.stripe.com/reports/balance-transaction-types>).
    fn withdrawn_of(&self, disputed: u64) -> u64 {
        let sum = |sign: i64| {
            let of_sign = self.movements_minor.iter().filter(|minor| minor.signum() == sign);
            of_sign.map(|minor| u128::from(minor.unsigned_abs())).sum::<u128>()
        };
        let (withdrawn, back) = (sum(-1), sum(1));
        let net = u128::from(disputed).saturating_mul(withdrawn.saturating_sub(back));
        // Never above the amount, because what is kept is never above what was withdrawn.
        net.checked_div(withdrawn).and_then(|net| u64::try_from(net).ok()).unwrap_or(0)
    }
}

/// A dispute as of the event. Of several events of one dispute the newest counts, in any order of their
/// events.
pub async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeSighting,
) -> Result<EventOutcome, EarlyExit> {
    let named = &dispute.payment;
    let purchases = context.purchases(named).await?;
    if purchases.is_empty() {
        if let Some(ignored) = without_credits::outcome_of(context, named).await? {
            return Ok(ignored);
        }
        if report(context, dispute, None, 0).counts() {
            context.tables.note_unrecorded(named, context.event_id).await?;
        }
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    }
    let lost = Lost::of(dispute, &purchases);
    let mut outcome = EventOutcome::Repeated;
    for (place, payment) in purchases.iter().enumerate() {
        let (record, saved) = save_dispute(context, dispute, payment, lost.withdrawn(place)).await?;
        let moved = move_credits(context, &record, payment, lost.minor(place)).await?;
        if saved && !record.bars_refunds() && !record.is_undecided() {
            // A request with what is undone for it makes a large future.
            Box::pin(give_back(context, &payment.id, &payment.account)).await?;
        }
        match moved {
            EventOutcome::Repeated if !saved => {}
            EventOutcome::Applied | EventOutcome::Repeated => outcome = EventOutcome::Applied,
            parked => return Ok(parked),
        }
    }
    Ok(outcome)
}

/// What a dispute takes of each purchase in its payment, in minor units, in their order.
struct Lost {
    /// If it is lost as of the event: what is withdrawn, or all that is disputed while no movement of the
    /// money is known.
    minor: Vec<u64>,
    /// What is withdrawn.
    withdrawn: Vec<u64>,
}

impl Lost {
    fn of(dispute: &DisputeSighting, purchases: &[Payment]) -> Self {
        let paid: Vec<u64> = purchases.iter().map(|payment| payment.paid.minor()).collect();
        let total = paid.iter().fold(0_u64, |sum, minor| sum.saturating_add(*minor));
        // Without an amount in the payment's currency, all of it is disputed.
        let currency = purchases.first().map(|payment| payment.paid.currency());
        let amount = dispute.amount.filter(|amount| Some(amount.currency()) == currency);
        let disputed = amount.map_or(total, Money::minor);
        let withdrawn = dispute.withdrawn_of(disputed);
        let minor = if dispute.movements_minor.is_empty() { disputed } else { withdrawn };
        let divided = |minor: u64| shares(minor.min(total), &paid);
        Self { minor: divided(minor), withdrawn: divided(withdrawn) }
    }

    fn minor(&self, place: usize) -> u64 {
        self.minor.get(place).copied().unwrap_or_default()
    }

    fn withdrawn(&self, place: usize) -> u64 {
        self.withdrawn.get(place).copied().unwrap_or_default()
    }
}

/// Freezes, frees or takes the credits of one purchase as the dispute says.
async fn move_credits(
    context: &EventContext<'_>,
    record: &Dispute,
    payment: &Payment,
    lost_minor: u64,
) -> Result<EventOutcome, EarlyExit> {
    let in_force = policy_at(payment.product.as_str(), payment.charged_at);
    let terms = in_force.document().map(|document| document.on_dispute.clone()).unwrap_or_default();
    let command = Command::Dispute(DisputeReport {
        payment: payment.id.clone(),
        dispute: record.id.clone(),
        order: record.order(),
        effect: effect(record, payment, lost_minor, &terms),
    });
    // An order on its way is large.
    Box::pin(context.carry_out(&payment.account, &command, reference_of(in_force), Vec::new())).await
}

fn effect(record: &Dispute, payment: &Payment, lost_minor: u64, terms: &OnDispute) -> DisputeEffect {
    if record.is_lost() {
        return match terms.lost {
            OnLostDispute::Revoke => {
                let takes = if lost_minor >= payment.paid.minor() {
                    Takes::Remaining
                } else {
                    Takes::UpTo(credits_of_part(payment, Money::new(lost_minor, payment.paid.currency())))
                };
                DisputeEffect::Takes { takes, owe_spent: terms.debt_for_spent }
            }
            OnLostDispute::Keep => DisputeEffect::Frees { until: None },
        };
    }
    if record.counts() && record.status != "won" {
        return DisputeEffect::Freezes;
    }
    let grace_s = terms.grace_after_won_s.filter(|_| record.status == "won");
    DisputeEffect::Frees { until: grace_s.and_then(|grace_s| record.as_of.plus_s(grace_s).ok()) }
}

/// The dispute of the payment that one purchase is of, and whether it is news.
async fn save_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeSighting,
    payment: &Payment,
    withdrawn_minor: u64,
) -> Result<(Dispute, bool), EarlyExit> {
    lambda::log::account(&payment.account);
    let known = payment.disputes.iter().find(|known| known.id == dispute.id);
    let contacted_before = match known {
        Some(known) => known.contacted_before,
        None => contacted_before(context, payment, dispute.opened_at).await?,
    };
    let record = report(context, dispute, contacted_before, withdrawn_minor);
    if known.is_none_or(|known| known.order() < record.order()) {
        // Before the record: a delivery that is cut off in between is repeated, and notes it again.
        let occasion = Occasion::Dispute(dispute.id.clone());
        leads::note_report(context, payment, occasion, Reported::Dispute { order: record.order() }).await?;
    }
    if known.is_none() && payment.id == payment.id.at_stripe() {
        context.tables.note_dispute(&dispute.id, &payment.id).await?;
    }
    let saved = context.tables.save_dispute(&payment.id, &record).await?;
    if saved && known.is_none() && payment.id == payment.id.at_stripe() {
        context.metrics.count("PaymentsDisputed", 1);
        tracing::warn!(inquiry = record.is_inquiry(), "a payment is disputed");
    }
    Ok((record, saved))
}

/// The dispute as the event reports it.
fn report(
    context: &EventContext<'_>,
    dispute: &DisputeSighting,
    contacted_before: Option<bool>,
    withdrawn_minor: u64,
) -> Dispute {
    Dispute {
        id: dispute.id.clone(),
        opened_at: dispute.opened_at,
        status: dispute.status.clone(),
        refundable: dispute.refundable,
        as_of: context.happened_at,
        contacted_before,
        withdrawn_minor,
        movements: u8::try_from(dispute.movements_minor.len()).unwrap_or(u8::MAX),
        amount: dispute.amount,
        reason: dispute.reason.clone(),
        due_by: dispute.due_by,
    }
}

/// The bank has decided for the company: what refunds of the payment that failed by its dispute had revoked
/// goes back to the customer, who has neither the money nor the credits.
async fn give_back(
    context: &EventContext<'_>,
    payment: &PaymentId,
    account: &AccountId,
) -> Result<(), EarlyExit> {
    let requests = context.tables.requests_of(account, None, REQUESTS_MAX).await?;
    for request in requests.iter().filter(|request| request.is_kept_by_dispute_of(payment)) {
        let (tables, pause) = (context.tables, context.backoff);
        // A request with what is saved beside it makes a large future.
        let undone = Box::pin(undo(tables, pause, &request.id, context.cause(), context.now)).await?;
        if let ReportOutcome::Moved(_) = undone {
            tracing::info!(request = request.id.as_str(), outcome = "given_back", "a dispute is won");
        }
    }
    Ok(())
}

/// Whether the customer filed or answered a request about the payment before `opened_at`; unknown where there
/// may be more requests than were looked at.
async fn contacted_before(
    context: &EventContext<'_>,
    payment: &Payment,
    opened_at: Timestamp,
) -> Result<Option<bool>, EarlyExit> {
    let before = Some(ListedBefore::Instant(opened_at));
    let requests = context.tables.requests_of(&payment.account, before, REQUESTS_MAX).await?;
    let mut of_payment = requests.iter().filter(|request| request.case.payment.as_ref() == Some(&payment.id));
    if of_payment.any(|request| request.customer_spoke_before(opened_at)) {
        return Ok(Some(true));
    }
    let all = requests.len() < usize::from(REQUESTS_MAX);
    Ok(all.then_some(false))
}
