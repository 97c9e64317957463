//! How the money of one payment at Stripe is divided among its purchases and what brought no credits.

use ledger::{Division, Payment, PaymentId, PaymentStore};

use crate::item::{Item, division_key, number, read_number};
use crate::{StoreError, Tables};

/// Writes a division's attributes. The sum of refunds moves by condition.
pub(crate) fn write(division: &Division, item: &mut Item) {
    item.insert("purchases".to_owned(), number(division.purchases));
    item.insert("beside_minor".to_owned(), number(division.beside_minor));
    item.insert("beside_refunded_minor".to_owned(), number(division.beside_refunded_minor));
}

impl Tables {
    /// How a payment is divided; `None` for one that is one purchase alone.
    pub async fn division(&self, payment: &PaymentId) -> Result<Option<Division>, StoreError> {
        let Some(item) = self.get(&self.ledger, division_key(payment)).await? else { return Ok(None) };
        Ok(Some(Division {
            payment: payment.at_stripe(),
            purchases: read_number(&item, "purchases")?,
            beside_minor: read_number(&item, "beside_minor")?,
            beside_refunded_minor: read_number(&item, "beside_refunded_minor")?,
        }))
    }

    /// The purchases in the payment with Stripe's id, first one first, and how its money is divided; none if
    /// it is not recorded. The first purchase is read before the division that is written with it, so that a
    /// grant that is written meanwhile is seen whole.
    pub async fn purchases_in(
        &self,
        payment: &PaymentId,
    ) -> Result<(Vec<Payment>, Option<Division>), StoreError> {
        let Some(first) = self.payment(payment).await? else { return Ok((Vec::new(), None)) };
        let Some(division) = self.division(payment).await? else { return Ok((vec![first], None)) };
        let mut purchases = Vec::new();
        for place in 1..=division.purchases {
            let Some(id) = payment.purchase(place) else { break };
            purchases.extend(self.payment(&id).await?);
        }
        Ok((purchases, Some(division)))
    }
}
