//! What the function answers.

use import_lines::{AccountLine, FieldMistake};
use ledger::Rejection;
use ledger_dynamodb::ImportRefusal;
use serde::Serialize;

/// The outcome of each account of a batch, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportAnswer {
    pub accounts: Vec<AccountOutcome>,
}

/// The outcome of one account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountOutcome {
    /// `written`, `repeated` or `refused`.
    pub outcome: &'static str,
    /// Why it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The fields that do not fit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<FieldMistake>,
}

impl AccountOutcome {
    pub(crate) fn of(outcome: &'static str) -> Self {
        Self { outcome, reason: None, mistakes: Vec::new() }
    }

    /// The line has mistakes.
    pub(crate) fn invalid(mistakes: Vec<FieldMistake>) -> Self {
        Self { reason: Some("invalid"), mistakes, ..Self::of("refused") }
    }

    /// The line has none, and what is on record refuses it.
    pub(crate) fn refused(refusal: &ImportRefusal, line: &AccountLine) -> Self {
        let (reason, pointer, expected) = explain(refusal, line);
        let mistakes = vec![FieldMistake { pointer, expected: expected.to_owned() }];
        Self { reason: Some(reason), mistakes, ..Self::of("refused") }
    }
}

/// The reason, the field and what was expected there.
fn explain(refusal: &ImportRefusal, line: &AccountLine) -> (&'static str, String, &'static str) {
    let of_account = "#/account".to_owned();
    match refusal {
        ImportRefusal::Conflict => {
            let expected = "the same line as before: this import has brought the account already";
            ("import_conflict", "#".to_owned(), expected)
        }
        ImportRefusal::Rejected(Rejection::AccountInUse) => {
            let expected = "an account without credits from `as_of` or from before, and from no other import";
            ("account_in_use", of_account, expected)
        }
        ImportRefusal::Rejected(Rejection::TooManyLots) => {
            ("too_many_lots", "#/lots".to_owned(), "fewer lots with credits left")
        }
        ImportRefusal::Rejected(_) => {
            ("out_of_range", of_account, "credits and instants within the ledger's bounds")
        }
        ImportRefusal::Customer(id) => {
            let place = line.customers.iter().position(|each| each == id.as_str()).unwrap_or_default();
            let expected = "a customer that belongs to no other account";
            ("customer_in_use", format!("#/customers/{place}"), expected)
        }
        ImportRefusal::Payment(id) => {
            let place = line.payments.iter().position(|each| each.id == id.as_str()).unwrap_or_default();
            let expected = "a payment that is not on record yet";
            ("payment_in_use", format!("#/payments/{place}/id"), expected)
        }
        ImportRefusal::Invoice(id) => {
            let is_it = |invoice: &Option<String>| invoice.as_deref() == Some(id.as_str());
            let place = line.payments.iter().position(|each| is_it(&each.invoice)).unwrap_or_default();
            let expected = "an invoice that has brought no credits under another payment";
            ("invoice_in_use", format!("#/payments/{place}/invoice"), expected)
        }
        ImportRefusal::Refund(id) => {
            let has =
                |refunds: &[import_lines::RefundLine]| refunds.iter().any(|each| each.id == id.as_str());
            let place = line.payments.iter().position(|each| has(&each.refunds)).unwrap_or_default();
            let expected = "refunds that are of no other payment";
            ("refund_in_use", format!("#/payments/{place}/refunds"), expected)
        }
    }
}
