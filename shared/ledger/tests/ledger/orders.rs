//! What must not depend on an order: in which a subscription's invoices arrive, and in which a job ends and
//! its customer subscribes again.
#![expect(clippy::arithmetic_side_effects, reason = "a few periods of a few credits are small numbers")]

use ledger::contract::{at, grant, place, run, settle};
use ledger::{
    AccountId, Command, Credits, Ending, Grant, Lot, Period, ReleaseReason, SubscriptionId, check_journal,
};
use proptest::prelude::*;

use crate::memory::InMemory;
use crate::story::{DAY_S, Story};

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);
/// The periods of one subscription, in their order.
const PERIODS: [u64; 5] = [0, 1, 2, 3, 4];

fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

/// The charge of a period; it may be paid long after the period has begun.
fn charge(period: u64, paid_late_s: u64) -> Command {
    let mut charge = grant(&account(), &format!("pi_{period}"), 10 + period, Some("sub_1"));
    let starts_at = period * 30 * DAY_S;
    charge.payment.charged_at = at(starts_at + paid_late_s);
    charge.period = Some(Period { starts_at: at(starts_at), replaces: period > 0 });
    Command::Grant(charge)
}

/// Every lot by its payment: credits that are available, spent and expired, and whether it is usable.
fn outcome(store: &InMemory, seconds: u64) -> Vec<(String, [u64; 3], bool)> {
    let journal = store.journal(&account());
    assert_eq!(check_journal(&journal), []);
    let numbers = |lot: &Lot| [lot.available, lot.spent, lot.expired].map(Credits::get);
    let mut lots: Vec<_> = journal
        .last()
        .unwrap()
        .after()
        .lots
        .iter()
        .map(|lot| (lot.payment.as_ref().unwrap().to_string(), numbers(lot), lot.is_usable(at(seconds))))
        .collect();
    lots.sort();
    lots
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn arrived(charges: &[(u64, u64)]) -> Vec<(String, [u64; 3], bool)> {
    let store = InMemory::default();
    let seconds = 400 * DAY_S;
    block_on(async {
        for (period, paid_late_s) in charges {
            run(&store, &account(), &charge(*period, *paid_late_s), at(seconds)).await;
        }
    });
    outcome(&store, seconds)
}

proptest! {
    /// In every order of payment and of arrival, the newest period's credits are there and no other's.
    #[test]
    fn b3_s4_12_renewals_leave_the_newest_period_in_every_order_of_arrival(
        late in prop::collection::vec(0..90 * DAY_S, PERIODS.len()),
        order in Just(PERIODS.to_vec()).prop_shuffle(),
    ) {
        let with_delays = |periods: Vec<u64>| -> Vec<(u64, u64)> {
            periods.into_iter().map(|period| (period, late[usize::try_from(period).unwrap()])).collect()
        };
        let shuffled = arrived(&with_delays(order));
        prop_assert_eq!(&shuffled, &arrived(&with_delays(PERIODS.to_vec())));
        for (period, (_, [available, spent, expired], usable)) in PERIODS.into_iter().zip(shuffled) {
            let newest = Some(&period) == PERIODS.last();
            let left = if newest { (10 + period, 0) } else { (0, 10 + period) };
            prop_assert_eq!((available, expired, spent, usable), (left.0, left.1, 0, newest));
        }
    }
}

/// What happens to the credits of a subscription that ended on day 0, beside the customer's next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happens {
    /// A job whose credits were captured turns out to have failed.
    GivenBack,
    /// A job that is still running fails.
    Released,
    /// The customer subscribes again.
    Resubscribed,
}

fn resubscribed(seconds: u64) -> Grant {
    let mut again = grant(&account(), "pi_2", 10, Some("sub_2"));
    again.payment.charged_at = at(seconds);
    again.pauses_leftover_expiry = true;
    again
}

/// Ten credits, all held by a job when `events` happen, at `seconds` and in this order.
fn left_over(events: &[Happens], seconds: u64) -> (u64, bool) {
    let (store, account) = (InMemory::default(), account());
    block_on(async {
        let go = async |command: &Command, seconds| run(&store, &account, command, at(seconds)).await;
        go(&Command::Grant(grant(&account, "pi_1", 10, Some("sub_1"))), 0).await;
        let subscription = SubscriptionId::new("sub_1").unwrap();
        let leftover_s = 60 * DAY_S;
        go(
            &Command::StartExpiry { subscription, ended_at: at(0), leftover_s, pauses_leftover_expiry: true },
            1,
        )
        .await;
        go(&place("g1", 10), 60 * DAY_S - 600).await;
        if events.contains(&Happens::GivenBack) {
            go(&settle("g1", Ending::Succeeded), 60 * DAY_S - 500).await;
        }
        for event in events {
            match event {
                Happens::GivenBack | Happens::Released => go(&settle("g1", FAILED), seconds).await,
                Happens::Resubscribed => go(&Command::Grant(resubscribed(seconds)), seconds).await,
            };
        }
    });
    let journal = store.journal(&account);
    assert_eq!(check_journal(&journal), []);
    let lot = &journal.last().unwrap().after().lots[0];
    (lot.available.get(), lot.expires_at.is_some())
}

#[test]
fn b3_s2_26_subscribing_again_and_a_failing_job_leave_the_same_in_either_order() {
    use Happens::{GivenBack, Released, Resubscribed};
    let end = 60 * DAY_S;
    for job in [GivenBack, Released] {
        // Within the sixty days the clock stops, whether or not the lot was empty at that moment; after them
        // a new subscription has nothing left to revive, even if a job still holds credits.
        for (seconds, expires) in [(end - 400, false), (end - 1, false), (end, true), (end + 400, true)] {
            for events in [[job, Resubscribed], [Resubscribed, job]] {
                assert_eq!(left_over(&events, seconds), (10, expires), "{events:?} at {seconds}");
            }
        }
    }
}

#[test]
fn s4_12_a_replaced_lot_is_not_revived_by_the_next_subscription() {
    let (store, account) = (InMemory::default(), account());
    block_on(async {
        let go = async |command: &Command, seconds| run(&store, &account, command, at(seconds)).await;
        go(&charge(0, 0), 0).await;
        go(&place("g1", 4), 30 * DAY_S - 60).await;
        go(&charge(1, 0), 30 * DAY_S).await;
        let subscription = SubscriptionId::new("sub_1").unwrap();
        let ended_at = at(30 * DAY_S + 1);
        let leftover_s = 60 * DAY_S;
        go(
            &Command::StartExpiry { subscription, ended_at, leftover_s, pauses_leftover_expiry: true },
            30 * DAY_S + 1,
        )
        .await;
        go(&Command::Grant(resubscribed(30 * DAY_S + 2)), 30 * DAY_S + 2).await;
        go(&settle("g1", FAILED), 30 * DAY_S + 3).await;
    });
    let journal = store.journal(&account);
    let lots = &journal.last().unwrap().after().lots;
    assert_eq!(lots[0].expires_at, Some(at(31 * DAY_S + 3)), "the grace of the failed job");
    assert_eq!(lots[1].expires_at, None, "the clock of what was left of the newest period");
    assert_eq!(check_journal(&journal), []);
}

/// The last invoice of an ended plan comes before the next plan was bought, after that, and after that ended.
#[tokio::test]
async fn b3_a_late_charge_of_an_ended_subscription_goes_to_the_one_that_followed() {
    for place in 0..=2 {
        for is_over in [false, true] {
            let story = Story::new();
            let bought = |payment, subscription| {
                let grant = grant(&story.account, payment, 30, Some(subscription));
                Command::Grant(Grant { pauses_leftover_expiry: true, ..grant })
            };
            story.end("sub_1", at(100), 100).await;
            for step in 0..=2 {
                if step == place {
                    story.run(&bought("pi_1", "sub_1"), 400).await;
                }
                match step {
                    0 => drop(story.run(&bought("pi_2", "sub_2"), 400).await),
                    1 if is_over => drop(story.end("sub_2", at(300), 400).await),
                    _ => {}
                }
            }
            let expected = is_over.then(|| at(300 + 60 * DAY_S));
            let expiries = [story.lot(1).expires_at, story.lot(2).expires_at];
            assert_eq!(expiries, [expected; 2], "{place} {is_over}");
        }
    }
}
