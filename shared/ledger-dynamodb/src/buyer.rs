//! What is recorded of buyers: within a payment, and of who started a subscription.

use ledger::{Buyer, CountryCode, Subscriber, SubscriberStore, SubscriptionId};
use serde::{Deserialize, Serialize};

use crate::item::{ONLY, key, read_text, text};
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

#[derive(Serialize, Deserialize)]
struct SubscriberForm {
    #[serde(flatten)]
    buyer: BuyerForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
}

fn subscriber_key(subscription: &SubscriptionId) -> String {
    format!("SUBSCRIBER#{subscription}")
}

impl Tables {
    /// Notes what the checkout said of who started a subscription and of what was ordered; the same event
    /// says the same again.
    pub async fn note_subscriber(
        &self,
        subscription: &SubscriptionId,
        subscriber: &Subscriber,
    ) -> Result<bool, StoreError> {
        let mut item = key(subscriber_key(subscription), ONLY);
        let form = SubscriberForm { buyer: BuyerForm::of(subscriber.buyer), price: subscriber.price.clone() };
        item.insert("body".to_owned(), text(serde_json::to_string(&form)?));
        self.put_news(&self.ledger, item, "body").await
    }

    pub(crate) async fn read_subscriber(
        &self,
        subscription: &SubscriptionId,
    ) -> Result<Option<Subscriber>, StoreError> {
        let Some(item) = self.get(&self.ledger, subscriber_key(subscription)).await? else { return Ok(None) };
        let form: SubscriberForm = serde_json::from_str(read_text(&item, "body")?)?;
        Ok(Some(Subscriber { buyer: form.buyer.read()?, price: form.price }))
    }
}

impl SubscriberStore for Tables {
    async fn subscriber(&self, subscription: &SubscriptionId) -> Result<Option<Subscriber>, StoreError> {
        self.read_subscriber(subscription).await
    }
}
