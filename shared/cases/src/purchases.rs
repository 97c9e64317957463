//! Whether a purchase is the first one, and whether it is a double of another.

use ledger::{Entry, Lot, Payment, PaymentKind, Purchase, Subscription, SubscriptionId, Timestamp};
use policy::{Document, Fact, FactError, Facts};

use crate::records::{Records, is_unused};

/// Stripe's `billing_reason` of the charge that a checkout ordered.
pub(crate) const FIRST_CHARGE: &str = "subscription_create";

pub(crate) fn about_purchases(
    payment: &Payment,
    records: &Records,
    document: &Document,
    facts: &mut Facts,
) -> Result<(), FactError> {
    let account = &records.account;
    let Some(this) = account.purchases.iter().find(|purchase| purchase.payment == payment.id) else {
        // It is older than the purchases that were read.
        return Ok(());
    };
    let before: Vec<&Purchase> =
        account.purchases.iter().filter(|purchase| order(purchase) < order(this)).collect();
    facts.set(Fact::FirstPurchase, !account.truncated && before.is_empty())?;
    if let Some(within_s) = document.duplicates_within_s {
        let near = before.into_iter().filter(|earlier| {
            let apart_s = this.charged_at.seconds_since(earlier.charged_at);
            let within = u64::try_from(apart_s).is_ok_and(|apart_s| apart_s <= within_s);
            let same = earlier.price == this.price && earlier.paid == this.paid && !this.paid.is_zero();
            // Of two payments for the same thing, one stays.
            within && same && !account.all_refunded(earlier)
        });
        let wanted: Vec<Option<bool>> = near.map(|earlier| is_wanted(payment, earlier, records)).collect();
        if wanted.contains(&Some(false)) || runs_beside(payment, records) {
            facts.set(Fact::DuplicateOfPayment, true)?;
        } else if !wanted.contains(&None) {
            facts.set(Fact::DuplicateOfPayment, false)?;
        }
    }
    Ok(())
}

fn order(purchase: &Purchase) -> (Timestamp, &str) {
    (purchase.charged_at, purchase.payment.as_str())
}

/// Whether `payment` is no double of the same purchase shortly before: it renews the same subscription, or it
/// followed when the earlier pack was in use. `None` if the records do not reach back so far.
fn is_wanted(payment: &Payment, earlier: &Purchase, records: &Records) -> Option<bool> {
    let Some(head) = &records.head else { return Some(false) };
    let lot_in = |entry: &'_ Entry| {
        entry.after().lots.iter().find(|lot| lot.payment.as_ref() == Some(&earlier.payment)).cloned()
    };
    let lot = lot_in(head);
    if let PaymentKind::Subscription { subscription, .. } = &payment.kind {
        return Some(lot.is_some_and(|lot| lot.subscription() == Some(subscription)));
    }
    if lot.as_ref().is_some_and(is_unused) {
        return Some(false);
    }
    match (lot_in(records.landing.as_ref()?), lot) {
        (Some(then), _) => Some(!is_unused(&then)),
        // Stripe reported the earlier purchase after this one.
        (None, Some(_)) => Some(false),
        (None, None) => None,
    }
}

/// Whether `payment` began a subscription while another one of the product runs that is paid, at least in
/// part, and not cancelled.
fn runs_beside(payment: &Payment, records: &Records) -> bool {
    let PaymentKind::Subscription { subscription, billing_reason } = &payment.kind else { return false };
    let Some(account) = records.head.as_ref().map(Entry::after) else { return false };
    let runs = |other: &SubscriptionId| {
        let beside = records.beside.iter().find(|beside| &beside.id == other);
        let goes_on =
            |beside: &Subscription| beside.ended_at.is_none() && beside.cancellation_confirmed_at.is_none();
        other != subscription && account.ended(other).is_none() && beside.is_none_or(goes_on)
    };
    let refunded = |lot: &Lot| {
        let mut purchases = records.account.purchases.iter();
        let paid = purchases.find(|purchase| Some(&purchase.payment) == lot.payment.as_ref());
        paid.is_some_and(|paid| paid.paid.is_zero() || records.account.all_refunded(paid))
    };
    let before = |lot: &&Lot| lot.product == payment.product && lot.granted_at <= payment.charged_at;
    billing_reason == FIRST_CHARGE
        && !payment.paid.is_zero()
        && account
            .lots
            .iter()
            .filter(before)
            .any(|lot| lot.subscription().is_some_and(runs) && !refunded(lot))
}
