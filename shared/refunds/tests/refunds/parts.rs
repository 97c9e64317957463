//! What refunds in parts take of a payment's credits.
#![expect(clippy::arithmetic_side_effects, reason = "the amounts are small numbers")]

use ledger::contract::{at, grant, place, settle};
use ledger::{
    Account, AccountId, Actor, Cause, Command, CommandOutcome, Draft, Ending, Entry, Money, Payment,
    Provider, Record, decide,
};
use policy::Revocation;
use proptest::prelude::*;
use refunds::{ChosenTerms, Quote, QuoteInputs};

use crate::story::document_of;

/// The account's newest entry after a command.
fn after(head: Option<&Entry>, command: &Command) -> Entry {
    let account = AccountId::new("customer-1").unwrap();
    let before = head.map_or_else(Account::default, |head| head.after().clone());
    let decided = decide(&before, head.map(Entry::at), command, &[], at(1));
    let CommandOutcome::Write(plan) = decided else { return head.unwrap().clone() };
    let draft = Draft {
        account,
        at: plan.at,
        cause: Cause::Generation,
        actor: Actor::Policy,
        policy: None,
        changes: plan.changes,
        after: plan.after,
    };
    Entry::seal(draft, head).unwrap()
}

/// A payment of `paid` for `granted` credits; `spent` of them are spent.
fn bought(paid: u64, granted: u64, spent: u64) -> (Payment, Entry) {
    let account = AccountId::new("customer-1").unwrap();
    let mut grant = grant(&account, "pi_1", granted, None);
    grant.payment.paid = Money::new(paid, grant.payment.paid.currency());
    grant.payment.product = "image-to-3d".parse().unwrap();
    let landed = decide(&Account::default(), None, &Command::Grant(grant.clone()), &[], at(1));
    let CommandOutcome::Write(plan) = landed else { panic!("{landed:?}") };
    let payment = plan.records.iter().find_map(|record| match record {
        Record::NewPayment(payment) => Some((**payment).clone()),
        _ => None,
    });
    let mut head = after(None, &Command::Grant(grant));
    if spent > 0 {
        let mut command = place("g1", spent);
        if let Command::Hold(place) = &mut command {
            place.product = "image-to-3d".parse().unwrap();
        }
        head = after(Some(&head), &command);
        head = after(Some(&head), &settle("g1", Ending::Succeeded));
    }
    (payment.unwrap(), head)
}

fn quote(payment: &Payment, head: &Entry, minor: u64) -> Quote {
    let standing = QuoteInputs {
        document: document_of("image-to-3d"),
        payment: Some(payment),
        unrecorded: None,
        subscription: None,
        head: Some(head),
        now: at(1),
    };
    Quote::of_money(payment, Money::new(minor, payment.paid.currency()), ChosenTerms::default(), &standing)
}

/// A hundred credits do not divide by three: each part takes what its share is worth, rounded down, and the
/// last one the rest.
#[test]
fn e17_three_thirds_of_a_payment_take_exactly_its_hundred_credits() {
    for (paid, parts, taken) in [(900, [300, 300, 300], [33, 33, 34]), (100, [33, 33, 34], [33, 33, 34])] {
        let (mut payment, mut head) = bought(paid, 100, 0);
        for (minor, credits) in parts.into_iter().zip(taken) {
            let quote = quote(&payment, &head, minor);
            assert_eq!(quote.revoked.first().map(|lot| lot.revoked.get()), Some(credits), "{paid} {minor}");
            payment.refunded_minor += minor;
            head = after(Some(&head), &quote.revocation().unwrap());
        }
        assert_eq!(payment.refunded_minor, paid);
    }
}

/// Creem's call refunds all that is left: what is less is a person's task, and the quote says so.
#[test]
fn s3_23_a_part_through_creem_is_a_persons_task_and_the_whole_rest_is_not() {
    let (mut payment, head) = bought(1000, 100, 0);
    for (provider, refunded, minor, by_hand) in [
        (Provider::Creem, 0, 400, Some(Provider::Creem)),
        (Provider::Creem, 0, 1000, None),
        (Provider::Creem, 600, 400, None),
        (Provider::Creem, 500, 400, Some(Provider::Creem)),
        (Provider::Stripe, 0, 400, None),
        (Provider::Stripe, 0, 1000, None),
    ] {
        payment.provider = provider;
        payment.refunded_minor = refunded;
        assert_eq!(quote(&payment, &head, minor).by_hand, by_hand, "{provider:?} {refunded} {minor}");
    }
    // What was to be a call and has become a task is another quote.
    payment.provider = Provider::Creem;
    payment.refunded_minor = 0;
    let task = quote(&payment, &head, 400);
    payment.provider = Provider::Stripe;
    assert_ne!(task.id(), quote(&payment, &head, 400).id());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// No part takes more than its share of the credits, however the money is divided, and what the parts pay
    /// in the end takes what one refund of all takes.
    #[test]
    fn s3_22_parts_take_their_share_and_together_as_much_as_the_whole(
        paid in 1..100_000_u64,
        granted in 1..5_000_u64,
        spent_share in 0..=100_u64,
        cuts in prop::collection::vec(1..1_000_u64, 0..6),
    ) {
        let spent = granted * spent_share / 100;
        let (mut payment, mut head) = bought(paid, granted, spent);
        let whole = quote(&payment, &head, paid);
        prop_assert_eq!(whole.revokes, Some(Revocation::Remaining));
        let in_one = whole.revoked.first().copied().unwrap();
        let mut taken = 0;
        let cuts = cuts.iter().map(|cut| (paid * cut / 4_000).max(1));
        for minor in cuts.chain([u64::MAX]) {
            let left = paid - payment.refunded_minor;
            let minor = minor.min(left);
            let quote = quote(&payment, &head, minor);
            let revoked = quote.revoked.first().map_or(0, |lot| lot.revoked.get());
            taken += revoked;
            payment.refunded_minor += minor;
            // The refund that leaves nothing takes the rest.
            if payment.refunded_minor < paid {
                let share = u128::from(granted) * u128::from(minor);
                prop_assert!(u128::from(revoked) * u128::from(paid) <= share);
                prop_assert_eq!(quote.revokes, Some(Revocation::Proportional));
            } else {
                prop_assert_eq!(quote.revokes, Some(Revocation::Remaining));
            }
            if let Some(command) = quote.revocation() {
                head = after(Some(&head), &command);
            }
            if payment.refunded_minor == paid {
                break;
            }
        }
        prop_assert_eq!(taken, in_one.revoked.get());
        let lot = &head.after().lots[0];
        prop_assert!(lot.is_closed() && lot.available.is_zero());
        prop_assert_eq!(lot.spent.get(), spent);
    }
}
