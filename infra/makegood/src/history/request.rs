//! A refund request: what was asked, what was decided and why, and every step.

use std::io::{self, Write};

use policy::Documents;
use refunds::{
    ActionKind, Clock, ClockState, Ground, Payout, PayoutPart, RefundRequest, Review, ReviewVerdict,
};

use crate::columns::{Align, Columns};
use crate::decision::{basis, clauses, labelled, outcome};
use crate::words::{actor, credits, instant, money};

/// Writes the request as a paragraph of its own.
pub(crate) fn write(
    request: &RefundRequest,
    documents: &Documents,
    output: &mut impl Write,
) -> io::Result<()> {
    writeln!(output, "Refund request {}: {}", request.id, request.state().as_str().replace('_', " "))?;
    let mut columns = Columns::new([Align::Left; 2]);
    labelled(&mut columns, "reason", request.case.reason.description());
    if let Some(payment) = &request.case.payment {
        labelled(&mut columns, "payment", payment.as_str());
    }
    if let Some(generation) = &request.case.generation {
        labelled(&mut columns, "generation", generation.as_str());
    }
    labelled(&mut columns, "note", &request.case.note);
    let decision = &request.case.decision;
    labelled(
        &mut columns,
        "decision",
        &format!("{}, because {}", outcome(&decision.outcome), basis(decision.basis)),
    );
    labelled(&mut columns, "policy", &format!("{} {}", decision.document, decision.version));
    let document = documents.version(&decision.document, &decision.version);
    for (name, text) in clauses(&decision.clauses, document) {
        labelled(&mut columns, "clause", &name);
        labelled(&mut columns, "", &text);
    }
    for door in &decision.doors {
        labelled(&mut columns, "door", &door.text);
    }
    for (number, act) in request.actions().iter().enumerate() {
        let what = format!("{}  {}, by {}", instant(act.source.at), done(&act.kind), actor(&act.source.by));
        columns.row([if number == 0 { "acts" } else { "" }, &what]);
    }
    if let Some(payout) = request.payout() {
        for part in payout.parts() {
            labelled(&mut columns, "payout", &paid(payout, part));
        }
    }
    if let Some(given) = request.credits_given() {
        labelled(&mut columns, "given", &credits(given));
    }
    for (number, step) in request.steps().iter().enumerate() {
        let what = format!(
            "{}  {}, by {}",
            instant(step.at),
            step.state.as_str().replace('_', " "),
            actor(&step.actor)
        );
        columns.row([if number == 0 { "steps" } else { "" }, &what]);
    }
    for (number, clock) in request.clocks().iter().enumerate() {
        columns.row([if number == 0 { "clocks" } else { "" }, &promised(clock)]);
    }
    columns.write(output)
}

/// What somebody did, in a few words.
fn done(deed: &ActionKind) -> String {
    match deed {
        ActionKind::Answered { note, facts } => {
            let facts: Vec<&str> = facts.iter().map(|fact| fact.as_str()).collect();
            let said = if note.is_empty() { String::new() } else { format!(": {note}") };
            format!("answered ({}){said}", facts.join(", "))
        }
        ActionKind::Withdrew => "withdrew".to_owned(),
        ActionKind::Reopened { note } => format!("reopened: {note}"),
        ActionKind::Accepted { offer } => format!("accepted the offer {offer}"),
        ActionKind::Declined { offer } => format!("declined the offer {offer}"),
        ActionKind::HeldBack { reason } => format!("held back: {reason}"),
        ActionKind::Reviewed(review) => reviewed(review),
        ActionKind::Arrived => "noted that the money is there".to_owned(),
    }
}

/// One promise, and whether it was kept.
fn promised(clock: &Clock) -> String {
    let by = clock.clause.as_ref().map_or_else(|| "Stripe".to_owned(), |clause| format!("`{clause}`"));
    let due = format!("{}, by {by}", instant(clock.due_at));
    let stands = match (clock.noted(), clock.ended_at) {
        (ClockState::Running, _) => "running".to_owned(),
        (ClockState::Paused, _) => "stands still while the customer is asked".to_owned(),
        (ClockState::Met, Some(ended_at)) => format!("met at {}", instant(ended_at)),
        (ClockState::Breached, Some(ended_at)) => format!("broken, done at {}", instant(ended_at)),
        (ClockState::Met | ClockState::Breached, None) => "broken, and still to do".to_owned(),
    };
    format!("{due}: {stands}")
}

fn reviewed(review: &Review) -> String {
    let verdict = match &review.verdict {
        ReviewVerdict::Approve => "approved".to_owned(),
        ReviewVerdict::ApprovePart(amount) => format!("approved in part, {}", money(*amount)),
        ReviewVerdict::GrantCredits { product, credits } => format!("granted {credits} credits of {product}"),
        ReviewVerdict::Refuse => "refused".to_owned(),
        ReviewVerdict::TakeBack => "took the credits back".to_owned(),
        ReviewVerdict::Leave => "left the credits".to_owned(),
        ReviewVerdict::Ask(missing) => {
            let questions: Vec<&str> = missing.iter().map(|each| each.question.as_str()).collect();
            format!("asked: {}", questions.join(" "))
        }
        ReviewVerdict::Offer { offer, .. } => format!("made the offer {offer}"),
    };
    let clause = match &review.ground {
        Some(Ground::Clause(clause)) => format!(" by the clause {clause}"),
        Some(Ground::OutsidePolicy(kind)) => {
            format!(" outside the policy ({})", kind.as_str().replace('_', " "))
        }
        None => String::new(),
    };
    let overrides = if review.overrides { ", against the recommendation" } else { "" };
    format!("{verdict}{clause}{overrides}: {}", review.reason)
}

fn paid(payout: &Payout, part: &PayoutPart) -> String {
    let provider = payout.provider.title();
    let refund = part.refund.as_ref().map_or_else(
        || format!("{provider} has named no refund yet"),
        |refund| format!("{provider}'s refund is {refund}"),
    );
    let of = match &part.charge {
        Some(charge) if payout.is_divided() => format!("{}, by {charge}", payout.payment),
        _ => payout.payment.to_string(),
    };
    let mut said =
        vec![format!("{} of {of}", money(part.amount)), refund, format!("{} revoked", credits(part.revoked))];
    if !part.debt.is_zero() {
        said.push(format!("{} owed", credits(part.debt)));
    }
    if part.needs_customer {
        said.push("Stripe waits for the customer".to_owned());
    }
    if let Some(since) = part.short_since {
        said.push(format!("the balance at Stripe is too low for it since {}", instant(since)));
    }
    said.extend(part.failure.as_ref().map(|failure| format!("failed: {failure}")));
    said.join("; ")
}
