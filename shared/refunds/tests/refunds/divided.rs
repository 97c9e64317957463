//! Payouts that are several refunds, through every order of what Stripe reports.

use ledger::{Currency, Money, PaymentId, Provider, RefundId};
use policy::Reason;
use refunds::{PayoutIntent, RefundRequest, RefundSighting, RefundStatus, SightingOutcome, State};

use crate::story::{Story, at};

fn usd(minor: u64) -> Money {
    Money::new(minor, Currency::new("usd").unwrap())
}

/// A request whose payout of 1000 cents is divided among two payments, both of which Stripe was asked for.
fn divided() -> RefundRequest {
    let now = at("2026-11-02T10:00:00Z");
    let mut story = Story::submitted("music-studio", Reason::Other, State::InReview, now);
    story.goes(State::Approved, now);
    let mut request = story.request;
    let payment = |id: &str| PaymentId::new(id).unwrap();
    assert!(!request.divide(0, vec![(payment("pi_1"), usd(700)), (payment("pi_2"), usd(299))]));
    assert!(!request.divide(1, vec![(payment("pi_1"), usd(1_000))]));
    assert!(request.divide(0, vec![(payment("pi_1"), usd(700)), (payment("pi_2"), usd(300))]));
    request.ask(0, now, false).unwrap();
    request.ask(1, now, false).unwrap();
    request
}

fn seen(part: usize, status: RefundStatus) -> RefundSighting {
    let (id, payment, minor) = [("re_1", "pi_1", 700), ("re_2", "pi_2", 300)][part];
    RefundSighting {
        id: RefundId::new(id).unwrap(),
        payment: PaymentId::new(payment).unwrap(),
        amount: usd(minor),
        status,
        failure: None,
    }
}

#[test]
fn reports_of_parts_lead_to_one_state_in_every_order() {
    use RefundStatus::{Failed, Pending, Succeeded};
    let now = at("2026-11-02T11:00:00Z");
    for (second, ends, standing) in [(Succeeded, State::Refunded, 1_000), (Failed, State::Failed, 700)] {
        let reports = [(0, Pending), (0, Succeeded), (1, Pending), (1, second)];
        let orders: Vec<[usize; 4]> = (0..256)
            .map(|code| [code % 4, code / 4 % 4, code / 16 % 4, code / 64])
            .filter(|order| (0..4).all(|each| order.contains(&each)))
            .collect();
        assert_eq!(orders.len(), 24);
        for order in orders {
            let mut request = divided();
            let mut undone = Vec::new();
            // Each report comes twice.
            for (part, status) in order.iter().flat_map(|each| [reports[*each]; 2]) {
                match request.observe(&seen(part, status), now) {
                    SightingOutcome::MovedToFailed(part) => undone.push(part),
                    outcome => assert_ne!(outcome, SightingOutcome::Mismatch, "{order:?}"),
                }
            }
            let payout = request.payout().unwrap();
            assert_eq!((request.state(), payout.standing()), (ends, usd(standing)), "{order:?}");
            assert_eq!(undone, if second == Failed { vec![1] } else { vec![] }, "{order:?}");
            assert_eq!((payout.amount(), payout.to_pay()), (usd(1_000), usd(0)));
        }
    }
}

#[test]
fn a_request_that_was_paid_in_part_is_paid_the_rest_with_keys_and_refunds_of_its_own() {
    let now = at("2026-11-02T11:00:00Z");
    let mut request = divided();
    let key = |request: &RefundRequest, part| {
        let payout = request.payout().unwrap();
        payout.idempotency_key(&request.id, payout.part(part).unwrap())
    };
    let before = [key(&request, 0), key(&request, 1)];
    request.observe(&seen(0, RefundStatus::Succeeded), now);
    request.observe(&seen(1, RefundStatus::Failed), now);
    assert_eq!(request.state(), State::Failed);

    let mut again = request.restored_with(|progress| progress.timeline.state = State::Approved);
    again.record_payout_intent(intent(usd(300)), now);
    let payout = again.payout().unwrap();
    assert_eq!((payout.paid(), payout.to_pay(), payout.standing()), (usd(700), usd(300), usd(1_000)));
    assert_eq!(payout.failed_before, [RefundId::new("re_2").unwrap()]);
    assert!(payout.is_of_another(&RefundId::new("re_1").unwrap(), 1));
    assert!(!before.contains(&key(&again, 1)));
    // What failed and what was paid are known, and the request waits for its new part.
    for (part, status) in [(0, RefundStatus::Succeeded), (1, RefundStatus::Failed)] {
        assert_eq!(again.observe(&seen(part, status), now), SightingOutcome::Known);
    }
    assert_eq!(again.state(), State::Approved);

    // The part that the customer had fails after all, while the rest is on its way.
    again.ask(1, now, false).unwrap();
    assert_eq!(again.observe(&seen(0, RefundStatus::Failed), now), SightingOutcome::MovedToFailed(0));
    assert_eq!((again.state(), again.payout().unwrap().standing()), (State::Paying, usd(300)));
}

fn intent(amount: Money) -> PayoutIntent {
    PayoutIntent {
        payment: PaymentId::new("pi_1").unwrap(),
        provider: Provider::Stripe,
        amount,
        by_hand: false,
        ends: None,
    }
}
