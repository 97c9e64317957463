//! The document of a dispute, assembled from its record: the same record gives the same document.

use ledger::{Channel, Payment, PaymentKind, Subscription};
use policy::PriceKind;
use policy_documents::catalogue;
use refunds::{Payout, RefundRequest, State};
use serde::Serialize;

use crate::contacts::{Contact, contacts};
use crate::policy_text::PolicyText;
use crate::record::{Bought, Record};
use crate::usage::DayOfUse;

/// Everything that the record says, without what Stripe says of the dispute's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Document {
    pub(crate) dispute: String,
    /// Stripe's word for the network's reason.
    pub(crate) reason: String,
    pub(crate) opened_at: String,
    pub(crate) amount_minor: u64,
    pub(crate) currency: String,
    pub(crate) account: String,
    pub(crate) purchases: Vec<PurchaseText>,
    /// The account's other purchases of the same prices, newest first.
    pub(crate) same_price: Vec<OtherPurchase>,
    pub(crate) contacts: Vec<Contact>,
    /// Whether the contacts are all since the purchase.
    pub(crate) contacts_complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PurchaseText {
    pub(crate) payment: String,
    pub(crate) product: String,
    /// Stripe's price.
    pub(crate) price: String,
    /// `pack` or `subscription`.
    pub(crate) kind: &'static str,
    /// The plan's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plan: Option<String>,
    pub(crate) paid_minor: u64,
    pub(crate) currency: String,
    pub(crate) charged_at: String,
    pub(crate) credits: u64,
    /// When the credits landed in the account; absent if they did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) landed_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) period_starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) period_ends_at: Option<String>,
    /// The policy in force at the purchase; absent before the first version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<PolicyText>,
    pub(crate) usage: UsageText,
    pub(crate) refunds: RefundsText,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cancellation: Option<CancellationText>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct UsageText {
    pub(crate) total: DayOfUse,
    /// Generations whose result was downloaded or exported; absent if the product's services do not report
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) downloads: Option<u32>,
    /// By day, UTC, oldest first.
    pub(crate) days: Vec<UsedOn>,
    /// Whether this is all use since the credits landed.
    pub(crate) complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct UsedOn {
    pub(crate) day: String,
    #[serde(flatten)]
    pub(crate) use_: DayOfUse,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RefundsText {
    /// All refunds that have not failed.
    pub(crate) refunded_minor: u64,
    /// Those that a request led to, oldest first.
    pub(crate) by_request: Vec<RefundText>,
    /// What was refunded at Stripe without a request.
    pub(crate) elsewhere_minor: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RefundText {
    pub(crate) request: String,
    pub(crate) amount_minor: u64,
    /// `approved`, `paying` or `refunded`.
    pub(crate) state: &'static str,
    pub(crate) approved_at: Option<String>,
}

/// What is on record of the end of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct CancellationText {
    pub(crate) subscription: String,
    /// When the cancellation was confirmed; absent if none is on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) confirmed_at: Option<String>,
    /// `customer`, `support`, or `stripe` for a cancellation on Stripe's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) channel: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) takes_effect_at: Option<String>,
    /// Whether the charge came after a cancellation that had taken effect.
    pub(crate) charged_after_it: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct OtherPurchase {
    pub(crate) payment: String,
    pub(crate) charged_at: String,
    pub(crate) paid_minor: u64,
    pub(crate) currency: String,
}

impl Document {
    pub(crate) fn of(record: &Record) -> Self {
        let dispute = &record.dispute;
        let same_price = record.same_price.iter().map(|purchase| OtherPurchase {
            payment: purchase.payment.to_string(),
            charged_at: purchase.charged_at.to_string(),
            paid_minor: purchase.paid.minor(),
            currency: purchase.paid.currency().as_str().to_owned(),
        });
        Self {
            dispute: dispute.id.to_string(),
            reason: dispute.reason.clone(),
            opened_at: dispute.created.to_string(),
            amount_minor: dispute.amount.minor(),
            currency: dispute.amount.currency().as_str().to_owned(),
            account: record.account.to_string(),
            purchases: record.purchases.iter().map(|bought| purchase(bought, &record.requests)).collect(),
            same_price: same_price.collect(),
            contacts: contacts(&record.requests),
            contacts_complete: record.requests_complete,
        }
    }
}

fn purchase(bought: &Bought, requests: &[RefundRequest]) -> PurchaseText {
    let payment = &bought.payment;
    let product = payment.product.as_str();
    let plan = catalogue().price(&payment.price).ok().and_then(|price| match &price.kind {
        PriceKind::Subscription { plan, .. } => Some(plan.clone()),
        PriceKind::Pack => None,
    });
    let has_landed = payment.lot != ledger::LotId::NONE;
    PurchaseText {
        payment: payment.id.to_string(),
        product: product.to_owned(),
        price: payment.price.clone(),
        kind: match payment.kind {
            PaymentKind::Pack => "pack",
            PaymentKind::Subscription { .. } => "subscription",
        },
        plan,
        paid_minor: payment.paid.minor(),
        currency: payment.paid.currency().as_str().to_owned(),
        charged_at: payment.charged_at.to_string(),
        credits: payment.credits.get(),
        landed_at: has_landed.then(|| payment.landed_at.to_string()),
        period_starts_at: payment.period_starts_at.map(|at| at.to_string()),
        period_ends_at: payment.period_ends_at.map(|at| at.to_string()),
        policy: bought.policy.map(|document| PolicyText::of(document, product)),
        usage: usage(bought),
        refunds: refunds_of(payment, requests),
        cancellation: cancellation(bought),
    }
}

fn usage(bought: &Bought) -> UsageText {
    let reported = bought.policy.is_some_and(|document| {
        document.downloads_reported.iter().any(|product| product == bought.payment.product.as_str())
    });
    // Without a promise to report every download, none reported says nothing.
    let downloads = (reported || bought.payment.downloads > 0).then_some(bought.payment.downloads);
    let days = bought.usage.days.iter().map(|(day, use_)| UsedOn { day: day.clone(), use_: *use_ });
    UsageText {
        total: bought.usage.total(),
        downloads,
        days: days.collect(),
        complete: bought.usage.is_complete,
    }
}

fn refunds_of(payment: &Payment, requests: &[RefundRequest]) -> RefundsText {
    let stands = |request: &&RefundRequest| {
        let standing = request.payout().map(Payout::standing);
        standing.is_some_and(|amount| !amount.is_zero())
    };
    let refund = |request: &RefundRequest| {
        let payout = request.payout().filter(|payout| payout.payment == payment.id)?;
        let approved = request.steps().iter().rfind(|step| step.state == State::Approved);
        Some(RefundText {
            request: request.id.to_string(),
            amount_minor: payout.standing().minor(),
            state: request.state().as_str(),
            approved_at: approved.map(|step| step.at.to_string()),
        })
    };
    let by_request: Vec<RefundText> = requests.iter().rev().filter(stands).filter_map(refund).collect();
    let own = by_request.iter().fold(0_u64, |sum, refund| sum.saturating_add(refund.amount_minor));
    RefundsText {
        refunded_minor: payment.refunded_minor,
        by_request,
        elsewhere_minor: payment.refunded_minor.saturating_sub(own),
    }
}

fn cancellation(bought: &Bought) -> Option<CancellationText> {
    let PaymentKind::Subscription { subscription, .. } = &bought.payment.kind else { return None };
    let known = bought.subscription.as_ref();
    let confirmed_at = known.and_then(|known| known.cancellation_confirmed_at);
    let ends_at = confirmed_at.and(known.and_then(Subscription::takes_effect_at));
    let payment = &bought.payment;
    Some(CancellationText {
        subscription: subscription.to_string(),
        confirmed_at: confirmed_at.map(|at| at.to_string()),
        channel: known.and_then(channel),
        takes_effect_at: ends_at.map(|at| at.to_string()),
        charged_after_it: known
            .is_some_and(|known| known.was_over_at(payment.charged_at, payment.period_starts_at)),
    })
}

/// How the cancellation that counts was confirmed.
fn channel(subscription: &Subscription) -> Option<&'static str> {
    let confirmed_at = subscription.cancellation_confirmed_at?;
    let here = subscription.confirmation.filter(|confirmation| confirmation.at == confirmed_at);
    Some(here.map_or(subscription.provider.as_str(), |confirmation| match confirmation.channel {
        Channel::Customer => "customer",
        Channel::Support => "support",
    }))
}
