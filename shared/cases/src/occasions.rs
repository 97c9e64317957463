//! What Stripe reports of a payment: a dispute, a fraud warning, a refund that nobody asked us for. Each is a
//! case for people; nothing here is decided by a machine.

use ledger::{Dispute, LedgerStore, Payment, Provider, RefundRequestId, Timestamp};
use policy::{
    Basis, Decision, DisputeMeasure, Document, Fact, FactError, Facts, OnFraudWarning, Outcome, Reason,
    Recommendation, Remedy, Truth,
};
use refunds::{Case, Lead, LeadSubject, Occasion, RefundStore, Reported, fingerprint};

use crate::assess::{Assessment, CaseError, document_for};
use crate::facts::gather;
use crate::question::{CustomerClaims, Question};
use crate::records::Records;

/// What a report leads to.
#[derive(Debug)]
pub struct OccasionAssessment {
    /// The case as it is with this report.
    pub assessment: Assessment,
    /// The request of that case.
    pub request: RefundRequestId,
    /// Requests that the report ends beside: of the dispute that is appealed, or of the appeal.
    pub ends: Vec<RefundRequestId>,
    /// Whether nothing is left to decide.
    pub over: bool,
    /// The payment's provider.
    pub reported_by: Provider,
}

/// Assesses what Stripe reported from the records; `None` if the records do not have it (yet).
///
/// The recommendation is what the policy would do by itself if somebody had asked: a person decides.
pub async fn assess_occasion<S: RefundStore>(
    store: &S,
    lead: &Lead,
    now: Timestamp,
) -> Result<Option<OccasionAssessment>, CaseError<<S as LedgerStore>::Error>> {
    let LeadSubject::Reported { payment, occasion, reported } = &lead.subject else { return Ok(None) };
    let asked = Question {
        reason: occasion.reason(),
        occasion: Some(occasion.clone()),
        payment: Some(payment.clone()),
        generation: None,
        note: lead.note(),
        fingerprint: fingerprint(&[lead.request().as_str()]),
        said: CustomerClaims { by_itself: true, ..CustomerClaims::default() },
    };
    let mut records = Records::read(store, &lead.account, &asked).await?;
    let Some(payment) = records.payment.clone() else { return Ok(None) };
    let document = document_for(&records, None, now).ok_or(CaseError::NoDocument)?;
    records.read_earlier(store, &lead.account, document).await.map_err(ledger::ExecuteError::Store)?;
    let mut facts = gather(&records, &asked, document, Some(&payment.product), lead.since)?;
    let base = |facts: &Facts| {
        let decided = policy::decide(document, facts, asked.reason, now.as_ms());
        for_people(decided, None)
    };
    let (mut request, mut ends) = (lead.request(), Vec::new());
    let (over, decision) = match (occasion, reported) {
        (Occasion::Dispute(id), _) => {
            let Some(dispute) = payment.disputes.iter().find(|dispute| dispute.id == *id) else {
                return Ok(None);
            };
            about_dispute(dispute, &mut facts)?;
            if dispute.is_appeal() {
                ends.push(std::mem::replace(&mut request, lead.request_of_appeal()));
            } else if dispute.is_over() {
                ends.push(lead.request_of_appeal());
            }
            let granted =
                if dispute.is_over() { None } else { refund_of(document, &facts, &payment, dispute, now) };
            (dispute.is_over(), granted.unwrap_or_else(|| base(&facts)))
        }
        (Occasion::FraudWarning(_), Reported::FraudWarning { kind, actionable }) => {
            if let Some(kind) = kind {
                facts.set(Fact::FraudType, kind.as_str())?;
            }
            let left = payment.refundable().ok().filter(|left| !left.is_zero());
            let disputed = payment.disputes.iter().any(Dispute::counts);
            let over = !actionable || left.is_none() || disputed;
            let refunds = document.on_dispute.on_fraud_warning == OnFraudWarning::Refund;
            let decision = base(&facts);
            let decision = match left.filter(|_| refunds && !over && !payment.bars_refunds()) {
                Some(left) => {
                    let currency = left.currency().as_str().to_owned();
                    let remedy = Remedy::Money { amount_minor: left.minor(), currency };
                    for_people(decision, Some(Recommendation::Grant { remedy }))
                }
                None => decision,
            };
            (over, decision)
        }
        (Occasion::OutsideRefund(_), Reported::OutsideRefund { minor, failed }) => {
            facts.set_quantity(Fact::OutsideRefund, *minor)?;
            (*failed, base(&facts))
        }
        // A lead of one kind with the report of another is none that anything notes.
        (Occasion::FraudWarning(_) | Occasion::OutsideRefund(_), _) => return Ok(None),
    };
    let case = asked.decided(facts, decision);
    let assessment = Assessment { case, records, unrecorded: None, document };
    Ok(Some(OccasionAssessment { assessment, request, ends, over, reported_by: payment.provider }))
}

fn about_dispute(dispute: &Dispute, facts: &mut Facts) -> Result<(), FactError> {
    facts.set(Fact::DisputeStatus, dispute.status.as_str())?;
    facts.set(Fact::DisputeReportedAt, dispute.as_of.as_ms())?;
    if let Some(reason) = &dispute.reason {
        facts.set(Fact::DisputeReason, reason.as_str())?;
    }
    if let Some(due_by) = dispute.due_by {
        facts.set(Fact::EvidenceDueAt, due_by.as_ms())?;
    }
    Ok(())
}

/// The decision that grants the refund of a disputed payment: by what the bank says, or else by what the
/// records prove, whoever had asked. `None` where the policy grants none, or Stripe lets none be made.
fn refund_of(
    document: &Document,
    facts: &Facts,
    payment: &Payment,
    dispute: &Dispute,
    now: Timestamp,
) -> Option<Decision> {
    if payment.bars_refunds() || payment.refundable().map_or(true, ledger::Money::is_zero) {
        return None;
    }
    let by_records = [
        Reason::DuplicatePayment,
        Reason::ChargedAfterCancellation,
        Reason::WrongPlanCharged,
        Reason::ChangedMind,
    ];
    let by_bank = dispute.reason.as_deref().and_then(reason_of);
    by_bank.into_iter().chain(by_records).find_map(|reason| {
        let decision = policy::decide(document, facts, reason, now.as_ms());
        let remedy = granted(&decision)?.clone();
        Some(for_people(decision, Some(Recommendation::Grant { remedy })))
    })
}

/// The reason for which a customer would have asked, by the network's reason
/// (<https://docs.stripe.com/disputes/categories>).
fn reason_of(network: &str) -> Option<Reason> {
    match network {
        "duplicate" => Some(Reason::DuplicatePayment),
        "subscription_canceled" => Some(Reason::ChargedAfterCancellation),
        "fraudulent" | "unrecognized" => Some(Reason::UnauthorisedPayment),
        "product_not_received" => Some(Reason::CreditsMissing),
        "product_unacceptable" => Some(Reason::ResultNotLiked),
        _ => None,
    }
}

/// The money that a decision grants or recommends.
fn granted(decision: &Decision) -> Option<&Remedy> {
    let remedy = match &decision.outcome {
        Outcome::Grant { remedy }
        | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => Some(remedy),
        Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => None,
    };
    remedy.filter(|remedy| matches!(remedy, Remedy::Money { .. }))
}

/// The decision as advice: nobody is asked or answered.
fn for_people(decision: Decision, recommendation: Option<Recommendation>) -> Decision {
    let basis = match (&decision.outcome, &recommendation) {
        (Outcome::Person { .. }, _) | (_, Some(_)) => decision.basis,
        (Outcome::Grant { .. } | Outcome::Refuse | Outcome::NeedsInformation { .. }, None) => {
            Basis::Unmatched
        }
    };
    let (offers, doors) = (Vec::new(), Vec::new());
    Decision { outcome: Outcome::Person { recommendation }, basis, offers, doors, ..decision }
}

/// What a text lets the company do against a dispute, and whether the records prove that it may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeasureAdvice {
    pub measure: DisputeMeasure,
    /// Whether each condition that the text writes is proved: a person decides.
    pub recommended: bool,
    /// The facts that are not known.
    pub missing: Vec<Fact>,
}

/// The measures of the policy against the dispute of a case (`S3-28`). One is recommended where every
/// condition of its rule is known and holds; whether the law lets a fee be recovered is never known.
pub fn measures(document: &Document, case: &Case) -> Vec<MeasureAdvice> {
    let Some(rule) = document.on_dispute.measures_by.as_deref() else { return Vec::new() };
    if !matches!(case.occasion, Some(Occasion::Dispute(_))) {
        return Vec::new();
    }
    let rule = document.rules.iter().find(|known| known.id == rule);
    let Some(rule) = rule else { return Vec::new() };
    let is_unknown = |fact: &Fact| case.facts.get(*fact).is_none();
    let unknown: Vec<Fact> = rule.condition.facts().into_iter().filter(is_unknown).collect();
    let found = case.decision.rules.iter().find(|found| found.rule == rule.id);
    let holds = found.is_some_and(|found| found.finding == Truth::Yes);
    let advice = |measure: &DisputeMeasure| {
        let by_law = [Fact::FeeRecoveryLawful].into_iter().filter(|fact| {
            *measure == DisputeMeasure::RecoverFee && case.facts.get(*fact) != Some(&true.into())
        });
        let missing: Vec<Fact> = unknown.iter().copied().chain(by_law).collect();
        MeasureAdvice { measure: *measure, recommended: holds && missing.is_empty(), missing }
    };
    document.on_dispute.measures.iter().map(advice).collect()
}
