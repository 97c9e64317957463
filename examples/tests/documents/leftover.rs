//! Left-over credits: what the ledger makes of a document's numbers.

use ledger::contract::{grant, place};
use ledger::{
    Account, AccountId, Command, CommandOutcome, Ending, GenerationId, ReleaseReason, Settlement,
    SubscriptionId, Timestamp, decide,
};
use policy::{Document, OnResubscribe};

const GENERATION: &str = "gen-1";

/// The instant from which the credits of a subscription that ended at `ended_at_ms` are unusable.
pub(crate) fn leftover_expiry_ms(document: &Document, ended_at_ms: i64) -> Option<i64> {
    expiry_ms(&after_end(document, Timestamp::from_ms(ended_at_ms).unwrap()))
}

/// The expiry of credits that a failed generation gives back at the instant at which they have expired.
pub(crate) fn expiry_after_late_failure_ms(document: &Document, ended_at_ms: i64) -> Option<i64> {
    let account = after_end(document, Timestamp::from_ms(ended_at_ms).unwrap());
    let expired_at = Timestamp::from_ms(expiry_ms(&account)?).unwrap();
    let settlement = Settlement {
        generation: GenerationId::new(GENERATION).unwrap(),
        ending: Ending::Failed(ReleaseReason::Failed),
        grace_s: document.grace_s(),
        charges_late: false,
    };
    let failed = Command::Settle { by: None, settlements: vec![settlement] };
    expiry_ms(&carried_out(&account, &failed, expired_at))
}

/// An account with one lot, of a subscription that has ended, and one open hold on it.
fn after_end(document: &Document, ended_at: Timestamp) -> Account {
    let leftover = document.leftover.as_ref().unwrap();
    let mut grant = grant(&AccountId::new("customer-1").unwrap(), "pi_1", 100, Some("sub_1"));
    grant.payment.charged_at = ended_at;
    let end = Command::StartExpiry {
        subscription: SubscriptionId::new("sub_1").unwrap(),
        ended_at,
        leftover_s: leftover.after_end_s,
        pauses_leftover_expiry: leftover.on_resubscribe == OnResubscribe::StopClock,
    };
    [Command::Grant(grant), place(GENERATION, 10), end]
        .iter()
        .fold(Account::default(), |account, command| carried_out(&account, command, ended_at))
}

fn carried_out(account: &Account, command: &Command, now: Timestamp) -> Account {
    match decide(account, None, command, &[], now) {
        CommandOutcome::Write(plan) => plan.after,
        other => panic!("{other:?}"),
    }
}

fn expiry_ms(account: &Account) -> Option<i64> {
    account.lots[0].expires_at.map(Timestamp::as_ms)
}
