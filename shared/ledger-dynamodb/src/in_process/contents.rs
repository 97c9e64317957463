//! What the tables hold, read and put back beside their clients: a test compares two ways into one state, and
//! tries another way from a state that it has seen.

use std::collections::{BTreeMap, BTreeSet};

use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::{AttributeValue, Database, Item};
use serde_json::Value;

/// The table, the partition key and the sort key.
type Key = (&'static str, String, String);

/// The memory behind the tables of one test.
#[derive(Clone)]
pub struct Memory(pub(super) Database);

/// Every item of both tables at one moment.
#[derive(Clone, PartialEq)]
pub struct Contents(BTreeMap<Key, Item>);

impl Contents {
    /// Each item with its partition key and its sort key, as DynamoDB writes it in JSON.
    ///
    /// # Panics
    ///
    /// When an item has no JSON.
    pub fn items(&self) -> impl Iterator<Item = (&str, &str, Value)> {
        self.0.iter().map(|((_, partition, sort), item)| {
            (partition.as_str(), sort.as_str(), serde_json::to_value(item).expect("an item is JSON"))
        })
    }
}

impl Memory {
    /// What both tables hold.
    ///
    /// # Panics
    ///
    /// When the emulator fails, or a table has more than one page.
    pub fn read(&self) -> Contents {
        let mut contents = BTreeMap::new();
        for table in ["ledger", "requests"] {
            let request = ScanRequest { table_name: table.to_owned(), ..ScanRequest::default() };
            let page = self.0.scan(request).expect("the emulator scans");
            assert!(page.last_evaluated_key.is_none(), "the items of a test are one page");
            for item in page.items.unwrap_or_default() {
                contents.insert((table, text(&item, "pk"), text(&item, "sk")), item);
            }
        }
        Contents(contents)
    }

    /// Writes and deletes until the tables hold `contents` again.
    ///
    /// # Panics
    ///
    /// When the emulator fails.
    pub fn restore(&self, contents: &Contents) {
        let present = self.read().0;
        let keys: BTreeSet<&Key> = present.keys().chain(contents.0.keys()).collect();
        for key in keys {
            let (table_name, wanted) = (key.0.to_owned(), contents.0.get(key));
            if wanted == present.get(key) {
                continue;
            }
            if let Some(item) = wanted {
                let request = PutItemRequest { table_name, item: item.clone(), ..Default::default() };
                self.0.put_item(request).expect("the emulator puts an item");
            } else {
                let text = |text: &String| AttributeValue::S(text.clone());
                let names = [("pk".to_owned(), text(&key.1)), ("sk".to_owned(), text(&key.2))];
                let request = DeleteItemRequest { table_name, key: names.into(), ..Default::default() };
                self.0.delete_item(request).expect("the emulator deletes an item");
            }
        }
    }
}

fn text(item: &Item, name: &str) -> String {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use ledger::contract::{at, grant, run};
    use ledger::{AccountId, Command, LedgerStore as _};

    use crate::in_process;

    #[tokio::test]
    async fn what_is_put_back_is_what_was_read() {
        let (tables, _, memory) = in_process::tables_in_memory().await;
        let account = AccountId::new("account-1").unwrap();
        let empty = memory.read();
        run(&tables, &account, &Command::Grant(grant(&account, "pi_1", 100, None)), at(0)).await;
        let one = memory.read();
        run(&tables, &account, &Command::Grant(grant(&account, "pi_2", 100, None)), at(0)).await;
        for (contents, entries) in [(&one, 1), (&empty, 0), (&one, 1)] {
            memory.restore(contents);
            assert!(memory.read() == *contents);
            assert_eq!(tables.head(&account).await.unwrap().map_or(0, |head| head.number()), entries);
        }
        assert!(one.items().any(|(partition, sort, _)| (partition, sort) == ("PAYMENT#pi_1", "-")));
    }
}
