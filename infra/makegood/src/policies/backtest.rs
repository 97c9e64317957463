//! A draft, held against what was decided before: whom it would have helped and whom it would have hurt.

use std::io::{BufRead as _, BufReader, Write};
use std::path::Path;

use lambda::config::Env;
use policy::{Document, Documents, Turn, money_text};
use policy_authoring::{Backtest, Flip, PastRequest, Sums, backtest};
use policy_authoring::{check_outcomes, expected_if_material, parse_document};

use super::document::{read_text, title, write_mistakes};
use super::export;
use crate::arguments::BacktestArguments;
use crate::columns::{Align, Columns};
use crate::connection::open_tables;
use crate::decision::outcome;
use crate::failure::Failure;
use crate::outcome::CommandOutcome;
use crate::publication::documents_if_named;
use crate::words::count;

/// Progress is reported each time this many requests were replayed: some times a second.
const PROGRESS_EVERY: usize = 10_000;
/// Requests that are worse off and shown one by one; `--json` has all of them.
const SHOWN_MAX: usize = 20;

/// Replays past requests; one that is worse off while the draft says that it is not material is a fault.
pub(super) async fn run(
    arguments: &BacktestArguments,
    env: &Env,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    let file = arguments.policy.to_string_lossy();
    let text = read_text(&arguments.policy)?;
    let parsed =
        parse_document(&file, &text).and_then(|draft| check_outcomes(&file, &text, &draft).map(|()| draft));
    let draft = match parsed {
        Ok(draft) => draft,
        Err(mistakes) => return write_mistakes(&mistakes, output),
    };
    let published = documents_if_named(&arguments.policies, env).await?;
    let since_ms = since_ms(&draft, published.as_ref());
    let result = if let Some(path) = &arguments.requests {
        from_file(path, (&draft, since_ms), progress)?
    } else {
        let requests = export::requests(&open_tables(&arguments.tables, env)?, progress).await?;
        replay((&draft, since_ms), requests.into_iter().map(Ok), progress)?
    };
    if arguments.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&result)?)?;
    } else {
        write(&draft, &result, output)?;
    }
    if result.against == 0 || draft.material {
        return Ok(CommandOutcome::Sound);
    }
    let reason = format!(
        "{file}: material, because {} worse off; expected {}",
        count(usize::try_from(result.against).unwrap_or(usize::MAX), "past request is", "past requests are"),
        expected_if_material(&draft),
    );
    if arguments.json {
        writeln!(progress, "{reason}")?;
    } else {
        writeln!(output, "\n{reason}")?;
    }
    Ok(CommandOutcome::Fault)
}

/// Replays a file of `makegood policy export` line by line.
fn from_file(path: &Path, draft: (&Document, i64), progress: &mut impl Write) -> Result<Backtest, Failure> {
    let unreadable = |source| Failure::File { path: path.to_owned(), source };
    let lines = BufReader::new(std::fs::File::open(path).map_err(unreadable)?).lines();
    let requests = lines.enumerate().map(|(number, line)| {
        serde_json::from_str(&line.map_err(unreadable)?).map_err(|source| Failure::PastRequest {
            path: path.to_owned(),
            line: number.saturating_add(1),
            source,
        })
    });
    replay(draft, requests, progress)
}

/// Replays requests until one cannot be read, against a draft and from when on its policy applies.
fn replay(
    (draft, since_ms): (&Document, i64),
    requests: impl Iterator<Item = Result<PastRequest, Failure>>,
    progress: &mut impl Write,
) -> Result<Backtest, Failure> {
    let mut failure = None;
    let readable = requests.enumerate().map_while(|(number, request)| {
        if number > 0 && number.is_multiple_of(PROGRESS_EVERY) {
            // Progress that cannot be shown is not worth stopping for.
            let _ = writeln!(progress, "{number} requests replayed");
        }
        request.map_err(|error| failure = Some(error)).ok()
    });
    let result = backtest(draft, since_ms, readable);
    match failure {
        None => Ok(result),
        Some(failure) => Err(failure),
    }
}

/// When the first policy came into force: an earlier purchase stays a person's case.
fn since_ms(draft: &Document, published: Option<&Documents>) -> i64 {
    published
        .into_iter()
        .flat_map(Documents::iter)
        .filter(|document| document.id == draft.id)
        .map(|document| document.in_force_from_ms)
        .min()
        .unwrap_or(draft.in_force_from_ms)
}

fn write(draft: &Document, result: &Backtest, output: &mut impl Write) -> Result<(), Failure> {
    let changed = result.flips.len();
    writeln!(
        output,
        "{} on {} past requests ({} of other policies are left out): {} otherwise",
        title(draft),
        result.requests,
        result.left_out,
        count(changed, "ends", "end"),
    )?;
    let [left, right] = [Align::Left, Align::Right];
    if !result.clauses.is_empty() {
        writeln!(output, "\nBy clause")?;
        let mut columns = Columns::new([left, right, right, right]);
        columns.row(["clause", "against customers", "for customers", "otherwise"]);
        for turns in &result.clauses {
            columns.row([
                turns.clause.clone(),
                turns.against.to_string(),
                turns.in_favour.to_string(),
                turns.otherwise.to_string(),
            ]);
        }
        columns.row([
            "all".to_owned(),
            result.against.to_string(),
            result.in_favour.to_string(),
            result.otherwise.to_string(),
        ]);
        columns.write(output)?;
    }
    writeln!(output, "\nWhat moves")?;
    let mut columns = Columns::new([left, right, right, right, right]);
    columns.row(["", "granted", "would be granted", "recommended", "would be recommended"]);
    let cells = |name: String, sums: &Sums, text: &dyn Fn(u128) -> String| {
        [
            name,
            text(sums.granted_before),
            text(sums.granted_after),
            text(sums.recommended_before),
            text(sums.recommended_after),
        ]
    };
    for (currency, sums) in &result.money {
        let text = |sum: u128| money_text(u64::try_from(sum).unwrap_or(u64::MAX), currency);
        columns.row(cells("money".to_owned(), sums, &text));
    }
    columns.row(cells("credits".to_owned(), &result.credits, &|sum| sum.to_string()));
    columns.write(output)?;
    worse_off(result, output)
}

fn worse_off(result: &Backtest, output: &mut impl Write) -> Result<(), Failure> {
    let worse: Vec<&Flip> = result.flips.iter().filter(|flip| flip.turn == Turn::Against).collect();
    if worse.is_empty() {
        writeln!(output, "\nNobody is worse off.")?;
        return Ok(());
    }
    writeln!(output, "\nWorse off")?;
    let mut columns = Columns::new([Align::Left; 4]);
    for flip in worse.iter().take(SHOWN_MAX) {
        columns.row([
            flip.request.clone(),
            format!("was {}", outcome(&flip.before)),
            format!("is {}", outcome(&flip.after)),
            flip.clauses.join(", "),
        ]);
    }
    columns.write(output)?;
    if let Some(more) = worse.len().checked_sub(SHOWN_MAX).filter(|more| *more > 0) {
        writeln!(output, "  and {more} more; --json lists all of them")?;
    }
    Ok(())
}
