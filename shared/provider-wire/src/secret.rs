//! What a signing secret has to look like.
//!
//! A blank secret would make every event forgeable, so anything that is not plainly a secret is refused.

/// Most secrets of one endpoint. Two are active while one is rolled; live and test endpoints and their
/// predecessors make four, and the work of a verification grows with each.
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
    #[error("signing secret `{slot}` contains white space; expected it as it is shown, without a line feed")]
    WhiteSpace {
        /// The label of the secret.
        slot: &'static str,
    },
}

/// Refuses what is not plainly the secret of `slot`.
pub fn check_secret(slot: &'static str, secret: &str) -> Result<(), SigningSecretError> {
    if secret.chars().all(char::is_whitespace) {
        Err(SigningSecretError::Blank { slot })
    } else if secret.chars().any(|character| character.is_whitespace() || character.is_control()) {
        Err(SigningSecretError::WhiteSpace { slot })
    } else {
        Ok(())
    }
}
