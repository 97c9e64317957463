//! The form of what payments bring month by month.

use serde::{Deserialize, Serialize};

use super::scalar::{CodecError, credits, flag, instant};
use crate::{FurtherGrants, LotId, MonthlyGrants, PastUse, Timestamp};

/// Payment, first lot, subscription, product, the period's end, further lots with the credits of each and
/// whether each replaces (1) or adds (0), how many have come, left-over time in seconds, from when on none
/// comes, whether the payment is refunded (1) or not (0), and where lots have left, what was spent of them
/// with their captures and the doubtful ones of those.
#[derive(Serialize, Deserialize)]
pub(super) struct MonthlyForm(
    String,
    u32,
    String,
    String,
    i64,
    (u32, u64, u8),
    u32,
    Option<u64>,
    Option<i64>,
    u8,
    #[serde(default, skip_serializing_if = "Option::is_none")] Option<(u64, u32, u32)>,
);

impl MonthlyForm {
    pub(super) fn of(monthly: &MonthlyGrants) -> Self {
        let FurtherGrants { grants, each, replaces } = monthly.further;
        let past = monthly.past;
        Self(
            monthly.payment.as_str().to_owned(),
            monthly.first.0,
            monthly.subscription.as_str().to_owned(),
            monthly.product.as_str().to_owned(),
            monthly.ends_at.as_ms(),
            (grants, each.get(), u8::from(replaces)),
            monthly.made,
            monthly.leftover_s,
            monthly.until.map(Timestamp::as_ms),
            u8::from(monthly.stopped),
            (past != PastUse::default()).then(|| (past.spent.get(), past.captures, past.unusable)),
        )
    }

    pub(super) fn read(self) -> Result<MonthlyGrants, CodecError> {
        let Self(
            payment,
            first,
            subscription,
            product,
            ends_at,
            further,
            made,
            leftover_s,
            until,
            stopped,
            past,
        ) = self;
        let (grants, each, replaces) = further;
        let (spent, captures, unusable) = past.unwrap_or_default();
        Ok(MonthlyGrants {
            payment: payment.parse()?,
            first: LotId(first),
            subscription: subscription.parse()?,
            product: product.parse()?,
            ends_at: instant(ends_at)?,
            further: FurtherGrants { grants, each: credits(each)?, replaces: flag(replaces)? },
            made,
            leftover_s,
            until: until.map(instant).transpose()?,
            stopped: flag(stopped)?,
            past: PastUse { spent: credits(spent)?, captures, unusable },
        })
    }
}
