//! Whose an event is.
//!
//! The company's server makes the checkout with the account in its metadata (`account`), in its `request_id`
//! (`account:<account>:<anything>`), or in both, which then agree. Creem copies the metadata to the
//! subscription that a checkout begins, and shows it with every renewal. The first event of a subscription
//! that names an account links the subscription to it, so that a later event needs no metadata and cannot
//! name another account.
//!
//! Creem has one customer for each e-mail address, so that several accounts may share it: no account is found
//! by a customer or an address.

use creem_events::{CreemCheckout, CreemSubscription, LinkedCheckout, LinkedSubscription};
use intake::{EarlyExit, EventContext, ParkReason};
use ledger::{AccountId, CustomerId, CustomerStore, SubscriptionId};

/// The key of the metadata under which the company's own code names the account.
const ACCOUNT_KEY: &str = "account";
/// How a `request_id` begins that names the account.
const ACCOUNT_REQUEST: &str = "account:";

/// What an object says of its account: a text of the metadata, and the `request_id` of its checkout.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AccountClaims<'e> {
    metadata: Option<&'e str>,
    request_id: Option<&'e str>,
}

impl<'e> From<&'e CreemCheckout> for AccountClaims<'e> {
    fn from(checkout: &'e CreemCheckout) -> Self {
        Self { metadata: checkout.metadata.get(ACCOUNT_KEY), request_id: checkout.request_id.as_deref() }
    }
}

impl<'e> From<&'e CreemSubscription> for AccountClaims<'e> {
    fn from(subscription: &'e CreemSubscription) -> Self {
        Self { metadata: subscription.metadata.get(ACCOUNT_KEY), request_id: None }
    }
}

impl<'e> AccountClaims<'e> {
    /// What a refund or a dispute says by the objects that it links to.
    pub(crate) fn of_links(
        checkout: Option<&'e LinkedCheckout>,
        subscription: Option<&'e LinkedSubscription>,
    ) -> Self {
        let of_checkout = checkout.and_then(|checkout| checkout.metadata.get(ACCOUNT_KEY));
        let of_subscription = subscription.and_then(|subscription| subscription.metadata.get(ACCOUNT_KEY));
        Self {
            metadata: of_checkout.or(of_subscription),
            request_id: checkout.and_then(|checkout| checkout.request_id.as_deref()),
        }
    }

    /// The account that the company's own code has named; `None` if it has named none.
    pub(crate) fn named(self) -> Result<Option<AccountId>, ParkReason> {
        let by_request = self.request_id.and_then(|id| id.strip_prefix(ACCOUNT_REQUEST));
        // An account has no colon of its own to lose: what is behind the last one is anything.
        let by_request = by_request.and_then(|rest| rest.rsplit_once(':')).map(|(account, _)| account);
        match (self.metadata, by_request) {
            (Some(one), Some(other)) if one != other => Err(ParkReason::AccountMismatch),
            (None, None) => Ok(None),
            (Some(account), _) | (None, Some(account)) => {
                AccountId::new(account).map(Some).map_err(|_| ParkReason::AccountUnknown)
            }
        }
    }
}

/// The key under which a subscription is linked to its account, among the customers that are.
pub(crate) fn link_of(subscription: &SubscriptionId) -> Result<CustomerId, ParkReason> {
    CustomerId::new(subscription.as_str()).map_err(|_| ParkReason::AccountUnknown)
}

/// The account of a subscription, by its link or by what the event says; the two never contradict each other.
/// `None` if neither says anything.
pub(crate) async fn known_account(
    context: &EventContext<'_>,
    link: &CustomerId,
    claims: AccountClaims<'_>,
) -> Result<Option<AccountId>, EarlyExit> {
    let named = claims.named()?.or_else(|| context.linked.cloned());
    let linked = context.tables.account_of(link).await?;
    let account = match (linked, named) {
        (Some(linked), Some(named)) if linked != named => return Err(ParkReason::AccountMismatch.into()),
        (linked, named) => linked.or(named),
    };
    if let Some(account) = &account {
        lambda::log::account(account);
    }
    Ok(account)
}
