//! Disputes: reading one, and giving the cardholder's bank the company's evidence.
//!
//! Evidence is **staged** at Stripe as often as wanted, and **submitted** once: Stripe sends it to the bank
//! and takes no more. A call with evidence submits it unless it says `submit=false`
//! (<https://docs.stripe.com/api/disputes/update>), so that every call here says which of the two it is.
//!
//! How evidence is submitted once: the intent and its idempotency key are stored before the first call. Any
//! later attempt first reads the dispute, whose [`StripeDispute::submission_count`] says whether an earlier
//! one was carried out.

use hyper::Method;
use primitives::{DisputeId, Money, PaymentId, Timestamp};
use serde::Deserialize;
use stripe_events::DisputeStatus;

use crate::client::{IdempotencyKey, StripeClient};
use crate::error::StripeError;
use crate::wire::{Reference, money, unreadable};

/// Stripe's bound on one text of the evidence, in characters (<https://docs.stripe.com/api/disputes/update>).
pub const EVIDENCE_TEXT_CHARACTERS_MAX: usize = 20_000;
/// Stripe's bound on all texts of the evidence together, in characters.
pub const EVIDENCE_CHARACTERS_MAX: usize = 150_000;

/// A dispute as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeDispute {
    pub id: DisputeId,
    /// The payment that is disputed; absent for a charge without one.
    pub payment: Option<PaymentId>,
    /// What is disputed: it may be less than the payment, or more.
    pub amount: Money,
    /// Stripe's word for the network's reason, like `product_not_received`.
    pub reason: String,
    pub status: DisputeStatus,
    pub created: Timestamp,
    /// Until when evidence is taken; `None` if none is.
    pub due_by: Option<Timestamp>,
    /// Whether evidence is staged or submitted.
    pub has_evidence: bool,
    /// How often evidence was submitted: once for an inquiry, and once more for the dispute that it becomes.
    pub submission_count: u32,
}

/// Evidence as it is ordered; the same for every repetition under one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceOrder {
    pub dispute: DisputeId,
    /// Stripe's names of the fields and what each says; an empty text removes what was staged there.
    pub texts: Vec<(&'static str, String)>,
    /// Whether Stripe sends it to the bank, together with what was staged elsewhere, or only keeps it.
    pub submit: bool,
}

#[derive(Deserialize)]
struct DisputeWire {
    id: String,
    payment_intent: Option<Reference>,
    amount: u64,
    currency: String,
    reason: String,
    status: String,
    created: i64,
    evidence_details: EvidenceDetailsWire,
}

#[derive(Deserialize)]
struct EvidenceDetailsWire {
    /// Null or 0 where no answer is possible.
    due_by: Option<i64>,
    #[serde(default)]
    has_evidence: bool,
    #[serde(default)]
    submission_count: u32,
}

impl TryFrom<DisputeWire> for StripeDispute {
    type Error = StripeError;

    fn try_from(wire: DisputeWire) -> Result<Self, StripeError> {
        let payment = wire.payment_intent.map(|payment| PaymentId::new(payment.into_id())).transpose();
        let due_by = wire.evidence_details.due_by.filter(|second| *second != 0);
        Ok(Self {
            id: DisputeId::new(wire.id).map_err(unreadable("`id` of a dispute"))?,
            payment: payment.map_err(unreadable("`payment_intent` of a dispute"))?,
            amount: money(wire.amount, &wire.currency)?,
            reason: wire.reason,
            status: DisputeStatus::from(wire.status.as_str()),
            created: Timestamp::from_s(wire.created).map_err(unreadable("`created` of a dispute"))?,
            due_by: due_by.map(Timestamp::from_s).transpose().map_err(unreadable("`due_by` of a dispute"))?,
            has_evidence: wire.evidence_details.has_evidence,
            submission_count: wire.evidence_details.submission_count,
        })
    }
}

impl StripeClient {
    /// A dispute; one that Stripe does not know is declined as missing.
    pub async fn dispute(&self, id: &DisputeId) -> Result<StripeDispute, StripeError> {
        let request = self.request(Method::GET, &format!("/v1/disputes/{id}"), String::new());
        self.call::<DisputeWire>(request).await?.try_into()
    }

    /// Makes one attempt to stage or submit evidence, and returns the dispute as it is afterwards. Stripe
    /// declines it after the deadline, and once the bank has it.
    pub async fn give_evidence(
        &self,
        order: &EvidenceOrder,
        key: &IdempotencyKey,
    ) -> Result<StripeDispute, StripeError> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("submit", if order.submit { "true" } else { "false" });
        for (name, text) in &order.texts {
            form.append_pair(&format!("evidence[{name}]"), text);
        }
        let request = self.form(&format!("/v1/disputes/{}", order.dispute), form.finish(), key);
        self.call::<DisputeWire>(request).await?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::stand_in::{API_KEY, BuyPack, Emission, Fault, OpenDispute, Operation, StripeStandIn};

    use super::*;
    use crate::config::{SecretKey, StripeConfig};
    use crate::error::Decline;
    use provider_http::{Timeouts, TookEffect};

    fn order(dispute: &DisputeId, text: &str, submit: bool) -> EvidenceOrder {
        let texts = vec![("product_description", text.to_owned())];
        EvidenceOrder { dispute: dispute.clone(), texts, submit }
    }

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::new(text).unwrap()
    }

    /// A stand-in with a disputed payment of 10.00 USD.
    async fn disputed() -> (StripeStandIn, StripeClient, DisputeId) {
        let stripe = StripeStandIn::start().await.unwrap();
        let bought = stripe.buy_pack(&BuyPack::of("account-1", "price_pack", 1000), &Emission::default());
        let payment = bought.unwrap().payment.unwrap();
        let opened = stripe.open_dispute(&OpenDispute::of(&payment), &Emission::default()).unwrap();
        let timeouts = Timeouts { connect: Duration::from_secs(5), answer: Duration::from_millis(500) };
        let secret_key = SecretKey::new(API_KEY).unwrap();
        let config = StripeConfig { base_url: stripe.base_url(), secret_key, timeouts };
        let client = StripeClient::new(&config).unwrap();
        (stripe, client, DisputeId::new(opened.dispute.unwrap()).unwrap())
    }

    #[tokio::test]
    async fn evidence_is_staged_read_and_submitted() {
        let (stripe, client, id) = disputed().await;
        let seen = client.dispute(&id).await.unwrap();
        assert_eq!((seen.status.as_str(), seen.reason.as_str()), ("needs_response", "fraudulent"));
        assert_eq!(seen.payment.as_ref().map(PaymentId::as_str), Some(stripe.payments()[0].id.as_str()));
        assert_eq!((seen.amount.minor(), seen.has_evidence, seen.submission_count), (1000, false, 0));
        let staged = client.give_evidence(&order(&id, "A pack.", false), &key("k1")).await.unwrap();
        assert_eq!((staged.status.as_str(), staged.has_evidence), ("needs_response", true));
        let submitted = client.give_evidence(&order(&id, "A pack!", true), &key("k2")).await.unwrap();
        assert_eq!((submitted.status.as_str(), submitted.submission_count), ("under_review", 1));
        assert_eq!(stripe.disputes()[0].evidence["product_description"], "A pack!");
        let refused = client.give_evidence(&order(&id, "More.", true), &key("k3")).await.unwrap_err();
        assert_eq!(refused.made(), TookEffect::No, "{refused:?}");
    }

    #[tokio::test]
    async fn a_submission_whose_answer_was_lost_is_seen_at_the_dispute() {
        let (stripe, client, id) = disputed().await;
        stripe.plan(Operation::UpdateDispute, 1, Fault::TimeoutAfterActing);
        let lost = client.give_evidence(&order(&id, "A pack.", true), &key("k1")).await.unwrap_err();
        assert_eq!(lost.made(), TookEffect::Unknown);
        assert_eq!(client.dispute(&id).await.unwrap().submission_count, 1);
        let again = client.give_evidence(&order(&id, "A pack.", true), &key("k1")).await.unwrap();
        assert_eq!((again.submission_count, stripe.disputes()[0].submission_count), (1, 1));
    }

    #[tokio::test]
    async fn a_dispute_that_stripe_does_not_know_is_declined_as_missing() {
        let (_stripe, client, _) = disputed().await;
        let missing = client.dispute(&DisputeId::new("du_other").unwrap()).await.unwrap_err();
        assert!(matches!(missing, StripeError::Declined(Decline::ResourceMissing)), "{missing:?}");
    }

    #[test]
    fn a_dispute_that_cannot_be_answered_has_no_deadline() {
        let read = |due_by: &str| {
            let body = format!(
                r#"{{"id":"du_1","amount":5,"currency":"usd","reason":"general","status":"lost",
                "created":1777000000,"payment_intent":null,"evidence_details":{{"due_by":{due_by}}}}}"#
            );
            StripeDispute::try_from(crate::wire::read::<DisputeWire>(body.as_bytes()).unwrap()).unwrap()
        };
        assert_eq!((read("null").due_by, read("0").due_by), (None, None));
        assert_eq!(read("1777600000").due_by, Some(Timestamp::from_s(1_777_600_000).unwrap()));
        assert_eq!(read("0").payment, None);
    }
}
