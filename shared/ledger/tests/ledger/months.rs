//! Payments that bring their credits month by month, within the period that was paid.
#![expect(clippy::arithmetic_side_effects, reason = "a year of a few credits is small numbers")]

use ledger::contract::{adjust, at, expire, grant, place, run, settle};
use ledger::{
    AccountId, AdjustmentKind, Answer, Change, Command, Credits, Ending, FurtherGrants, Grant, Lot,
    MonthlyGrants, PaymentId, Period, SubscriptionId, Timestamp, check_journal,
};
use proptest::prelude::*;

use crate::memory::InMemory;
use crate::story::{DAY_S, Story};

/// The stories begin on the 1st of November: the days on which a year's months begin.
pub(crate) const MONTHS: [u64; 13] = [0, 30, 61, 92, 120, 151, 181, 212, 242, 273, 304, 334, 365];

/// The charge of a year from the 1st of November on, with 100 credits each month.
pub(crate) fn yearly(account: &AccountId, payment: &str, replaces: bool) -> Grant {
    let mut yearly = grant(account, payment, 1200, Some("sub_1"));
    yearly.payment.period_starts_at = Some(at(0));
    yearly.payment.period_ends_at = Some(at(365 * DAY_S));
    let each = Credits::new(100).unwrap();
    yearly.payment.further = Some(FurtherGrants { grants: 11, each, replaces });
    yearly.period = replaces.then_some(Period { starts_at: at(0), replaces: false });
    yearly
}

pub(crate) async fn bought(replaces: bool) -> Story {
    let story = Story::new();
    let yearly = yearly(&story.account, "pi_1", replaces);
    assert!(matches!(story.run(&Command::Grant(yearly), 0).await, Answer::Written { .. }));
    story
}

/// Runs the sweep on a day.
pub(crate) async fn sweep(story: &Story, day: u64) -> Answer {
    story.run(&expire(&[]), day * DAY_S).await
}

pub(crate) fn monthly(story: &Story) -> MonthlyGrants {
    let journal = story.store.journal(&story.account);
    journal.last().unwrap().after().monthly_of(&PaymentId::new("pi_1").unwrap()).unwrap().clone()
}

fn next_grant(story: &Story) -> Option<Timestamp> {
    story.store.journal(&story.account).last().unwrap().after().next_grant()
}

/// The lots that came, with what was replaced or added of each.
fn granted(story: &Story) -> Vec<(Timestamp, u64)> {
    let journal = story.store.journal(&story.account);
    let changes = journal.iter().flat_map(ledger::Entry::changes);
    let lots = changes.filter_map(|change| match change {
        Change::Granted { lot, .. } => Some((lot.granted_at, lot.granted.get())),
        _ => None,
    });
    lots.collect()
}

#[tokio::test]
async fn a_year_brings_twelve_lots_each_on_its_day_and_never_more() {
    for replaces in [false, true] {
        let story = bought(replaces).await;
        assert_eq!(story.available(0), 100);
        for (month, day) in MONTHS.iter().enumerate().take(12).skip(1) {
            assert_eq!(next_grant(&story), Some(at(day * DAY_S)));
            assert_eq!(story.run(&expire(&[]), day * DAY_S - 1).await, Answer::Unchanged(Vec::new()));
            assert!(matches!(sweep(&story, *day).await, Answer::Written { .. }), "{month}");
            let months = u64::try_from(month).unwrap() + 1;
            let left = if replaces { 100 } else { 100 * months };
            assert_eq!(story.available(day * DAY_S), left, "{month}");
            // A second run of the tick, and one late.
            assert_eq!(sweep(&story, *day).await, Answer::Unchanged(Vec::new()));
            assert_eq!(sweep(&story, day + 20).await, Answer::Unchanged(Vec::new()));
        }
        assert_eq!(next_grant(&story), None);
        assert_eq!(sweep(&story, 700).await, Answer::Unchanged(Vec::new()));
        let expected: Vec<_> = MONTHS.iter().take(12).map(|day| (at(day * DAY_S), 100)).collect();
        assert_eq!(granted(&story), expected);
    }
}

#[tokio::test]
async fn the_due_marker_names_the_next_month() {
    let story = bought(false).await;
    assert_eq!(story.store.marker(&story.account), Some(at(30 * DAY_S)));
}

#[tokio::test]
async fn a_sweep_that_was_down_for_months_brings_all_of_them_oldest_first() {
    for (replaces, left) in [(false, 500), (true, 100)] {
        let story = bought(replaces).await;
        let Answer::Written { entry, .. } = sweep(&story, 125).await else { panic!("nothing came") };
        let days: Vec<_> = MONTHS.iter().take(5).map(|day| (at(day * DAY_S), 100)).collect();
        assert_eq!(granted(&story), days, "no month is lost from the record");
        assert_eq!(story.available(125 * DAY_S), left);
        let replaced = entry.changes().iter().filter(|change| matches!(change, Change::Replaced { .. }));
        assert_eq!(replaced.count(), if replaces { 4 } else { 0 });
    }
}

#[tokio::test]
async fn s4_12_a_month_replaces_what_is_left_of_its_own_payment_and_of_no_other() {
    let story = bought(true).await;
    story.run(&Command::Grant(grant(&story.account, "pi_pack", 7, None)), 1).await;
    story.run(&Command::Grant(grant(&story.account, "pi_other", 9, Some("sub_1"))), 2).await;
    sweep(&story, 30).await;
    assert_eq!(story.available(30 * DAY_S), 100 + 7 + 9);
    assert_eq!(story.numbers(1), [100, 0, 0, 0, 100, 0]);
}

#[tokio::test]
async fn a_month_pays_off_debt_first() {
    let story = bought(false).await;
    let held = story.run(&place("g1", 60), 1).await;
    assert!(matches!(held, Answer::Written { .. }));
    story.run(&settle("g1", Ending::Succeeded), 2).await;
    story.run(&Command::Grant(grant(&story.account, "pi_pack", 30, None)), 2).await;
    story.run(&place("g2", 70), 3).await;
    story.run(&settle("g2", Ending::Succeeded), 4).await;
    let revoke = Command::Revoke {
        payment: PaymentId::new("pi_pack").unwrap(),
        takes: ledger::Takes::Remaining,
        owe_spent: true,
    };
    story.run(&revoke, 5).await;
    assert_eq!((story.debt(), story.available(6)), (30, 0));
    sweep(&story, 30).await;
    assert_eq!((story.debt(), story.available(30 * DAY_S)), (0, 70));
}

#[tokio::test]
async fn suspension_holds_months_back_and_they_come_when_it_ends() {
    let story = bought(false).await;
    story.run(&adjust("adj_1", AdjustmentKind::Suspension), 10 * DAY_S).await;
    assert_eq!(next_grant(&story), None);
    assert_eq!(sweep(&story, 70).await, Answer::Unchanged(Vec::new()));
    story.run(&adjust("adj_2", AdjustmentKind::Resumption), 71 * DAY_S).await;
    // The marker is due at once.
    assert_eq!(story.store.marker(&story.account), Some(at(30 * DAY_S)));
    sweep(&story, 71).await;
    assert_eq!(story.available(71 * DAY_S), 300);
}

#[tokio::test]
async fn the_end_of_the_subscription_ends_them_and_what_had_come_expires_sixty_days_later() {
    // At the period's end, at a month's very instant, and in the middle.
    for (ended_day, months) in [(365, 12), (61, 2), (70, 3), (1, 1)] {
        let story = bought(false).await;
        for day in MONTHS.iter().take_while(|day| **day < ended_day).skip(1) {
            sweep(&story, *day).await;
        }
        story.end("sub_1", at(ended_day * DAY_S), ended_day * DAY_S).await;
        assert_eq!(next_grant(&story), None, "{ended_day}");
        sweep(&story, ended_day + 59).await;
        assert_eq!(story.available((ended_day + 60) * DAY_S - 1), 100 * months, "{ended_day}");
        assert_eq!(story.available((ended_day + 60) * DAY_S), 0, "{ended_day}");
    }
}

#[tokio::test]
async fn b3_a_month_that_came_before_the_end_was_known_ends_with_the_subscription() {
    let story = bought(false).await;
    sweep(&story, 30).await;
    sweep(&story, 61).await;
    story.run(&place("g1", 150), 62 * DAY_S).await;
    story.run(&settle("g1", Ending::Succeeded), 62 * DAY_S).await;
    // The subscription had ended on the 40th day: the month of the 61st should not have come.
    story.end("sub_1", at(40 * DAY_S), 63 * DAY_S).await;
    assert_eq!(story.lot(3).expires_at, Some(at(40 * DAY_S)));
    assert_eq!(story.available(63 * DAY_S), 50);
}

#[tokio::test]
async fn b5_an_end_that_is_reported_before_the_payment_leaves_the_months_before_it() {
    let story = Story::new();
    story.end("sub_1", at(70 * DAY_S), 70 * DAY_S).await;
    story.run(&Command::Grant(yearly(&story.account, "pi_1", false)), 80 * DAY_S).await;
    assert_eq!(story.available(80 * DAY_S), 300);
    assert_eq!(next_grant(&story), None);
}

#[tokio::test]
async fn a_renewal_that_replaces_takes_the_place_of_what_is_still_to_come() {
    // A monthly plan begins again on the 75th day, by a change of plans: first without taking anything.
    for monthly_first in [false, true] {
        let story = Story::new();
        let year = Command::Grant(yearly(&story.account, "pi_1", true));
        let mut renewal = grant(&story.account, "pi_2", 40, Some("sub_1"));
        renewal.payment.charged_at = at(75 * DAY_S);
        renewal.period = Some(Period { starts_at: at(75 * DAY_S), replaces: true });
        let renewal = Command::Grant(renewal);
        let events = if monthly_first { [&renewal, &year] } else { [&year, &renewal] };
        for event in events {
            story.run(event, 75 * DAY_S).await;
        }
        sweep(&story, 300).await;
        assert_eq!(next_grant(&story), None, "{monthly_first}");
        assert_eq!(story.available(300 * DAY_S), 40, "{monthly_first}");
        let months = granted(&story).iter().filter(|(_, credits)| *credits == 100).count();
        assert_eq!(months, 3, "{monthly_first}");
    }
}

#[tokio::test]
async fn the_last_lot_stays_while_more_is_to_come_and_what_left_is_counted() {
    let story = bought(false).await;
    story.run(&place("g1", 100), 1).await;
    story.run(&settle("g1", Ending::Succeeded), 2).await;
    // Thirty days after it was emptied an empty lot leaves; the next month is due on the 30th day.
    story.run(&adjust("adj_1", AdjustmentKind::Suspension), 29 * DAY_S).await;
    story.run(&adjust("adj_2", AdjustmentKind::Resumption), 45 * DAY_S).await;
    assert_eq!(story.numbers(1), [100, 0, 0, 100, 0, 0]);
    sweep(&story, 45).await;
    let account = story.store.journal(&story.account).last().unwrap().after().clone();
    assert!(account.lot(ledger::LotId(1)).is_none());
    let payment = yearly(&story.account, "pi_1", false).payment;
    let used = account.use_of(&payment).unwrap();
    let numbers = (used.granted, used.available, used.spent).map_all(Credits::get);
    assert_eq!((numbers, used.captures), ((200, 100, 100), Some(1)));
}

/// Maps each of three.
trait MapAll {
    fn map_all(self, of: fn(Credits) -> u64) -> (u64, u64, u64);
}

impl MapAll for (Credits, Credits, Credits) {
    fn map_all(self, of: fn(Credits) -> u64) -> (u64, u64, u64) {
        (of(self.0), of(self.1), of(self.2))
    }
}

fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

/// What Stripe reports of a subscription that is renewed once, or ends.
fn events(ended_day: u64, replaces: bool) -> Vec<Command> {
    let end = Command::StartExpiry {
        subscription: SubscriptionId::new("sub_1").unwrap(),
        ended_at: at(ended_day * DAY_S),
        leftover_s: 600 * DAY_S,
        pauses_leftover_expiry: false,
    };
    let mut second = yearly(&account(), "pi_2", replaces);
    second.payment.charged_at = at(365 * DAY_S);
    second.payment.period_starts_at = Some(at(365 * DAY_S));
    second.payment.period_ends_at = Some(at((365 + 366) * DAY_S));
    second.period = replaces.then_some(Period { starts_at: at(365 * DAY_S), replaces: true });
    vec![Command::Grant(yearly(&account(), "pi_1", replaces)), Command::Grant(second), end]
}

/// Every lot that was to come, by its payment and its day: what is left, and whether it can be used.
fn outcome(store: &InMemory, ended_at: Timestamp, seconds: u64) -> Vec<(String, Timestamp, u64, bool)> {
    let journal = store.journal(&account());
    assert_eq!(check_journal(&journal), []);
    let after = journal.last().unwrap().after();
    let shown = |lot: &Lot| {
        let usable = lot.is_usable(at(seconds)) && !lot.available.is_zero();
        (lot.payment.as_ref().unwrap().to_string(), lot.granted_at, lot.available.get(), usable)
    };
    // One that came before the end was known is empty, and in the other order it does not come at all.
    let is_due = |lot: &&Lot| lot.granted_at < ended_at || !after.is_further(lot);
    let filled = |lot: &&Lot| !lot.available.is_zero();
    let mut lots: Vec<_> = after.lots.iter().filter(is_due).filter(filled).map(shown).collect();
    assert!(after.lots.iter().all(|lot| is_due(&lot) || !lot.is_usable(at(seconds))));
    lots.sort();
    lots
}

/// Plays the events in this order, each twice, with the sweep some days after it. A month that replaced
/// another comes back as long as the other is there, so that an end is reported within 29 days of it.
fn played(order: &[Command], sweeps: &[Option<u64>], ended_day: u64) -> Vec<(String, Timestamp, u64, bool)> {
    let store = InMemory::default();
    let last = 740 * DAY_S;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut now, mut is_ended) = (0, false);
        for (event, sweep) in order.iter().zip(sweeps) {
            is_ended |= matches!(event, Command::StartExpiry { .. });
            run(&store, &account(), event, at(now)).await;
            run(&store, &account(), event, at(now)).await;
            if let Some(days) = sweep {
                now += days * DAY_S;
                now = if is_ended { now } else { now.min((ended_day + 29) * DAY_S) };
                run(&store, &account(), &expire(&[]), at(now)).await;
            }
        }
        run(&store, &account(), &expire(&[]), at(last)).await;
    });
    outcome(&store, at(ended_day * DAY_S), last)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Two years and an end, in every order of their events, with copies, and with the sweep between any two.
    #[test]
    fn b3_years_and_their_end_leave_the_same_months_in_every_order(
        ended_day in 1..731_u64,
        replaces in any::<bool>(),
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(),
        sweeps in prop::collection::vec(prop::option::of(0..240_u64), 3),
    ) {
        let events = events(ended_day, replaces);
        let shuffled: Vec<Command> = order.iter().map(|place| events[*place].clone()).collect();
        let expected = played(&events, &[None, None, None], ended_day);
        prop_assert_eq!(played(&shuffled, &sweeps, ended_day), expected);
    }
}
