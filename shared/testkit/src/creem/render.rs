//! Creem's shapes of the records: integers of minor units, currencies in upper case, instants in milliseconds
//! or as RFC 3339, links as objects in events and as ids in the API.

use serde_json::{Map, Value, json};

use super::record::{CreemRefundRecord, CreemSale, Plan};
use super::world::World;

/// An instant in milliseconds as RFC 3339.
fn iso(milliseconds: i64) -> String {
    let days = milliseconds.div_euclid(86_400_000);
    let rest = milliseconds.rem_euclid(86_400_000);
    let (year, month, day) = civil(days);
    let part = |unit: i64, count: i64| rest.div_euclid(unit).rem_euclid(count);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        part(3_600_000, 24),
        part(60_000, 60),
        part(1_000, 60),
        part(1, 1_000)
    )
}

/// The date of a count of days since 1970: years have 400-year cycles that begin in March.
#[expect(clippy::arithmetic_side_effects, reason = "years within the range of dates of a test")]
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days.saturating_add(719_468);
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let leap = (of_era / 1_460).saturating_sub(of_era / 36_524).saturating_add(of_era / 146_096);
    let year_of_era = of_era.saturating_sub(leap) / 365;
    let before = (year_of_era * 365).saturating_add(year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = of_era.saturating_sub(before);
    let shifted_month = (day_of_year * 5).saturating_add(2) / 153;
    let day = day_of_year.saturating_sub((shifted_month * 153).saturating_add(2) / 5).saturating_add(1);
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era.saturating_add(era * 400).saturating_add(i64::from(month <= 2));
    (year, month, day)
}

impl World {
    pub(super) fn transaction_object(&self, sale: &CreemSale) -> Value {
        let kind = if sale.subscription.is_some() { "invoice" } else { "payment" };
        json!({
            "id": sale.id, "object": "transaction", "amount": sale.amount, "amount_paid": sale.paid(),
            "discount_amount": 0, "currency": sale.currency, "type": kind, "tax_country": self.country(&sale.customer),
            "tax_amount": sale.tax, "status": sale.status,
            "refunded_amount": (sale.refunded > 0).then_some(sale.refunded),
            "order": sale.order, "subscription": sale.subscription, "customer": sale.customer,
            "description": "Payment", "period_start": sale.period.map(|period| period.0),
            "period_end": sale.period.map(|period| period.1), "created_at": sale.created,
            "mode": self.settings.mode,
        })
    }

    fn order_object(&self, sale: &CreemSale) -> Value {
        let kind = if sale.subscription.is_some() { "recurring" } else { "onetime" };
        let mut order = json!({
            "id": sale.order, "object": "order", "customer": sale.customer, "product": sale.product,
            "amount": sale.amount, "currency": sale.currency, "status": "paid", "type": kind,
            "created_at": iso(sale.created), "updated_at": iso(sale.created), "mode": self.settings.mode,
        });
        if let Some(order) = order.as_object_mut().filter(|_| self.settings.order_names_transaction) {
            order.insert("transaction".to_owned(), json!(sale.id));
            order.insert("amount_paid".to_owned(), json!(sale.paid()));
            order.insert("tax_amount".to_owned(), json!(sale.tax));
        }
        order
    }

    fn product_object(&self, sale: &CreemSale) -> Value {
        let recurring = sale.subscription.is_some();
        json!({
            "id": sale.product, "object": "product", "name": "Credits", "price": sale.amount,
            "currency": sale.currency, "billing_type": if recurring { "recurring" } else { "onetime" },
            "billing_period": if recurring { "every-month" } else { "once" }, "status": "active",
            "tax_mode": "exclusive", "mode": self.settings.mode,
        })
    }

    fn country(&self, customer: &str) -> &str {
        self.countries.get(customer).map_or("NL", String::as_str)
    }

    fn customer_object(&self, customer: &str) -> Value {
        json!({
            "id": customer, "object": "customer", "email": "buyer@example.com", "name": "A Buyer",
            "country": self.country(customer), "mode": self.settings.mode,
        })
    }

    fn linked_checkout(&self, sale: &CreemSale) -> Option<Value> {
        let id = sale.checkout.as_ref()?;
        Some(json!({
            "id": id, "object": "checkout", "request_id": sale.request_id, "status": "completed",
            "metadata": sale.metadata, "mode": self.settings.mode,
        }))
    }

    pub(super) fn checkout_object(&self, sale: &CreemSale) -> Value {
        let mut checkout = self.linked_checkout(sale).unwrap_or_else(|| json!({}));
        let subscription = sale.subscription.as_ref().and_then(|id| self.plans.get(id));
        let more = json!({
            "order": self.order_object(sale), "product": self.product_object(sale), "units": sale.units,
            "customer": self.customer_object(&sale.customer), "custom_fields": [],
        });
        if let (Some(checkout), Value::Object(more)) = (checkout.as_object_mut(), more) {
            checkout.extend(more);
            if let Some(plan) = subscription {
                checkout.insert("subscription".to_owned(), self.bare_plan(plan));
            }
        }
        checkout
    }

    /// A subscription within another object: its own links are ids.
    fn bare_plan(&self, plan: &Plan) -> Value {
        json!({
            "id": plan.id, "object": "subscription", "product": plan.product, "customer": plan.customer,
            "collection_method": "charge_automatically", "status": plan.status,
            "last_transaction_id": plan.last_transaction,
            "current_period_start_date": iso(plan.period_start),
            "current_period_end_date": iso(plan.period_end), "canceled_at": plan.canceled_at.map(iso),
            "created_at": iso(plan.created), "updated_at": iso(plan.created), "metadata": plan.metadata,
            "mode": self.settings.mode,
        })
    }

    pub(super) fn plan_object(&self, plan: &Plan) -> Value {
        let mut object = self.bare_plan(plan);
        let last = plan.last_transaction.as_ref().and_then(|id| self.sales.get(id));
        let more: Map<String, Value> = Map::from_iter([
            ("customer".to_owned(), self.customer_object(&plan.customer)),
            (
                "items".to_owned(),
                json!([{ "id": "sitem_1", "object": "subscription_item", "product_id": plan.product,
                    "price_id": "pprice_1", "units": plan.units, "mode": self.settings.mode }]),
            ),
        ]);
        if let Some(object) = object.as_object_mut() {
            object.extend(more);
            if let Some(last) = last.filter(|_| self.settings.carries_last_transaction) {
                object.insert("last_transaction".to_owned(), self.transaction_object(last));
            }
        }
        object
    }

    /// What refunds and disputes link to, beside their own members.
    fn with_links(&self, mut object: Value, sale: &CreemSale) -> Value {
        let links = json!({
            "transaction": self.transaction_object(sale), "order": self.order_object(sale),
            "customer": self.customer_object(&sale.customer),
        });
        if let (Some(object), Value::Object(links)) = (object.as_object_mut(), links) {
            object.extend(links);
            if let Some(checkout) = self.linked_checkout(sale) {
                object.insert("checkout".to_owned(), checkout);
            }
            if let Some(plan) = sale.subscription.as_ref().and_then(|id| self.plans.get(id)) {
                object.insert("subscription".to_owned(), self.bare_plan(plan));
            }
        }
        object
    }

    pub(super) fn refund_object(&self, refund: &CreemRefundRecord, sale: &CreemSale) -> Value {
        let object = json!({
            "id": refund.id, "object": "refund", "status": refund.status, "refund_amount": refund.amount,
            "refund_currency": sale.currency, "reason": refund.reason, "created_at": refund.created,
            "mode": self.settings.mode,
        });
        self.with_links(object, sale)
    }

    pub(super) fn dispute_object(&self, id: &str, amount: u64, created: i64, sale: &CreemSale) -> Value {
        let object = json!({
            "id": id, "object": "dispute", "amount": amount, "currency": sale.currency,
            "created_at": created, "mode": self.settings.mode,
        });
        self.with_links(object, sale)
    }
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn instants_are_written_as_creem_does() {
        for (milliseconds, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_793_527_200_925, "2026-11-01T10:00:00.925Z"),
            (1_835_395_199_999, "2028-02-28T23:59:59.999Z"),
            (1_835_395_200_000, "2028-02-29T00:00:00.000Z"),
            (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(iso(milliseconds), text);
        }
    }
}
