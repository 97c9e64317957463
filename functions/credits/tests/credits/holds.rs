//! Holds: placed once, never beyond the balance.

use futures_util::future::join_all;
use ledger::contract::{adjust, grant};
use ledger::{AdjustmentKind, Command, HOLDS_MAX, ProductId};
use serde_json::json;

use crate::api::{Api, As, Call, account, song};

#[tokio::test]
async fn a_hold_is_placed_once() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let call = Call::hold("acct-1", &song("gen-1", 7)).caller(As::Service);
    let first = call.send(&api).await;
    assert_eq!(first.status, 201);
    insta::assert_json_snapshot!(first.body, @r#"
    {
      "credits": 7,
      "deadline": "2026-11-01T00:51:00Z",
      "generation_id": "gen-1",
      "held_at": "2026-11-01T00:01:00Z",
      "lots": [
        {
          "credits": 7,
          "lot": 1
        }
      ],
      "operation": "music_simple",
      "product": "music-studio"
    }
    "#);
    assert!(first.metrics.contains(r#""HoldsPlaced":1"#), "{}", first.metrics);
    let again = call.at(100).send(&api).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert!(again.metrics.contains(r#""HoldsRepeated":1"#), "{}", again.metrics);
    Call::capture("acct-1", "gen-1").caller(As::Service).send(&api).await;
    let after_capture = Call::hold("acct-1", &song("gen-1", 7)).caller(As::Service).send(&api).await;
    assert_eq!((after_capture.status, &after_capture.body), (200, &first.body));
    assert_eq!(api.journal("acct-1").await.len(), 3);
}

#[tokio::test]
async fn other_content_for_the_same_generation_is_a_conflict() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    Call::hold("acct-1", &song("gen-1", 7)).caller(As::Service).send(&api).await;
    let lyrics = json!({ "generation_id": "gen-1", "operation": "lyrics", "credits": 7 });
    for body in [song("gen-1", 8), lyrics] {
        let reply = Call::hold("acct-1", &body).caller(As::Service).send(&api).await;
        assert_eq!(reply.problem(), (409, "hold-conflict"), "{body}");
    }
}

#[tokio::test]
async fn too_few_credits_are_said_in_numbers() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let reply = Call::hold("acct-1", &song("gen-1", 31)).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (402, "not-enough-credits"));
    insta::assert_json_snapshot!(reply.body, @r#"
    {
      "available": 30,
      "detail": "30 credits are available, 31 are needed",
      "instance": "urn:makegood:request:test",
      "needed": 31,
      "status": 402,
      "title": "There are not enough credits",
      "type": "urn:makegood:problem:not-enough-credits"
    }
    "#);
    assert!(reply.metrics.contains(r#""reason":"not_enough""#), "{}", reply.metrics);
}

#[tokio::test]
async fn an_account_without_entries_has_too_few_credits() {
    let api = Api::start().await;
    let reply = Call::hold("acct-1", &song("gen-1", 1)).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (402, "not-enough-credits"));
    assert_eq!((&reply.body["available"], &reply.body["needed"]), (&json!(0), &json!(1)));
    assert_eq!(api.journal("acct-1").await, []);
}

#[tokio::test]
async fn a_suspended_account_gets_no_hold_and_is_named_as_suspended() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    api.run("acct-1", adjust("adj_1", AdjustmentKind::Suspension), 1).await;
    let reply = Call::hold("acct-1", &song("gen-1", 1)).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (409, "state-conflict"));
    assert_eq!(reply.body["detail"], "the account is suspended");
    let balance = Call::balance("acct-1").caller(As::Service).send(&api).await;
    assert_eq!(balance.body["suspended"], true);
}

#[tokio::test]
async fn the_most_open_holds_are_refused_for_a_while() {
    let api = Api::start().await;
    api.pack("acct-1", 1000).await;
    for index in 0..HOLDS_MAX {
        let call = Call::hold("acct-1", &song(&format!("gen-{index}"), 1)).caller(As::Service);
        assert_eq!(call.send(&api).await.status, 201, "{index}");
    }
    let reply = Call::hold("acct-1", &song("one-more", 1)).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (429, "too-many-requests"));
    assert_eq!(reply.retry_after.as_deref(), Some("30"));
}

#[tokio::test]
async fn s2_5_only_operations_of_the_policy_can_be_held() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let body = json!({ "generation_id": "gen-1", "operation": "video", "credits": 1 });
    let reply = Call::hold("acct-1", &body).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (422, "unprocessable"));
    insta::assert_json_snapshot!(reply.body["errors"], @r##"
    [
      {
        "detail": "expected one of `music_simple`, `music_custom`, `lyrics`, `stems_2`, `stems_12`, `section_replacement`, `song_extension`, `add_vocals`, `add_instrumental`, `voice_cloning`, `wav_export`, `midi_export`",
        "pointer": "#/operation"
      }
    ]
    "##);
    let mut body = song("gen-1", 1);
    body["product"] = json!("image-web-unknown");
    let reply = Call::hold("acct-1", &body).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (422, "unprocessable"));
    let expected = "expected one of `music-studio`, `assistant`, `artisan`, `studio`, `platform-api`, \
                    `audio`, `image-to-3d`, `image-web`";
    assert_eq!(reply.body["errors"], json!([{ "pointer": "#/product", "detail": expected }]));
}

#[tokio::test]
async fn s0_20_a_hold_uses_the_credits_of_its_product_alone() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let mut audio = grant(&account("acct-1"), "pi_audio", 50, None);
    audio.payment.product = ProductId::new("audio").unwrap();
    api.run("acct-1", Command::Grant(audio), 1).await;
    let track = |id: &str, credits: u64| {
        let mut body = song(id, credits);
        body["operation"] = json!("audio_track");
        body["product"] = json!("audio");
        body
    };
    let held = Call::hold("acct-1", &track("gen-1", 40)).caller(As::Service).send(&api).await;
    assert_eq!((held.status, &held.body["lots"]), (201, &json!([{ "lot": 2, "credits": 40 }])));
    let refused = Call::hold("acct-1", &track("gen-2", 11)).caller(As::Service).send(&api).await;
    assert_eq!((refused.status, &refused.body["available"]), (402, &json!(10)));
    let song = Call::hold("acct-1", &song("gen-3", 30)).caller(As::Service).send(&api).await;
    assert_eq!((song.status, &song.body["lots"]), (201, &json!([{ "lot": 1, "credits": 30 }])));
    let balance = Call::balance("acct-1").caller(As::Service).send(&api).await.body;
    assert_eq!(
        balance["products"],
        json!([
            { "product": "music-studio", "available": 0, "held": 30 },
            { "product": "audio", "available": 10, "held": 40 },
        ])
    );
}

#[tokio::test]
async fn a_service_of_the_sibling_spends_the_credits_of_the_product_it_is_managed_through() {
    let api = Api::start().await;
    let mut plan = grant(&account("acct-1"), "pi_plan", 50, Some("sub_1"));
    plan.payment.product = ProductId::new("assistant").unwrap();
    api.run("acct-1", Command::Grant(plan), 1).await;
    let reply = |id: &str, product: &str| {
        let mut body = song(id, 20);
        body["operation"] = json!("assistant_reply");
        body["product"] = json!(product);
        Call::hold("acct-1", &body).caller(As::Service)
    };
    for (id, product) in [("gen-1", "artisan"), ("gen-2", "assistant")] {
        let held = reply(id, product).send(&api).await;
        assert_eq!(
            (held.status, &held.body["lots"]),
            (201, &json!([{ "lot": 1, "credits": 20 }])),
            "{product}"
        );
    }
    // Whichever name the service repeats it under, it is the same hold.
    assert_eq!(reply("gen-1", "assistant").send(&api).await.status, 200);
}

#[tokio::test]
async fn d6_amounts_that_cannot_be_held_are_refused_and_not_repeated() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    for credits in ["0", "-1", "1.5", "\"7\"", "1e3", "1000000000000001", "99999999999999999999", "null"] {
        let body = format!(r#"{{"generation_id":"gen-1","operation":"music_simple","credits":{credits}}}"#);
        let call = Call::hold("acct-1", &song("gen-1", 1)).body(&body).caller(As::Service);
        let reply = call.send(&api).await;
        assert_eq!(reply.problem(), (400, "invalid-request"), "{credits}");
        assert_eq!(reply.body["errors"][0]["pointer"], "#/credits", "{credits}");
    }
}

#[tokio::test]
async fn d13_hostile_texts_are_refused_and_not_repeated() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let long = "canary".repeat(100);
    let hostile =
        ["", "canary\u{0}", "canary\u{202e}", "canary💥", "canary' OR 1=1", "canary\n", "a/canary", &long];
    for text in hostile {
        for field in ["generation_id", "product", "operation"] {
            let mut body = song("gen-1", 1);
            body[field] = json!(text);
            let reply = Call::hold("acct-1", &body).caller(As::Service).send(&api).await;
            assert!(matches!(reply.status, 400 | 422), "{field} {text:?} {reply:?}");
            assert!(!reply.body.to_string().contains("canary"), "{field} {text:?} {reply:?}");
        }
    }
    let huge = format!(r#"{{"generation_id":"{}"}}"#, "x".repeat(1_000_000));
    let reply = Call::hold("acct-1", &song("gen-1", 1)).body(&huge).caller(As::Service).send(&api).await;
    assert_eq!(reply.problem(), (413, "body-too-large"));
    assert_eq!(api.journal("acct-1").await.len(), 1);
}

#[tokio::test]
async fn f8_fifty_parallel_holds_on_thirty_credits_place_thirty() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let calls: Vec<Call> = (0..50)
        .map(|index| Call::hold("acct-1", &song(&format!("gen-{index}"), 1)).caller(As::Service))
        .collect();
    let replies = join_all(calls.iter().map(|call| call.send(&api))).await;
    let with = |status: u16| replies.iter().filter(|reply| reply.status == status).count();
    assert_eq!((with(201), with(402)), (30, 20), "{replies:?}");
    let balance = Call::balance("acct-1").caller(As::Service).send(&api).await.body;
    assert_eq!((&balance["available"], &balance["held"]), (&0.into(), &30.into()));
    assert_eq!(api.journal("acct-1").await.len(), 31);
}

#[tokio::test]
async fn fifty_copies_of_one_hold_place_it_once() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    let copies: Vec<Call> =
        (60..110).map(|at_s| Call::hold("acct-1", &song("gen-1", 7)).caller(As::Service).at(at_s)).collect();
    let replies = join_all(copies.iter().map(|copy| copy.send(&api))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 201).count(), 1);
    assert!(replies.iter().all(|reply| reply.body == replies[0].body), "{replies:?}");
    assert_eq!(api.journal("acct-1").await.len(), 2);
}

#[tokio::test]
async fn a_hold_is_one_query_and_one_put() {
    let api = Api::start().await;
    api.pack("acct-1", 30).await;
    Call::hold("acct-1", &song("gen-1", 1)).caller(As::Service).send(&api).await;
    api.meter.read();
    Call::hold("acct-1", &song("gen-2", 1)).caller(As::Service).send(&api).await;
    let calls: Vec<_> = api.meter.read().into_iter().map(|call| (call.operation, call.units)).collect();
    assert_eq!(calls, [("Query", 1.0), ("PutItem", 2.0)]);
}
