//! Refund requests as items, saved together with the ledger's entry and the payment's sum of refunds.

mod actions;
pub(crate) mod clocks;
mod count;
pub(crate) mod note;
pub(crate) mod stored;

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use futures_util::future::try_join_all;
use ledger::{AccountId, CommitOutcome, DUE_SHARDS, Payment, RefundRequestId, Refunded, Timestamp, shard_of};
use policy::{Discount, Remedy};
use refunds::{
    CaseStore, Count, CountStore, CountedBy, Counting, Due, DueRequestStore, DueThing, Holder, ListedBefore,
    QueueStore, RefundRequest, RefundedSum, RequestStore, Save, SaveOutcome, State, Waiting,
};

use crate::error::StoreError;
use crate::item::{ABSENT, Item, ONLY, key, number, payment_key, read_instant, read_number, read_text, text};
use crate::paid_out::refund_item;
use crate::payment::unrecorded::is_guarded;
use crate::purchase::purchase_item;
use crate::transaction::{TransactionOutcome, put, put_write, update_write};
use crate::{Tables, lead, payment};
use clocks::{decode_waiting, encode_waiting};

/// The one partition of support's queue, which keeps its order whole. An index's partition takes 1,000 writes
/// a second, and a request writes to it a few times in its life: people would have to be given a hundred
/// requests a second before it fills.
const QUEUE: &str = "people";

/// The index key of an account's requests: thirteen digits of milliseconds keep them in order.
fn submitted_key(at: Timestamp, id: &RefundRequestId) -> String {
    format!("{}#{id}", submitted_prefix(at))
}

fn submitted_prefix(at: Timestamp) -> String {
    format!("{:013}", at.as_ms())
}

pub(crate) fn request_item(request: &RefundRequest) -> Result<Item, StoreError> {
    let mut item = key(format!("REQUEST#{}", request.id), ONLY);
    item.insert("body".to_owned(), text(stored::encode(request)?));
    item.insert("version".to_owned(), number(request.version()));
    item.insert("account".to_owned(), text(request.account.as_str()));
    item.insert("submitted".to_owned(), text(submitted_key(request.submitted_at(), &request.id)));
    // What the condition of an approval is held against: nothing of it is taken from the save itself.
    if let Some(filer) = request.filed_by() {
        item.insert("filed_by".to_owned(), text(filer));
    }
    let mut speakers: Vec<String> = request.speakers().map(str::to_owned).collect();
    speakers.sort_unstable();
    speakers.dedup();
    if !speakers.is_empty() {
        item.insert("spoke".to_owned(), AttributeValue::Ss(speakers));
    }
    for offer in request.offers() {
        if let Some(first) = offer.made.as_ref().and_then(|made| made.first.as_ref()) {
            let [quote, approver] = offered(&offer.id);
            item.insert(quote, text(&*first.quote));
            item.insert(approver, text(&*first.by));
        }
    }
    if let Some(limits) = request.limits() {
        let money = limits.money_above.iter().map(|(currency, above)| (currency.clone(), number(*above)));
        item.insert("money_limits".to_owned(), AttributeValue::M(money.collect()));
        item.insert("credits_limit".to_owned(), number(limits.credits_above));
        item.insert("person_limit".to_owned(), number(limits.person_above));
    }
    if let Some(first) = request.first_approval() {
        item.insert("first_approver".to_owned(), text(&*first.by));
        item.insert("first_quote".to_owned(), text(&*first.quote));
    }
    if let Some((place, waiting)) = encode_waiting(request)? {
        item.insert("queue".to_owned(), text(QUEUE));
        item.insert("place".to_owned(), text(place));
        item.insert("waiting".to_owned(), text(waiting));
    }
    if let Some(due_at) = request.next_due() {
        item.insert("due_shard".to_owned(), text(shard_of(&request.account, DUE_SHARDS).to_string()));
        item.insert("due_at".to_owned(), number(due_at.as_ms()));
    }
    Ok(item)
}

/// The item that says whose a request's case is.
pub(crate) fn case_item(request: &RefundRequest) -> Option<Item> {
    let mut item = key(format!("CASE#{}", request.case_name()?), ONLY);
    item.insert("holder".to_owned(), text(request.id.as_str()));
    item.insert("version".to_owned(), number(request.version()));
    Some(item)
}

/// The item of the case that a save takes.
fn taken(save: &Save) -> Option<Item> {
    case_item(&save.request).filter(|_| save.takes_case())
}

fn holder(item: &Item) -> Result<Holder, StoreError> {
    let request = read_text(item, "holder")?.parse().map_err(|_| StoreError::Unreadable("holder"))?;
    Ok(Holder { request, version: read_number(item, "version")? })
}

/// What is due by its key in the index. A key that cannot be read must not keep its shard from the sweep.
fn due(item: &Item) -> Option<Due> {
    let key = read_text(item, "pk").unwrap_or_default();
    let request = || Some(DueThing::Request(key.strip_prefix("REQUEST#")?.parse().ok()?));
    let lead = || Some(DueThing::Lead(key.strip_prefix(lead::PREFIX)?.parse().ok()?));
    let thing = request().or_else(lead);
    let due = thing.zip(read_instant(item, "due_at").ok()).map(|(thing, due_at)| Due { thing, due_at });
    if due.is_none() {
        let prefix = key.split_once('#').map_or("", |(prefix, _)| prefix);
        tracing::error!(prefix, outcome = "skipped", "an item that is due is not readable");
    }
    due
}

pub(crate) fn request(item: &Item) -> Result<RefundRequest, StoreError> {
    stored::decode(read_text(item, "body")?)
}

/// The attributes with the first approval of an offer that two people made: its quote, and who gave it.
fn offered(offer: &str) -> [String; 2] {
    [format!("offer_quote:{offer}"), format!("offer_approver:{offer}")]
}

/// The condition of a save, which DynamoDB checks against the item as it is stored:
///
/// - The version is unchanged.
/// - The approver is not the customer, did not file the request and did not speak in the customer's name.
/// - Above the limit, somebody else has approved the same quote, as such or for the offer that is accepted.
/// - Credits that count are compared with the limits together with those granted before.
fn approved(mut put: PutBuilder, save: &Save, counting: Option<&Counting>) -> PutBuilder {
    let request = &save.request;
    let mut condition = String::from("version = :before");
    let approval = request.approval();
    let first = request.first_approval().map(|first| first.by.as_str());
    if let Some(person) = approval.as_ref().map_or(first, |approval| approval.by.as_deref()) {
        condition.push_str(
            " AND account <> :person AND (attribute_not_exists(filed_by) OR filed_by <> :person) \
             AND (attribute_not_exists(spoke) OR NOT contains(spoke, :person))",
        );
        put = put.expression_attribute_values(":person", text(person));
    }
    if let Some(made) = request.offered_by_two() {
        condition.push_str(" AND first_quote = :offered AND first_approver <> :maker");
        put = put
            .expression_attribute_values(":offered", text(&*made.quote))
            .expression_attribute_values(":maker", text(&*made.by));
    }
    if let Some(approval) = approval {
        let amount = match approval.remedy {
            // Refunds of one payment count together. A currency without a limit is above it.
            Remedy::Money { amount_minor, currency } => {
                condition.push_str(
                    " AND (attribute_not_exists(money_limits) OR money_limits.#currency >= :amount",
                );
                put = put.expression_attribute_names("#currency", currency);
                let sum = save.refunded.as_ref().map_or(0, |sum| sum.to_minor);
                sum.max(amount_minor)
            }
            Remedy::Credits { credits } => {
                condition.push_str(" AND (attribute_not_exists(credits_limit) OR (credits_limit >= :amount");
                if let Some(counting) = counting {
                    condition.push_str(" AND person_limit >= :by_person");
                    put = put.expression_attribute_values(":by_person", number(counting.sums.by_person));
                }
                condition.push(')');
                counting.map_or(credits, |counting| counting.sums.to_account)
            }
            Remedy::Discount(Discount::Amount { amount_minor, currency }) => {
                condition.push_str(
                    " AND (attribute_not_exists(money_limits) OR money_limits.#currency >= :amount",
                );
                put = put.expression_attribute_names("#currency", currency);
                amount_minor
            }
            // The document itself names the share: nobody's word is above it.
            Remedy::Discount(Discount::Percent { .. }) => return put.condition_expression(condition),
        };
        put = put.expression_attribute_values(":amount", number(amount));
        if let (Some(_), Some(quote)) = (&approval.by, &approval.quote) {
            condition.push_str(" OR (first_quote = :quote AND first_approver <> :person)");
            put = put.expression_attribute_values(":quote", text(quote));
            if let Some(offer) = &approval.offer {
                condition.push_str(" OR (#quote = :quote AND #approver <> :person)");
                let [named, approver] = offered(offer);
                put = put.expression_attribute_names("#quote", named);
                put = put.expression_attribute_names("#approver", approver);
            }
        }
        condition.push(')');
    }
    put.condition_expression(condition)
}

impl Tables {
    /// The writes of a save: the request first, then the case that it takes, what keeps it from a payment
    /// whose money has moved, the payment's sum, the ledger's, the counts.
    fn save_writes(
        &self,
        save: &Save,
        counting: Option<&Counting>,
    ) -> Result<Vec<TransactWriteItem>, StoreError> {
        let returned = ReturnValuesOnConditionCheckFailure::AllOld;
        let before = save.request.version().saturating_sub(1);
        let written = put(&self.requests, request_item(&save.request)?);
        let written = if before == 0 {
            written.condition_expression(ABSENT)
        } else {
            approved(written.expression_attribute_values(":before", number(before)), save, counting)
        };
        let mut writes = vec![put_write(written.return_values_on_condition_check_failure(returned.clone()))];
        if let Some(case) = taken(save) {
            let taken = put(&self.requests, case)
                .condition_expression("attribute_not_exists(pk) OR holder = :request")
                .expression_attribute_values(":request", text(save.request.id.as_str()))
                .return_values_on_condition_check_failure(returned);
            writes.push(put_write(taken));
        }
        writes.extend(self.unrecorded_write(save));
        if let Some(sum) = &save.refunded {
            writes.push(self.sum_write(sum)?);
        }
        if let Some(commit) = &save.commit {
            writes.extend(self.writes(commit)?);
        }
        for count in counting.iter().flat_map(|counting| &counting.counts) {
            writes.push(self.count_write(count)?);
        }
        // Behind those whose conditions can be refused.
        if let Some(sum) = &save.refunded {
            let request = &save.request;
            let named = (&request.account, request.id.as_str());
            let (payment, minor) = (sum.payment.clone(), sum.to_minor.abs_diff(sum.from_minor));
            let (refunded, stands) = (Refunded { payment, minor }, sum.to_minor > sum.from_minor);
            writes.push(self.refunded_write(named, &refunded, request.submitted_at(), stands));
            if let Some(payment) = &sum.records {
                writes.push(put_write(put(&self.ledger, purchase_item(payment))));
            }
        }
        writes.extend(self.paid_out(save).into_iter().filter(|_| counting.is_none()));
        if let Some(day) = save.filed_on() {
            writes.push(self.filed_write(&save.request.account, day));
        }
        Ok(writes)
    }

    /// What leads from the refunds of a payout to its request, once the provider has them: few saves come
    /// after that, and each says the same again. Refunds of one invoice may be of several payments.
    fn paid_out(&self, save: &Save) -> Vec<TransactWriteItem> {
        let request = &save.request;
        let known = matches!(request.state(), State::Paying | State::Refunded | State::Failed);
        let Some(payout) = request.payout().filter(|_| known) else { return Vec::new() };
        let refunds = payout.parts().filter_map(|part| part.refund.as_ref());
        let of = (&request.id, &request.account, &payout.payment);
        refunds.map(|refund| put_write(put(&self.requests, refund_item(refund, of)))).collect()
    }

    /// The move of a payment's sum, or the payment with its first refund.
    fn sum_write(&self, sum: &RefundedSum) -> Result<TransactWriteItem, StoreError> {
        let Some(payment) = &sum.records else {
            return Ok(update_write(self.sum_update(sum)));
        };
        let mut item = key(payment_key(&payment.id), ONLY);
        let refunded = Payment { refunded_minor: sum.to_minor, ..(**payment).clone() };
        payment::write(&refunded, &mut item)?;
        Ok(put_write(put(&self.ledger, item).condition_expression(ABSENT)))
    }

    fn save_refused(save: &Save, position: usize, existing: Option<Item>) -> Result<SaveOutcome, StoreError> {
        if position == 0 {
            let existing = existing.ok_or(StoreError::Unreadable("existing request"))?;
            let existing = request(&existing)?;
            // The reply to an earlier try of this very save was lost.
            return Ok(if existing == save.request {
                SaveOutcome::Written
            } else if save.request.version().checked_sub(1) == Some(existing.version()) {
                SaveOutcome::NotAllowed
            } else {
                SaveOutcome::Stale(Box::new(existing))
            });
        }
        let Some(behind_case) = position.saturating_sub(1).checked_sub(usize::from(taken(save).is_some()))
        else {
            return Ok(SaveOutcome::Taken(holder(
                &existing.ok_or(StoreError::Unreadable("existing case"))?,
            )?));
        };
        let of_payment = usize::from(is_guarded(save)).saturating_add(usize::from(save.refunded.is_some()));
        match (behind_case.checked_sub(of_payment), save.commit.as_ref()) {
            (None, _) => Ok(SaveOutcome::PaymentMoved),
            (Some(position), Some(commit)) => {
                Ok(SaveOutcome::Ledger(Self::refused(commit, position, existing)?))
            }
            (Some(_), None) => Err(StoreError::Unreadable("condition")),
        }
    }

    async fn saved(&self, save: &Save, counting: Option<&Counting>) -> Result<SaveOutcome, StoreError> {
        let writes = self.save_writes(save, counting)?;
        let filed_from = writes.len().saturating_sub(usize::from(save.filed_on().is_some()));
        // Credits move no sum of a payment, so that nothing is between the counts and the day's.
        let counts_from = filed_from.saturating_sub(counting.map_or(0, |counting| counting.counts.len()));
        match self.transact(writes).await? {
            TransactionOutcome::Written => Ok(SaveOutcome::Written),
            TransactionOutcome::Refused(position, _) if position >= filed_from => Ok(SaveOutcome::TooMany),
            TransactionOutcome::Refused(position, _) if position >= counts_from && counting.is_some() => {
                Ok(SaveOutcome::CountMoved)
            }
            TransactionOutcome::Refused(position, existing) => Self::save_refused(save, position, existing),
            TransactionOutcome::Contended => Ok(SaveOutcome::Ledger(CommitOutcome::Contended)),
        }
    }
}

impl RequestStore for Tables {
    type Error = StoreError;

    async fn request(&self, id: &RefundRequestId) -> Result<Option<RefundRequest>, StoreError> {
        let item = self.get(&self.requests, format!("REQUEST#{id}")).await?;
        item.map(|item| request(&item)).transpose()
    }

    async fn requests_of(
        &self,
        account: &AccountId,
        before: Option<ListedBefore>,
        limit: u16,
    ) -> Result<Vec<RefundRequest>, StoreError> {
        let before = match before {
            None => "~".to_owned(),
            // Below the keys of this instant's requests, which have an id behind it.
            Some(ListedBefore::Instant(at)) => submitted_prefix(at),
            Some(ListedBefore::Request(at, id)) => submitted_key(at, &id),
        };
        let query = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("account")
            .key_condition_expression("account = :account AND submitted < :before")
            .expression_attribute_values(":account", text(account.as_str()))
            .expression_attribute_values(":before", text(before))
            .scan_index_forward(false);
        self.items(&query, limit).await?.iter().map(request).collect()
    }

    async fn save(&self, save: &Save) -> Result<SaveOutcome, StoreError> {
        self.saved(save, None).await
    }
}

impl CountStore for Tables {
    async fn counts(&self, of: Vec<CountedBy>) -> Result<Vec<Count>, StoreError> {
        try_join_all(of.into_iter().map(|of| self.count(of))).await
    }

    async fn save_counted(&self, save: &Save, counting: &Counting) -> Result<SaveOutcome, StoreError> {
        self.saved(save, Some(counting)).await
    }
}

impl CaseStore for Tables {
    async fn take_case(&self, holder: &Holder, request: &RefundRequest) -> Result<(), StoreError> {
        let Some(case) = case_item(request) else { return Ok(()) };
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(case))
            .condition_expression("holder = :holder AND version = :version")
            .expression_attribute_values(":holder", text(holder.request.as_str()))
            .expression_attribute_values(":version", number(holder.version));
        // Not written where it was taken anew, or by somebody else: the next save says whose it is.
        self.write(|| put.clone().send()).await?;
        Ok(())
    }
}

impl DueRequestStore for Tables {
    async fn due_requests(&self, shard: u8, now: Timestamp, limit: u16) -> Result<Vec<Due>, StoreError> {
        let query = self.due_query(&self.requests, &shard.to_string(), now).limit(i32::from(limit));
        let (mut found, mut from) = (Vec::new(), None);
        // What is skipped leaves room for what is behind it.
        loop {
            let answer = query.clone().set_exclusive_start_key(from).send().await;
            let answer = answer.map_err(StoreError::of)?;
            found.extend(answer.items.unwrap_or_default().iter().filter_map(due));
            from = answer.last_evaluated_key;
            if from.is_none() || found.len() >= usize::from(limit) {
                found.truncate(usize::from(limit));
                return Ok(found);
            }
        }
    }
}

impl QueueStore for Tables {
    async fn waiting(&self, after: Option<&str>, limit: u16) -> Result<Vec<Waiting>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.requests)
            .index_name("queue")
            .key_condition_expression("queue = :queue AND place > :after")
            .expression_attribute_values(":queue", text(QUEUE))
            // A space is below every place.
            .expression_attribute_values(":after", text(after.unwrap_or(" ")));
        let items = self.items(&query, limit).await?;
        items.iter().map(|item| decode_waiting(read_text(item, "waiting")?)).collect()
    }
}
