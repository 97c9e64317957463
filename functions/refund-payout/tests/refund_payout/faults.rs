//! What Stripe does to payouts, and that each ends in exactly one refund or none.

use lambda::backoff::Backoff;
use ledger::contract::{DAY_S, at};
use ledger_dynamodb::{AdoptionOutcome, ExternalRefund, GivenId, IdKind};
use refunds::State;
use serde_json::json;
use testkit::stand_in::{Fault, Operation, RefundMode, Settings};

use crate::world::World;

#[tokio::test]
async fn s0_11_s0_28_a_refund_that_is_pending_at_stripe_is_not_paid_yet() {
    let world = World::new().await;
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Paying);
    let payout = world.stored().await.payout().cloned().unwrap();
    assert!(payout.first.refund.is_some());
    assert_eq!((world.refunds(), world.numbers().await), (1, (0, 400)));
}

#[tokio::test]
async fn a_message_that_comes_ten_times_makes_one_refund() {
    let world = World::new().await;
    for second in 3..13 {
        assert_eq!(world.pay(at(second)).await.unwrap(), State::Paying);
    }
    assert_eq!(world.refunds(), 1);
}

#[tokio::test]
async fn s0_11_s0_28_a_refund_is_paid_through_stripe_once() {
    let world = World::new().await;
    world.stripe.set(Settings { refund_mode: RefundMode::Succeeded, ..Settings::default() });
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Refunded);
    assert_eq!(world.pay(at(4)).await.unwrap(), State::Refunded);
    assert_eq!(world.refunds(), 1);
}

#[tokio::test]
async fn a_refund_leads_to_the_request_that_paid_it() {
    let world = World::new().await;
    world.pay(at(3)).await.unwrap();
    let stored = world.stored().await;
    let refund = stored.payout().unwrap().first.refund.clone().unwrap();
    let given = GivenId { id: refund.as_str(), name: refund.as_str() };
    let matches = world.store.matches(given, None).await.unwrap();
    let [found] = matches.as_slice() else { panic!("{matches:?}") };
    assert_eq!((found.kind, &found.account), (IdKind::Refund, &stored.account));
    assert_eq!((&found.request, found.payments.len()), (&Some(stored.id), 1));
}

#[tokio::test]
async fn e1_a_refund_whose_answer_was_lost_is_found_and_not_repeated() {
    let world = World::new().await;
    world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutAfterActing);
    assert!(world.pay(at(3)).await.is_err());
    assert_eq!((world.refunds(), world.stored().await.state()), (1, State::Paying));
    assert_eq!(world.pay(at(60)).await.unwrap(), State::Paying);
    assert_eq!(world.refunds(), 1);
    assert!(world.stored().await.payout().cloned().unwrap().first.refund.is_some());
}

#[tokio::test]
async fn e2_a_call_that_got_lost_is_repeated_after_the_key_is_gone_and_pays_once() {
    let world = World::new().await;
    world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutBeforeActing);
    assert!(world.pay(at(3)).await.is_err());
    assert_eq!(world.refunds(), 0);
    world.stripe.prune_keys();
    assert_eq!(world.pay(at(25 * 3600)).await.unwrap(), State::Paying);
    assert_eq!(world.refunds(), 1);
    assert_eq!(world.stored().await.payout().cloned().unwrap().first.key_number, 2);
}

#[tokio::test]
async fn e2_a_refund_that_was_made_is_found_after_the_key_is_gone() {
    let world = World::new().await;
    world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutAfterActing);
    assert!(world.pay(at(3)).await.is_err());
    world.stripe.prune_keys();
    assert_eq!(world.pay(at(2 * DAY_S)).await.unwrap(), State::Paying);
    assert_eq!(world.refunds(), 1);
}

#[tokio::test]
async fn e3_a_stored_server_error_is_left_behind_by_another_key_after_the_list() {
    let world = World::new().await;
    world.stripe.plan(Operation::CreateRefund, 1, Fault::ServerError { acts: false });
    let mut state = world.pay(at(3)).await;
    for second in 4..8 {
        if state.is_ok() {
            break;
        }
        state = world.pay(at(second)).await;
    }
    assert_eq!(state.unwrap(), State::Paying);
    assert_eq!(world.refunds(), 1);
}

#[tokio::test]
async fn e4_e5_a_key_in_use_and_a_rate_limit_leave_the_message_in_the_queue() {
    let world = World::new().await;
    for fault in [Fault::InUse, Fault::RateLimited { retry_after_s: Some(1) }, Fault::Unavailable] {
        world.stripe.plan(Operation::CreateRefund, 1, fault);
        assert!(world.pay(at(3)).await.is_err());
        assert_eq!((world.refunds(), world.stored().await.state()), (0, State::Paying));
    }
    assert_eq!(world.pay(at(4)).await.unwrap(), State::Paying);
    let payout = world.stored().await.payout().cloned().unwrap();
    assert_eq!((world.refunds(), payout.first.key_number), (1, 1));
}

#[tokio::test]
async fn e6_a_charge_that_was_refunded_by_another_way_ends_without_a_loop_and_keeps_the_credits() {
    let world = World::new().await;
    let all = testkit::stand_in::DashboardRefund { payment: world.payment.as_str().to_owned(), amount: None };
    world.stripe.dashboard_refund(&all, &testkit::stand_in::Emission::default()).unwrap();
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!(world.pay(at(4)).await.unwrap(), State::Failed);
    assert_eq!(
        world.stored().await.payout().cloned().unwrap().first.failure.as_deref(),
        Some("charge_already_refunded")
    );
    // The refund that took the money is counted by its own event, whenever that comes.
    assert_eq!((world.refunds(), world.numbers().await), (1, (0, 0)));
    let [refund] = &world.stripe.refunds()[..] else { panic!("one refund") };
    let seen = ExternalRefund {
        id: refund.id.parse().unwrap(),
        payment: world.payment.clone(),
        amount: ledger::Money::new(refund.amount, ledger::Currency::new("usd").unwrap()),
        made_at: at(5),
        failed: false,
    };
    let adoption = world.store.adopt_refund(&Backoff::default(), &seen).await.unwrap();
    assert_eq!((adoption, world.numbers().await), (AdoptionOutcome::Counted, (0, 1000)));
}

#[tokio::test]
async fn e7_a_disputed_charge_is_not_refunded_and_the_credits_come_back() {
    let world = World::new().await;
    let fault = Fault::Decline { code: "charge_disputed".to_owned() };
    world.stripe.plan(Operation::CreateRefund, 1, fault);
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((world.refunds(), world.numbers().await), (0, (100, 0)));
    assert_eq!(
        world.stored().await.payout().cloned().unwrap().first.failure.as_deref(),
        Some("charge_disputed")
    );
}

#[tokio::test]
async fn a_payout_of_an_invoice_finds_the_payment_and_refunds_it_once() {
    for place in [1, 2] {
        let world = World::of_purchase_of_invoice(place, 1000).await;
        world.stripe.plan(Operation::CreateRefund, 1, Fault::TimeoutAfterActing);
        assert!(world.pay(at(3)).await.is_err());
        assert_eq!(world.pay(at(60)).await.unwrap(), State::Paying, "purchase {place}");
        let payout = world.stored().await.payout().cloned().unwrap();
        assert!(payout.first.charge.unwrap().as_str().starts_with("pi_"));
        assert_eq!(world.refunds(), 1);
    }
}

#[tokio::test]
async fn c10_the_payment_of_a_divided_invoice_that_has_enough_left_is_refunded() {
    let by_card = |payment: &str| json!({ "type": "payment_intent", "payment_intent": payment });
    let world = World::of_divided_invoice(by_card).await;
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Paying);
    let refunds = world.stripe.refunds();
    assert_eq!(refunds.iter().map(|refund| refund.amount).collect::<Vec<_>>(), [200, 400]);
    assert_ne!(refunds[0].payment, refunds[1].payment);

    // What was paid out of band is not Stripe's to refund: the credits come back, and nothing counts.
    let out_of_band = |_: &str| json!({ "type": "payment_record", "payment_record": "pr_1" });
    let world = World::of_divided_invoice(out_of_band).await;
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((world.refunds(), world.numbers().await), (1, (100, 0)));
}

#[tokio::test]
async fn c10_an_invoice_that_was_not_paid_by_card_in_this_amount_is_not_refunded() {
    let world = World::of_invoice(399).await;
    assert_eq!(world.pay(at(3)).await.unwrap(), State::Failed);
    assert_eq!((world.refunds(), world.numbers().await), (0, (100, 0)));
}
