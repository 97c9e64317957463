//! The suite that every [`DueStore`] passes: in memory and on DynamoDB alike.
//!
//! Each case uses accounts of its own, so that all of them can run on one table.

#![expect(clippy::panic, reason = "a suite of tests fails by panicking")]

mod adjusted;
mod scene;

use futures_util::future::join_all;

use crate::{
    AccountId, Actor, Answer, Cause, Change, Command, Commit, CommitOutcome, Compensation, Credits,
    CustomerId, CustomerStore, DUE_SHARDS, Draft, DueStore, Ending, Entry, FurtherGrants, InvoiceId, Order,
    PaymentId, ProductId, Provider, Record, RefundRequestId, Rejection, ReleaseReason, SettlementOutcome,
    check_journal, execute, shard_of,
};
pub use scene::{
    DAY_S, NoPause, SERVICE, START_MS, adjust, at, expire, grant, place, place_by, run, settle, settle_by,
    sound_journal,
};
use scene::{credits, granted, journal};

const FAILED: Ending = Ending::Failed(ReleaseReason::Failed);

fn outcomes(answer: &Answer) -> Vec<SettlementOutcome> {
    match answer {
        Answer::Written { outcomes, .. } | Answer::Unchanged(outcomes) => outcomes.clone(),
        _ => Vec::new(),
    }
}

/// Runs every case.
///
/// # Panics
///
/// When the store breaks its contract.
pub async fn suite<S: DueStore + CustomerStore>(store: &S) {
    a_journal_is_read_in_both_directions(store).await;
    a_payment_is_granted_once(store).await;
    an_invoice_is_granted_once(store).await;
    a_compensation_is_given_once(store).await;
    a_repeated_hold_is_answered_with_the_first(store).await;
    parallel_holds_never_overdraw(store).await;
    a_generation_is_settled_once(store).await;
    a_capture_after_the_release_is_charged_once(store).await;
    a_service_reaches_its_own_holds_alone(store).await;
    an_unknown_generation_changes_nothing(store).await;
    a_commit_is_all_or_nothing(store).await;
    a_customer_belongs_to_one_account(store).await;
    markers_are_found_and_moved(store).await;
    a_month_comes_once(store).await;
    adjusted::an_account_is_adjusted(store).await;
}

async fn a_month_comes_once<S: DueStore>(store: &S) {
    let account = AccountId::new("contract-months").expect("a valid id");
    let mut year = grant(&account, "pi_contract-months", 1200, Some("sub_1"));
    year.payment.period_ends_at = Some(at(365 * DAY_S));
    year.payment.further = Some(FurtherGrants { grants: 11, each: credits(100), replaces: false });
    run(store, &account, &Command::Grant(year), at(0)).await;
    let due = expire(&[]);
    join_all((0..5).map(|_| run(store, &account, &due, at(30 * DAY_S)))).await;
    let entries = journal(store, &account).await;
    assert_eq!((entries.len(), check_journal(&entries)), (2, Vec::new()));
    assert_eq!(entries.last().map(|entry| entry.after().lots.len()), Some(2));
}

async fn a_journal_is_read_in_both_directions<S: DueStore>(store: &S) {
    let nobody = AccountId::new("contract-nobody").expect("a valid id");
    assert_eq!(store.head(&nobody).await.expect("the store answers"), None);
    assert_eq!(store.entries_before(&nobody, None, 10).await.expect("the store answers"), []);
    let account = granted(store, "contract-journal", 100).await;
    for index in 0..12 {
        run(store, &account, &place(&format!("g{index}"), 1), at(index)).await;
    }
    let all = journal(store, &account).await;
    let numbers = |entries: &[Entry]| entries.iter().map(Entry::number).collect::<Vec<_>>();
    assert_eq!(numbers(&all), (1..=13).collect::<Vec<_>>());
    assert_eq!(check_journal(&all), []);
    assert_eq!(store.head(&account).await.expect("the store answers").as_ref(), all.last());
    let newest = store.entries_before(&account, None, 3).await.expect("the store answers");
    assert_eq!(numbers(&newest), [13, 12, 11]);
    let older = store.entries_before(&account, Some(11), 2).await.expect("the store answers");
    assert_eq!(numbers(&older), [10, 9]);
    assert_eq!(numbers(&store.entries_after(&account, 11, 1).await.expect("the store answers")), [12]);
}

async fn a_payment_is_granted_once<S: DueStore>(store: &S) {
    let account = granted(store, "contract-grant", 100).await;
    let command = Command::Grant(grant(&account, "pi_contract-grant", 100, None));
    let again = run(store, &account, &command, at(5)).await;
    assert!(
        matches!(&again, Answer::Exists(record) if matches!(&**record, Record::NewPayment(_))),
        "{again:?}"
    );
    assert_eq!(journal(store, &account).await.len(), 1);
}

async fn an_invoice_is_granted_once<S: DueStore>(store: &S) {
    let account = AccountId::new("contract-invoice").expect("a valid id");
    let invoice = InvoiceId::new("in_contract").expect("a valid id");
    for (payment, expected) in [("in_contract", true), ("pi_contract-invoice", false)] {
        let command = Command::Grant(grant(&account, payment, 500, Some("sub_1")));
        let order = Order {
            account: &account,
            command: &command,
            cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
            actor: Actor::Provider(Provider::Stripe),
            policy: None,
            records: vec![Record::Invoice(invoice.clone(), PaymentId::new(payment).expect("a valid id"))],
        };
        let answer = execute(store, &NoPause, &order, at(1)).await.expect("the store answers");
        assert_eq!(matches!(answer, Answer::Written { .. }), expected, "{answer:?}");
    }
    assert_eq!(journal(store, &account).await.len(), 1);
}

async fn a_compensation_is_given_once<S: DueStore>(store: &S) {
    let compensation = |count| {
        Command::Compensate(Compensation {
            request: RefundRequestId::new("rr_contract").expect("a valid id"),
            product: ProductId::new("music-studio").expect("a valid id"),
            credits: credits(count),
            expires_at: None,
        })
    };
    // A request's credits are given once for ever, also where it is asked for another account.
    for (name, expected) in [("contract-given-1", true), ("contract-given-2", false)] {
        let account = AccountId::new(name).expect("a valid id");
        let answer = run(store, &account, &compensation(5), at(1)).await;
        assert_eq!(matches!(answer, Answer::Written { .. }), expected, "{answer:?}");
        assert_eq!(matches!(answer, Answer::Exists(_)), !expected, "{answer:?}");
        assert_eq!(journal(store, &account).await.is_empty(), !expected);
    }
    let account = AccountId::new("contract-given-1").expect("a valid id");
    assert_eq!(run(store, &account, &compensation(9), at(2)).await, Answer::Unchanged(Vec::new()));
}

async fn a_repeated_hold_is_answered_with_the_first<S: DueStore>(store: &S) {
    let account = granted(store, "contract-repeat", 100).await;
    let first = run(store, &account, &place("g1", 7), at(1)).await;
    let Answer::Written { entry, .. } = first else { panic!("expected an entry, got {first:?}") };
    let hold = entry.after().holds.first().expect("a hold").clone();
    assert_eq!(run(store, &account, &place("g1", 7), at(2)).await, Answer::Placed(hold.clone()));
    assert_eq!(run(store, &account, &place("g1", 8), at(2)).await, Answer::Refused(Rejection::HoldConflict));
    run(store, &account, &settle("g1", Ending::Succeeded), at(3)).await;
    assert_eq!(run(store, &account, &place("g1", 7), at(4)).await, Answer::Placed(hold));
}

async fn a_service_reaches_its_own_holds_alone<S: DueStore>(store: &S) {
    let account = granted(store, "contract-services", 100).await;
    run(store, &account, &place_by("one", "g1", 10), at(1)).await;
    let refused = Answer::Unchanged(vec![SettlementOutcome::AnotherService]);
    let conflict = Answer::Refused(Rejection::HoldConflict);
    let endings = [Ending::Succeeded, FAILED];
    let others = async |second| {
        for ending in endings {
            let answer = run(store, &account, &settle_by("two", "g1", ending), at(second)).await;
            assert_eq!(answer, refused, "{ending:?}");
        }
    };
    others(2).await;
    assert_eq!(run(store, &account, &place_by("two", "g1", 10), at(2)).await, conflict);
    let captured = run(store, &account, &settle_by("one", "g1", Ending::Succeeded), at(3)).await;
    assert_eq!(outcomes(&captured), [SettlementOutcome::Captured]);
    // Among the recent ones.
    others(4).await;
    assert_eq!(run(store, &account, &place_by("two", "g1", 10), at(4)).await, conflict);
    let repeat = settle_by("one", "g1", Ending::Succeeded);
    assert_eq!(outcomes(&run(store, &account, &repeat, at(5)).await), [SettlementOutcome::Repeated]);
    // Beyond the ring, by the index, and after a second ending that another entry has.
    for index in 0..10 {
        run(store, &account, &place(&format!("h{index}"), 1), at(6)).await;
        run(store, &account, &settle(&format!("h{index}"), FAILED), at(7)).await;
    }
    others(8).await;
    let back = run(store, &account, &settle_by("one", "g1", FAILED), at(9)).await;
    assert_eq!(outcomes(&back), [SettlementOutcome::GivenBack]);
    others(10).await;
    assert_eq!(check_journal(&journal(store, &account).await), []);
}

async fn parallel_holds_never_overdraw<S: DueStore>(store: &S) {
    let account = granted(store, "contract-parallel", 30).await;
    let commands: Vec<Command> = (0..50).map(|index| place(&format!("g{index}"), 1)).collect();
    let answers = join_all(commands.iter().map(|command| run(store, &account, command, at(1)))).await;
    let written = answers.iter().filter(|answer| matches!(answer, Answer::Written { .. })).count();
    let refused =
        answers.iter().filter(|answer| matches!(answer, Answer::Refused(Rejection::NotEnough { .. })));
    assert_eq!((written, refused.count()), (30, 20));
    assert_eq!(check_journal(&journal(store, &account).await), []);
}

async fn a_generation_is_settled_once<S: DueStore>(store: &S) {
    let account = granted(store, "contract-settle", 100).await;
    run(store, &account, &place("g1", 10), at(1)).await;
    let captured = run(store, &account, &settle("g1", Ending::Succeeded), at(2)).await;
    assert_eq!(outcomes(&captured), [SettlementOutcome::Captured]);
    assert_eq!(
        outcomes(&run(store, &account, &settle("g1", Ending::Succeeded), at(3)).await),
        [SettlementOutcome::Repeated]
    );
    // Beyond the ring of recent generations, by the index.
    for index in 0..10 {
        run(store, &account, &place(&format!("h{index}"), 1), at(4)).await;
        run(store, &account, &settle(&format!("h{index}"), FAILED), at(5)).await;
    }
    let late = settle("g1", FAILED);
    let answers = join_all((0..5).map(|_| run(store, &account, &late, at(6)))).await;
    let given_back =
        answers.iter().filter(|answer| outcomes(answer) == [SettlementOutcome::GivenBack]).count();
    assert!(given_back >= 1, "{answers:?}");
    assert_eq!(outcomes(&run(store, &account, &late, at(7)).await), [SettlementOutcome::Repeated]);
    let entries = journal(store, &account).await;
    let changes = entries.iter().flat_map(Entry::changes);
    assert_eq!(changes.filter(|change| matches!(change, Change::GivenBack { .. })).count(), 1);
    assert_eq!(check_journal(&entries), []);
    let balance = entries.last().expect("entries").after().balance(at(7)).expect("no overflow");
    assert_eq!((balance.available, balance.held), (credits(100), Credits::ZERO));
}

async fn a_capture_after_the_release_is_charged_once<S: DueStore>(store: &S) {
    let account = granted(store, "contract-late", 10).await;
    run(store, &account, &place("g1", 10), at(1)).await;
    run(store, &account, &expire(&["g1"]), at(3001)).await;
    let late = settle("g1", Ending::Succeeded);
    assert_eq!(outcomes(&run(store, &account, &late, at(3002)).await), [SettlementOutcome::ChargedLate]);
    assert_eq!(outcomes(&run(store, &account, &late, at(3003)).await), [SettlementOutcome::Repeated]);
    let head = store.head(&account).await.expect("the store answers").expect("entries");
    assert_eq!(head.after().balance(at(3003)).expect("no overflow").available, Credits::ZERO);
    // The charge is undone like any other, once.
    let failed = settle("g1", FAILED);
    assert_eq!(outcomes(&run(store, &account, &failed, at(3004)).await), [SettlementOutcome::GivenBack]);
    assert_eq!(outcomes(&run(store, &account, &failed, at(3005)).await), [SettlementOutcome::Repeated]);
    let head = store.head(&account).await.expect("the store answers").expect("entries");
    assert_eq!(head.after().balance(at(3005)).expect("no overflow").available.get(), 10);
}

async fn an_unknown_generation_changes_nothing<S: DueStore>(store: &S) {
    let account = granted(store, "contract-unknown", 10).await;
    let answer = run(store, &account, &settle("g1", FAILED), at(1)).await;
    assert_eq!(answer, Answer::Unchanged(vec![SettlementOutcome::Unknown]));
    assert_eq!(journal(store, &account).await.len(), 1);
}

async fn a_commit_is_all_or_nothing<S: DueStore>(store: &S) {
    let account = granted(store, "contract-atomic", 10).await;
    let head = store.head(&account).await.expect("the store answers").expect("entries");
    let draft = |payment: &str| {
        let mut draft = Draft {
            account: account.clone(),
            at: at(9),
            cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
            actor: Actor::Provider(Provider::Stripe),
            policy: None,
            changes: vec![Change::Suspended],
            after: head.after().clone(),
        };
        draft.after.suspended = true;
        let entry = Entry::seal(draft, Some(&head)).expect("encodes");
        let records = vec![Record::NewPayment(grant(&account, payment, 1, None).payment)];
        Commit { entry, records, mark: Some(at(99)) }
    };
    let refused = store.commit(&draft("pi_contract-atomic")).await.expect("the store answers");
    assert!(matches!(refused, CommitOutcome::Exists(_)), "{refused:?}");
    assert_eq!(store.head(&account).await.expect("the store answers").as_ref(), Some(&head));
    let written = store.commit(&draft("pi_contract-atomic-2")).await.expect("the store answers");
    assert_eq!(written, CommitOutcome::Written);
    let behind = store.commit(&draft("pi_contract-atomic-3")).await.expect("the store answers");
    let CommitOutcome::Behind(winner) = behind else { panic!("expected the winner, got {behind:?}") };
    assert_eq!(winner.number(), 2);
}

async fn a_customer_belongs_to_one_account<S: DueStore + CustomerStore>(store: &S) {
    let (one, other) = ("contract-customer-1", "contract-customer-2");
    let customer = CustomerId::new("cus_contract").expect("a valid id");
    for (name, expected) in [(one, true), (other, false)] {
        let account = AccountId::new(name).expect("a valid id");
        let command = Command::Grant(grant(&account, &format!("pi_{name}"), 5, None));
        let order = Order {
            account: &account,
            command: &command,
            cause: Cause::ProviderEvent(Provider::Stripe, "evt_1".to_owned()),
            actor: Actor::Provider(Provider::Stripe),
            policy: None,
            records: vec![Record::Customer(customer.clone(), account.clone())],
        };
        let answer = execute(store, &NoPause, &order, at(1)).await.expect("the store answers");
        assert_eq!(matches!(answer, Answer::Written { .. }), expected, "{answer:?}");
        assert_eq!(journal(store, &account).await.is_empty(), !expected);
    }
    let owner = store.account_of(&customer).await.expect("the store answers");
    assert_eq!(owner.as_ref().map(AccountId::as_str), Some(one));
    let later = CustomerId::new("cus_contract_linked").expect("a valid id");
    for (name, expected) in [(one, true), (other, false), (one, true)] {
        let account = AccountId::new(name).expect("a valid id");
        let linked = store.link_customer(&later, &account).await.expect("the store answers");
        assert_eq!(linked, expected, "{name}");
    }
    let owner = store.account_of(&later).await.expect("the store answers");
    assert_eq!(owner.as_ref().map(AccountId::as_str), Some(one));
}

async fn markers_are_found_and_moved<S: DueStore>(store: &S) {
    let account = granted(store, "contract-due", 100).await;
    let shard = shard_of(&account, DUE_SHARDS);
    let mine = async |now| {
        let due = store.due(shard, now, 100).await.expect("the store answers");
        due.into_iter().find(|marker| marker.account == account)
    };
    run(store, &account, &place("g1", 1), at(0)).await;
    run(store, &account, &place("g2", 1), at(60)).await;
    assert_eq!(mine(at(2999)).await, None);
    let marker = mine(at(3000)).await.expect("the first hold's deadline");
    assert_eq!(marker.due_at, at(3000));
    store.move_marker(&marker, Some(at(5000))).await.expect("the store answers");
    assert_eq!(mine(at(4999)).await, None);
    // It was read before it moved: nothing happens.
    store.move_marker(&marker, None).await.expect("the store answers");
    let marker = mine(at(5000)).await.expect("where it was moved to");
    store.move_marker(&marker, None).await.expect("the store answers");
    assert_eq!(mine(at(9999)).await, None);
}
