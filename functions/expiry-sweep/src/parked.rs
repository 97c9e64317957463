//! How long the oldest parked event has been waiting that has money behind it which nobody has answered: its
//! customer or its payment is not known, so that no case can say so. An alarm is the clock.

use crate::context::{ParkedMoney, Run};
use crate::status::Status;

/// Reports the age. A failure counts as one of the run's.
pub(crate) async fn report_age<S: ParkedMoney>(store: &S, run: &Run<'_>) -> Status {
    // By the wall clock: people are not later than they are.
    let now = run.wall;
    match store.oldest_parked_money(now).await {
        Ok(since) => {
            let age_ms = since.map_or(0, |since| now.as_ms().saturating_sub(since.as_ms()));
            run.invocation
                .metrics()
                .milliseconds("ParkedMoneyAge", u64::try_from(age_ms).unwrap_or_default());
            Status::default()
        }
        Err(error) => {
            let error: &dyn std::error::Error = &error;
            tracing::error!(outcome = "failed", error, "parked money is not looked at");
            Status { failed: 1, ..Status::default() }
        }
    }
}
