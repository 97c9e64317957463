//! A Lambda Runtime API: hands events to a function's binary and takes what it answers.
//!
//! Events go in through [`RuntimeApi::push`], wait in a queue and are handed out one to each call of
//! `/next`; the answer comes out of the [`Invocation`]. The server runs on a thread of its own with
//! one connection handler, so that what is measured is the function. Each `/next` of a process that
//! [`RuntimeApi::spawn`] started is recorded with the CPU time and the memory used until then.
//!
//! Nothing is retried here: an event whose function was killed is not answered, and pushing it again
//! is the caller's part, as it is Lambda's.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//! use testkit::runtime_api::{FunctionCommand, RuntimeApi};
//!
//! let api = RuntimeApi::start()?;
//! let _function = api.spawn(&FunctionCommand::new("target/debug/credits"))?;
//! let reply = api.push("{}").reply(Duration::from_secs(5)).await?;
//! println!("{:?} after {:?}", reply.outcome, reply.wall);
//! # Ok(())
//! # }
//! ```

mod cost;
mod process;
mod server;
mod shared;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hyper::body::Bytes;
use tokio::sync::{Notify, oneshot, watch};

pub use cost::Cost;
pub use process::{Function, FunctionCommand};
pub use shared::{Idle, Outcome, Reply};

use shared::{Event, Shared};

/// How long a function has for an event unless the caller says otherwise: Lambda's own default is
/// 3 s, which a debug build on a busy machine may exceed.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);

/// Why an event has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoReply {
    /// None came in time.
    #[error("the function did not answer within {0:?}")]
    Timeout(Duration),
    /// The Runtime API was dropped.
    #[error("the Runtime API has stopped")]
    Stopped,
}

/// An event on its way.
#[derive(Debug)]
pub struct Invocation {
    request_id: String,
    reply: oneshot::Receiver<Reply>,
}

impl Invocation {
    /// The request id that the function sees.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Waits for the answer.
    pub async fn reply(self, timeout: Duration) -> Result<Reply, NoReply> {
        match tokio::time::timeout(timeout, self.reply).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(NoReply::Stopped),
            Err(_) => Err(NoReply::Timeout(timeout)),
        }
    }
}

/// A running Runtime API; dropping it stops it.
pub struct RuntimeApi {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RuntimeApi {
    /// Starts one on a free loopback port.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            pushed: Notify::new(),
            idles: watch::Sender::new(Vec::new()),
        });
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("runtime-api".to_owned())
            .spawn(move || runtime.block_on(server::run(served, listener, stopped)))?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens: the value of `AWS_LAMBDA_RUNTIME_API`.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Queues an event.
    pub fn push(&self, event: impl Into<Bytes>) -> Invocation {
        self.push_with_timeout(event, TIMEOUT_DEFAULT)
    }

    /// Queues an event whose deadline, as the function sees it, is `timeout` after the hand-over.
    pub fn push_with_timeout(&self, event: impl Into<Bytes>, timeout: Duration) -> Invocation {
        let (sender, reply) = oneshot::channel();
        let mut state = self.shared.state();
        state.count = state.count.saturating_add(1);
        let request_id = format!("00000000-0000-4000-8000-{:012}", state.count);
        let event = Event { request_id: request_id.clone(), body: event.into(), timeout, reply: sender };
        state.queue.push_back(event);
        drop(state);
        self.shared.pushed.notify_one();
        Invocation { request_id, reply }
    }

    /// Starts a function's binary against this API; its calls of `/next` are recorded from then on.
    pub fn spawn(&self, command: &FunctionCommand) -> io::Result<Function> {
        // Held until the process is known, so that its first `/next` finds it.
        let mut state = self.shared.state();
        let started = Instant::now();
        let function = command.start(self.address)?;
        state.process = Some((function.pid(), started));
        Ok(function)
    }

    /// All recorded calls of `/next`, oldest first.
    pub fn idles(&self) -> Vec<Idle> {
        self.shared.idles.borrow().clone()
    }

    /// Waits for the recorded call of `/next` with this number, counted from 0.
    pub async fn idle(&self, number: usize, timeout: Duration) -> Option<Idle> {
        let mut idles = self.shared.idles.subscribe();
        let reached = idles.wait_for(|idles| idles.len() > number);
        let idles = tokio::time::timeout(timeout, reached).await.ok()?.ok()?;
        idles.get(number).copied()
    }

    /// The bodies of `/init/error`, oldest first.
    pub fn init_errors(&self) -> Vec<Bytes> {
        self.shared.state().init_errors.clone()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the server has shown itself in the test by then.
            let _ = thread.join();
        }
    }
}
