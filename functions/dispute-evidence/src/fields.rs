//! Stripe's fields of evidence, filled from the document by the dispute's reason, and what is missing.
//!
//! Which fields a reason asks for: <https://docs.stripe.com/disputes/categories>. Names, addresses and the
//! receipt are not filled: Stripe has them from the payment itself. Fields that take files are a person's, in
//! Stripe's Dashboard.

use policy::money_text;
use serde::Serialize;
use stripe_api::{EVIDENCE_CHARACTERS_MAX, EVIDENCE_TEXT_CHARACTERS_MAX};

use crate::document::{Document, PurchaseText};
use crate::lines::{channel_words, contact_lines, refund_lines, usage_lines};

/// Longest text of a field, in characters: eight of them stay below Stripe's sum.
pub const FIELD_CHARACTERS_MAX: usize = 18_000;
/// Longest statement of a person, in characters: four pages, which leave as much again for the time-line.
pub const STATEMENT_CHARACTERS_MAX: usize = 8_000;
/// Most fields that are filled for one dispute.
const FIELDS_MAX: usize = 8;

const _: () = assert!(FIELD_CHARACTERS_MAX <= EVIDENCE_TEXT_CHARACTERS_MAX);
const _: () = assert!(FIELD_CHARACTERS_MAX.saturating_mul(FIELDS_MAX) <= EVIDENCE_CHARACTERS_MAX);

/// A field of Stripe's and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Field {
    /// Stripe's name.
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

/// What the evidence lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Missing {
    /// Stripe's name of the field that could say it.
    pub(crate) field: &'static str,
    pub(crate) why: &'static str,
}

/// The fields that are filled, in a fixed order, and what is missing.
pub(crate) struct Filled {
    pub(crate) fields: Vec<Field>,
    pub(crate) missing: Vec<Missing>,
}

impl Filled {
    /// Fills the fields from the document, with what a person adds.
    pub(crate) fn of(document: &Document, statement: &str) -> Self {
        let mut filled = Self { fields: Vec::new(), missing: Vec::new() };
        filled.add("product_description", &product_description(document));
        filled.add("service_date", &service_date(document));
        filled.add_usage(document);
        filled.add_refund_policy(document);
        filled.add_refusal(document);
        if document.reason == "subscription_canceled" {
            filled.add_cancellation(document);
        }
        if document.reason == "duplicate" {
            filled.add_duplicate(document);
        }
        filled.add("uncategorized_text", &uncategorized(document, statement));
        filled.add_missing(document);
        filled
    }

    fn add(&mut self, field: &'static str, text: &str) {
        if !text.is_empty() {
            self.fields.push(Field { field, text: clipped(text) });
        }
    }

    fn lack(&mut self, field: &'static str, why: &'static str) {
        self.missing.push(Missing { field, why });
    }

    fn add_usage(&mut self, document: &Document) {
        let log = document.purchases.iter().map(|purchase| {
            let landed = match &purchase.landed_at {
                Some(at) => format!("{at}: {} credits were delivered to the account.", purchase.credits),
                None => "No delivery of the credits is on record.".to_owned(),
            };
            [vec![purchase_line(purchase), landed], usage_lines(&purchase.usage)].concat().join("\n")
        });
        self.add("access_activity_log", &log.collect::<Vec<_>>().join("\n\n"));
    }

    fn add_refund_policy(&mut self, document: &Document) {
        let mut texts: Vec<String> = Vec::new();
        for purchase in &document.purchases {
            let Some(policy) = &purchase.policy else { continue };
            let clauses = policy.clauses.iter().map(|clause| format!("{}: {}", clause.clause, clause.text));
            let head = format!(
                "The policy in force at the purchase of {}: \"{}\", version {}, announced {}. Source: {}. \
                 SHA-256 of its text: {}.",
                purchase.charged_at,
                policy.title,
                policy.version,
                policy.announced_at.as_deref().unwrap_or("at an unknown time"),
                policy.source,
                policy.sha256,
            );
            let text = [vec![head], clauses.collect()].concat().join("\n");
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if document.purchases.iter().any(|purchase| purchase.policy.is_none()) {
            self.lack("refund_policy_disclosure", "the purchase was made before the first written policy");
        }
        self.add("refund_policy_disclosure", &texts.join("\n\n"));
        self.lack("refund_policy_disclosure", "how the checkout showed the policy is not on record");
    }

    /// Why what was asked for was not paid: for a claim that a credit is missing, and wherever something was
    /// refused.
    fn add_refusal(&mut self, document: &Document) {
        let refused = |what: &str| matches!(what, "refused_by_policy" | "refused_by_person");
        let refusals: Vec<_> =
            document.contacts.iter().filter(|contact| refused(contact.what)).cloned().collect();
        if refusals.is_empty() && document.reason != "credit_not_processed" {
            return;
        }
        let mut lines = Vec::new();
        if refusals.is_empty() {
            lines.push("No request about this payment was refused.".to_owned());
        }
        lines.extend(contact_lines(&refusals));
        lines.extend(document.purchases.iter().flat_map(refund_lines));
        self.add("refund_refusal_explanation", &lines.join("\n"));
    }

    fn add_cancellation(&mut self, document: &Document) {
        let plans = || document.purchases.iter().filter_map(|each| Some((each, each.cancellation.as_ref()?)));
        let mut clauses: Vec<String> = Vec::new();
        for (purchase, _) in plans() {
            let Some(policy) = &purchase.policy else { continue };
            for id in &policy.cancellation_clauses {
                let line = policy.clause(id).map(|text| format!("{id}: {text}"));
                clauses.extend(line.filter(|line| !clauses.contains(line)));
            }
        }
        self.add("cancellation_policy_disclosure", &clauses.join("\n"));
        if plans().next().is_none() {
            self.lack("cancellation_rebuttal", "the payment was not the charge of a subscription");
        }
        if plans().any(|(_, cancellation)| cancellation.charged_after_it) {
            let why =
                "the charge came after its cancellation had taken effect: the record bears the customer out";
            return self.lack("cancellation_rebuttal", why);
        }
        let rebuttals = plans().map(|(purchase, cancellation)| {
            let charge = format!(
                "The subscription {} was charged on {}.",
                cancellation.subscription, purchase.charged_at
            );
            let end = match (&cancellation.confirmed_at, &cancellation.takes_effect_at) {
                (None, _) => "No cancellation of it is on record.".to_owned(),
                (Some(at), None) => format!("Its cancellation was confirmed on {at}."),
                (Some(at), Some(until)) => format!(
                    "Its cancellation was confirmed on {at} {} and takes effect on {until}.",
                    channel_words(cancellation)
                ),
            };
            format!("{charge} {end}")
        });
        self.add("cancellation_rebuttal", &rebuttals.collect::<Vec<_>>().join("\n"));
    }

    fn add_duplicate(&mut self, document: &Document) {
        let other = |each: &crate::document::OtherPurchase| {
            let paid = money_text(each.paid_minor, &each.currency);
            format!("Payment {} of {} on {}.", each.payment, paid, each.charged_at)
        };
        let text = if document.same_price.is_empty() {
            "The account has no other purchase of the same price on record.".to_owned()
        } else {
            let head =
                "Each purchase brought credits of its own. Other purchases of the same price:".to_owned();
            [vec![head], document.same_price.iter().map(other).collect()].concat().join("\n")
        };
        self.add("duplicate_charge_explanation", &text);
        self.lack("duplicate_charge_id", "the id of the other charge is in Stripe's Dashboard");
    }

    fn add_missing(&mut self, document: &Document) {
        if document.purchases.iter().any(|purchase| purchase.landed_at.is_none()) {
            self.lack("access_activity_log", "no delivery of the credits is on record");
        }
        if document.purchases.iter().any(|purchase| !purchase.usage.complete) {
            self.lack("access_activity_log", "earlier use is left out: the journal is longer than is read");
        }
        if document.purchases.iter().any(|purchase| purchase.usage.downloads.is_none()) {
            self.lack("access_activity_log", "downloads of this product are not reported");
        }
        if !document.contacts_complete {
            self.lack("uncategorized_text", "earlier requests are left out: there are more than are read");
        }
        match document.reason.as_str() {
            "fraudulent" | "unrecognized" => {
                self.lack("customer_purchase_ip", "addresses are not on record; Stripe has the checkout's");
            }
            "product_not_received" => {
                self.lack("service_documentation", "a file; add it in Stripe's Dashboard if there is one");
            }
            "product_unacceptable" => {
                self.lack("customer_communication", "a file; the words of the customer are not part of this");
            }
            _ => {}
        }
    }
}

fn purchase_line(purchase: &PurchaseText) -> String {
    let paid = money_text(purchase.paid_minor, &purchase.currency);
    let what = match (&purchase.plan, purchase.kind) {
        (Some(plan), _) => format!("a period of the subscription plan \"{plan}\""),
        (None, "subscription") => "a period of a subscription".to_owned(),
        (None, _) => "a one-time pack of credits".to_owned(),
    };
    format!("{}: {what} with {} credits for {paid}.", purchase.product, purchase.credits)
}

fn product_description(document: &Document) -> String {
    let head = "Credits that pay for AI generations, a digital service. They are delivered to the customer's \
                account and used there.";
    let purchases = document.purchases.iter().map(purchase_line);
    [vec![head.to_owned()], purchases.collect()].concat().join("\n")
}

/// From when on the service could be used, and until when where that was a period.
fn service_date(document: &Document) -> String {
    let dates = document.purchases.iter().filter_map(|purchase| {
        let from = purchase.period_starts_at.as_ref().or(purchase.landed_at.as_ref())?;
        Some(match &purchase.period_ends_at {
            Some(until) => format!("{from} to {until}"),
            None => from.clone(),
        })
    });
    let mut dates: Vec<String> = dates.collect();
    dates.dedup();
    dates.join("; ")
}

fn uncategorized(document: &Document, statement: &str) -> String {
    let mut parts = Vec::new();
    if !statement.is_empty() {
        parts.push(statement.to_owned());
    }
    let refunds: Vec<String> = document.purchases.iter().flat_map(refund_lines).collect();
    parts.push(refunds.join("\n"));
    if document.contacts.is_empty() {
        parts.push("The customer did not ask for a refund of this payment, or for help with it.".to_owned());
    } else {
        let lines = contact_lines(&document.contacts).join("\n");
        parts.push(format!("What the customer asked about this payment, and what was decided:\n{lines}"));
    }
    parts.join("\n\n")
}

/// The text as far as it fits, up to the end of a line where it has lines, with a word about the rest.
fn clipped(text: &str) -> String {
    const REST: &str = "\n[The rest is left out here.]";
    if text.chars().count() <= FIELD_CHARACTERS_MAX {
        return text.to_owned();
    }
    let room = FIELD_CHARACTERS_MAX.saturating_sub(REST.len());
    let fits: String = text.chars().take(room).collect();
    let whole = fits.rsplit_once('\n').map_or(fits.as_str(), |(lines, _)| lines);
    format!("{whole}{REST}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_ends_with_a_whole_line() {
        let line = "x".repeat(99);
        let text = vec![line.as_str(); 200].join("\n");
        let short = clipped(&text);
        assert!(short.chars().count() <= FIELD_CHARACTERS_MAX, "{}", short.chars().count());
        assert!(
            short.ends_with(&format!("{line}\n[The rest is left out here.]")),
            "{}",
            &short[short.len() - 50..]
        );
        assert_eq!(clipped("é"), "é");
        let one = clipped(&"é".repeat(20_000));
        assert!(one.chars().count() <= FIELD_CHARACTERS_MAX && one.ends_with(']'));
    }
}
