//! The ring of recently settled generations: how a repeated message is known without another read.
//!
//! A generation is remembered by a mark, the first 63 bits of its id's SHA-256, so that the ring takes 64
//! bytes of an entry. Two generations of one account that share a mark are told apart wherever it matters:
//!
//! - An open hold is found by its id before the ring is asked, so it is settled as it should be.
//! - A hold that is asked for under a mark of the ring is confirmed by the journal, which knows ids: the
//!   stored answer is given for the same id alone. A new generation with the mark of another is refused as a
//!   conflict, and so never charged twice; the service asks under another id.
//! - A message about a generation that is not open, under the mark of one that ended alike, counts as its
//!   repeat. That is what a lost message is: the hold was or will be released at its deadline.
//!
//! With eight marks of 63 bits one new generation in 10^18 meets one of them.

use sha2::{Digest, Sha256};

use crate::{GenerationId, Settled};

/// Settled generations that are remembered: SQS delivers most repeats within seconds of the first.
pub const RECENT_MAX: usize = 8;

/// A generation whose hold ended a short while ago: its mark, and how the hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// The mark in the upper 63 bits; the lowest bit is set where the hold was captured.
    bits: u64,
}

impl Recent {
    /// Remembers `generation`.
    pub fn new(generation: &GenerationId, settled: Settled) -> Self {
        let captured = match settled {
            Settled::Captured => CAPTURED,
            Settled::Released => 0,
        };
        Self { bits: mark(generation) | captured }
    }

    /// Whether it may be `generation`.
    pub fn is_of(self, generation: &GenerationId) -> bool {
        self.bits & !CAPTURED == mark(generation)
    }

    /// How its hold ended.
    pub fn settled(self) -> Settled {
        if self.bits & CAPTURED == CAPTURED { Settled::Captured } else { Settled::Released }
    }

    /// As stored.
    pub(crate) fn bytes(self) -> [u8; 8] {
        self.bits.to_be_bytes()
    }

    /// As read.
    pub(crate) fn read(bytes: [u8; 8]) -> Self {
        Self { bits: u64::from_be_bytes(bytes) }
    }
}

const CAPTURED: u64 = 1;

/// The mark of a generation: the same in every version, because it is stored.
pub fn mark(generation: &GenerationId) -> u64 {
    let digest: [u8; 32] = Sha256::digest(generation.as_str().as_bytes()).into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first) & !CAPTURED)
}

/// Keeps the newest [`RECENT_MAX`].
pub(crate) fn forget(ring: &mut Vec<Recent>) {
    let excess = ring.len().saturating_sub(RECENT_MAX);
    ring.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_knows_its_generation_and_how_it_ended() {
        let [one, other] = ["g1", "g2"].map(|id| GenerationId::new(id).unwrap());
        for settled in [Settled::Captured, Settled::Released] {
            let recent = Recent::read(Recent::new(&one, settled).bytes());
            assert_eq!((recent.is_of(&one), recent.is_of(&other), recent.settled()), (true, false, settled));
        }
    }
}
