//! One request: from the bytes to the answer that Stripe gets.
//!
//! Only a wrong signature and an oversized body are answered with 4xx, and only what may go better later
//! with 5xx: Stripe repeats an event that is not answered with 2xx for three days.

use std::sync::Arc;

use intake::{
    Beside, EventContext, EventOutcome, Failure, Ignored, ParkReason, ParkedPurchase, ProviderEvents,
    UnreadDelivery, answer_of, apply_delivery, log_outcome, log_unreadable,
};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::log;
use lambda::metrics::Metrics;
use lambda::secrets::SecretSource;
use ledger::{Provider, Timestamp};
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;
use purchase_lines::UpgradeTermAt;
use stripe_events::{
    Event, EventKind, Fetched, PAYLOAD_BYTES_MAX, SignatureError, Unreadable, Verified, parse, verify,
};

use crate::dispatch::apply_event;
use crate::parked_subject::purchase_of;
use crate::signing::Signing;

/// What the webhook needs.
#[derive(Debug)]
pub struct Webhook<S> {
    pub tables: Tables,
    /// The secrets that Stripe signs with.
    pub signing: Signing<S>,
    /// Whether events of live mode are the real ones here.
    pub livemode: bool,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
    /// How the link of a customer, whose event may be a moment behind, is waited for.
    pub link_wait: Backoff,
    /// The term of each product's upgrades.
    /// The term of each product's upgrades: `on_upgrade_at`, and another one in tests.
    /// What events are applied by, looked at again where a price is not known.
    pub policies: Arc<PublishedPolicies>,
    pub on_upgrade: UpgradeTermAt,
}

/// Answers one delivery of an event.
pub async fn handle<S: SecretSource>(
    webhook: &Webhook<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let payload = request.body_bytes(PAYLOAD_BYTES_MAX)?;
    let secrets = webhook.signing.secrets(now).await.map_err(Problem::unavailable)?;
    let header = request.header("stripe-signature").unwrap_or_default();
    let verified = verify(&payload, header, &secrets, now).map_err(|error| not_signed(error, metrics))?;
    metrics.count_labelled("EventsVerified", ("secret", verified.secret()), 1);
    answer_of(apply_delivery(webhook, verified.payload(), invocation).await)
}

impl<S> ProviderEvents for Webhook<S> {
    type Event = Event;

    fn provider(&self) -> Provider {
        Provider::Stripe
    }

    fn tables(&self) -> &Tables {
        &self.tables
    }

    async fn learns_prices(&self, now: Timestamp) -> bool {
        self.policies.look_again(now).await
    }

    fn read(&self, payload: &[u8]) -> Result<Event, UnreadDelivery> {
        parse(&Verified::kept(payload)).map_err(|unreadable| UnreadDelivery {
            outcome: outcome_of_unreadable(self, &unreadable),
            id: unreadable.id.map(|id| id.as_str().to_owned()),
        })
    }

    fn event_id<'e>(&self, event: &'e Event) -> &'e str {
        event.id.as_str()
    }

    fn about(&self, event: &Event) -> ParkedPurchase {
        purchase_of(event)
    }

    fn takes_an_account(&self, event: &Event) -> bool {
        // Nothing but a checkout takes its account from elsewhere than its customer.
        event.event_type.starts_with("checkout.session.")
    }

    fn completed(&self, payload: &[u8], fetched: &[u8]) -> Option<Vec<u8>> {
        let fetched = serde_json::from_slice::<Fetched>(fetched).ok()?;
        Some(fetched.completing(&Verified::kept(payload)))
    }

    /// Applies an event, unless it is not about this endpoint's own money.
    async fn apply(
        &self,
        event: &Event,
        Beside { now, looked_up, linked }: Beside<'_>,
        metrics: &Metrics,
    ) -> Result<EventOutcome, Failure> {
        log::cause(event.id.as_str());
        let outcome = if let Some(reason) = foreign(self, event) {
            EventOutcome::Ignored(reason)
        } else {
            let context = EventContext {
                tables: &self.tables,
                backoff: &self.backoff,
                link_wait: &self.link_wait,
                provider: Provider::Stripe,
                event_id: event.id.as_str(),
                happened_at: event.created,
                now,
                metrics,
                looked_up,
                linked,
            };
            apply_event(&context, &event.kind, self.on_upgrade).await?
        };
        log_outcome(event.event_type.as_str(), outcome);
        Ok(outcome)
    }
}

/// Events that are not about this endpoint's own money. They are ignored even where they cannot be read.
fn foreign<S>(webhook: &Webhook<S>, event: &Event) -> Option<Ignored> {
    if event.livemode != webhook.livemode {
        Some(Ignored::OtherMode)
    } else if event.account.is_some() || event.context.is_some() {
        Some(Ignored::ConnectedAccount)
    } else if matches!(event.kind, EventKind::Thin { .. }) {
        Some(Ignored::Thin)
    } else {
        None
    }
}

/// The outcome of an event that cannot be read.
fn outcome_of_unreadable<S>(webhook: &Webhook<S>, unreadable: &Unreadable) -> EventOutcome {
    if let Some(id) = &unreadable.id {
        log::cause(id.as_str());
    }
    let outcome = if unreadable.livemode.is_some_and(|livemode| livemode != webhook.livemode) {
        EventOutcome::Ignored(Ignored::OtherMode)
    } else if unreadable.account.is_some() {
        EventOutcome::Ignored(Ignored::ConnectedAccount)
    } else {
        EventOutcome::Parked(ParkReason::Unreadable)
    };
    log_unreadable(unreadable.event_type.as_deref(), outcome, unreadable);
    outcome
}

fn not_signed(error: SignatureError, metrics: &Metrics) -> Problem {
    let reason = match error {
        SignatureError::HeaderEmpty => "header_empty",
        SignatureError::HeaderTooLong { .. } | SignatureError::TooManySignatures => "header_too_long",
        SignatureError::PayloadEmpty => "payload_empty",
        SignatureError::PayloadTooLong { .. } => "payload_too_long",
        SignatureError::TimestampMissing
        | SignatureError::TimestampRepeated
        | SignatureError::TimestampMalformed => "timestamp",
        SignatureError::SignatureMissing => "no_signature",
        SignatureError::Mismatch => "mismatch",
        SignatureError::TooOld { .. } => "too_old",
        SignatureError::InFuture { .. } => {
            // It is genuine, so the clock here is behind.
            metrics.count("ClockSkew", 1);
            "in_future"
        }
    };
    metrics.count_labelled("SignaturesRefused", ("reason", reason), 1);
    Problem::new(ProblemKind::InvalidSignature).caused_by(error)
}
