//! Stripe's JSON of subscriptions and schedules, as far as a change of plan reads it.

use primitives::{Currency, CustomerId, ScheduleId, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use stripe_events::SubscriptionStatus;

use crate::error::StripeError;
use crate::plan_object::{Phase, PhaseItem, PlanItem, PlanSchedule, PlannedSubscription};
use crate::wire::{Page, Reference, unreadable};

#[derive(Deserialize)]
pub(crate) struct PlannedWire {
    status: String,
    currency: String,
    customer: Option<Reference>,
    items: Page<ItemWire>,
    #[serde(default)]
    cancel_at_period_end: bool,
    cancel_at: Option<i64>,
    pause_collection: Option<IgnoredAny>,
    pending_update: Option<IgnoredAny>,
    #[serde(default)]
    metadata: MetadataWire,
    schedule: Option<ScheduleField>,
}

#[derive(Deserialize)]
struct ItemWire {
    id: String,
    price: Reference,
    quantity: Option<u64>,
    current_period_end: Option<i64>,
}

#[derive(Default, Deserialize)]
struct MetadataWire {
    plan_change: Option<String>,
}

/// The schedule where it was expanded.
#[derive(Deserialize)]
#[serde(untagged)]
enum ScheduleField {
    Object(Box<ScheduleWire>),
    Id(String),
}

#[derive(Deserialize)]
pub(crate) struct ScheduleWire {
    id: String,
    #[serde(default)]
    metadata: Option<MetadataWire>,
    current_phase: Option<CurrentWire>,
    end_behavior: Option<String>,
    #[serde(default)]
    phases: Vec<PhaseWire>,
}

#[derive(Deserialize)]
struct CurrentWire {
    start_date: i64,
}

#[derive(Deserialize)]
struct PhaseWire {
    start_date: i64,
    end_date: i64,
    items: Vec<PhaseItemWire>,
    discounts: Option<Vec<PhaseDiscountWire>>,
    default_tax_rates: Option<Vec<Reference>>,
}

#[derive(Deserialize)]
struct PhaseItemWire {
    price: Reference,
    quantity: Option<u64>,
    tax_rates: Option<Vec<Reference>>,
}

#[derive(Deserialize)]
struct PhaseDiscountWire {
    coupon: Option<Reference>,
    discount: Option<Reference>,
    promotion_code: Option<Reference>,
}

fn ids(references: Option<Vec<Reference>>) -> Vec<String> {
    references.unwrap_or_default().into_iter().map(Reference::into_id).collect()
}

impl From<PhaseWire> for Phase {
    fn from(wire: PhaseWire) -> Self {
        let item = |item: PhaseItemWire| PhaseItem {
            price: item.price.into_id(),
            quantity: item.quantity,
            tax_rates: ids(item.tax_rates),
        };
        let discount = |each: PhaseDiscountWire| {
            // A discount that runs is named by itself, so that it is not begun anew.
            let named = [
                ("discount", each.discount),
                ("promotion_code", each.promotion_code),
                ("coupon", each.coupon),
            ];
            named.into_iter().find_map(|(kind, reference)| Some((kind, reference?.into_id())))
        };
        Self {
            starts_s: wire.start_date,
            ends_s: wire.end_date,
            items: wire.items.into_iter().map(item).collect(),
            discounts: wire.discounts.unwrap_or_default().into_iter().filter_map(discount).collect(),
            default_tax_rates: ids(wire.default_tax_rates),
        }
    }
}

impl TryFrom<ScheduleWire> for PlanSchedule {
    type Error = StripeError;

    fn try_from(wire: ScheduleWire) -> Result<Self, StripeError> {
        let starts_s = wire.current_phase.map(|phase| phase.start_date);
        let phases = wire.phases.len();
        let running = wire.phases.into_iter().find(|phase| Some(phase.start_date) == starts_s);
        Ok(Self {
            id: ScheduleId::new(wire.id).map_err(unreadable("`id` of a schedule"))?,
            mark: wire.metadata.and_then(|metadata| metadata.plan_change),
            running: running.map(Phase::from),
            phases,
            ends_subscription: wire.end_behavior.as_deref() == Some("cancel"),
        })
    }
}

impl TryFrom<PlannedWire> for PlannedSubscription {
    type Error = StripeError;

    fn try_from(wire: PlannedWire) -> Result<Self, StripeError> {
        let item = |item: ItemWire| {
            let period_ends_at = item.current_period_end.map(Timestamp::from_s).transpose();
            Ok(PlanItem {
                id: item.id,
                price: item.price.into_id(),
                quantity: item.quantity.unwrap_or(1),
                period_ends_at: period_ends_at.map_err(unreadable("`current_period_end` of an item"))?,
            })
        };
        if wire.items.has_more {
            return Err(StripeError::Unreadable { what: "all items of a subscription" });
        }
        let schedule = match wire.schedule {
            None => None,
            Some(ScheduleField::Object(schedule)) => Some(PlanSchedule::try_from(*schedule)?),
            Some(ScheduleField::Id(id)) => Some(PlanSchedule {
                id: ScheduleId::new(id).map_err(unreadable("`schedule` of a subscription"))?,
                mark: None,
                running: None,
                phases: 0,
                ends_subscription: false,
            }),
        };
        let customer = wire.customer.map(|customer| CustomerId::new(customer.into_id())).transpose();
        Ok(Self {
            status: SubscriptionStatus::from(wire.status.as_str()),
            customer: customer.map_err(unreadable("`customer` of a subscription"))?,
            currency: Currency::new(&wire.currency).map_err(unreadable("`currency` of a subscription"))?,
            items: wire.items.data.into_iter().map(item).collect::<Result<_, StripeError>>()?,
            is_to_end: wire.cancel_at_period_end || wire.cancel_at.is_some(),
            collection_paused: wire.pause_collection.is_some(),
            has_pending_update: wire.pending_update.is_some(),
            mark: wire.metadata.plan_change,
            schedule,
        })
    }
}
