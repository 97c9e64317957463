//! What is embedded is what the files say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use examples::{catalogue, documents};
use policy::{ClauseKind, Document, Documents, InForce, PeriodGrants, PriceKind, TermUnit, TermValue};
use policy_authoring::{parse_catalogue, parse_document};

use crate::case::{IN_FORCE_MS, music_studio};

/// A file of this crate.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The path of every document, below the crate.
const DOCUMENTS: [&str; 4] = [
    "policies/assistant-suite/2026-05-02.toml",
    "policies/image-to-3d/2026-06-01.toml",
    "policies/image-web/2026-05-02.toml",
    "policies/music-studio/2026-05-02.toml",
];

#[test]
fn the_embedded_form_equals_the_files() {
    let parsed = DOCUMENTS.map(|path| {
        let document = parse_document(path, &text(path)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        // What only the parser's checks read is not embedded.
        Document { conflicts: Vec::new(), gaps: Vec::new(), ..document }
    });
    let parsed = Documents::new(parsed.to_vec()).unwrap();
    assert!(documents() == &parsed, "the embedded documents differ from their files");
    let path = "catalogue.toml";
    assert_eq!(catalogue(), &parse_catalogue(path, &text(path), &parsed).unwrap());
}

#[test]
fn every_rule_of_the_music_studio_is_covered_by_a_clause() {
    let covered: BTreeSet<String> =
        music_studio().clauses.iter().flat_map(|clause| clause.covers.iter().cloned()).collect();
    let expected: BTreeSet<String> = (1..=35).map(|number| format!("S2-{number}")).collect();
    assert_eq!(covered, expected);
}

#[test]
fn every_clock_of_the_text_is_measured() {
    let clocks: Vec<(&str, String, bool)> = music_studio()
        .service_levels
        .iter()
        .map(|clock| (clock.id.as_str(), music_studio().term(&clock.limit).unwrap().value_text(), clock.firm))
        .collect();
    let expected = [
        ("give-back", "1 hours", true),
        ("pack-credit", "1 hours", true),
        ("billing-error", "1 business days", true),
        ("first-response", "4 business hours", false),
        ("same-day", "1 business day ends", false),
    ];
    assert_eq!(clocks, expected.map(|(id, limit, firm)| (id, limit.to_owned(), firm)));
    let clauses = music_studio().clauses.iter().filter(|clause| clause.kind == ClauseKind::Clock).count();
    assert_eq!(clauses, music_studio().service_levels.len());
}

#[test]
fn s2_33_the_document_holds_its_own_notice() {
    let notice = music_studio().term("notice_of_change").unwrap();
    assert_eq!(notice.value, TermValue::Number(14, TermUnit::Days));
}

#[test]
fn s2_1_purchases_before_the_first_version_have_no_version() {
    for (offset, inside) in [(-1, false), (0, true), (1, true)] {
        let found = documents().in_force("music-studio", IN_FORCE_MS + offset);
        assert_eq!(matches!(found, InForce::Version(_)), inside, "{offset}");
        assert_eq!(found.document(), Some(music_studio()));
    }
    assert_eq!(documents().in_force("elsewhere", IN_FORCE_MS), InForce::NoDocument);
}

fn monthly(plan: &str, rank: u32) -> PriceKind {
    PriceKind::Subscription { plan: plan.to_owned(), rank, months: 1, grants: PeriodGrants::Once }
}

#[test]
fn s0_5_a_yearly_plan_allots_by_the_month() {
    for (id, period, grants, generations) in [
        ("price_assistant_yearly", 12_000, 12, Some(500)),
        ("price_assistant_plus", 1_000, 1, Some(500)),
        ("price_image_yearly", 4_800, 1, None),
        ("price_pack_100", 100, 1, None),
    ] {
        let price = catalogue().price(id).unwrap();
        let found = (price.credits_of_period(), price.grants_of_period(), price.generations_of_month());
        assert_eq!(found, (Some(period), grants, generations), "{id}");
    }
    // Where a year's generations come at once, a month is a twelfth of them.
    let mut at_once = catalogue().price("price_assistant_yearly").unwrap().clone();
    let PriceKind::Subscription { grants, .. } = &mut at_once.kind else { panic!("{at_once:?}") };
    (*grants, at_once.generations) = (PeriodGrants::Once, Some(6_000));
    assert_eq!(at_once.generations_of_month(), Some(500));
}

#[test]
fn prices() {
    for (id, credits, kind) in [
        ("price_pro_monthly", 500, monthly("pro", 1)),
        ("price_premier_monthly", 2_000, monthly("premier", 2)),
        ("price_pack_100", 100, PriceKind::Pack),
        ("price_pack_500", 500, PriceKind::Pack),
    ] {
        let price = catalogue().price(id).unwrap();
        assert_eq!((price.credits, &price.kind, price.product.as_str()), (credits, &kind, "music-studio"));
    }
    let pack = catalogue().price("price_pack_100").unwrap();
    for (units, currency, minor) in
        [(1, "usd", Some(900)), (3, "usd", Some(2_700)), (1, "eur", None), (u64::MAX, "usd", None)]
    {
        assert_eq!(pack.amount_of(units, currency), minor, "{units} {currency}");
    }
    assert_eq!(catalogue().product("music-studio").unwrap().policy, "music-studio");
    assert_eq!(
        catalogue().price("price_gone").unwrap_err().to_string(),
        "price `price_gone` is not in the catalogue"
    );
}

#[test]
fn every_rule_within_scope_is_covered_by_a_clause_of_its_own_document() {
    let text = text("rules.toml");
    let table: toml::Table = text.parse().unwrap();
    assert_eq!(table.len(), 132);
    for (id, rule) in &table {
        let document = match id.as_bytes()[1] {
            b'0' | b'1' => "assistant",
            b'2' => "music-studio",
            b'3' => "image-to-3d",
            _ => "image-web",
        };
        let document = crate::case::document_of(document);
        let covered = document.clauses.iter().any(|clause| clause.covers.contains(id));
        let outside = rule.get("mode").and_then(toml::Value::as_str) == Some("X");
        assert_ne!(covered, outside, "{id}");
    }
    let covers = documents().iter().flat_map(|each| each.clauses.iter()).flat_map(|each| each.covers.iter());
    assert!(covers.into_iter().all(|id| table.contains_key(id)), "a clause covers a rule that is not listed");
}

#[test]
fn s1_2_s2_34_s3_2_s3_3_s4_22_information_is_published_with_the_policy() {
    for (product, rule, said) in [
        ("assistant", "S1-2", &["subscribe again", "after the billing period has ended"][..]),
        ("music-studio", "S2-34", &["not material", "from time to time"]),
        (
            "image-to-3d",
            "S3-2",
            &["fair", "first purchases", "technical problems", "double payments", "clearly poor"],
        ),
        // A wish, and no condition.
        ("image-to-3d", "S3-3", &["within 7 days of the purchase", "when you can"]),
        (
            "image-web",
            "S4-22",
            &["cannot sign in", "reset your password", "from the e-mail address of your account"],
        ),
    ] {
        let document = crate::case::document_of(product);
        let covers = |clause: &&policy::Clause| clause.covers.iter().any(|id| id == rule);
        let clause = document.clauses.iter().find(covers).unwrap();
        assert_eq!(clause.kind, ClauseKind::Information, "{rule}");
        let text = clause.text.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in said {
            assert!(text.contains(words), "{rule}: {text}");
        }
    }
}

#[test]
fn s4_20_what_the_page_leaves_to_the_refund_policy_is_cited_as_that() {
    assert_eq!(crate::case::document_of("image-web").in_force_from_ms, IN_FORCE_MS);
    let before = crate::case::Case::purchase("image-web", "subscription")
        .with(policy::Fact::PaymentChargedAt, IN_FORCE_MS - 1)
        .decide(policy::Reason::ChangedMind);
    assert_eq!(crate::case::cited(&before), ["refund-policy-prevails"]);
    assert!(before.clauses[0].text.contains("prevails"));
}
