//! What every command does that publishes something: who publishes, the question, and the outcome.

use std::io::Write;

use lambda::config::Env;
use ledger::Timestamp;
use ledger_dynamodb::{Policies, Publication, PublishOutcome};
use policy::{Document, Documents};
use sha2::{Digest as _, Sha256};

use crate::arguments::{PoliciesArguments, PublisherArguments};
use crate::connection::open_policies;
use crate::failure::Failure;
use crate::parked::ask::operator;

/// Who publishes, where, and when.
pub(crate) struct Publisher {
    pub(crate) policies: Policies,
    author: String,
    pub(crate) at: Timestamp,
    is_asked: bool,
}

impl Publisher {
    pub(crate) fn open(arguments: &PublisherArguments, env: &Env) -> Result<Self, Failure> {
        Ok(Self {
            policies: open_policies(&arguments.policies, env)?,
            author: operator(arguments.operator.as_ref(), env)?,
            at: lambda::clock::now(),
            is_asked: !arguments.yes,
        })
    }

    /// A version with this number.
    pub(crate) fn publication<T>(&self, number: u64, content: T, hash: String) -> Publication<T> {
        Publication { number, content, hash, author: self.author.clone(), at: self.at }
    }

    /// Whether a person agrees, who was shown what would be published.
    pub(crate) fn may_publish(&self, progress: &mut impl Write) -> Result<bool, Failure> {
        if !self.is_asked {
            return Ok(true);
        }
        write!(progress, "Publish? It is for ever. [y/N] ")?;
        progress.flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        let agrees = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
        if !agrees {
            writeln!(progress, "Nothing is published.")?;
        }
        Ok(agrees)
    }
}

/// SHA-256 of a file's text, in hexadecimal digits.
pub(crate) fn hash(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |digest, byte| digest + &format!("{byte:02x}"))
}

/// Fails unless everything was written.
pub(crate) fn written(outcome: PublishOutcome) -> Result<(), Failure> {
    match outcome {
        PublishOutcome::Written => Ok(()),
        PublishOutcome::Overtaken => Err(Failure::Overtaken),
        PublishOutcome::TooLarge(bytes) => Err(Failure::TooLarge { bytes }),
    }
}

/// Every published version of every policy.
pub(crate) async fn published_documents(policies: &Policies) -> Result<Documents, Failure> {
    let versions = policies.documents_after(0).await?;
    Ok(Documents::new(versions.into_iter().map(|version| version.content).collect::<Vec<Document>>())?)
}

/// As [`published_documents`], where a table is named; `None` where none is.
pub(crate) async fn documents_if_named(
    arguments: &PoliciesArguments,
    env: &Env,
) -> Result<Option<Documents>, Failure> {
    if arguments.policies_table.is_none() && env.optional("POLICIES_TABLE")?.is_none() {
        return Ok(None);
    }
    published_documents(&open_policies(arguments, env)?).await.map(Some)
}

/// Installs what is published in the table that the environment names: accounts that move in are checked
/// against it.
pub(crate) async fn install_published(env: &Env) -> Result<(), Failure> {
    let policies = open_policies(&PoliciesArguments { policies_table: None }, env)?;
    let catalogue = policies.catalogue_after(0).await?.map(|version| version.content).unwrap_or_default();
    policy_documents::install(published_documents(&policies).await?, catalogue);
    Ok(())
}
