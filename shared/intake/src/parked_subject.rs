//! What a parked event is about, as far as it can be read: the ids that say what would unpark it, the money
//! that somebody paid and that has brought nothing or that goes back, and the case that is open or about to
//! open for it.

use ledger::{
    AccountId, CustomerId, CustomerStore, ExecuteError, Money, PaymentId, PaymentStore, PriceId, Provider,
    Timestamp,
};
use ledger_dynamodb::{ParkedSubject, StoreError, Tables};
use purchase_lines::{find_price, is_ignored};
use refunds::{Lead, LeadStore, RequestStore};

use crate::context::Failure;
use crate::outcome::{EventOutcome, ParkReason};

/// What is paid for by an event's money, without anything that is read.
#[derive(Debug, Default)]
pub struct ParkedPurchase {
    /// What the provider calls the account's owner, where an account goes by it.
    pub customer: Option<CustomerId>,
    pub payment: Option<PaymentId>,
    pub paid: Option<Money>,
    pub prices: Vec<PriceId>,
    /// The account that the company's own code has named.
    pub named: Option<AccountId>,
    /// Whether money goes back, or may: by a refund, a dispute, a credit note or a fraud warning.
    pub goes_back: bool,
    /// Until when the provider takes evidence against a dispute.
    pub due_by: Option<Timestamp>,
}

/// What a parked event is about. `linked` is the account that an operator has named.
pub(crate) async fn subject_of(
    (tables, provider): (&Tables, Provider),
    purchase: Option<ParkedPurchase>,
    outcome: EventOutcome,
    linked: Option<&AccountId>,
) -> Result<ParkedSubject, Failure> {
    let Some(purchase) = purchase else { return Ok(ParkedSubject::default()) };
    read_subject((tables, provider), purchase, outcome, linked).await.map_err(ExecuteError::Store)
}

async fn read_subject(
    (tables, provider): (&Tables, Provider),
    purchase: ParkedPurchase,
    outcome: EventOutcome,
    linked: Option<&AccountId>,
) -> Result<ParkedSubject, StoreError> {
    let ParkedPurchase { customer, payment, paid, prices, named, goes_back, due_by } = purchase;
    let unknown =
        prices.into_iter().find(|price| find_price(provider, price).is_none() && !is_ignored(Some(price)));
    let by_customer = match &customer {
        Some(customer) => tables.account_of(customer).await?,
        None => None,
    };
    let is_contradicted = outcome.reason() == Some(ParkReason::AccountMismatch.as_str());
    // Whose it is stays a person's question.
    let account = if is_contradicted { None } else { linked.cloned().or(by_customer).or(named) };
    let account = match (account, &payment) {
        (None, Some(payment)) if !is_contradicted => {
            tables.payment(payment).await?.map(|payment| payment.account)
        }
        (account, _) => account,
    };
    let case = match (&account, &payment) {
        (Some(account), Some(payment)) => {
            let id = Lead::id_of_uncredited(account, payment);
            let is_noted = tables.lead(&id).await?.is_some() || tables.request(&id).await?.is_some();
            is_noted.then_some(id)
        }
        _ => None,
    };
    let price = unknown.map(|price| price.as_str().to_owned());
    let paid = paid.filter(|paid| !paid.is_zero());
    Ok(ParkedSubject { account, customer, payment, price, paid, case, goes_back, due_by })
}
