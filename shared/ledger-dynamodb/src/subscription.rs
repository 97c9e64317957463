//! Subscriptions as items of their account: what Stripe reports, and beside it the confirmation that was
//! recorded here.
//!
//! Stripe's part is written by the newest event, the confirmation by conditions of its own, so that neither
//! undoes the other. While Stripe does not know of a confirmation, its item is in the due index, in a shard
//! of its own.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use ledger::{
    AccountId, CancellationStore, Channel, Confirmation, REPORT_WITHIN_S, ScheduleId, Subscription,
    SubscriptionId, SubscriptionReport, SubscriptionStore, Timestamp, UnreportedCancellation,
};
use serde::{Deserialize, Serialize};

use crate::item::{
    Item, account_key, account_of, key, named_key, number, read_instant, read_number, read_text, text,
};
use crate::scalar::{instant, provider, provider_form};
use crate::transaction::update;
use crate::{StoreError, Tables};

pub(crate) const SUBSCRIPTION: &str = "SUBSCRIPTION#";
/// The shard of cancellations in the due index: there are few at a time, and they leave it within seconds.
const UNREPORTED: &str = "cancellations";
/// The newest record wins; of two of the same second, the one of the higher rank. A record from before ranks
/// were kept gives way to one of its second, unless it reports the end.
const NEWER: &str = "attribute_not_exists(pk) OR as_of < :as_of OR (as_of = :as_of AND \
     (event_rank < :rank OR (attribute_not_exists(event_rank) AND attribute_not_exists(ended_at))))";

#[derive(Serialize, Deserialize)]
struct Form {
    /// Absent of Stripe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    price: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period_ends_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancellation_confirmed_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancels_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    collection_paused: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
}

fn item_key(account: &AccountId, id: &SubscriptionId) -> Item {
    key(account_key(account), format!("{SUBSCRIPTION}{id}"))
}

fn id_of(item: &Item) -> Result<SubscriptionId, StoreError> {
    let id = read_text(item, "sk")?.strip_prefix(SUBSCRIPTION).and_then(|id| SubscriptionId::new(id).ok());
    id.ok_or(StoreError::Unreadable("sk"))
}

fn optional_instant(item: &Item, name: &'static str) -> Result<Option<Timestamp>, StoreError> {
    item.contains_key(name).then(|| read_instant(item, name)).transpose()
}

fn read(item: &Item) -> Result<Subscription, StoreError> {
    let form: Form = serde_json::from_str(read_text(item, "body")?)?;
    let unreadable = StoreError::Unreadable("body");
    let confirmation = match optional_instant(item, "confirmed_at")? {
        None => None,
        Some(at) => Some(Confirmation {
            at,
            channel: Channel::parse(read_text(item, "channel")?).ok_or(StoreError::Unreadable("channel"))?,
            effective_at: optional_instant(item, "effective_at")?,
            stripe_at: optional_instant(item, "stripe_at")?,
            announced: if item.contains_key("announced") { read_number(item, "announced")? } else { 0 },
        }),
    };
    let reported = Subscription {
        provider: provider(form.provider.as_deref())?,
        id: id_of(item)?,
        account: account_of(item)?,
        as_of: read_instant(item, "as_of")?,
        price: form.price,
        period_ends_at: form.period_ends_at.map(instant).transpose()?,
        cancellation_confirmed_at: form.cancellation_confirmed_at.map(instant).transpose()?,
        cancels_at: form.cancels_at.map(instant).transpose()?,
        ended_at: optional_instant(item, "ended_at")?,
        confirmation: None,
        report: SubscriptionReport {
            rank: if item.contains_key("event_rank") { read_number(item, "event_rank")? } else { 0 },
            status: form.status,
            collection_paused: form.collection_paused,
            schedule: form.schedule.map(ScheduleId::new).transpose().map_err(|_| unreadable)?,
        },
    };
    Ok(reported.with(confirmation))
}

/// The expression that writes what the provider reports, with its values and those of [`NEWER`].
fn reported(subscription: &Subscription) -> Result<(String, Item), StoreError> {
    let form = Form {
        provider: provider_form(subscription.provider),
        price: subscription.price.clone(),
        period_ends_at: subscription.period_ends_at.map(Timestamp::as_ms),
        cancellation_confirmed_at: subscription.cancellation_confirmed_at.map(Timestamp::as_ms),
        cancels_at: subscription.cancels_at.map(Timestamp::as_ms),
        status: subscription.report.status.clone(),
        collection_paused: subscription.report.collection_paused,
        schedule: subscription.report.schedule.as_ref().map(|id| id.as_str().to_owned()),
    };
    let mut expression =
        "SET body = :body, as_of = :as_of, event_rank = :rank, generation = :named".to_owned();
    let mut values = Item::from([
        (":body".to_owned(), text(serde_json::to_string(&form)?)),
        (":as_of".to_owned(), number(subscription.as_of.as_ms())),
        (":rank".to_owned(), number(subscription.report.rank)),
        (":named".to_owned(), text(named_key(subscription.id.as_str()))),
    ]);
    if let Some(ended_at) = subscription.ended_at {
        expression.push_str(", ended_at = :ended_at");
        values.insert(":ended_at".to_owned(), number(ended_at.as_ms()));
    }
    Ok((expression, values))
}

impl Tables {
    pub(crate) async fn read_subscription(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError> {
        self.account_item(item_key(account, id), read).await
    }

    pub(crate) async fn read_subscriptions(
        &self,
        account: &AccountId,
    ) -> Result<Vec<Subscription>, StoreError> {
        self.account_items(account, SUBSCRIPTION, read).await
    }

    pub(crate) async fn write_subscription(&self, subscription: &Subscription) -> Result<bool, StoreError> {
        let (expression, values) = reported(subscription)?;
        let update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(item_key(&subscription.account, &subscription.id)))
            .update_expression(expression)
            .condition_expression(NEWER)
            .set_expression_attribute_values(Some(values));
        self.write(|| update.clone().send()).await
    }

    /// The same write as a part of a transaction.
    pub(crate) fn subscription_update(
        &self,
        subscription: &Subscription,
    ) -> Result<UpdateBuilder, StoreError> {
        let (expression, values) = reported(subscription)?;
        Ok(update(&self.ledger, item_key(&subscription.account, &subscription.id))
            .update_expression(expression)
            .condition_expression(NEWER)
            .set_expression_attribute_values(Some(values)))
    }

    /// An update of a subscription with its confirmation, whose instant is `:seen`.
    fn update_of_confirmed(&self, seen: &Subscription) -> Option<(Confirmation, UpdateItemFluentBuilder)> {
        let confirmed = seen.confirmation?;
        let update = self.client.update_item().table_name(&self.ledger);
        let update = update
            .set_key(Some(item_key(&seen.account, &seen.id)))
            .expression_attribute_values(":seen", number(confirmed.at.as_ms()));
        Some((confirmed, update))
    }

    /// Cancellations in the due index.
    pub(crate) async fn read_unreported_cancellations(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<UnreportedCancellation>, StoreError> {
        let items = self.due_in(&self.ledger, UNREPORTED, now, limit).await?;
        items
            .iter()
            .map(|item| Ok(UnreportedCancellation { account: account_of(item)?, subscription: id_of(item)? }))
            .collect()
    }
}

impl CancellationStore for Tables {
    async fn confirm_cancellation(
        &self,
        seen: &Subscription,
        confirmation: &Confirmation,
    ) -> Result<bool, StoreError> {
        let due_at =
            confirmation.at.plus_s(REPORT_WITHIN_S).map_err(|_| StoreError::Unreadable("instant"))?;
        let effective = if confirmation.effective_at.is_some() {
            ("", ", effective_at = :effective_at")
        } else {
            (", effective_at", "")
        };
        let update = format!(
            "SET confirmed_at = :at, channel = :channel, due_shard = :shard, due_at = :due_at{} \
             REMOVE stripe_at, announced{}",
            effective.1, effective.0
        );
        let unchanged = if seen.confirmation.is_some() {
            "confirmed_at = :seen"
        } else {
            "attribute_not_exists(confirmed_at)"
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.ledger)
            .set_key(Some(item_key(&seen.account, &seen.id)))
            .update_expression(update)
            .condition_expression(format!("attribute_exists(pk) AND {unchanged}"))
            .expression_attribute_values(":at", number(confirmation.at.as_ms()))
            .expression_attribute_values(":channel", text(confirmation.channel.as_str()))
            .expression_attribute_values(":shard", text(UNREPORTED))
            .expression_attribute_values(":due_at", number(due_at.as_ms()));
        if let Some(effective_at) = confirmation.effective_at {
            update = update.expression_attribute_values(":effective_at", number(effective_at.as_ms()));
        }
        if let Some(replaced) = seen.confirmation {
            update = update.expression_attribute_values(":seen", number(replaced.at.as_ms()));
        }
        self.write(|| update.clone().send()).await
    }

    async fn reschedule_report(&self, seen: &Subscription, due_at: Timestamp) -> Result<(), StoreError> {
        let Some((confirmed, update)) = self.update_of_confirmed(seen) else { return Ok(()) };
        let update = update
            .update_expression("SET announced = :announced, due_at = :due_at")
            // Where it fails, Stripe knows, or a newer confirmation is recorded.
            .condition_expression("confirmed_at = :seen AND attribute_exists(due_shard)")
            .expression_attribute_values(":announced", number(confirmed.announced.saturating_add(1)))
            .expression_attribute_values(":due_at", number(due_at.as_ms()));
        self.write(|| update.clone().send()).await.map(drop)
    }

    async fn mark_reported(&self, seen: &Subscription, stripe_at: Timestamp) -> Result<(), StoreError> {
        let Some((_, update)) = self.update_of_confirmed(seen) else { return Ok(()) };
        let update = update
            .update_expression("SET stripe_at = :stripe_at REMOVE due_shard, due_at")
            // If this fails, a newer confirmation is recorded, and Stripe is notified of that one separately.
            .condition_expression("confirmed_at = :seen")
            .expression_attribute_values(":stripe_at", number(stripe_at.as_ms()));
        self.write(|| update.clone().send()).await.map(drop)
    }
}

impl SubscriptionStore for Tables {
    async fn subscription(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError> {
        self.read_subscription(account, id).await
    }

    async fn subscriptions_of(&self, account: &AccountId) -> Result<Vec<Subscription>, StoreError> {
        self.read_subscriptions(account).await
    }

    async fn save_subscription(&self, subscription: &Subscription) -> Result<bool, StoreError> {
        self.write_subscription(subscription).await
    }
}
