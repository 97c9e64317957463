//! What the handlers of all kinds of events need: the event, the tables, and how an event waits, is looked up
//! or is carried out.

use lambda::backoff::Backoff;
use lambda::metrics::Metrics;
use ledger::{
    Account, AccountId, Actor, Answer, Cause, Command, CustomerId, CustomerStore, Entry, ExecuteError,
    LedgerStore, Order, Payment, PaymentId, PolicyRef, Provider, Record, Rejection, Timestamp, execute,
    execute_on,
};
use ledger_dynamodb::{StoreError, Tables};
use purchase_lines::LineFault;
use refunds::settle_landed;

use crate::outcome::{EventOutcome, Ignored, ParkReason};

/// How long after it happened an event is sent again for what it rests on, in seconds. The events of one
/// checkout come within seconds of each other; an hour covers a delivery that the provider had to repeat.
pub const AWAITED_S: i64 = 3600;

/// Four looks within about two seconds for what another event of one checkout says: they are sent at once and
/// in any order, and the credits are then there without the provider's next try, minutes later.
pub fn link_wait() -> Backoff {
    Backoff::new(500, 1000, 4)
}

/// Why an event failed; the provider sends it again.
pub type Failure = ExecuteError<StoreError>;

/// Why applying stops early.
#[derive(Debug)]
pub enum EarlyExit {
    Known(EventOutcome),
    Failed(Failure),
}

impl EarlyExit {
    /// What applying an event ended with, early or not.
    pub fn settle(result: Result<EventOutcome, Self>) -> Result<EventOutcome, Failure> {
        match result {
            Ok(outcome) | Err(Self::Known(outcome)) => Ok(outcome),
            Err(Self::Failed(failure)) => Err(failure),
        }
    }
}

impl From<Failure> for EarlyExit {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<StoreError> for EarlyExit {
    fn from(error: StoreError) -> Self {
        Self::Failed(ExecuteError::Store(error))
    }
}

impl From<ParkReason> for EarlyExit {
    fn from(reason: ParkReason) -> Self {
        Self::Known(EventOutcome::Parked(reason))
    }
}

impl From<LineFault> for EarlyExit {
    fn from(fault: LineFault) -> Self {
        ParkReason::from(fault).into()
    }
}

impl From<Ignored> for EarlyExit {
    fn from(reason: Ignored) -> Self {
        Self::Known(EventOutcome::Ignored(reason))
    }
}

/// The account beside a grant.
pub enum GrantHead {
    /// The entry that the grant wrote.
    Written(Box<Entry>),
    /// The grant was there before, or was refused: the entry that was the newest then.
    Before(Option<Box<Entry>>),
}

/// An event with all that is needed to apply it.
pub struct EventContext<'a> {
    pub tables: &'a Tables,
    pub backoff: &'a Backoff,
    pub link_wait: &'a Backoff,
    /// The provider that reports the event.
    pub provider: Provider,
    /// The provider's id of the event: the same in every delivery of it.
    pub event_id: &'a str,
    /// When it happened, as the provider says.
    pub happened_at: Timestamp,
    pub now: Timestamp,
    pub metrics: &'a Metrics,
    /// Whether what the event lacks was fetched from the provider already.
    pub looked_up: bool,
    /// The account that an operator has linked the event to, where it names none.
    pub linked: Option<&'a AccountId>,
}

impl EventContext<'_> {
    /// What the event rests on is not there: it may still be on its way, and later it has to be looked for.
    pub fn defer_or_park(&self, reason: ParkReason) -> EventOutcome {
        if self.is_fresh() { EventOutcome::Deferred(reason) } else { EventOutcome::Parked(reason) }
    }

    /// What the event lacks is fetched from the provider, once.
    pub fn lacking(&self, reason: ParkReason) -> EarlyExit {
        let outcome =
            if self.looked_up { EventOutcome::Parked(reason) } else { EventOutcome::Lookup(reason) };
        EarlyExit::Known(outcome)
    }

    pub fn is_fresh(&self) -> bool {
        self.now.seconds_since(self.happened_at) < AWAITED_S
    }

    /// The account of a customer. Its link may come with an event that is a moment behind.
    pub async fn account_of(&self, customer: Option<&CustomerId>) -> Result<AccountId, EarlyExit> {
        let customer = customer.ok_or(ParkReason::AccountUnknown)?;
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
        Err(EarlyExit::Known(self.defer_or_park(ParkReason::AccountUnknown)))
    }

    /// The purchases in the payment with this id, or in the one of the invoice that represents it.
    pub async fn purchases(&self, id: &PaymentId) -> Result<Vec<Payment>, EarlyExit> {
        let (purchases, _) = self.tables.purchases_in(id).await?;
        if !purchases.is_empty() {
            return Ok(purchases);
        }
        let Some(invoice) = self.tables.linked_payment(id).await? else { return Ok(Vec::new()) };
        let (purchases, _) = self.tables.purchases_in(&invoice).await?;
        Ok(purchases)
    }

    /// Credits that come after their promise find their case open, which they settle (`S2-21`).
    pub async fn settle_late(
        &self,
        whose: (&AccountId, &PaymentId),
        charged_at: Timestamp,
    ) -> Result<(), EarlyExit> {
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
    pub async fn carry_out(
        &self,
        account: &AccountId,
        command: &Command,
        policy: Option<PolicyRef>,
        records: Vec<Record>,
    ) -> Result<EventOutcome, EarlyExit> {
        let order = Order {
            account,
            command,
            cause: self.cause(),
            actor: Actor::Provider(self.provider),
            policy,
            records,
        };
        match execute(self.tables, self.backoff, &order, self.now).await? {
            Answer::Written { .. } => Ok(EventOutcome::Applied),
            answer => Ok(unwritten(answer)),
        }
    }

    /// The id under which the event is recorded: Stripe's as it is, and Creem's behind its name. Two providers
    /// may give the same id to two events.
    fn recorded_event_id(&self) -> String {
        match self.provider {
            Provider::Stripe => self.event_id.to_owned(),
            Provider::Creem => format!("{}:{}", self.provider.as_str(), self.event_id),
        }
    }

    /// Carries out a grant of this event. `digest` of what the event grants is recorded with it: of two
    /// bodies under one id, the first counts and the second is a conflict (B2).
    pub async fn carry_out_grant(
        &self,
        account: &AccountId,
        command: &Command,
        policy: Option<PolicyRef>,
        (mut records, digest): (Vec<Record>, [u8; 32]),
    ) -> Result<(EventOutcome, GrantHead), EarlyExit> {
        records.push(Record::Event { id: self.recorded_event_id(), digest });
        let order = Order {
            account,
            command,
            cause: self.cause(),
            actor: Actor::Provider(self.provider),
            policy,
            records,
        };
        let head = self.tables.head(account).await?;
        if let Some(found) = &head
            && is_granted(command, found.after())
        {
            let outcome = self.repeated(command, found.after(), digest).await?;
            return Ok((outcome, GrantHead::Before(head.map(Box::new))));
        }
        match execute_on(self.tables, self.backoff, &order, head.clone(), self.now).await? {
            Answer::Written { entry, .. } => Ok((EventOutcome::Applied, GrantHead::Written(entry))),
            answer => {
                let before = GrantHead::Before(head.map(Box::new));
                let outcome = unwritten(answer);
                if outcome == EventOutcome::Repeated
                    // Another body may have been faster since the account was read.
                    && let Some(newest) = self.tables.head(account).await?
                {
                    return Ok((self.repeated(command, newest.after(), digest).await?, before));
                }
                Ok((outcome, before))
            }
        }
    }

    /// A grant whose payments `account` may have: a conflict where an event of this id granted other words on
    /// price and money.
    async fn repeated(
        &self,
        command: &Command,
        account: &Account,
        digest: [u8; 32],
    ) -> Result<EventOutcome, EarlyExit> {
        if says_otherwise(command, account) && self.is_recorded_otherwise(digest).await? {
            return Ok(EventOutcome::Parked(ParkReason::EventConflict));
        }
        Ok(EventOutcome::Repeated)
    }

    /// Whether an event of this id has granted something else. Other events may name the same payment in
    /// other words.
    async fn is_recorded_otherwise(&self, digest: [u8; 32]) -> Result<bool, EarlyExit> {
        let recorded = self.tables.event_digest(&self.recorded_event_id()).await?;
        Ok(recorded.is_some_and(|recorded| recorded != digest))
    }

    /// The event as the cause of an entry.
    pub fn cause(&self) -> Cause {
        Cause::ProviderEvent(self.provider, self.event_id.to_owned())
    }
}

/// Whether the account has a lot of each payment that `command` grants the credits of.
fn is_granted(command: &Command, account: &Account) -> bool {
    let Command::GrantAll(grants) = command else { return false };
    let has = |payment: &PaymentId| account.lots.iter().any(|lot| lot.payment.as_ref() == Some(payment));
    !grants.is_empty() && grants.iter().all(|grant| has(&grant.payment.id))
}

/// Whether a lot of `account` came by other words on price and money than `command` repeats. Lots without a
/// fingerprint say nothing.
fn says_otherwise(command: &Command, account: &Account) -> bool {
    let Command::GrantAll(grants) = command else { return false };
    grants.iter().any(|grant| {
        let mut known = account.lots_of(&grant.payment.id).filter_map(|lot| lot.fingerprint);
        known.next().is_some_and(|known| grant.fingerprint.is_some_and(|said| said != known))
    })
}

/// The outcome of an event that led to no entry.
fn unwritten(answer: Answer) -> EventOutcome {
    match answer {
        // Nothing is left of a lot that is not in the account any more.
        Answer::Written { .. }
        | Answer::Unchanged(_)
        | Answer::Placed(_)
        | Answer::Refused(Rejection::NoSuchLot) => EventOutcome::Repeated,
        Answer::Exists(record) => match *record {
            Record::Customer(..) => EventOutcome::Parked(ParkReason::AccountMismatch),
            // Another change took it in this moment: the next attempt reads that.
            Record::WholeDifferenceOnce(..) => EventOutcome::Deferred(ParkReason::PaymentUnknown),
            Record::Event { .. } => EventOutcome::Parked(ParkReason::EventConflict),
            Record::NewPayment(_)
            | Record::Invoice(..)
            | Record::Division(_)
            | Record::CompensatedOnce(_)
            | Record::AdjustedOnce(_)
            | Record::ImportedOnce { .. }
            | Record::GivenBackOnce(_)
            | Record::ChargedLateOnce(_) => EventOutcome::Repeated,
        },
        Answer::Refused(Rejection::TooManyLots) => EventOutcome::Parked(ParkReason::TooManyLots),
        Answer::Refused(_) => EventOutcome::Parked(ParkReason::OutOfRange),
    }
}
