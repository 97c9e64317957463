//! Any input gets an answer, and never a panic.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::{CHECKOUT, INVOICE, REFUND, SECRET, SUBSCRIPTION, at, read, secrets};
use crate::{sign, verify};

/// Pieces of JSON to put in the place of others.
const PIECES: [&str; 16] = [
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "1e3",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[{}]",
    "{\"id\":\"a\"}",
    "{\"data\":[{}]}",
    "\"\\ud800\"",
    "99999999999999999999",
    "{\"data\":[{\"id\":\"x\"}],\"has_more\":1}",
];

fn header() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        "t=[0-9]{0,20}",
        "v1=[0-9a-f]{60,68}",
        "v[0-9]=[0-9a-zA-Zé]{0,70}",
        "[ -~]{0,20}",
        any::<String>(),
        Just(sign(b"payload", SECRET, at(0))),
    ];
    prop::collection::vec(item, 0..8).prop_map(|items| items.join(","))
}

fn fixture() -> impl Strategy<Value = &'static str> {
    select(&[CHECKOUT, INVOICE, REFUND, SUBSCRIPTION][..])
}

proptest! {
    #[test]
    fn a7_no_header_makes_verify_panic(header in header(), payload in any::<Vec<u8>>()) {
        // None of the headers has a signature of an arbitrary payload.
        prop_assert!(verify(&payload, &header, &secrets(), at(0)).is_err());
    }

    #[test]
    fn a6_one_changed_byte_is_one_too_many(fixture in fixture(), place in any::<Index>(), change in 1_u8..) {
        let header = sign(fixture.as_bytes(), SECRET, at(0));
        let mut payload = fixture.as_bytes().to_vec();
        let place = place.index(payload.len());
        payload[place] ^= change;
        prop_assert!(verify(&payload, &header, &secrets(), at(0)).is_err());
        prop_assert!(verify(fixture.as_bytes(), &header, &secrets(), at(0)).is_ok());
    }

    #[test]
    fn a15_no_bytes_make_parse_panic(payload in prop::collection::vec(any::<u8>(), 1..400)) {
        prop_assert!(read(payload).is_err());
    }

    #[test]
    fn a15_no_damage_makes_parse_panic(
        fixture in fixture(),
        from in any::<Index>(),
        length in 0_usize..40,
        bytes in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut payload = fixture.as_bytes().to_vec();
        let from = from.index(payload.len());
        let to = from.saturating_add(length).min(payload.len());
        payload.splice(from..to, bytes);
        let _ = read(payload);
    }

    #[test]
    fn a15_no_other_value_makes_parse_panic(
        fixture in fixture(),
        changes in prop::collection::vec((any::<Index>(), select(&PIECES[..])), 1..4),
    ) {
        let mut lines: Vec<String> = fixture.lines().map(str::to_owned).collect();
        for (place, piece) in changes {
            let place = place.index(lines.len());
            let Some((key, value)) = lines[place].split_once(": ") else { continue };
            // Only values of one line, so that the whole stays JSON.
            if value.ends_with(['{', '[']) {
                continue;
            }
            let comma = if value.ends_with(',') { "," } else { "" };
            lines[place] = format!("{key}: {piece}{comma}");
        }
        if let Err(unreadable) = read(lines.join("\n")) {
            prop_assert!(!unreadable.field.is_empty() && !unreadable.expected.is_empty());
        }
    }
}
