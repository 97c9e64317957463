//! What the policy that a payment pinned says of it before anybody asks: until when its windows are open.

use ledger::{AccountRecords, Entry, Payment, Subscriber, Subscription, Timestamp};
use policy::{Document, FactError, Reason, window_until};
use policy_documents::documents;

use crate::facts::gather;
use crate::question::{CustomerClaims, Question};
use crate::records::Records;

/// Until when a customer gets more than later, as the payment's credits are used at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Windows {
    /// For a change of mind that is granted, or that a grant is recommended for; `None` where time takes
    /// nothing from it.
    pub refund_until: Option<Timestamp>,
    /// For a statutory withdrawal; `None` also where no law beside the policy is known to apply.
    pub withdrawal_until: Option<Timestamp>,
}

/// The windows of a recorded payment under the version that it pinned, or else the one in force.
pub fn windows(
    payment: &Payment,
    subscription: Option<&Subscription>,
    subscriber: Option<&Subscriber>,
    head: Option<&Entry>,
    now: Timestamp,
) -> Result<Windows, FactError> {
    let Some(document) = document_of(payment, now) else { return Ok(Windows::default()) };
    let records = Records {
        payment: Some(payment.clone()),
        subscription: subscription.cloned(),
        subscriber: subscriber.cloned(),
        head: head.cloned(),
        account: AccountRecords::default(),
        ..Records::default()
    };
    let until = |reason| {
        let said = CustomerClaims {
            from_account: Some(true),
            channel: Some("api".to_owned()),
            ..CustomerClaims::default()
        };
        let asked = Question {
            occasion: None,
            reason,
            payment: Some(payment.id.clone()),
            generation: None,
            note: "-".to_owned(),
            fingerprint: [0; 32],
            said,
        };
        let facts = gather(&records, &asked, document, Some(&payment.product), now)?;
        let until = window_until(document, &facts, reason, payment.charged_at.as_ms());
        Ok(until.and_then(|(until, gets)| Some((Timestamp::from_ms(until).ok()?, gets))))
    };
    // A change of mind that is only put before a person has no window of its own.
    let refund = until(Reason::ChangedMind)?.filter(|(_, gets)| gets.remedy().is_some());
    let withdrawal = until(Reason::StatutoryWithdrawal)?;
    Ok(Windows {
        refund_until: refund.map(|(until, _)| until),
        withdrawal_until: withdrawal.map(|(until, _)| until),
    })
}

fn document_of(payment: &Payment, now: Timestamp) -> Option<&'static Document> {
    let pinned = payment.policy.as_ref();
    let pinned = pinned.and_then(|policy| documents().version(&policy.document, &policy.version));
    pinned.or_else(|| documents().in_force(payment.product.as_str(), now.as_ms()).document())
}
