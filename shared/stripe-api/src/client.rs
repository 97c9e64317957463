//! The calls themselves.

use std::fmt;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request};
use primitives::{Money, PaymentId, RefundId, RefundRequestId};
use provider_http::{BaseUrl, Transport};
use serde::de::DeserializeOwned;
use stripe_events::{InvoiceId, InvoicePayment};

use crate::config::{API_VERSION, SecretKey, StripeConfig, StripeConfigError};
use crate::error::StripeError;
use crate::object::Refund;
use crate::wire::{self, InvoicePaymentWire, Page, REQUEST_METADATA, RefundWire};

/// Stripe's largest page.
const PAGE_LENGTH: &str = "100";
/// A payment has a handful of refunds; 1000 are a sign that something else is wrong.
const PAGES_MAX: usize = 10;

/// Why a text cannot be an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 printable ASCII characters without spaces")]
pub struct IdempotencyKeyError;

/// The key under which Stripe carries out a call at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks `key`: 1 to 255 printable ASCII characters without spaces
    /// (<https://docs.stripe.com/api/idempotent_requests>).
    pub fn new(key: impl Into<String>) -> Result<Self, IdempotencyKeyError> {
        let key = key.into();
        if (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(key))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A refund as it is ordered; stored before the first call and the same for every repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    /// The payment that is given back, wholly or in part.
    pub payment: PaymentId,
    /// How much, in the payment's own currency.
    pub amount: Money,
    /// The request that it pays, kept in the refund's metadata.
    pub request: RefundRequestId,
    /// The key under which Stripe makes at most one refund.
    pub idempotency_key: IdempotencyKey,
}

impl RefundOrder {
    /// The refund, if it is the one that is ordered.
    fn accept(&self, refund: Refund) -> Result<Refund, StripeError> {
        let differs = |field| Err(StripeError::Unexpected { field });
        if refund.amount != self.amount {
            return differs("amount");
        }
        if refund.payment.as_ref() != Some(&self.payment) {
            return differs("payment");
        }
        if refund.request.as_ref() != Some(&self.request) {
            return differs("metadata");
        }
        Ok(refund)
    }
}

/// Calls Stripe with one secret key; a clone shares what was set up.
#[derive(Clone)]
pub struct StripeClient {
    transport: Transport,
    secret_key: SecretKey,
}

impl StripeClient {
    /// Sets up TLS; connects to nothing.
    pub fn new(config: &StripeConfig) -> Result<Self, StripeConfigError> {
        let transport = Transport::new(BaseUrl::parse(&config.base_url)?, config.timeouts)?;
        Ok(Self { transport, secret_key: config.secret_key.clone() })
    }

    /// The same client with another key, for a key that was rotated.
    #[must_use]
    pub fn with_key(&self, secret_key: SecretKey) -> Self {
        Self { transport: self.transport.clone(), secret_key }
    }

    /// Makes one attempt to create the refund. A refund that differs from the order is an error.
    pub async fn create_refund(&self, order: &RefundOrder) -> Result<Refund, StripeError> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("payment_intent", order.payment.as_str())
            .append_pair("amount", &order.amount.minor().to_string())
            .append_pair(&format!("metadata[{REQUEST_METADATA}]"), order.request.as_str())
            .finish();
        let request = self.form("/v1/refunds", form, &order.idempotency_key);
        order.accept(Refund::try_from(self.call::<RefundWire>(request).await?)?)
    }

    /// All refunds of a payment, newest first.
    pub async fn refunds_of_payment(&self, payment: &PaymentId) -> Result<Vec<Refund>, StripeError> {
        let query = [("payment_intent", payment.as_str())];
        let refunds = self.list("/v1/refunds", &query, |refund: &RefundWire| refund.id.clone()).await?;
        refunds.into_iter().map(Refund::try_from).collect()
    }

    /// The refund of this payment that pays `request`, if Stripe has one: the newest that stands, else the
    /// newest, of those that `may_be` it.
    pub async fn refund_of_request(
        &self,
        payment: &PaymentId,
        request: &RefundRequestId,
        may_be: impl Fn(&RefundId) -> bool,
    ) -> Result<Option<Refund>, StripeError> {
        let mut refunds = self.refunds_of_payment(payment).await?;
        refunds.retain(|refund| refund.request.as_ref() == Some(request) && may_be(&refund.id));
        let chosen = refunds.iter().position(Refund::stands).unwrap_or(0);
        Ok(refunds.into_iter().nth(chosen))
    }

    /// The payments of an invoice, newest first, for events that do not carry them. Several are possible.
    pub async fn payments_of_invoice(&self, invoice: &InvoiceId) -> Result<Vec<InvoicePayment>, StripeError> {
        let query = [("invoice", invoice.as_str())];
        let mut payments = self
            .list("/v1/invoice_payments", &query, |payment: &InvoicePaymentWire| payment.id.clone())
            .await?;
        // Of equal ones Stripe's own order.
        payments.sort_by_key(|payment| std::cmp::Reverse(payment.created));
        payments.into_iter().map(InvoicePayment::try_from).collect()
    }

    /// Reads all pages of a list, at most [`PAGES_MAX`].
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        id: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, StripeError> {
        let mut objects: Vec<T> = Vec::new();
        for _ in 0..PAGES_MAX {
            let mut parameters = form_urlencoded::Serializer::new(String::new());
            parameters.extend_pairs(query).append_pair("limit", PAGE_LENGTH);
            if let Some(last) = objects.last() {
                parameters.append_pair("starting_after", &id(last));
            }
            let target = format!("{path}?{}", parameters.finish());
            let page: Page<T> = self.call(self.request(Method::GET, &target, String::new())).await?;
            // A page without objects that promises more would be asked for again and again.
            let done = !page.has_more || page.data.is_empty();
            objects.extend(page.data);
            if done {
                return Ok(objects);
            }
        }
        Err(StripeError::TooManyPages { pages_max: PAGES_MAX })
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<T, StripeError> {
        let answer = self.transport.send(request).await?;
        if (200..300).contains(&answer.status) {
            wire::read(&answer.body)
        } else {
            let refusal = wire::read_refusal(answer.status, &answer.headers, &answer.body);
            Err(StripeError::of_answer(&refusal))
        }
    }

    /// A POST of `form`, carried out at most once under `key`.
    pub(crate) fn form(&self, target: &str, form: String, key: &IdempotencyKey) -> Request<Full<Bytes>> {
        let mut request = self.unkeyed_form(target, form);
        request.headers_mut().insert("idempotency-key", header_value(key.as_str()));
        request
    }

    /// A POST of `form` that changes nothing, however often it is carried out.
    pub(crate) fn unkeyed_form(&self, target: &str, form: String) -> Request<Full<Bytes>> {
        let mut request = self.request(Method::POST, target, form);
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(header::CONTENT_TYPE, content_type);
        request
    }

    pub(crate) fn request(&self, method: Method, target: &str, form: String) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(Bytes::from(form)));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("a path with an encoded query is a target");
        let headers = request.headers_mut();
        headers.insert(header::HOST, header_value(self.transport.authority()));
        headers.insert(header::AUTHORIZATION, self.secret_key.bearer());
        headers.insert("stripe-version", HeaderValue::from_static(API_VERSION));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("makegood"));
        // One request to a connection: Stripe need not keep it open.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        request
    }
}

fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("checked to be printable ASCII when it was made")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_keys_are_bounded() {
        for (key, ok) in [
            ("payout-1", true),
            (&*"k".repeat(255), true),
            ("", false),
            (&*"k".repeat(256), false),
            ("a b", false),
            ("a\n", false),
            ("ä", false),
        ] {
            assert_eq!(IdempotencyKey::new(key).is_ok(), ok, "{key:?}");
        }
    }
}
