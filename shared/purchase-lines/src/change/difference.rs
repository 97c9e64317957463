//! What the lines of one product's plans add up to, and the arithmetic of shares.

use ledger::{BillingPeriod, Credits, Timestamp};
use policy::{OnUpgrade, Price};
use policy_documents::documents;
use stripe_events::InvoiceLine;

use crate::purchase::LineFault;

/// Shares of credits are summed in millionths, which are far below what rounding to whole credits drops.
pub(super) const MILLIONTHS: u64 = 1_000_000;

/// What a policy says of the changes of a product's plans.
pub type UpgradeTerm<'a> = &'a dyn Fn(&str) -> OnUpgrade;

/// What a product's policy says of an upgrade that is charged at an instant: [`on_upgrade_at`], and another
/// term in tests.
pub type UpgradeTermAt = fn(&str, Timestamp) -> OnUpgrade;

/// As the documents say.
pub fn on_upgrade_at(product: &str, charged_at: Timestamp) -> OnUpgrade {
    let document = documents().in_force(product, charged_at.as_ms()).document();
    document.map_or(OnUpgrade::ProratedDifference, |document| document.on_upgrade)
}

/// What the lines of one product's plans come to that settle a change.
#[derive(Debug)]
pub(super) struct Difference {
    pub(super) product: String,
    /// Millionths of credits that the positive lines bring for what is left of their periods, and those that
    /// the negative ones take back.
    pub(super) brought: u64,
    pub(super) taken: u64,
    /// The same for whole periods.
    pub(super) brought_whole: u64,
    pub(super) taken_whole: u64,
    /// In minor units, after discounts and before the taxes on top.
    pub(super) net_minor: i64,
    /// The positive lines' part of it.
    pub(super) charged_minor: u64,
    /// What lines give back whose plan nobody knows: their credits are reckoned by their money.
    pub(super) unknown_minor: u64,
    pub(super) tax_minor: i64,
    pub(super) gives_back: bool,
    /// The positive line with the most credits: its price is the new plan's.
    pub(super) newest: Option<(u64, &'static Price)>,
    /// From the first change until the period's end.
    pub(super) period: Option<BillingPeriod>,
    pub(super) lines: u32,
}

impl Difference {
    pub(super) fn of(product: &str) -> Self {
        Self {
            product: product.to_owned(),
            brought: 0,
            taken: 0,
            brought_whole: 0,
            taken_whole: 0,
            net_minor: 0,
            charged_minor: 0,
            unknown_minor: 0,
            tax_minor: 0,
            gives_back: false,
            newest: None,
            period: None,
            lines: 0,
        }
    }

    pub(super) fn add_money(&mut self, line: &InvoiceLine) -> Result<(), LineFault> {
        let gives_back = line.amount_minor < 0;
        let discount = if gives_back { 0 } else { line.discount_minor };
        let minor = line.amount_minor.checked_sub(discount).ok_or(LineFault::OutOfRange)?;
        self.net_minor = self.net_minor.checked_add(minor).ok_or(LineFault::OutOfRange)?;
        self.tax_minor = self.tax_minor.checked_add(line.tax_minor).ok_or(LineFault::OutOfRange)?;
        self.charged_minor = plus(self.charged_minor, u64::try_from(minor).unwrap_or_default())?;
        self.lines = self.lines.saturating_add(1);
        self.gives_back |= gives_back;
        Ok(())
    }
}

pub(super) fn plus(one: u64, other: u64) -> Result<u64, LineFault> {
    one.checked_add(other).ok_or(LineFault::OutOfRange)
}

pub(super) fn credits(count: u64) -> Result<Credits, LineFault> {
    Credits::new(count).map_err(|_| LineFault::OutOfRange)
}

/// A sum in millionths, rounded down to whole credits.
pub(super) fn whole_credits(millionths: u64) -> Result<Credits, LineFault> {
    credits(share(millionths, (1, MILLIONTHS))?)
}

/// `part` of `whole` of a count, rounded up.
pub(super) fn share_up(count: u64, (part, whole): (u64, u64)) -> Result<u64, LineFault> {
    let product = u128::from(count).checked_mul(u128::from(part)).ok_or(LineFault::OutOfRange)?;
    let rounds = product.checked_rem(u128::from(whole)).is_some_and(|rest| rest > 0);
    plus(share(count, (part, whole))?, u64::from(rounds))
}

/// `part` of `whole` of a count, rounded down.
pub(super) fn share(count: u64, (part, whole): (u64, u64)) -> Result<u64, LineFault> {
    let share = u128::from(count).checked_mul(u128::from(part));
    let share = share.and_then(|share| share.checked_div(u128::from(whole)));
    share.and_then(|share| u64::try_from(share).ok()).ok_or(LineFault::OutOfRange)
}
