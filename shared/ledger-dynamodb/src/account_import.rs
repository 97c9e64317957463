//! An account that moves in: its entry, and beside it its payments, refunds, customers and subscriptions.
//!
//! All of it is one transaction as far as DynamoDB takes that many items. Of an account with more, what
//! never changes is written first, on the condition that it is not there or is this import's own, and the
//! entry comes last. So an import that is cut off at any point and run again leaves the same tables as one
//! that ran through, and the same import again changes nothing.
//!
//! A subscription whose newer record has come by an event keeps it.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures_util::future::{join, join_all};
use ledger::{
    AccountId, Actor, Cause, Command, CustomerId, ExecuteError, Import, InvoiceId, LedgerStore as _, Order,
    Pause, Payment, PaymentId, Prepared, Record, RefundId, Refunded, Rejection, Subscription, Timestamp,
    prepare,
};

use crate::Tables;
use crate::adoption::{ExternalRefund, refund_item, refund_key};
use crate::error::StoreError;
use crate::item::{
    ABSENT, ABSENT_OR_SAME, Item, ONLY, bytes, import_key, invoice_key, key, number, payment_key, read_text,
    take_bytes, text,
};
use crate::journal::record_item;
use crate::payment;
use crate::purchase::purchase_item;
use crate::transaction::{TransactionOutcome, put, put_write, update, update_write};
use crate::watch::{self, Watch};

/// Most items of one transaction
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
const TRANSACTION_ITEMS_MAX: usize = 100;
/// Items that are read at once before an account with many of them is written.
const READ_AT_ONCE: usize = 16;

/// What is written of an account that moves in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountImport {
    pub account: AccountId,
    pub import: Import,
    pub customers: Vec<CustomerId>,
    pub subscriptions: Vec<Subscription>,
    /// The invoices that the payments paid.
    pub invoices: Vec<(InvoiceId, PaymentId)>,
    /// The refunds that the payments count.
    pub refunds: Vec<ExternalRefund>,
    /// What is read again because its provider keeps no list of events.
    pub watches: Vec<Watch>,
}

/// Why nothing of an account is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportRefusal {
    /// This import has brought the account before, and said something else of it.
    Conflict,
    /// The ledger refuses it: [`Rejection::AccountInUse`], also where another import has brought the account.
    Rejected(Rejection),
    /// The customer belongs to another account.
    Customer(CustomerId),
    /// The payment is on record already.
    Payment(PaymentId),
    /// The invoice has brought credits under another payment.
    Invoice(InvoiceId),
    /// The refund is of another payment.
    Refund(RefundId),
}

/// The outcome of the import of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportOutcome {
    Written,
    /// It was written before, by the same import with the same words.
    Repeated,
    Refused(ImportRefusal),
}

/// One item of an import.
struct ImportWrite {
    write: TransactWriteItem,
    guard: Guard,
}

/// What a failed condition of an item means, and how the item reads where it is this import's own.
enum Guard {
    /// It has no condition.
    None,
    /// The key, the attribute that says whose it is, and what that is of this import.
    Own { partition: String, attribute: &'static str, value: AttributeValue, refusal: ImportRefusal },
    /// A newer record of the subscription stays.
    Newer(usize),
}

impl Tables {
    /// Imports an account at `now`: two reads at once, and one transaction where it has few enough items.
    pub async fn import_account<P: Pause>(
        &self,
        pause: &P,
        moving: &AccountImport,
        now: Timestamp,
    ) -> Result<ImportOutcome, ExecuteError<StoreError>> {
        let command = Command::Import(moving.import.clone());
        let order = Order {
            account: &moving.account,
            command: &command,
            cause: Cause::Import(moving.import.id.clone()),
            actor: Actor::Operator,
            policy: None,
            records: Vec::new(),
        };
        // Subscriptions whose newer record stays.
        let mut kept = BTreeSet::new();
        let mut attempt = 0;
        while attempt < pause.attempts_max() {
            let (head, known) =
                join(self.head(&moving.account), self.get(&self.ledger, import_key(&moving.account))).await;
            let head = head.map_err(ExecuteError::Store)?;
            if let Some(known) = known.map_err(ExecuteError::Store)? {
                return moving.known_as(known).map_err(ExecuteError::Store);
            }
            let (entry, payments) = match prepare(self, &order, head.as_ref(), now).await? {
                Prepared::Commit(mut commit, _) => {
                    let (payments, records) = std::mem::take(&mut commit.records)
                        .into_iter()
                        .partition(|record| matches!(record, Record::NewPayment(_)));
                    commit.records = records;
                    (self.writes(&commit), payments)
                }
                Prepared::Answer(ledger::Answer::Refused(rejection)) => {
                    return Ok(ImportOutcome::Refused(ImportRefusal::Rejected(rejection)));
                }
                // No credits move in, and the journal has nothing to say of the rest.
                Prepared::Answer(ledger::Answer::Unchanged(_)) => (self.import_mark(moving), Vec::new()),
                Prepared::Answer(_) => return Err(ExecuteError::Busy),
            };
            let entry = entry.map_err(ExecuteError::Store)?;
            let beside = self.beside(moving, &payments, &kept).map_err(ExecuteError::Store)?;
            match self.write_import(entry, beside).await.map_err(ExecuteError::Store)? {
                Attempted::Written => return Ok(ImportOutcome::Written),
                Attempted::Refused(refusal) => return Ok(ImportOutcome::Refused(refusal)),
                // Known before the next attempt, which is therefore not one of a conflict.
                Attempted::Newer(place) if kept.insert(place) => {}
                Attempted::Newer(_) | Attempted::Again => {
                    pause.pause(attempt).await;
                    attempt = attempt.saturating_add(1);
                }
            }
        }
        Err(ExecuteError::Busy)
    }

    /// That the account has moved in, once.
    fn import_mark(&self, moving: &AccountImport) -> Result<Vec<TransactWriteItem>, StoreError> {
        let Import { id, digest, .. } = &moving.import;
        let mark = Record::ImportedOnce { import: id.clone(), digest: *digest };
        let put = put(&self.ledger, record_item(&moving.account, &mark)?).condition_expression(ABSENT);
        Ok(vec![put_write(put)])
    }

    async fn write_import(
        &self,
        entry: Vec<TransactWriteItem>,
        beside: Vec<ImportWrite>,
    ) -> Result<Attempted, StoreError> {
        if entry.len().saturating_add(beside.len()) <= TRANSACTION_ITEMS_MAX {
            let place = entry.len();
            let writes = entry.into_iter().chain(beside.iter().map(|each| each.write.clone()));
            return Ok(match self.transact(writes.collect()).await? {
                TransactionOutcome::Refused(position, _) => Attempted::refused(position, place, &beside),
                outcome => Attempted::of(&outcome),
            });
        }
        if let Some(refusal) = self.first_refusal(&beside).await? {
            return Ok(Attempted::Refused(refusal));
        }
        for chunk in beside.chunks(TRANSACTION_ITEMS_MAX) {
            let writes = chunk.iter().map(|each| each.write.clone()).collect();
            match self.transact(writes).await? {
                TransactionOutcome::Written => {}
                TransactionOutcome::Refused(position, _) => {
                    return Ok(Attempted::refused(position, 0, chunk));
                }
                TransactionOutcome::Contended => return Ok(Attempted::Again),
            }
        }
        Ok(Attempted::of(&self.transact(entry).await?))
    }

    /// What another account or another import has, before anything is written.
    async fn first_refusal(&self, beside: &[ImportWrite]) -> Result<Option<ImportRefusal>, StoreError> {
        let owned: Vec<_> = beside
            .iter()
            .filter_map(|each| match &each.guard {
                Guard::Own { partition, attribute, value, refusal } => {
                    Some((partition, *attribute, value, refusal))
                }
                Guard::None | Guard::Newer(_) => None,
            })
            .collect();
        for chunk in owned.chunks(READ_AT_ONCE) {
            let read = chunk.iter().map(|(partition, ..)| self.get(&self.ledger, (*partition).clone()));
            for (found, (_, attribute, value, refusal)) in join_all(read).await.into_iter().zip(chunk) {
                // A customer that was unlinked says nothing; a payment that says nothing is no import's.
                let is_other = |item: Item| match item.get(*attribute) {
                    Some(found) => found != *value,
                    None => *attribute != "account",
                };
                if found?.is_some_and(is_other) {
                    return Ok(Some((*refusal).clone()));
                }
            }
        }
        Ok(None)
    }

    /// Everything but the entry, its mark and the due marker.
    fn beside(
        &self,
        moving: &AccountImport,
        payments: &[Record],
        kept: &BTreeSet<usize>,
    ) -> Result<Vec<ImportWrite>, StoreError> {
        let mut writes = Vec::new();
        let account = text(moving.account.as_str());
        for customer in &moving.customers {
            let partition = format!("CUSTOMER#{customer}");
            let mut item = key(partition.clone(), ONLY);
            item.insert("account".to_owned(), account.clone());
            let put = put(&self.ledger, item)
                .condition_expression(ABSENT_OR_SAME)
                .expression_attribute_values(":account", account.clone());
            let refusal = ImportRefusal::Customer(customer.clone());
            let value = account.clone();
            let guard = Guard::Own { partition, attribute: "account", value, refusal };
            writes.push(ImportWrite { write: put_write(put), guard });
        }
        for payment in payments {
            let Record::NewPayment(payment) = payment else { continue };
            writes.push(self.payment_write(payment, &moving.import)?);
            writes.push(plain(put_write(put(&self.ledger, purchase_item(payment)))));
        }
        for (invoice, payment) in &moving.invoices {
            let mut item = key(invoice_key(invoice), ONLY);
            item.insert("payment".to_owned(), text(payment.as_str()));
            let refusal = ImportRefusal::Invoice(invoice.clone());
            writes.push(self.of_payment(invoice_key(invoice), item, payment, refusal));
        }
        for refund in &moving.refunds {
            let item = refund_item(refund, &[0, refund.amount.minor()], &[])?;
            let refusal = ImportRefusal::Refund(refund.id.clone());
            writes.push(self.of_payment(refund_key(&refund.id), item, &refund.payment, refusal));
            let refunded = Refunded { payment: refund.payment.clone(), minor: refund.amount.minor() };
            let named = (&moving.account, refund.id.as_str());
            writes.push(plain(self.refunded_write(named, &refunded, refund.made_at, true)));
        }
        for (place, subscription) in moving.subscriptions.iter().enumerate() {
            if !kept.contains(&place) {
                let write = update_write(self.subscription_update(subscription)?);
                writes.push(ImportWrite { write, guard: Guard::Newer(place) });
            }
        }
        for watch in &moving.watches {
            writes.push(plain(put_write(put(&self.requests, watch::item(watch)))));
        }
        Ok(writes)
    }

    /// A payment that is not there, or that this import has written: what has moved since then stays.
    fn payment_write(&self, payment: &Payment, import: &Import) -> Result<ImportWrite, StoreError> {
        let mut item = Item::new();
        payment::write(payment, &mut item)?;
        let partition = payment_key(&payment.id);
        let value = bytes(import.digest);
        let mut update = update(&self.ledger, key(partition.clone(), ONLY))
            .condition_expression("attribute_not_exists(pk) OR digest = :digest")
            .expression_attribute_values(":body", text(read_text(&item, "body")?))
            .expression_attribute_values(":minor", number(payment.refunded_minor))
            .expression_attribute_values(":digest", value.clone());
        let written =
            "SET body = :body, refunded_minor = if_not_exists(refunded_minor, :minor), digest = :digest";
        update = match item.remove("generation") {
            // The index of names has it, as of every payment.
            Some(named) => update
                .update_expression(format!("{written}, generation = :named"))
                .expression_attribute_values(":named", named),
            None => update.update_expression(written),
        };
        let refusal = ImportRefusal::Payment(payment.id.clone());
        let guard = Guard::Own { partition, attribute: "digest", value, refusal };
        Ok(ImportWrite { write: update_write(update), guard })
    }

    fn of_payment(
        &self,
        partition: String,
        item: Item,
        payment: &PaymentId,
        refusal: ImportRefusal,
    ) -> ImportWrite {
        let value = text(payment.as_str());
        let put = put(&self.ledger, item)
            .condition_expression("attribute_not_exists(pk) OR payment = :payment")
            .expression_attribute_values(":payment", value.clone());
        let guard = Guard::Own { partition, attribute: "payment", value, refusal };
        ImportWrite { write: put_write(put), guard }
    }
}

fn plain(write: TransactWriteItem) -> ImportWrite {
    ImportWrite { write, guard: Guard::None }
}

impl AccountImport {
    /// What the mark of an import says of this one.
    fn known_as(&self, mut known: Item) -> Result<ImportOutcome, StoreError> {
        if read_text(&known, "import")? != self.import.id.as_str() {
            return Ok(ImportOutcome::Refused(ImportRefusal::Rejected(Rejection::AccountInUse)));
        }
        let is_same = take_bytes(&mut known, "digest")? == self.import.digest;
        Ok(if is_same { ImportOutcome::Repeated } else { ImportOutcome::Refused(ImportRefusal::Conflict) })
    }
}

/// How one attempt ended.
enum Attempted {
    Written,
    /// Another writer was there first.
    Again,
    /// The subscription at this place has a newer record.
    Newer(usize),
    Refused(ImportRefusal),
}

impl Attempted {
    fn of(outcome: &TransactionOutcome) -> Self {
        match outcome {
            TransactionOutcome::Written => Self::Written,
            TransactionOutcome::Refused(..) | TransactionOutcome::Contended => Self::Again,
        }
    }

    /// What the failed condition at `position` means, where `beside` begins at `from`.
    fn refused(position: usize, from: usize, beside: &[ImportWrite]) -> Self {
        let guard = position.checked_sub(from).and_then(|place| beside.get(place)).map(|each| &each.guard);
        match guard {
            Some(Guard::Own { refusal, .. }) => Self::Refused(refusal.clone()),
            Some(Guard::Newer(place)) => Self::Newer(*place),
            Some(Guard::None) | None => Self::Again,
        }
    }
}
