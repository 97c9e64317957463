//! What the stand-in remembers of each object; `render` gives it Stripe's shapes.

use std::collections::BTreeMap;

use serde::Serialize;

/// A payment that succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Payment {
    /// `pi_…`
    pub id: String,
    /// `ch_…`
    pub charge: String,
    /// `cus_…`
    pub customer: String,
    /// The invoice that it paid, for a subscription.
    pub invoice: Option<String>,
    /// In the smallest unit of the currency.
    pub amount: u64,
    /// The sum of its refunds that have not failed.
    pub refunded: u64,
    /// Three lower-case letters.
    pub currency: String,
    /// The country of the customer's billing address, where one is known.
    pub country: Option<String>,
    /// When the money was taken, in seconds since 1970.
    pub created: i64,
}

/// A subscription with one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subscription {
    /// `sub_…`
    pub id: String,
    /// `si_…`
    pub item: String,
    /// `cus_…`
    pub customer: String,
    /// The price's id.
    pub price: String,
    /// In the smallest unit of the currency, for each period and each unit.
    pub amount: u64,
    pub quantity: u64,
    /// Three lower-case letters.
    pub currency: String,
    /// `active`, `past_due` or `canceled`.
    pub status: String,
    /// In seconds since 1970, as all instants here.
    pub created: i64,
    /// Start of the period that was charged last.
    pub period_start: i64,
    pub period_end: i64,
    /// The days of a period, where they are not those of its price's months.
    pub days: Option<u16>,
    /// Whether it ends with its period.
    pub cancel_at_period_end: bool,
    /// When the cancellation was confirmed.
    pub canceled_at: Option<i64>,
    pub ended_at: Option<i64>,
    /// The schedule that manages it.
    pub schedule: Option<String>,
    /// Its discounts: Stripe's id of each, and its coupon.
    pub discounts: Vec<(String, String)>,
    /// Repeated by its invoices.
    pub metadata: BTreeMap<String, String>,
}

/// A price that is sold every period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) id: String,
    /// In the smallest unit of the currency.
    pub(crate) amount: u64,
    /// Three lower-case letters.
    pub(crate) currency: String,
    /// How many months a period has.
    pub(crate) months: u32,
}

/// A line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The price's id.
    pub price: String,
    pub quantity: u64,
    /// In the smallest unit of the currency; below zero, it gives something back.
    pub amount: i64,
    /// Whether it settles a change within a period.
    pub proration: bool,
    /// From when until when it counts.
    pub period: (i64, i64),
}

/// A schedule, whose first phase is the running one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScheduleRecord {
    /// `sub_sched_…`
    pub(crate) id: String,
    /// What the caller attached.
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) phases: Vec<Phase>,
}

/// From when until when a subscription has which plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Phase {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) price: String,
    pub(crate) quantity: u64,
}

/// A coupon that makes one invoice cheaper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Coupon {
    /// As its maker named it.
    pub id: String,
    /// In hundredths.
    pub percent_off: Option<u64>,
    /// In the smallest unit of the currency.
    pub amount_off: Option<u64>,
    /// How often it was applied.
    pub times_redeemed: u64,
    /// What the caller attached.
    pub metadata: BTreeMap<String, String>,
}

/// A paid invoice of a subscription, with one payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Invoice {
    /// `in_…`
    pub id: String,
    /// `il_…`
    pub line: String,
    /// `inpay_…`
    pub invoice_payment: String,
    /// `pi_…`
    pub payment: String,
    /// `subscription_create`, `subscription_cycle` or `subscription_update`.
    pub billing_reason: String,
    /// Its lines; none of an invoice with one line for a whole period.
    pub lines: Vec<Line>,
    pub paid_at: i64,
}

/// An invoice that was not paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenInvoice {
    /// `in_…`
    pub id: String,
    /// `sub_…`
    pub subscription: String,
    /// `open` or `void`.
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refund {
    /// `re_…`
    pub id: String,
    /// `pi_…`
    pub payment: String,
    /// In the smallest unit of the currency.
    pub amount: u64,
    /// `pending`, `requires_action`, `succeeded` or `failed`.
    pub status: String,
    pub pending_reason: Option<String>,
    /// Why it failed.
    pub failure_reason: Option<String>,
    pub created: i64,
    /// The idempotency key of the call that made it.
    pub idempotency_key: Option<String>,
    /// What the caller attached.
    pub metadata: BTreeMap<String, String>,
}

/// A charge that the cardholder's bank asks about or takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dispute {
    /// `du_…`
    pub id: String,
    /// `pi_…`
    pub payment: String,
    /// In the smallest unit of the currency.
    pub amount: u64,
    /// `fraudulent` and so on.
    pub reason: String,
    /// `warning_needs_response`, `needs_response` and so on.
    pub status: String,
    /// Until when evidence is taken; 0 where no answer is possible.
    pub due_by: i64,
    pub created: i64,
    /// Money that was withdrawn (below zero) and came back.
    pub movements: Vec<i64>,
    /// Its texts by name, staged or submitted.
    pub evidence: BTreeMap<String, String>,
    /// How often evidence was sent to the bank.
    pub submission_count: u64,
    /// What the caller attached.
    pub metadata: BTreeMap<String, String>,
}

/// One event, whose bytes are the same at every delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// `invoice.paid` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it waits for a release.
    pub held: bool,
    /// The body as it is sent.
    pub body: String,
}

/// One attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The event's id.
    pub event: String,
    /// The event's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Counted from 1, for each copy.
    pub attempt: usize,
    /// The receiver's status, where there was one.
    pub status: Option<u16>,
    /// What went wrong before there was one.
    pub error: Option<String>,
}

impl Delivery {
    /// Whether the receiver took the event.
    pub fn accepted(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One call of the API, for assertions on how often something was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// Path without its query.
    pub path: String,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
    /// The `Stripe-Version` header.
    pub stripe_version: Option<String>,
    /// The fault that it met.
    pub fault: Option<super::Fault>,
}
