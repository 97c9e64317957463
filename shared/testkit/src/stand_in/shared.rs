//! What the parts of a running stand-in share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header::HeaderValue;
use tokio::sync::watch;

use super::world::World;

/// What the server, the delivery task and the handle share.
pub(super) struct Shared {
    pub(super) api_key: String,
    pub(super) world: Mutex<World>,
    pub(super) in_flight: watch::Sender<usize>,
    pub(super) request_count: AtomicU64,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked while it held the lock must not hide its message behind a second panic.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn in_flight(&self) -> usize {
        *self.in_flight.borrow()
    }

    /// One event was accepted or given up.
    pub(super) fn settled(&self) {
        self.in_flight.send_modify(|count| *count = count.saturating_sub(1));
    }

    pub(super) fn request_id(&self) -> HeaderValue {
        let number = self.request_count.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("req_{number:08}")).expect("digits are a header value")
    }
}
