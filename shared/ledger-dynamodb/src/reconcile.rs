//! Up to when Stripe's events have been reconciled, and its lists compared: two instants, each of which moves
//! forward alone. Beside the first one are the seconds before it with an event that has failed.

use ledger::Timestamp;

use crate::item::{Item, ONLY, key, number, read_instant, read_text, text};
use crate::{StoreError, Tables};

const PARTITION: &str = "RECONCILE#STRIPE";
/// `until` is no word of DynamoDB's own.
const UNTIL: &str = "until";
/// The sort key of the comparison's instant.
const LISTS: &str = "LISTS";
/// The sort key of the seconds with a failed event.
const FAILED: &str = "FAILED";

impl Tables {
    /// Every event of Stripe's before this instant has been applied; `None` before the first run.
    pub async fn reconciled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read_until(ONLY).await
    }

    /// Every object of Stripe's lists that was made before this instant has been compared; `None` before the
    /// first comparison.
    pub async fn compared_until(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read_until(LISTS).await
    }

    async fn read_until(&self, sort: &str) -> Result<Option<Timestamp>, StoreError> {
        let get = self.client.get_item().table_name(&self.requests).set_key(Some(key(PARTITION, sort)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map(|item| read_instant(&item, UNTIL)).transpose()
    }

    /// Moves the instant forward to `until`. An instant that another run has moved further stays.
    pub async fn move_reconciled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        self.move_until(key(PARTITION, ONLY), until).await
    }

    /// Moves the comparison's instant forward to `until`. An instant that another run has moved further
    /// stays.
    pub async fn move_compared_until(&self, until: Timestamp) -> Result<(), StoreError> {
        self.move_until(key(PARTITION, LISTS), until).await
    }

    /// The seconds with an event that has failed, as seconds since 1970: a later run reads them again.
    pub async fn failed_seconds(&self) -> Result<Vec<i64>, StoreError> {
        let get = self.client.get_item().table_name(&self.requests).set_key(Some(key(PARTITION, FAILED)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        let Some(item) = answer.item else { return Ok(Vec::new()) };
        Ok(serde_json::from_str(read_text(&item, "seconds")?)?)
    }

    /// Keeps these seconds in the place of those before.
    pub async fn keep_failed_seconds(&self, seconds: &[i64]) -> Result<(), StoreError> {
        let mut item = key(PARTITION, FAILED);
        item.insert("seconds".to_owned(), text(serde_json::to_string(seconds)?));
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item));
        self.write(|| put.clone().send()).await.map(drop)
    }

    async fn move_until(&self, mut item: Item, until: Timestamp) -> Result<(), StoreError> {
        item.insert(UNTIL.to_owned(), number(until.as_ms()));
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #until < :until")
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":until", number(until.as_ms()));
        self.write(|| put.clone().send()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use crate::in_process;

    #[tokio::test]
    async fn the_instant_moves_forward_alone() {
        let (tables, _) = in_process::tables().await;
        assert_eq!(tables.reconciled_until().await.unwrap(), None);
        for (moved, stands) in [(60, 60), (120, 120), (90, 120)] {
            tables.move_reconciled_until(at(moved)).await.unwrap();
            assert_eq!(tables.reconciled_until().await.unwrap(), Some(at(stands)), "{moved}");
        }
        assert_eq!(tables.compared_until().await.unwrap(), None);
        tables.move_compared_until(at(30)).await.unwrap();
        let both = (tables.compared_until().await.unwrap(), tables.reconciled_until().await.unwrap());
        assert_eq!(both, (Some(at(30)), Some(at(120))));
    }

    #[tokio::test]
    async fn the_seconds_with_a_failed_event_are_kept_as_they_were_given_last() {
        let (tables, _) = in_process::tables().await;
        assert_eq!(tables.failed_seconds().await.unwrap(), Vec::<i64>::new());
        for seconds in [&[60_i64, 120][..], &[120], &[]] {
            tables.keep_failed_seconds(seconds).await.unwrap();
            assert_eq!(tables.failed_seconds().await.unwrap(), seconds);
        }
    }
}
