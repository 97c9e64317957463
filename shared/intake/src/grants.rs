//! The grants of a payment's purchases: one lot each, one share of the money each, one policy each.

use ledger::{
    Command, Division, Grant, LotId, Money, Payment, PaymentId, PaymentKind, Period, Record, Timestamp,
    shares,
};
use policy::{OnRenewal, OnResubscribe};
use purchase_lines::{Bought, Extent, LinePurchase, Sold};

use crate::context::{EarlyExit, EventContext};
use crate::leads::{self, SubscriptionEvidence};
use crate::outcome::{EventOutcome, Ignored, ParkReason};
use crate::policy::{policy_at, reference_of};
use crate::purchase::{PaidPurchase, RENEWAL};

/// A grant for each purchase, and the record of how the money is divided where it is.
pub fn build_grants(
    context: &EventContext<'_>,
    paid: &PaidPurchase<'_>,
    bought: &Bought,
) -> Result<(Vec<Grant>, Option<Record>), ParkReason> {
    let parts = shares(paid.amount.minor(), &bought.weights());
    let of_balance = shares(bought.from_balance_minor, &bought.weights());
    let grant = |(index, ((purchase, minor), of_balance)): (usize, ((&LinePurchase, &u64), &u64))| {
        let id = paid.payment.purchase(index.saturating_add(1)).ok_or(ParkReason::PaymentUnknown)?;
        build_grant(context, paid, purchase, (id, *minor, *of_balance))
    };
    let divided = bought.purchases.iter().zip(&parts).zip(&of_balance);
    let grants = divided.enumerate().map(grant).collect::<Result<Vec<_>, _>>()?;
    let beside_minor = parts.last().copied().unwrap_or_default();
    let division = Division {
        payment: paid.payment.clone(),
        purchases: grants.len(),
        beside_minor,
        beside_refunded_minor: 0,
    };
    let is_divided = grants.len() > 1 || beside_minor > 0;
    if bought.beside > 0 {
        context.metrics.count("LinesWithoutCredits", u64::from(bought.beside));
        tracing::warn!(lines = bought.beside, "lines of a purchase brought no credits");
    }
    Ok((grants, is_divided.then_some(Record::Division(division))))
}

fn build_grant(
    context: &EventContext<'_>,
    paid: &PaidPurchase<'_>,
    purchase: &LinePurchase,
    (id, minor, from_balance_minor): (PaymentId, u64, u64),
) -> Result<Grant, ParkReason> {
    let charge = match (purchase.sold, paid.charge) {
        (Sold::Subscription, None) => return Err(ParkReason::PriceKind),
        (Sold::Subscription, charge) => charge,
        (Sold::Pack, _) => None,
    };
    let in_force = policy_at(purchase.product.as_str(), paid.charged_at);
    let document = in_force.document();
    let leftover = document.and_then(|document| document.leftover.as_ref());
    // Not by the reason of the invoice alone: the first paid charge after a trial is a renewal by its reason.
    let stops = leftover.is_some_and(|leftover| leftover.on_resubscribe == OnResubscribe::StopClock);
    let replaces = document.is_some_and(|document| document.on_renewal == OnRenewal::Replace);
    let period = purchase.period.filter(|_| charge.is_some());
    let starts_at = period.map(|period| period.start);
    let lot_period = charge.filter(|_| replaces || purchase.extent == Extent::Anew).map(|charge| Period {
        starts_at: starts_at.unwrap_or(paid.charged_at),
        replaces: match purchase.extent {
            Extent::Anew => true,
            Extent::Whole => charge.billing_reason == RENEWAL,
            Extent::Reduced | Extent::Difference { .. } => false,
        },
    });
    let kind = charge.map_or(PaymentKind::Pack, |charge| PaymentKind::Subscription {
        subscription: charge.subscription.clone(),
        billing_reason: charge.billing_reason.to_owned(),
    });
    let is_first = id == id.at_stripe();
    let names = if is_first { paid.names.clone() } else { Vec::new() };
    let payment = Payment {
        id,
        account: paid.account.clone(),
        kind,
        product: purchase.product.clone(),
        price: purchase.price.clone(),
        paid: Money::new(minor, paid.amount.currency()),
        refunded_minor: 0,
        from_balance_minor,
        to_balance_minor: 0,
        of_change: matches!(purchase.extent, Extent::Difference { .. }),
        charged_at: paid.charged_at,
        period_starts_at: starts_at,
        period_ends_at: period.map(|period| period.end),
        lot: LotId::NONE,
        credits: purchase.credits,
        further: purchase.further(replaces).filter(|_| charge.is_some()),
        landed_at: context.now,
        policy: reference_of(in_force),
        buyer: paid.buyer,
        names,
        disputes: Vec::new(),
        downloads: 0,
        uncounted: false,
        provider: context.provider,
    };
    Ok(Grant {
        payment: Box::new(payment),
        pauses_leftover_expiry: stops && charge.is_some(),
        period: lot_period,
        leftover_s: leftover.filter(|_| charge.is_some()).map(|leftover| leftover.after_end_s),
        fingerprint: Some(fingerprint_of(paid, &purchase.price)),
    })
}

/// What an event says of the price of a purchase and of the money behind it, in short. Fingerprints are
/// stored: each is the same in every release.
fn fingerprint_of(paid: &PaidPurchase<'_>, price: &str) -> u32 {
    let minor = paid.amount.minor().to_be_bytes();
    let currency = paid.amount.currency();
    let subscription = paid.charge.map_or("", |charge| charge.subscription.as_str());
    let parts = [price.as_bytes(), &minor, currency.as_str().as_bytes(), subscription.as_bytes()];
    let [first, second, third, fourth, ..] = refunds::fingerprint_bytes(&parts);
    u32::from_be_bytes([first, second, third, fourth])
}

/// What an event grants, in bytes that no release changes: deliveries of one event agree in it, although
/// other members of their bodies differ. Product and credits are left out: they come from the catalogue and
/// not from the event.
fn digest_of(payments: &[Payment]) -> [u8; 32] {
    let mut parts = vec![b"grant.v1".to_vec()];
    let instant = |at: Timestamp| at.as_ms().to_be_bytes().to_vec();
    for payment in payments {
        let (subscription, reason) = match &payment.kind {
            PaymentKind::Pack => ("", ""),
            PaymentKind::Subscription { subscription, billing_reason } => {
                (subscription.as_str(), billing_reason.as_str())
            }
        };
        let currency = payment.paid.currency();
        let texts = [
            payment.id.as_str(),
            payment.account.as_str(),
            subscription,
            reason,
            &payment.price,
            currency.as_str(),
        ];
        parts.extend(texts.map(|text| text.as_bytes().to_vec()));
        parts.push(payment.paid.minor().to_be_bytes().to_vec());
        parts.push(instant(payment.charged_at));
        parts.extend(
            [payment.period_starts_at, payment.period_ends_at].map(|at| at.map_or(Vec::new(), instant)),
        );
    }
    refunds::fingerprint_bytes(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Grants the credits of a payment's purchases, once, and notes the leads that each may be. `evidence` reads
/// after the credits are granted, and the events that it reads are saved before they look for credits.
/// So of two events at once, one sees the other.
pub async fn write_grants(
    context: &EventContext<'_>,
    grants: Vec<Grant>,
    records: Vec<Record>,
    evidence: impl Future<Output = Result<SubscriptionEvidence, EarlyExit>>,
) -> Result<EventOutcome, EarlyExit> {
    let payments: Vec<Payment> = grants.iter().map(|grant| (*grant.payment).clone()).collect();
    let Some(account) = payments.first().map(|payment| &payment.account) else {
        return Ok(EventOutcome::Ignored(Ignored::NoCredits));
    };
    let by_policy =
        |grant: &&Grant| grant.pauses_leftover_expiry || grant.period.is_some_and(|period| period.replaces);
    let policy = grants.iter().find(by_policy).and_then(|grant| grant.payment.policy.clone());
    let beside = (records, digest_of(&payments));
    let command = Command::GrantAll(grants);
    // An order on its way is large.
    let (outcome, head) = Box::pin(context.carry_out_grant(account, &command, policy, beside)).await?;
    if matches!(outcome, EventOutcome::Applied | EventOutcome::Repeated) {
        let evidence = evidence.await?;
        for payment in &payments {
            leads::note_payment_leads(context, payment, &head, &evidence).await?;
            context.settle_late((&payment.account, &payment.id), payment.charged_at).await?;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use ledger::AccountId;
    use ledger::contract::grant;

    use super::*;

    /// Digests are stored: each is the same in every release.
    #[test]
    fn a_digest_depends_on_what_is_granted_and_on_nothing_else() {
        let account = AccountId::new("account-1").unwrap();
        let payment = |credits, subscription| *grant(&account, "pi_1", credits, subscription).payment;
        let start = |payment: Payment| {
            let [first, second, third, fourth, ..] = digest_of(&[payment]);
            u32::from_be_bytes([first, second, third, fourth])
        };
        let dearer =
            Payment { paid: Money::new(1001, payment(100, None).paid.currency()), ..payment(100, None) };
        // The second one differs in its credits alone, which are the catalogue's.
        let digests =
            [payment(100, None), payment(200, None), payment(100, Some("sub_1")), dearer].map(start);
        assert_eq!(digests, [0x3671_65a6, 0x3671_65a6, 0x1065_2eaa, 0xb449_fd5a]);
    }
}
