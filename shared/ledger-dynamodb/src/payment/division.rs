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

    /// The purchases of one payment at Stripe, first one first, each read by itself; none if it is not
    /// recorded.
    pub async fn purchases_of(
        &self,
        payment: &PaymentId,
        division: Option<&Division>,
    ) -> Result<Vec<Payment>, StoreError> {
        let mut purchases = Vec::new();
        for place in 1..=division.map_or(1, |division| division.purchases) {
            let Some(id) = payment.purchase(place) else { break };
            purchases.extend(self.payment(&id).await?);
        }
        Ok(purchases)
    }
}
