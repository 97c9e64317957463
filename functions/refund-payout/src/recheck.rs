//! The look at the records with which a payout begins: what was approved may have waited, and what a person
//! would not approve any more is not paid.

use ledger::{Abuse, ExecuteError, Pause, Timestamp};
use refunds::{Payout, RefundRequest, State};

use crate::runner::{PayoutResult, PayoutRunner};
use crate::store::PayoutStore;

impl<S: PayoutStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Why an approved payout goes back to a person instead of to Stripe.
    pub(crate) async fn held_back_for(
        &self,
        request: &RefundRequest,
        payout: &Payout,
    ) -> PayoutResult<S, Option<&'static str>> {
        let (payment, head, records) = tokio::join!(
            self.store.payment(&payout.payment),
            self.store.head(&request.account),
            self.store.records_of(&request.account),
        );
        let payment = payment.map_err(ExecuteError::Store)?;
        let head = head.map_err(ExecuteError::Store)?;
        let records = records.map_err(ExecuteError::Store)?;
        // Stripe's instants are whole seconds: a refund of the approval's own second was counted by it.
        let approved_s = approved_at(request).map_or(i64::MAX, Timestamp::as_s);
        let elsewhere = records
            .refunded_elsewhere
            .iter()
            .any(|(of, made_at)| *of == payout.payment && made_at.as_s() > approved_s);
        // What was confirmed before was before the person who approved.
        let confirmed = records
            .finding
            .is_some_and(|finding| finding.abuse == Abuse::Confirmed && finding.at.as_s() >= approved_s);
        Ok(if payment.is_some_and(|payment| payment.bars_refunds()) {
            Some("payment_disputed")
        } else if elsewhere {
            Some("payment_refunded_elsewhere")
        } else if confirmed {
            Some("abuse_confirmed")
        } else if head.is_some_and(|head| head.after().suspended) {
            Some("account_suspended")
        } else {
            None
        })
    }
}

fn approved_at(request: &RefundRequest) -> Option<Timestamp> {
    request.steps().iter().rev().find(|step| step.state == State::Approved).map(|step| step.at)
}
