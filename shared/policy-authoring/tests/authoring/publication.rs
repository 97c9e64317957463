//! What may be published beside what is.

use policy_authoring::{
    PublicationDraft, PublicationOutcome, PublicationRefusal, PublishedVersion, check_publications,
    parse_document,
};

use crate::SMALL;

/// 2026-02-01 at midnight UTC, when the second version comes into force.
const SECOND_MS: i64 = 1_769_904_000_000;
const QUARTER_MS: i64 = 900_000;

/// What the small document leaves open, and says so.
const GAP: &str =
    "\n[gaps.rest]\nreasons = [\"changed_mind\"]\nwhen = \"payment_kind = subscription\"\nreason = \"r\"\n";

fn replaced(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(format!("{SMALL}{GAP}"), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// The first version.
fn first_version() -> String {
    replaced(&[])
}

/// The second version, and what else it says otherwise.
fn second(replacements: &[(&str, &str)]) -> String {
    let dates = [
        ("version = \"2026-01-01\"", "version = \"2026-02-01\""),
        ("in_force = 2026-01-01", "in_force = 2026-02-01"),
    ];
    replaced(&[&dates, replacements].concat())
}

fn published(texts: &[&str]) -> Vec<PublishedVersion> {
    let parse =
        |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    texts.iter().map(|text| PublishedVersion { document: parse(text), hash: (*text).to_owned() }).collect()
}

/// Drafts whose hashes are their own texts: equal where the texts are.
fn check_all(
    drafts: &[&str],
    texts: &[&str],
    now_ms: i64,
) -> Vec<Result<PublicationOutcome, PublicationRefusal>> {
    let drafts: Vec<PublicationDraft<'_>> =
        drafts.iter().map(|text| PublicationDraft { file: "small.toml", text, hash: text }).collect();
    check_publications(&drafts, &published(texts), now_ms)
}

fn check(text: &str, texts: &[&str], now_ms: i64) -> Result<PublicationOutcome, PublicationRefusal> {
    check_all(&[text], texts, now_ms).remove(0)
}

#[test]
fn where_nothing_is_published_versions_may_be_of_the_past_and_come_in_any_order() {
    let (first, second) = (first_version(), second(&[]));
    let answers = check_all(&[&second, &first], &[], i64::MAX);
    let [Ok(later), Ok(earlier)] = answers.as_slice() else { panic!("{answers:?}") };
    let PublicationOutcome::New { before: Some(before), .. } = later else { panic!("{later:?}") };
    let PublicationOutcome::New { document, before: None, losses } = earlier else { panic!("{earlier:?}") };
    assert_eq!(before, document);
    assert!(document.id == "small" && losses.is_empty(), "{losses:?}");
}

#[test]
fn the_same_bytes_again_are_a_repetition_and_no_error() {
    let again = check(&first_version(), &[&first_version()], i64::MAX).unwrap();
    assert!(matches!(&again, PublicationOutcome::Repeated(document) if document.version == "2026-01-01"));
}

#[test]
fn a_first_version_beside_other_policies_waits_as_every_version_does() {
    let other = replaced(&[
        ("id = \"small\"", "id = \"other\""),
        ("products = [\"toys\"]", "products = [\"games\"]"),
    ]);
    let refused = check(&other, &[&first_version()], SECOND_MS).unwrap_err();
    assert!(matches!(refused, PublicationRefusal::TooSoon { .. }), "{refused}");
    assert!(check(&other, &[&first_version()], 0).is_ok());
}

#[test]
fn a_version_that_exists_never_changes() {
    let spaced = format!("{}\n# One remark more.\n", first_version());
    let refused = check(&spaced, &[&first_version()], 0).unwrap_err();
    assert!(matches!(&refused, PublicationRefusal::OtherText { .. }), "{refused}");
    assert!(refused.to_string().contains("expected a new version"), "{refused}");
}

#[test]
fn everybody_has_a_quarter_of_an_hour_to_learn_of_a_version() {
    let second = second(&[]);
    let new = check(&second, &[&first_version()], SECOND_MS - QUARTER_MS).unwrap();
    assert!(matches!(new, PublicationOutcome::New { .. }));
    let late = check(&second, &[&first_version()], SECOND_MS - QUARTER_MS + 1).unwrap_err();
    assert!(matches!(late, PublicationRefusal::TooSoon { .. }), "{late}");
}

#[test]
fn a_version_comes_after_those_that_are_published() {
    let between = second(&[]).replace("2026-02-01", "2026-01-15");
    let refused = check(&between, &[&first_version(), &second(&[])], 0).unwrap_err();
    assert!(matches!(&refused, PublicationRefusal::NotNewest { newest, .. } if newest == "2026-02-01"));
}

#[test]
fn what_takes_something_from_customers_says_so_or_is_not_published() {
    let smaller = ("on_renewal = \"add\"", "on_renewal = \"replace\"");
    let said = check(&second(&[smaller]), &[&first_version()], 0).unwrap();
    assert!(matches!(said, PublicationOutcome::New { losses, .. } if !losses.is_empty()));
    let silent = second(&[smaller, ("material = true", "material = false")]);
    let refused = check(&silent, &[&first_version()], 0).unwrap_err();
    assert!(matches!(&refused, PublicationRefusal::Mistakes(_)), "{refused}");
    assert!(refused.to_string().contains("document.material"), "{refused}");
}

#[test]
fn a_product_has_one_policy() {
    let other = replaced(&[("id = \"small\"", "id = \"other\"")]);
    let refused = check(&other, &[&first_version()], 0).unwrap_err();
    assert!(matches!(refused, PublicationRefusal::Beside(_)), "{refused}");
}
