//! The checks of a line, against itself and the price catalogue.

use std::collections::BTreeSet;

use ledger::{
    AccountId, BillingPeriod, Buyer, CountryCode, Credits, Currency, CustomerId, FurtherGrants, InvoiceId,
    Money, MonthlyGrants, PastUse, PaymentId, PaymentName, PriceId, ProductId, Provider, RefundId,
    Subscription, SubscriptionId, SubscriptionReport, Timestamp,
};
use policy::{Catalogue, OnRenewal, Price, PriceKind};
use policy_documents::{catalogue, documents};
use purchase_lines::{Extent, LinePurchase, Monthly, Sold, find_price};

use crate::checked::{CheckedAccount, CheckedLot, CheckedPayment, CheckedRefund};
use crate::line::{AccountLine, BuyerLine, LotKindName, LotLine, PaymentLine, RefundLine, SubscriptionLine};
use crate::mistake::{FieldMistake, Mistakes};

/// Most lots of one account: an entry with them and their changes stays far below DynamoDB's 400 KB.
pub const LOTS_MAX: usize = 200;
/// Most payments of one account: a charge a month for sixteen years.
pub const PAYMENTS_MAX: usize = 200;
/// Most customers and most subscriptions of one account.
const OTHERS_MAX: usize = 50;
/// Most names and refunds of one payment.
const OF_PAYMENT_MAX: usize = 20;

const INSTANT: &str = "an instant like `2026-11-28T22:00:00Z`";
const ID: &str = "1 to 255 printable ASCII characters without spaces, `#` and `/`";
const CREDITS: &str = "a number of credits within the ledger's bound";

/// Checks a line at `now`.
pub fn check(line: &AccountLine, now: Timestamp) -> Result<CheckedAccount, Vec<FieldMistake>> {
    let mut mistakes = Mistakes::default();
    let account = mistakes.take("/account", AccountId::new(line.account.as_str()), ID);
    let as_of = mistakes.take("/as_of", Timestamp::parse(&line.as_of), INSTANT);
    if as_of.is_some_and(|as_of| as_of > now) {
        mistakes.add("/as_of", "an instant that has passed");
    }
    let (Some(account), Some(as_of)) = (account, as_of) else { return Err(mistakes.into_found()) };
    bound(&mut mistakes, "/customers", line.customers.len(), OTHERS_MAX);
    bound(&mut mistakes, "/subscriptions", line.subscriptions.len(), OTHERS_MAX);
    bound(&mut mistakes, "/payments", line.payments.len(), PAYMENTS_MAX);
    bound(&mut mistakes, "/lots", line.lots.len(), LOTS_MAX);
    let customers = line.customers.iter().enumerate();
    let customers: Vec<CustomerId> = customers
        .filter_map(|(at, id)| mistakes.take(&format!("/customers/{at}"), CustomerId::new(id.as_str()), ID))
        .collect();
    unique(&mut mistakes, "/customers", "", line.customers.iter());
    let subscriptions = line.subscriptions.iter().enumerate();
    let subscriptions: Vec<Subscription> = subscriptions
        .filter_map(|(at, each)| {
            subscription(&mut mistakes, &format!("/subscriptions/{at}"), each, (&account, as_of))
        })
        .collect();
    unique(&mut mistakes, "/subscriptions", "/id", line.subscriptions.iter().map(|each| &each.id));
    let payments = line.payments.iter().enumerate();
    let payments: Vec<CheckedPayment> = payments
        .filter_map(|(at, each)| payment(&mut mistakes, &format!("/payments/{at}"), each, as_of))
        .collect();
    unique(&mut mistakes, "/payments", "/id", line.payments.iter().map(|each| &each.id));
    let mut lots = Vec::new();
    for (at, each) in line.lots.iter().enumerate() {
        lots.extend(lot(&mut mistakes, &format!("/lots/{at}"), each, (&payments, line, as_of)));
    }
    // What is wrong with a payment or a lot already says why their sums differ.
    if payments.len() == line.payments.len() && lots.len() == line.lots.len() {
        for (at, payment) in payments.iter().enumerate() {
            let rest = rest_of(&mut mistakes, at, payment, (&lots, &subscriptions, as_of));
            lots.extend(rest);
        }
    }
    let found = mistakes.into_found();
    if !found.is_empty() {
        return Err(found);
    }
    lots.sort_by(|one, other| (one.granted_at, &one.payment).cmp(&(other.granted_at, &other.payment)));
    Ok(CheckedAccount { account, as_of, customers, subscriptions, payments, lots, digest: line.digest() })
}

fn bound(mistakes: &mut Mistakes, pointer: &str, number: usize, most: usize) {
    if number > most {
        mistakes.add(pointer, format!("at most {most}"));
    }
}

fn unique<'a>(mistakes: &mut Mistakes, list: &str, member: &str, ids: impl Iterator<Item = &'a String>) {
    let mut seen = BTreeSet::new();
    for (at, id) in ids.enumerate() {
        if !seen.insert(id) {
            mistakes.add(&format!("{list}/{at}{member}"), "an id that the account has once");
        }
    }
}

fn instant(mistakes: &mut Mistakes, pointer: &str, text: Option<&String>) -> Option<Timestamp> {
    text.and_then(|text| mistakes.take(pointer, Timestamp::parse(text), INSTANT))
}

fn credits(mistakes: &mut Mistakes, pointer: &str, number: u64) -> Option<Credits> {
    mistakes.take(pointer, Credits::new(number), CREDITS)
}

/// The price, if it is sold through the provider.
fn price(mistakes: &mut Mistakes, pointer: &str, provider: Provider, id: &str) -> Option<&'static Price> {
    let known = PriceId::new(id).ok().and_then(|id| find_price(provider, &id));
    if known.is_none() {
        let through = provider.as_str();
        mistakes.add(pointer, format!("a price of the catalogue that is sold through {through}"));
    }
    known
}

fn provider(mistakes: &mut Mistakes, pointer: &str, name: &str) -> Option<Provider> {
    mistakes.take(pointer, Provider::parse(name).ok_or(()), "`stripe` or `creem`")
}

fn subscription(
    mistakes: &mut Mistakes,
    at: &str,
    line: &SubscriptionLine,
    (account, as_of): (&AccountId, Timestamp),
) -> Option<Subscription> {
    let id = mistakes.take(&format!("{at}/id"), SubscriptionId::new(line.id.as_str()), ID);
    let provider = provider(mistakes, &format!("{at}/provider"), &line.provider)?;
    let price = price(mistakes, &format!("{at}/price"), provider, &line.price);
    if price.is_some_and(|price| price.kind == PriceKind::Pack) {
        mistakes.add(&format!("{at}/price"), "the price of a plan");
    }
    let is_word =
        |text: &str| text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if line.status.is_empty() || !is_word(&line.status) {
        mistakes.add(&format!("{at}/status"), "the provider's word, like `active`");
    }
    let period_ends_at = instant(mistakes, &format!("{at}/period_ends_at"), line.period_ends_at.as_ref());
    let confirmed_at = instant(
        mistakes,
        &format!("{at}/cancellation_confirmed_at"),
        line.cancellation_confirmed_at.as_ref(),
    );
    let cancels_at = instant(mistakes, &format!("{at}/cancels_at"), line.cancels_at.as_ref());
    let ended_at = instant(mistakes, &format!("{at}/ended_at"), line.ended_at.as_ref());
    for (member, when) in [("cancellation_confirmed_at", confirmed_at), ("ended_at", ended_at)] {
        if when.is_some_and(|when| when > as_of) {
            mistakes.add(&format!("{at}/{member}"), "an instant that is not after `as_of`");
        }
    }
    Some(Subscription {
        provider,
        id: id?,
        account: account.clone(),
        as_of,
        price: Some(line.price.clone()),
        period_ends_at,
        cancellation_confirmed_at: confirmed_at,
        cancels_at,
        ended_at,
        confirmation: None,
        report: SubscriptionReport { status: Some(line.status.clone()), ..SubscriptionReport::default() },
    })
}

fn payment(
    mistakes: &mut Mistakes,
    at: &str,
    line: &PaymentLine,
    as_of: Timestamp,
) -> Option<CheckedPayment> {
    let id = mistakes.take(&format!("{at}/id"), PaymentId::new(line.id.as_str()), ID);
    if id.as_ref().is_some_and(|id| *id != id.at_stripe()) {
        mistakes.add(&format!("{at}/id"), "the provider's id, without `~`");
    }
    let provider = provider(mistakes, &format!("{at}/provider"), &line.provider)?;
    let price = price(mistakes, &format!("{at}/price"), provider, &line.price);
    let currency =
        mistakes.take(&format!("{at}/currency"), Currency::new(&line.currency), "a currency like `usd`");
    let charged_at = mistakes.take(&format!("{at}/charged_at"), Timestamp::parse(&line.charged_at), INSTANT);
    if charged_at.is_some_and(|charged_at| charged_at > as_of) {
        let expected = "an instant that is not after `as_of`: what was charged later comes by its event";
        mistakes.add(&format!("{at}/charged_at"), expected);
    }
    let bought = credits(mistakes, &format!("{at}/credits"), line.credits);
    if line.credits == 0 {
        mistakes.add(&format!("{at}/credits"), "at least 1 credit; leave out payments without credits");
    }
    let period = period(mistakes, at, line);
    let charge = price.and_then(|price| charge(mistakes, at, line, price));
    let invoice = line.invoice.as_ref();
    let invoice = invoice.map(|id| mistakes.take(&format!("{at}/invoice"), InvoiceId::new(id.as_str()), ID));
    bound(mistakes, &format!("{at}/names"), line.names.len(), OF_PAYMENT_MAX);
    let names = line.names.iter().enumerate();
    let names = names
        .filter_map(|(name, text)| {
            mistakes.take(&format!("{at}/names/{name}"), PaymentName::new(text.as_str()), ID)
        })
        .collect();
    let refunds = refunds(mistakes, at, line, as_of);
    let buyer = buyer(mistakes, &format!("{at}/buyer"), &line.buyer);
    let (id, price, currency) = (id?, price?, currency?);
    let (charged_at, credits) = (charged_at?, bought?);
    let product = ProductId::new(price.product.as_str()).ok()?;
    let replaces = documents().in_force(product.as_str(), charged_at.as_ms()).document();
    let replaces = replaces.is_some_and(|document| document.on_renewal == OnRenewal::Replace);
    let further =
        charge.as_ref().and_then(|_| further(price, (credits, line.amount_minor), period, replaces));
    Some(CheckedPayment {
        provider,
        id,
        product,
        price: line.price.clone(),
        paid: Money::new(line.amount_minor, currency),
        charged_at,
        credits,
        further,
        charge,
        period,
        invoice: invoice.flatten(),
        names,
        refunds,
        buyer,
    })
}

fn period(mistakes: &mut Mistakes, at: &str, line: &PaymentLine) -> Option<BillingPeriod> {
    let period = line.period.as_ref()?;
    let starts_at = instant(mistakes, &format!("{at}/period/starts_at"), Some(&period.starts_at))?;
    let ends_at = instant(mistakes, &format!("{at}/period/ends_at"), Some(&period.ends_at))?;
    if ends_at <= starts_at {
        mistakes.add(&format!("{at}/period/ends_at"), "an instant after `starts_at`");
    }
    Some(BillingPeriod { start: starts_at, end: ends_at })
}

/// The subscription of a plan's charge. A pack has none.
fn charge(
    mistakes: &mut Mistakes,
    at: &str,
    line: &PaymentLine,
    price: &Price,
) -> Option<(SubscriptionId, String)> {
    if price.kind == PriceKind::Pack {
        if line.subscription.is_some() || line.period.is_some() || line.billing_reason.is_some() {
            mistakes.add(at, "no `subscription`, `period` or `billing_reason`: the price is of a pack");
        }
        return None;
    }
    let Some(subscription) = &line.subscription else {
        mistakes.add(&format!("{at}/subscription"), "the subscription that was charged");
        return None;
    };
    if line.period.is_none() {
        mistakes.add(&format!("{at}/period"), "the period that the charge paid for");
    }
    let reason = line.billing_reason.as_deref().unwrap_or_default();
    if !["subscription_create", "subscription_cycle", "subscription_update", "manual"].contains(&reason) {
        let expected = "`subscription_create` of the first charge, `subscription_cycle` of a renewal, \
                        `subscription_update` or `manual`";
        mistakes.add(&format!("{at}/billing_reason"), expected);
    }
    let id = mistakes.take(&format!("{at}/subscription"), SubscriptionId::new(subscription.as_str()), ID)?;
    Some((id, reason.to_owned()))
}

fn refunds(mistakes: &mut Mistakes, at: &str, line: &PaymentLine, as_of: Timestamp) -> Vec<CheckedRefund> {
    bound(mistakes, &format!("{at}/refunds"), line.refunds.len(), OF_PAYMENT_MAX);
    unique(mistakes, &format!("{at}/refunds"), "/id", line.refunds.iter().map(|refund| &refund.id));
    let minor = line.refunds.iter().try_fold(0_u64, |sum, refund| sum.checked_add(refund.amount_minor));
    if minor.is_none_or(|minor| minor > line.amount_minor) {
        mistakes.add(&format!("{at}/refunds"), "refunds that are together at most `amount_minor`");
    }
    let read = |(place, refund): (usize, &RefundLine)| {
        let at = format!("{at}/refunds/{place}");
        let id = mistakes.take(&format!("{at}/id"), RefundId::new(refund.id.as_str()), ID);
        let made_at = instant(mistakes, &format!("{at}/made_at"), Some(&refund.made_at));
        if made_at.is_some_and(|made_at| made_at > as_of) {
            mistakes.add(&format!("{at}/made_at"), "an instant that is not after `as_of`");
        }
        if refund.amount_minor == 0 {
            mistakes.add(&format!("{at}/amount_minor"), "at least 1");
        }
        Some(CheckedRefund { id: id?, minor: refund.amount_minor, made_at: made_at? })
    };
    line.refunds.iter().enumerate().filter_map(read).collect()
}

fn buyer(mistakes: &mut Mistakes, at: &str, line: &BuyerLine) -> Buyer {
    let mut country = |member: &str, code: Option<&String>| {
        code.and_then(|code| {
            mistakes.take(&format!("{at}/{member}"), CountryCode::new(code), "a country like `DE`")
        })
    };
    Buyer {
        billing_country: country("billing_country", line.billing_country.as_ref()),
        card_country: country("card_country", line.card_country.as_ref()),
        business: line.business,
        withdrawal_waived: line.withdrawal_waived,
    }
}

/// What the payment of a price brings month by month.
fn further(
    price: &Price,
    (credits, minor): (Credits, u64),
    period: Option<BillingPeriod>,
    replaces: bool,
) -> Option<FurtherGrants> {
    let months = price.grants_of_period();
    let purchase = LinePurchase {
        product: ProductId::new(price.product.as_str()).ok()?,
        price: price.id.clone(),
        sold: Sold::Subscription,
        credits,
        minor,
        period,
        extent: Extent::Whole,
        monthly: (months > 1).then_some(Monthly { months, most: None }),
    };
    purchase.further(replaces)
}

fn lot(
    mistakes: &mut Mistakes,
    at: &str,
    line: &LotLine,
    (payments, of, as_of): (&[CheckedPayment], &AccountLine, Timestamp),
) -> Option<CheckedLot> {
    if Catalogue::product(catalogue(), &line.product).is_none() {
        mistakes.add(&format!("{at}/product"), "a product of the catalogue");
    }
    let payment = line.payment.as_ref().and_then(|id| payments.iter().find(|each| each.id.as_str() == id));
    match (&line.payment, line.kind) {
        (Some(_), LotKindName::Compensation) => {
            mistakes.add(&format!("{at}/payment"), "no payment: no payment buys a compensation");
        }
        (None, LotKindName::Pack | LotKindName::Subscription) => {
            let expected = "the payment that bought it, or the kind `compensation`";
            mistakes.add(&format!("{at}/payment"), expected);
        }
        (Some(id), _) => {
            // A payment with a mistake of its own has been named.
            if !of.payments.iter().any(|each| &each.id == id) {
                mistakes.add(&format!("{at}/payment"), "a payment of the account's `payments`");
            }
        }
        (None, LotKindName::Compensation) => {}
    }
    if let Some(payment) = payment {
        let kind = if payment.charge.is_some() { LotKindName::Subscription } else { LotKindName::Pack };
        if line.kind != kind && line.kind != LotKindName::Compensation {
            mistakes.add(&format!("{at}/kind"), format!("`{}`, as its payment's price says", kind.as_str()));
        }
        if line.product != payment.product.as_str() {
            mistakes
                .add(&format!("{at}/product"), format!("`{}`, the product of its payment", payment.product));
        }
    }
    let granted_at = instant(mistakes, &format!("{at}/granted_at"), line.granted_at.as_ref());
    let expires_at = instant(mistakes, &format!("{at}/expires_at"), line.expires_at.as_ref());
    let last_used_at = instant(mistakes, &format!("{at}/last_used_at"), line.last_used_at.as_ref());
    for (member, when) in [("granted_at", granted_at), ("last_used_at", last_used_at)] {
        if when.is_some_and(|when| when > as_of) {
            mistakes.add(&format!("{at}/{member}"), "an instant that is not after `as_of`");
        }
    }
    if line.kind == LotKindName::Pack && line.expires_at.is_some() {
        mistakes.add(&format!("{at}/expires_at"), "no expiry: a pack's credits do not expire");
    }
    if line.granted == 0 {
        mistakes.add(&format!("{at}/granted"), "at least 1 credit");
    }
    let gone = line.left.checked_add(line.expired).and_then(|sum| sum.checked_add(line.revoked));
    let Some(spent) = gone.and_then(|gone| line.granted.checked_sub(gone)) else {
        mistakes.add(&format!("{at}/left"), "at most `granted`, together with `expired` and `revoked`");
        return None;
    };
    if line.generations.is_some_and(|generations| u64::from(generations) > spent) {
        let expected = format!("at most {spent}: each generation spends at least one credit");
        mistakes.add(&format!("{at}/generations"), expected);
    }
    let granted = credits(mistakes, &format!("{at}/granted"), line.granted)?;
    let rest = |number| Credits::new(number).ok();
    Some(CheckedLot {
        payment: line.payment.as_deref().map(PaymentId::new).transpose().ok()?,
        product: ProductId::new(line.product.as_str()).ok()?,
        granted,
        left: rest(line.left)?,
        spent: rest(spent)?,
        expired: rest(line.expired)?,
        revoked: rest(line.revoked)?,
        granted_at: granted_at.or(payment.map(|payment| payment.charged_at)).unwrap_or(as_of),
        expires_at,
        generations: if spent == 0 { Some(0) } else { line.generations },
        last_used_at,
    })
}

/// The lot of what a payment has brought and the line leaves out: it was used up. The lots of a payment that
/// brings its credits at once have all of them, or are left out together.
fn rest_of(
    mistakes: &mut Mistakes,
    at: usize,
    payment: &CheckedPayment,
    (lots, subscriptions, as_of): (&[CheckedLot], &[Subscription], Timestamp),
) -> Option<CheckedLot> {
    let own = || lots.iter().filter(|lot| lot.payment.as_ref() == Some(&payment.id));
    let listed = Credits::sum(own().map(|lot| lot.granted)).ok();
    let came = came(payment, subscriptions, as_of);
    let rest = listed.zip(came).and_then(|(listed, came)| came.minus(listed).ok());
    let is_partial = payment.further.is_none() && own().next().is_some();
    let Some(rest) = rest.filter(|rest| rest.is_zero() || !is_partial) else {
        let expected = came.map_or_else(String::new, |came| came.to_string());
        let which = if is_partial { "together" } else { "together at most" };
        let expected =
            format!("lots of the payment that granted {which} {expected}: what it has brought by `as_of`");
        mistakes.add(&format!("/payments/{at}/credits"), expected);
        return None;
    };
    (!rest.is_zero()).then(|| CheckedLot {
        payment: Some(payment.id.clone()),
        product: payment.product.clone(),
        granted: rest,
        left: Credits::ZERO,
        spent: rest,
        expired: Credits::ZERO,
        revoked: Credits::ZERO,
        granted_at: payment.charged_at,
        expires_at: None,
        generations: None,
        last_used_at: None,
    })
}

/// The credits that a payment has brought by `as_of`.
fn came(payment: &CheckedPayment, subscriptions: &[Subscription], as_of: Timestamp) -> Option<Credits> {
    let (Some(further), Some(period), Some((id, _))) = (payment.further, payment.period, &payment.charge)
    else {
        return Some(payment.credits);
    };
    let mut monthly = MonthlyGrants {
        payment: payment.id.clone(),
        first: ledger::LotId::NONE,
        subscription: id.clone(),
        product: payment.product.clone(),
        ends_at: period.end,
        further,
        made: 0,
        leftover_s: None,
        until: subscriptions.iter().find(|each| &each.id == id).and_then(|each| each.ended_at),
        stopped: false,
        past: PastUse::default(),
    };
    while monthly.due_at().is_some_and(|due_at| due_at <= as_of) {
        monthly.made = monthly.made.saturating_add(1);
    }
    let missing = further.grants.saturating_sub(monthly.made);
    let missing = u64::from(missing).checked_mul(further.each.get())?;
    payment.credits.minus(Credits::new(missing).ok()?).ok()
}
