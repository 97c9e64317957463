//! What the parts of a running stand-in share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::world::World;

pub(super) struct Shared {
    pub(super) api_key: String,
    pub(super) world: Mutex<World>,
    pub(super) in_flight: watch::Sender<usize>,
}

impl Shared {
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A test that panicked while it held the lock must not hide its message behind a second panic.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One event was accepted or given up.
    pub(super) fn settled(&self) {
        self.in_flight.send_modify(|count| *count = count.saturating_sub(1));
    }
}
