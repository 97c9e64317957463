//! Named numbers and lists: how the document reads a vague word of its text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::named::named;

/// A named number or list: a reading of a vague word. Its reason and its owner stay in the document's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Its name within the document.
    pub id: String,
    pub value: TermValue,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum TermValue {
    /// A number and what it counts.
    Number(u32, TermUnit),
    /// A list of words, such as countries.
    Words(Vec<String>),
    /// Money by currency, each in the smallest unit that Stripe counts in.
    Amounts(BTreeMap<String, u32>),
}

named! {
    /// What a term's number counts.
    TermUnit {
        Seconds "seconds",
        /// 60 seconds.
        Minutes "minutes",
        /// 60 minutes.
        Hours "hours",
        /// 24 hours, independent of the calendar.
        Days "days",
        /// Days of a statutory period, as the law counts them: to the end of the last one, in the customer's
        /// country. Only after `within`.
        CalendarDays "calendar_days",
        /// Hours of the business calendar; only for clocks.
        BusinessHours "business_hours",
        /// Days of the business calendar, each as long as its working hours; only for clocks.
        BusinessDays "business_days",
        /// Ends of working hours; only for clocks. One is the end of the business day at hand, or of the next
        /// one outside working hours.
        BusinessDayEnds "business_day_ends",
        /// Hundredths of a quantity.
        Percent "percent",
        Credits "credits",
        /// Things.
        Count "count",
        /// The smallest unit of any currency.
        Minor "minor",
    }
}

impl TermUnit {
    /// How many seconds one of it lasts, for the units of plain time.
    pub(crate) fn seconds(self) -> Option<u64> {
        match self {
            Self::Seconds => Some(1),
            Self::Minutes => Some(60),
            Self::Hours => Some(3_600),
            Self::Days => Some(86_400),
            Self::CalendarDays
            | Self::BusinessHours
            | Self::BusinessDays
            | Self::BusinessDayEnds
            | Self::Percent
            | Self::Credits
            | Self::Count
            | Self::Minor => None,
        }
    }
}

impl Term {
    /// A duration in seconds; `None` for everything that is not plain time.
    pub fn seconds(&self) -> Option<u64> {
        match &self.value {
            TermValue::Number(number, unit) => u64::from(*number).checked_mul(unit.seconds()?),
            TermValue::Words(_) | TermValue::Amounts(_) => None,
        }
    }

    /// The number as conditions compute with it: milliseconds for plain time, else the number itself.
    pub fn base_value(&self) -> Option<i64> {
        match (&self.value, self.seconds()) {
            (TermValue::Number(..), Some(seconds)) => milliseconds(seconds),
            (TermValue::Number(number, _), None) => Some(i64::from(*number)),
            (TermValue::Words(_) | TermValue::Amounts(_), _) => None,
        }
    }

    /// The value as a person reads it: `14 days`.
    pub fn value_text(&self) -> String {
        match &self.value {
            TermValue::Number(number, TermUnit::Percent) => format!("{number} %"),
            TermValue::Number(number, unit) => format!("{number} {}", unit.as_str().replace('_', " ")),
            TermValue::Words(words) => words.join(", "),
            TermValue::Amounts(amounts) => {
                let each = amounts.iter().map(|(currency, minor)| format!("{minor} {currency}"));
                each.collect::<Vec<_>>().join(", ")
            }
        }
    }
}

pub(super) fn milliseconds(seconds: u64) -> Option<i64> {
    i64::try_from(seconds).ok()?.checked_mul(1_000)
}
