//! The endpoint's signing secrets: checked once at start, kept only as keyed MAC states.
//!
//! One secret signs in two ways. `creem-signature` has the secret as it is shown for its key, `whsec_`
//! included; Standard Webhooks have the bytes that the text after `whsec_` encodes in base64.
//! Memory that held a secret is wiped when it is dropped, and no secret is ever formatted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _};
use provider_wire::{SECRETS_MAX, SigningSecretError, check_secret};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// How secrets begin where they are shown.
const PREFIX: &str = "whsec_";

/// One to [`SECRETS_MAX`] secrets. Any one of them may have signed an event.
pub struct CreemSecrets {
    keyed: Vec<Keyed>,
}

/// MAC states that have absorbed a secret; wiped on drop by the `zeroize` feature of `hmac` and `sha2`.
pub(crate) struct Keyed {
    pub(crate) label: &'static str,
    /// Keyed with the secret as it is shown.
    pub(crate) shown: Hmac<Sha256>,
    /// Keyed with what the secret encodes; `None` where it is no base64, so that it cannot sign so.
    pub(crate) decoded: Option<Hmac<Sha256>>,
}

impl CreemSecrets {
    /// Takes pairs of a label and a secret as Creem shows it, like `("current", …)` and `("previous", …)`.
    pub fn new(
        secrets: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, SigningSecretError> {
        let mut keyed = Vec::new();
        for (slot, mut secret) in secrets {
            let checked = if keyed.len() >= SECRETS_MAX {
                Err(SigningSecretError::TooMany)
            } else {
                check_secret(slot, &secret).map(|()| (keyed_mac(secret.as_bytes()), decoded_mac(&secret)))
            };
            secret.zeroize();
            let (shown, decoded) = checked?;
            keyed.push(Keyed { label: slot, shown, decoded });
        }
        if keyed.is_empty() { Err(SigningSecretError::Missing) } else { Ok(Self { keyed }) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Keyed> {
        self.keyed.iter()
    }
}

impl fmt::Debug for CreemSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keyed.iter().map(|keyed| keyed.label)).finish()
    }
}

pub(crate) fn keyed_mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// `None` for a secret that encodes no bytes: an empty key would let anybody sign.
pub(crate) fn decoded_mac(secret: &str) -> Option<Hmac<Sha256>> {
    let mut key = STANDARD.decode(secret.strip_prefix(PREFIX).unwrap_or(secret)).ok()?;
    let mac = (!key.is_empty()).then(|| keyed_mac(&key));
    key.zeroize();
    mac
}
