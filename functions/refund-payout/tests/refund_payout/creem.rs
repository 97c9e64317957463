//! Payouts and cancellations through Creem's stand-in, by the calls that Creem has.

use std::time::Duration;

use creem_api::{CreemClient, CreemConfig, CreemKey, Timeouts};
use lambda::backoff::Backoff;
use ledger::contract::{DAY_S, at, grant, run};
use ledger::{
    AccountId, Actor, CancellationStore, Channel, Command, Confirmation, Currency, Dispute, DisputeId,
    LedgerStore, Money, PaymentId, PaymentStore, Provider, RefundRequestId, Subscription, SubscriptionId,
    SubscriptionStore, Timestamp,
};
use ledger_dynamodb::{StoreError, Tables, in_process};
use policy::{Facts, Reason};
use refund_payout::{
    CancellationError, CancellationOutcome, Clients, PayoutError, ProviderError, pay, send_cancellation,
};
use refunds::{
    ActionSource, ApprovalContext, ApprovalOutcome, Case, ChosenTerms, Quote, QuoteInputs, RefundRequest,
    RequestStore, Review, ReviewOutcome, ReviewVerdict, State, approve, fingerprint, request_id,
};
use serde_json::{Value, json};
use stripe_api::StripeClient;
use testkit::creem::{BuyOnce, CREEM_API_KEY, CreemOperation, CreemStandIn, OutsideRefund, StartPlan};
use testkit::stand_in::{Emission, Fault};

use crate::world::account;

struct AtCreem {
    creem: CreemStandIn,
    store: Tables,
    client: CreemClient,
}

impl Clients for AtCreem {
    async fn stripe(&self) -> Result<StripeClient, ProviderError> {
        Err(ProviderError::NotSetUp(Provider::Stripe))
    }

    async fn creem(&self) -> Result<CreemClient, ProviderError> {
        Ok(self.client.clone())
    }
}

fn eur(minor: u64) -> Money {
    Money::new(minor, Currency::new("eur").unwrap())
}

impl AtCreem {
    async fn start() -> Self {
        let creem = CreemStandIn::start().await.unwrap();
        let config = CreemConfig {
            base_url: creem.base_url(),
            key: CreemKey::new(CREEM_API_KEY).unwrap(),
            live: false,
            timeouts: Timeouts { answer: Duration::from_millis(400), ..Timeouts::default() },
        };
        let (store, _) = in_process::tables().await;
        Self { creem, store, client: CreemClient::new(&config).unwrap() }
    }

    /// 1000 cents and 210 of tax were paid for 100 credits; a person approved so many of them.
    async fn approved(&self, minor: u64) -> RefundRequestId {
        let order = BuyOnce { tax: 210, ..BuyOnce::of("customer-1", "prod_pack", 1000) };
        let sold = self.creem.buy_once(&order, &Emission::default()).unwrap();
        let id = PaymentId::new(sold.transaction.unwrap()).unwrap();
        let mut grant = grant(&account(), id.as_str(), 100, None);
        grant.payment.provider = Provider::Creem;
        grant.payment.paid = eur(1210);
        grant.payment.product = "image-to-3d".parse().unwrap();
        run(&self.store, &account(), &Command::Grant(grant), at(0)).await;
        let payment = self.store.payment(&id).await.unwrap().unwrap();
        let document = policy_documents::documents().in_force("image-to-3d", i64::MAX).document().unwrap();
        let facts = Facts::new();
        let case = Case {
            occasion: None,
            payment: Some(id),
            generation: None,
            reason: Reason::Other,
            note: "Please.".to_owned(),
            fingerprint: fingerprint(&[]),
            decision: policy::decide(document, &facts, Reason::Other, at(1).as_ms()),
            facts,
        };
        let whose = (request_id(&account(), "key-1"), account());
        let mut request = RefundRequest::open(whose.clone(), Actor::Customer, case, document, at(1));
        request = request.restored_with(|progress| progress.timeline.state = State::InReview);
        let review = Review {
            verdict: ReviewVerdict::ApprovePart(eur(minor)),
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
            document,
            payment: Some(&payment),
            subscription: None,
            head: head.as_ref(),
            now: at(2),
        };
        let quote = Quote::of_money(&payment, eur(minor), ChosenTerms::default(), &standing);
        let Ok(ReviewOutcome::Pay(quote)) = request.review(call, review, Some(quote)) else {
            panic!("it is approved")
        };
        let request = request.restored_with(|progress| progress.version = 1);
        let grounds = ApprovalContext::of(document, reviewer);
        let approved = approve(&self.store, &Backoff::default(), &request, &quote, grounds, at(2)).await;
        assert!(matches!(approved, Ok(ApprovalOutcome::Saved(_))), "{approved:?}");
        whose.0
    }

    async fn pay(&self, id: &RefundRequestId, now: Timestamp) -> Result<State, PayoutError<StoreError>> {
        Box::pin(pay(&self.store, &Backoff::default(), self, id, now)).await.map(|paid| paid.state)
    }

    /// The bodies of the calls to this path.
    fn posted(&self, path: &str) -> Vec<Value> {
        let calls = self.creem.calls();
        let posts = calls.into_iter().filter(|call| call.method == "POST" && call.path == path);
        posts.map(|call| call.body.unwrap_or_default()).collect()
    }

    fn refunded(&self) -> u64 {
        self.creem.transactions().iter().map(|sale| sale.refunded).sum()
    }

    /// A subscription whose cancellation is confirmed, at once or with its period.
    async fn cancelled(&self, at_once: bool) -> SubscriptionId {
        let order = StartPlan::of("customer-1", "prod_monthly", 2000);
        let sold = self.creem.start_plan(&order, &Emission::default()).unwrap();
        let id = SubscriptionId::new(sold.subscription.unwrap()).unwrap();
        let reported = Subscription {
            provider: Provider::Creem,
            id: id.clone(),
            account: account(),
            as_of: at(0),
            price: Some("prod_monthly".to_owned()),
            period_ends_at: Some(at(30 * DAY_S)),
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: ledger::SubscriptionReport::default(),
        };
        assert!(self.store.save_subscription(&reported).await.unwrap());
        let confirmation = Confirmation {
            at: at(10),
            channel: Channel::Customer,
            effective_at: Some(if at_once { at(10) } else { at(30 * DAY_S) }),
            stripe_at: None,
            announced: 0,
        };
        assert!(self.store.confirm_cancellation(&reported, &confirmation).await.unwrap());
        id
    }

    async fn send(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> Result<CancellationOutcome, CancellationError<StoreError>> {
        Box::pin(send_cancellation(&self.store, self, account, id, at(11))).await
    }
}

#[tokio::test]
async fn s3_23_the_whole_payment_with_its_tax_goes_back_through_creem() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(1210).await;
    // Creem calls it pending while its transaction reads as refunded.
    assert_eq!(at_creem.pay(&id, at(3)).await.unwrap(), State::Paying);
    let orders = at_creem.posted("/v1/refunds");
    let transaction = at_creem.creem.transactions()[0].id.clone();
    assert_eq!(orders, [json!({ "transaction_id": transaction })]);
    assert_eq!(at_creem.refunded(), 1210);
    assert_eq!(at_creem.pay(&id, at(3 + 6 * 3600)).await.unwrap(), State::Refunded);
    assert_eq!(at_creem.posted("/v1/refunds").len(), 1);
}

#[tokio::test]
async fn e1_creem_an_order_whose_answer_was_lost_is_found_at_the_transaction() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(1210).await;
    at_creem.creem.plan(CreemOperation::CreateRefund, 1, Fault::TimeoutAfterActing);
    assert_eq!(at_creem.pay(&id, at(3)).await.unwrap(), State::Refunded);
    assert_eq!((at_creem.posted("/v1/refunds").len(), at_creem.refunded()), (1, 1210));
}

#[tokio::test]
async fn e5_creem_what_creem_does_not_take_stays_in_the_queue_and_is_made_once() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(1210).await;
    let mut now = 3;
    for fault in [
        Fault::Unavailable,
        Fault::RateLimited { retry_after_s: Some(1) },
        Fault::TimeoutBeforeActing,
        Fault::ServerError { acts: false },
    ] {
        at_creem.creem.plan(CreemOperation::CreateRefund, 1, fault.clone());
        assert!(at_creem.pay(&id, at(now)).await.is_err(), "{fault:?}");
        assert_eq!(at_creem.refunded(), 0);
        now += 600;
    }
    at_creem.creem.plan(CreemOperation::RetrieveTransaction, 1, Fault::Unavailable);
    let failed = at_creem.pay(&id, at(now)).await;
    assert!(matches!(failed, Err(PayoutError::Provider(ProviderError::Creem(_)))), "{failed:?}");
    assert_eq!(at_creem.pay(&id, at(now)).await.unwrap(), State::Paying);
    assert_eq!(at_creem.creem.refunds().len(), 1);
}

#[tokio::test]
async fn e7_creem_an_order_that_creem_declines_fails_after_a_look() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(1210).await;
    at_creem.creem.plan(
        CreemOperation::CreateRefund,
        1,
        Fault::Decline { code: "refund_not_possible".to_owned() },
    );
    assert_eq!(at_creem.pay(&id, at(3)).await.unwrap(), State::Failed);
    let stored = at_creem.store.request(&id).await.unwrap().unwrap();
    assert_eq!(stored.payout().unwrap().failure(), Some("refund_not_possible"));
}

#[tokio::test]
async fn s3_23_a_part_is_never_ordered_and_ends_with_the_refund_that_a_person_makes() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(500).await;
    assert_eq!(at_creem.pay(&id, at(3)).await.unwrap(), State::Paying);
    let transaction = at_creem.creem.transactions()[0].id.clone();
    let by_hand = OutsideRefund { transaction, amount: Some(500) };
    at_creem.creem.outside_refund(&by_hand, &Emission::default()).unwrap();
    assert_eq!(at_creem.pay(&id, at(6 * 3600)).await.unwrap(), State::Refunded);
    assert_eq!((at_creem.posted("/v1/refunds").len(), at_creem.refunded()), (0, 500));
}

/// The task would give money back that the bank has: it goes back to people before it is made.
#[tokio::test]
async fn e13_creem_a_refund_by_hand_of_a_payment_that_is_disputed_meanwhile_is_no_task_any_more() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.approved(500).await;
    at_creem.pay(&id, at(3)).await.unwrap();
    let payment = PaymentId::new(at_creem.creem.transactions()[0].id.clone()).unwrap();
    let dispute = Dispute {
        id: DisputeId::new("disp_1").unwrap(),
        opened_at: at(100),
        status: "needs_response".to_owned(),
        as_of: at(100),
        refundable: false,
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
        amount: None,
        reason: None,
        due_by: None,
    };
    at_creem.store.save_dispute(&payment, &dispute).await.unwrap();
    assert_eq!(at_creem.pay(&id, at(6 * 3600)).await.unwrap(), State::InReview);
    assert_eq!(at_creem.store.payment(&payment).await.unwrap().unwrap().refunded_minor, 0);
}

#[tokio::test]
async fn s3_16_a_cancellation_through_creem_always_says_when() {
    for (at_once, body) in [
        (false, json!({ "mode": "scheduled", "onExecute": "cancel" })),
        (true, json!({ "mode": "immediate" })),
    ] {
        let at_creem = AtCreem::start().await;
        let id = at_creem.cancelled(at_once).await;
        assert_eq!(at_creem.send(&account(), &id).await.unwrap(), CancellationOutcome::Sent);
        assert_eq!(at_creem.send(&account(), &id).await.unwrap(), CancellationOutcome::Known);
        assert_eq!(at_creem.posted(&format!("/v1/subscriptions/{id}/cancel")), [body]);
    }
}

#[tokio::test]
async fn s3_16_a_subscription_that_has_ended_at_creem_needs_no_cancellation() {
    let at_creem = AtCreem::start().await;
    let id = at_creem.cancelled(true).await;
    at_creem.client.cancel_subscription(&id, creem_api::CancelMode::Immediate).await.unwrap();
    let outcome = at_creem.send(&account(), &id).await.unwrap();
    assert!(matches!(outcome, CancellationOutcome::Ended | CancellationOutcome::Sent), "{outcome:?}");
    // One that Creem does not answer for is sent again.
    let at_creem = AtCreem::start().await;
    let id = at_creem.cancelled(false).await;
    at_creem.creem.plan(CreemOperation::CancelSubscription, 1, Fault::Unavailable);
    let failed = at_creem.send(&account(), &id).await;
    assert!(matches!(failed, Err(CancellationError::Provider(ProviderError::Creem(_)))), "{failed:?}");
    assert_eq!(at_creem.send(&account(), &id).await.unwrap(), CancellationOutcome::Sent);
}
