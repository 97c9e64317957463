//! What is looked at again before Stripe is asked, and what waits for money or for the customer.

use lambda::backoff::Backoff;
use ledger::contract::{adjust, at, run};
use ledger::{
    Abuse, AdjustmentKind, Dispute, DisputeId, Finding, FindingStore, LedgerStore, Payment, PaymentStore,
};
use ledger_dynamodb::ExternalRefund;
use refunds::{ActionKind, FUNDS_WAIT_S, State};
use testkit::stand_in::{Emission, Fault, Operation, RefundMode, Settings, SettleRefund, SettledStatus};

use crate::world::{World, account};

async fn payment(world: &World) -> Payment {
    world.store.payment(&world.payment).await.unwrap().unwrap()
}

async fn goes_back(world: &World, reason: &str) {
    assert_eq!(world.pay(at(500)).await.unwrap(), State::InReview, "{reason}");
    assert_eq!(world.refunds(), 0);
    let stored = world.stored().await;
    assert_eq!((stored.payout(), stored.approved_by()), (None, None));
    let last = &stored.actions().last().unwrap().kind;
    assert!(matches!(last, ActionKind::HeldBack { reason: why } if why == reason));
    // A message that comes again finds nothing to pay.
    assert_eq!(world.pay(at(501)).await.unwrap(), State::InReview);
}

#[tokio::test]
async fn a_payment_that_is_disputed_after_the_approval_is_not_refunded() {
    let world = World::new().await;
    assert_eq!(world.numbers().await, (0, 400));
    let dispute = Dispute {
        id: DisputeId::new("dp_1").unwrap(),
        opened_at: at(100),
        status: "needs_response".to_owned(),
        as_of: at(100),
        refundable: false,
        contacted_before: None,
        withdrawn_minor: 0,
        movements: 0,
        amount: None,
        reason: None,
        due_by: None,
    };
    world.store.save_dispute(&world.payment, &dispute).await.unwrap();
    goes_back(&world, "payment_disputed").await;
    assert_eq!(world.numbers().await, (100, 0), "credits and money are as they were");
}

#[tokio::test]
async fn a_payment_that_is_refunded_elsewhere_after_the_approval_is_not_refunded() {
    let world = World::new().await;
    let paid = payment(&world).await;
    let adopted = ExternalRefund {
        id: "re_elsewhere".parse().unwrap(),
        payment: paid.id.clone(),
        amount: ledger::Money::new(300, paid.paid.currency()),
        made_at: at(100),
        failed: false,
    };
    world.store.adopt_refund(&Backoff::default(), &adopted).await.unwrap();
    goes_back(&world, "payment_refunded_elsewhere").await;
    assert_eq!(world.numbers().await, (100, 300));
}

#[tokio::test]
async fn d17_an_account_that_is_found_to_abuse_refunds_or_is_suspended_is_not_paid() {
    let world = World::new().await;
    let finding = Finding {
        abuse: Abuse::Confirmed,
        related: Vec::new(),
        reason: "Ten accounts.".to_owned(),
        by: "agent-2".to_owned(),
        at: at(100),
    };
    world.store.save_finding(&account(), &finding).await.unwrap();
    goes_back(&world, "abuse_confirmed").await;
    let world = World::new().await;
    run(&world.store, &account(), &adjust("adj_1", AdjustmentKind::Suspension), at(100)).await;
    goes_back(&world, "account_suspended").await;
    assert!(world.store.head(&account()).await.unwrap().unwrap().after().suspended);
}

#[tokio::test]
async fn what_was_known_before_the_approval_holds_nothing_back() {
    let world = World::new().await;
    let finding = Finding {
        abuse: Abuse::Confirmed,
        related: Vec::new(),
        reason: "Known.".to_owned(),
        by: "agent-2".to_owned(),
        at: at(0),
    };
    world.store.save_finding(&account(), &finding).await.unwrap();
    assert_eq!(world.pay(at(500)).await.unwrap(), State::Paying);
    assert_eq!(world.refunds(), 1);
}

#[tokio::test]
async fn e8_a_balance_that_is_too_low_is_waited_for_and_the_refund_made_once() {
    let world = World::new().await;
    for code in ["balance_insufficient", "insufficient_funds"] {
        world.stripe.plan(Operation::CreateRefund, 1, Fault::Decline { code: code.to_owned() });
    }
    assert_eq!(world.pay(at(10)).await.unwrap(), State::Paying);
    let payout = world.stored().await.payout().cloned().unwrap();
    assert_eq!((payout.first.short_since, payout.first.failure), (Some(at(10)), None));
    assert_eq!(world.numbers().await, (0, 400), "nothing is undone while it waits");
    // Four hours later the sweep announces it again.
    assert!(world.stored().await.is_stuck(at(10 + 4 * 3600)) && !world.stored().await.is_stuck(at(3600)));
    assert_eq!(world.pay(at(15_000)).await.unwrap(), State::Paying);
    assert_eq!(world.pay(at(30_000)).await.unwrap(), State::Paying);
    let payout = world.stored().await.payout().cloned().unwrap();
    assert_eq!((world.refunds(), payout.first.short_since), (1, None));
    assert_eq!(world.numbers().await, (0, 400), "the money and the credits of one refund");
}

/// Stripe's form since 2024: the refund is made, and is pending until the company's balance covers it.
#[tokio::test]
async fn e8_a_refund_that_stripe_holds_for_the_balance_is_one_refund_and_takes_its_credits_once() {
    for (status, state, numbers) in [
        (SettledStatus::Succeeded, State::Refunded, (0, 400)),
        // What Stripe could not pay comes back, the credits as well.
        (SettledStatus::Failed, State::Failed, (100, 0)),
    ] {
        let world = World::new().await;
        world.stripe.set(Settings { refund_mode: RefundMode::InsufficientFunds, ..Settings::default() });
        for second in [10, 500, 90_000] {
            assert_eq!(world.pay(at(second)).await.unwrap(), State::Paying, "{second}");
            let payout = world.stored().await.payout().cloned().unwrap();
            assert_eq!((payout.first.short_since, payout.first.failure), (None, None), "{second}");
            assert_eq!((world.refunds(), world.numbers().await), (1, (0, 400)), "{second}");
        }
        let refund = world.stripe.refunds()[0].clone();
        assert_eq!(refund.pending_reason.as_deref(), Some("insufficient_funds"));
        let failure_reason = (state == State::Failed).then(|| "insufficient_funds".to_owned());
        let settle = SettleRefund { refund: refund.id, status, failure_reason };
        world.stripe.settle_refund(&settle, &Emission::default()).unwrap();
        for second in [180_000, 180_001] {
            assert_eq!(world.pay(at(second)).await.unwrap(), state, "{second}");
            assert_eq!((world.refunds(), world.numbers().await), (1, numbers), "{second}");
        }
    }
}

#[tokio::test]
async fn e8_a_balance_that_stays_too_low_for_a_week_fails_the_payout() {
    let world = World::new().await;
    let decline = || Fault::Decline { code: "balance_insufficient".to_owned() };
    world.stripe.plan(Operation::CreateRefund, 1, decline());
    assert_eq!(world.pay(at(10)).await.unwrap(), State::Paying);
    world.stripe.plan(Operation::CreateRefund, 1, decline());
    assert_eq!(world.pay(at(9 + FUNDS_WAIT_S)).await.unwrap(), State::Paying);
    world.stripe.plan(Operation::CreateRefund, 1, decline());
    assert_eq!(world.pay(at(10 + FUNDS_WAIT_S)).await.unwrap(), State::Failed);
    assert_eq!((world.numbers().await, world.refunds()), ((100, 0), 0));
}

#[tokio::test]
async fn e8_a_refund_that_waits_for_the_customer_says_so_until_it_does_not() {
    let world = World::new().await;
    world.stripe.set(Settings { refund_mode: RefundMode::RequiresAction, ..Settings::default() });
    assert_eq!(world.pay(at(10)).await.unwrap(), State::Paying);
    assert!(world.stored().await.payout().cloned().unwrap().first.needs_customer);
    let refund = world.stripe.refunds()[0].id.clone();
    let settle = SettleRefund { refund, status: SettledStatus::Succeeded, failure_reason: None };
    world.stripe.settle_refund(&settle, &Emission::default()).unwrap();
    assert_eq!(world.pay(at(90_100)).await.unwrap(), State::Refunded);
    assert!(!world.stored().await.payout().cloned().unwrap().first.needs_customer);
}
