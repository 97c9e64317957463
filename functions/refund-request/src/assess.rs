//! From what is asked to what the policy says of it: the same for a preview, a submission and an answer.

use cases::{Assessment, CaseError, CustomerClaims, OriginalCase, Report};
use lambda::caller::{Caller, Role};
use lambda::http::{Problem, ProblemKind};
use ledger::{AccountId, Timestamp};
use refunds::RefundStore;

use crate::app::{RefundRequests, not_carried_out};
use crate::body::{ChosenRemedy, Question, expected_product};
use crate::input::unprocessable;

/// The same for a payment of another account as for none. The list has every payment that is recorded.
const NO_SUCH_PAYMENT: &str = "no payment of this account is called so; expected a payment (`pi_…`), a \
                               charge (`ch_…`, `py_…`), an invoice (`in_…`) or its number, a checkout \
                               session (`cs_…`) or the number of a receipt, as \
                               `GET /v1/accounts/{account}/payments` lists them";

/// Reads the records, and decides on all of them; what is `frozen` stays as it was at submission.
pub(crate) async fn assess<S: RefundStore, Q>(
    app: &RefundRequests<S, Q>,
    account: &AccountId,
    (asked, caller): (Question, &Caller),
    frozen: Option<OriginalCase<'_>>,
    now: Timestamp,
) -> Result<Assessment, Problem> {
    let product = asked.product.clone();
    let asked = cases::Question {
        occasion: None,
        reason: asked.reason,
        fingerprint: asked.fingerprint(),
        said: said(&asked, caller),
        payment: asked.payment,
        generation: asked.generation,
        note: asked.note,
    };
    let assessment = cases::assess(&app.store, account, asked, frozen, product.as_ref(), now).await;
    assessment.map_err(|error| match error {
        CaseError::NoSuchPayment => Problem::new(ProblemKind::NotFound).field("#/payment", NO_SUCH_PAYMENT),
        CaseError::NoProduct => unprocessable(
            "#/product",
            format!("the account's purchases do not say which it is; {}", expected_product()),
        ),
        CaseError::OtherProduct(recorded) => unprocessable(
            "#/product",
            format!("expected `{recorded}`, which the request is about, or nothing"),
        ),
        CaseError::Records(error) => not_carried_out::<S>(error),
        error @ (CaseError::Fact(_) | CaseError::NoDocument) => Problem::internal(error),
    })
}

/// A customer is signed in. For a request in a customer's name, support says how it came.
fn said(asked: &Question, caller: &Caller) -> CustomerClaims {
    let by_customer = caller.role() == Role::Customer;
    CustomerClaims {
        remedy: asked.remedy.map(ChosenRemedy::as_str).map(str::to_owned),
        plan_requested: asked.plan_requested.clone(),
        channel: if by_customer { Some("api".to_owned()) } else { asked.channel.map(str::to_owned) },
        from_account: if by_customer { Some(true) } else { asked.from_account },
        purchase_date_given: asked.purchase_date.is_some(),
        email_given: asked.report.account_email.is_some(),
        report: Report {
            prompt: asked.report.prompt.is_some(),
            model: asked.report.model.is_some(),
            happened_at: asked.report.failure_time.is_some(),
            error_message: asked.report.error_message.is_some(),
        },
        ..CustomerClaims::default()
    }
}
