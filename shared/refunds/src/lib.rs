//! Refund requests and payouts: the life of a request from its submission to the money's arrival.
//!
//! A request is moved by pure functions along the edges of [`State::next`]; [`RequestStore`] writes it
//! together with the ledger's entry and the payment's sum, all or nothing. Nothing here reads a clock,
//! calls Stripe or knows a table.

mod act;
mod carry_out;
mod clock;
mod discount;
mod granted;
mod ground;
mod hold_back;
mod landed;
mod lead;
mod offer;
mod pay;
mod payout;
mod plan;
mod policy_ref;
mod queue;
mod quote;
mod report;
mod request;
mod review;
mod state;
mod store;

pub use act::{ANSWERS_MAX, ActError, Action, ActionKind, ActionSource, REOPENINGS_MAX};
pub use carry_out::carry_out;
pub use clock::{Clock, ClockState, Mark};
pub use discount::RenewalDiscount;
pub use granted::{Count, CountedBy, Counting, Granted};
pub use ground::{Ground, OutsidePolicy};
pub use hold_back::{HoldBackOutcome, hold_back};
pub use landed::settle_landed;
pub use lead::{Charge, Lead, LeadStore, LeadSubject, Pack, UncreditedPurchase, credit_promise};
pub use offer::{Follows, Made, Offer, OfferState};
pub use pay::{ApprovalContext, ApprovalOutcome, Head, RefundStore, approve};
pub use payout::{FUNDS_WAIT_S, Payout, RefundSighting, RefundStatus, Seen};
pub use plan::{PlanEnd, PlanEnded};
pub use policy_ref::policy_ref;
pub use queue::{CLAIM_S, Claim, ClaimError, Priority, Urgent, Waiting};
pub use quote::{Arrival, Chosen, LotKept, LotRevoked, Pays, Quote, QuoteInputs, arrival};
pub use report::{ReportOutcome, decline, report, undo};
pub use request::{Case, NOTE_BYTES_MAX, NOTE_CHARACTERS_MAX, Request, Step, fingerprint, request_id};
pub use review::{Approval, FirstApproval, REVIEWS_MAX, Review, ReviewError, ReviewOutcome, Verdict};
pub use state::{EdgeError, State};
pub use store::{Due, DueThing, FILED_A_DAY_MAX, Holder, RefundedSum, RequestStore, Save, SaveOutcome};
