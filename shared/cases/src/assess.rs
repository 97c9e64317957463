//! From what is asked to what the policy says of it.

use ledger::{
    AccountId, ExecuteError, LastGeneration, LedgerStore, LotId, PastHold, Payment, ProductId, Timestamp,
};
use policy::{Decision, Document, Fact, FactError, Facts, Outcome, Reason, Recommendation, Remedy, Value};
use policy_documents::documents;
use refunds::{Case, Lead, LeadSubject, QuoteInputs, RefundStore, credit_promise, fingerprint};

use crate::facts::gather;
use crate::question::{CustomerClaims, OriginalCase, Question};
use crate::records::Records;

/// What is asked, the records that it was judged on, and the document that judged it.
#[derive(Debug)]
pub struct Assessment {
    /// What is asked, with its facts and the decision on them.
    pub case: Case,
    pub records: Records,
    /// A payment whose credits have not landed, as it would be recorded.
    pub unrecorded: Option<Payment>,
    /// The policy.
    pub document: &'static Document,
}

impl Assessment {
    /// What a quote rests on.
    pub fn standing(&self, now: Timestamp) -> QuoteInputs<'_> {
        QuoteInputs {
            document: self.document,
            payment: self.records.payment.as_ref(),
            unrecorded: self.unrecorded.as_ref(),
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
    /// The request names no product, and the records name none or several.
    #[error("the product is not known")]
    NoProduct,
    /// The request names another product than the records of its payment or its generation.
    #[error("the product is `{0}`")]
    OtherProduct(ProductId),
    /// The request names a payment that is not the account's.
    #[error("the payment is not the account's")]
    NoSuchPayment,
}

/// Reads the records and decides on them.
///
/// What is `frozen` stays as it was at submission (`S0-10`), what was not known then is added, and the
/// version that decided it decides again, unless only the answer named the payment, which then says its own
/// version (`S2-35`). `product` is what the request says it is about; without it, and without a payment or a
/// generation, the account's own purchases say it where they agree.
pub async fn assess<S: RefundStore>(
    store: &S,
    account: &AccountId,
    mut asked: Question,
    frozen: Option<OriginalCase<'_>>,
    product: Option<&ProductId>,
    now: Timestamp,
) -> Result<Assessment, CaseError<<S as LedgerStore>::Error>> {
    let mut records = Records::read(store, account, &asked).await?;
    // This reason may be about a payment that we do not know (`S2-21`). Any other request about a payment
    // that is not this account's is answered as one about no payment at all.
    let known = records.payment.is_some() || records.uncredited.is_some();
    if asked.payment.is_some() && !known && asked.reason != Reason::CreditsMissing {
        return Err(CaseError::NoSuchPayment);
    }
    asked.payment = records.payment_id().cloned().or(asked.payment);
    if let (Some(said), Some(recorded)) = (product, product_of(&records, None))
        && said != recorded
    {
        return Err(CaseError::OtherProduct(recorded.clone()));
    }
    let bought = records.product_bought();
    let frozen_product = frozen.and_then(|frozen| product_fact(&frozen.case.facts));
    let product = product.or(frozen_product.as_ref()).or(bought.as_ref());
    let product = product_of(&records, product).cloned();
    let product = product.as_ref();
    let pinned = frozen.filter(|frozen| frozen.case.payment == asked.payment).and_then(|frozen| {
        documents().version(&frozen.case.decision.document, &frozen.case.decision.version)
    });
    let document = match (pinned, product) {
        (Some(document), _) => document,
        // A purchase of an unknown product falls under the promise of credits, or under none.
        (None, None) if records.uncredited.is_none() => return Err(CaseError::NoProduct),
        (None, product) => document_for(&records, product, now).ok_or(CaseError::NoDocument)?,
    };
    let read_before = frozen.is_some_and(|frozen| frozen.case.facts.get(Fact::EarlierRequests).is_some());
    if !read_before {
        records.read_earlier(store, account, document).await.map_err(ExecuteError::Store)?;
    }
    let asked_at = frozen.map_or(now, |frozen| frozen.submitted_at);
    let mut facts = gather(&records, &asked, document, product, asked_at)?;
    if let Some(frozen) = frozen {
        facts = completed(&frozen.case.facts, &facts)?;
        // A request that named neither was about what the account had bought.
        let named = (&frozen.case.payment, &frozen.case.generation) != (&asked.payment, &asked.generation);
        if let Some(product) = product.filter(|_| named) {
            facts.set(Fact::Product, product.as_str())?;
        }
    }
    let mut decision = policy::decide(document, &facts, asked.reason, now.as_ms());
    if !can_be_carried_out(&decision, &asked, &records) || brought_nothing(&asked, &records) {
        decision = decision.left_to_a_person();
    }
    let case = asked.decided(facts, decision);
    let unrecorded = records.unrecorded(account, document, now);
    Ok(Assessment { case, records, unrecorded, document })
}

/// Assesses a lead from the records; `None` if they do not support it.
///
/// The lead is judged like a request that was filed when the lead was noted. What the policy has sent to a
/// person stays with a person: what the rules would do by themselves is advice.
pub async fn assess_lead<S: RefundStore>(
    store: &S,
    lead: &Lead,
    now: Timestamp,
) -> Result<Option<Assessment>, CaseError<<S as LedgerStore>::Error>> {
    let (generation, ending) = match &lead.subject {
        LeadSubject::Ending { generation, kind, .. } => (Some(generation.clone()), Some(*kind)),
        LeadSubject::Uncredited(_) | LeadSubject::Payment { .. } => (None, None),
        LeadSubject::Reported { .. } => return Ok(None),
    };
    let asked = Question {
        occasion: None,
        reason: lead.reason(),
        payment: lead.payment().cloned(),
        generation,
        note: lead.note(),
        fingerprint: fingerprint(&[lead.id().as_str()]),
        said: CustomerClaims { by_itself: true, ending, ..CustomerClaims::default() },
    };
    let mut records = Records::read(store, &lead.account, &asked).await?;
    if records.payment.is_none() && records.uncredited.is_none() && generated(&records).is_none() {
        return Ok(None);
    }
    let document = document_for(&records, None, now).ok_or(CaseError::NoDocument)?;
    records.read_earlier(store, &lead.account, document).await.map_err(ExecuteError::Store)?;
    let facts = gather(&records, &asked, document, product_of(&records, None), lead.since)?;
    if !bears_out(lead, &records, &facts) {
        return Ok(None);
    }
    let mut decision = policy::decide(document, &facts, asked.reason, now.as_ms());
    if ending.is_some() {
        decision.outcome = Outcome::Person { recommendation: advised(decision.outcome) };
    } else if !can_be_carried_out(&decision, &asked, &records) {
        decision = decision.left_to_a_person();
    }
    let case = asked.decided(facts, decision);
    let unrecorded = records.unrecorded(&lead.account, document, now);
    Ok(Some(Assessment { case, records, unrecorded, document }))
}

/// Whether the records say what the lead suspects, and something of it is left to refund.
fn bears_out(lead: &Lead, records: &Records, facts: &Facts) -> bool {
    let holds = |fact| facts.get(fact) == Some(&true.into());
    let left = || {
        let payment = records.payment.as_ref();
        payment.is_some_and(|payment| payment.refundable().is_ok_and(|left| !left.is_zero()))
    };
    match &lead.subject {
        LeadSubject::Uncredited(_) => records.payment.is_none() && records.uncredited.is_some(),
        LeadSubject::Payment { reason: Reason::DuplicatePayment, .. } => {
            left() && holds(Fact::DuplicateOfPayment)
        }
        LeadSubject::Payment { reason: Reason::ChargedAfterCancellation, .. } => {
            let (subscription, payment) = (records.subscription.as_ref(), records.payment.as_ref());
            let was_over = subscription.zip(payment).is_some_and(|(subscription, payment)| {
                subscription.was_over_at(payment.charged_at, payment.period_starts_at)
            });
            let renewal = facts.get(Fact::BillingReason) == Some(&"subscription_cycle".into());
            left() && renewal && was_over
        }
        LeadSubject::Payment { reason: Reason::WrongPlanCharged, .. } => {
            let (paid, ordered) = (facts.get(Fact::PlanPaid), facts.get(Fact::PlanOrdered));
            left() && paid.is_some() && ordered.is_some() && paid != ordered
        }
        LeadSubject::Payment { .. } | LeadSubject::Reported { .. } => false,
        LeadSubject::Ending { .. } => {
            // A case about credits that are back needs no person.
            let past = records.history.as_ref().and_then(|history| history.past.as_ref());
            past.is_some_and(|past| !matches!(past.last, LastGeneration::Released | LastGeneration::Closed))
        }
    }
}

/// What the rules would do, as advice to a person.
fn advised(outcome: Outcome) -> Option<Recommendation> {
    match outcome {
        Outcome::Grant { remedy } => Some(Recommendation::Grant { remedy }),
        Outcome::Refuse => Some(Recommendation::Refuse),
        Outcome::Person { recommendation } => recommendation,
        Outcome::NeedsInformation { .. } => None,
    }
}

/// The facts of the submission with those that were not known then. Of what was known, only that something
/// had not been given is taken back.
fn completed(frozen: &Facts, gathered: &Facts) -> Result<Facts, FactError> {
    const GIVEN: [Fact; 11] = [
        Fact::PromptGiven,
        Fact::ModelGiven,
        Fact::FailureTimeGiven,
        Fact::ErrorMessageGiven,
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

/// The product among frozen facts.
fn product_fact(facts: &Facts) -> Option<ProductId> {
    match facts.get(Fact::Product) {
        Some(Value::Text(product)) => ProductId::new(product.as_str()).ok(),
        _ => None,
    }
}

/// The product that the records name, or `other`; `None` for a purchase of an unknown product.
fn product_of<'r>(records: &'r Records, other: Option<&'r ProductId>) -> Option<&'r ProductId> {
    if let Some(payment) = &records.payment {
        return Some(&payment.product);
    }
    if let Some(uncredited) = &records.uncredited {
        return uncredited.product.as_ref();
    }
    generated(records).map(|past| &past.hold.product).or(other)
}

fn generated(records: &Records) -> Option<&PastHold> {
    records.history.as_ref().and_then(|history| history.past.as_ref())
}

/// The version that the payment pinned; for one from before the first version, or for none, the version in
/// force, which itself sends undated and earlier payments to a person (`S2-35`, `S2-1`). A purchase without
/// credits falls under the version that promised them, a generation under that of its hold.
pub(crate) fn document_for(
    records: &Records,
    other: Option<&ProductId>,
    now: Timestamp,
) -> Option<&'static Document> {
    let product = product_of(records, other);
    if let (None, Some(uncredited)) = (&records.payment, &records.uncredited) {
        let promise = credit_promise(documents(), product.map(ProductId::as_str), uncredited.charged_at);
        if let Some((document, _)) = promise {
            return Some(document);
        }
    }
    let pinned = records.payment.as_ref().and_then(|payment| payment.policy.as_ref());
    let pinned = pinned.and_then(|policy| documents().version(&policy.document, &policy.version));
    let at = generated(records).filter(|_| records.payment.is_none()).map_or(now, |past| past.hold.held_at);
    pinned.or_else(|| documents().in_force(product?.as_str(), at.as_ms()).document())
}

/// Whether a request with another reason is about a purchase whose credits never landed: rules about what a
/// purchase brought do not judge it, and the person who settles it has all means of that case.
fn brought_nothing(asked: &Question, records: &Records) -> bool {
    asked.reason != Reason::CreditsMissing && records.payment.is_none() && records.uncredited.is_some()
}

/// Whether something is recorded that the machine can carry the decision out on. Credits that have landed
/// since their absence was asked about may be spent, and the money of a purchase may have moved without a
/// record, which the facts of the submission do not say: a person decides.
fn can_be_carried_out(decision: &Decision, asked: &Question, records: &Records) -> bool {
    let landed = records.payment.as_ref().is_some_and(|payment| payment.lot != LotId::NONE);
    if (landed && asked.reason == Reason::CreditsMissing || records.moved) && granted(decision).is_some() {
        return false;
    }
    match granted(decision) {
        Some(Remedy::Money { .. }) => records.payment.is_some() || records.uncredited.is_some(),
        Some(Remedy::Credits { .. }) => asked.generation.is_some() || records.uncredited.is_some(),
        Some(Remedy::Discount(_)) | None => true,
    }
}
