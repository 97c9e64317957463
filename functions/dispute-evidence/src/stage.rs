//! Staging: `PUT /v1/disputes/{dispute}/evidence` keeps the evidence at Stripe, where nothing is sent yet.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::secrets::SecretSource;
use ledger_dynamodb::{DisputeEvidence, StagedEvidence};
use serde::Deserialize;
use stripe_api::{EvidenceOrder, IdempotencyKey};

use crate::app::{Evidence, Worked};
use crate::failure::{conflict, stripe_failed};
use crate::fields::STATEMENT_CHARACTERS_MAX;
use crate::standing::{Stage, closed_because};
use crate::view::{Assembled, answer};

/// A statement of the longest length in four-byte characters, with JSON's escapes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// Stripe's names of the fields that this function fills; no other name goes out.
const FIELDS: [&str; 9] = [
    "access_activity_log",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "duplicate_charge_explanation",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "uncategorized_text",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageBody {
    /// What a person adds, in their own words; none takes an earlier one away.
    #[serde(default)]
    statement: String,
}

/// Stages the evidence with a person's statement. It can be repeated, until evidence is submitted.
pub(crate) async fn stage<S: SecretSource + Sync>(
    app: &Evidence<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = app.support(request, invocation)?;
    let body: StageBody = request.json(BODY_BYTES_MAX)?;
    let statement = body.statement.trim();
    if statement.chars().count() > STATEMENT_CHARACTERS_MAX {
        let expected = format!("expected at most {STATEMENT_CHARACTERS_MAX} characters");
        return Err(Problem::new(ProblemKind::Unprocessable).field("#/statement", expected));
    }
    let mut worked = app.open(&caller, request, invocation).await?;
    if Stage::of(&worked.record.dispute).submission(&worked.stored).is_some() {
        return Err(conflict("evidence was submitted, or is being submitted; read it again"));
    }
    if let Some(why) = closed_because(&worked.record.dispute, worked.now) {
        return Err(conflict(why));
    }
    statement.clone_into(&mut worked.stored.statement);
    let assembled = Assembled::of(&worked.record, statement)?;
    let order = order(&worked, &assembled, false);
    worked.stored.fields =
        order.texts.iter().filter(|(_, text)| !text.is_empty()).map(|(name, _)| (*name).to_owned()).collect();
    let digest = assembled.digest.clone();
    worked.stored.staged = Some(StagedEvidence { digest, by: worked.by.clone(), at: worked.now });
    app.save(&mut worked.stored).await?;
    // Every version is staged once, and the newest one last.
    let key = format!("makegood-staged-{}-{}", order.dispute, worked.stored.version);
    let key = IdempotencyKey::new(key).map_err(Problem::internal)?;
    worked.record.dispute = worked.stripe.give_evidence(&order, &key).await.map_err(stripe_failed)?;
    invocation.metrics().count("EvidenceStaged", 1);
    tracing::info!(outcome = "staged", "evidence of a dispute");
    Ok(answer(&worked, &assembled))
}

/// What Stripe is asked to keep or to send: all fields, and those emptied that were staged before and say
/// nothing any more.
pub(crate) fn order(worked: &Worked, assembled: &Assembled, submit: bool) -> EvidenceOrder {
    let stored: &DisputeEvidence = &worked.stored;
    let text = |name: &&'static str| {
        let filled = assembled.filled.fields.iter().find(|field| field.field == *name);
        filled.map(|field| field.text.clone()).or_else(|| stored.fields.contains(*name).then(String::new))
    };
    let texts = FIELDS.iter().filter_map(|name| Some((*name, text(name)?))).collect();
    EvidenceOrder { dispute: worked.record.dispute.id.clone(), texts, submit }
}
