//! The ring of recently settled generations: how a repeated message is known without another read.
//!
//! A generation is remembered by a mark, the first 47 bits of its id's SHA-256, and 16 of the SHA-256 of the
//! service that placed its hold, so that the ring takes 64 bytes of an entry. Two generations of one account
//! that share a mark are distinguished wherever it matters:
//!
//! - An open hold is found by its id before the ring is asked, so it is settled as it should be.
//! - A hold that is asked for under a mark of the ring is confirmed by the journal, which knows ids: the
//!   stored answer is given for the same id alone. A new generation with the mark of another is refused as a
//!   conflict, and so never charged twice; the service asks under another id.
//! - A message about a generation that is not open, under the mark of one that ended alike, counts as its
//!   repeat. That is what a lost message is: the hold was or will be released at its deadline.
//!
//! With eight marks of 47 bits one new generation in 10^13 meets one of them. A repeat by another service
//! than the hold's is no repeat: the journal is asked, which knows names. One pair of services in 65,536
//! shares its bits; a repeat by the other one is then answered as a repeat, and changes as little.

use sha2::{Digest, Sha256};

use crate::{GenerationId, ServiceId};

/// Settled generations that are remembered: SQS delivers most repeats within seconds of the first.
pub const RECENT_MAX: usize = 8;

/// How a generation's hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// The credits were spent.
    Captured,
    /// The credits went back.
    Released,
}

/// A generation whose hold ended a short while ago: its mark, and how the hold ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recent {
    /// The generation's mark in the upper 47 bits, the service's in the next 16; the lowest bit is set where
    /// the hold was captured.
    bits: u64,
}

impl Recent {
    /// Remembers `generation`, whose hold `service` placed.
    pub fn new(generation: &GenerationId, service: &ServiceId, settled: Settled) -> Self {
        Self { bits: mark(generation) & GENERATION | service_mark(service) | captured(settled) }
    }

    /// Remembers that a generation ended anew. Which service its hold is of, `ring` may still know; else it
    /// is of none, so that a repeat asks the journal.
    pub(crate) fn again(ring: &[Self], generation: &GenerationId, settled: Settled) -> Self {
        let known = ring.iter().rfind(|recent| recent.is_of(generation));
        let service = known.map_or(0, |recent| recent.bits & SERVICE);
        Self { bits: mark(generation) & GENERATION | service | captured(settled) }
    }

    /// Whether it may be `generation`.
    pub fn is_of(self, generation: &GenerationId) -> bool {
        self.bits & GENERATION == mark(generation) & GENERATION
    }

    /// Whether `service` may have placed its hold.
    pub fn is_by(self, service: &ServiceId) -> bool {
        self.bits & SERVICE == service_mark(service)
    }

    /// How its hold ended.
    pub fn settled(self) -> Settled {
        if self.bits & CAPTURED == CAPTURED { Settled::Captured } else { Settled::Released }
    }

    /// As stored.
    pub(crate) fn bytes(self) -> [u8; 8] {
        self.bits.to_be_bytes()
    }

    pub(crate) fn read(bytes: [u8; 8]) -> Self {
        Self { bits: u64::from_be_bytes(bytes) }
    }
}

const CAPTURED: u64 = 1;
const SERVICE: u64 = 0xffff << 1;
const GENERATION: u64 = !(SERVICE | CAPTURED);

fn captured(settled: Settled) -> u64 {
    match settled {
        Settled::Captured => CAPTURED,
        Settled::Released => 0,
    }
}

/// The mark of a generation: the same in every version, because it is stored.
pub fn mark(generation: &GenerationId) -> u64 {
    first_bits(generation.as_str()) & !CAPTURED
}

/// The mark of a service; never 0, which is the mark of none.
fn service_mark(service: &ServiceId) -> u64 {
    (first_bits(service.as_str()) & SERVICE).max(CAPTURED << 1)
}

fn first_bits(text: &str) -> u64 {
    let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first))
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
    fn a_mark_knows_its_generation_its_service_and_how_it_ended() {
        let [one, other] = ["g1", "g2"].map(|id| GenerationId::new(id).unwrap());
        let [ours, others] = ["renderer", "viewer"].map(|id| ServiceId::new(id).unwrap());
        for settled in [Settled::Captured, Settled::Released] {
            let recent = Recent::read(Recent::new(&one, &ours, settled).bytes());
            assert_eq!((recent.is_of(&one), recent.is_of(&other), recent.settled()), (true, false, settled));
            assert_eq!((recent.is_by(&ours), recent.is_by(&others)), (true, false));
            let again = Recent::again(&[recent], &one, Settled::Released);
            assert_eq!((again.is_of(&one), again.is_by(&ours)), (true, true));
            let unknown = Recent::again(&[recent], &other, Settled::Released);
            assert_eq!((unknown.is_of(&other), unknown.is_by(&ours)), (true, false));
        }
    }
}
