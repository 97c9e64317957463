//! Credits for a purchase whose own have not landed. The records say what was bought as far as they can; the
//! reviewer names the rest, and nothing else.

use lambda::http::{Problem, ProblemKind};
use ledger::{AccountId, Credits, ProductId, Timestamp};
use policy_documents::documents;
use refunds::{Quote, QuoteInputs, ReviewVerdict, UncreditedPurchase};

use crate::input::unprocessable;

/// What granting the credits of `purchase` would do. `named` is what the reviewer names: how many, and of
/// which product.
pub(crate) fn granted(
    purchase: Option<&UncreditedPurchase>,
    account: &AccountId,
    named: (Option<u64>, Option<&ProductId>),
    standing: &QuoteInputs<'_>,
) -> Result<(ReviewVerdict, Quote), Problem> {
    let Some(purchase) = purchase else {
        return Err(Problem::new(ProblemKind::StateConflict)
            .detail("the request is about no purchase whose credits are missing"));
    };
    let product = product_of(purchase, named.1)?;
    let credits = credits_of(purchase, named.0)?;
    let in_force = documents().in_force(product.as_str(), purchase.charged_at.as_ms()).document();
    let document = in_force.unwrap_or(standing.document);
    let now: Timestamp = standing.now;
    let payment = purchase.payment_of(account, product.clone(), document, now);
    let quote = Quote::of_purchase(&payment, credits, standing);
    Ok((ReviewVerdict::GrantCredits { product, credits }, quote))
}

fn product_of(purchase: &UncreditedPurchase, named: Option<&ProductId>) -> Result<ProductId, Problem> {
    let expected = |what: &str| Err(unprocessable("#/product", format!("expected {what}")));
    match (&purchase.product, named) {
        (Some(bought), Some(named)) if bought != named => expected(&format!("`{bought}`, which was bought")),
        (Some(bought), _) => Ok(bought.clone()),
        (None, named) => {
            let mut products: Vec<&str> =
                documents().iter().flat_map(|document| &document.products).map(String::as_str).collect();
            products.sort_unstable();
            products.dedup();
            match named.filter(|named| products.contains(&named.as_str())) {
                Some(named) => Ok(named.clone()),
                None => expected(&format!(
                    "what was bought, which the records do not say: one of `{}`",
                    products.join("`, `")
                )),
            }
        }
    }
}

fn credits_of(purchase: &UncreditedPurchase, named: Option<u64>) -> Result<Credits, Problem> {
    let expected = |what: String| Err(unprocessable("#/credits", format!("expected {what}")));
    match (purchase.pack.as_ref().map(|pack| pack.credits), named) {
        (Some(bought), Some(named)) if bought.get() != named => {
            expected(format!("{bought}, which the price brings, or nothing"))
        }
        (Some(bought), _) => Ok(bought),
        (None, Some(named)) => match Credits::new(named).ok().filter(|credits| !credits.is_zero()) {
            Some(credits) => Ok(credits),
            None => expected("at least 1".to_owned()),
        },
        (None, None) => expected("how many were bought, which the records do not say".to_owned()),
    }
}
