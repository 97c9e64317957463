//! Adjustments of accounts: one item each, in the indexes of the requests under keys of their own.
//!
//! `account` is `ADJUSTMENTS#<account>` there: no account's id has a `#`, so that no list of requests holds
//! an adjustment. `queue` is [`QUEUE`] as long as nobody has decided.

use adjustments::{
    AdjustedBy, Adjustment, AdjustmentPlace, AdjustmentSave, AdjustmentSaveOutcome, AdjustmentStage,
    AdjustmentStore, AdjustmentTerms, Person,
};
use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use ledger::{
    AccountId, AdjustmentId, AdjustmentKind, CommitOutcome, Credits, GrantPurpose, LotId, PolicyRef,
    Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::Tables;
use crate::error::StoreError;
use crate::item::{ABSENT, Item, ONLY, key, read_text, text};
use crate::scalar::{credits, id, instant};
use crate::transaction::{TransactionOutcome, put, put_write};

/// The partition of the adjustments that wait for a second person. It is one, as that of the requests that
/// wait for people.
const QUEUE: &str = "adjustments";

/// What is stored of an adjustment.
#[derive(Serialize, Deserialize)]
struct AdjustmentForm {
    id: String,
    account: String,
    kind: KindForm,
    product: String,
    clause: String,
    reason: String,
    /// Document and version.
    policy: (String, String),
    submitted: ByForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    applied: Option<AppliedForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<RefusedForm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts_within_s: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindForm {
    Grant { credits: u64, purpose: String, expires_at: Option<i64> },
    TakeBack { lot: u32, credits: u64 },
    DebtWriteOff { credits: u64 },
    ExpiryMove { lot: u32, expires_at: Option<i64> },
    Suspension,
    Resumption,
}

/// Whether it is an operator, the name, and when.
#[derive(Serialize, Deserialize)]
struct ByForm(bool, String, i64);

#[derive(Serialize, Deserialize)]
struct AppliedForm {
    entry: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    approved: Option<ByForm>,
}

#[derive(Serialize, Deserialize)]
struct RefusedForm {
    by: ByForm,
    reason: String,
}

impl ByForm {
    fn of(by: &AdjustedBy) -> Self {
        Self(matches!(by.person, Person::Operator(_)), by.person.name().to_owned(), by.at.as_ms())
    }

    fn read(self) -> Result<AdjustedBy, StoreError> {
        let Self(is_operator, name, at) = self;
        let person = if is_operator { Person::Operator(name) } else { Person::Support(name) };
        Ok(AdjustedBy { person, at: instant(at)? })
    }
}

impl KindForm {
    fn of(kind: AdjustmentKind) -> Self {
        let ms = |at: Option<Timestamp>| at.map(Timestamp::as_ms);
        match kind {
            AdjustmentKind::Grant { credits, purpose, expires_at } => Self::Grant {
                credits: credits.get(),
                purpose: purpose.as_str().to_owned(),
                expires_at: ms(expires_at),
            },
            AdjustmentKind::TakeBack { lot, credits } => {
                Self::TakeBack { lot: lot.0, credits: credits.get() }
            }
            AdjustmentKind::DebtWriteOff { credits } => Self::DebtWriteOff { credits: credits.get() },
            AdjustmentKind::ExpiryMove { lot, expires_at } => {
                Self::ExpiryMove { lot: lot.0, expires_at: ms(expires_at) }
            }
            AdjustmentKind::Suspension => Self::Suspension,
            AdjustmentKind::Resumption => Self::Resumption,
        }
    }

    fn read(self) -> Result<AdjustmentKind, StoreError> {
        let at = |ms: Option<i64>| ms.map(instant).transpose();
        let given = |count: u64| -> Result<Credits, StoreError> { credits(count) };
        Ok(match self {
            Self::Grant { credits, purpose, expires_at } => AdjustmentKind::Grant {
                credits: given(credits)?,
                purpose: GrantPurpose::parse(&purpose).ok_or(StoreError::Unreadable("purpose"))?,
                expires_at: at(expires_at)?,
            },
            Self::TakeBack { lot, credits } => {
                AdjustmentKind::TakeBack { lot: LotId(lot), credits: given(credits)? }
            }
            Self::DebtWriteOff { credits } => AdjustmentKind::DebtWriteOff { credits: given(credits)? },
            Self::ExpiryMove { lot, expires_at } => {
                AdjustmentKind::ExpiryMove { lot: LotId(lot), expires_at: at(expires_at)? }
            }
            Self::Suspension => AdjustmentKind::Suspension,
            Self::Resumption => AdjustmentKind::Resumption,
        })
    }
}

fn encode(adjustment: &Adjustment) -> Result<String, StoreError> {
    let AdjustmentTerms { kind, product, clause, reason } = &adjustment.terms;
    let (applied, refused) = match &adjustment.stage {
        AdjustmentStage::Waiting => (None, None),
        AdjustmentStage::Applied { entry, approved } => {
            (Some(AppliedForm { entry: *entry, approved: approved.as_ref().map(ByForm::of) }), None)
        }
        AdjustmentStage::Refused { refused, reason } => {
            (None, Some(RefusedForm { by: ByForm::of(refused), reason: reason.clone() }))
        }
    };
    Ok(serde_json::to_string(&AdjustmentForm {
        id: adjustment.id.as_str().to_owned(),
        account: adjustment.account.as_str().to_owned(),
        kind: KindForm::of(*kind),
        product: product.as_str().to_owned(),
        clause: clause.clone(),
        reason: reason.clone(),
        policy: (adjustment.policy.document.clone(), adjustment.policy.version.clone()),
        submitted: ByForm::of(&adjustment.submitted),
        applied,
        refused,
        counts_within_s: adjustment.counts_within_s,
    })?)
}

fn decode(body: &str) -> Result<Adjustment, StoreError> {
    let form: AdjustmentForm = serde_json::from_str(body)?;
    let stage = match (form.applied, form.refused) {
        (Some(AppliedForm { entry, approved }), None) => {
            AdjustmentStage::Applied { entry, approved: approved.map(ByForm::read).transpose()? }
        }
        (None, Some(RefusedForm { by, reason })) => AdjustmentStage::Refused { refused: by.read()?, reason },
        (None, None) => AdjustmentStage::Waiting,
        (Some(_), Some(_)) => return Err(StoreError::Unreadable("stage")),
    };
    let (document, version) = form.policy;
    Ok(Adjustment {
        id: id(&form.id)?,
        account: id(&form.account)?,
        terms: AdjustmentTerms {
            kind: form.kind.read()?,
            product: id(&form.product)?,
            clause: form.clause,
            reason: form.reason,
        },
        policy: PolicyRef { document, version },
        submitted: form.submitted.read()?,
        stage,
        counts_within_s: form.counts_within_s,
    })
}

fn adjustment_key(id: &AdjustmentId) -> String {
    format!("ADJUSTMENT#{id}")
}

fn list_key(account: &AccountId) -> String {
    format!("ADJUSTMENTS#{account}")
}

/// Thirteen digits of milliseconds keep the places in order.
fn place_key((at, id): (Timestamp, &AdjustmentId)) -> String {
    format!("{:013}#{id}", at.as_ms())
}

fn adjustment_item(adjustment: &Adjustment) -> Result<Item, StoreError> {
    let (body, place) = (encode(adjustment)?, place_key((adjustment.submitted.at, &adjustment.id)));
    let mut item = key(adjustment_key(&adjustment.id), ONLY);
    item.insert("account".to_owned(), text(list_key(&adjustment.account)));
    item.insert("submitted".to_owned(), text(&*place));
    // What the condition of a decision is held against: nothing of it is taken from the save itself.
    item.insert("submitted_by".to_owned(), text(adjustment.submitted.person.key()));
    item.insert("adjusts".to_owned(), text(adjustment.account.as_str()));
    if adjustment.stage == AdjustmentStage::Waiting {
        item.insert("queue".to_owned(), text(QUEUE));
        item.insert("place".to_owned(), text(place));
        item.insert("waiting".to_owned(), text(&*body));
    }
    item.insert("body".to_owned(), text(body));
    Ok(item)
}

fn adjustment(item: &Item) -> Result<Adjustment, StoreError> {
    decode(read_text(item, "body")?)
}

impl Tables {
    /// The writes of a save: the adjustment first, then the ledger's, then the counts.
    fn adjustment_writes(&self, save: &AdjustmentSave) -> Result<Vec<TransactWriteItem>, StoreError> {
        let written = put(&self.requests, adjustment_item(&save.adjustment)?);
        let written = match save.adjustment.decided() {
            None => written.condition_expression(ABSENT),
            // The condition enforces that somebody else decides, and that nobody has before.
            Some(decided) => written
                .condition_expression("queue = :waits AND submitted_by <> :person AND adjusts <> :name")
                .expression_attribute_values(":waits", text(QUEUE))
                .expression_attribute_values(":person", text(decided.person.key()))
                .expression_attribute_values(":name", text(decided.person.name())),
        };
        let returned = ReturnValuesOnConditionCheckFailure::AllOld;
        let mut writes = vec![put_write(written.return_values_on_condition_check_failure(returned))];
        if let Some(commit) = &save.commit {
            writes.extend(self.writes(commit)?);
        }
        for count in save.counting.iter().flat_map(|counting| &counting.counts) {
            writes.push(self.count_write(count)?);
        }
        Ok(writes)
    }

    fn adjustment_refused(
        save: &AdjustmentSave,
        position: usize,
        existing: Option<Item>,
    ) -> Result<AdjustmentSaveOutcome, StoreError> {
        let Some(position) = position.checked_sub(1) else {
            let Some(existing) = existing else {
                // A decision about an adjustment that is not there.
                return Err(StoreError::Unreadable("existing adjustment"));
            };
            let existing = adjustment(&existing)?;
            // The reply to an earlier try of this very save was lost.
            return Ok(if existing == save.adjustment {
                AdjustmentSaveOutcome::Written
            } else if existing.stage == AdjustmentStage::Waiting && save.adjustment.decided().is_some() {
                AdjustmentSaveOutcome::NotAllowed
            } else {
                AdjustmentSaveOutcome::Stale(Box::new(existing))
            });
        };
        match &save.commit {
            Some(commit) => Ok(AdjustmentSaveOutcome::Ledger(Self::refused(commit, position, existing)?)),
            None => Err(StoreError::Unreadable("condition")),
        }
    }
}

impl AdjustmentStore for Tables {
    async fn adjustment(&self, id: &AdjustmentId) -> Result<Option<Adjustment>, StoreError> {
        let item = self.get(&self.requests, adjustment_key(id)).await?;
        item.map(|item| adjustment(&item)).transpose()
    }

    async fn adjustments_of(
        &self,
        account: &AccountId,
        before: Option<AdjustmentPlace>,
        limit: u16,
    ) -> Result<Vec<Adjustment>, StoreError> {
        let before = before.map_or_else(|| "~".to_owned(), |(at, id)| place_key((at, &id)));
        let query = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("account")
            .key_condition_expression("account = :account AND submitted < :before")
            .expression_attribute_values(":account", text(list_key(account)))
            .expression_attribute_values(":before", text(before))
            .scan_index_forward(false);
        self.items(&query, limit).await?.iter().map(adjustment).collect()
    }

    async fn undecided_adjustments(
        &self,
        submitted_after: Timestamp,
        after: Option<AdjustmentPlace>,
        limit: u16,
    ) -> Result<Vec<Adjustment>, StoreError> {
        // Behind every place of that instant: `~` is above what an id begins with.
        let first = format!("{:013}#~", submitted_after.as_ms());
        let after = after.map(|(at, id)| place_key((at, &id))).unwrap_or_default().max(first);
        let query = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("queue")
            .key_condition_expression("queue = :queue AND place > :after")
            .expression_attribute_values(":queue", text(QUEUE))
            .expression_attribute_values(":after", text(after));
        let items = self.items(&query, limit).await?;
        items.iter().map(|item| decode(read_text(item, "waiting")?)).collect()
    }

    async fn save_adjustment(&self, save: &AdjustmentSave) -> Result<AdjustmentSaveOutcome, StoreError> {
        let writes = self.adjustment_writes(save)?;
        let counts = save.counting.as_ref().map_or(0, |counting| counting.counts.len());
        let counts_from = writes.len().saturating_sub(counts);
        match self.transact(writes).await? {
            TransactionOutcome::Written => Ok(AdjustmentSaveOutcome::Written),
            TransactionOutcome::Refused(position, _) if position >= counts_from => {
                Ok(AdjustmentSaveOutcome::CountMoved)
            }
            TransactionOutcome::Refused(position, existing) => {
                Self::adjustment_refused(save, position, existing)
            }
            TransactionOutcome::Contended => Ok(AdjustmentSaveOutcome::Ledger(CommitOutcome::Contended)),
        }
    }
}
