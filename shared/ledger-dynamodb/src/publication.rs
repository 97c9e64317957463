//! Published versions of policies: each is an item that is written once and never again, and a head says how
//! many there are.
//!
//! Policies table, keys as in the ledger table: `POLICIES` with `DOCUMENT#<document>#<version>`, which holds
//! `form`, `source` (what people wrote), `body` (the checked document as JSON, which a later form may add
//! fields to), `author` and `at`; and `POLICIES` with `HEAD`, which holds `count`. Who has read the versions
//! of a head reads the head alone until its count is another.
//!
//! No deployment has this table yet: the functions decide by the documents that they were built with.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use ledger::Timestamp;
use policy::Document;

use crate::StoreError;
use crate::item::{
    ABSENT, Item, bytes, key, number, read_instant, read_number, read_text, take_bytes, take_text, text,
};
use crate::transaction::{TransactionOutcome, put, put_write, transact, update, update_write};

const PARTITION: &str = "POLICIES";
const HEAD: &str = "HEAD";
const DOCUMENT: &str = "DOCUMENT#";
/// The form of a body. A reader refuses a form that it does not know: what it would leave out may decide.
const FORM: u32 = 1;
/// DynamoDB takes 400 KB an item; the rest is for keys, names and the short attributes.
const BYTES_MAX: usize = 390_000;

/// A version of a policy as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedVersion {
    pub document: Document,
    /// What people wrote, byte for byte.
    pub source: String,
    /// Who published it, as they are known to whoever runs the command.
    pub author: String,
    pub at: Timestamp,
}

/// The outcome of publishing a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// It is published, and the head counts it.
    Written,
    /// It is published already, with these very bytes: nothing is written.
    SameBytes,
    /// It is published with another text: nothing is written.
    OtherBytes,
    /// Something else was published since the versions were read: read them and check it again.
    Overtaken,
    /// It is larger than an item may be, with so many bytes.
    TooLarge(usize),
}

/// The policies' table, and the client that reaches it.
#[derive(Debug, Clone)]
pub struct Policies {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

impl Policies {
    /// The policies' table by name.
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// How many versions are published. One read of a small item.
    pub async fn published_count(&self) -> Result<u64, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(key(PARTITION, HEAD)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map_or(Ok(0), |item| read_number(&item, "count"))
    }

    /// Every published version, by document and version. A version that is published meanwhile may be among
    /// them and not in an earlier count.
    pub async fn published_versions(&self) -> Result<Vec<PublishedVersion>, StoreError> {
        let (mut versions, mut start) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(&self.table).consistent_read(true);
            let query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :kind)")
                .expression_attribute_values(":pk", text(PARTITION))
                .expression_attribute_values(":kind", text(DOCUMENT));
            let page = query.set_exclusive_start_key(start).send().await.map_err(StoreError::of)?;
            for item in page.items.unwrap_or_default() {
                versions.push(read(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Publishes a version that was checked against those of a head with this count. It is written together
    /// with the head: of two that were checked against the same versions, one is.
    pub async fn publish(
        &self,
        version: &PublishedVersion,
        count: u64,
    ) -> Result<PublishOutcome, StoreError> {
        let body = serde_json::to_vec(&version.document)?;
        let size = body.len().saturating_add(version.source.len());
        if size > BYTES_MAX {
            return Ok(PublishOutcome::TooLarge(size));
        }
        let published = put(&self.table, item(version, body))
            .condition_expression(ABSENT)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let head = update(&self.table, key(PARTITION, HEAD))
            .update_expression("SET #count = :next")
            .expression_attribute_names("#count", "count")
            .expression_attribute_values(":next", number(count.saturating_add(1)));
        let head = if count == 0 {
            head.condition_expression(ABSENT)
        } else {
            head.condition_expression("#count = :count").expression_attribute_values(":count", number(count))
        };
        let writes = vec![put_write(published), update_write(head)];
        Ok(match transact(&self.client, writes).await? {
            TransactionOutcome::Written => PublishOutcome::Written,
            TransactionOutcome::Refused(0, there) => {
                let there = there.ok_or(StoreError::Unreadable("existing version"))?;
                if read_text(&there, "source")? == version.source {
                    PublishOutcome::SameBytes
                } else {
                    PublishOutcome::OtherBytes
                }
            }
            TransactionOutcome::Refused(..) | TransactionOutcome::Contended => PublishOutcome::Overtaken,
        })
    }
}

fn item(version: &PublishedVersion, body: Vec<u8>) -> Item {
    let sort = format!("{DOCUMENT}{}#{}", version.document.id, version.document.version);
    let mut item = key(PARTITION, sort);
    item.insert("form".to_owned(), number(FORM));
    item.insert("source".to_owned(), text(version.source.as_str()));
    item.insert("body".to_owned(), bytes(body));
    item.insert("author".to_owned(), text(version.author.as_str()));
    item.insert("at".to_owned(), number(version.at.as_ms()));
    item
}

fn read(mut item: Item) -> Result<PublishedVersion, StoreError> {
    if read_number::<u32>(&item, "form")? != FORM {
        return Err(StoreError::Unreadable("form"));
    }
    Ok(PublishedVersion {
        document: serde_json::from_slice(&take_bytes(&mut item, "body")?)?,
        source: take_text(&mut item, "source")?,
        author: take_text(&mut item, "author")?,
        at: read_instant(&item, "at")?,
    })
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;
    use crate::in_process;

    fn version(id: &str, source: &str) -> PublishedVersion {
        let studio = policy_documents::documents().iter().find(|each| each.id == "music-studio").unwrap();
        let document = Document { version: id.to_owned(), ..studio.clone() };
        PublishedVersion { document, source: source.to_owned(), author: "ann".to_owned(), at: at(5) }
    }

    #[tokio::test]
    async fn a_version_is_written_once_and_read_as_it_was() {
        let policies = in_process::policies().await;
        assert_eq!(policies.published_count().await.unwrap(), 0);
        let first = version("1", "one");
        assert_eq!(policies.publish(&first, 0).await.unwrap(), PublishOutcome::Written);
        for (source, outcome) in [("one", PublishOutcome::SameBytes), ("other", PublishOutcome::OtherBytes)] {
            for count in [0, 1] {
                assert_eq!(policies.publish(&version("1", source), count).await.unwrap(), outcome);
            }
        }
        let second = version("2", "two");
        assert_eq!(policies.publish(&second, 0).await.unwrap(), PublishOutcome::Overtaken);
        assert_eq!(policies.publish(&second, 1).await.unwrap(), PublishOutcome::Written);
        assert_eq!(policies.published_count().await.unwrap(), 2);
        assert_eq!(policies.published_versions().await.unwrap(), [first, second]);
    }

    #[tokio::test]
    async fn of_two_at_once_one_is_published() {
        let policies = in_process::policies().await;
        let (one, two) = (version("1", "one"), version("2", "two"));
        let (first, second) = tokio::join!(policies.publish(&one, 0), policies.publish(&two, 0));
        let mut outcomes = [first.unwrap(), second.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome != PublishOutcome::Written);
        assert_eq!(outcomes, [PublishOutcome::Written, PublishOutcome::Overtaken]);
        assert_eq!(policies.published_versions().await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn what_is_larger_than_an_item_is_refused_before_it_is_sent() {
        let policies = in_process::policies().await;
        let large = version("1", &"#".repeat(BYTES_MAX));
        let outcome = policies.publish(&large, 0).await.unwrap();
        assert!(matches!(outcome, PublishOutcome::TooLarge(size) if size > BYTES_MAX), "{outcome:?}");
        assert_eq!(policies.published_count().await.unwrap(), 0);
    }

    #[test]
    fn a_form_that_is_not_known_is_not_read() {
        let published = version("1", "one");
        let mut later = item(&published, serde_json::to_vec(&published.document).unwrap());
        assert_eq!(read(later.clone()).unwrap(), published);
        later.insert("form".to_owned(), number(FORM + 1));
        assert!(matches!(read(later), Err(StoreError::Unreadable("form"))));
    }

    #[test]
    fn every_policy_and_all_that_it_decides_by_fit_an_item_and_come_back() {
        for document in policy_documents::documents().iter() {
            let body = serde_json::to_vec(document).unwrap();
            assert!(body.len() < BYTES_MAX / 4, "{}: {} bytes", document.id, body.len());
            assert_eq!(&serde_json::from_slice::<Document>(&body).unwrap(), document);
        }
    }
}
