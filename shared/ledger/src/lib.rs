//! The credit ledger: accounts, lots, holds and the journal of entries.
//!
//! A command and the newest entry of an account go into [`decide()`], a plan or a typed refusal comes
//! out; [`execute()`] commits the plan through the [`LedgerStore`] port and decides again when another
//! writer was first. Nothing in this crate reads a clock, the environment or the network.

mod account;
mod account_grants;
mod adjust;
mod adjustment_kind;
mod apply;
mod change;
mod codec;
mod command;
#[cfg(feature = "contract")]
pub mod contract;
mod decide;
mod dispute;
mod draft;
mod entry;
mod execute;
mod grant;
mod hold;
mod import;
mod invariants;
mod leftover;
mod lot_dispute;
mod lot_id;
mod monthly;
mod monthly_grants;
mod payment;
mod plan_change;
mod planner;
mod recent;
mod records;
mod refund;
mod returns;
mod settle;
mod store;
mod subscription;

pub use account::{
    Account, Balance, CLOSED_LOT_KEPT_S, EMPTY_LOT_KEPT_S, ENDED_MAX, Ended, HOLDS_MAX, Hold, LOTS_MAX, Lot,
    LotCredits, LotKind, PAID_LOTS_MAX, Period, shard_of,
};
pub use account_grants::PaymentUse;
pub use adjustment_kind::{AdjustmentKind, GrantPurpose};
pub use apply::ApplyError;
pub use change::{Book, Change, Posting, ReleaseReason};
pub use codec::{CodecError, SCHEMA};
pub use command::{
    ChangeReturn, Command, Compensation, DisputeEffect, DisputeReport, Ending, Grant, Import, PlaceHold,
    PutBack, Rejection, Settlement, SettlementOutcome, TakeBack, TakeReturn, Takes,
};
pub use decide::decide;
pub use draft::{Actor, Cause, Draft, Hash, PolicyRef};
pub use entry::Entry;
pub use execute::{Answer, ExecuteError, Order, Prepared, execute, execute_on, find_hold, prepare};
pub use invariants::{Breach, check_journal};
pub use lot_dispute::{DISPUTES_MAX, DisputeState, LotDispute};
pub use lot_id::LotId;
pub use monthly_grants::{FurtherGrants, MonthlyGrants, PastUse};
pub use payment::{
    DOWNLOADS_MAX, Dispute, Division, PURCHASES_MAX, Payment, PaymentKind, Record, refund_shares, shares,
};
pub use plan_change::{ChangeTiming, PlanAhead, PlanChange, PlanOrder, UnreportedPlanChange};
pub use planner::{CommandOutcome, MARK_MARGIN_S, Plan};
pub use primitives::{
    AccountId, AdjustmentId, AmountError, BillingPeriod, Buyer, CountryCode, CountryError, Credits, Currency,
    CustomerId, DisputeId, FraudWarningId, GenerationId, IdError, ImportId, InvoiceId, Money, NoteId,
    OutageName, Pause, PaymentId, PaymentName, PriceId, ProductId, Provider, Quantity, RefundId,
    RefundRequestId, ScheduleId, ServiceId, Subscriber, SubscriptionId, TimeError, Timestamp,
};
pub use recent::{RECENT_MAX, Recent, Settled, mark};
pub use records::{
    ACCOUNT_RECORDS_MAX, Abuse, AccountRecords, Finding, OUTAGES_MAX, Outage, Purchase, Refunded, Witness,
};
pub use settle::{GenerationHistory, LastGeneration, PastHold};
pub use store::{
    CancellationStore, Commit, CommitOutcome, CustomerStore, DUE_SHARDS, DownloadStore, DueStore,
    FindingStore, LedgerStore, Marker, OutageStore, PaymentNameStore, PaymentStore, PlanChangeStore,
    PurchaseStore, SubscriberStore, SubscriptionStore,
};
pub use subscription::{
    Channel, Confirmation, REPORT_WITHIN_S, Subscription, SubscriptionReport, UnreportedCancellation,
};
