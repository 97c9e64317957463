//! The price catalogue: what a price of a payment provider buys.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// What can be bought, sorted by id. The serde derives are the published form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The products and their policies.
    pub products: Vec<Product>,
    /// The prices and what they buy.
    pub prices: Vec<Price>,
    /// The prices of the company's other products, which are sold through the same accounts at the providers:
    /// their lines bring no credits, and concern nobody here.
    pub ignored: Vec<String>,
}

/// A product: credits are bought for it and can be spent on it alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// Its name in lots, payments and documents.
    pub id: String,
    /// The policy document that it falls under.
    pub policy: String,
    /// What is managed through it: services that spend its credits, of the same account and the same lots
    /// (S1-6).
    pub siblings: Vec<String>,
}

/// What one unit of a price buys, in every currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The provider's id of it: Stripe's price, or Creem's product.
    pub id: String,
    /// Through whom it is sold: nobody else's events find it.
    pub provider: PriceProvider,
    /// The product that the credits are for.
    pub product: String,
    /// Credits per unit: of each grant of a subscription, once a period or monthly within it, or once for a
    /// pack. 0 for what is sold beside credits, like a setup fee.
    pub credits: u64,
    /// What one unit costs at Stripe, before discounts and taxes, sorted by currency. An event that carries
    /// no lines proves one unit of a price by this amount; empty, its lines are fetched.
    pub amounts: Vec<UnitAmount>,
    /// Generations that come with each grant, for products that count generations (S0-5).
    pub generations: Option<u64>,
    /// How it is sold.
    pub kind: PriceKind,
}

named! {
    /// The provider through whom a price is sold.
    PriceProvider {
        /// A price of Stripe's (`price_…`).
        Stripe "stripe",
        /// A product of Creem's (`prod_…`), which has one price.
        Creem "creem",
    }
}

/// What one unit of a price costs in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitAmount {
    /// ISO 4217, in lower case.
    pub currency: String,
    /// In the currency's smallest unit.
    pub minor: u64,
}

/// How a price is sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceKind {
    /// A plan, paid every period.
    Subscription {
        /// The plan's name.
        plan: String,
        /// Its place among the product's plans; a higher one costs more.
        rank: u32,
        /// How many months of the calendar a period has: 1, or 12 for a yearly plan.
        months: u32,
        /// How often its credits come within a period.
        grants: PeriodGrants,
    },
    /// Once.
    Pack,
}

named! {
    /// How often a plan's credits come within the period that is paid.
    PeriodGrants {
        /// All of them with the payment.
        Once "once",
        /// The first with the payment, and as many again at the same day of each further month.
        Monthly "monthly",
    }
}

/// A price that the catalogue does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("price `{price}` is not in the catalogue")]
pub struct UnknownPrice {
    /// The provider's id of it.
    pub price: String,
}

impl Catalogue {
    /// What a price buys, whoever sells it.
    pub fn price(&self, id: &str) -> Result<&Price, UnknownPrice> {
        self.prices.iter().find(|price| price.id == id).ok_or_else(|| UnknownPrice { price: id.to_owned() })
    }

    /// What a price buys that is sold through `provider`.
    pub fn price_through(&self, provider: PriceProvider, id: &str) -> Result<&Price, UnknownPrice> {
        let unknown = || UnknownPrice { price: id.to_owned() };
        self.price(id).ok().filter(|price| price.provider == provider).ok_or_else(unknown)
    }

    /// Whether a price is one of the company's other products.
    pub fn is_ignored(&self, id: &str) -> bool {
        self.ignored.iter().any(|ignored| ignored == id)
    }

    /// The product whose credits operations of `id` spend: the one of that id, or the one that `id` is
    /// managed through.
    pub fn spent_by(&self, id: &str) -> Option<&Product> {
        self.products
            .iter()
            .find(|product| product.id == id || product.siblings.iter().any(|each| each == id))
    }

    /// What operations can be of: every product and what is managed through it.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.products
            .iter()
            .flat_map(|product| std::iter::once(&product.id).chain(&product.siblings))
            .map(String::as_str)
    }

    pub fn product(&self, id: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.id == id)
    }
}

impl Price {
    /// The credits of one unit for a whole period, or once for a pack; `None` above 2^64.
    pub fn credits_of_period(&self) -> Option<u64> {
        self.credits.checked_mul(u64::from(self.grants_of_period()))
    }

    /// How many grants a period has.
    pub fn grants_of_period(&self) -> u32 {
        match self.kind {
            PriceKind::Subscription { months, grants: PeriodGrants::Monthly, .. } => months,
            PriceKind::Subscription { .. } | PriceKind::Pack => 1,
        }
    }

    /// The generations that one unit allots for a month, rounded down (S0-5).
    pub fn generations_of_month(&self) -> Option<u64> {
        let months = match self.kind {
            PriceKind::Subscription { months, grants: PeriodGrants::Once, .. } => u64::from(months),
            PriceKind::Subscription { .. } | PriceKind::Pack => 1,
        };
        self.generations?.checked_div(months)
    }

    /// What `units` of it cost in a currency, in its smallest unit; `None` if the catalogue does not say, or
    /// above 2^64.
    pub fn amount_of(&self, units: u64, currency: &str) -> Option<u64> {
        let amount = self.amounts.iter().find(|amount| amount.currency == currency)?;
        amount.minor.checked_mul(units)
    }
}
