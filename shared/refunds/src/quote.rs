//! Quotes: what carrying a request out would do, before it is done.
//!
//! A quote is computed by the very function of the ledger that carries it out, so that both say the same.
//! Its id is the hash of what would happen; what stays untouched is shown beside it and is not part of it,
//! so that a song on another lot does not void a quote. Whoever carries a quote out compares it with what
//! would happen at that instant, and what is not the same is not carried out (D10).

use ledger::{
    Change, Command, Credits, Decided, Entry, GenerationId, LotId, Money, Payment, PaymentId, PaymentKind,
    ProductId, Subscription, SubscriptionId, Timestamp, decide,
};
use policy::{Document, OnRefund, Remedy};

use crate::fingerprint;

/// What a quote rests on.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'s> {
    /// The document that decides.
    pub document: &'s Document,
    /// The payment that it is about.
    pub payment: Option<&'s Payment>,
    /// Where none is recorded and its credits have not landed: the payment as it would be.
    pub unrecorded: Option<&'s Payment>,
    /// The payment's subscription.
    pub subscription: Option<&'s Subscription>,
    /// The account's newest entry.
    pub head: Option<&'s Entry>,
    /// The instant.
    pub now: Timestamp,
}

/// What the customer gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pays {
    /// Money of a payment, to its original method (`S3-23`).
    Money {
        /// The payment.
        payment: PaymentId,
        /// How much of it.
        amount: Money,
    },
    /// The credits of a generation, to the lots that they came from.
    GivenBack {
        /// The generation.
        generation: GenerationId,
        /// How many.
        credits: Credits,
    },
    /// The credits that a payment bought and that have not landed.
    Bought {
        /// The payment.
        payment: PaymentId,
        /// The product whose operations may spend them.
        product: ProductId,
        /// How many.
        credits: Credits,
    },
    /// Credits as a lot of their own.
    Granted {
        /// The product whose operations may spend them.
        product: ProductId,
        /// How many.
        credits: Credits,
    },
}

/// What happens to the lot of a payment whose money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotRevoked {
    /// The lot.
    pub lot: LotId,
    /// Credits that are left and are revoked.
    pub revoked: Credits,
    /// Credits that were spent and stay spent.
    pub spent: Credits,
    /// Credits of running generations: spent when those succeed, revoked when they fail.
    pub held: Credits,
    /// Spent credits that become a debt.
    pub debt: Credits,
}

/// A lot that stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotKept {
    /// The lot.
    pub lot: LotId,
    /// Its credits, those of running generations among them.
    pub credits: Credits,
}

/// When the money is with the customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The clause that says so.
    pub clause: String,
    /// From when on it may be there, after Stripe's confirmation: `5 business days`.
    pub earliest: Option<String>,
    /// Until when it is there: `10 business days`.
    pub latest: String,
}

/// What carrying it out would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What the customer gets.
    pub pays: Pays,
    /// What is taken back, lot by lot: a payment bought one.
    pub revoked: Option<LotRevoked>,
    /// The lots with credits that are not touched.
    pub kept: Vec<LotKept>,
    /// The subscription that ends at once (`S3-18`).
    pub ends: Option<SubscriptionId>,
    /// When the money arrives, where the document says so.
    pub arrives: Option<Arrival>,
    pub(crate) on_refund: OnRefund,
    /// The payment, where it is to be recorded with this.
    pub(crate) records: Option<Box<Payment>>,
    /// What was refunded of the payment before, in minor units: the limit of one person's word is the
    /// payment's, in however many parts.
    pub(crate) before_minor: u64,
}

impl<'s> Standing<'s> {
    /// The payment whose money could go back, recorded or not.
    pub(crate) fn paid(&self) -> Option<&'s Payment> {
        self.payment.or(self.unrecorded)
    }
}

impl Pays {
    /// As the policy counts it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Money { amount, .. } => Remedy::Money {
                amount_minor: amount.minor(),
                currency: amount.currency().as_str().to_owned(),
            },
            Self::GivenBack { credits, .. }
            | Self::Bought { credits, .. }
            | Self::Granted { credits, .. } => Remedy::Credits { credits: credits.get() },
        }
    }
}

impl Quote {
    /// A quote of `amount` of `payment`.
    pub fn of_money(payment: &Payment, amount: Money, standing: &Standing<'_>) -> Self {
        let document = standing.document;
        let ends = match &payment.kind {
            PaymentKind::Subscription { subscription, .. } if document.on_refund.cancel => {
                let ended = standing.subscription.is_some_and(|record| record.ended_at.is_some());
                (!ended).then(|| subscription.clone())
            }
            PaymentKind::Subscription { .. } | PaymentKind::Pack => None,
        };
        let quote = Self {
            pays: Pays::Money { payment: payment.id.clone(), amount },
            revoked: None,
            kept: Vec::new(),
            ends,
            arrives: arrival(document, payment),
            on_refund: document.on_refund,
            records: standing.payment.is_none().then(|| Box::new(payment.clone())),
            before_minor: payment.refunded_minor,
        };
        quote.renewed(standing.head, standing.now)
    }

    /// A quote of credits.
    pub fn of_credits(pays: Pays, standing: &Standing<'_>) -> Self {
        let quote = Self {
            pays,
            revoked: None,
            kept: Vec::new(),
            ends: None,
            arrives: None,
            on_refund: standing.document.on_refund,
            records: None,
            before_minor: 0,
        };
        quote.renewed(standing.head, standing.now)
    }

    /// A quote of `credits` for `payment`, which is recorded with them.
    pub fn of_purchase(payment: &Payment, credits: Credits, standing: &Standing<'_>) -> Self {
        let product = payment.product.clone();
        let quote =
            Self::of_credits(Pays::Bought { payment: payment.id.clone(), product, credits }, standing);
        Self { records: Some(Box::new(Payment { credits, ..payment.clone() })), ..quote }
    }

    /// What it would do on this newest entry of the account.
    #[must_use]
    pub fn renewed(mut self, head: Option<&Entry>, now: Timestamp) -> Self {
        self.revoked = self.revocation().and_then(|command| revocation_of(&command, head, now));
        let lots = head.map_or(&[][..], |head| &head.after().lots);
        let untouched = lots
            .iter()
            .filter(|lot| self.revoked.is_none_or(|revoked| revoked.lot != lot.id) && lot.is_usable(now));
        self.kept = untouched
            .filter_map(|lot| Some(LotKept { lot: lot.id, credits: lot.available.plus(lot.held).ok()? }))
            .filter(|kept| !kept.credits.is_zero())
            .collect();
        self
    }

    /// The command that takes back what the document takes back.
    pub(crate) fn revocation(&self) -> Option<Command> {
        match &self.pays {
            Pays::Money { payment, .. } if self.on_refund.revoke => {
                Some(Command::Revoke { payment: payment.clone(), owe_spent: self.on_refund.debt_for_spent })
            }
            Pays::Money { .. } | Pays::GivenBack { .. } | Pays::Bought { .. } | Pays::Granted { .. } => None,
        }
    }

    /// The hash of what would happen.
    pub fn id(&self) -> String {
        let (kind, of, amount) = match &self.pays {
            Pays::Money { payment, amount } => {
                ("money", payment.as_str(), format!("{} {}", amount.minor(), amount.currency()))
            }
            Pays::GivenBack { generation, credits } => {
                ("given back", generation.as_str(), credits.to_string())
            }
            Pays::Bought { payment, credits, .. } => ("bought", payment.as_str(), credits.to_string()),
            Pays::Granted { product, credits } => ("granted", product.as_str(), credits.to_string()),
        };
        let revoked = self.revoked.map(|lot| {
            // Whether a running generation has ended by then changes what its credits are called, no more.
            let used = lot.spent.plus(lot.held).unwrap_or(lot.spent);
            format!("{} {} {used} {}", lot.lot.0, lot.revoked, lot.debt)
        });
        let arrives = self.arrives.as_ref().map(|arrival| arrival.latest.as_str());
        let hash = fingerprint(&[
            kind,
            of,
            &amount,
            &revoked.unwrap_or_default(),
            self.ends.as_ref().map_or("", SubscriptionId::as_str),
            arrives.unwrap_or_default(),
        ]);
        // 96 bits: nobody meets two quotes of one request with one id.
        hash.iter().take(12).fold(String::from("q_"), |mut id, byte| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        })
    }
}

/// What `command` takes back. A lot that is closed, or empty and gone, loses nothing.
fn revocation_of(command: &Command, head: Option<&Entry>, now: Timestamp) -> Option<LotRevoked> {
    let head = head?;
    let Decided::Write(plan) = decide(head.after(), Some(head.at()), command, &[], now) else { return None };
    plan.changes.iter().find_map(|change| match change {
        Change::Revoked { part, debt } => {
            let lot = head.after().lot(part.lot)?;
            Some(LotRevoked {
                lot: part.lot,
                revoked: part.credits,
                spent: lot.spent,
                held: lot.held,
                debt: *debt,
            })
        }
        _ => None,
    })
}

/// The promise about the time that banks take, of the payment's product.
fn arrival(document: &Document, payment: &Payment) -> Option<Arrival> {
    let clock = document.clocks.iter().find(|clock| {
        clock.starts == policy::ClockStart::RefundSucceeded
            && (clock.products.is_empty()
                || clock.products.iter().any(|product| product == payment.product.as_str()))
    })?;
    let time = |term: &str| Some(document.term(term)?.value_text());
    Some(Arrival {
        clause: clock.clause.clone(),
        earliest: clock.warn.as_deref().and_then(time),
        latest: time(&clock.limit)?,
    })
}
