//! How long a failed generation's credits took to come back, against the policy's promise (`S2-3`).
//!
//! The promise runs from the failure as the service reports it, or from the hold's deadline, whichever is
//! earlier. A reported instant before the hold or in the future is held to those bounds: it measures, and
//! decides nothing.

use lambda::metrics::Metrics;
use ledger::{Hold, SettlementOutcome, Timestamp};
use policy::{Document, ServiceLevelStart};

/// Measures one generation whose credits were given back at `now`, and counts a promise that was broken.
pub(crate) fn measure(
    metrics: &Metrics,
    (document, hold): (&'static Document, &Hold),
    reported_at: Timestamp,
    outcome: SettlementOutcome,
    now: Timestamp,
) {
    if !matches!(outcome, SettlementOutcome::Released | SettlementOutcome::GivenBack) {
        return;
    }
    let failed_at = reported_at.max(hold.held_at).min(hold.deadline).min(now);
    let took_ms = now.as_ms().saturating_sub(failed_at.as_ms());
    metrics.milliseconds("FailureToGiveBack", u64::try_from(took_ms).unwrap_or(0));
    for clock in
        document.service_levels.iter().filter(|clock| clock.starts == ServiceLevelStart::GenerationFailed)
    {
        let is_late = document.deadline(clock, failed_at.as_ms()).is_some_and(|due_ms| now.as_ms() > due_ms);
        if is_late {
            metrics.count_labelled("ClocksBreached", ("clock", &clock.id), 1);
            metrics.count("FirmClocksBreached", u64::from(clock.firm));
        }
    }
}
