//! What an operator decides about a parked event: whose it is, or that it needs nothing.
//!
//! A **link** says to which account a customer of the provider belongs, where no checkout has said so. It is
//! refused if the customer has another account. An event whose account does not go by a customer, like a
//! guest's checkout, is linked by itself. The event is applied again at once; other events of the customer
//! are replayed after it.
//!
//! A **dropped** event stays readable until its time is over. Nothing applies it any more but a delivery that
//! somebody asks the provider for.
//!
//! Who may do this is who may invoke the function. The operator's name is what the command line says.

use lambda::{Invocation, log};
use ledger::{AccountId, CustomerId, CustomerStore, ExecuteError};
use ledger_dynamodb::{Parked, ParkedDrop, ParkedLink};
use serde::Deserialize;

use crate::context::Failure;
use crate::delivery::ProviderEvents;
use crate::outcome::ParkReason;
use crate::replay::{DirectAnswer, NOT_KEPT, NOT_PARKED, again};

/// As long as a sentence or two.
const CHARACTERS_MAX: usize = 500;

/// What an operator writes: 1 to 500 characters, without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct OperatorsText(pub(crate) String);

impl TryFrom<String> for OperatorsText {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_good = !text.trim().is_empty()
            && text.chars().count() <= CHARACTERS_MAX
            && !text.chars().any(char::is_control);
        is_good.then_some(Self(text)).ok_or("expected 1 to 500 characters without control characters")
    }
}

pub(crate) fn refused(reason: &'static str) -> DirectAnswer {
    DirectAnswer { outcome: "refused", reason: Some(reason) }
}

/// Links the customer of a parked event to an account, and applies the event again.
pub(crate) async fn link<E: ProviderEvents>(
    events: &E,
    id: &str,
    (account, operator): (OperatorsText, OperatorsText),
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    log::cause(id);
    let tables = events.tables();
    let Some(parked) = tables.parked_event(id).await.map_err(ExecuteError::Store)? else {
        return Ok(NOT_PARKED);
    };
    let Ok(account) = AccountId::new(account.0) else { return Ok(refused("account_unknown")) };
    let Ok(event) = events.read(&parked.payload) else { return Ok(NOT_KEPT) };
    log::account(&account);
    let customer = events.about(&event).customer;
    let customer = customer.as_ref();
    if let Some(refused) = refusal(events, &event, customer, &account).await? {
        return Ok(refused);
    }
    let link = ParkedLink { account, by: operator.0, at: invocation.now() };
    if !tables.link_by_operator(customer, &parked.id, &link).await.map_err(ExecuteError::Store)? {
        return Ok(refused(ParkReason::AccountMismatch.as_str()));
    }
    tracing::warn!(outcome = "linked", "an operator has linked a parked event to an account");
    let linked = Parked { link: Some(link), dropped: None, ..parked.clone() };
    tables.keep_parked(&parked, &linked).await.map_err(ExecuteError::Store)?;
    let answer = again(events, &linked, invocation).await?;
    invocation.metrics().count_labelled("EventsReplayed", ("outcome", answer.outcome), 1);
    Ok(answer)
}

/// An event that needs nothing, by a person's word.
const DROPPED: DirectAnswer = DirectAnswer { outcome: "dropped", reason: None };

/// Why an event cannot be linked to the account.
async fn refusal<E: ProviderEvents>(
    events: &E,
    event: &E::Event,
    customer: Option<&CustomerId>,
    account: &AccountId,
) -> Result<Option<DirectAnswer>, Failure> {
    let Some(customer) = customer else {
        return Ok((!events.takes_an_account(event)).then(|| refused("no_customer")));
    };
    let known = events.tables().account_of(customer).await.map_err(ExecuteError::Store)?;
    let is_other = known.is_some_and(|known| known != *account);
    Ok(is_other.then(|| refused(ParkReason::AccountMismatch.as_str())))
}

/// Drops a parked event, with who says so and why.
pub(crate) async fn drop_event<E: ProviderEvents>(
    events: &E,
    id: &str,
    (reason, operator): (OperatorsText, OperatorsText),
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    log::cause(id);
    let tables = events.tables();
    let Some(parked) = tables.parked_event(id).await.map_err(ExecuteError::Store)? else {
        return Ok(NOT_PARKED);
    };
    if parked.dropped.is_some() {
        return Ok(DROPPED);
    }
    let dropped = Some(ParkedDrop { reason: reason.0, by: operator.0, at: invocation.now() });
    let kept = Parked { dropped, lookup_at: None, ..parked.clone() };
    tables.keep_parked(&parked, &kept).await.map_err(ExecuteError::Store)?;
    tracing::warn!(outcome = "dropped", "an operator has dropped a parked event");
    Ok(DROPPED)
}

/// Whether an operator has dropped an event that is to be applied.
pub async fn is_dropped<E: ProviderEvents>(events: &E, payload: &[u8]) -> Result<bool, Failure> {
    let Ok(event) = events.read(payload) else { return Ok(false) };
    let parked = events.tables().parked_event(events.event_id(&event)).await.map_err(ExecuteError::Store)?;
    Ok(parked.is_some_and(|parked| parked.dropped.is_some()))
}
