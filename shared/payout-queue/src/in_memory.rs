//! A queue of tests: it remembers what was announced, and refuses while a test says so.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use primitives::{AccountId, RefundRequestId, SubscriptionId};

use crate::PayoutQueue;

/// A queue in memory. Its clones are the same queue.
#[derive(Debug, Clone, Default)]
pub struct InMemoryPayoutQueue {
    announced: Arc<Mutex<Vec<String>>>,
    is_refusing: Arc<AtomicBool>,
}

#[derive(Debug, thiserror::Error)]
#[error("queue refuses")]
pub struct QueueRefuses;

impl InMemoryPayoutQueue {
    /// What was announced, oldest first: a request, or an account and a subscription with a space between;
    /// before those of a change of plan stands `change`.
    pub fn announced(&self) -> Vec<String> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, and forgets it.
    pub fn take_announced(&self) -> Vec<String> {
        std::mem::take(&mut *self.announced.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Refuses every announcement, or takes them again.
    pub fn refuse(&self, is_refusing: bool) {
        self.is_refusing.store(is_refusing, Ordering::Relaxed);
    }

    fn take(&self, announcement: String) -> Result<(), QueueRefuses> {
        if self.is_refusing.load(Ordering::Relaxed) {
            return Err(QueueRefuses);
        }
        self.announced.lock().unwrap_or_else(PoisonError::into_inner).push(announcement);
        Ok(())
    }
}

impl PayoutQueue for InMemoryPayoutQueue {
    type Error = QueueRefuses;

    async fn announce(&self, id: &RefundRequestId) -> Result<(), QueueRefuses> {
        self.take(id.as_str().to_owned())
    }

    async fn announce_cancellation(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<(), QueueRefuses> {
        self.take(format!("{account} {subscription}"))
    }

    async fn announce_plan_change(
        &self,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<(), QueueRefuses> {
        self.take(format!("change {account} {subscription}"))
    }
}
