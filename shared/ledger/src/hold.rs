//! How credits are set aside for a generation, and when holds are refused.

use crate::planner::{Planner, Step};
use crate::{
    ApplyError, Change, CommandOutcome, Credits, GenerationHistory, HOLDS_MAX, Hold, PastHold, PlaceHold,
    Rejection,
};

impl Planner {
    pub(crate) fn hold(
        &mut self,
        place: &PlaceHold,
        histories: &[GenerationHistory],
    ) -> Result<Step, ApplyError> {
        if let Some(hold) = self.account.hold(&place.generation) {
            return placed_before(place, hold);
        }
        if self.account.recent.iter().any(|recent| recent.is_of(&place.generation)) {
            return match histories.iter().find(|history| history.generation == place.generation) {
                None => Ok(Step::Answer(CommandOutcome::NeedsHistory(vec![place.generation.clone()]))),
                Some(GenerationHistory { past: Some(PastHold { hold, .. }), .. }) => {
                    placed_before(place, hold)
                }
                Some(_) => Ok(Step::Answer(CommandOutcome::Refused(Rejection::HoldConflict))),
            };
        }
        let refused = |rejection| Ok(Step::Answer(CommandOutcome::Refused(rejection)));
        if place.credits.is_zero() {
            return refused(Rejection::NoCredits);
        }
        if self.account.suspended {
            return refused(Rejection::Suspended);
        }
        if self.account.holds.len() >= HOLDS_MAX {
            return refused(Rejection::TooManyHolds);
        }
        self.expire_due_lots()?;
        let Some(parts) = self.take(&place.product, place.credits)? else {
            let lots = self.account.spend_order(&place.product, self.now);
            let available = Credits::sum(lots.iter().map(|lot| lot.available))?;
            return refused(Rejection::NotEnough { available, needed: place.credits });
        };
        let Ok(deadline) = self.now.plus_s(place.deadline_s) else { return refused(Rejection::OutOfRange) };
        self.change(Change::Held(Hold {
            generation: place.generation.clone(),
            service: place.service.clone(),
            operation: place.operation.clone(),
            product: place.product.clone(),
            parts,
            held_at: self.now,
            deadline,
        }))?;
        Ok(Step::Write)
    }

    /// Refuses holds from here on, or accepts them again.
    pub(crate) fn suspend(&mut self, suspend: bool) -> Result<Step, ApplyError> {
        if self.account.suspended == suspend {
            return Ok(Step::Answer(CommandOutcome::Unchanged(Vec::new())));
        }
        self.change(if suspend { Change::Suspended } else { Change::Resumed })?;
        Ok(Step::Write)
    }
}

fn placed_before(place: &PlaceHold, hold: &Hold) -> Result<Step, ApplyError> {
    let same = hold.service == place.service
        && hold.operation == place.operation
        && hold.product == place.product
        && hold.credits()? == place.credits;
    Ok(Step::Answer(if same {
        CommandOutcome::Placed(hold.clone())
    } else {
        CommandOutcome::Refused(Rejection::HoldConflict)
    }))
}
