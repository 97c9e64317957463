//! What a later version of each document could take from customers: none that says it is not material builds.

use policy_authoring::{check_change, parse_document};

use crate::embedded::text;

const ASSISTANT_SUITE: &str = "policies/assistant-suite/2026-05-02.toml";
const IMAGE_TO_3D: &str = "policies/image-to-3d/2026-06-01.toml";
const IMAGE_WEB: &str = "policies/image-web/2026-05-02.toml";
const MUSIC_STUDIO: &str = "policies/music-studio/2026-05-02.toml";

/// What the build says of a version with these replacements that is not called material.
fn refused(path: &str, replacements: &[(&str, &str)]) -> Option<String> {
    let before = text(path);
    let after = replacements.iter().fold(before.clone(), |text, (from, to)| {
        assert!(text.contains(from), "{path}: {from}");
        text.replacen(from, to, 1)
    });
    let parse = |text: &str| parse_document(path, text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    check_change(path, &after, &parse(&before), &parse(&after)).err().map(|mistakes| mistakes.to_string())
}

/// Another number of a term, which its lower bound allows.
fn check_term(path: &str, id: &str, unit: &str, (was, is): (u32, u32), expected: &str) {
    let named = |number: u32| format!("[terms.{id}]\nvalue = {number}\nunit = \"{unit}\"\n");
    let (from, to) = (named(was), named(is));
    let bounded = format!("{from}min = {was}\n");
    let from = if text(path).contains(&bounded) { &bounded } else { &from };
    let replacements = [(from.as_str(), to.as_str())];
    let found = refused(path, &replacements);
    let found = found.unwrap_or_else(|| panic!("{path}: `{id}` may become {is}"));
    assert!(found.contains("document.material: says that nothing is taken from customers"), "{found}");
    assert!(found.contains(expected), "{found}");
}

#[test]
fn s2_33_a_shorter_window_does_not_build_unless_it_is_called_material() {
    check_term(IMAGE_TO_3D, "refund_window", "days", (7, 6), "worse when");
    check_term(IMAGE_TO_3D, "recently", "days", (7, 6), "worse when");
    check_term(IMAGE_TO_3D, "promptly", "days", (3, 2), "worse when");
    check_term(IMAGE_WEB, "refund_window", "days", (14, 13), "worse when");
    check_term(ASSISTANT_SUITE, "early_window", "hours", (48, 47), "worse when");
    check_term(MUSIC_STUDIO, "duplicate_span", "hours", (24, 23), "fewer payments count as made twice");
}

#[test]
fn s2_33_another_threshold_against_customers_does_not_build_unless_it_is_called_material() {
    check_term(IMAGE_TO_3D, "minimal_use", "percent", (5, 4), "worse when");
    check_term(IMAGE_TO_3D, "substantial_use", "percent", (25, 24), "worse when");
    check_term(IMAGE_TO_3D, "repeatedly", "count", (2, 1), "worse when");
    check_term(IMAGE_WEB, "minimal_use", "percent", (5, 4), "worse when");
    check_term(ASSISTANT_SUITE, "little_use", "percent", (2, 1), "worse when");
}

#[test]
fn s2_33_credits_for_a_shorter_time_do_not_build_unless_it_is_called_material() {
    check_term(MUSIC_STUDIO, "leftover_lifetime", "days", (60, 59), "left-over credits expire sooner");
    check_term(MUSIC_STUDIO, "outage_credits_usable", "days", (60, 59), "brings credits that expire sooner");
    let late = "credits that a late failure gives back expire sooner";
    check_term(MUSIC_STUDIO, "grace_after_failed_job", "hours", (24, 23), late);
    let renews = [("on_resubscribe = \"stop_clock\"", "on_resubscribe = \"keep_clock\"")];
    let found = refused(MUSIC_STUDIO, &renews).unwrap();
    assert!(found.contains("expire although the customer subscribes again"), "{found}");
}

#[test]
fn s2_33_a_lower_percentage_does_not_build_unless_it_is_called_material() {
    check_term(MUSIC_STUDIO, "outage_discount", "percent", (20, 19), "`discount` is a smaller discount");
}

#[test]
fn s2_33_a_longer_promise_does_not_build_unless_it_is_called_material() {
    check_term(
        MUSIC_STUDIO,
        "first_response_limit",
        "business_hours",
        (4, 5),
        "clock `first-response` promises",
    );
    check_term(IMAGE_WEB, "hold_deadline", "minutes", (30, 31), "that is stuck come back later");
    check_term(MUSIC_STUDIO, "notice_of_change", "days", (14, 13), "changes are announced later");
}

#[test]
fn s2_33_fewer_or_narrower_rules_do_not_build_unless_they_are_called_material() {
    let rule = |path: &str, id: &str| {
        let text = text(path);
        let start = text.find(&format!("[rules.{id}]\n")).unwrap();
        let length = text[start..].find("\n\n").unwrap();
        text[start..start + length].to_owned()
    };
    let double = rule(MUSIC_STUDIO, "double-payment");
    let failed = rule(IMAGE_WEB, "failed-generation");
    let regrets = rule(IMAGE_WEB, "hardly-used-subscription");
    let one_reason = regrets.replace(", \"accidental_purchase\"", "");
    let wrong_card = rule(MUSIC_STUDIO, "wrong-card");
    let a_part = wrong_card.replace("rest_of_payment", "payment_by_unused_credits");
    let fewer = failed.replace("[failed, empty_success, timed_out]", "[failed, empty_success]");
    for (what, path, replacements) in [
        ("a dropped rule", MUSIC_STUDIO, vec![(double.as_str(), "")]),
        ("one ending fewer", IMAGE_WEB, vec![(failed.as_str(), fewer.as_str())]),
        (
            "another condition",
            MUSIC_STUDIO,
            vec![("when = \"payment_named\"", "when = \"payment_named and credits_spent = 0\"")],
        ),
        (
            "a part of a report",
            MUSIC_STUDIO,
            vec![("when = \"payment_named\"", "when = \"payment_named and prompt_given\"")],
        ),
        ("a reason fewer", IMAGE_WEB, vec![(regrets.as_str(), one_reason.as_str())]),
        ("a part of the payment for all of it", MUSIC_STUDIO, vec![(wrong_card.as_str(), a_part.as_str())]),
        (
            "a person in place of the machine",
            IMAGE_WEB,
            vec![(
                "remedy = \"credits_of_generation\"\nmode = \"auto\"",
                "remedy = \"credits_of_generation\"\nmode = \"recommend\"",
            )],
        ),
    ] {
        let found = refused(path, &replacements);
        let found = found.unwrap_or_else(|| panic!("{what} builds"));
        assert!(
            found.contains("document.material: says that nothing is taken from customers"),
            "{what}: {found}"
        );
    }
}

#[test]
fn s2_33_what_takes_nothing_needs_no_notice() {
    for (path, replacements) in [
        (MUSIC_STUDIO, vec![]),
        (MUSIC_STUDIO, vec![("[terms.outage_discount]\nvalue = 20", "[terms.outage_discount]\nvalue = 25")]),
        (IMAGE_WEB, vec![("[terms.minimal_use]\nvalue = 5", "[terms.minimal_use]\nvalue = 6")]),
        (
            MUSIC_STUDIO,
            vec![("[terms.leftover_lifetime]\nvalue = 60", "[terms.leftover_lifetime]\nvalue = 61")],
        ),
    ] {
        assert_eq!(refused(path, &replacements), None, "{path}: {replacements:?}");
    }
}
