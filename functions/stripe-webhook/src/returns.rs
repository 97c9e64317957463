//! What a paid invoice's changes of plans return to the customer's balance at Stripe, and the plans among
//! them that have left the catalogue.

use intake::{EarlyExit, EventContext, EventOutcome, FIRST_CHARGE, ParkReason, RENEWAL};
use ledger::{
    BillingPeriod, CustomerStore, ExecuteError, InvoiceId, Payment, PaymentKind, PaymentStore, PurchaseStore,
};
use ledger_dynamodb::{ReturnOutcome, ReturnedMoney};
use purchase_lines::{Bought, RetiredPlan, retired_prices};
use stripe_events::PaidInvoice;

/// Purchases of an account among which a retired plan is looked for: those of a year with a change each week.
const PURCHASES_READ: u16 = 60;

/// Counts what the invoice returns, once. `None` where its lines are of no subscription.
pub(crate) async fn count_returns(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
    bought: &Bought,
) -> Result<Option<EventOutcome>, EarlyExit> {
    let Some(subscription) = invoice.subscription.clone() else { return Ok(None) };
    let account = context.account_of(invoice.customer.as_ref()).await?;
    let seen = ReturnedMoney {
        invoice: invoice.id.clone(),
        account,
        subscription,
        at: invoice.paid_at,
        credited: credited(invoice),
        returns: bought.returns.clone(),
    };
    let by = (&context.cause(), context.now);
    // An entry on its way is large.
    let counted = Box::pin(context.tables.count_returns(context.backoff, &seen, by)).await?;
    Ok(Some(match counted {
        ReturnOutcome::Counted { beyond_minor } => {
            if beyond_minor > 0 {
                tracing::warn!("a change of plans returned more than its payments had left");
            }
            EventOutcome::Applied
        }
        ReturnOutcome::Known => EventOutcome::Repeated,
        ReturnOutcome::UnknownPayment => context.defer_or_park(ParkReason::PaymentUnknown),
        ReturnOutcome::Busy => return Err(EarlyExit::Failed(ExecuteError::Busy)),
    }))
}

/// The invoices of which its lines give back, as far as Stripe says.
pub(crate) fn credited(invoice: &PaidInvoice) -> Vec<InvoiceId> {
    invoice.lines.iter().flatten().filter_map(|line| line.credits_invoice.clone()).collect()
}

/// The customer's plans that the invoice gives back of and that have left the catalogue, as their payments
/// say.
pub(crate) async fn retired_plans(
    context: &EventContext<'_>,
    invoice: &PaidInvoice,
) -> Result<Vec<RetiredPlan>, EarlyExit> {
    let mut retired = Vec::new();
    let (lines, subscription) = (invoice.lines.as_deref().unwrap_or_default(), &invoice.subscription);
    let (Some(customer), Some(subscription)) = (&invoice.customer, subscription) else { return Ok(retired) };
    if retired_prices(lines).next().is_none() {
        return Ok(retired);
    }
    let Some(account) = context.tables.account_of(customer).await? else { return Ok(retired) };
    let purchases = context.tables.purchases_of(&account, None, PURCHASES_READ).await?;
    for price in retired_prices(lines) {
        let mut own = purchases
            .iter()
            .filter(|each| each.price == price.as_str() && each.charged_at <= invoice.paid_at);
        let Some(purchase) = own.next() else { continue };
        let Some(payment) = context.tables.payment(&purchase.payment).await? else { continue };
        let is_own = matches!(
            &payment.kind, PaymentKind::Subscription { subscription: of, .. } if of == subscription
        );
        retired.extend(whole_period(payment).filter(|_| is_own));
    }
    Ok(retired)
}

/// The plan of a payment for a whole period. One for a change within a period says nothing of the whole.
fn whole_period(payment: Payment) -> Option<RetiredPlan> {
    let PaymentKind::Subscription { billing_reason, .. } = &payment.kind else { return None };
    let is_whole = [FIRST_CHARGE, RENEWAL].contains(&billing_reason.as_str());
    let period = BillingPeriod { start: payment.period_starts_at?, end: payment.period_ends_at? };
    let Payment { price, product, credits, .. } = payment;
    is_whole.then_some(RetiredPlan { price, product, credits, period })
}
