//! Reading what a request's facts rest on: everything that is known by the request itself at once, and then
//! what the first reading names.

use futures_util::future::{join, join_all, join3, join4};
use ledger::{
    AccountId, AccountRecords, Entry, ExecuteError, GenerationHistory, LedgerStore, Outage, Payment,
    PaymentKind, PaymentStore, Subscriber, Subscription, Timestamp, find_hold,
};
use policy::{Document, Reason};
use refunds::{Lead, LeadStore, Uncredited};

use crate::assess::Asked;

/// The records that a request's facts are read from.
#[derive(Debug, Default)]
pub struct Records {
    /// The payment that the request names, where it is the account's.
    pub payment: Option<Payment>,
    /// The payment's subscription.
    pub subscription: Option<Subscription>,
    /// Who started that subscription, and what was ordered.
    pub subscriber: Option<Subscriber>,
    /// The paid purchase whose credits have not landed, where the request is about one.
    pub uncredited: Option<Uncredited>,
    /// Whether Stripe told of a refund or a dispute of it, so that it is not known how much of it is left.
    pub moved: bool,
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
    pub async fn read<S: PaymentStore + LeadStore>(
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
        // What is read at once makes a large future.
        let of_payment = Box::pin(of_payment(store, account, asked));
        let (head, history, of_account, of_payment) =
            join4(store.head(account), history_of, of_account, of_payment).await;
        let (account, related) = of_account.map_err(ExecuteError::Store)?;
        let of_payment = of_payment.map_err(ExecuteError::Store)?;
        Ok(Self {
            head: head.map_err(ExecuteError::Store)?,
            history: history?,
            account,
            related,
            ..of_payment
        })
    }
}

impl Records {
    /// A payment whose credits have not landed, as it would be recorded.
    pub(crate) fn unrecorded(
        &self,
        account: &AccountId,
        document: &Document,
        now: Timestamp,
    ) -> Option<Payment> {
        self.uncredited.as_ref()?.payment(account, document, now)
    }
}

/// Another account's payment is no payment of this one's.
async fn of_payment<S: PaymentStore + LeadStore>(
    store: &S,
    account: &AccountId,
    asked: &Asked,
) -> Result<Records, S::Error> {
    let Some(id) = &asked.payment else { return Ok(Records::default()) };
    let uncredited = async || {
        let noted = Lead::id_of_uncredited(account, id);
        let (noted, moved) = join(store.lead(&noted), store.moved_unrecorded(id)).await;
        Ok::<_, S::Error>((noted?, moved?))
    };
    // Nearly every payment that a request names is recorded: only what is about missing credits looks for the
    // purchase at once.
    let (payment, noted) = match asked.reason {
        Reason::CreditsMissing => {
            let (payment, noted) = join(store.payment(id), uncredited()).await;
            (payment?, Some(noted?))
        }
        _ => (store.payment(id).await?, None),
    };
    let Some(payment) = payment.filter(|payment| &payment.account == account) else {
        let (noted, moved) = match noted {
            Some(noted) => noted,
            None => uncredited().await?,
        };
        let uncredited = noted.and_then(|lead| lead.uncredited().cloned());
        return Ok(Records { uncredited, moved, ..Records::default() });
    };
    let outages = async {
        match payment.period_ends_at {
            Some(ends_at) => store.outages(&payment.product, ends_at).await,
            None => Ok(Vec::new()),
        }
    };
    let PaymentKind::Subscription { subscription, .. } = &payment.kind else {
        return Ok(Records { outages: outages.await?, payment: Some(payment), ..Records::default() });
    };
    let subscription_of = store.subscription(&payment.account, subscription);
    let (subscription, subscriber, outages) =
        join3(subscription_of, store.subscriber(subscription), outages).await;
    let (subscription, subscriber, outages) = (subscription?, subscriber?, outages?);
    Ok(Records { payment: Some(payment), subscription, subscriber, outages, ..Records::default() })
}
