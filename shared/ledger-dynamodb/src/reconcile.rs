//! Up to when Stripe's events have been reconciled: one instant, which moves forward alone.

use ledger::Timestamp;

use crate::item::{ONLY, key, number, read_instant};
use crate::{StoreError, Tables};

const PARTITION: &str = "RECONCILE#STRIPE";
/// `until` is no word of DynamoDB's own.
const UNTIL: &str = "until";

impl Tables {
    /// Every event of Stripe's before this instant has been applied; `None` before the first run.
    pub async fn reconciled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&self.requests, PARTITION.to_owned()).await?;
        item.map(|item| read_instant(&item, UNTIL)).transpose()
    }

    /// Moves the instant forward to `until`. An instant that another run has moved further stays.
    pub async fn move_reconciled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        let mut item = key(PARTITION, ONLY);
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
    }
}
