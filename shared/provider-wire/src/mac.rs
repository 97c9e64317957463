//! The hexadecimal form of an HMAC-SHA256.

use std::fmt::Write as _;

/// Bytes of an HMAC-SHA256.
pub const MAC_BYTES: usize = 32;

/// Two digits in lower case for each byte.
pub fn mac_as_hex(mac: &[u8]) -> String {
    let mut digits = String::new();
    for byte in mac {
        write!(digits, "{byte:02x}").expect("a String takes every write");
    }
    digits
}

/// Reads 64 digits in lower case; nothing else is one. The providers' own libraries compare the text, and so
/// refuse upper case as well.
pub fn mac_from_hex(text: &str) -> Option<[u8; MAC_BYTES]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != MAC_BYTES || !rest.is_empty() {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    for (byte, &[high, low]) in mac.iter_mut().zip(pairs) {
        *byte = (nibble(high)? << 4) | nibble(low)?;
    }
    Some(mac)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a').and_then(|above_ten| above_ten.checked_add(10)),
        _ => None,
    }
}
