//! Misbehaviour on demand: each fault is taken by one later call of the API that it names.

use serde::{Deserialize, Serialize};

/// A call of the Stripe API.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `POST /v1/refunds`.
    #[default]
    CreateRefund,
    /// `GET /v1/events`.
    ListEvents,
    /// `GET /v1/refunds`.
    ListRefunds,
    /// `GET /v1/checkout/sessions`.
    ListSessions,
    /// `GET /v1/refunds/{id}`.
    RetrieveRefund,
    /// `GET /v1/invoice_payments`.
    ListInvoicePayments,
    /// `GET /v1/checkout/sessions/{id}/line_items`.
    ListSessionLines,
    /// `GET /v1/invoices/{id}/lines`.
    ListInvoiceLines,
    /// `DELETE /v1/subscriptions/{id}`: it ends at once.
    EndSubscription,
    /// `POST /v1/subscriptions/{id}`: whether it ends with its period, its discounts, or its plan.
    UpdateSubscription,
    /// `GET /v1/subscriptions/{id}`.
    RetrieveSubscription,
    /// `POST /v1/subscription_schedules/{id}/release`.
    ReleaseSchedule,
    /// `POST /v1/subscription_schedules`.
    CreateSchedule,
    /// `POST /v1/subscription_schedules/{id}`.
    UpdateSchedule,
    /// `POST /v1/invoices/create_preview`.
    PreviewInvoice,
    /// `GET /v1/invoices`.
    ListInvoices,
    /// `POST /v1/invoices/{id}/void`.
    VoidInvoice,
    /// `GET /v1/disputes`.
    ListDisputes,
    /// `GET /v1/disputes/{id}`.
    RetrieveDispute,
    /// `POST /v1/disputes/{id}`.
    UpdateDispute,
    /// `POST /v1/coupons`.
    CreateCoupon,
    /// `GET /v1/coupons/{id}`.
    RetrieveCoupon,
}

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// The call is carried out; its answer never comes.
    TimeoutAfterActing,
    /// Nothing is carried out and no answer comes.
    TimeoutBeforeActing,
    /// The call is carried out; the connection breaks in the middle of the answer's body.
    ResetAfterActing,
    /// Nothing is carried out and the connection breaks without an answer.
    ResetBeforeActing,
    /// The call is carried out after a while, even if its caller has left; until then its idempotency
    /// key is in use.
    Slow {
        /// How long, in milliseconds.
        delay_ms: u64,
    },
    /// 409 `idempotency_key_in_use`; nothing is carried out or stored.
    InUse,
    /// 429; nothing is carried out or stored.
    RateLimited {
        /// The `Retry-After` header, in seconds.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// 503; nothing is carried out or stored.
    Unavailable,
    /// 500, stored under the idempotency key.
    ServerError {
        /// Whether the call was carried out all the same.
        #[serde(default)]
        acts: bool,
    },
    /// A refusal with an error code, stored under the idempotency key.
    Decline {
        /// Stripe's error code.
        code: String,
    },
    /// An answer of 200 whose body is not JSON.
    Garbage,
}

/// A fault that the next calls of one operation meet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "O: Default + Deserialize<'de>"))]
pub struct PlannedFault<O = Operation> {
    /// Which calls.
    #[serde(default)]
    pub operation: O,
    /// How many of them; one by default.
    #[serde(default = "once")]
    pub times: usize,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
}

impl<O> PlannedFault<O> {
    /// All members of a planned fault: flattened, serde cannot refuse the others by itself.
    pub(crate) const MEMBERS: [&str; 7] =
        ["operation", "times", "fault", "delay_ms", "retry_after_s", "acts", "code"];
}

fn once() -> usize {
    1
}

/// The faults that are still to come, first planned first met.
#[derive(Debug)]
pub(crate) struct Faults<O = Operation>(Vec<PlannedFault<O>>);

impl<O> Default for Faults<O> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<O: Copy + PartialEq> Faults<O> {
    pub(crate) fn plan(&mut self, fault: PlannedFault<O>) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the next fault of `operation`.
    pub(crate) fn take(&mut self, operation: O) -> Option<Fault> {
        let planned =
            self.0.iter_mut().find(|planned| planned.operation == operation && planned.times > 0)?;
        planned.times = planned.times.saturating_sub(1);
        let fault = planned.fault.clone();
        self.0.retain(|planned| planned.times > 0);
        Some(fault)
    }
}
