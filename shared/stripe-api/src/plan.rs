//! Changing the plan of a subscription: what the change would cost, the change itself, and the schedule of
//! one that takes effect with the end of the period.
//!
//! Every change carries a mark in its metadata, by which a later attempt sees that an earlier one was carried
//! out although its answer was lost.

use hyper::Method;
use primitives::{Currency, CustomerId, SubscriptionId, Timestamp};
use serde_json::value::RawValue;
use stripe_events::InvoicePreview;

use crate::client::{IdempotencyKey, StripeClient};
use crate::error::StripeError;
use crate::plan_object::{Phase, PlanItem, PlanSchedule, PlannedSubscription};
use crate::plan_wire::{PlannedWire, ScheduleWire};

/// The metadata member that ties a subscription, or its schedule, to the newest change of plan.
const CHANGE_METADATA: &str = "plan_change";

/// An item's price and quantity, and what takes their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanSwap<'a> {
    pub item: &'a PlanItem,
    pub price: &'a str,
    pub quantity: u64,
}

/// Which invoice is previewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewedInvoice<'a> {
    /// That of a change at once, for what is left of the period from this instant.
    Change(Timestamp),
    /// That of the next period, with the change made by then.
    NextPeriod,
    /// That of the first period of a new subscription of this customer. Where the change is one of the
    /// period's length, the next period of the subscription cannot be previewed by itself.
    NewPlan(&'a CustomerId, Currency),
}

impl StripeClient {
    pub async fn planned_subscription(
        &self,
        id: &SubscriptionId,
    ) -> Result<PlannedSubscription, StripeError> {
        let path = format!("/v1/subscriptions/{id}?expand%5B%5D=schedule");
        let request = self.request(Method::GET, &path, String::new());
        PlannedSubscription::try_from(self.call::<PlannedWire>(request).await?)
    }

    /// Previews an invoice (<https://docs.stripe.com/api/invoices/create_preview>). It changes nothing.
    pub async fn preview_invoice(
        &self,
        subscription: &SubscriptionId,
        swap: PlanSwap<'_>,
        which: PreviewedInvoice<'_>,
    ) -> Result<InvoicePreview, StripeError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match which {
            PreviewedInvoice::NewPlan(customer, currency) => {
                form.append_pair("customer", customer.as_str()).append_pair("currency", currency.as_str());
            }
            PreviewedInvoice::Change(_) | PreviewedInvoice::NextPeriod => {
                form.append_pair("subscription", subscription.as_str())
                    .append_pair("subscription_details[items][0][id]", &swap.item.id);
            }
        }
        form.append_pair("subscription_details[items][0][price]", swap.price)
            .append_pair("subscription_details[items][0][quantity]", &swap.quantity.to_string());
        match which {
            PreviewedInvoice::Change(prorated_at) => {
                form.append_pair("subscription_details[proration_behavior]", "always_invoice")
                    .append_pair("subscription_details[proration_date]", &prorated_at.as_s().to_string());
            }
            PreviewedInvoice::NextPeriod => {
                form.append_pair("subscription_details[proration_behavior]", "none");
            }
            PreviewedInvoice::NewPlan(..) => {}
        }
        let request = self.unkeyed_form("/v1/invoices/create_preview", form.finish());
        let answer: Box<RawValue> = self.call(request).await?;
        let what = "a preview of an invoice with all of its lines";
        InvoicePreview::read(answer.get()).ok_or(StripeError::Unreadable { what })
    }

    /// Makes one attempt to change the plan at once, and to charge what is left of the period from
    /// `prorated_at`. If the charge is not paid, Stripe declines with 402 and nothing is changed
    /// (`payment_behavior=error_if_incomplete`, <https://docs.stripe.com/api/subscriptions/update>).
    pub async fn change_plan(
        &self,
        id: &SubscriptionId,
        swap: PlanSwap<'_>,
        (mark, prorated_at): (&str, Timestamp),
        key: &IdempotencyKey,
    ) -> Result<(), StripeError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("items[0][id]", &swap.item.id)
            .append_pair("items[0][price]", swap.price)
            .append_pair("items[0][quantity]", &swap.quantity.to_string())
            .append_pair("proration_behavior", "always_invoice")
            .append_pair("proration_date", &prorated_at.as_s().to_string())
            .append_pair("payment_behavior", "error_if_incomplete")
            .append_pair(&format!("metadata[{CHANGE_METADATA}]"), mark);
        let request = self.form(&format!("/v1/subscriptions/{id}"), form.finish(), key);
        self.call::<PlannedWire>(request).await.map(drop)
    }

    /// Makes one attempt to put a subscription under a schedule, whose one phase is the period that is
    /// running (<https://docs.stripe.com/api/subscription_schedules/create>). Phases cannot be given with it.
    pub async fn create_schedule(
        &self,
        id: &SubscriptionId,
        key: &IdempotencyKey,
    ) -> Result<PlanSchedule, StripeError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("from_subscription", id.as_str())
            .finish();
        let request = self.form("/v1/subscription_schedules", form, key);
        PlanSchedule::try_from(self.call::<ScheduleWire>(request).await?)
    }

    /// Makes one attempt to let a schedule change the plan with the end of the running phase, and to leave
    /// the subscription to itself after a period of the new one, which has `months`. What the running phase
    /// has beside the plan goes on: Stripe takes the phases as the whole of them.
    pub async fn schedule_change(
        &self,
        schedule: &PlanSchedule,
        swap: PlanSwap<'_>,
        (mark, months): (&str, u32),
        key: &IdempotencyKey,
    ) -> Result<(), StripeError> {
        let what = "the running phase of a schedule";
        let running = schedule.running.as_ref().ok_or(StripeError::Unreadable { what })?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("end_behavior", "release")
            .append_pair("proration_behavior", "none")
            .append_pair(&format!("metadata[{CHANGE_METADATA}]"), mark)
            .append_pair("phases[0][start_date]", &running.starts_s.to_string())
            .append_pair("phases[0][end_date]", &running.ends_s.to_string())
            .append_pair("phases[1][duration][interval]", "month")
            .append_pair("phases[1][duration][interval_count]", &months.to_string())
            .append_pair("phases[1][proration_behavior]", "none");
        for place in [0, 1] {
            running.append(&mut form, place, (place == 1).then_some(swap));
        }
        let request = self.form(&format!("/v1/subscription_schedules/{}", schedule.id), form.finish(), key);
        self.call::<ScheduleWire>(request).await.map(drop)
    }
}

impl Phase {
    /// Repeats the phase at a place of the form, with the plan swapped where that is asked for.
    fn append(
        &self,
        form: &mut form_urlencoded::Serializer<'_, String>,
        place: usize,
        swap: Option<PlanSwap<'_>>,
    ) {
        let phase = format!("phases[{place}]");
        for (number, item) in self.items.iter().enumerate() {
            let of_item = format!("{phase}[items][{number}]");
            let swapped = swap.filter(|swap| swap.item.price == item.price);
            let (price, quantity) = swapped
                .map_or((item.price.as_str(), item.quantity), |swap| (swap.price, Some(swap.quantity)));
            form.append_pair(&format!("{of_item}[price]"), price);
            if let Some(quantity) = quantity {
                form.append_pair(&format!("{of_item}[quantity]"), &quantity.to_string());
            }
            for (rank, rate) in item.tax_rates.iter().enumerate() {
                form.append_pair(&format!("{of_item}[tax_rates][{rank}]"), rate);
            }
        }
        for (number, (kind, id)) in self.discounts.iter().enumerate() {
            form.append_pair(&format!("{phase}[discounts][{number}][{kind}]"), id);
        }
        for (number, rate) in self.default_tax_rates.iter().enumerate() {
            form.append_pair(&format!("{phase}[default_tax_rates][{number}]"), rate);
        }
    }
}
