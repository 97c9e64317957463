//! What the control API accepts: one type per command. How its events are sent is an
//! [`Emission`](crate::stand_in::Emission), as at the Stripe stand-in; its `created` is in seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::stand_in::Deliver;

/// What holds for all commands that follow. Creem documents none of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question that Creem leaves open")]
pub struct CreemSettings {
    /// How a refund stands at first, while the transaction already reads refunded: `pending`, `succeeded`.
    pub refund_status: String,
    /// Whether `refund.created` is sent when the API creates a refund.
    pub reports_refunds: bool,
    /// Whether the order of a checkout names its transaction, and what was paid.
    pub order_names_transaction: bool,
    /// Whether a subscription's events carry its last transaction as a whole.
    pub carries_last_transaction: bool,
    /// Whether events that do not say so are sent at once.
    pub deliver: Deliver,
    /// What `mode` says in every object.
    pub mode: String,
    /// Whether webhooks are signed as Standard Webhooks as well.
    pub signs_standard: bool,
    /// The status for an object that does not exist: 400 or 404.
    pub missing_status: u16,
}

impl Default for CreemSettings {
    fn default() -> Self {
        Self {
            refund_status: "pending".to_owned(),
            reports_refunds: true,
            order_names_transaction: true,
            carries_last_transaction: true,
            deliver: Deliver::Now,
            mode: "test".to_owned(),
            signs_standard: false,
            missing_status: 404,
        }
    }
}

/// Where webhooks go, and the secret that signs them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreemTarget {
    /// An `http` URL on this machine.
    pub url: String,
    /// The `Host` header, where it differs from the URL's.
    #[serde(default)]
    pub host: Option<String>,
    /// As Creem shows it.
    pub signing_secret: String,
}

fn euro() -> String {
    "EUR".to_owned()
}

fn one() -> u64 {
    1
}

fn month() -> i64 {
    30
}

/// A product that is paid once.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyOnce {
    /// Goes into `metadata.account` and, where none is given, into `request_id`.
    pub account: String,
    /// `prod_…`
    pub product: String,
    /// Without tax, for a unit, in minor units.
    pub amount: u64,
    #[serde(default)]
    pub tax: u64,
    #[serde(default = "euro")]
    pub currency: String,
    #[serde(default = "one")]
    pub units: u64,
    /// `cust_…`; several accounts may share one.
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub request_id: Option<String>,
    /// Added to `account`, or in its place where it names one; an empty text removes it.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

impl BuyOnce {
    /// One unit without tax.
    pub fn of(account: &str, product: &str, amount: u64) -> Self {
        Self {
            account: account.to_owned(),
            product: product.to_owned(),
            amount,
            tax: 0,
            currency: euro(),
            units: 1,
            customer: None,
            request_id: None,
            metadata: BTreeMap::new(),
        }
    }
}

/// A product that is paid period by period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartPlan {
    pub account: String,
    pub product: String,
    pub amount: u64,
    #[serde(default)]
    pub tax: u64,
    #[serde(default = "euro")]
    pub currency: String,
    #[serde(default = "one")]
    pub units: u64,
    #[serde(default)]
    pub customer: Option<String>,
    #[serde(default)]
    pub request_id: Option<String>,
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// The days of a period.
    #[serde(default = "month")]
    pub days: i64,
    /// The days of a free trial before it.
    #[serde(default)]
    pub trial_days: i64,
}

impl StartPlan {
    /// One unit without tax, by the month.
    pub fn of(account: &str, product: &str, amount: u64) -> Self {
        let BuyOnce { account, product, amount, tax, currency, units, customer, request_id, metadata } =
            BuyOnce::of(account, product, amount);
        Self {
            account,
            product,
            amount,
            tax,
            currency,
            units,
            customer,
            request_id,
            metadata,
            days: month(),
            trial_days: 0,
        }
    }
}

/// A further period.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewPlan {
    pub subscription: String,
}

/// What happens to a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoveTo {
    Active,
    Update,
    ScheduledCancel,
    Canceled,
    PastDue,
    Unpaid,
    /// Its status stays `active`, as in Creem's own sample.
    Expired,
    Paused,
}

/// Something happens to a subscription.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveSubscription {
    pub subscription: String,
    pub to: MoveTo,
    /// The new number of units.
    #[serde(default)]
    pub units: Option<u64>,
    /// The new product.
    #[serde(default)]
    pub product: Option<String>,
}

/// A refund in the dashboard, or by Creem itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutsideRefund {
    pub transaction: String,
    /// In minor units; all that is left by default.
    #[serde(default)]
    pub amount: Option<u64>,
}

/// How a refund turns out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleCreemRefund {
    pub refund: String,
    /// `succeeded`, `failed` or `canceled`.
    pub status: String,
    /// Whether `refund.created` is sent again.
    #[serde(default)]
    pub reports: bool,
    /// Whether the transaction's total goes down again.
    #[serde(default)]
    pub lowers_total: bool,
}

/// A chargeback.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewDispute {
    pub transaction: String,
    /// In minor units; what was paid by default.
    #[serde(default)]
    pub amount: Option<u64>,
    /// Whether Creem leaves the money where it is for now.
    #[serde(default)]
    pub keeps_money: bool,
    /// Whether `refund.created` is sent as well.
    #[serde(default)]
    pub reports_refund: bool,
}

/// How a dispute ends: without an event.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndDispute {
    pub transaction: String,
    /// Whether the transaction reads `paid` again, with nothing refunded.
    pub won: bool,
}
