//! What people decide: reviews, and who has to agree before money or credits move.
//!
//! Above the document's limit two people approve the same quote, and neither of them asked for it. The first
//! approval is kept, and the second one carries it out. This module enforces the rule, and so does the
//! condition of the write, independent of this code ([`Request::approval`]).

use ledger::{Actor, Credits, Money, ProductId, Timestamp};
use policy::{
    ApprovalLimits, Document, Missing, OfferKind, Outcome, Reason, Recommendation, Remedy, Revocation,
    payable_step,
};

use crate::offer::grants_of_generation;
use crate::{
    ActionKind, ActionSource, Case, Chosen, Claim, Ground, Made, Offer, OfferState, Quote, QuoteInputs,
    Request, State,
};

/// How many reviews that decide nothing (questions, offers, first approvals) a request can have: a case with
/// more open ends than that is to be decided with what is there.
pub const REVIEWS_MAX: usize = 8;

/// What a reviewer decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// What the quote pays.
    Approve,
    /// This much of the payment.
    ApprovePart(Money),
    /// So many credits for a purchase whose own have not landed.
    GrantCredits {
        /// The product whose operations may spend them.
        product: ProductId,
        /// How many.
        credits: Credits,
    },
    /// Nothing.
    Refuse,
    /// The customer is asked.
    Ask(Vec<Missing>),
    /// One of the decision's offers is made to the customer; it is carried out when they accept.
    Offer {
        /// The offer.
        offer: String,
        /// What it is worth.
        remedy: Remedy,
    },
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// What it rests on; a question needs nothing.
    pub ground: Option<Ground>,
    /// What was chosen of the refund's terms, where money is to move.
    pub chosen: Chosen,
    /// The quote that the reviewer was shown.
    pub quote: Option<String>,
    /// Whether it is not what the machine recommended; [`Request::review`] says.
    pub overrides: bool,
}

/// One of two people who have to agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstApproval {
    /// The person: the `sub` of the token.
    pub by: String,
    /// The quote that was approved.
    pub quote: String,
    /// When.
    pub at: Timestamp,
}

/// What a review leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOutcome {
    /// The request is to be saved as it is.
    Recorded,
    /// The request is approved, and this is to be carried out.
    Pay(Box<Quote>),
}

/// Why a review is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// The request waits for nobody's decision.
    #[error("the request is {0}, not in review")]
    State(State),
    /// The reviewer is the customer, or filed the request in the customer's name.
    #[error("the reviewer is the requester")]
    OwnRequest,
    /// Somebody else is at work on it.
    #[error("{} has claimed the request until {}", .0.by, .0.until())]
    Claimed(Claim),
    /// The reviewer gave the first of the two approvals.
    #[error("the first approval is the reviewer's own; another person has to give the second")]
    SamePerson,
    /// There is nothing that could be approved.
    #[error("nothing is left that could be approved")]
    NothingToRefund,
    /// The part is nothing, above what is left, or in another currency.
    #[error("the amount is not between 1 and {0}")]
    Amount(Money),
    /// It would grant more credits for a payment than the policy ever does; this many are left.
    #[error("at most {0} credits are granted for this payment beside those that it bought")]
    AbovePayment(u64),
    /// Stripe pays no such amount in this currency, only multiples.
    #[error("the amount is not a multiple of {0}, as Stripe pays in this currency")]
    NotPayable(u64),
    /// The decision makes no such offer, or the customer has accepted it.
    #[error("the request has no such offer that could be made")]
    NoOffer,
    /// It has [`REVIEWS_MAX`] reviews that decided nothing.
    #[error("the request was asked about {REVIEWS_MAX} times; approve or refuse it")]
    TooMany,
}

/// Who answers for what a save carries out, for the condition of the write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The person; nobody where the machine decided on recorded facts.
    pub by: Option<String>,
    /// What is carried out.
    pub remedy: Remedy,
    /// The quote that the second of two people approved.
    pub quote: Option<String>,
    /// The offer that the customer accepted, where it is that which is carried out.
    pub offer: Option<String>,
}

impl Case {
    /// What is above the limit of one person's word is above the machine's, too: it is put before people.
    pub(crate) fn within(&mut self, limits: Option<&ApprovalLimits>, document: &Document) {
        if let (Some(limits), Outcome::Grant { remedy }) = (limits, &self.decision.outcome)
            && limits.needs_two(remedy)
        {
            self.decision = self.decision.clone().left_to_two_people(document);
        }
    }
}

impl Request {
    /// Whether two people have to agree on this. Refunds of one payment count together: parts of it that
    /// one person approves do not slip below the limit.
    ///
    /// Credits that are granted count with those that the account got, and the person granted, before.
    pub fn needs_two(&self, quote: &Quote) -> bool {
        let Some(limits) = &self.limits else { return false };
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
        self.limits = match (self.limits.take(), document.approval.clone()) {
            (Some(before), Some(other)) => Some(before.stricter(&other)),
            (before, other) => before.or(other),
        };
    }

    /// Who filed it, where that was a support person in the customer's name.
    pub fn filed_by(&self) -> Option<&str> {
        match &self.steps.first()?.actor {
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
        self.acts.iter().filter_map(|act| match (&act.deed, &act.call.by) {
            (ActionKind::Reviewed(_) | ActionKind::Arrived | ActionKind::HeldBack { .. }, _) => None,
            (_, Actor::Support(speaker)) => Some(speaker.as_str()),
            _ => None,
        })
    }

    /// The reviews so far, oldest first, each with who made it and when.
    pub fn reviews(&self) -> impl Iterator<Item = (&ActionSource, &Review)> {
        self.acts.iter().filter_map(|act| match &act.deed {
            ActionKind::Reviewed(review) => Some((&act.call, review)),
            _ => None,
        })
    }

    /// What could be paid: what was accepted, granted or recommended, or else all that is left of the
    /// payment, or else the credits of the generation.
    pub fn quote(&self, standing: &QuoteInputs<'_>) -> Option<Quote> {
        self.quote_by(Chosen::default(), standing)
    }

    /// The same by the terms that a reviewer chose. What the customer accepted stays as it was offered.
    pub fn quote_by(&self, chosen: Chosen, standing: &QuoteInputs<'_>) -> Option<Quote> {
        let accepted = || self.offers.iter().filter(|offer| offer.state == OfferState::Accepted);
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
    pub(crate) fn by_reason(&self, chosen: Chosen) -> Chosen {
        if self.case.reason != Reason::WrongPlanCharged {
            return chosen;
        }
        Chosen {
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
        chosen: Chosen,
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
        matches!(self.state, State::InReview | State::NeedsInformation)
    }

    /// A person decides. `quote` is what is to be carried out, where money or credits are to move.
    pub fn review(
        &mut self,
        call: ActionSource,
        mut review: Review,
        quote: Option<Quote>,
    ) -> Result<ReviewOutcome, ReviewError> {
        if !self.can_be_reviewed() {
            return Err(ReviewError::State(self.state));
        }
        let Actor::Support(reviewer) = call.by.clone() else { return Err(ReviewError::OwnRequest) };
        if self.is_requester(&reviewer) {
            return Err(ReviewError::OwnRequest);
        }
        if let Some(claim) = self.kept_from(&reviewer, call.at) {
            return Err(ReviewError::Claimed(claim.clone()));
        }
        review.overrides = self.is_overridden_by(&review);
        let executes = self.executed(&review.verdict, quote)?;
        if let Some(quote) = &executes {
            self.is_bearable(quote)?;
        }
        let leads_to = match (&review.verdict, executes) {
            (Verdict::Refuse, _) => {
                self.decided(State::Refused, &call)?;
                ReviewOutcome::Recorded
            }
            (Verdict::Ask(missing), _) => {
                self.has_room()?;
                if self.state != State::NeedsInformation {
                    self.decided(State::NeedsInformation, &call)?;
                }
                self.asked.clone_from(missing);
                ReviewOutcome::Recorded
            }
            (verdict, Some(quote)) => {
                review.quote = Some(quote.id());
                if self.is_first_of_two(&reviewer, &quote, call.at)? {
                    self.has_room()?;
                    // It is another person's turn.
                    self.claim = None;
                    self.in_hand(&call)?;
                    ReviewOutcome::Recorded
                } else if let Verdict::Offer { offer, remedy } = verdict {
                    self.has_room()?;
                    let quote = quote.id();
                    // The first of two people approved this offer, however the request goes on.
                    let first = self.first_approval.clone().filter(|first| first.quote == quote);
                    let chosen = review.chosen;
                    self.make(offer, Made { by: reviewer, remedy: remedy.clone(), chosen, quote, first });
                    self.in_hand(&call)?;
                    ReviewOutcome::Recorded
                } else {
                    self.decided(State::Approved, &call)?;
                    self.approved_by = Some(reviewer);
                    ReviewOutcome::Pay(Box::new(quote))
                }
            }
            (_, None) => return Err(ReviewError::NothingToRefund),
        };
        self.did(call, ActionKind::Reviewed(review));
        Ok(leads_to)
    }

    /// What a verdict would carry out of what is quoted.
    fn executed(&self, verdict: &Verdict, quote: Option<Quote>) -> Result<Option<Quote>, ReviewError> {
        match verdict {
            Verdict::Refuse | Verdict::Ask(_) => Ok(None),
            Verdict::Approve | Verdict::ApprovePart(_) | Verdict::GrantCredits { .. } => Ok(quote),
            Verdict::Offer { offer, .. } => {
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
        match &self.first_approval {
            Some(first) if first.quote == id && first.by == reviewer => Err(ReviewError::SamePerson),
            Some(first) if first.quote == id => Ok(false),
            // Nobody has approved this quote: an earlier one is void.
            _ => {
                self.first_approval = Some(FirstApproval { by: reviewer.to_owned(), quote: id, at });
                Ok(true)
            }
        }
    }

    fn make(&mut self, id: &str, made: Made) {
        if let Some(offer) = self.offers.iter_mut().find(|offer| offer.id == id) {
            offer.state = OfferState::Open;
            offer.made = Some(made);
        }
    }

    fn decided(&mut self, state: State, call: &ActionSource) -> Result<(), ReviewError> {
        self.transition_to(state, call.at, call.by.clone())
            .map_err(|error| ReviewError::State(error.from))?;
        self.asked.clear();
        if state != State::Approved {
            self.first_approval = None;
        }
        Ok(())
    }

    /// A person takes it in hand. What the customer was asked for is dropped.
    fn in_hand(&mut self, call: &ActionSource) -> Result<(), ReviewError> {
        if self.state == State::InReview {
            return Ok(());
        }
        self.asked.clear();
        self.transition_to(State::InReview, call.at, call.by.clone())
            .map_err(|error| ReviewError::State(error.from))
    }

    fn has_room(&self) -> Result<(), ReviewError> {
        let open_ends = self.reviews().filter(|(_, review)| review.verdict != Verdict::Refuse).count();
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
            (Verdict::Approve, recommended) => recommended.is_none(),
            (Verdict::Refuse, recommended) => recommended.is_some(),
            (Verdict::ApprovePart(_) | Verdict::GrantCredits { .. }, None) => true,
            (Verdict::GrantCredits { credits, .. }, Some(remedy)) => {
                *remedy != Remedy::Credits { credits: credits.get() }
            }
            (Verdict::ApprovePart(part), Some(remedy)) => {
                *remedy
                    != Remedy::Money {
                        amount_minor: part.minor(),
                        currency: part.currency().as_str().to_owned(),
                    }
            }
            (Verdict::Ask(_) | Verdict::Offer { .. }, _) => false,
        }
    }

    /// What a save of this request carries out and who answers for it; `None` while nothing moves. The amount
    /// to be paid is read from the request itself, so that the condition of the write guards it.
    pub fn approval(&self) -> Option<Approval> {
        let remedy = match (self.state, &self.payout, self.given) {
            (State::Approved, Some(payout), _) => Remedy::Money {
                amount_minor: payout.amount.minor(),
                currency: payout.amount.currency().as_str().to_owned(),
            },
            (State::Refunded, None, Some(given)) => Remedy::Credits { credits: given.get() },
            (State::Approved, None, _) => Remedy::Discount(self.discount.as_ref()?.discount.clone()),
            _ => return None,
        };
        let (quote, offer) = match self.acts.last().map(|act| &act.deed) {
            Some(ActionKind::Reviewed(review)) => (review.quote.clone(), None),
            Some(ActionKind::Accepted { offer }) => {
                let made = self.offer(offer).and_then(|(offer, _)| offer.made.as_ref());
                (made.map(|made| made.quote.clone()), Some(offer.clone()))
            }
            _ => (None, None),
        };
        Some(Approval { by: self.approved_by.clone(), remedy, quote, offer })
    }

    /// The offer that a save of this request makes with the approval of two people.
    pub fn offered_by_two(&self) -> Option<&Made> {
        let ActionKind::Reviewed(Review { verdict: Verdict::Offer { offer, .. }, .. }) =
            &self.acts.last()?.deed
        else {
            return None;
        };
        self.offer(offer)?.0.made.as_ref().filter(|made| made.first.is_some())
    }
}
