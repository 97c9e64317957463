//! Reading everything, for the operator's checks: the only scans there are, and no function makes one.

use ledger::{AccountId, Entry, Payment, PaymentId};
use refunds::RefundRequest;

use crate::item::{Item, is_entry_key, read_text};
use crate::request::stored;
use crate::{StoreError, Tables, journal, payment};

/// The whole journal of one account, oldest entry first.
#[derive(Debug, Clone)]
pub struct AccountJournal {
    pub account: AccountId,
    pub entries: Vec<Entry>,
}

impl Tables {
    /// Every journal and every payment. `seen` is called after each page with the number of items read.
    pub async fn scan_ledger(
        &self,
        mut seen: impl FnMut(usize),
    ) -> Result<(Vec<AccountJournal>, Vec<Payment>), StoreError> {
        let (mut journals, mut payments): (Vec<AccountJournal>, Vec<Payment>) = (Vec::new(), Vec::new());
        let items = self.scan(&self.ledger, &mut seen).await?;
        for item in items {
            let partition = read_text(&item, "pk")?.to_owned();
            if let Some(id) = partition.strip_prefix("PAYMENT#") {
                let id = PaymentId::new(id).map_err(|_| StoreError::Unreadable("pk"))?;
                payments.push(payment::read(&id, &item)?);
            } else if is_entry_key(read_text(&item, "sk")?) {
                let entry = journal::entry(item)?;
                match journals.iter_mut().rev().find(|journal| &journal.account == entry.account()) {
                    Some(journal) => journal.entries.push(entry),
                    None => {
                        journals
                            .push(AccountJournal { account: entry.account().clone(), entries: vec![entry] });
                    }
                }
            }
        }
        for journal in &mut journals {
            journal.entries.sort_by_key(Entry::number);
        }
        Ok((journals, payments))
    }

    /// Every refund request.
    pub async fn scan_requests(&self, mut seen: impl FnMut(usize)) -> Result<Vec<RefundRequest>, StoreError> {
        let items = self.scan(&self.requests, &mut seen).await?;
        let is_request = |item: &&Item| read_text(item, "pk").is_ok_and(|pk| pk.starts_with("REQUEST#"));
        items.iter().filter(is_request).map(|item| stored::decode(read_text(item, "body")?)).collect()
    }

    async fn scan(&self, table: &str, seen: &mut impl FnMut(usize)) -> Result<Vec<Item>, StoreError> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let page = self
                .client
                .scan()
                .table_name(table)
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(StoreError::of)?;
            items.extend(page.items.unwrap_or_default());
            seen(items.len());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}
