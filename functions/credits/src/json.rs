//! How ids, instants and parts of holds look in answers.

use std::fmt::Display;

use ledger::{AmountError, Hold, Part};
use serde::{Serialize, Serializer};

/// A value that is written as its text: an id, an instant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Credits of one lot.
#[derive(Debug, Serialize)]
pub(crate) struct PartView {
    lot: u32,
    credits: u64,
}

/// Credits of several lots, in the order in which they are spent.
pub(crate) fn parts(parts: &[Part]) -> Vec<PartView> {
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
    held_at: Shown<ledger::Timestamp>,
    deadline: Shown<ledger::Timestamp>,
}

impl<'a> HoldView<'a> {
    pub(crate) fn of(hold: &'a Hold) -> Result<Self, AmountError> {
        Ok(Self {
            generation_id: hold.generation.as_str(),
            operation: &hold.operation,
            product: hold.product.as_str(),
            credits: hold.credits()?.get(),
            lots: parts(&hold.parts),
            held_at: Shown(hold.held_at),
            deadline: Shown(hold.deadline),
        })
    }
}
