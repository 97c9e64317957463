//! The stand-in's memory: every object, the faults to come, the events and their deliveries.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::answer::CreemOperation;
use super::command::{CreemSettings, CreemTarget};
use super::record::{CreemCall, CreemRefundRecord, CreemSale, Plan};
use crate::clock;
use crate::stand_in::fault::Faults;
use crate::stand_in::world::{Parcel, check_copies, dispatch};
use crate::stand_in::{CommandError, Deliver, Delivery, Emission, Event, Release};

/// A command has fewer events than this, a millisecond apart.
const COMMAND_EVENTS_MAX: i64 = 10;

/// Everything that the stand-in knows.
pub(super) struct World {
    id_prefix: String,
    id_count: u64,
    /// When the last command came that named no time.
    latest_ms: i64,
    pub(super) settings: CreemSettings,
    pub(super) target: Option<CreemTarget>,
    /// By account.
    pub(super) customers: BTreeMap<String, String>,
    /// By customer.
    pub(super) countries: BTreeMap<String, String>,
    pub(super) sales: BTreeMap<String, CreemSale>,
    pub(super) plans: BTreeMap<String, Plan>,
    /// In the order of creation.
    pub(super) refunds: Vec<CreemRefundRecord>,
    pub(super) faults: Faults<CreemOperation>,
    pub(super) events: Vec<Event>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) calls: Vec<CreemCall>,
    outbox: mpsc::UnboundedSender<VecDeque<Parcel>>,
    in_flight: watch::Sender<usize>,
}

impl World {
    pub(super) fn new(
        outbox: mpsc::UnboundedSender<VecDeque<Parcel>>,
        in_flight: watch::Sender<usize>,
        settings: CreemSettings,
    ) -> Self {
        Self {
            // A stand-in that starts again must not give out ids that a kept ledger already knows.
            // Behind a letter, because the stand-in of Stripe may have started in the same second.
            id_prefix: format!("c{:08x}", clock::unix_s()),
            id_count: 0,
            latest_ms: 0,
            settings,
            target: None,
            customers: BTreeMap::new(),
            countries: BTreeMap::new(),
            sales: BTreeMap::new(),
            plans: BTreeMap::new(),
            refunds: Vec::new(),
            faults: Faults::default(),
            events: Vec::new(),
            deliveries: Vec::new(),
            calls: Vec::new(),
            outbox,
            in_flight,
        }
    }

    /// A fresh id of the given kind: `tran_6540a1b2000001`.
    pub(super) fn id(&mut self, kind: &str) -> String {
        self.id_count = self.id_count.saturating_add(1);
        format!("{kind}_{}{:06}", self.id_prefix, self.id_count)
    }

    pub(super) fn sale(&self, id: &str) -> Result<&CreemSale, CommandError> {
        self.sales.get(id).ok_or_else(|| CommandError::Unknown { kind: "transaction", id: id.to_owned() })
    }

    pub(super) fn sale_mut(&mut self, id: &str) -> Result<&mut CreemSale, CommandError> {
        self.sales.get_mut(id).ok_or_else(|| CommandError::Unknown { kind: "transaction", id: id.to_owned() })
    }

    pub(super) fn plan(&self, id: &str) -> Result<&Plan, CommandError> {
        self.plans.get(id).ok_or_else(|| CommandError::Unknown { kind: "subscription", id: id.to_owned() })
    }

    pub(super) fn plan_mut(&mut self, id: &str) -> Result<&mut Plan, CommandError> {
        self.plans
            .get_mut(id)
            .ok_or_else(|| CommandError::Unknown { kind: "subscription", id: id.to_owned() })
    }

    /// The business time of a command's first event, in milliseconds. Commands that name no time come one
    /// after the other, also within a millisecond.
    pub(super) fn created(&mut self, emission: &Emission) -> i64 {
        if let Some(seconds) = emission.created {
            return seconds.saturating_mul(1000);
        }
        self.latest_ms = clock::unix_ms().max(self.latest_ms.saturating_add(COMMAND_EVENTS_MAX));
        self.latest_ms
    }

    /// Gives each event its id and body, then sends or keeps them. Events of one command are a millisecond
    /// apart, as they came to be.
    pub(super) fn emit(
        &mut self,
        emission: &Emission,
        created: i64,
        drafts: Vec<(&'static str, Value)>,
    ) -> Vec<String> {
        // Without a target an event cannot be sent: it waits until one is set and it is released.
        let held =
            emission.deliver.unwrap_or(self.settings.deliver) == Deliver::Hold || self.target.is_none();
        let mut emitted = Vec::new();
        for ((kind, object), at) in drafts.into_iter().zip(created..) {
            let id = self.id("evt");
            let body = json!({ "id": id, "eventType": kind, "created_at": at, "object": object }).to_string();
            self.events.push(Event { id: id.clone(), kind: kind.to_owned(), held, body });
            emitted.push(id);
        }
        if !held {
            self.send(&emitted, emission);
        }
        emitted
    }

    /// Sends events that were held, or sends events again.
    pub(super) fn release(&mut self, release: &Release) -> Result<Vec<String>, CommandError> {
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
        let emission =
            Emission { order: release.order.clone(), copies: release.copies, ..Emission::default() };
        Ok(self.send(&chosen, &emission))
    }

    fn send(&self, ids: &[String], emission: &Emission) -> Vec<String> {
        let outbox = (&self.outbox, &self.in_flight);
        dispatch(&self.events, ids, emission.order.as_ref(), emission.copies, outbox)
    }
}
