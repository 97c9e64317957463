//! Leads: what may be a case by itself. Whoever comes upon one notes it on cheap evidence; the sweep looks
//! at it when it is due, assesses it from the records, and opens the customer's request where they bear it
//! out.
//!
//! A lead's id is the id of the request that it opens: every look at it, however late or often, opens the
//! same request, and it is forgotten after that request is saved.

use std::future::Future;

use ledger::{
    AccountId, Actor, Buyer, Credits, GenerationId, LedgerStore, LotId, Money, Payment, PaymentId,
    PaymentKind, PolicyRef, ProductId, RefundRequestId, Timestamp,
};
use policy::{ClockStart, Document, Documents, FailureKind, Reason};

use crate::request_id;

/// Stands for the price of a purchase whose event names none of the catalogue.
const PRICE_UNKNOWN: &str = "unknown";

/// What may be a case, and when it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Whose.
    pub account: AccountId,
    /// What it is about.
    pub about: About,
    /// From when on the promises of its request count.
    pub since: Timestamp,
    /// When the sweep looks at it; nothing for one that has its request and is kept as a record.
    pub due_at: Option<Timestamp>,
}

/// What a lead is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A pack that is paid and not on the balance (`S2-21`).
    Uncredited(Uncredited),
    /// A payment that may be a billing error.
    Payment {
        /// The payment.
        payment: PaymentId,
        /// The error.
        reason: Reason,
    },
    /// A generation whose ending a person decides (`S2-5`, `S2-6`).
    Ending {
        /// The generation.
        generation: GenerationId,
        /// How its service said that it failed.
        kind: FailureKind,
        /// The provider's or the service's own code.
        code: Option<String>,
    },
}

/// A pack that is paid and not on the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncredited {
    /// The payment.
    pub payment: PaymentId,
    /// What was bought, where the event says so.
    pub product: Option<ProductId>,
    /// The pack, where the event names a pack of the catalogue.
    pub pack: Option<Pack>,
    /// What was paid.
    pub paid: Money,
    /// When it was charged.
    pub charged_at: Timestamp,
    /// Who bought it, as far as the event says.
    pub buyer: Buyer,
}

/// A pack of the price catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Stripe's price.
    pub price: String,
    /// All its credits.
    pub credits: Credits,
}

impl Uncredited {
    /// The payment as it is recorded when the credits land, or the money goes back, under `document`.
    pub fn payment(&self, account: &AccountId, document: &Document, now: Timestamp) -> Option<Payment> {
        let product = self.product.clone().or_else(|| ProductId::new(document.products.first()?).ok())?;
        let pack = self.pack.as_ref();
        Some(Payment {
            id: self.payment.clone(),
            account: account.clone(),
            kind: PaymentKind::Pack,
            product,
            price: pack.map_or_else(|| PRICE_UNKNOWN.to_owned(), |pack| pack.price.clone()),
            paid: self.paid,
            refunded_minor: 0,
            charged_at: self.charged_at,
            period_starts_at: None,
            period_ends_at: None,
            lot: LotId::NONE,
            credits: pack.map_or(Credits::ZERO, |pack| pack.credits),
            landed_at: now,
            policy: Some(PolicyRef { document: document.id.clone(), version: document.version.clone() }),
            buyer: self.buyer,
            disputes: Vec::new(),
            downloads: 0,
        })
    }
}

/// Keeps leads. Every method is one round trip.
pub trait LeadStore: LedgerStore {
    /// Notes a lead, and says whether it is new; one that is noted already stays as it is.
    fn note(&self, lead: &Lead) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// A lead by its id.
    fn lead(&self, id: &RefundRequestId) -> impl Future<Output = Result<Option<Lead>, Self::Error>> + Send;

    /// Keeps a lead that has its request as a record, which is never due again.
    fn keep(&self, lead: &Lead) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets a lead.
    fn forget(&self, id: &RefundRequestId) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Lead {
    /// Its id, which is that of the request that it opens.
    pub fn id(&self) -> RefundRequestId {
        match &self.about {
            About::Uncredited(uncredited) => Self::id_of_uncredited(&self.account, &uncredited.payment),
            // Spaces keep these apart from customers' idempotency keys, which have none.
            About::Payment { payment, reason } => {
                request_id(&self.account, &format!("{} {payment}", reason.id()))
            }
            About::Ending { generation, .. } => {
                request_id(&self.account, &format!("generation {generation}"))
            }
        }
    }

    /// The id of the lead about a payment whose credits have not landed.
    pub fn id_of_uncredited(account: &AccountId, payment: &PaymentId) -> RefundRequestId {
        request_id(account, &format!("uncredited {payment}"))
    }

    /// Why its request is filed.
    pub fn reason(&self) -> Reason {
        match &self.about {
            About::Uncredited(_) => Reason::CreditsMissing,
            About::Payment { reason, .. } => *reason,
            About::Ending { .. } => Reason::GenerationFailed,
        }
    }

    /// The payment that it is about.
    pub fn payment(&self) -> Option<&PaymentId> {
        match &self.about {
            About::Uncredited(Uncredited { payment, .. }) | About::Payment { payment, .. } => Some(payment),
            About::Ending { .. } => None,
        }
    }

    /// The purchase without credits that it is about.
    pub fn uncredited(&self) -> Option<&Uncredited> {
        match &self.about {
            About::Uncredited(uncredited) => Some(uncredited),
            About::Payment { .. } | About::Ending { .. } => None,
        }
    }

    /// What its request says in words.
    pub fn note(&self) -> String {
        let what = match &self.about {
            About::Uncredited(_) => "the purchase is paid, and its credits did not land in time".to_owned(),
            About::Payment { reason: Reason::DuplicatePayment, .. } => {
                "the same price was paid twice within a short time".to_owned()
            }
            About::Payment { reason: Reason::ChargedAfterCancellation, .. } => {
                "the charge came after the cancellation was confirmed".to_owned()
            }
            About::Payment { reason: Reason::WrongPlanCharged, .. } => {
                "the plan that was charged is not the one that the checkout ordered".to_owned()
            }
            About::Payment { reason, .. } => format!("the records point to `{}`", reason.id()),
            About::Ending { generation: _, kind, code } => {
                let code = code.as_deref().map(|code| format!(", code `{code}`")).unwrap_or_default();
                format!("the generation was reported as {}{code}", kind.id())
            }
        };
        format!("Opened by itself: {what}.")
    }

    /// Who files its request.
    pub fn actor(&self) -> Actor {
        match &self.about {
            About::Uncredited(_) | About::Payment { .. } => Actor::Schedule,
            About::Ending { .. } => Actor::Policy,
        }
    }
}

/// The document that promises the credits of a purchase in time, and when that promise runs out. Where it is
/// not known what was bought, the earliest promise of all counts.
pub fn credit_promise<'d>(
    documents: &'d Documents,
    product: Option<&str>,
    charged_at: Timestamp,
) -> Option<(&'d Document, Timestamp)> {
    let of = |product: &str| {
        let document = documents.in_force(product, charged_at.as_ms()).document()?;
        let clocks = document.clocks.iter().filter(|clock| clock.starts == ClockStart::PaymentCharged);
        let due_ms = clocks.filter_map(|clock| document.deadline(clock, charged_at.as_ms())).min()?;
        Some((document, Timestamp::from_ms(due_ms).ok()?))
    };
    if let Some(product) = product {
        return of(product);
    }
    let products = documents.iter().flat_map(|document| &document.products);
    products.filter_map(|product| of(product)).min_by_key(|(_, due_at)| *due_at)
}
