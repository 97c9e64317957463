//! Creem's webhook signatures.
//!
//! Written apart from the crate that verifies them, so that the two check each other.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// The `creem-signature` header for `body`: the whole secret is the key.
///
/// # Panics
///
/// Never: HMAC takes a key of any length.
pub fn creem_signature(secret: &str, body: &[u8]) -> String {
    mac(secret.as_bytes(), body).iter().fold(String::new(), |mut digits, byte| {
        // Writing to a string cannot fail.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

/// The `webhook-signature` header for `body` sent as `id` at `t` (seconds since 1970): what the secret
/// encodes in base64 is the key. `None` for a secret that is no base64.
pub fn standard_signature(secret: &str, id: &str, t: i64, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret)).ok()?;
    let message = [format!("{id}.{t}.").as_bytes(), body].concat();
    Some(format!("v1,{}", STANDARD.encode(mac(&key, &message))))
}
