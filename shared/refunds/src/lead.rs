//! Leads: likely cases that no customer has filed. Any function that spots one notes it on cheap evidence.
//! The sweep looks at it when it is due, assesses it from the records, and opens the customer's request if
//! they support it.
//!
//! A lead names the request that it opens: every look at it, however late or often, opens the same request,
//! and it is forgotten after that request is saved. What Stripe reports of a dispute, a fraud warning or an
//! outside refund brings that request up to date, report by report.

use std::future::Future;

use ledger::{
    AccountId, Actor, Buyer, Credits, GenerationId, LedgerStore, LotId, Money, Payment, PaymentId,
    PaymentKind, ProductId, Provider, RefundRequestId, SubscriptionId, Timestamp,
};
use policy::{Document, Documents, FailureKind, Reason, ServiceLevelStart};

use crate::{Occasion, policy_ref, request_id};

/// The price's id of a purchase whose event names no price of the catalogue.
const PRICE_UNKNOWN: &str = "unknown";

/// What may be a case, and when it is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    pub account: AccountId,
    /// What it is about.
    pub subject: LeadSubject,
    /// From when on the promises of its request count.
    pub since: Timestamp,
    /// When the sweep looks at it, the first time or again.
    pub due_at: Option<Timestamp>,
}

/// What a lead is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeadSubject {
    /// A purchase that is paid and not on the balance (`S2-21`).
    Uncredited(UncreditedPurchase),
    /// A payment that may be a billing error.
    Payment {
        payment: PaymentId,
        /// The error.
        reason: Reason,
    },
    /// A generation whose ending a person decides (`S2-5`, `S2-6`).
    Ending {
        generation: GenerationId,
        /// How its service said that it failed.
        kind: FailureKind,
        /// The provider's or the service's own code.
        code: Option<String>,
    },
    /// What Stripe reported of a payment.
    Reported {
        payment: PaymentId,
        /// What it is about.
        occasion: Occasion,
        /// What the report says of it.
        reported: Reported,
    },
}

/// What one report says of an [`Occasion`], as far as no record of the payment keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reported {
    /// A dispute, by the place of the report among those of the dispute ([`ledger::Dispute::order`]).
    Dispute { order: Timestamp },
    /// A fraud warning.
    FraudWarning {
        /// The kind of fraud, as Stripe names it.
        kind: Option<String>,
        /// Whether the payment is neither disputed nor refunded as a whole, as Stripe says.
        actionable: bool,
    },
    /// A refund without a request.
    OutsideRefund {
        /// What it gave back of the payment, in minor units.
        minor: u64,
        /// Whether it failed since.
        failed: bool,
    },
}

/// A purchase that is paid and not on the balance: a pack, a period of a plan, or what nobody could read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncreditedPurchase {
    pub payment: PaymentId,
    /// What was bought, where the event says so.
    pub product: Option<ProductId>,
    /// The pack, where the event names a pack of the catalogue.
    pub pack: Option<Pack>,
    /// The subscription's charge that it is; `None` for what is sold once.
    pub charge: Option<Charge>,
    pub paid: Money,
    pub charged_at: Timestamp,
    /// Who bought it, as far as the event says.
    pub buyer: Buyer,
}

/// A charge of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub subscription: SubscriptionId,
    /// Stripe's `billing_reason`, as it was.
    pub billing_reason: String,
    /// The first and the last instant of the period, where the event says them.
    pub period: Option<(Timestamp, Timestamp)>,
}

/// A pack of the price catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// Stripe's price.
    pub price: String,
    pub credits: Credits,
}

impl UncreditedPurchase {
    /// The payment as it is recorded when the credits land, or the money goes back, under `document`.
    pub fn payment(&self, account: &AccountId, document: &Document, now: Timestamp) -> Option<Payment> {
        let product = self.product.clone().or_else(|| ProductId::new(document.products.first()?).ok())?;
        Some(self.payment_of(account, product, document, now))
    }

    /// The payment as one of `product`, which a person names if the records do not.
    pub fn payment_of(
        &self,
        account: &AccountId,
        product: ProductId,
        document: &Document,
        now: Timestamp,
    ) -> Payment {
        let pack = self.pack.as_ref();
        let charge = self.charge.as_ref();
        let period = charge.and_then(|charge| charge.period);
        Payment {
            id: self.payment.clone(),
            account: account.clone(),
            kind: self.kind(),
            product,
            price: pack.map_or_else(|| PRICE_UNKNOWN.to_owned(), |pack| pack.price.clone()),
            paid: self.paid,
            refunded_minor: 0,
            from_balance_minor: 0,
            to_balance_minor: 0,
            of_change: false,
            charged_at: self.charged_at,
            period_starts_at: period.map(|(starts_at, _)| starts_at),
            period_ends_at: period.map(|(_, ends_at)| ends_at),
            lot: LotId::NONE,
            credits: pack.map_or(Credits::ZERO, |pack| pack.credits),
            further: None,
            landed_at: now,
            policy: Some(policy_ref(document)),
            buyer: self.buyer,
            names: Vec::new(),
            disputes: Vec::new(),
            downloads: 0,
            uncounted: false,
            provider: Provider::Stripe,
        }
    }

    pub fn kind(&self) -> PaymentKind {
        match &self.charge {
            Some(charge) => PaymentKind::Subscription {
                subscription: charge.subscription.clone(),
                billing_reason: charge.billing_reason.clone(),
            },
            None => PaymentKind::Pack,
        }
    }
}

/// Keeps leads. Every method is one round trip.
pub trait LeadStore: LedgerStore {
    /// Notes a lead, and says whether it is new; one that is noted already stays as it is.
    fn note(&self, lead: &Lead) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    fn lead(&self, id: &RefundRequestId) -> impl Future<Output = Result<Option<Lead>, Self::Error>> + Send;

    /// Keeps a lead that has its request as a record, in place of what is stored of it.
    fn keep(&self, lead: &Lead) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Forgets a lead.
    fn forget(&self, id: &RefundRequestId) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Lead {
    /// The id of its item: each report of Stripe's has its own, so that none is taken for one that the sweep
    /// has looked at. Of every other lead it is that of the request that it opens.
    pub fn id(&self) -> RefundRequestId {
        let LeadSubject::Reported { payment, occasion, reported } = &self.subject else {
            return self.request();
        };
        let place = match reported {
            Reported::Dispute { order } => order.as_ms().to_string(),
            Reported::FraudWarning { actionable, .. } => format!("actionable {actionable}"),
            Reported::OutsideRefund { failed, .. } => format!("failed {failed}"),
        };
        request_id(&self.account, &format!("report {} {payment} {place}", occasion.id()))
    }

    /// The id of the request that it opens.
    pub fn request(&self) -> RefundRequestId {
        match &self.subject {
            LeadSubject::Uncredited(uncredited) => Self::id_of_uncredited(&self.account, &uncredited.payment),
            // Spaces keep these apart from customers' idempotency keys, which have none.
            LeadSubject::Payment { payment, reason } => {
                request_id(&self.account, &format!("{} {payment}", reason.as_str()))
            }
            LeadSubject::Ending { generation, .. } => {
                request_id(&self.account, &format!("generation {generation}"))
            }
            LeadSubject::Reported { payment, occasion, .. } => {
                request_id(&self.account, &format!("about {} {payment}", occasion.id()))
            }
        }
    }

    /// The id of the request about the appeal against a dispute that was lost: a case of its own.
    pub fn request_of_appeal(&self) -> RefundRequestId {
        request_id(&self.account, &format!("appeal of {}", self.request()))
    }

    /// What it is about, where Stripe reported it.
    pub fn occasion(&self) -> Option<&Occasion> {
        match &self.subject {
            LeadSubject::Reported { occasion, .. } => Some(occasion),
            LeadSubject::Uncredited(_) | LeadSubject::Payment { .. } | LeadSubject::Ending { .. } => None,
        }
    }

    /// The id of the lead about a payment whose credits have not landed.
    pub fn id_of_uncredited(account: &AccountId, payment: &PaymentId) -> RefundRequestId {
        request_id(account, &format!("uncredited {payment}"))
    }

    /// Why its request is filed.
    pub fn reason(&self) -> Reason {
        match &self.subject {
            LeadSubject::Uncredited(_) => Reason::CreditsMissing,
            LeadSubject::Payment { reason, .. } => *reason,
            LeadSubject::Ending { .. } => Reason::GenerationFailed,
            LeadSubject::Reported { occasion, .. } => occasion.reason(),
        }
    }

    /// The payment that it is about.
    pub fn payment(&self) -> Option<&PaymentId> {
        match &self.subject {
            LeadSubject::Uncredited(UncreditedPurchase { payment, .. })
            | LeadSubject::Payment { payment, .. }
            | LeadSubject::Reported { payment, .. } => Some(payment),
            LeadSubject::Ending { .. } => None,
        }
    }

    /// The purchase without credits that it is about.
    pub fn uncredited(&self) -> Option<&UncreditedPurchase> {
        match &self.subject {
            LeadSubject::Uncredited(uncredited) => Some(uncredited),
            LeadSubject::Payment { .. } | LeadSubject::Ending { .. } | LeadSubject::Reported { .. } => None,
        }
    }

    /// What its request says in words.
    pub fn note(&self) -> String {
        let what = match &self.subject {
            LeadSubject::Uncredited(_) => {
                "the purchase is paid, and its credits did not land in time".to_owned()
            }
            LeadSubject::Payment { reason: Reason::DuplicatePayment, .. } => {
                "the same price was paid twice within a short time".to_owned()
            }
            LeadSubject::Payment { reason: Reason::ChargedAfterCancellation, .. } => {
                "the charge came after the cancellation was confirmed".to_owned()
            }
            LeadSubject::Payment { reason: Reason::WrongPlanCharged, .. } => {
                "the plan that was charged is not the one that the checkout ordered".to_owned()
            }
            LeadSubject::Payment { reason, .. } => format!("the records point to `{}`", reason.as_str()),
            LeadSubject::Ending { generation: _, kind, code } => {
                let code = code.as_deref().map(|code| format!(", code `{code}`")).unwrap_or_default();
                format!("the generation was reported as {}{code}", kind.as_str())
            }
            LeadSubject::Reported { occasion, .. } => match occasion {
                Occasion::Dispute(_) => {
                    "the cardholder's bank disputes the payment, or asks about it".to_owned()
                }
                Occasion::FraudWarning(_) => {
                    "the card's issuer warns that the payment may be fraudulent".to_owned()
                }
                Occasion::OutsideRefund(_) => "the payment was refunded without a request".to_owned(),
            },
        };
        format!("Opened by itself: {what}.")
    }

    /// Who files its request.
    pub fn actor(&self) -> Actor {
        match &self.subject {
            LeadSubject::Uncredited(_) | LeadSubject::Payment { .. } => Actor::Schedule,
            LeadSubject::Ending { .. } => Actor::Policy,
            LeadSubject::Reported { .. } => Actor::Provider(Provider::Stripe),
        }
    }
}

/// How long a paid purchase may be without its credits where its policy promises no time, in seconds: the
/// shortest time that a policy promises (`S2-21`), which is a fair one for every customer.
const CREDITS_WITHIN_S: u64 = 3_600;

/// The document that a purchase without credits falls under, and when its case opens: at the end of the
/// promise that the document gives, or else one hour after the charge. Where it is not known what was bought,
/// the earliest promise of all counts, or else any document that was in force.
pub fn credit_promise<'d>(
    documents: &'d Documents,
    product: Option<&str>,
    charged_at: Timestamp,
) -> Option<(&'d Document, Timestamp)> {
    let of = |product: &str| {
        let document = documents.in_force(product, charged_at.as_ms()).document()?;
        let clocks =
            document.service_levels.iter().filter(|clock| clock.starts == ServiceLevelStart::PaymentCharged);
        let due_ms = clocks.filter_map(|clock| document.deadline(clock, charged_at.as_ms())).min()?;
        Some((document, Timestamp::from_ms(due_ms).ok()?))
    };
    let unpromised = |product: &str| {
        let document = documents.in_force(product, charged_at.as_ms()).document()?;
        Some((document, charged_at.plus_s(CREDITS_WITHIN_S).ok()?))
    };
    if let Some(product) = product {
        return of(product).or_else(|| unpromised(product));
    }
    let products = || documents.iter().flat_map(|document| &document.products);
    let promised = products().filter_map(|product| of(product)).min_by_key(|(_, due_at)| *due_at);
    promised.or_else(|| products().find_map(|product| unpromised(product)))
}
