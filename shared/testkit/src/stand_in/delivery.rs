//! Webhooks on their way: events come in through a queue, signed requests go out to the target.
//!
//! First attempts leave one after the other, in the order that the command chose. An event that is
//! not answered with 2xx is sent again by a task of its own, at most [`ATTEMPTS_MAX`] times in all,
//! so that it holds up no other event. Every attempt is logged.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hyper::{Uri, header};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::command::WebhookTarget;
use super::record::Delivery;
use super::shared::Shared;
use super::signature::signature_header;
use super::world::{CommandError, Parcel};
use crate::clock;
use crate::post::post;

/// With the back-off below this covers about three seconds of a receiver that is down.
const ATTEMPTS_MAX: usize = 6;
/// Pause before the second attempt; it doubles with each further one.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
/// Stripe waits at least this long for an answer.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks a target before it is taken over.
pub(crate) fn check_target(target: &WebhookTarget) -> Result<(), CommandError> {
    let unusable = |reason| CommandError::Target { reason };
    if target.signing_secrets.is_empty() || target.signing_secrets.iter().any(|s| s.trim().is_empty()) {
        return Err(unusable("it needs signing secrets, and none may be blank"));
    }
    let uri: Uri = target.url.parse().map_err(|_| unusable("its URL cannot be read"))?;
    if uri.scheme_str() != Some("http") || uri.host().is_none() {
        return Err(unusable("its URL must begin with `http://` and a host"));
    }
    match &target.host {
        Some(host) if host.parse::<header::HeaderValue>().is_err() => {
            Err(unusable("its `host` is not a header value"))
        }
        _ => Ok(()),
    }
}

/// Sends what comes through `inbox` until the stand-in stops.
pub(crate) async fn run(shared: Arc<Shared>, mut inbox: mpsc::UnboundedReceiver<VecDeque<Parcel>>) {
    let mut retries = JoinSet::new();
    while let Some(parcels) = inbox.recv().await {
        for parcel in parcels {
            if attempt(&shared, &parcel, 1).await {
                shared.settled();
            } else {
                retries.spawn(retry(Arc::clone(&shared), parcel));
            }
        }
        // Finished retries are let go of.
        while retries.try_join_next().is_some() {}
    }
}

async fn retry(shared: Arc<Shared>, parcel: Parcel) {
    let mut pause = BACKOFF_FIRST;
    for number in 2..=ATTEMPTS_MAX {
        tokio::time::sleep(pause).await;
        pause = pause.saturating_mul(2);
        if attempt(&shared, &parcel, number).await {
            break;
        }
    }
    shared.settled();
}

/// One attempt; whether the receiver took the event.
async fn attempt(shared: &Shared, parcel: &Parcel, number: usize) -> bool {
    let target = shared.world().target.clone();
    let outcome = match target {
        None => Err("no webhook target is set".to_owned()),
        Some(target) => match tokio::time::timeout(ATTEMPT_TIMEOUT, signed(&target, &parcel.body)).await {
            Ok(outcome) => outcome,
            Err(_) => Err("no answer in time".to_owned()),
        },
    };
    let (status, error) = match outcome {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error)),
    };
    let delivery =
        Delivery { event: parcel.event.clone(), kind: parcel.kind.clone(), attempt: number, status, error };
    let accepted = delivery.accepted();
    shared.world().deliveries.push(delivery);
    accepted
}

async fn signed(target: &WebhookTarget, body: &str) -> Result<u16, String> {
    let signature = signature_header(&target.signing_secrets, clock::unix_s(), body.as_bytes());
    let headers = [
        ("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned()),
        ("stripe-signature", signature),
    ];
    post(&target.url, target.host.as_deref(), &headers, body).await
}
