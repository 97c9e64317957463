//! What the server and the handle of a Runtime API share.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use super::cost::Cost;

/// What a function answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The body of `/response`.
    Response(Bytes),
    /// The body of `/error`.
    Error(Bytes),
}

/// An answer and how long it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// What the function answered.
    pub outcome: Outcome,
    /// From the event's hand-over to the answer.
    pub wall: Duration,
}

/// One call of `/next` by a process that was spawned here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    /// The process.
    pub pid: u32,
    /// From its start to this call.
    pub age: Duration,
    /// What it has cost until this call.
    pub cost: Cost,
}

pub(super) struct Event {
    pub(super) request_id: String,
    pub(super) body: Bytes,
    pub(super) timeout: Duration,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// An event that was handed out.
pub(super) struct Taken {
    pub(super) at: Instant,
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) count: u64,
    pub(super) queue: VecDeque<Event>,
    pub(super) taken: BTreeMap<String, Taken>,
    pub(super) init_errors: Vec<Bytes>,
    /// The process whose cost is recorded, and when it started.
    pub(super) process: Option<(u32, Instant)>,
}

pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    /// Wakes a call of `/next`.
    pub(super) pushed: Notify,
    pub(super) idles: watch::Sender<Vec<Idle>>,
}

impl Shared {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock must not hide its message behind a second panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
