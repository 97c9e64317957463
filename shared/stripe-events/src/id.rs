//! Identifiers of Stripe's that the ledger does not know, under the ledger's rule for ids.

use std::fmt;
use std::str::FromStr;

use ledger::IdError;
pub use ledger::InvoiceId;

/// Stripe's bound on the length of its ids (<https://docs.stripe.com/upgrades>).
const ID_BYTES_MAX: usize = 255;

fn check(kind: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        Err(IdError::Empty { kind })
    } else if text.len() > ID_BYTES_MAX {
        Err(IdError::TooLong { kind, bytes: text.len() })
    } else if text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#' && byte != b'/') {
        Ok(())
    } else {
        Err(IdError::Character { kind })
    }
}

macro_rules! id {
    ($name:ident, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks `text`: 1 to 255 printable ASCII characters without spaces, `#` and `/`.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check($kind, &text)?;
                Ok(Self(text))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    };
}

id!(ChargeId, "charge id", "One attempt to take a payment (`ch_…`).");
id!(CheckoutSessionId, "checkout session id", "A checkout session (`cs_…`).");
id!(ConnectedAccountId, "connected account id", "A connected account (`acct_…`) that an event is about.");
id!(EventId, "event id", "An event (`evt_…`): the same in every delivery of it.");
id!(InvoiceLineId, "invoice line id", "A line of an invoice (`il_…`).");
id!(PriceId, "price id", "A price of the catalogue (`price_…`).");
