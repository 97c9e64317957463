//! The pause between attempts.

/// Waits a little between attempts; the implementation knows the clock and the dice.
pub trait Pause: Sync {
    /// Attempts in all, the first included.
    fn attempts_max(&self) -> u32;

    /// Waits after the failed attempt number `attempt`, counted from 0.
    fn pause(&self, attempt: u32) -> impl Future<Output = ()> + Send;
}
