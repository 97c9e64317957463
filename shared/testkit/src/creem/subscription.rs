//! What happens to subscriptions after they began.

use super::answer::Refusal;
use super::command::{MoveSubscription, MoveTo, RenewPlan};
use super::purchase::{sold, total};
use super::record::{CreemSale, Sold};
use super::world::World;
use crate::stand_in::world::check_copies;
use crate::stand_in::{CommandError, Emission};

const DAY_MS: i64 = 86_400_000;

impl World {
    pub(super) fn renew(&mut self, renewal: &RenewPlan, emission: &Emission) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let plan = self.plan(&renewal.subscription)?.clone();
        let begins = plan.period_end;
        let ends = begins.saturating_add(plan.days.saturating_mul(DAY_MS));
        // A period is charged when the one before ends, unless the command says otherwise.
        let created = emission.created.map_or(begins, |seconds| seconds.saturating_mul(1000));
        let sale = CreemSale {
            id: self.id("tran"),
            order: self.id("ord"),
            checkout: None,
            request_id: None,
            subscription: Some(plan.id.clone()),
            customer: plan.customer.clone(),
            product: plan.product.clone(),
            units: plan.units,
            amount: total(plan.amount, plan.units)?,
            tax: plan.tax,
            refunded: 0,
            currency: plan.currency.clone(),
            status: "paid".to_owned(),
            metadata: plan.metadata.clone(),
            created,
            period: Some((begins, ends)),
        };
        self.sales.insert(sale.id.clone(), sale.clone());
        let plan = self.plan_mut(&renewal.subscription)?;
        plan.last_transaction = Some(sale.id.clone());
        (plan.period_start, plan.period_end) = (begins, ends);
        "active".clone_into(&mut plan.status);
        let object = self.plan_object(self.plan(&renewal.subscription)?);
        let events = self.emit(emission, created, vec![("subscription.paid", object)]);
        Ok(Sold { events, ..sold(&sale) })
    }

    pub(super) fn move_subscription(
        &mut self,
        moved: &MoveSubscription,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let created = self.created(emission);
        let plan = self.plan_mut(&moved.subscription)?;
        plan.units = moved.units.unwrap_or(plan.units);
        if let Some(product) = &moved.product {
            plan.product.clone_from(product);
        }
        let (kind, status) = match moved.to {
            MoveTo::Active => ("subscription.active", Some("active")),
            MoveTo::Update => ("subscription.update", None),
            MoveTo::ScheduledCancel => ("subscription.scheduled_cancel", Some("scheduled_cancel")),
            MoveTo::Canceled => ("subscription.canceled", Some("canceled")),
            MoveTo::PastDue => ("subscription.past_due", Some("past_due")),
            MoveTo::Unpaid => ("subscription.unpaid", Some("unpaid")),
            MoveTo::Expired => ("subscription.expired", None),
            MoveTo::Paused => ("subscription.paused", Some("paused")),
        };
        if let Some(status) = status {
            status.clone_into(&mut plan.status);
        }
        match moved.to {
            MoveTo::ScheduledCancel | MoveTo::Canceled => {
                plan.canceled_at = plan.canceled_at.or(Some(created));
            }
            MoveTo::Active => plan.canceled_at = None,
            _ => {}
        }
        let object = self.plan_object(self.plan(&moved.subscription)?);
        let events = self.emit(emission, created, vec![(kind, object)]);
        Ok(Sold { subscription: Some(moved.subscription.clone()), events, ..Sold::default() })
    }

    /// A cancellation by the API; asked for again, nothing changes.
    pub(super) fn cancel(&mut self, id: &str, to: MoveTo) -> Result<(), Refusal> {
        let missing = self.settings.missing_status;
        let plan = self.plan(id).map_err(|_| Refusal::missing(missing))?;
        if plan.status == "canceled" {
            return Err(Refusal::bad("subscription_already_canceled"));
        }
        if plan.status == "scheduled_cancel" && to == MoveTo::ScheduledCancel {
            return Ok(());
        }
        let moved = MoveSubscription { subscription: id.to_owned(), to, units: None, product: None };
        self.move_subscription(&moved, &Emission::default()).map_err(|_| Refusal::bad("bad_request"))?;
        Ok(())
    }
}
