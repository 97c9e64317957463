//! What the reader asks a document for, noted while it asks: the one source of the JSON schema.
//!
//! A field's place is its path with `*` for every name that a document chooses and `[]` for the elements of
//! a list: `rules.*.when`. A field is required where every table of its place was asked for it without a
//! look at whether it is there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    Text,
    Flag,
    Integer,
    Day,
    Texts,
    /// Whole numbers by currency.
    Amounts,
    Value,
    Table,
    /// Tables under names that the document chooses.
    Named,
    Tables,
}

/// What is known of a field.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    pub(crate) shapes: BTreeSet<Shape>,
    /// The words that it is held to, or the names of its tables.
    pub(crate) words: Vec<String>,
    demanded: usize,
    looked_for: bool,
}

/// Fields and tables by their places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grammar {
    pub(crate) fields: BTreeMap<String, Field>,
    tables: BTreeMap<String, usize>,
}

/// The notes of one file.
#[derive(Debug, Default)]
pub(crate) struct Notes(RefCell<Grammar>);

impl Notes {
    /// A table of this place is read.
    pub(crate) fn table(&self, place: &str) {
        let mut grammar = self.0.borrow_mut();
        let count = grammar.tables.entry(place.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn shape(&self, place: &str, shape: Shape) {
        self.field(place, |field| {
            field.shapes.insert(shape);
        });
    }

    /// The field has to be there.
    pub(crate) fn demanded(&self, place: &str) {
        self.field(place, |field| field.demanded = field.demanded.saturating_add(1));
    }

    /// It is looked whether the field is there, so that it need not be.
    pub(crate) fn looked_for(&self, place: &str) {
        self.field(place, |field| field.looked_for = true);
    }

    pub(crate) fn words(&self, place: &str, words: &[&str]) {
        self.field(place, |field| field.words = words.iter().map(|word| (*word).to_owned()).collect());
    }

    pub(crate) fn taken(&self) -> Grammar {
        self.0.take()
    }

    fn field(&self, place: &str, change: impl FnOnce(&mut Field)) {
        change(self.0.borrow_mut().fields.entry(place.to_owned()).or_default());
    }
}

impl Grammar {
    /// Whether every table holds the field.
    pub(crate) fn is_required(&self, place: &str) -> bool {
        let table = place.rsplit_once('.').map_or("", |(table, _)| table);
        self.fields.get(place).is_some_and(|field| {
            !field.looked_for && self.tables.get(table).is_some_and(|tables| field.demanded >= *tables)
        })
    }

    /// The names of the fields of a table.
    pub(crate) fn fields_of(&self, table: &str) -> Vec<(&str, &Field)> {
        let prefix = if table.is_empty() { String::new() } else { format!("{table}.") };
        self.fields
            .iter()
            .filter_map(|(place, field)| {
                let name = place.strip_prefix(&prefix)?;
                (!name.contains('.')).then_some((name, field))
            })
            .collect()
    }
}
