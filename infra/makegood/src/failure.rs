//! Why a command could not do its work.

use std::io;
use std::path::PathBuf;

use lambda::config::ConfigError;
use ledger_dynamodb::StoreError;
use policy_authoring::{Mistakes, SchemaError};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The environment lacks something.
    #[error("the environment is not complete (see `makegood verify --help`)")]
    Config(#[from] ConfigError),
    /// The tables did not answer.
    #[error("the tables cannot be read")]
    Store(#[from] StoreError),
    /// The function that applies events could not be asked.
    #[error("the function cannot be invoked")]
    Function(#[source] Box<aws_sdk_lambda::Error>),
    /// It answered something that is no outcome.
    #[error("the function's answer is not readable; is it the right function?")]
    Answer(#[source] serde_json::Error),
    /// The function failed, with what it says.
    #[error("the function failed: {0}")]
    FunctionFailed(String),
    /// A file cannot be read.
    #[error("`{path}` cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("`{path}` cannot be written")]
    Written {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
    /// Not every account was answered for.
    #[error("the function answered for {answered} of {asked} accounts; is it the right function?")]
    Unanswered { asked: usize, answered: usize },
    /// A document has mistakes, and something else than their list was asked for.
    #[error("{mistakes}")]
    Mistakes { mistakes: Mistakes },
    /// The schema cannot be made.
    #[error("the schema cannot be made")]
    Schema(#[from] SchemaError),
    /// A line of a file is no past request.
    #[error("`{path}` line {line} is no request of `makegood policy export`")]
    PastRequest {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        source: serde_json::Error,
    },
    /// A question without a usual answer has none.
    #[error("no answer; give `{option}`")]
    NoAnswer { option: &'static str },
    /// A new file would take the place of one that is there.
    #[error("`{path}` is there already, and is left alone")]
    Existing { path: PathBuf },
    /// A file cannot be written.
    #[error("`{path}` cannot be written")]
    Unwritten {
        /// The file.
        path: PathBuf,
        source: io::Error,
    },
    /// A catalogue is checked against policies, and neither their files nor their table is named.
    #[error("a catalogue needs the policies beside it: give their files, or --policies-table")]
    NoPoliciesBeside,
    /// What is published cannot be read together.
    #[error("the published policies cannot stand beside each other")]
    Published(#[from] policy::DocumentsError),
    /// Another version was published while this one was checked.
    #[error("something else was published meanwhile, and this is not; run the command again")]
    Overtaken,
    /// A version is larger than the table takes.
    #[error("{bytes} bytes are more than the table takes at once; nothing is published")]
    TooLarge { bytes: usize },
    /// The facts are not a JSON object of known facts.
    #[error("`{path}` does not hold facts")]
    Facts {
        /// The file.
        path: PathBuf,
        source: serde_json::Error,
    },
    /// No document has this id and version.
    #[error("no policy `{wanted}` is published; there are {known}")]
    NoDocument {
        /// What was asked for.
        wanted: String,
        /// The documents that there are.
        known: String,
    },
    /// The result is not encodable.
    #[error("the result cannot be written as JSON")]
    Encoding(#[from] serde_json::Error),
    /// The result could not be written.
    #[error("the result cannot be written")]
    Output(#[from] io::Error),
}
