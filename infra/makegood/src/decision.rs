//! A decision as a person would want to read it.

use std::io::{self, Write};

use policy::{
    Basis, Citation, Decision, Document, EffectKind, Fact, FactType, LawFinding, Mode, NearestChange,
    Outcome, Recommendation, Remedy, RuleFinding, Source, TermUsed, Truth, Unit, Value, money_text,
};

use crate::columns::{Align, Columns, wrap};
use crate::words::milliseconds;

/// Widest line of running text: what a terminal of 100 columns shows behind the labels.
const TEXT_WIDTH: usize = 84;

/// The outcome in one line.
pub(crate) fn outcome(outcome: &Outcome) -> String {
    match outcome {
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
        Remedy::Discount(discount) => format!("{} off the next renewal", discount.text()),
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
        Basis::AboveLimit => "the rules grant more than one person may approve",
        Basis::NothingToActOn => "the rules grant, and nothing is recorded to carry it out on",
    }
}

/// Each cited clause: its id, the written rules that it covers, and its text.
pub(crate) fn clauses(citations: &[Citation], document: Option<&Document>) -> Vec<(String, String)> {
    let cited = |citation: &Citation| {
        let clause = document.and_then(|document| document.clause(&citation.clause));
        let covers = clause.map(|clause| clause.covers.join(", ")).filter(|covers| !covers.is_empty());
        let name = match covers {
            Some(covers) => format!("{} ({covers})", citation.clause),
            None => citation.clause.clone(),
        };
        (name, format!("\u{201c}{}\u{201d}", citation.text))
    };
    citations.iter().map(cited).collect()
}

/// Lines of `text` behind a label; the label stands before the first.
pub(crate) fn labelled(columns: &mut Columns<2>, label: &str, text: &str) {
    let lines = wrap(text, TEXT_WIDTH);
    if lines.is_empty() {
        columns.row([label, ""]);
    }
    for (number, line) in lines.into_iter().enumerate() {
        columns.row([if number == 0 { label } else { "" }, &line]);
    }
}

/// The whole decision. `document` is the version that decided, where it is at hand.
pub(crate) fn write(
    decision: &Decision,
    document: Option<&Document>,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut head = Columns::new([Align::Left, Align::Left]);
    labelled(&mut head, "outcome", &outcome(&decision.outcome));
    labelled(&mut head, "because", basis(decision.basis));
    labelled(&mut head, "policy", &format!("{} {}, {}", decision.document, decision.version, decision.title));
    labelled(&mut head, "reason", decision.reason.description());
    for (name, text) in clauses(&decision.clauses, document) {
        labelled(&mut head, "clause", &name);
        labelled(&mut head, "", &text);
    }
    missing(decision, &mut head);
    if let Some(nearest) = &decision.nearest_change {
        labelled(&mut head, "nearest", &nearest_change(nearest));
    }
    for offer in &decision.offers {
        let worth = offer.remedy.as_ref().map(remedy).or(offer.percent.map(|percent| format!("{percent} %")));
        let worth = worth.map(|worth| format!(" ({worth})")).unwrap_or_default();
        labelled(&mut head, "offer", &format!("{}{worth}", offer.text));
    }
    for door in &decision.doors {
        labelled(&mut head, "door", &door.text);
    }
    labelled(&mut head, "message", &decision.message());
    head.write(output)?;

    writeln!(output, "\nRules")?;
    rules(&decision.rules, output)?;
    for law in &decision.law {
        writeln!(output, "\nLaw beside the policy")?;
        write_law(law, output)?;
    }
    writeln!(output, "\nFacts and terms")?;
    let mut used = Columns::new([Align::Left; 3]);
    for fact in &decision.facts {
        let source = match fact.source {
            Source::Recorded => "recorded",
            Source::Claimed => "claimed by the customer",
        };
        used.row([fact.fact.as_str(), source, &value(fact.fact, &fact.value)]);
    }
    terms(&decision.terms, "term of the policy", &mut used);
    for law in &decision.law {
        terms(&law.terms, "term of the law", &mut used);
    }
    used.write(output)
}

/// What the customer is asked, what is not known, and the least of it that would settle the request.
fn missing(decision: &Decision, head: &mut Columns<2>) {
    if let Outcome::NeedsInformation { missing } = &decision.outcome {
        for each in missing {
            labelled(head, "asked", &each.question);
        }
    }
    let names = |facts: &[Fact]| facts.iter().map(|fact| fact.as_str()).collect::<Vec<_>>().join(", ");
    if !decision.unknown_facts.is_empty() {
        labelled(head, "unknown", &names(&decision.unknown_facts));
    }
    if !decision.settled_by.is_empty() {
        labelled(head, "settled by", &names(&decision.settled_by));
    }
}

fn nearest_change(nearest: &NearestChange) -> String {
    let changes: Vec<String> = nearest
        .changes
        .iter()
        .map(|change| {
            let (from, to) = (value(change.fact, &change.from), value(change.fact, &change.to));
            format!("{} had been {to} and not {from}", change.fact.as_str())
        })
        .collect();
    let of = nearest.pack.as_ref().map(|pack| format!(" of {pack}")).unwrap_or_default();
    format!(
        "it would have been granted by rule {}{of} ({}) if {}",
        nearest.rule,
        nearest.clauses.join(", "),
        changes.join(" and ")
    )
}

fn rules(findings: &[RuleFinding], output: &mut impl Write) -> io::Result<()> {
    let mut rules = Columns::new([Align::Left; 4]);
    for rule in findings {
        let finding = match (rule.finding, &rule.set_aside_by) {
            (Truth::Yes, Some(exception)) => format!("met, set aside by {exception}"),
            (Truth::Yes, None) => "met".to_owned(),
            (Truth::No, _) => "not met".to_owned(),
            (Truth::Unknown, _) => "unknown".to_owned(),
        };
        let effect = match (rule.effect, rule.mode) {
            (EffectKind::Grant, Some(Mode::Recommend)) => "recommends to grant",
            (EffectKind::Grant, _) => "grants",
            (EffectKind::Refuse, Some(Mode::Recommend)) => "recommends to refuse",
            (EffectKind::Refuse, _) => "refuses",
            (EffectKind::Person, _) => "sends to a person",
            (EffectKind::NeedsInformation, _) => "asks",
        };
        rules.row([rule.rule.as_str(), &finding, effect, &rule.clauses.join(", ")]);
    }
    rules.write(output)
}

fn write_law(law: &LawFinding, output: &mut impl Write) -> io::Result<()> {
    let mut head = Columns::new([Align::Left, Align::Left]);
    labelled(&mut head, "law", &format!("{} ({} {})", law.title, law.pack, law.version));
    let signed = law.signed_by.as_ref().map_or_else(
        || "nobody: it recommends and never decides".to_owned(),
        |signed_by| format!("signed by {signed_by}"),
    );
    labelled(&mut head, "reading", &signed);
    let gives = law.gives.as_ref().map_or_else(|| "nothing that is settled".to_owned(), remedy);
    labelled(&mut head, "gives", &gives);
    let decisive = if law.decisive { "it changed the outcome" } else { "the outcome is the same without it" };
    labelled(&mut head, "weight", decisive);
    for (name, text) in clauses(&law.clauses, None) {
        labelled(&mut head, "clause", &name);
        labelled(&mut head, "", &text);
    }
    head.write(output)?;
    rules(&law.rules, output)
}

fn terms(terms: &[TermUsed], source: &str, used: &mut Columns<3>) {
    for term in terms {
        used.row([term.term.as_str(), source, &term.value]);
    }
}

/// A fact's value with its unit. Amounts of money stay in the smallest unit: their currency is another fact.
fn value(fact: Fact, value: &Value) -> String {
    match (value, fact.spec().kind) {
        (Value::Boolean(true), _) => "yes".to_owned(),
        (Value::Boolean(false), _) => "no".to_owned(),
        (Value::Integer(at_ms), FactType::Instant) => format!("{} UTC", milliseconds(*at_ms)),
        (Value::Integer(value), FactType::Quantity(Unit::Credits)) => format!("{value} credits"),
        (Value::Integer(value), FactType::Quantity(Unit::Seconds)) => format!("{value} s"),
        (Value::Integer(value), FactType::Quantity(Unit::Money)) => format!("{value} of the smallest unit"),
        (Value::Integer(value), _) => value.to_string(),
        (Value::Text(value), _) => value.clone(),
    }
}
