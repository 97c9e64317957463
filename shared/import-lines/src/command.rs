//! The ledger's command for a checked account: what each payment pins of its policy, and what each lot keeps.

use ledger::{
    Credits, EMPTY_LOT_KEPT_S, Ended, Import, ImportId, Lot, LotId, LotKind, Money, Payment, PaymentKind,
    Period, PolicyRef, Subscription, Timestamp,
};
use policy::{Document, OnRenewal, OnResubscribe};
use policy_documents::{catalogue, documents};

use crate::checked::{CheckedAccount, CheckedLot, CheckedPayment};

/// The `billing_reason` of the charge of a further period.
const RENEWAL: &str = "subscription_cycle";

impl CheckedAccount {
    /// The command that imports it. Each payment is judged by the policy that was in force when it was
    /// charged (`S2-35`).
    pub fn command(&self, id: &ImportId) -> Import {
        Import {
            id: id.clone(),
            digest: self.digest,
            as_of: self.as_of,
            lots: self.lots.iter().map(|lot| self.lot(lot, id)).collect(),
            payments: self.payments.iter().map(|payment| self.payment(payment)).collect(),
            ended: self.subscriptions.iter().filter_map(ended).collect(),
        }
    }

    fn payment_of(&self, lot: &CheckedLot) -> Option<&CheckedPayment> {
        let id = lot.payment.as_ref()?;
        self.payments.iter().find(|payment| &payment.id == id)
    }

    fn lot(&self, lot: &CheckedLot, id: &ImportId) -> Lot {
        let payment = self.payment_of(lot);
        let document = payment.and_then(document_of);
        let charge = payment.and_then(|payment| Some((payment, payment.charge.as_ref()?)));
        let replaces = document.is_some_and(|document| document.on_renewal == OnRenewal::Replace);
        let leftover = document.and_then(|document| document.leftover.as_ref());
        Lot {
            id: LotId::NONE,
            kind: match (payment, charge) {
                (None, _) => LotKind::Imported(id.clone()),
                (Some(_), None) => LotKind::Pack,
                (Some(_), Some((_, (subscription, _)))) => LotKind::Subscription(subscription.clone()),
            },
            payment: lot.payment.clone(),
            product: lot.product.clone(),
            granted_at: lot.granted_at,
            expires_at: lot.expires_at,
            granted: lot.granted,
            available: lot.left,
            held: Credits::ZERO,
            spent: lot.spent,
            expired: lot.expired,
            revoked: lot.revoked,
            repaid: Credits::ZERO,
            captures: lot.generations.unwrap_or_default(),
            unusable: 0,
            leftover_s: leftover.filter(|_| charge.is_some()).map(|leftover| leftover.after_end_s),
            period: charge.filter(|_| replaces).map(|(payment, (_, reason))| Period {
                starts_at: payment.period.map_or(payment.charged_at, |period| period.start),
                replaces: reason == RENEWAL,
            }),
            owed: Credits::ZERO,
            closed: None,
            disputes: Vec::new(),
            fingerprint: None,
            touched_at: self.touched_at(lot),
        }
    }

    /// An empty lot of long ago leaves the account at once; what is used is taken as used until the balance
    /// was read where nothing says when.
    fn touched_at(&self, lot: &CheckedLot) -> Timestamp {
        let idle_s = u64::try_from(self.as_of.seconds_since(lot.granted_at)).unwrap_or_default();
        let is_old = lot.left.is_zero() && idle_s >= EMPTY_LOT_KEPT_S;
        let unknown = if lot.spent.is_zero() || is_old { lot.granted_at } else { self.as_of };
        lot.last_used_at.unwrap_or(unknown)
    }

    fn payment(&self, payment: &CheckedPayment) -> Payment {
        let own = self.lots.iter().filter(|lot| lot.payment.as_ref() == Some(&payment.id));
        let refunded = payment.refunds.iter().map(|refund| refund.minor);
        Payment {
            provider: payment.provider,
            id: payment.id.clone(),
            account: self.account.clone(),
            kind: payment.charge.as_ref().map_or(PaymentKind::Pack, |(subscription, reason)| {
                PaymentKind::Subscription {
                    subscription: subscription.clone(),
                    billing_reason: reason.clone(),
                }
            }),
            product: payment.product.clone(),
            price: payment.price.clone(),
            paid: Money::new(payment.paid.minor(), payment.paid.currency()),
            // Checked to be at most what was paid.
            refunded_minor: refunded.fold(0, u64::saturating_add),
            from_balance_minor: 0,
            to_balance_minor: 0,
            of_change: false,
            charged_at: payment.charged_at,
            period_starts_at: payment.period.map(|period| period.start),
            period_ends_at: payment.period.map(|period| period.end),
            lot: LotId::NONE,
            credits: payment.credits,
            further: payment.further,
            // They were there by the company's other system, which kept the promise or broke it.
            landed_at: payment.charged_at,
            policy: document_of(payment).map(reference),
            buyer: payment.buyer,
            names: payment.names.clone(),
            disputes: Vec::new(),
            downloads: 0,
            uncounted: own.filter(|lot| !lot.spent.is_zero()).any(|lot| lot.generations.is_none()),
        }
    }
}

/// The clock of a subscription that has ended, by the policy at its end (`S2-26`).
fn ended(subscription: &Subscription) -> Option<(Ended, bool)> {
    let ended_at = subscription.ended_at?;
    let price = subscription.price.as_deref().and_then(|price| catalogue().price(price).ok())?;
    let document = documents().in_force(&price.product, ended_at.as_ms()).document()?;
    let leftover = document.leftover.as_ref()?;
    let ended = Ended { subscription: subscription.id.clone(), ended_at, leftover_s: leftover.after_end_s };
    Some((ended, leftover.on_resubscribe == OnResubscribe::StopClock))
}

/// The version in force when a payment was charged.
fn document_of(payment: &CheckedPayment) -> Option<&'static Document> {
    documents().in_force(payment.product.as_str(), payment.charged_at.as_ms()).document()
}

fn reference(document: &Document) -> PolicyRef {
    PolicyRef { document: document.id.clone(), version: document.version.clone() }
}
