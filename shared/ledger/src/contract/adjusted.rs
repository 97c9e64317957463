//! What adjustments do to an account, once each.

use futures_util::future::join_all;

use super::scene::{DAY_S, adjust, at, credits, granted, journal, place, run, settle, sound_journal};
use crate::{
    AdjustmentKind, Answer, Change, Command, Credits, DueStore, Ending, Entry, GrantPurpose, LotId,
    PaymentId, Record, Takes,
};

/// What adjustments do is stored and read back, once each, however many press at once.
pub(super) async fn an_account_is_adjusted<S: DueStore>(store: &S) {
    let account = granted(store, "contract-adjusted", 100).await;
    let at_once = async |id: &str, kind, second| {
        let command = adjust(id, kind);
        let before = journal(store, &account).await.len();
        // The same order at the same instant is the same entry, which all of them may find written.
        let answers = join_all((0..5).map(|_| run(store, &account, &command, at(second)))).await;
        assert!(answers.iter().any(|answer| matches!(answer, Answer::Written { .. })), "{answers:?}");
        assert_eq!(journal(store, &account).await.len(), before.saturating_add(1));
    };
    let (lot, purpose) = (LotId(2), GrantPurpose::Trial);
    let expires_at = Some(at(DAY_S));
    at_once("adj_c1", AdjustmentKind::Grant { credits: credits(20), purpose, expires_at }, 1).await;
    at_once("adj_c2", AdjustmentKind::ExpiryMove { lot, expires_at: Some(at(9)) }, 2).await;
    at_once("adj_c3", AdjustmentKind::ExpiryMove { lot, expires_at: None }, 2).await;
    at_once("adj_c4", AdjustmentKind::TakeBack { lot: LotId(1), credits: credits(20) }, 3).await;
    at_once("adj_c5", AdjustmentKind::Suspension, 3).await;
    at_once("adj_c6", AdjustmentKind::Resumption, 3).await;
    run(store, &account, &place("g1", 80), at(4)).await;
    run(store, &account, &settle("g1", Ending::Succeeded), at(4)).await;
    let payment = PaymentId::new("pi_contract-adjusted").expect("a valid id");
    run(store, &account, &Command::Revoke { payment, takes: Takes::Remaining, owe_spent: true }, at(5)).await;
    let debt = store.head(&account).await.expect("the store answers").expect("entries").after().debt;
    at_once("adj_c7", AdjustmentKind::DebtWriteOff { credits: credits(10) }, 6).await;
    // An adjustment that took effect does so no second time, whatever it is asked to do.
    let again = adjust("adj_c7", AdjustmentKind::Suspension);
    let answer = run(store, &account, &again, at(7)).await;
    assert!(
        matches!(&answer, Answer::Exists(record) if matches!(&**record, Record::AdjustedOnce(_))),
        "{answer:?}"
    );
    let entries = sound_journal(store, &account).await;
    let after = entries.last().expect("entries").after();
    assert_eq!(after.debt, debt.minus(credits(10)).expect("more was owed"));
    let of = |lot| after.lot(LotId(lot)).map(|lot| (lot.granted.get(), lot.available.get(), lot.expires_at));
    assert_eq!(of(1), Some((100, 0, None)));
    assert_eq!(of(2).map(|(granted, _, expires_at)| (granted, expires_at)), Some((20, None)));
    assert_eq!(of(3), Some((10, 0, None)));
    assert!(!after.suspended && debt != Credits::ZERO);
    let read = entries.iter().flat_map(Entry::changes).filter(|change| {
        matches!(change, Change::TakenBack(_) | Change::DebtWrittenOff(_) | Change::ExpiryMoved { .. })
    });
    assert_eq!(read.count(), 4);
}
