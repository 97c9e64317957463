//! The price catalogue, published as an operator types it.

use ledger_dynamodb::Policies;

use crate::outcome::CommandOutcome;
use crate::policies::{Folder, shipped};
use crate::story::Stage;

/// The number of the newest catalogue, and how many prices it has.
async fn newest(stage: &Stage) -> Option<(u64, usize)> {
    let newest = Policies::new(stage.client(), "policies").catalogue_after(0).await.unwrap()?;
    assert_eq!(newest.author, "ann");
    Some((newest.number, newest.content.prices.len()))
}

#[tokio::test]
async fn a_catalogue_is_shown_and_published_and_again_without_effect() {
    let stage = Stage::empty().await;
    let text = std::fs::read_to_string(shipped("catalogue.toml")).unwrap();
    let folder = Folder::new("catalogue");
    let path = folder.file("catalogue.toml", &text);
    let line = format!("catalogue publish {path} --yes");
    let (found, output, _) = stage.command(&line).await;
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert!(output.contains("  new  music-studio"), "{output}");
    let (_, prices) = newest(&stage).await.unwrap();
    assert!(
        output.ends_with(&format!("the catalogue is published, version 1: {prices} prices\n")),
        "{output}"
    );

    let (found, output, _) = stage.command(&line).await;
    assert_eq!((found, &*output), (CommandOutcome::Sound, "the catalogue is published already, as it is\n"));

    let edited = text
        .replace("[prices.price_pack_100]\n", "[prices.price_pack_50]\n")
        .replace("plan = \"pro\"\nrank = 1\ncredits = 500", "plan = \"pro\"\nrank = 1\ncredits = 600");
    folder.file("catalogue.toml", &edited);
    let (_, output, progress) = stage.command(line.trim_end_matches(" --yes")).await;
    insta::assert_snapshot!(output);
    assert!(progress.ends_with("Nothing is published.\n"), "{progress}");
    assert_eq!(newest(&stage).await, Some((1, prices)));
    let (found, _, _) = stage.command(&line).await;
    assert_eq!((found, newest(&stage).await), (CommandOutcome::Sound, Some((2, prices))));
}

#[tokio::test]
async fn a_catalogue_that_fits_no_published_policy_is_not_published() {
    let stage = Stage::unpublished().await;
    let line = format!("catalogue publish {} --yes", shipped("catalogue.toml"));
    let (found, output, _) = stage.command(&line).await;
    assert_eq!(found, CommandOutcome::Fault, "{output}");
    assert!(output.contains("document `music-studio` does not cover `music-studio`"), "{output}");
    assert_eq!(newest(&stage).await, None);
}
