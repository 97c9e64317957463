//! Signed events that could not be applied: kept whole, in the encrypted table, for a person to look at and
//! to have applied again.
//!
//! They are bounded by time: DynamoDB deletes each one by itself, [`KEPT_S`] after it was parked or was
//! answered. Taking one away, or giving it another reason, rests on when it was parked: one that was parked
//! anew meanwhile stays.
//!
//! An event with money behind it that nobody has answered is in the due index, in a shard of its own, from
//! when it was parked first: the oldest one is the clock that calls people. Time alone never takes it away.

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{AccountId, CustomerId, Money, PaymentId, Provider, RefundRequestId, Timestamp};

use crate::item::{
    ABSENT_OR_SAME, Item, ONLY, bytes, key, number, read_instant, read_number, read_text, take_bytes, text,
};
use crate::scalar::{id, money, provider, provider_form};
use crate::transaction::{TransactionOutcome, put, put_write};
use crate::{StoreError, Tables};

const PARTITION: &str = "PARKED";
/// 90 days: longer than Stripe itself keeps events (30 days), and about as long as a quarter, whose close
/// looks at every payment. An event names a person and must not stay for ever.
const KEPT_S: i64 = 90 * 24 * 60 * 60;

/// A signed event that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Whose event it is.
    pub provider: Provider,
    /// The provider's event id; a hash of the body if it has no readable id.
    pub id: String,
    /// Why it was parked; without anything of its content.
    pub reason: String,
    pub at: Timestamp,
    /// The event's bytes as they were signed.
    pub payload: Vec<u8>,
    /// When it was asked that what the event lacks be fetched from its provider; nothing once that was tried.
    pub lookup_at: Option<Timestamp>,
    /// What was fetched for it, as JSON.
    pub fetched: Option<Vec<u8>>,
    /// When it was parked first.
    pub since: Timestamp,
    /// What it is about, as far as it could be read.
    pub about: ParkedSubject,
    /// The account to which an operator has linked it.
    pub link: Option<ParkedLink>,
    /// An operator's word that it needs nothing.
    pub dropped: Option<ParkedDrop>,
}

/// What a parked event is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParkedSubject {
    /// The account whose it is, where that is known.
    pub account: Option<AccountId>,
    /// Stripe's customer.
    pub customer: Option<CustomerId>,
    /// Stripe's payment, or the invoice that represents it.
    pub payment: Option<PaymentId>,
    /// The first price that the catalogue does not know.
    pub price: Option<String>,
    /// What was paid and has brought nothing.
    pub paid: Option<Money>,
    /// The case that is open for it, or opens by itself.
    pub case: Option<RefundRequestId>,
    /// Whether it is of money that goes back, or may: a refund, a dispute, a credit note or a fraud warning.
    pub goes_back: bool,
    /// Until when the provider takes evidence against a dispute.
    pub due_by: Option<Timestamp>,
}

/// The account to which an operator has linked a parked event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedLink {
    pub account: AccountId,
    /// The operator's name.
    pub by: String,
    pub at: Timestamp,
}

/// An operator's word that a parked event needs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedDrop {
    /// Why.
    pub reason: String,
    /// The operator's name.
    pub by: String,
    pub at: Timestamp,
}

impl Parked {
    /// An event that is parked at `at`, with nothing known beside its bytes.
    pub fn new(
        id: impl Into<String>,
        reason: impl Into<String>,
        at: Timestamp,
        payload: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            provider: Provider::Stripe,
            id: id.into(),
            reason: reason.into(),
            at,
            payload: payload.into(),
            lookup_at: None,
            fetched: None,
            since: at,
            about: ParkedSubject::default(),
            link: None,
            dropped: None,
        }
    }

    /// Whether somebody has paid and no case, and nobody's word, says what is done about it; or money goes
    /// back, of which a case about missing credits says nothing.
    pub fn is_unanswered_money(&self) -> bool {
        let is_uncredited = self.about.paid.is_some() && self.about.case.is_none();
        (is_uncredited || self.about.goes_back) && self.dropped.is_none()
    }

    /// When it is deleted, in seconds since 1970; `None` while money is behind it that nobody has answered.
    fn expires_at_s(&self) -> Option<i64> {
        let words = [self.link.as_ref().map(|link| link.at), self.dropped.as_ref().map(|dropped| dropped.at)];
        let newest = words.into_iter().flatten().fold(self.at, Timestamp::max);
        (!self.is_unanswered_money()).then(|| newest.as_s().saturating_add(KEPT_S))
    }
}

/// The event as it was read. `at` is a word of DynamoDB's own.
const SAME: &str = "#at = :at";
const AT: &str = "at";
const PROVIDER: &str = "provider";
const LOOKUP_AT: &str = "lookup_at";
const SINCE: &str = "since";
const DROPPED_AT: &str = "dropped_at";
const LINKED_AT: &str = "linked_at";
const GOES_BACK: &str = "goes_back";
const DUE_BY: &str = "due_by";
/// The shard of the due index for money that nobody has answered: there is little at a time.
const UNANSWERED: &str = "parked";

/// Who linked a customer, or an event without one, to an account.
pub(crate) fn linked_key(customer_or_event: &str) -> String {
    format!("LINKED#{customer_or_event}")
}

impl Tables {
    /// Parks an event, and says whether it is parked: the same event again replaces itself, and one that an
    /// operator has dropped stays as it is.
    pub async fn park(&self, parked: &Parked) -> Result<bool, StoreError> {
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item(parked)));
        let put = put
            .condition_expression("attribute_not_exists(#dropped)")
            .expression_attribute_names("#dropped", DROPPED_AT);
        self.write(|| put.clone().send()).await
    }

    /// Since when the oldest event has been parked by `now` whose money nobody has answered.
    pub async fn oldest_unanswered_money(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let oldest = self.due_in(&self.requests, UNANSWERED, now, 1).await?;
        oldest.first().map(|item| read_instant(item, "due_at")).transpose()
    }

    /// Links the customer of a parked event to an account by an operator's word, which is kept; false if the
    /// customer has another account. An event without a customer is on record by itself.
    pub async fn link_by_operator(
        &self,
        customer: Option<&CustomerId>,
        event: &str,
        link: &ParkedLink,
    ) -> Result<bool, StoreError> {
        let mut record = key(linked_key(customer.map_or(event, CustomerId::as_str)), ONLY);
        record.insert("account".to_owned(), text(link.account.as_str()));
        record.insert("by".to_owned(), text(link.by.as_str()));
        record.insert(AT.to_owned(), number(link.at.as_ms()));
        record.insert("event".to_owned(), text(event));
        let mut writes = vec![put_write(put(&self.ledger, record))];
        if let Some(customer) = customer {
            let mut item = key(format!("CUSTOMER#{customer}"), ONLY);
            item.insert("account".to_owned(), text(link.account.as_str()));
            let linked = put(&self.ledger, item)
                .condition_expression(ABSENT_OR_SAME)
                .expression_attribute_values(":account", text(link.account.as_str()));
            writes.push(put_write(linked));
        }
        match self.transact(writes).await? {
            TransactionOutcome::Written => Ok(true),
            TransactionOutcome::Refused(..) => Ok(false),
            TransactionOutcome::Contended => Err(StoreError::Contended),
        }
    }

    /// Up to `limit` parked events, by id: the first ones, or those after the one with this id.
    pub async fn parked_after(&self, id: Option<&str>, limit: u16) -> Result<Vec<Parked>, StoreError> {
        let answer = self
            .client
            .query()
            .table_name(&self.requests)
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(PARTITION))
            // A space is below every id.
            .expression_attribute_values(":after", text(id.unwrap_or(" ")))
            .limit(i32::from(limit))
            .send()
            .await
            .map_err(StoreError::of)?;
        answer.items.unwrap_or_default().into_iter().map(read).collect()
    }

    pub async fn parked_event(&self, id: &str) -> Result<Option<Parked>, StoreError> {
        let get = self.client.get_item().table_name(&self.requests).set_key(Some(key(PARTITION, id)));
        let answer = get.consistent_read(true).send().await.map_err(StoreError::of)?;
        answer.item.map(read).transpose()
    }

    /// Takes away an event that was applied, as long as it is the one that was read.
    pub async fn unpark(&self, parked: &Parked) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.requests)
            .set_key(Some(key(PARTITION, parked.id.as_str())))
            .condition_expression(SAME)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(parked.at.as_ms()));
        self.write(|| delete.clone().send()).await.map(drop)
    }

    /// Writes `kept` in the place of an event that stays parked, as long as that is the one that was read.
    /// The end of its time moves with what an operator says of it, and not with its reason.
    pub async fn keep_parked(&self, parked: &Parked, kept: &Parked) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item(kept)))
            .condition_expression(SAME)
            .expression_attribute_names("#at", AT)
            .expression_attribute_values(":at", number(parked.at.as_ms()));
        self.write(|| put.clone().send()).await.map(drop)
    }
}

pub(crate) fn item(parked: &Parked) -> Item {
    let mut item = key(PARTITION, parked.id.as_str());
    if let Some(provider) = provider_form(parked.provider) {
        item.insert(PROVIDER.to_owned(), text(provider));
    }
    item.insert("reason".to_owned(), text(parked.reason.as_str()));
    item.insert(AT.to_owned(), number(parked.at.as_ms()));
    item.insert("payload".to_owned(), bytes(parked.payload.as_slice()));
    if let Some(lookup_at) = parked.lookup_at {
        // The trigger of each provider's lookup takes writes with its own flag; the instant makes asking
        // again a change.
        let flag = provider_form(parked.provider).map_or(AttributeValue::Bool(true), text);
        item.insert("lookup".to_owned(), flag);
        item.insert(LOOKUP_AT.to_owned(), number(lookup_at.as_ms()));
    }
    if let Some(fetched) = &parked.fetched {
        item.insert("fetched".to_owned(), bytes(fetched.as_slice()));
    }
    if parked.since != parked.at {
        item.insert(SINCE.to_owned(), number(parked.since.as_ms()));
    }
    write_subject(&parked.about, &mut item);
    if let Some(link) = &parked.link {
        item.insert("linked_account".to_owned(), text(link.account.as_str()));
        item.insert("linked_by".to_owned(), text(link.by.as_str()));
        item.insert(LINKED_AT.to_owned(), number(link.at.as_ms()));
    }
    if let Some(dropped) = &parked.dropped {
        item.insert("dropped_reason".to_owned(), text(dropped.reason.as_str()));
        item.insert("dropped_by".to_owned(), text(dropped.by.as_str()));
        item.insert(DROPPED_AT.to_owned(), number(dropped.at.as_ms()));
    }
    if parked.is_unanswered_money() {
        item.insert("due_shard".to_owned(), text(UNANSWERED));
        item.insert("due_at".to_owned(), number(parked.since.as_ms()));
    }
    // DynamoDB's time to live is in seconds.
    item.extend(parked.expires_at_s().map(|second| ("expires_at".to_owned(), number(second))));
    item
}

/// `account` is the key of an index, which parked events have no place in.
fn write_subject(about: &ParkedSubject, item: &mut Item) {
    let ids = [
        ("owner", about.account.as_ref().map(AccountId::as_str)),
        ("customer", about.customer.as_ref().map(CustomerId::as_str)),
        ("payment", about.payment.as_ref().map(PaymentId::as_str)),
        ("price", about.price.as_deref()),
        ("case", about.case.as_ref().map(RefundRequestId::as_str)),
    ];
    item.extend(ids.into_iter().filter_map(|(name, id)| Some((name.to_owned(), text(id?)))));
    if let Some(paid) = about.paid {
        item.insert("paid_minor".to_owned(), number(paid.minor()));
        item.insert("currency".to_owned(), text(paid.currency().as_str()));
    }
    if about.goes_back {
        item.insert(GOES_BACK.to_owned(), AttributeValue::Bool(true));
    }
    if let Some(due_by) = about.due_by {
        item.insert(DUE_BY.to_owned(), number(due_by.as_ms()));
    }
}

fn given<'item>(item: &'item Item, name: &'static str) -> Result<Option<&'item str>, StoreError> {
    item.contains_key(name).then(|| read_text(item, name)).transpose()
}

fn read_subject(item: &Item) -> Result<ParkedSubject, StoreError> {
    let paid = item
        .contains_key("paid_minor")
        .then(|| money(&(read_number(item, "paid_minor")?, read_text(item, "currency")?.to_owned())));
    Ok(ParkedSubject {
        account: given(item, "owner")?.map(id).transpose()?,
        customer: given(item, "customer")?.map(id).transpose()?,
        payment: given(item, "payment")?.map(id).transpose()?,
        price: given(item, "price")?.map(str::to_owned),
        paid: paid.transpose()?,
        case: given(item, "case")?.map(id).transpose()?,
        goes_back: item.contains_key(GOES_BACK),
        due_by: item.contains_key(DUE_BY).then(|| read_instant(item, DUE_BY)).transpose()?,
    })
}

fn read_link(item: &Item) -> Result<Option<ParkedLink>, StoreError> {
    let Some(account) = given(item, "linked_account")? else { return Ok(None) };
    let by = read_text(item, "linked_by")?.to_owned();
    Ok(Some(ParkedLink { account: id(account)?, by, at: read_instant(item, LINKED_AT)? }))
}

fn read_drop(item: &Item) -> Result<Option<ParkedDrop>, StoreError> {
    let Some(reason) = given(item, "dropped_reason")? else { return Ok(None) };
    let (reason, by) = (reason.to_owned(), read_text(item, "dropped_by")?.to_owned());
    Ok(Some(ParkedDrop { reason, by, at: read_instant(item, DROPPED_AT)? }))
}

pub(crate) fn read(mut item: Item) -> Result<Parked, StoreError> {
    let at = read_instant(&item, AT)?;
    Ok(Parked {
        provider: provider(given(&item, PROVIDER)?)?,
        since: if item.contains_key(SINCE) { read_instant(&item, SINCE)? } else { at },
        about: read_subject(&item)?,
        link: read_link(&item)?,
        dropped: read_drop(&item)?,
        id: read_text(&item, "sk")?.to_owned(),
        reason: read_text(&item, "reason")?.to_owned(),
        at,
        payload: take_bytes(&mut item, "payload")?,
        lookup_at: item.contains_key(LOOKUP_AT).then(|| read_instant(&item, LOOKUP_AT)).transpose()?,
        fetched: item.contains_key("fetched").then(|| take_bytes(&mut item, "fetched")).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;
    use crate::in_process;

    fn parked_at(second: u64) -> Parked {
        Parked::new("evt_1", "unreadable", at(second), b"{}")
    }

    fn of_money(id: &str, second: u64) -> Parked {
        let paid = Some(Money::new(900, ledger::Currency::new("usd").unwrap()));
        let about = ParkedSubject { paid, ..ParkedSubject::default() };
        Parked { about, ..Parked::new(id, "account_unknown", at(second), b"{}") }
    }

    #[tokio::test]
    async fn the_oldest_money_without_a_case_is_found_until_it_is_answered() {
        let (tables, _) = in_process::tables().await;
        let oldest = async |second| tables.oldest_unanswered_money(at(second)).await.unwrap();
        assert_eq!(oldest(100).await, None);
        let (first, second) = (of_money("evt_1", 10), of_money("evt_2", 20));
        for parked in [&second, &first, &parked_at(5)] {
            tables.park(parked).await.unwrap();
        }
        // The third one took the first one's place, without money.
        assert_eq!(oldest(100).await, Some(at(20)));
        // Parked anew it waits since it was parked first.
        tables.park(&Parked { since: at(10), ..of_money("evt_1", 60) }).await.unwrap();
        assert_eq!((oldest(9).await, oldest(100).await), (None, Some(at(10))));

        let stored = tables.parked_event("evt_1").await.unwrap().unwrap();
        assert_eq!((stored.at, stored.since), (at(60), at(10)));
        let case = Some("rr_1".parse().unwrap());
        let with_case = ParkedSubject { case, ..stored.about.clone() };
        tables.keep_parked(&stored, &Parked { about: with_case, ..stored.clone() }).await.unwrap();
        assert_eq!(oldest(100).await, Some(at(20)));
        let dropped = Some(ParkedDrop { reason: "a test".to_owned(), by: "ann".to_owned(), at: at(70) });
        tables.keep_parked(&second, &Parked { dropped, ..second.clone() }).await.unwrap();
        assert_eq!(oldest(100).await, None);
    }

    #[tokio::test]
    async fn a_dropped_event_is_not_parked_anew() {
        let (tables, _) = in_process::tables().await;
        let parked = parked_at(0);
        assert!(tables.park(&parked).await.unwrap());
        let dropped = Some(ParkedDrop { reason: "a test".to_owned(), by: "ann".to_owned(), at: at(1) });
        let kept = Parked { dropped, ..parked.clone() };
        tables.keep_parked(&parked, &kept).await.unwrap();
        assert!(!tables.park(&parked_at(60)).await.unwrap());
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), Some(kept));
    }

    #[tokio::test]
    async fn an_operators_link_is_kept_and_takes_no_customer_from_another_account() {
        let (tables, _) = in_process::tables().await;
        let link =
            |account: &str| ParkedLink { account: account.parse().unwrap(), by: "ann".to_owned(), at: at(3) };
        let customer: CustomerId = "cus_1".parse().unwrap();
        for (account, linked) in [("account-1", true), ("account-1", true), ("account-2", false)] {
            let written = tables.link_by_operator(Some(&customer), "evt_1", &link(account)).await.unwrap();
            assert_eq!(written, linked, "{account}");
        }
        let known = ledger::CustomerStore::account_of(&tables, &customer).await.unwrap();
        assert_eq!(known, Some("account-1".parse().unwrap()));
        let record = tables.get(&tables.ledger, linked_key("cus_1")).await.unwrap().unwrap();
        assert_eq!(
            (read_text(&record, "account").unwrap(), read_text(&record, "by").unwrap()),
            ("account-1", "ann")
        );
        assert!(tables.link_by_operator(None, "evt_guest", &link("account-1")).await.unwrap());
        assert!(tables.get(&tables.ledger, linked_key("evt_guest")).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn an_event_that_was_parked_anew_is_neither_taken_away_nor_given_an_older_reason() {
        let (tables, _) = in_process::tables().await;
        let (first, second) = (parked_at(0), parked_at(60));
        for parked in [&first, &second] {
            tables.park(parked).await.unwrap();
        }
        let kept = |parked: &Parked, reason: &str| Parked { reason: reason.to_owned(), ..parked.clone() };
        tables.keep_parked(&first, &kept(&first, "account_unknown")).await.unwrap();
        tables.unpark(&first).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), Some(second.clone()));

        tables.keep_parked(&second, &kept(&second, "account_unknown")).await.unwrap();
        let stored = tables.parked_event("evt_1").await.unwrap().unwrap();
        assert_eq!((stored.reason.as_str(), stored.at), ("account_unknown", second.at));
        tables.unpark(&stored).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), None);
        // One that is gone does not come back.
        tables.keep_parked(&stored, &kept(&stored, "unreadable")).await.unwrap();
        assert_eq!(tables.parked_event("evt_1").await.unwrap(), None);
    }

    #[test]
    fn a_parked_event_expires_after_90_days() {
        let parked = parked_at(0);
        let in_90_days = at(0).plus_s(7_776_000).unwrap().as_s();
        let item = item(&parked);
        assert_eq!(item.get("expires_at"), Some(&number(in_90_days)));
        assert_eq!(read(item).unwrap(), parked);
    }

    #[test]
    fn money_that_nobody_has_answered_does_not_expire() {
        let kept_from = |parked: &Parked, second| {
            let until = at(second).plus_s(7_776_000).unwrap().as_s();
            item(parked).get("expires_at") == Some(&number(until))
        };
        let paid = of_money("evt_1", 0);
        let about = ParkedSubject { goes_back: true, ..ParkedSubject::default() };
        let back = Parked { about, ..Parked::new("evt_2", "payment_unknown", at(0), b"{}") };
        let late = 100 * 86_400;
        let dropped = Some(ParkedDrop { reason: "a test".to_owned(), by: "ann".to_owned(), at: at(late) });
        let case = Some("rr_1".parse().unwrap());
        for parked in [&paid, &back] {
            assert_eq!(item(parked).get("expires_at"), None, "{parked:?}");
            // Its time begins with the word of the person who put it away.
            let dropped = Parked { dropped: dropped.clone(), ..parked.clone() };
            assert!(kept_from(&dropped, late) && !item(&dropped).contains_key("due_shard"), "{dropped:?}");
        }
        // A case about missing credits is an answer where somebody has paid for them, and nowhere else.
        let of_case = |parked: &Parked| {
            let about = ParkedSubject { case: case.clone(), ..parked.about.clone() };
            Parked { about, ..parked.clone() }
        };
        assert!(kept_from(&of_case(&paid), 0));
        assert!(item(&of_case(&back)).contains_key("due_shard"));
    }
}
