//! Credits and money: unsigned integers of the smallest unit with checked arithmetic.

use std::fmt;

/// Why an amount could not be computed or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// A sum above the largest representable amount.
    #[error("amount overflows")]
    Overflow,
    /// A difference below zero.
    #[error("amount would fall below zero")]
    BelowZero,
    /// Two amounts of different currencies were put together.
    #[error("amounts have different currencies")]
    CurrencyMismatch,
    /// A currency that is not three ASCII letters (ISO 4217).
    #[error("currency is not a code of three letters")]
    Currency,
}

/// Largest number of credits in one amount: sums of 100 lots stay far below `i64::MAX`.
const CREDITS_MAX: u64 = 1_000_000_000_000_000;

/// A number of credits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(u64);

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);

    /// `count` credits; at most 10^15.
    pub fn new(count: u64) -> Result<Self, AmountError> {
        if count > CREDITS_MAX { Err(AmountError::Overflow) } else { Ok(Self(count)) }
    }

    /// The count.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Whether there are none.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        Self::new(self.0.checked_add(other.0).ok_or(AmountError::Overflow)?)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::BelowZero)
    }

    /// The difference, or zero where it would be negative.
    #[must_use]
    pub fn saturating_minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum of all of `amounts`.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An ISO 4217 code in lower case, as Stripe writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Three ASCII letters of either case.
    pub fn new(code: &str) -> Result<Self, AmountError> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self([a, b, c].map(|letter| letter.to_ascii_lowercase())))
            }
            _ => Err(AmountError::Currency),
        }
    }

    /// The code in lower case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// An amount of money in the smallest unit of its currency (cents; yen for a zero-decimal currency).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor: u64,
    currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    pub fn new(minor: u64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// The count of the smallest unit.
    pub fn minor(self) -> u64 {
        self.minor
    }

    pub fn currency(self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.minor == 0
    }

    /// The sum; both must have one currency.
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The difference; both must have one currency.
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(AmountError::BelowZero)?;
        Ok(Self { minor, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), AmountError> {
        if self.currency == other.currency { Ok(()) } else { Err(AmountError::CurrencyMismatch) }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.minor, self.currency)
    }
}
