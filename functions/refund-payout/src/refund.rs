//! The refunds of a payout: found, or made once.
//!
//! The intent is stored before a provider is asked. Any later attempt looks first for what there is, and asks
//! only for what there is not: Stripe's refund is found by the request's id, and a payment whose provider
//! keeps a total alone by the amount that the total has grown by. What a provider answers is saved as a
//! report, the same as an event's.

use ledger::{Cause, ExecuteError, Money, Pause, RefundRequestId};
use refunds::{
    Payout, RefundRequest, ReportOutcome, Save, SaveOutcome, State, TotalOutcome, TotalSighting, decline,
    report, settle_total,
};

use crate::provider::{Answered, CallError, DeclinedCall, Found, ProviderCalls};
use crate::runner::{PayoutError, PayoutResult, PayoutRunner};
use crate::store::PayoutStore;

/// Why a payout fails whose invoice has less left to refund through Stripe than its amount.
const NO_CHARGE: &str = "no_refundable_payment";

/// How long a refund that was asked for may be under way although the payment's total does not have it, in
/// seconds: a call is cut off after a fraction of that, and the function itself after a minute.
const UNDER_WAY_S: i64 = 120;

/// What is to be done about a part.
enum Next {
    /// Nothing: the request is in this state.
    Done(State),
    /// It is to be asked for; `before` is the sum of the payment's refunds, where that is what is known.
    Ask { another_key: bool, before: Option<Money> },
}

impl<S: PayoutStore, P: Pause> PayoutRunner<'_, S, P> {
    /// Makes the refunds of a payout, or finds those that were made: one, or one of each payment of an
    /// invoice that it takes. Each part is asked for once, whatever the others came to.
    pub(crate) async fn refund<C: ProviderCalls>(
        &self,
        calls: &C,
        id: &RefundRequestId,
        mut request: RefundRequest,
        payout: Payout,
    ) -> PayoutResult<S, State> {
        // What waits for a person to be refunded by hand is looked at each time.
        let is_unasked = request.state() == State::Approved || request.refund_by_hand().is_some();
        if is_unasked && let Some(reason) = self.held_back_for(&request, &payout).await? {
            return self.back(&request, reason).await;
        }
        if let Some(paid) = calls.payments_of(&payout).await? {
            match paid.of {
                Some(charges) => {
                    if !request.divide(paid.number, charges) {
                        return Err(PayoutError::Order);
                    }
                }
                None => return self.give_up(&request, paid.number, NO_CHARGE, false).await,
            }
        }
        let mut state = request.state();
        let mut next = request.payout().and_then(|payout| payout.open_part(0));
        while let Some(part) = next {
            state = self.refund_part(calls, id, &mut request, part).await?;
            let from = part.saturating_add(1);
            if request.payout().is_none_or(|payout| payout.open_part(from).is_none()) {
                break;
            }
            // Each report is a save of its own, and events may have moved the request as well.
            request = self.read(id).await?.ok_or(PayoutError::NoRequest)?;
            state = request.state();
            let pays = matches!(state, State::Approved | State::Paying);
            next = request.payout().filter(|_| pays).and_then(|payout| payout.open_part(from));
        }
        Ok(state)
    }

    /// Makes the refund of one part, or finds it.
    async fn refund_part<C: ProviderCalls>(
        &self,
        calls: &C,
        id: &RefundRequestId,
        request: &mut RefundRequest,
        number: usize,
    ) -> PayoutResult<S, State> {
        let found = calls.find(request, number, self.now).await?;
        match self.next(id, request, number, found).await? {
            Next::Done(state) => Ok(state),
            Next::Ask { another_key, before } => {
                self.store_attempt(request, number, another_key).await?;
                match calls.refund(request, number, before).await {
                    Ok(answered) => self.seen(id, answered).await,
                    Err(CallError::AfterALook(_)) => self.ask_again(calls, request, number).await,
                    Err(CallError::Declined(why)) => self.declined(calls, request, number, why).await,
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// What is to be done about a part of which this was found.
    async fn next(
        &self,
        id: &RefundRequestId,
        request: &mut RefundRequest,
        number: usize,
        found: Found,
    ) -> PayoutResult<S, Next> {
        match found {
            Found::Nothing { another_key } => Ok(Next::Ask { another_key, before: None }),
            Found::OnItsWay => Ok(Next::Done(request.state())),
            Found::Refund(refund) => self.seen(id, Answered::Refund(refund)).await.map(Next::Done),
            Found::Total { seen, left } => {
                let before = seen.total;
                self.settled(id, seen).await?;
                *request = self.read(id).await?.ok_or(PayoutError::NoRequest)?;
                self.next_by_total(request, number, (before, left)).await
            }
        }
    }

    /// What is to be done about a part whose payment has `left` to refund, after its total has settled what
    /// it could.
    async fn next_by_total(
        &self,
        request: &mut RefundRequest,
        number: usize,
        (before, left): (Money, Money),
    ) -> PayoutResult<S, Next> {
        let state = request.state();
        let payout = request.payout().filter(|_| matches!(state, State::Approved | State::Paying));
        let Some((payout, part)) = payout.and_then(|payout| Some((payout, payout.part(number)?))) else {
            return Ok(Next::Done(state));
        };
        if !part.is_open() {
            return Ok(Next::Done(state));
        }
        // A call refunds all that is left, and never more than was approved.
        if payout.by_hand || left.minor() > part.amount.minor() {
            return self.leave_to_person(request).await.map(Next::Done);
        }
        if left != part.amount {
            return Err(PayoutError::Mismatch);
        }
        match part.asked_at {
            Some(asked_at) if self.now.seconds_since(asked_at) < UNDER_WAY_S => Err(PayoutError::UnderWay),
            asked_at => Ok(Next::Ask { another_key: asked_at.is_some(), before: Some(before) }),
        }
    }

    async fn leave_to_person(&self, request: &mut RefundRequest) -> PayoutResult<S, State> {
        if request.leave_to_person(self.now).map_err(|_| PayoutError::ClaimedElsewhere)? {
            request.count_save();
            tracing::info!(outcome = "by_hand", "a refund waits for a person, who makes it at its provider");
            self.save(request).await?;
        }
        Ok(request.state())
    }

    /// Stores that a provider is about to be asked, before it is.
    async fn store_attempt(
        &self,
        request: &mut RefundRequest,
        number: usize,
        another_key: bool,
    ) -> PayoutResult<S, ()> {
        request.ask(number, self.now, another_key).map_err(|_| PayoutError::ClaimedElsewhere)?;
        request.count_save();
        self.save(request).await
    }

    async fn save(&self, request: &RefundRequest) -> PayoutResult<S, ()> {
        let save = Save { request: request.clone(), commit: None, refunded: None };
        match self.store.save(&save).await.map_err(ExecuteError::Store)? {
            SaveOutcome::Written => Ok(()),
            SaveOutcome::Stale(_)
            | SaveOutcome::Taken(_)
            | SaveOutcome::Ledger(_)
            | SaveOutcome::PaymentMoved
            | SaveOutcome::CountMoved
            | SaveOutcome::TooMany
            | SaveOutcome::NotAllowed => Err(PayoutError::ClaimedElsewhere),
        }
    }

    /// Saves what a provider says of the refund.
    async fn seen(&self, id: &RefundRequestId, answered: Answered) -> PayoutResult<S, State> {
        let seen = match answered {
            Answered::Refund(seen) => seen,
            Answered::Total(seen) => {
                self.settled(id, seen).await?;
                return Ok(self.read(id).await?.ok_or(PayoutError::NoRequest)?.state());
            }
        };
        let cause = Cause::RefundRequest(id.as_str().to_owned());
        match report(self.store, self.pause, id, &seen, cause, self.now).await? {
            ReportOutcome::Moved(state) | ReportOutcome::Known(state) => Ok(state),
            ReportOutcome::NotOurs => Err(PayoutError::NoRequest),
            ReportOutcome::Mismatch => Err(PayoutError::Mismatch),
        }
    }

    /// Saves what a provider says of all of a payment's refunds.
    async fn settled(&self, id: &RefundRequestId, seen: TotalSighting) -> PayoutResult<S, ()> {
        let cause = Cause::RefundRequest(id.as_str().to_owned());
        let settled = settle_total(self.store, self.pause, &seen, cause.clone(), self.now);
        let outside = match Box::pin(settled).await? {
            TotalOutcome::Applied { outside, .. } => outside,
            TotalOutcome::UnknownPayment | TotalOutcome::Mismatch => return Err(PayoutError::Mismatch),
        };
        let Some(outside) = outside else { return Ok(()) };
        tracing::warn!(refund = outside.id.as_str(), "a payment has a refund that no request made");
        let of = (&seen.payment, outside);
        if self.store.count_outside(self.pause, of, cause, self.now).await? {
            Ok(())
        } else {
            Err(PayoutError::Mismatch)
        }
    }

    /// The provider has kept a failure under this key: it is asked once more under another one, unless a look
    /// shows that the first call did its work.
    async fn ask_again<C: ProviderCalls>(
        &self,
        calls: &C,
        request: &mut RefundRequest,
        number: usize,
    ) -> PayoutResult<S, State> {
        let id = request.id.clone();
        let before = match calls.find(request, number, self.now).await? {
            Found::Nothing { .. } => None,
            found => match self.next(&id, request, number, found).await? {
                Next::Done(state) => return Ok(state),
                Next::Ask { before, .. } => before,
            },
        };
        self.store_attempt(request, number, true).await?;
        let answered = calls.refund(request, number, before).await?;
        self.seen(&id, answered).await
    }

    /// The provider declined for good. A payment that is refunded already has either our refund, or lost its
    /// money by another way: then the credits stay revoked.
    async fn declined<C: ProviderCalls>(
        &self,
        calls: &C,
        request: &mut RefundRequest,
        number: usize,
        why: DeclinedCall,
    ) -> PayoutResult<S, State> {
        let id = request.id.clone();
        let mut money_left = false;
        if why.refunded_already {
            match calls.find(request, number, self.now).await? {
                Found::Refund(refund) => return self.seen(&id, Answered::Refund(refund)).await,
                Found::OnItsWay => return Ok(request.state()),
                Found::Nothing { .. } => money_left = true,
                Found::Total { seen, .. } => {
                    self.settled(&id, seen).await?;
                    *request = self.read(&id).await?.ok_or(PayoutError::NoRequest)?;
                    let part = request.payout().and_then(|payout| payout.part(number));
                    if part.is_none_or(|part| !part.is_open()) {
                        return Ok(request.state());
                    }
                }
            }
        }
        if why.lacks_funds {
            let mut waiting = request.clone();
            if waiting.wait_for_funds(number, self.now) {
                waiting.count_save();
                self.save(&waiting).await?;
                return Ok(State::Paying);
            }
        }
        self.give_up(request, number, &why.code, money_left).await
    }

    async fn give_up(
        &self,
        request: &RefundRequest,
        number: usize,
        code: &str,
        money_left: bool,
    ) -> PayoutResult<S, State> {
        let declined = (number, code, money_left);
        match decline(self.store, self.pause, &request.id, declined, self.now).await? {
            ReportOutcome::Moved(state) => Ok(state),
            ReportOutcome::Known(_) | ReportOutcome::NotOurs | ReportOutcome::Mismatch => Ok(request.state()),
        }
    }
}
