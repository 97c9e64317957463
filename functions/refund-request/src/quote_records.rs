//! The records that a stored request's quotes rest on, read when they are asked for.

use lambda::http::Problem;
use ledger::{AccountId, Entry, Payment, PaymentKind, Subscription, Timestamp};
use policy::{Document, Reason};
use policy_documents::documents;
use refunds::{
    Case, CountedBy, Granted, Lead, Quote, QuoteInputs, RefundRequest, RefundStore, State, UncreditedPurchase,
};

use crate::app::{RefundRequests, store_failed};

/// What is recorded of a request's payment, and the document that decided it.
pub(crate) struct QuoteRecords {
    pub(crate) document: &'static Document,
    pub(crate) payment: Option<Payment>,
    /// A payment whose credits have not landed, as it would be recorded.
    pub(crate) unrecorded: Option<Payment>,
    pub(crate) uncredited: Option<UncreditedPurchase>,
    pub(crate) subscription: Option<Subscription>,
    pub(crate) head: Option<Entry>,
}

impl QuoteRecords {
    /// Reads payment and account at once, then the subscription of a subscription's payment.
    pub(crate) async fn read<S: RefundStore, Q>(
        app: &RefundRequests<S, Q>,
        request: &RefundRequest,
    ) -> Result<Self, Problem> {
        let document = document_of(&request.case)?;
        let (payment, head) =
            tokio::join!(payment_of(app, &request.case, &request.account), app.store.head(&request.account));
        let (payment, uncredited) = payment?;
        let uncredited = uncredited.filter(|_| payment.is_none());
        let unrecorded = uncredited
            .as_ref()
            .and_then(|uncredited| uncredited.payment(&request.account, document, request.submitted_at()));
        let subscription = match payment.as_ref().map(|payment| &payment.kind) {
            Some(PaymentKind::Subscription { subscription, .. }) => {
                app.store.subscription(&request.account, subscription).await.map_err(store_failed)?
            }
            Some(PaymentKind::Pack) | None => None,
        };
        Ok(Self {
            document,
            payment,
            unrecorded,
            uncredited,
            subscription,
            head: head.map_err(store_failed)?,
        })
    }

    /// The same, where something could still be paid; nothing needs to be read for the others.
    pub(crate) async fn of_open<S: RefundStore, Q>(
        app: &RefundRequests<S, Q>,
        request: &RefundRequest,
    ) -> Result<Option<Self>, Problem> {
        match request.state() {
            State::Submitted | State::NeedsInformation | State::InReview => {
                Self::read(app, request).await.map(Some)
            }
            // What Stripe reported goes on after people have closed its case.
            _ if request.case.occasion.is_some() => Self::read(app, request).await.map(Some),
            _ if request.takes_offers() && !request.offers().is_empty() => {
                Self::read(app, request).await.map(Some)
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn standing(&self, now: Timestamp) -> QuoteInputs<'_> {
        QuoteInputs {
            document: self.document,
            payment: self.payment.as_ref(),
            unrecorded: self.unrecorded.as_ref(),
            subscription: self.subscription.as_ref(),
            head: self.head.as_ref(),
            now,
        }
    }
}

/// What was granted before `quote`, where its credits count.
pub(crate) async fn granted_before<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    request: &RefundRequest,
    quote: &Quote,
    person: Option<&str>,
    now: Timestamp,
) -> Result<Granted, Problem> {
    let Some(within_s) = request.counts_within_s().filter(|_| quote.granted_credits().is_some()) else {
        return Ok(Granted::default());
    };
    let counts = app
        .store
        .counts(CountedBy::of(&request.account, request.case.payment.as_ref(), person))
        .await
        .map_err(store_failed)?;
    Ok(Granted::before(&counts, within_s, now))
}

/// The document that decided a case. Versions are never taken out of a deployment.
pub(crate) fn document_of(case: &Case) -> Result<&'static Document, Problem> {
    documents()
        .version(&case.decision.document, &case.decision.version)
        .ok_or_else(|| Problem::internal("the document that decided the request is not there"))
}

/// The payment of a case; where it is not recorded, also what is noted of the purchase, which is read at once
/// for a case about missing credits.
async fn payment_of<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    case: &Case,
    account: &AccountId,
) -> Result<(Option<Payment>, Option<UncreditedPurchase>), Problem> {
    let Some(id) = &case.payment else { return Ok((None, None)) };
    let noted_as = Lead::id_of_uncredited(account, id);
    let noted = || app.store.lead(&noted_as);
    let own = |payment: Option<Payment>| payment.filter(|payment| &payment.account == account);
    let (payment, noted) = match case.reason {
        Reason::CreditsMissing => {
            let (payment, noted) = tokio::join!(app.store.payment(id), noted());
            (own(payment.map_err(store_failed)?), noted.map_err(store_failed)?)
        }
        _ => match own(app.store.payment(id).await.map_err(store_failed)?) {
            Some(payment) => (Some(payment), None),
            None => (None, noted().await.map_err(store_failed)?),
        },
    };
    Ok((payment, noted.and_then(|lead| lead.uncredited().cloned())))
}
