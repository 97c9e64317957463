//! What people found out about an account, as an item of its partition.

use ledger::{Abuse, AccountId, Finding, FindingStore};
use serde::{Deserialize, Serialize};

use crate::item::{Item, account_key, key, read_text, text};
use crate::scalar::instant;
use crate::{StoreError, Tables};

pub(crate) const FINDING: &str = "FINDING";

#[derive(Serialize, Deserialize)]
struct FindingForm {
    abuse: String,
    related: Vec<String>,
    reason: String,
    by: String,
    at: i64,
}

impl Tables {
    pub(crate) async fn put_finding(&self, account: &AccountId, finding: &Finding) -> Result<(), StoreError> {
        let form = FindingForm {
            abuse: finding.abuse.as_str().to_owned(),
            related: finding.related.iter().map(|account| account.as_str().to_owned()).collect(),
            reason: finding.reason.clone(),
            by: finding.by.clone(),
            at: finding.at.as_ms(),
        };
        let mut item = key(account_key(account), FINDING);
        item.insert("body".to_owned(), text(serde_json::to_string(&form)?));
        let put = self.client.put_item().table_name(&self.ledger).set_item(Some(item));
        self.write(|| put.clone().send()).await.map(drop)
    }
}

pub(crate) fn finding(item: &Item) -> Result<Finding, StoreError> {
    let unreadable = || StoreError::Unreadable("finding");
    let form: FindingForm = serde_json::from_str(read_text(item, "body")?)?;
    let related = form.related.into_iter().map(|account| AccountId::new(account).map_err(|_| unreadable()));
    Ok(Finding {
        abuse: Abuse::parse(&form.abuse).ok_or_else(unreadable)?,
        related: related.collect::<Result<_, _>>()?,
        reason: form.reason,
        by: form.by,
        at: instant(form.at)?,
    })
}

impl FindingStore for Tables {
    async fn save_finding(&self, account: &AccountId, finding: &Finding) -> Result<(), StoreError> {
        self.put_finding(account, finding).await
    }
}
