//! Instants of UTC in milliseconds.

use std::fmt;

/// First instant that a record may carry: 2000-01-01. Anything earlier is seconds read as milliseconds.
const MILLISECONDS_MIN: i64 = 946_684_800_000;
/// First instant beyond those that a record may carry: 2100-01-01.
const MILLISECONDS_END: i64 = 4_102_444_800_000;

/// Why a number or a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Before the year 2000 or after the year 2099: a wrong unit or a wrong clock.
    #[error("instant is outside the years 2000 to 2099")]
    Range,
    /// Not an RFC 3339 instant.
    #[error("instant is not written as RFC 3339, like `2026-05-02T10:00:00Z`")]
    Format,
}

/// An instant, in milliseconds since 1970 (UTC), within the years 2000 to 2099.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `milliseconds` since 1970.
    pub fn from_ms(milliseconds: i64) -> Result<Self, TimeError> {
        if (MILLISECONDS_MIN..MILLISECONDS_END).contains(&milliseconds) {
            Ok(Self(milliseconds))
        } else {
            Err(TimeError::Range)
        }
    }

    /// `seconds` since 1970, as Stripe writes instants.
    pub fn from_s(seconds: i64) -> Result<Self, TimeError> {
        Self::from_ms(seconds.checked_mul(1000).ok_or(TimeError::Range)?)
    }

    /// An RFC 3339 text.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        let parsed: jiff::Timestamp = text.parse().map_err(|_| TimeError::Format)?;
        Self::from_ms(parsed.as_millisecond())
    }

    /// Milliseconds since 1970.
    pub fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub fn as_s(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The instant `seconds` later.
    pub fn plus_s(self, seconds: u64) -> Result<Self, TimeError> {
        let milliseconds = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| seconds.checked_mul(1000))
            .and_then(|milliseconds| self.0.checked_add(milliseconds));
        Self::from_ms(milliseconds.ok_or(TimeError::Range)?)
    }

    /// The instant `seconds` earlier.
    pub fn minus_s(self, seconds: u64) -> Result<Self, TimeError> {
        let milliseconds = i64::try_from(seconds)
            .ok()
            .and_then(|seconds| seconds.checked_mul(1000))
            .and_then(|milliseconds| self.0.checked_sub(milliseconds));
        Self::from_ms(milliseconds.ok_or(TimeError::Range)?)
    }

    /// The instant `months` of the calendar (UTC) earlier, on the same day of the month or on the month's
    /// last.
    pub fn months_before(self, months: u32) -> Result<Self, TimeError> {
        let zoned = jiff::Timestamp::from_millisecond(self.0).map_err(|_| TimeError::Range)?;
        let span = jiff::Span::new().try_months(i64::from(months)).map_err(|_| TimeError::Range)?;
        let earlier = zoned.to_zoned(jiff::tz::TimeZone::UTC).checked_sub(span);
        Self::from_ms(earlier.map_err(|_| TimeError::Range)?.timestamp().as_millisecond())
    }

    /// Whole seconds from `earlier` to here, negative when `earlier` is later.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        // Both lie within the years 2000 to 2099: the difference cannot overflow.
        self.0.saturating_sub(earlier.0).div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.fmt(formatter),
            Err(_) => Err(fmt::Error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c6_instants_outside_the_range_are_refused() {
        for (milliseconds, ok) in [
            (0, false),
            (-1, false),
            (1_777_000_000, false),
            (1_777_000_000_000, true),
            (MILLISECONDS_MIN, true),
            (MILLISECONDS_END, false),
        ] {
            assert_eq!(Timestamp::from_ms(milliseconds).is_ok(), ok, "{milliseconds}");
        }
        assert_eq!(Timestamp::from_s(1_777_000_000_000), Err(TimeError::Range));
        assert_eq!(Timestamp::from_s(i64::MAX), Err(TimeError::Range));
    }

    #[test]
    fn months_of_the_calendar_end_on_their_last_day() {
        for (from, months, expected) in [
            ("2026-12-15T10:00:00Z", 1, Some("2026-11-15T10:00:00Z")),
            ("2027-03-31T10:00:00Z", 1, Some("2027-02-28T10:00:00Z")),
            ("2028-03-31T10:00:00Z", 1, Some("2028-02-29T10:00:00Z")),
            ("2027-02-28T00:00:00Z", 12, Some("2026-02-28T00:00:00Z")),
            ("2000-01-15T00:00:00Z", 1, None),
        ] {
            let found = Timestamp::parse(from).unwrap().months_before(months);
            assert_eq!(found.ok().map(|at| at.to_string()).as_deref(), expected, "{from}");
        }
    }

    #[test]
    fn text_and_number_agree() {
        let instant = Timestamp::parse("2026-05-02T10:00:00Z").unwrap();
        assert_eq!(instant.to_string(), "2026-05-02T10:00:00Z");
        assert_eq!(Timestamp::from_s(instant.as_s()), Ok(instant));
    }
}
