//! Watches: objects of a provider's that are read again at a later time, because the event about them may
//! never come and the provider keeps no list of its events.
//!
//! A watch is in the due index, in a shard of its provider's own. It is written beside what is known of its
//! object and decides nothing: one that is too early costs a read, and one that is written anew begins anew.

use ledger::{PaymentId, Provider, SubscriptionId, Timestamp};

use crate::item::{Item, ONLY, key, number, read_instant, read_text, text};
use crate::scalar::id;
use crate::{StoreError, Tables};

/// How long the event about something that is expected is waited for before its object is read, in seconds: a
/// delivery has been repeated three times by then.
pub const EVENT_LAG_S: u64 = 3_600;
/// How the keys of watches begin.
const WATCH: &str = "WATCH#";
const SINCE: &str = "since";

/// What is read again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchSubject {
    /// A payment that is disputed, or whose refund is on its way.
    Payment(PaymentId),
    /// A subscription, once its period is over.
    Subscription(SubscriptionId),
    /// A parked event, by its id, for which the provider had no answer yet.
    ParkedEvent(String),
}

impl WatchSubject {
    /// Its kind, in keys, logs and answers.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Payment(_) => "payment",
            Self::Subscription(_) => "subscription",
            Self::ParkedEvent(_) => "parked_event",
        }
    }

    /// The provider's id of it.
    pub fn id(&self) -> &str {
        match self {
            Self::Payment(id) => id.as_str(),
            Self::Subscription(id) => id.as_str(),
            Self::ParkedEvent(id) => id,
        }
    }

    fn of(kind: &str, text: &str) -> Result<Self, StoreError> {
        Ok(match kind {
            "payment" => Self::Payment(id(text)?),
            "subscription" => Self::Subscription(id(text)?),
            "parked_event" => Self::ParkedEvent(text.to_owned()),
            _ => return Err(StoreError::Unreadable("pk")),
        })
    }
}

/// An object that is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    pub provider: Provider,
    pub subject: WatchSubject,
    /// Since when something has been expected of it: how long it has been looked at, and how often to look,
    /// follow from this.
    pub since: Timestamp,
    /// When it is read next.
    pub due_at: Timestamp,
}

impl Watch {
    /// Of something that is expected at `since`; its event is waited for first.
    pub fn expecting(
        provider: Provider,
        subject: WatchSubject,
        since: Timestamp,
    ) -> Result<Self, StoreError> {
        let due_at = since.plus_s(EVENT_LAG_S).map_err(|_| StoreError::Unreadable("instant"))?;
        Ok(Self { provider, subject, since, due_at })
    }
}

fn shard(provider: Provider) -> String {
    format!("watch-{}", provider.as_str())
}

fn item_key(provider: Provider, subject: &WatchSubject) -> Item {
    key(format!("{WATCH}{}#{}#{}", provider.as_str(), subject.kind(), subject.id()), ONLY)
}

pub(crate) fn item(watch: &Watch) -> Item {
    let mut item = item_key(watch.provider, &watch.subject);
    item.insert(SINCE.to_owned(), number(watch.since.as_ms()));
    item.insert("due_shard".to_owned(), text(shard(watch.provider)));
    item.insert("due_at".to_owned(), number(watch.due_at.as_ms()));
    item
}

pub(crate) fn read(item: &Item) -> Result<Watch, StoreError> {
    let unreadable = || StoreError::Unreadable("pk");
    let key = read_text(item, "pk")?.strip_prefix(WATCH).ok_or_else(unreadable)?;
    let (provider, subject) = key.split_once('#').ok_or_else(unreadable)?;
    let (kind, id) = subject.split_once('#').ok_or_else(unreadable)?;
    Ok(Watch {
        provider: Provider::parse(provider).ok_or_else(unreadable)?,
        subject: WatchSubject::of(kind, id)?,
        since: read_instant(item, SINCE)?,
        due_at: read_instant(item, "due_at")?,
    })
}

impl Tables {
    /// Watches an object; what was known of its watch is replaced.
    pub async fn watch(&self, watch: &Watch) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item(watch)));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// Up to `limit` watches of a provider's objects that are due at `now`, oldest first.
    pub async fn due_watches(
        &self,
        provider: Provider,
        now: Timestamp,
        limit: u16,
    ) -> Result<Vec<Watch>, StoreError> {
        let mut due = Vec::new();
        for listed in self.due_in(&self.requests, &shard(provider), now, limit).await? {
            // The index may lag behind: a watch that has been moved is read as it is.
            let stored = self.get(&self.requests, read_text(&listed, "pk")?.to_owned()).await?;
            let stored = stored.as_ref().map(read).transpose()?;
            due.extend(stored.filter(|watch| watch.due_at <= now));
        }
        Ok(due)
    }

    /// Has an object read next at `due_at`. A watch that was written anew meanwhile stays as it is.
    pub async fn move_watch(
        &self,
        seen: &Watch,
        since: Timestamp,
        due_at: Timestamp,
    ) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item(&Watch { since, due_at, ..seen.clone() })))
            .condition_expression("due_at = :seen")
            .expression_attribute_values(":seen", number(seen.due_at.as_ms()));
        self.write(|| put.clone().send()).await.map(drop)
    }

    /// Ends a watch, unless it was written anew meanwhile.
    pub async fn end_watch(&self, seen: &Watch) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.requests)
            .set_key(Some(item_key(seen.provider, &seen.subject)))
            .condition_expression("due_at = :seen")
            .expression_attribute_values(":seen", number(seen.due_at.as_ms()));
        self.write(|| delete.clone().send()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;
    use crate::in_process;

    fn watch(subject: WatchSubject, due: u64) -> Watch {
        Watch { provider: Provider::Creem, subject, since: at(0), due_at: at(due) }
    }

    fn payment(due: u64) -> Watch {
        watch(WatchSubject::Payment("tran_1".parse().unwrap()), due)
    }

    #[tokio::test]
    async fn watches_are_due_oldest_first_and_by_their_provider() {
        let (tables, _) = in_process::tables().await;
        let of_payment = payment(20);
        let of_subscription = watch(WatchSubject::Subscription("sub_1".parse().unwrap()), 10);
        let of_event = watch(WatchSubject::ParkedEvent("sha256-0#1".to_owned()), 30);
        let of_stripe = Watch { provider: Provider::Stripe, ..payment(5) };
        for watch in [&of_payment, &of_subscription, &of_event, &of_stripe] {
            tables.watch(watch).await.unwrap();
        }
        let due = async |now, limit| tables.due_watches(Provider::Creem, at(now), limit).await.unwrap();
        assert_eq!(due(9, 10).await, []);
        assert_eq!(due(30, 2).await, [of_subscription.clone(), of_payment.clone()]);
        assert_eq!(due(30, 10).await, [of_subscription, of_payment, of_event]);
    }

    #[tokio::test]
    async fn a_watch_that_was_written_anew_is_neither_moved_nor_ended() {
        let (tables, _) = in_process::tables().await;
        let due = async || tables.due_watches(Provider::Creem, at(1_000), 10).await.unwrap();
        let (first, second) = (payment(10), payment(20));
        tables.watch(&first).await.unwrap();
        tables.watch(&second).await.unwrap();
        tables.move_watch(&first, at(0), at(900)).await.unwrap();
        tables.end_watch(&first).await.unwrap();
        assert_eq!(due().await, std::slice::from_ref(&second));

        tables.move_watch(&second, at(15), at(40)).await.unwrap();
        let moved = Watch { since: at(15), ..payment(40) };
        assert_eq!(due().await, std::slice::from_ref(&moved));
        tables.end_watch(&moved).await.unwrap();
        assert_eq!(due().await, []);
        // One that has ended does not come back.
        tables.move_watch(&moved, at(15), at(50)).await.unwrap();
        assert_eq!(due().await, []);
    }
}
