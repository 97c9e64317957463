//! The history: an account's entries, newest first, page by page.
//!
//! One query a page. The page begins with the entry that the cursor names, so that the cursor is checked
//! by the same query. Who wrote an entry is shown to support by id, to a customer by kind.

use lambda::caller::{Caller, Role};
use lambda::http::{JsonDisplay, Problem, ProblemKind, Request, Response};
use ledger::{AccountId, Actor, AmountError, Cause, Entry, LedgerStore, Provider, Timestamp};
use ledger_dynamodb::StoreError;
use policy::Documents;
use serde::Serialize;

use crate::change_view::{ChangeView, changes};
use crate::context::Context;
use crate::cursor::Cursor;
use crate::failure;

/// Entries of a page where the request does not say.
const HISTORY_LIMIT: u16 = 20;
/// Most entries of a page: at the ledger's own bounds an entry has tens of kilobytes, and DynamoDB answers
/// at most a megabyte, so a page may also be shorter than its limit.
pub const HISTORY_LIMIT_MAX: u16 = 100;

#[derive(Debug, Serialize)]
struct PageView<'a> {
    entries: Vec<EntryView<'a>>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize)]
struct EntryView<'a> {
    number: u64,
    at: JsonDisplay<Timestamp>,
    cause: Origin<'a>,
    actor: Origin<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<PolicyView<'a>>,
    changes: Vec<ChangeView<'a>>,
}

/// A cause or an actor.
#[derive(Debug, Serialize)]
struct Origin<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<OriginId<'a>>,
    /// Under which clause of the policy a person acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    clause: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OriginId<'a> {
    Text(&'a str),
    Instant(JsonDisplay<Timestamp>),
}

#[derive(Debug, Serialize)]
struct PolicyView<'a> {
    document: &'a str,
    version: &'a str,
}

/// Who looks at the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Customer,
    Support,
}

impl<'a> Origin<'a> {
    fn new(kind: &'static str, id: Option<&'a str>) -> Self {
        Self { kind, id: id.map(OriginId::Text), clause: None }
    }

    fn of_cause(cause: &'a Cause, viewer: Viewer) -> Self {
        match cause {
            Cause::ProviderEvent(Provider::Stripe, id) => Self::new("stripe_event", Some(id)),
            Cause::ProviderEvent(Provider::Creem, id) => Self::new("creem_event", Some(id)),
            Cause::Generation => Self::new("generation", None),
            Cause::Sweep(at) => {
                Self { id: Some(OriginId::Instant(JsonDisplay(*at))), ..Self::new("sweep", None) }
            }
            Cause::RefundRequest(id) => Self::new("refund_request", Some(id)),
            Cause::Adjustment { id, clause } => {
                Self { clause: Some(clause), ..Self::new("adjustment", Some(id.as_str())) }
            }
            Cause::Import(id) => Self::new("import", viewer.inside(id.as_str())),
            Cause::Operator(reason) => Self::new("operator", viewer.inside(reason)),
        }
    }

    fn of_actor(actor: &'a Actor, viewer: Viewer) -> Self {
        match actor {
            Actor::Provider(provider) => Self::new(provider.as_str(), None),
            Actor::Service(id) => Self::new("service", viewer.inside(id)),
            Actor::Schedule => Self::new("schedule", None),
            Actor::Policy => Self::new("policy", None),
            Actor::Support(id) => Self::new("support", viewer.inside(id)),
            Actor::Customer => Self::new("customer", None),
            Actor::Operator => Self::new("operator", None),
        }
    }
}

impl Viewer {
    /// What only people inside the company see.
    fn inside(self, text: &str) -> Option<&str> {
        (self == Self::Support).then_some(text)
    }
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a Entry, viewer: Viewer, documents: &'static Documents) -> Result<Self, AmountError> {
        let policy = entry.policy();
        Ok(Self {
            number: entry.number(),
            at: JsonDisplay(entry.at()),
            cause: Origin::of_cause(entry.cause(), viewer),
            actor: Origin::of_actor(entry.actor(), viewer),
            policy: policy.map(|each| PolicyView { document: &each.document, version: &each.version }),
            changes: changes(entry, documents)?,
        })
    }
}

fn limit(request: &Request<'_>) -> Result<u16, Problem> {
    let Some(text) = request.query("limit") else { return Ok(HISTORY_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=HISTORY_LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| {
        let expected = format!("`limit` must be a whole number from 1 to {HISTORY_LIMIT_MAX}");
        Problem::new(ProblemKind::InvalidRequest).detail(expected)
    })
}

/// Answers `GET /v1/accounts/{account}/entries`.
pub(crate) async fn read<S: LedgerStore<Error = StoreError>, P>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    request: &Request<'_>,
) -> Result<Response, Problem> {
    caller.may_reach(account, &[Role::Customer, Role::Support])?;
    lambda::log::account(account);
    let viewer = if caller.role() == Role::Support { Viewer::Support } else { Viewer::Customer };
    let limit = limit(request)?;
    let invalid_cursor = || Problem::new(ProblemKind::InvalidCursor);
    let entries = if let Some(text) = request.query("cursor") {
        let cursor = Cursor::read(text).ok_or_else(invalid_cursor)?;
        let before = cursor.number().checked_add(1).ok_or_else(invalid_cursor)?;
        let read = context.store.entries_before(account, Some(before), limit.saturating_add(1)).await;
        let mut entries = read.map_err(failure::store)?.into_iter();
        let shown = entries.next().filter(|entry| Cursor::of(entry) == cursor);
        shown.ok_or_else(invalid_cursor)?;
        entries.collect()
    } else {
        let entries = context.store.entries_before(account, None, limit).await.map_err(failure::store)?;
        if entries.is_empty() && viewer == Viewer::Support {
            return Err(Problem::new(ProblemKind::NotFound));
        }
        entries
    };
    let documents = (context.documents)();
    let views = entries.iter().map(|entry| EntryView::of(entry, viewer, documents));
    let views = views.collect::<Result<_, _>>().map_err(Problem::internal)?;
    // Entries are numbered without gaps: what is above number 1 has one before it.
    let next = entries.last().filter(|entry| entry.number() > 1).map(|entry| Cursor::of(entry).text());
    Ok(Response::json(200, &PageView { entries: views, next_cursor: next }))
}
