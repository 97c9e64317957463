//! Functions are killed at any point: every command is cut off at every one of its waits, and its repeat
//! completes it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ledger::contract::{NoPause, at, expire, grant, place, settle};
use ledger::{
    AccountId, Actor, Cause, Command, Commit, CommitOutcome, Compensation, Credits, Ending, Entry,
    GenerationId, LedgerStore, Order, PaymentId, ProductId, RefundRequestId, ReleaseReason, SubscriptionId,
    Takes, Timestamp, check_journal, execute,
};

use crate::memory::{InMemory, MemoryError};

/// Waits once before and once after each call, so that a cut can fall on either side of a write.
struct Slow<'store>(&'store InMemory);

impl Slow<'_> {
    async fn slowly<T>(call: impl Future<Output = T>) -> T {
        tokio::task::yield_now().await;
        let answer = call.await;
        tokio::task::yield_now().await;
        answer
    }
}

impl LedgerStore for Slow<'_> {
    type Error = MemoryError;

    async fn head(&self, account: &AccountId) -> Result<Option<Entry>, MemoryError> {
        Self::slowly(self.0.head(account)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<CommitOutcome, MemoryError> {
        Self::slowly(self.0.commit(commit)).await
    }

    async fn hold_entry(
        &self,
        account: &AccountId,
        generation: &GenerationId,
    ) -> Result<Option<Entry>, MemoryError> {
        Self::slowly(self.0.hold_entry(account, generation)).await
    }

    async fn entries_after(
        &self,
        account: &AccountId,
        after: u64,
        limit: u16,
    ) -> Result<Vec<Entry>, MemoryError> {
        Self::slowly(self.0.entries_after(account, after, limit)).await
    }

    async fn entries_before(
        &self,
        account: &AccountId,
        before: Option<u64>,
        limit: u16,
    ) -> Result<Vec<Entry>, MemoryError> {
        Self::slowly(self.0.entries_before(account, before, limit)).await
    }
}

/// Polls `future` at most `cut` times and drops it there; says whether it ended.
fn cut_off(future: impl Future, cut: usize) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..cut).any(|_| matches!(future.as_mut().poll(&mut context), Poll::Ready(_)))
}

fn story(account: &AccountId) -> Vec<(Command, Timestamp)> {
    let failed = Ending::Failed(ReleaseReason::Failed);
    let sub = SubscriptionId::new("sub_1").unwrap();
    vec![
        (Command::Grant(grant(account, "pi_1", 30, Some("sub_1"))), at(0)),
        (Command::Grant(grant(account, "pi_2", 20, None)), at(1)),
        (place("g1", 35), at(2)),
        (settle("g1", failed), at(3)),
        (place("g2", 5), at(4)),
        (settle("g2", Ending::Succeeded), at(5)),
        (settle("g2", failed), at(6)),
        (place("g3", 5), at(7)),
        (expire(&["g3"]), at(4000)),
        (settle("g3", Ending::Succeeded), at(4001)),
        (
            Command::StartExpiry {
                subscription: sub,
                ended_at: at(4002),
                leftover_s: 100,
                pauses_leftover_expiry: true,
            },
            at(4002),
        ),
        (expire(&[]), at(9000)),
        (
            Command::Revoke {
                payment: PaymentId::new("pi_2").unwrap(),
                takes: Takes::Remaining,
                owe_spent: true,
            },
            at(9001),
        ),
        (
            Command::Compensate(Compensation {
                request: RefundRequestId::new("rr_1").unwrap(),
                product: ProductId::new("music-studio").unwrap(),
                credits: Credits::new(10).unwrap(),
                expires_at: None,
            }),
            at(9002),
        ),
    ]
}

/// Runs the story with its command number `victim` cut off at wait `cut`; says whether that one had ended.
fn play(victim: usize, cut: usize) -> (Vec<Entry>, bool) {
    let (store, account) = (InMemory::default(), AccountId::new("customer-1").unwrap());
    let mut ended = true;
    for (index, (command, now)) in story(&account).iter().enumerate() {
        let order = Order {
            account: &account,
            command,
            cause: Cause::Generation,
            actor: Actor::Schedule,
            policy: None,
            records: Vec::new(),
        };
        let slow = Slow(&store);
        if index == victim {
            ended = cut_off(execute(&slow, &NoPause, &order, *now), cut);
        }
        assert!(cut_off(execute(&slow, &NoPause, &order, *now), 1000), "the repeat ends");
    }
    (store.journal(&account), ended)
}

#[test]
fn i1_a_command_cut_off_at_any_wait_is_completed_by_its_repeat() {
    let (whole, _) = play(usize::MAX, 0);
    let last = whole.last().unwrap();
    for victim in 0..story(last.account()).len() {
        for cut in 0.. {
            let (journal, ended) = play(victim, cut);
            assert_eq!(check_journal(&journal), [], "command {victim} cut off at wait {cut}");
            let after = journal.last().unwrap().after();
            assert_eq!(after, last.after(), "command {victim} cut off at wait {cut}");
            if ended {
                break;
            }
        }
    }
}
