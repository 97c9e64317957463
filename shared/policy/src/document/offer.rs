//! What can be offered beside or in place of a refund.

use serde::{Deserialize, Serialize};

use super::rule::RemedyRule;
use crate::named::named;

/// Something that is offered to the customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferRule {
    /// Its name within the document.
    pub id: String,
    /// The clause that promises it.
    pub clause: String,
    pub kind: OfferKind,
    /// How what it is worth is computed.
    pub remedy: Option<RemedyRule>,
    /// A discount in hundredths.
    pub percent: Option<u32>,
    /// How long the credits that it brings can be used, in seconds; `None` never ends.
    pub usable_s: Option<u64>,
    /// What the customer reads.
    pub text: String,
}

named! {
    /// What is offered. An offer is never the price of an entitlement: declining it changes nothing (S3-26).
    OfferKind {
        /// Another generation that costs nothing.
        FreeRetry "free_retry",
        /// Another generation that is paid as any other.
        Retry "retry",
        /// Credits in place of those that were used.
        ReplacementCredits "replacement_credits",
        /// A part of a period's credits.
        ProratedCredits "prorated_credits",
        /// A part of the payment.
        ProratedRefund "prorated_refund",
        /// All of the payment that is left.
        Refund "refund",
        /// The credits that were bought.
        Credits "credits",
        /// A lower price of the next renewal.
        Discount "discount",
        /// Advice on which model or prompt fits.
        Advice "advice",
        /// A person's help.
        ManualHelp "manual_help",
    }
}
