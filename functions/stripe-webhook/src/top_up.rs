//! Payments that a company's own code takes with a saved card, like an automatic top-up.
//!
//! Such a payment has no lines. Its metadata names a price of the catalogue, and how many of it; the sum
//! that was received proves them, by the amount in the catalogue. A payment that belongs to an invoice or to
//! a checkout session brings its credits once, whichever event comes first: all of them go by its id.

use intake::{
    EarlyExit, EventContext, EventOutcome, Ignored, PaidPurchase, ParkReason, WaitingPurchase, build_grants,
    leads, uncredited, write_grants,
};
use ledger::{AccountId, CustomerStore, PaymentStore, Provider};
use policy::PriceKind;
use purchase_lines::{Bought, PaidLine, bought, find_price, is_ignored};
use stripe_events::PaymentIntent;

/// The key of the metadata under which the company's own code names the account. It opens a case, and never
/// brings credits: those go to the customer's account (C9).
const ACCOUNT_KEY: &str = "account";

/// A payment succeeded.
pub(crate) async fn apply_payment_intent(
    context: &EventContext<'_>,
    payment: &PaymentIntent,
) -> Result<EventOutcome, EarlyExit> {
    let granted = Box::pin(grant_top_up(context, payment)).await;
    if uncredited::is_waiting(&granted)
        && let Some(account) = account_of_case(context, payment).await?
    {
        let (charged_at, buyer) = (context.happened_at, ledger::Buyer::default());
        let waiting = WaitingPurchase {
            account,
            payment: payment.id.clone(),
            paid: payment.amount,
            charged_at,
            buyer,
            charge: None,
        };
        uncredited::note_promise(context, waiting, None).await?;
    }
    granted
}

async fn account_of_case(
    context: &EventContext<'_>,
    payment: &PaymentIntent,
) -> Result<Option<AccountId>, EarlyExit> {
    if let Some(customer) = &payment.customer
        && let Some(account) = context.tables.account_of(customer).await?
    {
        return Ok(Some(account));
    }
    Ok(account_named(payment))
}

/// The account that the company's own code has named.
pub(crate) fn account_named(payment: &PaymentIntent) -> Option<AccountId> {
    payment.metadata.get(ACCOUNT_KEY).and_then(|account| AccountId::new(account).ok())
}

async fn grant_top_up(
    context: &EventContext<'_>,
    payment: &PaymentIntent,
) -> Result<EventOutcome, EarlyExit> {
    // Without a price it belongs to a session or an invoice, or buys something else.
    let Some(named) = payment.named_price.as_ref().filter(|_| payment.invoice.is_none()) else {
        return Ok(EventOutcome::Ignored(Ignored::NoPurchase));
    };
    let Some(price) = find_price(Provider::Stripe, named) else {
        let linked = !is_ignored(Some(named)) && account_of_case(context, payment).await?.is_some();
        return if linked { Err(ParkReason::PriceUnknown.into()) } else { Err(Ignored::OtherProduct.into()) };
    };
    if price.kind != PriceKind::Pack || price.credits == 0 {
        return Ok(EventOutcome::Ignored(Ignored::NoPurchase));
    }
    if context.tables.linked_payment(&payment.id).await?.is_some() {
        // Its invoice brings the credits.
        return Ok(EventOutcome::Ignored(Ignored::NoPurchase));
    }
    let quantity = payment.named_quantity.ok_or(ParkReason::Quantity)?;
    let currency = payment.amount.currency();
    let expected = quantity.as_whole().and_then(|units| price.amount_of(units, currency.as_str()));
    if expected != Some(payment.amount.minor()) {
        // The session that it may belong to has lines.
        let known = context.tables.payment(&payment.id).await?;
        let outcome = || context.defer_or_park(ParkReason::AmountMismatch);
        return Ok(known.map_or_else(outcome, |_| EventOutcome::Repeated));
    }
    let account = context.account_of(payment.customer.as_ref()).await?;
    let line = PaidLine {
        price: Some(named),
        quantity: Some(quantity),
        minor: payment.amount.minor(),
        period: None,
    };
    let bought: Bought = bought(Provider::Stripe, [line])?;
    let paid = PaidPurchase {
        payment: payment.id.clone(),
        amount: payment.amount,
        account,
        charged_at: context.happened_at,
        buyer: ledger::Buyer::default(),
        charge: None,
        names: Vec::new(),
    };
    let (grants, _) = build_grants(context, &paid, &bought)?;
    write_grants(context, grants, Vec::new(), async { Ok(leads::SubscriptionEvidence::default()) }).await
}
