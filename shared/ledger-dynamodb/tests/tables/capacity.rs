//! Requests and capacity units of each operation, indexes included: the table of docs/PERFORMANCE.md.

use ledger::contract::{at, grant, place, run, settle};
use ledger::{AccountId, Answer, Command, Ending, ReleaseReason};
use ledger_dynamodb::in_process;

#[tokio::test]
async fn each_operation_is_one_query_and_one_write() {
    let (tables, meter) = in_process::tables().await;
    let account = AccountId::new("0b7f3c52-4f0e-4a53-9d6c-1f6a3f0b9f11").unwrap();
    let read = || meter.read().into_iter().map(|call| (call.operation, call.units)).collect::<Vec<_>>();
    let failed = Ending::Failed(ReleaseReason::Failed);

    run(&tables, &account, &Command::Grant(grant(&account, "pi_3QzX1aKp2mB4cD5e0FgHiJkL", 500, None)), at(0))
        .await;
    // Entry and payment, two units each; the query found nothing.
    assert_eq!(read(), [("Query", 1.0), ("TransactWriteItems", 4.0)], "grant");

    run(&tables, &account, &place("gen-0001", 5), at(1)).await;
    // Entry and due marker, two units each, and one for each of their index entries.
    assert_eq!(read(), [("Query", 1.0), ("TransactWriteItems", 6.0)], "the first hold of a while");

    run(&tables, &account, &place("gen-0002", 5), at(2)).await;
    assert_eq!(read(), [("Query", 1.0), ("PutItem", 2.0)], "hold");

    run(&tables, &account, &settle("gen-0001", Ending::Succeeded), at(3)).await;
    assert_eq!(read(), [("Query", 1.0), ("PutItem", 1.0)], "capture");

    run(&tables, &account, &settle("gen-0002", failed), at(4)).await;
    assert_eq!(read(), [("Query", 1.0), ("PutItem", 1.0)], "release");

    run(&tables, &account, &place("gen-0003", 5), at(5)).await;
    read();
    let expired = run(&tables, &account, &Command::Expire { grace_s: 0 }, at(3005)).await;
    assert!(matches!(expired, Answer::Written { .. }), "{expired:?}");
    assert_eq!(read(), [("Query", 1.0), ("PutItem", 1.0)], "expire");

    run(&tables, &account, &settle("gen-0003", failed), at(3006)).await;
    assert_eq!(read(), [("Query", 1.0)], "a repeated message");
}
