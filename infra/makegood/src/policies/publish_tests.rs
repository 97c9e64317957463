//! Policies, published as an operator types it.

use ledger_dynamodb::Policies;

use super::tests::{Folder, MATERIAL, SHIPPED, SLOWER, draft, of_a_year_to_come, shipped};
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::story::Stage;

/// The versions in the table, in the order of their numbers: `id version`.
async fn published(stage: &Stage) -> Vec<String> {
    let versions = Policies::new(stage.client(), "policies").documents_after(0).await.unwrap();
    assert!(versions.iter().all(|version| version.author == "ann"), "the author is kept");
    versions.iter().map(|version| format!("{} {}", version.content.id, version.content.version)).collect()
}

#[tokio::test]
async fn a_company_publishes_its_first_versions_as_they_were_and_again_without_effect() {
    let stage = Stage::unpublished().await;
    let folder = Folder::new("first");
    let next = folder.file("next.toml", &draft(&[]));
    let line = format!("policy publish {next} {} --yes", shipped(SHIPPED));
    let (found, output, progress) = stage.command(&line).await;
    assert_eq!((found, progress.as_str()), (CommandOutcome::Sound, ""), "{output}");
    assert!(
        output.contains("music-studio 2026-05-02: the first version, in force from 2026-05-02"),
        "{output}"
    );
    assert!(output.ends_with("music-studio 2026-07-01 is published\n"), "{output}");
    let both = ["music-studio 2026-05-02", "music-studio 2026-07-01"];
    assert_eq!(published(&stage).await, both);
    let (found, output, _) = stage.command(&line).await;
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert_eq!(output.matches("is published already, as it is").count(), 2, "{output}");
    assert_eq!(published(&stage).await, both);
}

#[tokio::test]
async fn nothing_is_published_without_a_yes() {
    let stage = Stage::unpublished().await;
    // Standard input of a test says nothing.
    let (found, output, progress) = stage.command(&format!("policy publish {}", shipped(SHIPPED))).await;
    assert_eq!(found, CommandOutcome::Fault, "{output}");
    assert!(progress.ends_with("[y/N] Nothing is published.\n"), "{progress}");
    assert_eq!(published(&stage).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_must_not_be_published_is_refused_with_its_reason_and_all_beside_it() {
    let stage = Stage::empty().await;
    let before = published(&stage).await;
    let folder = Folder::new("refused");
    let good = folder.file("good.toml", &of_a_year_to_come(&[]).replace("2526-07-01", "2526-08-01"));
    for (name, text, reason) in [
        ("late", draft(&[]), "would be in force less than 15 minutes from now; expected a later `in_force`"),
        ("silent", of_a_year_to_come(&[SLOWER]), "document.material"),
        ("other", std::fs::read_to_string(shipped(SHIPPED)).unwrap(), "is published with another text"),
        ("broken", of_a_year_to_come(&[("title = ", "tittle = ")]), "unknown"),
    ] {
        let path = folder.file(&format!("{name}.toml"), &text);
        let (found, output, _) = stage.command(&format!("policy publish {good} {path} --yes")).await;
        assert_eq!(found, CommandOutcome::Fault, "{name}: {output}");
        assert!(output.contains(reason), "{name}: {output}");
        assert_eq!(published(&stage).await, before, "{name}");
    }
}

#[tokio::test]
async fn a_material_version_is_shown_with_what_it_takes_and_published() {
    let stage = Stage::empty().await;
    let folder = Folder::new("material");
    let path = folder.file("next.toml", &of_a_year_to_come(&[SLOWER, MATERIAL]));
    let (found, output, _) = stage.command(&format!("policy publish {path} --yes")).await;
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert!(output.contains("Against customers: the change is material, as it declares"), "{output}");
    assert_eq!(published(&stage).await.last().unwrap(), "music-studio 2526-07-01");
    // It is compared with, and named as, what is published.
    let (found, output, _) =
        stage.command("policy diff music-studio@2026-05-02 music-studio@2526-07-01").await;
    assert_eq!(found, CommandOutcome::Fault, "{output}");
    let failure =
        stage.tried(&["makegood", "policy", "diff", "music-studio@1999-01-01", "music-studio"]).await;
    let failure = failure.unwrap_err();
    assert!(
        matches!(&failure, Failure::NoDocument { known, .. } if known.contains("`music-studio@2526-07-01`"))
    );
}
