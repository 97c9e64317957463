//! What a change would do: when it takes effect, what Stripe charges, and which credits come and go.
//!
//! | change | takes effect | charged |
//! |---|---|---|
//! | to a plan of a higher rank, or more of the same | at once (`S4-14`) | what is left of the period |
//! | to a plan of a lower rank, or fewer of the same | with the period's end (`S4-15`) | nothing |
//! | any change within a trial | at once | nothing: nothing is paid for yet |
//! | back to the plan that runs, where another is ahead | takes that one back | nothing |
//!
//! What is more of one and less of the other, a higher plan for fewer seats, takes effect with the period's
//! end: it might give money back, which Stripe keeps as the customer's balance.

use lambda::http::{Problem, ProblemKind};
use ledger::{ChangeTiming, Lot, Money, Timestamp};
use policy::{Document, OnRenewal};
use policy_documents::{catalogue, documents};
use purchase_lines::{Extent, SettledInvoice, Sold, bought_by_lines, credits_of_change};
use stripe_api::{PlanSwap, PreviewedInvoice, StripeError};
use stripe_events::{InvoicePreview, SubscriptionStatus};

use crate::app::stripe_failed;
use crate::standing::{Plan, Standing};

/// Far more seats than one customer buys by a page, and few enough for every amount.
const QUANTITY_MAX: u64 = 10_000;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) plan: Plan,
    pub(crate) quantity: Option<u64>,
}

impl Asked {
    /// Checks what was sent, as far as that can be done without the subscription.
    pub(crate) fn check(price: &str, quantity: Option<u64>) -> Result<Self, Problem> {
        let plan = Plan::of(price).ok_or_else(|| unprocessable("#/price", "expected the price of a plan"))?;
        if quantity.is_some_and(|quantity| !(1..=QUANTITY_MAX).contains(&quantity)) {
            return Err(unprocessable("#/quantity", format!("expected 1 to {QUANTITY_MAX}")));
        }
        Ok(Self { plan, quantity })
    }
}

/// What a change would do.
pub(crate) struct Terms {
    pub(crate) plan: Plan,
    pub(crate) quantity: u64,
    pub(crate) timing: ChangeTiming,
    pub(crate) takes_effect_at: Timestamp,
    /// The instant for which Stripe made the preview.
    pub(crate) prorated_at: Timestamp,
    /// What Stripe charges when the change is made.
    pub(crate) charged: Money,
    /// What Stripe charges next after that, before the customer's balance, and when; `None` if Stripe does
    /// not say.
    pub(crate) next_charge: Option<(Money, Timestamp)>,
    /// Credits that come when the charge is paid.
    pub(crate) credits: u64,
    /// Whether what is left of the period's credits goes when they come.
    pub(crate) replaces: bool,
    /// Credits of each period from then on.
    pub(crate) credits_each_period: u64,
    /// The policy that is in force.
    pub(crate) document: Option<&'static Document>,
}

impl Terms {
    /// Whether the next renewal replaces what is left of the period's credits.
    pub(crate) fn renewal_replaces(&self) -> bool {
        self.document.is_some_and(|document| document.on_renewal == OnRenewal::Replace)
    }
}

/// Asks Stripe what a change would do at `prorated_at`.
pub(crate) async fn terms(
    standing: &Standing,
    asked: Asked,
    prorated_at: Timestamp,
    now: Timestamp,
) -> Result<Terms, Problem> {
    let product = &standing.plan.price.product;
    if asked.plan.price.product != *product {
        return Err(unprocessable("#/price", expected(product)));
    }
    let quantity = asked.quantity.unwrap_or(standing.item.quantity);
    let timing = timing(standing, asked.plan, quantity, now)?;
    let id = &standing.recorded.subscription.id;
    let swap = PlanSwap { item: &standing.item, price: &asked.plan.price.id, quantity };
    let next = async {
        let which = match (asked.plan.months == standing.plan.months, &standing.found.customer) {
            (true, _) => PreviewedInvoice::NextPeriod,
            (false, Some(customer)) => PreviewedInvoice::NewPlan(customer, standing.found.currency),
            (false, None) => return Ok(None),
        };
        standing.stripe.preview_invoice(id, swap, which).await.map(Some)
    };
    let change = async {
        match timing {
            ChangeTiming::AtOnce => {
                let which = PreviewedInvoice::Change(prorated_at);
                standing.stripe.preview_invoice(id, swap, which).await.map(Some)
            }
            ChangeTiming::AtPeriodEnd | ChangeTiming::Kept => Ok(None),
        }
    };
    let previews = tokio::join!(change, next);
    let (change, next) = (previews.0.map_err(refused)?, previews.1.map_err(refused)?);
    let document = documents().in_force(product, now.as_ms()).document();
    let (credits, replaces) = match &change {
        Some(preview) => brought(standing, preview)?,
        None => (0, false),
    };
    let next_at = next_charge_at(standing, asked.plan, change.as_ref());
    let takes_effect_at = match timing {
        ChangeTiming::AtOnce => now,
        ChangeTiming::AtPeriodEnd | ChangeTiming::Kept => standing.period_ends_at,
    };
    let out_of_range = || unprocessable("#/quantity", "expected fewer");
    let of_period = asked.plan.price.credits_of_period();
    Ok(Terms {
        plan: asked.plan,
        quantity,
        timing,
        takes_effect_at,
        prorated_at,
        charged: change.map_or(Money::new(0, standing.found.currency), |preview| preview.due),
        next_charge: next.map(|preview| {
            let minor = u64::try_from(preview.total_minor).unwrap_or_default();
            (Money::new(minor, preview.due.currency()), next_at)
        }),
        credits,
        replaces,
        credits_each_period: of_period
            .and_then(|each| each.checked_mul(quantity))
            .ok_or_else(out_of_range)?,
        document,
    })
}

/// When a change takes effect, or why there is nothing to change.
fn timing(standing: &Standing, plan: Plan, quantity: u64, now: Timestamp) -> Result<ChangeTiming, Problem> {
    let ahead = standing.recorded.ahead(now);
    let is_ahead =
        ahead.as_ref().is_some_and(|ahead| ahead.price == plan.price.id && ahead.quantity == quantity);
    let is_same = plan.price.id == standing.plan.price.id && quantity == standing.item.quantity;
    match (is_same, ahead) {
        (true, Some(_)) => return Ok(ChangeTiming::Kept),
        (true, None) => {
            return Err(unprocessable("#/price", "expected another plan or quantity than the present one"));
        }
        (false, _) if is_ahead => {
            return Err(unprocessable("#/price", "expected another plan than the one that is ahead already"));
        }
        (false, _) => {}
    }
    if standing.found.status == SubscriptionStatus::Trialing {
        return Ok(ChangeTiming::AtOnce);
    }
    let (old_rank, old_quantity) = (standing.plan.rank, standing.item.quantity);
    let is_less = plan.rank < old_rank || quantity < old_quantity;
    let is_more = plan.rank > old_rank || quantity > old_quantity;
    Ok(if is_more && !is_less { ChangeTiming::AtOnce } else { ChangeTiming::AtPeriodEnd })
}

/// Credits that the paid invoice of a change brings, and whether what is left of the period goes with it: the
/// same reckoning as when the invoice is paid.
fn brought(standing: &Standing, preview: &InvoicePreview) -> Result<(u64, bool), Problem> {
    let settled = SettledInvoice { lines: &preview.lines, is_change: true, retired: &[] };
    let bought = bought_by_lines(settled, &|_| standing.on_upgrade).map_err(Problem::internal)?;
    let id = &standing.recorded.subscription.id;
    let lots = standing.recorded.head.iter().flat_map(|head| &head.after().lots);
    let own = lots.filter(|lot: &&Lot| lot.subscription() == Some(id));
    let charges: Vec<Timestamp> = own.map(|lot| lot.granted_at).collect();
    let product = standing.plan.price.product.as_str();
    let of_plan = bought
        .purchases
        .iter()
        .filter(|purchase| purchase.sold == Sold::Subscription && purchase.product.as_str() == product);
    let mut credits = 0_u64;
    let mut replaces = false;
    for purchase in of_plan {
        credits = credits
            .saturating_add(credits_of_change(purchase, &charges, standing.had_whole_difference).get());
        replaces |= purchase.extent == Extent::Anew;
    }
    Ok((credits, replaces))
}

/// When the next charge after the change is: with the end of the period that the change's own lines pay for,
/// or of the one that is running.
fn next_charge_at(standing: &Standing, plan: Plan, change: Option<&InvoicePreview>) -> Timestamp {
    let lines = change.into_iter().flat_map(|preview| &preview.lines);
    let own = lines.filter(|line| line.price.as_ref().is_some_and(|price| price.as_str() == plan.price.id));
    let ends = own.filter(|line| line.amount_minor >= 0).filter_map(|line| line.period);
    ends.map(|period| period.end).max().unwrap_or(standing.period_ends_at)
}

/// Stripe does not make such a change, as for a price of another currency.
fn refused(error: StripeError) -> Problem {
    match error {
        StripeError::Declined(_) => unprocessable(
            "#/price",
            "expected a plan that Stripe sells to this subscription, in its currency",
        )
        .caused_by(error),
        error => stripe_failed(error),
    }
}

/// Which prices a product's plans have.
fn expected(product: &str) -> String {
    let of_product = catalogue().prices.iter().filter(|price| price.product == product);
    let plans: Vec<&str> =
        of_product.filter(|price| Plan::of(&price.id).is_some()).map(|price| price.id.as_str()).collect();
    format!("expected one of `{}`", plans.join("`, `"))
}

/// A field that is not possible with this value.
pub(crate) fn unprocessable(field: &str, detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unprocessable).field(field, detail)
}
