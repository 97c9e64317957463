//! Reading what the record says of a disputed payment: its purchases with their use of credits, and the
//! requests about it.

use futures_util::future::join3;
use lambda::http::{Problem, ProblemKind};
use ledger::{
    AccountId, LedgerStore, Payment, PaymentId, PaymentKind, Purchase, PurchaseStore, Subscription,
    SubscriptionStore,
};
use ledger_dynamodb::{StoreError, Tables};
use policy::Document;
use policy_documents::documents;
use refunds::{ListedBefore, RefundRequest, RequestStore};
use stripe_api::StripeDispute;

use crate::failure::store_failed;
use crate::usage::Usage;

/// Entries of a page of the journal: some 200 KB, below the megabyte that DynamoDB reads at once.
const ENTRIES_MAX: u16 = 200;
/// Pages of the journal that are read: 5,000 entries from the newest back are months of heavy use.
const ENTRY_PAGES_MAX: usize = 25;
/// Requests of a page.
const REQUESTS_MAX: u16 = 20;
/// Pages of requests that are read, from the newest back.
const REQUEST_PAGES_MAX: usize = 5;
/// Purchases among which those of the same price are looked for, from the newest back.
const PURCHASES_MAX: u16 = 50;

/// What is on record of a disputed payment.
pub(crate) struct Record {
    /// The dispute, as Stripe has it.
    pub(crate) dispute: StripeDispute,
    pub(crate) account: AccountId,
    /// The purchases in the payment, in their order.
    pub(crate) purchases: Vec<Bought>,
    /// The requests about the payment, newest first.
    pub(crate) requests: Vec<RefundRequest>,
    /// Whether all requests since the purchase were read.
    pub(crate) requests_complete: bool,
    /// The account's other purchases of the same prices, newest first.
    pub(crate) same_price: Vec<Purchase>,
}

/// One purchase in the payment.
pub(crate) struct Bought {
    pub(crate) payment: Payment,
    /// The policy that the purchase pinned; `None` before the first version.
    pub(crate) policy: Option<&'static Document>,
    /// The subscription that was charged.
    pub(crate) subscription: Option<Subscription>,
    pub(crate) usage: Usage,
}

impl Record {
    /// Reads the record; a payment that is not on it is not found.
    pub(crate) async fn read(tables: &Tables, dispute: StripeDispute) -> Result<Self, Problem> {
        let unknown = || {
            let detail = "the payment of this dispute is not on record";
            Problem::new(ProblemKind::NotFound).detail(detail)
        };
        let named = dispute.payment.clone().ok_or_else(unknown)?;
        let payments = purchases_of(tables, &named).await.map_err(store_failed)?;
        let account = payments.first().map(|payment| payment.account.clone()).ok_or_else(unknown)?;
        let (usages, requests, same_price) = join3(
            Box::pin(read_usages(tables, &account, &payments)),
            Box::pin(read_requests(tables, &account, &payments)),
            Box::pin(read_same_price(tables, &account, &payments)),
        )
        .await;
        let (requests, requests_complete) = requests.map_err(store_failed)?;
        let mut purchases = Vec::new();
        for (payment, usage) in payments.into_iter().zip(usages.map_err(store_failed)?) {
            let subscription = match &payment.kind {
                PaymentKind::Subscription { subscription, .. } => {
                    tables.subscription(&account, subscription).await.map_err(store_failed)?
                }
                PaymentKind::Pack => None,
            };
            let pinned = payment.policy.as_ref();
            let policy = pinned.and_then(|pinned| documents().version(&pinned.document, &pinned.version));
            purchases.push(Bought { payment, policy, subscription, usage });
        }
        let same_price = same_price.map_err(store_failed)?;
        Ok(Self { dispute, account, purchases, requests, requests_complete, same_price })
    }
}

/// The purchases of a payment at Stripe. One whose event did not name the payment is recorded under its
/// invoice.
async fn purchases_of(tables: &Tables, named: &PaymentId) -> Result<Vec<Payment>, StoreError> {
    let purchases = divided(tables, named).await?;
    if !purchases.is_empty() {
        return Ok(purchases);
    }
    match tables.linked_payment(named).await? {
        Some(invoice) => divided(tables, &invoice).await,
        None => Ok(Vec::new()),
    }
}

async fn divided(tables: &Tables, payment: &PaymentId) -> Result<Vec<Payment>, StoreError> {
    Ok(tables.purchases_in(payment).await?.0)
}

/// How the credits of each payment were used, read from the newest entry back to where the first of them
/// landed.
async fn read_usages(
    tables: &Tables,
    account: &AccountId,
    payments: &[Payment],
) -> Result<Vec<Usage>, StoreError> {
    let mut usages: Vec<Usage> = payments.iter().map(Usage::of).collect();
    let landed_at = payments.iter().map(|payment| payment.landed_at).min();
    let mut before = None;
    for _ in 0..ENTRY_PAGES_MAX {
        let entries = tables.entries_before(account, before, ENTRIES_MAX).await?;
        for usage in &mut usages {
            for entry in &entries {
                usage.count(entry);
            }
        }
        let last = entries.last();
        if last.is_none_or(|last| last.number() == 1 || Some(last.at()) < landed_at) {
            return Ok(usages);
        }
        before = last.map(ledger::Entry::number);
    }
    usages.iter_mut().for_each(Usage::leave_out_earlier);
    Ok(usages)
}

/// The requests about the payments, newest first, and whether those are all.
async fn read_requests(
    tables: &Tables,
    account: &AccountId,
    payments: &[Payment],
) -> Result<(Vec<RefundRequest>, bool), StoreError> {
    let charged_at = payments.iter().map(|payment| payment.charged_at).min();
    let mut found = Vec::new();
    let mut before = None;
    for _ in 0..REQUEST_PAGES_MAX {
        let page = tables.requests_of(account, before, REQUESTS_MAX).await?;
        let last = page.last().map(|last| (last.submitted_at(), last.id.clone()));
        let about = |request: &RefundRequest| {
            payments.iter().any(|payment| request.case.payment.as_ref() == Some(&payment.id))
        };
        found.extend(page.into_iter().filter(about));
        let Some((submitted_at, id)) = last.filter(|(submitted_at, _)| Some(*submitted_at) >= charged_at)
        else {
            return Ok((found, true));
        };
        before = Some(ListedBefore::Request(submitted_at, id));
    }
    Ok((found, false))
}

async fn read_same_price(
    tables: &Tables,
    account: &AccountId,
    payments: &[Payment],
) -> Result<Vec<Purchase>, StoreError> {
    let mut purchases = PurchaseStore::purchases_of(tables, account, None, PURCHASES_MAX).await?;
    purchases.retain(|purchase| {
        payments.iter().any(|payment| payment.price == purchase.price)
            && payments.iter().all(|payment| payment.id != purchase.payment)
    });
    Ok(purchases)
}
