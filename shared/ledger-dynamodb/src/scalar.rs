//! Values within the stored forms: ids, instants, amounts, actors and fingerprints.

use ledger::{Actor, Credits, Currency, Money, Timestamp};

use crate::StoreError;

/// An actor's kind and who it is.
pub(crate) fn actor_form(actor: &Actor) -> (String, String) {
    let (kind, who) = match actor {
        Actor::Stripe => ("stripe", ""),
        Actor::Service(name) => ("service", name.as_str()),
        Actor::Schedule => ("schedule", ""),
        Actor::Policy => ("policy", ""),
        Actor::Support(sub) => ("support", sub.as_str()),
        Actor::Customer => ("customer", ""),
        Actor::Operator => ("operator", ""),
    };
    (kind.to_owned(), who.to_owned())
}

pub(crate) fn actor(kind: &str, who: String) -> Result<Actor, StoreError> {
    Ok(match kind {
        "stripe" => Actor::Stripe,
        "service" => Actor::Service(who),
        "schedule" => Actor::Schedule,
        "policy" => Actor::Policy,
        "support" => Actor::Support(who),
        "customer" => Actor::Customer,
        "operator" => Actor::Operator,
        _ => return Err(StoreError::Unreadable("actor")),
    })
}

/// A fingerprint in lower-case hexadecimal.
pub(crate) fn hex(fingerprint: &[u8; 32]) -> String {
    fingerprint.iter().fold(String::with_capacity(64), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Result<[u8; 32], StoreError> {
    let unreadable = StoreError::Unreadable("fingerprint");
    let byte = |place: usize| u8::from_str_radix(text.get(place..place.checked_add(2)?)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
    bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(unreadable)
}

pub(crate) fn id<T: std::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Unreadable("id"))
}

pub(crate) fn instant(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_ms(milliseconds).map_err(|_| StoreError::Unreadable("instant"))
}

pub(crate) fn credits(count: u64) -> Result<Credits, StoreError> {
    Credits::new(count).map_err(|_| StoreError::Unreadable("credits"))
}

/// An amount in the smallest unit of its currency, and the currency.
pub(crate) fn money_form(money: Money) -> (u64, String) {
    (money.minor(), money.currency().as_str().to_owned())
}

pub(crate) fn money((minor, currency): &(u64, String)) -> Result<Money, StoreError> {
    Ok(Money::new(*minor, Currency::new(currency).map_err(|_| StoreError::Unreadable("currency"))?))
}
