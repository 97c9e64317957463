//! From what is asked to what the policy says of it.

use ledger::{AccountId, ExecuteError, GenerationId, LedgerStore, PaymentId, ProductId, Timestamp};
use policy::{Decision, Document, Fact, FactError, Facts, Outcome, Reason, Remedy};
use policy_documents::documents;
use refunds::{Case, Standing, Stores};

use crate::facts::{Said, gather};
use crate::records::Records;

/// What is asked, by a customer, by a person in the customer's name, or by the records themselves.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Why.
    pub reason: Reason,
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// The generation that it is about.
    pub generation: Option<GenerationId>,
    /// In the customer's own words.
    pub note: String,
    /// [`refunds::fingerprint`] of what was asked.
    pub fingerprint: [u8; 32],
    /// What facts rest on that no record holds.
    pub said: Said,
}

/// What is asked, the records that it was judged on, and the document that judged it.
#[derive(Debug)]
pub struct Assessment {
    /// What is asked, with its facts and the decision on them.
    pub case: Case,
    /// The records.
    pub records: Records,
    /// The policy.
    pub document: &'static Document,
}

impl Assessment {
    /// What a quote rests on.
    pub fn standing(&self, now: Timestamp) -> Standing<'_> {
        Standing {
            document: self.document,
            payment: self.records.payment.as_ref(),
            subscription: self.records.subscription.as_ref(),
            head: self.records.head.as_ref(),
            now,
        }
    }
}

/// Why a case was not assessed.
#[derive(Debug, thiserror::Error)]
pub enum CaseError<E: std::error::Error + 'static> {
    /// The records could not be read.
    #[error("records could not be read")]
    Records(#[from] ExecuteError<E>),
    /// A record holds what no fact can be.
    #[error("a record is not a fact")]
    Fact(#[from] FactError),
    /// No policy document covers the product.
    #[error("no policy document covers the product")]
    NoDocument,
    /// The request names a payment that is not the account's.
    #[error("the payment is not the account's")]
    NoSuchPayment,
}

/// What was asked and decided before, where an answer completes it.
#[derive(Debug, Clone, Copy)]
pub struct Frozen<'request> {
    /// What was asked, with its facts and the decision on them.
    pub case: &'request Case,
    /// When.
    pub submitted_at: Timestamp,
}

/// Reads the records and decides on them.
///
/// What is `frozen` stays as it was at submission (`S0-10`), what was not known then is added, and the
/// version that decided it decides again, unless only the answer named the payment, which then says its own
/// version (`S2-35`). `product` is what a request is about that names neither a payment nor a generation.
pub async fn assess<S: Stores>(
    store: &S,
    account: &AccountId,
    asked: Asked,
    frozen: Option<Frozen<'_>>,
    product: &ProductId,
    now: Timestamp,
) -> Result<Assessment, CaseError<<S as LedgerStore>::Error>> {
    let records = Records::read(store, account, &asked).await?;
    // A payment that never became credits is what this reason is about (`S2-21`); any other request about a
    // payment that is not this account's is answered as one about no payment at all.
    if asked.payment.is_some() && records.payment.is_none() && asked.reason != Reason::CreditsMissing {
        return Err(CaseError::NoSuchPayment);
    }
    let product = product_of(&records, product);
    let pinned = frozen.filter(|frozen| frozen.case.payment == asked.payment).and_then(|frozen| {
        documents().version(&frozen.case.decision.document, &frozen.case.decision.version)
    });
    let document = pinned.or_else(|| document_for(&records, product, now)).ok_or(CaseError::NoDocument)?;
    let asked_at = frozen.map_or(now, |frozen| frozen.submitted_at);
    let mut facts = gather(&records, &asked, document, product, asked_at)?;
    if let Some(frozen) = frozen {
        facts = completed(&frozen.case.facts, &facts)?;
        // A request that named neither was about the deployment's own product.
        if (&frozen.case.payment, &frozen.case.generation) != (&asked.payment, &asked.generation) {
            facts.set(Fact::Product, product.as_str())?;
        }
    }
    let mut decision = policy::decide(document, &facts, asked.reason, now.as_ms());
    if !can_be_carried_out(&decision, &asked, &records) {
        decision = decision.left_to_a_person();
    }
    let case = Case {
        payment: asked.payment,
        generation: asked.generation,
        reason: asked.reason,
        note: asked.note,
        fingerprint: asked.fingerprint,
        facts,
        decision,
    };
    Ok(Assessment { case, records, document })
}

/// The facts of the submission with those that were not known then. Of what was known, only that something
/// had not been given is taken back.
fn completed(frozen: &Facts, gathered: &Facts) -> Result<Facts, FactError> {
    const GIVEN: [Fact; 7] = [
        Fact::EmailGiven,
        Fact::OrderIdGiven,
        Fact::NoteGiven,
        Fact::PurchaseDateGiven,
        Fact::RequestedFromAccount,
        Fact::PaymentNamed,
        Fact::GenerationNamed,
    ];
    let mut facts = frozen.clone();
    for (fact, value) in gathered.iter() {
        let given = GIVEN.contains(&fact) && *value == true.into();
        if frozen.get(fact).is_none() || given {
            facts.set(fact, value.clone())?;
        }
    }
    Ok(facts)
}

/// What the machine grants.
fn granted(decision: &Decision) -> Option<&Remedy> {
    match &decision.outcome {
        Outcome::Grant { remedy } => Some(remedy),
        Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => None,
    }
}

fn product_of<'r>(records: &'r Records, product: &'r ProductId) -> &'r ProductId {
    let generated = records.history.as_ref().and_then(|history| history.past.as_ref());
    let of_payment = records.payment.as_ref().map(|payment| &payment.product);
    of_payment.or_else(|| generated.map(|past| &past.hold.product)).unwrap_or(product)
}

/// The version that the payment pinned; for one from before the first version, or for none, the version in
/// force, which itself sends undated and earlier payments to a person (`S2-35`, `S2-1`).
fn document_for(records: &Records, product: &ProductId, now: Timestamp) -> Option<&'static Document> {
    let pinned = records.payment.as_ref().and_then(|payment| payment.policy.as_ref());
    let pinned = pinned.and_then(|policy| documents().version(&policy.document, &policy.version));
    pinned.or_else(|| documents().in_force(product.as_str(), now.as_ms()).document())
}

/// Whether something is recorded that the machine can carry the decision out on.
fn can_be_carried_out(decision: &Decision, asked: &Asked, records: &Records) -> bool {
    match granted(decision) {
        Some(Remedy::Money { .. }) => records.payment.is_some(),
        Some(Remedy::Credits { .. }) => asked.generation.is_some(),
        None => true,
    }
}
