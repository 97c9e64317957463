//! What people decide on a request, and who has to agree before money or credits move.

use ledger::{Actor, Money, Timestamp};
use policy::{Document, OfferKind, Outcome, Reason, Recommendation, Remedy, Revocation, payable_step};

use super::RefundRequest;
use crate::offer::grants_of_generation;
use crate::{
    ActionKind, ActionSource, Approval, ChosenTerms, FirstApproval, Made, Offer, OfferState, Quote,
    QuoteInputs, REVIEWS_MAX, Review, ReviewError, ReviewOutcome, ReviewVerdict, State,
};

impl RefundRequest {
    /// Whether two people have to agree on this. Refunds of one payment count together: parts of it that
    /// one person approves do not slip below the limit.
    ///
    /// Credits that are granted count with those that the account got, and the person granted, before.
    pub fn needs_two(&self, quote: &Quote) -> bool {
        let Some(limits) = &self.progress.approvals.limits else { return false };
        if let Some(credits) = quote.granted_credits() {
            let sums = quote.granted.with(credits);
            return sums.to_account > limits.credits_above || sums.by_person > limits.person_above;
        }
        let remedy = match quote.pays.remedy() {
            Remedy::Money { amount_minor, currency } => {
                Remedy::Money { amount_minor: amount_minor.saturating_add(quote.before_minor), currency }
            }
            other @ (Remedy::Credits { .. } | Remedy::Discount(_)) => other,
        };
        limits.needs_two(&remedy)
    }

    /// Another document's limits only ever add to those that the request was opened with.
    pub(crate) fn lower_limits(&mut self, document: &Document) {
        self.progress.approvals.limits =
            match (self.progress.approvals.limits.take(), document.approval.clone()) {
                (Some(before), Some(other)) => Some(before.stricter(&other)),
                (before, other) => before.or(other),
            };
    }

    /// Who filed it, where that was a support person in the customer's name.
    pub fn filed_by(&self) -> Option<&str> {
        match &self.progress.timeline.steps.first()?.actor {
            Actor::Support(filer) => Some(filer),
            _ => None,
        }
    }

    /// Whether `person` is the customer, or filed it or did anything else in the customer's name: nobody
    /// decides their own.
    pub fn is_requester(&self, person: &str) -> bool {
        person == self.account.as_str()
            || self.filed_by() == Some(person)
            || self.speakers().any(|speaker| speaker == person)
    }

    /// The support people who did something in the customer's name since it was filed.
    pub fn speakers(&self) -> impl Iterator<Item = &str> {
        self.progress.actions.iter().filter_map(|action| match (&action.kind, &action.source.by) {
            (ActionKind::Reviewed(_) | ActionKind::Arrived | ActionKind::HeldBack { .. }, _) => None,
            (_, Actor::Support(speaker)) => Some(speaker.as_str()),
            _ => None,
        })
    }

    /// The reviews so far, oldest first, each with who made it and when.
    pub fn reviews(&self) -> impl Iterator<Item = (&ActionSource, &Review)> {
        self.progress.actions.iter().filter_map(|action| match &action.kind {
            ActionKind::Reviewed(review) => Some((&action.source, review)),
            _ => None,
        })
    }

    /// What could be paid: what was accepted, granted or recommended, or else all that is left of the
    /// payment, or else the credits of the generation.
    pub fn quote(&self, standing: &QuoteInputs<'_>) -> Option<Quote> {
        self.quote_by(ChosenTerms::default(), standing)
    }

    /// The same by the terms that a reviewer chose. What the customer accepted stays as it was offered.
    pub fn quote_by(&self, chosen: ChosenTerms, standing: &QuoteInputs<'_>) -> Option<Quote> {
        if self.refunds_nothing(standing) {
            return None;
        }
        let accepted = || self.progress.offers.iter().filter(|offer| offer.state == OfferState::Accepted);
        if let Some(quote) = accepted().find_map(|offer| self.offer_quote(&offer.id, standing)) {
            return Some(quote);
        }
        // A customer who took the discount was not promised the money: a person says what takes its place.
        let discount =
            |offer: &Offer| self.offer(&offer.id).is_some_and(|(_, made)| made.kind == OfferKind::Discount);
        if accepted().any(discount) {
            return None;
        }
        let decision = &self.case.decision;
        let remedy = match &decision.outcome {
            Outcome::Grant { remedy }
            | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => Some(remedy),
            Outcome::Refuse | Outcome::Person { .. } | Outcome::NeedsInformation { .. } => None,
        };
        if let Some(remedy) = remedy {
            return self.quote_of(
                remedy,
                chosen,
                grants_of_generation(standing.document, decision),
                standing,
            );
        }
        if let Some(payment) = standing.paid() {
            let left = payment.refundable().ok().filter(|left| !left.is_zero())?;
            return Some(Quote::of_money(payment, left, self.by_reason(chosen), standing));
        }
        self.quote_of(&Remedy::Credits { credits: self.charged_credits()? }, chosen, true, standing)
    }

    /// The terms of a refund as far as nobody chose others: a charge for a plan that was not ordered is a
    /// billing error. Its text says that the charge is refunded, and nothing of plan and credits, which stay
    /// (`S2-15`).
    pub(crate) fn by_reason(&self, chosen: ChosenTerms) -> ChosenTerms {
        if self.case.reason != Reason::WrongPlanCharged {
            return chosen;
        }
        ChosenTerms {
            revoke: chosen.revoke.or(Some(Revocation::Nothing)),
            ends_plan: chosen.ends_plan.or(Some(false)),
        }
    }

    /// What the generation cost and was not given back, as the facts say.
    fn charged_credits(&self) -> Option<u64> {
        use policy::{Fact, Value};
        let count = |fact| match self.case.facts.get(fact) {
            Some(Value::Integer(count)) => u64::try_from(*count).ok(),
            _ => None,
        };
        let returned = count(Fact::GenerationCreditsReturned).unwrap_or_default();
        self.case.generation.as_ref()?;
        count(Fact::GenerationCreditsCharged)?.checked_sub(returned)
    }

    /// What `part` of the payment would do, by the terms that a reviewer chose.
    pub fn part_quote(
        &self,
        part: Money,
        chosen: ChosenTerms,
        standing: &QuoteInputs<'_>,
    ) -> Result<Quote, ReviewError> {
        let payment = standing.paid().ok_or(ReviewError::NothingToRefund)?;
        let left = payment.refundable().ok().filter(|left| !left.is_zero());
        let left = left.ok_or(ReviewError::NothingToRefund)?;
        let rest = left.minus(part).map_err(|_| ReviewError::Amount(left))?;
        if part.is_zero() {
            return Err(ReviewError::Amount(left));
        }
        let step = payable_step(part.currency().as_str());
        if !rest.is_zero() && !part.minor().is_multiple_of(step) {
            return Err(ReviewError::NotPayable(step));
        }
        Ok(Quote::of_money(payment, part, self.by_reason(chosen), standing))
    }

    /// Whether a person can decide it: what the customer was asked for may come to a person by another way.
    pub fn can_be_reviewed(&self) -> bool {
        matches!(self.progress.timeline.state, State::InReview | State::NeedsInformation)
    }

    /// A person decides. `quote` is what is to be carried out, where money or credits are to move.
    pub fn review(
        &mut self,
        source: ActionSource,
        mut review: Review,
        quote: Option<Quote>,
    ) -> Result<ReviewOutcome, ReviewError> {
        if !self.can_be_reviewed() {
            return Err(ReviewError::State(self.progress.timeline.state));
        }
        let Actor::Support(reviewer) = source.by.clone() else { return Err(ReviewError::OwnRequest) };
        if self.is_requester(&reviewer) {
            return Err(ReviewError::OwnRequest);
        }
        if let Some(claim) = self.kept_from(&reviewer, source.at) {
            return Err(ReviewError::Claimed(claim.clone()));
        }
        self.fits(&review.verdict)?;
        review.overrides = self.is_overridden_by(&review);
        let executes = self.executed(&review.verdict, quote)?;
        if let Some(quote) = &executes {
            self.is_bearable(quote)?;
        }
        let leads_to = match (&review.verdict, executes) {
            (ReviewVerdict::Refuse, _) => {
                self.decided(State::Refused, &source)?;
                ReviewOutcome::Recorded
            }
            (ReviewVerdict::TakeBack, _) => {
                self.decided(State::Settled, &source)?;
                ReviewOutcome::TakeBack
            }
            (ReviewVerdict::Leave, _) => {
                self.decided(State::Settled, &source)?;
                ReviewOutcome::Recorded
            }
            (ReviewVerdict::Ask(missing), _) => {
                self.has_room()?;
                if self.progress.timeline.state != State::NeedsInformation {
                    self.decided(State::NeedsInformation, &source)?;
                }
                self.progress.asked.clone_from(missing);
                ReviewOutcome::Recorded
            }
            (verdict, Some(quote)) => {
                review.quote = Some(quote.id());
                if self.is_first_of_two(&reviewer, &quote, source.at)? {
                    self.has_room()?;
                    // It is another person's turn.
                    self.progress.claim = None;
                    self.in_hand(&source)?;
                    ReviewOutcome::Recorded
                } else if let ReviewVerdict::Offer { offer, remedy } = verdict {
                    self.has_room()?;
                    let quote = quote.id();
                    // The first of two people approved this offer, however the request goes on.
                    let first = self.progress.approvals.first.clone().filter(|first| first.quote == quote);
                    let chosen = review.chosen;
                    self.make(offer, Made { by: reviewer, remedy: remedy.clone(), chosen, quote, first });
                    self.in_hand(&source)?;
                    ReviewOutcome::Recorded
                } else {
                    self.decided(State::Approved, &source)?;
                    self.progress.approvals.by = Some(reviewer);
                    ReviewOutcome::Pay(Box::new(quote))
                }
            }
            (_, None) => return Err(ReviewError::NothingToRefund),
        };
        self.record(source, ActionKind::Reviewed(review));
        Ok(leads_to)
    }

    /// What a verdict would carry out of what is quoted.
    fn executed(&self, verdict: &ReviewVerdict, quote: Option<Quote>) -> Result<Option<Quote>, ReviewError> {
        match verdict {
            ReviewVerdict::Refuse
            | ReviewVerdict::Ask(_)
            | ReviewVerdict::TakeBack
            | ReviewVerdict::Leave => Ok(None),
            ReviewVerdict::Approve | ReviewVerdict::ApprovePart(_) | ReviewVerdict::GrantCredits { .. } => {
                Ok(quote)
            }
            ReviewVerdict::Offer { offer, .. } => {
                let (offer, _) = self.offer(offer).ok_or(ReviewError::NoOffer)?;
                if offer.state == OfferState::Accepted { Err(ReviewError::NoOffer) } else { Ok(quote) }
            }
        }
    }

    /// Whether this is the first of two approvals, which is kept; the second one has to be another person's.
    fn is_first_of_two(&mut self, reviewer: &str, quote: &Quote, at: Timestamp) -> Result<bool, ReviewError> {
        if !self.needs_two(quote) {
            return Ok(false);
        }
        let id = quote.id();
        match &self.progress.approvals.first {
            Some(first) if first.quote == id && first.by == reviewer => Err(ReviewError::SamePerson),
            Some(first) if first.quote == id => Ok(false),
            // Nobody has approved this quote: an earlier one is void.
            _ => {
                self.progress.approvals.first =
                    Some(FirstApproval { by: reviewer.to_owned(), quote: id, at });
                Ok(true)
            }
        }
    }

    fn make(&mut self, id: &str, made: Made) {
        if let Some(offer) = self.progress.offers.iter_mut().find(|offer| offer.id == id) {
            offer.state = OfferState::Open;
            offer.made = Some(made);
        }
    }

    fn decided(&mut self, state: State, source: &ActionSource) -> Result<(), ReviewError> {
        self.transition_to(state, source.at, source.by.clone())
            .map_err(|error| ReviewError::State(error.from))?;
        self.progress.asked.clear();
        if state != State::Approved {
            self.progress.approvals.first = None;
        }
        Ok(())
    }

    /// A person takes it in hand. What the customer was asked for is dropped.
    fn in_hand(&mut self, source: &ActionSource) -> Result<(), ReviewError> {
        if self.progress.timeline.state == State::InReview {
            return Ok(());
        }
        self.progress.asked.clear();
        self.transition_to(State::InReview, source.at, source.by.clone())
            .map_err(|error| ReviewError::State(error.from))
    }

    fn has_room(&self) -> Result<(), ReviewError> {
        let open_ends = self.reviews().filter(|(_, review)| review.verdict != ReviewVerdict::Refuse).count();
        if open_ends < REVIEWS_MAX { Ok(()) } else { Err(ReviewError::TooMany) }
    }

    /// Whether a review is not what the machine decided or recommends. Without a recommendation there is
    /// nothing to override but the policy itself, by a grant outside it; a question and an offer decide
    /// nothing.
    fn is_overridden_by(&self, review: &Review) -> bool {
        let recommended = match &self.case.decision.outcome {
            Outcome::Grant { remedy }
            | Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => Some(remedy),
            Outcome::Refuse | Outcome::Person { recommendation: Some(Recommendation::Refuse) } => None,
            Outcome::Person { recommendation: None } | Outcome::NeedsInformation { .. } => {
                return review.gives_outside_policy();
            }
        };
        match (&review.verdict, recommended) {
            (ReviewVerdict::Approve, recommended) => recommended.is_none(),
            (ReviewVerdict::Refuse, recommended) => recommended.is_some(),
            (ReviewVerdict::ApprovePart(_) | ReviewVerdict::GrantCredits { .. }, None) => true,
            (ReviewVerdict::GrantCredits { credits, .. }, Some(remedy)) => {
                *remedy != Remedy::Credits { credits: credits.get() }
            }
            (ReviewVerdict::ApprovePart(part), Some(remedy)) => {
                *remedy
                    != Remedy::Money {
                        amount_minor: part.minor(),
                        currency: part.currency().as_str().to_owned(),
                    }
            }
            (
                ReviewVerdict::Ask(_)
                | ReviewVerdict::Offer { .. }
                | ReviewVerdict::TakeBack
                | ReviewVerdict::Leave,
                _,
            ) => false,
        }
    }

    /// What a save of this request carries out and who answers for it; `None` while nothing moves. The amount
    /// to be paid is read from the request itself, so that the condition of the write guards it.
    pub fn approval(&self) -> Option<Approval> {
        let remedy = match (
            self.progress.timeline.state,
            // The parts that the customer has of an earlier approval are no part of this one.
            self.progress.fulfilment.payout.as_ref().filter(|payout| payout.open_part(0).is_some()),
            self.progress.fulfilment.credits_given,
        ) {
            (State::Approved, Some(payout), _) => Remedy::Money {
                amount_minor: payout.to_pay().minor(),
                currency: payout.to_pay().currency().as_str().to_owned(),
            },
            (State::Refunded, None, Some(given)) => Remedy::Credits { credits: given.get() },
            (State::Approved, None, _) => {
                Remedy::Discount(self.progress.fulfilment.discount.as_ref()?.discount.clone())
            }
            _ => return None,
        };
        let (quote, offer) = match self.progress.actions.last().map(|action| &action.kind) {
            Some(ActionKind::Reviewed(review)) => (review.quote.clone(), None),
            Some(ActionKind::Accepted { offer }) => {
                let made = self.offer(offer).and_then(|(offer, _)| offer.made.as_ref());
                (made.map(|made| made.quote.clone()), Some(offer.clone()))
            }
            _ => (None, None),
        };
        Some(Approval { by: self.progress.approvals.by.clone(), remedy, quote, offer })
    }

    /// The offer that a save of this request makes with the approval of two people.
    pub fn offered_by_two(&self) -> Option<&Made> {
        let ActionKind::Reviewed(Review { verdict: ReviewVerdict::Offer { offer, .. }, .. }) =
            &self.progress.actions.last()?.kind
        else {
            return None;
        };
        self.offer(offer)?.0.made.as_ref().filter(|made| made.first.is_some())
    }

    /// How long credits that were granted count, in seconds; `None` if the document has no limits.
    pub fn counts_within_s(&self) -> Option<u64> {
        self.progress.approvals.limits.as_ref().map(|limits| limits.within_s)
    }

    /// Whether the payment of a grant can bear it, for a person or for two: `bought` is what it bought.
    pub fn is_bearable(&self, quote: &Quote) -> Result<(), ReviewError> {
        let Some(((credits, bought), limits)) =
            quote.granted_credits().zip(quote.bought).zip(self.progress.approvals.limits.as_ref())
        else {
            return Ok(());
        };
        let left = limits.payment_max(bought).saturating_sub(quote.granted.for_payment);
        if credits > left { Err(ReviewError::AbovePayment(left)) } else { Ok(()) }
    }
}
