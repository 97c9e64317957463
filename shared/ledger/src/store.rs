//! The narrow ports to storage: one for each thing that is kept.

use std::future::Future;

use crate::{
    AccountId, AccountRecords, Confirmation, CustomerId, Entry, Finding, GenerationId, Outage, Payment,
    PaymentId, PaymentName, PlanChange, ProductId, Purchase, Record, Subscriber, Subscription,
    SubscriptionId, Timestamp, UnreportedCancellation, UnreportedPlanChange,
};

/// An entry and what is written with it, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The sealed entry; it must not exist.
    pub entry: Entry,
    /// Items that are written with it.
    pub records: Vec<Record>,
    /// The account's due marker is set to this instant with it.
    pub mark: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    Written,
    /// Nothing is written: another writer's entry has the number, and is the account's newest or older.
    Behind(Box<Entry>),
    /// Nothing is written: this record exists.
    Exists(Box<Record>),
    /// Nothing is written: another transaction was at work on the same items.
    Contended,
}

/// Keeps journals. Every method is one round trip, except [`LedgerStore::hold_entry`] with two.
pub trait LedgerStore: Sync {
    /// What may fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// The newest entry of an account.
    fn head(&self, account: &AccountId) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send;

    /// Writes a commit, all or nothing.
    fn commit(&self, commit: &Commit) -> impl Future<Output = Result<CommitOutcome, Self::Error>> + Send;

    /// The entry that placed a generation's hold, found by index. It may miss one of the last second.
    fn hold_entry(
        &self,
        account: &AccountId,
        generation: &GenerationId,
    ) -> impl Future<Output = Result<Option<Entry>, Self::Error>> + Send;

    /// Up to `limit` entries after number `after`, oldest first.
    fn entries_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Entry>, Self::Error>> + Send;

    /// Up to `limit` entries before number `before`, newest first; `None` begins at the newest.
    fn entries_before(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Entry>, Self::Error>> + Send;
}

/// Keeps payments. Every method is one round trip.
pub trait PaymentStore: LedgerStore {
    fn payment(&self, id: &PaymentId) -> impl Future<Output = Result<Option<Payment>, Self::Error>> + Send;

    /// Whether money of a payment that is not recorded is known to have moved: it was refunded or disputed.
    fn has_unrecorded_movement(
        &self,
        id: &PaymentId,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Finds payments by what else they are called.
pub trait PaymentNameStore: LedgerStore {
    /// The id under which a payment that the account may have named is recorded, or would be: two round
    /// trips. The payment itself says whose it is.
    fn payment_named(
        &self,
        account: &AccountId,
        name: &PaymentName,
    ) -> impl Future<Output = Result<Option<PaymentId>, Self::Error>> + Send;
}

/// Keeps which account each of Stripe's customers belongs to.
pub trait CustomerStore: LedgerStore {
    /// The account of one of Stripe's customers.
    fn account_of(
        &self,
        customer: &CustomerId,
    ) -> impl Future<Output = Result<Option<AccountId>, Self::Error>> + Send;

    /// Notes the account of one of Stripe's customers, and says whether it is that one: a customer that
    /// belongs to another account keeps it.
    fn link_customer(
        &self,
        customer: &CustomerId,
        account: &AccountId,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Keeps subscriptions. Every method is one round trip.
pub trait SubscriptionStore: LedgerStore {
    /// A subscription of an account.
    fn subscription(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> impl Future<Output = Result<Option<Subscription>, Self::Error>> + Send;

    /// The subscriptions of an account, by id.
    fn subscriptions_of(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Vec<Subscription>, Self::Error>> + Send;

    /// Writes what Stripe reports of a subscription unless a newer record of it is stored, and says whether
    /// it was written. A confirmation that is recorded stays as it is.
    fn save_subscription(
        &self,
        subscription: &Subscription,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Keeps who started a subscription.
pub trait SubscriberStore: LedgerStore {
    /// Who started a subscription and what was ordered, as far as the checkout's event said.
    fn subscriber(
        &self,
        subscription: &SubscriptionId,
    ) -> impl Future<Output = Result<Option<Subscriber>, Self::Error>> + Send;
}

/// Keeps purchases and what else is recorded of an account. Every method is one round trip.
pub trait PurchaseStore: LedgerStore {
    /// What is recorded of an account beside its journal.
    fn records_of(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<AccountRecords, Self::Error>> + Send;

    /// Up to `limit` purchases of an account before `before`, newest first; `None` begins at the newest.
    fn purchases_of(
        &self,
        account: &AccountId,
        before: Option<(Timestamp, PaymentId)>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Purchase>, Self::Error>> + Send;
}

/// Keeps what people found out about accounts.
pub trait FindingStore: LedgerStore {
    /// Records what people found out about an account; it replaces what was found before.
    fn save_finding(
        &self,
        account: &AccountId,
        finding: &Finding,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Keeps outages. Every method is one round trip.
pub trait OutageStore: LedgerStore {
    /// The outages of a product that began before `before`, newest first, up to [`crate::OUTAGES_MAX`].
    fn outages(
        &self,
        product: &ProductId,
        before: Timestamp,
    ) -> impl Future<Output = Result<Vec<Outage>, Self::Error>> + Send;

    /// Records an outage that is not on record, or the confirmation of one that another person recorded, and
    /// says whether it was written: not if somebody else was first.
    fn save_outage(&self, outage: &Outage) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// Keeps the confirmations of cancellations. Every method is one round trip.
pub trait CancellationStore: SubscriptionStore {
    /// Records that a cancellation was confirmed, and that it is to be reported to Stripe, unless another
    /// confirmation than the one in `seen` is recorded; says whether it was.
    fn confirm_cancellation(
        &self,
        seen: &Subscription,
        confirmation: &Confirmation,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Records that the confirmation in `seen` was announced once more, and is due again at `due_at` unless
    /// Stripe knows of it by then.
    fn reschedule_report(
        &self,
        seen: &Subscription,
        due_at: Timestamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Records that Stripe knows of the confirmation in `seen` since `stripe_at`.
    fn mark_reported(
        &self,
        seen: &Subscription,
        stripe_at: Timestamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Keeps the changes of plan that were confirmed here: the newest of each subscription. Every method is one
/// round trip.
pub trait PlanChangeStore: SubscriptionStore {
    /// The newest confirmed change of a subscription.
    fn plan_change(
        &self,
        account: &AccountId,
        id: &SubscriptionId,
    ) -> impl Future<Output = Result<Option<PlanChange>, Self::Error>> + Send;

    /// The newest confirmed change of each subscription of an account.
    fn plan_changes_of(
        &self,
        account: &AccountId,
    ) -> impl Future<Output = Result<Vec<PlanChange>, Self::Error>> + Send;

    /// The payment of the change that brought the account its whole difference of a product's plans.
    fn whole_difference(
        &self,
        account: &AccountId,
        product: &ProductId,
    ) -> impl Future<Output = Result<Option<PaymentId>, Self::Error>> + Send;

    /// Records a confirmed change, which is to be carried out at Stripe, in place of the one in `seen`,
    /// unless another one is recorded; says whether it was.
    fn confirm_plan_change(
        &self,
        seen: Option<&PlanChange>,
        change: &PlanChange,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Records that the change in `seen` was announced once more, and is due again at `due_at` unless Stripe
    /// has carried it out or declined it by then.
    fn reschedule_plan_change(
        &self,
        seen: &PlanChange,
        due_at: Timestamp,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Records the outcome in `settled` of the change that was confirmed at its instant, which was open.
    fn settle_plan_change(
        &self,
        settled: &PlanChange,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Up to `limit` changes that are open although Stripe was to have carried them out by `now`, oldest
    /// first.
    fn unreported_plan_changes(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<UnreportedPlanChange>, Self::Error>> + Send;
}

/// Counts downloads at their payment. Every method is one round trip.
pub trait DownloadStore: LedgerStore {
    /// Notes that a result of a generation on a payment's credits was downloaded, once for each generation,
    /// and says whether that was new. Nothing is noted beyond [`crate::DOWNLOADS_MAX`] generations.
    fn note_download(
        &self,
        payment: &PaymentId,
        generation: &GenerationId,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send;
}

/// A due marker: something of the account may be due at `due_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    pub account: AccountId,
    /// When it became due.
    pub due_at: Timestamp,
}

/// Finds accounts with something due.
pub trait DueStore: LedgerStore {
    /// Up to `limit` cancellations that Stripe has not been notified of although that was due at `now`,
    /// oldest first.
    fn unreported_cancellations(
        &self,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<UnreportedCancellation>, Self::Error>> + Send;

    /// Up to `limit` markers of one of [`DUE_SHARDS`] shards that are due at `now`, oldest first.
    fn due(
        &self,
        shard: u8,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Marker>, Self::Error>> + Send;

    /// Moves a marker on, or removes it for `None`, unless it was set to another instant since it was read.
    fn move_marker(
        &self,
        marker: &Marker,
        to: Option<Timestamp>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// How many shards the due index has: at two index units a change, sixteen take 8,000 changes a second
/// below DynamoDB's 1,000 write units per key.
pub const DUE_SHARDS: u8 = 16;
