//! What the lines of one payment buy, by the price catalogue.
//!
//! Each price is a purchase of its own, with its own lot and its share of the money; several lines of one
//! price add up. A line that brings no credits keeps nothing back: its money stands beside the purchases.

use ledger::{
    BillingPeriod, ChangeReturn, Credits, FurtherGrants, PURCHASES_MAX, PriceId, ProductId, Provider,
    Quantity,
};
use policy::{Price, PriceKind, PriceProvider};
use policy_documents::catalogue;

/// Why a line, or all of them together, cannot be turned into credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// A price that is not in the catalogue.
    #[error("price is not in the catalogue")]
    PriceUnknown,
    /// A quantity that is not there or buys nothing.
    #[error("quantity is missing or buys nothing")]
    Quantity,
    /// An amount or an instant out of range.
    #[error("amount or instant is out of range")]
    OutOfRange,
    /// More purchases in one payment than are recorded together.
    #[error("there are more than {PURCHASES_MAX} purchases")]
    TooManyPurchases,
    /// Money for a change within a period that brings no credits.
    #[error("money for a change within a period brings no credits")]
    ProrationOnly,
}

/// How a purchase is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sold {
    /// Every period.
    Subscription,
    /// Once.
    Pack,
}

/// How much of a plan a purchase is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A whole period, or once.
    Whole,
    /// A whole period, less what a change before it gave back.
    Reduced,
    /// A whole period that begins with a change, and takes the place of what is left of the one before.
    Anew,
    /// What a change brings within a period.
    Difference {
        /// Its credits for the whole period, where the policy gives them to the period's first change.
        full: Option<Credits>,
    },
}

/// One line that was paid.
#[derive(Debug, Clone, Copy)]
pub struct PaidLine<'a> {
    /// The price; lines made by hand may have none.
    pub price: Option<&'a PriceId>,
    pub quantity: Option<Quantity>,
    /// Its part of the money, in minor units.
    pub minor: u64,
    /// From when until when it counts.
    pub period: Option<BillingPeriod>,
}

/// Credits of one price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinePurchase {
    pub product: ProductId,
    pub price: String,
    pub sold: Sold,
    pub credits: Credits,
    /// Its part of the money, in minor units.
    pub minor: u64,
    /// The periods that were paid, together.
    pub period: Option<BillingPeriod>,
    pub extent: Extent,
    /// Whether its credits come month by month, and how.
    pub monthly: Option<Monthly>,
}

/// How the credits of a purchase come month by month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monthly {
    /// How many months the whole periods have together that are paid one after another.
    pub months: u32,
    /// The most that a month brings, of a change within the period: the first lot is for the rest of the
    /// month that runs.
    pub most: Option<Credits>,
}

impl Monthly {
    /// How a price grants, for a purchase of whole periods.
    fn of(price: &Price) -> Option<Self> {
        let months = price.grants_of_period();
        (months > 1).then_some(Self { months, most: None })
    }

    /// How many months of a period begin within it, after the first.
    pub fn further(self, period: BillingPeriod) -> u32 {
        let begins = |left: &u32| period.end.months_before(*left).is_ok_and(|at| at > period.start);
        let further = (1..self.months).take_while(begins).count();
        u32::try_from(further).unwrap_or_default()
    }
}

impl LinePurchase {
    /// What comes month by month after the first lot, which has what does not divide evenly. All of it comes
    /// at once where the lines name no period.
    pub fn further(&self, replaces: bool) -> Option<FurtherGrants> {
        let (monthly, period) = self.monthly.zip(self.period)?;
        let grants = monthly.further(period);
        let lots = u64::from(grants).checked_add(1)?;
        let even = Credits::new(self.credits.get().checked_div(lots)?).ok()?;
        let each = match monthly.most {
            // The first lot is never empty.
            Some(most) => {
                most.min(Credits::new(self.credits.get().saturating_sub(1).checked_div(grants.into())?).ok()?)
            }
            None => even,
        };
        (grants > 0 && !each.is_zero()).then_some(FurtherGrants { grants, each, replaces })
    }

    /// Whether it is a whole period of the product, with or without a part that was given back.
    pub fn is_whole_period(&self, product: &str) -> bool {
        let is_whole = !matches!(self.extent, Extent::Difference { .. });
        self.sold == Sold::Subscription && is_whole && self.product.as_str() == product
    }
}

/// What a payment bought.
#[derive(Debug, Clone, Default)]
pub struct Bought {
    /// What brings credits: plans first, then by price, which is the same order in every event.
    pub purchases: Vec<LinePurchase>,
    /// The money of all other lines, in minor units.
    pub beside_minor: u64,
    /// Lines that bring no credits although they were paid, but for those of the company's other products.
    pub beside: u32,
    /// Why the first of them brings none; nothing for a price that the catalogue sells without credits.
    pub fault: Option<LineFault>,
    /// Whether the catalogue has one of the prices.
    pub is_ours: bool,
    /// What changes of plans return to the customer's balance at Stripe.
    pub returns: Vec<ChangeReturn>,
    /// What that balance pays of it, in minor units. The lines do not say.
    pub from_balance_minor: u64,
}

/// Adds up `lines` of what was sold through `provider`; a quantity is exact, and rounded down to whole
/// credits line by line (C12).
pub fn bought<'a>(
    provider: Provider,
    lines: impl IntoIterator<Item = PaidLine<'a>>,
) -> Result<Bought, LineFault> {
    let mut bought = Bought::default();
    for line in lines {
        let known = line.price.and_then(|price| find_price(provider, price));
        bought.is_ours |= known.is_some();
        match purchase(provider, &line) {
            Ok(Some(purchase)) => bought.add(purchase)?,
            Ok(None) => bought.set_beside(&line, None)?,
            Err(fault) => bought.set_beside(&line, Some(fault))?,
        }
    }
    bought.sort()?;
    Ok(bought)
}

impl Bought {
    /// The product of the first purchase.
    pub fn product(&self) -> Option<&ProductId> {
        self.purchases.first().map(|purchase| &purchase.product)
    }

    /// The parts of the money: each purchase's, and last what stands beside them.
    pub fn weights(&self) -> Vec<u64> {
        let purchases = self.purchases.iter().map(|purchase| purchase.minor);
        purchases.chain(std::iter::once(self.beside_minor)).collect()
    }

    /// The whole periods of a product.
    pub fn whole_periods(&self, product: &str) -> impl Iterator<Item = &LinePurchase> {
        self.purchases.iter().filter(move |purchase| purchase.is_whole_period(product))
    }

    /// Puts the purchases into the order that is the same in every event: a change comes after its plan.
    pub fn sort(&mut self) -> Result<(), LineFault> {
        if self.purchases.len() > PURCHASES_MAX {
            return Err(LineFault::TooManyPurchases);
        }
        let is_difference = |each: &LinePurchase| matches!(each.extent, Extent::Difference { .. });
        self.purchases.sort_by(|one, other| {
            let key = |each: &LinePurchase| (each.sold, is_difference(each));
            key(one).cmp(&key(other)).then_with(|| one.price.cmp(&other.price))
        });
        Ok(())
    }

    /// A change that was paid for and brings no credits.
    pub fn set_beside_change(&mut self, minor: u64, lines: u32) -> Result<(), LineFault> {
        self.beside = self.beside.saturating_add(lines);
        self.beside_minor = self.beside_minor.checked_add(minor).ok_or(LineFault::OutOfRange)?;
        self.fault = self.fault.or(Some(LineFault::ProrationOnly));
        Ok(())
    }

    fn add(&mut self, line: LinePurchase) -> Result<(), LineFault> {
        let Some(sum) = self.purchases.iter_mut().find(|sum| sum.price == line.price) else {
            self.purchases.push(line);
            return Ok(());
        };
        sum.credits = sum.credits.plus(line.credits).map_err(|_| LineFault::OutOfRange)?;
        sum.minor = sum.minor.checked_add(line.minor).ok_or(LineFault::OutOfRange)?;
        let follows = sum.period.zip(line.period).is_some_and(|(one, other)| {
            let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
            first.end <= second.start
        });
        if follows && let (Some(sum), Some(line)) = (&mut sum.monthly, line.monthly) {
            sum.months = sum.months.saturating_add(line.months);
        }
        sum.period = match (sum.period, line.period) {
            (Some(one), Some(other)) => {
                Some(BillingPeriod { start: one.start.min(other.start), end: one.end.max(other.end) })
            }
            (one, other) => one.or(other),
        };
        Ok(())
    }

    fn set_beside(&mut self, line: &PaidLine<'_>, fault: Option<LineFault>) -> Result<(), LineFault> {
        if !is_ignored(line.price) {
            self.beside = self.beside.saturating_add(1);
        }
        self.beside_minor = self.beside_minor.checked_add(line.minor).ok_or(LineFault::OutOfRange)?;
        self.fault = self.fault.or(fault);
        Ok(())
    }
}

/// What a price buys that is sold through `provider`; `None` if the catalogue does not sell it so.
pub fn find_price(provider: Provider, price: &PriceId) -> Option<&'static Price> {
    let provider = match provider {
        Provider::Stripe => PriceProvider::Stripe,
        Provider::Creem => PriceProvider::Creem,
    };
    catalogue().price_through(provider, price.as_str()).ok()
}

/// Whether a price is one of the company's other products, by the catalogue.
pub fn is_ignored(price: Option<&PriceId>) -> bool {
    price.is_some_and(|price| catalogue().is_ignored(price.as_str()))
}

/// The credits of one line, or why it brings none; `None` for what is sold without credits, or is not ours.
fn purchase(provider: Provider, line: &PaidLine<'_>) -> Result<Option<LinePurchase>, LineFault> {
    let Some(price) = line.price.filter(|price| !catalogue().is_ignored(price.as_str())) else {
        return Ok(None);
    };
    let price = find_price(provider, price).ok_or(LineFault::PriceUnknown)?;
    if price.credits == 0 {
        return Ok(None);
    }
    let of_period = price.credits_of_period().ok_or(LineFault::OutOfRange)?;
    let credits = line.quantity.ok_or(LineFault::Quantity)?.times_rounded_down(of_period);
    let credits = credits.and_then(|count| Credits::new(count).ok()).ok_or(LineFault::OutOfRange)?;
    if credits.is_zero() {
        return Err(LineFault::Quantity);
    }
    let sold = match price.kind {
        PriceKind::Subscription { .. } => Sold::Subscription,
        PriceKind::Pack => Sold::Pack,
    };
    let product = product_of(price)?;
    let monthly = Monthly::of(price);
    let (price, minor, period) = (price.id.clone(), line.minor, line.period);
    Ok(Some(LinePurchase { product, price, sold, credits, minor, period, extent: Extent::Whole, monthly }))
}

pub(crate) fn product_of(price: &Price) -> Result<ProductId, LineFault> {
    ProductId::new(price.product.as_str()).map_err(|_| LineFault::PriceUnknown)
}
