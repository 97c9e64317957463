//! Plans that change within a period: what the lines of a paid invoice give for the new plan and take back of
//! the old one.
//!
//! Stripe settles a change in pairs of lines for what is left of the period: the old plan's is negative, the
//! new one's positive, and each carries the whole quantity of its item. Their credits are measured by their
//! own periods, against the whole period that ends with them
//! (<https://docs.stripe.com/billing/subscriptions/prorations>). What both come to, product by product, is
//! bought or given back:
//!
//! | difference | money | credits |
//! |---|---|---|
//! | more | charged | a purchase of its own, with the period's end |
//! | more | none, or given back | none |
//! | fewer | charged | off the whole periods of the same invoice |
//! | fewer | given back | off those; what is above their money goes, and is owed where it was spent |
//!
//! What is charged brings its credits in full, whether cash pays it, the customer's balance at Stripe or what
//! another product's lines give back: that money was accounted for where it was given. So money counts once,
//! and a loop of changes brings what came in and no more.
//!
//! Of a price that grants monthly, a period's credits are those of all its months, whether or not they have
//! come: what has been paid for still comes, and what a change brings comes month by month as well. So
//! monthly grants are what the payment brings at once otherwise, later.

mod difference;
mod settle;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;

use std::collections::BTreeSet;

use ledger::{BillingPeriod, Credits, PriceId, ProductId, Provider, Timestamp};
use policy::{OnUpgrade, Price, PriceKind};
use policy_documents::catalogue;
use stripe_events::{BillingReason, InvoiceLine, PaidInvoice};

use self::difference::{Difference, MILLIONTHS, plus, share_up};
pub use self::difference::{UpgradeTerm, UpgradeTermAt, on_upgrade_at};
use self::settle::settle;
use crate::purchase::{
    Bought, Extent, LineFault, LinePurchase, PaidLine, Sold, bought, find_price, is_ignored,
};

const DAY_S: u64 = 86_400;
const DAY_MS: i64 = 86_400_000;

/// A plan whose price has left the catalogue, as the payment says that bought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetiredPlan {
    pub price: String,
    pub product: ProductId,
    /// Those of its whole period.
    pub credits: Credits,
    pub period: BillingPeriod,
}

/// What a line counts for that settles a change, in millionths of credits.
struct LinePlan {
    product: String,
    /// For what is left of its period, and for the whole of it.
    share: u64,
    whole: u64,
    price: Option<&'static Price>,
}

/// Whether a line settles a change, or gives something back.
pub fn is_settled(line: &InvoiceLine) -> bool {
    line.amount_minor != 0 && (line.proration || line.amount_minor < 0)
}

/// What an invoice charges for.
#[derive(Debug, Clone, Copy)]
pub struct SettledInvoice<'a> {
    /// All of its lines.
    pub lines: &'a [InvoiceLine],
    /// Whether a change of the subscription made it.
    pub is_change: bool,
    /// Plans of the customer's that have left the catalogue.
    pub retired: &'a [RetiredPlan],
}

impl<'a> From<&'a PaidInvoice> for SettledInvoice<'a> {
    fn from(invoice: &'a PaidInvoice) -> Self {
        Self {
            lines: invoice.lines.as_deref().unwrap_or_default(),
            is_change: invoice.billing_reason == Some(BillingReason::SubscriptionUpdate),
            retired: &[],
        }
    }
}

/// The prices of lines that give back, which the catalogue does not know.
pub fn retired_prices(lines: &[InvoiceLine]) -> impl Iterator<Item = &PriceId> {
    lines.iter().filter(|line| is_retired(line)).filter_map(|line| line.price.as_ref())
}

/// Whether a line settles a change by giving back of a plan that the catalogue does not know.
fn is_retired(line: &InvoiceLine) -> bool {
    let is_unknown = line.price.as_ref().is_some_and(|price| find_price(Provider::Stripe, price).is_none());
    line.proration && line.amount_minor < 0 && is_unknown && !is_ignored(line.price.as_ref())
}

/// What an invoice's lines buy and give back: whole periods and packs, and what the changes within a period
/// come to.
pub fn bought_by_lines(
    invoice: SettledInvoice<'_>,
    on_upgrade: UpgradeTerm<'_>,
) -> Result<Bought, LineFault> {
    // A line of nothing is a trial, which brings no credits; a negative line is credit within the invoice.
    let is_whole = |line: &&InvoiceLine| line.amount_minor > 0 && !line.proration;
    let whole = invoice.lines.iter().filter(is_whole);
    let bought = bought(
        Provider::Stripe,
        whole.map(|line| PaidLine {
            price: line.price.as_ref(),
            quantity: line.quantity,
            minor: u64::try_from(line.amount_minor.saturating_sub(line.discount_minor)).unwrap_or_default(),
            period: line.period,
        }),
    )?;
    add_changes(bought, invoice, on_upgrade)
}

fn add_changes(
    mut bought: Bought,
    invoice: SettledInvoice<'_>,
    on_upgrade: UpgradeTerm<'_>,
) -> Result<Bought, LineFault> {
    let mut differences: Vec<Difference> = Vec::new();
    let (mut others, mut returned, mut unknown) = (0_i64, 0_i64, Vec::new());
    for line in invoice.lines.iter().filter(|line| is_settled(line)) {
        if let Some(plan) = plan_of(line, invoice.retired)? {
            add_line(&mut differences, line, plan)?;
        } else if is_retired(line) {
            unknown.push(line);
        } else {
            others = others.checked_add(line.amount_minor).ok_or(LineFault::OutOfRange)?;
            // What a plan without credits gives back, and no discount that a person gave by hand.
            if line.proration && line.price.is_some() && !is_ignored(line.price.as_ref()) {
                let minor = line.amount_minor.checked_add(line.tax_minor).ok_or(LineFault::OutOfRange)?;
                returned = returned.checked_add(minor).ok_or(LineFault::OutOfRange)?;
            }
        }
    }
    add_unknown(&mut differences, &bought, &unknown)?;
    bought.beside_minor = plus(bought.beside_minor, u64::try_from(others).unwrap_or_default())?;
    for purchase in
        bought.purchases.iter_mut().filter(|each| invoice.is_change && each.sold == Sold::Subscription)
    {
        let gives_back = differences
            .iter()
            .any(|difference| difference.gives_back && difference.product == purchase.product.as_str());
        if !gives_back && on_upgrade(purchase.product.as_str()) == OnUpgrade::Reset {
            purchase.extent = Extent::Anew;
        }
    }
    for difference in &differences {
        settle(&mut bought, difference, on_upgrade)?;
    }
    if let Some(minor) = returned.checked_neg().and_then(|minor| u64::try_from(minor).ok()) {
        bought.give_back(None, minor, Credits::ZERO);
    }
    let dropped = bought.purchases.iter().filter(|each| each.credits.is_zero());
    let minor = dropped.map(|each| each.minor).try_fold(bought.beside_minor, plus)?;
    bought.beside_minor = minor;
    bought.purchases.retain(|each| !each.credits.is_zero());
    bought.sort()?;
    Ok(bought)
}

/// What a purchase brings of a subscription that was charged at `charges`: of a change that is the first of
/// its period, the whole difference, where the policy gives it. Later ones of the period could be repeated
/// for little money each, and keep the prorated one. So could the first ones of later periods, and of later
/// subscriptions: `had_whole` says that the account had a whole difference of the product's plans before.
pub fn credits_of_change(purchase: &LinePurchase, charges: &[Timestamp], had_whole: bool) -> Credits {
    let Extent::Difference { full: Some(full) } = purchase.extent else { return purchase.credits };
    if had_whole {
        return purchase.credits;
    }
    let began_at = purchase.period.and_then(|period| {
        let price = catalogue().price(&purchase.price).ok()?;
        match price.kind {
            PriceKind::Subscription { months, .. } => period.end.months_before(months).ok(),
            PriceKind::Pack => None,
        }
    });
    let is_of_period = |charge: &&Timestamp| began_at.is_none_or(|began_at| **charge >= began_at);
    // What one invoice brought was charged at one instant.
    let charges: BTreeSet<&Timestamp> = charges.iter().filter(is_of_period).collect();
    if charges.len() <= 1 { purchase.credits.max(full) } else { purchase.credits }
}

/// What a line's plan counts for; `None` where it is of no plan with credits, or of one that nobody knows.
fn plan_of(line: &InvoiceLine, retired: &[RetiredPlan]) -> Result<Option<LinePlan>, LineFault> {
    let Some(id) = &line.price else { return Ok(None) };
    let gives_back = line.amount_minor < 0;
    let Some(price) = find_price(Provider::Stripe, id) else {
        let known = retired.iter().find(|plan| is_retired(line) && plan.price == id.as_str());
        return known.map(|plan| retired_plan(line, plan)).transpose();
    };
    let months = match price.kind {
        PriceKind::Subscription { months, .. } if price.credits > 0 => months,
        PriceKind::Subscription { .. } | PriceKind::Pack => return Ok(None),
    };
    let quantity = line.quantity.ok_or(LineFault::Quantity)?;
    let part = part_of_period(line, months, gives_back);
    let of_period = price.credits_of_period().ok_or(LineFault::OutOfRange)?;
    let in_millionths =
        |part| quantity.share_in_millionths(of_period, part, gives_back).ok_or(LineFault::OutOfRange);
    let (share, whole) = (in_millionths(part)?, in_millionths((1, 1))?);
    Ok(Some(LinePlan { product: price.product.clone(), share, whole, price: Some(price) }))
}

/// The part of what its payment bought that a line gives back; all of it without a period.
fn retired_plan(line: &InvoiceLine, plan: &RetiredPlan) -> Result<LinePlan, LineFault> {
    let length = |period: BillingPeriod| period.end.as_ms().checked_sub(period.start.as_ms());
    let length = |period| length(period).and_then(|length| u64::try_from(length).ok());
    let of_payment = length(plan.period).filter(|whole| *whole > 0).ok_or(LineFault::OutOfRange)?;
    let left = line.period.and_then(length).map_or(of_payment, |left| left.min(of_payment));
    let whole = plan.credits.get().checked_mul(MILLIONTHS).ok_or(LineFault::OutOfRange)?;
    let share = share_up(whole, (left, of_payment))?;
    Ok(LinePlan { product: plan.product.as_str().to_owned(), share, whole, price: None })
}

/// What gives back of an unknown plan counts for the only product of the invoice.
fn add_unknown(
    differences: &mut Vec<Difference>,
    bought: &Bought,
    unknown: &[&InvoiceLine],
) -> Result<(), LineFault> {
    if unknown.is_empty() {
        return Ok(());
    }
    let whole = bought.purchases.iter().filter(|each| each.sold == Sold::Subscription);
    let whole = whole.map(|purchase| purchase.product.as_str().to_owned());
    let products: BTreeSet<String> =
        whole.chain(differences.iter().map(|difference| difference.product.clone())).collect();
    let mut products = products.into_iter();
    let product = match (products.next(), products.next()) {
        (Some(only), None) => only,
        // Of a company's other products, as far as the invoice says.
        (None, _) => return Ok(()),
        (Some(_), Some(_)) => return Err(LineFault::PriceUnknown),
    };
    let difference = difference_of(differences, &product)?;
    for line in unknown {
        difference.add_money(line)?;
        difference.unknown_minor = plus(difference.unknown_minor, line.amount_minor.unsigned_abs())?;
    }
    Ok(())
}

fn difference_of<'d>(
    differences: &'d mut Vec<Difference>,
    product: &str,
) -> Result<&'d mut Difference, LineFault> {
    let known = differences.iter().position(|each| each.product == product);
    let index = known.unwrap_or(differences.len());
    if known.is_none() {
        differences.push(Difference::of(product));
    }
    differences.get_mut(index).ok_or(LineFault::OutOfRange)
}

fn add_line(differences: &mut Vec<Difference>, line: &InvoiceLine, plan: LinePlan) -> Result<(), LineFault> {
    let LinePlan { product, share, whole, price } = plan;
    let difference = difference_of(differences, &product)?;
    difference.add_money(line)?;
    if line.amount_minor < 0 {
        difference.taken = plus(difference.taken, share)?;
        difference.taken_whole = plus(difference.taken_whole, whole)?;
        return Ok(());
    }
    difference.brought = plus(difference.brought, share)?;
    difference.brought_whole = plus(difference.brought_whole, whole)?;
    if let Some(price) = price
        && difference.newest.is_none_or(|(most, _)| whole > most)
    {
        difference.newest = Some((whole, price));
    }
    difference.period = match (difference.period, line.period) {
        (Some(one), Some(other)) => {
            Some(BillingPeriod { start: one.start.min(other.start), end: one.end.max(other.end) })
        }
        (one, other) => one.or(other),
    };
    Ok(())
}

/// How much of a whole period a line counts for. Of a period that ends on a month's last day, nothing says
/// on which day it began, the 31st or the same day of the month before: what a line brings is measured by the
/// longest, and what it takes back by the shortest. A line without a period brings nothing, or takes
/// everything back.
fn part_of_period(line: &InvoiceLine, months: u32, gives_back: bool) -> (u64, u64) {
    let part = line.period.and_then(|period| {
        let longest = period.end.months_before(months).ok()?;
        let next_day = period.end.plus_s(DAY_S).ok()?.months_before(months).ok()?;
        let shortest = Timestamp::from_ms(next_day.as_ms().checked_sub(DAY_MS)?).ok()?.max(longest);
        let began_at = if gives_back { shortest } else { longest };
        let length = |from: Timestamp| period.end.as_ms().checked_sub(from.as_ms());
        let whole = u64::try_from(length(began_at)?).ok().filter(|whole| *whole > 0)?;
        Some((u64::try_from(length(period.start)?).ok()?.min(whole), whole))
    });
    part.unwrap_or((u64::from(gives_back), 1))
}
