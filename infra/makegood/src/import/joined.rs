//! What the files of an import say of each account, joined.
//!
//! Each part of an account remembers its file and line, so that a mistake is named where somebody can correct
//! it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use import_lines::{AccountLine, FieldMistake, PaymentLine};
use ledger::Timestamp;

/// A line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which of the files.
    pub(crate) file: usize,
    /// From 1.
    pub(crate) line: usize,
}

/// The lists of an account, by their names in a line.
const LISTS: [&str; 4] = ["customers", "subscriptions", "payments", "lots"];

/// An account with all that the files say of it.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    pub(crate) line: AccountLine,
    /// The lines that name the account itself, the first one first.
    own: Vec<Place>,
    /// Where each element of each list comes from, with its place in the list of its own line.
    elements: [Vec<(Place, usize)>; 4],
}

/// Something in a file that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    /// The field there; a JSON pointer of a line, or a column.
    pub(crate) field: String,
    pub(crate) expected: String,
}

/// What the files say.
#[derive(Debug, Default)]
pub(crate) struct Files {
    paths: Vec<PathBuf>,
    /// The accounts, in the order in which they are first named.
    pub(crate) accounts: Vec<Joined>,
    /// Lines that are of no account's form.
    pub(crate) faults: Vec<Fault>,
    /// Accounts of which such a line speaks: nothing of them is imported.
    unfit: HashSet<String>,
    /// Whether one of those lines does not say of which account it is.
    pub(crate) is_nameless: bool,
    by_account: HashMap<String, usize>,
}

impl Files {
    /// Files of which nothing has been read.
    pub(crate) fn of(paths: &[PathBuf]) -> Self {
        Self { paths: paths.to_vec(), ..Self::default() }
    }

    /// Joins what a line says to its account.
    pub(crate) fn add(&mut self, place: Place, line: AccountLine) {
        let next = self.accounts.len();
        let index = *self.by_account.entry(line.account.clone()).or_insert(next);
        if index == next {
            self.accounts.push(Joined::default());
        }
        let Some(joined) = self.accounts.get_mut(index) else { return };
        let number = [line.customers.len(), line.subscriptions.len(), line.payments.len(), line.lots.len()];
        for (elements, number) in joined.elements.iter_mut().zip(number) {
            elements.extend((0..number).map(|index| (place, index)));
        }
        joined.own.push(place);
        joined.line.as_of = earlier(&joined.line.as_of, &line.as_of);
        joined.line.account = line.account;
        joined.line.customers.extend(line.customers);
        joined.line.subscriptions.extend(line.subscriptions);
        joined.line.payments.extend(line.payments);
        joined.line.lots.extend(line.lots);
    }

    /// Notes a line that is of no account's form.
    pub(crate) fn refuse(&mut self, account: Option<&str>, fault: Fault) {
        self.faults.push(fault);
        self.is_nameless |= account.is_none();
        self.unfit.extend(account.map(str::to_owned));
    }

    /// Whether a line of the account is of no account's form.
    pub(crate) fn is_unfit(&self, account: &str) -> bool {
        self.unfit.contains(account)
    }

    /// The account's payment with this id, as far as it has been read.
    pub(crate) fn payment(&mut self, account: &str, id: &str) -> Option<&mut PaymentLine> {
        let index = *self.by_account.get(account)?;
        let joined = self.accounts.get_mut(index)?;
        joined.line.payments.iter_mut().find(|payment| payment.id == id)
    }

    /// A place as people write it: `payments.csv line 7`.
    pub(crate) fn shown(&self, place: Place) -> String {
        let name = self.paths.get(place.file).and_then(|path| path.file_name()).unwrap_or_default();
        format!("{} line {}", name.to_string_lossy(), place.line)
    }

    /// Ids that two accounts have, as faults of the later one.
    pub(crate) fn shared(&self) -> BTreeMap<usize, Vec<FieldMistake>> {
        let mut seen: HashMap<(&str, &str), usize> = HashMap::new();
        let mut shared: BTreeMap<usize, Vec<FieldMistake>> = BTreeMap::new();
        for (index, joined) in self.accounts.iter().enumerate() {
            let line = &joined.line;
            let customers = line.customers.iter().enumerate();
            let ids = customers.map(|(at, id)| (("customer", id.as_str()), format!("#/customers/{at}")));
            let payments = line.payments.iter().enumerate();
            let ids = ids.chain(
                payments.map(|(at, each)| (("payment", each.id.as_str()), format!("#/payments/{at}/id"))),
            );
            for (id, pointer) in ids {
                if *seen.entry(id).or_insert(index) != index {
                    let expected = format!("a {} that no other account of the files has", id.0);
                    shared.entry(index).or_default().push(FieldMistake { pointer, expected });
                }
            }
        }
        shared
    }
}

impl Joined {
    /// The first line that names the account.
    pub(crate) fn first(&self) -> Place {
        self.own.first().copied().unwrap_or(Place { file: 0, line: 0 })
    }

    /// A mistake of the joined account, where it stands in the files.
    pub(crate) fn fault(&self, mistake: &FieldMistake) -> Fault {
        let mut steps = mistake.pointer.trim_start_matches("#/").splitn(3, '/');
        let list = steps.next().and_then(|name| LISTS.iter().position(|list| *list == name));
        let index = steps.next().and_then(|index| index.parse::<usize>().ok());
        let element = list.zip(index).and_then(|(list, index)| self.elements.get(list)?.get(index));
        let Some((place, own)) = element else {
            let (field, expected) = (mistake.pointer.clone(), mistake.expected.clone());
            return Fault { place: self.first(), field, expected };
        };
        let list = list.and_then(|list| LISTS.get(list)).copied().unwrap_or_default();
        let rest = steps.next().map_or_else(String::new, |rest| format!("/{rest}"));
        let field = format!("#/{list}/{own}{rest}");
        Fault { place: *place, field, expected: mistake.expected.clone() }
    }
}

/// The earlier of two instants: what the account's files know together is what the first of them knew.
fn earlier(one: &str, other: &str) -> String {
    let earlier = match (Timestamp::parse(one), Timestamp::parse(other)) {
        (Ok(first), Ok(second)) if second < first => other,
        (Err(_), _) if one.is_empty() => other,
        _ => one,
    };
    earlier.to_owned()
}
