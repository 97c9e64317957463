//! Stores that do not answer: messages stay, and a repetition goes on where the first try ended.

use std::sync::atomic::{AtomicBool, Ordering};

use ledger::{
    AccountId, Commit, CommitOutcome, DownloadStore, Entry, GenerationId, LedgerStore, PaymentId,
    RefundRequestId,
};
use ledger_dynamodb::{StoreError, Tables};
use refunds::{Lead, LeadStore};

use crate::queue::{Queue, completed, context, downloaded, failed, song};

/// Tables with one kind of call that fails once.
struct Flaky {
    tables: Tables,
    head: AtomicBool,
    commit: AtomicBool,
    committed: AtomicBool,
    note: AtomicBool,
    download: AtomicBool,
}

fn once(flag: &AtomicBool) -> Result<(), StoreError> {
    if flag.swap(false, Ordering::Relaxed) { Err(StoreError::Throttled) } else { Ok(()) }
}

impl LedgerStore for Flaky {
    type Error = StoreError;

    async fn head(&self, account: &AccountId) -> Result<Option<Entry>, StoreError> {
        once(&self.head)?;
        self.tables.head(account).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, StoreError> {
        once(&self.commit)?;
        let committed = self.tables.commit(commit).await;
        once(&self.committed)?;
        committed
    }

    async fn hold_entry(&self, account: &AccountId, id: &GenerationId) -> Result<Option<Entry>, StoreError> {
        self.tables.hold_entry(account, id).await
    }

    async fn entries_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        self.tables.entries_after(account, after, limit).await
    }

    async fn entries_before(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<Entry>, StoreError> {
        self.tables.entries_before(account, before, limit).await
    }
}

impl LeadStore for Flaky {
    async fn note(&self, lead: &Lead) -> Result<bool, StoreError> {
        once(&self.note)?;
        self.tables.note(lead).await
    }

    async fn lead(&self, id: &RefundRequestId) -> Result<Option<Lead>, StoreError> {
        self.tables.lead(id).await
    }

    async fn keep(&self, lead: &Lead) -> Result<(), StoreError> {
        self.tables.keep(lead).await
    }

    async fn forget(&self, id: &RefundRequestId) -> Result<(), StoreError> {
        self.tables.forget(id).await
    }
}

impl DownloadStore for Flaky {
    async fn note_download(&self, payment: &PaymentId, id: &GenerationId) -> Result<bool, StoreError> {
        once(&self.download)?;
        self.tables.note_download(payment, id).await
    }
}

/// A healthy queue with two holds, and one on the same tables whose store a test can make fail.
async fn flaky() -> (Queue<Tables>, Queue<Flaky>) {
    let healthy = Queue::start().await;
    healthy.hold("gen-1").await;
    healthy.hold("gen-2").await;
    let off = || AtomicBool::new(false);
    let tables = healthy.context.store.clone();
    let store = Flaky { tables, head: off(), commit: off(), committed: off(), note: off(), download: off() };
    let flaky = Queue { context: context(store, policy_documents::documents), meter: healthy.meter.clone() };
    (healthy, flaky)
}

#[tokio::test]
async fn f2_a_throttled_table_leaves_the_messages_in_the_queue() {
    let (healthy, flaky) = flaky().await;
    let messages = [failed("gen-1", "own_error"), completed("gen-2", &song())];
    for flag in [&flaky.context.store.head, &flaky.context.store.commit] {
        flag.store(true, Ordering::Relaxed);
        flaky.deliver(&messages).await.stayed(2, "store");
        assert_eq!(healthy.credits().await, (80, 20, 0));
    }
    flaky.deliver(&messages).await.all_done();
    assert_eq!(healthy.credits().await, (90, 0, 10));
}

#[tokio::test]
async fn a_download_that_could_not_be_counted_stays_beside_an_ending_that_is_done() {
    let (_, flaky) = flaky().await;
    flaky.context.store.download.store(true, Ordering::Relaxed);
    let reply = flaky.deliver(&[completed("gen-1", &song()), downloaded("gen-1")]).await;
    assert_eq!(reply.left, ["m1"]);
    flaky.deliver(&[downloaded("gen-1")]).await.ended("counted");
}

#[tokio::test]
async fn f4_a_write_whose_reply_was_lost_is_not_repeated() {
    let (healthy, flaky) = flaky().await;
    flaky.context.store.committed.store(true, Ordering::Relaxed);
    let message = [failed("gen-1", "own_error")];
    flaky.deliver(&message).await.stayed(1, "store");
    flaky.deliver(&message).await.ended("repeated");
    assert_eq!(healthy.credits().await, (90, 10, 0));
    assert_eq!(healthy.journal("acct-1").await.len(), 4);
}

#[tokio::test]
async fn a_lead_that_could_not_be_noted_is_noted_by_the_repetition() {
    let (healthy, flaky) = flaky().await;
    flaky.context.store.note.store(true, Ordering::Relaxed);
    let message = [failed("gen-1", "moderation_block")];
    flaky.deliver(&message).await.stayed(1, "lead");
    assert_eq!(healthy.credits().await, (80, 10, 10));
    assert!(healthy.leads().await.is_empty());
    flaky.deliver(&message).await.ended("in_review");
    assert_eq!(healthy.leads().await.len(), 1);
    assert_eq!(healthy.credits().await, (80, 10, 10));
}
