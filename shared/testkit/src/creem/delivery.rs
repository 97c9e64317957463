//! Webhooks on their way, with Creem's retries: five attempts in all, whose pauses are shorter here. Creem
//! waits 30 s, 5 min, 30 min and 6 h.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hyper::{Uri, header};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::command::CreemTarget;
use super::shared::Shared;
use super::signature::{creem_signature, standard_signature};
use crate::clock;
use crate::post::post;
use crate::stand_in::world::Parcel;
use crate::stand_in::{CommandError, Delivery};

/// A thousandth of the first two, and then as long as a test can wait.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(30), Duration::from_millis(300), Duration::from_secs(1), Duration::from_secs(2)];
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Checks a target before it is taken over.
pub(super) fn check_target(target: &CreemTarget) -> Result<(), CommandError> {
    let unusable = |reason| CommandError::Target { reason };
    if target.signing_secret.trim().is_empty() {
        return Err(unusable("it needs a signing secret, which may not be blank"));
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
pub(super) async fn run(shared: Arc<Shared>, mut inbox: mpsc::UnboundedReceiver<VecDeque<Parcel>>) {
    let mut retries = JoinSet::new();
    while let Some(parcels) = inbox.recv().await {
        for parcel in parcels {
            if attempt(&shared, &parcel, 1).await {
                shared.settled();
            } else {
                retries.spawn(retry(Arc::clone(&shared), parcel));
            }
        }
        while retries.try_join_next().is_some() {}
    }
}

async fn retry(shared: Arc<Shared>, parcel: Parcel) {
    for (pause, number) in PAUSES.into_iter().zip(2..) {
        tokio::time::sleep(pause).await;
        if attempt(&shared, &parcel, number).await {
            break;
        }
    }
    shared.settled();
}

/// One attempt; whether the receiver took the event.
async fn attempt(shared: &Shared, parcel: &Parcel, number: usize) -> bool {
    let (target, signs_standard) = {
        let world = shared.world();
        (world.target.clone(), world.settings.signs_standard)
    };
    let outcome = match target {
        None => Err("no webhook target is set".to_owned()),
        Some(target) => {
            let sending = signed(&target, parcel, signs_standard);
            let sent = tokio::time::timeout(ATTEMPT_TIMEOUT, sending).await;
            sent.unwrap_or_else(|_| Err("no answer in time".to_owned()))
        }
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

async fn signed(target: &CreemTarget, parcel: &Parcel, signs_standard: bool) -> Result<u16, String> {
    let body = parcel.body.as_bytes();
    let mut headers = vec![
        ("user-agent", "Creem/1.0".to_owned()),
        ("creem-signature", creem_signature(&target.signing_secret, body)),
    ];
    if signs_standard {
        let t = clock::unix_s();
        let signature = standard_signature(&target.signing_secret, &parcel.event, t, body);
        headers.push(("webhook-id", parcel.event.clone()));
        headers.push(("webhook-timestamp", t.to_string()));
        headers.push(("webhook-signature", signature.ok_or("the secret is no base64")?));
    }
    post(&target.url, target.host.as_deref(), &headers, &parcel.body).await
}
