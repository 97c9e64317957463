//! Group A: whose event it is, and whether it is an event at all.

use creem_events::{sign, sign_standard};
use creem_webhook::SigningError;
use serde_json::json;

use crate::events::{pack, with};
use crate::scene::{CURRENT, PREVIOUS, Scene, at, post, webhook};

#[tokio::test]
async fn a3_a4_creem_signs_with_either_secret_and_in_either_scheme() {
    let scene = Scene::new().await;
    let body = pack("1", 0);
    for secret in [CURRENT, PREVIOUS] {
        let signature = sign(body.as_bytes(), secret);
        for (name, value) in [
            ("creem-signature", signature.clone()),
            ("x-creem-signature", signature.clone()),
            ("creem-signature", format!("sha256={signature}")),
        ] {
            let reply = post(&scene.webhook, &body, &[(name, &value)], at(0)).await;
            assert_eq!(reply.status, 200, "{name} {reply:?}");
            assert!(reply.counted("EventsVerified"), "{reply:?}");
        }
    }
    assert_eq!(scene.available().await, 100);
}

#[tokio::test]
async fn a1_a2_a5_a6_a7_creem_anything_else_is_refused_without_an_effect() {
    let scene = Scene::new().await;
    let body = pack("1", 0);
    let good = sign(body.as_bytes(), CURRENT);
    let old =
        sign_standard(body.as_bytes(), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", at(0)).unwrap();
    let huge = good.repeat(1_000);
    let cases: [Vec<(&str, &str)>; 7] = [
        vec![],
        vec![("creem-signature", "")],
        vec![("creem-signature", "00")],
        vec![("creem-signature", &huge)],
        // A wrong second scheme is not made right by the first.
        vec![
            ("webhook-id", "msg_1"),
            ("webhook-timestamp", "1793491200"),
            ("webhook-signature", &old),
            ("creem-signature", &good),
        ],
        vec![("webhook-signature", &old), ("creem-signature", &good)],
        vec![("stripe-signature", &good)],
    ];
    for headers in cases {
        let reply = post(&scene.webhook, &body, &headers, at(0)).await;
        assert_eq!((reply.status, reply.says.as_str()), (400, "invalid-signature"), "{headers:?}");
        assert!(reply.counted("SignaturesRefused"), "{headers:?}");
    }
    for changed in [body.replacen('1', "2", 1), format!("{body}\n"), body.replace(':', ": ")] {
        let reply = post(&scene.webhook, &changed, &[("creem-signature", &good)], at(0)).await;
        assert_eq!(reply.status, 400);
    }
    assert_eq!(scene.available().await, 0);
}

#[tokio::test]
async fn a9_creem_a_blank_secret_stops_the_function() {
    let scene = Scene::new().await;
    for blank in [json!({"current": ""}), json!({"current": " "}), json!({"current": "x\n"}), json!({})] {
        let refused = webhook(scene.tables.clone(), blank.clone()).signing.secrets(at(0)).await;
        assert!(matches!(refused, Err(SigningError::Secret(_) | SigningError::Key(_))), "{blank}");
    }
}

#[tokio::test]
async fn a11_creem_an_event_of_the_other_mode_is_ignored_and_alarms() {
    let scene = Scene::new().await;
    for mode in ["prod", "live", "lunar"] {
        let reply = scene.send(&with(&pack("1", 0), "/object/mode", json!(mode)), at(0)).await;
        assert_eq!((reply.status, reply.says.as_str()), (200, "ignored: other_mode"), "{mode}");
        assert!(reply.counted("EventsOfOtherMode"));
    }
    for mode in ["test", "sandbox", "local"] {
        let reply = scene.send(&with(&pack("1", 0), "/object/mode", json!(mode)), at(0)).await;
        assert!(["applied", "repeated"].contains(&reply.says.as_str()), "{mode} {reply:?}");
    }
    assert_eq!(scene.available().await, 100);
}

#[tokio::test]
async fn a13_a14_b1_creem_a_request_that_is_repeated_ever_so_late_has_one_effect() {
    let scene = Scene::new().await;
    let body = pack("1", 0);
    let replies = [scene.send(&body, at(0)), scene.send(&body, at(0)), scene.send(&body, at(0))];
    let [one, other, third] = replies;
    let (one, other, third) = tokio::join!(one, other, third);
    assert!([one, other, third].iter().all(|reply| reply.status == 200));
    // A signature of Creem's has no age: what it says is known.
    assert_eq!(scene.send(&body, at(400 * 86_400)).await.says, "repeated");
    assert_eq!(scene.available().await, 100);
}

#[tokio::test]
async fn a15_creem_bytes_that_cannot_be_read_are_parked() {
    let scene = Scene::new().await;
    for body in ["{}", "[]", "nothing", "{\"id\":\"evt_x\",\"eventType\":\"checkout.completed\"}"] {
        let reply = scene.send(body, at(0)).await;
        assert_eq!((reply.status, reply.says.as_str()), (200, "parked: unreadable"), "{body}");
    }
    let parked = scene.parked().await;
    assert_eq!(parked.len(), 4);
    assert!(parked.iter().all(|parked| parked.provider == ledger::Provider::Creem));
}
