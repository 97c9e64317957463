//! Credit notes: what is given back of an invoice, by a refund, to the customer's balance or elsewhere.

use primitives::{InvoiceId, Money, RefundId, Timestamp};
use provider_wire::open_enum;
use serde::Deserialize;

use crate::wire::{Fault, List, Scalar, money, required};

open_enum! {
    /// Where a credit note stands.
    pub enum CreditNoteStatus {
        /// It counts.
        Issued = "issued",
        /// It was taken back.
        Void = "void",
    }
}

open_enum! {
    /// Whether it was issued before or after its invoice was paid.
    pub enum CreditNoteKind {
        /// It lowers what is still to be paid: no money goes back.
        PrePayment = "pre_payment",
        /// It gives back what was paid.
        PostPayment = "post_payment",
        /// Both, in parts.
        Mixed = "mixed",
    }
}

/// A credit note as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNoteObject {
    /// Its id (`cn_…`), under which what it gives back without a refund is counted.
    pub id: RefundId,
    pub invoice: InvoiceId,
    pub status: CreditNoteStatus,
    /// What it gives back of what was paid beside its refunds; `None` where the event does not say how much
    /// that is.
    pub beside_refunds: Option<Money>,
    pub created: Timestamp,
}

#[derive(Deserialize)]
pub(crate) struct Wire<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    invoice: Scalar<'a>,
    #[serde(borrow, default)]
    amount: Scalar<'a>,
    #[serde(borrow, default)]
    post_payment_amount: Scalar<'a>,
    #[serde(borrow, default)]
    out_of_band_amount: Scalar<'a>,
    #[serde(borrow, default)]
    currency: Scalar<'a>,
    #[serde(borrow, default)]
    status: Scalar<'a>,
    #[serde(rename = "type", borrow, default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    customer_balance_transaction: Scalar<'a>,
    /// Until 2025 the one refund, without its amount.
    #[serde(borrow, default)]
    refund: Scalar<'a>,
    #[serde(borrow, default)]
    refunds: List<RefundWire<'a>>,
    #[serde(borrow, default)]
    created: Scalar<'a>,
}

#[derive(Deserialize)]
struct RefundWire<'a> {
    #[serde(borrow, default)]
    amount_refunded: Scalar<'a>,
}

impl Wire<'_> {
    pub(crate) fn fact(self) -> Result<CreditNoteObject, Fault> {
        let currency = required(self.currency.currency("currency")?, "currency")?;
        let beside = self.beside_refunds()?;
        Ok(CreditNoteObject {
            id: required(self.id.id("id")?, "id")?,
            invoice: required(self.invoice.id("invoice")?, "invoice")?,
            status: required(self.status.choice("status")?, "status")?,
            beside_refunds: beside.map(|minor| money(minor, currency, "amount")).transpose()?,
            created: required(self.created.instant("created")?, "created")?,
        })
    }

    fn beside_refunds(&self) -> Result<Option<i64>, Fault> {
        let amount = required(self.amount.integer("amount")?, "amount")?;
        let paid_back =
            match (self.post_payment_amount.integer("post_payment_amount")?, self.kind.choice("type")?) {
                (Some(minor), _) => minor,
                (None, Some(CreditNoteKind::PrePayment)) => 0,
                (None, Some(CreditNoteKind::PostPayment)) => amount,
                (None, _) => return Ok(None),
            };
        if self.refunds.is_list() {
            let mut refunded = 0_i64;
            for (index, refund) in self.refunds.items().iter().enumerate() {
                let minor = refund.amount_refunded.integer("amount_refunded");
                let minor = minor.and_then(|minor| required(minor, "amount_refunded"));
                let minor = minor.map_err(|fault| fault.within(&format!("refunds.data[{index}]")))?;
                refunded = refunded.saturating_add(minor);
            }
            return Ok(Some(paid_back.saturating_sub(refunded).max(0)));
        }
        // The older form says how much is neither refunded nor credited, and not how much of the rest is.
        let outside = self.out_of_band_amount.integer("out_of_band_amount")?.unwrap_or(0);
        let refunded = self.refund.text("refund")?.is_some();
        let credited = self.customer_balance_transaction.text("customer_balance_transaction")?.is_some();
        Ok(match (refunded, credited) {
            (false, _) => Some(paid_back),
            (true, false) => Some(outside),
            (true, true) => None,
        })
    }
}
