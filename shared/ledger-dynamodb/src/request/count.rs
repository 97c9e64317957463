//! Counts beside the requests: of granted credits, moved in the transaction of each grant, and of the
//! requests that a customer filed on a day, moved in the transaction that files one.

use aws_sdk_dynamodb::types::TransactWriteItem;
use ledger::AccountId;
use refunds::{Count, CountedBy, FILED_A_DAY_MAX};

use crate::Tables;
use crate::error::StoreError;
use crate::item::{ABSENT, ONLY, key, number, read_number, read_text, text};
use crate::transaction::{put, put_write, update, update_write};

/// The partition of a count.
fn count_key(of: &CountedBy) -> String {
    match of {
        CountedBy::Payment(payment) => format!("GRANTED#payment#{payment}"),
        CountedBy::Account(account) => format!("GRANTED#account#{account}"),
        CountedBy::Person(person) => format!("GRANTED#person#{person}"),
    }
}

impl Tables {
    pub(crate) async fn count(&self, of: CountedBy) -> Result<Count, StoreError> {
        let Some(item) = self.get(&self.requests, count_key(&of)).await? else { return Ok(Count::empty(of)) };
        let days = serde_json::from_str(read_text(&item, "body")?)?;
        Ok(Count { of, days, version: read_number(&item, "version")? })
    }

    /// One more request of the account on `day`, of as many as a day allows. The item goes two days later.
    pub(crate) fn filed_write(&self, account: &AccountId, day: i64) -> TransactWriteItem {
        let expires_at = day.saturating_add(3).saturating_mul(86_400);
        let update = update(&self.requests, key(format!("FILED#{account}#{day}"), ONLY))
            .update_expression("ADD filed :one SET expires_at = :expires_at")
            .condition_expression("attribute_not_exists(filed) OR filed < :max")
            .expression_attribute_values(":one", number(1_u64))
            .expression_attribute_values(":max", number(FILED_A_DAY_MAX))
            .expression_attribute_values(":expires_at", number(expires_at));
        update_write(update)
    }

    /// The write of a count, which nobody may have moved since it was read.
    pub(crate) fn count_write(&self, count: &Count) -> Result<TransactWriteItem, StoreError> {
        let mut item = key(count_key(&count.of), ONLY);
        item.insert("body".to_owned(), text(serde_json::to_string(&count.days)?));
        item.insert("version".to_owned(), number(count.version));
        let put = put(&self.requests, item);
        let put = match count.version.saturating_sub(1) {
            0 => put.condition_expression(ABSENT),
            before => put
                .condition_expression("version = :before")
                .expression_attribute_values(":before", number(before)),
        };
        Ok(put_write(put))
    }
}
