//! An account's payments, newest first: `GET /v1/accounts/{account}/payments`.
//!
//! A page is one query of the account's purchases, then the payments and what is recorded beside them, all at
//! once. Everything that names a payment is here, so that a request can name it, and what can still come of
//! it under the version of the policy that it pinned.

use std::collections::BTreeMap;

use cases::{Windows, windows};
use futures_util::future::{join_all, join4};
use lambda::Invocation;
use lambda::http::{Problem, Request, Response, cursor};
use ledger::{
    Account, AccountId, AmountError, Entry, LotId, Money, MonthlyGrants, Payment, PaymentId, PaymentKind,
    Purchase, Subscriber, Subscription, SubscriptionId, Timestamp,
};
use policy::PriceKind;
use policy_documents::catalogue;
use refunds::{RefundStore, State};
use serde::Serialize;

use crate::app::{RefundRequests, reach, store_failed};
use crate::quote_view::{MoneyAnswer, money};
use crate::stored::is_shown_to;

/// Payments of one page: more than a year of a monthly plan.
const PAGE: u16 = 20;
/// Newest requests of the account among which the open ones are looked for: limits of open requests keep
/// them far below.
const REQUESTS_MAX: u16 = 25;

#[derive(Serialize)]
struct Page {
    payments: Vec<PaymentAnswer>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct PaymentAnswer {
    payment: String,
    names: Vec<String>,
    kind: &'static str,
    subscription: Option<String>,
    product: String,
    plan: Option<String>,
    price: String,
    amount: MoneyAnswer,
    refunded: MoneyAnswer,
    refundable: MoneyAnswer,
    charged_at: String,
    period: Option<PeriodAnswer>,
    credits: CreditsAnswer,
    policy: Option<PolicyAnswer>,
    refund_window_until: Option<String>,
    withdrawal_until: Option<String>,
    disputes: Vec<DisputeAnswer>,
    open_requests: Vec<OpenRequest>,
}

#[derive(Serialize)]
struct PeriodAnswer {
    starts_at: String,
    ends_at: String,
}

/// The credits that it bought, as far as they have come; a lot that is used up has left the account.
#[derive(Serialize)]
struct CreditsAnswer {
    lot: Option<u32>,
    granted: u64,
    available: u64,
    held: u64,
    expires_at: Option<String>,
    /// Of a payment that brings its credits month by month.
    #[serde(skip_serializing_if = "Option::is_none")]
    monthly: Option<MonthlyAnswer>,
}

#[derive(Serialize)]
struct MonthlyAnswer {
    bought: u64,
    lots_left: u32,
    next_grant_at: Option<String>,
}

#[derive(Serialize)]
struct PolicyAnswer {
    document: String,
    version: String,
}

#[derive(Serialize)]
struct DisputeAnswer {
    dispute: String,
    /// Stripe's word, such as `warning_needs_response` for an inquiry.
    status: String,
    opened_at: String,
    bars_refunds: bool,
}

#[derive(Serialize)]
struct OpenRequest {
    id: String,
    reason: &'static str,
    state: &'static str,
}

/// What is recorded beside an account's payments.
struct Beside {
    head: Option<Entry>,
    subscriptions: Vec<Subscription>,
    subscribers: BTreeMap<SubscriptionId, Subscriber>,
    open: Vec<refunds::RefundRequest>,
}

pub(crate) async fn list<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &Request<'_>,
    invocation: &Invocation,
) -> Result<Response, Problem> {
    let (account, caller) = reach(app, request, invocation)?;
    let belongs = format!("{account} payments");
    let before = match request.query("cursor") {
        Some(text) => {
            let place = cursor::read(&belongs, text)?;
            Some(read_place(&place).ok_or_else(cursor::refused)?)
        }
        None => None,
    };
    let purchases = app.store.purchases_of(&account, before, PAGE).await.map_err(store_failed)?;
    let full = purchases.len() == usize::from(PAGE);
    let last = purchases.last().filter(|_| full);
    let next_cursor = last.map(|last| cursor::write(&belongs, &place(last)));
    // What is read at once makes a large future.
    let (payments, mut beside) = Box::pin(read(app, &account, &purchases)).await?;
    beside.open.retain(|request| is_shown_to(request, caller.role()));
    let payments = payments.iter().map(|payment| answer(payment, &beside, invocation.now()));
    Ok(Response::json(200, &Page { payments: payments.collect::<Result<_, _>>()?, next_cursor }))
}

/// The payments of the purchases and what is recorded beside them: two round trips.
async fn read<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    purchases: &[Purchase],
) -> Result<(Vec<Payment>, Beside), Problem> {
    let payments = join_all(purchases.iter().map(|purchase| app.store.payment(&purchase.payment)));
    let (payments, head, subscriptions, requests) = join4(
        payments,
        app.store.head(account),
        app.store.subscriptions_of(account),
        app.store.requests_of(account, None, REQUESTS_MAX),
    )
    .await;
    let payments: Vec<Payment> =
        payments.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>().map_err(store_failed)?;
    let mut subscribed: Vec<&SubscriptionId> = payments.iter().filter_map(subscription_of).collect();
    subscribed.sort_unstable();
    subscribed.dedup();
    let subscribers = join_all(subscribed.iter().map(|id| app.store.subscriber(id))).await;
    let mut by_id = BTreeMap::new();
    for (id, subscriber) in subscribed.into_iter().zip(subscribers) {
        by_id.extend(subscriber.map_err(store_failed)?.map(|subscriber| (id.clone(), subscriber)));
    }
    let mut open = requests.map_err(store_failed)?;
    open.retain(|request| is_open(request.state()));
    let beside = Beside {
        head: head.map_err(store_failed)?,
        subscriptions: subscriptions.map_err(store_failed)?,
        subscribers: by_id,
        open,
    };
    Ok((payments, beside))
}

fn answer(payment: &Payment, beside: &Beside, now: Timestamp) -> Result<PaymentAnswer, Problem> {
    let subscription = subscription_of(payment);
    let known = beside.subscriptions.iter().find(|known| Some(&known.id) == subscription);
    let subscriber = subscription.and_then(|id| beside.subscribers.get(id));
    let Windows { refund_until, withdrawal_until } =
        windows(payment, known, subscriber, beside.head.as_ref(), now).map_err(Problem::internal)?;
    let zero = Money::new(0, payment.paid.currency());
    let refundable = payment.refundable().unwrap_or(zero);
    // A payment with nothing left to refund has no open window.
    let open = |until: Option<Timestamp>| until.filter(|_| !refundable.is_zero()).map(|at| at.to_string());
    let price = catalogue().price(&payment.price).ok();
    let plan = price.and_then(|price| match &price.kind {
        PriceKind::Subscription { plan, .. } => Some(plan.clone()),
        PriceKind::Pack => None,
    });
    Ok(PaymentAnswer {
        payment: payment.id.as_str().to_owned(),
        names: payment.names.iter().map(|name| name.as_str().to_owned()).collect(),
        kind: if subscription.is_some() { "subscription" } else { "pack" },
        subscription: subscription.map(|id| id.as_str().to_owned()),
        product: payment.product.as_str().to_owned(),
        plan,
        price: payment.price.clone(),
        amount: money(payment.paid),
        refunded: money(Money::new(payment.refunded_minor, payment.paid.currency())),
        refundable: money(refundable),
        charged_at: payment.charged_at.to_string(),
        period: payment.period_starts_at.zip(payment.period_ends_at).map(|(starts_at, ends_at)| {
            PeriodAnswer { starts_at: starts_at.to_string(), ends_at: ends_at.to_string() }
        }),
        credits: credits(payment, beside.head.as_ref()).map_err(Problem::internal)?,
        policy: payment.policy.as_ref().map(|pinned| PolicyAnswer {
            document: pinned.document.clone(),
            version: pinned.version.clone(),
        }),
        refund_window_until: open(refund_until),
        withdrawal_until: open(withdrawal_until),
        disputes: payment
            .disputes
            .iter()
            .map(|dispute| DisputeAnswer {
                dispute: dispute.id.as_str().to_owned(),
                status: dispute.status.clone(),
                opened_at: dispute.opened_at.to_string(),
                bars_refunds: dispute.bars_refunds(),
            })
            .collect(),
        open_requests: beside
            .open
            .iter()
            .filter(|request| request.case.payment.as_ref() == Some(&payment.id))
            .map(|request| OpenRequest {
                id: request.id.as_str().to_owned(),
                reason: request.case.reason.as_str(),
                state: request.state().as_str(),
            })
            .collect(),
    })
}

fn credits(payment: &Payment, head: Option<&Entry>) -> Result<CreditsAnswer, AmountError> {
    let empty = Account::default();
    let account = head.map_or(&empty, Entry::after);
    let used = account.use_of(payment)?;
    let known = account.monthly_of(&payment.id);
    // What is left expires with the first of its lots that has something; else the newest says when it did.
    let filled = account.lots_of(&payment.id).filter(|lot| !lot.available.is_zero());
    let newest = account.lots_of(&payment.id).max_by_key(|lot| lot.id);
    let expires_at = filled.filter_map(|lot| lot.expires_at).min().or(newest.and_then(|lot| lot.expires_at));
    Ok(CreditsAnswer {
        lot: (payment.lot != LotId::NONE).then_some(payment.lot.0),
        granted: used.granted.get(),
        available: used.available.get(),
        held: used.held.get(),
        expires_at: expires_at.map(|at| at.to_string()),
        monthly: payment.further.map(|_| MonthlyAnswer {
            bought: payment.credits.get(),
            lots_left: known.map_or(0, MonthlyGrants::left),
            next_grant_at: known.and_then(|of| account.next_grant_of(of)).map(|at| at.to_string()),
        }),
    })
}

fn subscription_of(payment: &Payment) -> Option<&SubscriptionId> {
    match &payment.kind {
        PaymentKind::Subscription { subscription, .. } => Some(subscription),
        PaymentKind::Pack => None,
    }
}

fn is_open(state: State) -> bool {
    match state {
        State::Submitted | State::NeedsInformation | State::InReview | State::Approved | State::Paying => {
            true
        }
        State::Refunded | State::Failed | State::Refused | State::Withdrawn | State::Settled => false,
    }
}

fn place(last: &Purchase) -> String {
    format!("{}.{}", last.charged_at.as_ms(), last.payment)
}

fn read_place(place: &str) -> Option<(Timestamp, PaymentId)> {
    let (at, payment) = place.split_once('.')?;
    Some((Timestamp::from_ms(at.parse().ok()?).ok()?, PaymentId::new(payment).ok()?))
}
