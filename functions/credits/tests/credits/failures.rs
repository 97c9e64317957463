//! Stores that do not answer.

use ledger::{AccountId, Commit, CommitOutcome, Entry, GenerationId, LedgerStore};
use ledger_dynamodb::StoreError;
use ledger_dynamodb::in_process::Meter;
use serde_json::json;

use crate::api::{Api, As, Call, context, song};

/// A store that fails every call with this error.
struct Failing(fn() -> StoreError);

impl LedgerStore for Failing {
    type Error = StoreError;

    async fn head(&self, _: &AccountId) -> Result<Option<Entry>, StoreError> {
        Err((self.0)())
    }

    async fn commit(&self, _: &Commit) -> Result<CommitOutcome, StoreError> {
        Err((self.0)())
    }

    async fn hold_entry(&self, _: &AccountId, _: &GenerationId) -> Result<Option<Entry>, StoreError> {
        Err((self.0)())
    }

    async fn entries_after(&self, _: &AccountId, _: u64, _: u16) -> Result<Vec<Entry>, StoreError> {
        Err((self.0)())
    }

    async fn entries_before(&self, _: &AccountId, _: Option<u64>, _: u16) -> Result<Vec<Entry>, StoreError> {
        Err((self.0)())
    }
}

#[tokio::test]
async fn f2_a_store_that_does_not_answer_is_unavailable_and_says_nothing_of_itself() {
    let calls = || {
        [
            Call::balance("acct-1").caller(As::Support),
            Call::entries("acct-1", &json!({})).caller(As::Support),
            Call::hold("acct-1", &song("gen-1", 1)).caller(As::Service),
            Call::capture("acct-1", "gen-1").caller(As::Service),
            Call::release("acct-1", "gen-1").caller(As::Service),
        ]
    };
    let throttled = || StoreError::Throttled;
    let forbidden = || StoreError::Refused("AccessDeniedException".to_owned());
    let failures: [(fn() -> StoreError, _, _); 2] =
        [(throttled, (503, "unavailable"), Some("2")), (forbidden, (500, "internal"), None)];
    for (failure, problem, retry_after) in failures {
        let api = Api { context: context(Failing(failure)), meter: Meter::default() };
        for call in calls() {
            let reply = call.send(&api).await;
            assert_eq!(reply.problem(), problem, "{call:?}");
            assert_eq!(reply.retry_after.as_deref(), retry_after, "{call:?}");
            assert_eq!(reply.body.get("detail"), None, "{call:?}");
        }
    }
}
