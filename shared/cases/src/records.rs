//! Reading what a request's facts rest on: everything that is known by the request itself at once, and then
//! what the first reading names.

use futures_util::future::{join, join_all, join4};
use ledger::{
    AccountId, AccountRecords, Buyer, Entry, ExecuteError, GenerationHistory, LedgerStore, Outage, Payment,
    PaymentKind, PaymentStore, Subscription, find_hold,
};

use crate::assess::Asked;

/// The records that a request's facts are read from.
#[derive(Debug, Default)]
pub struct Records {
    /// The payment that the request names, where it is the account's.
    pub payment: Option<Payment>,
    /// The payment's subscription.
    pub subscription: Option<Subscription>,
    /// Who started that subscription.
    pub subscriber: Option<Buyer>,
    /// The account's newest entry.
    pub head: Option<Entry>,
    /// The generation that the request names.
    pub history: Option<GenerationHistory>,
    /// What is recorded of the account.
    pub account: AccountRecords,
    /// The same of each account that a person found to be related.
    pub related: Vec<AccountRecords>,
    /// Outages of the payment's product.
    pub outages: Vec<Outage>,
}

type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

impl Records {
    /// Reads all records: two round trips, and one more for a generation that has left the account's memory.
    pub async fn read<S: PaymentStore>(
        store: &S,
        account: &AccountId,
        asked: &Asked,
    ) -> Result<Self, Failure<S>> {
        let history_of = async {
            match &asked.generation {
                Some(generation) => find_hold(store, account, generation).await.map(Some),
                None => Ok(None),
            }
        };
        let of_account = async {
            let records = store.records_of(account).await?;
            let related = records.finding.iter().flat_map(|finding| &finding.related);
            let related = join_all(related.map(|related| store.records_of(related))).await;
            Ok((records, related.into_iter().collect::<Result<Vec<_>, _>>()?))
        };
        let (head, history, of_account, of_payment) =
            join4(store.head(account), history_of, of_account, of_payment(store, account, asked)).await;
        let (account, related) = of_account.map_err(ExecuteError::Store)?;
        let (payment, subscription, subscriber, outages) = of_payment.map_err(ExecuteError::Store)?;
        Ok(Self {
            head: head.map_err(ExecuteError::Store)?,
            history: history?,
            payment,
            subscription,
            subscriber,
            account,
            related,
            outages,
        })
    }
}

type OfPayment = (Option<Payment>, Option<Subscription>, Option<Buyer>, Vec<Outage>);

/// Another account's payment is no payment of this one's.
async fn of_payment<S: PaymentStore>(
    store: &S,
    account: &AccountId,
    asked: &Asked,
) -> Result<OfPayment, S::Error> {
    let Some(id) = &asked.payment else { return Ok(OfPayment::default()) };
    let payment = store.payment(id).await?.filter(|payment| &payment.account == account);
    let Some(payment) = payment else { return Ok(OfPayment::default()) };
    let outages_of = async {
        match payment.period_ends_at {
            Some(ends_at) => store.outages(&payment.product, ends_at).await,
            None => Ok(Vec::new()),
        }
    };
    let PaymentKind::Subscription { subscription, .. } = &payment.kind else {
        let outages = outages_of.await?;
        return Ok((Some(payment), None, None, outages));
    };
    let of_subscription = join(store.subscription(subscription), store.subscriber(subscription));
    let ((subscription, subscriber), outages) = join(of_subscription, outages_of).await;
    let (subscription, subscriber, outages) = (subscription?, subscriber?, outages?);
    Ok((Some(payment), subscription, subscriber, outages))
}
