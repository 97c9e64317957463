//! Journals, payments and refund requests on DynamoDB: the only crate that knows the tables.
//!
//! Ledger table, all keys text, `-` where a partition has one item:
//!
//! | `pk` | `sk` | holds |
//! |---|---|---|
//! | `ACCOUNT#<account>` | `ENTRY#<number, 12 digits>` | one entry: `body`, `hash`; `generation` where it
//! places a hold |
//! | `ACCOUNT#<account>` | `DUE` | the due marker: `due_shard`, `due_at`; neither while nothing may be due |
//! | `ACCOUNT#<account>` | `FINDING` | what people found out about the account: `body` |
//! | `ACCOUNT#<account>` | `PURCHASE#<charged at, 13 digits>#<payment>` | `price`, `paid_minor`, `currency`,
//! `names` |
//! | `ACCOUNT#<account>` | `REFUNDED#<request or refund>` | a refund: `payment`, `minor`, `at`, `stands` |
//! | `PAYMENT#<payment>` | `-` | a payment: `body`, `refunded_minor`; `to_balance_minor`, `dispute:<id>`,
//! `dispute_order:<id>`, `downloads`; `digest` of the import that brought it |
//! | `ACCOUNT#<account>` | `SUBSCRIPTION#<subscription>` | a subscription: `body`, `as_of`, `ended_at`, and
//! its confirmation |
//! | `ACCOUNT#<account>` | `PLAN_CHANGE#<subscription>` | the newest confirmed change of its plan: `body`,
//! `confirmed_at`, `announced`, `stripe_at` or `declined`; `due_shard`, `due_at` while it is open |
//! | `SUBSCRIBER#<subscription>` | `-` | who started it, and what was ordered: `body` |
//! | `OUTAGES#<product>` | `<began at, 13 digits>#<outage>` | `ended_at`, `recorded_by`, `recorded_at`,
//! `confirmed_by`, `confirmed_at` |
//! | `INVOICE#<invoice>` | `-` | `payment` |
//! | `PAID#<payment>` | `-` | `invoice`: which invoice a payment paid |
//! | `NAME#<charge, or number of a receipt>` | `-` | `payment`: which payment is called so |
//! | `UNRECORDED#<payment>` | `-` | what came of a payment apart from its purchase's event: `by` |
//! | `IMPORT#<account>` | `-` | that the account has moved in: `import`, `digest` of what it said |
//! | `CUSTOMER#<customer>` | `-` | `account`; none once it was unlinked |
//! | `LINKED#<customer or event>` | `-` | an operator's link: `account`, `by`, `at`, `event`; `unlinked` |
//! | `EVENT#<event>` | `-` | an event that granted credits (`creem:<event>`): `digest` of what it said |
//! | `REFUND#<refund>` | `-` | a refund that no request of ours made: `payment`, `amount_minor`, `failed` |
//! | `DISPUTE#<dispute>` | `-` | `payment`: which payment is disputed |
//! | `CHECKOUT#<session>` | `-` | `account`, `subscription`: what a checkout of a subscription began |
//! | `RETURNED#<invoice>` | `-` | what the changes on an invoice returned to the customer's balance at
//! Stripe: `account`, `subscription`, `at`, `body` |
//! | `BACK#…`, `LATE#…`, `COMPENSATION#…`, `ADJUSTED#…` | `-` | something that happens once for ever |
//!
//! Requests table: `REQUEST#<request>` with `body`, `version`, `account`, `submitted`, `due_shard`, `due_at`,
//! while it waits for people also `queue`, `place` and `waiting`; `CASE#<account>#<reason>#<payment or
//! generation>` with the request that has the case, `holder`, and the `version` with which it took it;
//! `FILED#<account>#<day>` with how many requests its customer `filed`, until `expires_at`;
//! `GRANTED#payment#…`, `GRANTED#account#…` and `GRANTED#person#…` with the credits granted beside those that
//! were bought, by day, `body`, and the `version`; `LEAD#<request>` with what may open that request, until it
//! is looked at; `PARKED` with an event that could not be applied; `EVIDENCE#<dispute>` with what people
//! staged and submitted for a dispute, and the `version`; `WATCH#<provider>#<kind>#<id>` with an object of
//! a provider's that is read again, `since`, `due_shard`, `due_at`; `NOTES#<request>`, with a number as sort
//! key, with what support people wrote about a request for each other, `id`, `text`, `by`, `at`;
//! `PAID_OUT#<refund>` with the `request`, `account` and `payment` of a refund of ours; and
//! `ADJUSTMENT#<adjustment>` with an adjustment of an account, `body`, `submitted_by`, `adjusts`, and in the
//! indexes of requests, under keys of their own, `account`, `submitted` and, while nobody has decided,
//! `queue`, `place` and `waiting`.
//!
//! The index `generation` of the ledger table has entries that place holds, by account and generation; links
//! of payments to an invoice, under `#INVOICE#<invoice>`; and purchases, payments and subscriptions under
//! `#NAMED#<id>`, by a name that no key has.
//!
//! Nothing is ever deleted from the ledger table, and an entry is never written twice: the table's stream
//! reports what else happens to an entry, and [`Anchors`] is where that is noted.
//!
//! Reads of the journal are strongly consistent: a refusal is final, and half a read unit buys that it
//! never rests on a stale balance. Lists by index are eventually consistent.

mod account_import;
mod account_item;
mod adjustment;
mod adoption;
mod anchor;
mod audit;
mod buyer;
mod customer_link;
mod error;
mod evidence;
mod finding;
#[cfg(feature = "in-process")]
pub mod in_process;
mod item;
mod journal;
mod lead;
mod lookup;
mod outage;
mod paid_out;
mod parked;
mod payment;
mod plan_change;
mod publication;
mod purchase;
mod reconcile;
mod request;
mod returned;
mod scalar;
mod single;
#[cfg(test)]
mod stored_bytes;
mod subscription;
mod transaction;
mod watch;

pub use account_import::{AccountImport, ImportOutcome, ImportRefusal};
pub use adoption::{AdoptionOutcome, CreditTerms, ExternalRefund, PurchaseTerms};
pub use anchor::{Anchor, Anchors, EntryChange, EntryEvent, RaiseOutcome, StreamRecord};
pub use audit::AccountJournal;
pub use error::StoreError;
pub use evidence::{DisputeEvidence, EvidenceSubmission, StagedEvidence};
pub use lookup::{GivenId, IdKind, IdMatch};
pub use parked::{Parked, ParkedDrop, ParkedLink, ParkedSubject};
pub use publication::{Policies, Publication, PublishOutcome};
pub use returned::{ReturnOutcome, ReturnedMoney};
pub use watch::{EVENT_LAG_S, Watch, WatchSubject};

/// The tables, and the client that reaches them.
#[derive(Debug, Clone)]
pub struct Tables {
    client: aws_sdk_dynamodb::Client,
    ledger: String,
    requests: String,
}

impl Tables {
    /// The ledger table and the requests table by name.
    pub fn new(
        client: aws_sdk_dynamodb::Client,
        ledger: impl Into<String>,
        requests: impl Into<String>,
    ) -> Self {
        Self { client, ledger: ledger.into(), requests: requests.into() }
    }
}
