//! Accounts that move in, and what happens to their credits afterwards.

use ledger::contract::{DAY_S, at, expire, grant, place, run, settle};
use ledger::{
    AccountId, Answer, Command, Credits, Ending, FurtherGrants, Import, ImportId, Lot, LotId, LotKind,
    Period, Rejection, SubscriptionId, Takes, check_journal,
};

use crate::memory::InMemory;

/// The import of one pack's lot of `granted` credits, of which `spent` are spent, as of `as_of_s`.
pub(crate) fn import(
    account: &AccountId,
    payment: &str,
    (granted, spent): (u64, u64),
    as_of_s: u64,
) -> Command {
    Command::Import(one(account, payment, (granted, spent), (as_of_s, None)))
}

fn one(
    account: &AccountId,
    payment: &str,
    (granted, spent): (u64, u64),
    (as_of_s, subscription): (u64, Option<&str>),
) -> Import {
    let credits = |count| Credits::new(count).unwrap();
    let payment = *grant(account, payment, granted, subscription).payment;
    let kind =
        subscription.map_or(LotKind::Pack, |id| LotKind::Subscription(SubscriptionId::new(id).unwrap()));
    let lot = Lot {
        id: LotId::NONE,
        kind,
        payment: Some(payment.id.clone()),
        product: payment.product.clone(),
        granted_at: payment.charged_at,
        expires_at: None,
        granted: credits(granted),
        available: credits(granted.checked_sub(spent).unwrap()),
        held: Credits::ZERO,
        spent: credits(spent),
        expired: Credits::ZERO,
        revoked: Credits::ZERO,
        repaid: Credits::ZERO,
        captures: u32::from(spent > 0),
        unusable: 0,
        leftover_s: None,
        period: None,
        owed: Credits::ZERO,
        closed: None,
        disputes: Vec::new(),
        fingerprint: None,
        touched_at: payment.charged_at,
    };
    Import {
        id: ImportId::new("weekend").unwrap(),
        digest: [7; 32],
        as_of: at(as_of_s),
        lots: vec![lot],
        payments: vec![payment],
        ended: Vec::new(),
    }
}

struct Stage {
    store: InMemory,
    account: AccountId,
}

impl Stage {
    fn new() -> Self {
        Self { store: InMemory::default(), account: AccountId::new("customer-1").unwrap() }
    }

    async fn run(&self, command: &Command, seconds: u64) -> Answer {
        run(&self.store, &self.account, command, at(seconds)).await
    }

    /// What can be used at an instant.
    fn available(&self, seconds: u64) -> u64 {
        let journal = self.store.journal(&self.account);
        assert_eq!(check_journal(&journal), []);
        journal.last().unwrap().after().balance(at(seconds)).unwrap().available.get()
    }
}

#[tokio::test]
async fn imported_credits_are_spent_refunded_and_granted_once_like_others() {
    let stage = Stage::new();
    stage.run(&import(&stage.account, "pi_1", (100, 30), 10), 20).await;
    assert_eq!(stage.available(20), 70);
    stage.run(&place("g1", 20), 30).await;
    stage.run(&settle("g1", Ending::Succeeded), 31).await;
    assert_eq!(stage.available(31), 50);
    // Its event comes late.
    let late = stage.run(&Command::Grant(grant(&stage.account, "pi_1", 100, None)), 40).await;
    assert!(matches!(late, Answer::Exists(_)), "{late:?}");
    let payment = grant(&stage.account, "pi_1", 1, None).payment.id.clone();
    let revoke = Command::Revoke { payment, takes: Takes::Remaining, owe_spent: true };
    stage.run(&revoke, 50).await;
    assert_eq!(stage.available(50), 0);
    // What was spent before the import is owed as what was spent after it.
    assert_eq!(stage.store.journal(&stage.account).last().unwrap().after().debt.get(), 50);
}

#[tokio::test]
async fn an_account_moves_in_once() {
    let stage = Stage::new();
    stage.run(&import(&stage.account, "pi_1", (100, 30), 10), 20).await;
    let again = stage.run(&import(&stage.account, "pi_2", (100, 30), 10), 21).await;
    assert_eq!(again, Answer::Refused(Rejection::AccountInUse));
}

#[tokio::test]
async fn a_renewal_takes_the_place_of_an_imported_period_whichever_came_first() {
    for renewal_first in [false, true] {
        let stage = Stage::new();
        let import = Command::Import(one(&stage.account, "pi_1", (100, 30), (DAY_S, Some("sub_1"))));
        let mut renewal = grant(&stage.account, "pi_2", 100, Some("sub_1"));
        renewal.payment.charged_at = at(2 * DAY_S);
        renewal.period = Some(Period { starts_at: at(2 * DAY_S), replaces: true });
        let mut commands = [import, Command::Grant(renewal)];
        if renewal_first {
            commands.reverse();
        }
        for command in &commands {
            stage.run(command, 3 * DAY_S).await;
        }
        assert_eq!(stage.available(3 * DAY_S), 100, "renewal first: {renewal_first}");
    }
}

#[tokio::test]
async fn what_a_payment_brings_month_by_month_goes_on_after_the_import() {
    let stage = Stage::new();
    let mut import = one(&stage.account, "pi_1", (10, 4), (40 * DAY_S, Some("sub_1")));
    let payment = &mut import.payments[0];
    payment.credits = Credits::new(30).unwrap();
    payment.period_ends_at = Some(at(91 * DAY_S));
    payment.further = Some(FurtherGrants { grants: 2, each: Credits::new(10).unwrap(), replaces: false });
    stage.run(&Command::Import(import), 41 * DAY_S).await;
    // The months begin 61 and 30 days after the start: the second was due before the balance was read.
    assert_eq!(stage.available(41 * DAY_S), 6);
    stage.run(&expire(&[]), 62 * DAY_S).await;
    assert_eq!(stage.available(62 * DAY_S), 16);
    let journal = stage.store.journal(&stage.account);
    let after = journal.last().unwrap().after();
    assert_eq!((after.monthly[0].made, after.monthly[0].left()), (2, 0));
}

#[tokio::test]
async fn a_refunded_payment_brings_no_further_month() {
    let stage = Stage::new();
    let mut import = one(&stage.account, "pi_1", (10, 10), (40 * DAY_S, Some("sub_1")));
    let payment = &mut import.payments[0];
    payment.credits = Credits::new(30).unwrap();
    payment.period_ends_at = Some(at(91 * DAY_S));
    payment.further = Some(FurtherGrants { grants: 2, each: Credits::new(10).unwrap(), replaces: false });
    payment.refunded_minor = payment.paid.minor();
    stage.run(&Command::Import(import), 41 * DAY_S).await;
    stage.run(&expire(&[]), 62 * DAY_S).await;
    assert_eq!(stage.available(62 * DAY_S), 0);
}
