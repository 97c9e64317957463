//! Which version of which document a purchase falls under.

use policy::{Document, Documents, InForce};
use policy_authoring::parse_document;

use crate::small::{IN_FORCE_MS, SMALL};

/// A version in force from that day of January 2026.
fn version(id: &str, day: u32, product: &str) -> Document {
    let text = SMALL
        .replace("id = \"small\"", &format!("id = \"{id}\""))
        .replace("version = \"2026-01-01\"", &format!("version = \"{day}\""))
        .replace("in_force = 2026-01-01", &format!("in_force = 2026-01-{day:02}"))
        .replace("\"toys\"", &format!("\"{product}\""));
    parse_document("small.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn s2_35_the_version_in_force_at_the_time_of_purchase() {
    let documents =
        Documents::new(vec![version("a", 11, "toys"), version("b", 1, "games"), version("a", 1, "toys")])
            .unwrap();
    let ten_days = 10 * crate::small::DAY_MS;
    for (at, expected) in [
        (IN_FORCE_MS, "1"),
        (IN_FORCE_MS + 1, "1"),
        (IN_FORCE_MS + ten_days - 1, "1"),
        (IN_FORCE_MS + ten_days, "11"),
        (IN_FORCE_MS + ten_days + 1, "11"),
        (i64::MAX, "11"),
    ] {
        let InForce::Version(document) = documents.in_force("toys", at) else { panic!("{at}") };
        assert_eq!((document.id.as_str(), document.version.as_str()), ("a", expected), "{at}");
    }
    for at in [i64::MIN, IN_FORCE_MS - 1] {
        let InForce::BeforeFirstVersion(first) = documents.in_force("toys", at) else { panic!("{at}") };
        assert_eq!(first.version, "1", "{at}");
    }
    assert_eq!(documents.in_force("cars", IN_FORCE_MS), InForce::NoDocument);
    assert_eq!(documents.in_force("cars", IN_FORCE_MS).document(), None);
    assert_eq!(documents.version("a", "11").map(|document| document.id.as_str()), Some("a"));
    assert_eq!(documents.version("a", "12"), None);
}

#[test]
fn documents_that_cannot_stand_beside_each_other() {
    let renamed = |mut document: Document| {
        "other".clone_into(&mut document.version);
        document
    };
    for (documents, expected) in [
        (
            vec![version("a", 1, "toys"), version("a", 1, "toys")],
            "document `a` has version `1` twice; expected one file per version",
        ),
        (
            vec![version("a", 1, "toys"), renamed(version("a", 1, "toys"))],
            "document `a` has two versions in force from the same day; expected one a day",
        ),
        (
            vec![version("a", 1, "toys"), version("b", 2, "toys")],
            "product `toys` is covered by `a` and by `b`; expected one policy per product",
        ),
    ] {
        assert_eq!(Documents::new(documents).unwrap_err().to_string(), expected);
    }
}
