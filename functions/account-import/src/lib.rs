//! The accounts of a business that moves in: a batch of lines goes in, the outcome of each comes out.
//!
//! `{"import": {"id": "<import>", "accounts": [<line>, …]}}` is what the operator's command line invokes the
//! function with; nothing else may invoke it. Each line is checked here again, whatever the command line has
//! checked. An account is written whole or not at all: one entry with all of its lots, and beside it its
//! payments, refunds, customers and subscriptions (`ledger_dynamodb::AccountImport`). The same import with
//! the same line again is `repeated`, so that a batch may be sent again after any failure.
//!
//! **Bounds.** A batch has at most [`ACCOUNTS_MAX`] accounts; `AT_ONCE` of them are written at a time.

mod outcome;
mod request;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use import_lines::{AccountLine, CheckedAccount, check};
use lambda::{EventError, Invocation};
use ledger::{ExecuteError, ImportId, Money, Pause, Provider};
use ledger_dynamodb::{
    AccountImport, ExternalRefund, ImportOutcome, StoreError, Tables, Watch, WatchSubject,
};

pub use outcome::{AccountOutcome, ImportAnswer};
use request::Batch;
pub use request::{ACCOUNTS_MAX, ImportRequest};

/// Accounts that are written at once: their transactions touch no common item, and a function of 512 MB has
/// half a core for them.
const AT_ONCE: usize = 8;

/// Why a batch failed. What was written of it stays, and the batch may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The event is not a batch of accounts.
    #[error("event is not an import of 1 to {ACCOUNTS_MAX} accounts")]
    Event(#[from] EventError),
    /// An account could not be written.
    #[error("an account could not be written")]
    Account(#[from] ExecuteError<StoreError>),
}

/// Imports a batch.
pub async fn handle<P: Pause>(
    tables: &Tables,
    pause: &P,
    invocation: &Invocation,
) -> Result<ImportAnswer, ImportError> {
    let ImportRequest::Import(Batch { id, accounts }) = invocation.event()?;
    let (id, accounts) = (&id.0, &accounts.0);
    let imported = stream::iter(accounts)
        .map(|line| import(tables, pause, (id, line), invocation))
        .buffered(AT_ONCE)
        .try_collect::<Vec<_>>()
        .await?;
    let metrics = invocation.metrics();
    for outcome in ["written", "repeated", "refused"] {
        let number = imported.iter().filter(|one| one.outcome == outcome).count();
        let number = u64::try_from(number).unwrap_or(u64::MAX);
        metrics.count_labelled("AccountsImported", ("outcome", outcome), number);
    }
    tracing::info!(import = id.as_str(), accounts = imported.len(), "accounts imported");
    Ok(ImportAnswer { accounts: imported })
}

async fn import<P: Pause>(
    tables: &Tables,
    pause: &P,
    (id, line): (&ImportId, &AccountLine),
    invocation: &Invocation,
) -> Result<AccountOutcome, ImportError> {
    let checked = match check(line, invocation.now()) {
        Ok(checked) => checked,
        Err(mistakes) => return Ok(AccountOutcome::invalid(mistakes)),
    };
    let moving = account_import(&checked, id)?;
    // An entry on its way is large.
    let outcome = Box::pin(tables.import_account(pause, &moving, invocation.now())).await?;
    Ok(match outcome {
        ImportOutcome::Written => AccountOutcome::of("written"),
        ImportOutcome::Repeated => AccountOutcome::of("repeated"),
        ImportOutcome::Refused(refusal) => AccountOutcome::refused(&refusal, line),
    })
}

/// What is written of a checked account.
fn account_import(checked: &CheckedAccount, id: &ImportId) -> Result<AccountImport, ImportError> {
    let mut refunds = Vec::new();
    for payment in &checked.payments {
        refunds.extend(payment.refunds.iter().map(|refund| ExternalRefund {
            id: refund.id.clone(),
            payment: payment.id.clone(),
            amount: Money::new(refund.minor, payment.paid.currency()),
            made_at: refund.made_at,
            failed: false,
        }));
    }
    let invoices = checked.payments.iter();
    let invoices = invoices.filter_map(|payment| Some((payment.invoice.clone()?, payment.id.clone())));
    Ok(AccountImport {
        account: checked.account.clone(),
        import: checked.command(id),
        customers: checked.customers.clone(),
        subscriptions: checked.subscriptions.clone(),
        invoices: invoices.collect(),
        refunds,
        watches: watches(checked).map_err(ExecuteError::Store)?,
    })
}

/// Creem keeps no list of its events: what renews there is read again after its period's end.
fn watches(checked: &CheckedAccount) -> Result<Vec<Watch>, StoreError> {
    let creems = checked.subscriptions.iter().filter(|each| each.provider == Provider::Creem);
    let open = creems.filter(|each| each.ended_at.is_none());
    open.filter_map(|each| Some((each.id.clone(), each.period_ends_at?)))
        .map(|(id, ends_at)| Watch::expecting(Provider::Creem, WatchSubject::Subscription(id), ends_at))
        .collect()
}
