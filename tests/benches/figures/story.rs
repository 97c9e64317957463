//! What the functions are asked: events as AWS sends them, each with the state that it needs and a proof that
//! the function did what it was asked.
//!
//! The account is the typical one of docs/PERFORMANCE.md: a pack, a Pro lot and two open holds.

use ledger::contract::{grant, run, settle_by};
use ledger::{
    AccountId, Command, Credits, Ending, GenerationId, PlaceHold, PolicyRef, ProductId, ServiceId, Timestamp,
};
use ledger_dynamodb::Tables;
use serde_json::json;
use testkit::stand_in::{BuyPack, Deliver, Emission, StripeStandIn, Subscribe};

use crate::Failure;
use crate::creem;
use crate::envelope::{Caller, GENERATOR, batch, creem_webhook, request, webhook};

pub(crate) const ACCOUNT: &str = "0b7f3c52-4f0e-4a53-9d6c-1f6a3f0b9f11";
/// Packs that one buyer buys, well below the live lots that an account may have.
const PACKS_PER_BUYER: u64 = 4;

/// Subscribers are others than the buyers of packs.
const SUBSCRIBERS_FROM: u64 = 1_000_000;
/// So are those who ask for their money back, each for one payment.
const REQUESTERS_FROM: u64 = 2_000_000;
/// And those who buy through Creem, each once.
const CREEM_BUYERS_FROM: u64 = 3_000_000;

/// Accounts with something due at once, as its title and proof say.
const BACKLOG: u64 = 100;

/// One thing that a function is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ask {
    Echo,
    Hold,
    Capture,
    Balance,
    Failed,
    Link,
    InvoicePayment,
    Pack,
    PackAgain,
    NothingDue,
    Backlog,
    Requests,
    Submit,
    UnknownPayout,
    CreemPack,
    CreemPackAgain,
    CreemPeriod,
    CreemRefund,
    NothingWatched,
}

impl Ask {
    /// What it is called in the tables.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Echo => "an echo",
            Self::Hold => "a hold",
            Self::Capture => "a capture",
            Self::Balance => "a balance",
            Self::Failed => "a failed generation",
            Self::Link => "a subscription's checkout",
            Self::InvoicePayment => "an invoice's payment",
            Self::Pack | Self::CreemPack => "a pack",
            Self::PackAgain | Self::CreemPackAgain => "the same pack again",
            Self::NothingDue => "nothing due",
            Self::Backlog => "100 accounts due",
            Self::Requests => "a list of requests",
            Self::Submit => "a request for a pack's money",
            Self::UnknownPayout => "a payout that is not there",
            Self::CreemPeriod => "a subscription's first paid period",
            Self::CreemRefund => "a pack's refund",
            Self::NothingWatched => "nothing watched",
        }
    }

    /// Whether the target for webhooks applies.
    pub(crate) fn is_webhook_with_one_write(self) -> bool {
        self == Self::InvoicePayment
    }

    /// It is asked once in so many turns: the state that it needs takes long to make.
    pub(crate) fn every(self) -> usize {
        if self == Self::Backlog { 25 } else { 1 }
    }

    /// How often it may wait for DynamoDB.
    pub(crate) fn rounds_max(self) -> Option<usize> {
        (self == Self::Submit).then_some(3)
    }
}

/// An event, and a text that the answer to it holds.
pub(crate) struct Event {
    pub(crate) body: String,
    pub(crate) proof: &'static str,
}

/// The world in which events make sense.
pub(crate) struct Story {
    tables: Tables,
    stripe: StripeStandIn,
    account: AccountId,
    count: u64,
    /// The hold that was placed last, and whether it is still open.
    held: String,
    is_open: bool,
    /// The webhook that was sent last.
    sent: String,
    /// The pack that was sold last through Creem.
    sold: u64,
}

impl Story {
    /// Gives the account its typical state.
    pub(crate) async fn begin(tables: Tables, stripe: StripeStandIn) -> Result<Self, Failure> {
        let account = AccountId::new(ACCOUNT).expect("a valid id");
        let now = lambda::clock::now();
        for (payment, credits, subscription) in [
            ("pi_3QzX1aKp2mB4cD5e0FgHiJkL", 500_000, None),
            ("pi_3QzX1aKp2mB4cD5e0FgHiJkM", 1_000_000, Some("sub_1QzX1aKp2mB4cD5e")),
        ] {
            let command = Command::Grant(grant(&account, payment, credits, subscription));
            run(&tables, &account, &command, now).await;
        }
        for generation in ["7d7f6f0e-8f0a-4a39-9b57-000000000001", "7d7f6f0e-8f0a-4a39-9b57-000000000002"] {
            run(&tables, &account, &music(generation), now).await;
        }
        Ok(Self {
            tables,
            stripe,
            account,
            count: 0,
            held: String::new(),
            is_open: false,
            sent: String::new(),
            sold: 0,
        })
    }

    /// The ledger's account and its newest entry's body, in bytes.
    pub(crate) async fn entry_bytes(&self) -> Result<usize, Failure> {
        use ledger::LedgerStore as _;
        let head = self.tables.head(&self.account).await.map_err(std::io::Error::other)?;
        Ok(head.map_or(0, |entry| entry.body().len()))
    }

    /// The next event of a kind, with the state that it needs.
    #[expect(clippy::too_many_lines, reason = "an arm for each kind of event")]
    pub(crate) async fn event(&mut self, ask: Ask) -> Result<Event, Failure> {
        self.count = self.count.saturating_add(1);
        let now = lambda::clock::now();
        let (body, proof) = match ask {
            Ask::Echo => (json!({ "key": "value" }).to_string(), "value"),
            Ask::Hold => {
                if self.is_open {
                    // A start is asked for a hold and nothing else: the account stays as it is.
                    run(
                        &self.tables,
                        &self.account,
                        &settle_by(GENERATOR, &self.held, Ending::Succeeded),
                        now,
                    )
                    .await;
                }
                self.is_open = true;
                self.held = format!("7d7f6f0e-8f0a-4a39-9b58-{:012}", self.count);
                let body = json!({ "generation_id": self.held, "operation": "music_simple", "credits": 5 });
                let route = "POST /v1/accounts/{account}/holds";
                (request(self.count, route, Caller::Service, None, Some(&body), now), r#""statusCode":201"#)
            }
            Ask::Capture => {
                self.is_open = false;
                let route = "POST /v1/accounts/{account}/holds/{generation}/capture";
                (
                    request(self.count, route, Caller::Service, Some(&self.held), None, now),
                    r#""statusCode":200"#,
                )
            }
            Ask::Balance => {
                let route = "GET /v1/accounts/{account}/credits";
                (
                    request(self.count, route, Caller::Customer(ACCOUNT), None, None, now),
                    r#""statusCode":200"#,
                )
            }
            Ask::Requests => {
                let route = "GET /v1/accounts/{account}/refund-requests";
                (
                    request(self.count, route, Caller::Customer(ACCOUNT), None, None, now),
                    r#""statusCode":200"#,
                )
            }
            Ask::Submit => {
                let buyer = buyer(self.count.saturating_add(REQUESTERS_FROM));
                let payment = format!("pi_{}", self.count);
                self.bought(&buyer, &payment, now).await;
                let body = json!({ "reason": "changed_mind", "payment": payment });
                let route = "POST /v1/accounts/{account}/refund-requests";
                (
                    request(self.count, route, Caller::Customer(&buyer), None, Some(&body), now),
                    r#""statusCode":201"#,
                )
            }
            Ask::Failed => {
                let generation = format!("7d7f6f0e-8f0a-4a39-9b58-{:012}", self.count);
                run(&self.tables, &self.account, &music(&generation), now).await;
                let message = json!({
                    "version": 1, "type": "generation.failed", "account": ACCOUNT,
                    "generation_id": generation, "operation": "music_simple", "service": GENERATOR,
                    "occurred_at": now.to_string(), "failure": { "kind": "provider_error", "code": "E500" },
                });
                (batch(self.count, "makegood-generation", &message, now), r#""batchItemFailures":[]"#)
            }
            Ask::UnknownPayout => {
                let message = json!({ "version": 1, "refund_request": "rr_00000000000000000000000000" });
                (batch(self.count, "makegood-payout", &message, now), "batchItemFailures")
            }
            Ask::Link => {
                self.sent = self.subscription()?;
                (webhook(&self.sent, now), r#""statusCode":200"#)
            }
            Ask::InvoicePayment => (webhook(&invoice_payment(self.count, now), now), r#""statusCode":200"#),
            Ask::Pack => {
                self.sent = self.pack()?;
                (webhook(&self.sent, now), r#""statusCode":200"#)
            }
            Ask::PackAgain => (webhook(&self.sent, now), r#""statusCode":200"#),
            Ask::CreemPack => {
                self.sold = self.count;
                let buyer = buyer(self.count.saturating_add(CREEM_BUYERS_FROM));
                self.sent = creem::pack(&buyer, self.count, now);
                (creem_webhook(&self.sent, now), "applied")
            }
            Ask::CreemPackAgain => (creem_webhook(&self.sent, now), r#""statusCode":200"#),
            Ask::CreemPeriod => {
                let buyer = buyer(self.count.saturating_add(CREEM_BUYERS_FROM));
                (creem_webhook(&creem::paid_period(&buyer, self.count, now), now), "applied")
            }
            Ask::CreemRefund => (creem_webhook(&creem::refund(self.sold, self.count, now), now), "applied"),
            Ask::NothingWatched => ("{}".to_owned(), r#""is_complete":true"#),
            Ask::NothingDue => {
                // The typical account's holds are due in 50 minutes.
                let body = json!({ "version": 1, "time": now.to_string() });
                (body.to_string(), "{")
            }
            Ask::Backlog => {
                self.backlog(now).await;
                let body = json!({ "version": 1, "time": now.to_string() });
                (body.to_string(), r#""done":100"#)
            }
        };
        Ok(Event { body, proof })
    }

    /// Accounts with a pack and a hold, whose deadline has passed.
    async fn backlog(&self, now: Timestamp) {
        let before =
            Timestamp::from_ms(now.as_ms().saturating_sub(3_600_000)).expect("an instant of these years");
        for place in 0..BACKLOG {
            let account = AccountId::new(format!("due-{}-{place}", self.count)).expect("a valid id");
            let payment = format!("pi_{}_{place}", self.count);
            run(&self.tables, &account, &Command::Grant(grant(&account, &payment, 500, None)), before).await;
            run(&self.tables, &account, &music(&payment), before).await;
        }
    }

    /// A pack that was bought under the policy in force.
    async fn bought(&self, buyer: &str, payment: &str, now: Timestamp) {
        let account = AccountId::new(buyer).expect("a valid id");
        let mut grant = grant(&account, payment, 500, None);
        let policy = policy_documents::documents().in_force("music-studio", now.as_ms()).document();
        grant.payment.charged_at = now;
        grant.payment.policy =
            policy.map(|policy| PolicyRef { document: policy.id.clone(), version: policy.version.clone() });
        run(&self.tables, &account, &Command::Grant(grant), now).await;
    }

    /// The body of a purchase by a buyer who has bought little before.
    fn pack(&self) -> Result<String, Failure> {
        let order = BuyPack::of(&buyer(self.count.div_euclid(PACKS_PER_BUYER)), "price_pack_500", 900);
        let made = self.stripe.buy_pack(&order, &held()).map_err(std::io::Error::other)?;
        self.body(made.events.first())
    }

    /// The body of the checkout that begins a subscription.
    fn subscription(&self) -> Result<String, Failure> {
        let order =
            Subscribe::of(&buyer(self.count.saturating_add(SUBSCRIBERS_FROM)), "price_pro_monthly", 1000);
        let made = self.stripe.subscribe(&order, &held()).map_err(std::io::Error::other)?;
        self.body(made.events.first())
    }

    fn body(&self, id: Option<&String>) -> Result<String, Failure> {
        let events = self.stripe.events();
        let made = events.into_iter().rev().find(|event| Some(&event.id) == id);
        made.map(|event| event.body).ok_or(Failure::Story("the stand-in made no event"))
    }
}

/// The event of an invoice's payment, as the newest API version has it: one write, the link of the two.
fn invoice_payment(number: u64, now: Timestamp) -> String {
    let created = now.as_ms().div_euclid(1000);
    json!({
        "id": format!("evt_1QzX1aKp2mB4cD5e{number:08}"), "object": "event", "api_version": "2026-10-28.endive",
        "created": created,
        "data": { "object": {
            "id": format!("inpay_1QzX1aKp2mB4cD5e{number:08}"), "object": "invoice_payment",
            "amount_paid": 1000, "amount_requested": 1000, "created": created, "currency": "usd",
            "invoice": format!("in_1QzX1aKp2mB4cD5e{number:08}"), "is_default": true, "livemode": false,
            "payment": { "type": "payment_intent", "payment_intent": format!("pi_3QzX1aKp2mB4cD5e{number:08}") },
            "status": "paid", "status_transitions": { "canceled_at": null, "paid_at": created },
        } },
        "livemode": false, "pending_webhooks": 1, "request": { "id": null, "idempotency_key": null },
        "type": "invoice_payment.paid",
    })
    .to_string()
}

/// A hold of five credits for a song.
fn music(generation: &str) -> Command {
    Command::Hold(PlaceHold {
        generation: GenerationId::new(generation).expect("a valid id"),
        service: ServiceId::new(GENERATOR).expect("a valid id"),
        operation: "music_simple".to_owned(),
        product: ProductId::new("music-studio").expect("a valid id"),
        credits: Credits::new(5).expect("below the bound"),
        deadline_s: 3000,
    })
}

fn buyer(number: u64) -> String {
    format!("7d7f6f0e-8f0a-4a39-9b59-{number:012}")
}

/// Events are taken from the stand-in and sent by hand.
fn held() -> Emission {
    Emission { deliver: Some(Deliver::Hold), ..Emission::default() }
}
