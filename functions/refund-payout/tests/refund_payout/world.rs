//! A payment at the stand-in, its lot in the ledger, and an approved request to refund it.

use lambda::backoff::Backoff;
use ledger::contract::{at, grant, run, sound_journal};
use ledger::{
    AccountId, Actor, Command, Credits, LedgerStore, PaymentId, PaymentStore, Provider, RefundRequestId,
    Timestamp,
};
use ledger_dynamodb::{Tables, in_process};
use policy::{Discount, Facts, Reason};
use refund_payout::{Clients, Paid, PayoutError, ProviderError, pay};
use refunds::{
    ActionSource, ApprovalContext, ApprovalOutcome, Case, ChosenTerms, Quote, QuoteInputs, RefundRequest,
    RequestStore, Review, ReviewOutcome, ReviewVerdict, State, approve, fingerprint, request_id,
};
use stripe_api::{SecretKey, StripeClient, StripeConfig, Timeouts};
use testkit::stand_in::{
    API_KEY, BuyPack, DashboardRefund, DivideInvoice, Emission, StripeStandIn, Subscribe,
};

pub(crate) struct World {
    pub(crate) stripe: StripeStandIn,
    pub(crate) store: Tables,
    pub(crate) payment: PaymentId,
    pub(crate) request: RefundRequestId,
    /// Stripe's subscription, where the payment was for one.
    pub(crate) subscription: Option<String>,
    client: StripeClient,
}

impl World {
    /// 1000 cents were paid for 100 credits; a person approved 400 of them.
    pub(crate) async fn new() -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let pack = BuyPack::of("customer-1", "price_pack_100", 1000);
        let made = stripe.buy_pack(&pack, &Emission::default()).unwrap();
        Self::of(stripe, &made.payment.unwrap()).await
    }

    /// The same for an invoice of `amount` cents whose payment the event did not name.
    pub(crate) async fn of_invoice(amount: u64) -> Self {
        Self::of_purchase_of_invoice(1, amount).await
    }

    /// The same for the purchase at `place` of such an invoice.
    pub(crate) async fn of_purchase_of_invoice(place: usize, amount: u64) -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let subscribe = Subscribe::of("customer-1", "price_pro_monthly", amount);
        let made = stripe.subscribe(&subscribe, &Emission::default()).unwrap();
        let invoice = PaymentId::new(made.invoice.unwrap()).unwrap();
        Self::of(stripe, invoice.purchase(place).unwrap().as_str()).await
    }

    /// The same for an invoice that was paid with a card and with `rest`; 200 of the card's 500 cents are
    /// refunded.
    pub(crate) async fn of_divided_invoice(rest: impl FnOnce(&str) -> serde_json::Value) -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let pack = BuyPack::of("customer-1", "price_pack_100", 500);
        let [first, second] =
            std::array::from_fn(|_| stripe.buy_pack(&pack, &Emission::default()).unwrap().payment.unwrap());
        let part = DashboardRefund { payment: first.clone(), amount: Some(200) };
        stripe.dashboard_refund(&part, &Emission::default()).unwrap();
        let payment = |id: &str, paid: serde_json::Value| {
            serde_json::json!({
                "id": id, "object": "invoice_payment", "amount_paid": 500, "amount_requested": 500,
                "currency": "usd", "invoice": "in_divided", "status": "paid", "payment": paid,
            })
        };
        let by_card = serde_json::json!({ "type": "payment_intent", "payment_intent": first });
        let payments = vec![payment("inpay_1", by_card), payment("inpay_2", rest(&second))];
        stripe.list("/v1/invoice_payments?invoice=in_divided", payments);
        Self::of(stripe, "in_divided").await
    }

    /// The same for an invoice that an older and a newer payment of 500 cents each paid, of each of which 300
    /// are left.
    pub(crate) async fn of_two_parts() -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let subscribe = Subscribe::of("customer-1", "price_pro_monthly", 1_000);
        let invoice = stripe.subscribe(&subscribe, &Emission::default()).unwrap().invoice.unwrap();
        let divide = DivideInvoice { invoice: invoice.clone(), parts: vec![500, 500] };
        stripe.divide_invoice(&divide, &Emission::default()).unwrap();
        for payment in stripe.payments() {
            let part = DashboardRefund { payment: payment.id, amount: Some(200) };
            stripe.dashboard_refund(&part, &Emission::default()).unwrap();
        }
        Self::of(stripe, &invoice).await
    }

    /// The same for a charge of a subscription that ends with its refund.
    pub(crate) async fn of_plan() -> Self {
        Self::of_subscription(None).await
    }

    /// A subscription whose next renewal was promised to be cheaper.
    pub(crate) async fn of_discount(discount: Discount) -> Self {
        Self::of_subscription(Some(discount)).await
    }

    async fn of_subscription(discount: Option<Discount>) -> Self {
        let stripe = StripeStandIn::start().await.unwrap();
        let subscribe = Subscribe::of("customer-1", "price_pro_monthly", 1000);
        let made = stripe.subscribe(&subscribe, &Emission::default()).unwrap();
        Self::of_kind(stripe, &made.payment.unwrap(), made.subscription.as_deref(), discount).await
    }

    /// How often Stripe ended a subscription.
    pub(crate) fn ended(&self) -> usize {
        self.stripe.events().iter().filter(|event| event.kind == "customer.subscription.deleted").count()
    }

    async fn of(stripe: StripeStandIn, payment: &str) -> Self {
        Self::of_kind(stripe, payment, None, None).await
    }

    async fn of_kind(
        stripe: StripeStandIn,
        payment: &str,
        subscription: Option<&str>,
        discount: Option<Discount>,
    ) -> Self {
        let payment = PaymentId::new(payment).unwrap();
        let (store, _) = in_process::tables().await;
        let config = StripeConfig {
            base_url: stripe.base_url(),
            secret_key: SecretKey::new(API_KEY).unwrap(),
            timeouts: Timeouts { answer: std::time::Duration::from_millis(400), ..Timeouts::default() },
        };
        let client = StripeClient::new(&config).unwrap();
        let account = account();
        let mut grant = grant(&account, payment.as_str(), 100, subscription);
        // From before the first version: what ends with a refund is what its quote says.
        grant.payment.policy = None;
        run(&store, &account, &Command::Grant(grant), at(0)).await;
        let request = request_id(&account, "key-1");
        let subscription = subscription.map(str::to_owned);
        let world = Self { stripe, store, payment, request, subscription, client };
        // A request with its quote makes a large future.
        Box::pin(world.approve(discount)).await;
        world
    }

    async fn approve(&self, discount: Option<Discount>) {
        let document = policy_documents::documents().iter().next().unwrap();
        let facts = Facts::new();
        let case = Case {
            occasion: None,
            payment: Some(self.payment.clone()),
            generation: None,
            reason: Reason::Other,
            note: "Please.".to_owned(),
            fingerprint: fingerprint(&[]),
            decision: policy::decide(document, &facts, Reason::Other, at(1).as_ms()),
            facts,
        };
        let whose = (self.request.clone(), account());
        let mut request = RefundRequest::open(whose, Actor::Customer, case, document, at(1));
        // The policy may ask for something first; here a person already reviews it.
        request = request.restored_with(|progress| progress.timeline.state = State::InReview);
        let payment = self.store.payment(&self.payment).await.unwrap().unwrap();
        let part = ledger::Money::new(400, payment.paid.currency());
        let review = Review {
            verdict: discount.as_ref().map_or(ReviewVerdict::ApprovePart(part), |_| ReviewVerdict::Approve),
            reason: "Goodwill.".to_owned(),
            ground: None,
            chosen: chosen(),
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
        let quote = match &discount {
            Some(discount) => Quote::of_discount(discount, &standing).unwrap(),
            None => Quote::of_money(&payment, part, chosen(), &standing),
        };
        let Ok(ReviewOutcome::Pay(quote)) = request.review(call, review, Some(quote)) else {
            panic!("it is approved")
        };
        let request = request.restored_with(|progress| progress.version = 1);
        let grounds = ApprovalContext::of(document, reviewer);
        let approved = approve(&self.store, &Backoff::default(), &request, &quote, grounds, at(2)).await;

        assert!(matches!(approved, Ok(ApprovalOutcome::Saved(_))), "{approved:?}");
    }

    pub(crate) async fn pay(
        &self,
        now: Timestamp,
    ) -> Result<State, PayoutError<ledger_dynamodb::StoreError>> {
        self.paid(now).await.map(|paid| paid.state)
    }

    pub(crate) async fn paid(
        &self,
        now: Timestamp,
    ) -> Result<Paid, PayoutError<ledger_dynamodb::StoreError>> {
        Box::pin(pay(&self.store, &Backoff::default(), &OnlyStripe(self.client.clone()), &self.request, now))
            .await
    }

    pub(crate) async fn stored(&self) -> RefundRequest {
        self.store.request(&self.request).await.unwrap().unwrap()
    }

    /// Credits that are available, and the cents that are refunded of the payment.
    pub(crate) async fn numbers(&self) -> (u64, u64) {
        let entries = sound_journal(&self.store, &account()).await;
        let available =
            entries.last().unwrap().after().balance(at(9)).map_or(0, |balance| balance.available.get());
        (available, self.store.payment(&self.payment).await.unwrap().unwrap().refunded_minor)
    }

    /// The parts of the payout: their cents, whether they are paid, and whether they failed.
    pub(crate) async fn parts(&self) -> Vec<(u64, bool, bool)> {
        let request = self.stored().await;
        let parts = request.payout().unwrap().parts();
        parts.map(|part| (part.amount.minor(), part.paid, part.failure.is_some())).collect()
    }

    /// What Stripe has refunded by ours, payment by payment, in the order in which it was made.
    pub(crate) fn ours(&self) -> Vec<(String, u64)> {
        let refunds = self.stripe.refunds().into_iter();
        let ours = refunds.filter(|refund| refund.metadata.contains_key("refund_request"));
        ours.map(|refund| (refund.payment, refund.amount)).collect()
    }

    /// The refunds that Stripe has made.
    pub(crate) fn refunds(&self) -> usize {
        self.stripe.refunds().len()
    }
}

/// A stack that was deployed without Creem.
pub(crate) struct OnlyStripe(pub(crate) StripeClient);

impl Clients for OnlyStripe {
    async fn stripe(&self) -> Result<StripeClient, ProviderError> {
        Ok(self.0.clone())
    }

    async fn creem(&self) -> Result<creem_api::CreemClient, ProviderError> {
        Err(ProviderError::NotSetUp(Provider::Creem))
    }
}

/// The terms that everything goes back by, and that end the plan.
fn chosen() -> ChosenTerms {
    ChosenTerms { revoke: Some(policy::Revocation::Remaining), ends_plan: Some(true) }
}

pub(crate) fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

#[tokio::test]
async fn an_approval_revokes_and_raises_before_any_money_moves() {
    let world = World::new().await;
    assert_eq!(world.numbers().await, (0, 400));
    let payout = world.stored().await.payout().cloned().unwrap();
    assert_eq!((payout.first.revoked, payout.first.asked_at), (Credits::new(100).unwrap(), None));
    assert_eq!(world.refunds(), 0);
}
