//! Why a caller is not let in.

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallerError {
    /// The gateway gave no claims.
    #[error("the token is missing")]
    NoClaims,
    /// A claim that must be there is not.
    #[error("the token has no `{0}`")]
    MissingClaim(&'static str),
    /// A claim has the wrong form.
    #[error("the token's `{0}` is not readable")]
    MalformedClaim(&'static str),
    /// Another issuer's token.
    #[error("the token is of another issuer")]
    Issuer,
    /// A token for something else.
    #[error("the token is for another audience")]
    Audience,
    /// An ID token, which says who someone is and not what may be done.
    #[error("the token is not an access token")]
    TokenUse,
    /// It was valid until now or earlier.
    #[error("the token has expired")]
    Expired,
    /// It is valid, or issued, only later than the leeway from now.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// A valid token that does not allow calls of its kind.
    #[error("the token lacks the scope of its kind")]
    Scope,
}
