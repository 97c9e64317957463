//! The pure decision: an account and a command in, a plan or a refusal out.

use crate::planner::{Planner, Step};
use crate::settle::settle;
use crate::{Account, ApplyError, Command, CommandOutcome, Ended, GenerationHistory, Rejection, Timestamp};

/// Decides `command` for `account`, whose newest entry is of `last_at`, at `now`.
pub fn decide(
    account: &Account,
    last_at: Option<Timestamp>,
    command: &Command,
    histories: &[GenerationHistory],
    now: Timestamp,
) -> CommandOutcome {
    let mut planner = Planner::new(account, last_at, now);
    let step = match command {
        Command::Grant(grant) => planner.grant(grant),
        Command::GrantAll(grants) => planner.grant_all(grants),
        Command::Compensate(compensation) => planner.compensate(compensation),
        Command::Import(import) => planner.import(import),
        Command::Hold(place) => planner.hold(place, histories),
        Command::Settle { by, settlements } => settle(&mut planner, by.as_ref(), settlements, histories),
        Command::Expire { releases } => planner.expire(releases),
        Command::Revoke { payment, takes, owe_spent } => planner.revoke(payment, *takes, *owe_spent),
        Command::Restore { payment, credits, debt } => planner.restore(payment, *credits, *debt),
        Command::RevokeEach(parts) => planner.revoke_each(parts),
        Command::TakeReturns(returns) => planner.take_returns(returns),
        Command::RestoreEach(parts) => planner.restore_each(parts),
        Command::Dispute(seen) => planner.dispute(seen),
        Command::StartExpiry { subscription, ended_at, leftover_s, pauses_leftover_expiry } => {
            let ended =
                Ended { subscription: subscription.clone(), ended_at: *ended_at, leftover_s: *leftover_s };
            planner.start_expiry(ended, *pauses_leftover_expiry)
        }
        Command::Adjust { id, product, kind } => planner.adjust(id, product, *kind),
    };
    match step {
        Ok(Step::Write) => planner.finish(account, matches!(command, Command::Expire { .. })),
        Ok(Step::Answer(decided)) => decided,
        Err(ApplyError::NoLot(_)) => CommandOutcome::Refused(Rejection::NoSuchLot),
        Err(ApplyError::Amount(_) | ApplyError::NoHold | ApplyError::NotMonthly) => {
            CommandOutcome::Refused(Rejection::OutOfRange)
        }
    }
}
