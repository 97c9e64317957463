//! Plans that change within a period: what the lines of a paid invoice give for the new plan and take back of
//! the old one.
//!
//! Stripe settles a change in pairs of lines for what is left of the period: the old plan's is negative, the
//! new one's positive, and each carries the whole quantity of its item. Their credits are measured by their
//! own periods, against the whole period that ends with them
//! (<https://docs.stripe.com/billing/subscriptions/prorations>). What both come to is bought or given back:
//!
//! | difference | money | credits |
//! |---|---|---|
//! | more | paid | a purchase of its own, with the period's end |
//! | more | none, or given back | none |
//! | fewer | any | off the whole periods of the same invoice |
//!
//! Of a price that grants monthly, a period's credits are those of all its months, whether or not they have
//! come: what has been paid for still comes, and what a change brings comes month by month as well. So
//! monthly grants are what the payment brings at once otherwise, later.
//!
//! So a loop of changes brings what its money bought and no more. Whole periods are charged in full where no
//! line gives anything back, also from the customer's balance at Stripe; one that a change itself begins, and
//! every difference, brings the share that was paid with money.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod walks;

use std::collections::BTreeSet;

use ledger::{BillingPeriod, Credits, Provider, Timestamp};
use policy::{OnUpgrade, Price, PriceKind};
use policy_documents::catalogue;
use stripe_events::{BillingReason, InvoiceLine, PaidInvoice};

use crate::purchase::{
    Bought, Extent, LineFault, LinePurchase, Monthly, PaidLine, Sold, bought, find_price, product_of,
};

/// Shares of credits are summed in millionths, which are far below what rounding to whole credits drops.
const MILLIONTHS: u64 = 1_000_000;
const DAY_S: u64 = 86_400;
const DAY_MS: i64 = 86_400_000;

/// What the lines of one product's plans come to that settle a change.
#[derive(Debug)]
struct Difference {
    product: &'static str,
    /// Millionths of credits that the positive lines bring for what is left of their periods, and those that
    /// the negative ones take back.
    brought: u64,
    taken: u64,
    /// The same for whole periods.
    brought_whole: u64,
    taken_whole: u64,
    /// In minor units, after discounts.
    net_minor: i64,
    gives_back: bool,
    /// The positive line with the most credits: its price is the new plan's.
    newest: Option<(u64, &'static Price)>,
    /// From the first change until the period's end.
    period: Option<BillingPeriod>,
    lines: u32,
}

/// Whether a line settles a change, or gives something back.
pub fn is_settled(line: &InvoiceLine) -> bool {
    line.amount_minor != 0 && (line.proration || line.amount_minor < 0)
}

/// What a policy says of the changes of a product's plans.
pub type UpgradeTerm<'a> = &'a dyn Fn(&str) -> OnUpgrade;

/// What an invoice charges for, and how much of it money pays.
#[derive(Debug, Clone, Copy)]
pub struct SettledInvoice<'a> {
    /// All of its lines.
    pub lines: &'a [InvoiceLine],
    /// Whether a change of the subscription made it.
    pub is_change: bool,
    /// What money pays of it, in minor units.
    pub paid_minor: u64,
    /// What it comes to with discounts and taxes, in minor units; `None` is the sum of its lines.
    pub total_minor: Option<i64>,
}

impl<'a> From<&'a PaidInvoice> for SettledInvoice<'a> {
    fn from(invoice: &'a PaidInvoice) -> Self {
        Self {
            lines: invoice.lines.as_deref().unwrap_or_default(),
            is_change: invoice.billing_reason == Some(BillingReason::SubscriptionUpdate),
            paid_minor: invoice.amount_paid.minor(),
            total_minor: invoice.total_minor,
        }
    }
}

/// What an invoice's lines buy: whole periods and packs, and what the changes within a period come to.
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
    let mut others = 0_i64;
    for line in invoice.lines.iter().filter(|line| is_settled(line)) {
        match plan_of(line) {
            Some((price, months)) => add_line(&mut differences, line, price, months)?,
            None => others = others.checked_add(line.amount_minor).ok_or(LineFault::OutOfRange)?,
        }
    }
    bought.beside_minor = plus(bought.beside_minor, u64::try_from(others).unwrap_or_default())?;
    let paid = paid_share(invoice)?;
    for purchase in
        bought.purchases.iter_mut().filter(|each| invoice.is_change && each.sold == Sold::Subscription)
    {
        let gives_back = differences
            .iter()
            .any(|difference| difference.gives_back && difference.product == purchase.product.as_str());
        if !gives_back && on_upgrade(purchase.product.as_str()) == OnUpgrade::Reset {
            purchase.extent = Extent::Anew;
        }
        purchase.credits = credits(share(purchase.credits.get(), paid)?)?;
    }
    for difference in &differences {
        settle(&mut bought, difference, on_upgrade, paid)?;
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
/// for little money each, and keep the prorated one.
pub fn credits_of_change(purchase: &LinePurchase, charges: &[Timestamp]) -> Credits {
    let Extent::Difference { full: Some(full) } = purchase.extent else { return purchase.credits };
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

/// The plan that a line is for, and the months of its period.
fn plan_of(line: &InvoiceLine) -> Option<(&'static Price, u32)> {
    let price = find_price(Provider::Stripe, line.price.as_ref()?)?;
    match price.kind {
        PriceKind::Subscription { months, .. } if price.credits > 0 => Some((price, months)),
        PriceKind::Subscription { .. } | PriceKind::Pack => None,
    }
}

fn add_line(
    differences: &mut Vec<Difference>,
    line: &InvoiceLine,
    price: &'static Price,
    months: u32,
) -> Result<(), LineFault> {
    let gives_back = line.amount_minor < 0;
    let quantity = line.quantity.ok_or(LineFault::Quantity)?;
    let part = part_of_period(line, months, gives_back);
    let of_period = price.credits_of_period().ok_or(LineFault::OutOfRange)?;
    let in_millionths =
        |part| quantity.share_in_millionths(of_period, part, gives_back).ok_or(LineFault::OutOfRange);
    let (share, whole) = (in_millionths(part)?, in_millionths((1, 1))?);
    let known = differences.iter().position(|each| each.product == price.product);
    let index = known.unwrap_or(differences.len());
    if known.is_none() {
        differences.push(Difference::of(&price.product));
    }
    let Some(difference) = differences.get_mut(index) else { return Ok(()) };
    let discount = if gives_back { 0 } else { line.discount_minor };
    let minor = line.amount_minor.checked_sub(discount).ok_or(LineFault::OutOfRange)?;
    difference.net_minor = difference.net_minor.checked_add(minor).ok_or(LineFault::OutOfRange)?;
    difference.lines = difference.lines.saturating_add(1);
    if gives_back {
        difference.gives_back = true;
        difference.taken = plus(difference.taken, share)?;
        difference.taken_whole = plus(difference.taken_whole, whole)?;
        return Ok(());
    }
    difference.brought = plus(difference.brought, share)?;
    difference.brought_whole = plus(difference.brought_whole, whole)?;
    if difference.newest.is_none_or(|(most, _)| whole > most) {
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

impl Difference {
    fn of(product: &'static str) -> Self {
        Self {
            product,
            brought: 0,
            taken: 0,
            brought_whole: 0,
            taken_whole: 0,
            net_minor: 0,
            gives_back: false,
            newest: None,
            period: None,
            lines: 0,
        }
    }
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

/// The share of the invoice that was paid with money: the rest came from the customer's balance at Stripe,
/// where changes before it may have put it.
fn paid_share(invoice: SettledInvoice<'_>) -> Result<(u64, u64), LineFault> {
    let sum = || {
        let mut lines = invoice.lines.iter();
        lines
            .try_fold(0_i64, |sum, line| sum.checked_add(line.amount_minor)?.checked_sub(line.discount_minor))
    };
    let total = invoice.total_minor.or_else(sum).ok_or(LineFault::OutOfRange)?;
    Ok(match u64::try_from(total) {
        Ok(total) if total > 0 => (invoice.paid_minor.min(total), total),
        // Discounts took all of it; what lines gave back is looked at by itself.
        _ => (1, 1),
    })
}

fn settle(
    bought: &mut Bought,
    difference: &Difference,
    on_upgrade: UpgradeTerm<'_>,
    paid: (u64, u64),
) -> Result<(), LineFault> {
    let whole_period = bought.whole_periods(difference.product).find_map(|purchase| purchase.period);
    let mut whole = bought.whole_periods(difference.product);
    let whole_minor = whole.try_fold(0_u64, |sum, purchase| plus(sum, purchase.minor))?;
    drop(whole);
    let net = u64::try_from(difference.net_minor);
    let given_back = difference.net_minor.checked_neg().and_then(|minor| u64::try_from(minor).ok());
    let is_free = difference.gives_back && given_back.is_some_and(|given_back| given_back >= whole_minor);
    match (difference.brought.checked_sub(difference.taken).filter(|more| *more > 0), net) {
        (Some(more), Ok(minor)) if minor > 0 => {
            let (prorated, Some((_, price))) = (whole_credits(more, paid)?, difference.newest) else {
                return Ok(());
            };
            if prorated.is_zero() {
                return bought.set_beside_change(minor, difference.lines);
            }
            let whole = difference.brought_whole.saturating_sub(difference.taken_whole);
            let is_full = on_upgrade(difference.product) == OnUpgrade::FullDifference;
            // What is paid with the next period is used within it, and its months are over.
            let period = whole_period.or(difference.period);
            let monthly = months_of_change(price, whole, paid)?.filter(|_| whole_period.is_none());
            let full = match monthly.zip(period) {
                Some((Monthly { months, most: Some(most) }, period)) => {
                    let monthly = Monthly { months, most: None };
                    let lots = u64::from(monthly.further(period)).saturating_add(1);
                    credits(most.get().checked_mul(lots).ok_or(LineFault::OutOfRange)?)?
                }
                _ => whole_credits(whole, paid)?,
            };
            bought.purchases.push(LinePurchase {
                product: product_of(price)?,
                price: price.id.clone(),
                sold: Sold::Subscription,
                credits: prorated,
                minor,
                period,
                extent: Extent::Difference { full: is_full.then_some(full) },
                monthly,
            });
            Ok(())
        }
        (Some(_), _) => reduce(bought, difference.product, 0, given_back.unwrap_or_default(), is_free),
        (None, net) => {
            if let Ok(minor) = net
                && minor > 0
            {
                bought.set_beside_change(minor, difference.lines)?;
            }
            let fewer = difference.taken.saturating_sub(difference.brought).div_ceil(MILLIONTHS);
            reduce(bought, difference.product, fewer, given_back.unwrap_or_default(), is_free)
        }
    }
}

/// How a change of plans brings what it brings month by month: at most the difference that a whole month
/// makes, in millionths of a `whole` period.
fn months_of_change(price: &Price, whole: u64, paid: (u64, u64)) -> Result<Option<Monthly>, LineFault> {
    let months = price.grants_of_period();
    let Some(of_month) = whole.checked_div(u64::from(months)).filter(|_| months > 1) else { return Ok(None) };
    Ok(Some(Monthly { months, most: Some(whole_credits(of_month, paid)?) }))
}

/// Takes credits and money that a change gave back off the whole periods of the product.
fn reduce(
    bought: &mut Bought,
    product: &str,
    mut fewer: u64,
    mut minor: u64,
    is_free: bool,
) -> Result<(), LineFault> {
    for purchase in bought.purchases.iter_mut().filter(|each| each.is_whole_period(product)) {
        let had = purchase.credits.get();
        let left = if is_free { 0 } else { had.saturating_sub(fewer) };
        fewer = fewer.saturating_sub(had);
        let paid = purchase.minor;
        purchase.minor = paid.saturating_sub(minor);
        minor = minor.saturating_sub(paid);
        if left < had {
            purchase.credits = credits(left)?;
            // What the change left stays: its money is what is missing here.
            purchase.extent = Extent::Reduced;
        }
    }
    Ok(())
}

fn plus(one: u64, other: u64) -> Result<u64, LineFault> {
    one.checked_add(other).ok_or(LineFault::OutOfRange)
}

fn credits(count: u64) -> Result<Credits, LineFault> {
    Credits::new(count).map_err(|_| LineFault::OutOfRange)
}

/// The paid share of a sum in millionths, rounded down to whole credits.
fn whole_credits(millionths: u64, paid: (u64, u64)) -> Result<Credits, LineFault> {
    credits(share(share(millionths, paid)?, (1, MILLIONTHS))?)
}

/// `part` of `whole` of a count, rounded down.
fn share(count: u64, (part, whole): (u64, u64)) -> Result<u64, LineFault> {
    let share = u128::from(count).checked_mul(u128::from(part));
    let share = share.and_then(|share| share.checked_div(u128::from(whole)));
    share.and_then(|share| u64::try_from(share).ok()).ok_or(LineFault::OutOfRange)
}
