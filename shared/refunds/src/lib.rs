//! Refund requests and payouts: the life of a request from its submission to the money's arrival.
//!
//! A request is moved by pure functions along the edges of [`State::next`]; [`RequestStore`] writes it
//! together with the ledger's entry and the payment's sum, all or nothing. Nothing here reads a clock,
//! calls Stripe or knows a table.

mod clock;
mod pay;
mod payout;
mod queue;
mod request;
mod state;
mod store;
mod uncredited;

pub use clock::{Clock, ClockState, Mark};
pub use pay::{
    Approved, Grounds, Head, Reported, Stores, approve_credits, approve_money, decline, report, used_of,
};
pub use payout::{Payout, RefundSeen, RefundStatus, Seen};
pub use queue::{CLAIM_S, Claim, ClaimError, Priority, Urgent, Waiting};
pub use request::{
    Approval, Case, NOTE_CHARACTERS_MAX, Request, Review, ReviewError, Step, Verdict, fingerprint, request_id,
};
pub use state::{EdgeError, State};
pub use store::{Due, DueThing, RefundedSum, RequestStore, Save, Saved};
pub use uncredited::{Uncredited, UncreditedStore, credit_promise};
