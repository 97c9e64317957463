//! A payment whose purchases are granted, as the provider's event says.

use ledger::{AccountId, Buyer, Money, PaymentId, PaymentName, SubscriptionId, Timestamp};

/// The `billing_reason` of a subscription's first charge. The words are Stripe's; the ledger has them of
/// every provider.
pub const FIRST_CHARGE: &str = "subscription_create";
/// The `billing_reason` of the charge of a further period.
pub const RENEWAL: &str = "subscription_cycle";

/// The subscription that a charge is for.
#[derive(Debug, Clone, Copy)]
pub struct PurchaseCharge<'a> {
    pub subscription: &'a SubscriptionId,
    /// Why it was charged: [`FIRST_CHARGE`], [`RENEWAL`], or another of Stripe's words.
    pub billing_reason: &'a str,
}

/// A payment whose purchases are granted.
#[derive(Debug)]
pub struct PaidPurchase<'a> {
    /// The provider's payment, or the id that represents it.
    pub payment: PaymentId,
    /// All that can be refunded of it.
    pub amount: Money,
    pub account: AccountId,
    pub charged_at: Timestamp,
    pub buyer: Buyer,
    pub charge: Option<PurchaseCharge<'a>>,
    /// What else the payment is called: its first purchase is found by these.
    pub names: Vec<PaymentName>,
}

/// The names among `texts`: how a customer may name the payment (`S2-30`). A text that is no name is left
/// out: it keeps no credits back.
pub fn payment_names<'a>(texts: impl IntoIterator<Item = Option<&'a str>>) -> Vec<PaymentName> {
    texts.into_iter().flatten().filter_map(|text| PaymentName::new(text).ok()).collect()
}
