//! What is recorded beside the journal and the payments, so that a request's facts are known: an account's
//! purchases and refunds, what people found out about it, and outages of a product.

use crate::{AccountId, Money, OutageName, PaymentId, ProductId, Timestamp};

/// One purchase of an account, as far as later purchases and requests ask about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purchase {
    pub payment: PaymentId,
    /// Stripe's price.
    pub price: String,
    pub paid: Money,
    pub charged_at: Timestamp,
}

/// A refund of a payment that has not failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refunded {
    pub payment: PaymentId,
    /// How much of it, in minor units.
    pub minor: u64,
}

/// What is recorded of an account beside its journal. Bounded by [`ACCOUNT_RECORDS_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountRecords {
    /// Purchases, newest first.
    pub purchases: Vec<Purchase>,
    /// When each refund that has not failed was approved, or made without a request.
    pub refunded_at: Vec<Timestamp>,
    /// The same refunds, as far as they name their payments.
    pub refunded: Vec<Refunded>,
    /// Those of them that no request made, like Stripe's Dashboard: the payment, and when Stripe made each.
    pub refunded_elsewhere: Vec<(PaymentId, Timestamp)>,
    /// What people found out about the account.
    pub finding: Option<Finding>,
    /// Whether purchases older than these are left out.
    pub truncated: bool,
}

impl AccountRecords {
    /// Whether these refunds together are all of a purchase.
    pub fn all_refunded(&self, purchase: &Purchase) -> bool {
        let of_it = self.refunded.iter().filter(|refunded| refunded.payment == purchase.payment);
        let sum = of_it.fold(0_u64, |sum, refunded| sum.saturating_add(refunded.minor));
        sum >= purchase.paid.minor()
    }
}

/// Most records of one account that are read at once: a purchase a month for sixteen years, in four read
/// units.
pub const ACCOUNT_RECORDS_MAX: u16 = 200;

/// What people found out about an account's use of refunds, promotions and disputes (`S3-14`, `S3-15`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Whether anything points to abuse.
    pub abuse: Abuse,
    /// Accounts of the same person, as far as a person found out.
    pub related: Vec<AccountId>,
    /// Why, in the person's words.
    pub reason: String,
    /// Who: the `sub` of the token.
    pub by: String,
    pub at: Timestamp,
}

/// What points to abuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abuse {
    /// Nothing.
    None,
    /// Something does.
    Indicated,
    /// A person confirmed it.
    Confirmed,
}

impl Abuse {
    /// The word of the policy's fact.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Indicated => "indicated",
            Self::Confirmed => "confirmed",
        }
    }

    /// The value with this word.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Indicated, Self::Confirmed].into_iter().find(|abuse| abuse.as_str() == name)
    }
}

/// Most outages of a product that are looked at for one request: a year has few that matter.
pub const OUTAGES_MAX: u16 = 50;

/// A time in which a product's generations did not work, as one person recorded and another confirmed it.
///
/// Credits and discounts rest on it, so that no single person can make one up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// Its name, given by the person who recorded it.
    pub name: OutageName,
    pub product: ProductId,
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    pub recorded: Witness,
    /// Who confirmed it: somebody else. Until then no decision rests on it.
    pub confirmed: Option<Witness>,
}

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The person: the `sub` of the token.
    pub by: String,
    pub at: Timestamp,
}
