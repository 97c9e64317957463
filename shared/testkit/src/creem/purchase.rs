//! Purchases: each makes a transaction and the events that Creem would send.

use std::collections::BTreeMap;

use super::command::{BuyOnce, StartPlan};
use super::record::{CreemSale, Plan, Sold};
use super::world::World;
use crate::stand_in::command::Address;
use crate::stand_in::world::check_copies;
use crate::stand_in::{CommandError, Emission};

const DAY_MS: i64 = 86_400_000;

/// The metadata of a checkout: the account, and what the order adds or removes.
fn metadata(account: &str, added: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut metadata = BTreeMap::from([("account".to_owned(), account.to_owned())]);
    metadata.extend(added.clone());
    metadata.retain(|_, value| !value.is_empty());
    metadata
}

impl World {
    /// The customer of a purchase: the one named, or the account's own.
    fn customer(&mut self, account: &str, named: Option<&str>) -> String {
        if let Some(known) = named.or_else(|| self.customers.get(account).map(String::as_str)) {
            let known = known.to_owned();
            self.customers.insert(account.to_owned(), known.clone());
            return known;
        }
        let customer = self.id("cust");
        self.customers.insert(account.to_owned(), customer.clone());
        customer
    }

    /// Purchases and their customer carry the country from then on.
    pub(super) fn address(&mut self, address: &Address) {
        let customer = self.customer(&address.account, None);
        self.countries.insert(customer, address.country.clone());
    }

    pub(super) fn buy_once(&mut self, order: &BuyOnce, emission: &Emission) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let amount = total(order.amount, order.units)?;
        let created = self.created(emission);
        let customer = self.customer(&order.account, order.customer.as_deref());
        let sale = CreemSale {
            id: self.id("tran"),
            order: self.id("ord"),
            checkout: Some(self.id("ch")),
            request_id: order.request_id.clone(),
            subscription: None,
            customer,
            product: order.product.clone(),
            units: order.units,
            amount,
            tax: order.tax,
            refunded: 0,
            currency: order.currency.clone(),
            status: "paid".to_owned(),
            metadata: metadata(&order.account, &order.metadata),
            created,
            period: None,
        };
        self.sales.insert(sale.id.clone(), sale.clone());
        let checkout = self.checkout_object(&sale);
        let events = self.emit(emission, created, vec![("checkout.completed", checkout)]);
        Ok(Sold { events, ..sold(&sale) })
    }

    pub(super) fn start_plan(
        &mut self,
        order: &StartPlan,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let amount = total(order.amount, order.units)?;
        let created = self.created(emission);
        let customer = self.customer(&order.account, order.customer.as_deref());
        let trial = order.trial_days > 0;
        let days = if trial { order.trial_days } else { order.days };
        let plan = Plan {
            id: self.id("sub"),
            customer: customer.clone(),
            product: order.product.clone(),
            units: order.units,
            amount: order.amount,
            tax: order.tax,
            currency: order.currency.clone(),
            status: if trial { "trialing" } else { "active" }.to_owned(),
            days: order.days,
            last_transaction: None,
            period_start: created,
            period_end: created.saturating_add(days.saturating_mul(DAY_MS)),
            canceled_at: None,
            metadata: metadata(&order.account, &order.metadata),
            created,
        };
        // The sale of a trial is only what its checkout shows: nothing is paid, and no transaction is kept.
        let sale = CreemSale {
            id: self.id("tran"),
            order: self.id("ord"),
            checkout: Some(self.id("ch")),
            request_id: order.request_id.clone(),
            subscription: Some(plan.id.clone()),
            customer,
            product: order.product.clone(),
            units: order.units,
            amount: if trial { 0 } else { amount },
            tax: if trial { 0 } else { order.tax },
            refunded: 0,
            currency: order.currency.clone(),
            status: "paid".to_owned(),
            metadata: plan.metadata.clone(),
            created,
            period: Some((plan.period_start, plan.period_end)),
        };
        let id = plan.id.clone();
        self.plans.insert(id.clone(), plan);
        if !trial {
            self.sales.insert(sale.id.clone(), sale.clone());
            self.plan_mut(&id)?.last_transaction = Some(sale.id.clone());
        }
        let (checkout, object) = (self.checkout_object(&sale), self.plan_object(self.plan(&id)?));
        let drafts = if trial {
            vec![("checkout.completed", checkout), ("subscription.trialing", object)]
        } else {
            vec![
                ("checkout.completed", checkout),
                ("subscription.active", object.clone()),
                ("subscription.paid", object),
            ]
        };
        let events = self.emit(emission, created, drafts);
        let transaction = (!trial).then(|| sale.id.clone());
        Ok(Sold { transaction, events, ..sold(&sale) })
    }
}

/// What a sale is called, without its events.
pub(super) fn sold(sale: &CreemSale) -> Sold {
    Sold {
        transaction: Some(sale.id.clone()),
        order: Some(sale.order.clone()),
        checkout: sale.checkout.clone(),
        subscription: sale.subscription.clone(),
        customer: Some(sale.customer.clone()),
        ..Sold::default()
    }
}

/// The price of all units.
pub(super) fn total(amount: u64, units: u64) -> Result<u64, CommandError> {
    amount.checked_mul(units).filter(|total| *total > 0).ok_or(CommandError::Amount)
}
