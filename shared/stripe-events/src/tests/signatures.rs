//! The header and the bytes: who may say something, and for how long.

use super::{SECRET, at, secrets};
use crate::{
    HEADER_BYTES_MAX, PAYLOAD_BYTES_MAX, SIGNATURES_MAX, SignatureError, SigningSecretError, SigningSecrets,
    sign, verify,
};

const BODY: &[u8] = br#"{"id":"evt_1"}"#;

fn outcome(payload: &[u8], header: &str, now: i64) -> Result<&'static str, SignatureError> {
    verify(payload, header, &secrets(), at(now)).map(|verified| verified.secret())
}

fn v1_of(header: &str) -> &str {
    header.split_once(",v1=").unwrap().1
}

#[test]
fn a_signature_of_stripes_own_scheme_is_accepted() {
    // Made with `openssl dgst -sha256 -hmac whsec_test_current` over `1793527200.{"id":"evt_1"}`.
    let header = "t=1793527200,v1=56dc68fa162c8de956906e20ceb3cd1af6a1721906547bf8f4a370453eac3239";
    assert_eq!(sign(BODY, SECRET, at(0)), header);
    let secrets = secrets();
    let verified = verify(BODY, header, &secrets, at(0)).unwrap();
    assert_eq!((verified.payload(), verified.secret()), (BODY, "current"));
}

#[test]
fn a1_an_age_of_300_s_is_accepted_and_of_301_s_refused() {
    let header = sign(BODY, SECRET, at(0));
    assert_eq!(outcome(BODY, &header, 300), Ok("current"));
    assert_eq!(outcome(BODY, &header, 301), Err(SignatureError::TooOld { age_s: 301 }));
}

#[test]
fn a2_a_future_of_300_s_is_accepted_and_of_301_s_refused_by_name() {
    let header = sign(BODY, SECRET, at(0));
    assert_eq!(outcome(BODY, &header, -300), Ok("current"));
    assert_eq!(outcome(BODY, &header, -301), Err(SignatureError::InFuture { ahead_s: 301 }));
}

#[test]
fn a3_any_of_several_signatures_is_accepted() {
    let good = sign(BODY, SECRET, at(0));
    let (good, bad) = (v1_of(&good), "0".repeat(64));
    for order in [vec![good, &bad], vec![&bad, good], vec![&bad, &bad, good, &bad, &bad]] {
        let header = format!("t={},v1={}", at(0).as_s(), order.join(",v1="));
        assert_eq!(outcome(BODY, &header, 0), Ok("current"), "{header}");
    }
    let header = format!("t={},v1={bad},v1={bad}", at(0).as_s());
    assert_eq!(outcome(BODY, &header, 0), Err(SignatureError::Mismatch));
}

#[test]
fn a4_either_secret_is_accepted_and_named() {
    let both = SigningSecrets::new([("current", "whsec_b".to_owned()), ("previous", "whsec_a".to_owned())]);
    let both = both.unwrap();
    for (secret, label) in [("whsec_b", "current"), ("whsec_a", "previous")] {
        let header = sign(BODY, secret, at(0));
        assert_eq!(verify(BODY, &header, &both, at(0)).unwrap().secret(), label);
    }
    // While Stripe rolls a secret, it signs with both.
    let (old, new) = (sign(BODY, "whsec_a", at(0)), sign(BODY, "whsec_b", at(0)));
    let header = format!("{old},v1={}", v1_of(&new));
    assert_eq!(verify(BODY, &header, &both, at(0)).unwrap().secret(), "current");
    let header = sign(BODY, "whsec_c", at(0));
    assert_eq!(verify(BODY, &header, &both, at(0)).unwrap_err(), SignatureError::Mismatch);
}

#[test]
fn a5_other_schemes_do_not_count() {
    let good = sign(BODY, SECRET, at(0));
    for scheme in ["v0", "v2", "V1", " v1", "v11"] {
        let header = good.replace("v1", scheme);
        assert_eq!(outcome(BODY, &header, 0), Err(SignatureError::SignatureMissing), "{header}");
    }
    let header = format!("{good},v0={},v2=x,y", "0".repeat(64));
    assert_eq!(outcome(BODY, &header, 0), Ok("current"));
}

#[test]
fn a6_every_change_of_the_bytes_is_refused() {
    let header = sign(BODY, SECRET, at(0));
    for changed in [
        br#"{"id":"evt_2"}"#.to_vec(),
        [BODY, b"\n"].concat(),
        br#"{"id": "evt_1"}"#.to_vec(),
        ["\u{feff}".as_bytes(), BODY].concat(),
        BODY[1..].to_vec(),
    ] {
        assert_eq!(outcome(&changed, &header, 0), Err(SignatureError::Mismatch));
    }
    assert_eq!(outcome(b"", &header, 0), Err(SignatureError::PayloadEmpty));
    let later = header.replace(&at(0).as_s().to_string(), &at(1).as_s().to_string());
    assert_eq!(outcome(BODY, &later, 0), Err(SignatureError::Mismatch), "`t` is signed as well");
}

#[test]
fn a7_a_malformed_header_is_refused_with_bounded_work() {
    let good = sign(BODY, SECRET, at(0));
    let v1 = v1_of(&good);
    let at_t = |t: &str| format!("t={t},v1={v1}");
    let many = |count| format!("t=1{}", ",v1=".repeat(count));
    for (header, expected) in [
        (String::new(), SignatureError::HeaderEmpty),
        (",,,===".to_owned(), SignatureError::TimestampMissing),
        ("x".repeat(65_536), SignatureError::HeaderTooLong { bytes: 65_536 }),
        (many(10_000), SignatureError::HeaderTooLong { bytes: 40_003 }),
        (many(SIGNATURES_MAX + 1), SignatureError::TooManySignatures),
        (many(SIGNATURES_MAX), SignatureError::Mismatch),
        (format!("v1={v1}"), SignatureError::TimestampMissing),
        (format!("{good},t=1"), SignatureError::TimestampRepeated),
        (format!("t=,{good}"), SignatureError::TimestampRepeated),
        (format!("t={}", at(0).as_s()), SignatureError::SignatureMissing),
        (at_t("NaN"), SignatureError::TimestampMalformed),
        (at_t("-1"), SignatureError::TimestampMalformed),
        (at_t("+1793527200"), SignatureError::TimestampMalformed),
        (at_t(" 1793527200"), SignatureError::TimestampMalformed),
        (at_t(""), SignatureError::TimestampMalformed),
        (at_t("1e9"), SignatureError::TimestampMalformed),
        (at_t("9223372036854775808"), SignatureError::TimestampMalformed),
        (at_t("9223372036854775807"), SignatureError::Mismatch),
        (at_t("0"), SignatureError::Mismatch),
    ] {
        assert_eq!(outcome(BODY, &header, 0), Err(expected), "{header:.80}");
    }
    let longest = format!("{good},v0={}", "0".repeat(HEADER_BYTES_MAX - good.len() - 4));
    assert_eq!((longest.len(), outcome(BODY, &longest, 0)), (HEADER_BYTES_MAX, Ok("current")));
}

#[test]
fn a8_only_64_digits_in_lower_case_are_a_signature() {
    let good = sign(BODY, SECRET, at(0));
    let v1 = v1_of(&good);
    for text in [
        // Stripe's own libraries compare the text, and so refuse upper case.
        v1.to_uppercase(),
        v1[1..].to_owned(),
        v1[2..].to_owned(),
        format!("{v1}00"),
        format!("{v1}0"),
        v1.replacen(|_: char| true, "g", 1),
        v1.replacen(|_: char| true, "é", 1),
        format!(" {}", &v1[1..]),
        String::new(),
    ] {
        let header = format!("t={},v1={text}", at(0).as_s());
        assert_eq!(outcome(BODY, &header, 0), Err(SignatureError::Mismatch), "{text}");
        let header = format!("{header},v1={v1}");
        assert_eq!(outcome(BODY, &header, 0), Ok("current"), "beside `{text}`");
    }
}

#[test]
fn a9_a_blank_secret_is_refused_by_its_slot() {
    let made = |current: &str, previous: &str| {
        SigningSecrets::new([("current", current.to_owned()), ("previous", previous.to_owned())]).map(drop)
    };
    for blank in ["", " ", "\t\r\n", "\u{a0}"] {
        assert_eq!(made(blank, "whsec_a"), Err(SigningSecretError::Blank { slot: "current" }));
        assert_eq!(made("whsec_a", blank), Err(SigningSecretError::Blank { slot: "previous" }));
    }
    for spaced in ["whsec_a\n", " whsec_a", "whsec a", "whsec_a\r\n", "whsec_a\0"] {
        assert_eq!(made("whsec_b", spaced), Err(SigningSecretError::WhiteSpace { slot: "previous" }));
    }
    assert_eq!(SigningSecrets::new([]).map(drop), Err(SigningSecretError::Missing));
    let five = ["a", "b", "c", "d", "e"].map(|label| (label, "whsec_a".to_owned()));
    assert_eq!(SigningSecrets::new(five).map(drop), Err(SigningSecretError::TooMany));
}

#[test]
fn a9_no_secret_is_ever_shown() {
    assert_eq!(format!("{:?}", secrets()), r#"["current"]"#);
    let error = SigningSecrets::new([("current", "whsec_hidden\n".to_owned())]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hidden"));
}

#[test]
fn a10_the_signature_is_over_bytes_of_any_kind() {
    let payload = [0xff, 0x00, 0xfe, b'{'];
    assert_eq!(outcome(&payload, &sign(&payload, SECRET, at(0)), 0), Ok("current"));
}

#[test]
fn a14_a_genuine_request_is_refused_after_300_s() {
    let header = sign(BODY, SECRET, at(0));
    assert_eq!(outcome(BODY, &header, 0), Ok("current"));
    assert_eq!(outcome(BODY, &header, 300), Ok("current"));
    assert_eq!(outcome(BODY, &header, 3_600), Err(SignatureError::TooOld { age_s: 3_600 }));
    // The signature comes first: of a forged header nothing is said about its age.
    let forged = header.replace("v1=", "v1=0");
    assert_eq!(outcome(BODY, &forged, 3_600), Err(SignatureError::Mismatch));
}

#[test]
fn a15_a_payload_above_1_mib_is_refused_unread() {
    let largest = vec![b' '; PAYLOAD_BYTES_MAX];
    assert_eq!(outcome(&largest, &sign(&largest, SECRET, at(0)), 0), Ok("current"));
    let payload = vec![b' '; PAYLOAD_BYTES_MAX + 1];
    let refusal = SignatureError::PayloadTooLong { bytes: PAYLOAD_BYTES_MAX + 1 };
    assert_eq!(outcome(&payload, &sign(&payload, SECRET, at(0)), 0), Err(refusal));
}
