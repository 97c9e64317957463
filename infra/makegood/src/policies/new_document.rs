//! The first document of a company, made of a few answers. Its numbers and rules work as they are, and every
//! text that customers read is marked for the company to word.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use lambda::clock;
use policy_authoring::{check_outcomes, parse_document};

use super::document::write_mistakes;
use crate::arguments::NewArguments;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;

/// The document, with `{name}` where an answer goes.
const TEMPLATE: &str = include_str!("first.toml");
/// What marks a text that is to be worded; `check` refuses it.
const MARK: &str = "TO BE WORDED: ";

/// Asks what the arguments do not say, and writes the file. An answer that makes no sound document is a
/// fault, and nothing is written.
pub(super) fn run(
    arguments: &NewArguments,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let file = arguments.file.to_string_lossy();
    let text = written(arguments, progress)?;
    let worded = text.replace(MARK, "");
    let checked =
        parse_document(&file, &worded).and_then(|document| check_outcomes(&file, &worded, &document));
    if let Err(mistakes) = checked {
        return write_mistakes(&mistakes, output);
    }
    let unwritten = |source| Failure::Unwritten { path: arguments.file.clone(), source };
    let created = OpenOptions::new().write(true).create_new(true).open(&arguments.file);
    let mut created = created.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Existing { path: arguments.file.clone() },
        _ => unwritten(error),
    })?;
    created.write_all(text.as_bytes()).map_err(unwritten)?;
    let texts = text.matches(MARK).count();
    writeln!(output, "{file} is written. Word the {texts} texts that begin with TO BE WORDED, then:")?;
    writeln!(output, "  makegood policy check {file}")?;
    writeln!(output, "  makegood policy publish {file}")?;
    Ok(CommandOutcome::Sound)
}

/// The document with all answers in it.
fn written(arguments: &NewArguments, progress: &mut impl Write) -> Result<String, Failure> {
    let mut ask = |given: &Option<String>, question: &str, option: &'static str, usual: Option<&str>| {
        answer(given.as_deref(), (question, option, usual), progress)
    };
    let id = ask(&arguments.id, "Its id, such as `picture-shop`", "--id", None)?;
    let title = ask(&arguments.title, "Its title", "--title", Some("Refund policy"))?;
    let products =
        ask(&arguments.products, "The products that it covers, by commas", "--products", Some(&id))?;
    let operation =
        ask(&arguments.operation, "One kind of generation, such as `picture`", "--operation", None)?;
    let contact = ask(&arguments.contact, "Where customers write to", "--contact", None)?;
    let provider =
        ask(&arguments.provider, "Who pays refunds: stripe or creem", "--provider", Some("stripe"))?;
    let window = ask(&arguments.window_days, "Days for a refund", "--window-days", Some("14"))?;
    let share =
        ask(&arguments.used_percent, "Percent of a plan that may be used", "--used-percent", Some("5"))?;
    let days = ask(&arguments.answer_days, "Business days for an answer", "--answer-days", Some("2"))?;
    let notice = ask(&arguments.notice_days, "Days of notice of a change", "--notice-days", Some("14"))?;
    let tomorrow = clock::now().plus_s(86_400).map_or_else(|_| String::new(), |at| at.to_string());
    let tomorrow: String = tomorrow.chars().take(10).collect();
    let in_force = ask(&arguments.in_force, "The day from which it applies", "--in-force", Some(&tomorrow))?;
    let year: u32 = in_force.chars().take(4).collect::<String>().parse().unwrap_or_default();
    let products: Vec<String> = products.split(',').map(|product| quoted(product.trim())).collect();
    let door = format!("If this does not fit your case, write to {contact}, and a person looks at it.");
    let answers = [
        ("{id}", quoted(&id)),
        ("{version}", quoted(&in_force)),
        ("{title}", quoted(&title)),
        ("{products}", products.join(", ")),
        ("{operation_title}", quoted(&operation)),
        ("{operation}", operation),
        ("{contact}", quoted(&format!("Write to {contact}."))),
        ("{door}", quoted(&door)),
        ("{provider}", quoted(&provider)),
        ("{window}", window),
        ("{use}", share),
        ("{answer}", days),
        ("{notice}", notice),
        ("{holiday}", format!("{}-01-01", year.saturating_add(1))),
        ("{in_force}", in_force),
    ];
    Ok(answers.iter().fold(TEMPLATE.to_owned(), |text, (place, answer)| text.replace(place, answer)))
}

/// What the option says, or else a person, or else what is usual.
fn answer(
    given: Option<&str>,
    (question, option, usual): (&str, &'static str, Option<&str>),
    progress: &mut impl Write,
) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let shown = usual.map(|usual| format!(" [{usual}]")).unwrap_or_default();
    write!(progress, "{question}{shown}: ")?;
    progress.flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let line = line.trim();
    match (line.is_empty(), usual) {
        (false, _) => Ok(line.to_owned()),
        (true, Some(usual)) => {
            writeln!(progress)?;
            Ok(usual.to_owned())
        }
        (true, None) => Err(Failure::NoAnswer { option }),
    }
}

/// A text as TOML takes it, which is as JSON writes it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
