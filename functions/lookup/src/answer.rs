//! The published form of what an id leads to.

use ledger::{DisputeId, GenerationId, PaymentId, RefundRequestId, SubscriptionId};
use ledger_dynamodb::{IdKind, IdMatch};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct Matches<'m> {
    matches: Vec<Match<'m>>,
}

#[derive(Serialize)]
struct Match<'m> {
    kind: &'static str,
    account: &'m str,
    /// The payment, or the purchases in it.
    payments: Vec<&'m str>,
    subscription: Option<&'m str>,
    refund_request: Option<&'m str>,
    generation_id: Option<&'m str>,
    dispute: Option<&'m str>,
    links: Vec<Link>,
}

/// A path of this API.
#[derive(Serialize)]
struct Link {
    to: &'static str,
    href: String,
}

impl<'m> Matches<'m> {
    pub(crate) fn of(matches: &'m [IdMatch]) -> Self {
        Self { matches: matches.iter().map(Match::of).collect() }
    }
}

impl<'m> Match<'m> {
    fn of(found: &'m IdMatch) -> Self {
        Self {
            kind: kind_name(found.kind),
            account: found.account.as_str(),
            payments: found.payments.iter().map(PaymentId::as_str).collect(),
            subscription: found.subscription.as_ref().map(SubscriptionId::as_str),
            refund_request: found.request.as_ref().map(RefundRequestId::as_str),
            generation_id: found.generation.as_ref().map(GenerationId::as_str),
            dispute: found.dispute.as_ref().map(DisputeId::as_str),
            links: links(found),
        }
    }
}

/// Where to go on: what the id is about first, and then its account.
fn links(found: &IdMatch) -> Vec<Link> {
    let of_account = format!("/v1/accounts/{}", found.account);
    let mut links = Vec::new();
    let mut link = |to, href| links.push(Link { to, href });
    if let Some(request) = &found.request {
        link("refund_request", format!("/v1/refund-requests/{request}"));
    }
    if let Some(dispute) = &found.dispute {
        link("evidence", format!("/v1/disputes/{dispute}/evidence"));
    }
    for to in ["payments", "subscriptions", "credits", "entries"] {
        link(to, format!("{of_account}/{to}"));
    }
    link("refund_requests", format!("{of_account}/refund-requests"));
    links
}

/// The kind's name in answers and metrics.
pub(crate) fn kind_name(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Account => "account",
        IdKind::Payment => "payment",
        IdKind::Charge => "charge",
        IdKind::ReceiptNumber => "receipt_number",
        IdKind::Invoice => "invoice",
        IdKind::InvoiceNumber => "invoice_number",
        IdKind::Checkout => "checkout",
        IdKind::Order => "order",
        IdKind::Subscription => "subscription",
        IdKind::Customer => "customer",
        IdKind::Generation => "generation",
        IdKind::RefundRequest => "refund_request",
        IdKind::Refund => "refund",
        IdKind::Dispute => "dispute",
    }
}
