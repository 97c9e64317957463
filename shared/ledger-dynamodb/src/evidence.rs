//! The evidence of a dispute: what a person staged and submitted, who and when.
//!
//! One item for each dispute, `EVIDENCE#<dispute>`. A submission is an intent first: it is written before
//! Stripe is asked, with all that its idempotency key is made of, and completed once Stripe has it. Every
//! write rests on the version that was read, so that of two people at once one is second.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{DisputeId, Timestamp};

use crate::item::{ABSENT, Item, ONLY, key, number, read_instant, read_number, read_text, text};
use crate::{StoreError, Tables};

const PREFIX: &str = "EVIDENCE#";

/// What people did about the evidence of a dispute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeEvidence {
    pub dispute: DisputeId,
    /// What a person adds to the record, in their own words; empty without.
    pub statement: String,
    /// Stripe's names of the fields that were staged or submitted last.
    pub fields: BTreeSet<String>,
    pub staged: Option<StagedEvidence>,
    /// An inquiry is answered once, and so is the dispute that it becomes.
    pub inquiry: Option<EvidenceSubmission>,
    pub chargeback: Option<EvidenceSubmission>,
    /// How often it was saved.
    pub version: u64,
}

/// Evidence that Stripe was asked to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedEvidence {
    /// The digest of what was staged.
    pub digest: String,
    /// The support person: the `sub` of the token.
    pub by: String,
    pub at: Timestamp,
}

/// Evidence that Stripe was asked to send to the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceSubmission {
    /// The digest of what the person read and submitted.
    pub digest: String,
    /// The support person: the `sub` of the token.
    pub by: String,
    /// When the person submitted it.
    pub at: Timestamp,
    /// Which idempotency key is in use: the version of the item that took it. Another one is taken only after
    /// the dispute shows that the earlier ones submitted nothing.
    pub key_number: u64,
    /// When Stripe was first asked with this key. Stripe keeps a key for at least 24 hours.
    pub asked_at: Timestamp,
    /// How often evidence had been submitted before, as Stripe counts.
    pub count_before: u32,
    /// When Stripe was known to have it; `None` while that is not known.
    pub done_at: Option<Timestamp>,
}

impl DisputeEvidence {
    /// Nothing was done about the evidence of this dispute.
    pub fn none(dispute: DisputeId) -> Self {
        Self {
            dispute,
            statement: String::new(),
            fields: BTreeSet::new(),
            staged: None,
            inquiry: None,
            chargeback: None,
            version: 0,
        }
    }
}

fn evidence_key(dispute: &DisputeId) -> String {
    format!("{PREFIX}{dispute}")
}

pub(crate) fn item(evidence: &DisputeEvidence) -> Item {
    let mut item = key(evidence_key(&evidence.dispute), ONLY);
    item.insert("version".to_owned(), number(evidence.version));
    if !evidence.statement.is_empty() {
        item.insert("statement".to_owned(), text(evidence.statement.as_str()));
    }
    if !evidence.fields.is_empty() {
        item.insert("fields".to_owned(), AttributeValue::Ss(evidence.fields.iter().cloned().collect()));
    }
    if let Some(staged) = &evidence.staged {
        item.insert("staged_digest".to_owned(), text(staged.digest.as_str()));
        item.insert("staged_by".to_owned(), text(staged.by.as_str()));
        item.insert("staged_at".to_owned(), number(staged.at.as_ms()));
    }
    for (stage, submission) in [(INQUIRY, &evidence.inquiry), (CHARGEBACK, &evidence.chargeback)] {
        let Some(submission) = submission else { continue };
        item.insert(stage.digest.to_owned(), text(submission.digest.as_str()));
        item.insert(stage.by.to_owned(), text(submission.by.as_str()));
        item.insert(stage.at.to_owned(), number(submission.at.as_ms()));
        item.insert(stage.key_number.to_owned(), number(submission.key_number));
        item.insert(stage.asked_at.to_owned(), number(submission.asked_at.as_ms()));
        item.insert(stage.count_before.to_owned(), number(submission.count_before));
        if let Some(done_at) = submission.done_at {
            item.insert(stage.done_at.to_owned(), number(done_at.as_ms()));
        }
    }
    item
}

pub(crate) fn read(item: &Item) -> Result<DisputeEvidence, StoreError> {
    let dispute = read_text(item, "pk")?.strip_prefix(PREFIX).and_then(|id| DisputeId::new(id).ok());
    let statement = item.contains_key("statement").then(|| read_text(item, "statement")).transpose()?;
    let fields = match item.get("fields") {
        Some(AttributeValue::Ss(names)) => names.iter().cloned().collect(),
        None => BTreeSet::new(),
        Some(_) => return Err(StoreError::Unreadable("fields")),
    };
    let staged = || -> Result<StagedEvidence, StoreError> {
        Ok(StagedEvidence {
            digest: read_text(item, "staged_digest")?.to_owned(),
            by: read_text(item, "staged_by")?.to_owned(),
            at: read_instant(item, "staged_at")?,
        })
    };
    Ok(DisputeEvidence {
        dispute: dispute.ok_or(StoreError::Unreadable("pk"))?,
        statement: statement.unwrap_or_default().to_owned(),
        fields,
        staged: item.contains_key("staged_at").then(staged).transpose()?,
        inquiry: submission(item, INQUIRY)?,
        chargeback: submission(item, CHARGEBACK)?,
        version: read_number(item, "version")?,
    })
}

/// The names of a submission's attributes.
#[derive(Clone, Copy)]
struct Stage {
    digest: &'static str,
    by: &'static str,
    at: &'static str,
    key_number: &'static str,
    asked_at: &'static str,
    count_before: &'static str,
    done_at: &'static str,
}

const INQUIRY: Stage = Stage {
    digest: "inquiry_digest",
    by: "inquiry_by",
    at: "inquiry_at",
    key_number: "inquiry_key_number",
    asked_at: "inquiry_asked_at",
    count_before: "inquiry_count_before",
    done_at: "inquiry_done_at",
};

const CHARGEBACK: Stage = Stage {
    digest: "chargeback_digest",
    by: "chargeback_by",
    at: "chargeback_at",
    key_number: "chargeback_key_number",
    asked_at: "chargeback_asked_at",
    count_before: "chargeback_count_before",
    done_at: "chargeback_done_at",
};

fn submission(item: &Item, stage: Stage) -> Result<Option<EvidenceSubmission>, StoreError> {
    if !item.contains_key(stage.at) {
        return Ok(None);
    }
    Ok(Some(EvidenceSubmission {
        digest: read_text(item, stage.digest)?.to_owned(),
        by: read_text(item, stage.by)?.to_owned(),
        at: read_instant(item, stage.at)?,
        key_number: read_number(item, stage.key_number)?,
        asked_at: read_instant(item, stage.asked_at)?,
        count_before: read_number(item, stage.count_before)?,
        done_at: item.contains_key(stage.done_at).then(|| read_instant(item, stage.done_at)).transpose()?,
    }))
}

impl Tables {
    /// What people did about the evidence of a dispute; `None` if that is nothing.
    pub async fn evidence_of(&self, dispute: &DisputeId) -> Result<Option<DisputeEvidence>, StoreError> {
        let item = self.get(&self.requests, evidence_key(dispute)).await?;
        item.map(|item| read(&item)).transpose()
    }

    /// Writes it as the version after the one that was read, and says whether it was written: not if somebody
    /// else was first.
    pub async fn save_evidence(&self, evidence: &DisputeEvidence) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item(evidence)));
        let put = match evidence.version.saturating_sub(1) {
            0 => put.condition_expression(ABSENT),
            before => put
                .condition_expression("#version = :before")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":before", number(before)),
        };
        self.write(|| put.clone().send()).await
    }
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;
    use crate::in_process;

    #[tokio::test]
    async fn of_two_writers_of_one_version_the_second_writes_nothing() {
        let (tables, _) = in_process::tables().await;
        let dispute = DisputeId::new("du_1").unwrap();
        assert_eq!(tables.evidence_of(&dispute).await.unwrap(), None);
        let staged = StagedEvidence { digest: "d".to_owned(), by: "agent-1".to_owned(), at: at(5) };
        let first = DisputeEvidence {
            statement: "Seen by me.".to_owned(),
            fields: ["service_date".to_owned()].into(),
            staged: Some(staged),
            version: 1,
            ..DisputeEvidence::none(dispute.clone())
        };
        assert!(tables.save_evidence(&first).await.unwrap());
        let late = DisputeEvidence { version: 1, ..DisputeEvidence::none(dispute.clone()) };
        assert!(!tables.save_evidence(&late).await.unwrap());
        assert_eq!(tables.evidence_of(&dispute).await.unwrap(), Some(first.clone()));
        let submission = EvidenceSubmission {
            digest: "d".to_owned(),
            by: "agent-2".to_owned(),
            at: at(6),
            key_number: 1,
            asked_at: at(6),
            count_before: 0,
            done_at: None,
        };
        let second = DisputeEvidence { chargeback: Some(submission), version: 2, ..first.clone() };
        assert!(tables.save_evidence(&second).await.unwrap());
        assert!(!tables.save_evidence(&DisputeEvidence { version: 2, ..first }).await.unwrap());
        assert_eq!(tables.evidence_of(&dispute).await.unwrap(), Some(second));
    }
}
