//! The published form of a quote, and of money.

use ledger::Money;
use policy::Discount;
use refunds::{Arrival, Pays, Quote};
use serde::Serialize;

#[derive(Serialize)]
pub(crate) struct QuoteAnswer {
    quote: String,
    pays: PaysAnswer,
    /// How much of the payment's credits is revoked; `None` where no money is refunded.
    revokes: Option<&'static str>,
    revoked: Vec<RevokedAnswer>,
    /// What would have come month by month, and does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    forgone: Option<ForgoneAnswer>,
    untouched: Vec<KeptAnswer>,
    plan_ends: Option<EndsAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by_hand: Option<ByHandAnswer>,
    money_arrives: Option<ArrivalAnswer>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum PaysAnswer {
    Money {
        payment: String,
        amount: MoneyAnswer,
    },
    CreditsGivenBack {
        generation_id: String,
        credits: u64,
    },
    CreditsGranted {
        product: String,
        credits: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        usable_s: Option<u64>,
    },
    CreditsOfPurchase {
        payment: String,
        product: String,
        credits: u64,
        expire: &'static str,
    },
    Discount {
        subscription: String,
        discount: DiscountAnswer,
    },
}

/// How much cheaper a renewal is: by a share in hundredths, or by an amount.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum DiscountAnswer {
    Percent { percent: u32 },
    Amount { amount_minor: u64, currency: String },
}

pub(crate) fn discount(discount: &Discount) -> DiscountAnswer {
    match discount {
        Discount::Percent { percent } => DiscountAnswer::Percent { percent: *percent },
        Discount::Amount { amount_minor, currency } => {
            DiscountAnswer::Amount { amount_minor: *amount_minor, currency: currency.clone() }
        }
    }
}

#[derive(Serialize)]
struct RevokedAnswer {
    lot: u32,
    credits_revoked: u64,
    credits_left: u64,
    credits_spent: u64,
    credits_held: u64,
    debt: u64,
}

#[derive(Serialize)]
struct ForgoneAnswer {
    lots: u32,
    credits: u64,
}

#[derive(Serialize)]
struct KeptAnswer {
    lot: u32,
    credits: u64,
}

#[derive(Serialize)]
struct EndsAnswer {
    subscription: String,
    when: &'static str,
}

/// A refund that a person makes in the provider's dashboard.
#[derive(Serialize)]
struct ByHandAnswer {
    provider: &'static str,
    text: String,
}

#[derive(Serialize)]
struct ArrivalAnswer {
    clause: String,
    earliest: Option<String>,
    latest: String,
}

#[derive(Serialize)]
pub(crate) struct MoneyAnswer {
    amount_minor: u64,
    currency: String,
}

pub(crate) fn money(money: Money) -> MoneyAnswer {
    MoneyAnswer { amount_minor: money.minor(), currency: money.currency().as_str().to_owned() }
}

/// A quote as it is shown.
pub(crate) fn quote(quote: &Quote) -> QuoteAnswer {
    QuoteAnswer {
        quote: quote.id(),
        pays: match &quote.pays {
            Pays::Money { payment, amount } => {
                PaysAnswer::Money { payment: payment.as_str().to_owned(), amount: money(*amount) }
            }
            Pays::GivenBack { generation, credits } => PaysAnswer::CreditsGivenBack {
                generation_id: generation.as_str().to_owned(),
                credits: credits.get(),
            },
            Pays::Discount { subscription, discount: off } => PaysAnswer::Discount {
                subscription: subscription.as_str().to_owned(),
                discount: discount(off),
            },
            Pays::Bought { payment, product, credits, of_plan } => PaysAnswer::CreditsOfPurchase {
                payment: payment.as_str().to_owned(),
                product: product.as_str().to_owned(),
                credits: credits.get(),
                expire: if *of_plan { "with_the_plan" } else { "never" },
            },
            Pays::Granted { product, credits, usable_s } => PaysAnswer::CreditsGranted {
                product: product.as_str().to_owned(),
                credits: credits.get(),
                usable_s: *usable_s,
            },
        },
        revokes: quote.revokes.map(policy::Revocation::as_str),
        revoked: quote
            .revoked
            .iter()
            .map(|lot| RevokedAnswer {
                lot: lot.lot.0,
                credits_revoked: lot.revoked.get(),
                credits_left: lot.left.get(),
                credits_spent: lot.spent.get(),
                credits_held: lot.held.get(),
                debt: lot.debt.get(),
            })
            .collect(),
        forgone: quote
            .forgone
            .map(|forgone| ForgoneAnswer { lots: forgone.lots, credits: forgone.credits.get() }),
        untouched: quote
            .kept
            .iter()
            .map(|kept| KeptAnswer { lot: kept.lot.0, credits: kept.credits.get() })
            .collect(),
        plan_ends: quote.ends.as_ref().map(|subscription| EndsAnswer {
            subscription: subscription.as_str().to_owned(),
            when: "at_once",
        }),
        by_hand: quote.by_hand.map(|provider| ByHandAnswer {
            provider: provider.as_str(),
            text: format!(
                "{} refunds a part of a payment only by hand: one of our team makes this refund there.",
                provider.title()
            ),
        }),
        money_arrives: quote.arrives.as_ref().map(|Arrival { clause, earliest, latest }| ArrivalAnswer {
            clause: clause.clone(),
            earliest: earliest.clone(),
            latest: latest.clone(),
        }),
    }
}
