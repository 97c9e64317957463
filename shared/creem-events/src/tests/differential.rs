//! What is accepted here and what another implementation of HMAC-SHA256 makes of the same bytes.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use ring::hmac;

use super::{at, only};
use crate::{CreemSecrets, SignatureHeaders, sign, sign_standard, verify};

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

fn hex(mac: &[u8]) -> String {
    mac.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// Secrets of all lengths: beyond 64 bytes the key is hashed first.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof!["[!-~]{1,100}", "[!-~äß€]{1,8}", "whsec_[A-Za-z0-9]{1,40}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_creem_signature_is_what_another_implementation_computes(
        payload in prop::collection::vec(any::<u8>(), 1..200),
        secret in secret(),
        other in secret(),
    ) {
        let there = hex(&mac(secret.as_bytes(), &payload));
        prop_assert_eq!(&sign(&payload, &secret), &there);
        let secrets = CreemSecrets::new([("current", secret.clone())]).unwrap();
        prop_assert!(verify(&payload, &only(&there), &secrets, at(0)).is_ok());
        let stranger = hex(&mac(other.as_bytes(), &payload));
        prop_assert_eq!(verify(&payload, &only(&stranger), &secrets, at(0)).is_ok(), secret == other);
    }

    #[test]
    fn a_standard_signature_is_what_another_implementation_computes(
        payload in prop::collection::vec(any::<u8>(), 1..200),
        key in prop::collection::vec(any::<u8>(), 1..80),
        id in "[!-~]{1,30}",
        prefixed in any::<bool>(),
    ) {
        let encoded = STANDARD.encode(&key);
        let secret = if prefixed { format!("whsec_{encoded}") } else { encoded };
        let timestamp = at(0).as_s().to_string();
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &payload].concat();
        let there = format!("v1,{}", STANDARD.encode(mac(&key, &message)));
        let here = sign_standard(&payload, &secret, &id, at(0));
        prop_assert_eq!(here.as_deref(), Some(there.as_str()));
        let secrets = CreemSecrets::new([("current", secret)]).unwrap();
        let headers = SignatureHeaders {
            creem: None,
            standard: Some(&there),
            standard_id: Some(&id),
            standard_timestamp: Some(&timestamp),
        };
        prop_assert!(verify(&payload, &headers, &secrets, at(0)).is_ok());
    }
}
