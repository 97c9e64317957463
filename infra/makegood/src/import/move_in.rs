//! Accounts handed to the account-import function, batch by batch.
//!
//! The function says which accounts are there already, so that no state is kept here: a run that was
//! interrupted is run again. A batch that fails is sent again, which has no effect on what of it is written.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use import_lines::{AccountLine, FieldMistake};
use lambda::backoff::Backoff;
use lambda::config::Env;
use ledger::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::joined::{Fault, Files, Joined};
use super::report::{FAULTS_SHOWN_MAX, checked, write_faults};
use crate::arguments::RunImportArguments;
use crate::failure::Failure;
use crate::function::AskedFunction;
use crate::outcome::CommandOutcome;
use crate::words::count;

/// As many accounts as the function takes.
const BATCH_ACCOUNTS: usize = 25;
/// Half of what an invocation takes: accounts with many payments are several kilobytes each.
const BATCH_BYTES: usize = 3_000_000;
/// The function's own time of 60 s, and a little more.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(70);
/// How often it is said how far the import is: each so many accounts.
const PROGRESS_ACCOUNTS: usize = 1_000;

/// What the function says of a batch.
#[derive(Debug, Deserialize)]
pub(crate) struct ImportAnswer {
    accounts: Vec<AccountAnswer>,
}

#[derive(Debug, Deserialize)]
struct AccountAnswer {
    outcome: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    mistakes: Vec<FieldMistake>,
}

/// The function that the arguments name, or else the environment.
pub(crate) fn open(arguments: &RunImportArguments, env: &Env) -> Result<AskedFunction, Failure> {
    let name = match &arguments.function {
        Some(name) => name.clone(),
        None => env.required("ACCOUNT_IMPORT_FUNCTION")?,
    };
    AskedFunction::open(name, INVOCATION_TIMEOUT, env)
}

/// What has been answered.
#[derive(Debug, Default)]
struct Tally {
    written: usize,
    repeated: usize,
    refused: usize,
    /// The first refusals.
    faults: Vec<Fault>,
}

/// Imports every account of the files.
pub(crate) async fn run(
    files: &Files,
    arguments: &RunImportArguments,
    now: Timestamp,
    ask: impl AsyncFn(Value) -> Result<ImportAnswer, Failure>,
    output: &mut impl Write,
    progress: &mut impl Write,
) -> Result<CommandOutcome, Failure> {
    if files.is_nameless {
        writeln!(output, "Nothing is imported: a line does not say of which account it is.\n")?;
        write_faults(files, files.faults.iter(), output)?;
        return Ok(CommandOutcome::Fault);
    }
    let mut refused = Refused::new(arguments);
    let mut tally = Tally { faults: files.faults.clone(), ..Tally::default() };
    let mut fitting = Vec::new();
    for (joined, checked) in checked(files, now) {
        match checked {
            _ if joined.first().line < arguments.from_line => {}
            Ok(_) => fitting.push(joined),
            Err(mistakes) => tally.refuse(joined, &mistakes, &mut refused)?,
        }
    }
    let (mut done, all) = (0_usize, fitting.len());
    let id = arguments.id.as_str();
    let asked = stream::iter(batches(&fitting)).map(async |batch| {
        let lines: Vec<&AccountLine> = batch.iter().map(|joined| &joined.line).collect();
        let request = json!({"import": {"id": id, "accounts": lines}});
        (batch, answered(&ask, request).await)
    });
    let mut asked = std::pin::pin!(asked.buffer_unordered(usize::from(arguments.parallel)));
    while let Some((batch, answer)) = asked.next().await {
        let answer = answer?;
        if answer.accounts.len() != batch.len() {
            return Err(Failure::Unanswered { asked: batch.len(), answered: answer.accounts.len() });
        }
        for (joined, answer) in batch.iter().zip(answer.accounts) {
            tally.count(joined, answer, &mut refused)?;
        }
        let before = done;
        done = done.saturating_add(batch.len());
        if before.checked_div(PROGRESS_ACCOUNTS) != done.checked_div(PROGRESS_ACCOUNTS) || done == all {
            writeln!(progress, "{done} of {all} accounts, {} refused", tally.refused)?;
        }
    }
    tally.report(files, refused, output)
}

/// The accounts in batches that the function takes.
fn batches<'f>(accounts: &[&'f Joined]) -> Vec<Vec<&'f Joined>> {
    let mut batches: Vec<Vec<&Joined>> = Vec::new();
    let mut bytes = 0_usize;
    for joined in accounts {
        let size = serde_json::to_string(&joined.line).map_or(0, |text| text.len());
        bytes = bytes.saturating_add(size);
        match batches.last_mut() {
            Some(batch) if batch.len() < BATCH_ACCOUNTS && bytes <= BATCH_BYTES => batch.push(joined),
            _ => {
                batches.push(vec![joined]);
                bytes = size;
            }
        }
    }
    batches
}

/// The answer to a batch, which is sent again where the function fails: it is busy, or the tables are.
async fn answered(
    ask: &impl AsyncFn(Value) -> Result<ImportAnswer, Failure>,
    request: Value,
) -> Result<ImportAnswer, Failure> {
    // Thirty seconds together: a table that grows with its load has grown by then.
    let backoff = Backoff::new(500, 8_000, 8);
    let mut attempt = 0;
    loop {
        match ask(request.clone()).await {
            Err(Failure::FunctionFailed(_) | Failure::Function(_)) if attempt < backoff.attempts_max() => {
                backoff.pause(attempt).await;
                attempt = attempt.saturating_add(1);
            }
            answer => return answer,
        }
    }
}

impl Tally {
    fn count(
        &mut self,
        joined: &Joined,
        answer: AccountAnswer,
        refused: &mut Refused,
    ) -> Result<(), Failure> {
        match answer.outcome.as_str() {
            "written" => self.written = self.written.saturating_add(1),
            "repeated" => self.repeated = self.repeated.saturating_add(1),
            _ => {
                let reason = answer.reason.unwrap_or_default();
                let named = |mistake: FieldMistake| FieldMistake {
                    expected: format!("{reason}: expected {}", mistake.expected),
                    ..mistake
                };
                let mistakes: Vec<FieldMistake> = answer.mistakes.into_iter().map(named).collect();
                self.refuse(joined, &mistakes, refused)?;
            }
        }
        Ok(())
    }

    fn refuse(
        &mut self,
        joined: &Joined,
        mistakes: &[FieldMistake],
        refused: &mut Refused,
    ) -> Result<(), Failure> {
        self.refused = self.refused.saturating_add(1);
        if self.faults.len() <= FAULTS_SHOWN_MAX {
            self.faults.extend(mistakes.iter().map(|mistake| joined.fault(mistake)));
        }
        refused.write(&joined.line)
    }

    fn report(
        &self,
        files: &Files,
        refused: Refused,
        output: &mut impl Write,
    ) -> Result<CommandOutcome, Failure> {
        let written = count(self.written, "account is imported", "accounts are imported");
        let repeated = count(self.repeated, "was there before", "were there before");
        writeln!(output, "{written}, {repeated}, {} refused.", self.refused)?;
        if self.faults.is_empty() {
            return Ok(CommandOutcome::Sound);
        }
        if let Some(path) = refused.close()? {
            writeln!(output, "`{}` has what was refused; correct it and run it again.", path.display())?;
        }
        writeln!(output)?;
        write_faults(files, self.faults.iter(), output)?;
        Ok(CommandOutcome::Fault)
    }
}

/// The file of what was refused, which is made when there is something for it.
struct Refused {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl Refused {
    fn new(arguments: &RunImportArguments) -> Self {
        let path = arguments.refused.clone();
        let path = path.unwrap_or_else(|| PathBuf::from(format!("refused-{}.jsonl", arguments.id)));
        Self { path, file: None }
    }

    fn write(&mut self, line: &AccountLine) -> Result<(), Failure> {
        let failure = |source| Failure::Written { path: self.path.clone(), source };
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(File::create(&self.path).map_err(failure)?)),
        };
        writeln!(file, "{}", serde_json::to_string(line)?).map_err(failure)
    }

    /// Where it is, if anything was refused.
    fn close(self) -> Result<Option<PathBuf>, Failure> {
        let Some(mut file) = self.file else { return Ok(None) };
        file.flush().map_err(|source| Failure::Written { path: self.path.clone(), source })?;
        Ok(Some(self.path))
    }
}
