//! Reading TOML with places: every value knows where it stands, every mistake says so.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Display;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::grammar::{Grammar, Notes, Shape};
use crate::mistake::{Mistake, Mistakes};

/// A file that is being read, and the mistakes found so far.
pub(crate) struct File<'t> {
    name: &'t str,
    text: &'t str,
    mistakes: RefCell<Vec<Mistake>>,
    notes: Notes,
}

/// A value and its place: the offset in the file, and the field's full name.
#[derive(Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
    pub(crate) field: String,
}

/// A table of the file. Every field that is asked for counts as known; [`Table::finish`] reports the others.
pub(crate) struct Table<'f, 't> {
    file: &'f File<'t>,
    path: String,
    /// The path with a star for every name that the document chooses.
    place: String,
    at: usize,
    entries: Option<&'f DeTable<'t>>,
    known: Vec<&'static str>,
}

impl<'t> File<'t> {
    pub(crate) fn new(name: &'t str, text: &'t str) -> Self {
        Self { name, text, mistakes: RefCell::default(), notes: Notes::default() }
    }

    /// Parses the file. A syntax error is the only mistake reported: what follows it cannot be trusted.
    pub(crate) fn parse(&self) -> Option<Spanned<DeTable<'t>>> {
        match DeTable::parse(self.text) {
            Ok(root) => Some(root),
            Err(error) => {
                let span = error.span().unwrap_or_default();
                let found =
                    self.text.get(span.clone()).and_then(|text| text.lines().next()).unwrap_or_default();
                self.mistake(
                    span.start,
                    "TOML",
                    format!("{} at `{found}`; expected valid TOML", error.message()),
                );
                None
            }
        }
    }

    pub(crate) fn root<'f>(&'f self, root: &'f Spanned<DeTable<'t>>) -> Table<'f, 't> {
        self.notes.table("");
        Table {
            file: self,
            path: String::new(),
            place: String::new(),
            at: 0,
            entries: Some(root.get_ref()),
            known: Vec::new(),
        }
    }

    /// What was asked of the file.
    pub(crate) fn grammar(&self) -> Grammar {
        self.notes.taken()
    }

    pub(crate) fn mistake(&self, at: usize, field: &str, problem: impl Display) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count().saturating_add(1);
        self.mistakes.borrow_mut().push(Mistake {
            file: self.name.to_owned(),
            line,
            field: field.to_owned(),
            problem: problem.to_string(),
        });
    }

    /// The offset in the file of the character at `offset` of a text value that starts at `at`. Exact for
    /// texts without escapes, which is how conditions are written.
    pub(crate) fn inside(&self, at: usize, offset: usize) -> usize {
        let raw = self.text.get(at..).unwrap_or_default();
        let opening = ["\"\"\"\n", "'''\n", "\"\"\"", "'''", "\"", "'"]
            .into_iter()
            .find(|opening| raw.starts_with(opening))
            .map_or(0, str::len);
        at.saturating_add(opening).saturating_add(offset)
    }

    /// The value, if there were no mistakes at all.
    pub(crate) fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        let mut mistakes = self.mistakes.into_inner();
        match value {
            Some(value) if mistakes.is_empty() => Ok(value),
            _ => {
                mistakes.sort_by_key(|mistake| mistake.line);
                Err(Mistakes(mistakes))
            }
        }
    }
}

impl<T> Located<T> {
    pub(crate) fn mistake(&self, file: &File<'_>, problem: impl Display) {
        file.mistake(self.at, &self.field, problem);
    }
}

impl<'f, 't> Table<'f, 't> {
    pub(crate) fn file(&self) -> &'f File<'t> {
        self.file
    }

    fn field(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn place(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    fn note(&self, name: &str, shape: Shape) {
        self.file.notes.shape(&self.place(name), shape);
    }

    /// Notes the words that a field is held to.
    pub(crate) fn held_to(&self, name: &str, words: &[&str]) {
        self.file.notes.words(&self.place(name), words);
    }

    fn get(&mut self, name: &'static str) -> Option<&'f Spanned<DeValue<'t>>> {
        self.known.push(name);
        self.entries?.get(name)
    }

    /// Where a field stands, or the table where it is missing.
    pub(crate) fn locate(&mut self, name: &'static str) -> Located<()> {
        let at = self.get(name).map_or(self.at, |value| value.span().start);
        Located { value: (), at, field: self.field(name) }
    }

    pub(crate) fn has(&mut self, name: &'static str) -> bool {
        self.file.notes.looked_for(&self.place(name));
        self.get(name).is_some()
    }

    fn read<T>(
        &mut self,
        name: &'static str,
        expected: &str,
        convert: impl FnOnce(&'f DeValue<'t>) -> Option<T>,
    ) -> Option<Located<T>> {
        let field = self.field(name);
        let found = self.get(name)?;
        let at = found.span().start;
        if let Some(value) = convert(found.get_ref()) {
            Some(Located { value, at, field })
        } else {
            let kind = found.get_ref().type_str();
            self.file.mistake(at, &field, format!("wrong type {kind}; expected {expected}"));
            None
        }
    }

    fn required<T>(&mut self, name: &'static str, expected: &str, value: Option<T>) -> Option<T> {
        self.file.notes.demanded(&self.place(name));
        if self.get(name).is_none() {
            self.file.mistake(self.at, &self.field(name), format!("missing; expected {expected}"));
        }
        value
    }

    pub(crate) fn optional_text(&mut self, name: &'static str) -> Option<Located<String>> {
        self.note(name, Shape::Text);
        let text = self.read(name, "a text", |value| value.as_str().map(str::to_owned))?;
        if text.value.trim().is_empty() {
            text.mistake(self.file, "empty; expected a text");
            return None;
        }
        Some(text)
    }

    pub(crate) fn text(&mut self, name: &'static str) -> Option<Located<String>> {
        let text = self.optional_text(name);
        self.required(name, "a text", text)
    }

    /// A text whose line breaks are layout only: runs of white space become one space.
    pub(crate) fn prose(&mut self, name: &'static str) -> Option<String> {
        let text = self.text(name)?;
        Some(text.value.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        self.note(name, Shape::Flag);
        let flag = self.read(name, "true or false", DeValue::as_bool);
        self.required(name, "true or false", flag).map(|flag| flag.value)
    }

    pub(crate) fn optional_integer(&mut self, name: &'static str) -> Option<Located<u64>> {
        self.note(name, Shape::Integer);
        self.read(name, "an integer from zero up", |value| {
            let integer = value.as_integer()?;
            u64::from_str_radix(integer.as_str(), integer.radix()).ok()
        })
    }

    pub(crate) fn integer(&mut self, name: &'static str) -> Option<Located<u64>> {
        let integer = self.optional_integer(name);
        self.required(name, "an integer from zero up", integer)
    }

    /// A day: its text and its first millisecond, UTC.
    pub(crate) fn day(&mut self, name: &'static str) -> Option<Located<(String, i64)>> {
        self.note(name, Shape::Day);
        let day = self.read(name, "a day such as 2026-05-02", |value| {
            let datetime = value.as_datetime()?;
            let (date, None, None) = (datetime.date?, datetime.time, datetime.offset) else { return None };
            let parts = (
                i16::try_from(date.year).ok()?,
                i8::try_from(date.month).ok()?,
                i8::try_from(date.day).ok()?,
            );
            let date = jiff::civil::Date::new(parts.0, parts.1, parts.2).ok()?;
            let start = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some((date.to_string(), start.timestamp().as_millisecond()))
        });
        self.required(name, "a day such as 2026-05-02", day)
    }

    /// One of a closed list of words.
    pub(crate) fn choice<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        self.held_to(name, &words);
        let text = self.text(name)?;
        let found = choices.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
        if found.is_none() {
            text.mistake(self.file, format!("unknown value `{}`; expected {}", text.value, any_of(&words)));
        }
        found
    }

    /// Words of a closed list; none where the field is missing.
    pub(crate) fn choices<T: Copy>(&mut self, name: &'static str, choices: &[(&str, T)]) -> Vec<T> {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        self.held_to(name, &words);
        let texts = self.optional_texts(name).into_iter();
        let known = texts.filter_map(|text| {
            let found = choices.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
            if found.is_none() {
                text.mistake(
                    self.file,
                    format!("unknown value `{}`; expected {}", text.value, any_of(&words)),
                );
            }
            found
        });
        known.collect()
    }

    /// A list of texts; empty where the field is missing.
    pub(crate) fn optional_texts(&mut self, name: &'static str) -> Vec<Located<String>> {
        let field = self.field(name);
        self.note(name, Shape::Texts);
        let elements = self.read(name, "a list of texts", |value| {
            let elements = value.as_array()?;
            elements
                .iter()
                .map(|element| {
                    let value = element.get_ref().as_str()?.to_owned();
                    Some(Located { value, at: element.span().start, field: field.clone() })
                })
                .collect::<Option<Vec<_>>>()
        });
        let elements = elements.map(|elements| elements.value).unwrap_or_default();
        for (place, element) in elements.iter().enumerate() {
            if elements.iter().take(place).any(|earlier| earlier.value == element.value) {
                element
                    .mistake(self.file, format!("`{}` is listed twice; expected each once", element.value));
            }
        }
        elements
    }

    /// A list of at least one text.
    pub(crate) fn texts(&mut self, name: &'static str) -> Vec<Located<String>> {
        self.file.notes.demanded(&self.place(name));
        let texts = self.optional_texts(name);
        if texts.is_empty() && self.entries.is_some() {
            let list = self.get(name);
            if list.is_none_or(|value| value.get_ref().as_array().is_some_and(|list| list.is_empty())) {
                let place = self.locate(name);
                place.mistake(self.file, "missing; expected a list of at least one text");
            }
        }
        texts
    }

    /// A list of words, beside a number and amounts: the three kinds of a term's value.
    pub(crate) fn is_list(&mut self, name: &'static str) -> bool {
        self.get(name).is_some_and(|value| value.get_ref().is_array())
    }

    pub(crate) fn is_table(&mut self, name: &'static str) -> bool {
        self.get(name).is_some_and(|value| value.get_ref().as_table().is_some())
    }

    /// Amounts by currency: `{ usd = 10_000, jpy = 15_000 }`.
    pub(crate) fn amounts(&mut self, name: &'static str) -> Option<BTreeMap<String, u32>> {
        self.note(name, Shape::Amounts);
        let table = self.read(name, "amounts by currency", DeValue::as_table)?;
        let mut amounts = BTreeMap::new();
        for (currency, amount) in table.value {
            let named = currency.get_ref();
            let is_code = named.len() == 3 && named.bytes().all(|byte| byte.is_ascii_lowercase());
            let minor = amount.get_ref().as_integer();
            let minor = minor.and_then(|minor| u32::from_str_radix(minor.as_str(), minor.radix()).ok());
            match minor.filter(|_| is_code) {
                Some(minor) => {
                    amounts.insert(named.to_string(), minor);
                }
                None => self.file.mistake(
                    currency.span().start,
                    &format!("{}.{named}", table.field),
                    "expected a currency in lower case and a whole amount in its smallest unit",
                ),
            }
        }
        if table.value.is_empty() {
            table.mistake(self.file, "expected an amount for at least one currency");
        }
        Some(amounts)
    }

    pub(crate) fn optional_table(&mut self, name: &'static str) -> Option<Table<'f, 't>> {
        self.note(name, Shape::Table);
        let place = self.place(name);
        let (path, entries) = self.entries_of(name)?;
        self.file.notes.table(&place);
        Some(Self {
            file: self.file,
            path,
            place,
            at: entries.at,
            entries: Some(entries.value),
            known: Vec::new(),
        })
    }

    fn entries_of(&mut self, name: &'static str) -> Option<(String, Located<&'f DeTable<'t>>)> {
        let path = self.field(name);
        Some((path, self.read(name, "a table", DeValue::as_table)?))
    }

    pub(crate) fn table(&mut self, name: &'static str) -> Option<Table<'f, 't>> {
        let table = self.optional_table(name);
        self.required(name, "a table", table)
    }

    /// The tables under `[name.<id>]`, in the order of the file.
    pub(crate) fn named_tables(&mut self, name: &'static str) -> Vec<(Located<String>, Table<'f, 't>)> {
        self.note(name, Shape::Named);
        let place = format!("{}.*", self.place(name));
        let Some((parent, entries)) = self.entries_of(name) else { return Vec::new() };
        let mut tables = Vec::new();
        for (key, value) in entries.value {
            let id = key.get_ref().to_string();
            let path = format!("{parent}.{id}");
            let at = key.span().start;
            match value.get_ref().as_table() {
                Some(entries) => {
                    self.file.notes.table(&place);
                    let table = Self {
                        file: self.file,
                        path: path.clone(),
                        place: place.clone(),
                        at,
                        entries: Some(entries),
                        known: Vec::new(),
                    };
                    tables.push((Located { value: id, at, field: path }, table));
                }
                None => self.file.mistake(
                    at,
                    &path,
                    format!("wrong type {}; expected a table", value.get_ref().type_str()),
                ),
            }
        }
        tables.sort_by_key(|(id, _)| id.at);
        tables
    }

    /// The integers of a table whose keys the document chooses; none where the field is missing.
    pub(crate) fn integers(&mut self, name: &'static str) -> Vec<(Located<String>, u64)> {
        self.note(name, Shape::Value);
        let Some((parent, entries)) = self.entries_of(name) else { return Vec::new() };
        let mut integers = Vec::new();
        for (key, value) in entries.value {
            let id = key.get_ref().to_string();
            let key = Located { field: format!("{parent}.{id}"), value: id, at: key.span().start };
            let integer = value.get_ref().as_integer();
            match integer.and_then(|integer| u64::from_str_radix(integer.as_str(), integer.radix()).ok()) {
                Some(integer) => integers.push((key, integer)),
                None => key.mistake(self.file, "expected an integer from zero up"),
            }
        }
        integers
    }

    /// A list of tables; empty where the field is missing.
    pub(crate) fn list_of_tables(&mut self, name: &'static str) -> Vec<Table<'f, 't>> {
        let path = self.field(name);
        let file = self.file;
        self.note(name, Shape::Tables);
        let place = format!("{}[]", self.place(name));
        let elements = self.read(name, "a list of tables", |value| {
            value
                .as_array()?
                .iter()
                .map(|element| Some((element.span().start, element.get_ref().as_table()?)))
                .collect::<Option<Vec<_>>>()
        });
        let elements = elements.map(|elements| elements.value).unwrap_or_default();
        elements
            .into_iter()
            .map(|(at, entries)| {
                file.notes.table(&place);
                Self {
                    file,
                    path: path.clone(),
                    place: place.clone(),
                    at,
                    entries: Some(entries),
                    known: Vec::new(),
                }
            })
            .collect()
    }

    /// The raw value of a field, for the one place where several types are allowed.
    pub(crate) fn raw(&mut self, name: &'static str) -> Option<Located<&'f DeValue<'t>>> {
        self.note(name, Shape::Value);
        self.read(name, "a value", Some)
    }

    /// Reports the fields that nobody asked for.
    pub(crate) fn finish(self) {
        for (key, _) in self.entries.into_iter().flatten() {
            if !self.known.contains(&&**key.get_ref()) {
                let field = self.field(key.get_ref());
                let mut known = self.known.clone();
                known.sort_unstable();
                known.dedup();
                self.file.mistake(
                    key.span().start,
                    &field,
                    format!("unknown field; expected {}", any_of(&known)),
                );
            }
        }
    }
}

/// `a, b or c`, each in backticks.
pub(crate) fn any_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
