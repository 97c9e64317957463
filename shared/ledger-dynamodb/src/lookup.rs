//! What an id leads to that a person has in hand.
//!
//! Most ids are the key of an item. A purchase's other names and a subscription are found by the index of
//! generations, under `#NAMED#<id>`: that is no generation's key, which begins with an account, and an
//! account has no `#`. A generation is found within an account alone: an index of generations without their
//! account would cost each hold another write unit (decision 47).
//!
//! The first round of reads is one batch of keys, beside one query of the index, or two where a generation
//! may be meant. The second one is a batch of the payments that were found. A third one is needed where a
//! charge names a PaymentIntent that paid an invoice, and the invoice represents the payment.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures_util::future::try_join3;
use ledger::{
    AccountId, DisputeId, GenerationId, Payment, PaymentId, PaymentKind, RefundRequestId, SubscriptionId,
};

use crate::item::{
    Item, ONLY, account_key, account_of, account_of_key, entry_key, generation_key, is_entry_key, key,
    named_key, read_number, read_text, text,
};
use crate::purchase::PURCHASE;
use crate::scalar::id as read_id;
use crate::subscription::SUBSCRIPTION;
use crate::{StoreError, Tables, payment, request};

/// Most things of one name: the number of an invoice is one of a few businesses at most.
const MATCHES_MAX: u16 = 20;
/// How often keys are asked for that DynamoDB did not answer because of its load.
const BATCHES_MAX: u8 = 5;
/// How the partition keys of the ledger table begin that an id can be in.
const BY_ID: [&str; 9] =
    ["PAYMENT", "PAID", "DIVISION", "INVOICE", "CUSTOMER", "LINKED", "REFUND", "DISPUTE", "CHECKOUT"];
/// Rounds of reads behind the first one.
const FURTHER_ROUNDS: u8 = 2;

/// What an id is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    Account,
    Payment,
    Charge,
    ReceiptNumber,
    Invoice,
    InvoiceNumber,
    Checkout,
    Order,
    Subscription,
    Customer,
    Generation,
    RefundRequest,
    Refund,
    Dispute,
}

/// Something of an account that an id leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMatch {
    pub kind: IdKind,
    pub account: AccountId,
    /// The payment, or the purchases in it, first one first.
    pub payments: Vec<PaymentId>,
    pub subscription: Option<SubscriptionId>,
    pub request: Option<RefundRequestId>,
    pub generation: Option<GenerationId>,
    pub dispute: Option<DisputeId>,
}

impl IdMatch {
    fn of(kind: IdKind, account: AccountId) -> Self {
        Self {
            kind,
            account,
            payments: Vec::new(),
            subscription: None,
            request: None,
            generation: None,
            dispute: None,
        }
    }

    /// Whether both lead to the same thing.
    fn is_same_as(&self, other: &Self) -> bool {
        let thing =
            |of: &Self| (of.account.clone(), of.payments.clone(), of.request.clone(), of.generation.clone());
        thing(self) == thing(other) && self.subscription == other.subscription
    }
}

/// An id as it was given, and as names of payments are recorded.
#[derive(Debug, Clone, Copy)]
pub struct GivenId<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// What the first round found: something that is known as a whole, or something of a payment.
enum Found {
    Whole(IdMatch),
    OfPayment(IdKind, PaymentId, Option<DisputeId>),
}

/// The records of payments, as far as they were read.
#[derive(Default)]
struct Payments {
    known: BTreeMap<PaymentId, Payment>,
    /// The invoice that a PaymentIntent paid.
    paid: BTreeMap<PaymentId, PaymentId>,
    /// How many purchases are in a payment.
    purchases: BTreeMap<PaymentId, usize>,
}

impl Payments {
    /// The record that `id` leads to.
    fn find(&self, id: &PaymentId) -> Option<&Payment> {
        self.known.get(id).or_else(|| self.known.get(self.paid.get(id)?))
    }

    /// The payment that has to be read next on the way to that record.
    fn next(&self, id: &PaymentId) -> PaymentId {
        self.paid.get(id).unwrap_or(id).clone()
    }

    /// Keeps what an item says of payments. False of an item that is about something else.
    fn keep(&mut self, (prefix, id): (&str, &str), item: &Item) -> Result<bool, StoreError> {
        match prefix {
            "PAYMENT" => {
                let id: PaymentId = read_id(id)?;
                self.known.insert(id.clone(), payment::read(&id, item)?);
            }
            "PAID" => {
                self.paid.insert(read_id(id)?, read_id(read_text(item, "invoice")?)?);
            }
            "DIVISION" => {
                self.purchases.insert(read_id(id)?, read_number(item, "purchases")?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The match of something of a payment; `None` if the payment is not recorded.
    fn of_payment(&self, kind: IdKind, id: &PaymentId, dispute: Option<DisputeId>) -> Option<IdMatch> {
        let payment = self.find(id)?;
        let purchases = self.purchases.get(&payment.id).copied().unwrap_or(1);
        let payments = (1..=purchases).filter_map(|place| payment.id.purchase(place)).collect();
        let payments = if purchases > 1 { payments } else { vec![payment.id.clone()] };
        let subscription = match &payment.kind {
            PaymentKind::Subscription { subscription, .. } => Some(subscription.clone()),
            PaymentKind::Pack => None,
        };
        Some(IdMatch { payments, subscription, dispute, ..IdMatch::of(kind, payment.account.clone()) })
    }
}

/// The kind of a payment's own id. An invoice may represent its payment.
fn kind_of_payment(id: &str) -> IdKind {
    if id.starts_with("in_") { IdKind::Invoice } else { IdKind::Payment }
}

/// The kind of a name that came with an event of its own.
fn kind_of_charge(name: &str) -> IdKind {
    if name.contains('_') { IdKind::Charge } else { IdKind::ReceiptNumber }
}

/// The kind of a name that came with a purchase. Creem's checkouts begin as Stripe's charges do, and receipts
/// are numbered in digits alone.
fn kind_of_name(name: &str) -> IdKind {
    match name.split_once('_') {
        Some(("cs" | "ch", _)) => IdKind::Checkout,
        Some(("ord", _)) => IdKind::Order,
        Some(("in", _)) => IdKind::Invoice,
        Some(_) => IdKind::Payment,
        None if name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => IdKind::ReceiptNumber,
        None => IdKind::InvoiceNumber,
    }
}

fn checkout_key(checkout: &str) -> String {
    format!("CHECKOUT#{checkout}")
}

fn dispute_key(dispute: &DisputeId) -> String {
    format!("DISPUTE#{dispute}")
}

impl Tables {
    /// Notes which subscription of an account a checkout began; true if that is news.
    pub async fn note_checkout(
        &self,
        checkout: &str,
        account: &AccountId,
        subscription: &SubscriptionId,
    ) -> Result<bool, StoreError> {
        let mut item = key(checkout_key(checkout), ONLY);
        item.insert("account".to_owned(), text(account.as_str()));
        item.insert("subscription".to_owned(), text(subscription.as_str()));
        self.put_news(&self.ledger, item, "subscription").await
    }

    /// Notes which payment is disputed; true if that is news.
    pub async fn note_dispute(&self, dispute: &DisputeId, payment: &PaymentId) -> Result<bool, StoreError> {
        let mut item = key(dispute_key(dispute), ONLY);
        item.insert("payment".to_owned(), text(payment.as_str()));
        self.put_news(&self.ledger, item, "payment").await
    }

    /// Everything that an id leads to: of all accounts, or of `account` alone. A generation is found where
    /// its account is given. What was written within the last second may be missing.
    pub async fn matches(
        &self,
        given: GivenId<'_>,
        account: Option<&AccountId>,
    ) -> Result<Vec<IdMatch>, StoreError> {
        let placed = account.zip(GenerationId::new(given.id).ok());
        let placed = placed.map(|(account, generation)| generation_key(account, &generation));
        let keys = self.first_keys(given);
        let (items, named, placed) = Box::pin(try_join3(
            self.batch(&keys),
            self.indexed(Some(named_key(given.name))),
            self.indexed(placed),
        ))
        .await?;
        let (mut found, mut payments) = (Vec::new(), Payments::default());
        for item in &items {
            let (prefix, id) = read_text(item, "pk")?.split_once('#').unwrap_or_default();
            if payments.keep((prefix, id), item)? && prefix == "DIVISION" {
                continue;
            }
            found.extend(found_in((prefix, id), item)?);
        }
        for item in named.iter().chain(&placed) {
            found.extend(found_by_index(given, item)?);
        }
        self.read_payments(&found, &mut payments).await?;
        let mut matches: Vec<IdMatch> = Vec::new();
        for found in found {
            let known = match found {
                Found::Whole(known) => Some(known),
                Found::OfPayment(kind, id, dispute) => payments.of_payment(kind, &id, dispute),
            };
            let known = known.filter(|known| account.is_none_or(|account| known.account == *account));
            if let Some(known) = known
                && !matches.iter().any(|other| other.is_same_as(&known))
            {
                matches.push(known);
            }
        }
        Ok(matches)
    }

    /// Reads the payments that were found and are not known yet, with the purchases in them.
    async fn read_payments(&self, found: &[Found], payments: &mut Payments) -> Result<(), StoreError> {
        let mut asked: Vec<PaymentId> = payments.known.keys().cloned().collect();
        for _ in 0..FURTHER_ROUNDS {
            let mut wanted: Vec<PaymentId> = Vec::new();
            for each in found {
                let Found::OfPayment(_, id, _) = each else { continue };
                let next = payments.next(id);
                if payments.find(id).is_none() && !asked.contains(&next) && !wanted.contains(&next) {
                    wanted.push(next);
                }
            }
            if wanted.is_empty() {
                return Ok(());
            }
            let keys: Vec<_> = wanted
                .iter()
                .flat_map(|id| ["PAYMENT", "PAID", "DIVISION"].map(|prefix| format!("{prefix}#{id}")))
                .map(|partition| (&*self.ledger, key(partition, ONLY)))
                .collect();
            for item in self.batch(&keys).await? {
                let part = read_text(&item, "pk")?.split_once('#').unwrap_or_default();
                payments.keep(part, &item)?;
            }
            asked.extend(wanted);
        }
        Ok(())
    }

    /// The keys of everything that an id can be the key of.
    fn first_keys(&self, GivenId { id, name }: GivenId<'_>) -> Vec<(&str, Item)> {
        let mut keys: Vec<(&str, Item)> =
            BY_ID.iter().map(|prefix| (&*self.ledger, key(format!("{prefix}#{id}"), ONLY))).collect();
        keys.push((&self.ledger, key(format!("NAME#{name}"), ONLY)));
        if let Ok(account) = AccountId::new(id) {
            keys.push((&self.ledger, key(account_key(&account), entry_key(1))));
        }
        for prefix in ["REQUEST", "PAID_OUT"] {
            keys.push((&self.requests, key(format!("{prefix}#{id}"), ONLY)));
        }
        keys
    }

    /// The items with these keys that there are, read strongly consistently.
    async fn batch(&self, keys: &[(&str, Item)]) -> Result<Vec<Item>, StoreError> {
        let mut open: HashMap<String, KeysAndAttributes> = HashMap::new();
        for table in [&self.ledger, &self.requests] {
            let own = keys.iter().filter(|(of, _)| of == table).map(|(_, key)| key.clone());
            let own: Vec<Item> = own.collect();
            if !own.is_empty() {
                let own = KeysAndAttributes::builder().set_keys(Some(own)).consistent_read(true);
                open.insert(table.clone(), own.build().expect("the keys are set"));
            }
        }
        let mut items = Vec::new();
        for _ in 0..BATCHES_MAX {
            if open.is_empty() {
                return Ok(items);
            }
            let answer = self.client.batch_get_item().set_request_items(Some(open)).send().await;
            let answer = answer.map_err(StoreError::of)?;
            items.extend(answer.responses.unwrap_or_default().into_values().flatten());
            open = answer.unprocessed_keys.unwrap_or_default();
        }
        if open.is_empty() { Ok(items) } else { Err(StoreError::Throttled) }
    }

    /// The keys of the items that the index of generations has under `value`.
    async fn indexed(&self, value: Option<String>) -> Result<Vec<Item>, StoreError> {
        let Some(value) = value else { return Ok(Vec::new()) };
        let query = self
            .client
            .query()
            .table_name(&self.ledger)
            .index_name("generation")
            .key_condition_expression("generation = :value")
            .expression_attribute_values(":value", text(value));
        self.items(&query, MATCHES_MAX).await
    }
}

/// What an item of the first batch leads to.
fn found_in((prefix, id): (&str, &str), item: &Item) -> Result<Option<Found>, StoreError> {
    let payment = || read_id::<PaymentId>(read_text(item, "payment")?);
    let account = || read_id::<AccountId>(read_text(item, "account")?);
    let of_payment = |kind| Ok::<_, StoreError>(Some(Found::OfPayment(kind, payment()?, None)));
    Ok(match prefix {
        "PAYMENT" | "PAID" => Some(Found::OfPayment(kind_of_payment(id), read_id(id)?, None)),
        "INVOICE" => of_payment(IdKind::Invoice)?,
        "NAME" => of_payment(kind_of_charge(id))?,
        "REFUND" => of_payment(IdKind::Refund)?,
        "DISPUTE" => Some(Found::OfPayment(IdKind::Dispute, payment()?, Some(read_id(id)?))),
        // An operator links events by the same kind of item.
        "CUSTOMER" | "LINKED" => {
            Some(Found::Whole(IdMatch::of(IdKind::Customer, account()?))).filter(|_| !id.starts_with("evt_"))
        }
        "CHECKOUT" => {
            let subscription = Some(read_id(read_text(item, "subscription")?)?);
            Some(Found::Whole(IdMatch { subscription, ..IdMatch::of(IdKind::Checkout, account()?) }))
        }
        "ACCOUNT" => Some(Found::Whole(IdMatch::of(IdKind::Account, account_of(item)?))),
        "PAID_OUT" => {
            let request = Some(read_id(read_text(item, "request")?)?);
            let payments = vec![payment()?];
            Some(Found::Whole(IdMatch { payments, request, ..IdMatch::of(IdKind::Refund, account()?) }))
        }
        "REQUEST" => {
            let request = request::request(item)?;
            Some(Found::Whole(IdMatch {
                payments: request.case.payment.into_iter().collect(),
                generation: request.case.generation,
                request: Some(request.id),
                ..IdMatch::of(IdKind::RefundRequest, request.account)
            }))
        }
        _ => None,
    })
}

/// What an item's key in the index leads to.
fn found_by_index(given: GivenId<'_>, item: &Item) -> Result<Option<Found>, StoreError> {
    let (partition, sort) = (read_text(item, "pk")?, read_text(item, "sk")?);
    let kind = kind_of_name(given.name);
    if let Some(payment) = partition.strip_prefix("PAYMENT#") {
        return Ok(Some(Found::OfPayment(kind, read_id(payment)?, None)));
    }
    let account = account_of_key(partition)?;
    if let Some((_, payment)) = sort.strip_prefix(PURCHASE).and_then(|rest| rest.split_once('#')) {
        return Ok(Some(Found::OfPayment(kind, read_id(payment)?, None)));
    }
    if let Some(subscription) = sort.strip_prefix(SUBSCRIPTION) {
        let subscription = Some(read_id(subscription)?);
        let found = IdMatch { subscription, ..IdMatch::of(IdKind::Subscription, account) };
        return Ok(Some(Found::Whole(found)));
    }
    if is_entry_key(sort) {
        let generation = Some(read_id(given.id)?);
        return Ok(Some(Found::Whole(IdMatch { generation, ..IdMatch::of(IdKind::Generation, account) })));
    }
    Ok(None)
}
