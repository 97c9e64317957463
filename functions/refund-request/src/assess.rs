//! From what is asked to what the policy says of it: the same for a preview, a submission and an answer.
//!
//! The payment comes first, by one read beside the caller's own; everything else that facts are read from
//! follows at once. So an assessment is two round trips, whatever it is about.

use lambda::http::{Problem, ProblemKind};
use ledger::{AccountId, Payment, PaymentKind, ProductId, Timestamp, find_hold};
use policy::{Decision, Document, Fact, FactError, Facts, Outcome, Reason, Remedy};
use policy_documents::documents;
use refunds::{Case, Standing, Stores};

use crate::body::{Asked, ChosenRemedy};
use crate::facts::{Claims, Records, gather};
use crate::{RefundRequests, not_carried_out, store_failed};

/// What is asked, the records that it was judged on, and the document that judged it.
pub(crate) struct Assessment {
    pub(crate) case: Case,
    pub(crate) records: Records,
    pub(crate) document: &'static Document,
}

impl Assessment {
    /// What a quote rests on.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing<'_> {
        Standing {
            document: self.document,
            payment: self.records.payment.as_ref(),
            subscription: self.records.subscription.as_ref(),
            head: self.records.head.as_ref(),
            now,
        }
    }
}

/// What was asked and decided before, where an answer completes it.
pub(crate) struct Frozen<'request> {
    pub(crate) case: &'request Case,
    pub(crate) submitted_at: Timestamp,
}

/// Reads the payment that is asked about.
pub(crate) async fn payment_of<S: Stores>(store: &S, asked: &Asked) -> Result<Option<Payment>, Problem> {
    match &asked.payment {
        Some(payment) => store.payment(payment).await.map_err(store_failed),
        None => Ok(None),
    }
}

/// Reads the other records, and decides on all of them. What is `frozen` stays as it was at submission
/// (`S0-10`), and the version that decided it decides again.
pub(crate) async fn assess<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    asked: Asked,
    payment: Option<Payment>,
    frozen: Option<Frozen<'_>>,
    now: Timestamp,
) -> Result<Assessment, Problem> {
    let payment = payment.filter(|payment| &payment.account == account);
    // A payment that never became credits is what this reason is about (`S2-21`); any other request about a
    // payment that is not this account's is answered as one about no payment at all.
    if asked.payment.is_some() && payment.is_none() && asked.reason != Reason::CreditsMissing {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let records = read(app, account, &asked, payment).await?;
    let asked_at = frozen.as_ref().map_or(now, |frozen| frozen.submitted_at);
    let mut facts = gather(&records, claims(&asked), asked_at).map_err(Problem::internal)?;
    facts
        .set(Fact::PurchaseDateGiven, asked.payment.is_some() || asked.purchase_date.is_some())
        .map_err(Problem::internal)?;
    if let Some(frozen) = &frozen {
        facts = completed(&frozen.case.facts, &facts).map_err(Problem::internal)?;
    }
    let pinned = frozen.filter(|frozen| frozen.case.payment == asked.payment).and_then(|frozen| {
        documents().version(&frozen.case.decision.document, &frozen.case.decision.version)
    });
    let document = match pinned {
        Some(document) => document,
        None => document_for(&records, &app.product, now)?,
    };
    let mut decision = policy::decide(document, &facts, asked.reason, now.as_ms());
    if !can_be_carried_out(&decision, &asked, &records) {
        decision = decision.left_to_a_person();
    }
    let fingerprint = asked.fingerprint();
    let case = Case {
        payment: asked.payment,
        generation: asked.generation,
        reason: asked.reason,
        note: asked.note,
        fingerprint,
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

fn claims(asked: &Asked) -> Claims<'_> {
    Claims {
        payment_named: asked.payment.is_some(),
        generation_named: asked.generation.is_some(),
        note_given: !asked.note.trim().is_empty(),
        remedy: asked.remedy.map(ChosenRemedy::as_str),
        plan_requested: asked.plan_requested.as_deref(),
    }
}

async fn read<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    asked: &Asked,
    payment: Option<Payment>,
) -> Result<Records, Problem> {
    let subscription_of = async {
        match payment.as_ref().map(|payment| &payment.kind) {
            Some(PaymentKind::Subscription { subscription, .. }) => {
                app.store.subscription(subscription).await
            }
            _ => Ok(None),
        }
    };
    let history_of = async {
        match &asked.generation {
            Some(generation) => find_hold(&app.store, account, generation).await.map(Some),
            None => Ok(None),
        }
    };
    let (subscription, head, history) = tokio::join!(subscription_of, app.store.head(account), history_of);
    Ok(Records {
        subscription: subscription.map_err(store_failed)?,
        head: head.map_err(store_failed)?,
        history: history.map_err(not_carried_out::<S>)?,
        payment,
    })
}

/// The version that the payment pinned; for one from before the first version, or for none, the version in
/// force, which itself sends undated and earlier payments to a person (`S2-35`, `S2-1`). A request about
/// neither a payment nor a generation is one about `product`.
fn document_for(
    records: &Records,
    product: &ProductId,
    now: Timestamp,
) -> Result<&'static Document, Problem> {
    let payment = records.payment.as_ref();
    let pinned = payment.and_then(|payment| payment.policy.as_ref());
    let pinned = pinned.and_then(|policy| documents().version(&policy.document, &policy.version));
    let generated = records.history.as_ref().and_then(|history| history.past.as_ref());
    let product = payment
        .map(|payment| &payment.product)
        .or_else(|| generated.map(|past| &past.hold.product))
        .unwrap_or(product);
    pinned
        .or_else(|| documents().in_force(product.as_str(), now.as_ms()).document())
        .ok_or_else(|| Problem::internal("no policy document covers the product"))
}

/// Whether something is recorded that the machine can carry the decision out on.
fn can_be_carried_out(decision: &Decision, asked: &Asked, records: &Records) -> bool {
    match &decision.outcome {
        Outcome::Grant { remedy: Remedy::Money { .. } } => records.payment.is_some(),
        Outcome::Grant { remedy: Remedy::Credits { .. } } => asked.generation.is_some(),
        Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => true,
    }
}
