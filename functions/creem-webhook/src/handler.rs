//! One request: from the bytes to the answer that Creem gets.
//!
//! Only a wrong signature and an oversized body are answered with 4xx, and only what may go better later
//! with 5xx: Creem repeats an event that is not answered with 2xx, five times within a day.

use std::sync::Arc;

use creem_events::{
    CREEM_PAYLOAD_BYTES_MAX, CreemEvent, CreemEventKind, CreemMode, CreemSignatureError, FetchedTransaction,
    SignatureHeaders, SignedByCreem, UnreadableEvent, parse, verify,
};
use intake::{
    Beside, EarlyExit, EventContext, EventOutcome, Failure, Ignored, ParkReason, ParkedPurchase,
    ProviderEvents, UnreadDelivery, answer_of, apply_delivery, log_outcome, log_unreadable,
};
use lambda::Invocation;
use lambda::backoff::Backoff;
use lambda::http::{Problem, ProblemKind, Request, Response};
use lambda::log;
use lambda::metrics::Metrics;
use lambda::secrets::SecretSource;
use ledger::{ExecuteError, Provider, Timestamp};
use ledger_dynamodb::Tables;
use published_policies::PublishedPolicies;

use crate::account::AccountClaims;
use crate::signing::Signing;
use crate::watch::watch_what_is_open;
use crate::{checkout, dispute, refund, subscription};

/// How the types begin of what Creem itself keeps as credits for a company. They are about no credits of
/// ours.
const CREDITS_OF_CREEM: [&str; 2] = ["credits.", "customer_credits."];

/// What the webhook needs.
#[derive(Debug)]
pub struct Webhook<S> {
    pub tables: Tables,
    /// The secrets that Creem signs with.
    pub signing: Signing<S>,
    /// Whether events of live mode are the real ones here.
    pub livemode: bool,
    /// How conflicts of writers are waited out.
    pub backoff: Backoff,
    /// How the link of a subscription, whose event may be a moment behind, is waited for.
    pub link_wait: Backoff,
    /// What events are applied by, looked at again where a price is not known.
    pub policies: Arc<PublishedPolicies>,
}

/// Answers one delivery of an event.
pub async fn handle<S: SecretSource>(
    webhook: &Webhook<S>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (now, metrics) = (invocation.now(), invocation.metrics());
    let payload = request.body_bytes(CREEM_PAYLOAD_BYTES_MAX)?;
    let secrets = webhook.signing.secrets(now).await.map_err(Problem::unavailable)?;
    let headers = SignatureHeaders::read(|name| request.header(name));
    let verified = verify(&payload, &headers, &secrets, now).map_err(|error| not_signed(error, metrics))?;
    metrics.count_labelled("EventsVerified", ("secret", verified.secret()), 1);
    answer_of(apply_delivery(webhook, verified.payload(), invocation).await)
}

impl<S> ProviderEvents for Webhook<S> {
    type Event = CreemEvent;

    fn provider(&self) -> Provider {
        Provider::Creem
    }

    fn tables(&self) -> &Tables {
        &self.tables
    }

    async fn learns_prices(&self, now: Timestamp) -> bool {
        self.policies.look_again(now).await
    }

    fn read(&self, payload: &[u8]) -> Result<CreemEvent, UnreadDelivery> {
        parse(&SignedByCreem::kept(payload)).map_err(|unreadable| UnreadDelivery {
            outcome: outcome_of_unreadable(self, &unreadable),
            id: unreadable.id.map(|id| id.as_str().to_owned()),
        })
    }

    fn event_id<'e>(&self, event: &'e CreemEvent) -> &'e str {
        event.id.as_str()
    }

    fn about(&self, event: &CreemEvent) -> ParkedPurchase {
        about(&event.kind)
    }

    fn takes_an_account(&self, event: &CreemEvent) -> bool {
        matches!(event.kind, CreemEventKind::CheckoutCompleted(_) | CreemEventKind::Subscription(..))
    }

    fn is_kept(&self, event: &CreemEvent) -> bool {
        let is_of_creem = CREDITS_OF_CREEM.iter().any(|prefix| event.event_type.starts_with(prefix));
        matches!(event.kind, CreemEventKind::Other) && !is_of_creem
    }

    fn completed(&self, payload: &[u8], fetched: &[u8]) -> Option<Vec<u8>> {
        let fetched = FetchedTransaction(serde_json::from_slice(fetched).ok()?);
        Some(fetched.completing(&SignedByCreem::kept(payload)))
    }

    /// Applies an event, and watches what it leaves open.
    async fn apply(
        &self,
        event: &CreemEvent,
        beside: Beside<'_>,
        metrics: &Metrics,
    ) -> Result<EventOutcome, Failure> {
        let outcome = apply_unwatched(self, event, beside, metrics).await?;
        watch_what_is_open(&self.tables, event, outcome, beside.now).await.map_err(ExecuteError::Store)?;
        Ok(outcome)
    }
}

/// Applies an event, unless it is of the other mode.
pub(crate) async fn apply_unwatched<S>(
    webhook: &Webhook<S>,
    event: &CreemEvent,
    Beside { now, looked_up, linked }: Beside<'_>,
    metrics: &Metrics,
) -> Result<EventOutcome, Failure> {
    log::cause(event.id.as_str());
    let outcome = if is_of_other_mode(webhook, event.mode.as_ref()) {
        EventOutcome::Ignored(Ignored::OtherMode)
    } else {
        let context = EventContext {
            tables: &webhook.tables,
            backoff: &webhook.backoff,
            link_wait: &webhook.link_wait,
            provider: Provider::Creem,
            event_id: event.id.as_str(),
            happened_at: event.created,
            now,
            metrics,
            looked_up,
            linked,
        };
        apply_event(&context, &event.kind).await?
    };
    log_outcome(event.event_type.as_str(), outcome);
    Ok(outcome)
}

async fn apply_event(context: &EventContext<'_>, kind: &CreemEventKind) -> Result<EventOutcome, Failure> {
    let result = match kind {
        CreemEventKind::CheckoutCompleted(checkout) => checkout::apply_checkout(context, checkout).await,
        CreemEventKind::Subscription(moved, subscription) => {
            Box::pin(subscription::apply_subscription(context, *moved, subscription)).await
        }
        CreemEventKind::RefundCreated(refund) => Box::pin(refund::apply_refund(context, refund)).await,
        CreemEventKind::DisputeCreated(dispute) => dispute::apply_dispute(context, dispute).await,
        CreemEventKind::Other => Ok(EventOutcome::Ignored(Ignored::UnknownType)),
    };
    EarlyExit::settle(result)
}

/// Whether an event is not about this endpoint's own money. A mode that nobody knows is not ours; an object
/// without a mode is what the secret has signed for.
pub(crate) fn is_of_other_mode<S>(webhook: &Webhook<S>, mode: Option<&CreemMode>) -> bool {
    mode.is_some_and(|mode| mode.is_live() != Some(webhook.livemode))
}

/// The outcome of an event that cannot be read.
fn outcome_of_unreadable<S>(webhook: &Webhook<S>, unreadable: &UnreadableEvent) -> EventOutcome {
    if let Some(id) = &unreadable.id {
        log::cause(id.as_str());
    }
    let outcome = if is_of_other_mode(webhook, unreadable.mode.as_ref()) {
        EventOutcome::Ignored(Ignored::OtherMode)
    } else {
        EventOutcome::Parked(ParkReason::Unreadable)
    };
    log_unreadable(unreadable.event_type.as_deref(), outcome, unreadable);
    outcome
}

/// What an event is about, for an operator.
fn about(kind: &CreemEventKind) -> ParkedPurchase {
    match kind {
        CreemEventKind::CheckoutCompleted(checkout) => {
            let order = checkout.order.as_ref();
            let transaction = order.and_then(|order| order.transaction.as_ref());
            ParkedPurchase {
                payment: transaction.map(|transaction| transaction.id.clone()),
                paid: order
                    .filter(|_| checkout.subscription.is_none())
                    .and_then(creem_events::CreemOrder::paid),
                prices: checkout.product.iter().filter_map(crate::purchase::price_of).collect(),
                named: AccountClaims::from(checkout).named().ok().flatten(),
                ..ParkedPurchase::default()
            }
        }
        CreemEventKind::Subscription(moved, subscription) => {
            let paid = subscription.last_transaction.as_ref();
            let paid = paid.filter(|_| *moved == creem_events::SubscriptionMove::Paid);
            ParkedPurchase {
                customer: crate::account::link_of(&subscription.id).ok(),
                payment: paid.map(|paid| paid.id.clone()),
                paid: paid.and_then(|paid| paid.amount_paid),
                prices: subscription::prices_of(subscription),
                named: AccountClaims::from(subscription).named().ok().flatten(),
                ..ParkedPurchase::default()
            }
        }
        // Money that goes back: nobody waits for credits, and people have to look at whose it is.
        CreemEventKind::RefundCreated(refund) => ParkedPurchase {
            goes_back: true,
            payment: refund.transaction.as_ref().map(|transaction| transaction.id.clone()),
            named: AccountClaims::of_links(refund.checkout.as_ref(), refund.subscription.as_ref())
                .named()
                .ok()
                .flatten(),
            ..ParkedPurchase::default()
        },
        CreemEventKind::DisputeCreated(dispute) => ParkedPurchase {
            goes_back: true,
            payment: dispute.transaction.as_ref().map(|transaction| transaction.id.clone()),
            named: AccountClaims::of_links(dispute.checkout.as_ref(), dispute.subscription.as_ref())
                .named()
                .ok()
                .flatten(),
            ..ParkedPurchase::default()
        },
        CreemEventKind::Other => ParkedPurchase::default(),
    }
}

fn not_signed(error: CreemSignatureError, metrics: &Metrics) -> Problem {
    let reason = match error {
        CreemSignatureError::HeaderEmpty => "header_empty",
        CreemSignatureError::HeaderTooLong { .. } | CreemSignatureError::TooManySignatures => {
            "header_too_long"
        }
        CreemSignatureError::PayloadEmpty => "payload_empty",
        CreemSignatureError::PayloadTooLong { .. } => "payload_too_long",
        CreemSignatureError::StandardIncomplete | CreemSignatureError::TimestampMalformed => "timestamp",
        CreemSignatureError::Mismatch => "mismatch",
        CreemSignatureError::TooOld { .. } => "too_old",
        CreemSignatureError::InFuture { .. } => {
            // It is genuine, so the clock here is behind.
            metrics.count("ClockSkew", 1);
            "in_future"
        }
    };
    metrics.count_labelled("SignaturesRefused", ("reason", reason), 1);
    Problem::new(ProblemKind::InvalidSignature).caused_by(error)
}
