//! What the control API accepts: one type per command, and how its events are sent.
//!
//! A command is a JSON object whose members are the command's own and those of [`Emission`] side by
//! side; a member of neither is refused.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The shape in which an event's object is rendered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// API version `2026-10-28.endive`.
    #[default]
    #[serde(rename = "endive")]
    Endive,
    /// API version `2024-06-20`, before basil moved the invoice's links.
    #[serde(rename = "2024-06-20")]
    BeforeBasil,
}

impl Shape {
    /// The `api_version` that an event of this shape carries.
    pub fn api_version(self) -> &'static str {
        match self {
            Self::Endive => "2026-10-28.endive",
            Self::BeforeBasil => "2024-06-20",
        }
    }
}

/// Whether an event is sent at once or kept for a `release`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deliver {
    /// Sent at once.
    #[default]
    Now,
    /// Kept.
    Hold,
}

/// The order in which the events of one command are sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Order {
    /// By name.
    Named(NamedOrder),
    /// By position, counted from 0; positions left out are not sent.
    Positions(Vec<usize>),
}

/// An order that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedOrder {
    /// As they came to be.
    Emitted,
    /// The last one first.
    Reversed,
}

/// How the events of one command are sent; what is left out comes from [`Settings`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Emission {
    /// Business time of the events in seconds since 1970; the wall clock by default.
    pub created: Option<i64>,
    /// The API version's shape.
    pub shape: Option<Shape>,
    /// At once, or on release.
    pub deliver: Option<Deliver>,
    /// How often each event is sent; once by default, at most [`Emission::COPIES_MAX`].
    pub copies: Option<usize>,
    /// The order among the events of this command.
    pub order: Option<Order>,
}

impl Emission {
    /// Enough for every test of repeated delivery, and few enough for one machine.
    pub const COPIES_MAX: usize = 1000;

    const MEMBERS: [&str; 5] = ["created", "shape", "deliver", "copies", "order"];
}

/// How a refund that is created stands at first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundMode {
    /// Pending until settled.
    #[default]
    Pending,
    /// Pending because the company's own balance is too low.
    InsufficientFunds,
    /// Waiting for the customer.
    RequiresAction,
    /// Succeeded at once.
    Succeeded,
}

/// What holds for all commands that follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How a refund that is created stands at first.
    pub refund_mode: RefundMode,
    /// The shape of events that do not name one.
    pub shape: Shape,
    /// Whether events that do not say so are sent at once.
    pub deliver: Deliver,
    /// What `livemode` says in every object.
    pub livemode: bool,
    /// Whether invoices of the newest shape carry their `payments`. Stripe leaves them out of an event
    /// and of every object that is not asked for with `expand`.
    pub expand_payments: bool,
    /// Whether the charge of a change of plan fails.
    pub cards_decline: bool,
}

/// Where webhooks go, and the secrets that sign them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookTarget {
    /// An `http` URL on this machine.
    pub url: String,
    /// The `Host` header, where it differs from the URL's (a local API Gateway routes by it).
    #[serde(default)]
    pub host: Option<String>,
    /// The endpoint's signing secrets; each gives one `v1` signature.
    pub signing_secrets: Vec<String>,
}

/// A customer's billing address: sessions and invoices carry it from then on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    /// The customer's account.
    pub(crate) account: String,
    /// Two letters.
    pub(crate) country: String,
}

/// A customer buys a credit pack, and the payment succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyPack {
    /// The buyer's account: `client_reference_id` of the checkout session.
    pub account: String,
    /// The Stripe customer; by default the account's own, made at its first purchase.
    #[serde(default)]
    pub customer: Option<String>,
    /// The price's id, in the session's `metadata.price`.
    pub price: String,
    /// In the smallest unit of the currency.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
}

impl BuyPack {
    /// `account` buys the pack of `price` for `amount` cents of a dollar.
    pub fn of(account: &str, price: &str, amount: u64) -> Self {
        let currency = "usd".to_owned();
        Self { account: account.to_owned(), customer: None, price: price.to_owned(), amount, currency }
    }
}

/// Stripe sells a price, every period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPrice {
    /// The price's id.
    pub price: String,
    /// In the smallest unit of the currency, for each period.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
    /// How many months a period has; one by default.
    #[serde(default = "one_month")]
    pub months: u32,
}

fn one_month() -> u32 {
    1
}

impl NewPrice {
    /// A monthly price.
    pub fn of(price: &str, amount: u64, currency: &str) -> Self {
        Self { price: price.to_owned(), amount, currency: currency.to_owned(), months: 1 }
    }
}

/// A customer subscribes, and the first invoice is paid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The subscriber's account: `client_reference_id` of the checkout session.
    pub account: String,
    /// The Stripe customer; by default the account's own, made at its first purchase.
    #[serde(default)]
    pub customer: Option<String>,
    /// The price's id.
    pub price: String,
    /// In the smallest unit of the currency, for each period.
    pub amount: u64,
    /// Three letters.
    pub currency: String,
    /// The subscription's metadata, which its invoices repeat.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The days of a period; 30 by default.
    #[serde(default)]
    pub days: Option<u16>,
}

impl Subscribe {
    /// `account` subscribes to `price` for `amount` cents of a dollar.
    pub fn of(account: &str, price: &str, amount: u64) -> Self {
        Self {
            account: account.to_owned(),
            customer: None,
            price: price.to_owned(),
            amount,
            currency: "usd".to_owned(),
            metadata: BTreeMap::new(),
            days: None,
        }
    }
}

/// A further period of a subscription is charged, in any state of the subscription.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renew {
    /// The subscription's id.
    pub subscription: String,
    /// When the money was taken, in seconds since 1970; by default the event's `created`.
    #[serde(default)]
    pub charged_at: Option<i64>,
}

/// A cancellation is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The subscription's id.
    pub subscription: String,
    /// True: the subscription runs to the end of its period. False: it ends with the cancellation.
    pub at_period_end: bool,
    /// When it was confirmed, in seconds since 1970; by default the event's `created`.
    #[serde(default)]
    pub at: Option<i64>,
}

/// A subscription ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The subscription's id.
    pub subscription: String,
    /// When it ended, in seconds since 1970; by default the event's `created`.
    #[serde(default)]
    pub ended_at: Option<i64>,
}

/// Several payments paid an invoice that was paid, in place of its one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DivideInvoice {
    /// The invoice's id.
    pub invoice: String,
    /// What each payment paid, oldest first, in the smallest unit; together as much as the one payment.
    pub parts: Vec<u64>,
}

/// A renewal is not paid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owe {
    /// The subscription's id.
    pub subscription: String,
}

/// A schedule manages a subscription from here on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The subscription's id.
    pub subscription: String,
}

/// How a refund turned out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettledStatus {
    /// The money is on its way to the customer.
    Succeeded,
    /// The money came back, or was never sent.
    Failed,
}

/// A refund is settled: pending to succeeded or failed, or succeeded to failed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleRefund {
    /// The refund's id.
    pub refund: String,
    /// How it turned out.
    pub status: SettledStatus,
    /// Stripe's reason, for a failure; `expired_or_canceled_card` by default.
    #[serde(default)]
    pub failure_reason: Option<String>,
}

/// A person refunds a payment in Stripe's Dashboard, without a request of ours.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DashboardRefund {
    /// The payment's id.
    pub payment: String,
    /// In the smallest unit of the currency; by default all that is left.
    #[serde(default)]
    pub amount: Option<u64>,
}

/// The cardholder's bank asks about a charge, or takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenDispute {
    /// The payment's id.
    pub payment: String,
    /// In the smallest unit of the currency; by default all of the payment.
    #[serde(default)]
    pub amount: Option<u64>,
    /// Stripe's word for the network's reason; `fraudulent` by default.
    #[serde(default)]
    pub reason: Option<String>,
    /// Until when evidence is taken, in seconds since 1970; by default two weeks later, and 0 for never.
    #[serde(default)]
    pub due_by: Option<i64>,
    /// Whether the bank only asks: no money moves.
    #[serde(default)]
    pub inquiry: bool,
}

impl OpenDispute {
    /// The whole of a payment is disputed as fraudulent.
    pub fn of(payment: &str) -> Self {
        Self { payment: payment.to_owned(), amount: None, reason: None, due_by: None, inquiry: false }
    }
}

/// An inquiry becomes a formal dispute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalateDispute {
    /// The dispute's id.
    pub dispute: String,
    /// Until when evidence is taken, in seconds since 1970; by default two weeks later.
    #[serde(default)]
    pub due_by: Option<i64>,
}

/// How a dispute ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeResult {
    /// The money comes back.
    Won,
    /// The money is gone.
    Lost,
    /// An inquiry that became no dispute.
    WarningClosed,
}

/// A dispute ends.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseDispute {
    /// The dispute's id.
    pub dispute: String,
    /// How it ended.
    pub result: DisputeResult,
    /// How much comes back, in the smallest unit of the currency: by default all of it where it was won, and
    /// nothing where it was lost.
    #[serde(default)]
    pub reinstated: Option<u64>,
}

/// Events are sent that were held, or sent again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// The events' ids in the order of sending; by default all that are held, oldest first.
    pub events: Option<Vec<String>>,
    /// The order among them.
    pub order: Option<Order>,
    /// How often each is sent; once by default.
    pub copies: Option<usize>,
}

/// Splits a command's JSON object into the command's own members and those of its [`Emission`].
pub(crate) fn parse_with_emission<T: DeserializeOwned>(
    body: Map<String, Value>,
) -> Result<(T, Emission), serde_json::Error> {
    let (emission, own): (Map<_, _>, Map<_, _>) =
        body.into_iter().partition(|(member, _)| Emission::MEMBERS.contains(&member.as_str()));
    Ok((serde_json::from_value(Value::Object(own))?, serde_json::from_value(Value::Object(emission))?))
}
