//! A whole document: the header, its parts, and the checks that need all of them.

use std::cell::RefCell;
use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::Mistakes;
use super::grammar::Grammar;
use super::law;
use super::parts;
use super::practice;
use super::reader::{File, Located, Table, any_of};
use super::rules::{self, Allowed};
use crate::document::{Clause, ClauseKind, Document, Term, TermUnit, TermValue};
use crate::practice::Intake;

/// What references are checked against, and which clauses something acts on.
pub(super) struct Context<'f, 't> {
    pub(super) file: &'f File<'t>,
    pub(super) clauses: BTreeSet<String>,
    pub(super) terms: Vec<Term>,
    acted_on: RefCell<BTreeSet<String>>,
    measured: RefCell<BTreeSet<String>>,
}

/// Parses and checks one document. `file` is the name that mistakes carry.
pub fn parse_document(file: &str, text: &str) -> Result<Document, Mistakes> {
    let file = File::new(file, text);
    let root = file.parse();
    let document = root.as_ref().and_then(|root| document(&file, file.root(root)));
    drop(root);
    file.finish(document)
}

/// What the reader asks of a whole document.
pub(super) fn grammar_of(text: &str) -> Result<Grammar, Mistakes> {
    let file = File::new("specimen.toml", text);
    let root = file.parse();
    let document = root.as_ref().and_then(|root| document(&file, file.root(root)));
    let grammar = file.grammar();
    drop(root);
    file.finish(document).map(|_| grammar)
}

struct Header {
    id: String,
    version: String,
    title: String,
    source: String,
    announced_at_ms: i64,
    in_force_from_ms: i64,
    material: bool,
    material_reason: String,
    notice_s: Option<u64>,
    products: Vec<String>,
    version_clause: Option<String>,
}

fn document<'t>(file: &File<'t>, mut root: Table<'_, 't>) -> Option<Document> {
    let (clauses, clause_ids) = clauses_of(&mut root, file);
    let context = Context::new(file, clause_ids, terms_of(&mut root, file));
    let header = root.table("document").map(|table| header(table, &context));
    let products: BTreeSet<String> =
        header.iter().flatten().flat_map(|header| header.products.iter().cloned()).collect();
    let credits = root.table("credits").map(|table| parts::credits(table, &context));
    let failures = root.table("failures").and_then(|table| parts::failures(table, None, &context));
    let operation_tables = root.named_tables("operations");
    let operation_ids = ids(&operation_tables);
    let operations = parts::operations(operation_tables, &context, failures.as_ref(), credits.as_ref());
    let empty_success = parts::empty_success(root.named_tables("empty_success"), &context, &operation_ids);
    let results = parts::results(root.named_tables("results"), &context, &operation_ids);
    let offer_tables = root.named_tables("offers");
    let offer_ids = ids(&offer_tables);
    let offers = parts::offers(offer_tables, &context);
    let clocks = parts::clocks(root.named_tables("clocks"), &context, &products);
    let leftover = root.optional_table("leftover").map(|table| parts::leftover(table, &context));
    let cancellations = parts::cancellations(root.named_tables("cancellation"), &context, &products);
    let on_refund = root.table("on_refund").and_then(|table| parts::on_refund(table, &context));
    let door = root.table("door").and_then(|table| parts::door(table, &context));
    let intake = root.optional_table("intake").map(|table| practice::intake(table, &context));
    let provider = root.optional_table("provider").map(|table| practice::provider(table, &context));
    let duplicates = root.optional_table("duplicates").map(|table| practice::duplicates(table, &context));
    let downloads =
        root.optional_table("downloads").map(|table| practice::downloads(table, &context, &products));
    let review = practice::review(root.named_tables("review"), &context, &products);
    let approval = root.optional_table("approval").map(|table| practice::approval(table, &context));
    let calendar = root.optional_table("calendar").map(|table| practice::calendar(table, &context));
    root.held_to("law", &law::names());
    let law = law::law(root.named_tables("law"), &context);
    let allowed = Allowed::Policy { offers: &offer_ids, products: &products, review: &review };
    let rules = rules::rules(root.named_tables("rules"), &context, allowed);
    let conflicts = practice::conflicts(root.named_tables("conflicts"), &context, &rules);
    let gaps = practice::gaps(root.named_tables("gaps"), &context);
    let clocks = parts::with_calendar(clocks, calendar.is_some(), &context);
    root.finish();
    if let (Some(door), Some(Some((Intake { address: Some(address), .. }, place)))) = (&door, &intake)
        && !door.text.contains(address.as_str())
    {
        let problem = format!("the door does not name it; expected `{address}` in `door.text`");
        place.mistake(file, problem);
    }
    for (clause, at) in &clauses {
        context.check_acted_on(clause, *at);
    }
    let (header, credits) = (header??, credits?);
    let (on_refund, on_refund_clauses) = on_refund?;
    Some(Document {
        id: header.id,
        version: header.version,
        title: header.title,
        source: header.source,
        announced_at_ms: header.announced_at_ms,
        in_force_from_ms: header.in_force_from_ms,
        material: header.material,
        material_reason: header.material_reason,
        notice_s: header.notice_s,
        products: header.products,
        version_clause: header.version_clause?,
        clauses: clauses.into_iter().map(|(clause, _)| clause).collect(),
        terms: context.terms,
        rules,
        operations,
        failures: failures?,
        empty_success,
        results,
        late_success: credits.late_success?,
        hold_deadline_s: credits.hold_deadline_s?,
        offers,
        clocks,
        leftover: leftover.flatten(),
        cancellations,
        on_refund,
        on_renewal: credits.on_renewal?,
        on_refund_clauses,
        door: door?,
        intake: intake.flatten().map(|(intake, _)| intake),
        provider: provider.flatten(),
        review,
        approval: approval.flatten(),
        calendar: calendar.flatten(),
        conflicts,
        duplicates_within_s: duplicates.flatten(),
        downloads_reported: downloads.unwrap_or_default(),
        gaps,
        law,
    })
}

/// The clauses with their places, and the names that stand in the file: references are held against
/// these, so that a mistake within a part is reported once and not again wherever the part is cited.
pub(super) fn clauses_of<'t>(
    root: &mut Table<'_, 't>,
    file: &File<'t>,
) -> (Vec<(Clause, usize)>, BTreeSet<String>) {
    let tables = root.named_tables("clauses");
    let ids = ids(&tables);
    let clauses =
        tables.into_iter().filter_map(|(id, table)| Some((clause(&id, table, file)?, id.at))).collect();
    (clauses, ids)
}

pub(super) fn terms_of<'t>(root: &mut Table<'_, 't>, file: &File<'t>) -> Vec<Term> {
    root.named_tables("terms").into_iter().filter_map(|(id, table)| term(&id, table, file)).collect()
}

/// The names of tables.
pub(super) fn ids(tables: &[(Located<String>, Table<'_, '_>)]) -> BTreeSet<String> {
    tables.iter().map(|(id, _)| id.value.clone()).collect()
}

fn header(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Header> {
    let id = table.text("id");
    if let Some(id) = &id {
        check_id(id, context.file);
    }
    let version = table.text("version");
    let title = table.prose("title");
    let source = table.prose("source");
    let announced = table.day("announced");
    let in_force = table.day("in_force");
    let material = table.flag("material");
    let material_reason = table.prose("material_reason");
    let notice = table.has("notice").then(|| context.seconds(&mut table, "notice"));
    let products: Vec<String> = table.texts("products").into_iter().map(|product| product.value).collect();
    let version_clause = context.clause(&mut table, "version_clause");
    table.finish();
    let (announced, in_force, material) = (announced?, in_force?, material?);
    if material && notice.is_none() {
        let problem = "a material version without `notice`; expected the term of how long it is announced in \
                       advance";
        in_force.mistake(context.file, problem);
    }
    let notice_s = notice.flatten();
    if let (true, Some(notice_s)) = (material, notice_s) {
        let length_ms = i64::try_from(notice_s).ok().and_then(|seconds| seconds.checked_mul(1_000));
        let earliest = length_ms.and_then(|length| announced.value.1.checked_add(length));
        if earliest.is_none_or(|earliest| in_force.value.1 < earliest) {
            let days = notice_s.checked_div(86_400).unwrap_or_default();
            let problem = format!(
                "a material version comes into force too early after its announcement on {}; expected at \
                 least {days} days",
                announced.value.0
            );
            in_force.mistake(context.file, problem);
        }
    }
    Some(Header {
        id: id?.value,
        version: version?.value,
        title: title?,
        source: source?,
        announced_at_ms: announced.value.1,
        in_force_from_ms: in_force.value.1,
        material,
        material_reason: material_reason?,
        notice_s,
        products,
        version_clause,
    })
}

fn clause(id: &Located<String>, mut table: Table<'_, '_>, file: &File<'_>) -> Option<Clause> {
    check_id(id, file);
    let covers = table.optional_texts("covers").into_iter().map(|rule| rule.value).collect();
    let kind = if table.has("kind") {
        table.choice(
            "kind",
            &[
                ("rule", ClauseKind::Rule),
                ("clock", ClauseKind::Clock),
                ("invariant", ClauseKind::Invariant),
                ("information", ClauseKind::Information),
            ],
        )
    } else {
        Some(ClauseKind::Rule)
    };
    let date = table.day("date");
    let text = table.prose("text");
    table.finish();
    let text = text?;
    let sha256 = hexadecimal(&Sha256::digest(text.as_bytes()));
    Some(Clause { id: id.value.clone(), covers, kind: kind?, date: date?.value.0, text, sha256 })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn term(id: &Located<String>, mut table: Table<'_, '_>, file: &File<'_>) -> Option<Term> {
    check_id(id, file);
    let value = if table.is_list("value") {
        Some(TermValue::Words(table.texts("value").into_iter().map(|word| word.value).collect()))
    } else if table.is_table("value") {
        let amounts = table.amounts("value");
        let units: Vec<(&str, TermUnit)> = TermUnit::ALL.iter().map(|unit| (unit.id(), *unit)).collect();
        let place = table.locate("unit");
        if table.choice("unit", &units).is_some_and(|unit| unit != TermUnit::Minor) {
            place.mistake(file, "amounts by currency are counted in `minor`");
        }
        amounts.map(TermValue::Amounts)
    } else {
        let number = table.integer("value");
        let (low, high) = (table.optional_integer("min"), table.optional_integer("max"));
        let units: Vec<(&str, TermUnit)> = TermUnit::ALL.iter().map(|unit| (unit.id(), *unit)).collect();
        let unit = table.choice("unit", &units);
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
    let reason = table.prose("reason");
    let owner = table.prose("owner");
    table.finish();
    // A missing reason or owner is a mistake by itself and none of the rules that use the term.
    Some(Term {
        id: id.value.clone(),
        value: value?,
        reason: reason.unwrap_or_default(),
        owner: owner.unwrap_or_default(),
    })
}

/// Ids are names of the document's own: lower-case letters, digits, `-` and `_`.
pub(super) fn check_id(id: &Located<String>, file: &File<'_>) {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if id.value.is_empty() || !id.value.chars().all(allowed) {
        id.mistake(file, format!("id `{}`; expected lower-case letters, digits, `-` and `_`", id.value));
    }
}

impl<'f, 't> Context<'f, 't> {
    pub(super) fn new(file: &'f File<'t>, clauses: BTreeSet<String>, terms: Vec<Term>) -> Self {
        Self { file, clauses, terms, acted_on: RefCell::default(), measured: RefCell::default() }
    }

    /// A reference to a clause, which something of the document acts on.
    pub(super) fn clause(&self, table: &mut Table<'_, '_>, name: &'static str) -> Option<String> {
        let reference = table.text(name)?;
        self.act_on(reference)
    }

    pub(super) fn act_on(&self, reference: Located<String>) -> Option<String> {
        let known = self.known_clause(reference)?;
        self.acted_on.borrow_mut().insert(known.clone());
        Some(known)
    }

    /// A reference to a clause that a clock measures.
    pub(super) fn measured_clause(&self, table: &mut Table<'_, '_>) -> Option<String> {
        let reference = table.text("clause")?;
        let known = self.known_clause(reference)?;
        self.measured.borrow_mut().insert(known.clone());
        Some(known)
    }

    fn known_clause(&self, reference: Located<String>) -> Option<String> {
        known("clause", reference, &self.clauses, self.file)
    }

    /// A reference to a term that is plain time, in seconds.
    pub(super) fn seconds(&self, table: &mut Table<'_, '_>, name: &'static str) -> Option<u64> {
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

    pub(super) fn term(&self, reference: &Located<String>) -> Option<&Term> {
        let term = self.terms.iter().find(|term| term.id == reference.value);
        if term.is_none() {
            let ids: Vec<&str> = self.terms.iter().map(|term| term.id.as_str()).collect();
            reference
                .mistake(self.file, format!("unknown term `{}`; expected {}", reference.value, any_of(&ids)));
        }
        term
    }

    pub(super) fn check_acted_on(&self, clause: &Clause, at: usize) {
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
pub(super) fn known(
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
