//! A Creem stand-in: in memory, on loopback, and as misbehaved as a test asks.
//!
//! Calls of the API come in over HTTP and are answered in Creem's shapes; commands come in over the control
//! API or as methods here; signed webhooks go out to the configured target. Nothing is kept beyond the
//! process.
//!
//! What Creem does not document is a setting, or a command says it: whether an event names its payment,
//! whether a refund is pending, whether a dispute is reported as a refund as well.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use testkit::creem::{BuyOnce, CreemStandIn};
//! use testkit::stand_in::Emission;
//!
//! let creem = CreemStandIn::start().await?;
//! let made = creem.buy_once(&BuyOnce::of("account-1", "prod_pack", 1000), &Emission::default())?;
//! assert_eq!(made.events.len(), 1);
//! # Ok(())
//! # }
//! ```

mod answer;
mod api;
mod command;
mod control;
mod delivery;
mod purchase;
mod record;
mod refund;
mod render;
mod server;
mod shared;
mod signature;
mod subscription;
#[cfg(test)]
mod tests;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

pub use answer::CreemOperation;
pub use command::{
    BuyOnce, CreemSettings, CreemTarget, EndDispute, MoveSubscription, MoveTo, NewDispute, OutsideRefund,
    RenewPlan, SettleCreemRefund, StartPlan,
};
pub use record::{CreemCall, CreemRefundRecord, CreemSale, Plan, Sold};
pub use signature::{creem_signature, standard_signature};

use crate::stand_in::{CommandError, Delivery, Emission, Event, Fault, PlannedFault, Release, StartError};
use shared::Shared;
use world::World;

/// The API key that an in-process stand-in takes.
pub const CREEM_API_KEY: &str = "creem_test_stand_in";

/// How a stand-in starts.
pub struct CreemStandInConfig {
    /// Port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// The key that callers of the API must bring.
    pub api_key: String,
    /// What holds until a command changes it.
    pub settings: CreemSettings,
    /// Where webhooks go; without one, events are kept until one is set.
    pub target: Option<CreemTarget>,
}

impl Default for CreemStandInConfig {
    fn default() -> Self {
        Self { port: 0, api_key: CREEM_API_KEY.to_owned(), settings: CreemSettings::default(), target: None }
    }
}

/// A running stand-in; dropping it stops it.
pub struct CreemStandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl CreemStandIn {
    /// Starts one on a free port, without a webhook target.
    pub async fn start() -> Result<Self, StartError> {
        Self::start_with(CreemStandInConfig::default()).await
    }

    /// Starts one as configured.
    pub async fn start_with(config: CreemStandInConfig) -> Result<Self, StartError> {
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
        let shared = Arc::new(Shared { api_key: config.api_key, world: Mutex::new(world), in_flight });
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
    pub fn set_target(&self, target: CreemTarget) -> Result<(), CommandError> {
        delivery::check_target(&target)?;
        self.shared.world().target = Some(target);
        Ok(())
    }

    /// Sets what holds for all commands that follow.
    pub fn set(&self, settings: CreemSettings) {
        self.shared.world().settings = settings;
    }

    /// Plans a fault for later calls of the API.
    pub fn plan(&self, operation: CreemOperation, times: usize, fault: Fault) {
        self.shared.world().faults.plan(PlannedFault { operation, times, fault });
    }

    /// A customer buys a product that is paid once: `checkout.completed`.
    pub fn buy_once(&self, order: &BuyOnce, emission: &Emission) -> Result<Sold, CommandError> {
        self.shared.world().buy_once(order, emission)
    }

    /// A customer subscribes: `checkout.completed`, `subscription.active` and `subscription.paid`; with a
    /// free trial `checkout.completed` and `subscription.trialing`.
    pub fn start_plan(&self, order: &StartPlan, emission: &Emission) -> Result<Sold, CommandError> {
        self.shared.world().start_plan(order, emission)
    }

    /// A further period is charged: `subscription.paid`.
    pub fn renew(&self, renewal: &RenewPlan, emission: &Emission) -> Result<Sold, CommandError> {
        self.shared.world().renew(renewal, emission)
    }

    /// Something happens to a subscription: the event of that name.
    pub fn move_subscription(
        &self,
        moved: &MoveSubscription,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        self.shared.world().move_subscription(moved, emission)
    }

    /// A refund that nobody asked us for, whole or in part: `refund.created`.
    pub fn outside_refund(&self, order: &OutsideRefund, emission: &Emission) -> Result<Sold, CommandError> {
        self.shared.world().outside_refund(order, emission)
    }

    /// A refund turns out one way or the other: no event, or `refund.created` again.
    pub fn settle_refund(
        &self,
        settle: &SettleCreemRefund,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        self.shared.world().settle_refund(settle, emission)
    }

    /// The cardholder's bank disputes a payment: `dispute.created`, after which the money is back in full.
    pub fn open_dispute(&self, order: &NewDispute, emission: &Emission) -> Result<Sold, CommandError> {
        self.shared.world().open_dispute(order, emission)
    }

    /// A dispute ends, silently.
    pub fn end_dispute(&self, end: &EndDispute) -> Result<(), CommandError> {
        self.shared.world().end_dispute(end)
    }

    /// Sends events that were held, or sends events again; returns their ids in the order of sending.
    pub fn release(&self, release: &Release) -> Result<Vec<String>, CommandError> {
        self.shared.world().release(release)
    }

    /// All transactions, by id.
    pub fn transactions(&self) -> Vec<CreemSale> {
        self.shared.world().sales.values().cloned().collect()
    }

    /// All refunds, oldest first.
    pub fn refunds(&self) -> Vec<CreemRefundRecord> {
        self.shared.world().refunds.clone()
    }

    /// All subscriptions, by id.
    pub fn subscriptions(&self) -> Vec<Plan> {
        self.shared.world().plans.values().cloned().collect()
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
    pub fn calls(&self) -> Vec<CreemCall> {
        self.shared.world().calls.clone()
    }

    /// Waits until every event that was sent is accepted or given up; false when `timeout` comes first.
    pub async fn delivered(&self, timeout: Duration) -> bool {
        let mut in_flight = self.shared.in_flight.subscribe();
        let idle = in_flight.wait_for(|count| *count == 0);
        matches!(tokio::time::timeout(timeout, idle).await, Ok(Ok(_)))
    }
}

impl Drop for CreemStandIn {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
