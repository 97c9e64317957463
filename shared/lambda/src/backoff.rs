//! Waiting before another attempt: full jitter (a random wait up to an exponentially growing bound), so
//! that writers who collided once do not collide again in step.

use std::time::Duration;

/// First bound: about one conditional write's round trip, within which the winner has finished.
const BASE_MS: u64 = 20;
/// Largest bound: all waits together stay below 8.2 s, within the shortest function timeout (10 s).
const CAP_MS: u64 = 500;
/// Sixty writers at once on one account all get through, also where a round trip takes 40 ms (the test
/// below); a hundred, the bound of an account's open holds, do at DynamoDB's usual 8 ms. A writer that does not
/// is asked to try again.
const ATTEMPTS_MAX: u32 = 20;

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

impl primitives::Pause for Backoff {
    fn attempts_max(&self) -> u32 {
        self.attempts_max
    }

    async fn pause(&self, attempt: u32) {
        Self::pause(self, attempt).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ops::RangeInclusive;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let bounds: Vec<u64> = [0, 1, 2, 4, 5, 63, 64, u32::MAX].map(|n| backoff.bound_ms(n)).into();
        assert_eq!(bounds, [20, 40, 80, 320, 500, 500, 500, 500]);
    }

    /// Reads a version, writes it if nobody else has, and tries again after a pause, as a commit does.
    async fn write(version: &Cell<u32>, backoff: Backoff, trip_ms: RangeInclusive<u64>) -> bool {
        for attempt in 0..backoff.attempts_max() {
            let read = version.get();
            tokio::time::sleep(Duration::from_millis(fastrand::u64(trip_ms.clone()))).await;
            if version.get() == read {
                version.set(read.saturating_add(1));
                return true;
            }
            backoff.pause(attempt).await;
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn f8_sixty_writers_at_once_all_get_through() {
        // DynamoDB as it usually is, and on a machine that is short of time.
        for (trip_ms, seed) in (0..20).flat_map(|seed| [(5..=11, seed), (15..=40, seed)]) {
            fastrand::seed(seed);
            let version = Rc::new(Cell::new(0));
            let local = tokio::task::LocalSet::new();
            let writers: Vec<_> = (0..60)
                .map(|_| {
                    let (version, trip_ms) = (Rc::clone(&version), trip_ms.clone());
                    local.spawn_local(async move { write(&version, Backoff::default(), trip_ms).await })
                })
                .collect();
            local.await;
            for writer in writers {
                assert!(writer.await.unwrap(), "seed {seed}, {trip_ms:?} ms");
            }
            assert_eq!(version.get(), 60, "seed {seed}, {trip_ms:?} ms");
        }
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
