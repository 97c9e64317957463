//! The document as a person reads it, in Markdown.

use policy::money_text;

use crate::document::{Document, PurchaseText};
use crate::fields::Filled;
use crate::lines::{channel_words, contact_lines, refund_lines, usage_lines};

/// The whole document; `state` says how the dispute stands at Stripe.
pub(crate) fn markdown(document: &Document, filled: &Filled, state: &[String], digest: &str) -> String {
    let amount = money_text(document.amount_minor, &document.currency);
    let mut lines = vec![
        format!("# Evidence for dispute {}", document.dispute),
        String::new(),
        format!("Disputed: {amount}, reason `{}`, since {}.", document.reason, document.opened_at),
        format!("Account: {}", document.account),
    ];
    lines.extend(state.iter().cloned());
    for purchase in &document.purchases {
        section(&mut lines, &format!("Purchase {}", purchase.payment), purchase_lines(purchase));
        section(&mut lines, "Use of the credits", usage_lines(&purchase.usage));
        section(&mut lines, "Refunds", refund_lines(purchase));
        section(&mut lines, "Cancellation", cancellation_lines(purchase));
        section(&mut lines, "Policy at the purchase", policy_lines(purchase));
    }
    let others = document.same_price.iter().map(|other| {
        format!(
            "- {}: {}, {}",
            other.charged_at,
            other.payment,
            money_text(other.paid_minor, &other.currency)
        )
    });
    section(&mut lines, "Other purchases of the same price", others.collect());
    section(&mut lines, "Contact with the customer", contact_lines(&document.contacts));
    for field in &filled.fields {
        section(&mut lines, &format!("Stripe's field `{}`", field.field), vec![field.text.clone()]);
    }
    let missing = filled.missing.iter().map(|lack| format!("- `{}`: {}", lack.field, lack.why));
    section(&mut lines, "What is missing", missing.collect());
    lines.extend([String::new(), format!("Digest: {digest}"), String::new()]);
    lines.join("\n")
}

/// A heading with its lines; nothing without lines.
fn section(lines: &mut Vec<String>, heading: &str, content: Vec<String>) {
    if !content.is_empty() {
        lines.extend([String::new(), format!("## {heading}"), String::new()]);
        lines.extend(content);
    }
}

fn purchase_lines(purchase: &PurchaseText) -> Vec<String> {
    let plan = purchase.plan.as_ref().map(|plan| format!(", plan `{plan}`")).unwrap_or_default();
    let mut lines = vec![
        format!("- {} of `{}`{plan}, price `{}`", purchase.kind, purchase.product, purchase.price),
        format!("- paid {} on {}", money_text(purchase.paid_minor, &purchase.currency), purchase.charged_at),
    ];
    lines.push(match &purchase.landed_at {
        Some(at) => format!("- {} credits landed on {at}", purchase.credits),
        None => "- its credits have not landed".to_owned(),
    });
    if let (Some(from), Some(until)) = (&purchase.period_starts_at, &purchase.period_ends_at) {
        lines.push(format!("- for the period from {from} to {until}"));
    }
    lines
}

fn cancellation_lines(purchase: &PurchaseText) -> Vec<String> {
    let Some(cancellation) = &purchase.cancellation else { return Vec::new() };
    let mut lines = vec![match &cancellation.confirmed_at {
        Some(at) => format!("- confirmed on {at} {}", channel_words(cancellation)),
        None => "- no cancellation is on record".to_owned(),
    }];
    lines.extend(cancellation.takes_effect_at.iter().map(|at| format!("- takes effect on {at}")));
    if cancellation.charged_after_it {
        lines.push("- the charge came after it had taken effect".to_owned());
    }
    lines
}

fn policy_lines(purchase: &PurchaseText) -> Vec<String> {
    let Some(policy) = &purchase.policy else {
        return vec!["The purchase was made before the first written policy.".to_owned()];
    };
    let mut lines = vec![
        format!("{}, version {} ({}), {}.", policy.title, policy.version, policy.document, policy.source),
        format!("SHA-256 of its text: {}", policy.sha256),
    ];
    lines.extend(policy.clauses.iter().map(|clause| format!("- `{}`: {}", clause.clause, clause.text)));
    lines
}
