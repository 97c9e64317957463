//! What the routes need, and what all of them do: who calls, and which dispute it is about.

use lambda::Invocation;
use lambda::caller::{Caller, CallerRules, Role};
use lambda::http::{Problem, ProblemKind, Request};
use lambda::secrets::{CachedSecret, SecretSource};
use ledger::{DisputeId, Provider, Timestamp};
use ledger_dynamodb::{DisputeEvidence, Tables};
use refunds::ProviderCapabilities;
use stripe_api::{SecretKey, StripeClient};

use crate::failure::{conflict, store_failed, stripe_failed};
use crate::record::Record;

/// What the routes need.
pub struct Evidence<S> {
    pub tables: Tables,
    /// Stripe, without its key.
    pub stripe: StripeClient,
    /// The key that can read and write disputes.
    pub key: CachedSecret<S>,
    /// Who may call.
    pub rules: CallerRules,
}

/// A dispute that a support person works on.
pub(crate) struct Worked {
    /// The person: the `sub` of the token.
    pub(crate) by: String,
    /// Stripe, with its key.
    pub(crate) stripe: StripeClient,
    pub(crate) record: Record,
    /// What people did about its evidence.
    pub(crate) stored: DisputeEvidence,
    pub(crate) now: Timestamp,
}

impl<S: SecretSource + Sync> Evidence<S> {
    /// The support person who calls.
    pub(crate) fn support(&self, request: &Request<'_>, invocation: &Invocation) -> Result<Caller, Problem> {
        let caller = Caller::check(request.claims(), &self.rules, invocation.now())?;
        caller.must_be(&[Role::Support])?;
        Ok(caller)
    }

    /// Reads the dispute of the path with its records, for a person who is not the customer.
    pub(crate) async fn open(
        &self,
        caller: &Caller,
        request: &Request<'_>,
        invocation: &Invocation,
    ) -> Result<Worked, Problem> {
        let now = invocation.now();
        let dispute: DisputeId = request.path_id("dispute")?;
        let provider = Provider::of_dispute(&dispute);
        if !ProviderCapabilities::of(provider).dispute_evidence {
            let provider = provider.title();
            return Err(conflict(format!("{provider} argues its disputes itself and takes no evidence")));
        }
        let stripe = self.client(now).await?;
        let at_stripe = stripe.dispute(&dispute).await.map_err(stripe_failed)?;
        // What is read at once makes a large future.
        let record = Box::pin(Record::read(&self.tables, at_stripe)).await?;
        lambda::log::account(&record.account);
        if caller.subject() == record.account.as_str() {
            return Err(Problem::new(ProblemKind::Forbidden).detail("the disputed payment is your own"));
        }
        let stored = self.tables.evidence_of(&dispute).await.map_err(store_failed)?;
        let stored = stored.unwrap_or_else(|| DisputeEvidence::none(dispute));
        Ok(Worked { by: caller.subject().to_owned(), stripe, record, stored, now })
    }

    async fn client(&self, now: Timestamp) -> Result<StripeClient, Problem> {
        let fields = self.key.fields(now).await.map_err(Problem::unavailable)?;
        let key = fields.required("key").map_err(Problem::internal)?;
        Ok(self.stripe.with_key(SecretKey::new(key.expose()).map_err(Problem::internal)?))
    }

    /// Writes the next version of what people did. Somebody who was first is at work on the same dispute.
    pub(crate) async fn save(&self, evidence: &mut DisputeEvidence) -> Result<(), Problem> {
        evidence.version = evidence.version.saturating_add(1);
        if self.tables.save_evidence(evidence).await.map_err(store_failed)? {
            return Ok(());
        }
        let detail = "somebody else is at work on the evidence of this dispute; read it again";
        Err(Problem::new(ProblemKind::RequestInProgress).detail(detail))
    }
}
