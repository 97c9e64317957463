//! The published form of a dispute's evidence: typed parts as JSON, or one text to read.

use lambda::Invocation;
use lambda::http::{Problem, Request, Response};
use lambda::secrets::SecretSource;
use ledger_dynamodb::{DisputeEvidence, EvidenceSubmission, StagedEvidence};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::app::{Evidence, Worked};
use crate::document::Document;
use crate::fields::{Field, Filled, Missing};
use crate::markdown::markdown;
use crate::policy_text::hex;
use crate::record::Record;
use crate::standing::{Stage, closed_because, is_done};

/// The document with the fields that it fills, and the digest of both.
pub(crate) struct Assembled {
    pub(crate) document: Document,
    pub(crate) filled: Filled,
    /// SHA-256 of the document and of the fields, as JSON; lower-case hexadecimal.
    pub(crate) digest: String,
}

impl Assembled {
    pub(crate) fn of(record: &Record, statement: &str) -> Result<Self, Problem> {
        let document = Document::of(record);
        let filled = Filled::of(&document, statement);
        let bytes = serde_json::to_vec(&(&document, &filled.fields)).map_err(Problem::internal)?;
        Ok(Self { document, filled, digest: hex(&Sha256::digest(&bytes)) })
    }
}

/// Where the evidence stands.
#[derive(Serialize)]
struct StateAnswer<'a> {
    dispute: &'a str,
    /// What a submission has to name: the same record and statement have the same digest.
    digest: &'a str,
    at_stripe: StripeAnswer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    staged: Option<StagedAnswer<'a>>,
    submissions: Vec<SubmissionAnswer<'a>>,
}

#[derive(Serialize)]
struct EvidenceAnswer<'a> {
    #[serde(flatten)]
    state: StateAnswer<'a>,
    document: &'a Document,
    /// What a person adds.
    statement: &'a str,
    /// Stripe's fields that are filled.
    fields: &'a [Field],
    missing: &'a [Missing],
}

#[derive(Serialize)]
struct StripeAnswer<'a> {
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_by: Option<String>,
    takes_evidence: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_because: Option<&'static str>,
    has_evidence: bool,
    submission_count: u32,
}

#[derive(Serialize)]
struct StagedAnswer<'a> {
    digest: &'a str,
    by: &'a str,
    at: String,
    /// Whether the record still says what was staged.
    current: bool,
}

#[derive(Serialize)]
struct SubmissionAnswer<'a> {
    /// `inquiry` or `chargeback`: each is answered once.
    stage: &'static str,
    digest: &'a str,
    by: &'a str,
    at: String,
    /// `submitted`, or `unknown` while it is not known whether Stripe has it.
    state: &'static str,
}

/// Answers what is on record of a dispute: JSON, or Markdown where the caller asks for a text.
pub(crate) async fn read<S: SecretSource + Sync>(
    app: &Evidence<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let caller = app.support(request, invocation)?;
    let worked = app.open(&caller, request, invocation).await?;
    let assembled = Assembled::of(&worked.record, &worked.stored.statement)?;
    let Some(media_type) = text_type(request) else {
        let body = EvidenceAnswer {
            state: state(&worked, &assembled),
            document: &assembled.document,
            statement: &worked.stored.statement,
            fields: &assembled.filled.fields,
            missing: &assembled.filled.missing,
        };
        return Ok(Response::json(200, &body));
    };
    let text = markdown(&assembled.document, &assembled.filled, &state_lines(&worked), &assembled.digest);
    Ok(Response::text(200, media_type, text))
}

/// The type of the text that the caller asks for; `None` for JSON.
fn text_type(request: &Request<'_>) -> Option<&'static str> {
    let accepted = request.header("accept")?;
    let mut types = accepted.split(',').map(|each| each.split(';').next().unwrap_or_default().trim());
    types.find_map(|each| match each {
        "text/markdown" => Some("text/markdown; charset=utf-8"),
        "text/plain" => Some("text/plain; charset=utf-8"),
        _ => None,
    })
}

/// What staging and submitting answer: where the evidence stands now.
pub(crate) fn answer(worked: &Worked, assembled: &Assembled) -> Response {
    Response::json(200, &state(worked, assembled))
}

fn state<'a>(worked: &'a Worked, assembled: &'a Assembled) -> StateAnswer<'a> {
    let (dispute, stored) = (&worked.record.dispute, &worked.stored);
    let closed = closed_because(dispute, worked.now);
    StateAnswer {
        dispute: dispute.id.as_str(),
        digest: &assembled.digest,
        at_stripe: StripeAnswer {
            status: dispute.status.as_str(),
            due_by: dispute.due_by.map(|at| at.to_string()),
            takes_evidence: closed.is_none(),
            closed_because: closed,
            has_evidence: dispute.has_evidence,
            submission_count: dispute.submission_count,
        },
        staged: stored.staged.as_ref().map(|staged| staged_answer(staged, &assembled.digest)),
        submissions: submissions(worked),
    }
}

fn staged_answer<'a>(staged: &'a StagedEvidence, digest: &str) -> StagedAnswer<'a> {
    StagedAnswer {
        digest: &staged.digest,
        by: &staged.by,
        at: staged.at.to_string(),
        current: staged.digest == digest,
    }
}

fn submissions(worked: &Worked) -> Vec<SubmissionAnswer<'_>> {
    let stored: &DisputeEvidence = &worked.stored;
    let shown = |stage: Stage| {
        let submission: &EvidenceSubmission = stage.submission(stored)?;
        // Of an earlier stage, Stripe's count says nothing any more.
        let is_now = Stage::of(&worked.record.dispute) == stage;
        let done = submission.done_at.is_some() || is_now && is_done(submission, &worked.record.dispute);
        Some(SubmissionAnswer {
            stage: stage.as_str(),
            digest: &submission.digest,
            by: &submission.by,
            at: submission.at.to_string(),
            state: if done { "submitted" } else { "unknown" },
        })
    };
    [Stage::Inquiry, Stage::Chargeback].into_iter().filter_map(shown).collect()
}

/// How the dispute stands, for the text.
fn state_lines(worked: &Worked) -> Vec<String> {
    let dispute = &worked.record.dispute;
    let due_by = dispute.due_by.map(|at| format!(", answer due by {at}")).unwrap_or_default();
    let mut lines = vec![format!("Status at Stripe: `{}`{due_by}.", dispute.status.as_str())];
    lines.extend(closed_because(dispute, worked.now).map(|why| format!("No evidence can be given: {why}.")));
    lines.extend(
        submissions(worked)
            .iter()
            .map(|each| format!("Submitted ({}) by {} on {}: {}.", each.stage, each.by, each.at, each.state)),
    );
    lines
}
