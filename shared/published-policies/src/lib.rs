//! The policies and prices that are published, read once by a process and kept up to date.
//!
//! A function reads all of them before its first invocation and installs them (`policy_documents`). Every
//! five minutes at most it asks for what was published since: two small queries at once. A version is
//! published a quarter of an hour before it is in force (`makegood policy publish`), so that each function
//! knows it by then. Where the table does not answer, what is known is good for that quarter of an hour and
//! then invocations fail. Prices are in force as soon as they are known; a webhook that meets a price which
//! it does not know looks again at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use lambda::BeforeEach;
use lambda::config::{ConfigError, Env};
use lambda::http::{Problem, ProblemKind};
use ledger_dynamodb::{Policies, StoreError};
use policy::{Catalogue, Document, Documents, DocumentsError};
use primitives::Timestamp;

/// How long what is known is taken as it is, in seconds.
const LOOK_EVERY_S: i64 = 5 * 60;
/// From when on a version that is in force could be unknown, in seconds: the time between publishing a
/// version and its coming into force is that long (`policy_authoring::check_publications`).
const MISSED_AFTER_S: i64 = 15 * 60;
/// How long a look that failed is not repeated while what is known is good enough, in seconds.
const LOOK_AGAIN_S: i64 = 30;

/// The policies' table, and what was read from it.
#[derive(Debug)]
pub struct PublishedPolicies {
    /// `None` where what is installed stays as it is.
    policies: Option<Policies>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    documents: Vec<Document>,
    /// The number of the newest version of a policy.
    newest_document: u64,
    catalogue: Option<Catalogue>,
    /// The number of the catalogue's version.
    newest_catalogue: u64,
    /// Up to when everything that was published is known.
    up_to: Option<Timestamp>,
    /// When the table did not answer, since then.
    failed_at: Option<Timestamp>,
}

/// Why an invocation has no policies to decide by.
#[derive(Debug, thiserror::Error)]
enum PoliciesError {
    #[error("no policy is published; publish one with `makegood policy publish`")]
    NothingPublished,
    #[error("the published policies cannot be read")]
    Store(#[from] StoreError),
    /// The table holds what `makegood policy publish` does not write.
    #[error("the published policies cannot stand beside each other")]
    Documents(#[from] DocumentsError),
}

impl PublishedPolicies {
    /// Those of the table that `POLICIES_TABLE` names.
    pub fn from_env(client: aws_sdk_dynamodb::Client, env: &Env) -> Result<Self, ConfigError> {
        Ok(Self::of(Policies::new(client, env.required("POLICIES_TABLE")?)))
    }

    /// Those of a table.
    pub fn of(policies: Policies) -> Self {
        Self { policies: Some(policies), known: Mutex::default() }
    }

    /// Those that are installed, for good: no table is asked.
    pub fn as_installed() -> Self {
        Self { policies: None, known: Mutex::default() }
    }

    /// Looks for what was published since the last look, whenever that was. Whether there was something; not
    /// if the table does not answer.
    pub async fn look_again(&self, now: Timestamp) -> bool {
        let Some(policies) = &self.policies else { return false };
        self.look(policies, now).await.unwrap_or_else(|error| {
            not_read(&error);
            false
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what is new, and installs it. Whether there was something.
    async fn look(&self, policies: &Policies, now: Timestamp) -> Result<bool, PoliciesError> {
        let (documents, catalogue) = {
            let known = self.known();
            (known.newest_document, known.newest_catalogue)
        };
        let (versions, catalogue) =
            tokio::join!(policies.documents_after(documents), policies.catalogue_after(catalogue));
        let (versions, catalogue) = (versions?, catalogue?);
        let mut known = self.known();
        let is_news = !versions.is_empty() || catalogue.is_some();
        if is_news {
            let mut documents = known.documents.clone();
            let newest_document = versions.last().map_or(known.newest_document, |version| version.number);
            documents.extend(versions.into_iter().map(|version| version.content));
            let together = Documents::new(documents.clone())?;
            known.documents = documents;
            known.newest_document = newest_document;
            if let Some(catalogue) = catalogue {
                known.newest_catalogue = catalogue.number;
                known.catalogue = Some(catalogue.content);
            }
            policy_documents::install(together, known.catalogue.clone().unwrap_or_default());
            let (documents, catalogue) = (known.newest_document, known.newest_catalogue);
            tracing::info!(documents, catalogue, "published policies are read");
        }
        known.up_to = Some(now);
        known.failed_at = None;
        Ok(is_news)
    }

    /// Makes sure that every version that is in force at `now` is known.
    async fn make_sure(&self, policies: &Policies, now: Timestamp) -> Result<(), PoliciesError> {
        let (known_for_s, failed_for_s) = {
            let known = self.known();
            let since = |at: Option<Timestamp>| at.map(|at| now.seconds_since(at));
            (since(known.up_to), since(known.failed_at))
        };
        let within = |for_s: Option<i64>, limit_s| for_s.is_some_and(|for_s| for_s < limit_s);
        let is_good_enough = within(known_for_s, MISSED_AFTER_S);
        let waits = is_good_enough && within(failed_for_s, LOOK_AGAIN_S);
        if !within(known_for_s, LOOK_EVERY_S) && !waits {
            match self.look(policies, now).await {
                Ok(_) => {}
                Err(error) if is_good_enough => {
                    self.known().failed_at = Some(now);
                    not_read(&error);
                }
                Err(error) => return Err(error),
            }
        }
        let mut known = self.known();
        if known.documents.is_empty() {
            // The next invocation looks again.
            known.up_to = None;
            return Err(PoliciesError::NothingPublished);
        }
        Ok(())
    }
}

/// Logs that the table did not answer, where the function goes on without it.
fn not_read(error: &PoliciesError) {
    let error: &(dyn std::error::Error + 'static) = error;
    tracing::warn!(error, outcome = "stale_policies", "the policies that are known are used");
}

impl BeforeEach for PublishedPolicies {
    async fn prepare(&self, now: Timestamp) -> Result<(), Problem> {
        let Some(policies) = &self.policies else { return Ok(()) };
        self.make_sure(policies, now).await.map_err(|error| match error {
            PoliciesError::NothingPublished => Problem::new(ProblemKind::NoPolicy).detail(error.to_string()),
            PoliciesError::Store(ref store) if store.retryable() => {
                Problem::unavailable(error).detail("the published policies cannot be read")
            }
            PoliciesError::Store(_) | PoliciesError::Documents(_) => Problem::internal(error),
        })
    }
}
