//! Packs that are paid and not credited when the policy's hour is over (`S2-21`): each opens a case by
//! itself, unless its credits have landed meanwhile.
//!
//! The case is saved before the purchase is forgotten, and is the same at every try, so that a run that is
//! cut off between the two is finished by the next.

use ledger::{LedgerStore, PaymentId};
use policy_documents::documents;
use refunds::{Save, Saved, credit_promise};

use crate::requests::Done;
use crate::{Run, Store, Sweep};

/// Looks at one purchase; its failure is its own.
pub(crate) async fn purchase<S: Store, Q>(sweep: &Sweep<S, Q>, run: &Run<'_>, payment: &PaymentId) -> Done {
    match look(sweep, run, payment).await {
        Ok(done) => done,
        Err(error) => {
            let payment = payment.as_str();
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(payment, outcome = "failed", error, "a purchase without credits has no case yet");
            Done::Failed
        }
    }
}

async fn look<S: Store, Q>(
    sweep: &Sweep<S, Q>,
    run: &Run<'_>,
    payment: &PaymentId,
) -> Result<Done, <S as LedgerStore>::Error> {
    let (noted, landed) = tokio::join!(sweep.store.uncredited(payment), sweep.store.payment(payment));
    // The index may lag behind a purchase that is settled.
    let Some(noted) = noted?.filter(|noted| noted.due_at < run.now) else { return Ok(Done::NothingDue) };
    if landed?.is_some() {
        sweep.store.settle_uncredited(payment).await?;
        return Ok(Done::Written);
    }
    let product = noted.product.as_ref().map(ledger::ProductId::as_str);
    let Some((document, _)) = credit_promise(documents(), product, noted.charged_at) else {
        tracing::error!(payment = payment.as_str(), outcome = "failed", "no policy promises the credits");
        return Ok(Done::Failed);
    };
    let request = match noted.open(document, run.now) {
        Ok(request) => request,
        Err(error) => {
            let error: &(dyn std::error::Error + 'static) = &error;
            tracing::error!(payment = payment.as_str(), outcome = "failed", error, "the facts do not hold");
            return Ok(Done::Failed);
        }
    };
    match sweep.store.save(&Save { request, commit: None, refunded: None }).await? {
        Saved::Written => {
            run.invocation.metrics().count("UncreditedCasesOpened", 1);
            tracing::warn!(payment = payment.as_str(), outcome = "opened", "a paid pack is not credited");
        }
        // An earlier run opened it.
        Saved::Stale(_) => {}
        Saved::Ledger(_) | Saved::PaymentMoved | Saved::NotAllowed => return Ok(Done::NothingDue),
    }
    sweep.store.settle_uncredited(payment).await?;
    Ok(Done::Written)
}
