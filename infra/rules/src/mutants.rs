//! Breaks a document in one place at a time.
//!
//! A **mutant** is a document with one thing changed: a rule dropped, an outcome swapped, a number moved by
//! one unit. A mutant of a rule's *core* has to be noticed by a test of that rule; a *detail* of something
//! that several written rules share (a threshold, a part of a condition) by a test of any of them.

use serde_json::{Value, json};

use crate::carriers::Carrier;

/// A change of a document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edit {
    /// What stands at a pointer becomes this.
    Set(String, Value),
    /// An element leaves its list.
    Remove(String),
}

/// A document with one thing changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mutant {
    /// What is broken, for people, such as ``rule `mid-period`: dropped``.
    pub(crate) label: String,
    /// Whether a test of the rule itself has to notice.
    pub(crate) core: bool,
    pub(crate) edits: Vec<Edit>,
}

/// Words of a document and what they are swapped for, by the name of the field.
const SWAPS: [(&str, &str, &str); 39] = [
    ("then", "give_back", "person"),
    ("then", "person", "give_back"),
    ("starts", "payment_charged", "request_submitted"),
    ("starts", "request_submitted", "request_complete"),
    ("starts", "request_complete", "request_submitted"),
    ("starts", "generation_failed", "request_submitted"),
    ("starts", "refund_succeeded", "request_submitted"),
    ("on_resubscribe", "stop_clock", "keep_clock"),
    ("on_resubscribe", "keep_clock", "stop_clock"),
    ("on_renewal", "add", "replace"),
    ("on_renewal", "replace", "add"),
    ("on_upgrade", "prorated_difference", "full_difference"),
    ("on_upgrade", "full_difference", "prorated_difference"),
    ("on_upgrade", "reset", "prorated_difference"),
    ("late_success", "charge", "free"),
    ("late_success", "free", "charge"),
    ("of", "refusals", "everything"),
    ("of", "everything", "refusals"),
    ("revoke", "nothing", "remaining"),
    ("revoke", "proportional", "remaining"),
    ("revoke", "remaining", "nothing"),
    ("revoke_of_part", "nothing", "remaining"),
    ("revoke_of_part", "proportional", "remaining"),
    ("revoke_of_part", "remaining", "nothing"),
    ("mode", "auto", "recommend"),
    ("mode", "recommend", "auto"),
    ("remedy", "rest_of_payment", "payment_by_unused_time"),
    ("remedy", "credits_of_purchase", "rest_of_payment"),
    ("remedy", "credits_of_generation", "credits_of_purchase"),
    ("remedy", "payment_by_unused_credits", "rest_of_payment"),
    ("remedy", "payment_by_unused_time", "rest_of_payment"),
    ("remedy", "credits_for_outage", "rest_of_payment"),
    ("comparison", "Less", "LessOrEqual"),
    ("comparison", "LessOrEqual", "Less"),
    ("comparison", "Greater", "GreaterOrEqual"),
    ("comparison", "GreaterOrEqual", "Greater"),
    ("comparison", "Equal", "NotEqual"),
    ("comparison", "NotEqual", "Equal"),
    ("kind", "discount", "advice"),
];
/// Fields that name a term, and no fact or rule.
const TERMS: [&str; 2] = ["limit", "warn"];
/// Fields that people read or that only name the part, and the deadline of an operation's holds, which is a
/// promise of its own (`S2-3`, `S4-5`) and not one of the list of operations.
const NAMES: [&str; 7] = ["id", "title", "text", "reason", "pointer", "contact", "hold_deadline_s"];

/// Every mutant of what carries a clause out.
pub(crate) fn of_carrier(document: &Value, carrier: &Carrier, clause: &str) -> Vec<Mutant> {
    let mut maker = Maker { document, label: &carrier.label, mutants: Vec::new() };
    let Some(first) = carrier.pointers.first() else {
        return Vec::new();
    };
    let part = document.pointer(first).unwrap_or(&Value::Null);
    if carrier.pointers.len() > 1 {
        maker.repeated(&carrier.pointers, part);
        return maker.mutants;
    }
    maker.dropped(first, part);
    maker.leaf("", first, part, clause);
    maker.mutants
}

/// The pointer with the place of each element that it names by its id.
pub(crate) fn by_place(document: &Value, pointer: &str) -> Option<String> {
    let mut keys = pointer.split('/').skip(1);
    let found = keys.try_fold((document, String::new()), |(at, pointer), key| {
        let place = at.as_array().and_then(|list| list.iter().position(|each| each["id"] == key));
        let key = place.map_or_else(|| key.to_owned(), |place| place.to_string());
        Some((at.pointer(&format!("/{key}"))?, format!("{pointer}/{key}")))
    });
    found.map(|(_, pointer)| pointer)
}

/// Every mutant of a part of the document that cites no clause, such as `/hold_deadline_s`, or
/// `/rules/mid-period/effect`.
pub(crate) fn of_part(document: &Value, pointer: &str) -> Option<Vec<Mutant>> {
    let label = pointer.trim_start_matches('/').replace('/', " ");
    let pointer = &by_place(document, pointer)?;
    let part = document.pointer(pointer)?;
    let mut maker = Maker { document, label: &label, mutants: Vec::new() };
    maker.dropped(pointer, part);
    if part.is_number() {
        maker.number("moved to", pointer, part);
    } else if part.is_string() {
        maker.add("left out", true, vec![Edit::Set(pointer.clone(), json!(""))]);
    }
    if !part.is_number() {
        maker.leaf(label.rsplit(' ').next().unwrap_or_default(), pointer, part, "");
    }
    Some(maker.mutants)
}

/// Every mutant of a clause that people read and nothing else carries out.
pub(crate) fn of_information(document: &Value, pointer: &str, clause: &str) -> Vec<Mutant> {
    let label = format!("clause `{clause}`");
    let mut maker = Maker { document, label: &label, mutants: Vec::new() };
    maker.add("dropped", true, vec![Edit::Remove(pointer.to_owned())]);
    maker.add("without its text", true, vec![Edit::Set(format!("{pointer}/text"), json!(""))]);
    maker.mutants
}

/// Carries the edits out.
pub(crate) fn apply(document: &mut Value, edits: &[Edit]) {
    for edit in edits {
        match edit {
            Edit::Set(pointer, value) => {
                if let Some(place) = document.pointer_mut(pointer) {
                    place.clone_from(value);
                }
            }
            Edit::Remove(pointer) => {
                let parts = pointer.rsplit_once('/').and_then(|(list, place)| {
                    Some((document.pointer_mut(list)?.as_array_mut()?, place.parse::<usize>().ok()?))
                });
                if let Some((list, place)) = parts.filter(|(list, place)| *place < list.len()) {
                    list.remove(place);
                }
            }
        }
    }
}

struct Maker<'d> {
    document: &'d Value,
    label: &'d str,
    mutants: Vec<Mutant>,
}

impl Maker<'_> {
    fn add(&mut self, what: &str, core: bool, edits: Vec<Edit>) {
        self.mutants.push(Mutant { label: format!("{}: {what}", self.label), core, edits });
    }

    fn detail(&mut self, what: &str, pointer: &str, value: Value) {
        self.add(what, false, vec![Edit::Set(pointer.to_owned(), value)]);
    }

    /// A part that the document repeats: every copy is swapped together.
    fn repeated(&mut self, pointers: &[String], part: &Value) {
        for (field, from, to) in SWAPS.iter().filter(|(field, from, _)| part[*field] == *from) {
            let edits =
                pointers.iter().map(|pointer| Edit::Set(format!("{pointer}/{field}"), json!(to))).collect();
            self.add(&format!("`{to}` for `{from}`"), true, edits);
        }
    }

    fn dropped(&mut self, pointer: &str, part: &Value) {
        let in_a_list = pointer.rsplit('/').next().is_some_and(|last| last.parse::<usize>().is_ok());
        let mut edits = Vec::new();
        if in_a_list {
            edits.push(Edit::Remove(pointer.to_owned()));
            // An offer that rules name and the document does not hold would be no document.
            if let Some(offer) = pointer.strip_prefix("/offers/").and(part["id"].as_str()) {
                edits.extend(self.without(offer));
            }
        } else if part.is_object() {
            edits.push(Edit::Set(pointer.to_owned(), Value::Null));
        }
        if !edits.is_empty() {
            self.add("dropped", true, edits);
        }
    }

    /// The rules' offers without one of them.
    fn without(&self, offer: &str) -> Vec<Edit> {
        let rules = self.document["rules"].as_array().into_iter().flatten().enumerate();
        rules
            .filter_map(|(place, rule)| {
                let offers = rule["offers"].as_array()?;
                let kept: Vec<&Value> = offers.iter().filter(|id| *id != offer).collect();
                let changed = kept.len() < offers.len();
                changed.then(|| Edit::Set(format!("/rules/{place}/offers"), json!(kept)))
            })
            .collect()
    }

    /// The clauses of a rule without `clause`: a decision cites them. Other parts name theirs for the reader
    /// of the document.
    fn cited(&mut self, pointer: &str, ids: &[Value], clause: &str) {
        if pointer.starts_with("/rules/") {
            let without = json!(ids.iter().filter(|id| *id != clause).collect::<Vec<_>>());
            self.add(&format!("not citing `{clause}`"), true, vec![Edit::Set(pointer.to_owned(), without)]);
        }
    }

    fn leaf(&mut self, key: &str, pointer: &str, value: &Value, clause: &str) {
        match (key, value) {
            ("condition", _) => self.condition(pointer, value),
            ("effect", _) => self.effect(pointer, value),
            (key, _) if NAMES.contains(&key) => {}
            ("clauses", Value::Array(ids)) if ids.iter().any(|id| id == clause) => {
                self.cited(pointer, ids, clause);
            }
            ("clause" | "clauses", _) => {}
            (key, Value::String(term)) if TERMS.contains(&key) => self.term_named(term),
            (key, Value::String(word)) => self.swap(key, pointer, word),
            (key, Value::Number(_)) => self.number(&key.replace('_', " "), pointer, value),
            (key, Value::Bool(flag)) => {
                self.detail(&format!("`{key}` {}", !flag), pointer, json!(!flag));
            }
            (_, Value::Object(members)) => {
                for (key, member) in members {
                    // A part with a clause of its own is a carrier of its own.
                    if member.get("clause").is_none() && key != "failures" {
                        self.leaf(key, &format!("{pointer}/{key}"), member, clause);
                    }
                }
            }
            (key, Value::Array(elements)) => {
                // A list without an element means everything, which no policy writes by mistake.
                for (place, element) in elements.iter().enumerate().filter(|_| elements.len() > 1) {
                    let what = format!("`{key}` without {}", element.as_str().unwrap_or("one part"));
                    self.add(&what, false, vec![Edit::Remove(format!("{pointer}/{place}"))]);
                }
            }
            _ => {}
        }
    }

    fn swap(&mut self, field: &str, pointer: &str, word: &str) {
        if let Some((_, _, to)) = SWAPS.iter().find(|(each, from, _)| *each == field && *from == word) {
            self.detail(&format!("`{to}` for `{word}`"), pointer, json!(to));
        } else if ["name", "channel", "address"].contains(&field) {
            self.detail(&format!("another {field}"), pointer, json!(format!("{word}.")));
        }
    }

    fn number(&mut self, what: &str, pointer: &str, value: &Value) {
        let Some(number) = value.as_i64() else {
            return;
        };
        // No document counts below nothing.
        let less = number.checked_sub(1).filter(|less| *less >= 0);
        for moved in [less, number.checked_add(1)].into_iter().flatten() {
            self.detail(&format!("{what} {moved} for {number}"), pointer, json!(moved));
        }
    }

    fn effect(&mut self, pointer: &str, effect: &Value) {
        let (refusal, grant) =
            (json!({"Refuse": "recommend"}), json!({"Grant": ["rest_of_payment", "recommend"]}));
        let swapped = |to: Value| vec![Edit::Set(pointer.to_owned(), to)];
        if let Some(granted) = effect.get("Grant") {
            self.add("refuses", true, swapped(json!({"Refuse": granted[1]})));
            self.add("leaves it to a person", true, swapped(json!("Person")));
            self.swap("remedy", &format!("{pointer}/Grant/0"), granted[0].as_str().unwrap_or_default());
            self.swap("mode", &format!("{pointer}/Grant/1"), granted[1].as_str().unwrap_or_default());
        } else if let Some(mode) = effect.get("Refuse").and_then(Value::as_str) {
            self.add("grants", true, swapped(json!({"Grant": ["rest_of_payment", mode]})));
            self.add("leaves it to a person", true, swapped(json!("Person")));
            self.swap("mode", &format!("{pointer}/Refuse"), mode);
        } else if let Some(asks) = effect.get("NeedsInformation").and_then(Value::as_array) {
            self.add("leaves it to a person", true, swapped(json!("Person")));
            for (place, fact) in asks.iter().enumerate().filter(|_| asks.len() > 1) {
                let what = format!("does not ask for {}", fact.as_str().unwrap_or_default());
                self.add(&what, false, vec![Edit::Remove(format!("{pointer}/NeedsInformation/{place}"))]);
            }
        } else {
            self.add("refuses", true, swapped(refusal));
            self.add("grants", true, swapped(grant));
        }
    }

    /// The condition of a rule: left out where it is one, and broken in its parts.
    fn condition(&mut self, pointer: &str, condition: &Value) {
        if condition.get("All").is_none() && condition.get("Any").is_none() {
            self.detail(&format!("without `{}`", self.text(condition)), pointer, json!({"All": []}));
        }
        self.part_of_condition(pointer, condition);
    }

    fn part_of_condition(&mut self, pointer: &str, condition: &Value) {
        let Some((kind, inner)) = condition.as_object().and_then(|members| members.iter().next()) else {
            return;
        };
        let at = format!("{pointer}/{kind}");
        match (kind.as_str(), inner) {
            // `a within t of b` is b <= a <= b + t: nothing is requested before it was paid.
            ("All", Value::Array(parts)) if is_within(parts) => {
                let until = parts.get(1).unwrap_or(&Value::Null);
                self.part_of_condition(&format!("{at}/1"), until);
            }
            ("All" | "Any", Value::Array(parts)) => {
                for (place, part) in parts.iter().enumerate() {
                    let part_at = format!("{at}/{place}");
                    let what = format!("without `{}`", self.text(part));
                    self.add(&what, false, vec![Edit::Remove(part_at.clone())]);
                    self.part_of_condition(&part_at, part);
                }
            }
            ("Not", negated) => {
                self.detail(&format!("`{}`", self.text(negated)), pointer, negated.clone());
                if negated.get("All").is_some() || negated.get("Any").is_some() {
                    self.part_of_condition(&at, negated);
                }
            }
            ("Compare", Value::Array(operands)) => {
                for (place, operand) in operands.iter().enumerate() {
                    if let Some(word) = operand.as_str() {
                        let swap =
                            SWAPS.iter().find(|(field, from, _)| *field == "comparison" && *from == word);
                        if let Some((_, _, to)) = swap {
                            let what = format!("`{}` is {to}", self.text(condition));
                            self.detail(&what, &format!("{at}/{place}"), json!(to));
                        }
                    }
                    self.terms_within(operand);
                }
            }
            ("OneOf", Value::Array(parts)) => {
                let listed = parts.get(1).and_then(|words| words.get("Listed")).and_then(Value::as_array);
                for (place, word) in listed.into_iter().flatten().enumerate() {
                    let what = format!("`{}` without {}", self.text(condition), word.as_str().unwrap_or("?"));
                    self.add(&what, false, vec![Edit::Remove(format!("{at}/1/Listed/{place}"))]);
                }
                self.terms_within(&json!(parts));
            }
            _ => self.detail(&format!("not `{}`", self.text(condition)), pointer, json!({"Not": condition})),
        }
    }

    /// Every term that an operand counts with, by its place in the document.
    fn terms_within(&mut self, operand: &Value) {
        match operand {
            Value::Object(members) => {
                for (key, member) in members {
                    match (key.as_str(), member) {
                        ("Term", Value::Number(place)) => self.term(place.as_u64()),
                        ("Share" | "LastInstant", Value::Array(parts)) => {
                            self.term(parts.first().and_then(Value::as_u64));
                            self.terms_within(&json!(parts));
                        }
                        (_, member) => self.terms_within(member),
                    }
                }
            }
            Value::Array(parts) => parts.iter().for_each(|part| self.terms_within(part)),
            _ => {}
        }
    }

    /// A condition in few words.
    fn text(&self, condition: &Value) -> String {
        match condition {
            Value::String(word) => word.clone(),
            Value::Array(parts) => parts.iter().map(|part| self.text(part)).collect::<Vec<_>>().join(" "),
            Value::Object(members) => {
                let member = |(key, member): (&String, &Value)| match (key.as_str(), member.as_u64()) {
                    ("Term", Some(place)) => {
                        let id = self.document.pointer(&format!("/terms/{place}/id"));
                        id.and_then(Value::as_str).unwrap_or_default().to_owned()
                    }
                    ("Share" | "LastInstant", _) => {
                        let term = member.pointer("/0").and_then(Value::as_u64);
                        let term = term.map(|place| self.text(&json!({"Term": place}))).unwrap_or_default();
                        format!(
                            "{term} of {}",
                            member.pointer("/1").map(|of| self.text(of)).unwrap_or_default()
                        )
                    }
                    ("Holds" | "Fact" | "Word" | "Compare" | "Listed" | "OneOf", _) => self.text(member),
                    (key, _) => format!("{}({})", key.to_lowercase(), self.text(member)),
                };
                members.iter().map(member).collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        }
    }

    fn term_named(&mut self, id: &str) {
        let terms = self.document["terms"].as_array();
        let place = terms.and_then(|terms| terms.iter().position(|term| term["id"] == id));
        self.term(place.and_then(|place| u64::try_from(place).ok()));
    }

    fn term(&mut self, place: Option<u64>) {
        let Some(pointer) = place.map(|place| format!("/terms/{place}")) else {
            return;
        };
        let term = self.document.pointer(&pointer).unwrap_or(&Value::Null);
        let name = format!("term `{}`", term["id"].as_str().unwrap_or_default());
        if let Some(number) = term["value"].get("Number") {
            self.number(&name, &format!("{pointer}/value/Number/0"), &number[0]);
        } else if let Some(words) = term["value"].get("Words").and_then(Value::as_array) {
            for (place, word) in words.iter().enumerate() {
                let what = format!("{name} without {}", word.as_str().unwrap_or_default());
                self.add(&what, false, vec![Edit::Remove(format!("{pointer}/value/Words/{place}"))]);
            }
        }
    }
}

/// Whether the parts say that an instant lies within some time of another.
fn is_within(parts: &[Value]) -> bool {
    let compared = |part: &Value| {
        let operands = part.get("Compare")?;
        Some((operands.get(0)?.clone(), operands.get(1)?.as_str()?.to_owned(), operands.get(2)?.clone()))
    };
    let [Some(from), Some(until)] = [parts.first(), parts.get(1)].map(|part| part.and_then(compared)) else {
        return false;
    };
    let starts = ["/Plus/0", "/LastInstant/1"].iter().any(|of| until.2.pointer(of) == Some(&from.2));
    parts.len() == 2 && from.0 == until.0 && from.1 == "GreaterOrEqual" && starts
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{apply, of_carrier, of_part};
    use crate::carriers::carriers;

    fn document() -> Value {
        json!({
            "clauses": [{"id": "refunds", "covers": ["S9-1"]}, {"id": "other", "covers": []}],
            "terms": [{"id": "window", "value": {"Number": [14, "days"]}}],
            "rules": [{
                "id": "early", "clauses": ["refunds"], "reasons": ["changed_mind"],
                "condition": {"All": [
                    {"Holds": "payment_named"},
                    {"Compare": [{"Fact": "age"}, "Less", {"Term": 0}]},
                ]},
                "effect": {"Grant": ["rest_of_payment", "auto"]},
                "overrides": [], "offers": [],
            }],
            "hold_deadline_s": 60,
            "version_clause": "other", "on_refund_clauses": [],
        })
    }

    #[test]
    fn a_rule_is_broken_in_every_part() {
        let document = document();
        let carrier = &carriers(&document, "refunds")[0];
        let mutants = of_carrier(&document, carrier, "refunds");
        let labels: Vec<&str> =
            mutants.iter().map(|mutant| mutant.label.strip_prefix("rule `early`: ").unwrap()).collect();
        assert_eq!(
            labels,
            [
                "dropped",
                "not citing `refunds`",
                "without `payment_named`",
                "not `payment_named`",
                "without `age Less window`",
                "`age Less window` is LessOrEqual",
                "term `window` 13 for 14",
                "term `window` 15 for 14",
                "refuses",
                "leaves it to a person",
                "`payment_by_unused_time` for `rest_of_payment`",
                "`recommend` for `auto`",
            ]
        );
    }

    #[test]
    fn every_mutant_changes_the_document() {
        let document = document();
        let carrier = &carriers(&document, "refunds")[0];
        let parts = of_part(&document, "/hold_deadline_s").unwrap();
        for mutant in of_carrier(&document, carrier, "refunds").into_iter().chain(parts) {
            let mut broken = document.clone();
            apply(&mut broken, &mutant.edits);
            assert_ne!(broken, document, "{}", mutant.label);
        }
    }
}
