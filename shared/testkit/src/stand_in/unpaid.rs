//! What stands in the way of a cancellation: renewals that are not paid, and schedules.

use super::answer::Answer;
use super::command::{Emission, Owe, Schedule};
use super::purchase::{Made, period_of};
use super::record::{OpenInvoice, Phase, Subscription};
use super::render;
use super::world::{CommandError, Draft, World, check_copies};
use serde_json::{Value, json};

impl World {
    /// A renewal whose payment failed: its invoice stays open, and the subscription is past due.
    pub(crate) fn owe(&mut self, owe: &Owe, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let mut subscription = self.subscription(&owe.subscription)?.clone();
        let id = self.id("in");
        let invoice =
            OpenInvoice { id: id.clone(), subscription: subscription.id.clone(), status: "open".to_owned() };
        self.open_invoices.insert(id.clone(), invoice);
        "past_due".clone_into(&mut subscription.status);
        let object = render::subscription(self.context(emission), &subscription);
        let draft = Draft::new("customer.subscription.updated", object);
        Ok(Made { invoice: Some(id), ..self.keep(subscription, created, draft, emission) })
    }

    /// A schedule takes a subscription over.
    pub(crate) fn schedule(&mut self, order: &Schedule, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let subscription = self.subscription(&order.subscription)?.clone();
        let running = Phase {
            start: subscription.period_start,
            end: subscription.period_end,
            price: subscription.price.clone(),
            quantity: subscription.quantity,
        };
        let next =
            Phase { start: running.end, end: running.end.saturating_add(period_of(1)), ..running.clone() };
        let (customer, id) = (subscription.customer.clone(), subscription.id.clone());
        self.put_under_schedule(subscription, vec![running, next], emission);
        let events = self.events.last().map(|event| event.id.clone()).into_iter().collect();
        Ok(Made { customer: Some(customer), subscription: Some(id), events, ..Made::default() })
    }

    /// Carries out `POST /v1/subscription_schedules/{id}/release`.
    pub(crate) fn release_schedule(&mut self, id: &str, emission: &Emission) -> Answer {
        let held = |known: &&Subscription| known.schedule.as_deref() == Some(id);
        let Some(mut subscription) = self.subscriptions.values().find(held).cloned() else {
            return Answer::missing("subscription_schedule", id, "id");
        };
        subscription.schedule = None;
        self.schedules.remove(id);
        let object = render::subscription(self.context(emission), &subscription);
        let draft = Draft::new("customer.subscription.updated", object);
        self.keep(subscription, Self::created(emission, None), draft, emission);
        Answer::ok(json!({"id": id, "object": "subscription_schedule", "status": "released"}))
    }

    /// The invoices of a subscription that are open, as `GET /v1/invoices` lists them.
    pub(crate) fn open_invoice_list(&self, subscription: &str) -> Vec<Value> {
        let open = self.open_invoices.values();
        let open = open.filter(|each| each.subscription == subscription && each.status == "open");
        open.map(rendered).collect()
    }

    /// Carries out `POST /v1/invoices/{id}/void`.
    pub(crate) fn void_invoice(&mut self, id: &str) -> Answer {
        let Some(invoice) = self.open_invoices.get_mut(id) else {
            return Answer::missing("invoice", id, "invoice");
        };
        if invoice.status != "open" {
            return Answer::invalid("invoice", None, "You can only void open invoices.");
        }
        "void".clone_into(&mut invoice.status);
        Answer::ok(rendered(invoice))
    }
}

fn rendered(invoice: &OpenInvoice) -> Value {
    json!({
        "id": invoice.id, "object": "invoice", "status": invoice.status, "amount_paid": 0,
        "parent": {
            "type": "subscription_details", "subscription_details": {"subscription": invoice.subscription},
        },
    })
}
