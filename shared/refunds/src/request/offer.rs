//! How a customer answers an offer, and what an offer would do.

use ledger::{Credits, LotId, Money, ProductId};
use policy::{
    Basis, Document, Fact, Mode, OfferMade, Outcome, Reason, Remedy, RemedyRule, Source, Truth, Value,
    payable,
};

use super::RefundRequest;
use crate::offer::is_recorded_only;
use crate::{
    ActError, ActionKind, ActionSource, ChosenTerms, Granted, Offer, OfferOutcome, OfferState, Pays, Quote,
    QuoteInputs, State,
};

impl RefundRequest {
    /// An offer and what the decision says of it.
    pub fn offer(&self, id: &str) -> Option<(&Offer, &OfferMade)> {
        let offer = self.progress.offers.iter().find(|offer| offer.id == id)?;
        Some((offer, self.case.decision.offers.iter().find(|made| made.offer == id)?))
    }

    /// What accepting an offer would do: what a person offered, or what the document computes.
    pub fn offer_quote(&self, id: &str, standing: &QuoteInputs<'_>) -> Option<Quote> {
        let (offer, _) = self.offer(id)?;
        match &offer.made {
            Some(made) => self.offered_quote(id, &made.remedy, made.chosen, standing),
            None => {
                self.offered_quote(id, &self.computed_remedy(id, standing)?, ChosenTerms::default(), standing)
            }
        }
    }

    /// What the document computes for an offer, by the credits that are used by now: the decision counted
    /// those that were used when the request was filed (`S3-21`). `None` if the document computes nothing, or
    /// does not make the offer after such use.
    pub fn computed_remedy(&self, id: &str, standing: &QuoteInputs<'_>) -> Option<Remedy> {
        let (_, made) = self.offer(id)?;
        let computed = made.remedy.clone()?;
        let (Some(payment), Some(head)) = (standing.payment, standing.head) else { return Some(computed) };
        let now = head.after().use_of(payment).ok()?;
        let (used, running) = (now.spent, now.held);
        let of = |fact| match self.case.facts.get(fact) {
            Some(Value::Integer(count)) => u64::try_from(*count).ok(),
            _ => None,
        };
        let (Some(spent_then), Some(held_then)) = (of(Fact::CreditsSpent), of(Fact::CreditsHeld)) else {
            return Some(computed);
        };
        if (used.get(), running.get()) == (spent_then, held_then) {
            return Some(computed);
        }
        let mut facts = self.case.facts.clone();
        facts.set_quantity(Fact::CreditsSpent, used.get()).ok()?;
        facts.set_quantity(Fact::CreditsHeld, running.get()).ok()?;
        facts.set_quantity(Fact::CreditsGranted, now.granted.get()).ok()?;
        let decision = &self.case.decision;
        let again = policy::decide(standing.document, &facts, decision.reason, decision.decided_at_ms);
        again.offers.into_iter().find(|offer| offer.offer == id)?.remedy
    }

    /// What the offer would do, were it worth `remedy`, by the terms that a reviewer chose.
    pub fn offered_quote(
        &self,
        id: &str,
        remedy: &Remedy,
        chosen: ChosenTerms,
        standing: &QuoteInputs<'_>,
    ) -> Option<Quote> {
        let offer = standing.document.offers.iter().find(|offer| offer.id == id)?;
        let of_generation = offer.remedy == Some(RemedyRule::CreditsOfGeneration);
        let mut quote = self.quote_of(remedy, chosen, of_generation, standing)?;
        if let Pays::Granted { usable_s, .. } = &mut quote.pays {
            *usable_s = offer.usable_s;
        }
        Some(quote)
    }

    /// Whether offers can be answered: before anything is paid, and unless it was taken back.
    pub fn takes_offers(&self) -> bool {
        match self.progress.timeline.state {
            State::NeedsInformation | State::InReview | State::Refused | State::Failed => true,
            State::Submitted
            | State::Approved
            | State::Paying
            | State::Refunded
            | State::Withdrawn
            | State::Settled => false,
        }
    }

    /// The customer declines an offer. The decision stays what it is.
    pub fn decline_offer(&mut self, source: ActionSource, id: &str) -> Result<(), ActError> {
        self.close_offer(id, OfferState::Declined)?;
        // The fact is the customer's word, of a boolean type.
        let _ = self.case.facts.set(Fact::OfferDeclined, true);
        self.record(source, ActionKind::Declined { offer: id.to_owned() });
        Ok(())
    }

    /// The customer accepts an offer, on top of what was `granted` before.
    pub fn accept_offer(
        &mut self,
        source: ActionSource,
        id: &str,
        (standing, granted): (&QuoteInputs<'_>, Granted),
    ) -> Result<OfferOutcome, ActError> {
        let (offer, made) = self.offer(id).ok_or(ActError::NoOffer)?;
        let (kind, maker) = (made.kind, offer.made.as_ref().map(|made| made.by.clone()));
        let by_two = offer.made.as_ref().is_some_and(|made| made.first.is_some());
        // Other grants may have come in between: then it is for people again.
        let quote = self.offer_quote(id, standing).map(|quote| quote.after(granted));
        let quote = quote.filter(|quote| {
            let counts = quote.granted_credits().is_some();
            !counts || self.is_bearable(quote).is_ok() && (by_two || !self.needs_two(quote))
        });
        let by_machine = maker.is_none() && self.machine_may(made, quote.as_ref(), standing.document);
        self.close_offer(id, OfferState::Accepted)?;
        let follows = match quote {
            Some(quote) if maker.is_some() || by_machine => {
                self.progress.approvals.by = maker;
                // A refused request is put before the one who made the offer, who approved it.
                if self.progress.timeline.state != State::InReview
                    && self.progress.timeline.state != State::NeedsInformation
                {
                    self.step(State::InReview, &source)?;
                }
                self.step(State::Approved, &source)?;
                OfferOutcome::CarriedOut(Box::new(quote))
            }
            _ if is_recorded_only(kind) => OfferOutcome::Recorded,
            _ => {
                if self.progress.timeline.state != State::InReview {
                    self.step(State::InReview, &source)?;
                }
                OfferOutcome::Review
            }
        };
        self.record(source, ActionKind::Accepted { offer: id.to_owned() });
        Ok(follows)
    }

    fn step(&mut self, state: State, source: &ActionSource) -> Result<(), ActError> {
        self.transition_to(state, source.at, source.by.clone()).map_err(|error| ActError::State(error.from))
    }

    fn close_offer(&mut self, id: &str, state: OfferState) -> Result<(), ActError> {
        let takes_offers = self.takes_offers();
        let offer = self.progress.offers.iter_mut().find(|offer| offer.id == id).ok_or(ActError::NoOffer)?;
        if offer.state != OfferState::Open {
            return Err(ActError::OfferAnswered);
        }
        if !takes_offers {
            return Err(ActError::State(self.progress.timeline.state));
        }
        offer.state = state;
        Ok(())
    }

    /// Whether the policy may carry an accepted offer out without a person: it decided on recorded facts, by
    /// rules that may decide alone, and one person's approval would be enough. After a failed payout a person
    /// has to look: another request may have made up for it.
    fn machine_may(&self, offer: &OfferMade, quote: Option<&Quote>, document: &Document) -> bool {
        let decision = &self.case.decision;
        let decided = matches!(decision.outcome, Outcome::Refuse | Outcome::Grant { .. });
        let recorded = decision.facts.iter().all(|used| used.fact.spec().source == Source::Recorded);
        let mut by = decision.rules.iter().filter(|found| {
            let rule = document.rules.iter().find(|rule| rule.id == found.rule);
            found.finding == Truth::Yes
                && found.set_aside_by.is_none()
                && rule.is_some_and(|rule| rule.offers.contains(&offer.offer))
        });
        let alone = by.clone().count() > 0 && by.all(|found| found.mode == Some(Mode::Auto));
        let small = quote.is_some_and(|quote| !self.needs_two(quote));
        let first = self.progress.timeline.state != State::Failed;
        decided && recorded && alone && small && first && decision.basis == Basis::Rules
    }

    /// What pays `remedy`; credits are those of the generation, or a lot of their own.
    pub(crate) fn quote_of(
        &self,
        remedy: &Remedy,
        chosen: ChosenTerms,
        of_generation: bool,
        standing: &QuoteInputs<'_>,
    ) -> Option<Quote> {
        match remedy {
            Remedy::Money { amount_minor, .. } => {
                let payment = standing.paid()?;
                let left = payment.refundable().ok()?;
                let minor = payable(*amount_minor, left.minor(), left.currency().as_str());
                let amount = Money::new(minor, left.currency());
                (!amount.is_zero())
                    .then(|| Quote::of_money(payment, amount, self.by_reason(chosen), standing))
            }
            Remedy::Discount(discount) => Quote::of_discount(discount, standing),
            Remedy::Credits { credits } => {
                let credits = Credits::new(*credits).ok().filter(|credits| !credits.is_zero())?;
                if let Some(payment) = standing.unrecorded.filter(|_| !of_generation) {
                    return Some(Quote::of_purchase(payment, credits, standing));
                }
                // Of what has landed meanwhile nothing is missing.
                let landed = standing.payment.is_some_and(|payment| payment.lot != LotId::NONE);
                if landed && self.case.reason == Reason::CreditsMissing {
                    return None;
                }
                let pays = match &self.case.generation {
                    Some(generation) if of_generation => {
                        Pays::GivenBack { generation: generation.clone(), credits }
                    }
                    _ => Pays::Granted { product: product_of(self, standing)?, credits, usable_s: None },
                };
                Some(Quote::of_credits(pays, standing))
            }
        }
    }
}

/// The product that granted credits are for.
fn product_of(request: &RefundRequest, standing: &QuoteInputs<'_>) -> Option<ProductId> {
    if let Some(payment) = standing.payment {
        return Some(payment.product.clone());
    }
    match request.case.facts.get(Fact::Product) {
        Some(Value::Text(product)) => ProductId::new(product).ok(),
        _ => ProductId::new(standing.document.products.first()?).ok(),
    }
}
