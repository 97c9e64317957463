//! Disputes: whether a payment is or was taken back by the cardholder's bank, and whether the customer had
//! asked for a solution before (`S3-28`).
//!
//! A dispute freezes the credits that are left of its payment, and an inquiry freezes nothing. They are free
//! again when the company wins, and follow the policy's `on_dispute` when it loses. What else follows, like a
//! suspension, is a person's decision: each new report leaves a lead. From it the sweep opens the
//! dispute's case, brings it up to date and closes it. Every delivery of an event carries this out: the
//! ledger knows the newest report of each dispute, so that a repeat or an older report changes nothing.

use ledger::{
    AccountId, Command, Dispute, DisputeEffect, DisputeReport, Money, Payment, PaymentId, Takes, Timestamp,
    shares,
};
use policy::{OnDispute, OnLostDispute};
use refunds::{ListedBefore, Occasion, ReportOutcome, Reported, RequestStore, credits_of_part, undo};
use stripe_events::DisputeObject;

use crate::context::{EarlyExit, EventContext};
use crate::leads;
use crate::outcome::{Outcome, ParkReason};
use crate::payment_names;
use crate::policy::{policy_at, reference_of};
use crate::without_credits;

/// Requests that are looked at for one about the payment; an account with more before it is not judged.
const REQUESTS_MAX: u16 = 20;

/// A dispute as of the event. Of several events of one dispute the newest counts, in any order of their
/// events.
pub(crate) async fn apply_dispute(
    context: &EventContext<'_>,
    dispute: &DisputeObject,
) -> Result<Outcome, EarlyExit> {
    let named = dispute.payment.as_ref().ok_or(ParkReason::PaymentUnknown)?;
    payment_names::note_charge(context, named, dispute.charge.as_ref()).await?;
    let purchases = context.purchases(named).await?;
    if purchases.is_empty() {
        if let Some(ignored) = without_credits::outcome_of(context, named).await? {
            return Ok(ignored);
        }
        if report(context, dispute, None, 0).counts() {
            context.tables.note_unrecorded(named, context.event.id.as_str()).await?;
        }
        return Ok(context.defer_or_park(ParkReason::PaymentUnknown));
    }
    let lost = Lost::of(dispute, &purchases);
    let mut outcome = Outcome::Repeated;
    for (place, payment) in purchases.iter().enumerate() {
        let (record, saved) = save_dispute(context, dispute, payment, lost.withdrawn(place)).await?;
        let moved = move_credits(context, &record, payment, lost.minor(place)).await?;
        if saved && !record.bars_refunds() && !record.is_undecided() {
            // A request with what is undone for it makes a large future.
            Box::pin(give_back(context, &payment.id, &payment.account)).await?;
        }
        match moved {
            Outcome::Repeated if !saved => {}
            Outcome::Applied | Outcome::Repeated => outcome = Outcome::Applied,
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
    fn of(dispute: &DisputeObject, purchases: &[Payment]) -> Self {
        let paid: Vec<u64> = purchases.iter().map(|payment| payment.paid.minor()).collect();
        let total = paid.iter().fold(0_u64, |sum, minor| sum.saturating_add(*minor));
        // Without an amount in the payment's currency, all of it is disputed.
        let currency = purchases.first().map(|payment| payment.paid.currency());
        let amount = dispute.amount.filter(|amount| Some(amount.currency()) == currency);
        let disputed = amount.map_or(total, Money::minor);
        let withdrawn = dispute.withdrawn_of(disputed);
        let minor = if dispute.movements.is_empty() { disputed } else { withdrawn };
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
) -> Result<Outcome, EarlyExit> {
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
    dispute: &DisputeObject,
    payment: &Payment,
    withdrawn_minor: u64,
) -> Result<(Dispute, bool), EarlyExit> {
    lambda::log::account(&payment.account);
    let known = payment.disputes.iter().find(|known| known.id == dispute.id);
    let contacted_before = match known {
        Some(known) => known.contacted_before,
        None => contacted_before(context, payment, dispute.created).await?,
    };
    let record = report(context, dispute, contacted_before, withdrawn_minor);
    if known.is_none_or(|known| known.order() < record.order()) {
        // Before the record: a delivery that is cut off in between is repeated, and notes it again.
        let occasion = Occasion::Dispute(dispute.id.clone());
        leads::note_report(context, payment, occasion, Reported::Dispute { order: record.order() }).await?;
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
    dispute: &DisputeObject,
    contacted_before: Option<bool>,
    withdrawn_minor: u64,
) -> Dispute {
    Dispute {
        id: dispute.id.clone(),
        opened_at: dispute.created,
        status: dispute.status.as_str().to_owned(),
        refundable: dispute.charge_refundable,
        as_of: context.event.created,
        contacted_before,
        withdrawn_minor,
        movements: u8::try_from(dispute.movements.len()).unwrap_or(u8::MAX),
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
