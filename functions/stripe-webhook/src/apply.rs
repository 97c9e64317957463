//! Applying an event: what every kind of event needs, and the way to the right one.

use lambda::backoff::Backoff;
use lambda::metrics::Metrics;
use ledger::{
    AccountId, Actor, Answer, Cause, Command, CustomerId, Entry, ExecuteError, Grant, LedgerStore, Order,
    Payment, PaymentId, PolicyRef, Record, Rejection, Timestamp, execute,
};
use ledger_dynamodb::{StoreError, Tables};
use policy::{Document, InForce};
use policy_documents::documents;
use refunds::settle_landed;
use stripe_events::{Event, EventKind};

use crate::leads::{self, Told};
use crate::outcome::{Ignored, Outcome, Unapplied};
use crate::{checkout, dispute, invoice, names, refund, subscription, top_up};

/// How long after it happened an event is sent again for what it rests on, in seconds. The events of one
/// checkout come within seconds of each other; an hour covers a delivery that Stripe had to repeat.
pub const AWAITED_S: i64 = 3600;

/// Four looks within about two seconds for the link of a customer: Stripe sends the events of one checkout
/// at once and in any order, and the credits are then there without Stripe's next try, minutes later.
pub fn link_wait() -> Backoff {
    Backoff::new(500, 1000, 4)
}

/// Why an event failed; Stripe sends it again.
pub(crate) type Failure = ExecuteError<StoreError>;

/// Why applying stops early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The outcome is known.
    Known(Outcome),
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(ExecuteError::Store(error))
    }
}

impl From<Unapplied> for Stop {
    fn from(reason: Unapplied) -> Self {
        Self::Known(Outcome::Parked(reason))
    }
}

impl From<Ignored> for Stop {
    fn from(reason: Ignored) -> Self {
        Self::Known(Outcome::Ignored(reason))
    }
}

/// An event with all that is needed to apply it.
pub(crate) struct Apply<'a> {
    pub(crate) tables: &'a Tables,
    pub(crate) backoff: &'a Backoff,
    pub(crate) link_wait: &'a Backoff,
    pub(crate) event: &'a Event,
    pub(crate) now: Timestamp,
    pub(crate) metrics: &'a Metrics,
    /// Whether what the event lacks was fetched from Stripe already.
    pub(crate) looked_up: bool,
}

impl Apply<'_> {
    /// Applies the event.
    pub(crate) async fn outcome(&self) -> Result<Outcome, Failure> {
        let result = match &self.event.kind {
            EventKind::CheckoutCompleted(session) | EventKind::CheckoutAsyncPaymentSucceeded(session) => {
                checkout::completed(self, session).await
            }
            EventKind::InvoicePaid(invoice) => invoice::paid(self, invoice).await,
            EventKind::InvoicePaymentPaid(paid) => invoice::payment_paid(self, paid).await,
            EventKind::ChargeTold(charge) => names::told(self, charge).await,
            EventKind::PaymentSucceeded(payment) => top_up::succeeded(self, payment).await,
            EventKind::DisputeTold(dispute) => dispute::told(self, dispute).await,
            EventKind::SubscriptionCreated(subscription) | EventKind::SubscriptionUpdated(subscription) => {
                subscription::told(self, subscription, subscription.ended_at).await
            }
            EventKind::SubscriptionDeleted(subscription) => {
                let ended_at = subscription.ended_at.unwrap_or(self.event.created);
                subscription::told(self, subscription, Some(ended_at)).await
            }
            EventKind::RefundCreated(refund)
            | EventKind::RefundUpdated(refund)
            | EventKind::RefundFailed(refund) => refund::told(self, refund).await,
            EventKind::Thin { .. } => Ok(Outcome::Ignored(Ignored::Thin)),
            EventKind::Other => Ok(Outcome::Ignored(Ignored::UnknownType)),
        };
        match result {
            Ok(outcome) | Err(Stop::Known(outcome)) => Ok(outcome),
            Err(Stop::Failed(failure)) => Err(failure),
        }
    }

    /// What the event rests on is not there: it may still be on its way, and later it has to be looked for.
    pub(crate) fn awaited(&self, reason: Unapplied) -> Outcome {
        if self.is_fresh() { Outcome::Deferred(reason) } else { Outcome::Parked(reason) }
    }

    /// What the event lacks is fetched from Stripe, once.
    pub(crate) fn lacking(&self, reason: Unapplied) -> Stop {
        let outcome = if self.looked_up { Outcome::Parked(reason) } else { Outcome::Lookup(reason) };
        Stop::Known(outcome)
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.now.seconds_since(self.event.created) < AWAITED_S
    }

    /// The account of a customer. Its link may come with an event that is a moment behind.
    pub(crate) async fn account_of(&self, customer: Option<&CustomerId>) -> Result<AccountId, Stop> {
        let customer = customer.ok_or(Unapplied::AccountUnknown)?;
        for attempt in 0..self.link_wait.attempts_max() {
            if let Some(account) = self.tables.account_of(customer).await? {
                lambda::log::account(&account);
                return Ok(account);
            }
            if !self.is_fresh() {
                break;
            }
            self.link_wait.pause(attempt).await;
        }
        Err(Stop::Known(self.awaited(Unapplied::AccountUnknown)))
    }

    /// The purchases in the payment with this id, or in the one of the invoice that represents it.
    pub(crate) async fn purchases(&self, id: &PaymentId) -> Result<Vec<Payment>, Stop> {
        let division = self.tables.division(id).await?;
        let purchases = self.tables.purchases_of(id, division.as_ref()).await?;
        if !purchases.is_empty() {
            return Ok(purchases);
        }
        let Some(invoice) = self.tables.linked_payment(id).await? else { return Ok(Vec::new()) };
        let division = self.tables.division(&invoice).await?;
        Ok(self.tables.purchases_of(&invoice, division.as_ref()).await?)
    }

    /// Grants the credits of a payment's purchases, once, and notes the leads that each may be. `told` reads
    /// after the credits are granted, and the events that it reads are saved before they look for credits.
    /// So of two events at once, one sees the other.
    pub(crate) async fn grant(
        &self,
        grants: Vec<Grant>,
        records: Vec<Record>,
        told: impl Future<Output = Result<Told, Stop>>,
    ) -> Result<Outcome, Stop> {
        let payments: Vec<Payment> = grants.iter().map(|grant| (*grant.payment).clone()).collect();
        let Some(account) = payments.first().map(|payment| &payment.account) else {
            return Ok(Outcome::Ignored(Ignored::NoCredits));
        };
        let by_policy =
            |grant: &&Grant| grant.stops_clocks || grant.period.is_some_and(|period| period.replaces);
        let policy = grants.iter().find(by_policy).and_then(|grant| grant.payment.policy.clone());
        let command = Command::GrantAll(grants);
        // An order on its way is large.
        let (outcome, entry) = Box::pin(self.execute(account, &command, policy, records)).await?;
        if matches!(outcome, Outcome::Applied | Outcome::Repeated) {
            let told = told.await?;
            for payment in &payments {
                leads::of_payment(self, payment, entry.as_deref(), &told).await?;
                self.settle_late((&payment.account, &payment.id), payment.charged_at).await?;
            }
        }
        Ok(outcome)
    }

    /// Credits that come after their promise find their case open, which they settle (`S2-21`).
    pub(crate) async fn settle_late(
        &self,
        whose: (&AccountId, &PaymentId),
        charged_at: Timestamp,
    ) -> Result<(), Stop> {
        if self.now.seconds_since(charged_at) < AWAITED_S {
            return Ok(());
        }
        let settled = Box::pin(settle_landed(self.tables, self.backoff, whose, self.now)).await?;
        if settled > 0 {
            self.metrics.count("CasesSettled", 1);
            tracing::info!(settled, outcome = "settled", "late credits settle their case");
        }
        Ok(())
    }

    /// Carries out a command of this event.
    pub(crate) async fn carry_out(
        &self,
        account: &AccountId,
        command: &Command,
        policy: Option<PolicyRef>,
        records: Vec<Record>,
    ) -> Result<Outcome, Stop> {
        Ok(self.execute(account, command, policy, records).await?.0)
    }

    /// The same, with the entry that it wrote.
    async fn execute(
        &self,
        account: &AccountId,
        command: &Command,
        policy: Option<PolicyRef>,
        mut records: Vec<Record>,
    ) -> Result<(Outcome, Option<Box<Entry>>), Stop> {
        if matches!(command, Command::Grant(_) | Command::GrantAll(_)) {
            records.push(self.body());
        }
        let order = Order { account, command, cause: self.cause(), actor: Actor::Stripe, policy, records };
        let answer = execute(self.tables, self.backoff, &order, self.now).await?;
        if let Answer::Written { entry, .. } = answer {
            return Ok((Outcome::Applied, Some(entry)));
        }
        Ok((unwritten(answer), None))
    }

    /// What the event says, as far as it is read: other members differ between deliveries of one event.
    fn body(&self) -> Record {
        let digest = refunds::fingerprint(&[&format!("{:?}", self.event.kind)]);
        Record::Event { id: self.event.id.as_str().to_owned(), digest }
    }

    /// The event as the cause of an entry.
    pub(crate) fn cause(&self) -> Cause {
        Cause::StripeEvent(self.event.id.as_str().to_owned())
    }
}

/// The outcome of an event that led to no entry.
fn unwritten(answer: Answer) -> Outcome {
    match answer {
        Answer::Written { .. } | Answer::Unchanged(_) | Answer::Placed(_) => Outcome::Repeated,
        Answer::Exists(record) => match *record {
            Record::Customer(..) => Outcome::Parked(Unapplied::AccountMismatch),
            Record::Event { .. } => Outcome::Parked(Unapplied::EventConflict),
            Record::NewPayment(_)
            | Record::Invoice(..)
            | Record::Division(_)
            | Record::CompensatedOnce(_)
            | Record::GivenBackOnce(_)
            | Record::ChargedLateOnce(_) => Outcome::Repeated,
        },
        Answer::Refused(Rejection::TooManyLots) => Outcome::Parked(Unapplied::TooManyLots),
        Answer::Refused(_) => Outcome::Parked(Unapplied::OutOfRange),
    }
}

/// The policy that a purchase of `product` at `at` falls under (`S2-35`).
pub(crate) fn in_force(product: &str, at: Timestamp) -> InForce<'static> {
    documents().in_force(product, at.as_ms())
}

/// What a purchase pins: none before the first version.
pub(crate) fn pinned(in_force: InForce<'_>) -> Option<PolicyRef> {
    match in_force {
        InForce::Version(document) => Some(reference(document)),
        InForce::BeforeFirstVersion(_) | InForce::NoDocument => None,
    }
}

/// A document as entries name it.
pub(crate) fn reference(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}
