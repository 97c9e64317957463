//! How generations end: open holds are captured or released. An ending that contradicts an earlier one
//! corrects it, once (`S2-2`, `S4-2`, `S4-3`).

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, Ending, Entry, GenerationId, Hold, LotCredits, Record,
    ReleaseReason, ServiceId, Settlement, SettlementOutcome, Timestamp,
};

/// The newest thing that happened to a generation after its hold was placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastGeneration {
    /// Nothing that was found.
    Held,
    /// The hold was captured, or charged anew after a release.
    Charged {
        /// The lots that were charged.
        parts: Vec<LotCredits>,
        /// Whether it counts as a usable result.
        usable: bool,
    },
    /// The hold was released.
    Released,
    /// Nothing follows: given back after a capture, or not collected.
    Closed,
}

/// A generation's hold and the newest thing that happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastHold {
    /// The hold as it was placed.
    pub hold: Hold,
    /// The newest thing.
    pub last: LastGeneration,
    pub last_at: Timestamp,
}

/// What the journal says about a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationHistory {
    pub generation: GenerationId,
    /// Its past, `None` where the journal knows no hold of it.
    pub past: Option<PastHold>,
}

impl GenerationHistory {
    /// Reads the history out of the entry that placed the hold and those after it, oldest first.
    pub fn read<'entries>(
        generation: &GenerationId,
        entries: impl IntoIterator<Item = &'entries Entry>,
    ) -> Self {
        let mut past: Option<PastHold> = None;
        let changes =
            entries.into_iter().flat_map(|entry| entry.changes().iter().map(|change| (entry.at(), change)));
        for (at, change) in changes {
            let last = match change {
                Change::Held(hold) if &hold.generation == generation => {
                    past = Some(PastHold { hold: hold.clone(), last: LastGeneration::Held, last_at: at });
                    continue;
                }
                Change::Captured { generation: of, parts, usable } if of == generation => {
                    LastGeneration::Charged { parts: parts.clone(), usable: *usable }
                }
                Change::ChargedLate { generation: of, parts } if of == generation => {
                    LastGeneration::Charged { parts: parts.clone(), usable: true }
                }
                Change::Released { generation: of, .. } if of == generation => LastGeneration::Released,
                Change::GivenBack { generation: of, .. } | Change::Uncollected { generation: of, .. }
                    if of == generation =>
                {
                    LastGeneration::Closed
                }
                _ => continue,
            };
            if let Some(past) = &mut past {
                (past.last, past.last_at) = (last, at);
            }
        }
        Self { generation: generation.clone(), past }
    }
}

impl Planner {
    /// The sweep: adds the months that are due, and releases the holds of `releases` whose deadline has
    /// passed.
    pub(crate) fn expire(&mut self, releases: &[(GenerationId, u64)]) -> Result<Step, ApplyError> {
        self.expire_due_lots()?;
        self.grant_due_months()?;
        let due = self.account.holds.iter().filter(|hold| hold.deadline <= self.now);
        let grace_of = |hold: &Hold| {
            let named = releases.iter().find(|(generation, _)| generation == &hold.generation)?;
            Some((hold.clone(), named.1))
        };
        let due: Vec<(Hold, u64)> = due.filter_map(grace_of).collect();
        for (hold, grace_s) in due {
            release(self, &hold, ReleaseReason::Deadline, grace_s)?;
        }
        Ok(Step::Write)
    }
}

/// Settles each generation; those that cannot be settled leave the others as they are.
pub(crate) fn settle(
    planner: &mut Planner,
    by: Option<&ServiceId>,
    settlements: &[Settlement],
    histories: &[GenerationHistory],
) -> Result<Step, ApplyError> {
    let missing: Vec<GenerationId> = settlements
        .iter()
        .filter(|settlement| needs_history(planner, by, settlement))
        .map(|settlement| settlement.generation.clone())
        .filter(|generation| !histories.iter().any(|history| &history.generation == generation))
        .collect();
    if !missing.is_empty() {
        return Ok(Step::Answer(CommandOutcome::NeedsHistory(missing)));
    }
    planner.expire_due_lots()?;
    for settlement in settlements {
        let outcome = match planner.account.hold(&settlement.generation).cloned() {
            Some(hold) if !reaches(by, &hold) => SettlementOutcome::AnotherService,
            Some(hold) => settle_open(planner, &hold, settlement)?,
            None => settle_past(planner, by, settlement, histories)?,
        };
        planner.outcomes.push(outcome);
    }
    if planner.outcomes.iter().all(|outcome| !writes(*outcome)) {
        return Ok(Step::Answer(CommandOutcome::Unchanged(std::mem::take(&mut planner.outcomes))));
    }
    Ok(Step::Write)
}

/// Releases an open hold.
fn release(
    planner: &mut Planner,
    hold: &Hold,
    reason: ReleaseReason,
    grace_s: u64,
) -> Result<(), ApplyError> {
    let parts = hold.parts.clone();
    planner.change(Change::Released { generation: hold.generation.clone(), parts: parts.clone(), reason })?;
    planner.returned(&parts, grace_s)
}

/// Whether a hold is one that a service may settle: its own. A person may settle every hold.
fn reaches(by: Option<&ServiceId>, hold: &Hold) -> bool {
    by.is_none_or(|service| *service == hold.service)
}

fn needs_history(planner: &Planner, by: Option<&ServiceId>, settlement: &Settlement) -> bool {
    let mut recent = planner.account.recent.iter().filter(|recent| recent.is_of(&settlement.generation));
    let repeats = recent.next_back().is_some_and(|recent| {
        recent.settled() == settlement.ending.settles() && by.is_none_or(|service| recent.is_by(service))
    });
    planner.account.hold(&settlement.generation).is_none() && !repeats
}

fn writes(outcome: SettlementOutcome) -> bool {
    match outcome {
        SettlementOutcome::Captured
        | SettlementOutcome::Released
        | SettlementOutcome::GivenBack
        | SettlementOutcome::ChargedLate
        | SettlementOutcome::Uncollected => true,
        SettlementOutcome::NotCharged
        | SettlementOutcome::Repeated
        | SettlementOutcome::Unknown
        | SettlementOutcome::AnotherService
        | SettlementOutcome::TooLate => false,
    }
}

/// A hold's parts in two: those of the `used` credits, in the order of spending, and the rest.
fn split(hold: &Hold, used: Credits) -> Result<[Vec<LotCredits>; 2], ApplyError> {
    let [mut kept, mut unused] = [Vec::new(), Vec::new()];
    let mut rest = used;
    for part in &hold.parts {
        let credits = part.credits.min(rest);
        rest = rest.minus(credits)?;
        kept.push(LotCredits { credits, ..*part });
        unused.push(LotCredits { credits: part.credits.minus(credits)?, ..*part });
    }
    Ok([kept, unused].map(|parts| parts.into_iter().filter(|part| !part.credits.is_zero()).collect()))
}

fn settle_open(
    planner: &mut Planner,
    hold: &Hold,
    settlement: &Settlement,
) -> Result<SettlementOutcome, ApplyError> {
    match settlement.ending {
        Ending::Succeeded | Ending::SucceededUsing(_) | Ending::InReview => {
            let [parts, unused] = match settlement.ending {
                Ending::SucceededUsing(used) => split(hold, used)?,
                _ => [hold.parts.clone(), Vec::new()],
            };
            let generation = hold.generation.clone();
            if !unused.is_empty() {
                let (generation, parts) = (generation.clone(), unused.clone());
                planner.change(Change::PartlyReleased { generation, parts })?;
            }
            let usable = settlement.ending != Ending::InReview;
            planner.change(Change::Captured { generation, parts, usable })?;
            // What is owed for a refunded lot is what was spent of it: this capture's part too.
            planner.returned(&unused, settlement.grace_s)?;
            Ok(SettlementOutcome::Captured)
        }
        Ending::Failed(reason) => {
            release(planner, hold, reason, settlement.grace_s)?;
            Ok(SettlementOutcome::Released)
        }
    }
}

fn settle_past(
    planner: &mut Planner,
    by: Option<&ServiceId>,
    settlement: &Settlement,
    histories: &[GenerationHistory],
) -> Result<SettlementOutcome, ApplyError> {
    let generation = &settlement.generation;
    let Some(history) = histories.iter().find(|history| &history.generation == generation) else {
        return Ok(SettlementOutcome::Repeated);
    };
    let Some(past) = &history.past else { return Ok(SettlementOutcome::Unknown) };
    if !reaches(by, &past.hold) {
        return Ok(SettlementOutcome::AnotherService);
    }
    match (&past.last, settlement.ending) {
        // The account shows no open hold, so the journal that was read is older than the account.
        (LastGeneration::Held, _) => Ok(SettlementOutcome::Unknown),
        // What is back already is not charged again while a person decides.
        (
            LastGeneration::Charged { .. },
            Ending::Succeeded | Ending::SucceededUsing(_) | Ending::InReview,
        )
        | (LastGeneration::Released, Ending::Failed(_) | Ending::InReview)
        | (LastGeneration::Closed, _) => Ok(SettlementOutcome::Repeated),
        (LastGeneration::Charged { parts, usable }, Ending::Failed(_)) => {
            if parts.iter().any(|part| planner.account.lot(part.lot).is_none()) {
                return Ok(SettlementOutcome::TooLate);
            }
            planner.change(Change::GivenBack {
                generation: generation.clone(),
                parts: parts.clone(),
                usable: *usable,
            })?;
            planner.returned(parts, settlement.grace_s)?;
            planner.records.push(Record::GivenBackOnce(generation.clone()));
            Ok(SettlementOutcome::GivenBack)
        }
        (LastGeneration::Released, Ending::Succeeded | Ending::SucceededUsing(_))
            if !settlement.charges_late =>
        {
            Ok(SettlementOutcome::NotCharged)
        }
        (LastGeneration::Released, Ending::Succeeded | Ending::SucceededUsing(_)) => {
            let held = past.hold.credits()?;
            let credits = match settlement.ending {
                Ending::SucceededUsing(used) => used.min(held),
                _ => held,
            };
            planner.records.push(Record::ChargedLateOnce(generation.clone()));
            if let Some(parts) = planner.take(&past.hold.product, credits)? {
                planner.change(Change::ChargedLate { generation: generation.clone(), parts })?;
                Ok(SettlementOutcome::ChargedLate)
            } else {
                planner.change(Change::Uncollected { generation: generation.clone(), credits })?;
                Ok(SettlementOutcome::Uncollected)
            }
        }
    }
}
