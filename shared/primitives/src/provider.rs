//! The payment providers.

use crate::DisputeId;

/// Through whom a payment is taken and its money goes back (`S3-23`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Provider {
    /// <https://docs.stripe.com>; also what has no provider in its stored form is Stripe's.
    #[default]
    Stripe,
    /// <https://docs.creem.io>, a merchant of record.
    Creem,
}

impl Provider {
    /// Its name in stored forms, answers, logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Creem => "creem",
        }
    }

    /// Its name in sentences.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Stripe => "Stripe",
            Self::Creem => "Creem",
        }
    }

    /// The provider that reports this dispute: Creem's ids begin with `disp_`, Stripe's with `dp_` or `du_`.
    pub fn of_dispute(id: &DisputeId) -> Self {
        if id.as_str().starts_with("disp_") { Self::Creem } else { Self::Stripe }
    }

    /// The provider of this name; `None` if nobody has it.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Stripe, Self::Creem].into_iter().find(|provider| provider.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_that_of_its_provider() {
        for provider in [Provider::Stripe, Provider::Creem] {
            assert_eq!(Provider::parse(provider.as_str()), Some(provider));
        }
        assert_eq!(Provider::parse("Stripe"), None);
    }
}
