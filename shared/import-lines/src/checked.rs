//! An account whose line has no mistakes.

use ledger::{
    AccountId, BillingPeriod, Buyer, Credits, CustomerId, FurtherGrants, InvoiceId, Money, PaymentId,
    PaymentName, ProductId, Provider, RefundId, Subscription, SubscriptionId, Timestamp,
};

/// What an import says of an account, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedAccount {
    pub account: AccountId,
    /// When the balance was read.
    pub as_of: Timestamp,
    pub customers: Vec<CustomerId>,
    pub subscriptions: Vec<Subscription>,
    pub payments: Vec<CheckedPayment>,
    /// The lots, also of payments whose lots the line leaves out because nothing is left of them.
    pub lots: Vec<CheckedLot>,
    /// SHA-256 of what the line says.
    pub digest: [u8; 32],
}

/// A payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedPayment {
    pub provider: Provider,
    pub id: PaymentId,
    pub product: ProductId,
    pub price: String,
    pub paid: Money,
    pub charged_at: Timestamp,
    pub credits: Credits,
    pub further: Option<FurtherGrants>,
    /// The subscription and why it was charged; none of a pack.
    pub charge: Option<(SubscriptionId, String)>,
    pub period: Option<BillingPeriod>,
    pub invoice: Option<InvoiceId>,
    pub names: Vec<PaymentName>,
    pub refunds: Vec<CheckedRefund>,
    pub buyer: Buyer,
}

/// A refund that has not failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedRefund {
    pub id: RefundId,
    pub minor: u64,
    pub made_at: Timestamp,
}

/// A lot: granted = left + spent + expired + revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedLot {
    pub payment: Option<PaymentId>,
    pub product: ProductId,
    pub granted: Credits,
    pub left: Credits,
    pub spent: Credits,
    pub expired: Credits,
    pub revoked: Credits,
    pub granted_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub generations: Option<u32>,
    pub last_used_at: Option<Timestamp>,
}
