//! The endpoint's signing secrets: checked once at start, kept only as keyed MAC states.
//!
//! A blank secret would make every event forgeable, so anything that is not plainly a secret is refused.
//! Memory that held a secret is wiped when it is dropped, and no secret is ever formatted.

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use provider_wire::{SECRETS_MAX, SigningSecretError, check_secret};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// One to [`SECRETS_MAX`] secrets. Any one of them may have signed an event.
pub struct SigningSecrets {
    keyed: Vec<Keyed>,
}

/// A MAC state that has absorbed its secret; wiped on drop by the `zeroize` feature of `hmac` and `sha2`.
pub(crate) struct Keyed {
    pub(crate) label: &'static str,
    pub(crate) mac: Hmac<Sha256>,
}

impl SigningSecrets {
    /// Takes pairs of a label and a secret (`whsec_…`), like `("current", …)` and `("previous", …)`.
    pub fn new(
        secrets: impl IntoIterator<Item = (&'static str, String)>,
    ) -> Result<Self, SigningSecretError> {
        let mut keyed = Vec::new();
        for (slot, mut secret) in secrets {
            let checked = if keyed.len() >= SECRETS_MAX {
                Err(SigningSecretError::TooMany)
            } else {
                check_secret(slot, &secret).map(|()| keyed_mac(&secret))
            };
            secret.zeroize();
            keyed.push(Keyed { label: slot, mac: checked? });
        }
        if keyed.is_empty() { Err(SigningSecretError::Missing) } else { Ok(Self { keyed }) }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Keyed> {
        self.keyed.iter()
    }
}

impl fmt::Debug for SigningSecrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.keyed.iter().map(|keyed| keyed.label)).finish()
    }
}

pub(crate) fn keyed_mac(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length")
}
