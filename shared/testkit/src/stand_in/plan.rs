//! Plans that change: what a change would cost, the change itself, and the schedules of those that come with
//! the end of the period.
//!
//! A change settles what is left of the running period in two lines, each of them the whole amount's share of
//! the period, rounded by itself. A change of the period's length begins a period of its own. Where the lines
//! come to nothing or less, no invoice is made: the customer's balance is not kept here.

use serde_json::{Value, json};

use super::answer::Answer;
use super::command::{Emission, NewPrice};
use super::purchase::{Made, period_of};
use super::record::{Line, Phase, Price, ScheduleRecord, Subscription};
use super::render;
use super::world::{CommandError, Draft, World};

/// The parameters of a call, as they were sent.
pub(crate) type Parameters<'a> = &'a [(String, String)];

fn parameter<'a>(parameters: Parameters<'a>, name: &str) -> Option<&'a str> {
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// What takes the place of a subscription's item.
struct Wanted {
    price: Price,
    quantity: u64,
    /// From when on what is left of the period is settled; `None` if nothing is.
    prorated_at: Option<i64>,
}

impl World {
    /// A price that Stripe sells.
    #[expect(clippy::unnecessary_wraps, reason = "every command has this shape")]
    pub(crate) fn sell(&mut self, price: &NewPrice, _: &Emission) -> Result<Made, CommandError> {
        let NewPrice { price: id, amount, currency, months } = price.clone();
        let record = Price { id: id.clone(), amount, currency: currency.to_ascii_lowercase(), months };
        self.prices.insert(id, record);
        Ok(Made::default())
    }

    fn wanted(
        &self,
        subscription: &Subscription,
        parameters: Parameters<'_>,
        within: &str,
    ) -> Result<Wanted, Answer> {
        let item = if within.is_empty() { "items[0]".to_owned() } else { format!("{within}[items][0]") };
        let setting = |name: &str| {
            let name = if within.is_empty() { name.to_owned() } else { format!("{within}[{name}]") };
            parameter(parameters, &name)
        };
        if parameter(parameters, &format!("{item}[id]")) != Some(&subscription.item) {
            return Err(Answer::invalid(&item, None, "No such subscription item."));
        }
        let id = parameter(parameters, &format!("{item}[price]")).unwrap_or(&subscription.price);
        let price = self.prices.get(id).ok_or_else(|| Answer::missing("price", id, "items[0][price]"))?;
        if price.currency != subscription.currency {
            let message = "The price specified does not match the currency of the subscription.";
            return Err(Answer::invalid(&item, None, message));
        }
        let quantity = parameter(parameters, &format!("{item}[quantity]")).unwrap_or("1").parse();
        let quantity = quantity.map_err(|_| Answer::invalid(&item, None, "Invalid integer"))?;
        let prorated_at = match (setting("proration_behavior"), setting("proration_date")) {
            (Some("always_invoice"), Some(date)) => {
                let date = date.parse().map_err(|_| Answer::invalid("proration_date", None, "Invalid"))?;
                if !(subscription.period_start..subscription.period_end).contains(&date) {
                    let message = "The proration date must be within the current period.";
                    return Err(Answer::invalid("proration_date", None, message));
                }
                Some(date)
            }
            _ => None,
        };
        Ok(Wanted { price: price.clone(), quantity, prorated_at })
    }

    /// The lines of a change, and the period that they end with.
    fn lines_of(&self, subscription: &Subscription, wanted: &Wanted) -> (Vec<Line>, (i64, i64)) {
        let running = (subscription.period_start, subscription.period_end);
        let months = self.prices.get(&subscription.price).map_or(1, |price| price.months);
        let Some(from) = wanted.prorated_at else {
            let next = (running.1, running.1.saturating_add(period_of(wanted.price.months)));
            return (vec![whole_line(&wanted.price, wanted.quantity, next)], next);
        };
        let rest = (from, running.1);
        let old = share(subscription.amount.saturating_mul(subscription.quantity), rest, running);
        let credit = Line {
            price: subscription.price.clone(),
            quantity: subscription.quantity,
            amount: old.saturating_neg(),
            proration: true,
            period: rest,
        };
        if wanted.price.months != months {
            let anew = (from, from.saturating_add(period_of(wanted.price.months)));
            return (vec![credit, whole_line(&wanted.price, wanted.quantity, anew)], anew);
        }
        let new = share(wanted.price.amount.saturating_mul(wanted.quantity), rest, running);
        let debit = Line {
            price: wanted.price.id.clone(),
            quantity: wanted.quantity,
            amount: new,
            proration: true,
            period: rest,
        };
        (vec![credit, debit], running)
    }

    /// Answers `POST /v1/invoices/create_preview`.
    pub(crate) fn preview_invoice(&self, parameters: Parameters<'_>, emission: &Emission) -> Answer {
        let context = self.context(emission);
        let Some(id) = parameter(parameters, "subscription") else {
            return self.preview_new(parameters, emission);
        };
        let Some(known) = self.subscriptions.get(id).filter(|known| known.ended_at.is_none()) else {
            return Answer::missing("subscription", id, "subscription");
        };
        match self.wanted(known, parameters, "subscription_details") {
            Ok(wanted) => {
                let (lines, _) = self.lines_of(known, &wanted);
                Answer::ok(render::preview(context, &lines, known))
            }
            Err(refusal) => refusal,
        }
    }

    /// The first invoice of a subscription that a customer does not have.
    fn preview_new(&self, parameters: Parameters<'_>, emission: &Emission) -> Answer {
        let customer = parameter(parameters, "customer").unwrap_or_default();
        let Some(known) = self.subscriptions.values().find(|each| each.customer == customer) else {
            return Answer::missing("customer", customer, "customer");
        };
        let details = |name: &str| parameter(parameters, &format!("subscription_details[items][0][{name}]"));
        let id = details("price").unwrap_or_default();
        let Some(price) = self.prices.get(id) else { return Answer::missing("price", id, "price") };
        let quantity = details("quantity").and_then(|text| text.parse().ok()).unwrap_or(1);
        let now = Self::created(emission, None);
        let lines = [whole_line(price, quantity, (now, now.saturating_add(period_of(price.months))))];
        Answer::ok(render::preview(self.context(emission), &lines, known))
    }

    /// Carries out `POST /v1/subscriptions/{id}` with `items`: a change that is paid for, or none.
    pub(crate) fn change_by_api(
        &mut self,
        id: &str,
        parameters: Parameters<'_>,
        idempotency_key: Option<&str>,
        emission: &Emission,
    ) -> Answer {
        let Some(known) = self.subscriptions.get(id).cloned() else {
            return Answer::missing("subscription", id, "id");
        };
        if known.ended_at.is_some() {
            let message = "A canceled subscription can only update its cancellation_details and metadata.";
            return Answer::invalid("items", None, message);
        }
        let wanted = match self.wanted(&known, parameters, "") {
            Ok(wanted) => wanted,
            Err(refusal) => return refusal,
        };
        let (lines, period) = self.lines_of(&known, &wanted);
        let total = lines.iter().fold(0_i64, |sum, line| sum.saturating_add(line.amount));
        let is_charged = wanted.prorated_at.is_some() && total > 0;
        if is_charged && self.settings.cards_decline {
            return Answer::payment_failed("card_declined");
        }
        let now = Self::created(emission, None);
        let mut changed = known;
        changed.price.clone_from(&wanted.price.id);
        changed.amount = wanted.price.amount;
        changed.quantity = wanted.quantity;
        if wanted.prorated_at.is_some() {
            (changed.period_start, changed.period_end) = period;
        }
        for (name, value) in parameters {
            if let Some(key) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) {
                changed.metadata.insert(key.to_owned(), value.clone());
            }
        }
        let object = render::subscription(self.context(emission), &changed);
        let mut updated = Draft::new("customer.subscription.updated", object);
        updated.idempotency_key = idempotency_key.map(str::to_owned);
        let mut drafts = vec![updated];
        if is_charged {
            let amount = u64::try_from(total).unwrap_or_default();
            match self.charge(&changed, amount, ("subscription_update", lines), now) {
                Ok((invoice, payment)) => {
                    let object = render::invoice(self.context(emission), &invoice, &payment, &changed);
                    drafts.push(Draft::new("invoice.paid", object));
                }
                Err(_) => return Answer::server_error(500),
            }
        }
        self.subscriptions.insert(changed.id.clone(), changed);
        self.emit(emission, now, drafts);
        self.discounted_answer(id, emission)
    }

    /// Carries out `POST /v1/subscription_schedules` with `from_subscription`.
    pub(crate) fn create_schedule(&mut self, parameters: Parameters<'_>, emission: &Emission) -> Answer {
        let id = parameter(parameters, "from_subscription").unwrap_or_default();
        let Some(known) = self.subscriptions.get(id).cloned() else {
            return Answer::missing("subscription", id, "from_subscription");
        };
        if known.schedule.is_some() {
            let message = "You cannot migrate a subscription that is already attached to a schedule.";
            return Answer::invalid("from_subscription", None, message);
        }
        let running = Phase {
            start: known.period_start,
            end: known.period_end,
            price: known.price.clone(),
            quantity: known.quantity,
        };
        let schedule = self.put_under_schedule(known, vec![running], emission);
        self.schedule_answer(&schedule)
    }

    /// Puts a subscription under a new schedule of these phases, and says which it is.
    pub(crate) fn put_under_schedule(
        &mut self,
        mut subscription: Subscription,
        phases: Vec<Phase>,
        emission: &Emission,
    ) -> String {
        let id = self.id("sub_sched");
        let record = ScheduleRecord { id: id.clone(), metadata: std::collections::BTreeMap::new(), phases };
        self.schedules.insert(id.clone(), record);
        subscription.schedule = Some(id.clone());
        let object = render::subscription(self.context(emission), &subscription);
        let draft = Draft::new("customer.subscription.updated", object);
        self.keep(subscription, Self::created(emission, None), draft, emission);
        id
    }

    /// Carries out `POST /v1/subscription_schedules/{id}`: its phases, as the whole of them.
    pub(crate) fn update_schedule(&mut self, id: &str, parameters: Parameters<'_>) -> Answer {
        let Some(mut record) = self.schedules.get(id).cloned() else {
            return Answer::missing("subscription_schedule", id, "id");
        };
        let mut phases: Vec<Phase> = Vec::new();
        for place in 0.. {
            let of = |name: &str| parameter(parameters, &format!("phases[{place}]{name}"));
            let Some(price) = of("[items][0][price]") else { break };
            if !self.prices.contains_key(price) {
                return Answer::missing("price", price, "phases");
            }
            let number = |name: &str| of(name).and_then(|text| text.parse::<i64>().ok());
            let start = number("[start_date]").or_else(|| phases.last().map(|phase| phase.end));
            let months = number("[duration][interval_count]").and_then(|months| u32::try_from(months).ok());
            let end = number("[end_date]").or_else(|| Some(start?.saturating_add(period_of(months?))));
            let (Some(start), Some(end)) = (start, end) else {
                return Answer::invalid("phases", None, "A phase needs a start and an end.");
            };
            let quantity = of("[items][0][quantity]").and_then(|text| text.parse().ok()).unwrap_or(1);
            phases.push(Phase { start, end, price: price.to_owned(), quantity });
        }
        if phases.first().map(|phase| phase.start) != record.phases.first().map(|phase| phase.start) {
            return Answer::invalid("phases", None, "You cannot change the start of the current phase.");
        }
        record.phases = phases;
        for (name, value) in parameters {
            if let Some(key) = name.strip_prefix("metadata[").and_then(|rest| rest.strip_suffix(']')) {
                record.metadata.insert(key.to_owned(), value.clone());
            }
        }
        self.schedules.insert(id.to_owned(), record);
        self.schedule_answer(id)
    }

    fn schedule_answer(&self, id: &str) -> Answer {
        self.schedules.get(id).map_or_else(
            || Answer::missing("subscription_schedule", id, "id"),
            |record| Answer::ok(schedule(record)),
        )
    }

    /// `GET /v1/subscriptions/{id}`, with its schedule where that is asked for.
    pub(crate) fn retrieved(&self, id: &str, parameters: Parameters<'_>, emission: &Emission) -> Answer {
        let mut answer = self.discounted_answer(id, emission);
        let is_expanded = parameter(parameters, "expand[]") == Some("schedule");
        let known = self.subscriptions.get(id).and_then(|known| known.schedule.as_deref());
        let record = known.filter(|_| is_expanded).and_then(|id| self.schedules.get(id));
        if let (Some(record), Some(members)) = (record, answer.body.as_object_mut()) {
            members.insert("schedule".to_owned(), schedule(record));
        }
        answer
    }

    /// The plan of a subscription's next period, as its schedule says. A schedule without a further phase
    /// leaves the subscription to itself.
    pub(crate) fn enter_next_phase(&mut self, subscription: &mut Subscription) -> bool {
        let Some(id) = subscription.schedule.clone() else { return false };
        let Some(record) = self.schedules.get_mut(&id) else { return false };
        if record.phases.len() < 2 {
            self.schedules.remove(&id);
            subscription.schedule = None;
            return true;
        }
        record.phases.remove(0);
        let Some(phase) = record.phases.first() else { return false };
        subscription.price.clone_from(&phase.price);
        subscription.quantity = phase.quantity;
        subscription.amount = self.prices.get(&phase.price).map_or(subscription.amount, |price| price.amount);
        true
    }
}

fn whole_line(price: &Price, quantity: u64, period: (i64, i64)) -> Line {
    let amount = i64::try_from(price.amount.saturating_mul(quantity)).unwrap_or(i64::MAX);
    Line { price: price.id.clone(), quantity, amount, proration: false, period }
}

/// An amount's share for the rest of a period, rounded half up.
fn share(amount: u64, rest: (i64, i64), whole: (i64, i64)) -> i64 {
    let length = |(from, until): (i64, i64)| i128::from(until.saturating_sub(from).max(0));
    let whole = length(whole).max(1);
    let twice = i128::from(amount).saturating_mul(length(rest)).saturating_mul(2).saturating_add(whole);
    i64::try_from(twice.div_euclid(whole.saturating_mul(2))).unwrap_or(i64::MAX)
}

fn schedule(record: &ScheduleRecord) -> Value {
    let phase = |phase: &Phase| {
        json!({
            "start_date": phase.start, "end_date": phase.end, "discounts": [], "default_tax_rates": [],
            "items": [{ "price": phase.price, "quantity": phase.quantity, "tax_rates": [] }],
            "metadata": {}, "proration_behavior": "none", "trial_end": null,
        })
    };
    let current = record.phases.first();
    json!({
        "id": record.id, "object": "subscription_schedule", "status": "active", "end_behavior": "release",
        "metadata": record.metadata, "phases": record.phases.iter().map(phase).collect::<Vec<_>>(),
        "current_phase": current.map(|phase| json!({ "start_date": phase.start, "end_date": phase.end })),
    })
}
