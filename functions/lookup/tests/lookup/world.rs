//! A customer with purchases, a subscription, a generation and a request, and calls of the function.

use lambda::Invocation;
use lambda::caller::CallerRules;
use lambda::config::Env;
use lambda::http::{Request, Response};
use ledger::contract::{NoPause, at, grant, place, run};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, CustomerStore, Grant, Money, Order, PaymentId, PaymentName,
    Provider, Record, Subscription, SubscriptionReport, SubscriptionStore, Timestamp, execute,
};
use ledger_dynamodb::{AdoptionOutcome, ExternalRefund, in_process};
use lookup::{Lookups, handle};
use policy::{Facts, Reason};
use policy_documents::documents;
use refunds::{Case, RefundRequest, RequestStore, Save, SaveOutcome, fingerprint};
use serde_json::Value;
use testkit::http_event::{CALLER_VARIABLES, HttpEvent};

const ROUTE: &str = "GET /v1/lookups/{id}";

pub(crate) struct World {
    pub(crate) app: Lookups,
    pub(crate) meter: in_process::Meter,
}

pub(crate) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at(0)
}

/// A purchase with these other names.
pub(crate) fn bought(account: &str, payment: &str, subscription: Option<&str>, names: &[&str]) -> Grant {
    let mut grant = grant(&id(account), payment, 100, subscription);
    grant.payment.names = names.iter().map(|name| id::<PaymentName>(name)).collect();
    grant
}

impl World {
    pub(crate) async fn empty() -> Self {
        let (tables, meter) = in_process::tables().await;
        let rules = CallerRules::from_env(&Env::of(CALLER_VARIABLES)).unwrap();
        Self { app: Lookups { tables, rules }, meter }
    }

    pub(crate) async fn new() -> Self {
        let world = Self::empty().await;
        let tables = &world.app.tables;
        let invoice = Record::Invoice(id("in_pack"), id("pi_pack"));
        world.buy(bought("ann", "pi_pack", None, &["cs_1", "in_pack"]), vec![invoice]).await;
        let numbers = ["in_plan", "A1B2C3D4-0001", "2222-3333"];
        world.buy(bought("ann", "in_plan", Some("sub_1"), &numbers), Vec::new()).await;
        let mut creem = bought("ann", "tran_1", None, &["ch_creem", "ord_1"]);
        creem.payment.provider = Provider::Creem;
        world.buy(creem, Vec::new()).await;
        let amount = Money::new(1000, ledger::Currency::new("usd").unwrap());
        tables.link_payment(&id("pi_plan"), &id("in_plan"), amount).await.unwrap();
        tables.name_payment(&id("pi_plan"), &[id("ch_plan"), id("1234-5678")]).await.unwrap();
        tables.name_payment(&id("pi_pack"), &[id("py_pack")]).await.unwrap();
        tables.link_customer(&id("cus_1"), &id("ann")).await.unwrap();
        tables.note_checkout("cs_plan", &id("ann"), &id("sub_1")).await.unwrap();
        tables.note_dispute(&id("du_1"), &id("pi_pack")).await.unwrap();
        let subscription = Subscription {
            provider: Provider::Stripe,
            id: id("sub_1"),
            account: id("ann"),
            as_of: at(1),
            price: None,
            period_ends_at: None,
            cancellation_confirmed_at: None,
            cancels_at: None,
            ended_at: None,
            confirmation: None,
            report: SubscriptionReport::default(),
        };
        assert!(tables.save_subscription(&subscription).await.unwrap());
        world.hold("ann", "song-1").await;
        world.file("rr_1", "pi_pack").await;
        let refund = ExternalRefund {
            id: id("re_outside"),
            payment: id("pi_pack"),
            amount: Money::new(300, ledger::Currency::new("usd").unwrap()),
            made_at: at(2),
            failed: false,
        };
        assert_eq!(tables.adopt_refund(&NoPause, &refund).await.unwrap(), AdoptionOutcome::Counted);
        world.meter.read();
        world
    }

    pub(crate) async fn buy(&self, grant: Grant, records: Vec<Record>) {
        let account = grant.payment.account.clone();
        let order = Order {
            account: &account,
            command: &Command::Grant(grant),
            cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
            actor: Actor::Provider(Provider::Stripe),
            policy: None,
            records,
        };
        let answer = execute(&self.app.tables, &NoPause, &order, now()).await.unwrap();
        assert!(matches!(answer, Answer::Written { .. }), "{answer:?}");
    }

    pub(crate) async fn hold(&self, account: &str, generation: &str) {
        let placed = run(&self.app.tables, &id::<AccountId>(account), &place(generation, 5), now()).await;
        assert!(matches!(placed, Answer::Written { .. }), "{placed:?}");
    }

    async fn file(&self, request: &str, payment: &str) {
        let document = documents().in_force("music-studio", now().as_ms()).document().unwrap();
        let case = Case {
            payment: Some(id::<PaymentId>(payment)),
            generation: None,
            reason: Reason::ChangedMind,
            occasion: None,
            note: "Mrs Example, 1 High Street".to_owned(),
            fingerprint: fingerprint(&[request]),
            facts: Facts::new(),
            decision: policy::decide(document, &Facts::new(), Reason::ChangedMind, now().as_ms()),
        };
        let request = RefundRequest::open((id(request), id("ann")), Actor::Customer, case, document, now());
        let save = Save { request, commit: None, refunded: None };
        assert_eq!(self.app.tables.save(&save).await.unwrap(), SaveOutcome::Written);
    }

    pub(crate) async fn call(&self, event: &HttpEvent) -> Response {
        let invocation = Invocation::of(event.text(), now()).unwrap();
        let request: Request<'_> = invocation.event().unwrap();
        match handle(&self.app, &request, &invocation).await {
            Ok(response) => response,
            Err(problem) => problem.into_response(request.request_id()),
        }
    }

    /// What support is answered.
    pub(crate) async fn look_up(&self, event: HttpEvent) -> (u16, Value) {
        let response = self.call(&event.as_support("agent-1")).await;
        (response.status(), serde_json::from_str(response.body()).unwrap())
    }

    /// The matches of an id that is known.
    pub(crate) async fn matches(&self, event: HttpEvent) -> Vec<Value> {
        let (status, answer) = self.look_up(event).await;
        assert_eq!(status, 200, "{answer}");
        answer["matches"].as_array().unwrap().clone()
    }
}

pub(crate) fn of(id: &str) -> HttpEvent {
    HttpEvent::new(ROUTE, now().as_s()).path("id", id)
}
