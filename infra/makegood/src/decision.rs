//! A decision as a person would want to read it.

use std::io::{self, Write};

use ledger::Timestamp;
use policy::{
    Basis, Decision, Documents, FactType, Outcome, Recommendation, Remedy, Truth, Value, money_text,
};

use crate::columns::{Align, Columns, wrap};
use crate::words::instant;

/// Widest line of running text: what a terminal of 100 columns shows behind the labels.
const TEXT_WIDTH: usize = 84;

/// The outcome in one line.
pub(crate) fn outcome(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Grant { remedy } => format!("granted: {}", self::remedy(remedy)),
        Outcome::Refuse => "refused".to_owned(),
        Outcome::Person { recommendation: None } => "a person decides".to_owned(),
        Outcome::Person { recommendation: Some(Recommendation::Refuse) } => {
            "a person decides; recommended: to refuse".to_owned()
        }
        Outcome::Person { recommendation: Some(Recommendation::Grant { remedy }) } => {
            format!("a person decides; recommended: to grant {}", self::remedy(remedy))
        }
        Outcome::NeedsInformation { .. } => "the customer is asked first".to_owned(),
    }
}

fn remedy(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Money { amount_minor, currency } => money_text(*amount_minor, currency),
        Remedy::Credits { credits } => format!("{credits} credits"),
    }
}

/// What the outcome rests on, in words.
pub(crate) fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Rules => "the rules that are met agree",
        Basis::Conflict => "rules that are met contradict each other",
        Basis::Unmatched => "no rule is met",
        Basis::UnknownFacts => "facts are unknown that could change the outcome",
        Basis::BeforeFirstVersion => "the payment is older than the policy's first version",
        Basis::UndatedPayment => "the payment's date is unknown",
        Basis::DisputedPayment => "the payment is disputed at the cardholder's bank",
        Basis::NothingLeft => "everything was refunded or given back already",
    }
}

/// Each cited clause: its id, the written rules it covers, and its text.
pub(crate) fn clauses(decision: &Decision, documents: &Documents) -> Vec<(String, String)> {
    let cited = |citation: &policy::Citation| {
        let document = documents.version(&citation.document, &citation.version);
        let covers =
            document.and_then(|document| document.clause(&citation.clause)).map(|clause| &clause.covers);
        let covers = covers.filter(|covers| !covers.is_empty()).map(|covers| covers.join(", "));
        let name = match covers {
            Some(covers) => format!("{} ({covers})", citation.clause),
            None => citation.clause.clone(),
        };
        (name, format!("\u{201c}{}\u{201d}", citation.text))
    };
    decision.clauses.iter().map(cited).collect()
}

/// Lines of `text` behind a label; the label stands before the first.
pub(crate) fn labelled(columns: &mut Columns<2>, label: &str, text: &str) {
    for (number, line) in wrap(text, TEXT_WIDTH).into_iter().enumerate() {
        columns.row([if number == 0 { label } else { "" }, &line]);
    }
}

/// An instant among the facts, as people read it where it is one.
fn moment(milliseconds: i64) -> String {
    Timestamp::from_ms(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |at| format!("{} UTC", instant(at)))
}

/// The whole decision.
pub(crate) fn write(decision: &Decision, documents: &Documents, output: &mut impl Write) -> io::Result<()> {
    let mut head = Columns::new([Align::Left, Align::Left]);
    labelled(&mut head, "outcome", &outcome(decision));
    labelled(&mut head, "because", basis(decision.basis));
    labelled(&mut head, "policy", &format!("{} {}, {}", decision.document, decision.version, decision.title));
    labelled(&mut head, "reason", decision.reason.description());
    for (name, text) in clauses(decision, documents) {
        labelled(&mut head, "clause", &name);
        labelled(&mut head, "", &text);
    }
    if let Outcome::NeedsInformation { missing } = &decision.outcome {
        for each in missing {
            labelled(&mut head, "asked", &each.question);
        }
    }
    if !decision.unknown_facts.is_empty() {
        let names: Vec<&str> = decision.unknown_facts.iter().map(|fact| fact.id()).collect();
        labelled(&mut head, "unknown", &names.join(", "));
    }
    for offer in &decision.offers {
        labelled(&mut head, "offer", &offer.text);
    }
    for door in &decision.doors {
        labelled(&mut head, "door", &door.text);
    }
    labelled(&mut head, "message", &decision.message());
    head.write(output)?;

    writeln!(output, "\nRules")?;
    let mut rules = Columns::new([Align::Left; 3]);
    for rule in &decision.rules {
        let finding = match (rule.finding, &rule.set_aside_by) {
            (Truth::Yes, Some(exception)) => format!("met, set aside by {exception}"),
            (Truth::Yes, None) => "met".to_owned(),
            (Truth::No, _) => "not met".to_owned(),
            (Truth::Unknown, _) => "unknown".to_owned(),
        };
        rules.row([rule.rule.as_str(), &finding, &rule.clauses.join(", ")]);
    }
    rules.write(output)?;

    writeln!(output, "\nFacts and terms")?;
    let mut used = Columns::new([Align::Left; 3]);
    for fact in &decision.facts {
        let value = match &fact.value {
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) if fact.fact.spec().kind == FactType::Instant => moment(*value),
            Value::Integer(value) => value.to_string(),
            Value::Text(value) => value.clone(),
        };
        let source = match fact.source {
            policy::Source::Recorded => "recorded",
            policy::Source::Claimed => "claimed by the customer",
        };
        used.row([fact.fact.id(), &value, source]);
    }
    for term in &decision.terms {
        used.row([term.term.as_str(), &term.value, "term of the policy"]);
    }
    used.write(output)
}
