//! The headers and the bytes: who may say something, and for how long.

use proptest::prelude::*;
use proptest::sample::Index;

use super::{CHECKOUT, SECRET, at, only, secrets};
use crate::{
    CREEM_PAYLOAD_BYTES_MAX, CreemSecrets, CreemSignatureError, SignatureHeaders, SignatureScheme, sign,
    sign_standard, verify,
};
use provider_wire::SigningSecretError;

const BODY: &[u8] = br#"{"id":"evt_1"}"#;
const ID: &str = "msg_1";

fn outcome(
    payload: &[u8],
    headers: &SignatureHeaders<'_>,
    now: i64,
) -> Result<&'static str, CreemSignatureError> {
    verify(payload, headers, &secrets(), at(now)).map(|signed| signed.secret())
}

fn standard<'h>(signature: &'h str, timestamp: &'h str) -> SignatureHeaders<'h> {
    SignatureHeaders {
        creem: None,
        standard: Some(signature),
        standard_id: Some(ID),
        standard_timestamp: Some(timestamp),
    }
}

fn signed(secret: &str, seconds: i64) -> (String, String) {
    (sign_standard(BODY, secret, ID, at(seconds)).unwrap(), at(seconds).as_s().to_string())
}

#[test]
fn the_whole_secret_is_the_key_of_a_creem_signature() {
    // Made with `openssl dgst -sha256 -hmac whsec_dGhpcyBpcyBub3QgYSBzZWNyZXQ=` over `{"id":"evt_1"}`.
    let signature = "f8fa0131e753ea8c6d6fe4733788af2ed840b1f1e3bbae335aa36961ec4b6f49";
    assert_eq!(sign(BODY, SECRET), signature);
    let secrets = secrets();
    let found = verify(BODY, &only(signature), &secrets, at(0)).unwrap();
    assert_eq!((found.payload(), found.secret()), (BODY, "current"));
    assert_eq!(found.scheme(), SignatureScheme::CreemSignature);
}

#[test]
fn what_the_secret_encodes_is_the_key_of_standard_webhooks() {
    // Made with `openssl dgst -sha256 -mac HMAC -macopt hexkey:…` over `msg_1.1793527200.{"id":"evt_1"}`.
    let (signature, timestamp) = signed(SECRET, 0);
    assert_eq!(signature, "v1,LZh+eM8JyxaGXh4wE1mCHV7YMGvaWoAxmnZXOvfd2P4=");
    let secrets = secrets();
    let found = verify(BODY, &standard(&signature, &timestamp), &secrets, at(0)).unwrap();
    assert_eq!((found.secret(), found.scheme()), ("current", SignatureScheme::StandardWebhooks));
}

#[test]
fn a1_a2_creem_standard_webhooks_are_taken_within_300_seconds_and_the_other_scheme_has_no_age() {
    let (signature, timestamp) = signed(SECRET, 0);
    for (now, expected) in [
        (300, Ok("current")),
        (-300, Ok("current")),
        (301, Err(CreemSignatureError::TooOld { age_s: 301 })),
        (-301, Err(CreemSignatureError::InFuture { ahead_s: 301 })),
    ] {
        assert_eq!(outcome(BODY, &standard(&signature, &timestamp), now), expected, "{now}");
    }
    for now in [-1_000_000, 0, 1_000_000] {
        assert_eq!(outcome(BODY, &only(&sign(BODY, SECRET)), now), Ok("current"));
    }
    // The signature comes first: of a forged header nothing is said about its age.
    let forged = signature.replace("v1,", "v1,A");
    assert_eq!(outcome(BODY, &standard(&forged, &timestamp), 999), Err(CreemSignatureError::Mismatch));
}

#[test]
fn a3_creem_any_of_several_signatures_is_accepted() {
    let (good, timestamp) = signed(SECRET, 0);
    let (bad, _) = signed("whsec_b3RoZXI=", 0);
    for signatures in [vec![&good, &bad], vec![&bad, &good], vec![&bad, &bad, &good]] {
        let header = signatures.into_iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(outcome(BODY, &standard(&header, &timestamp), 0), Ok("current"), "{header}");
    }
    assert_eq!(outcome(BODY, &standard(&bad, &timestamp), 0), Err(CreemSignatureError::Mismatch));
}

#[test]
fn a4_creem_either_secret_is_accepted_and_named() {
    let (one, other) = ("whsec_b25l", "plain-secret");
    let both = CreemSecrets::new([("current", one.to_owned()), ("previous", other.to_owned())]).unwrap();
    for (secret, label) in [(one, "current"), (other, "previous")] {
        let signature = sign(BODY, secret);
        assert_eq!(verify(BODY, &only(&signature), &both, at(0)).unwrap().secret(), label);
    }
    let (signature, timestamp) = signed(one, 0);
    let found = verify(BODY, &standard(&signature, &timestamp), &both, at(0)).unwrap();
    assert_eq!(found.secret(), "current");
    // `-` is no letter of this base64: such a secret signs in one way only.
    assert_eq!(sign_standard(BODY, other, ID, at(0)), None);
    let stranger = sign(BODY, "whsec_c3RyYW5nZXI=");
    assert_eq!(verify(BODY, &only(&stranger), &both, at(0)).unwrap_err(), CreemSignatureError::Mismatch);
}

#[test]
fn a5_creem_a_wrong_standard_signature_is_not_made_right_by_the_other_header() {
    let creem = sign(BODY, SECRET);
    let (good, timestamp) = signed(SECRET, 0);
    let (bad, _) = signed("whsec_b3RoZXI=", 0);
    let both = |standard, id, timestamp| SignatureHeaders {
        creem: Some(creem.as_str()),
        standard,
        standard_id: id,
        standard_timestamp: timestamp,
    };
    let stamped = Some(timestamp.as_str());
    for (headers, expected) in [
        (both(Some(&*good), Some(ID), stamped), Ok("current")),
        (both(Some(&*bad), Some(ID), stamped), Err(CreemSignatureError::Mismatch)),
        (both(Some("v2,AAAA"), Some(ID), stamped), Err(CreemSignatureError::Mismatch)),
        (both(Some("v1a,AAAA"), Some(ID), stamped), Err(CreemSignatureError::Mismatch)),
        (both(Some(""), Some(ID), stamped), Err(CreemSignatureError::HeaderEmpty)),
        (both(Some(&*good), None, stamped), Err(CreemSignatureError::StandardIncomplete)),
        (both(Some(&*good), Some(ID), None), Err(CreemSignatureError::StandardIncomplete)),
        (both(Some(&*good), Some("msg_2"), stamped), Err(CreemSignatureError::Mismatch)),
        (both(Some(&*good), Some(ID), Some("1793527201")), Err(CreemSignatureError::Mismatch)),
        (both(Some(&*good), Some(ID), Some("+1793527200")), Err(CreemSignatureError::TimestampMalformed)),
        (both(Some(&*good), Some(ID), Some("")), Err(CreemSignatureError::TimestampMalformed)),
        // Without a signature of that scheme its other headers mean nothing.
        (both(None, Some(ID), stamped), Ok("current")),
    ] {
        assert_eq!(outcome(BODY, &headers, 0), expected, "{headers:?}");
    }
}

#[test]
fn the_headers_are_asked_for_by_name() {
    let signature = sign(BODY, SECRET);
    let prefixed = format!("sha256={signature}");
    for (name, value) in
        [("creem-signature", &signature), ("x-creem-signature", &signature), ("creem-signature", &prefixed)]
    {
        let headers = SignatureHeaders::read(|asked| (asked == name).then_some(value.as_str()));
        assert_eq!(outcome(BODY, &headers, 0), Ok("current"), "{name}");
    }
    let headers = SignatureHeaders::read(|name| match name {
        "webhook-signature" => Some("v1,x"),
        "webhook-id" => Some(ID),
        "webhook-timestamp" => Some("1793527200"),
        _ => None,
    });
    assert_eq!(headers, standard("v1,x", "1793527200"));
}

#[test]
fn a6_creem_every_change_of_the_bytes_is_refused() {
    let signature = sign(BODY, SECRET);
    for changed in [
        br#"{"id":"evt_2"}"#.to_vec(),
        [BODY, b"\n"].concat(),
        br#"{"id": "evt_1"}"#.to_vec(),
        BODY[1..].to_vec(),
    ] {
        assert_eq!(outcome(&changed, &only(&signature), 0), Err(CreemSignatureError::Mismatch));
    }
    assert_eq!(outcome(b"", &only(&signature), 0), Err(CreemSignatureError::PayloadEmpty));
}

#[test]
fn a7_a8_creem_a_malformed_header_is_refused_with_bounded_work() {
    let good = sign(BODY, SECRET);
    for text in [
        good.to_uppercase(),
        good[1..].to_owned(),
        format!("{good}00"),
        format!(" {good}"),
        format!("{good}\n"),
        good.replacen(|_: char| true, "g", 1),
        good.replacen(|_: char| true, "é", 1),
        format!("v1,{good}"),
        format!("SHA256={good}"),
        "sha256=".to_owned(),
    ] {
        assert_eq!(outcome(BODY, &only(&text), 0), Err(CreemSignatureError::Mismatch), "{text}");
    }
    let none = SignatureHeaders::default();
    assert_eq!(outcome(BODY, &none, 0), Err(CreemSignatureError::HeaderEmpty));
    assert_eq!(outcome(BODY, &only(""), 0), Err(CreemSignatureError::HeaderEmpty));
    let long = "0".repeat(1_025);
    assert_eq!(outcome(BODY, &only(&long), 0), Err(CreemSignatureError::HeaderTooLong { bytes: 1_025 }));
    let many = " ".repeat(16);
    let refusal = outcome(BODY, &standard(&many, "1"), 0);
    assert_eq!(refusal, Err(CreemSignatureError::TooManySignatures));
}

#[test]
fn a9_creem_a_blank_secret_is_refused_by_its_slot_and_none_is_shown() {
    let made = |secret: &str| {
        CreemSecrets::new([("current", "whsec_b25l".to_owned()), ("previous", secret.to_owned())]).map(drop)
    };
    for blank in ["", " ", "\t\r\n"] {
        assert_eq!(made(blank), Err(SigningSecretError::Blank { slot: "previous" }));
    }
    for spaced in ["whsec_a\n", " whsec_a", "whsec a"] {
        assert_eq!(made(spaced), Err(SigningSecretError::WhiteSpace { slot: "previous" }));
    }
    assert_eq!(CreemSecrets::new([]).map(drop), Err(SigningSecretError::Missing));
    let five = ["a", "b", "c", "d", "e"].map(|label| (label, "whsec_a".to_owned()));
    assert_eq!(CreemSecrets::new(five).map(drop), Err(SigningSecretError::TooMany));
    assert_eq!(format!("{:?}", secrets()), r#"["current"]"#);
    // Nothing behind the prefix is an empty key, with which anybody could sign.
    assert_eq!(sign_standard(BODY, "whsec_", ID, at(0)), None);
}

#[test]
fn a10_creem_the_signature_is_over_bytes_of_any_kind() {
    let payload = [0xff, 0x00, 0xfe, b'{'];
    assert_eq!(outcome(&payload, &only(&sign(&payload, SECRET)), 0), Ok("current"));
}

#[test]
fn a15_creem_a_payload_above_1_mib_is_refused_unread() {
    let largest = vec![b' '; CREEM_PAYLOAD_BYTES_MAX];
    assert_eq!(outcome(&largest, &only(&sign(&largest, SECRET)), 0), Ok("current"));
    let payload = vec![b' '; CREEM_PAYLOAD_BYTES_MAX + 1];
    let refusal = CreemSignatureError::PayloadTooLong { bytes: CREEM_PAYLOAD_BYTES_MAX + 1 };
    assert_eq!(outcome(&payload, &only(&sign(&payload, SECRET)), 0), Err(refusal));
}

proptest! {
    #[test]
    fn a6_creem_one_changed_byte_is_one_too_many(place in any::<Index>(), change in 1_u8..) {
        let signature = sign(CHECKOUT.as_bytes(), SECRET);
        let mut payload = CHECKOUT.as_bytes().to_vec();
        let place = place.index(payload.len());
        payload[place] ^= change;
        prop_assert!(outcome(&payload, &only(&signature), 0).is_err());
    }

    #[test]
    fn a7_creem_no_header_makes_verify_panic(
        texts in prop::collection::vec(prop_oneof![any::<String>(), "v1,[0-9a-zA-Z+/=]{0,50}( v1,x)?"], 4),
        payload in any::<Vec<u8>>(),
    ) {
        let text = |place: usize| Some(texts[place].as_str());
        let [creem, standard, standard_id, standard_timestamp] = [text(0), text(1), text(2), text(3)];
        let headers = SignatureHeaders { creem, standard, standard_id, standard_timestamp };
        prop_assert!(outcome(&payload, &headers, 0).is_err());
        let only_creem = SignatureHeaders { standard: None, ..headers };
        prop_assert!(outcome(&payload, &only_creem, 0).is_err());
    }
}
