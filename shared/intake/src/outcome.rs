//! The outcome of an event, in words that are answers, log fields and metric labels alike.

use std::error::Error;

use lambda::metrics::Metrics;
use purchase_lines::LineFault;

/// Declares an enum whose variants have a name each.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
        }

        impl $name {
            /// The name in answers, logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

named! {
    /// Why an event has no effect.
    Ignored {
        /// A type that nothing here depends on.
        UnknownType "unknown_type",
        /// Of test mode at a live endpoint, or the reverse.
        OtherMode "other_mode",
        /// About a connected account.
        ConnectedAccount "connected_account",
        /// A thin event, which carries nothing of its object.
        Thin "thin",
        /// A checkout session whose money is not there yet; another event follows when it is.
        Unpaid "unpaid",
        /// A checkout session that buys nothing, like one that stores a payment method.
        NoPurchase "no_purchase",
        /// Nothing in it brings credits: a trial, settled changes within a period, or a refund or dispute of
        /// a payment that brought none.
        NoCredits "no_credits",
        /// About what the company sells beside all this through the same provider: prices that the
        /// catalogue ignores, or does not know, the latter of a customer without an account.
        OtherProduct "other_product",
        /// A person has looked at it while it was parked, and dropped it.
        Dropped "dropped",
    }
}

named! {
    /// Why an event could not be applied and is parked for a person to look at.
    ParkReason {
        /// A known type in a form that cannot be read.
        Unreadable "unreadable",
        /// No account is known for its customer.
        AccountUnknown "account_unknown",
        /// What the event says of its account contradicts itself, or what is on record.
        AccountMismatch "account_mismatch",
        /// The event does not say what was bought.
        LinesUnknown "lines_unknown",
        /// A price that is not in the catalogue.
        PriceUnknown "price_unknown",
        /// A price sold in another way than the catalogue says.
        PriceKind "price_kind",
        /// More purchases in one payment than are recorded together.
        TooManyPurchases "too_many_purchases",
        /// The lines cost something else than the whole, or what is named costs something else than what
        /// was paid.
        AmountMismatch "amount_mismatch",
        /// A quantity that is not there or buys nothing.
        Quantity "quantity",
        /// Money for a change within a period: which credits it brings is a person's decision.
        ProrationOnly "proration_only",
        /// A value of the provider's that was not known when this was written and that decides something.
        ValueUnknown "value_unknown",
        /// A payment that is not known, or not named by the event.
        PaymentUnknown "payment_unknown",
        /// The account has too many lots.
        TooManyLots "too_many_lots",
        /// An amount or an instant out of range.
        OutOfRange "out_of_range",
        /// An event of this id granted credits by other words; those count.
        EventConflict "event_conflict",
        /// A refund of ours that is another one than was intended.
        RefundMismatch "refund_mismatch",
        /// A refund of more than is left of its payment.
        RefundExceeds "refund_exceeds",
    }
}

impl From<LineFault> for ParkReason {
    fn from(fault: LineFault) -> Self {
        match fault {
            LineFault::PriceUnknown => Self::PriceUnknown,
            LineFault::Quantity => Self::Quantity,
            LineFault::OutOfRange => Self::OutOfRange,
            LineFault::TooManyPurchases => Self::TooManyPurchases,
            LineFault::ProrationOnly => Self::ProrationOnly,
        }
    }
}

/// The outcome of a verified event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventOutcome {
    /// It changed something.
    Applied,
    /// All that it says was known.
    Repeated,
    /// It has no effect.
    Ignored(Ignored),
    /// It could not be applied, and is to be parked.
    Parked(ParkReason),
    /// What it rests on may still be on its way: the provider is to send it again.
    Deferred(ParkReason),
    /// It does not carry all that it rests on: that is fetched from the provider, and the event applied
    /// again.
    Lookup(ParkReason),
}

impl EventOutcome {
    /// Applied where the event said something new.
    pub fn of_news(is_news: bool) -> Self {
        if is_news { Self::Applied } else { Self::Repeated }
    }

    /// Whether other prices than those that are known could lead to another outcome.
    pub(crate) fn rests_on_prices(self) -> bool {
        matches!(
            self,
            Self::Parked(ParkReason::PriceUnknown | ParkReason::PriceKind | ParkReason::AmountMismatch)
                | Self::Ignored(Ignored::OtherProduct)
        )
    }

    /// The outcome's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::Ignored(_) => "ignored",
            Self::Parked(_) => "parked",
            Self::Deferred(_) => "deferred",
            Self::Lookup(_) => "lookup",
        }
    }

    /// The name of the reason, where there is one.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Applied | Self::Repeated => None,
            Self::Ignored(reason) => Some(reason.as_str()),
            Self::Parked(reason) | Self::Deferred(reason) | Self::Lookup(reason) => Some(reason.as_str()),
        }
    }
}

/// Writes the outcome of an event that cannot be read to the log, and why.
pub fn log_unreadable(event_type: Option<&str>, outcome: EventOutcome, error: &(dyn Error + 'static)) {
    let reason = outcome.reason();
    tracing::warn!(event_type, outcome = outcome.as_str(), reason, error, "event");
}

/// Writes the outcome of an event to the log.
pub fn log_outcome(event_type: &str, outcome: EventOutcome) {
    let reason = outcome.reason();
    match outcome {
        EventOutcome::Parked(_) | EventOutcome::Deferred(_) | EventOutcome::Ignored(Ignored::OtherMode) => {
            tracing::warn!(event_type, outcome = outcome.as_str(), reason, "event");
        }
        _ => tracing::info!(event_type, outcome = outcome.as_str(), reason, "event"),
    }
}

/// Counts the outcome of a delivery. Alarms look at the counts without a label: of parked events, and of
/// events of the other mode.
pub(crate) fn count_outcome(outcome: EventOutcome, metrics: &Metrics) {
    metrics.count_labelled("Events", ("outcome", outcome.as_str()), 1);
    match outcome {
        EventOutcome::Applied | EventOutcome::Repeated => {}
        EventOutcome::Ignored(reason) => {
            metrics.count_labelled("EventsIgnored", ("reason", reason.as_str()), 1);
            if reason == Ignored::OtherMode {
                metrics.count("EventsOfOtherMode", 1);
            }
        }
        EventOutcome::Parked(reason) => {
            metrics.count_labelled("EventsParked", ("reason", reason.as_str()), 1);
            metrics.count("EventsParked", 1);
        }
        EventOutcome::Deferred(reason) => {
            metrics.count_labelled("EventsDeferred", ("reason", reason.as_str()), 1);
        }
        EventOutcome::Lookup(reason) => {
            metrics.count_labelled("EventsLookedUp", ("reason", reason.as_str()), 1);
        }
    }
}
