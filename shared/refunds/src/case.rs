//! A case: what is asked for, on which facts, and what the policy says to it.

use ledger::{AccountId, GenerationId, PaymentId, RefundRequestId};
use policy::{ApprovalLimits, Decision, Document, Facts, Outcome, Reason};
use sha2::{Digest, Sha256};

use crate::Occasion;

/// Longest text of a customer or a reviewer, in characters: two pages.
pub const NOTE_CHARACTERS_MAX: usize = 4000;
/// The same in bytes, as JSON writes it: what an item holds is counted in bytes (DynamoDB: 400 KB). A request
/// has at most about 30 such texts (`act`), together 180 KB.
pub const NOTE_BYTES_MAX: usize = 6000;

/// What is asked for, on which facts, and what the policy says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The payment that it is about.
    pub payment: Option<PaymentId>,
    /// The generation that it is about.
    pub generation: Option<GenerationId>,
    /// The reason that the customer gave.
    pub reason: Reason,
    /// What Stripe reported that opened it; `None` of what somebody asked for.
    pub occasion: Option<Occasion>,
    /// What the customer wrote.
    pub note: String,
    /// SHA-256 of what was submitted: distinguishes a repeat from another request under the same key.
    pub fingerprint: [u8; 32],
    /// The facts as they were when it was submitted.
    pub facts: Facts,
    /// The decision on those facts.
    pub decision: Decision,
}

/// The id of a request: derived from the account and the idempotency key, so that a repeat finds the
/// first request without a record of its own.
#[expect(clippy::missing_panics_doc, reason = "hexadecimal digits are always allowed in an id")]
pub fn request_id(account: &AccountId, idempotency_key: &str) -> RefundRequestId {
    let digest = Sha256::new()
        .chain_update(account.as_str())
        .chain_update("#")
        .chain_update(idempotency_key)
        .finalize();
    let hex = digest.iter().take(13).fold(String::from("rr_"), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    RefundRequestId::new(hex).expect("hexadecimal digits are allowed in an id")
}

/// The fingerprint of a submission's texts.
pub fn fingerprint(texts: &[&str]) -> [u8; 32] {
    fingerprint_bytes(&texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>())
}

/// The fingerprint of a submission's bytes, part by part.
pub fn fingerprint_bytes(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

impl Case {
    /// Above the one-person limit the policy may not decide alone either: a person has to.
    pub(crate) fn within(&mut self, limits: Option<&ApprovalLimits>, document: &Document) {
        if let (Some(limits), Outcome::Grant { remedy }) = (limits, &self.decision.outcome)
            && limits.needs_two(remedy)
        {
            self.decision = self.decision.clone().left_to_two_people(document);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fingerprints are stored, so that each is the same in every version.
    #[test]
    fn a_fingerprint_is_of_the_parts_and_of_where_they_end() {
        let one = fingerprint(&["offer", "sent"]);
        assert_eq!(one, fingerprint_bytes(&[b"offer", b"sent"]));
        assert_ne!(one, fingerprint(&["offers", "ent"]));
        let digest = Sha256::digest(b"\x05\0\0\0\0\0\0\0offer\x04\0\0\0\0\0\0\0sent");
        assert_eq!(one.as_slice(), digest.as_slice());
    }
}
