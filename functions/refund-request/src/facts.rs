//! What the records say about a request, as the policy's facts. What is not recorded stays unknown.

use ledger::{Entry, GenerationHistory, Last, Lot, Payment, PaymentKind, Subscription, Timestamp};
use policy::{Fact, FactError, Facts};
use policy_documents::catalogue;

/// The records that a request's facts are read from.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) payment: Option<Payment>,
    pub(crate) subscription: Option<Subscription>,
    pub(crate) head: Option<Entry>,
    pub(crate) history: Option<GenerationHistory>,
}

/// What the request itself says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claims<'request> {
    pub(crate) payment_named: bool,
    pub(crate) generation_named: bool,
    pub(crate) note_given: bool,
    pub(crate) remedy: Option<&'request str>,
    pub(crate) plan_requested: Option<&'request str>,
}

/// Gathers the facts at `now`.
pub(crate) fn gather(records: &Records, claims: Claims<'_>, now: Timestamp) -> Result<Facts, FactError> {
    let mut facts = Facts::new();
    facts.set(Fact::RequestedAt, now.as_ms())?;
    // The caller's token names the account, and with it the e-mail address on the account.
    facts.set(Fact::EmailGiven, true)?;
    facts.set(Fact::OrderIdGiven, claims.payment_named)?;
    facts.set(Fact::NoteGiven, claims.note_given)?;
    facts.set(Fact::PaymentNamed, claims.payment_named)?;
    facts.set(Fact::GenerationNamed, claims.generation_named)?;
    if let Some(remedy) = claims.remedy {
        facts.set(Fact::RemedyChosen, remedy)?;
    }
    if let Some(plan) = claims.plan_requested {
        facts.set(Fact::PlanRequested, plan)?;
    }
    if let Some(payment) = &records.payment {
        let lot = records.head.as_ref().and_then(|head| head.after().lot(payment.lot));
        about_payment(payment, lot, &mut facts)?;
        if let PaymentKind::Subscription { billing_reason, .. } = &payment.kind {
            facts.set(Fact::BillingReason, billing_reason_word(billing_reason))?;
            if let Some(subscription) = &records.subscription {
                about_subscription(subscription, &mut facts)?;
            }
        }
    }
    if let Some(history) = &records.history {
        about_generation(history, &mut facts)?;
    }
    Ok(facts)
}

fn about_payment(payment: &Payment, lot: Option<&Lot>, facts: &mut Facts) -> Result<(), FactError> {
    facts.set(Fact::PaymentChargedAt, payment.charged_at.as_ms())?;
    let kind = match payment.kind {
        PaymentKind::Pack => "pack",
        PaymentKind::Subscription { .. } => "subscription",
    };
    facts.set(Fact::PaymentKind, kind)?;
    facts.set_quantity(Fact::AmountPaid, payment.paid.minor())?;
    facts.set_quantity(Fact::AmountRefunded, payment.refunded_minor)?;
    facts.set(Fact::Currency, payment.paid.currency().as_str())?;
    // No dispute is recorded of any payment; Stripe itself declines the refund of a disputed charge (E7).
    facts.set(Fact::PaymentDisputed, false)?;
    facts.set(Fact::Product, payment.product.as_str())?;
    if let Ok(price) = catalogue().price(&payment.price)
        && let policy::PriceKind::Subscription { plan, .. } = &price.kind
    {
        facts.set(Fact::PlanPaid, plan.as_str())?;
    }
    if let Some(ends_at) = payment.period_ends_at {
        facts.set(Fact::PeriodEndsAt, ends_at.as_ms())?;
    }
    facts.set_quantity(Fact::CreditsPurchased, payment.credits.get())?;
    facts.set(Fact::CreditsLanded, true)?;
    facts.set(Fact::CreditsLandedAt, payment.landed_at.as_ms())?;
    facts.set_quantity(Fact::CreditsGranted, payment.credits.get())?;
    // A lot leaves the account only when it is empty: what it granted was spent or has expired.
    let (spent, held) = lot.map_or((payment.credits.get(), 0), |lot| (lot.spent.get(), lot.held.get()));
    facts.set_quantity(Fact::CreditsSpent, spent)?;
    facts.set_quantity(Fact::CreditsHeld, held)
}

fn about_subscription(subscription: &Subscription, facts: &mut Facts) -> Result<(), FactError> {
    facts.set(Fact::SubscriptionEnded, subscription.ended_at.is_some())?;
    if let Some(ended_at) = subscription.ended_at {
        facts.set(Fact::SubscriptionEndedAt, ended_at.as_ms())?;
    }
    facts.set(Fact::CancellationConfirmed, subscription.cancellation_confirmed_at.is_some())?;
    if let Some(confirmed_at) = subscription.cancellation_confirmed_at {
        facts.set(Fact::CancellationConfirmedAt, confirmed_at.as_ms())?;
        if let Some(effective_at) = subscription.cancels_at.or(subscription.ended_at) {
            facts.set(Fact::CancellationEffectiveAt, effective_at.as_ms())?;
        }
    }
    Ok(())
}

fn about_generation(history: &GenerationHistory, facts: &mut Facts) -> Result<(), FactError> {
    let Some(past) = &history.past else { return Ok(()) };
    let credits = past.hold.credits().map_or(0, ledger::Credits::get);
    let (outcome, charged, returned) = match &past.last {
        Last::Held => ("running", credits, 0),
        Last::Charged(_) => ("succeeded", credits, 0),
        Last::Released | Last::Closed => ("failed", credits, credits),
    };
    facts.set(Fact::Product, past.hold.product.as_str())?;
    facts.set(Fact::GenerationOutcome, outcome)?;
    facts.set_quantity(Fact::GenerationCreditsCharged, charged)?;
    facts.set_quantity(Fact::GenerationCreditsReturned, returned)
}

/// The policy's word for Stripe's `billing_reason`; the open enum's other values have none of their own.
fn billing_reason_word(reason: &str) -> &str {
    match reason {
        "subscription_create" | "subscription_cycle" | "subscription_update" | "manual" => reason,
        _ => "other",
    }
}
