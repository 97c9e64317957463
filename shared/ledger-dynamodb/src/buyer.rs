//! What is recorded of buyers: within a payment, and of who started a subscription.

use ledger::{Buyer, CountryCode, SubscriptionId};
use serde::{Deserialize, Serialize};

use crate::item::{ONLY, key, text};
use crate::{StoreError, Tables};

#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BuyerForm {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    billing_country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    card_country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    business: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawal_waived: Option<bool>,
}

impl BuyerForm {
    pub(crate) fn of(buyer: Buyer) -> Self {
        let country = |country: Option<CountryCode>| country.map(|country| country.as_str().to_owned());
        Self {
            billing_country: country(buyer.billing_country),
            card_country: country(buyer.card_country),
            business: buyer.business,
            withdrawal_waived: buyer.withdrawal_waived,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn read(self) -> Result<Buyer, StoreError> {
        let country = |country: Option<String>| {
            let country = country.as_deref().map(CountryCode::new).transpose();
            country.map_err(|_| StoreError::Unreadable("country"))
        };
        Ok(Buyer {
            billing_country: country(self.billing_country)?,
            card_country: country(self.card_country)?,
            business: self.business,
            withdrawal_waived: self.withdrawal_waived,
        })
    }
}

pub(crate) fn subscriber_key(subscription: &SubscriptionId) -> String {
    format!("SUBSCRIBER#{subscription}")
}

impl Tables {
    /// Notes what the checkout said of who started a subscription; the same event says the same again.
    pub async fn note_subscriber(
        &self,
        subscription: &SubscriptionId,
        buyer: Buyer,
    ) -> Result<(), StoreError> {
        let mut item = key(subscriber_key(subscription), ONLY);
        item.insert("body".to_owned(), text(serde_json::to_string(&BuyerForm::of(buyer))?));
        let put = self.client.put_item().table_name(&self.ledger).set_item(Some(item));
        self.write(|| put.clone().send()).await.map(drop)
    }
}
