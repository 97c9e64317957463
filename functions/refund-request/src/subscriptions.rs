//! An account's subscriptions: where each stands, and what stays when it ends.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{JsonDisplay, Problem, Request, Response};
use ledger::{
    Account, AccountId, CancellationStore, Entry, Lot, LotKind, Payment, PaymentStore, PlanChange,
    PlanChangeStore, Subscription, Timestamp,
};
use policy::{Document, PriceKind};
use policy_documents::{catalogue, documents};
use serde::Serialize;

use crate::app::{RefundRequests, store_failed};

#[derive(Debug, Serialize)]
struct Page<'a> {
    subscriptions: Vec<SubscriptionView<'a>>,
}

#[derive(Debug, Serialize)]
pub(crate) struct SubscriptionView<'a> {
    subscription: &'a str,
    product: &'a str,
    plan: Option<&'a str>,
    next_plan: Option<&'a str>,
    state: &'static str,
    period_ends_at: Option<JsonDisplay<Timestamp>>,
    cancellation: Option<CancellationView>,
    ended_at: Option<JsonDisplay<Timestamp>>,
    credits: Vec<KeptView>,
}

/// A confirmed cancellation.
#[derive(Debug, Serialize)]
struct CancellationView {
    confirmed_at: JsonDisplay<Timestamp>,
    /// `customer` or `support` here, `stripe` on Stripe's own page.
    channel: &'static str,
    takes_effect_at: Option<JsonDisplay<Timestamp>>,
}

/// Credits that can be used for the subscription's product: its own, and those that do not depend on it.
#[derive(Debug, Serialize)]
struct KeptView {
    lot: u32,
    kind: &'static str,
    credits: u64,
    /// The expiry, exclusive: from here on they are unusable. `None` if they never expire.
    usable_until: Option<JsonDisplay<Timestamp>>,
}

/// A subscription with what it is shown by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SubscriptionRecords<'a> {
    pub(crate) subscription: &'a Subscription,
    pub(crate) account: Option<&'a Account>,
    /// The payment of the running period, or of the change that was paid for last.
    pub(crate) running: Option<&'a Payment>,
    /// The newest change of plan that was confirmed here.
    change: Option<&'a PlanChange>,
    pub(crate) now: Timestamp,
}

/// A plan of the catalogue.
#[derive(Debug, Clone, Copy)]
struct Plan {
    product: &'static str,
    name: &'static str,
    rank: u32,
}

impl Plan {
    fn of(price: &str) -> Option<Self> {
        let price = catalogue().price(price).ok()?;
        match &price.kind {
            PriceKind::Subscription { plan, rank, .. } => {
                Some(Self { product: &price.product, name: plan, rank: *rank })
            }
            PriceKind::Pack => None,
        }
    }
}

impl<'a> SubscriptionRecords<'a> {
    pub(crate) fn new(
        subscription: &'a Subscription,
        head: Option<&'a Entry>,
        running: Option<&'a Payment>,
        now: Timestamp,
    ) -> Self {
        Self { subscription, account: head.map(Entry::after), running, change: None, now }
    }

    pub(crate) fn with_change(self, change: Option<&'a PlanChange>) -> Self {
        Self { change, ..self }
    }

    fn lots(self) -> impl Iterator<Item = &'a Lot> {
        self.account.into_iter().flat_map(|account| &account.lots)
    }

    fn own_lots(self) -> impl Iterator<Item = &'a Lot> {
        self.lots().filter(move |lot| lot.subscription() == Some(&self.subscription.id))
    }

    /// The product and the plan of the price, or the product of what it has bought.
    pub(crate) fn product_and_plan(self) -> (&'a str, Option<&'static str>) {
        let price = self.subscription.price.as_deref().and_then(|price| catalogue().price(price).ok());
        match price {
            Some(price) => {
                let plan = self.kept_plan().or_else(|| Plan::of(&price.id));
                (&price.product, plan.map(|plan| plan.name))
            }
            None => (self.own_lots().last().map_or("unknown", |lot| lot.product.as_str()), None),
        }
    }

    /// The plan that the running period is paid for, where Stripe has a smaller one for the next: a downgrade
    /// takes effect with the period's end, and access stays until then (`S4-15`). A greater one has its
    /// effect at once (`S4-14`).
    fn kept_plan(self) -> Option<Plan> {
        let runs = |payment: &&Payment| payment.period_ends_at.is_some_and(|end| self.now < end);
        let running = self.running.filter(runs);
        let paid = Plan::of(&running?.price)?;
        let newest = Plan::of(self.subscription.price.as_deref()?)?;
        (paid.product == newest.product && newest.rank < paid.rank).then_some(paid)
    }

    /// The plan from the next period on, where it is another one.
    fn next_plan(self) -> Option<&'static str> {
        if let Some(ahead) = self.change.and_then(|change| change.ahead(self.subscription, self.now)) {
            return Some(Plan::of(&ahead.price)?.name);
        }
        let goes_on = self.subscription.cancellation_confirmed_at.is_none();
        self.kept_plan().filter(|_| goes_on)?;
        Some(Plan::of(self.subscription.price.as_deref()?)?.name)
    }

    /// The document that the running period's charge falls under (`S2-35`), or the one in force.
    pub(crate) fn document(self) -> Option<&'static Document> {
        let charged_at = self.own_lots().map(|lot| lot.granted_at).max().unwrap_or(self.now);
        documents().in_force(self.product_and_plan().0, charged_at.as_ms()).document()
    }

    /// Until when a lot's credits can be used, if the subscription ends with its period.
    fn usable_until(self, lot: &Lot) -> Option<Timestamp> {
        if lot.expires_at.is_some() || lot.subscription() != Some(&self.subscription.id) {
            return lot.expires_at;
        }
        let leftover = self.document().and_then(|document| document.leftover.as_ref());
        let leftover_s = lot.leftover_s.or(leftover.map(|leftover| leftover.after_end_s))?;
        let ends_at = self.subscription.takes_effect_at()?.max(lot.granted_at);
        ends_at.plus_s(leftover_s).ok()
    }

    fn kept(self) -> Vec<KeptView> {
        let product = self.product_and_plan().0;
        let usable = self.lots().filter(|lot| {
            let of_another = lot.subscription().is_some_and(|id| id != &self.subscription.id);
            let is_empty = lot.available.is_zero() && lot.held.is_zero();
            lot.product.as_str() == product && !of_another && !is_empty && lot.is_usable(self.now)
        });
        let view = |lot: &Lot| KeptView {
            lot: lot.id.0,
            kind: match lot.kind {
                LotKind::Subscription(_) => "subscription",
                LotKind::Pack => "pack",
                LotKind::Compensation(_) | LotKind::Imported(_) => "compensation",
                LotKind::Adjustment(_, purpose) => purpose.as_str(),
                LotKind::WriteOff(_) => "debt_write_off",
            },
            credits: lot.available.get().saturating_add(lot.held.get()),
            usable_until: self.usable_until(lot).map(JsonDisplay),
        };
        usable.map(view).collect()
    }

    fn cancellation(self) -> Option<CancellationView> {
        let confirmed_at = self.subscription.cancellation_confirmed_at?;
        let here = self.subscription.confirmation.filter(|confirmation| confirmation.at == confirmed_at);
        Some(CancellationView {
            confirmed_at: JsonDisplay(confirmed_at),
            channel: here
                .map_or(self.subscription.provider.as_str(), |confirmation| confirmation.channel.as_str()),
            takes_effect_at: self.subscription.takes_effect_at().map(JsonDisplay),
        })
    }

    /// What a service may rely on: whether it runs and is paid for comes before whether it goes on.
    fn state(self) -> &'static str {
        let subscription = self.subscription;
        let report = &subscription.report;
        let confirmed_at = subscription.cancellation_confirmed_at;
        let cancelled = confirmed_at.is_some();
        // An end before the confirmation is that of a period whose renewal Stripe has not reported yet.
        let is_over = subscription.cancels_at.is_some_and(|at| at <= self.now && confirmed_at <= Some(at));
        match report.status.as_deref() {
            Some("incomplete_expired") => "incomplete_expired",
            Some("canceled") => "ended",
            _ if subscription.ended_at.is_some() || cancelled && is_over => "ended",
            Some("incomplete") => "incomplete",
            Some("past_due") => "past_due",
            Some("unpaid") => "unpaid",
            Some("paused") => "paused",
            _ if cancelled && subscription.takes_effect_at() > subscription.period_ends_at => {
                "cancels_at_date"
            }
            _ if cancelled => "cancels_at_period_end",
            _ if report.collection_paused => "collection_paused",
            Some("trialing") => "trialing",
            _ => "active",
        }
    }

    pub(crate) fn view(self) -> SubscriptionView<'a> {
        let (product, plan) = self.product_and_plan();
        let subscription = self.subscription;
        SubscriptionView {
            subscription: subscription.id.as_str(),
            product,
            plan,
            next_plan: self.next_plan(),
            state: self.state(),
            period_ends_at: subscription.period_ends_at.map(JsonDisplay),
            cancellation: self.cancellation(),
            ended_at: subscription.ended_at.map(JsonDisplay),
            credits: self.kept(),
        }
    }
}

/// Checks that the caller may see and cancel the account's subscriptions.
pub(crate) fn reach<S, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<(AccountId, Role), Problem> {
    let caller = Caller::check(request.claims(), &app.rules, invocation.now())?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    Ok((account, caller.role()))
}

/// The newest payment of a subscription that runs.
pub(crate) async fn running_payment<S: PaymentStore, Q>(
    app: &RefundRequests<S, Q>,
    subscription: &Subscription,
    head: Option<&Entry>,
) -> Result<Option<Payment>, Problem> {
    let lots = head.into_iter().flat_map(|head| &head.after().lots);
    let own = lots.filter(|lot| lot.subscription() == Some(&subscription.id));
    let newest = own.max_by_key(|lot| (lot.granted_at, lot.id.0));
    let payment = newest.and_then(|lot| lot.payment.as_ref()).filter(|_| subscription.ended_at.is_none());
    match payment {
        Some(payment) => app.store.payment(payment).await.map_err(store_failed),
        None => Ok(None),
    }
}

/// `GET /v1/accounts/{account}/subscriptions`
pub(crate) async fn list<S: CancellationStore + PaymentStore + PlanChangeStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, _) = reach(app, request, invocation)?;
    let store = &app.store;
    let read =
        tokio::join!(store.subscriptions_of(&account), store.head(&account), store.plan_changes_of(&account));
    let (subscriptions, head) = (read.0.map_err(store_failed)?, read.1.map_err(store_failed)?);
    let changes = read.2.map_err(store_failed)?;
    let mut running = Vec::with_capacity(subscriptions.len());
    for subscription in &subscriptions {
        running.push(running_payment(app, subscription, head.as_ref()).await?);
    }
    let each = subscriptions.iter().zip(&running).map(|(subscription, running)| {
        let change = changes.iter().find(|change| change.subscription == subscription.id);
        let known = SubscriptionRecords::new(subscription, head.as_ref(), running.as_ref(), invocation.now());
        known.with_change(change).view()
    });
    Ok(Response::json(200, &Page { subscriptions: each.collect() }))
}
