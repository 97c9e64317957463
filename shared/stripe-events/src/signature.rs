//! The `Stripe-Signature` header over the raw bytes of a request.
//!
//! The header is `t=<seconds>,v1=<hex>[,v1=<hex>…]`, where each `v1` is an HMAC-SHA256 of `{t}.{payload}`;
//! while a secret is rolled there is one `v1` for each active secret. Other schemes (`v0` comes with test
//! events) are skipped. The signature is checked first and the age second, so that an age is only ever
//! reported of a genuine header.
//! Source of the rules: <https://docs.stripe.com/webhooks#verify-manually> and stripe-node's `Webhooks.ts`.
//!
//! Every configured secret is tried against every `v1`, without an early exit and in constant time, so the
//! duration tells nothing about which of them, or how much of one, was right.

use hmac::digest::CtOutput;
use hmac::{Hmac, Mac as _};
use primitives::Timestamp;
use provider_wire::{MAC_BYTES, mac_as_hex, mac_from_hex};
use sha2::Sha256;

use crate::secret::{SigningSecrets, keyed_mac};

/// Largest distance between `t` and `now`, in seconds, both ways; the tolerance of Stripe's libraries.
pub const TOLERANCE_S: i64 = 300;

/// Longest header, in bytes: room for [`SIGNATURES_MAX`] signatures of 67 bytes, with `t` and a few `v0`.
pub const HEADER_BYTES_MAX: usize = 2_048;

/// Most `v1` in one header. Stripe sends one for each active secret, which are two while one is rolled.
pub const SIGNATURES_MAX: usize = 16;

/// Longest payload, in bytes (1 MiB). Events have some kilobytes; the hash of a MiB takes milliseconds.
pub const PAYLOAD_BYTES_MAX: usize = 1_048_576;

/// Why a request is not Stripe's, or not of this moment. All of them answer 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No header, or an empty one.
    #[error("signature header is missing or empty")]
    HeaderEmpty,
    /// A header above [`HEADER_BYTES_MAX`].
    #[error("signature header has {bytes} bytes; expected at most {HEADER_BYTES_MAX}")]
    HeaderTooLong {
        /// Its length.
        bytes: usize,
    },
    /// A request without a body.
    #[error("payload is empty")]
    PayloadEmpty,
    /// A body above [`PAYLOAD_BYTES_MAX`].
    #[error("payload has {bytes} bytes; expected at most {PAYLOAD_BYTES_MAX}")]
    PayloadTooLong {
        /// Its length.
        bytes: usize,
    },
    /// No `t`.
    #[error("signature header has no `t`")]
    TimestampMissing,
    /// More than one `t`.
    #[error("signature header has more than one `t`")]
    TimestampRepeated,
    /// A `t` that is not a count of seconds.
    #[error("`t` of the signature header is not a whole number of seconds")]
    TimestampMalformed,
    /// No `v1`.
    #[error("signature header has no `v1`")]
    SignatureMissing,
    /// More than [`SIGNATURES_MAX`] `v1`.
    #[error("signature header has more than {SIGNATURES_MAX} `v1`")]
    TooManySignatures,
    /// No `v1` fits any of the secrets.
    #[error("no `v1` of the signature header fits any signing secret")]
    Mismatch,
    /// Genuine, but signed more than [`TOLERANCE_S`] ago: a replay, or a delivery held up on the way.
    #[error("signature is {age_s} s old; expected at most {TOLERANCE_S}")]
    TooOld { age_s: i64 },
    /// Genuine, but signed more than [`TOLERANCE_S`] ahead of our clock, which is therefore wrong.
    #[error("signature is {ahead_s} s ahead of the clock; expected at most {TOLERANCE_S}")]
    InFuture {
        /// How far.
        ahead_s: i64,
    },
}

/// What [`Verified::secret`] says of bytes that were put aside: which secret it was is not kept.
const KEPT: &str = "kept";

/// Bytes that come from Stripe. Made by [`verify`], and by [`Verified::kept`] where another proof stands in
/// for the signature; the only source of an event.
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    payload: &'a [u8],
    secret: &'static str,
}

impl<'a> Verified<'a> {
    /// Bytes that [`verify`] accepted when they came, read back from where nothing else is kept, or bytes
    /// that Stripe's API has answered.
    ///
    /// The caller vouches for that place. There is no signature to check: a kept one is older than
    /// [`TOLERANCE_S`], its secret may be gone, and the API's answers have none.
    pub fn kept(payload: &'a [u8]) -> Self {
        Self { payload, secret: KEPT }
    }

    /// The signed bytes, exactly as they came.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The label of the secret that signed them, as given to [`SigningSecrets::new`], or `kept`.
    pub fn secret(&self) -> &'static str {
        self.secret
    }
}

/// Checks that `header` is Stripe's signature of `payload` under one of `secrets`, made within
/// [`TOLERANCE_S`] of `now`.
pub fn verify<'a>(
    payload: &'a [u8],
    header: &str,
    secrets: &SigningSecrets,
    now: Timestamp,
) -> Result<Verified<'a>, SignatureError> {
    if payload.is_empty() {
        return Err(SignatureError::PayloadEmpty);
    }
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(SignatureError::PayloadTooLong { bytes: payload.len() });
    }
    let header = Header::read(header)?;
    let secret = header.matching_secret(payload, secrets).ok_or(SignatureError::Mismatch)?;
    // `signed_at_s` is not negative and `now` lies within the years 2000 to 2099: nothing saturates.
    let age_s = now.as_s().saturating_sub(header.signed_at_s);
    if age_s > TOLERANCE_S {
        return Err(SignatureError::TooOld { age_s });
    }
    if age_s < -TOLERANCE_S {
        return Err(SignatureError::InFuture { ahead_s: age_s.saturating_neg() });
    }
    Ok(Verified { payload, secret })
}

/// The header with which Stripe would send `payload` at the instant `at`: for tests and the stand-in.
///
/// A payload signed with two secrets, as while one is rolled, has both `v1` behind one `t`.
pub fn sign(payload: &[u8], secret: &str, at: Timestamp) -> String {
    let signed_at = at.as_s().to_string();
    let mac = mac_of(keyed_mac(secret), &signed_at, payload).into_bytes();
    format!("t={signed_at},v1={}", mac_as_hex(&mac))
}

struct Header<'h> {
    /// `t` as it was written: the signature is over these characters.
    signed_at: &'h str,
    signed_at_s: i64,
    /// The well-formed `v1`; a malformed one cannot fit and is left out.
    signatures: Vec<[u8; MAC_BYTES]>,
}

impl<'h> Header<'h> {
    fn read(text: &'h str) -> Result<Self, SignatureError> {
        if text.is_empty() {
            return Err(SignatureError::HeaderEmpty);
        }
        if text.len() > HEADER_BYTES_MAX {
            return Err(SignatureError::HeaderTooLong { bytes: text.len() });
        }
        let mut signed_at = None;
        let mut signatures = Vec::new();
        let mut signatures_seen: usize = 0;
        for (scheme, value) in text.split(',').filter_map(|item| item.split_once('=')) {
            match scheme {
                "t" if signed_at.replace(value).is_some() => return Err(SignatureError::TimestampRepeated),
                "v1" if signatures_seen >= SIGNATURES_MAX => return Err(SignatureError::TooManySignatures),
                "v1" => {
                    signatures_seen = signatures_seen.saturating_add(1);
                    signatures.extend(mac_from_hex(value));
                }
                _ => {}
            }
        }
        let signed_at = signed_at.ok_or(SignatureError::TimestampMissing)?;
        let signed_at_s = seconds(signed_at).ok_or(SignatureError::TimestampMalformed)?;
        if signatures_seen == 0 {
            return Err(SignatureError::SignatureMissing);
        }
        Ok(Self { signed_at, signed_at_s, signatures })
    }

    /// The label of the first secret that fits any signature; every pair is compared.
    fn matching_secret(&self, payload: &[u8], secrets: &SigningSecrets) -> Option<&'static str> {
        let mut matching = None;
        for keyed in secrets.iter() {
            let expected = mac_of(keyed.mac.clone(), self.signed_at, payload);
            let mut fits = false;
            for signature in &self.signatures {
                // `CtOutput` compares in constant time, and `|` does not skip what follows.
                fits |= expected == CtOutput::new((*signature).into());
            }
            matching = matching.or(fits.then_some(keyed.label));
        }
        matching
    }
}

fn mac_of(mut mac: Hmac<Sha256>, signed_at: &str, payload: &[u8]) -> CtOutput<Hmac<Sha256>> {
    mac.update(signed_at.as_bytes());
    mac.update(b".");
    mac.update(payload);
    mac.finalize()
}

/// Digits only: neither a sign nor a space, which `parse` alone would let through.
fn seconds(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
