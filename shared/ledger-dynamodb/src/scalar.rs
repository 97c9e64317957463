//! Values within the stored forms: ids, instants, amounts, actors and fingerprints.

use ledger::{Actor, Credits, Currency, Money, Provider, Timestamp};

use crate::StoreError;

/// An actor's kind and who it is.
pub(crate) fn actor_form(actor: &Actor) -> (String, String) {
    let (kind, who) = match actor {
        Actor::Provider(provider) => (provider.as_str(), ""),
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
    if let Some(provider) = Provider::parse(kind) {
        return Ok(Actor::Provider(provider));
    }
    Ok(match kind {
        "service" => Actor::Service(who),
        "schedule" => Actor::Schedule,
        "policy" => Actor::Policy,
        "support" => Actor::Support(who),
        "customer" => Actor::Customer,
        "operator" => Actor::Operator,
        _ => return Err(StoreError::Unreadable("actor")),
    })
}

/// A provider's name in a stored form that was there before there were two: nothing of Stripe's.
pub(crate) fn provider_form(provider: Provider) -> Option<String> {
    (provider != Provider::Stripe).then(|| provider.as_str().to_owned())
}

pub(crate) fn provider(name: Option<&str>) -> Result<Provider, StoreError> {
    name.map_or(Some(Provider::Stripe), Provider::parse).ok_or(StoreError::Unreadable("provider"))
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
