//! The invariants over random histories: repeated, reordered and concurrent commands, lost replies and
//! clocks that disagree.

use std::collections::HashMap;

use ledger::contract::{DAY_S, NoPause, adjust, at, expire, grant, place, run, settle};
use ledger::{
    AccountId, Actor, AdjustmentKind, Book, Cause, Change, Command, Compensation, Credits, DUE_SHARDS,
    DisputeEffect, DisputeId, DisputeReport, DueStore, Ending, Entry, FurtherGrants, GrantPurpose,
    LedgerStore, LotId, LotKind, Order, PaymentId, Period, ProductId, RefundRequestId, ReleaseReason,
    SubscriptionId, Takes, Timestamp, check_journal, execute_on, shard_of,
};

use crate::memory::{InMemory, MemoryError};
use proptest::prelude::*;

#[derive(Debug, Clone)]
struct Step {
    command: Command,
    /// How far the clock moved, in seconds; clocks of two functions may disagree by five minutes.
    seconds: i64,
    /// The newest entry as it was this many entries ago: another function has read it and is late.
    stale: usize,
    fault: Option<MemoryError>,
}

const GENERATIONS: [&str; 6] = ["g0", "g1", "g2", "g3", "g4", "g5"];

fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

fn command() -> impl Strategy<Value = Command> {
    let generation = prop::sample::select(&GENERATIONS[..]);
    let payment = (0..4_u8).prop_map(|index| format!("pi_{index}"));
    let subscription = prop_oneof![Just(None), Just(Some("sub_1")), Just(Some("sub_2"))];
    let ending = prop_oneof![
        Just(Ending::Succeeded),
        (1..20_u64).prop_map(|used| Ending::SucceededUsing(Credits::new(used).unwrap())),
        Just(Ending::InReview),
        Just(Ending::Failed(ReleaseReason::Failed))
    ];
    prop_oneof![
        2 => (payment.clone(), 1..50_u64, subscription, any::<(bool, bool)>(), 0..100_000_u64).prop_map(
            |(id, count, sub, (stops, replaces), charged)| {
                let mut grant = grant(&account(), &id, count, sub);
                grant.payment.charged_at = at(charged);
                grant.pauses_leftover_expiry = stops;
                grant.period = stops.then_some(Period { starts_at: at(charged / 2), replaces });
                grant.leftover_s = stops.then_some(charged);
                // Months within the time of the steps and after it: the anchor is that of the clock's day.
                if sub == Some("sub_2") && count > 12 {
                    grant.payment.period_ends_at = Some(at(charged.saturating_add(60 * DAY_S)));
                    let each = Credits::new(count / 3).unwrap();
                    grant.payment.further = Some(FurtherGrants { grants: 2, each, replaces });
                }
                Command::Grant(grant)
            },
        ),
        1 => (0..3_u8, 0..20_u64, prop::option::of(0..100_000_u64)).prop_map(|(index, count, expiry)| {
            Command::Compensate(Compensation {
                request: RefundRequestId::new(format!("rr_{index}")).unwrap(),
                product: ProductId::new("music-studio").unwrap(),
                credits: Credits::new(count).unwrap(),
                expires_at: expiry.map(at),
            })
        }),
        1 => (payment.clone(), 1..50_u64, 0..50_u64, 0..100_000_u64).prop_map(|(id, count, spent, charged)| {
            crate::imports::import(&account(), &id, (count, spent.min(count)), charged)
        }),
        6 => (generation.clone(), 1..20_u64).prop_map(|(id, count)| place(id, count)),
        6 => (generation, ending).prop_map(|(id, ending)| settle(id, ending)),
        2 => Just(expire(&GENERATIONS)),
        2 => (payment.clone(), prop::option::of(0..30_u64), any::<bool>()).prop_map(
            |(id, limit, owe_spent)| Command::Revoke {
                payment: PaymentId::new(id).unwrap(),
                takes: limit.map_or(Takes::Remaining, |limit| Takes::UpTo(Credits::new(limit).unwrap())),
                owe_spent,
            }
        ),
        3 => dispute(payment.clone()),
        1 => (payment, 0..30_u64, 0..30_u64).prop_map(|(id, credits, debt)| Command::Restore {
            payment: PaymentId::new(id).unwrap(),
            credits: Credits::new(credits).unwrap(),
            debt: Credits::new(debt).unwrap(),
        }),
        1 => (prop_oneof![Just("sub_1"), Just("sub_2")], 0..100_000_u64).prop_map(|(id, seconds)| {
            Command::StartExpiry {
                subscription: SubscriptionId::new(id).unwrap(),
                ended_at: at(seconds),
                leftover_s: 5000,
                pauses_leftover_expiry: true,
            }
        }),
        4 => adjustment(),
    ]
}

/// What people change of the account.
fn adjustment() -> impl Strategy<Value = Command> {
    let credits = || (0..20_u64).prop_map(|count| Credits::new(count).unwrap());
    let expires_at = || prop::option::of((0..100_000_u64).prop_map(at));
    let lot = || (1..8_u32).prop_map(LotId);
    let kind = prop_oneof![
        (credits(), prop::sample::select(&GrantPurpose::ALL[..]), expires_at()).prop_map(
            |(credits, purpose, expires_at)| AdjustmentKind::Grant { credits, purpose, expires_at }
        ),
        (lot(), credits()).prop_map(|(lot, credits)| AdjustmentKind::TakeBack { lot, credits }),
        credits().prop_map(|credits| AdjustmentKind::DebtWriteOff { credits }),
        (lot(), expires_at()).prop_map(|(lot, expires_at)| AdjustmentKind::ExpiryMove { lot, expires_at }),
        Just(AdjustmentKind::Suspension),
        Just(AdjustmentKind::Resumption),
    ];
    (0..20_u8, kind).prop_map(|(index, kind)| adjust(&format!("adj_{index}"), kind))
}

/// Reports of two disputes of one payment.
fn dispute(payment: impl Strategy<Value = String>) -> impl Strategy<Value = Command> {
    let effect = prop_oneof![
        Just(DisputeEffect::Freezes),
        prop::option::of(0..100_000_u64).prop_map(|until| DisputeEffect::Frees { until: until.map(at) }),
        (prop::option::of(0..30_u64), any::<bool>()).prop_map(|(limit, owe_spent)| DisputeEffect::Takes {
            takes: limit.map_or(Takes::Remaining, |limit| Takes::UpTo(Credits::new(limit).unwrap())),
            owe_spent,
        }),
    ];
    (payment, 0..2_u8, 0..20_u64, effect).prop_map(|(id, index, order, effect)| {
        Command::Dispute(DisputeReport {
            dispute: DisputeId::new(format!("du_{id}_{index}")).unwrap(),
            payment: PaymentId::new(id).unwrap(),
            order: at(order),
            effect,
        })
    })
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        8 => Just(None),
        1 => Just(Some(MemoryError::Before)),
        1 => Just(Some(MemoryError::After)),
    ];
    let seconds = prop_oneof![4 => 0..600_i64, 1 => -300..0_i64, 1 => 600..6000_i64];
    (command(), seconds, 0..3_usize, fault).prop_map(|(command, seconds, stale, fault)| Step {
        command,
        seconds,
        stale,
        fault,
    })
}

/// Runs the steps and returns the store and the clock at the end.
async fn play(steps: &[Step]) -> (InMemory, u64) {
    let (store, account) = (InMemory::default(), account());
    let mut seconds = 10_000_u64;
    for step in steps {
        seconds = seconds.saturating_add_signed(step.seconds);
        store.fail_commits(step.fault);
        let order = Order {
            account: &account,
            command: &step.command,
            cause: Cause::Generation,
            actor: Actor::Service("laws".to_owned()),
            policy: None,
            records: Vec::new(),
        };
        let journal = store.journal(&account);
        let head =
            journal.len().checked_sub(step.stale.saturating_add(1)).and_then(|index| journal.get(index));
        // An injected fault is the only error there is; the step's repeat follows, as from a queue.
        if execute_on(&store, &NoPause, &order, head.cloned(), at(seconds)).await.is_err() {
            store.fail_commits([]);
            let head = store.head(&account).await.unwrap();
            execute_on(&store, &NoPause, &order, head, at(seconds)).await.unwrap();
        }
        let breaches = check_journal(&store.journal(&account));
        assert_eq!(breaches, [], "after {step:?}");
    }
    (store, seconds)
}

/// Looks for the account's marker, does what is due and moves the marker on, as the sweep does; `cut` ends
/// it before the marker is moved.
async fn sweep(store: &InMemory, now: Timestamp, cut: bool) {
    let account = account();
    let due = store.due(shard_of(&account, DUE_SHARDS), now, 10).await.unwrap();
    let Some(marker) = due.first() else { return };
    run(store, &account, &expire(&GENERATIONS), now).await;
    if !cut {
        let head = store.head(&account).await.unwrap();
        let next = head.and_then(|head| head.after().next_mark(now));
        store.move_marker(marker, next).await.unwrap();
    }
}

/// Plays the steps with a sweep in place of each expiry; the marker is never later than what is due.
async fn play_with_sweeps(steps: &[Step]) {
    let (store, account) = (InMemory::default(), account());
    let mut seconds = 10_000_u64;
    for step in steps {
        seconds = seconds.saturating_add_signed(step.seconds);
        if matches!(step.command, Command::Expire { .. }) {
            sweep(&store, at(seconds), step.fault.is_some()).await;
        } else {
            run(&store, &account, &step.command, at(seconds)).await;
        }
        let next = store.journal(&account).last().and_then(|entry| entry.after().next_due());
        let marker = store.marker(&account);
        let late = next.is_some_and(|next| marker.is_none_or(|marker| marker > next));
        assert!(!late, "{marker:?} is later than {next:?} after {step:?}");
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold_after_every_step(steps in prop::collection::vec(step(), 1..60)) {
        block_on(play(&steps));
    }

    #[test]
    fn what_is_due_is_marked(steps in prop::collection::vec(step(), 1..60)) {
        let (store, _) = block_on(play(&steps));
        let journal = store.journal(&account());
        if let Some(next) = journal.last().and_then(|entry| entry.after().next_due()) {
            let marker = store.marker(&account());
            prop_assert!(marker.is_some_and(|marker| marker <= next), "{marker:?} is later than {next:?}");
        }
    }

    #[test]
    fn a_marker_that_sweeps_move_is_never_late(steps in prop::collection::vec(step(), 1..80)) {
        block_on(play_with_sweeps(&steps));
    }

    #[test]
    fn the_sweep_leaves_nothing_that_is_due(steps in prop::collection::vec(step(), 1..40)) {
        let sweep = Step {
            command: expire(&GENERATIONS), seconds: 100_000, stale: 0, fault: None,
        };
        let swept = [steps.as_slice(), &[sweep]].concat();
        let (store, seconds) = block_on(play(&swept));
        let journal = store.journal(&account());
        if let Some(entry) = journal.last() {
            let now = at(seconds);
            prop_assert!(entry.after().lots.iter().all(|lot| !lot.is_due(now)));
            prop_assert!(entry.after().holds.iter().all(|hold| hold.deadline > now));
        }
    }

    #[test]
    fn a_lot_counts_the_captures_that_were_not_given_back(steps in prop::collection::vec(step(), 1..60)) {
        let (store, _) = block_on(play(&steps));
        let journal = store.journal(&account());
        let (mut counted, mut doubtful) = (HashMap::new(), HashMap::new());
        for change in journal.iter().flat_map(Entry::changes) {
            let (parts, usable, by) = match change {
                Change::Captured { parts, usable, .. } => (parts, *usable, 1),
                Change::ChargedLate { parts, .. } => (parts, true, 1),
                Change::GivenBack { parts, usable, .. } => (parts, *usable, -1),
                Change::Imported(lot) => {
                    counted.insert(lot.id, i64::from(lot.captures));
                    continue;
                }
                _ => continue,
            };
            for part in parts {
                let count: &mut i64 = counted.entry(part.lot).or_default();
                *count = count.saturating_add(by);
                let count: &mut i64 = doubtful.entry(part.lot).or_default();
                *count = count.saturating_add(if usable { 0 } else { by });
            }
        }
        for lot in journal.last().iter().flat_map(|entry| &entry.after().lots) {
            prop_assert_eq!(i64::from(lot.captures), counted.get(&lot.id).copied().unwrap_or(0));
            prop_assert_eq!(i64::from(lot.unusable), doubtful.get(&lot.id).copied().unwrap_or(0));
        }
    }

    #[test]
    fn no_lot_owes_more_than_is_spent_of_it(steps in prop::collection::vec(step(), 1..60)) {
        let (store, _) = block_on(play(&steps));
        for lot in store.journal(&account()).iter().flat_map(|entry| &entry.after().lots) {
            prop_assert!(lot.owed <= lot.spent, "{lot:?}");
        }
    }

    #[test]
    fn nobody_spends_what_was_written_off(steps in prop::collection::vec(step(), 1..60)) {
        let (store, _) = block_on(play(&steps));
        for entry in store.journal(&account()) {
            for lot in entry.after().lots.iter().filter(|lot| matches!(lot.kind, LotKind::WriteOff(_))) {
                prop_assert!(lot.available.is_zero() && lot.held.is_zero() && lot.captures == 0, "{lot:?}");
            }
        }
    }

    #[test]
    fn a_take_back_moves_no_debt_and_no_more_than_was_left(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        let (store, _) = block_on(play(&steps));
        let journal = store.journal(&account());
        for (before, entry) in journal.iter().zip(journal.iter().skip(1)) {
            let [Change::TakenBack(part), ..] = entry.changes() else { continue };
            let left = before.after().lot(part.lot).map(|lot| lot.available);
            prop_assert!(left.is_some_and(|left| part.credits <= left), "{part:?} of {left:?}");
            prop_assert_eq!(before.after().debt, entry.after().debt);
            let postings = entry.postings().unwrap();
            prop_assert!(postings.iter().all(|posting| posting.book != Book::Debt));
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written(steps in prop::collection::vec(step(), 1..30)) {
        let (store, _) = block_on(play(&steps));
        for entry in store.journal(&account()) {
            let read = Entry::read(account(), entry.body().to_owned(), entry.hash()).unwrap();
            prop_assert_eq!(&read, &entry);
            prop_assert!(read.is_intact());
        }
    }
}
