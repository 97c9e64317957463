//! Identifiers, checked once at the edge and opaque from then on.

/// Stripe's own bound on the length of its ids (<https://docs.stripe.com/upgrades>); ours share it.
const ID_BYTES_MAX: usize = 255;

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text has no characters.
    #[error("{kind} is empty; expected 1 to 255 characters")]
    Empty {
        /// Which identifier.
        kind: &'static str,
    },
    /// The text is longer than 255 bytes.
    #[error("{kind} has {bytes} bytes; expected at most 255")]
    TooLong {
        /// Which identifier.
        kind: &'static str,
        /// How long the text is.
        bytes: usize,
    },
    /// The text has a character outside printable ASCII, or `#`, which separates the parts of a key.
    #[error(
        "{kind} has a character that is not allowed; expected printable ASCII without spaces, `#` and `/`"
    )]
    Character {
        /// Which identifier.
        kind: &'static str,
    },
}

/// The rule of all ids, for [`id_type!`](crate::id_type).
#[doc(hidden)]
pub fn check_id(kind: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { kind });
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong { kind, bytes: text.len() });
    }
    if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'/') {
        Ok(())
    } else {
        Err(IdError::Character { kind })
    }
}

/// Defines an identifier: its name, what it is called in errors, and its documentation.
#[macro_export]
macro_rules! id_type {
    ($name:ident, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks `text`: 1 to 255 printable ASCII characters without spaces, `#` and `/`.
            pub fn new(text: impl Into<String>) -> Result<Self, $crate::IdError> {
                let text = text.into();
                $crate::check_id($kind, &text)?;
                Ok(Self(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::IdError;

            fn from_str(text: &str) -> Result<Self, $crate::IdError> {
                Self::new(text)
            }
        }
    };
}

id_type!(AccountId, "account id", "An account: the `sub` of the customer's token.");
id_type!(AdjustmentId, "adjustment id", "One adjustment of an account, ours (`adj_…`).");
id_type!(CustomerId, "customer id", "Stripe's customer (`cus_…`).");
id_type!(DisputeId, "dispute id", "A dispute at the cardholder's bank (`dp_…`, `du_…`).");
id_type!(FraudWarningId, "fraud warning id", "Stripe's early fraud warning (`issfr_…`).");
id_type!(GenerationId, "generation id", "One generation of a generation service; unique within an account.");
id_type!(ImportId, "import id", "One import of a running business, as its operator calls it.");
id_type!(InvoiceId, "invoice id", "Stripe's invoice (`in_…`).");
id_type!(NoteId, "note id", "An internal note of a request, as the client that wrote it calls it.");
id_type!(OutageName, "outage name", "An outage, as the person who recorded it calls it.");
id_type!(PaymentId, "payment id", "Money in: Stripe's PaymentIntent (`pi_…`).");
id_type!(
    PaymentName,
    "payment name",
    "What a payment is called at Stripe: its own id or that of its charge, invoice or checkout session, or \
     the number of its invoice or receipt."
);
id_type!(
    PriceId,
    "price id",
    "A price of the catalogue: Stripe's price (`price_…`), or Creem's product (`prod_…`)."
);
id_type!(ProductId, "product id", "A product of the price catalogue; lots are spent on its operations only.");
id_type!(RefundId, "refund id", "Money out: Stripe's Refund (`re_…`).");
id_type!(RefundRequestId, "refund request id", "One refund request, ours.");
id_type!(ServiceId, "service id", "A generation service: the `sub` of its token.");
id_type!(ScheduleId, "subscription schedule id", "Stripe's schedule of a subscription (`sub_sched_…`).");
id_type!(SubscriptionId, "subscription id", "Stripe's subscription (`sub_…`).");

/// Between Stripe's id and the place of a purchase: a character that Stripe's ids never have.
const PLACE: char = '~';

impl PaymentId {
    /// The id of the purchase at `place` of this payment, counted from 1; `None` if it would be too long.
    ///
    /// Several purchases in one payment at Stripe are payments of their own here, each with its share of the
    /// money. The first has Stripe's id.
    pub fn purchase(&self, place: usize) -> Option<Self> {
        let at_stripe = self.at_stripe();
        if place <= 1 { Some(at_stripe) } else { Self::new(format!("{at_stripe}{PLACE}{place}")).ok() }
    }

    /// The id under which Stripe knows the payment.
    #[must_use]
    pub fn at_stripe(&self) -> Self {
        let known = self.as_str().split_once(PLACE).map(|(payment, _)| payment);
        known.and_then(|payment| Self::new(payment).ok()).unwrap_or_else(|| self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_at_the_edge() {
        for (text, expected) in [
            ("pi_1", Ok(())),
            ("", Err(IdError::Empty { kind: "payment id" })),
            ("a b", Err(IdError::Character { kind: "payment id" })),
            ("a#b", Err(IdError::Character { kind: "payment id" })),
            ("a/b", Err(IdError::Character { kind: "payment id" })),
            ("ä", Err(IdError::Character { kind: "payment id" })),
        ] {
            assert_eq!(PaymentId::new(text).map(drop), expected, "{text}");
        }
        assert!(PaymentId::new("x".repeat(255)).is_ok());
        assert_eq!(PaymentId::new("x".repeat(256)), Err(IdError::TooLong { kind: "payment id", bytes: 256 }));
    }
}
