//! Stripe's JSON as it comes, and what is taken from it.

use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;
use primitives::{Currency, Money, PaymentId, RefundId, RefundRequestId, SubscriptionId, Timestamp};
use serde::Deserialize;
use stripe_events::{
    InvoicePayment, InvoicePaymentStatus, PaymentSource, RefundFailureReason, RefundStatus,
    SubscriptionStatus,
};

use crate::error::{Refusal, StripeError};
use crate::object::{AppliedDiscount, Cancelled, Coupon, Discounted, Refund};

/// Stripe's codes are short words of this alphabet; anything else is not repeated in an error.
const CODE_BYTES_MAX: usize = 64;

/// The metadata member that ties a refund to the request that it pays.
pub(crate) const REQUEST_METADATA: &str = "refund_request";

pub(crate) fn unreadable<E>(what: &'static str) -> impl FnOnce(E) -> StripeError {
    move |_| StripeError::Unreadable { what }
}

/// A reference: an id, or the object itself where it was expanded.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Reference {
    Id(String),
    Object { id: String },
}

impl Reference {
    pub(crate) fn into_id(self) -> String {
        match self {
            Self::Id(id) | Self::Object { id } => id,
        }
    }
}

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
    pub(crate) has_more: bool,
}

/// Reads an answer of 2xx.
pub(crate) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, StripeError> {
    serde_json::from_slice(body).map_err(unreadable("expected the JSON of a Stripe object"))
}

/// Reads an answer of any other status; a body that is no Stripe error leaves the status alone.
pub(crate) fn read_refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Envelope {
        error: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        code: Option<String>,
        #[serde(rename = "type")]
        kind: Option<String>,
    }
    let detail = serde_json::from_slice(body).ok().map(|Envelope { error }| error);
    let (code, kind) = detail.map_or((None, None), |detail| (detail.code, detail.kind));
    let is_code = |code: &String| {
        code.len() <= CODE_BYTES_MAX
            && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    Refusal {
        status,
        code: code.filter(is_code),
        idempotency_error: kind.as_deref() == Some("idempotency_error"),
        replayed: header("idempotent-replayed") == Some("true"),
        retry_after_s: header(RETRY_AFTER.as_str()).and_then(|seconds| seconds.parse().ok()),
    }
}

#[derive(Deserialize)]
pub(crate) struct RefundWire {
    pub(crate) id: String,
    amount: u64,
    currency: String,
    created: i64,
    payment_intent: Option<Reference>,
    status: Option<String>,
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: MetadataWire,
}

#[derive(Default, Deserialize)]
struct MetadataWire {
    #[serde(rename = "refund_request")]
    request: Option<String>,
}

impl TryFrom<RefundWire> for Refund {
    type Error = StripeError;

    fn try_from(wire: RefundWire) -> Result<Self, StripeError> {
        let payment = wire.payment_intent.map(|payment| PaymentId::new(payment.into_id())).transpose();
        Ok(Self {
            id: RefundId::new(wire.id).map_err(unreadable("`id` of a refund"))?,
            payment: payment.map_err(unreadable("`payment_intent` of a refund"))?,
            amount: money(wire.amount, &wire.currency)?,
            status: wire.status.as_deref().map(RefundStatus::from),
            failure_reason: wire.failure_reason.as_deref().map(RefundFailureReason::from),
            // Metadata can be edited in the Dashboard: a value that is no request id names no request.
            request: wire.metadata.request.and_then(|id| RefundRequestId::new(id).ok()),
            created: Timestamp::from_s(wire.created).map_err(unreadable("`created` of a refund"))?,
        })
    }
}

/// An object; only its id is read.
#[derive(Deserialize)]
pub(crate) struct NamedWire {
    pub(crate) id: String,
}

#[derive(Deserialize)]
pub(crate) struct CouponWire {
    id: String,
    #[serde(default)]
    times_redeemed: u64,
}

impl From<CouponWire> for Coupon {
    fn from(wire: CouponWire) -> Self {
        Self { id: wire.id, times_redeemed: wire.times_redeemed }
    }
}

#[derive(Deserialize)]
pub(crate) struct DiscountedWire {
    status: String,
    #[serde(default)]
    cancel_at_period_end: bool,
    #[serde(default)]
    discounts: Vec<DiscountWire>,
}

/// A discount's id, or the discount where it was expanded. Versions before 2025-09-30 name the coupon beside
/// it, later ones as its source.
#[derive(Deserialize)]
#[serde(untagged)]
enum DiscountWire {
    Id(String),
    Object { id: String, coupon: Option<Reference>, source: Option<SourceWire> },
}

#[derive(Deserialize)]
struct SourceWire {
    coupon: Option<Reference>,
}

impl From<DiscountedWire> for Discounted {
    fn from(wire: DiscountedWire) -> Self {
        let discounts = wire.discounts.into_iter().map(|discount| match discount {
            DiscountWire::Id(id) => AppliedDiscount { id, coupon: None },
            DiscountWire::Object { id, coupon, source } => {
                let coupon = coupon.or_else(|| source?.coupon).map(Reference::into_id);
                AppliedDiscount { id, coupon }
            }
        });
        Self {
            status: SubscriptionStatus::from(wire.status.as_str()),
            cancel_at_period_end: wire.cancel_at_period_end,
            discounts: discounts.collect(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct InvoicePaymentWire {
    pub(crate) id: String,
    /// Null until it is paid.
    amount_paid: Option<u64>,
    /// In seconds since 1970.
    pub(crate) created: Option<i64>,
    currency: String,
    payment: PaymentWire,
    status: String,
}

#[derive(Deserialize)]
struct PaymentWire {
    #[serde(rename = "type")]
    kind: String,
    payment_intent: Option<Reference>,
    charge: Option<Reference>,
}

impl TryFrom<InvoicePaymentWire> for InvoicePayment {
    type Error = StripeError;

    fn try_from(wire: InvoicePaymentWire) -> Result<Self, StripeError> {
        let what = "`payment` of an invoice payment";
        let source = match (wire.payment.kind.as_str(), wire.payment.payment_intent, wire.payment.charge) {
            ("payment_intent", Some(payment), _) => {
                PaymentSource::Payment(PaymentId::new(payment.into_id()).map_err(unreadable(what))?)
            }
            ("charge", _, Some(charge)) => PaymentSource::Charge(
                stripe_events::ChargeId::new(charge.into_id()).map_err(unreadable(what))?,
            ),
            ("payment_intent" | "charge", _, _) => return Err(StripeError::Unreadable { what }),
            // Stripe's record of a payment that was made elsewhere.
            ("payment_record", _, _) => PaymentSource::OutOfBand,
            (other, _, _) => PaymentSource::Other(other.to_owned()),
        };
        Ok(Self {
            source,
            amount: money(wire.amount_paid.unwrap_or(0), &wire.currency)?,
            status: InvoicePaymentStatus::from(wire.status.as_str()),
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct SubscriptionWire {
    id: String,
    status: String,
    canceled_at: Option<i64>,
    cancel_at: Option<i64>,
    ended_at: Option<i64>,
}

impl TryFrom<SubscriptionWire> for Cancelled {
    type Error = StripeError;

    fn try_from(wire: SubscriptionWire) -> Result<Self, StripeError> {
        let instant = |seconds: Option<i64>| seconds.map(Timestamp::from_s).transpose();
        let what = "an instant of a subscription";
        Ok(Self {
            id: SubscriptionId::new(wire.id).map_err(unreadable("`id` of a subscription"))?,
            status: SubscriptionStatus::from(wire.status.as_str()),
            canceled_at: instant(wire.canceled_at).map_err(unreadable(what))?,
            cancel_at: instant(wire.cancel_at).map_err(unreadable(what))?,
            ended_at: instant(wire.ended_at).map_err(unreadable(what))?,
        })
    }
}

pub(crate) fn money(minor: u64, currency: &str) -> Result<Money, StripeError> {
    Ok(Money::new(minor, Currency::new(currency).map_err(unreadable("`currency`"))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refund(members: &str) -> Result<Refund, StripeError> {
        let body = format!(
            r#"{{"id":"re_1","object":"refund","amount":5,"currency":"usd","created":1777000000{members}}}"#
        );
        Refund::try_from(read::<RefundWire>(body.as_bytes())?)
    }

    #[test]
    fn references_are_ids_or_objects_and_enums_are_open() {
        let by_id = refund(r#","payment_intent":"pi_1","status":"pending""#).unwrap();
        let by_object =
            refund(r#","payment_intent":{"id":"pi_1","object":"payment_intent"},"status":"pending""#)
                .unwrap();
        assert_eq!(by_id, by_object);
        assert_eq!(by_id.payment, Some(PaymentId::new("pi_1").unwrap()));
        let odd = refund(r#","payment_intent":null,"status":"on_hold","metadata":{"a":"b"}"#).unwrap();
        assert_eq!(odd.status, Some(RefundStatus::Other("on_hold".to_owned())));
        assert_eq!((odd.payment, odd.request), (None, None));
        assert_eq!(refund("").unwrap().status, None);
        assert_eq!(refund(r#","metadata":{"refund_request":"not an id"}"#).unwrap().request, None);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_without_the_body() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"{"id":"re_1","amount":1.5,"currency":"usd","created":1777000000}"#,
            r#"{"id":"re_1","amount":-1,"currency":"usd","created":1777000000}"#,
            r#"{"id":"re_1","amount":1,"currency":"hidden","created":1777000000}"#,
            r#"{"id":"hidden #","amount":1,"currency":"usd","created":1777000000}"#,
            r#"{"id":"re_1","amount":1,"currency":"usd","created":1777000000000}"#,
        ] {
            let error = read::<RefundWire>(body.as_bytes()).and_then(Refund::try_from).unwrap_err();
            assert!(matches!(error, StripeError::Unreadable { .. }), "{body}");
            assert!(!format!("{error:?} {error}").contains("hidden"), "{error:?}");
        }
    }

    #[test]
    fn a_refusal_keeps_codes_and_nothing_else() {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        let body = br#"{"error":{"code":"rate_limit","message":"hidden","type":"invalid_request_error"}}"#;
        let expected = Refusal {
            status: 429,
            code: Some("rate_limit".to_owned()),
            retry_after_s: Some(7),
            ..Refusal::default()
        };
        assert_eq!(read_refusal(429, &headers, body), expected);
        headers.insert(RETRY_AFTER, "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap());
        assert_eq!(read_refusal(429, &headers, b"").retry_after_s, None);
        let odd = br#"{"error":{"code":"No Code","type":"x"}}"#;
        assert_eq!(read_refusal(400, &HeaderMap::new(), odd).code, None);
    }

    #[test]
    fn an_invoice_payment_says_where_the_money_came_from() {
        for (payment, expected) in [
            (
                r#"{"type":"payment_intent","payment_intent":"pi_1"}"#,
                Some(PaymentSource::Payment(PaymentId::new("pi_1").unwrap())),
            ),
            (
                r#"{"type":"charge","charge":{"id":"ch_1"}}"#,
                Some(PaymentSource::Charge(stripe_events::ChargeId::new("ch_1").unwrap())),
            ),
            (r#"{"type":"payment_record","payment_record":"pr_1"}"#, Some(PaymentSource::OutOfBand)),
            (r#"{"type":"shells"}"#, Some(PaymentSource::Other("shells".to_owned()))),
            (r#"{"type":"payment_intent"}"#, None),
        ] {
            let body = format!(
                r#"{{"id":"inpay_1","amount_paid":7,"currency":"eur","payment":{payment},"status":"paid"}}"#
            );
            let read = InvoicePayment::try_from(read::<InvoicePaymentWire>(body.as_bytes()).unwrap());
            assert_eq!(read.ok().map(|read| read.source), expected, "{payment}");
        }
    }
}
