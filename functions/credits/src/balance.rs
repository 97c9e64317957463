//! The balance: what can be used, what is held, what is owed, and the lots behind it.

use lambda::Invocation;
use lambda::caller::{Caller, Role};
use lambda::http::{JsonDisplay, Problem, ProblemKind, Request, Response};
use ledger::{
    Account, AccountId, AmountError, Credits, Entry, LedgerStore, Lot, LotKind, ProductId, Timestamp,
};
use ledger_dynamodb::StoreError;
use serde::Serialize;

use crate::context::Context;
use crate::failure;
use crate::lot_view::HoldView;
use crate::past;

#[derive(Debug, Serialize)]
struct BalanceView<'a> {
    account: &'a str,
    available: u64,
    held: u64,
    frozen: u64,
    debt: u64,
    suspended: bool,
    /// When the next month's credits come of a plan that grants monthly.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_grant_at: Option<JsonDisplay<Timestamp>>,
    products: Vec<ProductView<'a>>,
    lots: Vec<LotView<'a>>,
    holds: Vec<HoldView<'a>>,
}

/// What can be used of one product: credits are spent on the product that they were bought for alone.
#[derive(Debug, Serialize)]
struct ProductView<'a> {
    product: &'a str,
    available: u64,
    held: u64,
}

#[derive(Debug, Serialize)]
struct LotView<'a> {
    lot: u32,
    kind: &'static str,
    product: &'a str,
    granted: u64,
    available: u64,
    held: u64,
    frozen: u64,
    granted_at: JsonDisplay<Timestamp>,
    expires_at: Option<JsonDisplay<Timestamp>>,
    usable: bool,
}

/// `subscription`, `pack`, `compensation`, or what an adjustment gave or wrote off.
pub(crate) fn lot_kind(lot: &Lot) -> &'static str {
    match lot.kind {
        LotKind::Subscription(_) => "subscription",
        LotKind::Pack => "pack",
        LotKind::Compensation(_) | LotKind::Imported(_) => "compensation",
        LotKind::Adjustment(_, purpose) => purpose.as_str(),
        LotKind::WriteOff(_) => "debt_write_off",
    }
}

impl<'a> LotView<'a> {
    /// The lot at `now`: one that is frozen or past its expiry has nothing available, whether or not the
    /// sweep has run.
    fn of(lot: &'a Lot, now: Timestamp) -> Self {
        let usable = lot.is_usable(now);
        Self {
            lot: lot.id.0,
            kind: lot_kind(lot),
            product: lot.product.as_str(),
            granted: lot.granted.get(),
            available: if usable { lot.available.get() } else { 0 },
            held: lot.held.get(),
            frozen: if lot.is_frozen() { lot.available.get() } else { 0 },
            granted_at: JsonDisplay(lot.granted_at),
            expires_at: lot.expires_at.map(JsonDisplay),
            usable,
        }
    }
}

/// The products of the account's credits, the one bought first at the head.
fn products(account: &Account, now: Timestamp) -> Result<Vec<ProductView<'_>>, AmountError> {
    let mut ids: Vec<&ProductId> = Vec::new();
    for lot in filled(account) {
        if !ids.contains(&&lot.product) {
            ids.push(&lot.product);
        }
    }
    let view = |id: &'_ ProductId| {
        let lots = || account.lots.iter().filter(|lot| &lot.product == id);
        let usable = lots().filter(|lot| lot.is_usable(now)).map(|lot| lot.available);
        Ok((Credits::sum(usable)?.get(), Credits::sum(lots().map(|lot| lot.held))?.get()))
    };
    ids.into_iter()
        .map(|id| view(id).map(|(available, held)| ProductView { product: id.as_str(), available, held }))
        .collect()
}

fn filled(account: &Account) -> impl Iterator<Item = &Lot> {
    account.lots.iter().filter(|lot| !lot.available.is_zero() || !lot.held.is_zero())
}

/// The account as it stands at `now`; lots with nothing left in them are not shown.
fn view<'a>(id: &'a AccountId, account: &'a Account, now: Timestamp) -> Result<BalanceView<'a>, AmountError> {
    let balance = account.balance(now)?;
    Ok(BalanceView {
        account: id.as_str(),
        available: balance.available.get(),
        held: balance.held.get(),
        frozen: balance.frozen.get(),
        debt: balance.debt.get(),
        suspended: account.suspended,
        next_grant_at: account.next_grant().map(JsonDisplay),
        products: products(account, now)?,
        lots: filled(account).map(|lot| LotView::of(lot, now)).collect(),
        holds: account.holds.iter().map(HoldView::of).collect::<Result<_, _>>()?,
    })
}

/// Answers `GET /v1/accounts/{account}/credits`.
///
/// A customer's own account exists as soon as its owner asks; to anybody else it begins with its first entry.
/// With `as_of` the answer is what it would have been at that instant.
pub(crate) async fn read<S: LedgerStore<Error = StoreError>, P>(
    context: &Context<S, P>,
    caller: &Caller,
    account: &AccountId,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    caller.may_reach(account, &[Role::Customer, Role::Service, Role::Support])?;
    lambda::log::account(account);
    let as_of = past::as_of(request, invocation.now())?;
    let head = context.store.head(account).await.map_err(failure::store)?;
    if head.is_none() && caller.role() != Role::Customer {
        return Err(Problem::new(ProblemKind::NotFound));
    }
    let (entry, at) = match as_of {
        Some(as_of) => (past::entry_at(&context.store, account, head, as_of).await?, as_of),
        None => (head, invocation.now()),
    };
    let empty = Account::default();
    let state = entry.as_ref().map_or(&empty, Entry::after);
    let view = view(account, state, at).map_err(Problem::internal)?;
    Ok(Response::json(200, &view))
}
