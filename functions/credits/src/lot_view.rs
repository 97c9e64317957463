//! How ids, instants and parts of holds look in answers.

use lambda::http::JsonDisplay;
use ledger::{AmountError, Hold, LotCredits};
use serde::Serialize;

/// Credits of one lot.
#[derive(Debug, Serialize)]
pub(crate) struct PartView {
    lot: u32,
    credits: u64,
}

/// Credits of several lots, in the order in which they are spent.
pub(crate) fn parts(parts: &[LotCredits]) -> Vec<PartView> {
    parts.iter().map(|part| PartView { lot: part.lot.0, credits: part.credits.get() }).collect()
}

/// An open hold.
#[derive(Debug, Serialize)]
pub(crate) struct HoldView<'a> {
    generation_id: &'a str,
    operation: &'a str,
    product: &'a str,
    credits: u64,
    lots: Vec<PartView>,
    held_at: JsonDisplay<ledger::Timestamp>,
    deadline: JsonDisplay<ledger::Timestamp>,
}

impl<'a> HoldView<'a> {
    pub(crate) fn of(hold: &'a Hold) -> Result<Self, AmountError> {
        Ok(Self {
            generation_id: hold.generation.as_str(),
            operation: &hold.operation,
            product: hold.product.as_str(),
            credits: hold.credits()?.get(),
            lots: parts(&hold.parts),
            held_at: JsonDisplay(hold.held_at),
            deadline: JsonDisplay(hold.deadline),
        })
    }
}
