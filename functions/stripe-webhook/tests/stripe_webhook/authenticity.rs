//! Group A: whose event it is, and whether it is an event at all.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stripe_webhook::SigningError;
use testkit::stand_in::{Settings, signature_header};

use crate::scene::{ACCOUNT, CURRENT, PREVIOUS, Reply, Scene, at, post, vault, webhook};

/// The answer to `body` as `change` has altered it after signing.
async fn forged(scene: &Scene, body: &str, header: &str) -> (u16, String) {
    let reply = post(&scene.webhook, json!({"body": body}), Some(header), at(0)).await;
    (reply.status, reply.says)
}

#[tokio::test]
async fn a1_a2_a14_an_event_is_taken_within_300_seconds() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let now = at(0);
    for (age_s, status, metric) in [
        (300, 200, "Events"),
        (301, 400, "SignaturesRefused"),
        (-300, 200, "Events"),
        (-301, 400, "ClockSkew"),
    ] {
        let header = signature_header(&[CURRENT], now.as_s() - age_s, body.as_bytes());
        let reply = post(&scene.webhook, json!({"body": body}), Some(&header), now).await;
        assert_eq!((reply.status, reply.counted(metric)), (status, true), "{age_s} {reply:?}");
    }
}

#[tokio::test]
async fn a3_a4_any_secret_and_any_signature_will_do() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    for (secrets, label) in [
        (vec![CURRENT], "current"),
        (vec![PREVIOUS], "previous"),
        (vec!["whsec_other", CURRENT], "current"),
        (vec!["a", "b", PREVIOUS, "c", "d"], "previous"),
    ] {
        let header = signature_header(&secrets, at(0).as_s(), body.as_bytes());
        let reply = post(&scene.webhook, json!({"body": body}), Some(&header), at(0)).await;
        assert_eq!(reply.status, 200, "{secrets:?}");
        assert!(
            reply.metrics.iter().any(|line| line.contains(&format!("\"secret\":\"{label}\""))),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a5_a6_a7_anything_else_is_refused_without_an_effect() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let good = signature_header(&[CURRENT], at(0).as_s(), body.as_bytes());
    let other = signature_header(&["whsec_other"], at(0).as_s(), body.as_bytes());
    let refused = (400, "invalid-signature".to_owned());
    for header in
        ["", "t=1", &good.replace("v1=", "v0="), &other, &format!("{good},{}", "v1=00,".repeat(10_000))]
    {
        assert_eq!(forged(&scene, &body, header).await, refused, "{}", &header[..header.len().min(80)]);
    }
    let reserialized = serde_json::from_str::<Value>(&body).unwrap().to_string();
    for body in [
        body.replacen('1', "2", 1),
        format!("{body}\n"),
        format!("\u{feff}{body}"),
        reserialized,
        String::new(),
    ] {
        assert_eq!(forged(&scene, &body, &good).await, refused);
    }
    assert_eq!(post(&scene.webhook, json!({"body": body}), None, at(0)).await.status, 400);
    assert_eq!(scene.available(at(0)).await, 0);
}

#[tokio::test]
async fn a9_i5_a_blank_secret_stops_the_function_and_a_rotated_one_is_used() {
    let scene = Scene::new().await;
    for blank in [json!({"current": ""}), json!({"current": " "}), json!({"current": "x\n"}), json!({})] {
        let webhook = webhook(scene.tables.clone(), vault(blank.clone()));
        let refused = webhook.signing.secrets(at(0)).await;
        assert!(matches!(refused, Err(SigningError::Secret(_) | SigningError::Key(_))), "{blank}");
    }
    let (_, body) = scene.pack(0);
    let vault = vault(json!({"current": CURRENT}));
    let webhook = webhook(scene.tables.clone(), vault);
    webhook.signing.secrets(at(0)).await.unwrap();
    *vault.0.lock().unwrap() = json!({"current": "whsec_next", "previous": CURRENT});
    for (second, secret, status) in
        [(299, "whsec_next", 400), (299, CURRENT, 200), (300, "whsec_next", 200), (301, CURRENT, 200)]
    {
        let header = signature_header(&[secret], at(second).as_s(), body.as_bytes());
        let reply = post(&webhook, json!({"body": body}), Some(&header), at(second)).await;
        assert_eq!(reply.status, status, "{second} {secret}");
    }
    // A secret that was emptied lets nobody sign; Stripe tries again until it is corrected.
    *vault.0.lock().unwrap() = json!({"current": ""});
    let header = signature_header(&[""], at(700).as_s(), body.as_bytes());
    assert_eq!(post(&webhook, json!({"body": body}), Some(&header), at(700)).await.status, 503);
}

#[tokio::test]
async fn a10_the_signature_is_over_the_bytes() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let invalid = b"{\"object\":\"event\",\"id\":\"evt_\xff\"}";
    for (bytes, expected) in [(body.as_bytes(), "applied"), (invalid.as_slice(), "parked: unreadable")] {
        let header = signature_header(&[CURRENT], at(0).as_s(), bytes);
        let parts = json!({"body": STANDARD.encode(bytes), "isBase64Encoded": true});
        let reply = post(&scene.webhook, parts, Some(&header), at(0)).await;
        assert_eq!((reply.status, reply.says.as_str()), (200, expected));
    }
    let parked = scene.parked().await;
    assert_eq!(parked.len(), 1);
    assert!(parked[0].id.starts_with("sha256-") && parked[0].payload == invalid, "{parked:?}");
}

#[tokio::test]
async fn a11_an_event_of_the_other_mode_is_ignored_and_alarms() {
    let scene = Scene::new().await;
    scene.stripe.set(Settings { livemode: true, ..Settings::default() });
    let (_, body) = scene.pack(0);
    let reply = scene.send(&body, at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: other_mode"));
    assert!(reply.counted("EventsOfOtherMode"), "{reply:?}");
    // Also where it cannot be read.
    let reply = scene.send_changed(&body, at(0), |object| object["amount_total"] = json!("much")).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: other_mode"));
    let mut live = webhook(scene.tables.clone(), vault(json!({"current": CURRENT})));
    live.livemode = true;
    let header = signature_header(&[CURRENT], at(0).as_s(), body.as_bytes());
    assert_eq!(scene.available(at(0)).await, 0);
    assert_eq!(post(&live, json!({"body": body}), Some(&header), at(0)).await.says, "applied");
}

#[tokio::test]
async fn a12_b8_events_of_others_and_thin_ones_are_ignored() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let mut event: Value = serde_json::from_str(&body).unwrap();
    event["account"] = json!("acct_1");
    let reply = scene.send(&event.to_string(), at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: connected_account"));
    assert!(reply.counted("EventsIgnored"));
    let thin = json!({
        "id": "evt_thin", "object": "v2.core.event", "type": "v1.checkout.session.completed", "livemode": false,
        "created": "2026-11-01T00:00:00.000Z", "snapshot_event": event["id"]
    });
    let reply = scene.send(&thin.to_string(), at(0)).await;
    assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: thin"));
    assert_eq!(scene.available(at(0)).await, 0);
}

#[tokio::test]
async fn a13_b1_copies_of_an_event_have_one_effect() {
    let scene = Scene::new().await;
    let (_, body) = scene.pack(0);
    let replies = futures_util::future::join_all((0..20).map(|_| scene.send(&body, at(1)))).await;
    // Copies of one millisecond are one and the same write, and each may take it for its own.
    let taken = |reply: &Reply| reply.status == 200 && ["applied", "repeated"].contains(&reply.says.as_str());
    assert!(replies.iter().all(taken), "{replies:?}");
    assert_eq!(scene.journal(ACCOUNT).await.len(), 1);
    for second in 2..100 {
        assert_eq!(scene.send(&body, at(second)).await.says, "repeated");
    }
    assert_eq!(scene.journal(ACCOUNT).await.len(), 1);
}

#[tokio::test]
async fn a15_hostile_bodies_are_bounded() {
    let scene = Scene::new().await;
    let long = "x".repeat(1_048_577);
    let deep = format!("{{\"object\":\"event\",\"data\":{}", "[".repeat(10_000));
    let digits = format!("{{\"object\":\"event\",\"created\":{}}}", "9".repeat(1_000_000));
    for (body, expected) in [
        (long, (413, "body-too-large")),
        (deep, (200, "parked: unreadable")),
        (digits, (200, "parked: unreadable")),
        ("null".to_owned(), (200, "parked: unreadable")),
    ] {
        let reply = scene.send(&body, at(0)).await;
        assert_eq!((reply.status, reply.says.as_str()), expected, "{}", &body[..body.len().min(40)]);
    }
    // What does not fit into an item is kept by its name.
    let parked = scene.parked().await;
    assert_eq!(parked.iter().filter(|parked| parked.payload.is_empty()).count(), 1);
    assert_eq!(parked.len(), 3);
}
