//! Refund requests and payouts: the life of a request from its submission to the money's arrival.
//!
//! A request is moved by pure functions along the edges of [`State::next`]; [`RequestStore`] writes it
//! together with the ledger's entry and the payment's sum, all or nothing. Nothing here reads a clock,
//! calls Stripe or knows a table.

mod action;
mod approve;
mod capabilities;
mod carry_out;
mod case;
mod claim;
mod clock;
mod discount;
mod granted;
mod ground;
mod hold_back;
mod internal_note;
mod landed;
mod lead;
mod occasion;
mod offer;
mod payout;
mod policy_ref;
mod progress;
mod queue;
mod queue_summary;
mod quote;
mod report;
mod request;
mod review;
mod save;
mod state;
mod store;
mod take_back;
mod total;
pub use action::{ANSWERS_MAX, ActError, Action, ActionKind, ActionSource, REOPENINGS_MAX};
pub use approve::{ApprovalContext, ApprovalOutcome, approve};
pub use capabilities::ProviderCapabilities;
pub use carry_out::carry_out;
pub use case::{Case, NOTE_BYTES_MAX, NOTE_CHARACTERS_MAX, fingerprint, fingerprint_bytes, request_id};
pub use claim::{CLAIM_S, Claim, ClaimError};
pub use clock::{BY_HAND_CLOCK, Clock, ClockState, EVIDENCE_CLOCK, Mark};
pub use discount::RenewalDiscount;
pub use granted::{Count, CountedBy, Counting, Granted};
pub use ground::{Ground, OutsidePolicy};
pub use hold_back::{HoldBackOutcome, hold_back};
pub use internal_note::{
    INTERNAL_NOTE_CHARACTERS_MAX, INTERNAL_NOTES_MAX, InternalNote, NoteOutcome, NoteStore, add_note,
};
pub use landed::settle_landed;
pub use lead::{Charge, Lead, LeadStore, LeadSubject, Pack, Reported, UncreditedPurchase, credit_promise};
pub use occasion::Occasion;
pub use offer::{Made, Offer, OfferOutcome, OfferState};
pub(crate) use payout::PartsSum;
pub use payout::{
    FUNDS_WAIT_S, Payout, PayoutIntent, PayoutPart, PlanEnd, PlanEnded, RefundSighting, RefundStatus,
    SightingOutcome,
};
pub use policy_ref::policy_ref;
pub use progress::{Approvals, Clocks, Fulfilment, Progress, Step, Timeline};
pub use queue::{Priority, Urgent, Waiting};
pub use queue_summary::QueueSummary;
pub use quote::{
    Arrival, ChosenTerms, GrantsForgone, LotKept, LotRevoked, Pays, Quote, QuoteInputs, arrival,
    credits_of_part,
};
pub use report::{ReportOutcome, decline, report, undo};
pub use request::RefundRequest;
pub use review::{Approval, FirstApproval, REVIEWS_MAX, Review, ReviewError, ReviewOutcome, ReviewVerdict};
pub use save::{LedgerHead, RefundStore};
pub use state::{EdgeError, State};
pub use store::{
    CaseStore, CountStore, Due, DueRequestStore, DueThing, FILED_A_DAY_MAX, Holder, ListedBefore, QueueStore,
    RefundedSum, RequestStore, Save, SaveOutcome,
};
pub use take_back::{TakeBackOutcome, put_back, take_back, to_take_back};
pub use total::{OutsideRefundTotal, TotalOutcome, TotalSighting, settle_total};
