//! What payouts need of the tables: requests with what is written together, and the count of refunds that no
//! request made.

use std::future::Future;

use ledger::{Cause, ExecuteError, LedgerStore, Pause, PaymentId, Timestamp};
use ledger_dynamodb::{AdoptionOutcome, CreditTerms, ExternalRefund, Tables};
use refunds::{OutsideRefundTotal, RefundStore};

type Failure<S> = ExecuteError<<S as LedgerStore>::Error>;

/// The tables of payouts.
pub trait PayoutStore: RefundStore {
    /// Counts a refund that no request made on its payment, once, with what the policy says of its credits.
    /// False if it is more than what is left of the payment.
    fn count_outside<P: Pause>(
        &self,
        pause: &P,
        of: (&PaymentId, OutsideRefundTotal),
        cause: Cause,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool, Failure<Self>>> + Send;
}

impl PayoutStore for Tables {
    async fn count_outside<P: Pause>(
        &self,
        pause: &P,
        (payment, outside): (&PaymentId, OutsideRefundTotal),
        cause: Cause,
        now: Timestamp,
    ) -> Result<bool, Failure<Self>> {
        let terms = CreditTerms { cause, now, of_purchase: intake::outside_terms_of };
        let OutsideRefundTotal { id, amount } = outside;
        let adopted = ExternalRefund { id, payment: payment.clone(), amount, made_at: now, failed: false };
        // An entry on its way is large.
        let adoption = Box::pin(self.adopt_refund_and_credits(pause, &adopted, Some(&terms)));
        match adoption.await.map_err(ExecuteError::Store)? {
            AdoptionOutcome::Counted | AdoptionOutcome::Lifted | AdoptionOutcome::Known => Ok(true),
            AdoptionOutcome::Exceeds | AdoptionOutcome::UnknownPayment => Ok(false),
            AdoptionOutcome::Busy => Err(ExecuteError::Busy),
        }
    }
}
