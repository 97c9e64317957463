//! What the lines of one product's plans come to: a purchase, or what is given back.

use ledger::{ChangeReturn, Credits, ProductId};
use policy::{OnUpgrade, Price};

use super::difference::{Difference, MILLIONTHS, UpgradeTerm, credits, plus, share, share_up, whole_credits};
use crate::purchase::{Bought, Extent, LineFault, LinePurchase, Monthly, Sold, product_of};

/// Adds what a difference comes to.
pub(super) fn settle(
    bought: &mut Bought,
    difference: &Difference,
    on_upgrade: UpgradeTerm<'_>,
) -> Result<(), LineFault> {
    let product = difference.product.as_str();
    let whole_minor = bought.whole_periods(product).try_fold(0_u64, |sum, each| plus(sum, each.minor))?;
    let taken = plus(difference.taken, unknown_credits(bought, difference, whole_minor)?)?;
    let more = difference.brought.checked_sub(taken).filter(|more| *more > 0);
    match (u64::try_from(difference.net_minor).ok().filter(|minor| *minor > 0), more) {
        (Some(minor), Some(more)) => buy(bought, difference, (more, minor), on_upgrade),
        (Some(minor), None) => {
            bought.set_beside_change(minor, difference.lines)?;
            reduce(bought, product, fewer(taken, difference), (0, false)).map(drop)
        }
        (None, more) => {
            let given_back = difference.net_minor.unsigned_abs();
            let fewer = if more.is_some() { 0 } else { fewer(taken, difference) };
            let is_free = difference.gives_back && given_back >= whole_minor;
            let (left, minor) = reduce(bought, product, fewer, (given_back, is_free))?;
            if minor > 0 {
                let product = ProductId::new(product).map_err(|_| LineFault::PriceUnknown)?;
                bought.give_back(Some(product), with_tax(minor, difference)?, credits(left)?);
            }
            Ok(())
        }
    }
}

fn fewer(taken: u64, difference: &Difference) -> u64 {
    taken.saturating_sub(difference.brought).div_ceil(MILLIONTHS)
}

/// The credits of what unknown plans give back, in millionths: as many as the same money brings by the
/// invoice's other lines of the product.
fn unknown_credits(bought: &Bought, difference: &Difference, whole_minor: u64) -> Result<u64, LineFault> {
    if difference.unknown_minor == 0 {
        return Ok(0);
    }
    let of_whole = bought.whole_periods(&difference.product).try_fold(0_u64, |sum, each| {
        plus(sum, each.credits.get().checked_mul(MILLIONTHS).ok_or(LineFault::OutOfRange)?)
    })?;
    let (credits, minor) = match difference.charged_minor {
        0 => (of_whole, whole_minor),
        charged => (difference.brought, charged),
    };
    if minor == 0 {
        return Err(LineFault::PriceUnknown);
    }
    share_up(credits, (difference.unknown_minor, minor))
}

/// The part of a difference's money that goes to the balance, with the taxes on top of that part.
fn with_tax(minor: u64, difference: &Difference) -> Result<u64, LineFault> {
    let (net, tax) = (difference.net_minor.unsigned_abs(), difference.tax_minor.min(0).unsigned_abs());
    if net == 0 { Ok(minor) } else { plus(minor, share(tax, (minor, net))?) }
}

/// What is charged for a change brings its difference.
fn buy(
    bought: &mut Bought,
    difference: &Difference,
    (more, minor): (u64, u64),
    on_upgrade: UpgradeTerm<'_>,
) -> Result<(), LineFault> {
    let product = difference.product.as_str();
    let (prorated, Some((_, price))) = (whole_credits(more)?, difference.newest) else { return Ok(()) };
    if prorated.is_zero() {
        return bought.set_beside_change(minor, difference.lines);
    }
    let whole_period = bought.whole_periods(product).find_map(|purchase| purchase.period);
    let whole = difference.brought_whole.saturating_sub(difference.taken_whole);
    let is_full = on_upgrade(product) == OnUpgrade::FullDifference;
    // What is paid with the next period is used within it, and its months are over.
    let period = whole_period.or(difference.period);
    let monthly = months_of_change(price, whole)?.filter(|_| whole_period.is_none());
    let full = match monthly.zip(period) {
        Some((Monthly { months, most: Some(most) }, period)) => {
            let monthly = Monthly { months, most: None };
            let lots = u64::from(monthly.further(period)).saturating_add(1);
            credits(most.get().checked_mul(lots).ok_or(LineFault::OutOfRange)?)?
        }
        _ => whole_credits(whole)?,
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

/// How a change of plans brings what it brings month by month: at most the difference that a whole month
/// makes, in millionths of a `whole` period.
fn months_of_change(price: &Price, whole: u64) -> Result<Option<Monthly>, LineFault> {
    let months = price.grants_of_period();
    let Some(of_month) = whole.checked_div(u64::from(months)).filter(|_| months > 1) else { return Ok(None) };
    Ok(Some(Monthly { months, most: Some(whole_credits(of_month)?) }))
}

/// Takes credits and money that a change gave back off the whole periods of the product, and says what is
/// left of both.
fn reduce(
    bought: &mut Bought,
    product: &str,
    mut fewer: u64,
    (mut minor, is_free): (u64, bool),
) -> Result<(u64, u64), LineFault> {
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
    Ok((fewer, minor))
}

impl Bought {
    /// What a change gives back of a product, or of what brings no credits.
    pub(super) fn give_back(&mut self, product: Option<ProductId>, minor: u64, credits: Credits) {
        if minor > 0 {
            self.returns.push(ChangeReturn { product, minor, credits });
        }
    }
}
