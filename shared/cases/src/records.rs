//! Reading what a request's facts rest on: everything that is known by the request itself at once, and then
//! what the first reading names.

use futures_util::future::{join, join_all, join3, join4};
use ledger::{
    AccountId, AccountRecords, Actor, Change, Entry, ExecuteError, GenerationHistory, LedgerStore, Lot,
    LotId, LotKind, Outage, Payment, PaymentId, PaymentKind, PaymentName, ProductId, Purchase, Subscriber,
    Subscription, Timestamp, find_hold,
};
use policy::{Document, Fact, Reason, Value};
use policy_documents::catalogue;
use refunds::{Lead, RefundRequest, RefundStore, RequestStore, State, UncreditedPurchase};

use crate::question::Question;

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
    pub uncredited: Option<UncreditedPurchase>,
    /// Whether Stripe reported a refund or a dispute of it, so that it is not known how much of it is left.
    pub moved: bool,
    /// The account's newest entry.
    pub head: Option<Entry>,
    /// The entry that brought the credits of a pack, where an earlier pack like it was used: what of that one
    /// was used before decides whether the two are a double payment. `None` if nobody needs it, or it is far
    /// back.
    pub landing: Option<Entry>,
    /// The account's subscriptions, where the payment began one beside another of its product.
    pub beside: Vec<Subscription>,
    /// The generation that the request names.
    pub history: Option<GenerationHistory>,
    /// What is recorded of the account.
    pub account: AccountRecords,
    /// The requests of the account and of related ones, where the policy asks how often they were made.
    pub earlier: Option<EarlierRequests>,
    /// Outages of the payment's product.
    pub outages: Vec<Outage>,
}

/// When requests were filed that count as asking again: after credits of their payment were spent, and not
/// withdrawn (`S3-15`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EarlierRequests {
    /// Those of the account.
    pub own: Vec<Timestamp>,
    /// Those of the accounts that a person found to be related.
    pub related: Vec<Timestamp>,
}

/// Most requests of one account that are looked at, the newest first: a policy counts to two.
const REQUESTS_MAX: u16 = 20;

/// Entries, newest first, among which the one that brought a pack's credits is looked for: a day of heavy
/// use, in one page.
const LANDING_ENTRIES_MAX: u16 = 200;

/// What else has to be read to say whether a payment was made twice.
enum Twice {
    No,
    Pack,
    Subscription,
}

fn twice(payment: &Payment, head: &Entry) -> Twice {
    let lots = || head.after().lots.iter().filter(|lot| lot.product == payment.product);
    match &payment.kind {
        PaymentKind::Pack => {
            let used = |lot: &&Lot| {
                lot.kind == LotKind::Pack
                    && lot.id != payment.lot
                    && lot.granted == payment.credits
                    && !is_unused(lot)
            };
            if payment.lot != LotId::NONE && lots().any(|lot| used(&lot)) { Twice::Pack } else { Twice::No }
        }
        PaymentKind::Subscription { subscription, .. } => {
            let other = |lot: &Lot| lot.subscription().is_some_and(|other| other != subscription);
            if lots().any(other) { Twice::Subscription } else { Twice::No }
        }
    }
}

/// Whether nothing was made of a lot's credits, and nothing is being made of them.
pub(crate) fn is_unused(lot: &Lot) -> bool {
    lot.spent.is_zero() && lot.held.is_zero()
}

type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

impl Records {
    /// Reads all records: two round trips, one more for a generation that has left the account's memory or
    /// for a payment that may have been made twice, and three more for a payment that another name than its
    /// id is given of.
    pub async fn read<S: RefundStore>(
        store: &S,
        account: &AccountId,
        asked: &Question,
    ) -> Result<Self, Failure<S>> {
        let of_account_id = account;
        let history_of = async {
            match &asked.generation {
                Some(generation) => find_hold(store, account, generation).await.map(Some),
                None => Ok(None),
            }
        };
        // What is read at once makes a large future.
        let of_payment = Box::pin(of_payment(store, account, asked));
        let (head, history, of_account, of_payment) =
            join4(store.head(account), history_of, store.records_of(account), of_payment).await;
        let account = of_account.map_err(ExecuteError::Store)?;
        let of_payment = of_payment.map_err(ExecuteError::Store)?;
        let head = head.map_err(ExecuteError::Store)?;
        let twice =
            of_payment.payment.as_ref().zip(head.as_ref()).map(|(payment, head)| twice(payment, head));
        let (landing, beside) = match twice.unwrap_or(Twice::No) {
            Twice::No => (None, Vec::new()),
            Twice::Pack => {
                let entries = store.entries_before(of_account_id, None, LANDING_ENTRIES_MAX).await;
                let lot = of_payment.payment.as_ref().map(|payment| payment.lot);
                let brought = |entry: &Entry| {
                    entry.changes().iter().any(|change| match change {
                        Change::Granted { lot: granted, .. } => Some(granted.id) == lot,
                        _ => false,
                    })
                };
                (entries.map_err(ExecuteError::Store)?.into_iter().find(brought), Vec::new())
            }
            Twice::Subscription => {
                (None, store.subscriptions_of(of_account_id).await.map_err(ExecuteError::Store)?)
            }
        };
        Ok(Self { head, landing, beside, history: history?, account, ..of_payment })
    }
}

impl Records {
    /// The id under which the payment is recorded, even if the customer gave another of its names.
    pub(crate) fn payment_id(&self) -> Option<&PaymentId> {
        let uncredited = self.uncredited.as_ref().map(|uncredited| &uncredited.payment);
        self.payment.as_ref().map(|payment| &payment.id).or(uncredited)
    }

    /// Reads the requests that were made before, where a rule of the document asks for them and the payment's
    /// credits were used: one more round trip for what is rare.
    pub(crate) async fn read_earlier<S: RequestStore>(
        &mut self,
        store: &S,
        account: &AccountId,
        document: &Document,
    ) -> Result<(), S::Error> {
        if !document.asks(Fact::EarlierRequests) || !self.credits_were_used() {
            return Ok(());
        }
        let related = self.account.finding.iter().flat_map(|finding| &finding.related);
        let related = join_all(related.map(|related| store.requests_of(related, None, REQUESTS_MAX)));
        let (own, related) = join(store.requests_of(account, None, REQUESTS_MAX), related).await;
        let related = related.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.earlier = Some(EarlierRequests {
            own: counted(&own?),
            related: related.iter().flat_map(|of| counted(of)).collect(),
        });
        Ok(())
    }

    /// The product of the account's credits, or else of its purchases, where all that were read are of one.
    pub(crate) fn product_bought(&self) -> Option<ProductId> {
        let lots = self.head.iter().flat_map(|head| &head.after().lots).map(|lot| Some(lot.product.as_str()));
        let product = |purchase: &Purchase| Some(catalogue().price(&purchase.price).ok()?.product.as_str());
        only(lots).or_else(|| only(self.account.purchases.iter().map(product)))
    }

    fn credits_were_used(&self) -> bool {
        let (Some(payment), Some(head)) = (&self.payment, &self.head) else { return false };
        // A lot that left the account was used, or has expired.
        head.after().use_of(payment).is_ok_and(|used| !used.spent.is_zero())
    }

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

/// The one product that all of these are of.
fn only<'p>(mut products: impl Iterator<Item = Option<&'p str>>) -> Option<ProductId> {
    let first = products.next()??;
    if products.all(|product| product == Some(first)) { ProductId::new(first).ok() } else { None }
}

/// When those of the requests were filed that count.
pub(crate) fn counted(requests: &[RefundRequest]) -> Vec<Timestamp> {
    let counts = |request: &&RefundRequest| {
        let used = matches!(request.case.facts.get(Fact::CreditsSpent), Some(Value::Integer(1..)));
        used && request.state() != State::Withdrawn
            && request.steps().first().is_none_or(|step| step.actor != Actor::Policy)
    };
    requests.iter().filter(counts).map(refunds::RefundRequest::submitted_at).collect()
}

/// Another account's payment is no payment of this one's.
async fn of_payment<S: RefundStore>(
    store: &S,
    account: &AccountId,
    asked: &Question,
) -> Result<Records, <S as LedgerStore>::Error> {
    let Some(id) = &asked.payment else { return Ok(Records::default()) };
    let known = of_payment_id(store, account, asked.reason, id).await?;
    if known.payment.is_some() || known.uncredited.is_some() {
        return Ok(known);
    }
    // Customers have a receipt, an invoice or a bank statement in hand, each with a name of its own.
    let Ok(name) = PaymentName::new(id.as_str()) else { return Ok(known) };
    match store.payment_named(account, &name).await? {
        Some(named) if named != *id => of_payment_id(store, account, asked.reason, &named).await,
        _ => Ok(known),
    }
}

/// The same, by the id of the payment's record.
async fn of_payment_id<S: RefundStore>(
    store: &S,
    account: &AccountId,
    reason: Reason,
    id: &PaymentId,
) -> Result<Records, <S as LedgerStore>::Error> {
    let uncredited = async || {
        let noted = Lead::id_of_uncredited(account, id);
        let (noted, moved) = join(store.lead(&noted), store.has_unrecorded_movement(id)).await;
        Ok::<_, <S as LedgerStore>::Error>((noted?, moved?))
    };
    // Nearly every payment that a request names is recorded: only what is about missing credits looks for the
    // purchase at once.
    let (payment, noted) = match reason {
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
