//! What changes from one version of a document to another.

use policy_authoring::{Diff, DocumentChange, diff};
use policy_authoring::{Losses, check_change, check_versions, losses, parse_document};

use crate::SMALL;

/// What changes when parts of the small document are replaced.
fn changed(replacements: &[(&str, &str)]) -> Diff {
    let parse =
        |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let after = replacements.iter().fold(SMALL.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    });
    diff(&parse(SMALL), &parse(&after))
}

fn change(of: &str, before: &str, after: &str) -> DocumentChange {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    DocumentChange { of: of.to_owned(), before: text(before), after: text(after) }
}

#[test]
fn the_same_document_has_no_difference() {
    assert!(changed(&[]).is_empty());
    assert!(changed(&[("version = \"2026-01-01\"", "version = \"2026-02-01\"")]).is_empty());
}

#[test]
fn clauses_and_terms() {
    let diff = changed(&[
        ("We grant.", "We grant gladly."),
        ("[clauses.bad]", "[clauses.worse]"),
        ("value = 14\nunit = \"days\"\nmin = 7", "value = 10\nunit = \"days\"\nmin = 7"),
    ]);
    assert_eq!(
        diff.clauses,
        [
            change("bad", "We refuse.", ""),
            change("good", "We grant.", "We grant gladly."),
            change("worse", "", "We refuse."),
        ]
    );
    assert_eq!(diff.terms, [change("window", "14 days", "10 days")]);
    assert!(diff.outcomes.is_empty());
}

#[test]
fn outcomes() {
    let diff = changed(&[
        ("payment_kind = pack", "payment_kind = pack and (credits_landed or not first_purchase)"),
        ("mode = \"auto\"", "mode = \"recommend\""),
    ]);
    assert_eq!(
        diff.outcomes,
        [change(
            "refuse",
            "for changed_mind: when payment_kind = pack: refuse, by the machine; offers again",
            "for changed_mind: when payment_kind = pack and (credits_landed or not first_purchase): refuse, \
             recommended to a person; offers again",
        )]
    );
}

#[test]
fn promises() {
    let diff = changed(&[
        ("on_renewal = \"add\"", "on_renewal = \"replace\""),
        ("\ncancel = false", "\ncancel = true"),
        ("[door]", "[law.eu-withdrawal]\n[door]"),
        ("Try again.", "Try once more."),
    ]);
    assert_eq!(
        diff.promises,
        [
            change("law eu-withdrawal", "", "version 2026-05-02, signed by nobody"),
            change("offer again", "Try again.", "Try once more."),
            change(
                "refund",
                "revokes: remaining, of a part: proportional, a reviewer may choose: no; cancels: false, for \
                 a part: false, a reviewer may choose: false; debt for spent credits: false",
                "revokes: remaining, of a part: proportional, a reviewer may choose: no; cancels: true, for \
                 a part: false, a reviewer may choose: false; debt for spent credits: false",
            ),
            change("renewal", "adds to what is left", "replaces what is left"),
        ]
    );
}

/// What `check_change` says of the small document with one rule, after the rule is replaced.
fn material(before: &str, after: &str, header: &[(&str, &str)]) -> Result<Losses, String> {
    let start = SMALL.find("[rules.").unwrap();
    let text = |rules: &str| {
        let minor = SMALL[..start].replace("material = true", "material = false");
        header.iter().fold(format!("{minor}{rules}"), |text, (from, to)| text.replace(from, to))
    };
    let parse =
        |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let (before, after) = (text(before), text(after));
    check_change("small.toml", &after, &parse(&before), &parse(&after))
        .map_err(|mistakes| mistakes.to_string())
}

const GENEROUS: &str = "[rules.early]\nclauses = [\"main\"]\nreasons = [\"changed_mind\"]\nwhen = \"requested_at \
                        within window of payment_charged_at\"\noutcome = \"grant\"\nremedy = \
                        \"rest_of_payment\"\nmode = \"auto\"\n";

#[test]
fn s2_33_a_version_that_takes_something_is_material() {
    let strict = GENEROUS.replace("window", "minutes");
    let found = material(GENEROUS, &strict, &[]).unwrap_err();
    assert_eq!(
        found,
        "small.toml:8: document.material: says that nothing is taken from customers, and it decides \
         `changed_mind` worse when requested_at = 2026-01-21T23:59:59.999Z and payment_charged_at = \
         2026-01-08T00:00:00Z, compared with version 2026-01-01; expected `material = true` and its reason"
    );
    let late = [("announced = 2025-12-01", "announced = 2025-12-19")];
    let found = material(GENEROUS, &strict, &late).unwrap_err();
    assert!(
        found.ends_with("expected `material = true`, its reason, and `in_force` not before 2026-01-02"),
        "{found}"
    );
    let declared = [("material = false", "material = true")];
    let losses = material(GENEROUS, &strict, &declared).unwrap();
    let worse: Vec<&str> = losses.requests.iter().map(|loss| loss.when.as_str()).collect();
    assert_eq!(
        worse,
        ["requested_at = 2026-01-21T23:59:59.999Z and payment_charged_at = 2026-01-08T00:00:00Z"]
    );
    assert!(material(&strict, GENEROUS, &[]).unwrap().is_empty());
    assert!(material(GENEROUS, GENEROUS, &[]).unwrap().is_empty());
}

#[test]
fn s2_33_a_smaller_promise_is_material() {
    for (from, to, expected) in [
        ("on_renewal = \"add\"", "on_renewal = \"replace\"", "a renewal replaces the credits that are left"),
        (
            "limit = \"few\"",
            "limit = \"window\"",
            "clock `answer` promises 14 days where it was 4 business hours",
        ),
        ("firm = true", "firm = false", "clock `answer` says what is usual where it promised"),
        ("\ncancel = false", "\ncancel = true", "a refund cancels the subscription"),
        ("cancel_for_part = false", "cancel_for_part = true", "a refund of a part cancels the subscription"),
        (
            "reviewer_may_cancel = false",
            "reviewer_may_cancel = true",
            "a reviewer may cancel the subscription",
        ),
        (
            "revoke_of_part = \"proportional\"",
            "revoke_of_part = \"remaining\"",
            "a refund of a part revokes more credits",
        ),
        (
            "\ncancel = false",
            "\nreviewer_may_revoke = [\"remaining\"]\ncancel = false",
            "a reviewer may revoke more credits",
        ),
        ("debt_for_spent = false", "debt_for_spent = true", "a refund makes spent credits a debt"),
        (
            "own_error = { then = \"give_back\"",
            "own_error = { then = \"person\"",
            "the credits of `draw` do not come back by themselves after `own_error`",
        ),
        (
            "[offers.again]\nclause = \"main\"\nkind = \"retry\"\ntext = \"Try again.\"\n",
            "",
            "`again` is not offered",
        ),
    ] {
        let minor = SMALL.replace("material = true", "material = false").replace("offers = [\"again\"]", "");
        let parse =
            |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let after = minor.replace(from, to);
        let found =
            check_change("small.toml", &after, &parse(&minor), &parse(&after)).unwrap_err().to_string();
        assert!(found.contains(expected), "{found}");
        assert!(losses(&parse(&after), &parse(&minor)).is_empty(), "{to}");
    }
}

#[test]
fn s2_33_a_late_result_that_is_charged_where_it_was_free_is_material() {
    let minor = SMALL.replace("material = true", "material = false");
    let free = minor.replace("late_success = { then = \"charge\"", "late_success = { then = \"free\"");
    let parse =
        |text: &str| parse_document("small.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    let found = check_change("small.toml", &minor, &parse(&free), &parse(&minor)).unwrap_err().to_string();
    assert!(found.contains("a result that comes late is charged"), "{found}");
    assert!(losses(&parse(&minor), &parse(&free)).is_empty());
}

#[test]
fn s2_33_the_gate_of_the_build_looks_at_every_version_but_the_first() {
    let version = |name: &str, text: String| {
        let parsed = parse_document(name, &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        (name.to_owned(), text, parsed)
    };
    let silent = SMALL.replace("material = true", "material = false");
    let of = |day: &str, text: &str| {
        let text = text.replace("version = \"2026-01-01\"", &format!("version = \"{day}\""));
        version(&format!("{day}.toml"), text.replace("in_force = 2026-01-01", &format!("in_force = {day}")))
    };
    let strict = silent.replace("on_renewal = \"add\"", "on_renewal = \"replace\"");
    let declared = strict.replace("material = false", "material = true");
    let (first, same) = (of("2026-01-01", &silent), of("2026-02-01", &silent));
    for (versions, refused) in [
        (vec![first.clone()], None),
        (vec![first.clone(), same.clone()], None),
        (vec![first.clone(), of("2026-02-01", &declared)], None),
        (vec![first.clone(), of("2026-02-01", &strict)], Some("2026-02-01.toml:8: document.material")),
        (vec![first, same, of("2026-03-01", &strict)], Some("2026-03-01.toml:8: document.material")),
    ] {
        let found = check_versions(&versions).err().map(|mistakes| mistakes.to_string());
        match (refused, found) {
            (None, None) => {}
            (Some(refused), Some(found)) => assert!(found.starts_with(refused), "{found}"),
            other => panic!("{other:?}"),
        }
    }
}
