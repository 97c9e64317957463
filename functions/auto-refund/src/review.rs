//! The refund request that is opened where the policy wants a person to look at a generation's ending
//! (`S2-5`, `S2-6`).

use ledger::{AccountId, Actor, Hold, RefundRequestId, Timestamp};
use policy::{Document, Fact, FactError, Facts, FailureKind, Outcome, Reason, Recommendation, decide};
use refunds::{Case, Request, fingerprint, request_id};

/// The request of one generation. The space keeps it apart from customers' idempotency keys, which have
/// none.
pub(crate) fn id_of(account: &AccountId, hold: &Hold) -> RefundRequestId {
    request_id(account, &format!("generation {}", hold.generation))
}

/// A request in review, with the policy's decision on what is recorded of the generation.
pub(crate) fn open(
    account: &AccountId,
    hold: &Hold,
    (kind, code): (FailureKind, Option<&str>),
    document: &Document,
    now: Timestamp,
) -> Result<Request, FactError> {
    let facts = facts(hold, kind, document, now)?;
    let mut decision = decide(document, &facts, Reason::GenerationFailed, now.as_ms());
    // The policy has sent this ending to a person, so what its rules would do by themselves is advice.
    decision.outcome = Outcome::Person {
        recommendation: match decision.outcome {
            Outcome::Grant { remedy } => Some(Recommendation::Grant { remedy }),
            Outcome::Refuse => Some(Recommendation::Refuse),
            Outcome::Person { recommendation } => recommendation,
            Outcome::NeedsInformation { .. } => None,
        },
    };
    let code = code.map(|code| format!(", code `{code}`")).unwrap_or_default();
    let case = Case {
        payment: None,
        generation: Some(hold.generation.clone()),
        reason: Reason::GenerationFailed,
        note: format!(
            "Opened by itself: the generation of `{}` was reported as {}{code}.",
            hold.operation,
            kind.id()
        ),
        fingerprint: fingerprint(&["generation", hold.generation.as_str()]),
        facts,
        decision,
    };
    let whose = (id_of(account, hold), account.clone());
    let mut request = Request::open(whose, Actor::Policy, case, document, now);
    request.keep_time(Some(document));
    Ok(request)
}

/// What is recorded. Nobody was asked for an e-mail address or an order, so both stay unknown.
fn facts(hold: &Hold, kind: FailureKind, document: &Document, now: Timestamp) -> Result<Facts, FactError> {
    let mut facts = Facts::new();
    facts.set(Fact::RequestedAt, now.as_ms())?;
    facts.set(Fact::NoteGiven, true)?;
    facts.set(Fact::Product, hold.product.as_str())?;
    facts.set(Fact::PaymentNamed, false)?;
    facts.set(Fact::GenerationNamed, true)?;
    facts.set(Fact::GenerationCovered, document.operation(&hold.operation).is_some())?;
    let outcome = match kind {
        FailureKind::ProviderError | FailureKind::OwnError => "failed",
        FailureKind::EmptySuccess => "empty_success",
        FailureKind::HoldTimeout => "timed_out",
        FailureKind::ModerationBlock => "blocked",
        FailureKind::PartialResult => "partial",
    };
    facts.set(Fact::GenerationOutcome, outcome)?;
    if let Ok(credits) = hold.credits() {
        facts.set_quantity(Fact::GenerationCreditsCharged, credits.get())?;
    }
    facts.set_quantity(Fact::GenerationCreditsReturned, 0)?;
    Ok(facts)
}
