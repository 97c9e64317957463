//! Downloads are counted at their payment: once for each generation, up to a bound, for one write unit.

use futures_util::future::join_all;
use ledger::contract::{at, grant, run};
use ledger::{
    AccountId, Command, DOWNLOADS_MAX, Dispute, DisputeId, DownloadStore, GenerationId, Payment, PaymentId,
    PaymentStore,
};
use ledger_dynamodb::{Tables, in_process};

fn generation(index: u32) -> GenerationId {
    GenerationId::new(format!("gen_01JD3M8Q5WZK7YX2V9T4{index:06}")).unwrap()
}

fn id(payment: &str) -> PaymentId {
    PaymentId::new(payment).unwrap()
}

async fn payment(tables: &Tables) -> Payment {
    tables.payment(&id("pi_1")).await.unwrap().unwrap()
}

/// Notes a download, and says whether it is new.
async fn note(tables: &Tables, index: u32) -> bool {
    tables.note_download(&id("pi_1"), &generation(index)).await.unwrap()
}

async fn paid() -> (Tables, in_process::Meter) {
    let (tables, meter) = in_process::tables().await;
    let account = AccountId::new("0b7f3c52-4f0e-4a53-9d6c-1f6a3f0b9f11").unwrap();
    run(&tables, &account, &Command::Grant(grant(&account, "pi_1", 500, None)), at(0)).await;
    meter.read();
    (tables, meter)
}

#[tokio::test]
async fn a_generation_counts_once_however_often_its_download_is_reported() {
    let (tables, meter) = paid().await;
    assert_eq!(payment(&tables).await.downloads, 0);
    let reports = join_all((0..20).map(|index| note(&tables, index / 10))).await;
    let news = reports.into_iter().filter(|is_new| *is_new).count();
    assert_eq!((news, payment(&tables).await.downloads), (2, 2));
    meter.read();
    assert!(note(&tables, 7).await);
    let calls: Vec<_> = meter.read().into_iter().map(|call| (call.operation, call.units)).collect();
    assert_eq!(calls, [("UpdateItem", 1.0)]);
}

#[tokio::test]
async fn a_payment_that_is_not_there_is_not_made_and_one_that_is_keeps_what_it_has() {
    let (tables, _) = paid().await;
    assert!(!tables.note_download(&id("pi_unknown"), &generation(1)).await.unwrap());
    assert_eq!(tables.payment(&id("pi_unknown")).await.unwrap(), None);
    let before = payment(&tables).await;
    let dispute = Dispute {
        id: DisputeId::new("du_1").unwrap(),
        opened_at: at(1),
        status: "needs_response".to_owned(),
        as_of: at(1),
        refundable: true,
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
        amount: None,
        reason: None,
        due_by: None,
    };
    assert!(note(&tables, 1).await);
    assert!(tables.save_dispute(&id("pi_1"), &dispute).await.unwrap());
    let expected = Payment { downloads: 1, disputes: vec![dispute], ..before };
    assert_eq!(payment(&tables).await, expected);
}

#[tokio::test]
async fn what_is_kept_of_downloads_is_bounded() {
    let (tables, _) = paid().await;
    for index in 0..DOWNLOADS_MAX {
        assert!(note(&tables, index).await);
    }
    assert!(!note(&tables, DOWNLOADS_MAX).await);
    assert_eq!(payment(&tables).await.downloads, DOWNLOADS_MAX);
}
