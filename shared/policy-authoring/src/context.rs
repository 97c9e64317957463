//! What the parts of a document refer to: its clauses and terms, and which clauses something acts on.

use std::cell::RefCell;
use std::collections::BTreeSet;

use policy::{Clause, ClauseKind, Term, TermUnit, TermValue};

use crate::reader::{File, Located, Table, any_of};

/// What references are checked against, and which clauses something acts on.
pub(crate) struct Context<'f, 't> {
    pub(crate) file: &'f File<'t>,
    pub(crate) clauses: BTreeSet<String>,
    pub(crate) terms: Vec<Term>,
    acted_on: RefCell<BTreeSet<String>>,
    measured: RefCell<BTreeSet<String>>,
}

/// The clauses with their places, and the names that stand in the file: references are held against
/// these, so that a mistake within a part is reported once and not again wherever the part is cited.
pub(crate) fn clauses_of<'t>(
    root: &mut Table<'_, 't>,
    file: &File<'t>,
) -> (Vec<(Clause, usize)>, BTreeSet<String>) {
    let tables = root.named_tables("clauses");
    let ids = ids(&tables);
    let clauses =
        tables.into_iter().filter_map(|(id, table)| Some((clause(&id, table, file)?, id.at))).collect();
    (clauses, ids)
}

pub(crate) fn terms_of<'t>(root: &mut Table<'_, 't>, file: &File<'t>) -> Vec<Term> {
    root.named_tables("terms").into_iter().filter_map(|(id, table)| term(&id, table, file)).collect()
}

/// The names of tables.
pub(crate) fn ids(tables: &[(Located<String>, Table<'_, '_>)]) -> BTreeSet<String> {
    tables.iter().map(|(id, _)| id.value.clone()).collect()
}

/// What marks a text that `makegood policy new` leaves to its company.
const UNWORDED: &str = "TO BE WORDED";

fn clause(id: &Located<String>, mut table: Table<'_, '_>, file: &File<'_>) -> Option<Clause> {
    check_id(id, file);
    let covers = table.optional_texts("covers").into_iter().map(|rule| rule.value).collect();
    let kind =
        if table.has("kind") { table.choice("kind", ClauseKind::SPELLINGS) } else { Some(ClauseKind::Rule) };
    let date = table.day("date");
    let place = table.locate("text");
    let text = table.prose("text");
    table.finish();
    if text.as_ref().is_some_and(|text| text.contains(UNWORDED)) {
        place.mistake(file, format!("is not worded yet; expected what customers read, without `{UNWORDED}`"));
    }
    Some(Clause { id: id.value.clone(), covers, kind: kind?, date: date?.value.0, text: text? })
}

fn term(id: &Located<String>, mut table: Table<'_, '_>, file: &File<'_>) -> Option<Term> {
    check_id(id, file);
    let value = if table.is_list("value") {
        Some(TermValue::Words(table.texts("value").into_iter().map(|word| word.value).collect()))
    } else if table.is_table("value") {
        let amounts = table.amounts("value");
        let place = table.locate("unit");
        if table.choice("unit", TermUnit::SPELLINGS).is_some_and(|unit| unit != TermUnit::Minor) {
            place.mistake(file, "amounts by currency are counted in `minor`");
        }
        amounts.map(TermValue::Amounts)
    } else {
        let number = table.integer("value");
        let (low, high) = (table.optional_integer("min"), table.optional_integer("max"));
        let unit = table.choice("unit", TermUnit::SPELLINGS);
        number.zip(unit).map(|(number, unit)| {
            let low = low.map_or(0, |bound| bound.value);
            let high = high.map_or(u64::from(u32::MAX), |bound| bound.value);
            if !(low..=high).contains(&number.value) {
                let problem =
                    format!("{} is outside the term's bounds; expected {low} to {high}", number.value);
                number.mistake(file, problem);
            }
            TermValue::Number(u32::try_from(number.value).unwrap_or(u32::MAX), unit)
        })
    };
    // A reader of the file needs them, and no decision: a missing one is a mistake by itself.
    table.prose("reason");
    table.prose("owner");
    table.finish();
    Some(Term { id: id.value.clone(), value: value? })
}

/// Ids are names of the document's own: lower-case letters, digits, `-` and `_`.
pub(crate) fn check_id(id: &Located<String>, file: &File<'_>) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.value.is_empty() || !id.value.chars().all(allowed) {
        id.mistake(file, format!("id `{}`; expected lower-case letters, digits, `-` and `_`", id.value));
    }
}

impl<'f, 't> Context<'f, 't> {
    pub(crate) fn new(file: &'f File<'t>, clauses: BTreeSet<String>, terms: Vec<Term>) -> Self {
        Self { file, clauses, terms, acted_on: RefCell::default(), measured: RefCell::default() }
    }

    /// A reference to a clause, which something of the document acts on.
    pub(crate) fn clause(&self, table: &mut Table<'_, '_>, name: &'static str) -> Option<String> {
        let reference = table.text(name)?;
        self.act_on(reference)
    }

    pub(crate) fn act_on(&self, reference: Located<String>) -> Option<String> {
        let known = self.known_clause(reference)?;
        self.acted_on.borrow_mut().insert(known.clone());
        Some(known)
    }

    /// A reference to a clause that a clock measures.
    pub(crate) fn measured_clause(&self, table: &mut Table<'_, '_>) -> Option<String> {
        let reference = table.text("clause")?;
        let known = self.known_clause(reference)?;
        self.measured.borrow_mut().insert(known.clone());
        Some(known)
    }

    fn known_clause(&self, reference: Located<String>) -> Option<String> {
        known("clause", reference, &self.clauses, self.file)
    }

    /// A reference to a term that is plain time, in seconds.
    pub(crate) fn seconds(&self, table: &mut Table<'_, '_>, name: &'static str) -> Option<u64> {
        let reference = table.text(name)?;
        let term = self.term(&reference)?;
        let seconds = term.seconds();
        if seconds.is_none() {
            let problem =
                format!("term `{}` is {}; expected a term of plain time", term.id, term.value_text());
            reference.mistake(self.file, problem);
        }
        seconds
    }

    pub(crate) fn term(&self, reference: &Located<String>) -> Option<&Term> {
        let term = self.terms.iter().find(|term| term.id == reference.value);
        if term.is_none() {
            let ids: Vec<&str> = self.terms.iter().map(|term| term.id.as_str()).collect();
            reference
                .mistake(self.file, format!("unknown term `{}`; expected {}", reference.value, any_of(&ids)));
        }
        term
    }

    pub(crate) fn check_acted_on(&self, clause: &Clause, at: usize) {
        let field = format!("clauses.{}", clause.id);
        let clocked = self.measured.borrow().contains(&clause.id);
        if clause.kind == ClauseKind::Rule && !clocked && !self.acted_on.borrow().contains(&clause.id) {
            let problem = "nothing of the document cites it; expected a rule that does, or a `kind` of \
                           `clock`, `invariant` or `information`";
            self.file.mistake(at, &field, problem);
        }
        if clause.kind == ClauseKind::Clock && !clocked {
            self.file.mistake(at, &field, "no clock cites it; expected one under `clocks`");
        }
    }
}

/// A reference to one of a set of names.
pub(crate) fn known(
    what: &str,
    reference: Located<String>,
    names: &BTreeSet<String>,
    file: &File<'_>,
) -> Option<String> {
    if names.contains(&reference.value) {
        return Some(reference.value);
    }
    let problem = format!("unknown {what} `{}`; expected one of the document", reference.value);
    reference.mistake(file, problem);
    None
}
