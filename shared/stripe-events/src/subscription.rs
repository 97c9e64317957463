//! Subscriptions: whether and until when a customer has one.

use primitives::{CustomerId, ScheduleId, SubscriptionId, Timestamp};
use provider_wire::{Metadata, MetadataField, open_enum};
use serde::Deserialize;

use crate::id::PriceId;
use crate::wire::{Fault, Object, Page, Pages as _, Scalar, required};

open_enum! {
    /// Where a subscription stands.
    pub enum SubscriptionStatus {
        /// Within a free trial.
        Trialing = "trialing",
        /// Paid for.
        Active = "active",
        /// The first payment is open; it has 23 hours.
        Incomplete = "incomplete",
        /// The first payment never came.
        IncompleteExpired = "incomplete_expired",
        /// A renewal is not paid, and is being tried again.
        PastDue = "past_due",
        /// Ended.
        Canceled = "canceled",
        /// Renewals are not paid, and are not being tried again.
        Unpaid = "unpaid",
        /// A trial ended without a payment method.
        Paused = "paused",
    }
}

open_enum! {
    /// Why a subscription was cancelled.
    pub enum CancellationReason {
        /// Somebody asked for it.
        CancellationRequested = "cancellation_requested",
        PaymentDisputed = "payment_disputed",
        /// Renewals could not be paid.
        PaymentFailed = "payment_failed",
        /// A retention policy of the company's ended it.
        CanceledByRetentionPolicy = "canceled_by_retention_policy",
    }
}

/// A subscription as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionObject {
    pub id: SubscriptionId,
    pub customer: Option<CustomerId>,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// Whether it ends with the period that is paid. Can be taken back until then.
    pub cancel_at_period_end: bool,
    /// When it will end.
    pub cancel_at: Option<Timestamp>,
    /// When the cancellation was asked for: not its end.
    pub canceled_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    /// The end of the period that is paid: the earliest one of its items. `None` where the event does not
    /// list all of the items.
    pub current_period_end: Option<Timestamp>,
    /// The prices of the items that the event lists.
    pub prices: Vec<PriceId>,
    /// Whether no money is collected for its invoices (`pause_collection`); its status stays as it is.
    pub collection_paused: bool,
    /// The schedule that manages it, whose phases say which price it has next.
    pub schedule: Option<ScheduleId>,
    /// Why it was cancelled.
    pub cancellation_reason: Option<CancellationReason>,
    /// The subscription's metadata.
    pub metadata: Metadata,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    customer: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(borrow, default)]
    cancel_at_period_end: Scalar<'a>,
    #[serde(borrow, default)]
    cancel_at: Scalar<'a>,
    #[serde(borrow, default)]
    canceled_at: Scalar<'a>,
    #[serde(borrow, default)]
    ended_at: Scalar<'a>,
    /// Before 2025-03-31; from then on each item has its own.
    #[serde(borrow, default)]
    current_period_end: Scalar<'a>,
    #[serde(borrow, default)]
    items: Object<Page<'a, ItemWire<'a>>>,
    #[serde(borrow, default)]
    pause_collection: Object<PauseWire<'a>>,
    #[serde(borrow, default)]
    schedule: Scalar<'a>,
    #[serde(borrow, default)]
    cancellation_details: Object<CancellationWire<'a>>,
    #[serde(default)]
    metadata: MetadataField,
}

#[derive(Deserialize)]
struct ItemWire<'a> {
    #[serde(borrow, default)]
    price: Scalar<'a>,
    #[serde(borrow, default)]
    current_period_end: Scalar<'a>,
}

#[derive(Deserialize)]
struct PauseWire<'a> {
    #[serde(borrow, default)]
    behavior: Scalar<'a>,
}

#[derive(Deserialize)]
struct CancellationWire<'a> {
    #[serde(borrow, default)]
    reason: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<SubscriptionObject, Fault> {
        let items = self.items.list("items", |item| {
            Ok((item.price.id("price")?, item.current_period_end.instant("current_period_end")?))
        })?;
        let items_complete = items.as_ref().is_some_and(|list| list.complete);
        let (prices, period_ends): (Vec<_>, Vec<_>) =
            items.map(|list| list.items).unwrap_or_default().into_iter().unzip();
        let earliest = period_ends.into_iter().flatten().min().filter(|_| items_complete);
        let cancellation_reason = match self.cancellation_details.read("cancellation_details")? {
            Some(details) => details.reason.choice("cancellation_details.reason")?,
            None => None,
        };
        let collection_paused = match self.pause_collection.read("pause_collection")? {
            Some(pause) => pause.behavior.text("pause_collection.behavior")?.is_some(),
            None => false,
        };
        Ok(SubscriptionObject {
            id: required(self.id.id("id")?, "id")?,
            customer: self.customer.id("customer")?,
            status: required(self.status.choice("status")?, "status")?,
            cancel_at_period_end: self.cancel_at_period_end.flag("cancel_at_period_end")?.unwrap_or(false),
            cancel_at: self.cancel_at.instant("cancel_at")?,
            canceled_at: self.canceled_at.instant("canceled_at")?,
            ended_at: self.ended_at.instant("ended_at")?,
            current_period_end: match earliest {
                Some(end) => Some(end),
                None => self.current_period_end.instant("current_period_end")?,
            },
            prices: prices.into_iter().flatten().collect(),
            collection_paused,
            schedule: self.schedule.id("schedule")?,
            cancellation_reason,
            metadata: self.metadata.read("metadata")?,
        })
    }
}
