//! Waiting before another attempt: full jitter (a random wait up to an exponentially growing bound), so
//! that writers who collided once do not collide again in step.

use std::time::Duration;

/// First bound: about one conditional write's round trip, within which the winner has finished.
const BASE_MS: u64 = 20;
/// Largest bound: seven attempts wait 1.3 s in total at most, well within a call's own time.
const CAP_MS: u64 = 500;
/// With 50 writers on one account, one attempt in 10^6 loses seven times after full jitter; beyond that
/// the caller or the queue tries again.
const ATTEMPTS_MAX: u32 = 7;

/// How often to try again, and how long to wait before.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    base_ms: u64,
    cap_ms: u64,
    attempts_max: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base_ms: BASE_MS, cap_ms: CAP_MS, attempts_max: ATTEMPTS_MAX }
    }
}

impl Backoff {
    /// Waits of up to `base_ms` doubled with each attempt and never above `cap_ms`.
    pub fn new(base_ms: u64, cap_ms: u64, attempts_max: u32) -> Self {
        Self { base_ms, cap_ms, attempts_max }
    }

    /// Attempts in all, the first included.
    pub fn attempts_max(&self) -> u32 {
        self.attempts_max
    }

    /// Waits after the failed attempt number `attempt`, counted from 0.
    pub async fn pause(&self, attempt: u32) {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..=self.bound_ms(attempt)))).await;
    }

    fn bound_ms(&self, attempt: u32) -> u64 {
        let factor = 1_u64.checked_shl(attempt).unwrap_or(u64::MAX);
        self.base_ms.saturating_mul(factor).min(self.cap_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let bounds: Vec<u64> = [0, 1, 2, 4, 5, 63, 64, u32::MAX].map(|n| backoff.bound_ms(n)).into();
        assert_eq!(bounds, [20, 40, 80, 320, 500, 500, 500, 500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_stays_within_its_bound() {
        for attempt in 0..100 {
            let start = tokio::time::Instant::now();
            Backoff::default().pause(attempt).await;
            assert!(start.elapsed() <= Duration::from_millis(CAP_MS.saturating_add(1)), "{attempt}");
        }
    }
}
