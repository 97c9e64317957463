//! Payments as items.

pub(crate) mod dispute;
pub(crate) mod division;
pub(crate) mod downloads;
mod link;
mod name;
pub(crate) mod unrecorded;
mod without_credits;

use ledger::{
    AccountId, AccountRecords, Credits, Currency, CustomerId, CustomerStore, FurtherGrants, LotId, Money,
    Payment, PaymentId, PaymentKind, PaymentName, PaymentNameStore, PaymentStore, PolicyRef, Purchase,
    PurchaseStore, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::buyer::BuyerForm;
use crate::item::{
    ABSENT_OR_SAME, Item, ONLY, indexed_names, key, named_key, number, payment_key, read_number, read_text,
    text,
};
use crate::scalar::{instant, provider, provider_form};
use crate::{StoreError, Tables};

/// How much of what the balance paid has gone back there: it moves by condition, and is absent of none.
pub(crate) const TO_BALANCE: &str = "to_balance_minor";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(minor: &u64) -> bool {
    *minor == 0
}

#[derive(Serialize, Deserialize)]
struct PaymentForm {
    /// Absent of Stripe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    account: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription: Option<(String, String)>,
    product: String,
    price: String,
    paid_minor: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    from_balance_minor: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    of_change: bool,
    currency: String,
    charged_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_starts_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_ends_at: Option<i64>,
    lot: u32,
    credits: u64,
    landed_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    policy: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "BuyerForm::is_empty")]
    buyer: BuyerForm,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    names: Vec<String>,
    /// How many lots come month by month after the first, the credits of each, and whether each takes the
    /// place of what is left of those before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    further: Option<(u32, u64, bool)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    uncounted: bool,
}

/// Writes a payment's attributes. What has gone back is in attributes of their own: they move by condition.
pub(crate) fn write(payment: &Payment, item: &mut Item) -> Result<(), StoreError> {
    let subscription = match &payment.kind {
        PaymentKind::Pack => None,
        PaymentKind::Subscription { subscription, billing_reason } => {
            Some((subscription.as_str().to_owned(), billing_reason.clone()))
        }
    };
    let form = PaymentForm {
        provider: provider_form(payment.provider),
        account: payment.account.as_str().to_owned(),
        subscription,
        product: payment.product.as_str().to_owned(),
        price: payment.price.clone(),
        paid_minor: payment.paid.minor(),
        from_balance_minor: payment.from_balance_minor,
        of_change: payment.of_change,
        currency: payment.paid.currency().as_str().to_owned(),
        charged_at: payment.charged_at.as_ms(),
        period_starts_at: payment.period_starts_at.map(Timestamp::as_ms),
        period_ends_at: payment.period_ends_at.map(Timestamp::as_ms),
        lot: payment.lot.0,
        credits: payment.credits.get(),
        landed_at: payment.landed_at.as_ms(),
        policy: payment.policy.as_ref().map(|policy| (policy.document.clone(), policy.version.clone())),
        buyer: BuyerForm::of(payment.buyer),
        names: payment.names.iter().map(|name| name.as_str().to_owned()).collect(),
        further: payment.further.map(|further| (further.grants, further.each.get(), further.replaces)),
        uncounted: payment.uncounted,
    };
    item.insert("body".to_owned(), text(serde_json::to_string(&form)?));
    item.insert("refunded_minor".to_owned(), number(payment.refunded_minor));
    if let [_, Some(name)] = indexed_names(payment) {
        item.insert("generation".to_owned(), text(named_key(name)));
    }
    if payment.to_balance_minor > 0 {
        item.insert(TO_BALANCE.to_owned(), number(payment.to_balance_minor));
    }
    Ok(())
}

pub(crate) fn read(id: &PaymentId, item: &Item) -> Result<Payment, StoreError> {
    let form: PaymentForm = serde_json::from_str(read_text(item, "body")?)?;
    let unreadable = StoreError::Unreadable;
    let kind = match form.subscription {
        None => PaymentKind::Pack,
        Some((subscription, billing_reason)) => PaymentKind::Subscription {
            subscription: subscription.parse().map_err(|_| unreadable("subscription"))?,
            billing_reason,
        },
    };
    Ok(Payment {
        provider: provider(form.provider.as_deref())?,
        id: id.clone(),
        account: form.account.parse().map_err(|_| unreadable("account"))?,
        kind,
        product: form.product.parse().map_err(|_| unreadable("product"))?,
        price: form.price,
        paid: Money::new(form.paid_minor, Currency::new(&form.currency).map_err(|_| unreadable("currency"))?),
        refunded_minor: read_number(item, "refunded_minor")?,
        from_balance_minor: form.from_balance_minor,
        of_change: form.of_change,
        to_balance_minor: match item.get(TO_BALANCE) {
            Some(_) => read_number(item, TO_BALANCE)?,
            None => 0,
        },
        charged_at: instant(form.charged_at)?,
        period_starts_at: form.period_starts_at.map(instant).transpose()?,
        period_ends_at: form.period_ends_at.map(instant).transpose()?,
        lot: LotId(form.lot),
        credits: Credits::new(form.credits).map_err(|_| unreadable("credits"))?,
        further: form.further.map(further).transpose()?,
        landed_at: instant(form.landed_at)?,
        policy: form.policy.map(|(document, version)| PolicyRef { document, version }),
        buyer: form.buyer.read()?,
        names: form.names.into_iter().map(name).collect::<Result<_, _>>()?,
        disputes: dispute::read(item)?,
        downloads: downloads::read(item)?,
        uncounted: form.uncounted,
    })
}

fn further((grants, each, replaces): (u32, u64, bool)) -> Result<FurtherGrants, StoreError> {
    let each = Credits::new(each).map_err(|_| StoreError::Unreadable("further"))?;
    Ok(FurtherGrants { grants, each, replaces })
}

fn name(name: String) -> Result<PaymentName, StoreError> {
    PaymentName::new(name).map_err(|_| StoreError::Unreadable("names"))
}

impl PaymentStore for Tables {
    async fn payment(&self, id: &PaymentId) -> Result<Option<Payment>, StoreError> {
        let item = self.get(&self.ledger, payment_key(id)).await?;
        item.map(|item| read(id, &item)).transpose()
    }

    async fn has_unrecorded_movement(&self, id: &PaymentId) -> Result<bool, StoreError> {
        Ok(self.get(&self.ledger, unrecorded::partition(id)).await?.is_some())
    }
}

impl PaymentNameStore for Tables {
    async fn payment_named(
        &self,
        account: &AccountId,
        name: &PaymentName,
    ) -> Result<Option<PaymentId>, StoreError> {
        self.find_named(account, name).await
    }
}

impl CustomerStore for Tables {
    async fn account_of(&self, customer: &CustomerId) -> Result<Option<AccountId>, StoreError> {
        let Some(item) = self.get(&self.ledger, format!("CUSTOMER#{customer}")).await? else {
            return Ok(None);
        };
        // One that was unlinked belongs to nobody.
        if !item.contains_key("account") {
            return Ok(None);
        }
        let account = AccountId::new(read_text(&item, "account")?);
        Ok(Some(account.map_err(|_| StoreError::Unreadable("account"))?))
    }

    async fn link_customer(&self, customer: &CustomerId, account: &AccountId) -> Result<bool, StoreError> {
        let mut item = key(format!("CUSTOMER#{customer}"), ONLY);
        item.insert("account".to_owned(), text(account.as_str()));
        let put = self
            .client
            .put_item()
            .table_name(&self.ledger)
            .set_item(Some(item))
            .condition_expression(ABSENT_OR_SAME)
            .expression_attribute_values(":account", text(account.as_str()));
        self.write(|| put.clone().send()).await
    }
}

impl PurchaseStore for Tables {
    async fn records_of(&self, account: &AccountId) -> Result<AccountRecords, StoreError> {
        self.account_records(account).await
    }

    async fn purchases_of(
        &self,
        account: &AccountId,
        before: Option<(Timestamp, PaymentId)>,
        limit: u16,
    ) -> Result<Vec<Purchase>, StoreError> {
        self.purchases_before(account, before, limit).await
    }
}
