//! What a refund that no request made does to the credits of its payment: the ledger's part of the
//! transaction that counts the refund or takes it off again.

use ledger::{
    AccountId, Actor, Cause, Change, Command, Commit, Credits, ExecuteError, LedgerStore, Money, Order,
    Payment, PaymentId, PolicyRef, Prepared, Provider, PutBack, RefundId, TakeBack, Takes, Timestamp,
    prepare,
};
use refunds::{Lead, LeadSubject, Occasion, RefundedSum, Reported, credits_of_part};

use crate::item::{Item, read_text};
use crate::{StoreError, Tables};

/// By what the credits of a refund that no request made are taken back.
#[derive(Debug, Clone)]
pub struct CreditTerms {
    /// What made the entry.
    pub cause: Cause,
    pub now: Timestamp,
    /// The terms of one purchase; `None` leaves its credits alone.
    pub of_purchase: fn(&Payment) -> Option<PurchaseTerms>,
}

/// How the credits of one purchase change.
#[derive(Debug, Clone)]
pub enum PurchaseTerms {
    /// They are taken back.
    Revoke {
        /// The policy that says so.
        policy: Option<PolicyRef>,
        /// Whether spent credits become a debt.
        owe_spent: bool,
    },
    /// A person decides: the case of the refund is noted with its count.
    Person,
}

/// The ledger's part of an adoption.
#[derive(Default)]
pub(super) struct CreditMoves {
    pub(super) commit: Option<Box<Commit>>,
    /// Of each purchase, the credits that were taken back and the debt that was made.
    pub(super) taken: Vec<(String, u64, u64)>,
    /// Cases of the refund that people decide.
    pub(super) leads: Vec<Lead>,
}

/// The cases of a refund whose credits are left to a person, one for each purchase that it moves.
pub(super) fn leads(
    (refund, failed): (&RefundId, bool),
    purchases: &[Payment],
    sums: &[RefundedSum],
    terms: &CreditTerms,
) -> Vec<Lead> {
    let lead = |sum: &RefundedSum| {
        let payment = purchases.iter().find(|payment| payment.id == sum.payment)?;
        let Some(PurchaseTerms::Person) = (terms.of_purchase)(payment) else { return None };
        let minor = sum.to_minor.abs_diff(sum.from_minor);
        Some(Lead {
            account: payment.account.clone(),
            subject: LeadSubject::Reported {
                payment: payment.id.clone(),
                occasion: Occasion::OutsideRefund(refund.clone()),
                reported: Reported::OutsideRefund { minor, failed },
            },
            since: terms.now,
            due_at: Some(terms.now),
        })
    };
    sums.iter().filter_map(lead).collect()
}

impl Tables {
    /// Takes back the credits that the shares bought. The share that leaves nothing of its purchase takes all
    /// that is left, so that parts take together what one refund takes.
    pub(super) async fn take_back(
        &self,
        purchases: &[Payment],
        sums: &[RefundedSum],
        terms: &CreditTerms,
    ) -> Result<CreditMoves, StoreError> {
        let Some(account) = purchases.first().map(|payment| &payment.account) else {
            return Ok(CreditMoves::default());
        };
        let (mut parts, mut policy) = (Vec::new(), None);
        for payment in purchases {
            let Some(sum) = sums.iter().find(|sum| sum.payment == payment.id) else { continue };
            let share = Money::new(sum.to_minor.saturating_sub(sum.from_minor), payment.paid.currency());
            let whole = sum.to_minor >= payment.paid.minor();
            let Some(PurchaseTerms::Revoke { policy: by, owe_spent }) = (terms.of_purchase)(payment) else {
                // What has come stays until a person decides; what is still to come ends with the money.
                if whole && payment.further.is_some() {
                    let (payment, takes) = (payment.id.clone(), Takes::Last(Credits::ZERO));
                    parts.push(TakeBack { payment, takes, owe_spent: false });
                }
                continue;
            };
            let takes = if whole { Takes::Remaining } else { Takes::UpTo(credits_of_part(payment, share)) };
            parts.push(TakeBack { payment: payment.id.clone(), takes, owe_spent });
            policy = policy.or(by);
        }
        if parts.is_empty() {
            return Ok(CreditMoves::default());
        }
        let of_parts: Vec<PaymentId> = parts.iter().map(|part| part.payment.clone()).collect();
        let order = (Command::RevokeEach(parts), policy);
        let Some(commit) = self.prepared(account, order, (terms.cause.clone(), terms.now)).await? else {
            return Ok(CreditMoves::default());
        };
        let revoked = |change: &Change| match change {
            Change::Revoked { part, debt, .. } => {
                let lot = commit.entry.after().lot(part.lot)?;
                let payment = lot.payment.as_ref().filter(|payment| of_parts.contains(payment))?;
                Some((payment.as_str().to_owned(), part.credits.get(), debt.get()))
            }
            // Nothing is taken, and what is still to come is to come again if the refund fails.
            Change::GrantsStopped { payment } => Some((payment.as_str().to_owned(), 0, 0)),
            _ => None,
        };
        let mut taken: Vec<(String, u64, u64)> = Vec::new();
        for (payment, credits, debt) in commit.entry.changes().iter().filter_map(revoked) {
            match taken.iter_mut().find(|(known, ..)| *known == payment) {
                Some(sum) => (sum.1, sum.2) = (sum.1.saturating_add(credits), sum.2.saturating_add(debt)),
                None => taken.push((payment, credits, debt)),
            }
        }
        Ok(CreditMoves { commit: Some(commit), taken, leads: Vec::new() })
    }

    /// Puts back what the refund took, because it failed.
    pub(super) async fn put_back(
        &self,
        account: &AccountId,
        stored: Option<&Item>,
        (cause, now): (Cause, Timestamp),
    ) -> Result<CreditMoves, StoreError> {
        let stored = stored.filter(|stored| stored.contains_key("taken"));
        let Some(stored) = stored else { return Ok(CreditMoves::default()) };
        let taken: Vec<(String, u64, u64)> = serde_json::from_str(read_text(stored, "taken")?)?;
        let unreadable = || StoreError::Unreadable("taken");
        let amount = |count: u64| Credits::new(count).map_err(|_| unreadable());
        let parts = taken.into_iter().map(|(payment, credits, debt)| {
            let payment = PaymentId::new(payment).map_err(|_| unreadable())?;
            Ok(PutBack { payment, credits: amount(credits)?, debt: amount(debt)? })
        });
        let parts = parts.collect::<Result<Vec<_>, StoreError>>()?;
        let order = (Command::RestoreEach(parts), None);
        let commit = self.prepared(account, order, (cause, now)).await?;
        Ok(CreditMoves { commit, ..CreditMoves::default() })
    }

    /// The entry of a command on the account's newest one; `None` where it changes nothing.
    pub(crate) async fn prepared(
        &self,
        account: &AccountId,
        (command, policy): (Command, Option<PolicyRef>),
        (cause, now): (Cause, Timestamp),
    ) -> Result<Option<Box<Commit>>, StoreError> {
        let head = self.head(account).await?;
        let (actor, records) = (Actor::Provider(Provider::Stripe), Vec::new());
        let order = Order { account, command: &command, cause, actor, policy, records };
        match prepare(self, &order, head.as_ref(), now).await {
            Ok(Prepared::Commit(commit, _)) => Ok(Some(commit)),
            Ok(Prepared::Answer(_)) => Ok(None),
            Err(ExecuteError::Store(error)) => Err(error),
            Err(ExecuteError::Codec(_) | ExecuteError::Busy) => Err(StoreError::Unreadable("entry")),
        }
    }
}
