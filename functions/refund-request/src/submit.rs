//! Filing a request: `POST /v1/accounts/{account}/refund-requests`.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::payout_queue::PayoutQueue;
use ledger::{
    AccountId, Actor, Command, Ending, GenerationId, Payment, PaymentId, PaymentKind, PolicyRef, ProductId,
    ReleaseReason, Settlement, find_hold,
};
use policy::{Decision, Document, Outcome, Reason, Recommendation, Remedy};
use policy_documents::documents;
use refunds::{
    Approved, Grounds, Head, NOTE_CHARACTERS_MAX, Opening, Save, Saved, State, Stores, approve_credits,
    approve_money, fingerprint, request_id, used_of,
};
use serde::Deserialize;

use crate::facts::{Claims, Records, gather};
use crate::{RefundRequests, announce, answer, not_carried_out, store_failed};

/// A note of the longest length in four-byte characters, with the other members and JSON's escapes.
const BODY_BYTES_MAX: usize = 64 * 1024;

/// What a customer sends. There is no amount in it: amounts come from the records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Why: one of the policy's reasons.
    reason: Reason,
    /// The payment that it is about.
    payment: Option<String>,
    /// The generation that it is about.
    generation_id: Option<String>,
    /// In the customer's own words.
    #[serde(default)]
    note: String,
    /// Credits or money, where the policy leaves the choice (`S2-21`).
    remedy: Option<ChosenRemedy>,
    /// The plan that was ordered, where another was charged (`S2-15`).
    plan_requested: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChosenRemedy {
    Credits,
    Money,
}

impl ChosenRemedy {
    fn as_str(self) -> &'static str {
        match self {
            Self::Credits => "credits",
            Self::Money => "money",
        }
    }
}

/// A checked submission.
struct Submission {
    account: AccountId,
    payment: Option<PaymentId>,
    generation: Option<GenerationId>,
    body: Body,
    key: String,
    actor: Actor,
}

pub(crate) async fn submit<S: Stores, Q: PayoutQueue>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let now = invocation.now();
    let caller = Caller::check(request.claims(), &app.rules, now)?;
    let account = request.account()?;
    caller.may_reach(&account, &[Role::Customer, Role::Support])?;
    lambda::log::account(&account);
    let submission = check(request, account, &caller)?;
    let id = request_id(&submission.account, &submission.key);
    lambda::log::cause(id.as_str());
    let fingerprint = fingerprint_of(&submission);

    let payment_of = async {
        match &submission.payment {
            Some(payment) => app.store.payment(payment).await,
            None => Ok(None),
        }
    };
    let (stored, payment) = tokio::join!(app.store.request(&id), payment_of);
    if let Some(stored) = stored.map_err(store_failed)? {
        return repeated(&stored, fingerprint, caller.role(), invocation);
    }
    let payment = payment.map_err(store_failed)?.filter(|payment| payment.account == submission.account);
    // A payment that never became credits is what this reason is about (`S2-21`); any other request about a
    // payment that is not this account's is answered as one about no payment at all.
    if submission.payment.is_some() && payment.is_none() && submission.body.reason != Reason::CreditsMissing {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let records = read_records(app, &submission, payment).await?;
    let facts = gather(&records, claims(&submission), now).map_err(Problem::internal)?;
    let document = document_for(&records, &app.product, now)?;
    let decision = policy::decide(document, &facts, submission.body.reason, now.as_ms());
    let opening = Opening {
        id,
        account: submission.account,
        payment: submission.payment,
        generation: submission.generation,
        reason: submission.body.reason,
        note: submission.body.note,
        fingerprint,
        actor: submission.actor,
        facts,
        decision,
    };
    let opened = refunds::Request::open(carried_out_by_somebody(opening, &records), now);
    let saved = save(app, opened, records, document, now).await?;
    match saved {
        Approved::Saved(request) => {
            if request.state == State::Approved {
                announce(&app.payouts, invocation, &request).await;
            }
            invocation.metrics().count_labelled("RefundRequests", ("state", request.state.as_str()), 1);
            tracing::info!(outcome = request.state.as_str(), "refund request is filed");
            Ok(Response::json(201, &answer::request(&request, caller.role())))
        }
        Approved::Stale(stored) => repeated(&stored, fingerprint, caller.role(), invocation),
        Approved::NothingLeft => Err(Problem::new(ProblemKind::StateConflict).detail(
            "another refund of this payment was made meanwhile; send the request again under another key",
        )),
        Approved::Used(_) => Err(Problem::new(ProblemKind::RequestInProgress)
            .detail("credits of this payment are being used; send the same request again")
            .retry_after_s(1)),
        Approved::NotPossible => Err(Problem::new(ProblemKind::StateConflict)
            .detail("the credits cannot be given back by themselves; ask for a person")),
    }
}

fn check(request: &Request<'_>, account: AccountId, caller: &Caller) -> Result<Submission, Problem> {
    let key = request.idempotency_key()?.to_owned();
    let body: Body = request.json(BODY_BYTES_MAX)?;
    let unprocessable =
        |field: &str, detail: String| Problem::new(ProblemKind::Unprocessable).field(field, detail);
    let payment = body.payment.as_deref().map(PaymentId::new).transpose();
    let payment = payment.map_err(|error| unprocessable("/payment", error.to_string()))?;
    let generation = body.generation_id.as_deref().map(GenerationId::new).transpose();
    let generation = generation.map_err(|error| unprocessable("/generation_id", error.to_string()))?;
    if body.note.chars().count() > NOTE_CHARACTERS_MAX {
        return Err(unprocessable("/note", format!("expected at most {NOTE_CHARACTERS_MAX} characters")));
    }
    if body.plan_requested.as_deref().is_some_and(|plan| plan.is_empty() || plan.len() > 255) {
        return Err(unprocessable("/plan_requested", "expected 1 to 255 bytes".to_owned()));
    }
    let actor = match caller.role() {
        Role::Customer => Actor::Customer,
        Role::Support | Role::Service => Actor::Support(caller.subject().to_owned()),
    };
    Ok(Submission { account, payment, generation, body, key, actor })
}

fn fingerprint_of(submission: &Submission) -> [u8; 32] {
    let body = &submission.body;
    fingerprint(&[
        body.reason.id(),
        body.payment.as_deref().unwrap_or_default(),
        body.generation_id.as_deref().unwrap_or_default(),
        &body.note,
        body.remedy.map_or("", ChosenRemedy::as_str),
        body.plan_requested.as_deref().unwrap_or_default(),
    ])
}

fn claims(submission: &Submission) -> Claims<'_> {
    Claims {
        payment_named: submission.payment.is_some(),
        generation_named: submission.generation.is_some(),
        note_given: !submission.body.note.trim().is_empty(),
        remedy: submission.body.remedy.map(ChosenRemedy::as_str),
        plan_requested: submission.body.plan_requested.as_deref(),
    }
}

/// The same request again: the stored one as it stands. Another one under the same key: a conflict (D7).
fn repeated(
    stored: &refunds::Request,
    fingerprint: [u8; 32],
    role: Role,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    if stored.fingerprint != fingerprint {
        return Err(Problem::new(ProblemKind::IdempotencyKeyReused));
    }
    invocation.metrics().count("RefundRequestsRepeated", 1);
    tracing::info!(outcome = "repeated", "refund request was filed before");
    Ok(Response::json(201, &answer::request(stored, role)).header("idempotency-hit", "true"))
}

async fn read_records<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    submission: &Submission,
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
        match &submission.generation {
            Some(generation) => find_hold(&app.store, &submission.account, generation).await.map(Some),
            None => Ok(None),
        }
    };
    let (subscription, head, history) =
        tokio::join!(subscription_of, app.store.head(&submission.account), history_of);
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
    now: ledger::Timestamp,
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

async fn save<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: refunds::Request,
    records: Records,
    document: &Document,
    now: ledger::Timestamp,
) -> Result<Approved, Problem> {
    let policy = PolicyRef { document: document.id.clone(), version: document.version.clone() };
    let used = records.payment.as_ref().map(|payment| used_of(records.head.as_ref(), payment));
    let head = Head::Read(records.head.map(Box::new));
    let grounds = Grounds { actor: Actor::Policy, policy: Some(policy), head, used };
    match (granted(&request.decision), records.payment, request.generation.clone()) {
        (Some(Remedy::Money { .. }), Some(payment), _) => {
            let amount =
                request.granted_money().ok_or_else(|| Problem::internal("decision without an amount"))?;
            let terms = (amount, document.on_refund.debt_for_spent);
            approve_money(&app.store, &app.backoff, &request, payment, terms, grounds, now)
                .await
                .map_err(not_carried_out::<S>)
        }
        (Some(Remedy::Credits { .. }), _, Some(generation)) => {
            let ending = Ending::Failed(ReleaseReason::Failed);
            let grace_s = document.leftover.as_ref().map_or(0, |leftover| leftover.grace_after_failed_job_s);
            let command = Command::Settle { settlements: vec![Settlement { generation, ending }], grace_s };
            approve_credits(&app.store, &app.backoff, &request, &command, grounds, now)
                .await
                .map_err(not_carried_out::<S>)
        }
        _ => save_alone(app, request).await,
    }
}

/// What is granted with nothing recorded to carry it out on goes to a person, as advice.
fn carried_out_by_somebody(mut opening: Opening, records: &Records) -> Opening {
    let by_itself = match granted(&opening.decision) {
        Some(Remedy::Money { .. }) => records.payment.is_some(),
        Some(Remedy::Credits { .. }) => opening.generation.is_some(),
        None => true,
    };
    if !by_itself && let Outcome::Grant { remedy } = opening.decision.outcome.clone() {
        let recommendation = Some(Recommendation::Grant { remedy });
        opening.decision.outcome = Outcome::Person { recommendation };
    }
    opening
}

async fn save_alone<S: Stores, Q>(
    app: &RefundRequests<S, Q>,
    request: refunds::Request,
) -> Result<Approved, Problem> {
    let save = Save { request, commit: None, refunded: None };
    match app.store.save(&save).await.map_err(store_failed)? {
        Saved::Written => Ok(Approved::Saved(Box::new(save.request))),
        Saved::Stale(stored) => Ok(Approved::Stale(stored)),
        Saved::Ledger(_) | Saved::PaymentMoved => {
            Err(Problem::new(ProblemKind::RequestInProgress).retry_after_s(1))
        }
    }
}

fn granted(decision: &Decision) -> Option<&Remedy> {
    match &decision.outcome {
        Outcome::Grant { remedy } => Some(remedy),
        Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => None,
    }
}
