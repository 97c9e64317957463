//! A Stripe stand-in: in memory, on loopback, and as misbehaved as a test asks.
//!
//! Calls of the API come in over HTTP and are answered in Stripe's shapes; commands come in over the
//! control API or as methods here; signed webhooks go out to the configured target. Nothing is kept
//! beyond the process, and nothing bounds how much it remembers but the length of a test.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use testkit::stand_in::{BuyPack, Emission, StripeStandIn};
//!
//! let stripe = StripeStandIn::start().await?;
//! let pack = BuyPack::of("account-1", "price_pack", 1000);
//! let made = stripe.buy_pack(&pack, &Emission::default())?;
//! assert_eq!(made.events.len(), 1);
//! # Ok(())
//! # }
//! ```

mod answer;
mod api;
pub(crate) mod command;
mod control;
mod coupon;
mod delivery;
mod dispute;
mod divide;
pub(crate) mod fault;
mod idempotency;
mod plan;
mod purchase;
mod record;
mod refund;
mod render;
mod server;
mod shared;
mod signature;
#[cfg(test)]
mod tests;
mod unpaid;
pub(crate) mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use command::{
    BuyPack, Cancel, CloseDispute, DashboardRefund, Deliver, DisputeResult, DivideInvoice, Emission, End,
    EscalateDispute, NamedOrder, NewPrice, OpenDispute, Order, Owe, RefundMode, Release, Renew, Schedule,
    Settings, SettleRefund, SettledStatus, Shape, Subscribe, WebhookTarget,
};
pub use fault::{Fault, Operation, PlannedFault};
pub use purchase::Made;
pub use record::{Call, Delivery, Dispute, Event, Invoice, Line, OpenInvoice, Payment, Refund, Subscription};
pub use signature::signature_header;
pub use world::CommandError;

use shared::Shared;
use world::World;

/// The API key that an in-process stand-in takes.
pub const API_KEY: &str = "sk_test_stand_in";

/// How a stand-in starts.
pub struct StandInConfig {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The secret key that callers of the API must bring.
    pub api_key: String,
    /// What holds until a command changes it.
    pub settings: Settings,
    /// Where webhooks go; without one, events are kept until one is set.
    pub target: Option<WebhookTarget>,
}

impl Default for StandInConfig {
    fn default() -> Self {
        Self { port: 0, api_key: API_KEY.to_owned(), settings: Settings::default(), target: None }
    }
}

/// Why a stand-in did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port cannot be listened on.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port that was asked for.
        port: u16,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The webhook target or the API key is not usable.
    #[error(transparent)]
    Config(#[from] CommandError),
}

/// A running stand-in; dropping it stops it.
pub struct StripeStandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl StripeStandIn {
    /// Starts one on a free port, without a webhook target.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_with(StandInConfig::default()).await
    }

    /// Starts one as configured.
    pub async fn start_with(config: StandInConfig) -> Result<Self, StartError> {
        if let Some(target) = &config.target {
            delivery::check_target(target)?;
        }
        let port = config.port;
        let listen = |source| StartError::Listen { port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let (outbox, inbox) = mpsc::unbounded_channel();
        let in_flight = watch::Sender::new(0);
        let mut world = World::new(outbox, in_flight.clone(), config.settings);
        world.target = config.target;
        let shared = Arc::new(Shared {
            api_key: config.api_key,
            world: Mutex::new(world),
            in_flight,
            request_count: AtomicU64::new(1),
        });
        let tasks = [
            tokio::spawn(server::run(Arc::clone(&shared), listener)),
            tokio::spawn(delivery::run(Arc::clone(&shared), inbox)),
        ];
        Ok(Self { shared, address, tasks })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets where webhooks go.
    pub fn set_target(&self, target: WebhookTarget) -> Result<(), CommandError> {
        delivery::check_target(&target)?;
        self.shared.world().target = Some(target);
        Ok(())
    }

    /// Sets what holds for all commands that follow.
    pub fn set(&self, settings: Settings) {
        self.shared.world().settings = settings;
    }

    /// Plans a fault for later calls of the API.
    pub fn plan(&self, operation: Operation, times: usize, fault: Fault) {
        self.shared.world().faults.plan(PlannedFault { operation, times, fault });
    }

    /// Forgets all idempotency keys, as Stripe may after 24 hours; returns how many there were.
    pub fn prune_keys(&self) -> usize {
        self.shared.world().keys.prune()
    }

    /// A customer buys a credit pack: `checkout.session.completed`.
    pub fn buy_pack(&self, pack: &BuyPack, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().buy_pack(pack, emission)
    }

    /// Stripe sells a price from here on.
    pub fn sell(&self, price: &NewPrice) -> Result<Made, CommandError> {
        self.shared.world().sell(price, &Emission::default())
    }

    /// A customer subscribes: `checkout.session.completed`, `customer.subscription.created`, `invoice.paid`.
    pub fn subscribe(&self, order: &Subscribe, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().subscribe(order, emission)
    }

    /// A further period is charged, even after a cancellation: `invoice.paid`.
    pub fn renew(&self, renewal: &Renew, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().renew(renewal, emission)
    }

    /// A cancellation is confirmed: `customer.subscription.updated`, or `deleted` when it ends at once.
    pub fn cancel(&self, cancel: &Cancel, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().cancel(cancel, emission)
    }

    /// A subscription ends: `customer.subscription.deleted`.
    pub fn end(&self, end: &End, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().end(end, emission)
    }

    /// Several payments paid an invoice: `invoice_payment.paid` of each.
    pub fn divide_invoice(&self, order: &DivideInvoice, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().divide_invoice(order, emission)
    }

    /// A renewal is not paid: `customer.subscription.updated` with an open invoice.
    pub fn owe(&self, owe: &Owe, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().owe(owe, emission)
    }

    /// A schedule takes a subscription over: `customer.subscription.updated`.
    pub fn schedule(&self, order: &Schedule, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().schedule(order, emission)
    }

    /// All invoices that were not paid, by id.
    pub fn open_invoices(&self) -> Vec<OpenInvoice> {
        self.shared.world().open_invoices.values().cloned().collect()
    }

    /// A refund turns out one way or the other: `refund.updated` or `refund.failed`.
    pub fn settle_refund(&self, settle: &SettleRefund, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().settle_refund(settle, emission)
    }

    /// A refund without a request of ours: `refund.created`.
    pub fn dashboard_refund(
        &self,
        order: &DashboardRefund,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        self.shared.world().dashboard_refund(order, emission)
    }

    /// The cardholder's bank disputes a payment: `charge.dispute.created` and, where it takes the money,
    /// `funds_withdrawn`.
    pub fn open_dispute(&self, order: &OpenDispute, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().open_dispute(order, emission)
    }

    /// An inquiry becomes a dispute: `charge.dispute.updated` and `funds_withdrawn`.
    pub fn escalate_dispute(
        &self,
        escalated: &EscalateDispute,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        self.shared.world().escalate_dispute(escalated, emission)
    }

    /// A dispute ends: `charge.dispute.closed` and, where money comes back, `funds_reinstated`.
    pub fn close_dispute(&self, close: &CloseDispute, emission: &Emission) -> Result<Made, CommandError> {
        self.shared.world().close_dispute(close, emission)
    }

    /// All disputes, oldest first.
    pub fn disputes(&self) -> Vec<Dispute> {
        self.shared.world().disputes.values().cloned().collect()
    }

    /// Sends events that were held, or sends events again; returns their ids in the order of sending.
    pub fn release(&self, release: &Release) -> Result<Vec<String>, CommandError> {
        self.shared.world().release(release)
    }

    /// All refunds, oldest first.
    pub fn refunds(&self) -> Vec<Refund> {
        self.shared.world().refunds.clone()
    }

    /// What the API lists at `path`, in place of what follows from the commands.
    pub fn list(&self, path: &str, objects: Vec<serde_json::Value>) {
        self.shared.world().lists.insert(path.to_owned(), objects);
    }

    /// All subscriptions, by id.
    pub fn subscriptions(&self) -> Vec<Subscription> {
        self.shared.world().subscriptions.values().cloned().collect()
    }

    /// All payments, oldest first.
    pub fn payments(&self) -> Vec<Payment> {
        self.shared.world().payments.values().cloned().collect()
    }

    /// All events, oldest first.
    pub fn events(&self) -> Vec<Event> {
        self.shared.world().events.clone()
    }

    /// Every attempt to deliver an event so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.world().deliveries.clone()
    }

    /// Every authenticated call of the API so far.
    pub fn calls(&self) -> Vec<Call> {
        self.shared.world().calls.clone()
    }

    /// Waits until every event that was sent is accepted or given up; false when `timeout` comes first.
    pub async fn delivered(&self, timeout: Duration) -> bool {
        let mut in_flight = self.shared.in_flight.subscribe();
        let idle = in_flight.wait_for(|count| *count == 0);
        matches!(tokio::time::timeout(timeout, idle).await, Ok(Ok(_)))
    }
}

impl Drop for StripeStandIn {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
