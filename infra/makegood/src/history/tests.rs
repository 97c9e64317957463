//! The story as an operator reads it.

use crate::outcome::CommandOutcome;
use crate::story::Stage;

#[tokio::test]
async fn the_story_is_readable() {
    let (found, output, _) =
        Stage::after_story().await.command("history --account cus-1 --at 2026-11-01T00:02:00Z").await;
    assert_eq!(found, CommandOutcome::Sound);
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn an_account_without_a_story_is_a_fault() {
    let (found, output, _) = Stage::empty().await.command("history --account nobody").await;
    assert_eq!(
        (found, output.as_str()),
        (CommandOutcome::Fault, "Account nobody has no entries and no refund requests.\n")
    );
}

#[tokio::test]
async fn the_state_at_an_instant_is_that_of_the_instant() {
    let stage = Stage::after_story().await;
    // The story's purchases and generations are of its first second, and its refund of a minute later.
    for (at, available, state, entries) in [
        ("2026-10-31T23:59:59Z", None, None, None),
        ("2026-11-01T00:00:00Z", Some("570 credits available, 0 held"), None, Some("6 entries")),
        ("2026-11-01T00:00:59.999Z", Some("570 credits available"), None, Some("6 entries")),
        ("2026-11-01T00:01:00Z", Some("100 credits available"), Some(": approved"), Some("7 entries")),
        ("2026-11-01T00:01:01Z", Some("100 credits available"), Some(": paying"), Some("7 entries")),
        ("2026-11-01T00:01:10Z", Some("100 credits available"), Some(": refunded"), Some("7 entries")),
    ] {
        let (_, output, _) = stage.command(&format!("history --account cus-1 --at {at}")).await;
        assert_eq!(output.contains("has no entries"), available.is_none(), "{at}\n{output}");
        for expected in [available, state, entries].into_iter().flatten() {
            assert!(output.contains(expected), "{at}: {expected}\n{output}");
        }
        assert_eq!(output.contains("Refund request"), state.is_some(), "{at}\n{output}");
        assert_eq!(output.contains("Stripe's refund is"), state.is_some_and(|state| state != ": approved"));
    }
}

#[tokio::test]
async fn open_holds_are_listed_until_they_are_settled() {
    let stage = Stage::after_story().await;
    let account = ledger::AccountId::new(crate::story::ACCOUNT).unwrap();
    let placed = ledger::contract::place("gen-3", 5);
    ledger::contract::run(&stage.tables, &account, &placed, ledger::contract::at(200)).await;
    let ended = ledger::contract::settle("gen-3", ledger::Ending::Succeeded);
    ledger::contract::run(&stage.tables, &account, &ended, ledger::contract::at(300)).await;
    for (at, held) in [("00:03:19", false), ("00:03:20", true), ("00:04:59", true), ("00:05:00", false)] {
        let (_, output, _) = stage.command(&format!("history --account cus-1 --at 2026-11-01T{at}Z")).await;
        assert_eq!(output.contains("\nHolds\n"), held, "{at}\n{output}");
        assert_eq!(output.contains("95 credits available, 5 held"), held, "{at}\n{output}");
    }
}
