//! What an operator does about each reason for which an event is parked, before it is replayed.

/// What fixes `reason`. A person may have no way to fix it; then the customer's case is the way.
pub(super) fn remedy(reason: &str) -> &'static str {
    match reason {
        "account_unknown" => {
            "Find out whose customer it is, and link it with `makegood parked link`; or resend the \
             checkout's event that names the account. Drop an event of another product's customer, and list \
             that product's prices in ignore_prices."
        }
        "account_mismatch" => {
            "The provider's customer belongs to another account. Find out whose purchase it is; refund it in \
             the provider's dashboard, or have it bought again under the right account; then drop the \
             event. A replay alone changes nothing."
        }
        "price_unknown" => {
            "Add the price to catalogue.toml, or list it in ignore_prices if it is another product's; \
             publish it with `makegood catalogue publish catalogue.toml`, then replay: it is applied as of \
             the charge."
        }
        "price_kind" => {
            "The price is sold in another way than the catalogue says. Correct the entry, publish it with \
             `makegood catalogue publish catalogue.toml`, then replay."
        }
        "lines_unknown" => {
            "The event does not carry what was bought. Settle the case that opened itself for the \
             purchase, or refund the payment in the provider's dashboard. A replay helps only once the \
             lines are known."
        }
        "several_purchases" | "too_many_purchases" => {
            "Several products were bought at once. Settle the case that opened itself for the purchase, \
             or refund the payment in the provider's dashboard. A replay alone changes nothing."
        }
        "amount_mismatch" => {
            "What was paid is not what the lines cost. Compare the payment in the provider's dashboard with \
             the catalogue; correct the entry, publish it with `makegood catalogue publish catalogue.toml` \
             and replay, or refund the payment."
        }
        "quantity" => {
            "The quantity is missing or buys less than one credit. Refund the payment in the \
             provider's dashboard, or settle its case."
        }
        "proration_only" => {
            "Money for a change within a period. Decide with the customer: settle the case of the \
             payment, or refund it in the provider's dashboard. A replay alone changes nothing."
        }
        "payment_unknown" => {
            "The payment is not recorded. Reconcile the time of its purchase with `makegood reconcile`, or \
             resend the event of the purchase (with Stripe also invoice_payment.paid), then replay."
        }
        "too_many_lots" => {
            "The account holds as many lots as it can. Replay once it has used some up, or settle the \
             case of the purchase."
        }
        "event_conflict" => {
            "Another event of this id granted credits, and those count. Compare both with --payload and by \
             `makegood history`. If the provider's dashboard does not list this one, change the webhook's \
             signing secret: somebody else may have it. A replay alone changes nothing."
        }
        "refund_mismatch" => {
            "The refund differs from the request that it names. Compare both in the provider's dashboard and \
             by `makegood history`; correct the refund there. A replay alone changes nothing."
        }
        "refund_exceeds" => {
            "More was refunded than is recorded as left of the payment. Compare the payment's refunds in \
             the provider's dashboard with `makegood history`, then replay."
        }
        "value_unknown" => {
            "The provider sent a value that this version does not know. Update Makegood to a version that \
             does, then replay."
        }
        "unreadable" => {
            "The event has a form that this version cannot read. Check the API version of the webhook \
             endpoint; update Makegood, then replay."
        }
        "out_of_range" => {
            "An amount or an instant is out of range. Look at the event with --payload, and settle the \
             purchase in the provider's dashboard."
        }
        _ => "Look at the event with --payload and at the function's log of that instant.",
    }
}

/// The reasons of the function that parks, as its source names them.
#[cfg(test)]
pub(super) fn reasons() -> Vec<&'static str> {
    let source = include_str!("../../../../shared/intake/src/outcome.rs");
    let (_, unapplied) = source.split_once("    ParkReason {").expect("the reasons are declared there");
    let (unapplied, _) = unapplied.split_once("\n    }").expect("the declaration ends");
    let variants = unapplied.lines().filter(|line| line.trim_end().ends_with("\","));
    variants.filter_map(|line| line.split('"').nth(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::{reasons, remedy};

    #[test]
    fn every_reason_for_parking_has_a_remedy() {
        let (reasons, unnamed) = (reasons(), remedy("-"));
        assert!(reasons.contains(&"price_unknown") && reasons.len() > 10, "{reasons:?}");
        for reason in reasons {
            assert_ne!(remedy(reason), unnamed, "{reason} needs what an operator does about it");
        }
    }
}
