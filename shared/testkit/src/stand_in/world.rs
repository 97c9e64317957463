//! The stand-in's memory: every object, the faults to come, the events and their deliveries.
//!
//! A command changes the records, then emits events; an event's body is rendered once. All of it
//! sits behind one mutex, so that two calls never interleave within a change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::command::{Address, Deliver, Emission, NamedOrder, Order, Release, Settings, WebhookTarget};
use super::fault::Faults;
use super::idempotency::Keys;
use super::record::{
    Call, Coupon, Delivery, Dispute, Event, Invoice, OpenInvoice, Payment, Price, Refund, ScheduleRecord,
    Subscription,
};
use crate::clock;

/// Why a control command cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// No object has this id.
    #[error("there is no {kind} `{id}`")]
    Unknown {
        /// Which kind of object.
        kind: &'static str,
        /// The id that was asked for.
        id: String,
    },
    /// The refund is not in a state that can be settled so.
    #[error("refund `{refund}` is {status} and cannot become {wanted}")]
    NotSettleable {
        /// The refund's id.
        refund: String,
        status: String,
        /// The status that was asked for.
        wanted: String,
    },
    /// The API would refuse the refund.
    #[error("the refund is refused: {answer}")]
    Refused {
        /// The API's error.
        answer: String,
    },
    /// More copies than one command may ask for.
    #[error("{copies} copies are more than {}", Emission::COPIES_MAX)]
    TooManyCopies {
        /// How many were asked for.
        copies: usize,
    },
    /// The webhook target is not an `http` URL, or has no signing secret.
    #[error("the webhook target is not usable: {reason}")]
    Target {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// An amount of zero.
    #[error("the amount is zero")]
    Amount,
}

/// One event on its way: the delivery task sends it until it is accepted or given up.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) body: String,
}

/// An event before it has an id and a body.
pub(crate) struct Draft {
    pub(crate) kind: &'static str,
    pub(crate) object: Value,
    pub(crate) previous: Option<Value>,
    pub(crate) idempotency_key: Option<String>,
}

impl Draft {
    pub(crate) fn new(kind: &'static str, object: Value) -> Self {
        Self { kind, object, previous: None, idempotency_key: None }
    }
}

/// Everything that the stand-in knows.
pub(crate) struct World {
    id_prefix: String,
    id_count: u64,
    pub(crate) settings: Settings,
    pub(crate) target: Option<WebhookTarget>,
    pub(crate) customers: BTreeMap<String, String>,
    /// Countries of billing addresses, by customer.
    pub(crate) countries: BTreeMap<String, String>,
    pub(crate) payments: BTreeMap<String, Payment>,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    pub(crate) prices: BTreeMap<String, Price>,
    pub(crate) schedules: BTreeMap<String, ScheduleRecord>,
    pub(crate) coupons: BTreeMap<String, Coupon>,
    pub(crate) invoices: BTreeMap<String, Invoice>,
    pub(crate) open_invoices: BTreeMap<String, OpenInvoice>,
    pub(crate) disputes: BTreeMap<String, Dispute>,
    /// Lists by the path that they are asked for with.
    pub(crate) lists: BTreeMap<String, Vec<serde_json::Value>>,
    /// In the order of creation.
    pub(crate) refunds: Vec<Refund>,
    pub(crate) keys: Keys,
    pub(crate) faults: Faults,
    pub(crate) events: Vec<Event>,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) calls: Vec<Call>,
    outbox: mpsc::UnboundedSender<VecDeque<Parcel>>,
    in_flight: watch::Sender<usize>,
}

impl World {
    pub(crate) fn new(
        outbox: mpsc::UnboundedSender<VecDeque<Parcel>>,
        in_flight: watch::Sender<usize>,
        settings: Settings,
    ) -> Self {
        Self {
            // A stand-in that starts again must not give out ids that a kept ledger already knows.
            id_prefix: format!("{:08x}", clock::unix_s()),
            id_count: 0,
            settings,
            target: None,
            customers: BTreeMap::new(),
            countries: BTreeMap::new(),
            payments: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            prices: BTreeMap::new(),
            schedules: BTreeMap::new(),
            coupons: BTreeMap::new(),
            invoices: BTreeMap::new(),
            open_invoices: BTreeMap::new(),
            disputes: BTreeMap::new(),
            lists: BTreeMap::new(),
            refunds: Vec::new(),
            keys: Keys::default(),
            faults: Faults::default(),
            events: Vec::new(),
            deliveries: Vec::new(),
            calls: Vec::new(),
            outbox,
            in_flight,
        }
    }

    /// A fresh id of the given kind: `pi_6540a1b2000001`.
    pub(crate) fn id(&mut self, kind: &str) -> String {
        self.id_count = self.id_count.saturating_add(1);
        format!("{kind}_{}{:06}", self.id_prefix, self.id_count)
    }

    /// The customer of a purchase: the one named, or the account's own.
    pub(crate) fn customer(&mut self, account: &str, named: Option<&str>) -> String {
        if let Some(named) = named {
            self.customers.insert(account.to_owned(), named.to_owned());
            return named.to_owned();
        }
        if let Some(known) = self.customers.get(account) {
            return known.clone();
        }
        let customer = self.id("cus");
        self.customers.insert(account.to_owned(), customer.clone());
        customer
    }

    pub(crate) fn address(&mut self, address: &Address) {
        let customer = self.customer(&address.account, None);
        self.countries.insert(customer, address.country.clone());
    }

    pub(crate) fn payment(&self, id: &str) -> Result<&Payment, CommandError> {
        self.payments.get(id).ok_or_else(|| CommandError::Unknown { kind: "payment", id: id.to_owned() })
    }

    pub(crate) fn subscription(&self, id: &str) -> Result<&Subscription, CommandError> {
        self.subscriptions
            .get(id)
            .ok_or_else(|| CommandError::Unknown { kind: "subscription", id: id.to_owned() })
    }

    /// The business time of a command's events.
    pub(crate) fn created(emission: &Emission, own: Option<i64>) -> i64 {
        emission.created.or(own).unwrap_or_else(clock::unix_s)
    }

    /// The shape of a command's events.
    pub(crate) fn shape(&self, emission: &Emission) -> super::Shape {
        emission.shape.unwrap_or(self.settings.shape)
    }

    /// The objects of the events whose type begins so, newest first, each as of its last event.
    pub(crate) fn reported(&self, kind: &str) -> Vec<Value> {
        let (mut objects, mut known) = (Vec::new(), BTreeSet::new());
        for event in self.events.iter().rev().filter(|event| event.kind.starts_with(kind)) {
            let body = serde_json::from_str::<Value>(&event.body).ok();
            let Some(object) = body.and_then(|body| body.pointer("/data/object").cloned()) else { continue };
            if known.insert(object.get("id").map(Value::to_string)) {
                objects.push(object);
            }
        }
        objects
    }

    /// Gives each draft its id and body, then sends or keeps them; the ids are in the drafts' order.
    pub(crate) fn emit(&mut self, emission: &Emission, created: i64, drafts: Vec<Draft>) -> Vec<String> {
        let shape = self.shape(emission);
        // Without a target an event cannot be sent: it waits until one is set and it is released.
        let held =
            emission.deliver.unwrap_or(self.settings.deliver) == Deliver::Hold || self.target.is_none();
        let mut emitted = Vec::new();
        for draft in drafts {
            let id = self.id("evt");
            let mut data = json!({ "object": draft.object });
            if let (Some(previous), Some(members)) = (draft.previous, data.as_object_mut()) {
                members.insert("previous_attributes".to_owned(), previous);
            }
            let event = json!({
                "id": id, "object": "event", "api_version": shape.api_version(), "created": created,
                "data": data, "livemode": self.settings.livemode, "pending_webhooks": 1,
                "request": { "id": null, "idempotency_key": draft.idempotency_key },
                "type": draft.kind,
            });
            // Stripe sends its bodies indented.
            let body = format!("{event:#}");
            self.events.push(Event { id: id.clone(), kind: draft.kind.to_owned(), held, body });
            emitted.push(id);
        }
        if !held {
            self.send(&emitted, emission.order.as_ref(), emission.copies);
        }
        emitted
    }

    /// Sends events that were held, or sends events again.
    pub(crate) fn release(&mut self, release: &Release) -> Result<Vec<String>, CommandError> {
        check_copies(release.copies)?;
        if self.target.is_none() {
            return Err(CommandError::Target { reason: "none is set" });
        }
        let chosen = match &release.events {
            Some(ids) => ids.clone(),
            None => self.events.iter().filter(|event| event.held).map(|event| event.id.clone()).collect(),
        };
        for id in &chosen {
            let event = self.events.iter_mut().find(|event| event.id == *id);
            let event = event.ok_or_else(|| CommandError::Unknown { kind: "event", id: id.clone() })?;
            event.held = false;
        }
        Ok(self.send(&chosen, release.order.as_ref(), release.copies))
    }

    fn send(&mut self, ids: &[String], order: Option<&Order>, copies: Option<usize>) -> Vec<String> {
        dispatch(&self.events, ids, order, copies, (&self.outbox, &self.in_flight))
    }
}

/// Where parcels go, and how many of them are on their way.
pub(crate) type Outbox<'a> = (&'a mpsc::UnboundedSender<VecDeque<Parcel>>, &'a watch::Sender<usize>);

/// Hands events to the delivery task in the chosen order, each one's copies side by side.
pub(crate) fn dispatch(
    events: &[Event],
    ids: &[String],
    order: Option<&Order>,
    copies: Option<usize>,
    (outbox, in_flight): Outbox<'_>,
) -> Vec<String> {
    let ordered: Vec<String> = match order {
        None | Some(Order::Named(NamedOrder::Emitted)) => ids.to_vec(),
        Some(Order::Named(NamedOrder::Reversed)) => ids.iter().rev().cloned().collect(),
        Some(Order::Positions(positions)) => {
            positions.iter().filter_map(|position| ids.get(*position).cloned()).collect()
        }
    };
    let copies = copies.unwrap_or(1).min(Emission::COPIES_MAX);
    let parcels: VecDeque<Parcel> = ordered
        .iter()
        .filter_map(|id| events.iter().find(|event| event.id == *id))
        .flat_map(|event| {
            let parcel =
                Parcel { event: event.id.clone(), kind: event.kind.clone(), body: event.body.clone() };
            std::iter::repeat_n(parcel, copies)
        })
        .collect();
    in_flight.send_modify(|count| *count = count.saturating_add(parcels.len()));
    // The task outlives every command; it is gone only when the stand-in stops.
    let _ = outbox.send(parcels);
    ordered
}

/// Refuses more copies than one machine should send.
pub(crate) fn check_copies(copies: Option<usize>) -> Result<(), CommandError> {
    match copies {
        Some(copies) if copies > Emission::COPIES_MAX => Err(CommandError::TooManyCopies { copies }),
        _ => Ok(()),
    }
}
