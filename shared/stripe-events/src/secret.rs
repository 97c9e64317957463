//! The endpoint's signing secrets: checked once at start, kept only as keyed MAC states.
//!
//! A blank secret would make every event forgeable, so anything that is not plainly a secret is refused.
//! Memory that held a secret is wiped when it is dropped, and no secret is ever formatted.

use std::fmt;

use hmac::{Hmac, KeyInit as _};
use sha2::Sha256;
use zeroize::Zeroize as _;

/// Most secrets of one endpoint. Stripe keeps two active while one is rolled; live and test endpoints and
/// their predecessors make four, and the work of [`crate::verify`] grows with each.
pub const SECRETS_MAX: usize = 4;

/// Why the signing secrets cannot be used. Names the slot, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningSecretError {
    /// There is no secret at all.
    #[error("no signing secret is configured; expected at least one")]
    Missing,
    /// More secrets than [`SECRETS_MAX`].
    #[error("more than {SECRETS_MAX} signing secrets are configured")]
    TooMany,
    /// A slot with nothing in it, or with white space only.
    #[error("signing secret `{slot}` is blank")]
    Blank {
        /// The label of the secret.
        slot: &'static str,
    },
    /// A secret with white space before, within or after it, like the line feed that editors append.
    #[error(
        "signing secret `{slot}` contains white space; expected it as Stripe shows it, without a line feed"
    )]
    WhiteSpace {
        /// The label of the secret.
        slot: &'static str,
    },
}

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
                check(slot, &secret).map(|()| keyed_mac(&secret))
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

fn check(slot: &'static str, secret: &str) -> Result<(), SigningSecretError> {
    if secret.chars().all(char::is_whitespace) {
        Err(SigningSecretError::Blank { slot })
    } else if secret.chars().any(|character| character.is_whitespace() || character.is_control()) {
        Err(SigningSecretError::WhiteSpace { slot })
    } else {
        Ok(())
    }
}

pub(crate) fn keyed_mac(secret: &str) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length")
}
