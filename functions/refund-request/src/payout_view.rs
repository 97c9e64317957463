//! How what was approved stands: the payout, the discount, and what was brought back to people.

use ledger::RefundId;
use refunds::{ActionKind, Payout, RefundRequest, State};
use serde::Serialize;

use crate::actor_view::actor;
use crate::quote_view::{DiscountAnswer, MoneyAnswer, discount, money};

#[derive(Serialize)]
pub(crate) struct PayoutAnswer<'request> {
    /// How it stands at Stripe.
    status: &'static str,
    amount: MoneyAnswer,
    credits_revoked: u64,
    debt: u64,
    refund: Option<&'request str>,
    failure: Option<&'request str>,
}

/// A discount on the next renewal.
#[derive(Serialize)]
pub(crate) struct RenewalDiscountAnswer<'request> {
    subscription: &'request str,
    discount: DiscountAnswer,
    applied_at: Option<String>,
}

/// What was approved and brought back to people.
#[derive(Serialize)]
pub(crate) struct HeldBackAnswer<'request> {
    at: String,
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'request str>,
    reason: &'request str,
}

pub(crate) fn payout(request: &RefundRequest) -> Option<PayoutAnswer<'_>> {
    request.payout().map(|payout| PayoutAnswer {
        status: status(request, payout),
        amount: money(payout.amount),
        credits_revoked: payout.revoked.get(),
        debt: payout.debt.get(),
        refund: payout.refund.as_ref().map(RefundId::as_str),
        failure: payout.failure.as_deref(),
    })
}

fn status(request: &RefundRequest, payout: &Payout) -> &'static str {
    match request.state() {
        State::Refunded => "succeeded",
        State::Failed => "failed",
        _ if payout.needs_customer => "requires_action",
        _ if payout.short_since.is_some() => "waiting_for_funds",
        _ if payout.failure.is_some() => "failed",
        _ if payout.refund.is_some() => "pending",
        _ if payout.asked_at.is_some() => "asked",
        _ => "approved",
    }
}

pub(crate) fn renewal_discount(request: &RefundRequest) -> Option<RenewalDiscountAnswer<'_>> {
    request.discount().map(|given| RenewalDiscountAnswer {
        subscription: given.subscription.as_str(),
        discount: discount(&given.discount),
        applied_at: given.applied_at.map(|at| at.to_string()),
    })
}

pub(crate) fn held_back(request: &RefundRequest) -> Vec<HeldBackAnswer<'_>> {
    let acts = request.actions().iter();
    acts.filter_map(|act| match &act.kind {
        ActionKind::HeldBack { reason } => {
            let (by, who) = actor(&act.source.by);
            Some(HeldBackAnswer { at: act.source.at.to_string(), by, who, reason })
        }
        _ => None,
    })
    .collect()
}
