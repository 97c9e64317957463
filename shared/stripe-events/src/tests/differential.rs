//! What is accepted here and what `async-stripe`'s webhook accepts, of random headers, bodies, secrets and
//! ages: the same, apart from the differences that [`as_the_other_reads`] lists.

use proptest::prelude::*;
use proptest::sample::select;
use stripe_webhook::{Webhook, WebhookError};

use super::at;
use crate::{HEADER_BYTES_MAX, SIGNATURES_MAX, SigningSecretError, SigningSecrets, sign, verify};

/// What one item of a header is made of.
#[derive(Debug, Clone)]
enum Item {
    /// `t` of the delivery, in other writings as well.
    Time(&'static str),
    /// A signature by one of three secrets, of which the endpoint has two.
    Signed(usize),
    /// The same in upper case, or without its last digits.
    Upper(usize),
    Cut(usize, usize),
    /// Another scheme, something that is no pair, or anything.
    Text(String),
}

fn item() -> impl Strategy<Value = Item> {
    prop_oneof![
        6 => select(&["{}", "{}", "{}", "0{}", "+{}", "-{}", "{}.0", " {}", "", "99999999999999999999"][..])
            .prop_map(Item::Time),
        6 => (0..3_usize).prop_map(Item::Signed),
        1 => (0..3_usize).prop_map(Item::Upper),
        1 => (0..3_usize, 1..5_usize).prop_map(|(secret, digits)| Item::Cut(secret, digits)),
        1 => "v[0-9]=[0-9a-f]{0,64}".prop_map(Item::Text),
        1 => "[a-z0-9=]{0,6}".prop_map(Item::Text),
        1 => "v1=[0-9a-f]{64}".prop_map(Item::Text),
    ]
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    prop_oneof![
        // As Stripe writes it.
        2 => (0..3_usize).prop_map(|secret| vec![Item::Time("{}"), Item::Signed(secret)]),
        3 => prop::collection::vec(item(), 0..6),
        1 => prop::collection::vec(item(), 15..40),
    ]
}

fn header(items: &[Item], payload: &str, secrets: &[String; 3], signed_at: i64) -> String {
    let signature = |secret: &usize| {
        let header = sign(payload.as_bytes(), &secrets[*secret], at(signed_at));
        header.split_once("v1=").unwrap().1.to_owned()
    };
    let text = |item: &Item| match item {
        Item::Time(form) => format!("t={}", form.replace("{}", &at(signed_at).as_s().to_string())),
        Item::Signed(secret) => format!("v1={}", signature(secret)),
        Item::Upper(secret) => format!("v1={}", signature(secret).to_uppercase()),
        Item::Cut(secret, digits) => format!("v1={}", &signature(secret)[*digits..]),
        Item::Text(text) => text.clone(),
    };
    items.iter().map(text).collect::<Vec<_>>().join(",")
}

/// The header in which the other library is to find what is found here; `None` where nothing is accepted
/// here:
///
/// | difference | here | there |
/// |---|---|---|
/// | an empty body | refused | its signature is checked |
/// | more than 2048 bytes or 16 `v1` | refused | read |
/// | `t` twice | refused | the last one counts |
/// | `t` with a sign or a leading zero | refused: what is written is signed | the number is signed |
/// | an item that is no pair | skipped | the whole header is refused |
/// | a signature in upper case | does not count, as in Stripe's own libraries | counts |
fn as_the_other_reads(payload: &str, header: &str) -> Option<String> {
    let pairs: Vec<(&str, &str)> = header.split(',').filter_map(|item| item.split_once('=')).collect();
    let of = |scheme: &str| pairs.iter().filter(|(name, _)| *name == scheme).count();
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let times_are_plain = pairs.iter().all(|(name, value)| *name != "t" || plain(value));
    let is_read = !payload.is_empty()
        && header.len() <= HEADER_BYTES_MAX
        && of("v1") <= SIGNATURES_MAX
        && of("t") == 1
        && times_are_plain;
    let counts =
        |(name, value): &&(&str, &str)| *name != "v1" || !value.bytes().any(|byte| byte.is_ascii_uppercase());
    let kept = pairs.iter().filter(counts).map(|(name, value)| format!("{name}={value}"));
    is_read.then(|| kept.collect::<Vec<_>>().join(","))
}

/// Whether the other library accepts the signature; what it makes of the body is another matter.
fn accepted_there(payload: &str, header: &str, secret: &str, now: i64) -> bool {
    match Webhook::construct_event_with_timestamp(payload, header, secret, at(now).as_s()) {
        Ok(_) | Err(WebhookError::BadParse(_)) => true,
        Err(_) => false,
    }
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof!["whsec_[A-Za-z0-9]{1,40}", "[!-~]{1,100}", "[!-~äß€]{1,8}"]
}

fn age() -> impl Strategy<Value = i64> {
    prop_oneof![
        select(&[-301_i64, -300, -299, 0, 299, 300, 301][..]),
        -400..400_i64,
        any::<i32>().prop_map(i64::from)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_same_signatures_are_accepted_as_by_another_library(
        payload in prop_oneof!["", "\\PC{1,80}", any::<String>()],
        items in items(),
        secrets in [secret(), secret(), secret()],
        age in age(),
    ) {
        let age = age.clamp(-700_000_000, 700_000_000);
        let header = header(&items, &payload, &secrets, 0);
        let [current, previous, _] = &secrets;
        let slots = [("current", current.clone()), ("previous", previous.clone())];
        let ours = SigningSecrets::new(slots).unwrap();
        let accepted = verify(payload.as_bytes(), &header, &ours, at(age)).is_ok();
        let there = as_the_other_reads(&payload, &header).is_some_and(|header| {
            [current, previous].iter().any(|secret| accepted_there(&payload, &header, secret, age))
        });
        prop_assert_eq!(accepted, there, "{} s, {}", age, header);
    }
}

/// The differences that [`as_the_other_reads`] lists are ones, and each is on the careful side but the item
/// that says nothing.
#[test]
fn what_another_library_accepts_beside_is_known() {
    let body = "{}";
    let good = sign(body.as_bytes(), "whsec_a", at(0));
    let secrets = || SigningSecrets::new([("current", "whsec_a".to_owned())]).unwrap();
    let upper = good.split_once("v1=").map(|(time, mac)| format!("{time}v1={}", mac.to_uppercase())).unwrap();
    for (name, payload, header, here, there) in [
        ("as it is", body, good.clone(), true, true),
        ("an empty body", "", sign(b"", "whsec_a", at(0)), false, true),
        ("many signatures", body, format!("{good}{}", ",v1=00".repeat(16)), false, true),
        ("a long header", body, format!("{good},v0={}", "0".repeat(HEADER_BYTES_MAX)), false, true),
        ("another time first", body, format!("t=1,{good}"), false, true),
        ("a leading zero", body, good.replace("t=", "t=0"), false, true),
        ("a sign", body, good.replace("t=", "t=+"), false, true),
        ("no pair", body, format!("{good},x"), true, false),
        ("upper case", body, upper, false, true),
    ] {
        assert_eq!(verify(payload.as_bytes(), &header, &secrets(), at(0)).is_ok(), here, "{name}");
        assert_eq!(accepted_there(payload, &header, "whsec_a", 0), there, "{name}");
    }
    // A blank secret would let anybody sign.
    assert!(accepted_there(body, &sign(body.as_bytes(), "", at(0)), "", 0));
    let blank = SigningSecrets::new([("current", String::new())]);
    assert_eq!(blank.map(drop), Err(SigningSecretError::Blank { slot: "current" }));
}
