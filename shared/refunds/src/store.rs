//! The narrow port to the storage of requests.

use std::future::Future;

use ledger::{
    AccountId, Actor, Commit, CommitOutcome, Money, Payment, PaymentId, RefundRequestId, Timestamp,
};

use crate::{Count, CountedBy, Counting, RefundRequest, State, Waiting};

/// How many requests a customer can file on one day, UTC: more than anybody has reason for, and few enough
/// that no single account fills support's queue. What support files in a customer's name is not counted.
pub const FILED_A_DAY_MAX: u64 = 60;

/// A request and what is written with it, all or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Save {
    /// The request as it is to be; its `version` is one above the stored one, 1 for a first save.
    pub request: RefundRequest,
    /// The ledger's entry that goes with it.
    pub commit: Option<Commit>,
    /// The payment's sum of refunds moves from one amount to another with it, which is the guard of
    /// invariant 4.
    pub refunded: Option<RefundedSum>,
}

/// The move of a payment's sum of refunds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundedSum {
    pub payment: PaymentId,
    /// The sum as it was read, in minor units.
    pub from_minor: u64,
    /// The sum as it is to be, in minor units.
    pub to_minor: u64,
    /// The payment, where it is recorded with its first refund: it must not exist.
    pub records: Option<Box<Payment>>,
}

impl Save {
    /// Whether it takes its request's case: it opens the request, or leads it out of a refusal or a payout
    /// that failed. A later save of what was approved then moves neither money nor credits.
    pub fn takes_case(&self) -> bool {
        let moves = self.commit.is_some() || self.refunded.is_some();
        let request = &self.request;
        request.version() == 1 || request.was_reopened() && (moves || request.state() == State::InReview)
    }
}

impl Save {
    /// The day since 1970, UTC, on which it files a request that counts: its customer's own.
    pub fn filed_on(&self) -> Option<i64> {
        let request = &self.request;
        let by_customer = request.steps().first().is_some_and(|step| step.actor == Actor::Customer);
        (request.version() == 1 && by_customer).then(|| request.submitted_at().as_s().div_euclid(86_400))
    }
}

impl RefundedSum {
    /// `amount` more is refunded of `payment`; `None` where that is more than is left.
    pub fn raise(payment: &Payment, amount: Money) -> Option<Self> {
        payment.refundable().ok()?.minus(amount).ok()?;
        Self::raise_reported(payment, amount)
    }

    /// `amount` of `payment` was refunded at Stripe: also while the cardholder's bank has its money, because
    /// a dispute may be reported before a refund that was made before it.
    pub fn raise_reported(payment: &Payment, amount: Money) -> Option<Self> {
        let refunded = Money::new(payment.refunded_minor, payment.paid.currency());
        payment.paid.minus(refunded).ok()?.minus(amount).ok()?;
        let to_minor = payment.refunded_minor.checked_add(amount.minor())?;
        Some(Self {
            payment: payment.id.clone(),
            from_minor: payment.refunded_minor,
            to_minor,
            records: None,
        })
    }

    /// `amount` of `payment` is not refunded after all.
    pub fn lower(payment: &Payment, amount: Money) -> Option<Self> {
        let to_minor = payment.refunded_minor.checked_sub(amount.minor())?;
        Some(Self {
            payment: payment.id.clone(),
            from_minor: payment.refunded_minor,
            to_minor,
            records: None,
        })
    }
}

/// The request that a case belongs to: of an account, there is one open request about a payment or a
/// generation for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub request: RefundRequestId,
    /// Its version when it took the case.
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SaveOutcome {
    Written,
    /// Nothing is written: the stored request has another version, or exists already.
    Stale(Box<RefundRequest>),
    /// Nothing is written: the request takes a case that belongs to this one.
    Taken(Holder),
    /// Nothing is written: the ledger's part did not go through.
    Ledger(CommitOutcome),
    /// Nothing is written: the payment's sum of refunds has moved since it was read, or money of a payment
    /// that is not recorded has.
    PaymentMoved,
    /// Nothing is written: a count of granted credits has moved since it was read.
    CountMoved,
    /// Nothing is written: the account's customer has filed [`FILED_A_DAY_MAX`] requests on that day.
    TooMany,
    /// Nothing is written: who approves is not allowed to, or a second person has to, by what is stored.
    NotAllowed,
}

/// Something that the sweep has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub thing: DueThing,
    /// When it became due.
    pub due_at: Timestamp,
}

/// What the sweep looks at beside accounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DueThing {
    Request(RefundRequestId),
    /// A lead, by its id: [`crate::Lead`].
    Lead(RefundRequestId),
}

/// Where a list of an account's requests, newest first, begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListedBefore {
    /// Behind every request that was submitted at this instant or later.
    Instant(Timestamp),
    /// Behind this request, which was submitted at this instant.
    Request(Timestamp, RefundRequestId),
}

/// Keeps refund requests. Every method is one round trip.
pub trait RequestStore: Sync {
    /// What may fail.
    type Error: std::error::Error + Send + Sync + 'static;

    /// A request by its id.
    fn request(
        &self,
        id: &RefundRequestId,
    ) -> impl Future<Output = Result<Option<RefundRequest>, Self::Error>> + Send;

    /// Up to `limit` requests of an account, newest first; `None` begins at the newest.
    fn requests_of(
        &self,
        account: &AccountId,
        before: Option<ListedBefore>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<RefundRequest>, Self::Error>> + Send;

    /// Writes a request and what goes with it, all or nothing, and with them the case that it takes
    /// ([`Save::takes_case`]).
    fn save(&self, save: &Save) -> impl Future<Output = Result<SaveOutcome, Self::Error>> + Send;
}

/// Keeps the counts of granted credits. Every method is one round trip.
pub trait CountStore: RequestStore {
    /// How much was granted so far, in the order of `of`; a count of nothing if there is none.
    fn counts(&self, of: Vec<CountedBy>) -> impl Future<Output = Result<Vec<Count>, Self::Error>> + Send;

    /// Writes a request that grants credits beside those that were bought, and the counts that it moves, all
    /// or nothing.
    fn save_counted(
        &self,
        save: &Save,
        counting: &Counting,
    ) -> impl Future<Output = Result<SaveOutcome, Self::Error>> + Send;
}

/// Keeps which request a case belongs to.
pub trait CaseStore: RequestStore {
    /// Hands the case of `request` over to it, where `holder` has it still.
    fn take_case(
        &self,
        holder: &Holder,
        request: &RefundRequest,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Finds the requests and leads that the sweep has to look at.
pub trait DueRequestStore: RequestStore {
    /// Up to `limit` requests and leads of one of [`ledger::DUE_SHARDS`] shards that are due at `now`,
    /// oldest first.
    fn due_requests(
        &self,
        shard: u8,
        now: Timestamp,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Due>, Self::Error>> + Send;
}

/// Lists the requests that wait for people.
pub trait QueueStore: RequestStore {
    /// Up to `limit` requests that wait for people, behind the place `after`, in the order of
    /// [`Waiting::place`]. The answer may lag behind the last writes by a moment.
    fn waiting(
        &self,
        after: Option<&str>,
        limit: u16,
    ) -> impl Future<Output = Result<Vec<Waiting>, Self::Error>> + Send;
}
