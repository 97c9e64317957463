//! Subscriptions and schedules as Stripe has them, as far as a change of plan looks at them.

use primitives::{Currency, CustomerId, ScheduleId, Timestamp};
use stripe_events::SubscriptionStatus;

/// A subscription as it is before a change of its plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSubscription {
    pub status: SubscriptionStatus,
    pub customer: Option<CustomerId>,
    pub currency: Currency,
    pub items: Vec<PlanItem>,
    /// Whether it is to end: with its period, or at a date.
    pub is_to_end: bool,
    /// Whether Stripe collects no money for its invoices.
    pub collection_paused: bool,
    /// Whether a change waits at Stripe for its payment.
    pub has_pending_update: bool,
    /// The mark of the newest change that was made at once.
    pub mark: Option<String>,
    /// The schedule that manages it.
    pub schedule: Option<PlanSchedule>,
}

/// One item of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanItem {
    pub id: String,
    pub price: String,
    /// How many of it; one where Stripe does not say, as for metered prices.
    pub quantity: u64,
    pub period_ends_at: Option<Timestamp>,
}

/// A schedule of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanSchedule {
    pub id: ScheduleId,
    /// The mark of the change that it is for; `None` of one that was made elsewhere, or has no change yet.
    pub mark: Option<String>,
    /// The phase that is running.
    pub(crate) running: Option<Phase>,
    /// How many phases it has.
    pub(crate) phases: usize,
    /// Whether the subscription ends with it.
    pub(crate) ends_subscription: bool,
}

impl PlanSchedule {
    /// Whether somebody else than a change of plan made it, for something that it still does. One that was
    /// made from a subscription and has its one phase alone does nothing.
    pub fn is_foreign(&self) -> bool {
        self.mark.is_none() && (self.phases != 1 || self.ends_subscription)
    }

    /// Whether it is for the change with this mark, and all of it was written.
    pub fn is_of(&self, mark: &str) -> bool {
        self.mark.as_deref() == Some(mark)
    }
}

/// A phase of a schedule: what has to be repeated of it, since Stripe takes an update as the whole of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) starts_s: i64,
    pub(crate) ends_s: i64,
    pub(crate) items: Vec<PhaseItem>,
    /// The kind of each reference (`coupon`, `discount` or `promotion_code`), and its id.
    pub(crate) discounts: Vec<(&'static str, String)>,
    pub(crate) default_tax_rates: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PhaseItem {
    pub(crate) price: String,
    pub(crate) quantity: Option<u64>,
    pub(crate) tax_rates: Vec<String>,
}
