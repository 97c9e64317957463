//! What two ways of the same events are compared by.

use std::collections::BTreeSet;

use cases::assess_lead;
use ledger::{Account, AccountId, Credits, Entry, Hash, Lot, LotId, RefundRequestId, Timestamp};
use ledger_dynamodb::Tables;
use ledger_dynamodb::in_process::Contents;
use refunds::LeadStore;
use serde_json::{Value, json};

use crate::scene::ACCOUNT;

/// Everything that the webhook reads. Two ways may differ in the numbers of entries and lots, and in how a
/// refund that failed, which is final, had been divided.
pub(crate) fn whole(contents: &Contents) -> String {
    let account = account(contents);
    let lots = sorted(account.lots.iter().map(|lot| format!("{:?}", without_numbers(lot))));
    let account = Account { lots: Vec::new(), ..account };
    let items = contents.items().filter_map(|(partition, sort, mut item)| {
        match partition.split('#').next().unwrap_or_default() {
            "ACCOUNT" if sort.starts_with("ENTRY#") || is_lifted(sort, &item) => return None,
            // The webhook writes it and does not read it.
            "UNRECORDED" => return None,
            "REFUND" if item["failed"]["BOOL"] == true => without(&mut item, &["shares", "taken"]),
            "PAYMENT" => rewrite_body(&mut item, &["lot"]),
            _ => {}
        }
        Some(format!("{partition} {sort} {item}"))
    });
    format!("{account:?}\n{}\n{}", lots.join("\n"), sorted(items).join("\n"))
}

/// What customers, support and policies see of it: neither when events came, nor which of several that say
/// the same came first, nor how a refund that counts no more was divided. Of the leads those count that the
/// sweep opens a case for at `now`.
pub(crate) async fn seen(
    tables: &Tables,
    contents: &Contents,
    (now, first_says): (Timestamp, &[&str]),
) -> Vec<String> {
    let account = account(contents);
    let recorded: BTreeSet<&str> =
        contents.items().filter_map(|(partition, ..)| partition.strip_prefix("PAYMENT#")).collect();
    let invoices: Vec<(String, String)> = contents.items().filter_map(paid_invoice).collect();
    let is_recorded = |payment: &str| {
        let paid = |(by, invoice): &(String, String)| by == payment && recorded.contains(invoice.as_str());
        recorded.contains(payment) || invoices.iter().any(paid)
    };
    let mut lines = sorted(account.lots.iter().map(|lot| seen_lot(lot, now)));
    lines.extend(sorted(account.ended.iter().map(|ended| format!("{ended:?}"))));
    lines.push(format!("debt {} holds {:?}", account.debt, account.holds));
    lines.extend(spend_order(&account));
    lines.extend(sorted(contents.items().filter_map(|(partition, sort, mut item)| {
        let kind = partition.split('#').next().unwrap_or_default();
        let is_left_out = match kind {
            // Entries and the marker of what is due are of the account, which is above.
            "ACCOUNT" => sort.starts_with("ENTRY#") || sort == "DUE" || is_lifted(sort, &item),
            // The guard of a grant, beside the event that brought it; and leads, whose cases are below.
            "EVENT" | "LEAD" => true,
            // It is read of payments alone that are not recorded.
            "UNRECORDED" => is_recorded(partition.trim_start_matches("UNRECORDED#")),
            _ => false,
        };
        if is_left_out {
            return None;
        }
        match kind {
            "REFUND" => without(&mut item, &["shares", "taken"]),
            "PAYMENT" => rewrite_body(&mut item, &[&["lot", "landed_at"], first_says].concat()),
            "ACCOUNT" if sort.starts_with("PURCHASE#") => without(&mut item, first_says),
            "WITHOUT_CREDITS" => without(&mut item, &["expires_at"]),
            _ => {}
        }
        Some(format!("{partition} {sort} {item}"))
    })));
    // Several leads may be of one case.
    let mut opened = BTreeSet::new();
    for (partition, ..) in contents.items().filter(|(partition, ..)| partition.starts_with("LEAD#")) {
        let id = RefundRequestId::new(partition.trim_start_matches("LEAD#")).unwrap();
        let lead = tables.lead(&id).await.unwrap().unwrap();
        // What is read of a case is large.
        if let Some(assessed) = Box::pin(assess_lead(tables, &lead, now)).await.unwrap() {
            opened.insert(format!("a case of {:?}: {:?}", assessed.case.reason, assessed.case.payment));
        }
    }
    lines.extend(opened);
    lines
}

/// A refund that counts no more.
fn is_lifted(sort: &str, item: &Value) -> bool {
    sort.starts_with("REFUNDED#") && item["stands"]["BOOL"] == false
}

/// The payment and the invoice that it paid, of the item that says so.
fn paid_invoice((partition, _, item): (&str, &str, Value)) -> Option<(String, String)> {
    let payment = partition.strip_prefix("PAID#")?;
    Some((payment.to_owned(), item["invoice"]["S"].as_str()?.to_owned()))
}

fn account(contents: &Contents) -> Account {
    let id = AccountId::new(ACCOUNT).unwrap();
    let newest = contents.items().filter(|(_, sort, _)| sort.starts_with("ENTRY#")).last();
    let Some((.., item)) = newest else { return Account::default() };
    let body = item["body"]["S"].as_str().unwrap().to_owned();
    Entry::read(id, body, Hash([0; 32])).unwrap().after().clone()
}

/// A lot as of `now`, whether or not the sweep has run. An empty lot has expired when it was emptied, which
/// depends on when its event came.
fn seen_lot(lot: &Lot, now: Timestamp) -> String {
    let mut lot = without_numbers(lot);
    if lot.is_due(now) {
        lot.expired = lot.expired.plus(lot.available).unwrap();
        lot.available = Credits::ZERO;
    }
    let is_empty = lot.available.is_zero() && lot.held.is_zero();
    let expires_at = lot.expires_at.filter(|_| !is_empty);
    let lot = Lot { touched_at: lot.granted_at, expires_at, ..lot };
    format!("{lot:?}")
}

/// A lot without its place among the others, and its disputes without theirs.
fn without_numbers(lot: &Lot) -> Lot {
    let mut lot = Lot { id: LotId::NONE, ..lot.clone() };
    lot.disputes.sort_by(|one, other| one.dispute.cmp(&other.dispute));
    lot
}

/// From which payments the credits of each product are spent, one after another.
fn spend_order(account: &Account) -> Vec<String> {
    let products: BTreeSet<_> = account.lots.iter().map(|lot| &lot.product).collect();
    let newest = account.lots.iter().map(|lot| lot.granted_at).max();
    let now = newest.unwrap_or(Timestamp::from_s(crate::scene::START_S).unwrap());
    let spent = products.into_iter().map(|product| {
        let lots = account.spend_order(product, now);
        let lots: Vec<_> = lots.into_iter().filter_map(|lot| lot.payment.as_ref()).collect();
        format!("{product} is spent from {lots:?}")
    });
    spent.collect()
}

/// Leaves members of an item's body out.
fn rewrite_body(item: &mut Value, members: &[&str]) {
    let mut body: Value = serde_json::from_str(item["body"]["S"].as_str().unwrap()).unwrap();
    without(&mut body, members);
    item["body"] = json!(body);
}

fn without(item: &mut Value, members: &[&str]) {
    for member in members {
        item.as_object_mut().unwrap().remove(*member);
    }
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}
