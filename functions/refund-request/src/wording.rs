//! What a customer reads about a request: where it leads, why in a few short sentences, and the one clause
//! that decides.

use ledger::{Provider, Timestamp};
use policy::{Basis, Citation, Decision, DoorShown, Outcome, Remedy};
use policy_documents::documents;
use refunds::{ActionKind, OutsidePolicy, Payout, RefundRequest, Review, ReviewVerdict, State};
use serde::Serialize;

/// Some payment methods cannot be paid back to: the provider asks the customer by e-mail
/// (<https://docs.stripe.com/refunds#requires-action>).
fn needs_customer(provider: Provider) -> String {
    format!("{} has sent you an e-mail that asks where the money can go: please answer it.", provider.title())
}

/// Where a request leads, without what was only recommended.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum OutcomeAnswer {
    Grant { remedy: Remedy },
    Refuse,
    Person,
    NeedsInformation,
}

/// A clause as a customer reads it.
#[derive(Serialize)]
pub(crate) struct ClauseAnswer {
    pub(crate) document: String,
    pub(crate) version: String,
    pub(crate) clause: String,
    pub(crate) text: String,
}

/// The customer's words.
pub(crate) struct Wording {
    /// `None` once nothing is decided: the request was withdrawn, settled, or its refund did not arrive.
    pub(crate) outcome: Option<OutcomeAnswer>,
    pub(crate) message: String,
    pub(crate) clause: Option<ClauseAnswer>,
}

impl Wording {
    pub(crate) fn of(request: &RefundRequest) -> Self {
        let ended = |message: &str| Self { outcome: None, message: message.to_owned(), clause: None };
        match request.state() {
            State::Withdrawn => ended("You withdrew this request."),
            State::Settled if request.case.occasion.is_some() => {
                ended("What Stripe reported is settled: there is nothing left to decide.")
            }
            State::Settled => ended("The credits that you bought are on your balance."),
            State::Failed if request.payout().is_some_and(|payout| !payout.paid().is_zero()) => ended(
                "A part of your refund is on its way. The rest did not reach you, and we are sorry. Ask for \
                 a person, who will find another way for it.",
            ),
            State::Failed if request.payout().is_some_and(Payout::is_kept_by_dispute) => ended(
                "Your bank took this payment back for you, so we could not refund it as well. If you do \
                     not have your money, ask for a person.",
            ),
            State::Failed => ended(
                "The refund did not reach you, and we are sorry. Ask for a person, who will find another way.",
            ),
            State::NeedsInformation => Self::asking(request),
            State::Submitted | State::InReview => Self::waiting(&request.case.decision),
            State::Approved | State::Paying | State::Refunded | State::Refused => Self::decided(request),
        }
    }

    fn asking(request: &RefundRequest) -> Self {
        let outcome = Outcome::NeedsInformation { missing: request.wanted().to_vec() };
        let asking = Decision { outcome, ..request.case.decision.clone() };
        // What a person asks for rests on no clause.
        let clause = asking.deciding_clause().filter(|_| request.asked().is_empty());
        Self {
            outcome: Some(OutcomeAnswer::NeedsInformation),
            message: asking.message(),
            clause: clause.map(clause_of),
        }
    }

    /// What the machine would have done is for the person to see.
    fn waiting(decision: &Decision) -> Self {
        let message = match &decision.outcome {
            Outcome::Person { .. } => decision.message(),
            _ => Decision {
                outcome: Outcome::Person { recommendation: None },
                basis: Basis::Unmatched,
                doors: Vec::new(),
                ..decision.clone()
            }
            .message(),
        };
        Self {
            outcome: Some(OutcomeAnswer::Person),
            message,
            clause: decision.deciding_clause().map(clause_of),
        }
    }

    fn decided(request: &RefundRequest) -> Self {
        let decision = &request.case.decision;
        let by = DecidedBy::of(request);
        let outcome = if request.state() == State::Refused {
            Outcome::Refuse
        } else {
            match (paid(request), &decision.outcome) {
                (Some(remedy), _) => Outcome::Grant { remedy },
                (None, outcome) => outcome.clone(),
            }
        };
        let shown = match by {
            DecidedBy::Policy => Decision { outcome, ..decision.clone() },
            DecidedBy::Person(_) | DecidedBy::Offer(_) => by_people(decision, outcome),
        };
        let waits = request.payout().is_some_and(Payout::needs_customer);
        let mut sentences = if waits && request.state() == State::Paying {
            let shown = Decision { doors: Vec::new(), law: Vec::new(), ..shown.clone() };
            let provider = request.payout().map(|payout| payout.provider).unwrap_or_default();
            vec![shown.message(), needs_customer(provider)]
        } else {
            vec![shown.message()]
        };
        let clause = match by {
            DecidedBy::Policy => shown.deciding_clause().map(clause_of),
            DecidedBy::Offer(clause) => clause_named(decision, clause),
            DecidedBy::Person(review) => {
                match review.outside_policy() {
                    Some(OutsidePolicy::Goodwill) => {
                        sentences
                            .push("Our policy does not ask this of us; we are glad to do it.".to_owned());
                    }
                    Some(OutsidePolicy::OurError) => {
                        sentences.push("It was our mistake, and we are sorry.".to_owned());
                    }
                    Some(OutsidePolicy::NotCovered) | None => {}
                }
                review.clause().and_then(|clause| clause_named(decision, clause))
            }
        };
        Self { outcome: Some(outcome_of(&shown.outcome)), message: sentences.join(" "), clause }
    }
}

/// What led to a request's state.
#[derive(Clone, Copy)]
enum DecidedBy<'request> {
    Policy,
    Person(&'request Review),
    /// The customer accepted an offer, which rests on this clause.
    Offer(&'request str),
}

impl<'request> DecidedBy<'request> {
    fn of(request: &'request RefundRequest) -> Self {
        let decisive = request.actions().iter().rev().find_map(|act| match &act.kind {
            ActionKind::Reviewed(review) => {
                let decides = !matches!(review.verdict, ReviewVerdict::Ask(_) | ReviewVerdict::Offer { .. });
                decides.then_some(Self::Person(review))
            }
            ActionKind::Accepted { offer } => request.offer(offer).map(|(_, made)| Self::Offer(&made.clause)),
            _ => None,
        });
        decisive.unwrap_or(Self::Policy)
    }
}

/// The decision as people made it, with the way to another person beside a refusal.
fn by_people(decision: &Decision, outcome: Outcome) -> Decision {
    let document = documents().version(&decision.document, &decision.version);
    let door = document
        .filter(|_| outcome == Outcome::Refuse)
        .map(|document| DoorShown { clause: document.door.clause.clone(), text: document.door.text.clone() });
    Decision {
        outcome,
        basis: Basis::Rules,
        clauses: Vec::new(),
        offers: Vec::new(),
        law: Vec::new(),
        doors: door.into_iter().collect(),
        ..decision.clone()
    }
}

fn outcome_of(outcome: &Outcome) -> OutcomeAnswer {
    match outcome {
        Outcome::Grant { remedy } => OutcomeAnswer::Grant { remedy: remedy.clone() },
        Outcome::Refuse => OutcomeAnswer::Refuse,
        Outcome::Person { .. } => OutcomeAnswer::Person,
        Outcome::NeedsInformation { .. } => OutcomeAnswer::NeedsInformation,
    }
}

fn clause_of(citation: &Citation) -> ClauseAnswer {
    ClauseAnswer {
        document: citation.document.clone(),
        version: citation.version.clone(),
        clause: citation.clause.clone(),
        text: citation.text.clone(),
    }
}

/// A clause of the document that decided, or of a law beside it.
fn clause_named(decision: &Decision, id: &str) -> Option<ClauseAnswer> {
    let document = documents().version(&decision.document, &decision.version)?;
    let mut clauses = document.clauses.iter().chain(document.law.iter().flat_map(|pack| &pack.clauses));
    let clause = clauses.find(|clause| clause.id == id)?;
    Some(ClauseAnswer {
        document: document.id.clone(),
        version: document.version.clone(),
        clause: clause.id.clone(),
        text: clause.text.clone(),
    })
}

/// What the customer gets, or got.
fn paid(request: &RefundRequest) -> Option<Remedy> {
    if let Some(given) = request.discount() {
        return Some(Remedy::Discount(given.discount.clone()));
    }
    if let Some(given) = request.credits_given() {
        return Some(Remedy::Credits { credits: given.get() });
    }
    let amount = request.payout()?.standing();
    Some(Remedy::Money { amount_minor: amount.minor(), currency: amount.currency().as_str().to_owned() })
}

/// An instant as people write it: `2026-11-02 10:00 UTC`.
pub(crate) fn minute(at: Timestamp) -> String {
    // RFC 3339 in ASCII: its first sixteen characters are the date and the minute.
    format!("{} UTC", at.to_string().replace('T', " ").chars().take(16).collect::<String>())
}
