//! The invariants over random histories: repeated, reordered and concurrent commands, lost replies and
//! clocks that disagree.

use ledger::contract::{NoPause, at, grant, place, settle};
use ledger::{
    AccountId, Actor, Cause, Command, Credits, Ending, Entry, InMemory, LedgerStore, MemoryError, Order,
    PaymentId, ReleaseReason, SubscriptionId, check_journal, execute_on,
};
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

fn account() -> AccountId {
    AccountId::new("customer-1").unwrap()
}

fn command() -> impl Strategy<Value = Command> {
    let generation = (0..6_u8).prop_map(|index| format!("g{index}"));
    let payment = (0..4_u8).prop_map(|index| format!("pi_{index}"));
    let subscription = prop_oneof![Just(None), Just(Some("sub_1")), Just(Some("sub_2"))];
    let ending = prop_oneof![Just(Ending::Succeeded), Just(Ending::Failed(ReleaseReason::Failed))];
    prop_oneof![
        2 => (payment.clone(), 1..50_u64, subscription, any::<bool>()).prop_map(|(id, count, sub, stops)| {
            let mut grant = grant(&account(), &id, count, sub);
            grant.stops_clocks = stops;
            Command::Grant(grant)
        }),
        6 => (generation.clone(), 1..20_u64).prop_map(|(id, count)| place(&id, count)),
        6 => (generation, ending).prop_map(|(id, ending)| settle(&id, ending)),
        2 => Just(Command::Expire { grace_s: 86_400 }),
        1 => (payment.clone(), any::<bool>()).prop_map(|(id, owe_spent)| {
            Command::Revoke { payment: PaymentId::new(id).unwrap(), owe_spent }
        }),
        1 => (payment, 0..10_u64).prop_map(|(id, count)| Command::Restore {
            payment: PaymentId::new(id).unwrap(),
            credits: Credits::new(count).unwrap(),
            debt: Credits::ZERO,
        }),
        1 => (prop_oneof![Just("sub_1"), Just("sub_2")], 0..100_000_u64).prop_map(|(id, seconds)| {
            Command::StartExpiry {
                subscription: SubscriptionId::new(id).unwrap(),
                ended_at: at(seconds),
                leftover_s: 5000,
                stop_clock: true,
            }
        }),
        1 => prop_oneof![Just(Command::Suspend), Just(Command::Resume)],
    ]
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
    fn the_sweep_leaves_nothing_that_is_due(steps in prop::collection::vec(step(), 1..40)) {
        let sweep = Step {
            command: Command::Expire { grace_s: 0 }, seconds: 100_000, stale: 0, fault: None,
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
    fn an_entry_reads_back_as_it_was_written(steps in prop::collection::vec(step(), 1..30)) {
        let (store, _) = block_on(play(&steps));
        for entry in store.journal(&account()) {
            let read = Entry::read(entry.body().to_owned(), entry.hash()).unwrap();
            prop_assert_eq!(&read, &entry);
            prop_assert!(read.is_intact());
        }
    }
}
