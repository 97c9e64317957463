//! Verification over tables in process: a sound story passes, and each tampering is found.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::contract::{at, place, run};
use ledger::{AccountId, Actor, Dispute, Hash, LedgerStore as _, Money, Timestamp};
use ledger_dynamodb::{Anchors, RaiseOutcome};
use refunds::{PlanEnd, RefundRequest, State, Step, request_id};
use serde_json::Value;

use crate::outcome::CommandOutcome;
use crate::story::{self, ACCOUNT, Stage};

type Breach = (u64, String, String);

/// The result as JSON, of everything and of the one account alike.
async fn verify(stage: &Stage, now: Timestamp) -> Value {
    let mut reports = Vec::new();
    for account in ["", " --account cus-1"] {
        let (found, output, progress) = stage.command(&format!("verify --json --at {now}{account}")).await;
        let report: Value = serde_json::from_str(&output).unwrap();
        assert_eq!(found == CommandOutcome::Sound, breaches(&report).is_empty());
        assert_eq!(progress.is_empty(), !account.is_empty(), "progress is shown while tables are read whole");
        reports.push(report);
    }
    assert_eq!(reports[0]["breaches"], reports[1]["breaches"]);
    reports.remove(0)
}

/// Invariant, subject and text of each breach.
fn breaches(report: &Value) -> Vec<Breach> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let each = |breach: &Value| {
        (breach["invariant"].as_u64().unwrap(), text(&breach["subject"]), text(&breach["what"]))
    };
    report["breaches"].as_array().unwrap().iter().map(each).collect()
}

/// What is broken after `tamper` has changed the story's request.
async fn with_request(now: Timestamp, tamper: impl FnOnce(&mut RefundRequest)) -> Vec<Breach> {
    let stage = Stage::empty().await;
    let mut request = story::run_story(&stage.tables).await;
    tamper(&mut request);
    story::save(&stage.tables, &mut request).await;
    breaches(&verify(&stage, now).await)
}

#[tokio::test]
async fn a_sound_story_passes() {
    let stage = Stage::after_story().await;
    let report = verify(&stage, at(100)).await;
    assert_eq!(breaches(&report), []);
    let counted = ["accounts", "entries", "payments", "requests"].map(|name| report[name].as_u64().unwrap());
    assert_eq!(counted, [1, 7, 2, 1]);
    let invariants = report["invariants"].as_array().unwrap();
    assert_eq!(invariants.len(), 12);
    for invariant in invariants {
        let holds = if invariant["number"] == 11 { Value::Null } else { Value::Bool(true) };
        assert_eq!(invariant["holds"], holds, "{invariant}");
    }
}

#[tokio::test]
async fn the_result_is_readable() {
    let stage = Stage::after_story().await;
    let (found, output, _) = stage.command("verify --at 2026-11-01T00:02:00Z").await;
    assert_eq!(found, CommandOutcome::Sound);
    insta::assert_snapshot!(output);
    remove(&stage, "ACCOUNT#cus-1", "ENTRY#000000000004").await;
    let (found, output, _) = stage.command("verify --at 2026-11-01T00:02:00Z").await;
    assert_eq!(found, CommandOutcome::Fault);
    insta::assert_snapshot!(output);
}

#[tokio::test]
async fn empty_tables_pass() {
    let stage = Stage::empty().await;
    assert_eq!(breaches(&verify(&stage, at(0)).await), []);
}

#[tokio::test]
async fn i4_a_tampered_entry_is_found() {
    let stage = Stage::after_story().await;
    rewrite(&stage, "ENTRY#000000000002", |body| body.replace("500", "900")).await;
    let found = breaches(&verify(&stage, at(100)).await);
    assert!(
        found.contains(&(7, "entry 2".to_owned(), "its hash is not that of its body".to_owned())),
        "{found:?}"
    );
}

#[tokio::test]
async fn i4_a_removed_entry_is_found() {
    let stage = Stage::after_story().await;
    remove(&stage, "ACCOUNT#cus-1", "ENTRY#000000000004").await;
    let found = breaches(&verify(&stage, at(100)).await);
    assert!(found.contains(&(7, "entry 5".to_owned(), "expected entry 4".to_owned())), "{found:?}");
}

/// Anchors the story's journal as it is.
async fn anchor(stage: &Stage) -> (Anchors, AccountId) {
    let (anchors, account) = (Anchors::new(stage.client(), "anchors"), AccountId::new(ACCOUNT).unwrap());
    let head = stage.tables.head(&account).await.unwrap().unwrap();
    assert_eq!(anchors.raise(&account, head.number(), head.hash()).await.unwrap(), RaiseOutcome::Written);
    (anchors, account)
}

#[tokio::test]
async fn i4_a_journal_without_its_newest_four_entries_is_found() {
    let stage = Stage::after_story().await;
    anchor(&stage).await;
    assert_eq!(breaches(&verify(&stage, at(100)).await), []);
    for number in 4..=7 {
        remove(&stage, "ACCOUNT#cus-1", &format!("ENTRY#{number:012}")).await;
    }
    let found = breaches(&verify(&stage, at(100)).await);
    let expected = (7, "entry 7".to_owned(), "is anchored, and the journal does not have it".to_owned());
    assert!(found.contains(&expected), "{found:?}");
}

#[tokio::test]
async fn i4_a_journal_that_is_gone_or_has_another_newest_entry_is_found() {
    let stage = Stage::after_story().await;
    let (anchors, account) = anchor(&stage).await;
    let missing = AccountId::new("cus-gone").unwrap();
    anchors.raise(&missing, 1, Hash([1; 32])).await.unwrap();
    let (found, output, _) = stage.command("verify --json --account cus-gone").await;
    assert_eq!(found, CommandOutcome::Fault, "{output}");

    // Taken away and written anew with what the attacker likes: a sound chain, and not the one that was.
    remove(&stage, "ACCOUNT#cus-1", "ENTRY#000000000007").await;
    run(&stage.tables, &account, &place("gen-9", 5), at(90)).await;
    let found = breaches(&verify_account(&stage, at(100)).await);
    let expected = (7, "entry 7".to_owned(), "is another one than the one that was anchored".to_owned());
    assert!(found.contains(&expected), "{found:?}");
}

#[tokio::test]
async fn i4_an_entry_in_the_place_of_another_is_found() {
    let stage = Stage::after_story().await;
    anchor(&stage).await;
    let of = |number: u8| {
        let (pk, sk) = ("ACCOUNT#cus-1".to_owned(), format!("ENTRY#{number:012}"));
        HashMap::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
    };
    let client = stage.client();
    let read = client.get_item().table_name("ledger").set_key(Some(of(3))).send().await.unwrap();
    let mut item = read.item.unwrap();
    item.extend(of(7));
    client.put_item().table_name("ledger").set_item(Some(item)).send().await.unwrap();
    let found = breaches(&verify(&stage, at(100)).await);
    let expected = (7, "entry 3".to_owned(), "expected entry 7".to_owned());
    assert!(found.contains(&expected), "{found:?}");
    let (_, output, _) = stage.command(&format!("history --account {ACCOUNT}")).await;
    assert!(!output.is_empty());
}

#[tokio::test]
async fn i4_an_entry_that_was_overwritten_and_put_back_stays_on_record() {
    let stage = Stage::after_story().await;
    let (anchors, account) = anchor(&stage).await;
    anchors.note_tampering(&account, 3).await.unwrap();
    let what = "was overwritten or removed after it had been written, or a later one was".to_owned();
    assert_eq!(breaches(&verify(&stage, at(100)).await), [(7, "entry 3".to_owned(), what)]);
}

/// The result of the story's account.
async fn verify_account(stage: &Stage, now: Timestamp) -> Value {
    let (_, output, _) = stage.command(&format!("verify --json --at {now} --account {ACCOUNT}")).await;
    serde_json::from_str(&output).unwrap()
}

#[tokio::test]
async fn an_overpaid_refund_is_found() {
    let found = with_request(at(100), |request| {
        *request = request.restored_with(|progress| {
            let payout = progress.fulfilment.payout.as_mut().unwrap();
            payout.first.amount = Money::new(1001, payout.first.amount.currency());
        });
    });
    let subject = "payment pi_pro".to_owned();
    assert_eq!(
        found.await,
        [
            (4, subject.clone(), "requests pay 10.01 USD out of 10.00 USD".to_owned()),
            (4, subject, "requests pay 10.01 USD out of it, and it counts 10.00 USD as refunded".to_owned()),
        ]
    );
}

/// The story's refund is all of the payment: nothing is left that a bank could take.
#[tokio::test]
async fn a_refund_of_money_that_the_bank_has_is_found() {
    for (status, withdrawn_minor, found) in [
        ("lost", 400, true),
        ("needs_response", 400, true),
        // A dispute that took nothing, or that the company won, takes no money twice.
        ("lost", 0, false),
        ("won", 400, false),
        ("warning_closed", 400, false),
    ] {
        let stage = Stage::after_story().await;
        let dispute = Dispute {
            id: "du_1".parse().unwrap(),
            opened_at: at(80),
            status: status.to_owned(),
            refundable: status == "won",
            amount: None,
            reason: None,
            due_by: None,
            as_of: at(90),
            contacted_before: None,
            withdrawn_minor,
            movements: 1,
        };
        assert!(stage.tables.save_dispute(&"pi_pro".parse().unwrap(), &dispute).await.unwrap());
        let what = "requests pay 10.00 USD out of 10.00 USD, of which the bank has 4.00 USD".to_owned();
        let expected = if found { vec![(4, "payment pi_pro".to_owned(), what)] } else { Vec::new() };
        assert_eq!(breaches(&verify(&stage, at(100)).await), expected, "{status} {withdrawn_minor}");
    }
}

#[tokio::test]
async fn a_payout_of_an_unknown_payment_is_found() {
    let found = with_request(at(100), |request| {
        *request = request.restored_with(|progress| {
            progress.fulfilment.payout.as_mut().unwrap().payment = "pi_other".parse().unwrap();
        });
    });
    let subject = request_subject();
    assert_eq!(found.await, [(4, subject, "pays out of pi_other, which is not recorded".to_owned())]);
}

fn request_subject() -> String {
    format!("request {}", request_id(&AccountId::new(ACCOUNT).unwrap(), "key-1"))
}

#[tokio::test]
async fn a_step_that_is_no_edge_is_found() {
    let found = with_request(at(100), |request| {
        let step = Step { state: State::Paying, at: at(80), actor: Actor::Policy };
        *request = request.restored_with(|progress| progress.timeline.steps.push(step));
    });
    let subject = request_subject();
    assert_eq!(
        found.await,
        [
            (9, subject.clone(), "a request does not go from refunded to paying".to_owned()),
            (9, subject, "is refunded, which is not where its last step led".to_owned()),
        ]
    );
}

#[tokio::test]
async fn a_payout_that_nobody_looks_after_is_found() {
    let forget = |request: &mut RefundRequest| {
        *request = request.restored_with(|progress| {
            progress.timeline.steps.pop();
            progress.timeline.state = State::Paying;
        });
    };
    assert_eq!(
        with_request(at(100), forget).await,
        [(10, request_subject(), "is paying, and no sweep looks at it".to_owned())]
    );
    let overdue = with_request(at(70 + 3601), |request| {
        forget(request);
        *request = request.restored_with(|progress| progress.fulfilment.due_at = Some(at(70)));
    });
    assert_eq!(
        overdue.await,
        [(10, request_subject(), "is paying, and no sweep has looked since 2026-11-01 00:01:10".to_owned())]
    );
}

#[tokio::test]
async fn a_plan_that_was_to_end_with_its_refund_and_that_nobody_looks_after_is_found() {
    let promised = |request: &mut RefundRequest| {
        let ends = PlanEnd::of("sub_pro".parse().unwrap());
        *request =
            request.restored_with(|progress| progress.fulfilment.payout.as_mut().unwrap().ends = Some(ends));
    };
    assert_eq!(
        with_request(at(100), promised).await,
        [(10, request_subject(), "is refunded, and no sweep looks at it".to_owned())]
    );
    let ended = with_request(at(100), |request| {
        promised(request);
        assert!(request.plan_ended(None, at(80)));
    });
    assert_eq!(ended.await, []);
}

#[tokio::test]
async fn a_person_who_notes_that_the_money_arrived_breaks_nothing() {
    let stage = Stage::empty().await;
    let mut request = story::run_story(&stage.tables).await;
    // The document that promises how long a bank takes.
    let document = examples::documents().version("image-to-3d", "2026-06-01");
    let late = at(30 * 24 * 3600);
    request.keep_time(document);
    assert_eq!(request.mark_time(late).len(), 1);
    assert_eq!(request.confirm_refund_arrival("ada", late), Ok(true));
    request.keep_time(document);
    story::save(&stage.tables, &mut request).await;
    assert_eq!(stage.request(&request.id).await.arrived_at(), Some(late));
    assert_eq!(breaches(&verify(&stage, late).await), []);
}

#[tokio::test]
async fn a_hold_that_outlives_its_deadline_is_found() {
    let stage = Stage::after_story().await;
    run(&stage.tables, &AccountId::new(ACCOUNT).unwrap(), &place("gen-3", 5), at(200)).await;
    let deadline = 200 + 3000;
    assert_eq!(breaches(&verify(&stage, at(deadline + 3600)).await), []);
    assert_eq!(
        breaches(&verify(&stage, at(deadline + 3601)).await),
        [(10, "generation gen-3".to_owned(), "is open, and its deadline was 2026-11-01 00:53:20".to_owned())]
    );
}

#[tokio::test]
async fn a_payment_that_disagrees_with_its_lot_is_found() {
    let stage = Stage::after_story().await;
    remove(&stage, "PAYMENT#pi_pack", "-").await;
    assert_eq!(
        breaches(&verify(&stage, at(100)).await),
        [(
            3,
            "payment pi_pack".to_owned(),
            "bought a lot and is not recorded: it could buy another".to_owned()
        )]
    );
}

/// Removes an item behind the ledger's back.
async fn remove(stage: &Stage, partition: &str, sort: &str) {
    let delete = stage.client().delete_item().table_name("ledger");
    let delete = delete.key("pk", AttributeValue::S(partition.to_owned()));
    delete.key("sk", AttributeValue::S(sort.to_owned())).send().await.unwrap();
}

/// Rewrites the body of an entry behind the ledger's back.
async fn rewrite(stage: &Stage, sort: &str, change: impl FnOnce(&str) -> String) {
    let (client, partition) = (stage.client(), AttributeValue::S(format!("ACCOUNT#{ACCOUNT}")));
    let get = client.get_item().table_name("ledger").key("pk", partition);
    let answer = get.key("sk", AttributeValue::S(sort.to_owned())).send().await.unwrap();
    let mut item = answer.item.unwrap();
    let body = change(item["body"].as_s().unwrap());
    assert_ne!(Some(&body), item["body"].as_s().ok());
    item.insert("body".to_owned(), AttributeValue::S(body));
    client.put_item().table_name("ledger").set_item(Some(item)).send().await.unwrap();
}
