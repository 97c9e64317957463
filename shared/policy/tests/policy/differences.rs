//! What changes from one version of a document to another.

use policy::authoring::parse_document;
use policy::{Change, Diff, diff};

use crate::small::SMALL;

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

fn change(of: &str, before: &str, after: &str) -> Change {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Change { of: of.to_owned(), before: text(before), after: text(after) }
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
        ("cancel = false", "cancel = true"),
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
                "revokes: true, cancels: false, debt for spent credits: false",
                "revokes: true, cancels: true, debt for spent credits: false",
            ),
            change("renewal", "adds to what is left", "replaces what is left"),
        ]
    );
}
