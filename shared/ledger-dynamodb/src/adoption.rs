//! Refunds that no request made, like those from Stripe's Dashboard (`E11`). Each is counted once on its
//! payment, so that all refunds together stay within what was paid (invariant 4). If it fails, it is taken
//! off again, once. A failure is final: an older report that arrives after it counts nothing.
//!
//! Where the policy says so, the credits that its money bought are revoked in the same transaction, and put
//! back in the one that takes it off again. So a repeat, a crash and two deliveries at once revoke once.
//! Where the policy leaves them to a person, the case is noted in the same transaction.

mod credits;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use ledger::{
    AccountId, Cause, Division, Money, Pause, Payment, PaymentId, RefundId, Refunded, Timestamp,
    refund_shares,
};
use refunds::RefundedSum;

use self::credits::CreditMoves;
pub use self::credits::{CreditTerms, PurchaseTerms};
use crate::error::StoreError;
use crate::item::{ABSENT, Item, ONLY, key, number, read_number, read_text, text};
use crate::transaction::{TransactionOutcome, put, put_write, update, update_write};
use crate::{Tables, item, lead};

/// A refund that no request made, as Stripe reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalRefund {
    /// Stripe's refund.
    pub id: RefundId,
    /// The payment that it belongs to.
    pub payment: PaymentId,
    pub amount: Money,
    pub made_at: Timestamp,
    /// Whether it failed or was canceled.
    pub failed: bool,
}

/// The outcome of a report of such a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdoptionOutcome {
    /// It counts on its payment from here on.
    Counted,
    /// It failed and does not count any more, or never will.
    Lifted,
    /// It repeats what is known.
    Known,
    /// No such payment is known.
    UnknownPayment,
    /// It is more than what is left of the payment, or in another currency: a person has to look.
    Exceeds,
    /// Other writers were first at every attempt.
    Busy,
}

/// What the stored record of a refund says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Nothing,
    Counted,
    Failed,
}

impl Tables {
    /// As [`Tables::adopt_refund_and_credits`], where the credits are left to a person.
    pub async fn adopt_refund<P: Pause>(
        &self,
        pause: &P,
        seen: &ExternalRefund,
    ) -> Result<AdoptionOutcome, StoreError> {
        self.adopt_refund_and_credits(pause, seen, None).await
    }

    /// Applies Stripe's report of a refund that no request made. Reports may come in any order and any number
    /// of times. This takes four reads and one transaction, or one read if nothing is to be changed. A
    /// refund of a payment with several purchases is divided among them, and each share takes its credits by
    /// `terms`.
    pub async fn adopt_refund_and_credits<P: Pause>(
        &self,
        pause: &P,
        seen: &ExternalRefund,
        terms: Option<&CreditTerms>,
    ) -> Result<AdoptionOutcome, StoreError> {
        for attempt in 0..pause.attempts_max() {
            let stored = self.get(&self.ledger, refund_key(&seen.id)).await?;
            let known = match &stored {
                None => Known::Nothing,
                Some(stored) => match stored.get("failed") {
                    Some(AttributeValue::Bool(true)) => Known::Failed,
                    Some(AttributeValue::Bool(false)) => Known::Counted,
                    _ => return Err(StoreError::Unreadable("failed")),
                },
            };
            let stored_shares = stored.as_ref().map(read_shares).transpose()?;
            let settled = known == Known::Failed || (known == Known::Counted && !seen.failed);
            if settled {
                return Ok(AdoptionOutcome::Known);
            }
            let (purchases, division) = self.purchases_in(&seen.payment).await?;
            let Some(first) = purchases.first() else { return Ok(AdoptionOutcome::UnknownPayment) };
            let moves = match (known, seen.failed) {
                (Known::Counted, _) => lowered(&purchases, division.as_ref(), stored_shares.as_deref(), seen),
                (_, false) => raised(&purchases, division.as_ref(), seen),
                (_, true) => Some(Moves::default()),
            };
            let Some(moves) = moves else { return Ok(AdoptionOutcome::Exceeds) };
            let by = terms.map_or_else(
                || (Cause::Operator(seen.id.to_string()), seen.made_at),
                |terms| (terms.cause.clone(), terms.now),
            );
            let mut credits = match (known, terms) {
                (Known::Counted, _) => self.put_back(&first.account, stored.as_ref(), by).await?,
                (_, Some(terms)) if !seen.failed => self.take_back(&purchases, &moves.sums, terms).await?,
                _ => CreditMoves::default(),
            };
            if let Some(terms) = terms {
                credits.leads = credits::leads((&seen.id, seen.failed), &purchases, &moves.sums, terms);
            }
            if self.write_adoption(&first.account, seen, known, (&moves, &credits)).await? {
                return Ok(if seen.failed { AdoptionOutcome::Lifted } else { AdoptionOutcome::Counted });
            }
            pause.pause(attempt).await;
        }
        Ok(AdoptionOutcome::Busy)
    }

    /// A refund that no request made, as it is on record: its amount in the smallest unit of the currency,
    /// and whether it failed.
    pub async fn external_refund(&self, id: &RefundId) -> Result<Option<(u64, bool)>, StoreError> {
        let Some(item) = self.get(&self.ledger, refund_key(id)).await? else { return Ok(None) };
        let failed = item.get("failed") == Some(&AttributeValue::Bool(true));
        Ok(Some((read_number(&item, "amount_minor")?, failed)))
    }

    /// Whether the refund's record and the payment's sum were written together.
    async fn write_adoption(
        &self,
        account: &AccountId,
        seen: &ExternalRefund,
        known: Known,
        (moves, credits): (&Moves, &CreditMoves),
    ) -> Result<bool, StoreError> {
        let noted = put(&self.ledger, refund_item(seen, &moves.shares, &credits.taken)?);
        let noted = if known == Known::Nothing {
            noted.condition_expression(ABSENT)
        } else {
            noted
                .condition_expression("failed = :no")
                .expression_attribute_values(":no", AttributeValue::Bool(false))
        };
        let mut writes = vec![put_write(noted)];
        for sum in &moves.sums {
            writes.push(update_write(self.sum_update(sum)));
            let minor = sum.to_minor.abs_diff(sum.from_minor);
            let refunded = Refunded { payment: sum.payment.clone(), minor };
            // Each purchase has a record of the refund: behind its id, the place that the payment's id has.
            let place = sum.payment.as_str().strip_prefix(seen.payment.as_str()).unwrap_or_default();
            let name = format!("{}{place}", seen.id);
            writes.push(self.refunded_write((account, &name), &refunded, seen.made_at, !seen.failed));
        }
        if let Some((from, to)) = moves.beside {
            let division = update(&self.ledger, key(item::division_key(&seen.payment), ONLY))
                .update_expression("SET beside_refunded_minor = :to")
                .condition_expression("beside_refunded_minor = :from")
                .expression_attribute_values(":from", number(from))
                .expression_attribute_values(":to", number(to));
            writes.push(update_write(division));
        }
        if let Some(commit) = &credits.commit {
            writes.extend(self.writes(commit)?);
        }
        for noted in &credits.leads {
            writes.push(put_write(put(&self.requests, lead::item(noted)?)));
        }
        Ok(matches!(self.transact(writes).await?, TransactionOutcome::Written))
    }

    /// The move of a payment's sum of refunds, on condition that it stands where it was read.
    pub(crate) fn sum_update(&self, sum: &RefundedSum) -> UpdateBuilder {
        update(&self.ledger, key(item::payment_key(&sum.payment), ONLY))
            .update_expression("SET refunded_minor = :to")
            .condition_expression("refunded_minor = :from")
            .expression_attribute_values(":from", number(sum.from_minor))
            .expression_attribute_values(":to", number(sum.to_minor))
    }
}

/// What a report of a refund moves.
#[derive(Default)]
struct Moves {
    sums: Vec<RefundedSum>,
    /// The refunds of what brought no credits, from and to, in minor units.
    beside: Option<(u64, u64)>,
    /// What the refund takes of what brought no credits, and of each purchase, in minor units.
    shares: Vec<u64>,
}

/// A refund that counts from here on; `None` if it is more than what is left. What brought no credits comes
/// first, so that a customer loses nothing of what a policy promises for the purchases.
fn raised(purchases: &[Payment], division: Option<&Division>, seen: &ExternalRefund) -> Option<Moves> {
    if purchases.first()?.paid.currency() != seen.amount.currency() {
        return None;
    }
    let beside = division.map_or(0, |division| division.beside_minor);
    let beside_refunded = division.map_or(0, |division| division.beside_refunded_minor);
    // Also of money that the cardholder's bank has: what a dispute takes comes after refunds.
    let purchases_left =
        purchases.iter().map(|purchase| purchase.paid.minor().saturating_sub(purchase.refunded_minor));
    let left: Vec<u64> =
        std::iter::once(beside.saturating_sub(beside_refunded)).chain(purchases_left).collect();
    let shares = refund_shares(seen.amount.minor(), &left)?;
    moved(purchases, beside_refunded, shares, u64::checked_add, |purchase, share| {
        RefundedSum::raise_reported(purchase, Money::new(share, seen.amount.currency()))
    })
}

/// A refund that failed and counts no more: each share goes back to where it was taken.
fn lowered(
    purchases: &[Payment],
    division: Option<&Division>,
    shares: Option<&[u64]>,
    seen: &ExternalRefund,
) -> Option<Moves> {
    let beside_refunded = division.map_or(0, |division| division.beside_refunded_minor);
    let shares = shares?.to_vec();
    moved(purchases, beside_refunded, shares, u64::checked_sub, |purchase, share| {
        RefundedSum::lower(purchase, Money::new(share, seen.amount.currency()))
    })
}

fn moved(
    purchases: &[Payment],
    beside_refunded: u64,
    shares: Vec<u64>,
    beside: impl Fn(u64, u64) -> Option<u64>,
    sum: impl Fn(&Payment, u64) -> Option<RefundedSum>,
) -> Option<Moves> {
    let (beside_share, of_purchases) = shares.split_first()?;
    let beside = match beside_share {
        0 => None,
        share => Some((beside_refunded, beside(beside_refunded, *share)?)),
    };
    // A refund of nothing still counts as one of the first purchase.
    let nothing = shares.iter().all(|share| *share == 0);
    let touched = purchases.iter().zip(of_purchases).enumerate();
    let sums = touched
        .filter(|(place, (_, share))| **share > 0 || (nothing && *place == 0))
        .map(|(_, (purchase, share))| sum(purchase, *share))
        .collect::<Option<Vec<_>>>()?;
    Some(Moves { sums, beside, shares })
}

/// The shares that a refund's record says.
fn read_shares(stored: &Item) -> Result<Vec<u64>, StoreError> {
    Ok(serde_json::from_str(read_text(stored, "shares")?)?)
}

pub(crate) fn refund_key(id: &RefundId) -> String {
    format!("REFUND#{id}")
}

pub(crate) fn refund_item(
    seen: &ExternalRefund,
    shares: &[u64],
    taken: &[(String, u64, u64)],
) -> Result<Item, StoreError> {
    let mut item = key(refund_key(&seen.id), ONLY);
    item.insert("payment".to_owned(), text(seen.payment.as_str()));
    item.insert("amount_minor".to_owned(), number(seen.amount.minor()));
    item.insert("failed".to_owned(), AttributeValue::Bool(seen.failed));
    item.insert("shares".to_owned(), text(serde_json::json!(shares).to_string()));
    if !taken.is_empty() {
        item.insert("taken".to_owned(), text(serde_json::to_string(taken)?));
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use ledger::contract::{NoPause, at, grant, run};
    use ledger::{Command, Currency, LedgerStore};

    use super::*;
    use crate::in_process;
    use ledger::Provider;

    /// The stored form of what a refund took, which its failure reads a week later.
    #[tokio::test]
    async fn e10_what_a_refund_took_is_stored_with_it_and_comes_back_when_it_fails() {
        let (tables, _) = in_process::tables().await;
        let account = AccountId::new("account-1").unwrap();
        run(&tables, &account, &Command::Grant(grant(&account, "pi_1", 100, None)), at(0)).await;
        let of_purchase = |_: &Payment| Some(PurchaseTerms::Revoke { policy: None, owe_spent: false });
        let terms = CreditTerms {
            cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
            now: at(10),
            of_purchase,
        };
        let seen = ExternalRefund {
            id: RefundId::new("re_1").unwrap(),
            payment: PaymentId::new("pi_1").unwrap(),
            amount: Money::new(440, Currency::new("usd").unwrap()),
            made_at: at(9),
            failed: false,
        };
        tables.adopt_refund_and_credits(&NoPause, &seen, Some(&terms)).await.unwrap();
        let stored = tables.get(&tables.ledger, "REFUND#re_1".to_owned()).await.unwrap().unwrap();
        assert_eq!(read_text(&stored, "taken").unwrap(), r#"[["pi_1",44,0]]"#);
        let available = async || {
            let head = tables.head(&account).await.unwrap().unwrap();
            head.after().balance(at(20)).unwrap().available.get()
        };
        assert_eq!(available().await, 56);
        let failed = ExternalRefund { failed: true, ..seen };
        tables.adopt_refund_and_credits(&NoPause, &failed, Some(&terms)).await.unwrap();
        assert_eq!(available().await, 100);
    }
}
