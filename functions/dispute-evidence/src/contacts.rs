//! The time-line of what the customer asked about the payment, and of what was decided.
//!
//! It names acts, outcomes and clauses. What people wrote is left out: a note may hold anything, like a
//! prompt.

use ledger::{Actor, Timestamp};
use policy::{Citation, Decision, Outcome};
use policy_documents::documents;
use refunds::{Action, ActionKind, Ground, RefundRequest, ReviewVerdict, Step};
use serde::Serialize;

/// One thing that the customer or the company did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Contact {
    pub(crate) at: String,
    /// `customer` or `company`.
    pub(crate) by: &'static str,
    pub(crate) what: &'static str,
    /// The request that it belongs to.
    pub(crate) request: String,
    /// Why the customer asked, in the policy's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The clauses that were cited.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) clauses: Vec<Citation>,
}

const CUSTOMER: &str = "customer";
const COMPANY: &str = "company";

/// The time-line of these requests, oldest first. A case that opened itself, and that the customer has no
/// part in, is no contact.
pub(crate) fn contacts(requests: &[RefundRequest]) -> Vec<Contact> {
    let mut all: Vec<(Timestamp, Contact)> =
        requests.iter().filter(|request| has_customer(request)).flat_map(of_request).collect();
    // Acts of one instant stay in the order of their request.
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, contact)| contact).collect()
}

/// Whether the customer, or a person in the customer's name, turned to the company in it.
pub(crate) fn has_customer(request: &RefundRequest) -> bool {
    let speaks = |actor: &Actor| matches!(actor, Actor::Customer | Actor::Support(_));
    let filed = request.steps().first().is_some_and(|step| speaks(&step.actor));
    filed || request.actions().iter().any(|action| action.source.by == Actor::Customer)
}

fn of_request(request: &RefundRequest) -> Vec<(Timestamp, Contact)> {
    let contact = |at: Timestamp, by, what| {
        let request = request.id.to_string();
        (at, Contact { at: at.to_string(), by, what, request, reason: None, clauses: Vec::new() })
    };
    let mut all = Vec::new();
    if let Some(Step { at, actor: Actor::Customer | Actor::Support(_), .. }) = request.steps().first() {
        let (at, filed) = contact(*at, CUSTOMER, "asked");
        all.push((at, Contact { reason: Some(request.case.reason.as_str()), ..filed }));
    }
    let decision = &request.case.decision;
    if let (Some(what), Ok(at)) = (decided(decision), Timestamp::from_ms(decision.decided_at_ms)) {
        let (at, contact) = contact(at, COMPANY, what);
        let clauses = decision.clauses.clone();
        all.push((at, Contact { clauses, ..contact }));
    }
    for action in request.actions() {
        let (by, what, clauses) = did(action, decision);
        let (at, contact) = contact(action.source.at, by, what);
        all.push((at, Contact { clauses, ..contact }));
    }
    all
}

/// What the written policy said; `None` while it asks, or leaves it to a person.
fn decided(decision: &Decision) -> Option<&'static str> {
    match decision.outcome {
        Outcome::Grant { .. } => Some("granted_by_policy"),
        Outcome::Refuse => Some("refused_by_policy"),
        Outcome::Person { .. } => None,
        Outcome::NeedsInformation { .. } => Some("asked_for_information"),
    }
}

fn did(action: &Action, decision: &Decision) -> (&'static str, &'static str, Vec<Citation>) {
    match &action.kind {
        ActionKind::Answered { .. } => (CUSTOMER, "answered", Vec::new()),
        ActionKind::Withdrew => (CUSTOMER, "withdrew", Vec::new()),
        ActionKind::Reopened { .. } => (CUSTOMER, "asked_again", Vec::new()),
        ActionKind::Accepted { .. } => (CUSTOMER, "accepted_offer", Vec::new()),
        ActionKind::Declined { .. } => (CUSTOMER, "declined_offer", Vec::new()),
        ActionKind::HeldBack { .. } => (COMPANY, "looked_at_again", Vec::new()),
        ActionKind::Arrived => (COMPANY, "refund_arrived", Vec::new()),
        ActionKind::Reviewed(review) => {
            let what = match review.verdict {
                ReviewVerdict::Approve | ReviewVerdict::ApprovePart(_) => "approved_by_person",
                ReviewVerdict::GrantCredits { .. } => "credits_granted_by_person",
                ReviewVerdict::Refuse => "refused_by_person",
                ReviewVerdict::TakeBack => "credits_taken_back_by_person",
                ReviewVerdict::Leave => "credits_left_by_person",
                ReviewVerdict::Ask(_) => "asked_for_information",
                ReviewVerdict::Offer { .. } => "offered",
            };
            (
                COMPANY,
                what,
                review.ground.as_ref().and_then(|ground| cited(ground, decision)).into_iter().collect(),
            )
        }
    }
}

/// The clause that a person cited, in the version that decided.
fn cited(ground: &Ground, decision: &Decision) -> Option<Citation> {
    let Ground::Clause(id) = ground else { return None };
    let document = documents().version(&decision.document, &decision.version)?;
    let clause = document.clause(id)?;
    Some(Citation {
        document: document.id.clone(),
        version: document.version.clone(),
        clause: clause.id.clone(),
        text: clause.text.clone(),
        sha256: clause.sha256(),
    })
}
