//! Stripe's own list of the events that it sent or tried to send (<https://docs.stripe.com/api/events/list>).
//!
//! Stripe keeps an event for 30 days, whether or not a webhook endpoint took it.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::client::StripeClient;
use crate::error::StripeError;

/// How many types one call may name (<https://docs.stripe.com/api/events/list#list_events-types>).
pub const EVENT_TYPES_MAX: usize = 20;

/// An event as the list has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub struct ListedEvent {
    /// Its id, the same as in its deliveries.
    pub id: String,
    /// Its type, like `invoice.paid`.
    pub event_type: String,
    /// When it happened, in seconds since 1970.
    pub created_s: i64,
    /// The event as Stripe writes it: JSON, in the API version of its own time.
    pub json: Box<RawValue>,
}

#[derive(Deserialize)]
struct EnvelopeWire<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    created: i64,
}

#[derive(Deserialize)]
struct SubjectWire<'a> {
    #[serde(borrow)]
    data: DataWire<'a>,
}

#[derive(Deserialize)]
struct DataWire<'a> {
    #[serde(borrow)]
    object: IdWire<'a>,
}

#[derive(Deserialize)]
struct IdWire<'a> {
    id: &'a str,
}

impl ListedEvent {
    /// The id of the object that it is about, where it has one.
    pub fn object_id(&self) -> Option<&str> {
        let SubjectWire { data } = serde_json::from_str(self.json.get()).ok()?;
        Some(data.object.id)
    }
}

impl StripeClient {
    /// The events of some types that happened from `from_s` on and before `before_s`, both in seconds since
    /// 1970; oldest first, those of one second in the order of their ids.
    ///
    /// [`StripeError::TooManyPages`] or an answer that is too long asks for a shorter time.
    pub async fn events(
        &self,
        types: &[&str],
        (from_s, before_s): (i64, i64),
    ) -> Result<Vec<ListedEvent>, StripeError> {
        let (from, before) = (from_s.to_string(), before_s.to_string());
        let mut events = Vec::new();
        for types in types.chunks(EVENT_TYPES_MAX) {
            let mut query = vec![("created[gte]", from.as_str()), ("created[lt]", before.as_str())];
            query.extend(types.iter().map(|each| ("types[]", *each)));
            events.extend(self.list("/v1/events", &query, |event: &ListedEvent| event.id.clone()).await?);
        }
        events.sort_by(|a, b| (a.created_s, &a.id).cmp(&(b.created_s, &b.id)));
        Ok(events)
    }
}

impl TryFrom<Box<RawValue>> for ListedEvent {
    type Error = serde_json::Error;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        let EnvelopeWire { id, event_type, created } = serde_json::from_str(json.get())?;
        let (id, event_type, created_s) = (id.to_owned(), event_type.to_owned(), created);
        Ok(Self { id, event_type, created_s, json })
    }
}
