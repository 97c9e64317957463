//! What a purchase says of its buyer: country, business, and the consent that ends a right to withdraw.
//! Nothing here names a person.

/// A country: two upper-case letters (ISO 3166-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountryCode([u8; 2]);

/// Why a text is not a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a country has two letters")]
pub struct CountryError;

impl CountryCode {
    /// Reads two letters, in either case.
    pub fn new(code: &str) -> Result<Self, CountryError> {
        match code.as_bytes() {
            [first, second] if first.is_ascii_alphabetic() && second.is_ascii_alphabetic() => {
                Ok(Self([first.to_ascii_uppercase(), second.to_ascii_uppercase()]))
            }
            _ => Err(CountryError),
        }
    }

    /// The two letters.
    #[expect(clippy::missing_panics_doc, reason = "two ASCII letters are text")]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters are text")
    }
}

/// What is recorded of a purchase's buyer. Each part that its events did not say is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Buyer {
    /// The country of the billing address.
    pub billing_country: Option<CountryCode>,
    /// The country of the card that was charged.
    pub card_country: Option<CountryCode>,
    /// Whether a tax id was given: the purchase was made for a business.
    pub business: Option<bool>,
    /// Whether the consent to begin at once, and to lose the right to withdraw by it, is on record.
    pub withdrawal_waived: Option<bool>,
}

/// Who started a subscription, and what the checkout ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subscriber {
    pub buyer: Buyer,
    /// Stripe's price of the plan that was ordered, where the checkout's event says it.
    pub price: Option<String>,
}

impl Buyer {
    /// What is known here, and where nothing is, what `other` knows.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            billing_country: self.billing_country.or(other.billing_country),
            card_country: self.card_country.or(other.card_country),
            business: self.business.or(other.business),
            withdrawal_waived: self.withdrawal_waived.or(other.withdrawal_waived),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters() {
        assert_eq!(CountryCode::new("de").unwrap().as_str(), "DE");
        for text in ["", "D", "DEU", "D1", "ü"] {
            assert_eq!(CountryCode::new(text), Err(CountryError), "{text:?}");
        }
    }
}
