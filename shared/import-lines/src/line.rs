//! The form of a line: JSON with every member named. `docs/IMPORT.md` and
//! `infra/schemas/import-account.schema.json` describe it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::mistake::FieldMistake;

/// One account. Instants are RFC 3339.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLine {
    /// The `sub` of the customer's tokens.
    pub account: String,
    /// When the balance was read: what was charged later comes by its events.
    pub as_of: String,
    /// The customer's ids at the providers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<SubscriptionLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<PaymentLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<LotLine>,
}

/// A subscription as the provider has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionLine {
    pub id: String,
    /// `stripe` or `creem`.
    #[serde(default = "stripe", skip_serializing_if = "is_stripe")]
    pub provider: String,
    pub price: String,
    /// The provider's word: `active`, `past_due`, `canceled`.
    pub status: String,
    /// The end of the period that is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ends_at: Option<String>,
    /// When the customer confirmed the cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancellation_confirmed_at: Option<String>,
    /// When a confirmed cancellation takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancels_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
}

/// A payment with one purchase.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaymentLine {
    /// Stripe's PaymentIntent, or the invoice if nothing else is known; Creem's transaction.
    pub id: String,
    #[serde(default = "stripe", skip_serializing_if = "is_stripe")]
    pub provider: String,
    /// The price of the catalogue: product and kind follow from it.
    pub price: String,
    /// What was paid through the provider, in minor units.
    pub amount_minor: u64,
    pub currency: String,
    pub charged_at: String,
    /// All credits that it bought, also those that come month by month.
    pub credits: u64,
    /// The subscription that was charged, for a plan's price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<String>,
    /// Stripe's word for why a subscription was charged: `subscription_create` or `subscription_cycle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_reason: Option<String>,
    /// The period that a subscription's charge paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<PeriodLine>,
    /// The invoice that it paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<String>,
    /// What else it is called: its charge, its checkout session, the numbers of its invoice and receipt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Refunds that have not failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<RefundLine>,
    #[serde(default, skip_serializing_if = "BuyerLine::is_empty")]
    pub buyer: BuyerLine,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodLine {
    pub starts_at: String,
    pub ends_at: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundLine {
    pub id: String,
    pub amount_minor: u64,
    pub made_at: String,
}

/// What is known of who bought, as far as policies ask.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuyerLine {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_waived: Option<bool>,
}

impl BuyerLine {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How a lot came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LotKindName {
    /// By a one-time payment.
    Pack,
    /// By a subscription's payment.
    Subscription,
    /// Without a payment.
    Compensation,
}

impl LotKindName {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pack => "pack",
            Self::Subscription => "subscription",
            Self::Compensation => "compensation",
        }
    }
}

/// Credits that came together, and what is left of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotLine {
    pub kind: LotKindName,
    pub product: String,
    /// The payment that bought it; none of a compensation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<String>,
    pub granted: u64,
    /// What can still be used. The rest is spent, but for what is expired or revoked.
    pub left: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub expired: u64,
    /// What a refund has taken back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub revoked: u64,
    /// When it came; when its payment was charged if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// How many generations its spent credits paid for; not given, a rule that asks for it is left to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generations: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<String>,
}

fn stripe() -> String {
    "stripe".to_owned()
}

fn is_stripe(provider: &str) -> bool {
    provider == "stripe"
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(credits: &u64) -> bool {
    *credits == 0
}

impl AccountLine {
    /// Reads a line of JSON; the mistake names the member that has another form.
    pub fn read(text: &str) -> Result<Self, FieldMistake> {
        let mut read = serde_json::Deserializer::from_str(text);
        let line: Self = serde_path_to_error::deserialize(&mut read).map_err(|error| {
            let path = error.path().to_string();
            // Its own words, without the place in the text.
            let expected = error.into_inner().to_string();
            let expected = expected.split(" at line ").next().unwrap_or_default().to_owned();
            FieldMistake { pointer: pointer_of(&path), expected }
        })?;
        match read.end() {
            Ok(()) => Ok(line),
            Err(_) => Err(FieldMistake { pointer: "#".to_owned(), expected: "one JSON object".to_owned() }),
        }
    }

    /// SHA-256 of what the line says, in the same bytes whatever the order and the spaces of its text.
    #[expect(clippy::missing_panics_doc, reason = "texts and numbers have a JSON form")]
    pub fn digest(&self) -> [u8; 32] {
        let text = serde_json::to_vec(self).expect("texts and numbers have a JSON form");
        let mut hash = Sha256::new();
        hash.update(b"import.v1\n");
        hash.update(text);
        hash.finalize().into()
    }
}

/// `lots[0].left` as a JSON pointer.
fn pointer_of(path: &str) -> String {
    if path == "." {
        return "#".to_owned();
    }
    let steps = path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
    format!("#/{}", steps.collect::<Vec<_>>().join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_another_form_is_named() {
        for (text, pointer) in [
            ("", "#"),
            ("{}", "#"),
            (r#"{"account":"a","as_of":"2026-11-28T22:00:00Z","balance":7}"#, "#/balance"),
            (r#"{"account":"a","as_of":7}"#, "#/as_of"),
            (
                r#"{"account":"a","as_of":"x","lots":[{"kind":"pack","product":"p","granted":1,"left":-1}]}"#,
                "#/lots/0/left",
            ),
            (r#"{"account":"a","as_of":"x"} {}"#, "#"),
        ] {
            assert_eq!(AccountLine::read(text).unwrap_err().pointer, pointer, "{text}");
        }
    }

    /// Digests are stored: each is the same in every release.
    #[test]
    fn a_digest_depends_on_what_a_line_says() {
        let read = |text: &str| AccountLine::read(text).unwrap().digest();
        let one = read(r#"{"account":"a","as_of":"2026-11-28T22:00:00Z"}"#);
        assert_eq!(one, read(r#"{ "as_of": "2026-11-28T22:00:00Z", "account": "a", "lots": [] }"#));
        assert_ne!(one, read(r#"{"account":"a","as_of":"2026-11-28T22:00:01Z"}"#));
        // Stored marks hold it: another version has to find the same.
        assert_eq!(one[..4], [2, 201, 250, 29]);
    }
}
