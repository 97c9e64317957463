//! Money that goes back: by the API, by somebody in the dashboard, by Creem itself, or by the bank.

use super::answer::Refusal;
use super::command::{EndDispute, NewDispute, OutsideRefund, SettleCreemRefund};
use super::purchase::sold;
use super::record::{CreemRefundRecord, Sold};
use super::world::World;
use crate::stand_in::world::check_copies;
use crate::stand_in::{CommandError, Emission};

impl World {
    /// The API's refund: all that is left of a transaction.
    pub(super) fn refund_rest(&mut self, id: &str) -> Result<CreemRefundRecord, Refusal> {
        let missing = self.settings.missing_status;
        let sale = self.sale(id).map_err(|_| Refusal::missing(missing))?;
        let rest = sale.paid().saturating_sub(sale.refunded);
        if rest == 0 || sale.status == "chargedBack" {
            return Err(Refusal::bad("transaction_already_refunded"));
        }
        let (status, reports) = (self.settings.refund_status.clone(), self.settings.reports_refunds);
        let emission = Emission::default();
        let refund = self.refund(id, rest, &status, &emission).map_err(|_| Refusal::missing(missing))?;
        if reports {
            self.report_refund(&refund, &emission).map_err(|_| Refusal::missing(missing))?;
        }
        Ok(refund)
    }

    /// Records a refund; the transaction reads refunded at once, however the refund stands.
    fn refund(
        &mut self,
        transaction: &str,
        amount: u64,
        status: &str,
        emission: &Emission,
    ) -> Result<CreemRefundRecord, CommandError> {
        let refund = CreemRefundRecord {
            id: self.id("ref"),
            transaction: transaction.to_owned(),
            amount,
            status: status.to_owned(),
            reason: "requested_by_customer".to_owned(),
            created: self.created(emission),
        };
        let sale = self.sale_mut(transaction)?;
        sale.refunded = sale.refunded.saturating_add(amount);
        let status = if sale.refunded >= sale.paid() { "refunded" } else { "partialRefund" };
        status.clone_into(&mut sale.status);
        self.refunds.push(refund.clone());
        Ok(refund)
    }

    fn report_refund(
        &mut self,
        refund: &CreemRefundRecord,
        emission: &Emission,
    ) -> Result<Vec<String>, CommandError> {
        let object = self.refund_object(refund, self.sale(&refund.transaction)?);
        let created = self.created(emission);
        Ok(self.emit(emission, created, vec![("refund.created", object)]))
    }

    pub(super) fn outside_refund(
        &mut self,
        order: &OutsideRefund,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let sale = self.sale(&order.transaction)?;
        let rest = sale.paid().saturating_sub(sale.refunded);
        let amount = order.amount.unwrap_or(rest);
        if amount == 0 || amount > rest {
            return Err(CommandError::Refused { answer: format!("{rest} are left") });
        }
        let refund = self.refund(&order.transaction, amount, "succeeded", emission)?;
        let events = self.report_refund(&refund, emission)?;
        Ok(Sold { refund: Some(refund.id), events, ..sold(self.sale(&order.transaction)?) })
    }

    pub(super) fn settle_refund(
        &mut self,
        settle: &SettleCreemRefund,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let refund = self.refunds.iter_mut().find(|refund| refund.id == settle.refund);
        let refund =
            refund.ok_or_else(|| CommandError::Unknown { kind: "refund", id: settle.refund.clone() })?;
        refund.status.clone_from(&settle.status);
        let refund = refund.clone();
        if settle.lowers_total {
            let sale = self.sale_mut(&refund.transaction)?;
            sale.refunded = sale.refunded.saturating_sub(refund.amount);
            let status = if sale.refunded == 0 { "paid" } else { "partialRefund" };
            status.clone_into(&mut sale.status);
        }
        let events = if settle.reports { self.report_refund(&refund, emission)? } else { Vec::new() };
        Ok(Sold { refund: Some(refund.id), events, ..sold(self.sale(&refund.transaction)?) })
    }

    pub(super) fn open_dispute(
        &mut self,
        order: &NewDispute,
        emission: &Emission,
    ) -> Result<Sold, CommandError> {
        check_copies(emission.copies)?;
        let created = self.created(emission);
        let sale = self.sale(&order.transaction)?;
        let rest = sale.paid().saturating_sub(sale.refunded);
        let amount = order.amount.unwrap_or_else(|| sale.paid());
        let id = self.id("disp");
        let mut drafts = Vec::new();
        if !order.keeps_money && rest > 0 {
            let refund = self.refund(&order.transaction, rest, "succeeded", emission)?;
            if order.reports_refund {
                let object = self.refund_object(&refund, self.sale(&order.transaction)?);
                drafts.push(("refund.created", object));
            }
        }
        // The API's word; events have been seen with `chargeback`.
        "chargedBack".clone_into(&mut self.sale_mut(&order.transaction)?.status);
        let object = self.dispute_object(&id, amount, created, self.sale(&order.transaction)?);
        drafts.insert(0, ("dispute.created", object));
        let events = self.emit(emission, created, drafts);
        Ok(Sold { dispute: Some(id), events, ..sold(self.sale(&order.transaction)?) })
    }

    pub(super) fn end_dispute(&mut self, end: &EndDispute) -> Result<(), CommandError> {
        let sale = self.sale_mut(&end.transaction)?;
        if end.won {
            "paid".clone_into(&mut sale.status);
            sale.refunded = 0;
        } else {
            "chargedBack".clone_into(&mut sale.status);
        }
        Ok(())
    }
}
