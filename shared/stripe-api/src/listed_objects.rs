//! The objects that Stripe has made in a time, each as Stripe writes it: they are read as an event's object
//! is.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::StripeClient;
use crate::error::StripeError;

/// What is listed of a time, by when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectList {
    /// Refunds (<https://docs.stripe.com/api/refunds/list>).
    Refunds,
    /// Disputes and inquiries (<https://docs.stripe.com/api/disputes/list>).
    Disputes,
    /// Invoices that are paid (<https://docs.stripe.com/api/invoices/list>).
    PaidInvoices,
    /// Checkout sessions that are completed (<https://docs.stripe.com/api/checkout/sessions/list>).
    CompletedSessions,
}

/// An object as a list has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub struct ListedObject {
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub created_s: i64,
    /// The object in the API version of this client: JSON.
    pub json: Box<RawValue>,
}

#[derive(Deserialize)]
struct NamedWire<'a> {
    id: &'a str,
    created: i64,
}

impl ObjectList {
    /// Every list.
    pub const ALL: [Self; 4] = [Self::Refunds, Self::Disputes, Self::PaidInvoices, Self::CompletedSessions];

    fn path(self) -> &'static str {
        match self {
            Self::Refunds => "/v1/refunds",
            Self::Disputes => "/v1/disputes",
            Self::PaidInvoices => "/v1/invoices",
            Self::CompletedSessions => "/v1/checkout/sessions",
        }
    }

    fn status(self) -> Option<&'static str> {
        match self {
            Self::Refunds | Self::Disputes => None,
            Self::PaidInvoices => Some("paid"),
            Self::CompletedSessions => Some("complete"),
        }
    }
}

impl StripeClient {
    /// The objects of a list that were made from `from_s` on and before `before_s`, both in seconds since
    /// 1970.
    ///
    /// [`StripeError::TooManyPages`] or an answer that is too long asks for a shorter time.
    pub async fn objects(
        &self,
        list: ObjectList,
        (from_s, before_s): (i64, i64),
    ) -> Result<Vec<ListedObject>, StripeError> {
        let (from, before) = (from_s.to_string(), before_s.to_string());
        let mut query = vec![("created[gte]", from.as_str()), ("created[lt]", before.as_str())];
        query.extend(list.status().map(|status| ("status", status)));
        self.list(list.path(), &query, |object: &ListedObject| object.id.clone()).await
    }
}

impl TryFrom<Box<RawValue>> for ListedObject {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let NamedWire { id, created } = serde_json::from_str(json.get())?;
        let (id, created_s) = (id.to_owned(), created);
        Ok(Self { id, created_s, json })
    }
}
