//! The event around an object: when it happened, and which of the known facts it carries.
//!
//! An event is read twice: first its envelope, with the object kept as the text that it is, then, for the
//! types that are known, the object's few fields. Unknown types and unknown fields have no effect at all.

use primitives::Timestamp;
use provider_wire::{Fault, Object, Scalar, required};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::checkout::{self, CreemCheckout};
use crate::dispute::{self, CreemDispute};
use crate::id::CreemEventId;
use crate::object::CreemMode;
use crate::refund::{self, CreemRefund};
use crate::signature::SignedByCreem;
use crate::subscription::{self, CreemSubscription};

/// An event of Creem's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreemEvent {
    /// Its id, the same in every delivery of it.
    pub id: CreemEventId,
    /// Its type as Creem writes it, like `subscription.paid`.
    pub event_type: String,
    /// When it happened, to the millisecond: the instant of the business, however late it is delivered.
    pub created: Timestamp,
    /// The mode of its object; `None` where that has none.
    pub mode: Option<CreemMode>,
    /// What it says.
    pub kind: CreemEventKind,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreemEventKind {
    /// `checkout.completed`.
    CheckoutCompleted(CreemCheckout),
    /// `subscription.…`.
    Subscription(SubscriptionMove, CreemSubscription),
    /// `refund.created`; nothing reports what happens to the refund later.
    RefundCreated(CreemRefund),
    /// `dispute.created`; nothing reports how the dispute ends.
    DisputeCreated(CreemDispute),
    /// Any other type, as those of the credits that Creem itself keeps.
    Other,
}

/// What happened to a subscription. Its status may say something else: the event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionMove {
    /// It began: for what is in step with Creem only, since `Paid` comes as well.
    Active,
    /// A period is paid, the first one included.
    Paid,
    /// A trial began.
    Trialing,
    /// Its items, units or plan changed.
    Updated,
    /// It ends with its period, and can be resumed until then.
    ScheduledCancel,
    /// It ended.
    Canceled,
    /// A payment failed and is tried again.
    PastDue,
    /// A payment failed for good.
    Unpaid,
    /// A period ended unpaid; payments may still be tried.
    Expired,
    /// Billing is on hold.
    Paused,
}

/// The types that are read, as [`CreemEventKind`] names them.
pub const CREEM_EVENT_TYPES: [&str; 13] = [
    "checkout.completed",
    "dispute.created",
    "refund.created",
    "subscription.active",
    "subscription.canceled",
    "subscription.expired",
    "subscription.paid",
    "subscription.past_due",
    "subscription.paused",
    "subscription.scheduled_cancel",
    "subscription.trialing",
    "subscription.unpaid",
    "subscription.update",
];

/// A signed event that cannot be read, to be parked. Says where, and holds nothing of the event's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event cannot be read: expected {expected} at `{field}`")]
pub struct UnreadableEvent {
    /// The event's id, as far as it could be read.
    pub id: Option<CreemEventId>,
    /// The event's type, as far as it could be read.
    pub event_type: Option<String>,
    /// The mode of its object, as far as it could be read.
    pub mode: Option<CreemMode>,
    /// The path of the field, like `object.transaction.amount_paid`; `event` means the whole.
    pub field: String,
    /// What should have been there.
    pub expected: &'static str,
}

/// The path of the whole event.
const WHOLE: &str = "event";
/// The path of the object that an event is about.
const OBJECT: &str = "object";

#[derive(Deserialize)]
struct EnvelopeWire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(rename = "eventType", borrow, default)]
    event_type: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ModeWire<'a> {
    #[serde(borrow, default)]
    mode: Scalar<'a>,
}

/// Reads the event in the bytes that Creem has signed.
pub fn parse(signed: &SignedByCreem<'_>) -> Result<CreemEvent, UnreadableEvent> {
    let nothing = |fault: Fault| UnreadableEvent {
        id: None,
        event_type: None,
        mode: None,
        field: fault.field,
        expected: fault.expected,
    };
    let text = std::str::from_utf8(signed.payload()).map_err(|_| nothing(Fault::new(WHOLE, "UTF-8")))?;
    let envelope: Object<EnvelopeWire<'_>> =
        serde_json::from_str(text).map_err(|error| nothing(Fault::of_json(&error, WHOLE)))?;
    let envelope = envelope.read(WHOLE).and_then(|envelope| required(envelope, WHOLE)).map_err(nothing)?;
    envelope.event().map_err(|fault| UnreadableEvent {
        id: envelope.id.id("id").ok().flatten(),
        event_type: envelope.event_type.text("eventType").ok().flatten().map(str::to_owned),
        mode: envelope.mode(),
        field: fault.field,
        expected: fault.expected,
    })
}

impl EnvelopeWire<'_> {
    fn event(&self) -> Result<CreemEvent, Fault> {
        let event_type = required(self.event_type.text("eventType")?, "eventType")?;
        Ok(CreemEvent {
            id: required(self.id.id("id")?, "id")?,
            event_type: event_type.to_owned(),
            created: required(self.created_at.moment("created_at")?, "created_at")?,
            mode: self.mode(),
            kind: kind(event_type, self.object)?,
        })
    }

    /// The object's mode, whatever else the object is.
    fn mode(&self) -> Option<CreemMode> {
        let object: Object<ModeWire<'_>> = serde_json::from_str(self.object?.get()).ok()?;
        object.read(OBJECT).ok()??.mode.choice("mode").ok()?
    }
}

fn kind(event_type: &str, object: Option<&RawValue>) -> Result<CreemEventKind, Fault> {
    let subscription = |moved: SubscriptionMove| {
        Ok(CreemEventKind::Subscription(moved, fact(object, subscription::Wire::fact)?))
    };
    match event_type {
        "checkout.completed" => Ok(CreemEventKind::CheckoutCompleted(fact(object, checkout::Wire::fact)?)),
        "subscription.active" => subscription(SubscriptionMove::Active),
        "subscription.paid" => subscription(SubscriptionMove::Paid),
        "subscription.trialing" => subscription(SubscriptionMove::Trialing),
        "subscription.update" => subscription(SubscriptionMove::Updated),
        "subscription.scheduled_cancel" => subscription(SubscriptionMove::ScheduledCancel),
        "subscription.canceled" => subscription(SubscriptionMove::Canceled),
        "subscription.past_due" => subscription(SubscriptionMove::PastDue),
        "subscription.unpaid" => subscription(SubscriptionMove::Unpaid),
        "subscription.expired" => subscription(SubscriptionMove::Expired),
        "subscription.paused" => subscription(SubscriptionMove::Paused),
        "refund.created" => Ok(CreemEventKind::RefundCreated(fact(object, refund::Wire::fact)?)),
        "dispute.created" => Ok(CreemEventKind::DisputeCreated(fact(object, dispute::Wire::fact)?)),
        _ => Ok(CreemEventKind::Other),
    }
}

/// Reads the object into the wire struct `W`, and makes a fact of it.
fn fact<'a, W: Deserialize<'a>, F>(
    object: Option<&'a RawValue>,
    fact: impl FnOnce(W) -> Result<F, Fault>,
) -> Result<F, Fault> {
    let text = required(object, OBJECT)?.get();
    let wire: Object<W> = serde_json::from_str(text).map_err(|error| Fault::of_json(&error, OBJECT))?;
    let wire = required(wire.read(OBJECT)?, OBJECT)?;
    fact(wire).map_err(|fault| fault.within(OBJECT))
}
