//! What a policy makes of a generation's ending.

use policy::{Document, FailureKind, GenerationEnding, GenerationOutcome};
use policy_authoring::parse_document;
use serde_json::json;

use crate::small::SMALL;

fn small() -> Document {
    parse_document("small.toml", SMALL).unwrap()
}

#[test]
fn an_operation_overrides_the_rules_of_the_document() {
    let document = small();
    assert_eq!(document.hold_deadline_s("draw"), 3_000);
    assert_eq!(document.hold_deadline_s("paint"), 14 * 86_400);
    assert_eq!(document.hold_deadline_s("sculpt"), 3_000);
    for kind in FailureKind::ALL {
        let gives_back = |operation| {
            matches!(
                document.classify(operation, GenerationEnding::Failed(*kind)),
                GenerationOutcome::GiveBack { .. }
            )
        };
        let of_paint = matches!(kind, FailureKind::PartialResult | FailureKind::UnknownAnswer);
        assert_eq!(gives_back("draw"), !of_paint && *kind != FailureKind::ModerationBlock, "{kind:?}");
        assert_eq!(gives_back("paint"), !of_paint, "{kind:?}");
    }
}

#[test]
fn answers_are_held_against_every_shape() {
    for (shape, empty, full) in [
        ("is = \"missing\"", vec![json!({}), json!({"pictures": null})], vec![json!({"pictures": 0})]),
        (
            "is = \"empty_array\"",
            vec![json!({"pictures": []})],
            vec![json!({}), json!({"pictures": [1]}), json!({"pictures": {}}), json!([]), json!(null)],
        ),
        (
            "is = \"empty_object\"",
            vec![json!({"pictures": {}})],
            vec![json!({"pictures": {"a": 1}}), json!({"pictures": []})],
        ),
        (
            "is = \"empty_text\"",
            vec![json!({"pictures": ""}), json!({"pictures": " \n"})],
            vec![json!({"pictures": "x"}), json!({})],
        ),
        ("equals = \"none\"", vec![json!({"pictures": "none"})], vec![json!({"pictures": "None"})]),
        (
            "equals = 0",
            vec![json!({"pictures": 0})],
            vec![json!({"pictures": 1}), json!({"pictures": "0"}), json!({"pictures": 0.5})],
        ),
        ("equals = false", vec![json!({"pictures": false})], vec![json!({"pictures": true}), json!({})]),
    ] {
        let text = SMALL.replace("is = \"empty_array\"", shape);
        let document = parse_document("small.toml", &text).unwrap();
        for answer in empty {
            let outcome = document.classify("draw", GenerationEnding::Answered(&answer));
            assert!(
                matches!(outcome, GenerationOutcome::GiveBack { signature: Some("nothing"), .. }),
                "{shape} {answer}"
            );
            assert_eq!(
                document.classify("paint", GenerationEnding::Answered(&answer)),
                GenerationOutcome::Succeeded
            );
        }
        for answer in full {
            assert_eq!(
                document.classify("draw", GenerationEnding::Answered(&answer)),
                GenerationOutcome::Succeeded,
                "{shape} {answer}"
            );
        }
    }
}

#[test]
fn a_failure_of_an_unlisted_operation_goes_to_a_person() {
    let document = small();
    assert_eq!(
        document.classify("sculpt", GenerationEnding::Failed(FailureKind::ProviderError)),
        GenerationOutcome::Person { kind: FailureKind::ProviderError, clauses: vec![] }
    );
}
