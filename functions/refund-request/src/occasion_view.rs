//! The published form of what Stripe reported, for support alone: the report, what it costs, what a refund
//! would do, and what the policy lets the company do.

use cases::{FEES_AS_OF, MeasureAdvice, dispute_fee, measures};
use ledger::{Credits, Dispute, Money, Payment};
use policy::{Fact, OnFraudWarning, Value};
use refunds::{Occasion, QuoteInputs, RefundRequest, State, to_take_back};
use serde::Serialize;

use crate::quote_view::{MoneyAnswer, money};

#[derive(Serialize)]
pub(crate) struct OccasionAnswer {
    kind: &'static str,
    /// Stripe's id of it.
    id: String,
    /// What people should know before they decide, in sentences.
    advice: Vec<String>,
    /// What Stripe charges for a dispute, where that is known.
    dispute_fee: Option<FeeAnswer>,
    /// What the policy lets the company do, and whether the records prove that it may.
    measures: Vec<MeasureAnswer>,
    /// The kind of fraud that the card's issuer warns of, as Stripe names it.
    fraud_type: Option<String>,
    /// What the refund gave back that nobody asked us for.
    refunded: Option<MoneyAnswer>,
    /// The credits that `take_back` would take, and the debt that it would make.
    takes_back: Option<TakenAnswer>,
    /// The credits that a person took back.
    taken_back: Option<TakenAnswer>,
}

#[derive(Serialize)]
struct FeeAnswer {
    amount: MoneyAnswer,
    as_of: &'static str,
}

#[derive(Serialize)]
struct MeasureAnswer {
    measure: &'static str,
    recommended: bool,
    /// The facts that are not known.
    missing: Vec<&'static str>,
}

#[derive(Serialize)]
struct TakenAnswer {
    credits: u64,
    debt: u64,
}

/// A dispute of the payment.
#[derive(Serialize)]
pub(crate) struct DisputeAnswer {
    dispute: String,
    /// Stripe's word.
    status: String,
    /// Whether the bank only asks: no money is taken, and a refund ends it.
    inquiry: bool,
    opened_at: String,
    /// The network's reason, as Stripe names it.
    reason: Option<String>,
    amount: Option<MoneyAnswer>,
    /// Whether the payment can be refunded as far as this dispute goes.
    refundable: bool,
    /// Until when Stripe takes evidence.
    evidence_due_at: Option<String>,
}

pub(crate) fn disputes(standing: Option<&QuoteInputs<'_>>) -> Vec<DisputeAnswer> {
    let payment = standing.and_then(|standing| standing.payment);
    let disputes = payment.map_or(&[][..], |payment| &payment.disputes);
    let shown = |dispute: &Dispute| DisputeAnswer {
        dispute: dispute.id.as_str().to_owned(),
        status: dispute.status.clone(),
        inquiry: dispute.is_inquiry(),
        opened_at: dispute.opened_at.to_string(),
        reason: dispute.reason.clone(),
        amount: dispute.amount.map(money),
        refundable: !dispute.bars_refunds(),
        evidence_due_at: dispute.due_by.map(|due_by| due_by.to_string()),
    };
    disputes.iter().map(shown).collect()
}

/// The credits of the payment that a dispute freezes at present.
pub(crate) fn frozen(standing: Option<&QuoteInputs<'_>>) -> u64 {
    let lot = standing.and_then(|standing| {
        let payment = standing.payment?;
        standing.head?.after().lot(payment.lot)
    });
    lot.filter(|lot| lot.is_frozen()).map_or(0, |lot| lot.available.get())
}

/// What Stripe reported that opened the case.
pub(crate) fn occasion(
    request: &RefundRequest,
    standing: Option<&QuoteInputs<'_>>,
) -> Option<OccasionAnswer> {
    let occasion = request.case.occasion.as_ref()?;
    let payment = standing.and_then(|standing| standing.payment);
    let text = |fact| match request.case.facts.get(fact) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let is_open = matches!(request.state(), State::InReview);
    let taken =
        |(credits, debt): (Credits, Credits)| TakenAnswer { credits: credits.get(), debt: debt.get() };
    let of_credits = |standing: &QuoteInputs<'_>| {
        let lot = to_take_back(request, standing)?;
        Some(taken((lot.revoked, lot.debt)))
    };
    let outside = matches!(occasion, Occasion::OutsideRefund(_));
    let (kind, advice) = match occasion {
        Occasion::Dispute(id) => {
            let disputes = payment.map_or(&[][..], |payment| &payment.disputes);
            (
                "dispute",
                disputes.iter().find(|known| known.id == *id).map_or_else(Vec::new, |it| about(it, payment)),
            )
        }
        Occasion::FraudWarning(_) => {
            let says = standing.map(|standing| standing.document.on_dispute.on_fraud_warning);
            ("fraud_warning", says.map_or_else(Vec::new, |says| about_warning(says, payment)))
        }
        Occasion::OutsideRefund(_) => (
            "outside_refund",
            vec![
            "The money has left already. `take_back` takes the credits that it bought, `leave` leaves them."
                .to_owned(),
        ],
        ),
    };
    let minor = match request.case.facts.get(Fact::OutsideRefund) {
        Some(Value::Integer(minor)) => u64::try_from(*minor).ok(),
        _ => None,
    };
    let fee = payment.filter(|_| !outside).and_then(|payment| dispute_fee(payment.paid.currency()));
    Some(OccasionAnswer {
        kind,
        id: occasion.id().to_owned(),
        advice: advice.into_iter().filter(|_| is_open).collect(),
        dispute_fee: fee.map(|amount| FeeAnswer { amount: money(amount), as_of: FEES_AS_OF }),
        measures: standing
            .map(|standing| measures(standing.document, &request.case))
            .unwrap_or_default()
            .iter()
            .map(measure)
            .collect(),
        fraud_type: text(Fact::FraudType),
        refunded: minor
            .zip(payment)
            .map(|(minor, payment)| money(Money::new(minor, payment.paid.currency()))),
        takes_back: standing.filter(|_| is_open && outside).and_then(of_credits),
        taken_back: request.taken_back().map(taken),
    })
}

fn measure(advice: &MeasureAdvice) -> MeasureAnswer {
    MeasureAnswer {
        measure: advice.measure.as_str(),
        recommended: advice.recommended,
        missing: advice.missing.iter().map(|fact| fact.as_str()).collect(),
    }
}

/// What a refund of a disputed payment would do.
fn about(dispute: &Dispute, payment: Option<&Payment>) -> Vec<String> {
    let left = payment.is_some_and(|payment| payment.refundable().is_ok_and(|left| !left.is_zero()));
    let text = if !left {
        "Nothing of the payment is left to refund: the evidence says what was given back."
    } else if payment.is_some_and(Payment::bars_refunds) {
        "Stripe lets this payment be refunded no more: the bank decides about the money."
    } else if dispute.is_inquiry() {
        "A full refund ends the inquiry without a dispute and its fee. A part may still become a dispute."
    } else {
        "Stripe still lets this payment be refunded. After a full refund no more of it is withdrawn."
    };
    vec![text.to_owned()]
}

/// What the policy says about a fraud warning.
fn about_warning(says: OnFraudWarning, payment: Option<&Payment>) -> Vec<String> {
    let text = if payment.is_some_and(Payment::bars_refunds) {
        "The payment is disputed already: the dispute has a case of its own."
    } else {
        match says {
            OnFraudWarning::Refund => {
                "Most such payments are disputed later. A payment that is refunded in full is not disputed \
                 any more, and the fee of a dispute is saved."
            }
            OnFraudWarning::Watch => "The policy waits: nothing is refunded for a warning alone.",
        }
    };
    vec![text.to_owned()]
}
