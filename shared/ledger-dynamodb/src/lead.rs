//! Leads as items of the requests table's due index. Their attributes are plain, so that a function that only
//! notes leads carries no form of requests.

use aws_sdk_dynamodb::types::AttributeValue;
use ledger::{Credits, DUE_SHARDS, PaymentId, RefundRequestId, shard_of};
use policy::{FailureKind, Reason};
use refunds::{Charge, Lead, LeadStore, LeadSubject, Occasion, Pack, Reported, UncreditedPurchase};

use crate::buyer::BuyerForm;
use crate::item::{Item, ONLY, key, number, read_instant, read_number, read_text, text};
use crate::scalar::{id, money};
use crate::{StoreError, Tables};

/// The key of a lead, before its id.
pub(crate) const PREFIX: &str = "LEAD#";

pub(crate) fn item(lead: &Lead) -> Result<Item, StoreError> {
    let mut item = key(format!("{PREFIX}{}", lead.id()), ONLY);
    item.insert("owner".to_owned(), text(lead.account.as_str()));
    item.insert("since".to_owned(), number(lead.since.as_ms()));
    if let Some(payment) = lead.payment() {
        item.insert("payment".to_owned(), text(payment.as_str()));
    }
    match &lead.subject {
        LeadSubject::Uncredited(uncredited) => write_uncredited(uncredited, &mut item)?,
        LeadSubject::Payment { reason, .. } => {
            item.insert("reason".to_owned(), text(reason.as_str()));
        }
        LeadSubject::Ending { generation, kind, code } => {
            item.insert("ended".to_owned(), text(generation.as_str()));
            item.insert("kind".to_owned(), text(kind.as_str()));
            if let Some(code) = code {
                item.insert("code".to_owned(), text(code));
            }
        }
        LeadSubject::Reported { occasion, reported, .. } => {
            item.insert("reason".to_owned(), text(occasion.reason().as_str()));
            item.insert("occasion".to_owned(), text(occasion.id()));
            write_reported(reported, &mut item);
        }
    }
    if let Some(due_at) = lead.due_at {
        item.insert("due_shard".to_owned(), text(shard_of(&lead.account, DUE_SHARDS).to_string()));
        item.insert("due_at".to_owned(), number(due_at.as_ms()));
    }
    Ok(item)
}

fn write_uncredited(uncredited: &UncreditedPurchase, item: &mut Item) -> Result<(), StoreError> {
    item.insert("paid_minor".to_owned(), number(uncredited.paid.minor()));
    item.insert("currency".to_owned(), text(uncredited.paid.currency().as_str()));
    item.insert("charged_at".to_owned(), number(uncredited.charged_at.as_ms()));
    if let Some(product) = &uncredited.product {
        item.insert("product".to_owned(), text(product.as_str()));
    }
    if let Some(pack) = &uncredited.pack {
        item.insert("price".to_owned(), text(pack.price.as_str()));
        item.insert("credits".to_owned(), number(pack.credits));
    }
    if let Some(charge) = &uncredited.charge {
        item.insert("subscription".to_owned(), text(charge.subscription.as_str()));
        item.insert("billing_reason".to_owned(), text(charge.billing_reason.as_str()));
        if let Some((starts_at, ends_at)) = charge.period {
            item.insert("period_starts_at".to_owned(), number(starts_at.as_ms()));
            item.insert("period_ends_at".to_owned(), number(ends_at.as_ms()));
        }
    }
    let buyer = BuyerForm::of(uncredited.buyer);
    if !buyer.is_empty() {
        item.insert("buyer".to_owned(), text(serde_json::to_string(&buyer)?));
    }
    Ok(())
}

fn write_reported(reported: &Reported, item: &mut Item) {
    match reported {
        Reported::Dispute { order } => {
            item.insert("order".to_owned(), number(order.as_ms()));
        }
        Reported::FraudWarning { kind, actionable } => {
            item.insert("actionable".to_owned(), AttributeValue::Bool(*actionable));
            if let Some(kind) = kind {
                item.insert("fraud_type".to_owned(), text(kind));
            }
        }
        Reported::OutsideRefund { minor, failed } => {
            item.insert("refunded_minor".to_owned(), number(*minor));
            item.insert("failed".to_owned(), AttributeValue::Bool(*failed));
        }
    }
}

fn read_reported(item: &Item, occasion: &Occasion) -> Result<Reported, StoreError> {
    let flag = |name: &'static str| match item.get(name) {
        Some(AttributeValue::Bool(flag)) => Ok(*flag),
        _ => Err(StoreError::Unreadable(name)),
    };
    Ok(match occasion {
        Occasion::Dispute(_) => Reported::Dispute { order: read_instant(item, "order")? },
        Occasion::FraudWarning(_) => Reported::FraudWarning {
            kind: given(item, "fraud_type")?.map(str::to_owned),
            actionable: flag("actionable")?,
        },
        Occasion::OutsideRefund(_) => {
            Reported::OutsideRefund { minor: read_number(item, "refunded_minor")?, failed: flag("failed")? }
        }
    })
}

/// A text that may be missing.
fn given<'item>(item: &'item Item, name: &'static str) -> Result<Option<&'item str>, StoreError> {
    item.contains_key(name).then(|| read_text(item, name)).transpose()
}

fn read_uncredited(item: &Item, payment: PaymentId) -> Result<UncreditedPurchase, StoreError> {
    let pack = given(item, "price")?.map(|price| {
        let credits = Credits::new(read_number(item, "credits")?);
        let credits = credits.map_err(|_| StoreError::Unreadable("credits"))?;
        Ok::<_, StoreError>(Pack { price: price.to_owned(), credits })
    });
    let buyer: BuyerForm = given(item, "buyer")?.map(serde_json::from_str).transpose()?.unwrap_or_default();
    Ok(UncreditedPurchase {
        payment,
        product: given(item, "product")?.map(id).transpose()?,
        pack: pack.transpose()?,
        charge: read_charge(item)?,
        paid: money(&(read_number(item, "paid_minor")?, read_text(item, "currency")?.to_owned()))?,
        charged_at: read_instant(item, "charged_at")?,
        buyer: buyer.read()?,
    })
}

fn read_charge(item: &Item) -> Result<Option<Charge>, StoreError> {
    let Some(subscription) = given(item, "subscription")? else { return Ok(None) };
    let period = item.contains_key("period_starts_at").then(|| {
        Ok::<_, StoreError>((read_instant(item, "period_starts_at")?, read_instant(item, "period_ends_at")?))
    });
    Ok(Some(Charge {
        subscription: id(subscription)?,
        billing_reason: read_text(item, "billing_reason")?.to_owned(),
        period: period.transpose()?,
    }))
}

fn subject(item: &Item) -> Result<LeadSubject, StoreError> {
    if let Some(generation) = given(item, "ended")? {
        let name = read_text(item, "kind")?;
        let kind = FailureKind::ALL.iter().copied().find(|kind| kind.as_str() == name);
        return Ok(LeadSubject::Ending {
            generation: id(generation)?,
            kind: kind.ok_or(StoreError::Unreadable("kind"))?,
            code: given(item, "code")?.map(str::to_owned),
        });
    }
    let payment = id(read_text(item, "payment")?)?;
    match given(item, "reason")? {
        Some(reason) => {
            let reason = Reason::parse(reason).ok_or(StoreError::Unreadable("reason"))?;
            let id = given(item, "occasion")?.map(|id| Occasion::read(reason, id)).transpose();
            match id.map_err(|_| StoreError::Unreadable("occasion"))?.flatten() {
                Some(occasion) => {
                    let reported = read_reported(item, &occasion)?;
                    Ok(LeadSubject::Reported { payment, occasion, reported })
                }
                None => Ok(LeadSubject::Payment { payment, reason }),
            }
        }
        None => Ok(LeadSubject::Uncredited(read_uncredited(item, payment)?)),
    }
}

pub(crate) fn read(item: &Item) -> Result<Lead, StoreError> {
    Ok(Lead {
        account: id(read_text(item, "owner")?)?,
        subject: subject(item)?,
        since: read_instant(item, "since")?,
        due_at: item.contains_key("due_at").then(|| read_instant(item, "due_at")).transpose()?,
    })
}

impl LeadStore for Tables {
    async fn note(&self, lead: &Lead) -> Result<bool, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.requests)
            .set_item(Some(item(lead)?))
            .condition_expression("attribute_not_exists(pk)");
        self.write(|| put.clone().send()).await
    }

    async fn lead(&self, id: &RefundRequestId) -> Result<Option<Lead>, StoreError> {
        let item = self.get(&self.requests, format!("{PREFIX}{id}")).await?;
        item.map(|item| read(&item)).transpose()
    }

    async fn keep(&self, lead: &Lead) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.requests).set_item(Some(item(lead)?));
        self.write(|| put.clone().send()).await.map(drop)
    }

    async fn forget(&self, id: &RefundRequestId) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.requests);
        let delete = delete.set_key(Some(key(format!("{PREFIX}{id}"), ONLY)));
        self.write(|| delete.clone().send()).await.map(drop)
    }
}
