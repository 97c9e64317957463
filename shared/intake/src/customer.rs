//! Whose a customer of the provider is, by an operator's word: for customers who bought before Makegood was
//! there, and for those who signed up again.
//!
//! A customer who has an account keeps it, until somebody has unlinked it from that account. Nothing that was
//! granted moves with it. What is parked for the customer is replayed after the link, event by event.

use lambda::{Invocation, log};
use ledger::{AccountId, CustomerId, ExecuteError};
use ledger_dynamodb::{ParkedLink, Tables};
use serde::Deserialize;

use crate::context::Failure;
use crate::operator::{OperatorsText, refused};
use crate::outcome::ParkReason;
use crate::replay::DirectAnswer;

/// A customer, an account, and who says so.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerRequest {
    /// The provider's id of the customer.
    pub(crate) customer: OperatorsText,
    /// The account.
    pub(crate) account: OperatorsText,
    /// Who says so.
    pub(crate) operator: OperatorsText,
}

/// The customer belongs to the account.
const LINKED: DirectAnswer = DirectAnswer { outcome: "linked", reason: None };
/// The customer belongs to nobody.
const UNLINKED: DirectAnswer = DirectAnswer { outcome: "unlinked", reason: None };

/// Links a customer to an account.
pub(crate) async fn link_customer(
    tables: &Tables,
    request: CustomerRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    let (customer, link) = match read(request, invocation) {
        Ok(read) => read,
        Err(refused) => return Ok(refused),
    };
    let linked = tables.link_customer_by_operator(&customer, &link).await;
    if !linked.map_err(ExecuteError::Store)? {
        return Ok(refused(ParkReason::AccountMismatch.as_str()));
    }
    tracing::warn!(outcome = "linked", "an operator has linked a customer to an account");
    Ok(LINKED)
}

/// Takes a customer from its account.
pub(crate) async fn unlink_customer(
    tables: &Tables,
    request: CustomerRequest,
    invocation: &Invocation,
) -> Result<DirectAnswer, Failure> {
    let (customer, link) = match read(request, invocation) {
        Ok(read) => read,
        Err(refused) => return Ok(refused),
    };
    let unlinked = tables.unlink_customer_by_operator(&customer, &link).await;
    if !unlinked.map_err(ExecuteError::Store)? {
        return Ok(refused(ParkReason::AccountMismatch.as_str()));
    }
    tracing::warn!(outcome = "unlinked", "an operator has taken a customer from an account");
    Ok(UNLINKED)
}

fn read(request: CustomerRequest, invocation: &Invocation) -> Result<(CustomerId, ParkedLink), DirectAnswer> {
    let CustomerRequest { customer, account, operator } = request;
    let customer = CustomerId::new(customer.0).map_err(|_| refused("no_customer"))?;
    let account = AccountId::new(account.0).map_err(|_| refused(ParkReason::AccountUnknown.as_str()))?;
    log::account(&account);
    Ok((customer, ParkedLink { account, by: operator.0, at: invocation.now() }))
}
