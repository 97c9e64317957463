//! Invoices that several payments paid.

use super::command::{DivideInvoice, Emission};
use super::purchase::Made;
use super::record::Invoice;
use super::render;
use super::world::{CommandError, Draft, World, check_copies};

impl World {
    /// Several payments in place of the one of a paid invoice. The first one keeps its id.
    pub(crate) fn divide_invoice(
        &mut self,
        order: &DivideInvoice,
        emission: &Emission,
    ) -> Result<Made, CommandError> {
        check_copies(emission.copies)?;
        let unknown = || CommandError::Unknown { kind: "invoice", id: order.invoice.clone() };
        let invoice = self.invoices.get(&order.invoice).cloned().ok_or_else(unknown)?;
        let paid = self.payments.get(&invoice.payment).cloned().ok_or_else(unknown)?;
        let sum = order.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(*part));
        if sum != Some(paid.amount) || order.parts.contains(&0) {
            return Err(CommandError::Amount);
        }
        let (mut listed, mut drafts) = (Vec::new(), Vec::new());
        for (place, amount) in (0_i64..).zip(&order.parts) {
            let mut payment = paid.clone();
            payment.amount = *amount;
            if place > 0 {
                (payment.id, payment.charge) = (self.id("pi"), self.id("ch"));
            }
            let paid_at = invoice.paid_at.saturating_add(place);
            let part = Invoice { invoice_payment: self.id("inpay"), paid_at, ..invoice.clone() };
            let object = render::invoice_payment(&part, &payment, self.settings.livemode);
            self.payments.insert(payment.id.clone(), payment);
            listed.insert(0, object.clone());
            drafts.push(Draft::new("invoice_payment.paid", object));
        }
        self.lists.insert(format!("/v1/invoice_payments?invoice={}", invoice.id), listed);
        let created = Self::created(emission, None);
        Ok(Made {
            customer: Some(paid.customer),
            payment: Some(paid.id),
            invoice: Some(invoice.id),
            events: self.emit(emission, created, drafts),
            ..Made::default()
        })
    }
}
