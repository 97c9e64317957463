//! What the records say about a request, as the policy's facts. What is not recorded stays unknown.

use ledger::{
    Account, AccountRecords, Buyer, Credits, GenerationHistory, Hold, LastGeneration, LotId, Outage, Payment,
    PaymentKind, PaymentUse, PolicyRef, ProductId, Subscription, Timestamp,
};
use policy::{Document, Fact, FactError, Facts, FailureKind, PriceKind};
use policy_documents::catalogue;
use refunds::UncreditedPurchase;

use crate::purchases::{FIRST_CHARGE, about_purchases};
use crate::question::Question;
use crate::records::{EarlierRequests, Records};

/// The span in which earlier requests count, in seconds: the 365 days that the fact's definition names.
const EARLIER_REQUESTS_S: i64 = 365 * DAY_S;
const DAY_S: i64 = 24 * 60 * 60;
/// A report of a subscription within this time of a charge shows the plan of the charge, in seconds: Stripe
/// sends the events of one renewal within seconds, and repeats a delivery within the hour.
const REPORTED_WITHIN_S: i64 = 3_600;
/// The lengths of a calendar month and of a year, in days: a period is as long as its calendar makes it.
const MONTH_DAYS: std::ops::RangeInclusive<i64> = 28..=31;
const YEAR_DAYS: std::ops::RangeInclusive<i64> = 365..=366;

/// Gathers the facts at `now`.
pub fn gather(
    records: &Records,
    asked: &Question,
    document: &Document,
    product: Option<&ProductId>,
    now: Timestamp,
) -> Result<Facts, FactError> {
    let mut facts = Facts::new();
    facts.set(Fact::RequestedAt, now.as_ms())?;
    if let Some(product) = product {
        facts.set(Fact::Product, product.as_str())?;
    }
    about_request(asked, records, &mut facts)?;
    about_account(&records.account, records.earlier.as_ref(), now, &mut facts)?;
    if let Some(payment) = &records.payment {
        let after = records.head.as_ref().map(ledger::Entry::after);
        let used = after.map_or_else(|| Account::default().use_of(payment), |of| of.use_of(payment)).ok();
        about_payment(payment, &mut facts)?;
        about_lots(payment, used, &mut facts)?;
        about_downloads(payment, used, document, &mut facts)?;
        about_results(payment, used, after, &mut facts)?;
        let subscriber = records.subscriber.as_ref();
        let buyer = subscriber.map(|subscriber| subscriber.buyer).unwrap_or_default();
        about_buyer(payment.buyer.or(buyer), &mut facts)?;
        about_purchases(payment, records, document, &mut facts)?;
        about_outages(payment, &records.outages, &mut facts)?;
        if let PaymentKind::Subscription { billing_reason, .. } = &payment.kind {
            facts.set(Fact::BillingReason, billing_reason_word(billing_reason))?;
            let first = billing_reason == FIRST_CHARGE;
            let ordered = if first {
                subscriber.and_then(|subscriber| plan_of(subscriber.price.as_deref()))
            } else {
                plan_on_record(payment, records.subscription.as_ref())
            };
            if let Some(plan) = ordered {
                facts.set(Fact::PlanOrdered, plan)?;
            }
            if let Some(subscription) = &records.subscription {
                about_subscription(subscription, &mut facts)?;
            }
        }
    }
    if let Some(uncredited) = records.uncredited.as_ref().filter(|_| records.payment.is_none()) {
        about_uncredited(uncredited, records.moved, &mut facts)?;
    }
    if let Some(history) = &records.history {
        about_generation(history, document, &mut facts)?;
        if let Some(ending) = asked.said.ending {
            facts.set(Fact::GenerationOutcome, outcome_word(ending))?;
        }
    }
    Ok(facts)
}

fn about_request(asked: &Question, records: &Records, facts: &mut Facts) -> Result<(), FactError> {
    // The customer is not asked for facts the records hold. For a case without a payment they stay unknown.
    if asked.payment.is_some() || !asked.said.by_itself {
        // A request from the account itself proves its address: by the token, or by the address it came from.
        let proved = asked.said.by_itself || asked.said.from_account == Some(true);
        facts.set(Fact::EmailGiven, proved || asked.said.email_given)?;
        facts.set(Fact::OrderIdGiven, asked.payment.is_some())?;
        let recorded = records.payment.is_some() || records.uncredited.is_some();
        facts.set(Fact::PurchaseDateGiven, recorded || asked.said.purchase_date_given)?;
    }
    let report = asked.said.report;
    for (fact, given) in [
        (Fact::PromptGiven, report.prompt),
        (Fact::ModelGiven, report.model),
        (Fact::FailureTimeGiven, report.happened_at),
        (Fact::ErrorMessageGiven, report.error_message),
    ] {
        facts.set(fact, given)?;
    }
    facts.set(Fact::NoteGiven, !asked.note.trim().is_empty())?;
    facts.set(Fact::PaymentNamed, asked.payment.is_some())?;
    facts.set(Fact::GenerationNamed, asked.generation.is_some())?;
    if let Some(remedy) = &asked.said.remedy {
        facts.set(Fact::RemedyChosen, remedy.as_str())?;
    }
    if let Some(plan) = &asked.said.plan_requested {
        facts.set(Fact::PlanRequested, plan.as_str())?;
    }
    if let Some(channel) = &asked.said.channel {
        facts.set(Fact::IntakeChannel, channel.as_str())?;
    }
    if let Some(from_account) = asked.said.from_account {
        facts.set(Fact::RequestedFromAccount, from_account)?;
    }
    Ok(())
}

/// The abuse fact exists only as a finding by a person, so no finding means `none`.
fn about_account(
    account: &AccountRecords,
    earlier: Option<&EarlierRequests>,
    now: Timestamp,
    facts: &mut Facts,
) -> Result<(), FactError> {
    facts
        .set(Fact::AbuseFinding, account.finding.as_ref().map_or("none", |finding| finding.abuse.as_str()))?;
    let Some(earlier) = earlier else { return Ok(()) };
    let recent = |at: &&Timestamp| (0..=EARLIER_REQUESTS_S).contains(&now.seconds_since(**at));
    let counted = |instants: &[Timestamp]| count(instants.iter().filter(recent).count());
    facts.set_quantity(Fact::EarlierRequests, counted(&earlier.own))?;
    facts.set_quantity(Fact::RelatedRequests, counted(&earlier.related))
}

fn about_payment(payment: &Payment, facts: &mut Facts) -> Result<(), FactError> {
    facts.set(Fact::PaymentChargedAt, payment.charged_at.as_ms())?;
    let kind = match payment.kind {
        PaymentKind::Pack => "pack",
        PaymentKind::Subscription { .. } => "subscription",
    };
    facts.set(Fact::PaymentKind, kind)?;
    facts.set_quantity(Fact::AmountPaid, payment.paid.minor())?;
    facts.set_quantity(Fact::AmountRefunded, payment.refunded_minor)?;
    facts.set(Fact::Currency, payment.paid.currency().as_str())?;
    facts.set(Fact::PaymentInquiry, payment.has_inquiry())?;
    // A customer who asked us before the first dispute asked before every dispute.
    let first = payment.disputes.iter().find(|dispute| dispute.counts());
    facts.set(Fact::PaymentDisputed, first.is_some())?;
    if let Some(contacted) = first.and_then(|dispute| dispute.contacted_before) {
        facts.set(Fact::ContactedBeforeDispute, contacted)?;
    }
    if let Ok(price) = catalogue().price(&payment.price) {
        if let PriceKind::Subscription { plan, .. } = &price.kind {
            facts.set(Fact::PlanPaid, plan.as_str())?;
        }
        // Each unit of the price allots its own generations; a rule about their use reads those of a month.
        let units = price.credits_of_period().and_then(|each| payment.credits.get().checked_div(each));
        let each = price.generations_of_month();
        if let Some(allotted) = each.zip(units).and_then(|(each, units)| each.checked_mul(units)) {
            facts.set_quantity(Fact::GenerationsAllotted, allotted)?;
        }
    }
    if let Some(starts_at) = payment.period_starts_at {
        facts.set(Fact::PeriodStartsAt, starts_at.as_ms())?;
    }
    if let Some(ends_at) = payment.period_ends_at {
        facts.set(Fact::PeriodEndsAt, ends_at.as_ms())?;
    }
    if let Some(interval) = billing_interval(payment) {
        facts.set(Fact::BillingInterval, interval)?;
    }
    Ok(())
}

/// Stripe's periods are whole months and years of the calendar.
fn billing_interval(payment: &Payment) -> Option<&'static str> {
    let (starts_at, ends_at) = (payment.period_starts_at?, payment.period_ends_at?);
    let days = ends_at.seconds_since(starts_at).checked_div(DAY_S)?;
    match days {
        days if MONTH_DAYS.contains(&days) => Some("month"),
        days if YEAR_DAYS.contains(&days) => Some("year"),
        _ => None,
    }
}

/// The lots of a payment together: one, or those that have come month by month.
fn about_lots(payment: &Payment, used: Option<PaymentUse>, facts: &mut Facts) -> Result<(), FactError> {
    if payment.lot == LotId::NONE {
        return about_no_lot(payment.credits, facts);
    }
    facts.set_quantity(Fact::CreditsPurchased, payment.credits.get())?;
    facts.set(Fact::CreditsLanded, true)?;
    facts.set(Fact::CreditsLandedAt, payment.landed_at.as_ms())?;
    // Its credits are what it bought, and they are there.
    facts.set(Fact::PaymentDelivered, true)?;
    // Sums that cannot be made stay unknown.
    let Some(used) = used else { return Ok(()) };
    facts.set_quantity(Fact::CreditsGranted, used.granted.get())?;
    facts.set_quantity(Fact::CreditsSpent, used.spent.get())?;
    // While this fact matters, only generations move the credits of a used lot.
    if let Some(used_at) = used.used_at {
        facts.set(Fact::CreditsLastUsedAt, used_at.as_ms())?;
    }
    facts.set_quantity(Fact::CreditsHeld, used.held.get())
}

/// Generations by the payment's lots, which count their captures. A running generation counts as used and has
/// no result yet. One whose ending a person decides counts as used, without a usable result (`S3-6`).
fn about_results(
    payment: &Payment,
    used: Option<PaymentUse>,
    account: Option<&Account>,
    facts: &mut Facts,
) -> Result<(), FactError> {
    // The count of captures left the account with its lot.
    let Some((used, account)) = used.zip(account) else { return Ok(()) };
    let Some(captures) = used.captures.map(u64::from) else { return Ok(()) };
    let lots: Vec<LotId> = account.lots_of(&payment.id).map(|lot| lot.id).collect();
    let draws = |hold: &&Hold| hold.parts.iter().any(|part| lots.contains(&part.lot));
    let running = count(account.holds.iter().filter(draws).count());
    facts.set_quantity(Fact::UsableResults, captures.saturating_sub(u64::from(used.unusable)))?;
    facts.set_quantity(Fact::GenerationsUsed, captures.saturating_add(running))
}

/// Downloads of results (`S3-12`). A missing report means "no download" only if the policy version that the
/// payment pinned says that its services report downloads, or if there are no results to download.
fn about_downloads(
    payment: &Payment,
    used: Option<PaymentUse>,
    document: &Document,
    facts: &mut Facts,
) -> Result<(), FactError> {
    let pins = |policy: &PolicyRef| policy.document == document.id && policy.version == document.version;
    let is_reported = payment.policy.as_ref().is_some_and(pins)
        && document.downloads_reported.iter().any(|product| product == payment.product.as_str());
    let captures = used.and_then(|used| used.captures);
    if is_reported || captures == Some(0) {
        // A generation that was given back is no result of the payment, even if it was downloaded before.
        let downloaded = captures.map_or(payment.downloads, |captures| payment.downloads.min(captures));
        facts.set_quantity(Fact::OutputsDownloaded, u64::from(downloaded))?;
    }
    Ok(())
}

/// A purchase that is paid and not on the balance. For an unrecorded payment we know only *that* it was
/// refunded or disputed, not which or how much is left.
fn about_uncredited(
    uncredited: &UncreditedPurchase,
    moved: bool,
    facts: &mut Facts,
) -> Result<(), FactError> {
    facts.set(Fact::PaymentChargedAt, uncredited.charged_at.as_ms())?;
    match &uncredited.charge {
        None => facts.set(Fact::PaymentKind, "pack")?,
        Some(charge) => {
            facts.set(Fact::PaymentKind, "subscription")?;
            facts.set(Fact::BillingReason, billing_reason_word(&charge.billing_reason))?;
            if let Some((starts_at, ends_at)) = charge.period {
                facts.set(Fact::PeriodStartsAt, starts_at.as_ms())?;
                facts.set(Fact::PeriodEndsAt, ends_at.as_ms())?;
            }
        }
    }
    facts.set_quantity(Fact::AmountPaid, uncredited.paid.minor())?;
    facts.set(Fact::Currency, uncredited.paid.currency().as_str())?;
    if !moved {
        facts.set_quantity(Fact::AmountRefunded, 0)?;
        facts.set(Fact::PaymentDisputed, false)?;
        facts.set(Fact::PaymentInquiry, false)?;
    }
    about_no_lot(uncredited.pack.as_ref().map_or(Credits::ZERO, |pack| pack.credits), facts)?;
    about_buyer(uncredited.buyer, facts)
}

/// Credits that were bought and have not landed. Their number is left out if it is not known.
fn about_no_lot(bought: Credits, facts: &mut Facts) -> Result<(), FactError> {
    facts.set(Fact::PaymentDelivered, false)?;
    facts.set(Fact::CreditsLanded, false)?;
    facts.set_quantity(Fact::CreditsGranted, 0)?;
    if bought.is_zero() { Ok(()) } else { facts.set_quantity(Fact::CreditsPurchased, bought.get()) }
}

fn plan_of(price: Option<&str>) -> Option<&'static str> {
    match &catalogue().price(price?).ok()?.kind {
        PriceKind::Subscription { plan, .. } => Some(plan),
        PriceKind::Pack => None,
    }
}

/// The plan that the customer had last ordered or changed to when a later charge was made, as Stripe last
/// reported it. A report from long after the charge may show a later change, so it is not used.
fn plan_on_record(payment: &Payment, subscription: Option<&Subscription>) -> Option<&'static str> {
    let reported = subscription?;
    let after_s = reported.as_of.seconds_since(payment.charged_at);
    if after_s > REPORTED_WITHIN_S { None } else { plan_of(reported.price.as_deref()) }
}

fn about_buyer(buyer: Buyer, facts: &mut Facts) -> Result<(), FactError> {
    let (country, evidence) = match (buyer.billing_country, buyer.card_country) {
        (Some(billing), Some(card)) if billing == card => (Some(billing), "both"),
        // They contradict each other, so neither is evidence for the country.
        (Some(billing), Some(_)) => (Some(billing), "none"),
        (Some(billing), None) => (Some(billing), "billing_address"),
        (None, Some(card)) => (Some(card), "card"),
        (None, None) => (None, "none"),
    };
    facts.set(Fact::CountryEvidence, evidence)?;
    if let Some(country) = country {
        facts.set(Fact::CustomerCountry, country.as_str())?;
    }
    if let Some(business) = buyer.business {
        facts.set(Fact::BoughtAsBusiness, business)?;
    }
    if let Some(waived) = buyer.withdrawal_waived {
        facts.set(Fact::WithdrawalWaived, waived)?;
    }
    Ok(())
}

/// The seconds of a period that outages took together (`S2-19`). Overlapping time counts once.
fn seconds_out<'o>(outages: impl Iterator<Item = &'o Outage>, from: Timestamp, to: Timestamp) -> u64 {
    let within = |outage: &Outage| (outage.began_at.max(from), outage.ended_at.min(to));
    let mut spans: Vec<(Timestamp, Timestamp)> =
        outages.map(within).filter(|(began, ended)| began < ended).collect();
    spans.sort_unstable();
    let mut counted_to = from;
    let mut ms = 0_i64;
    for (began, ended) in spans {
        let began = began.max(counted_to);
        if began < ended {
            ms = ms.saturating_add(ended.as_ms().saturating_sub(began.as_ms()));
            counted_to = ended;
        }
    }
    u64::try_from(ms.checked_div(1_000).unwrap_or_default()).unwrap_or_default()
}

/// An outage counts once a second person has confirmed it. Without one the fact stays unknown: nobody records
/// that there was no outage.
fn about_outages(payment: &Payment, outages: &[Outage], facts: &mut Facts) -> Result<(), FactError> {
    let (Some(from), Some(to)) = (payment.period_starts_at, payment.period_ends_at) else { return Ok(()) };
    let confirmed = outages.iter().filter(|outage| outage.confirmed.is_some());
    let out = seconds_out(confirmed, from, to);
    if out > 0 {
        facts.set_quantity(Fact::Outage, out)?;
    }
    Ok(())
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

fn about_generation(
    history: &GenerationHistory,
    document: &Document,
    facts: &mut Facts,
) -> Result<(), FactError> {
    let Some(past) = &history.past else { return Ok(()) };
    let credits = past.hold.credits().map_or(0, ledger::Credits::get);
    let (outcome, charged, returned) = match &past.last {
        LastGeneration::Held => (Some("running"), credits, 0),
        LastGeneration::Charged { usable, .. } => (usable.then_some("succeeded"), credits, 0),
        LastGeneration::Released | LastGeneration::Closed => (Some("failed"), credits, credits),
    };
    facts.set(Fact::GenerationCovered, document.operation(&past.hold.operation).is_some())?;
    // An ending in review has no outcome until a person decides it.
    if let Some(outcome) = outcome {
        facts.set(Fact::GenerationOutcome, outcome)?;
    }
    facts.set_quantity(Fact::GenerationCreditsCharged, charged)?;
    if returned > 0 {
        facts.set(Fact::GenerationReturnedAt, past.last_at.as_ms())?;
    }
    facts.set_quantity(Fact::GenerationCreditsReturned, returned)
}

/// The policy's word for how a generation that was reported as failed ended.
fn outcome_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::ProviderError | FailureKind::OwnError => "failed",
        FailureKind::EmptySuccess => "empty_success",
        FailureKind::HoldTimeout => "timed_out",
        FailureKind::ModerationBlock => "blocked",
        FailureKind::PartialResult => "partial",
        FailureKind::UnknownAnswer => "unclear",
    }
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}

/// The policy's word for Stripe's `billing_reason`; the enum is open, and other values become `other`.
fn billing_reason_word(reason: &str) -> &str {
    match reason {
        "subscription_create" | "subscription_cycle" | "subscription_update" | "manual" => reason,
        _ => "other",
    }
}
