//! How generations ended, message by message: captures, releases, and leads to what a person decides; and
//! which results were downloaded.
//!
//! A batch's messages of one account come in, those that stay in the queue go out. The account is read
//! once; each generation's decision is the policy's on the hold as it is recorded; all decisions of one
//! service under one document become one entry. Nothing that happened before happens again: a message
//! may come any number of times, in any order, and at the same time as its repeat. A message in the name of
//! another service than the hold's changes nothing and goes to the dead letters, with an alarm.
//!
//! Amounts come from the hold and from nowhere else.

mod download;
mod ending_decision;
mod message;
mod retry_reason;
mod return_time;
mod senders;

use std::collections::BTreeMap;

use lambda::Invocation;
use lambda::sqs::{Item, QueueMessage};
use ledger::{
    AccountId, Actor, Answer, Cause, Command, DownloadStore, Entry, GenerationId, LastGeneration,
    LedgerStore, Order, PastHold, Pause, PolicyRef, ServiceId, Settlement, SettlementOutcome, Timestamp,
    execute, execute_on, find_hold,
};
use policy::{Document, Documents, LateSuccess};
use refunds::{Lead, LeadStore, LeadSubject};

pub use message::{BODY_BYTES_MAX, Message, MessageError, ReportedEnding, understand};
pub use senders::Senders;

use crate::ending_decision::EndingDecision;
use crate::retry_reason::RetryReason;

/// What the handler needs.
#[derive(Debug)]
pub struct Context<S, P> {
    /// The journals, and the leads to refund requests.
    pub store: S,
    /// The wait between two attempts on a busy account.
    pub pause: P,
    /// The policy documents, decoded when they are first asked for.
    pub documents: fn() -> &'static Documents,
}

/// The messages about one generation, with what is recorded of it and what is to be done.
struct Case<'b, 'a> {
    records: Vec<&'b QueueMessage<'a>>,
    past: PastHold,
    document: &'static Document,
    decision: EndingDecision,
    service: ServiceId,
    /// The earliest instant at which it ended, as its messages say.
    ended_at: Timestamp,
}

type StoreError<S> = <S as LedgerStore>::Error;

/// Handles a batch's messages of one account and returns those that stay in the queue.
pub async fn handle<'b, 'a, S, P>(
    context: &Context<S, P>,
    invocation: &Invocation,
    account: AccountId,
    items: Vec<Item<'b, 'a, Message>>,
) -> Vec<&'b QueueMessage<'a>>
where
    S: DownloadStore + LeadStore,
    P: Pause,
{
    lambda::log::account(&account);
    let mut desk = AccountBatch { context, invocation, account: &account, left: Vec::new() };
    let head = match context.store.head(&account).await {
        Ok(head) => head,
        Err(error) => {
            let records = items.iter().map(|item| item.record).collect();
            desk.leave(None, records, &RetryReason::Ledger(ledger::ExecuteError::Store(error)));
            return desk.left;
        }
    };
    let (items, forged): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.message.is_spoken_for);
    for item in forged {
        desk.leave(Some(&item.message.generation), vec![item.record], &RetryReason::Sender);
    }
    let (items, downloads): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| item.message.ending.is_some());
    for ((generation, service), items) in by_generation(downloads) {
        desk.download(head.as_ref(), &generation, &service, &items).await;
    }
    let mut orders: BTreeMap<(&str, &str, ServiceId), Vec<Case<'b, 'a>>> = BTreeMap::new();
    for ((generation, service), items) in by_generation(items) {
        let records = items.iter().map(|item| item.record).collect();
        match desk.case(head.as_ref(), &generation, service, items).await {
            Ok(case) if has_returned(&case) => desk.done(&case, "repeated"),
            Ok(case) => {
                let key = (case.document.id.as_str(), case.document.version.as_str(), case.service.clone());
                orders.entry(key).or_default().push(case);
            }
            Err(stay) => desk.leave(Some(&generation), records, &stay),
        }
    }
    let mut head = head;
    for ((document, version, service), cases) in orders {
        let policy = PolicyRef { document: document.to_owned(), version: version.to_owned() };
        desk.settle(head.take(), policy, service, cases).await;
    }
    desk.left
}

/// A generation, as a service names it.
type Named = (GenerationId, ServiceId);

/// The messages of each service about each generation, in the order in which these first appear.
fn by_generation<'b, 'a>(items: Vec<Item<'b, 'a, Message>>) -> Vec<(Named, Vec<Item<'b, 'a, Message>>)> {
    let mut groups: Vec<(Named, Vec<Item<'b, 'a, Message>>)> = Vec::new();
    for item in items {
        let named = (item.message.generation.clone(), item.message.service.clone());
        match groups.iter_mut().find(|(known, _)| *known == named) {
            Some((_, items)) => items.push(item),
            None => groups.push((named, vec![item])),
        }
    }
    groups
}

/// Whether a person would be asked about credits that are back already.
fn has_returned(case: &Case<'_, '_>) -> bool {
    matches!(case.decision, EndingDecision::Review { .. })
        && matches!(case.past.last, LastGeneration::Released | LastGeneration::Closed)
}

/// One account's part of a batch while it is worked on.
struct AccountBatch<'d, 'b, 'a, S, P> {
    context: &'d Context<S, P>,
    invocation: &'d Invocation,
    account: &'d AccountId,
    left: Vec<&'b QueueMessage<'a>>,
}

impl<'b, 'a, S, P> AccountBatch<'_, 'b, 'a, S, P>
where
    S: DownloadStore + LeadStore,
    P: Pause,
{
    /// What is recorded of a generation, and the policy's decision on its messages.
    async fn case(
        &self,
        head: Option<&Entry>,
        generation: &GenerationId,
        service: ServiceId,
        items: Vec<Item<'b, 'a, Message>>,
    ) -> Result<Case<'b, 'a>, RetryReason<StoreError<S>>> {
        let open = head.and_then(|entry| entry.after().hold(generation));
        let past = match open {
            Some(hold) => {
                Some(PastHold { hold: hold.clone(), last: LastGeneration::Held, last_at: hold.held_at })
            }
            None if head.is_none() => None,
            None => find_hold(&self.context.store, self.account, generation).await?.past,
        };
        let past = past.ok_or(RetryReason::UnknownGeneration)?;
        let hold = &past.hold;
        if hold.service != service {
            return Err(RetryReason::AnotherService);
        }
        let in_force = (self.context.documents)().in_force(hold.product.as_str(), hold.held_at.as_ms());
        let document = in_force.document().ok_or(RetryReason::NoDocument)?;
        let differing = items.iter().filter(|item| item.message.operation != hold.operation).count();
        if differing > 0 {
            let differing = u64::try_from(differing).unwrap_or(u64::MAX);
            self.invocation.metrics().count("OperationMismatches", differing);
        }
        let decisions = items.iter().filter_map(|item| {
            let reported = item.message.ending.as_ref()?;
            Some((EndingDecision::of(document, hold, reported), item))
        });
        // The first of those that are equally good.
        let best = decisions.reduce(|best, next| if next.0.favour() > best.0.favour() { next } else { best });
        let (decision, item) = best.ok_or(RetryReason::UnknownGeneration)?;
        let ended_at = items.iter().map(|item| item.message.occurred_at).min();
        let ended_at = ended_at.unwrap_or(item.message.occurred_at);
        let records = items.iter().map(|item| item.record).collect();
        Ok(Case { records, past, document, decision, service, ended_at })
    }

    /// Counts a generation with a downloaded result at the payments whose credits it was made on.
    async fn download(
        &mut self,
        head: Option<&Entry>,
        generation: &GenerationId,
        service: &ServiceId,
        items: &[Item<'b, 'a, Message>],
    ) {
        match download::note(&self.context.store, self.account, head, generation, service).await {
            Ok(outcome) => {
                for item in items {
                    let message_id = item.record.message_id();
                    tracing::info!(cause = generation.as_str(), message_id, outcome, "result downloaded");
                }
                self.invocation.metrics().count_labelled("DownloadsReported", ("outcome", outcome), 1);
            }
            Err(stay) => {
                let records = items.iter().map(|item| item.record).collect();
                self.leave(Some(generation), records, &stay);
            }
        }
    }

    /// Writes the entry of some cases, and notes those that a person decides.
    async fn settle(
        &mut self,
        head: Option<Entry>,
        policy: PolicyRef,
        service: ServiceId,
        cases: Vec<Case<'b, 'a>>,
    ) {
        let settlements = cases.iter().map(|case| Settlement {
            generation: case.past.hold.generation.clone(),
            ending: case.decision.ending(),
            grace_s: case.document.grace_s(),
            charges_late: case.document.late_success.then == LateSuccess::Charge,
        });
        let settlements = settlements.collect();
        let command = Command::Settle { by: Some(service.clone()), settlements };
        let order = Order {
            account: self.account,
            command: &command,
            cause: Cause::Generation,
            actor: Actor::Service(service.as_str().to_owned()),
            policy: Some(policy),
            records: Vec::new(),
        };
        let (store, pause, now) = (&self.context.store, &self.context.pause, self.invocation.now());
        let answer = match head {
            Some(head) => execute_on(store, pause, &order, Some(head), now).await,
            None => execute(store, pause, &order, now).await,
        };
        let outcomes = match answer {
            Ok(Answer::Written { outcomes, .. } | Answer::Unchanged(outcomes)) => outcomes,
            Ok(Answer::Placed(_) | Answer::Refused(_) | Answer::Exists(_)) => {
                return self.leave_all(cases, &RetryReason::Refused);
            }
            Err(error) => return self.leave_all(cases, &RetryReason::Ledger(error)),
        };
        let written_at = lambda::clock::now();
        for (case, outcome) in cases.into_iter().zip(outcomes) {
            match self.conclude(&case, outcome).await {
                Ok(name) => {
                    if !matches!(outcome, SettlementOutcome::Repeated) {
                        self.measure(&case, written_at);
                    }
                    let (metrics, grounds) = (self.invocation.metrics(), (case.document, &case.past.hold));
                    return_time::measure(metrics, grounds, case.ended_at, outcome, now);
                    self.done(&case, name);
                }
                Err(stay) => self.leave(Some(&case.past.hold.generation), case.records, &stay),
            }
        }
    }

    /// Notes a case that a person decides, whose request the sweep opens, and names the outcome.
    async fn conclude(
        &self,
        case: &Case<'b, 'a>,
        outcome: SettlementOutcome,
    ) -> Result<&'static str, RetryReason<StoreError<S>>> {
        let name = match outcome {
            SettlementOutcome::Unknown => return Err(RetryReason::UnknownGeneration),
            SettlementOutcome::AnotherService => return Err(RetryReason::AnotherService),
            SettlementOutcome::TooLate => return Err(RetryReason::TooLate),
            settled => settled.as_str(),
        };
        let EndingDecision::Review { kind, code } = &case.decision else { return Ok(name) };
        let generation = case.past.hold.generation.clone();
        let lead = Lead {
            account: self.account.clone(),
            subject: LeadSubject::Ending { generation, kind: *kind, code: code.clone() },
            since: self.invocation.now(),
            due_at: Some(self.invocation.now()),
        };
        let is_new = self.context.store.note(&lead).await.map_err(RetryReason::Lead)?;
        // An earlier delivery of the message noted it.
        Ok(if is_new { "in_review" } else { "repeated" })
    }

    /// How long the messages took from the queue to the written entry.
    fn measure(&self, case: &Case<'b, 'a>, written_at: ledger::Timestamp) {
        for sent_at_ms in case.records.iter().filter_map(|record| record.sent_at_ms()) {
            let milliseconds = written_at.as_ms().saturating_sub(sent_at_ms);
            self.invocation
                .metrics()
                .milliseconds("MessageToEntry", u64::try_from(milliseconds).unwrap_or(0));
        }
    }

    fn done(&self, case: &Case<'b, 'a>, outcome: &'static str) {
        let generation = case.past.hold.generation.as_str();
        for record in &case.records {
            let message_id = record.message_id();
            tracing::info!(cause = generation, message_id, outcome, "generation ended");
        }
        self.invocation.metrics().count_labelled("GenerationsEnded", ("outcome", outcome), 1);
    }

    fn leave(
        &mut self,
        generation: Option<&GenerationId>,
        records: Vec<&'b QueueMessage<'a>>,
        stay: &RetryReason<StoreError<S>>,
    ) {
        let (error, outcome): (&(dyn std::error::Error + 'static), _) = (stay, stay.reason());
        for record in &records {
            let (cause, receive_count) = (generation.map(GenerationId::as_str), record.receive_count());
            let message_id = record.message_id();
            tracing::warn!(cause, message_id, receive_count, outcome, error, "message stays in the queue");
        }
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        self.invocation.metrics().count_labelled("MessagesLeft", ("reason", outcome), count);
        if matches!(stay, RetryReason::Sender | RetryReason::AnotherService) {
            self.invocation.metrics().count("ServiceMismatches", count);
        }
        self.left.extend(records);
    }

    fn leave_all(&mut self, cases: Vec<Case<'b, 'a>>, stay: &RetryReason<StoreError<S>>) {
        for case in cases {
            self.leave(Some(&case.past.hold.generation), case.records, stay);
        }
    }
}
