//! Changes of plan as items of their account, beside their subscriptions: the newest confirmed one of each.
//!
//! Each write has the instant of the confirmation as its condition, so that of two changes at once one is
//! recorded, and the outcome of an earlier one is never written to a later one. While a change is open, its
//! item is in the due index, in a shard of its own.

use ledger::{
    AccountId, ChangeTiming, Channel, Currency, Money, PaymentId, PlanAhead, PlanChange, PlanChangeStore,
    PlanOrder, ProductId, REPORT_WITHIN_S, SubscriptionId, Timestamp, UnreportedPlanChange,
};
use serde::{Deserialize, Serialize};

use crate::item::{
    Item, account_key, account_of, difference_key, key, number, read_instant, read_number, read_text, text,
};
use crate::scalar::instant;
use crate::{StoreError, Tables};

const PLAN_CHANGE: &str = "PLAN_CHANGE#";
/// The shard of open changes in the due index: there are few at a time, and they leave it within seconds.
const OPEN: &str = "plan_changes";

/// What was confirmed, which is not written again.
#[derive(Serialize, Deserialize)]
struct Form {
    channel: String,
    item: String,
    price: String,
    quantity: u64,
    months: u32,
    timing: String,
    prorated_at: i64,
    charged_minor: u64,
    currency: String,
    period_ends_at: i64,
    confirmation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaces: Option<AheadForm>,
}

/// What was ahead when the change was confirmed.
#[derive(Serialize, Deserialize)]
struct AheadForm {
    price: String,
    quantity: u64,
    period_ends_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe_at: Option<i64>,
}

impl From<&PlanAhead> for AheadForm {
    fn from(ahead: &PlanAhead) -> Self {
        Self {
            price: ahead.price.clone(),
            quantity: ahead.quantity,
            period_ends_at: ahead.period_ends_at.as_ms(),
            stripe_at: ahead.stripe_at.map(Timestamp::as_ms),
        }
    }
}

impl TryFrom<AheadForm> for PlanAhead {
    type Error = StoreError;

    fn try_from(form: AheadForm) -> Result<Self, StoreError> {
        Ok(Self {
            price: form.price,
            quantity: form.quantity,
            period_ends_at: instant(form.period_ends_at)?,
            stripe_at: form.stripe_at.map(instant).transpose()?,
        })
    }
}

fn item_key(account: &AccountId, id: &SubscriptionId) -> Item {
    key(account_key(account), format!("{PLAN_CHANGE}{id}"))
}

fn id_of(item: &Item) -> Result<SubscriptionId, StoreError> {
    let id = read_text(item, "sk")?.strip_prefix(PLAN_CHANGE).and_then(|id| SubscriptionId::new(id).ok());
    id.ok_or(StoreError::Unreadable("sk"))
}

fn read(item: &Item) -> Result<PlanChange, StoreError> {
    let form: Form = serde_json::from_str(read_text(item, "body")?)?;
    let unreadable = || StoreError::Unreadable("body");
    let currency = Currency::new(&form.currency).map_err(|_| unreadable())?;
    Ok(PlanChange {
        account: account_of(item)?,
        subscription: id_of(item)?,
        at: read_instant(item, "confirmed_at")?,
        channel: Channel::parse(&form.channel).ok_or_else(unreadable)?,
        order: PlanOrder {
            item: form.item,
            price: form.price,
            quantity: form.quantity,
            months: form.months,
            timing: ChangeTiming::parse(&form.timing).ok_or_else(unreadable)?,
            prorated_at: instant(form.prorated_at)?,
            charged: Money::new(form.charged_minor, currency),
            period_ends_at: instant(form.period_ends_at)?,
            confirmation: form.confirmation,
        },
        replaces: form.replaces.map(PlanAhead::try_from).transpose()?,
        stripe_at: item.contains_key("stripe_at").then(|| read_instant(item, "stripe_at")).transpose()?,
        declined: item
            .contains_key("declined")
            .then(|| read_text(item, "declined").map(str::to_owned))
            .transpose()?,
        announced: if item.contains_key("announced") { read_number(item, "announced")? } else { 0 },
    })
}

fn written(change: &PlanChange) -> Result<Item, StoreError> {
    let order = &change.order;
    let form = Form {
        channel: change.channel.as_str().to_owned(),
        item: order.item.clone(),
        price: order.price.clone(),
        quantity: order.quantity,
        months: order.months,
        timing: order.timing.as_str().to_owned(),
        prorated_at: order.prorated_at.as_ms(),
        charged_minor: order.charged.minor(),
        currency: order.charged.currency().as_str().to_owned(),
        period_ends_at: order.period_ends_at.as_ms(),
        confirmation: order.confirmation.clone(),
        replaces: change.replaces.as_ref().map(AheadForm::from),
    };
    let due_at = change.at.plus_s(REPORT_WITHIN_S).map_err(|_| StoreError::Unreadable("instant"))?;
    let mut item = item_key(&change.account, &change.subscription);
    for (name, value) in [
        ("body", text(serde_json::to_string(&form)?)),
        ("confirmed_at", number(change.at.as_ms())),
        ("due_shard", text(OPEN)),
        ("due_at", number(due_at.as_ms())),
    ] {
        item.insert(name.to_owned(), value);
    }
    Ok(item)
}

impl PlanChangeStore for Tables {
    async fn plan_change(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> Result<Option<PlanChange>, StoreError> {
        self.account_item(item_key(account, id), read).await
    }

    async fn plan_changes_of(&self, account: &AccountId) -> Result<Vec<PlanChange>, StoreError> {
        self.account_items(account, PLAN_CHANGE, read).await
    }

    async fn whole_difference(
        &self,
        account: &AccountId,
        product: &ProductId,
    ) -> Result<Option<PaymentId>, StoreError> {
        let Some(item) = self.get(&self.ledger, difference_key(account, product)).await? else {
            return Ok(None);
        };
        let payment = PaymentId::new(read_text(&item, "payment")?);
        payment.map(Some).map_err(|_| StoreError::Unreadable("payment"))
    }

    async fn confirm_plan_change(
        &self,
        seen: Option<&PlanChange>,
        change: &PlanChange,
    ) -> Result<bool, StoreError> {
        let condition = if seen.is_some() { "confirmed_at = :seen" } else { "attribute_not_exists(pk)" };
        let mut put = self
            .client
            .put_item()
            .table_name(&self.ledger)
            .condition_expression(condition)
            .set_item(Some(written(change)?));
        if let Some(replaced) = seen {
            put = put.expression_attribute_values(":seen", number(replaced.at.as_ms()));
        }
        self.write(|| put.clone().send()).await
    }

    async fn reschedule_plan_change(&self, seen: &PlanChange, due_at: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(item_key(&seen.account, &seen.subscription)))
            .update_expression("SET announced = :announced, due_at = :due_at")
            // Where it fails, Stripe has answered, or a newer change is recorded.
            .condition_expression("confirmed_at = :seen AND attribute_exists(due_shard)")
            .expression_attribute_values(":seen", number(seen.at.as_ms()))
            .expression_attribute_values(":announced", number(seen.announced.saturating_add(1)))
            .expression_attribute_values(":due_at", number(due_at.as_ms()));
        self.write(|| update.clone().send()).await.map(drop)
    }

    async fn settle_plan_change(&self, settled: &PlanChange) -> Result<(), StoreError> {
        let (name, outcome) = match (&settled.stripe_at, &settled.declined) {
            (Some(stripe_at), _) => ("stripe_at", number(stripe_at.as_ms())),
            (None, Some(declined)) => ("declined", text(declined.clone())),
            (None, None) => return Ok(()),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(item_key(&settled.account, &settled.subscription)))
            .update_expression("SET #outcome = :outcome REMOVE due_shard, due_at")
            // Where it fails, the outcome is recorded, or a newer change is.
            .condition_expression("confirmed_at = :seen AND attribute_exists(due_shard)")
            .expression_attribute_names("#outcome", name)
            .expression_attribute_values(":seen", number(settled.at.as_ms()))
            .expression_attribute_values(":outcome", outcome);
        self.write(|| update.clone().send()).await.map(drop)
    }

    async fn unreported_plan_changes(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<UnreportedPlanChange>, StoreError> {
        let items = self.due_in(&self.ledger, OPEN, now, limit).await?;
        items
            .iter()
            .map(|item| Ok(UnreportedPlanChange { account: account_of(item)?, subscription: id_of(item)? }))
            .collect()
    }
}
