//! A first document, written, worded, checked and published.

use super::tests::Folder;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::story::Stage;

/// Answers for which there is nothing usual, and what else is said beforehand.
async fn new(
    stage: &Stage,
    file: &str,
    options: &[&str],
) -> Result<(CommandOutcome, String, String), Failure> {
    let answers =
        ["--id", "picture-shop", "--operation", "picture", "--contact", "help@shop.example, \"us\""];
    stage.tried(&[&["makegood", "policy", "new", file], &answers[..], options].concat()).await
}

#[tokio::test]
async fn a_first_document_is_refused_until_it_is_worded_and_then_published() {
    let stage = Stage::unpublished().await;
    let folder = Folder::new("new");
    let file = format!("{}new.toml", folder.file("x", "").trim_end_matches('x'));
    let options = ["--products", "pictures, films", "--window-days", "30", "--in-force", "2026-12-01"];
    let (found, output, questions) = new(&stage, &file, &options).await.unwrap();
    assert_eq!(found, CommandOutcome::Sound, "{output}");
    assert!(questions.contains("Who pays refunds: stripe or creem [stripe]: "), "{questions}");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("products = [\"pictures\", \"films\"]") && text.contains("within 30 days"));

    let marked = text.matches("text = \"TO BE WORDED: ").count();
    let (found, output, _) = stage.command(&format!("policy check {file}")).await;
    assert_eq!(found, CommandOutcome::Fault);
    assert_eq!(output.matches("is not worded yet").count(), marked, "{output}");
    assert_eq!(output.lines().count(), marked, "{output}");

    std::fs::write(&file, text.replace("TO BE WORDED: ", "We say: ")).unwrap();
    for line in [format!("policy check {file}"), format!("policy publish {file} --yes")] {
        let (found, output, _) = stage.command(&line).await;
        assert_eq!(found, CommandOutcome::Sound, "{output}");
    }
}

#[tokio::test]
async fn an_answer_that_makes_no_document_writes_nothing_and_no_file_is_overwritten() {
    let stage = Stage::unpublished().await;
    let folder = Folder::new("new-refused");
    let there = folder.file("there.toml", "mine");
    let file = there.replace("there", "absent");
    for (options, expected) in
        [(&["--window-days", "soon"][..], "absent.toml"), (&["--in-force", "tomorrow"][..], "absent.toml")]
    {
        let (found, output, _) = new(&stage, &file, options).await.unwrap();
        assert_eq!(found, CommandOutcome::Fault, "{options:?}");
        assert!(output.contains(expected), "{output}");
    }
    assert!(!std::path::Path::new(&file).exists());
    assert!(matches!(new(&stage, &there, &[]).await, Err(Failure::Existing { .. })));
    assert_eq!(std::fs::read_to_string(&there).unwrap(), "mine");
    let unanswered = stage.tried(&["makegood", "policy", "new", &file]).await;
    assert!(matches!(unanswered, Err(Failure::NoAnswer { option: "--id" })));
}
