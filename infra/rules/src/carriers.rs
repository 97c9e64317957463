//! The parts of a document that carry a clause out.
//!
//! A document is read in its JSON form. A part that cites a clause is found by its `clause` or `clauses`, so
//! a part that is added to the documents is broken without another line here.

use serde_json::Value;

/// Something of a document that acts on a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Carrier {
    /// What readers of docs/rules.md see, such as ``rule `mid-period` ``.
    pub(crate) label: String,
    /// Where it stands in the document: several places where the document repeats it.
    pub(crate) pointers: Vec<String>,
}

/// What each list of a document holds.
const LISTS: [(&str, &str); 7] = [
    ("rules", "rule"),
    ("clocks", "clock"),
    ("review", "review"),
    ("offers", "offer"),
    ("operations", "operation"),
    ("empty_success", "empty answer"),
    ("cancellations", "cancellation"),
];

/// Everything that acts on the clause with this id, or the clause itself where nothing does.
pub(crate) fn carriers(document: &Value, clause: &str) -> Vec<Carrier> {
    let mut pointers = Vec::new();
    for (key, part) in document.as_object().into_iter().flatten() {
        // The laws beside the policy have clauses of their own.
        if key != "clauses" && key != "law" {
            citing(part, &format!("/{key}"), clause, &mut pointers);
        }
    }
    let mut carriers: Vec<Carrier> = Vec::new();
    for pointer in pointers {
        let label = label(document, &pointer);
        match carriers.iter_mut().find(|carrier| carrier.label == label) {
            Some(carrier) => carrier.pointers.push(pointer),
            None => carriers.push(Carrier { label, pointers: vec![pointer] }),
        }
    }
    let of_document = [
        ("version_clause", "the version in force", "/in_force_from_ms"),
        ("on_refund_clauses", "what a refund does", "/on_refund"),
    ];
    for (key, label, pointer) in of_document {
        if is_or_contains(&document[key], clause) {
            carriers.push(Carrier { label: label.to_owned(), pointers: vec![pointer.to_owned()] });
        }
    }
    carriers
}

/// Where the clause stands among the document's own.
pub(crate) fn clause_pointer(document: &Value, clause: &str) -> Option<String> {
    let place = document["clauses"].as_array()?.iter().position(|each| each["id"] == clause)?;
    Some(format!("/clauses/{place}"))
}

fn citing(value: &Value, at: &str, clause: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            let cites = ["clause", "clauses"]
                .iter()
                .any(|key| members.get(*key).is_some_and(|cited| is_or_contains(cited, clause)));
            if cites {
                found.push(at.to_owned());
            }
            for (key, member) in members {
                citing(member, &format!("{at}/{key}"), clause, found);
            }
        }
        Value::Array(elements) => {
            for (place, element) in elements.iter().enumerate() {
                citing(element, &format!("{at}/{place}"), clause, found);
            }
        }
        _ => {}
    }
}

fn is_or_contains(cited: &Value, clause: &str) -> bool {
    cited == clause || cited.as_array().is_some_and(|ids| ids.iter().any(|id| id == clause))
}

fn label(document: &Value, pointer: &str) -> String {
    let keys: Vec<&str> = pointer.split('/').skip(1).collect();
    match keys.as_slice() {
        // Every operation has its own copy of what the document says of failures.
        ["failures", kind] | ["operations", _, "failures", kind] => {
            format!("failure `{}`", kind.replace('_', " "))
        }
        [list, _] => {
            let name = LISTS.iter().find(|(key, _)| key == list).map_or(*list, |(_, name)| name);
            match document.pointer(pointer).and_then(|part| part["id"].as_str()) {
                Some(id) => format!("{name} `{id}`"),
                None => name.to_owned(),
            }
        }
        _ => match keys.join(" ").as_str() {
            "leftover" => "left-over credits".to_owned(),
            "door" => "the door to a person".to_owned(),
            other => other.replace('_', " "),
        },
    }
}
