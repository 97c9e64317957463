//! Submitting: `POST /v1/disputes/{dispute}/evidence/submission` sends the evidence to the bank, once.
//!
//! The intent is written before Stripe is asked, with the digest that the person read. Every attempt reads
//! the dispute first: Stripe's count of submissions says whether an earlier attempt was carried out, also if
//! its answer was lost. What is asked again goes out under the same idempotency key while Stripe keeps it.

use lambda::Invocation;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::secrets::SecretSource;
use ledger_dynamodb::EvidenceSubmission;
use serde::Deserialize;
use stripe_api::{Decline, IdempotencyKey, Retry, StripeError};

use crate::app::{Evidence, Worked};
use crate::failure::{conflict, stripe_failed};
use crate::stage::order;
use crate::standing::{Stage, closed_because, is_done};
use crate::view::{Assembled, answer};

/// A digest, with room for white space.
const BODY_BYTES_MAX: usize = 1024;
/// Stripe keeps an idempotency key for at least 24 hours; an hour is left for clocks and waiting.
const KEY_S: i64 = 23 * 60 * 60;
/// How long an attempt may still be on its way to Stripe: as long as the function runs.
const ATTEMPT_S: i64 = 60;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubmissionBody {
    /// The digest of what the person read.
    digest: String,
}

/// Submits the evidence as the person read it.
pub(crate) async fn submit<S: SecretSource + Sync>(
    app: &Evidence<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = app.support(request, invocation)?;
    let body: SubmissionBody = request.json(BODY_BYTES_MAX)?;
    let mut worked = app.open(&caller, request, invocation).await?;
    let stage = Stage::of(&worked.record.dispute);
    let assembled = Assembled::of(&worked.record, &worked.stored.statement)?;
    let known = stage.submission(&worked.stored).cloned();
    if let Some(known) = known.as_ref().filter(|known| is_done(known, &worked.record.dispute)) {
        let is_news = known.done_at.is_none();
        if is_news {
            complete(app, &mut worked, stage, known).await?;
        }
        // The answer to this person's own order was lost.
        if is_news && known.digest == body.digest && known.by == worked.by {
            return Ok(answer(&worked, &assembled));
        }
        return Err(conflict("the evidence was submitted before, and the bank takes it once"));
    }
    if let Some(why) = closed_because(&worked.record.dispute, worked.now) {
        return Err(conflict(why));
    }
    if assembled.digest != body.digest {
        return Err(conflict("the record or the statement is not what was read; read it again"));
    }
    let intent = intent(&worked, known.as_ref(), &assembled.digest)?;
    if known.as_ref() != Some(&intent) {
        stage.record(&mut worked.stored, Some(intent.clone()));
        app.save(&mut worked.stored).await?;
    }
    let order = order(&worked, &assembled, true);
    let key = format!("makegood-evidence-{}-{}-{}", order.dispute, stage.as_str(), intent.key_number);
    let key = IdempotencyKey::new(key).map_err(Problem::internal)?;
    match worked.stripe.give_evidence(&order, &key).await {
        Ok(dispute) => {
            worked.record.dispute = dispute;
            complete(app, &mut worked, stage, &intent).await?;
            invocation.metrics().count("EvidenceSubmitted", 1);
            tracing::info!(outcome = "submitted", stage = stage.as_str(), "evidence of a dispute");
            Ok(answer(&worked, &assembled))
        }
        Err(error) => Err(not_submitted(app, &mut worked, stage, intent, error).await),
    }
}

/// What is recorded before Stripe is asked. An intent that is open stays the same while it says the same.
fn intent(
    worked: &Worked,
    known: Option<&EvidenceSubmission>,
    digest: &str,
) -> Result<EvidenceSubmission, Problem> {
    let now = worked.now;
    let new = || EvidenceSubmission {
        digest: digest.to_owned(),
        by: worked.by.clone(),
        at: now,
        key_number: next_key(worked),
        asked_at: now,
        count_before: worked.record.dispute.submission_count,
        done_at: None,
    };
    let Some(known) = known else { return Ok(new()) };
    let age_s = now.seconds_since(known.asked_at);
    if known.digest == digest {
        let same = known.clone();
        return Ok(if age_s < KEY_S { same } else { with_key(same, worked) });
    }
    if age_s < ATTEMPT_S {
        let detail = "another submission of this evidence may be on its way; read it again after a minute";
        return Err(Problem::new(ProblemKind::RequestInProgress).detail(detail));
    }
    // The dispute shows that nothing was submitted, and what the person read has changed since.
    Ok(new())
}

/// A key that no attempt has used: of the version that is written with it.
fn next_key(worked: &Worked) -> u64 {
    worked.stored.version.saturating_add(1)
}

fn with_key(intent: EvidenceSubmission, worked: &Worked) -> EvidenceSubmission {
    EvidenceSubmission { key_number: next_key(worked), asked_at: worked.now, ..intent }
}

/// Records that Stripe has it.
async fn complete<S: SecretSource + Sync>(
    app: &Evidence<S>,
    worked: &mut Worked,
    stage: Stage,
    submission: &EvidenceSubmission,
) -> Result<(), Problem> {
    let done = EvidenceSubmission { done_at: Some(worked.now), ..submission.clone() };
    stage.record(&mut worked.stored, Some(done));
    app.save(&mut worked.stored).await
}

/// What Stripe's failure means for the intent: what Stripe declined is no submission, and everything else may
/// have been one, which the next attempt sees at the dispute.
async fn not_submitted<S: SecretSource + Sync>(
    app: &Evidence<S>,
    worked: &mut Worked,
    stage: Stage,
    intent: EvidenceSubmission,
    error: StripeError,
) -> Problem {
    let (left, problem) = match error {
        error @ StripeError::Declined(Decline::Other { .. }) => {
            tracing::warn!(outcome = "declined", "evidence of a dispute");
            (None, stripe_failed(error))
        }
        error if error.retryable() == Retry::FreshKeyAfterListing => {
            (Some(with_key(intent, worked)), Problem::unavailable(error))
        }
        error => return stripe_failed(error),
    };
    stage.record(&mut worked.stored, left);
    match app.save(&mut worked.stored).await {
        Ok(()) => problem,
        Err(failed) => failed,
    }
}
