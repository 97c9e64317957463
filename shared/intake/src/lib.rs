//! What a payment provider's event does to the ledger, whichever provider it is.
//!
//! A webhook reads its provider's events and hands over facts: what was paid and what it bought
//! ([`PaidPurchase`]), a refund ([`ReportedRefund`]), a dispute ([`DisputeSighting`]), a subscription. Each
//! is carried out once, in any order of the events and however often they come, and ends in an
//! [`EventOutcome`]. An event that cannot be applied yet is parked, and applied again when somebody asks
//! ([`ProviderEvents`], [`ParkedRequest`]).
//!
//! The provider is data here: it is recorded, and decides nothing.

mod context;
mod customer;
mod delivery;
mod direct;
mod dispute;
mod grants;
pub mod leads;
mod operator;
mod outcome;
mod parked_subject;
mod parking;
mod policy;
mod purchase;
mod refund;
mod replay;
mod subscription;
pub mod uncredited;
pub mod without_credits;

pub use context::{AWAITED_S, EarlyExit, EventContext, Failure, GrantHead, link_wait};
pub use customer::CustomerRequest;
pub use delivery::{Beside, ProviderEvents, UnreadDelivery, answer_of, apply_delivery};
pub use direct::{ParkedRequest, handle_parked};
pub use dispute::{DisputeSighting, apply_dispute};
pub use grants::{build_grants, write_grants};
pub use operator::{OperatorsText, is_dropped};
pub use outcome::{EventOutcome, Ignored, ParkReason, log_outcome, log_unreadable};
pub use parked_subject::ParkedPurchase;
pub use policy::{policy_at, reference_of};
pub use purchase::{FIRST_CHARGE, PaidPurchase, PurchaseCharge, RENEWAL, payment_names};
pub use refund::{ReportedRefund, adopt_refund, apply_refund, outside_terms_of, report_refunded_total};
pub use replay::{DROPPED_BEFORE, DirectAnswer};
pub use subscription::{plan_of, save_subscription};
pub use uncredited::WaitingPurchase;
