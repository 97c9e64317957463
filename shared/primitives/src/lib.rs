//! The values that every other crate is written in: ids, instants, money and countries, each checked where it
//! is made, and the pause between attempts. Nothing here reads a clock, the environment or the network.

mod buyer;
mod id;
mod money;
mod pause;
mod period;
mod provider;
mod quantity;
mod time;

pub use buyer::{Buyer, CountryCode, CountryError, Subscriber};
pub use id::{
    AccountId, AdjustmentId, CustomerId, DisputeId, FraudWarningId, GenerationId, IdError, ImportId,
    InvoiceId, NoteId, OutageName, PaymentId, PaymentName, PriceId, ProductId, RefundId, RefundRequestId,
    ScheduleId, ServiceId, SubscriptionId, check_id,
};
pub use money::{AmountError, Credits, Currency, Money};
pub use pause::Pause;
pub use period::BillingPeriod;
pub use provider::Provider;
pub use quantity::Quantity;
pub use time::{TimeError, Timestamp};
