//! Packs that are paid and whose credits have not landed: the promise of an hour (`S2-21`) runs for each.
//!
//! The webhook notes a purchase when its event cannot be applied; the sweep looks at it when the hour is
//! over. Credits that landed meanwhile settle it. Otherwise the customer has a case without asking for one:
//! they choose between the credits and their money.

use std::future::Future;

use ledger::{AccountId, Actor, LedgerStore, Money, PaymentId, ProductId, Timestamp};
use policy::{ClockStart, Document, Documents, Fact, FactError, Facts, Reason, decide};

use crate::{Case, Request, fingerprint, request_id};

/// A pack that is paid and not on the balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncredited {
    /// The payment.
    pub payment: PaymentId,
    /// Whose.
    pub account: AccountId,
    /// What was bought, where the event says so.
    pub product: Option<ProductId>,
    /// What was paid.
    pub paid: Money,
    /// When it was charged.
    pub charged_at: Timestamp,
    /// When the promise runs out.
    pub due_at: Timestamp,
}

/// Keeps purchases that are paid and not credited. Every method is one round trip.
pub trait UncreditedStore: LedgerStore {
    /// Notes a purchase; one that is noted already stays as it is.
    fn note_uncredited(&self, noted: &Uncredited) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// A noted purchase.
    fn uncredited(
        &self,
        payment: &PaymentId,
    ) -> impl Future<Output = Result<Option<Uncredited>, Self::Error>> + Send;

    /// Forgets a purchase that is credited, or has its case.
    fn settle_uncredited(&self, payment: &PaymentId) -> impl Future<Output = Result<(), Self::Error>> + Send;
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

impl Uncredited {
    /// The request that opens itself at `now`; the same for every try of it.
    pub fn open(&self, document: &Document, now: Timestamp) -> Result<Request, FactError> {
        let facts = self.facts(now)?;
        let case = Case {
            payment: Some(self.payment.clone()),
            generation: None,
            reason: Reason::CreditsMissing,
            note: "Opened by itself: the purchase is paid, and its credits did not land in time.".to_owned(),
            fingerprint: fingerprint(&["uncredited", self.payment.as_str()]),
            decision: decide(document, &facts, Reason::CreditsMissing, now.as_ms()),
            facts,
        };
        // The space keeps it apart from customers' idempotency keys, which have none.
        let id = request_id(&self.account, &format!("uncredited {}", self.payment));
        let mut request = Request::open((id, self.account.clone()), Actor::Schedule, case, document, now);
        request.keep_time(Some(document));
        Ok(request)
    }

    /// What is recorded. Nobody has to be asked for what the records name.
    fn facts(&self, now: Timestamp) -> Result<Facts, FactError> {
        let mut facts = Facts::new();
        facts.set(Fact::RequestedAt, now.as_ms())?;
        for given in [Fact::EmailGiven, Fact::OrderIdGiven, Fact::NoteGiven, Fact::PaymentNamed] {
            facts.set(given, true)?;
        }
        facts.set(Fact::GenerationNamed, false)?;
        facts.set(Fact::PaymentChargedAt, self.charged_at.as_ms())?;
        facts.set(Fact::PaymentKind, "pack")?;
        facts.set_quantity(Fact::AmountPaid, self.paid.minor())?;
        facts.set_quantity(Fact::AmountRefunded, 0)?;
        facts.set(Fact::Currency, self.paid.currency().as_str())?;
        facts.set(Fact::CreditsLanded, false)?;
        if let Some(product) = &self.product {
            facts.set(Fact::Product, product.as_str())?;
        }
        Ok(facts)
    }
}
