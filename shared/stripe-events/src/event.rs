//! The event around an object: who sent it, when it happened, and which of the known facts it carries.
//!
//! An event is read twice: first its envelope, with the object kept as the text that it is, then, for the
//! types that are known, the object's few fields. Unknown types and unknown fields have no effect at all.

use primitives::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::charge::{self, ChargeObject};
use crate::checkout::{self, CheckoutSession};
use crate::credit_note::{self, CreditNoteObject};
use crate::dispute::{self, DisputeObject};
use crate::fraud_warning::{self, FraudWarningObject};
use crate::id::{ConnectedAccountId, EventId};
use crate::invoice::{self, InvoicePaid, PaidInvoice};
use crate::payment_intent::{self, PaymentIntent};
use crate::refund::{self, RefundObject};
use crate::signature::Verified;
use crate::subscription::{self, SubscriptionObject};
use crate::wire::{Fault, Object, Scalar, required};

/// An event of Stripe's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same in every delivery of it.
    pub id: EventId,
    /// Its type as Stripe writes it, like `invoice.paid`.
    pub event_type: String,
    /// When it happened: the instant of the business, however late it is delivered.
    pub created: Timestamp,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The connected account that it is about; none for the endpoint's own.
    pub account: Option<ConnectedAccountId>,
    /// In whose name its object has to be fetched, in organizations; none for the endpoint's own account.
    pub context: Option<String>,
    /// The API version in which its object is written.
    pub api_version: Option<String>,
    /// The idempotency key of the API call that caused it: ours, when we made the call.
    pub idempotency_key: Option<String>,
    /// What it says.
    pub kind: EventKind,
}

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// `checkout.session.completed`; may still be unpaid.
    CheckoutCompleted(CheckoutSession),
    /// `checkout.session.async_payment_succeeded`: the money of an unpaid session has come.
    CheckoutAsyncPaymentSucceeded(CheckoutSession),
    /// `invoice.paid`: through Stripe, or marked so by hand.
    InvoicePaid(PaidInvoice),
    /// `invoice_payment.paid`: which payment paid an invoice; there may be several.
    InvoicePaymentPaid(InvoicePaid),
    /// `charge.succeeded` and `charge.updated`: what else a payment is called.
    ChargeUpdated(ChargeObject),
    /// `payment_intent.succeeded`.
    PaymentSucceeded(PaymentIntent),
    /// `customer.subscription.created`.
    SubscriptionCreated(SubscriptionObject),
    /// `customer.subscription.updated`, `.paused` and `.resumed`.
    SubscriptionUpdated(SubscriptionObject),
    /// `customer.subscription.deleted`: it ended.
    SubscriptionDeleted(SubscriptionObject),
    /// `refund.created`.
    RefundCreated(RefundObject),
    /// `refund.updated`.
    RefundUpdated(RefundObject),
    /// `refund.failed`.
    RefundFailed(RefundObject),
    /// `charge.dispute.created`, `.updated`, `.closed`, `.funds_withdrawn` and `.funds_reinstated`.
    DisputeUpdated(DisputeObject),
    /// `credit_note.created`, `.updated` and `.voided`.
    CreditNoteUpdated(CreditNoteObject),
    /// `radar.early_fraud_warning.created` and `.updated`.
    FraudWarningUpdated(FraudWarningObject),
    /// Any other type.
    Other,
    /// A thin event (`v2.core.event`), which names its object and carries nothing of it.
    Thin {
        /// The event of API v1 that reports the same fact, where Stripe names one.
        snapshot: Option<EventId>,
    },
}

/// A signed event that cannot be read, to be parked. Says where, and holds nothing of the event's content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event cannot be read: expected {expected} at `{field}`")]
pub struct Unreadable {
    /// The event's id, as far as it could be read.
    pub id: Option<EventId>,
    /// The event's type, as far as it could be read.
    pub event_type: Option<String>,
    /// The connected account, as far as it could be read.
    pub account: Option<ConnectedAccountId>,
    /// Whether it is about real money, as far as it could be read.
    pub livemode: Option<bool>,
    /// The path of the field, like `data.object.lines.data[0].amount`; `event` means the whole.
    pub field: String,
    /// What should have been there.
    pub expected: &'static str,
}

/// The types that are read, as [`EventKind`] names them. A type that is missing here is not looked for
/// where an event got lost.
pub const EVENT_TYPES: [&str; 25] = [
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.succeeded",
    "charge.updated",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "credit_note.created",
    "credit_note.updated",
    "credit_note.voided",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice_payment.paid",
    "payment_intent.succeeded",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
];

/// The path of the whole event.
const WHOLE: &str = "event";
/// The path of the object that an event is about.
const OBJECT: &str = "data.object";

#[derive(Deserialize)]
struct EnvelopeWire<'a> {
    #[serde(borrow, default)]
    object: Scalar<'a>,
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(rename = "type", borrow, default)]
    event_type: Scalar<'a>,
    #[serde(borrow, default)]
    created: Scalar<'a>,
    #[serde(borrow, default)]
    livemode: Scalar<'a>,
    #[serde(borrow, default)]
    account: Scalar<'a>,
    #[serde(borrow, default)]
    context: Scalar<'a>,
    #[serde(borrow, default)]
    api_version: Scalar<'a>,
    #[serde(borrow, default)]
    request: Object<RequestWire<'a>>,
    #[serde(borrow, default)]
    snapshot_event: Scalar<'a>,
    #[serde(borrow, default)]
    data: Object<DataWire<'a>>,
}

#[derive(Deserialize)]
struct RequestWire<'a> {
    #[serde(borrow, default)]
    idempotency_key: Scalar<'a>,
}

#[derive(Deserialize)]
struct DataWire<'a> {
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
}

/// Reads the event in the bytes that Stripe has signed.
pub fn parse(verified: &Verified<'_>) -> Result<Event, Unreadable> {
    let nothing = |fault: Fault| Unreadable {
        id: None,
        event_type: None,
        account: None,
        livemode: None,
        field: fault.field,
        expected: fault.expected,
    };
    let text = std::str::from_utf8(verified.payload()).map_err(|_| nothing(Fault::new(WHOLE, "UTF-8")))?;
    let envelope: Object<EnvelopeWire<'_>> =
        serde_json::from_str(text).map_err(|error| nothing(Fault::of_json(&error, WHOLE)))?;
    let mut envelope =
        envelope.read(WHOLE).and_then(|envelope| required(envelope, WHOLE)).map_err(nothing)?;
    let data = std::mem::take(&mut envelope.data);
    envelope.event(data).map_err(|fault| Unreadable {
        id: envelope.id.id("id").ok().flatten(),
        event_type: envelope.event_type.text("type").ok().flatten().map(str::to_owned),
        account: envelope.account.id("account").ok().flatten(),
        livemode: envelope.livemode.flag("livemode").ok().flatten(),
        field: fault.field,
        expected: fault.expected,
    })
}

impl EnvelopeWire<'_> {
    fn event(&self, data: Object<DataWire<'_>>) -> Result<Event, Fault> {
        let thin = match self.object.text("object")? {
            Some("event") => false,
            Some("v2.core.event") => true,
            _ => return Err(Fault::new("object", "`event` or `v2.core.event`")),
        };
        let created = required(
            if thin { self.created_as_text()? } else { self.created.instant("created")? },
            "created",
        )?;
        let event_type = required(self.event_type.text("type")?, "type")?.to_owned();
        let kind = if thin {
            EventKind::Thin { snapshot: self.snapshot_event.id("snapshot_event")? }
        } else {
            kind(&event_type, Carried(data), created)?
        };
        Ok(Event {
            id: required(self.id.id("id")?, "id")?,
            event_type,
            created,
            livemode: required(self.livemode.flag("livemode")?, "livemode")?,
            account: self.account.id("account")?,
            context: self.context.text("context")?.map(str::to_owned),
            api_version: self.api_version.text("api_version")?.map(str::to_owned),
            idempotency_key: self.idempotency_key()?,
            kind,
        })
    }

    /// Before 2017-05-25 `request` was a text, without a key.
    fn idempotency_key(&self) -> Result<Option<String>, Fault> {
        match self.request.get() {
            Some(request) => {
                let key = request.idempotency_key.text("request.idempotency_key")?;
                Ok(key.map(str::to_owned))
            }
            None => Ok(None),
        }
    }

    /// API v2 writes instants as RFC 3339.
    fn created_as_text(&self) -> Result<Option<Timestamp>, Fault> {
        let Some(text) = self.created.text("created")? else { return Ok(None) };
        let expected = "an RFC 3339 instant within the years 2000 to 2099";
        Timestamp::parse(text).map(Some).map_err(|_| Fault::new("created", expected))
    }
}

fn kind(event_type: &str, data: Carried<'_>, created: Timestamp) -> Result<EventKind, Fault> {
    Ok(match event_type {
        "checkout.session.completed" => EventKind::CheckoutCompleted(data.fact(checkout::Wire::fact)?),
        "checkout.session.async_payment_succeeded" => {
            EventKind::CheckoutAsyncPaymentSucceeded(data.fact(checkout::Wire::fact)?)
        }
        "invoice.paid" => EventKind::InvoicePaid(data.fact(|wire: invoice::Wire<'_>| wire.fact(created))?),
        "invoice_payment.paid" => EventKind::InvoicePaymentPaid(data.fact(invoice::PaidWire::fact)?),
        "payment_intent.succeeded" => EventKind::PaymentSucceeded(data.fact(payment_intent::Wire::fact)?),
        "customer.subscription.created" => {
            EventKind::SubscriptionCreated(data.fact(subscription::Wire::fact)?)
        }
        // What pauses or resumes is another status; its report is one as any other.
        "customer.subscription.updated"
        | "customer.subscription.paused"
        | "customer.subscription.resumed" => {
            EventKind::SubscriptionUpdated(data.fact(subscription::Wire::fact)?)
        }
        "customer.subscription.deleted" => {
            EventKind::SubscriptionDeleted(data.fact(subscription::Wire::fact)?)
        }
        "refund.created" => EventKind::RefundCreated(data.fact(refund::Wire::fact)?),
        "refund.updated" => EventKind::RefundUpdated(data.fact(refund::Wire::fact)?),
        "refund.failed" => EventKind::RefundFailed(data.fact(refund::Wire::fact)?),
        "charge.succeeded" | "charge.updated" => EventKind::ChargeUpdated(data.fact(charge::Wire::fact)?),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.closed"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated" => EventKind::DisputeUpdated(data.fact(dispute::Wire::fact)?),
        "credit_note.created" | "credit_note.updated" | "credit_note.voided" => {
            EventKind::CreditNoteUpdated(data.fact(credit_note::Wire::fact)?)
        }
        "radar.early_fraud_warning.created" | "radar.early_fraud_warning.updated" => {
            EventKind::FraudWarningUpdated(data.fact(fraud_warning::Wire::fact)?)
        }
        _ => EventKind::Other,
    })
}

/// What an event carries, of whatever shape: for an unknown type it does not matter.
struct Carried<'a>(Object<DataWire<'a>>);

impl<'a> Carried<'a> {
    /// Reads the object into the wire struct `W`, and makes a fact of it.
    fn fact<W: Deserialize<'a>, F>(self, fact: impl FnOnce(W) -> Result<F, Fault>) -> Result<F, Fault> {
        let data = required(self.0.read("data")?, "data")?;
        let object = required(data.object, OBJECT)?;
        let wire: Object<W> =
            serde_json::from_str(object.get()).map_err(|error| Fault::of_json(&error, OBJECT))?;
        let wire = required(wire.read(OBJECT)?, OBJECT)?;
        fact(wire).map_err(|fault| fault.within(OBJECT))
    }
}
