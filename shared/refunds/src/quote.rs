//! Quotes: what carrying a request out would do, before it is done.
//!
//! The ledger's function that carries a quote out also computes it, so that both say the same. A quote's id
//! is the hash of what would happen. What stays untouched is shown beside it and is not part of the hash, so
//! that a song on another lot does not void a quote. Before a quote is carried out, it is compared with what
//! would happen at that instant. If the two differ, nothing is carried out (D10).

use ledger::{
    Account, Change, Command, CommandOutcome, Credits, Entry, GenerationId, LotId, Money, MonthlyGrants,
    Payment, PaymentId, PaymentKind, ProductId, Provider, Subscription, SubscriptionId, Takes, Timestamp,
    decide,
};
use policy::{Discount, Document, OnRefund, Remedy, Revocation, payable_step};

use crate::{Granted, ProviderCapabilities, fingerprint};

/// What a quote rests on.
#[derive(Debug, Clone, Copy)]
pub struct QuoteInputs<'s> {
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
    Money { payment: PaymentId, amount: Money },
    /// The credits of a generation, to the lots that they came from.
    GivenBack { generation: GenerationId, credits: Credits },
    /// The credits that a payment bought and that have not landed.
    Bought {
        payment: PaymentId,
        /// The product whose operations may spend them.
        product: ProductId,
        credits: Credits,
        /// Whether they are a plan's, so that they expire as its other credits do; those of a pack never do.
        of_plan: bool,
    },
    /// A lower price of a subscription's next renewal (`S2-19`).
    Discount {
        subscription: SubscriptionId,
        /// How much cheaper.
        discount: Discount,
    },
    /// Credits as a lot of their own.
    Granted {
        /// The product whose operations may spend them.
        product: ProductId,
        credits: Credits,
        /// How long they can be used, in seconds; `None` never ends.
        usable_s: Option<u64>,
    },
}

/// What a reviewer chooses of a refund's terms where the document lets a reviewer choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChosenTerms {
    /// What is revoked; the document says so otherwise.
    pub revoke: Option<Revocation>,
    /// Whether the plan ends; the document says so otherwise.
    pub ends_plan: Option<bool>,
}

/// What a refund of money does beside paying: the document's terms, and what a reviewer chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    on_refund: OnRefund,
    chosen: ChosenTerms,
    /// The subscription that the payment was for, while it runs.
    runs: Option<SubscriptionId>,
}

/// What happens to a lot of a payment whose money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotRevoked {
    pub lot: LotId,
    pub revoked: Credits,
    /// Credits that are left to use after that.
    pub left: Credits,
    /// Credits that were spent and stay spent.
    pub spent: Credits,
    /// Credits of running generations: spent when those succeed, revoked when they fail.
    pub held: Credits,
    /// Spent credits that become a debt.
    pub debt: Credits,
}

/// Lots that would have come month by month, and do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantsForgone {
    /// How many.
    pub lots: u32,
    /// Their credits, together.
    pub credits: Credits,
}

/// A lot that stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotKept {
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
    /// What is taken back, lot by lot: several of a payment that brings its credits month by month.
    pub revoked: Vec<LotRevoked>,
    /// What does not come any more, because all of the payment goes back or its plan ends.
    pub forgone: Option<GrantsForgone>,
    /// The lots with credits that are not touched.
    pub kept: Vec<LotKept>,
    /// The subscription that ends at once (`S3-18`).
    pub ends: Option<SubscriptionId>,
    /// When the money arrives, where the document says so.
    pub arrives: Option<Arrival>,
    /// How much of the payment's lots is revoked, for a refund of money.
    pub revokes: Option<Revocation>,
    /// The provider in whose dashboard a person makes the refund, because no call can
    /// ([`ProviderCapabilities::partial_refunds`]).
    pub by_hand: Option<Provider>,
    pub(crate) terms: Option<Terms>,
    /// The payment, where it is to be recorded with this.
    pub(crate) records: Option<Box<Payment>>,
    /// What was refunded of the payment before, in minor units: the limit of one person is for the whole
    /// payment.
    pub(crate) before_minor: u64,
    takes: Option<Takes>,
    /// The credits that the payment bought.
    pub(crate) bought: Option<u64>,
    /// What was granted before, where that was read: [`Quote::after`].
    pub(crate) granted: Granted,
}

impl<'s> QuoteInputs<'s> {
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
            Self::Discount { discount, .. } => Remedy::Discount(discount.clone()),
            Self::GivenBack { credits, .. }
            | Self::Bought { credits, .. }
            | Self::Granted { credits, .. } => Remedy::Credits { credits: credits.get() },
        }
    }
}

impl Quote {
    /// A quote of `amount` of `payment`, by the document's terms as far as nobody `chose` others.
    pub fn of_money(
        payment: &Payment,
        amount: Money,
        chosen: ChosenTerms,
        standing: &QuoteInputs<'_>,
    ) -> Self {
        let document = standing.document;
        let runs = match &payment.kind {
            PaymentKind::Subscription { subscription, .. } => {
                let ended = standing.subscription.is_some_and(|record| record.ended_at.is_some());
                (!ended).then(|| subscription.clone())
            }
            PaymentKind::Pack => None,
        };
        let quote = Self {
            pays: Pays::Money { payment: payment.id.clone(), amount },
            revoked: Vec::new(),
            forgone: None,
            kept: Vec::new(),
            ends: None,
            arrives: arrival(document, payment.product.as_str()),
            revokes: None,
            by_hand: None,
            terms: Some(Terms { on_refund: document.on_refund.clone(), chosen, runs }),
            records: standing.payment.is_none().then(|| Box::new(payment.clone())),
            before_minor: payment.refunded_minor,
            takes: None,
            bought: None,
            granted: Granted::default(),
        };
        quote.on(payment).renewed(standing.head, standing.now)
    }

    /// What it would do with the payment as it is in the records: whether this refund leaves nothing of it
    /// decides what else happens.
    #[must_use]
    pub(crate) fn on(mut self, payment: &Payment) -> Self {
        let (Pays::Money { amount, .. }, Some(terms)) = (&self.pays, &self.terms) else { return self };
        let whole = payment.refundable().is_ok_and(|left| left == *amount);
        let revokes = terms.chosen.revoke.unwrap_or_else(|| terms.on_refund.revokes(whole));
        // What was paid for a change alone goes back without the plan, which another payment bought.
        let by_terms = terms.on_refund.cancels(whole) && !payment.of_change;
        let cancels = terms.chosen.ends_plan.unwrap_or(by_terms);
        // What comes month by month ends with the whole refund, whatever is taken of what has come.
        let is_last = whole && payment.further.is_some();
        self.takes = match revokes {
            Revocation::Nothing => is_last.then_some(Takes::Last(Credits::ZERO)),
            Revocation::Proportional if is_last => Some(Takes::Last(credits_of_part(payment, *amount))),
            Revocation::Proportional => Some(Takes::UpTo(credits_of_part(payment, *amount))),
            Revocation::Remaining => Some(Takes::Remaining),
        };
        self.revokes = Some(revokes);
        let can_call = whole || ProviderCapabilities::of(payment.provider).partial_refunds;
        self.by_hand = (!can_call).then_some(payment.provider);
        self.ends = terms.runs.clone().filter(|_| cancels);
        self.before_minor = payment.refunded_minor;
        self
    }

    /// A quote of a discount on the next renewal of the payment's subscription. There is none of one that has
    /// ended or is cancelled, none where the provider gives none, and no amount of another currency than the
    /// payment's or above what it was.
    pub fn of_discount(discount: &Discount, standing: &QuoteInputs<'_>) -> Option<Self> {
        let payment = standing.payment?;
        let PaymentKind::Subscription { subscription, .. } = &payment.kind else { return None };
        if !ProviderCapabilities::of(payment.provider).renewal_discounts {
            return None;
        }
        let renews = standing
            .subscription
            .is_none_or(|record| record.ended_at.is_none() && record.cancels_at.is_none());
        let possible = match discount {
            Discount::Percent { percent } => (1..=100).contains(percent),
            Discount::Amount { amount_minor, currency } => {
                (1..=payment.paid.minor()).contains(amount_minor)
                    && payment.paid.currency().as_str() == currency
                    && amount_minor.is_multiple_of(payable_step(currency))
            }
        };
        let pays = Pays::Discount { subscription: subscription.clone(), discount: discount.clone() };
        (renews && possible).then(|| Self::of_credits(pays, standing))
    }

    /// A quote of credits, or of another thing that takes nothing back.
    pub fn of_credits(pays: Pays, standing: &QuoteInputs<'_>) -> Self {
        let quote = Self {
            pays,
            revoked: Vec::new(),
            forgone: None,
            kept: Vec::new(),
            ends: None,
            arrives: None,
            revokes: None,
            by_hand: None,
            terms: None,
            records: None,
            before_minor: 0,
            takes: None,
            bought: standing.payment.map(|payment| payment.credits.get()),
            granted: Granted::default(),
        };
        quote.renewed(standing.head, standing.now)
    }

    /// A quote of `credits` for `payment`, which is recorded with them.
    pub fn of_purchase(payment: &Payment, credits: Credits, standing: &QuoteInputs<'_>) -> Self {
        let product = payment.product.clone();
        let of_plan = payment.kind != PaymentKind::Pack;
        let pays = Pays::Bought { payment: payment.id.clone(), product, credits, of_plan };
        let quote = Self::of_credits(pays, standing);
        Self { records: Some(Box::new(Payment { credits, ..payment.clone() })), ..quote }
    }

    /// What it would do on this newest entry of the account.
    #[must_use]
    pub fn renewed(mut self, head: Option<&Entry>, now: Timestamp) -> Self {
        self.revoked = match self.revocation() {
            Some(command) => revocation_of(&command, head, now),
            None => Vec::new(),
        };
        self.forgone = head.and_then(|head| self.forgone_of(head.after()));
        let lots = head.map_or(&[][..], |head| &head.after().lots);
        let untouched = lots
            .iter()
            .filter(|lot| self.revoked.iter().all(|revoked| revoked.lot != lot.id) && lot.is_usable(now));
        self.kept = untouched
            .filter_map(|lot| Some(LotKept { lot: lot.id, credits: lot.available.plus(lot.held).ok()? }))
            .filter(|kept| !kept.credits.is_zero())
            .collect();
        self
    }

    /// What does not come any more of an account's monthly grants: those of the payment, or of its whole plan
    /// where that ends.
    fn forgone_of(&self, account: &Account) -> Option<GrantsForgone> {
        let Pays::Money { payment, .. } = &self.pays else { return None };
        let is_over = matches!(self.takes, Some(Takes::Remaining | Takes::Last(_)));
        let ends = |monthly: &&MonthlyGrants| {
            is_over && &monthly.payment == payment || self.ends.as_ref() == Some(&monthly.subscription)
        };
        let forgone =
            account.monthly.iter().filter(ends).map(|monthly| (monthly.left(), monthly.further.each));
        let sum = forgone.fold((0_u32, 0_u64), |(lots, credits), (left, each)| {
            let more = each.get().saturating_mul(u64::from(left));
            (lots.saturating_add(left), credits.saturating_add(more))
        });
        let credits = Credits::new(sum.1).ok()?;
        (sum.0 > 0).then_some(GrantsForgone { lots: sum.0, credits })
    }

    /// The same, on top of what was granted before.
    #[must_use]
    pub fn after(mut self, granted: Granted) -> Self {
        self.granted = granted;
        self
    }

    /// The credits that it grants as a lot of their own, which count.
    pub fn granted_credits(&self) -> Option<u64> {
        match &self.pays {
            Pays::Granted { credits, .. } => Some(credits.get()),
            Pays::Money { .. } | Pays::GivenBack { .. } | Pays::Bought { .. } | Pays::Discount { .. } => None,
        }
    }

    /// Whether the payment is of a plan that runs and could end with the refund.
    pub fn may_end_plan(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.runs.is_some())
    }

    /// The command that takes back what is to be revoked.
    pub fn revocation(&self) -> Option<Command> {
        let (Pays::Money { payment, .. }, Some(terms)) = (&self.pays, &self.terms) else { return None };
        let owe_spent = terms.on_refund.debt_for_spent;
        Some(Command::Revoke { payment: payment.clone(), takes: self.takes?, owe_spent })
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
            Pays::Bought { payment, product, credits, of_plan } => {
                ("bought", payment.as_str(), format!("{credits} {product} {of_plan}"))
            }
            Pays::Granted { product, credits, usable_s } => {
                let usable = usable_s.map_or_else(|| "ever".to_owned(), |usable_s| usable_s.to_string());
                ("granted", product.as_str(), format!("{credits} for {usable}"))
            }
            Pays::Discount { subscription, discount } => ("discount", subscription.as_str(), discount.text()),
        };
        let revoked = self.revoked.iter().map(|lot| {
            // Whether a running generation has ended by then changes what its credits are called, no more.
            let used = lot.spent.plus(lot.held).unwrap_or(lot.spent);
            format!("{} {} {used} {}", lot.lot.0, lot.revoked, lot.debt)
        });
        let revoked = revoked.collect::<Vec<_>>().join(", ");
        let arrives = self.arrives.as_ref().map(|arrival| arrival.latest.as_str());
        let forgone = self.forgone.map(|forgone| format!("{} {}", forgone.lots, forgone.credits));
        let mut parts = vec![
            kind,
            of,
            &amount,
            &revoked,
            self.revokes.map_or("", Revocation::as_str),
            self.ends.as_ref().map_or("", SubscriptionId::as_str),
            arrives.unwrap_or_default(),
        ];
        parts.extend(forgone.as_deref());
        // A call becomes a person's task, or the other way round, when something else was refunded meanwhile.
        parts.extend(self.by_hand.map(|_| "by hand"));
        let hash = fingerprint(&parts);
        // 96 bits: nobody meets two quotes of one request with one id.
        hash.iter().take(12).fold(String::from("q_"), |mut id, byte| {
            use std::fmt::Write as _;
            // Writing to a String cannot fail.
            let _ = write!(id, "{byte:02x}");
            id
        })
    }
}

/// The part of a payment's credits that `amount` of it bought, rounded down in the customer's favour.
pub fn credits_of_part(payment: &Payment, amount: Money) -> Credits {
    let (granted, part) = (u128::from(payment.credits.get()), u128::from(amount.minor()));
    let share =
        granted.checked_mul(part).and_then(|product| product.checked_div(payment.paid.minor().into()));
    let share = share.and_then(|share| u64::try_from(share).ok());
    share.and_then(|share| Credits::new(share).ok()).unwrap_or(Credits::ZERO)
}

/// What `command` takes back. A lot that is closed, or empty and gone, loses nothing.
pub(crate) fn revocation_of(command: &Command, head: Option<&Entry>, now: Timestamp) -> Vec<LotRevoked> {
    let Some(head) = head else { return Vec::new() };
    let CommandOutcome::Write(plan) = decide(head.after(), Some(head.at()), command, &[], now) else {
        return Vec::new();
    };
    let revoked = plan.changes.iter().filter_map(|change| match change {
        Change::Revoked { part, debt, .. } => {
            let lot = head.after().lot(part.lot)?;
            Some(LotRevoked {
                lot: part.lot,
                revoked: part.credits,
                left: plan.after.lot(part.lot).map_or(Credits::ZERO, |lot| lot.available),
                spent: lot.spent,
                held: lot.held,
                debt: *debt,
            })
        }
        _ => None,
    });
    revoked.collect()
}

/// The document's promise about the time that banks take, for a payment of this product.
pub fn arrival(document: &Document, product: &str) -> Option<Arrival> {
    let clock = document.service_levels.iter().find(|clock| {
        clock.starts == policy::ServiceLevelStart::RefundSucceeded
            && (clock.products.is_empty() || clock.products.iter().any(|each| each == product))
    })?;
    let time = |term: &str| Some(document.term(term)?.value_text());
    Some(Arrival {
        clause: clock.clause.clone(),
        earliest: clock.warn.as_deref().and_then(time),
        latest: time(&clock.limit)?,
    })
}
