//! Requests that go through their states at instants which the tests choose.

use ledger::{AccountId, Actor, Currency, Money, PaymentId, Timestamp};
use policy::{Document, Fact, Facts, Outcome, Reason, Value, decide};
use policy_documents::documents;
use refunds::{Case, Clock, Payout, PayoutPart, RefundRequest, State, fingerprint, request_id};

/// An RFC 3339 instant.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// The newest document that covers a product.
pub(crate) fn document_of(product: &str) -> &'static Document {
    documents().in_force(product, i64::MAX).document().unwrap()
}

/// A request on its way.
pub(crate) struct Story {
    pub(crate) request: RefundRequest,
    pub(crate) document: &'static Document,
}

impl Story {
    /// Submitted at `submitted`, and put before a person or asked for information at once.
    pub(crate) fn submitted(product: &str, reason: Reason, first: State, submitted: Timestamp) -> Self {
        Self::about(product, reason, first, submitted, &[(Fact::Product, product.into())])
    }

    /// As [`Story::submitted`], with these facts.
    pub(crate) fn about(
        product: &str,
        reason: Reason,
        first: State,
        submitted: Timestamp,
        known: &[(Fact, Value)],
    ) -> Self {
        let document = document_of(product);
        let mut facts = Facts::new();
        for (fact, value) in known {
            facts.set(*fact, value.clone()).unwrap();
        }
        let mut decision = decide(document, &facts, reason, submitted.as_ms());
        decision.outcome = match first {
            State::NeedsInformation => Outcome::NeedsInformation { missing: Vec::new() },
            State::Refused => Outcome::Refuse,
            _ => Outcome::Person { recommendation: None },
        };
        let case = Case {
            occasion: None,
            payment: None,
            generation: None,
            reason,
            note: String::new(),
            fingerprint: fingerprint(&[]),
            facts,
            decision,
        };
        let account = AccountId::new("customer-1").unwrap();
        let request = RefundRequest::open(
            (request_id(&account, "key-1"), account),
            Actor::Customer,
            case,
            document,
            submitted,
        );
        let mut story = Self { request, document };
        assert_eq!(story.request.state(), first);
        story.request.keep_time(Some(document));
        story
    }

    /// Goes to `state` at `at`.
    pub(crate) fn goes(&mut self, state: State, at: Timestamp) {
        if state == State::Approved {
            self.request = self.request.restored_with(|progress| progress.fulfilment.payout = Some(payout()));
        }
        self.request.transition_to(state, at, Actor::Policy).unwrap();
        self.request.keep_time(Some(self.document));
    }

    /// The newest round of a promise.
    pub(crate) fn clock(&self, id: &str) -> &Clock {
        self.find(id).unwrap_or_else(|| panic!("no clock `{id}`"))
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Clock> {
        self.request.clocks().iter().rfind(|clock| clock.id == id)
    }
}

fn payout() -> Payout {
    let amount = Money::new(1_000, Currency::new("usd").unwrap());
    Payout::of(PaymentId::new("pi_1").unwrap(), PayoutPart::of(amount, 1))
}
