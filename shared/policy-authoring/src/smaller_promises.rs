//! Which promises a version makes smaller than the one before it, beside how it decides requests (S2-33).

use policy::{
    Document, EmptySuccess, FailureEffect, FailureKind, LateSuccess, OnLostDispute, OnOutsideRefund,
    OnRefund, OnRenewal, OnResubscribe, OnUpgrade, Revocation, ServiceLevel, ServiceLevelStart, Term,
    TermUnit, TermValue,
};

/// What `after` promises less than `before`, in words.
pub(crate) fn smaller(before: &Document, after: &Document) -> Vec<String> {
    let parts = [failures, service_levels, credits, refunds, offers, people];
    parts.iter().flat_map(|part| part(before, after)).collect()
}

/// What is said for each finding that holds.
fn said<const N: usize>(findings: [(&str, bool); N]) -> Vec<String> {
    findings.into_iter().filter(|(_, holds)| *holds).map(|(what, _)| what.to_owned()).collect()
}

fn failures(before: &Document, after: &Document) -> Vec<String> {
    let mut smaller = Vec::new();
    for operation in &before.operations {
        let of = |document: &Document, kind| {
            document.operation(&operation.id).map(|listed| listed.failures.rule(kind).then)
        };
        for kind in FailureKind::ALL {
            match (of(before, *kind), of(after, *kind)) {
                (Some(FailureEffect::GiveBack), is) if is != Some(FailureEffect::GiveBack) => {
                    smaller.push(format!(
                        "the credits of `{}` do not come back by themselves after `{}`",
                        operation.id,
                        kind.as_str()
                    ));
                }
                (Some(FailureEffect::Person), Some(FailureEffect::Success)) => {
                    smaller.push(format!("nobody looks at `{}` of `{}`", kind.as_str(), operation.id));
                }
                _ => {}
            }
        }
        let later = after.hold_deadline_s(&operation.id) > before.hold_deadline_s(&operation.id);
        if later && of(after, FailureKind::HoldTimeout).is_some() {
            smaller.push(format!("the credits of a `{}` that is stuck come back later", operation.id));
        }
    }
    for known in &before.empty_success {
        for operation in &known.operations {
            let covers = |each: &EmptySuccess| {
                each.operations.contains(operation)
                    && each.matches.iter().all(|part| known.matches.contains(part))
            };
            if !after.empty_success.iter().any(covers) {
                smaller.push(format!("the empty answer `{}` of `{operation}` is no failure", known.id));
            }
        }
    }
    smaller
}

fn service_levels(before: &Document, after: &Document) -> Vec<String> {
    let mut smaller = Vec::new();
    for was in &before.service_levels {
        let Some(is) = after.service_levels.iter().find(|each| each.id == was.id) else {
            smaller.push(format!("clock `{}` is gone", was.id));
            continue;
        };
        if let (Some(from), Some(to)) = (before.term(&was.limit), after.term(&is.limit))
            && is_longer_than(to, from)
        {
            smaller.push(format!(
                "clock `{}` promises {} where it was {}",
                was.id,
                to.value_text(),
                from.value_text()
            ));
        }
        let findings = [
            ("says what is usual where it promised", was.firm && !is.firm),
            ("stands still while the customer is asked", is.pauses && !was.pauses),
            ("starts later", is_later(was.starts, is.starts)),
            ("is for fewer requests", is_for_fewer(was, is)),
        ];
        smaller.extend(said(findings).into_iter().map(|what| format!("clock `{}` {what}", was.id)));
    }
    smaller
}

/// Whether `term` is more time than `other`; a day of business outlasts any hours of business.
fn is_longer_than(term: &Term, other: &Term) -> bool {
    let length = |term: &Term| match (&term.value, term.seconds()) {
        (_, Some(seconds)) => Some((false, seconds)),
        // The end of a business day comes within a business day.
        (TermValue::Number(days, TermUnit::BusinessDays), None) => {
            Some((true, u64::from(*days).saturating_mul(2)))
        }
        (TermValue::Number(ends, TermUnit::BusinessDayEnds), None) => {
            Some((true, u64::from(*ends).saturating_mul(2).saturating_sub(1)))
        }
        (TermValue::Number(hours, _), None) => Some((false, u64::from(*hours).saturating_mul(3_600))),
        (TermValue::Words(_) | TermValue::Amounts(_), None) => None,
    };
    length(term) > length(other)
}

/// Everything that a request needs is there with the request or after it.
fn is_later(was: ServiceLevelStart, is: ServiceLevelStart) -> bool {
    let place = |start| match start {
        ServiceLevelStart::GenerationFailed | ServiceLevelStart::PaymentCharged => 0,
        ServiceLevelStart::RequestSubmitted => 1,
        ServiceLevelStart::RequestComplete => 2,
        // Of the provider's deadline nothing is promised.
        ServiceLevelStart::RefundSucceeded
        | ServiceLevelStart::DisputeOpened
        | ServiceLevelStart::RefundByHand => 3,
    };
    place(is) > place(was)
}

/// A list of no reasons, or of no products, means all of them.
fn is_for_fewer(was: &ServiceLevel, is: &ServiceLevel) -> bool {
    let lost = |all_before: bool, all_after: bool, kept: bool| !all_after && (all_before || !kept);
    let reasons = was.reasons.iter().all(|each| is.reasons.contains(each));
    let products = was.products.iter().all(|each| is.products.contains(each));
    lost(was.reasons.is_empty(), is.reasons.is_empty(), reasons)
        || lost(was.products.is_empty(), is.products.is_empty(), products)
}

fn credits(before: &Document, after: &Document) -> Vec<String> {
    let stay = |document: &Document| {
        document.leftover.as_ref().map_or((u64::MAX, u64::MAX, false), |leftover| {
            let keeps_clock = leftover.on_resubscribe == OnResubscribe::KeepClock;
            (leftover.after_end_s, leftover.grace_after_failed_job_s, keeps_clock)
        })
    };
    let ((was, grace_was, kept), (is, grace_is, keeps)) = (stay(before), stay(after));
    let late = |document: &Document| document.late_success.then;
    said([
        (
            "a result that comes late is charged",
            late(before) == LateSuccess::Free && late(after) == LateSuccess::Charge,
        ),
        ("left-over credits expire sooner", is < was),
        ("credits that a late failure gives back expire sooner", grace_is < grace_was),
        ("left-over credits expire although the customer subscribes again", keeps && !kept),
        (
            "a renewal replaces the credits that are left",
            before.on_renewal == OnRenewal::Add && after.on_renewal == OnRenewal::Replace,
        ),
        (
            "a change of plan brings less than the whole difference",
            before.on_upgrade == OnUpgrade::FullDifference && after.on_upgrade != OnUpgrade::FullDifference,
        ),
        (
            "a change of plan replaces the credits that are left",
            before.on_upgrade != OnUpgrade::Reset && after.on_upgrade == OnUpgrade::Reset,
        ),
    ])
}

fn refunds(before: &Document, after: &Document) -> Vec<String> {
    let (was, is) = (&before.on_refund, &after.on_refund);
    let within = |document: &Document| document.duplicates_within_s.unwrap_or_default();
    said([
        ("a refund revokes more credits", is.revoke > was.revoke),
        ("a refund of a part revokes more credits", is.revoke_of_part > was.revoke_of_part),
        ("a reviewer may revoke more credits", most_chosen(is) > most_of_part(was)),
        ("a refund cancels the subscription", is.cancel && !was.cancel),
        ("a refund of a part cancels the subscription", is.cancel_for_part && !was.cancel_for_part),
        ("a reviewer may cancel the subscription", is.reviewer_may_cancel && !may_cancel(was)),
        ("a refund makes spent credits a debt", is.debt_for_spent && !was.debt_for_spent),
        (
            "a refund without a request revokes credits",
            after.on_outside_refund == OnOutsideRefund::Revoke
                && before.on_outside_refund == OnOutsideRefund::Person,
        ),
        (
            "a lost dispute revokes credits",
            after.on_dispute.lost == OnLostDispute::Revoke && before.on_dispute.lost == OnLostDispute::Keep,
        ),
        (
            "a lost dispute makes spent credits a debt",
            after.on_dispute.debt_for_spent && !before.on_dispute.debt_for_spent,
        ),
        (
            "credits that a dispute froze expire sooner after it is won",
            after.on_dispute.grace_after_won_s.unwrap_or_default()
                < before.on_dispute.grace_after_won_s.unwrap_or_default(),
        ),
        (
            "a disputed payment lets more be done against the account",
            after.on_dispute.measures.iter().any(|measure| !before.on_dispute.measures.contains(measure)),
        ),
        ("fewer payments count as made twice", within(after) < within(before)),
    ])
}

/// The most that a reviewer may choose to revoke.
fn most_chosen(terms: &OnRefund) -> Revocation {
    terms.reviewer_may_revoke.iter().copied().max().unwrap_or(Revocation::Nothing)
}

/// The most that a refund of a part can revoke.
fn most_of_part(terms: &OnRefund) -> Revocation {
    most_chosen(terms).max(terms.revoke_of_part)
}

/// Whether a refund of a part can cancel the subscription.
fn may_cancel(terms: &OnRefund) -> bool {
    terms.reviewer_may_cancel || terms.cancel_for_part
}

fn offers(before: &Document, after: &Document) -> Vec<String> {
    let mut smaller = Vec::new();
    for was in &before.offers {
        let Some(is) = after.offers.iter().find(|each| each.id == was.id) else {
            smaller.push(format!("`{}` is not offered", was.id));
            continue;
        };
        let usable = |usable_s: Option<u64>| usable_s.unwrap_or(u64::MAX);
        let findings = [
            ("is a smaller discount", is.percent.unwrap_or_default() < was.percent.unwrap_or_default()),
            ("brings credits that expire sooner", usable(is.usable_s) < usable(was.usable_s)),
            ("is another offer", is.kind != was.kind || is.remedy != was.remedy),
        ];
        smaller.extend(said(findings).into_iter().map(|what| format!("`{}` {what}", was.id)));
    }
    for was in &before.rules {
        let Some(is) = after.rules.iter().find(|each| each.id == was.id) else { continue };
        let gone = was.offers.iter().filter(|id| !is.offers.contains(id));
        let gone = gone.filter(|id| after.offers.iter().any(|offer| &offer.id == *id));
        smaller.extend(gone.map(|id| format!("rule `{}` does not offer `{id}`", was.id)));
    }
    smaller
}

/// Who looks at requests, what the law adds, and how changes are announced.
fn people(before: &Document, after: &Document) -> Vec<String> {
    let mut smaller = Vec::new();
    for was in &before.law {
        match after.law.iter().find(|each| each.id == was.id) {
            None => smaller.push(format!("the law `{}` is not heeded", was.id)),
            Some(is) if was.signed_by.is_some() && is.signed_by.is_none() => {
                smaller.push(format!("the law `{}` is only recommended", was.id));
            }
            Some(_) => {}
        }
    }
    let notice = |document: &Document| document.notice_s.unwrap_or_default();
    smaller.extend(said([("changes are announced later", notice(after) < notice(before))]));
    smaller
}
