//! Stripe's webhook signature: HMAC-SHA256 over `{t}.{body}`, one `v1` for each secret.
//!
//! Written apart from the crate that verifies it, so that the two check each other.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The `Stripe-Signature` header for `body` signed at `t` (seconds since 1970).
///
/// ```
/// let header = testkit::stand_in::signature_header(&["whsec_test"], 1_777_000_000, b"{}");
/// assert!(header.starts_with("t=1777000000,v1="));
/// ```
///
/// # Panics
///
/// Never: HMAC takes a key of any length.
pub fn signature_header<S: AsRef<str>>(secrets: &[S], t: i64, body: &[u8]) -> String {
    let mut header = format!("t={t}");
    for secret in secrets {
        header.push_str(",v1=");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_ref().as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(t.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        for byte in mac.finalize().into_bytes() {
            // Writing to a string cannot fail.
            let _ = write!(header, "{byte:02x}");
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_signs_the_same_bytes() {
        // Computed with `printf '1.{}' | openssl dgst -sha256 -hmac whsec_a`.
        let a = "7aaed73a0f45f657eacd5c9b580562745d6023b1e3e6d17dce076b81940aa046";
        let header = signature_header(&["whsec_a", "whsec_b"], 1, b"{}");
        let parts: Vec<&str> = header.split(',').collect();
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1], format!("v1={a}"));
        assert_ne!(parts[1], parts[2]);
    }
}
