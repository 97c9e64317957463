//! Plain words for what the ledger keeps.

use ledger::{Actor, Cause, Credits, LotKind, Money, Payment, PaymentKind, ReleaseReason, Timestamp};
use policy::money_text;

/// An instant as `2026-05-02 10:00:00`, UTC.
pub(crate) fn instant(at: Timestamp) -> String {
    // RFC 3339 in ASCII: date and time are its first nineteen characters.
    at.to_string().replace('T', " ").chars().take(19).collect()
}

/// An instant of milliseconds since 1970 as `2026-05-02 10:00:00`, UTC.
pub(crate) fn milliseconds(at_ms: i64) -> String {
    Timestamp::from_ms(at_ms).map_or_else(|_| at_ms.to_string(), instant)
}

/// How long ago an instant was: `12 min`, `5 h` or `3 d`.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let seconds = now.seconds_since(since).max(0);
    let unit = UNITS.iter().find(|(length_s, _)| seconds >= *length_s);
    unit.map_or_else(
        || "now".to_owned(),
        |(length_s, name)| format!("{} {name}", seconds.checked_div(*length_s).unwrap_or_default()),
    )
}

/// An amount as people write it: `9.00 USD`.
pub(crate) fn money(amount: Money) -> String {
    money_text(amount.minor(), amount.currency().as_str())
}

/// A count with its noun.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Credits with their noun.
pub(crate) fn credits(credits: Credits) -> String {
    format!("{credits} {}", if credits.get() == 1 { "credit" } else { "credits" })
}

/// What made an entry, and who.
pub(crate) fn cause(cause: &Cause, actor: &Actor) -> String {
    let what = match cause {
        Cause::ProviderEvent(provider, id) => format!("{} event {id}", provider.title()),
        Cause::Generation => return self::actor(actor),
        Cause::Sweep(at) => format!("sweep of {}", instant(*at)),
        Cause::RefundRequest(id) => format!("request {id}"),
        Cause::Adjustment { id, clause } => format!("adjustment {id} under {clause}"),
        Cause::Import(id) => format!("import {id}"),
        Cause::Operator(reason) => format!("operator: {reason}"),
    };
    match (cause, actor) {
        (Cause::ProviderEvent(..), Actor::Provider(_))
        | (Cause::Sweep(_), Actor::Schedule)
        | (Cause::Operator(_) | Cause::Import(_), Actor::Operator) => what,
        _ => format!("{what}, by {}", self::actor(actor)),
    }
}

pub(crate) fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Provider(provider) => provider.title().to_owned(),
        Actor::Service(name) => format!("service {name}"),
        Actor::Schedule => "the schedule".to_owned(),
        Actor::Policy => "the policy".to_owned(),
        Actor::Support(sub) => format!("support {sub}"),
        Actor::Customer => "the customer".to_owned(),
        Actor::Operator => "an operator".to_owned(),
    }
}

/// Why a hold's credits went back.
pub(crate) fn release(reason: ReleaseReason) -> &'static str {
    match reason {
        ReleaseReason::Failed => "it failed",
        ReleaseReason::EmptySuccess => "it answered success with nothing in it",
        ReleaseReason::Deadline => "no outcome was known by its deadline",
    }
}

/// A lot's kind.
pub(crate) fn lot_kind(kind: &LotKind) -> String {
    match kind {
        LotKind::Pack => "pack".to_owned(),
        LotKind::Imported(import) => format!("without a payment, import {import}"),
        LotKind::Compensation(request) => format!("compensation of {request}"),
        LotKind::Adjustment(adjustment, purpose) => format!("{} of {adjustment}", purpose.as_str()),
        LotKind::WriteOff(adjustment) => format!("write-off of {adjustment}"),
        LotKind::Subscription(subscription) => format!("subscription {subscription}"),
    }
}

/// What a payment bought.
pub(crate) fn payment(payment: &Payment) -> String {
    let kind = match &payment.kind {
        PaymentKind::Pack => "pack".to_owned(),
        PaymentKind::Subscription { subscription, billing_reason } => {
            format!("{subscription}, {billing_reason}")
        }
    };
    format!("{kind}: {} for {} by {}", payment.price, money(payment.paid), payment.id)
}
