//! What paid lines bring, by the price catalogue: the one line of a checkout at Creem, and at Stripe the
//! lines of a checkout, of an invoice that was paid, and of one that is only previewed.
//!
//! The webhook grants by this what was paid, and a customer who asks for another plan is shown by the same
//! code what the change would bring.

mod change;
mod purchase;

pub use change::{
    RetiredPlan, SettledInvoice, UpgradeTerm, UpgradeTermAt, bought_by_lines, credits_of_change, is_settled,
    on_upgrade_at, retired_prices,
};
pub use purchase::{
    Bought, Extent, LineFault, LinePurchase, Monthly, PaidLine, Sold, bought, find_price, is_ignored,
};
