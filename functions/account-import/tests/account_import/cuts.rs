//! The function is killed between any two calls, or while the answer of one is on its way: a second run
//! leaves the same tables as one that ran through.

use serde_json::Value;

use crate::world::{World, large, line};

/// Cuts the import off after each number of its calls that `is_tried` names, of all.
async fn check(lines: &[Value], calls_expected: usize, is_tried: impl Fn(usize) -> bool) {
    let world = World::new().await;
    world.meter.read();
    let answer = world.run("weekend", lines).await.unwrap();
    assert!(answer.accounts.iter().all(|one| one.outcome == "written"));
    let calls = world.meter.read().len();
    assert_eq!(calls, calls_expected);
    let whole = world.memory.read();
    for loses_answer in [false, true] {
        for cut in (0..calls).filter(|cut| is_tried(*cut)) {
            let world = World::new().await;
            world.meter.cut_after(cut, loses_answer);
            assert!(world.run("weekend", lines).await.is_err(), "cut off after {cut} calls");
            world.meter.mend();
            world.run("weekend", lines).await.unwrap();
            let same = world.memory.read() == whole;
            assert!(same, "other tables when cut off after {cut} calls, answer lost: {loses_answer}");
        }
    }
}

#[tokio::test]
async fn an_import_that_is_cut_off_and_run_again_leaves_the_same_tables() {
    check(&[line("a"), line("b"), line("c")], 9, |_| true).await;
}

/// All but the last calls read what others may have: one cut among them is like another.
#[tokio::test]
async fn so_does_an_account_with_more_items_than_a_transaction_takes() {
    check(&[large("a")], 72, |cut| !(3..=66).contains(&cut)).await;
}

/// Credits that land between the two runs stay, and so does a refund.
#[tokio::test]
async fn what_others_write_between_two_runs_stays() {
    use ledger::contract::{NoPause, at, grant, run};
    use ledger::{AccountId, Command, Currency, Money, PaymentId, RefundId};
    use ledger_dynamodb::ExternalRefund;

    let (account, lines) = (AccountId::new("a").unwrap(), [large("a")]);
    let world = World::new().await;
    world.meter.read();
    world.run("weekend", &lines).await.unwrap();
    // Everything but the entry.
    let last = world.meter.read().len() - 1;
    let world = World::new().await;
    world.meter.cut_after(last, false);
    world.run("weekend", &lines).await.unwrap_err();
    world.meter.mend();
    assert!(world.head("a").await.is_none());
    let mut later = grant(&account, "pi_later", 7, None);
    later.payment.charged_at = at(29 * 86_400);
    run(&world.tables, &account, &Command::Grant(later), at(29 * 86_400)).await;
    let refund = ExternalRefund {
        id: RefundId::new("re_later").unwrap(),
        payment: PaymentId::new("pi_a_3").unwrap(),
        amount: Money::new(100, Currency::new("usd").unwrap()),
        made_at: at(29 * 86_400),
        failed: false,
    };
    world.tables.adopt_refund(&NoPause, &refund).await.unwrap();
    assert_eq!(world.outcomes("weekend", &lines).await, ["written"]);
    let head = world.head("a").await.unwrap();
    assert_eq!(head.after().balance(at(30 * 86_400)).unwrap().available.get(), 1540 + 7);
    assert_eq!(world.payment("pi_a_3").await.unwrap().refunded_minor, 100);
    let pack = world.payment("pi_a_pack").await.unwrap();
    assert_eq!(head.after().lot(pack.lot).unwrap().payment, Some(pack.id));
}
