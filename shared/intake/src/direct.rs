//! What another function or an operator asks of a webhook about a parked event, by an invocation of the
//! function itself, which IAM has to allow.
//!
//! `{"replay": {"event": "<id>"}}` applies a parked event again. An operator asks for it once the cause that
//! kept the event from being applied is fixed, and the provider's lookup once it has fetched what the event
//! lacked. The event's bytes were verified when they were parked. They are applied as of their own instant,
//! under the same conditions as a delivery, so that a replay, its repeat and the provider's next try have one
//! effect together. An event that changes something, or has nothing left to change, is removed. One that
//! cannot be applied yet stays parked, with its new reason.
//!
//! `{"link": …}` and `{"drop": …}` are what an operator decides about a parked event (`operator`), and
//! `{"link_customer": …}` and `{"unlink_customer": …}` about a customer (`customer`).

use lambda::Invocation;
use serde::Deserialize;

use crate::context::Failure;
use crate::customer::{self, CustomerRequest};
use crate::delivery::ProviderEvents;
use crate::operator::{self, OperatorsText};
use crate::replay::{DirectAnswer, replay};

/// What is to happen to a parked event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ParkedRequest {
    /// Apply it again.
    Replay {
        /// The id under which the event is parked.
        event: String,
    },
    /// Link its customer, or the event itself, to an account, and apply it again.
    Link {
        /// The id under which the event is parked.
        event: String,
        /// The account.
        account: OperatorsText,
        /// Who says so.
        operator: OperatorsText,
    },
    /// Link a customer to an account.
    LinkCustomer(CustomerRequest),
    /// Take a customer from its account.
    UnlinkCustomer(CustomerRequest),
    /// Drop it: it needs nothing.
    Drop {
        /// The id under which the event is parked.
        event: String,
        /// Why it needs nothing.
        reason: OperatorsText,
        /// Who says so.
        operator: OperatorsText,
    },
}

/// Does what is asked of a parked event, or of a customer.
pub async fn handle_parked<E: ProviderEvents>(
    events: &E,
    request: ParkedRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    match request {
        ParkedRequest::Replay { event } => replay(events, event, invocation).await,
        ParkedRequest::Link { event, account, operator } => {
            operator::link(events, &event, (account, operator), invocation).await
        }
        ParkedRequest::LinkCustomer(request) => {
            customer::link_customer(events.tables(), request, invocation).await
        }
        ParkedRequest::UnlinkCustomer(request) => {
            customer::unlink_customer(events.tables(), request, invocation).await
        }
        ParkedRequest::Drop { event, reason, operator } => {
            operator::drop_event(events, &event, (reason, operator), invocation).await
        }
    }
}
