//! Money in: packs, subscriptions, renewals, and how subscriptions end.

use serde::Serialize;
use serde_json::json;

use super::answer::Answer;
use super::command::{BuyPack, Cancel, Emission, End, NewPrice, Renew, Subscribe};
use super::record::{Invoice, Line, Payment, Subscription};
use super::render::{self, Context};
use super::world::{CommandError, Draft, World, check_copies};

/// One period of a subscription: 30 days, so that a test can add it up.
const PERIOD_S: i64 = 30 * DAY_S;
const DAY_S: i64 = 24 * 60 * 60;

/// Periods of 30 days for each month.
pub(crate) fn period_of(months: u32) -> i64 {
    PERIOD_S.saturating_mul(i64::from(months))
}

/// What a command made, by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Made {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispute: Option<String>,
    /// The events, in the order in which they came to be.
    pub events: Vec<String>,
}

impl World {
    pub(crate) fn context(&self, emission: &Emission) -> Context {
        Context {
            shape: self.shape(emission),
            livemode: self.settings.livemode,
            expand_payments: self.settings.expand_payments,
        }
    }

    fn pay(
        &mut self,
        customer: &str,
        invoice: Option<String>,
        amount: u64,
        currency: &str,
        created: i64,
    ) -> Result<Payment, CommandError> {
        if amount == 0 {
            return Err(CommandError::Amount);
        }
        let payment = Payment {
            id: self.id("pi"),
            charge: self.id("ch"),
            customer: customer.to_owned(),
            invoice,
            amount,
            refunded: 0,
            currency: currency.to_ascii_lowercase(),
            country: self.countries.get(customer).cloned(),
            created,
        };
        self.payments.insert(payment.id.clone(), payment.clone());
        Ok(payment)
    }

    pub(crate) fn buy_pack(&mut self, pack: &BuyPack, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let customer = self.customer(&pack.account, pack.customer.as_deref());
        let payment = self.pay(&customer, None, pack.amount, &pack.currency, created)?;
        let session = render::Session {
            id: self.id("cs_test"),
            account: &pack.account,
            price: &pack.price,
            payment: Some(&payment),
            subscription: None,
            invoice: None,
            created,
        };
        let object = render::session(self.context(emission), &session, &payment);
        let path = format!("/v1/checkout/sessions/{}/line_items", session.id);
        let line = render::session_line(&self.id("li"), &session, &payment);
        self.lists.insert(path, vec![line]);
        let events = self.emit(emission, created, vec![Draft::new("checkout.session.completed", object)]);
        Ok(Made { customer: Some(customer), payment: Some(payment.id), events, ..Made::default() })
    }

    pub(crate) fn subscribe(&mut self, order: &Subscribe, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, None);
        let context = self.context(emission);
        let customer = self.customer(&order.account, order.customer.as_deref());
        if !self.prices.contains_key(&order.price) {
            self.sell(&NewPrice::of(&order.price, order.amount, &order.currency), emission)?;
        }
        let months = self.prices.get(&order.price).map_or(1, |price| price.months);
        let period_s =
            order.days.map_or_else(|| period_of(months), |days| i64::from(days).saturating_mul(DAY_S));
        let subscription = Subscription {
            id: self.id("sub"),
            item: self.id("si"),
            customer: customer.clone(),
            price: order.price.clone(),
            amount: order.amount,
            quantity: 1,
            currency: order.currency.to_ascii_lowercase(),
            status: "active".to_owned(),
            created,
            period_start: created,
            period_end: created.saturating_add(period_s),
            days: order.days,
            cancel_at_period_end: false,
            canceled_at: None,
            ended_at: None,
            schedule: None,
            discounts: Vec::new(),
            metadata: order.metadata.clone(),
        };
        let amount = subscription.amount;
        let (invoice, payment) = self.charge_period(&subscription, amount, "subscription_create", created)?;
        let session = render::Session {
            id: self.id("cs_test"),
            account: &order.account,
            price: &order.price,
            payment: None,
            subscription: Some(&subscription.id),
            invoice: Some(&invoice.id),
            created,
        };
        let drafts = vec![
            Draft::new("checkout.session.completed", render::session(context, &session, &payment)),
            Draft::new("customer.subscription.created", render::subscription(context, &subscription)),
            Draft::new("invoice.paid", render::invoice(context, &invoice, &payment, &subscription)),
        ];
        self.subscriptions.insert(subscription.id.clone(), subscription.clone());
        Ok(Made {
            customer: Some(customer),
            payment: Some(payment.id),
            subscription: Some(subscription.id),
            invoice: Some(invoice.id),
            refund: None,
            dispute: None,
            events: self.emit(emission, created, drafts),
        })
    }

    pub(crate) fn renew(&mut self, renewal: &Renew, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, renewal.charged_at);
        let charged_at = renewal.charged_at.unwrap_or(created);
        let mut subscription = self.subscription(&renewal.subscription)?.clone();
        let is_changed = self.enter_next_phase(&mut subscription);
        let months = self.prices.get(&subscription.price).map_or(1, |price| price.months);
        subscription.period_start = charged_at;
        let days = subscription.days.filter(|_| !is_changed);
        let period_s = days.map_or_else(|| period_of(months), |days| i64::from(days).saturating_mul(DAY_S));
        subscription.period_end = charged_at.saturating_add(period_s);
        // A coupon of one invoice is used up with it.
        let coupons = std::mem::take(&mut subscription.discounts);
        let amount = subscription.amount.saturating_mul(subscription.quantity);
        let amount = self.discounted(amount, &coupons);
        let (invoice, payment) =
            self.charge_period(&subscription, amount, "subscription_cycle", charged_at)?;
        let context = self.context(emission);
        let mut drafts = Vec::new();
        if is_changed {
            let object = render::subscription(context, &subscription);
            drafts.push(Draft::new("customer.subscription.updated", object));
        }
        let object = render::invoice(context, &invoice, &payment, &subscription);
        drafts.push(Draft::new("invoice.paid", object));
        let made = Made {
            customer: Some(subscription.customer.clone()),
            payment: Some(payment.id),
            subscription: Some(subscription.id.clone()),
            invoice: Some(invoice.id),
            refund: None,
            dispute: None,
            events: self.emit(emission, created, drafts),
        };
        self.subscriptions.insert(subscription.id.clone(), subscription);
        Ok(made)
    }

    fn charge_period(
        &mut self,
        subscription: &Subscription,
        amount: u64,
        billing_reason: &str,
        paid_at: i64,
    ) -> Result<(Invoice, Payment), CommandError> {
        self.charge(subscription, amount, (billing_reason, Vec::new()), paid_at)
    }

    /// A paid invoice with these lines.
    pub(crate) fn charge(
        &mut self,
        subscription: &Subscription,
        amount: u64,
        (billing_reason, lines): (&str, Vec<Line>),
        paid_at: i64,
    ) -> Result<(Invoice, Payment), CommandError> {
        let id = self.id("in");
        let payment =
            self.pay(&subscription.customer, Some(id.clone()), amount, &subscription.currency, paid_at)?;
        let invoice = Invoice {
            id,
            line: self.id("il"),
            invoice_payment: self.id("inpay"),
            payment: payment.id.clone(),
            billing_reason: billing_reason.to_owned(),
            lines,
            paid_at,
        };
        self.invoices.insert(invoice.id.clone(), invoice.clone());
        Ok((invoice, payment))
    }

    pub(crate) fn cancel(&mut self, cancel: &Cancel, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, cancel.at);
        let at = cancel.at.unwrap_or(created);
        let mut subscription = self.subscription(&cancel.subscription)?.clone();
        let before = render::cancellation(&subscription);
        subscription.canceled_at = Some(at);
        if !cancel.at_period_end {
            return Ok(self.end_with(subscription, at, created, emission));
        }
        subscription.cancel_at_period_end = true;
        let object = render::subscription(self.context(emission), &subscription);
        let mut draft = Draft::new("customer.subscription.updated", object);
        draft.previous = Some(before);
        Ok(self.keep(subscription, created, draft, emission))
    }

    pub(crate) fn end(&mut self, end: &End, emission: &Emission) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let created = Self::created(emission, end.ended_at);
        let ended_at = end.ended_at.unwrap_or(created);
        let subscription = self.subscription(&end.subscription)?.clone();
        Ok(self.end_with(subscription, ended_at, created, emission))
    }

    fn end_with(
        &mut self,
        mut subscription: Subscription,
        ended_at: i64,
        created: i64,
        emission: &Emission,
    ) -> Made {
        "canceled".clone_into(&mut subscription.status);
        subscription.ended_at = Some(ended_at);
        subscription.canceled_at = subscription.canceled_at.or(Some(ended_at));
        let object = render::subscription(self.context(emission), &subscription);
        self.keep(subscription, created, Draft::new("customer.subscription.deleted", object), emission)
    }

    pub(crate) fn keep(
        &mut self,
        subscription: Subscription,
        created: i64,
        draft: Draft,
        emission: &Emission,
    ) -> Made {
        let made = Made {
            customer: Some(subscription.customer.clone()),
            subscription: Some(subscription.id.clone()),
            events: self.emit(emission, created, vec![draft]),
            ..Made::default()
        };
        self.subscriptions.insert(subscription.id.clone(), subscription);
        made
    }

    /// Carries out `DELETE /v1/subscriptions/{id}`. Stripe knows no subscription to end that has ended.
    pub(crate) fn end_by_api(&mut self, id: &str, emission: &Emission) -> Answer {
        let known = self.subscriptions.get(id).filter(|known| known.ended_at.is_none()).cloned();
        let Some(known) = known else { return Answer::missing("subscription", id, "id") };
        let now = Self::created(emission, None);
        self.end_with(known, now, now, emission);
        self.subscription_answer(id, emission)
    }

    /// Carries out `POST /v1/subscriptions/{id}` with `cancel_at_period_end`.
    pub(crate) fn update_by_api(
        &mut self,
        id: &str,
        at_period_end: bool,
        idempotency_key: Option<&str>,
        emission: &Emission,
    ) -> Answer {
        let Some(known) = self.subscriptions.get(id) else {
            return Answer::missing("subscription", id, "id");
        };
        if known.ended_at.is_some() {
            let message = "A canceled subscription can only update its cancellation_details and metadata.";
            return Answer::invalid("cancel_at_period_end", None, message);
        }
        if known.schedule.is_some() {
            let message = "The subscription is managed by a subscription schedule, and updating any \
                           cancelation behavior directly is not allowed.";
            return Answer::invalid("cancel_at_period_end", None, message);
        }
        let mut subscription = known.clone();
        let before = render::cancellation(&subscription);
        let now = Self::created(emission, None);
        if subscription.cancel_at_period_end != at_period_end {
            subscription.cancel_at_period_end = at_period_end;
            subscription.canceled_at = at_period_end.then_some(now);
            let object = render::subscription(self.context(emission), &subscription);
            let mut draft = Draft::new("customer.subscription.updated", object);
            draft.previous = Some(before);
            draft.idempotency_key = idempotency_key.map(str::to_owned);
            self.keep(subscription, now, draft, emission);
        }
        self.subscription_answer(id, emission)
    }

    fn subscription_answer(&self, id: &str, emission: &Emission) -> Answer {
        self.subscriptions.get(id).map_or_else(
            || Answer::missing("subscription", id, "id"),
            |known| Answer::ok(render::subscription(self.context(emission), known)),
        )
    }

    /// The payments of an invoice, as `GET /v1/invoice_payments` lists them.
    pub(crate) fn invoice_payments(&self, invoice: &str) -> Option<Vec<serde_json::Value>> {
        let invoice = self.invoices.get(invoice)?;
        let payment = self.payments.get(&invoice.payment)?;
        Some(vec![render::invoice_payment(invoice, payment, self.settings.livemode)])
    }

    /// Everything of the account for `GET /_control/subscriptions`.
    pub(crate) fn subscriptions_view(&self) -> serde_json::Value {
        json!({ "subscriptions": self.subscriptions.values().collect::<Vec<_>>() })
    }
}
