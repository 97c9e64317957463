//! The commands about policies, as an operator types them.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Parser as _;
use lambda::config::Env;
use policy::{Fact, Facts, Reason, decide};
use policy_authoring::PastRequest;

use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::story::Stage;
use crate::{Arguments, carry_out, story};

/// The version that is in force.
pub(super) const SHIPPED: &str = "policies/music-studio/2026-05-02.toml";

/// A command where the examples are published: what it finds, prints, and reports meanwhile.
async fn command(words: &[&str]) -> Result<(CommandOutcome, String, String), Failure> {
    Stage::empty().await.tried(&[&["makegood", "policy"], words].concat()).await
}

pub(crate) fn shipped(name: &str) -> String {
    format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A folder of files that is gone when the test is over.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("makegood-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The text without the folder's own name, for snapshots.
    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.display()), "")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The music studio's policy with parts of it replaced, as a version of July.
pub(super) fn draft(replacements: &[(&str, &str)]) -> String {
    let text = std::fs::read_to_string(shipped(SHIPPED)).unwrap();
    let dates = [
        ("\nversion = \"2026-05-02\"", "\nversion = \"2026-07-01\""),
        ("\nannounced = 2026-05-02", "\nannounced = 2026-06-10"),
        ("\nin_force = 2026-05-02", "\nin_force = 2026-07-01"),
    ];
    dates.iter().chain(replacements).fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// The same as a version of a year to come.
pub(super) fn of_a_year_to_come(replacements: &[(&str, &str)]) -> String {
    draft(replacements).replace("2026-07-01", "2526-07-01").replace("2026-06-10", "2526-06-10")
}

/// Charges after a cancellation go to a person: less sure than a refund by the machine.
pub(super) const SLOWER: (&str, &str) =
    ("remedy = \"rest_of_payment\"\nmode = \"auto\"", "remedy = \"rest_of_payment\"\nmode = \"recommend\"");
pub(super) const MATERIAL: (&str, &str) = ("material = false", "material = true");

#[tokio::test]
async fn the_shipped_documents_have_no_mistakes() {
    let documents: Vec<String> = examples::documents()
        .iter()
        .map(|document| shipped(&format!("policies/{}/{}.toml", document.id, document.version)))
        .collect();
    let catalogue = shipped("catalogue.toml");
    let all: Vec<&str> = documents.iter().chain([&catalogue]).map(String::as_str).collect();
    let alone: Vec<&str> = documents.iter().map(String::as_str).collect();
    for files in alone.chunks(1).chain([&[&catalogue[..]][..], &all[..]]) {
        let (found, output, _) = command(&[&["check"], files].concat()).await.unwrap();
        assert_eq!((found, output.lines().count()), (CommandOutcome::Sound, files.len()), "{output}");
    }
}

#[tokio::test]
async fn a_catalogue_is_checked_beside_policies_that_are_given_or_published() {
    let arguments = ["makegood", "policy", "check", &shipped("catalogue.toml")];
    let arguments = Arguments::try_parse_from(arguments).unwrap();
    let (mut output, mut progress) = (Vec::new(), Vec::new());
    let nowhere = carry_out(&arguments.command, &Env::of([]), &mut output, &mut progress).await;
    assert!(matches!(nowhere, Err(Failure::NoPoliciesBeside)));
}

/// Each mistake with the line that it points at in place of the line's number.
fn quoted(output: &str, path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let quote = |mistake: &str| {
        let (file, rest) = mistake.split_at(path.len());
        let placed = rest.trim_start_matches(':').split_once(": ");
        match placed.and_then(|(number, problem)| Some((number.parse::<usize>().ok()?, problem))) {
            Some((number, problem)) => {
                let line = text.lines().take(number).last().unwrap();
                format!("{file} at `{line}`\n    {problem}\n")
            }
            None => format!("{mistake}\n"),
        }
    };
    output.lines().map(quote).collect()
}

#[tokio::test]
async fn every_kind_of_mistake_is_reported_with_file_line_and_what_was_expected() {
    let folder = Folder::new("mistakes");
    let mut text = String::new();
    for (name, replacements) in [
        ("field", vec![("title = ", "tittle = ")]),
        (
            "fact",
            vec![(
                "payment_kind = subscription and billing_reason",
                "payment_sort = subscription and billing_reason",
            )],
        ),
        ("rule-without-clause", vec![("clauses = [\"charged-after-cancellation\"]", "clauses = []")]),
        ("clause-without-rule", vec![("kind = \"invariant\"\n", "")]),
        ("number", vec![("stay for 60 days", "stay for 61 days")]),
        (
            "gap",
            vec![(
                "and payment_charged_at >= cancellation_effective_at",
                "and payment_charged_at > cancellation_effective_at",
            )],
        ),
        (
            "contradiction",
            vec![
                ("[conflicts.pack-landed-and-unspent]", "[conflicts.another-name]"),
                (
                    "rules = [\"pack-final-once-landed\", \"pack-refundable-until-spent\"]",
                    "rules = [\"wrong-card\", \"wrong-plan\"]",
                ),
            ],
        ),
        ("announced-late", vec![MATERIAL, ("announced = 2026-06-10", "announced = 2026-06-20")]),
        ("material", vec![SLOWER]),
    ] {
        let path = folder.file(&format!("{name}.toml"), &draft(&replacements));
        let (found, output, _) = command(&["check", &path]).await.unwrap();
        writeln!(text, "{name}\n{}", quoted(&output, &path)).unwrap();
        assert_eq!(found, CommandOutcome::Fault, "{name}: {output}");
        std::fs::remove_file(path).unwrap();
    }
    insta::assert_snapshot!(folder.plain(&text));
}

#[tokio::test]
async fn s2_33_a_material_version_that_says_so_and_is_announced_is_sound() {
    let folder = Folder::new("sound");
    let path = folder.file("2026-07-01.toml", &draft(&[SLOWER, MATERIAL]));
    for words in [vec!["check", &path], vec!["check", &path, "--against", "music-studio@2026-05-02"]] {
        let (found, output, _) = command(&words).await.unwrap();
        assert_eq!(found, CommandOutcome::Sound, "{output}");
        assert!(output.contains("compared with music-studio 2026-05-02: material, as it says"), "{output}");
    }
    let minor = folder.file(
        "2026-08-01.toml",
        &draft(&[("2026-07-01", "2026-08-01"), ("in_force = 2026-07-01", "in_force = 2026-08-01"), SLOWER]),
    );
    // The version before it lies beside it and says the same.
    let (found, output, _) = command(&["check", &minor]).await.unwrap();
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert!(output.contains("compared with music-studio 2026-07-01: nothing"), "{output}");
}

#[tokio::test]
async fn a_decision_is_shown_with_what_it_rests_on() {
    let folder = Folder::new("decide");
    let (facts, decision) = story::charged_after_cancellation();
    let path = folder.file("facts.json", &serde_json::to_string(&facts).unwrap());
    let words = [
        "decide",
        "--document",
        "music-studio",
        "--reason",
        "charged_after_cancellation",
        "--at",
        "2026-11-01T00:01:00Z",
        "--facts",
        &path,
    ];
    let json = command(&[&words[..], &["--json"]].concat()).await;
    insta::assert_snapshot!(command(&words).await.unwrap().1);
    let decided: policy::Decision = serde_json::from_str(&json.unwrap().1).unwrap();
    assert_eq!(decided, decision);
}

#[tokio::test]
async fn a_decision_shows_law_offers_and_the_nearest_change() {
    let folder = Folder::new("law");
    let (mut facts, _) = story::charged_after_cancellation();
    facts.set(Fact::CancellationConfirmed, false).unwrap();
    facts.set(Fact::CustomerCountry, "DE").unwrap();
    facts.set(Fact::Product, "music-studio").unwrap();
    facts.set(Fact::RequestedAt, story::charged_ms() + 17 * 86_400_000).unwrap();
    let path = folder.file("facts.json", &serde_json::to_string(&facts).unwrap());
    let draft = folder.file("draft.toml", &draft(&[]));
    let words = ["decide", "--document", &draft, "--reason", "changed_mind", "--at", "2026-11-19T00:00:00Z"];
    let (_, output, _) = command(&[&words[..], &["--facts", &path]].concat()).await.unwrap();
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn unknown_versions_and_files_are_named() {
    let base = ["decide", "--document", "music-studio", "--reason", "other", "--facts", "/nonexistent"];
    let unknown = command(&[&base[..], &["--version", "1999-01-01"]].concat()).await.unwrap_err();
    let text = unknown.to_string();
    assert!(text.starts_with("no policy `music-studio@1999-01-01` is published; there are "), "{text}");
    assert!(text.contains("`music-studio@2026-05-02`"), "{text}");
    assert_eq!(command(&base).await.unwrap_err().to_string(), "`/nonexistent` cannot be read");
}

#[tokio::test]
async fn a_difference_shows_what_changes_and_what_is_against_customers() {
    let folder = Folder::new("diff");
    let shorter = (
        "Credits of a plan that are left when the subscription ends stay for 60 days",
        "Credits of a plan that are left when the subscription ends are kept for 60 days",
    );
    let path = folder.file("draft.toml", &draft(&[SLOWER, shorter]));
    let (found, output, _) = command(&["diff", "music-studio@2026-05-02", &path]).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    insta::assert_snapshot!(folder.plain(&output));
    let (found, json, _) = command(&["diff", "music-studio", &path, "--json"]).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["before"]["version"], "2026-05-02");
    assert_eq!(json["outcomes"][0]["of"], "charged-after-confirmed-cancellation");
    assert_eq!(json["losses"]["requests"][0]["before"]["kind"], "grant");

    let (found, output, _) = command(&["diff", "music-studio", &shipped(SHIPPED)]).await.unwrap();
    assert_eq!(found, CommandOutcome::Sound);
    assert_eq!(output, "music-studio 2026-05-02 and music-studio 2026-05-02 say the same.\n");
    let broken = folder.file("broken.toml", "[document]\n");
    let failure = command(&["diff", "music-studio", &broken]).await.unwrap_err().to_string();
    assert!(failure.contains("broken.toml:1: document.id: missing"), "{failure}");
}

/// Past requests, one granted by the machine, one of another policy.
fn past() -> Vec<PastRequest> {
    let (facts, decision) = story::charged_after_cancellation();
    let of = |request: &str, document: &str, facts: &Facts, decision: &policy::Decision| PastRequest {
        request: request.to_owned(),
        reason: decision.reason,
        decided_at_ms: decision.decided_at_ms,
        document: document.to_owned(),
        version: "2026-05-02".to_owned(),
        outcome: decision.outcome.clone(),
        facts: facts.clone(),
    };
    let document = examples::documents().version("music-studio", "2026-05-02").unwrap();
    let refused = decide(document, &facts, Reason::ChangedMind, decision.decided_at_ms);
    vec![
        of("rr_1", "music-studio", &facts, &decision),
        of("rr_2", "music-studio", &facts, &refused),
        of("rr_3", "image-web", &facts, &decision),
    ]
}

fn lines(past: &[PastRequest]) -> String {
    past.iter().map(|each| serde_json::to_string(each).unwrap() + "\n").collect()
}

#[tokio::test]
async fn s2_33_a_backtest_holds_a_draft_that_turns_against_customers() {
    let folder = Folder::new("backtest");
    let requests = folder.file("past.jsonl", &lines(&past()));
    let path =
        folder.file("draft.toml", &draft(&[SLOWER, ("announced = 2026-06-10", "announced = 2026-06-20")]));
    let words = ["backtest", "--policy", &path, "--requests", &requests];
    let (found, output, _) = command(&words).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    insta::assert_snapshot!(folder.plain(&output));
    let (found, json, text) = command(&[&words[..], &["--json"]].concat()).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    assert!(
        text.contains("expected `material = true`, its reason, and `in_force` not before 2026-07-04"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["flips"][0]["request"], "rr_1");
    assert_eq!(json["flips"][0]["turn"], "against");

    for replacements in [vec![], vec![SLOWER, MATERIAL]] {
        let path = folder.file("sound.toml", &draft(&replacements));
        let (found, output, _) =
            command(&["backtest", "--policy", &path, "--requests", &requests]).await.unwrap();
        assert_eq!(found, CommandOutcome::Sound, "{output}");
    }
    let early = folder.file(
        "early.toml",
        &draft(&[SLOWER, MATERIAL, ("announced = 2026-06-10", "announced = 2026-06-20")]),
    );
    let (found, output, _) =
        command(&["backtest", "--policy", &early, "--requests", &requests]).await.unwrap();
    assert_eq!(found, CommandOutcome::Fault);
    assert!(output.contains("comes into force too early after its announcement on 2026-06-20"), "{output}");
    let odd = folder.file("odd.jsonl", "{}\n");
    let failure =
        command(&["backtest", "--policy", &path, "--requests", &odd]).await.unwrap_err().to_string();
    assert!(failure.ends_with("line 1 is no request of `makegood policy export`"), "{failure}");
}

#[tokio::test]
async fn exported_requests_are_what_a_backtest_reads_and_name_nobody() {
    let stage = Stage::after_story().await;
    let (found, exported, text) = stage.command("policy export").await;
    assert_eq!(found, CommandOutcome::Sound);
    assert!(text.ends_with("1 requests written\n"), "{text}");
    assert!(!exported.contains(story::ACCOUNT) && !exported.contains("weeks before"), "{exported}");
    let folder = Folder::new("export");
    let path = folder.file("draft.toml", &draft(&[SLOWER]));
    let requests = folder.file("past.jsonl", &exported);
    let (found, of_file, _) =
        command(&["backtest", "--policy", &path, "--requests", &requests]).await.unwrap();
    let (same, of_table, _) = stage.command(&format!("policy backtest --policy {path}")).await;
    assert_eq!((found, &of_file), (same, &of_table));
    assert_eq!(found, CommandOutcome::Fault, "{of_file}");
    let (_, others, _) = stage.command("policy export --document image-web").await;
    assert_eq!(others, "");
}

#[tokio::test]
async fn a_stored_decision_is_explained_and_made_again() {
    let stage = Stage::after_story().await;
    let id = story::request().as_str().to_owned();
    let (found, output, _) = stage.command(&format!("policy explain {id}")).await;
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    insta::assert_snapshot!(output.replace(&id, "rr_…"));
    let (found, output, _) = stage.command("policy explain rr_unknown").await;
    assert_eq!((found, output.as_str()), (CommandOutcome::Fault, "There is no request rr_unknown.\n"));
}

#[tokio::test]
async fn a_decision_that_its_facts_do_not_lead_to_is_reported_part_by_part() {
    let stage = Stage::after_story().await;
    let mut request = stage.request(&story::request()).await;
    request.case.facts.set(Fact::AmountRefunded, 400).unwrap();
    story::save(&stage.tables, &mut request).await;
    let (found, output, _) = stage.command(&format!("policy explain {}", request.id)).await;
    assert_eq!(found, CommandOutcome::Fault);
    assert!(output.contains("The frozen facts lead to another decision"), "{output}");
    assert!(output.contains("outcome: stored {\"kind\":\"grant\""), "{output}");
}

#[tokio::test]
async fn a_grant_that_a_person_carries_out_is_made_again_as_such() {
    let stage = Stage::after_story().await;
    let mut request = stage.request(&story::request()).await;
    request.case.decision = request.case.decision.left_to_a_person();
    story::save(&stage.tables, &mut request).await;
    let (found, output, _) = stage.command(&format!("policy explain {}", request.id)).await;
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert!(output.contains("the rules grant, and nothing is recorded to carry it out on"), "{output}");
}

#[tokio::test]
async fn the_readme_s_way_from_a_draft_to_a_version_is_one_that_can_be_gone() {
    let readme = std::fs::read_to_string(format!("{}/../../README.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let section = readme.split("\n## ").find(|section| section.starts_with("Writing a policy")).unwrap();
    let stage = Stage::after_story().await;
    let folder = Folder::new("readme");
    let (facts, _) = story::charged_after_cancellation();
    let names = ["draft.toml", "facts.json", "past.jsonl"];
    let [draft, facts, past] = [
        folder.file(names[0], &of_a_year_to_come(&[SLOWER, MATERIAL])),
        folder.file(names[1], &serde_json::to_string(&facts).unwrap()),
        folder.file(names[2], ""),
    ];
    let mut run = 0;
    for line in section.lines().filter_map(|line| line.strip_prefix("makegood ")) {
        let line = line.split('#').next().unwrap().trim();
        let (line, target) = line.split_once(" > ").map_or((line, None), |(line, file)| (line, Some(file)));
        let paths = names.iter().zip([&draft, &facts, &past]);
        let mut line = paths.fold(line.to_owned(), |line, (name, path)| line.replace(name, path));
        if line.contains(" publish ") {
            line = line.replace("catalogue.toml", &shipped("catalogue.toml")) + " --yes";
        }
        let (found, output, _) = stage.command(&line).await;
        // A difference is what `diff` is asked for.
        let expected =
            if line.starts_with("policy diff") { CommandOutcome::Fault } else { CommandOutcome::Sound };
        assert_eq!(found, expected, "{line}: {output}");
        if target == Some("past.jsonl") {
            std::fs::write(&past, output).unwrap();
        }
        run += 1;
    }
    assert_eq!(run, 7, "{section}");
    let id = story::request();
    assert!(section.contains("`makegood policy explain <request>`"));
    assert_eq!(stage.command(&format!("policy explain {id}")).await.0, CommandOutcome::Sound);
}
