//! Items of an account beside its entries, like subscriptions and changes of plan: one, or all of a kind.

use ledger::AccountId;

use crate::Tables;
use crate::error::StoreError;
use crate::item::{Item, account_key, text};

/// From an item to what it keeps.
type Read<T> = fn(&Item) -> Result<T, StoreError>;

impl Tables {
    /// The item of the ledger table with this key, read strongly consistently.
    pub(crate) async fn account_item<T>(&self, key: Item, read: Read<T>) -> Result<Option<T>, StoreError> {
        let get = self.client.get_item().table_name(&self.ledger).set_key(Some(key));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.as_ref().map(read).transpose()
    }

    /// The account's items whose sort key begins with `prefix`, read strongly consistently.
    pub(crate) async fn account_items<T>(
        &self,
        account: &AccountId,
        prefix: &str,
        read: Read<T>,
    ) -> Result<Vec<T>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.ledger)
            .consistent_read(true)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":pk", text(account_key(account)))
            .expression_attribute_values(":prefix", text(prefix));
        let answer = query.send().await.map_err(StoreError::of)?;
        answer.items.unwrap_or_default().iter().map(read).collect()
    }
}
