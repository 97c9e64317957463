//! Offers: what the decision offers beside its outcome, and what the customer made of each.
//!
//! An offer is never the price of an entitlement: declining one changes a fact that no outcome rests on and
//! nothing else (`S3-26`). The machine carries an accepted offer out only where it may decide alone; else a
//! person does, or has made that very offer before.

use policy::{Decision, Document, Effect, OfferKind, OfferMade, Remedy, RemedyRule, Truth};

use crate::{ChosenTerms, FirstApproval, Quote};

/// Where an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferState {
    /// The customer can take it.
    Open,
    /// The customer took it.
    Accepted,
    /// The customer did not want it.
    Declined,
}

/// An offer of the request's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name within the document.
    pub id: String,
    /// Where it stands.
    pub state: OfferState,
    /// The person's word for it, where a person made it.
    pub made: Option<Made>,
}

/// An offer that a person made and answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The person: the `sub` of the token.
    pub by: String,
    /// What it is worth.
    pub remedy: Remedy,
    /// What the person chose of the refund's terms, for an offer of money.
    pub chosen: ChosenTerms,
    /// The quote that the person was shown.
    pub quote: String,
    /// The first approval of the same quote, where two people have to agree. It is the offer's own: what else
    /// is approved or refused later leaves the offer as it was made.
    pub first: Option<FirstApproval>,
}

/// What follows from an offer that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferOutcome {
    /// Nothing that has to be carried out.
    Recorded,
    /// A person decides; the offer is the recommendation.
    Review,
    /// The request is approved, and this is to be carried out.
    CarriedOut(Box<Quote>),
}

impl OfferState {
    const ALL: [Self; 3] = [Self::Open, Self::Accepted, Self::Declined];

    /// The name in answers and stored requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Declined => "declined",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// The offers of a decision; those that the decision before it made stay as they were answered.
pub(crate) fn refreshed(before: &[Offer], decision: &Decision) -> Vec<Offer> {
    let of = |made: &OfferMade| {
        let known = before.iter().find(|offer| offer.id == made.offer);
        known.cloned().unwrap_or_else(|| Offer {
            id: made.offer.clone(),
            state: OfferState::Open,
            made: None,
        })
    };
    decision.offers.iter().map(of).collect()
}

/// Whether credits that the decision grants or recommends are those of the generation.
pub(crate) fn grants_of_generation(document: &Document, decision: &Decision) -> bool {
    let met =
        decision.rules.iter().filter(|found| found.finding == Truth::Yes && found.set_aside_by.is_none());
    let mut rules = met.filter_map(|found| document.rules.iter().find(|rule| rule.id == found.rule));
    rules.any(|rule| matches!(rule.effect, Effect::Grant(RemedyRule::CreditsOfGeneration, _)))
}

/// Offers whose acceptance is a note: the customer does the rest.
pub(crate) fn is_recorded_only(kind: OfferKind) -> bool {
    match kind {
        OfferKind::FreeRetry | OfferKind::Retry | OfferKind::Advice => true,
        OfferKind::ReplacementCredits
        | OfferKind::ProratedCredits
        | OfferKind::ProratedRefund
        | OfferKind::Refund
        | OfferKind::Credits
        | OfferKind::Discount
        | OfferKind::ManualHelp => false,
    }
}
