//! From what is asked to what the policy says of it.

use ledger::{
    AccountId, ExecuteError, GenerationId, LedgerStore, PaymentId, PolicyRef, ProductId, Timestamp,
};
use policy::{Decision, Document, FactError, Outcome, Reason, Remedy};
use policy_documents::documents;
use refunds::{Case, Stores};

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

/// Reads the records and decides on them. `product` is what a request is about that names neither a payment
/// nor a generation.
pub async fn assess<S: Stores>(
    store: &S,
    account: &AccountId,
    asked: Asked,
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
    let document = document_for(&records, product, now).ok_or(CaseError::NoDocument)?;
    let facts = gather(&records, &asked, document, product, now)?;
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

/// The policy as entries name it.
pub fn policy_ref(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}

/// What the machine grants.
pub fn granted(decision: &Decision) -> Option<&Remedy> {
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
