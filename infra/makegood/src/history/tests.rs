//! The story as an operator reads it.

use crate::Found;
use crate::story::Stage;

#[tokio::test]
async fn the_story_is_readable() {
    let (found, output, _) =
        Stage::told().await.command("history --account cus-1 --at 2026-11-01T00:02:00Z").await;
    assert_eq!(found, Found::Sound);
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn an_account_without_a_story_is_a_fault() {
    let (found, output, _) = Stage::empty().await.command("history --account nobody").await;
    assert_eq!(
        (found, output.as_str()),
        (Found::Fault, "Account nobody has no entries and no refund requests.\n")
    );
}
