//! The published form of a refund request.

use lambda::caller::Role;
use ledger::{Actor, Money};
use policy::Decision;
use refunds::{Request, Verdict};
use serde::Serialize;

use crate::claim::ClaimAnswer;
use crate::clocks::{ClockAnswer, clocks};

#[derive(Serialize)]
pub(crate) struct RequestAnswer<'request> {
    id: &'request str,
    account: &'request str,
    state: &'static str,
    reason: &'static str,
    payment: Option<&'request str>,
    generation_id: Option<&'request str>,
    note: &'request str,
    submitted_at: String,
    /// What the decision says to the customer, made from the decision.
    message: String,
    decision: &'request Decision,
    review: Option<ReviewAnswer<'request>>,
    payout: Option<PayoutAnswer<'request>>,
    time_line: Vec<StepAnswer<'request>>,
    /// The promises of the policy to it.
    clocks: Vec<ClockAnswer<'request>>,
    #[serde(flatten)]
    queue: Option<QueueAnswer<'request>>,
}

/// What support alone sees.
#[derive(Serialize)]
struct QueueAnswer<'request> {
    priority: &'static str,
    claim: Option<ClaimAnswer<'request>>,
}

#[derive(Serialize)]
struct ReviewAnswer<'request> {
    decision: &'static str,
    reason: &'request str,
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer: Option<&'request str>,
}

#[derive(Serialize)]
struct PayoutAnswer<'request> {
    amount: MoneyAnswer,
    credits_revoked: u64,
    debt: u64,
    refund: Option<&'request str>,
    failure: Option<&'request str>,
}

#[derive(Serialize)]
pub(crate) struct MoneyAnswer {
    amount_minor: u64,
    currency: String,
}

#[derive(Serialize)]
struct StepAnswer<'request> {
    state: &'static str,
    at: String,
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<&'request str>,
}

pub(crate) fn money(money: Money) -> MoneyAnswer {
    MoneyAnswer { amount_minor: money.minor(), currency: money.currency().as_str().to_owned() }
}

/// The request as `role` sees it: who of the support people did what is for support alone.
pub(crate) fn request(request: &Request, role: Role) -> RequestAnswer<'_> {
    let for_support = role == Role::Support;
    RequestAnswer {
        id: request.id.as_str(),
        account: request.account.as_str(),
        state: request.state.as_str(),
        reason: request.case.reason.id(),
        payment: request.case.payment.as_ref().map(ledger::PaymentId::as_str),
        generation_id: request.case.generation.as_ref().map(ledger::GenerationId::as_str),
        note: &request.case.note,
        submitted_at: request.submitted_at.to_string(),
        message: request.case.decision.message(),
        decision: &request.case.decision,
        review: request.review.as_ref().map(|review| ReviewAnswer {
            decision: match review.verdict {
                Verdict::Approve => "approve",
                Verdict::ApprovePart(_) => "approve_part",
                Verdict::Refuse => "refuse",
            },
            reason: &review.reason,
            at: review.at.to_string(),
            reviewer: for_support.then_some(review.reviewer.as_str()),
        }),
        payout: request.payout.as_ref().map(|payout| PayoutAnswer {
            amount: money(payout.amount),
            credits_revoked: payout.revoked.get(),
            debt: payout.debt.get(),
            refund: payout.refund.as_ref().map(ledger::RefundId::as_str),
            failure: payout.failure.as_deref(),
        }),
        time_line: request
            .steps
            .iter()
            .map(|step| {
                let (by, who) = actor(&step.actor);
                StepAnswer {
                    state: step.state.as_str(),
                    at: step.at.to_string(),
                    by,
                    who: who.filter(|_| for_support),
                }
            })
            .collect(),
        clocks: clocks(request),
        queue: for_support.then(|| QueueAnswer {
            priority: request.priority().as_str(),
            claim: request.claim.as_ref().map(ClaimAnswer::of),
        }),
    }
}

fn actor(actor: &Actor) -> (&'static str, Option<&str>) {
    match actor {
        Actor::Stripe => ("stripe", None),
        Actor::Service(name) => ("service", Some(name)),
        Actor::Schedule => ("schedule", None),
        Actor::Policy => ("policy", None),
        Actor::Support(sub) => ("support", Some(sub)),
        Actor::Customer => ("customer", None),
        Actor::Operator => ("operator", None),
    }
}
