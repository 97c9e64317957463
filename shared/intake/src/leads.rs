//! Leads to cases that open themselves: cheap evidence, from what an event says and from what was read with
//! it, that a payment may be a billing error. The sweep judges it from the records.
//!
//! A lead costs one extra write; a payment without evidence costs none. If the event is a repeat, the
//! account is the one that the grant was decided on.

use ledger::{
    Account, AccountId, LedgerStore, Lot, LotKind, Payment, PaymentId, PaymentKind, SubscriberStore,
    Subscription, SubscriptionStore,
};
use policy::{PriceKind, Reason};
use policy_documents::catalogue;
use refunds::{Lead, LeadStore, LeadSubject, Occasion, Reported};

use crate::context::{AWAITED_S, EarlyExit, EventContext, GrantHead};
use crate::policy::policy_at;
use crate::purchase::{FIRST_CHARGE, PaidPurchase, RENEWAL};

/// How long a report waits for the sweep, in seconds: longer than this function runs.
const REPORTED_S: u64 = 15;

/// What is known beside the payment and its account.
#[derive(Debug, Default)]
pub struct SubscriptionEvidence {
    /// The subscription, of a renewal.
    pub subscription: Option<Subscription>,
    /// The price that the checkout ordered, of a first charge.
    pub ordered: Option<String>,
}

/// What is on record of the subscription that a payment is for: of a renewal whether it was cancelled, of a
/// first charge what was ordered.
pub async fn subscription_evidence(
    context: &EventContext<'_>,
    paid: &PaidPurchase<'_>,
) -> Result<SubscriptionEvidence, EarlyExit> {
    let mut evidence = SubscriptionEvidence::default();
    let Some(charge) = paid.charge else { return Ok(evidence) };
    if charge.billing_reason == RENEWAL {
        evidence.subscription = context.tables.subscription(&paid.account, charge.subscription).await?;
    } else if charge.billing_reason == FIRST_CHARGE {
        let subscriber = context.tables.subscriber(charge.subscription).await?;
        evidence.ordered = subscriber.and_then(|subscriber| subscriber.price);
    }
    Ok(evidence)
}

/// Notes what a payment that has landed may be, beside what it bought.
pub async fn note_payment_leads(
    context: &EventContext<'_>,
    payment: &Payment,
    head: &GrantHead,
    evidence: &SubscriptionEvidence,
) -> Result<(), EarlyExit> {
    let Some(document) = policy_at(payment.product.as_str(), payment.charged_at).document() else {
        return Ok(());
    };
    let mut suspected: Vec<(PaymentId, Reason)> = Vec::new();
    if let Some(within_s) = document.duplicates_within_s.filter(|_| document.covers(Reason::DuplicatePayment))
    {
        let (entry, is_fresh) = match head {
            GrantHead::Written(entry) => (Some(entry), true),
            GrantHead::Before(entry) => (entry.as_ref(), false),
        };
        let account = entry.map(|entry| entry.after());
        let twice =
            account.into_iter().flat_map(|account| second_payments(account, payment, within_s, is_fresh));
        suspected.extend(twice.map(|payment| (payment, Reason::DuplicatePayment)));
    }
    let was_over =
        |subscription: &Subscription| subscription.was_over_at(payment.charged_at, payment.period_starts_at);
    if evidence.subscription.as_ref().is_some_and(was_over)
        && document.covers(Reason::ChargedAfterCancellation)
    {
        suspected.push((payment.id.clone(), Reason::ChargedAfterCancellation));
    }
    let on_record = evidence.subscription.as_ref().and_then(|subscription| subscription.price.as_deref());
    let ordered = evidence.ordered.as_deref().or(on_record).and_then(plan);
    if ordered.is_some_and(|ordered| plan(&payment.price).is_some_and(|paid| paid != ordered))
        && document.covers(Reason::WrongPlanCharged)
    {
        suspected.push((payment.id.clone(), Reason::WrongPlanCharged));
    }
    for (payment_id, reason) in suspected {
        note_lead(context, &payment.account, payment_id, reason).await?;
    }
    Ok(())
}

/// Records leads for renewals charged after a cancellation that was reported late.
pub async fn note_late_renewals(
    context: &EventContext<'_>,
    subscription: &Subscription,
) -> Result<(), EarlyExit> {
    let Some(head) = context.tables.head(&subscription.account).await? else { return Ok(()) };
    let after = |lot: &&Lot| {
        let begins_at = lot.period.map(|period| period.starts_at);
        // Nobody is charged for a further month's credits.
        !head.after().is_further(lot)
            && lot.subscription() == Some(&subscription.id)
            && subscription.was_over_at(lot.granted_at, begins_at)
    };
    for lot in head.after().lots.iter().filter(after) {
        let document = policy_at(lot.product.as_str(), lot.granted_at).document();
        if let (Some(payment), Some(document)) = (&lot.payment, document)
            && document.covers(Reason::ChargedAfterCancellation)
        {
            note_lead(context, &subscription.account, payment.clone(), Reason::ChargedAfterCancellation)
                .await?;
        }
    }
    Ok(())
}

/// Notes the first charge of a subscription if its checkout, which is reported only later, did not order
/// it. A lot does not say its price; another plan brings another number of credits.
pub async fn note_wrong_plan(
    context: &EventContext<'_>,
    account: &AccountId,
    order: &OrderedPlan<'_>,
) -> Result<(), EarlyExit> {
    let Ok(price) = catalogue().price(order.price) else { return Ok(()) };
    let Some(head) = context.tables.head(account).await? else { return Ok(()) };
    let mut lots = head.after().lots.iter().filter(|lot| lot.subscription() == Some(order.subscription));
    // The price that a checkout's metadata names says nothing of the other plans in the order.
    let (Some(lot), None) = (lots.next(), lots.next()) else { return Ok(()) };
    if lot.granted.get() == price.credits {
        return Ok(());
    }
    let document = policy_at(lot.product.as_str(), lot.granted_at).document();
    if let (Some(payment), Some(document)) = (&lot.payment, document)
        && document.covers(Reason::WrongPlanCharged)
    {
        note_lead(context, account, payment.clone(), Reason::WrongPlanCharged).await?;
    }
    Ok(())
}

/// What a checkout ordered.
pub struct OrderedPlan<'a> {
    pub subscription: &'a ledger::SubscriptionId,
    pub price: &'a str,
}

/// Notes what the provider reported of a payment, and says whether that is news. The sweep looks when the
/// webhook has written the rest, or was cut off, at the latest after its timeout of 10 s.
pub async fn note_report(
    context: &EventContext<'_>,
    payment: &Payment,
    occasion: Occasion,
    reported: Reported,
) -> Result<bool, EarlyExit> {
    let reason = occasion.reason().as_str();
    let lead = Lead {
        account: payment.account.clone(),
        subject: LeadSubject::Reported { payment: payment.id.clone(), occasion, reported },
        since: context.now,
        due_at: context.now.plus_s(REPORTED_S).ok(),
    };
    let is_news = context.tables.note(&lead).await?;
    if is_news {
        context.metrics.count_labelled("LeadsNoted", ("reason", reason), 1);
    }
    Ok(is_news)
}

/// It is looked at when the events of its time have come: what one of them says, another may take back.
async fn note_lead(
    context: &EventContext<'_>,
    account: &AccountId,
    payment: PaymentId,
    reason: Reason,
) -> Result<(), EarlyExit> {
    let lead = Lead {
        account: account.clone(),
        subject: LeadSubject::Payment { payment, reason },
        since: context.now,
        due_at: context.now.plus_s(AWAITED_S.unsigned_abs()).ok(),
    };
    if context.tables.note(&lead).await? {
        context.metrics.count_labelled("LeadsNoted", ("reason", reason.as_str()), 1);
    }
    Ok(())
}

/// The later one of `payment` and each other payment for as many credits of the same product within the span:
/// of a pack only if nothing of the earlier one was used in between, which an account that `is_fresh` from
/// the grant shows; of a subscription, whenever another one of the product runs.
fn second_payments(account: &Account, payment: &Payment, within_s: u64, is_fresh: bool) -> Vec<PaymentId> {
    let near = |lot: &&Lot| {
        let apart_s = lot.granted_at.seconds_since(payment.charged_at);
        let same = payment.granted_by(0) == Ok(lot.granted) && apart_s.unsigned_abs() <= within_s;
        let product = lot.product == payment.product;
        match &payment.kind {
            PaymentKind::Pack => {
                let used = is_fresh && apart_s <= 0 && !(lot.spent.is_zero() && lot.held.is_zero());
                product && same && lot.kind == LotKind::Pack && !used
            }
            PaymentKind::Subscription { subscription, billing_reason } => {
                let other = lot.subscription().filter(|other| *other != subscription);
                let begins = billing_reason == FIRST_CHARGE;
                product && other.is_some_and(|other| same || begins && account.ended(other).is_none())
            }
        }
    };
    let this = (payment.charged_at, &payment.id);
    let apart =
        |other: &&Lot| other.payment.as_ref().is_none_or(|other| other.at_stripe() != payment.id.at_stripe());
    let others = account
        .lots
        .iter()
        .filter(|lot| !account.is_further(lot))
        .filter(near)
        .filter(apart)
        .filter_map(|lot| Some((lot.granted_at, lot.payment.as_ref()?)));
    let mut later: Vec<PaymentId> =
        others.filter(|other| *other != this).map(|other| other.max(this).1.clone()).collect();
    later.dedup();
    if payment.paid.is_zero() { Vec::new() } else { later }
}

fn plan(price: &str) -> Option<&'static str> {
    match &catalogue().price(price).ok()?.kind {
        PriceKind::Subscription { plan, .. } => Some(plan),
        PriceKind::Pack => None,
    }
}
