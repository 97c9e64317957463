//! What is known of a payment that brings its credits month by month: the use of all of its lots.

use ledger::contract::{DAY_S, at, expire, grant, place, settle};
use ledger::{AccountId, Command, Credits, Ending, FurtherGrants, LotId, Payment, ProductId};
use policy::Fact;

use super::{facts, number};
use crate::Records;

fn year() -> Payment {
    let account = AccountId::new("account-1").unwrap();
    let mut payment = *grant(&account, "pi_2", 12_000, Some("sub_1")).payment;
    payment.price = "price_assistant_yearly".to_owned();
    payment.product = ProductId::new("music-studio").unwrap();
    payment.period_starts_at = Some(at(0));
    payment.period_ends_at = Some(at(365 * DAY_S));
    let each = Credits::new(1_000).unwrap();
    payment.further = Some(FurtherGrants { grants: 11, each, replaces: true });
    payment
}

#[test]
fn s0_5_the_use_of_all_months_counts_against_the_allotment_of_one() {
    let account = AccountId::new("account-1").unwrap();
    let mut bought = grant(&account, "pi_2", 12_000, Some("sub_1"));
    bought.payment = Box::new(year());
    let played = [
        (Command::Grant(bought), 0),
        (place("g1", 10), 1),
        (settle("g1", Ending::Succeeded), 2),
        (expire(&[]), 30 * DAY_S),
        (place("g2", 20), 31 * DAY_S),
        (settle("g2", Ending::InReview), 31 * DAY_S),
        (place("g3", 5), 32 * DAY_S),
        // The first month's lot has left by then.
        (expire(&[]), 61 * DAY_S),
    ];
    let head = entries_at(&played);
    assert!(head.after().lot(LotId(1)).is_none());
    let mut payment = year();
    payment.lot = LotId(1);
    let known =
        facts(&Records { payment: Some(payment), head: Some(head), ..Records::default() }, at(62 * DAY_S));
    for (fact, expected) in [
        (Fact::CreditsPurchased, 12_000),
        (Fact::CreditsGranted, 3_000),
        (Fact::CreditsSpent, 30),
        (Fact::CreditsHeld, 5),
        (Fact::GenerationsAllotted, 500),
        (Fact::GenerationsUsed, 3),
        (Fact::UsableResults, 1),
    ] {
        assert_eq!(number(&known, fact), Some(expected), "{fact:?}");
    }
}

/// The newest entry after commands at their seconds.
fn entries_at(commands: &[(Command, u64)]) -> ledger::Entry {
    let mut head: Option<ledger::Entry> = None;
    for (command, seconds) in commands {
        head = Some(super::next(head.as_ref(), command, at(*seconds)));
    }
    head.unwrap()
}
