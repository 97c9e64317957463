//! From what is asked to what the policy says of it: the same for a preview, a submission and an answer.
//!
//! The payment comes first, by one read beside the caller's own; everything else that facts are read from
//! follows at once. So an assessment is two round trips, whatever it is about.

use lambda::http::{Problem, ProblemKind};
use ledger::{AccountId, Payment, PaymentKind, PolicyRef, ProductId, Timestamp, find_hold};
use policy::{Decision, Document, Outcome, Reason, Remedy};
use policy_documents::documents;
use refunds::{Case, Stores};

use crate::body::{Asked, ChosenRemedy};
use crate::facts::{Claims, Records, gather};
use crate::{RefundRequests, not_carried_out, store_failed};

/// What is asked, the records that it was judged on, and the document that judged it.
pub(crate) struct Assessment {
    pub(crate) case: Case,
    pub(crate) records: Records,
    pub(crate) document: &'static Document,
}

/// Reads the payment that is asked about.
pub(crate) async fn payment_of<S: Stores>(store: &S, asked: &Asked) -> Result<Option<Payment>, Problem> {
    match &asked.payment {
        Some(payment) => store.payment(payment).await.map_err(store_failed),
        None => Ok(None),
    }
}

/// Reads the other records, and decides on all of them.
pub(crate) async fn assess<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    asked: Asked,
    payment: Option<Payment>,
    now: Timestamp,
) -> Result<Assessment, Problem> {
    let payment = payment.filter(|payment| &payment.account == account);
    // A payment that never became credits is what this reason is about (`S2-21`); any other request about a
    // payment that is not this account's is answered as one about no payment at all.
    if asked.payment.is_some() && payment.is_none() && asked.reason != Reason::CreditsMissing {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let records = read(app, account, &asked, payment).await?;
    let facts = gather(&records, claims(&asked), now).map_err(Problem::internal)?;
    let document = document_for(&records, &app.product, now)?;
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

/// The policy as entries name it.
pub(crate) fn policy_ref(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}

/// What the machine grants.
pub(crate) fn granted(decision: &Decision) -> Option<&Remedy> {
    match &decision.outcome {
        Outcome::Grant { remedy } => Some(remedy),
        Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => None,
    }
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
    match granted(decision) {
        Some(Remedy::Money { .. }) => records.payment.is_some(),
        Some(Remedy::Credits { .. }) => asked.generation.is_some(),
        None => true,
    }
}
