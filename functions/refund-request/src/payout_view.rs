//! How what was approved stands: the payout, the discount, and what was brought back to people.

use ledger::{PaymentId, RefundId};
use refunds::{ActionKind, Payout, PayoutPart, RefundRequest, State};
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
    /// Stripe's refund of a payout that is one refund.
    refund: Option<&'request str>,
    failure: Option<&'request str>,
    /// What a person has to refund next in the provider's dashboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_hand: Option<ByHandAnswer<'request>>,
    /// The refunds of a payout that is several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartAnswer<'request>>,
}

/// A refund that a person makes.
#[derive(Serialize)]
struct ByHandAnswer<'request> {
    provider: &'static str,
    payment: &'request str,
    amount: MoneyAnswer,
}

/// One refund of several.
#[derive(Serialize)]
struct PartAnswer<'request> {
    status: &'static str,
    /// Stripe's payment that it is a refund of.
    payment: Option<&'request str>,
    amount: MoneyAnswer,
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
    request.payout().map(|payout| {
        let (revoked, debt) = payout.revoked();
        let parts = payout.parts().filter(|_| payout.is_divided());
        let only = Some(&payout.first).filter(|_| !payout.is_divided());
        PayoutAnswer {
            status: status(request, payout),
            amount: money(payout.amount()),
            credits_revoked: revoked.get(),
            debt: debt.get(),
            refund: only.and_then(|part| part.refund.as_ref()).map(RefundId::as_str),
            failure: payout.failure(),
            by_hand: request.refund_by_hand().map(|(payout, amount)| ByHandAnswer {
                provider: payout.provider.as_str(),
                payment: payout.payment.as_str(),
                amount: money(amount),
            }),
            parts: parts.map(part).collect(),
        }
    })
}

fn part(part: &PayoutPart) -> PartAnswer<'_> {
    PartAnswer {
        status: part_status(part),
        payment: part.charge.as_ref().map(PaymentId::as_str),
        amount: money(part.amount),
        refund: part.refund.as_ref().map(RefundId::as_str),
        failure: part.failure.as_deref(),
    }
}

/// How all of it stands: what is open comes before what is done.
fn status(request: &RefundRequest, payout: &Payout) -> &'static str {
    match request.state() {
        State::Refunded => "succeeded",
        State::Failed => "failed",
        _ if request.refund_by_hand().is_some() => "by_hand",
        _ if payout.needs_customer() => "requires_action",
        _ if payout.short_since().is_some() => "waiting_for_funds",
        _ => {
            let open = payout.parts().find(|part| part.is_open());
            part_status(open.unwrap_or(&payout.first))
        }
    }
}

fn part_status(part: &PayoutPart) -> &'static str {
    match part {
        _ if part.failure.is_some() => "failed",
        _ if part.paid => "succeeded",
        _ if part.needs_customer => "requires_action",
        _ if part.short_since.is_some() => "waiting_for_funds",
        _ if part.refund.is_some() => "pending",
        _ if part.asked_at.is_some() => "asked",
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
