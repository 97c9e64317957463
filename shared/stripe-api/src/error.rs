//! What can go wrong with a call, what that says about the refund, and how the call may be repeated.
//!
//! Stripe's errors are distinguished by status and error code, never by their text. No error holds the
//! key, a request or an answer's body.

use std::io;

use provider_http::{ExchangeError, TookEffect};

/// How a failed call may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// With the same idempotency key, while Stripe keeps it (24 hours at least).
    SameKey {
        /// Not sooner than this many seconds, where Stripe says so.
        after_s: Option<u64>,
    },
    /// With a fresh key, and only after a listing shows that there is no refund: the same key gives
    /// the same failure again.
    FreshKeyAfterListing,
    /// Not at all: a repetition has the same outcome.
    Never,
}

/// Why Stripe does not make a refund; each is a state of the payment or of the account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Decline {
    /// Nothing is left to refund.
    #[error("the charge has been refunded already")]
    ChargeAlreadyRefunded,
    /// The charge is disputed: its money has gone back already.
    #[error("the charge is disputed")]
    ChargeDisputed,
    /// The payment is disputed: its money has gone back already.
    #[error("the payment is disputed")]
    RefundDisputedPayment,
    /// The charge cannot be refunded at all.
    #[error("the charge cannot be refunded")]
    ChargeNotRefundable,
    /// The company's balance at Stripe is too low.
    #[error("the balance at stripe is too low")]
    BalanceInsufficient,
    /// The source of the refund has too little money.
    #[error("the funds at stripe are insufficient")]
    InsufficientFunds,
    /// The payment, refund or invoice does not exist for this key.
    #[error("stripe does not know the object")]
    ResourceMissing,
    /// Any other refusal.
    #[error("stripe refused with status {status} and code `{}`", .code.as_deref().unwrap_or("none"))]
    Other {
        /// The HTTP status.
        status: u16,
        /// Stripe's error code, where it gave one.
        code: Option<String>,
    },
}

/// Why a call gave no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// No connection, or no TLS, within its time: nothing was sent.
    #[error("cannot connect to stripe")]
    Connect(#[source] io::Error),
    /// The request was sent and no complete answer came in time.
    #[error("stripe did not answer in time")]
    Timeout,
    /// The connection broke after the request was sent, before the answer or in its middle.
    #[error("the connection to stripe broke off")]
    ConnectionLost(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 429: too many calls, or a lock that another call holds.
    #[error("stripe is limiting the rate of calls")]
    RateLimited {
        /// The `Retry-After` header.
        retry_after_s: Option<u64>,
    },
    /// 409: an earlier call with this idempotency key still runs.
    #[error("an earlier call with the same idempotency key is in progress")]
    InProgress,
    /// 5xx: a failure on Stripe's side.
    #[error("stripe failed with status {status}")]
    Server {
        /// The HTTP status.
        status: u16,
        /// Whether this is the stored answer to an earlier call with the same key.
        replayed: bool,
    },
    /// The idempotency key was used with other parameters: a bug in Makegood.
    #[error("the idempotency key was used with other parameters")]
    IdempotencyMismatch,
    /// 401 or 403: the key is wrong, expired or not allowed to make this call.
    #[error("stripe does not accept the secret key: status {status}")]
    Authentication {
        /// The HTTP status.
        status: u16,
    },
    /// Stripe understood and refuses.
    #[error(transparent)]
    Declined(#[from] Decline),
    /// An answer that is too large, is not JSON or lacks what every such answer has.
    #[error("stripe's answer cannot be read: {what}")]
    Unreadable {
        /// Which part, and what was expected.
        what: &'static str,
    },
    /// A refund that is not the one that was ordered.
    #[error("stripe's refund differs from the order in its {field}")]
    Unexpected {
        /// The member that differs.
        field: &'static str,
    },
    /// A list that is longer than any list of ours can be.
    #[error("stripe's list has more than {pages_max} pages")]
    TooManyPages {
        /// The bound.
        pages_max: usize,
    },
}

impl From<ExchangeError> for StripeError {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Connect(error) => Self::Connect(error),
            ExchangeError::Timeout => Self::Timeout,
            ExchangeError::ConnectionLost(error) => Self::ConnectionLost(error),
            ExchangeError::TooLarge => Self::Unreadable { what: "expected at most 1 MiB" },
        }
    }
}

impl StripeError {
    /// Whether the call took effect although it failed.
    pub fn made(&self) -> TookEffect {
        match self {
            Self::Connect(_) | Self::RateLimited { .. } | Self::Authentication { .. } | Self::Declined(_) => {
                TookEffect::No
            }
            Self::Timeout
            | Self::ConnectionLost(_)
            | Self::InProgress
            | Self::Server { .. }
            | Self::IdempotencyMismatch
            | Self::Unreadable { .. }
            | Self::Unexpected { .. }
            | Self::TooManyPages { .. } => TookEffect::Unknown,
        }
    }

    /// How the call may be repeated.
    pub fn retryable(&self) -> Retry {
        match self {
            Self::Connect(_)
            | Self::Timeout
            | Self::ConnectionLost(_)
            | Self::InProgress
            | Self::Server { replayed: false, .. } => Retry::SameKey { after_s: None },
            Self::RateLimited { retry_after_s } => Retry::SameKey { after_s: *retry_after_s },
            // An answer that was stored unreadable comes back unreadable.
            Self::Server { replayed: true, .. } | Self::Unreadable { .. } => Retry::FreshKeyAfterListing,
            Self::IdempotencyMismatch
            | Self::Authentication { .. }
            | Self::Declined(_)
            | Self::Unexpected { .. }
            | Self::TooManyPages { .. } => Retry::Never,
        }
    }

    /// Tells an answer with another status than 2xx apart.
    pub(crate) fn of_answer(answer: &Refusal) -> Self {
        let status = answer.status;
        let code = answer.code.as_deref();
        match (status, code) {
            (401 | 403, _) => Self::Authentication { status },
            (409, _) | (_, Some("idempotency_key_in_use")) => Self::InProgress,
            (429, _) => Self::RateLimited { retry_after_s: answer.retry_after_s },
            (500.., _) => Self::Server { status, replayed: answer.replayed },
            _ if answer.idempotency_error => Self::IdempotencyMismatch,
            (_, Some("charge_already_refunded")) => Decline::ChargeAlreadyRefunded.into(),
            (_, Some("charge_disputed")) => Decline::ChargeDisputed.into(),
            (_, Some("refund_disputed_payment")) => Decline::RefundDisputedPayment.into(),
            (_, Some("charge_not_refundable")) => Decline::ChargeNotRefundable.into(),
            (_, Some("balance_insufficient")) => Decline::BalanceInsufficient.into(),
            (_, Some("insufficient_funds")) => Decline::InsufficientFunds.into(),
            (_, Some("resource_missing")) => Decline::ResourceMissing.into(),
            (_, code) => Decline::Other { status, code: code.map(str::to_owned) }.into(),
        }
    }
}

/// What an answer with another status than 2xx says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    /// Whether the error's type is `idempotency_error`.
    pub(crate) idempotency_error: bool,
    /// The `Idempotent-Replayed` header.
    pub(crate) replayed: bool,
    pub(crate) retry_after_s: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, code: Option<&str>, expected: &str, made: TookEffect, retry: Retry) {
        let refusal = Refusal { status, code: code.map(str::to_owned), ..Refusal::default() };
        let error = StripeError::of_answer(&refusal);
        assert_eq!(format!("{error:?}"), expected, "{status} {code:?}");
        assert_eq!(error.made(), made, "{status} {code:?}");
        assert_eq!(error.retryable(), retry, "{status} {code:?}");
    }

    #[test]
    fn every_status_and_code_has_its_variant() {
        let same_key = Retry::SameKey { after_s: None };
        for (status, code, expected, made, retry) in [
            (401, None, "Authentication { status: 401 }", TookEffect::No, Retry::Never),
            (403, Some("account_invalid"), "Authentication { status: 403 }", TookEffect::No, Retry::Never),
            (409, Some("idempotency_key_in_use"), "InProgress", TookEffect::Unknown, same_key),
            (409, None, "InProgress", TookEffect::Unknown, same_key),
            (400, Some("idempotency_key_in_use"), "InProgress", TookEffect::Unknown, same_key),
            (429, Some("rate_limit"), "RateLimited { retry_after_s: None }", TookEffect::No, same_key),
            (429, Some("lock_timeout"), "RateLimited { retry_after_s: None }", TookEffect::No, same_key),
            (500, None, "Server { status: 500, replayed: false }", TookEffect::Unknown, same_key),
            (503, None, "Server { status: 503, replayed: false }", TookEffect::Unknown, same_key),
            (
                400,
                Some("charge_already_refunded"),
                "Declined(ChargeAlreadyRefunded)",
                TookEffect::No,
                Retry::Never,
            ),
            (400, Some("charge_disputed"), "Declined(ChargeDisputed)", TookEffect::No, Retry::Never),
            (
                402,
                Some("refund_disputed_payment"),
                "Declined(RefundDisputedPayment)",
                TookEffect::No,
                Retry::Never,
            ),
            (
                400,
                Some("charge_not_refundable"),
                "Declined(ChargeNotRefundable)",
                TookEffect::No,
                Retry::Never,
            ),
            (
                400,
                Some("balance_insufficient"),
                "Declined(BalanceInsufficient)",
                TookEffect::No,
                Retry::Never,
            ),
            (402, Some("insufficient_funds"), "Declined(InsufficientFunds)", TookEffect::No, Retry::Never),
            (404, Some("resource_missing"), "Declined(ResourceMissing)", TookEffect::No, Retry::Never),
            (
                400,
                Some("unheard_of"),
                "Declined(Other { status: 400, code: Some(\"unheard_of\") })",
                TookEffect::No,
                Retry::Never,
            ),
            (400, None, "Declined(Other { status: 400, code: None })", TookEffect::No, Retry::Never),
            (302, None, "Declined(Other { status: 302, code: None })", TookEffect::No, Retry::Never),
        ] {
            check(status, code, expected, made, retry);
        }
    }

    #[test]
    fn the_idempotency_error_is_known_by_its_type() {
        let refusal = Refusal { status: 400, idempotency_error: true, ..Refusal::default() };
        let error = StripeError::of_answer(&refusal);
        assert!(matches!(error, StripeError::IdempotencyMismatch));
        assert_eq!((error.made(), error.retryable()), (TookEffect::Unknown, Retry::Never));
    }
}
