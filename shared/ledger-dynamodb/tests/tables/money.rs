//! Customers' links, and refunds that no request of ours made.

use futures_util::future::join_all;
use ledger::contract::{NoPause, at, grant, run};
use ledger::{
    AccountId, Command, Currency, CustomerId, CustomerStore, Money, PaymentId, PaymentStore, RefundId,
};
use ledger_dynamodb::{AdoptionOutcome, ExternalRefund, Tables, in_process};

fn refund(id: &str, payment: &str, minor: u64, failed: bool) -> ExternalRefund {
    ExternalRefund {
        id: RefundId::new(id).unwrap(),
        payment: PaymentId::new(payment).unwrap(),
        amount: Money::new(minor, Currency::new("usd").unwrap()),
        made_at: at(0),
        failed,
    }
}

async fn paid(tables: &Tables, payment: &str) {
    let account = AccountId::new("account-1").unwrap();
    run(tables, &account, &Command::Grant(grant(&account, payment, 100, None)), at(0)).await;
}

async fn refunded(tables: &Tables, payment: &str) -> u64 {
    tables.payment(&PaymentId::new(payment).unwrap()).await.unwrap().unwrap().refunded_minor
}

#[tokio::test]
async fn c9_a_customer_keeps_its_first_account() {
    let (tables, _) = in_process::tables().await;
    let customer = CustomerId::new("cus_1").unwrap();
    let [first, second] = ["account-1", "account-2"].map(|id| AccountId::new(id).unwrap());
    for (account, expected) in [(&first, true), (&second, false), (&first, true)] {
        assert_eq!(tables.link_customer(&customer, account).await.unwrap(), expected, "{account}");
    }
    assert_eq!(tables.account_of(&customer).await.unwrap(), Some(first));
}

#[tokio::test]
async fn e11_a_refund_without_a_request_counts_once_in_any_order() {
    use AdoptionOutcome::{Counted, Exceeds, Known, Lifted, UnknownPayment};
    let (tables, _) = in_process::tables().await;
    paid(&tables, "pi_1").await;
    for (seen, expected, sum) in [
        (refund("re_1", "pi_1", 400, false), Counted, 400),
        (refund("re_1", "pi_1", 400, false), Known, 400),
        (refund("re_2", "pi_1", 700, false), Exceeds, 400),
        (refund("re_1", "pi_1", 400, true), Lifted, 0),
        (refund("re_1", "pi_1", 400, true), Known, 0),
        (refund("re_1", "pi_1", 400, false), Known, 0),
        (refund("re_2", "pi_1", 700, false), Counted, 700),
        // Its failure comes first, and a report from before it afterwards.
        (refund("re_3", "pi_1", 300, true), Lifted, 700),
        (refund("re_3", "pi_1", 300, false), Known, 700),
        (refund("re_4", "pi_unknown", 300, false), UnknownPayment, 700),
    ] {
        assert_eq!(tables.adopt_refund(&NoPause, &seen).await.unwrap(), expected, "{seen:?}");
        assert_eq!(refunded(&tables, "pi_1").await, sum, "{seen:?}");
    }
}

#[tokio::test]
async fn e12_refunds_without_requests_never_exceed_the_payment() {
    let (tables, _) = in_process::tables().await;
    paid(&tables, "pi_1").await;
    let refunds: Vec<ExternalRefund> =
        (0..8).map(|index| refund(&format!("re_{}", index / 2), "pi_1", 300, false)).collect();
    let answers = join_all(refunds.iter().map(|seen| tables.adopt_refund(&NoPause, seen))).await;
    let counted = answers.iter().filter(|answer| matches!(answer, Ok(AdoptionOutcome::Counted))).count();
    assert_eq!((counted, refunded(&tables, "pi_1").await), (3, 900), "{answers:?}");
}
