//! The two ways in which a request can be signed.
//!
//! `creem-signature` is the hexadecimal HMAC-SHA256 of the raw body
//! (<https://docs.creem.io/code/webhooks>). It has no age: what holds repeats off is the event's id, and the
//! business object behind it. Creem's SDK also reads `x-creem-signature`, a value that begins with `sha256=`,
//! and, before all of these, Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`
//! (`v1,` and base64, several of them with spaces between), signed over `{id}.{timestamp}.{body}` and valid
//! for five minutes (<https://www.standardwebhooks.com>).
//!
//! A request with a `webhook-signature` is judged by it alone: where it is wrong, the other header does not
//! make it right. Every configured secret is tried against every signature, without an early exit and in
//! constant time, so the duration tells nothing about which of them, or how much of one, was right.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::CtOutput;
use hmac::{Hmac, Mac as _};
use primitives::Timestamp;
use provider_wire::{MAC_BYTES, mac_as_hex, mac_from_hex};
use sha2::Sha256;

use crate::secret::{CreemSecrets, Keyed, decoded_mac, keyed_mac};

/// Largest distance between `webhook-timestamp` and `now`, in seconds, both ways; that of Creem's SDK.
pub const STANDARD_TOLERANCE_S: i64 = 300;

/// Longest payload, in bytes (1 MiB). Events have some kilobytes; the hash of a MiB takes milliseconds.
pub const CREEM_PAYLOAD_BYTES_MAX: usize = 1_048_576;

/// Longest header, in bytes: room for 16 signatures of 48 bytes.
const HEADER_BYTES_MAX: usize = 1_024;
/// Most signatures in one `webhook-signature`: one for each active secret, which are two while one is rolled.
const SIGNATURES_MAX: usize = 16;
/// What a value of `creem-signature` may begin with.
const ALGORITHM: &str = "sha256=";
const VERSION: &str = "v1";

/// Why a request is not Creem's, or not of this moment. All of them answer 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreemSignatureError {
    /// No header of either scheme, or an empty one.
    #[error("signature header is missing or empty")]
    HeaderEmpty,
    /// A header that is longer than any signature.
    #[error("signature header has {bytes} bytes; expected at most {HEADER_BYTES_MAX}")]
    HeaderTooLong { bytes: usize },
    /// A request without a body.
    #[error("payload is empty")]
    PayloadEmpty,
    /// A body above [`CREEM_PAYLOAD_BYTES_MAX`].
    #[error("payload has {bytes} bytes; expected at most {CREEM_PAYLOAD_BYTES_MAX}")]
    PayloadTooLong { bytes: usize },
    /// `webhook-signature` without `webhook-id` or `webhook-timestamp`.
    #[error("`webhook-signature` comes without `webhook-id` or `webhook-timestamp`")]
    StandardIncomplete,
    /// A `webhook-timestamp` that is not a count of seconds.
    #[error("`webhook-timestamp` is not a whole number of seconds")]
    TimestampMalformed,
    /// More signatures than an endpoint has secrets.
    #[error("signature header has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// No signature fits any of the secrets.
    #[error("no signature fits any signing secret")]
    Mismatch,
    /// Genuine, but signed more than [`STANDARD_TOLERANCE_S`] ago.
    #[error("signature is {age_s} s old; expected at most {STANDARD_TOLERANCE_S}")]
    TooOld { age_s: i64 },
    /// Genuine, but signed more than [`STANDARD_TOLERANCE_S`] ahead of our clock, which is therefore wrong.
    #[error("signature is {ahead_s} s ahead of the clock; expected at most {STANDARD_TOLERANCE_S}")]
    InFuture { ahead_s: i64 },
}

/// The headers that a signature can be in, as far as a request has them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SignatureHeaders<'h> {
    /// `creem-signature`, else `x-creem-signature`.
    pub creem: Option<&'h str>,
    /// `webhook-signature`.
    pub standard: Option<&'h str>,
    /// `webhook-id`.
    pub standard_id: Option<&'h str>,
    /// `webhook-timestamp`.
    pub standard_timestamp: Option<&'h str>,
}

impl<'h> SignatureHeaders<'h> {
    /// Asks `header` for each of them, by its name in lower case.
    pub fn read(header: impl Fn(&str) -> Option<&'h str>) -> Self {
        Self {
            creem: header("creem-signature").or_else(|| header("x-creem-signature")),
            standard: header("webhook-signature"),
            standard_id: header("webhook-id"),
            standard_timestamp: header("webhook-timestamp"),
        }
    }
}

/// How a request was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureScheme {
    /// `creem-signature`: without an age.
    CreemSignature,
    /// `webhook-signature`.
    StandardWebhooks,
    /// Put aside after it was verified.
    Kept,
}

/// What [`SignedByCreem::secret`] says of bytes that were put aside: which secret it was is not kept.
const KEPT: &str = "kept";

/// Bytes that come from Creem. Made by [`verify`], and by [`SignedByCreem::kept`] where another proof stands
/// in for the signature; the only source of an event.
#[derive(Debug, Clone, Copy)]
pub struct SignedByCreem<'a> {
    payload: &'a [u8],
    secret: &'static str,
    scheme: SignatureScheme,
}

impl<'a> SignedByCreem<'a> {
    /// Bytes that [`verify`] accepted when they came, read back from where nothing else is kept.
    ///
    /// The caller vouches for that place.
    pub fn kept(payload: &'a [u8]) -> Self {
        Self { payload, secret: KEPT, scheme: SignatureScheme::Kept }
    }

    /// The signed bytes, exactly as they came.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The label of the secret that signed them, as given to [`CreemSecrets::new`], or `kept`.
    pub fn secret(&self) -> &'static str {
        self.secret
    }

    pub fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}

/// Checks that `headers` sign `payload` under one of `secrets`; `now` matters to Standard Webhooks only.
pub fn verify<'a>(
    payload: &'a [u8],
    headers: &SignatureHeaders<'_>,
    secrets: &CreemSecrets,
    now: Timestamp,
) -> Result<SignedByCreem<'a>, CreemSignatureError> {
    if payload.is_empty() {
        return Err(CreemSignatureError::PayloadEmpty);
    }
    if payload.len() > CREEM_PAYLOAD_BYTES_MAX {
        return Err(CreemSignatureError::PayloadTooLong { bytes: payload.len() });
    }
    let values = [headers.creem, headers.standard, headers.standard_id, headers.standard_timestamp];
    if let Some(long) = values.into_iter().flatten().find(|value| value.len() > HEADER_BYTES_MAX) {
        return Err(CreemSignatureError::HeaderTooLong { bytes: long.len() });
    }
    match (headers.standard, headers.creem) {
        (Some(signatures), _) => {
            let standard = Standard::read(signatures, headers)?;
            let secret = standard.matching_secret(payload, secrets)?;
            standard.check_age(now)?;
            Ok(SignedByCreem { payload, secret, scheme: SignatureScheme::StandardWebhooks })
        }
        (None, Some(signature)) if !signature.is_empty() => {
            let signature = mac_from_hex(signature.strip_prefix(ALGORITHM).unwrap_or(signature));
            let of = |keyed: &Keyed| Some(mac_of(keyed.shown.clone(), &[payload]));
            let secret = matching_secret(secrets, signature.as_slice(), of)?;
            Ok(SignedByCreem { payload, secret, scheme: SignatureScheme::CreemSignature })
        }
        _ => Err(CreemSignatureError::HeaderEmpty),
    }
}

/// The `creem-signature` with which Creem would send `payload`: for tests and the stand-in.
pub fn sign(payload: &[u8], secret: &str) -> String {
    mac_as_hex(&mac_of(keyed_mac(secret.as_bytes()), &[payload]).into_bytes())
}

/// The `webhook-signature` of a `payload` that is sent as `id` at the instant `at`: for tests. `None` for a
/// secret that encodes no bytes.
pub fn sign_standard(payload: &[u8], secret: &str, id: &str, at: Timestamp) -> Option<String> {
    let timestamp = at.as_s().to_string();
    let mac = mac_of(decoded_mac(secret)?, &[id.as_bytes(), b".", timestamp.as_bytes(), b".", payload]);
    Some(format!("{VERSION},{}", STANDARD.encode(mac.into_bytes())))
}

/// A request that is signed as Standard Webhooks are.
struct Standard<'h> {
    id: &'h str,
    /// As it was written: the signature is over these characters.
    timestamp: &'h str,
    signed_at_s: i64,
    /// The well-formed ones of the version that is known; another one cannot fit and is left out.
    signatures: Vec<[u8; MAC_BYTES]>,
}

impl<'h> Standard<'h> {
    fn read(signatures: &str, headers: &SignatureHeaders<'h>) -> Result<Self, CreemSignatureError> {
        if signatures.is_empty() {
            return Err(CreemSignatureError::HeaderEmpty);
        }
        let (Some(id), Some(timestamp)) = (headers.standard_id, headers.standard_timestamp) else {
            return Err(CreemSignatureError::StandardIncomplete);
        };
        let signed_at_s = seconds(timestamp).ok_or(CreemSignatureError::TimestampMalformed)?;
        let mut read = Vec::new();
        for (place, signature) in signatures.split(' ').enumerate() {
            if place >= SIGNATURES_MAX {
                return Err(CreemSignatureError::TooManySignatures);
            }
            let value = signature.split_once(',').filter(|(version, _)| *version == VERSION);
            read.extend(value.and_then(|(_, value)| mac_from_base64(value)));
        }
        Ok(Self { id, timestamp, signed_at_s, signatures: read })
    }

    fn matching_secret(
        &self,
        payload: &[u8],
        secrets: &CreemSecrets,
    ) -> Result<&'static str, CreemSignatureError> {
        let parts = [self.id.as_bytes(), b".", self.timestamp.as_bytes(), b".", payload];
        let of = |keyed: &Keyed| Some(mac_of(keyed.decoded.clone()?, &parts));
        matching_secret(secrets, &self.signatures, of)
    }

    /// The signature comes first: of a forged header nothing is said about its age.
    fn check_age(&self, now: Timestamp) -> Result<(), CreemSignatureError> {
        // `signed_at_s` is not negative and `now` lies within the years 2000 to 2099: nothing saturates.
        let age_s = now.as_s().saturating_sub(self.signed_at_s);
        if age_s > STANDARD_TOLERANCE_S {
            Err(CreemSignatureError::TooOld { age_s })
        } else if age_s < -STANDARD_TOLERANCE_S {
            Err(CreemSignatureError::InFuture { ahead_s: age_s.saturating_neg() })
        } else {
            Ok(())
        }
    }
}

/// The label of the first secret whose MAC is one of `signatures`; every pair is compared.
fn matching_secret(
    secrets: &CreemSecrets,
    signatures: &[[u8; MAC_BYTES]],
    expected: impl Fn(&Keyed) -> Option<CtOutput<Hmac<Sha256>>>,
) -> Result<&'static str, CreemSignatureError> {
    let mut matching = None;
    for keyed in secrets.iter() {
        let Some(expected) = expected(keyed) else { continue };
        let mut fits = false;
        for signature in signatures {
            // `CtOutput` compares in constant time, and `|` does not skip what follows.
            fits |= expected == CtOutput::new((*signature).into());
        }
        matching = matching.or(fits.then_some(keyed.label));
    }
    matching.ok_or(CreemSignatureError::Mismatch)
}

fn mac_of(mut mac: Hmac<Sha256>, parts: &[&[u8]]) -> CtOutput<Hmac<Sha256>> {
    for part in parts {
        mac.update(part);
    }
    mac.finalize()
}

/// Digits only: neither a sign nor a space, which `parse` alone would let through.
fn seconds(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn mac_from_base64(text: &str) -> Option<[u8; MAC_BYTES]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}
