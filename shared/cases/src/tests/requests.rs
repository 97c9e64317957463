//! What a request itself says: each of its parts is known as it was given, and nothing is taken for granted.

use super::{at, boolean, facts, payment, purchase, word};
use ledger::{Abuse, AccountId, Actor, Finding, PaymentId, ProductId};
use policy::{Fact, Facts, Reason};
use refunds::{Case, RefundRequest, State, fingerprint, request_id};

use crate::records::counted;
use crate::{CustomerClaims, Question, Records, Report, gather};

/// The facts of a request of these parts.
fn of(said: CustomerClaims, payment: Option<&str>, note: &str) -> Facts {
    let asked = Question {
        occasion: None,
        reason: Reason::Other,
        payment: payment.map(|id| PaymentId::new(id).unwrap()),
        generation: None,
        note: note.to_owned(),
        fingerprint: [0; 32],
        said,
    };
    let product = ProductId::new("image-to-3d").unwrap();
    gather(&Records::default(), &asked, super::document(), Some(&product), at(0)).unwrap()
}

#[test]
fn s2_17_s2_30_a_request_names_its_order_or_it_does_not() {
    for (payment, note) in [(None, ""), (Some("pi_1"), ""), (None, "It broke."), (Some("pi_1"), " \n ")] {
        let facts = of(CustomerClaims::default(), payment, note);
        assert_eq!(boolean(&facts, Fact::OrderIdGiven), Some(payment.is_some()), "{payment:?}");
        assert_eq!(boolean(&facts, Fact::NoteGiven), Some(!note.trim().is_empty()), "{note:?}");
    }
}

#[test]
fn s3_4_address_date_and_note_are_known_as_they_were_given() {
    for email_given in [true, false] {
        for purchase_date_given in [true, false] {
            for note in ["", "I bought it twice."] {
                let said = CustomerClaims { purchase_date_given, email_given, ..CustomerClaims::default() };
                let facts = of(said, None, note);
                assert_eq!(boolean(&facts, Fact::EmailGiven), Some(email_given));
                assert_eq!(boolean(&facts, Fact::PurchaseDateGiven), Some(purchase_date_given));
                assert_eq!(boolean(&facts, Fact::NoteGiven), Some(!note.is_empty()));
            }
        }
    }
    // Who is signed in, or writes from the account's address, has given the address.
    let signed_in = of(CustomerClaims { from_account: Some(true), ..CustomerClaims::default() }, None, "");
    assert_eq!(boolean(&signed_in, Fact::EmailGiven), Some(true));
    // A payment on record has its date.
    let records = Records { payment: Some(payment("pi_2", 0)), ..Records::default() };
    assert_eq!(boolean(&facts(&records, at(0)), Fact::PurchaseDateGiven), Some(true));
}

#[test]
fn s2_30_the_address_is_given_by_the_account_or_in_words() {
    for (from_account, email_given, expected) in [
        (None, false, false),
        (Some(false), false, false),
        (Some(false), true, true),
        (Some(true), false, true),
    ] {
        let facts = of(CustomerClaims { from_account, email_given, ..CustomerClaims::default() }, None, "");
        assert_eq!(boolean(&facts, Fact::EmailGiven), Some(expected), "{from_account:?} {email_given}");
    }
}

#[test]
fn s4_6_each_part_of_a_report_is_known_as_it_was_given() {
    let parts = [Fact::PromptGiven, Fact::ModelGiven, Fact::FailureTimeGiven, Fact::ErrorMessageGiven];
    for given in 0..=parts.len() {
        let report = Report {
            prompt: given == 0,
            model: given == 1,
            happened_at: given == 2,
            error_message: given == 3,
        };
        let facts = of(
            CustomerClaims { report, email_given: given == 4, ..CustomerClaims::default() },
            None,
            "It is broken.",
        );
        for (place, part) in parts.iter().enumerate() {
            assert_eq!(boolean(&facts, *part), Some(place == given), "{part:?}");
        }
        assert_eq!(boolean(&facts, Fact::EmailGiven), Some(given == 4));
    }
}

#[test]
fn s4_7_where_a_request_came_from_is_known_only_as_it_was_said() {
    for from_account in [None, Some(true), Some(false)] {
        let facts = of(CustomerClaims { from_account, ..CustomerClaims::default() }, None, "");
        assert_eq!(boolean(&facts, Fact::RequestedFromAccount), from_account);
    }
}

#[test]
fn s3_9_only_the_first_of_an_accounts_purchases_is_its_first() {
    let (first, second) = (payment("pi_1", 0), payment("pi_2", 5));
    let purchases = vec![purchase(&second), purchase(&first)];
    for (asked, truncated, expected) in
        [(&first, false, true), (&second, false, false), (&first, true, false)]
    {
        let mut records = Records { payment: Some(asked.clone()), ..Records::default() };
        records.account.purchases.clone_from(&purchases);
        records.account.truncated = truncated;
        let found = boolean(&facts(&records, at(5)), Fact::FirstPurchase);
        assert_eq!(found, Some(expected), "{:?} {truncated}", asked.id);
    }
}

#[test]
fn s3_15_requests_after_use_count_unless_they_were_withdrawn_or_nobody_made_them() {
    let filed = |actor: Actor, spent: Option<u64>| {
        let mut facts = Facts::new();
        if let Some(spent) = spent {
            facts.set_quantity(Fact::CreditsSpent, spent).unwrap();
        }
        let account = AccountId::new("account-1").unwrap();
        let case = Case {
            occasion: None,
            payment: None,
            generation: None,
            reason: Reason::ChangedMind,
            note: String::new(),
            fingerprint: fingerprint(&["filed"]),
            decision: policy::decide(super::document(), &facts, Reason::ChangedMind, 0),
            facts,
        };
        RefundRequest::open((request_id(&account, "filed"), account), actor, case, super::document(), at(7))
    };
    for (request, counts) in [
        (filed(Actor::Customer, Some(1)), true),
        (filed(Actor::Support("agent-1".to_owned()), Some(500)), true),
        (filed(Actor::Customer, Some(0)), false),
        (filed(Actor::Customer, None), false),
        (filed(Actor::Policy, Some(1)), false),
        (
            filed(Actor::Customer, Some(1))
                .restored_with(|progress| progress.timeline.state = State::Withdrawn),
            false,
        ),
    ] {
        let expected = if counts { vec![at(7)] } else { Vec::new() };
        assert_eq!(counted(&[request]), expected);
    }
}

#[test]
fn s0_13_s0_29_s3_14_abuse_is_what_a_person_found() {
    let mut records = Records::default();
    assert_eq!(word(&facts(&records, at(1)), Fact::AbuseFinding).as_deref(), Some("none"));
    for (abuse, expected) in [(Abuse::Indicated, "indicated"), (Abuse::Confirmed, "confirmed")] {
        records.account.finding = Some(Finding {
            abuse,
            related: vec![AccountId::new("account-2").unwrap()],
            reason: "The same card as two others.".to_owned(),
            by: "agent-1".to_owned(),
            at: at(0),
        });
        assert_eq!(word(&facts(&records, at(1)), Fact::AbuseFinding).as_deref(), Some(expected));
    }
}
