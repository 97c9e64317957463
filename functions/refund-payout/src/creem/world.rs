//! What a provider with a running total alone does to payouts, and that each ends in exactly one refund or
//! none.

use std::cell::{Cell, RefCell};

use lambda::backoff::Backoff;
use ledger::contract::{at, grant, run, sound_journal};
use ledger::{
    AccountId, Actor, Cause, Command, Confirmation, Currency, LedgerStore, Money, PaymentId, PaymentStore,
    Provider, RefundRequestId, Subscription, SubscriptionId, Timestamp,
};
use ledger_dynamodb::{Tables, in_process};
use policy::{Document, Facts, Reason};
use refunds::{
    ActionSource, ApprovalContext, ApprovalOutcome, Case, ChosenTerms, Payout, QueueStore, Quote,
    QuoteInputs, RefundRequest, RefundStatus, RequestStore, Review, ReviewOutcome, ReviewVerdict, State,
    TotalOutcome, TotalSighting, approve, fingerprint, request_id, settle_total,
};

use super::{look, on_its_way};
use crate::pay::Paid;
use crate::provider::{
    Answered, CallError, CancelOutcome, DeclinedCall, Found, PaidParts, ProviderCalls, ProviderError,
};
use crate::runner::{PayoutError, PayoutRunner};
use crate::store::PayoutStore;

type Outcome = Result<State, PayoutError<ledger_dynamodb::StoreError>>;

/// How the next order for a refund ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Succeeds,
    /// The answer says `pending`, and the transaction reads as refunded.
    Pends,
    LostBefore,
    LostAfter,
    Fails,
    Declined,
}

/// A transaction at a provider that refunds what is left of it, and says no more of that than the total.
pub(super) struct Transaction {
    pub(super) paid: u64,
    pub(super) refunded: Cell<u64>,
    pub(super) orders: Cell<usize>,
    pub(super) looks: Cell<usize>,
    pub(super) ended: RefCell<Vec<String>>,
    pub(super) next: Cell<Order>,
}

pub(super) fn usd(minor: u64) -> Money {
    Money::new(minor, Currency::new("usd").unwrap())
}

impl ProviderCalls for Transaction {
    async fn payments_of(&self, _: &Payout) -> Result<Option<PaidParts>, CallError> {
        Ok(None)
    }

    async fn find(&self, request: &RefundRequest, number: usize, now: Timestamp) -> Result<Found, CallError> {
        let payout = request.payout().ok_or(CallError::Order)?;
        if on_its_way(payout, number, now) {
            return Ok(Found::OnItsWay);
        }
        self.looks.update(|looks| looks.saturating_add(1));
        look(payout, usd(self.paid), Some(usd(self.refunded.get())))
    }

    async fn refund(
        &self,
        request: &RefundRequest,
        number: usize,
        before: Option<Money>,
    ) -> Result<Answered, CallError> {
        // Another worker may come between the order and its answer.
        tokio::task::yield_now().await;
        self.orders.update(|orders| orders.saturating_add(1));
        let unanswered = || CallError::Later(ProviderError::NotSetUp(Provider::Creem));
        let order = self.next.replace(Order::Succeeds);
        let left = self.paid.saturating_sub(self.refunded.get());
        match order {
            Order::LostBefore => return Err(unanswered()),
            Order::Fails => return Err(CallError::AfterALook(ProviderError::NotSetUp(Provider::Creem))),
            _ if order == Order::Declined || left == 0 => {
                return Err(CallError::Declined(DeclinedCall {
                    code: "not_refundable".to_owned(),
                    refunded_already: true,
                    lacks_funds: false,
                    source: ProviderError::NotSetUp(Provider::Creem),
                }));
            }
            Order::Succeeds | Order::Pends | Order::LostAfter | Order::Declined => {}
        }
        self.refunded.set(self.paid);
        if order == Order::LostAfter {
            return Err(unanswered());
        }
        let status = if order == Order::Pends { RefundStatus::Pending } else { RefundStatus::Succeeded };
        let part = request.payout().and_then(|payout| payout.part(number)).unwrap();
        let total = before.unwrap().plus(part.amount).unwrap();
        let payment = request.payout().unwrap().payment.clone();
        Ok(Answered::Total(TotalSighting { payment, total, status, amount: Some(part.amount) }))
    }

    async fn end(&self, subscription: &SubscriptionId) -> Result<CancelOutcome, CallError> {
        self.ended.borrow_mut().push(subscription.to_string());
        Ok(CancelOutcome::Known(None))
    }

    async fn cancel(&self, _: &Subscription, _: &Confirmation) -> Result<CancelOutcome, CallError> {
        Err(CallError::Order)
    }

    async fn withdraw_unpaid(&self, _: &SubscriptionId) -> Result<(), CallError> {
        Ok(())
    }
}

pub(super) struct World {
    pub(super) store: Tables,
    pub(super) at_creem: Transaction,
    pub(super) payment: PaymentId,
    pub(super) request: RefundRequestId,
}

pub(super) fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

pub(super) fn document() -> &'static Document {
    policy_documents::documents().in_force("image-to-3d", i64::MAX).document().unwrap()
}

impl World {
    /// 1000 cents were paid for 100 credits of a pack; a person approved so many of them.
    pub(super) async fn of(minor: u64) -> Self {
        Self::bought(None, minor).await
    }

    pub(super) async fn bought(subscription: Option<&str>, minor: u64) -> Self {
        let (store, _) = in_process::tables().await;
        let payment = PaymentId::new("tran_1").unwrap();
        let mut grant = grant(&account(), payment.as_str(), 100, subscription);
        grant.payment.provider = Provider::Creem;
        grant.payment.product = "image-to-3d".parse().unwrap();
        run(&store, &account(), &Command::Grant(grant), at(0)).await;
        let at_creem = Transaction {
            paid: 1000,
            refunded: Cell::new(0),
            orders: Cell::new(0),
            looks: Cell::new(0),
            ended: RefCell::default(),
            next: Cell::new(Order::Succeeds),
        };
        let request = request_id(&account(), "key-1");
        let world = Self { store, at_creem, payment, request };
        Box::pin(world.approve("key-1", minor)).await;
        world
    }

    /// A request of its own for so much of the payment.
    pub(super) async fn approve(&self, key: &str, minor: u64) -> RefundRequestId {
        let facts = Facts::new();
        let case = Case {
            occasion: None,
            payment: Some(self.payment.clone()),
            generation: None,
            reason: if key == "key-1" { Reason::Other } else { Reason::ChangedMind },
            note: "Please.".to_owned(),
            fingerprint: fingerprint(&[]),
            decision: policy::decide(document(), &facts, Reason::Other, at(1).as_ms()),
            facts,
        };
        let id = request_id(&account(), key);
        let mut request =
            RefundRequest::open((id.clone(), account()), Actor::Customer, case, document(), at(1));
        request = request.restored_with(|progress| progress.timeline.state = State::InReview);
        let payment = self.store.payment(&self.payment).await.unwrap().unwrap();
        let review = Review {
            verdict: ReviewVerdict::ApprovePart(usd(minor)),
            reason: "Goodwill.".to_owned(),
            ground: None,
            chosen: ChosenTerms::default(),
            quote: None,
            overrides: false,
        };
        let reviewer = Actor::Support("agent-1".to_owned());
        let call = ActionSource { by: reviewer.clone(), at: at(2), fingerprint: fingerprint(&["review"]) };
        let head = self.store.head(&account()).await.unwrap();
        let standing = QuoteInputs {
            unrecorded: None,
            document: document(),
            payment: Some(&payment),
            subscription: None,
            head: head.as_ref(),
            now: at(2),
        };
        let quote = Quote::of_money(&payment, usd(minor), ChosenTerms::default(), &standing);
        let Ok(ReviewOutcome::Pay(quote)) = request.review(call, review, Some(quote)) else {
            panic!("it is approved")
        };
        let request = request.restored_with(|progress| progress.version = 1);
        let grounds = ApprovalContext::of(document(), reviewer);
        let approved = approve(&self.store, &Backoff::default(), &request, &quote, grounds, at(2)).await;
        assert!(matches!(approved, Ok(ApprovalOutcome::Saved(_))), "{approved:?}");
        id
    }

    pub(super) async fn pay(&self, now: Timestamp) -> Outcome {
        self.pay_one(&self.request, now).await.map(|paid| paid.state)
    }

    pub(super) async fn pay_one(
        &self,
        id: &RefundRequestId,
        now: Timestamp,
    ) -> Result<Paid, PayoutError<ledger_dynamodb::StoreError>> {
        let backoff = Backoff::default();
        let runner = PayoutRunner { store: &self.store, pause: &backoff, now };
        let request = self.stored(id).await;
        let payout = request.payout().cloned().unwrap();
        Box::pin(runner.refund_and_end(&self.at_creem, id, request, payout)).await
    }

    pub(super) async fn stored(&self, id: &RefundRequestId) -> RefundRequest {
        self.store.request(id).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self) -> State {
        self.stored(&self.request).await.state()
    }

    /// Credits that are available, and the cents that are refunded of the payment.
    pub(super) async fn numbers(&self) -> (u64, u64) {
        let entries = sound_journal(&self.store, &account()).await;
        let balance = entries.last().unwrap().after().balance(at(9));
        let refunded = self.store.payment(&self.payment).await.unwrap().unwrap().refunded_minor;
        (balance.map_or(0, |balance| balance.available.get()), refunded)
    }

    /// An event's report of the transaction's total.
    pub(super) async fn report(&self, status: RefundStatus, total: u64, amount: Option<u64>) -> TotalOutcome {
        let amount = amount.map(usd);
        let seen = TotalSighting { payment: self.payment.clone(), total: usd(total), status, amount };
        let cause = Cause::ProviderEvent(Provider::Creem, "evt_1".to_owned());
        Box::pin(settle_total(&self.store, &Backoff::default(), &seen, cause, at(50))).await.unwrap()
    }

    /// A report of a total, with the count of what no request made.
    pub(super) async fn applied(&self, total: u64) {
        let TotalOutcome::Applied { outside, .. } = self.report(RefundStatus::Succeeded, total, None).await
        else {
            panic!("it is of this payment")
        };
        if let Some(outside) = outside {
            let cause = Cause::ProviderEvent(Provider::Creem, "evt_1".to_owned());
            let of = (&self.payment, outside);
            let counted = self.store.count_outside(&Backoff::default(), of, cause, at(50)).await;
            assert!(counted.unwrap(), "it fits");
        }
    }

    pub(super) fn refunded(&self) -> u64 {
        self.at_creem.refunded.get()
    }

    pub(super) fn orders(&self) -> usize {
        self.at_creem.orders.get()
    }

    pub(super) async fn queue(&self) -> Vec<refunds::Waiting> {
        self.store.waiting(None, 10).await.unwrap()
    }
}
