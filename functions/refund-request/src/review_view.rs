//! The published form of what support people decided, which support alone sees.

use refunds::{ActionSource, RefundRequest, Review, ReviewVerdict};
use serde::Serialize;

use crate::actor_view::actor;
use crate::quote_view::{MoneyAnswer, money};

#[derive(Serialize)]
pub(crate) struct ReviewAnswer<'request> {
    decision: &'static str,
    reason: &'request str,
    clause: Option<&'request str>,
    /// Why it cites no clause.
    outside_policy: Option<&'static str>,
    quote: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<MoneyAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offer: Option<&'request str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoke: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_plan: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product: Option<&'request str>,
    r#override: bool,
    at: String,
    reviewer: Option<&'request str>,
}

#[derive(Serialize)]
pub(crate) struct FirstApprovalAnswer<'request> {
    quote: &'request str,
    at: String,
    reviewer: &'request str,
}

/// Every review, oldest first.
pub(crate) fn reviews(request: &RefundRequest) -> Vec<ReviewAnswer<'_>> {
    request.reviews().map(|(call, made)| review(call, made)).collect()
}

/// The first of two approvals, while `open` says that the second is awaited.
pub(crate) fn first_approval(request: &RefundRequest, open: bool) -> Option<FirstApprovalAnswer<'_>> {
    let first = request.first_approval().filter(|_| open)?;
    Some(FirstApprovalAnswer { quote: &first.quote, at: first.at.to_string(), reviewer: &first.by })
}

fn review<'request>(call: &'request ActionSource, review: &'request Review) -> ReviewAnswer<'request> {
    let (decision, amount, offer) = match &review.verdict {
        ReviewVerdict::Approve => ("approve", None, None),
        ReviewVerdict::ApprovePart(part) => ("approve_part", Some(money(*part)), None),
        ReviewVerdict::GrantCredits { .. } => ("grant_credits", None, None),
        ReviewVerdict::Refuse => ("refuse", None, None),
        ReviewVerdict::TakeBack => ("take_back", None, None),
        ReviewVerdict::Leave => ("leave", None, None),
        ReviewVerdict::Ask(_) => ("ask", None, None),
        ReviewVerdict::Offer { offer, .. } => ("offer", None, Some(offer.as_str())),
    };
    let (credits, product) = match &review.verdict {
        ReviewVerdict::GrantCredits { product, credits } => (Some(credits.get()), Some(product.as_str())),
        _ => (None, None),
    };
    ReviewAnswer {
        decision,
        credits,
        product,
        reason: &review.reason,
        clause: review.clause(),
        outside_policy: review.outside_policy().map(refunds::OutsidePolicy::as_str),
        quote: review.quote.as_deref(),
        amount,
        offer,
        revoke: review.chosen.revoke.map(policy::Revocation::as_str),
        ends_plan: review.chosen.ends_plan,
        r#override: review.overrides,
        at: call.at.to_string(),
        reviewer: actor(&call.by).1,
    }
}
