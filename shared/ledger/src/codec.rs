//! The stored form of an entry: compact JSON with short names, hashed as it is stored.
//!
//! A typical entry stays below 1 KB, which is one write unit of DynamoDB; `docs/PERFORMANCE.md` has the
//! measured sizes. So nothing is written twice: the account is the item's key, and bound to the entries by
//! the hash that the first of them names as its predecessor's ([`Hash::genesis`]); a hold that is placed
//! stands in the account afterwards, and the change names its place there; a hold's product is that of its
//! lots (`S0-20`), and its service that of the entry unless it names another. The body names its
//! [`SCHEMA`], so that a later form can be told apart.

mod change;
mod monthly;
mod scalar;
mod state;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::{AccountId, Actor, Cause, Draft, Hash, PolicyRef, Provider};
use change::ChangeForm;
use scalar::instant;
pub use scalar::{CodecError, SCHEMA};
use state::AccountForm;

#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    n: u64,
    /// The hash of the entry before, in base64.
    p: String,
    t: i64,
    c: CauseForm,
    by: ActorForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pol: Option<(String, String)>,
    ch: Vec<ChangeForm>,
    s: AccountForm,
}

#[derive(Serialize, Deserialize)]
enum CauseForm {
    #[serde(rename = "e")]
    StripeEvent(String),
    #[serde(rename = "ce")]
    CreemEvent(String),
    #[serde(rename = "g")]
    Generation,
    #[serde(rename = "s")]
    Sweep(i64),
    #[serde(rename = "r")]
    RefundRequest(String),
    /// The adjustment, and its clause.
    #[serde(rename = "a")]
    Adjustment(String, String),
    #[serde(rename = "im")]
    Import(String),
    #[serde(rename = "o")]
    Operator(String),
}

#[derive(Serialize, Deserialize)]
enum ActorForm {
    #[serde(rename = "st")]
    Stripe,
    #[serde(rename = "cr")]
    Creem,
    #[serde(rename = "sv")]
    Service(String),
    #[serde(rename = "sc")]
    Schedule,
    #[serde(rename = "po")]
    Policy,
    #[serde(rename = "su")]
    Support(String),
    #[serde(rename = "cu")]
    Customer,
    #[serde(rename = "op")]
    Operator,
}

/// Encodes an entry.
pub(crate) fn encode(draft: &Draft, number: u64, previous: Hash) -> Result<String, CodecError> {
    let body = Body {
        v: SCHEMA,
        n: number,
        p: URL_SAFE_NO_PAD.encode(previous.0),
        t: draft.at.as_ms(),
        c: cause_form(&draft.cause),
        by: actor_form(&draft.actor),
        pol: draft.policy.as_ref().map(|policy| (policy.document.clone(), policy.version.clone())),
        ch: draft
            .changes
            .iter()
            .map(|change| ChangeForm::of(change, &draft.after))
            .collect::<Result<_, _>>()?,
        s: AccountForm::of(&draft.after, &draft.actor),
    };
    Ok(serde_json::to_string(&body)?)
}

/// Decodes an entry of `account`: what it says, its number and the hash of the entry before it.
pub(crate) fn decode(account: AccountId, body: &str) -> Result<(Draft, u64, Hash), CodecError> {
    let body: Body = serde_json::from_str(body)?;
    if body.v != SCHEMA {
        return Err(CodecError::Schema(body.v));
    }
    let actor = match body.by {
        ActorForm::Stripe => Actor::Provider(Provider::Stripe),
        ActorForm::Creem => Actor::Provider(Provider::Creem),
        ActorForm::Service(name) => Actor::Service(name),
        ActorForm::Schedule => Actor::Schedule,
        ActorForm::Policy => Actor::Policy,
        ActorForm::Support(sub) => Actor::Support(sub),
        ActorForm::Customer => Actor::Customer,
        ActorForm::Operator => Actor::Operator,
    };
    let after = body.s.read(&actor)?;
    let previous: Option<[u8; 32]> =
        URL_SAFE_NO_PAD.decode(body.p).ok().and_then(|hash| hash.try_into().ok());
    let draft = Draft {
        account,
        at: instant(body.t)?,
        cause: match body.c {
            CauseForm::StripeEvent(id) => Cause::ProviderEvent(Provider::Stripe, id),
            CauseForm::CreemEvent(id) => Cause::ProviderEvent(Provider::Creem, id),
            CauseForm::Generation => Cause::Generation,
            CauseForm::Sweep(at) => Cause::Sweep(instant(at)?),
            CauseForm::RefundRequest(id) => Cause::RefundRequest(id),
            CauseForm::Adjustment(id, clause) => Cause::Adjustment { id: id.parse()?, clause },
            CauseForm::Import(id) => Cause::Import(id.parse()?),
            CauseForm::Operator(reason) => Cause::Operator(reason),
        },
        actor,
        policy: body.pol.map(|(document, version)| PolicyRef { document, version }),
        changes: body.ch.into_iter().map(|change| change.read(&after)).collect::<Result<_, _>>()?,
        after,
    };
    Ok((draft, body.n, Hash(previous.ok_or(CodecError::Number)?)))
}

fn cause_form(cause: &Cause) -> CauseForm {
    match cause {
        Cause::ProviderEvent(Provider::Stripe, id) => CauseForm::StripeEvent(id.clone()),
        Cause::ProviderEvent(Provider::Creem, id) => CauseForm::CreemEvent(id.clone()),
        Cause::Generation => CauseForm::Generation,
        Cause::Sweep(at) => CauseForm::Sweep(at.as_ms()),
        Cause::RefundRequest(id) => CauseForm::RefundRequest(id.clone()),
        Cause::Adjustment { id, clause } => CauseForm::Adjustment(id.as_str().to_owned(), clause.clone()),
        Cause::Import(id) => CauseForm::Import(id.as_str().to_owned()),
        Cause::Operator(reason) => CauseForm::Operator(reason.clone()),
    }
}

fn actor_form(actor: &Actor) -> ActorForm {
    match actor {
        Actor::Provider(Provider::Stripe) => ActorForm::Stripe,
        Actor::Provider(Provider::Creem) => ActorForm::Creem,
        Actor::Service(name) => ActorForm::Service(name.clone()),
        Actor::Schedule => ActorForm::Schedule,
        Actor::Policy => ActorForm::Policy,
        Actor::Support(sub) => ActorForm::Support(sub.clone()),
        Actor::Customer => ActorForm::Customer,
        Actor::Operator => ActorForm::Operator,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// The fixture has a line for each body.
    #[test]
    fn a_stored_body_is_encoded_as_the_same_bytes() {
        let account = AccountId::new("customer-1").unwrap();
        let (mut changes, mut causes, mut actors) = (HashSet::new(), HashSet::new(), HashSet::new());
        for body in include_str!("../tests/stored/entries.jsonl").lines() {
            let (draft, number, previous) = decode(account.clone(), body).unwrap();
            assert_eq!(encode(&draft, number, previous).unwrap(), body);
            changes.extend(draft.changes.iter().map(std::mem::discriminant));
            causes.insert(std::mem::discriminant(&cause_form(&draft.cause)));
            actors.insert(std::mem::discriminant(&actor_form(&draft.actor)));
        }
        assert_eq!((changes.len(), causes.len(), actors.len()), (31, 8, 8), "the fixture has every kind");
    }

    #[test]
    fn a_stored_word_that_is_not_known_is_an_error() {
        let account = AccountId::new("customer-1").unwrap();
        let body = include_str!("../tests/stored/entries.jsonl").lines().nth(1).unwrap();
        for (known, unknown) in [
            (r#"{"rv":[[1,5],2,1]}"#, r#"{"rv":[[1,5],2,2]}"#),
            (r"[1793491200000,1]]", r"[1793491200000,2]]"),
            (r"[1793491200000,1]]", r"[1793491200000,1,4294967296]]"),
            (r"[1793491200000,1]]", r"[1793491200000,1,7,7]]"),
            (r#""sus","res""#, r#""sus","rest""#),
            (r#"{"sv":"renderer"}"#, r#"{"sw":"renderer"}"#),
        ] {
            assert!(body.contains(known), "{known}");
            assert!(decode(account.clone(), &body.replace(known, unknown)).is_err(), "{unknown}");
        }
    }
}
