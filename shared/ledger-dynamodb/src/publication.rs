//! Published policies and prices: each version is an item that is written once and never again.
//!
//! Policies table, keys as in the ledger table. The partition `DOCUMENTS` holds every version of every
//! policy, with the law packs that it heeds; the partition `CATALOGUE` holds every version of the price
//! catalogue. The sort key is a number of 12 digits that counts from 1 within its partition. An item has
//! `form`, `body` (the checked content as JSON), `hash` (SHA-256 of the file), `author` and `at`.
//!
//! The number is the lock: of two writers who read up to the same number, one is written. A reader who
//! knows a number asks for what follows it, which is nothing but for the few times that something is
//! published.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::TransactWriteItem;
use ledger::Timestamp;
use policy::{Catalogue, Document};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::StoreError;
use crate::item::{ABSENT, Item, key, number, read_instant, read_number, read_text, take_text, text};
use crate::transaction::{TransactionOutcome, put, put_write, transact};

const DOCUMENTS: &str = "DOCUMENTS";
const CATALOGUE: &str = "CATALOGUE";
/// The form of a body. A reader refuses a form that it does not know: what it would leave out may decide.
const FORM: u32 = 1;
/// DynamoDB takes 400 KB an item; the rest is for keys, names and the short attributes.
const ITEM_BYTES_MAX: usize = 390_000;
/// DynamoDB takes 4 MB a transaction.
const TRANSACTION_BYTES_MAX: usize = 3_900_000;

/// A version as it is published: of a policy, or of the price catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication<T> {
    /// Its place among the versions of its kind, from 1 and without gaps.
    pub number: u64,
    pub content: T,
    /// SHA-256 of the file that people wrote, in 64 hexadecimal digits.
    pub hash: String,
    /// Who published it, as they are known to whoever runs the command.
    pub author: String,
    pub at: Timestamp,
}

/// The outcome of publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// All of it is published.
    Written,
    /// Something else was published since the versions were read, and nothing is written: read them and check
    /// it again.
    Overtaken,
    /// Nothing is written: this many bytes are more than an item or a transaction may have.
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

    /// The versions of policies whose numbers are above `after`, oldest first: all of them for 0. One query
    /// for each megabyte.
    pub async fn documents_after(&self, after: u64) -> Result<Vec<Publication<Document>>, StoreError> {
        let (mut versions, mut start) = (Vec::new(), None);
        loop {
            let query = self.query_after(DOCUMENTS, after).set_exclusive_start_key(start);
            let page = query.send().await.map_err(StoreError::of)?;
            for item in page.items.unwrap_or_default() {
                versions.push(read(item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(versions);
            }
        }
    }

    /// The newest version of the catalogue, if its number is above `after`. One query.
    pub async fn catalogue_after(&self, after: u64) -> Result<Option<Publication<Catalogue>>, StoreError> {
        let query = self.query_after(CATALOGUE, after).scan_index_forward(false).limit(1);
        let page = query.send().await.map_err(StoreError::of)?;
        page.items.unwrap_or_default().into_iter().next().map(read).transpose()
    }

    fn query_after(&self, partition: &str, after: u64) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(partition))
            .expression_attribute_values(":after", text(sort_key(after)))
    }

    /// Publishes versions of policies that were checked against those that are published. Their numbers
    /// follow the newest of these: all of them are written, or none.
    pub async fn publish_documents(
        &self,
        versions: &[Publication<Document>],
    ) -> Result<PublishOutcome, StoreError> {
        self.publish(DOCUMENTS, versions).await
    }

    /// Publishes a version of the catalogue, whose number follows the newest one's.
    pub async fn publish_catalogue(
        &self,
        version: &Publication<Catalogue>,
    ) -> Result<PublishOutcome, StoreError> {
        self.publish(CATALOGUE, std::slice::from_ref(version)).await
    }

    async fn publish<T: Serialize>(
        &self,
        partition: &str,
        versions: &[Publication<T>],
    ) -> Result<PublishOutcome, StoreError> {
        let mut sum = 0_usize;
        let mut writes: Vec<TransactWriteItem> = Vec::new();
        for version in versions {
            let body = serde_json::to_string(&version.content)?;
            sum = sum.saturating_add(body.len());
            if body.len() > ITEM_BYTES_MAX {
                return Ok(PublishOutcome::TooLarge(body.len()));
            }
            let write = put(&self.table, item(partition, version, body)).condition_expression(ABSENT);
            writes.push(put_write(write));
        }
        if sum > TRANSACTION_BYTES_MAX {
            return Ok(PublishOutcome::TooLarge(sum));
        }
        Ok(match transact(&self.client, writes).await? {
            TransactionOutcome::Written => PublishOutcome::Written,
            TransactionOutcome::Refused(..) | TransactionOutcome::Contended => PublishOutcome::Overtaken,
        })
    }
}

/// Twelve digits, as an entry's number has.
fn sort_key(number: u64) -> String {
    format!("{number:012}")
}

fn item<T>(partition: &str, version: &Publication<T>, body: String) -> Item {
    let mut item = key(partition, sort_key(version.number));
    item.insert("form".to_owned(), number(FORM));
    item.insert("body".to_owned(), text(body));
    item.insert("hash".to_owned(), text(version.hash.as_str()));
    item.insert("author".to_owned(), text(version.author.as_str()));
    item.insert("at".to_owned(), number(version.at.as_ms()));
    item
}

fn read<T: DeserializeOwned>(mut item: Item) -> Result<Publication<T>, StoreError> {
    if read_number::<u32>(&item, "form")? != FORM {
        return Err(StoreError::Unreadable("form"));
    }
    Ok(Publication {
        number: read_text(&item, "sk")?.parse().map_err(|_| StoreError::Unreadable("sk"))?,
        content: serde_json::from_str(read_text(&item, "body")?)?,
        hash: take_text(&mut item, "hash")?,
        author: take_text(&mut item, "author")?,
        at: read_instant(&item, "at")?,
    })
}

#[cfg(test)]
mod tests {
    use examples::{catalogue, documents};
    use ledger::contract::at;
    use policy::Document;

    use super::*;
    use crate::in_process;

    fn publication<T>(number: u64, content: T) -> Publication<T> {
        Publication { number, content, hash: format!("{number:064}"), author: "ann".to_owned(), at: at(5) }
    }

    fn studio(number: u64) -> Publication<Document> {
        let studio = documents().iter().find(|each| each.id == "music-studio").unwrap();
        publication(number, Document { version: number.to_string(), ..studio.clone() })
    }

    #[tokio::test]
    async fn versions_are_written_once_and_read_as_they_were() {
        let policies = in_process::policies().await;
        assert_eq!(policies.documents_after(0).await.unwrap(), []);
        let (first, second, third) = (studio(1), studio(2), studio(3));
        let both = [first.clone(), second.clone()];
        assert_eq!(policies.publish_documents(&both).await.unwrap(), PublishOutcome::Written);
        // One of them is there: none is written.
        let overtaken = [second.clone(), third.clone()];
        assert_eq!(policies.publish_documents(&overtaken).await.unwrap(), PublishOutcome::Overtaken);
        assert_eq!(policies.documents_after(0).await.unwrap(), both);
        assert_eq!(
            policies.publish_documents(std::slice::from_ref(&third)).await.unwrap(),
            PublishOutcome::Written
        );
        assert_eq!(policies.documents_after(1).await.unwrap(), [second, third]);
        assert_eq!(policies.documents_after(3).await.unwrap(), []);
    }

    #[tokio::test]
    async fn the_newest_catalogue_is_the_one_that_counts() {
        let policies = in_process::policies().await;
        assert_eq!(policies.catalogue_after(0).await.unwrap(), None);
        for number in [1, 2] {
            let version = publication(number, catalogue().clone());
            assert_eq!(policies.publish_catalogue(&version).await.unwrap(), PublishOutcome::Written);
            assert_eq!(policies.publish_catalogue(&version).await.unwrap(), PublishOutcome::Overtaken);
        }
        let newest = policies.catalogue_after(0).await.unwrap();
        assert_eq!(newest, Some(publication(2, catalogue().clone())));
        assert_eq!(policies.catalogue_after(2).await.unwrap(), None);
    }

    #[tokio::test]
    async fn of_two_at_once_one_is_published() {
        let policies = in_process::policies().await;
        let (one, two) = ([studio(1)], [studio(1)]);
        let (first, second) =
            tokio::join!(policies.publish_documents(&one), policies.publish_documents(&two));
        let mut outcomes = [first.unwrap(), second.unwrap()];
        outcomes.sort_by_key(|outcome| *outcome != PublishOutcome::Written);
        assert_eq!(outcomes, [PublishOutcome::Written, PublishOutcome::Overtaken]);
        assert_eq!(policies.documents_after(0).await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn versions_of_more_than_a_page_are_read_whole() {
        let policies = in_process::policies().await;
        // A page ends after a megabyte.
        let long = |number| {
            let mut version = studio(number);
            version.content.title = format!("{number}{}", "t".repeat(300_000));
            version
        };
        for number in 1..=5 {
            assert_eq!(policies.publish_documents(&[long(number)]).await.unwrap(), PublishOutcome::Written);
        }
        let numbers: Vec<u64> =
            policies.documents_after(0).await.unwrap().iter().map(|version| version.number).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5]);
    }

    #[tokio::test]
    async fn what_is_larger_than_an_item_is_refused_before_it_is_sent() {
        let policies = in_process::policies().await;
        let mut large = studio(2);
        large.content.title = "t".repeat(ITEM_BYTES_MAX);
        let outcome = policies.publish_documents(&[studio(1), large]).await.unwrap();
        assert!(matches!(outcome, PublishOutcome::TooLarge(size) if size > ITEM_BYTES_MAX), "{outcome:?}");
        assert_eq!(policies.documents_after(0).await.unwrap(), []);
    }

    #[test]
    fn a_form_that_is_not_known_is_not_read() {
        let published = publication(1, catalogue().clone());
        let body = serde_json::to_string(&published.content).unwrap();
        let mut later = item(CATALOGUE, &published, body);
        assert_eq!(read::<Catalogue>(later.clone()).unwrap(), published);
        later.insert("form".to_owned(), number(FORM + 1));
        assert!(matches!(read::<Catalogue>(later), Err(StoreError::Unreadable("form"))));
    }

    #[test]
    fn every_policy_and_all_that_it_decides_by_fit_an_item_and_come_back() {
        for document in documents().iter() {
            let body = serde_json::to_string(document).unwrap();
            assert!(body.len() < ITEM_BYTES_MAX / 4, "{}: {} bytes", document.id, body.len());
            assert_eq!(&serde_json::from_str::<Document>(&body).unwrap(), document);
        }
    }
}
