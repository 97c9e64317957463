//! The published form of a request's clocks.

use refunds::{Clock, ClockState, RefundRequest};
use serde::Serialize;

/// One promise of the policy to the customer.
#[derive(Serialize)]
pub(crate) struct ClockAnswer<'request> {
    id: &'request str,
    clause: Option<&'request str>,
    firm: bool,
    state: &'static str,
    started_at: String,
    /// None while it stands still: the deadline moves by the time that passes.
    due_at: Option<String>,
    ended_at: Option<String>,
}

/// Every clock, in the order of the document.
pub(crate) fn clocks(request: &RefundRequest) -> Vec<ClockAnswer<'_>> {
    request.clocks().iter().map(clock).collect()
}

fn clock(clock: &Clock) -> ClockAnswer<'_> {
    let state = clock.noted();
    ClockAnswer {
        id: &clock.id,
        clause: clock.clause.as_deref(),
        firm: clock.firm,
        state: state.as_str(),
        started_at: clock.started_at.to_string(),
        due_at: (state != ClockState::Paused).then(|| clock.due_at.to_string()),
        ended_at: clock.ended_at.map(|ended_at| ended_at.to_string()),
    }
}
