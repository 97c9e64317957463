//! Lines that stand both in the document and in Stripe's fields.

use std::fmt::Write as _;

use policy::money_text;

use crate::contacts::Contact;
use crate::document::{CancellationText, PurchaseText, UsageText};
use crate::usage::DayOfUse;

/// The use of a purchase's credits: the sum first, then each day.
pub(crate) fn usage_lines(usage: &UsageText) -> Vec<String> {
    let mut lines = vec![format!("In all: {}", day_line(usage.total))];
    if let Some(downloads) = usage.downloads {
        lines.push(format!("Results of {downloads} generations were downloaded or exported."));
    }
    if !usage.complete {
        lines.push("Earlier days are left out.".to_owned());
    }
    // The newest days are those that a bound on the length should keep.
    lines.extend(usage.days.iter().rev().map(|on| format!("- {}: {}", on.day, day_line(on.use_))));
    lines
}

fn day_line(day: DayOfUse) -> String {
    let generations = if day.generations == 1 { "generation" } else { "generations" };
    let mut line = format!("{} {generations} used {} credits", day.generations, day.credits_used);
    let parts = [
        (day.unusable, "of them without a usable result"),
        (day.failed, "more failed and cost nothing"),
        (day.credits_given_back, "credits were given back"),
    ];
    for (count, what) in parts.into_iter().filter(|(count, _)| *count > 0) {
        // Writing to a String cannot fail.
        let _ = write!(line, ", {count} {what}");
    }
    line
}

/// What was refunded of a purchase.
pub(crate) fn refund_lines(purchase: &PurchaseText) -> Vec<String> {
    let refunds = &purchase.refunds;
    let money = |minor| money_text(minor, &purchase.currency);
    let mut lines = vec![format!(
        "Refunded of payment {}: {} of {}.",
        purchase.payment,
        money(refunds.refunded_minor),
        money(purchase.paid_minor)
    )];
    lines.extend(refunds.by_request.iter().map(|refund| {
        let at = refund.approved_at.as_deref().unwrap_or("an unknown day");
        format!("- {} approved on {at}, {}", money(refund.amount_minor), refund.state)
    }));
    if refunds.elsewhere_minor > 0 {
        lines.push(format!("- {} at Stripe without a request", money(refunds.elsewhere_minor)));
    }
    lines
}

/// The time-line, a line for each act.
pub(crate) fn contact_lines(contacts: &[Contact]) -> Vec<String> {
    contacts.iter().map(contact_line).collect()
}

fn contact_line(contact: &Contact) -> String {
    let what = match contact.what {
        "asked" => "the customer asked for a solution",
        "answered" => "the customer answered what was asked",
        "withdrew" => "the customer took the request back",
        "asked_again" => "the customer asked a person to look again",
        "accepted_offer" => "the customer accepted an offer",
        "declined_offer" => "the customer declined an offer",
        "granted_by_policy" => "the written policy granted it",
        "refused_by_policy" => "the written policy refused it",
        "asked_for_information" => "the company asked the customer for information",
        "approved_by_person" => "a person approved it",
        "credits_granted_by_person" => "a person granted credits",
        "refused_by_person" => "a person refused it",
        "offered" => "the company offered another solution",
        "credits_taken_back_by_person" => "a person took the credits of a refund back",
        "credits_left_by_person" => "a person left the credits of a refund to the customer",
        "refund_arrived" => "the refund's arrival was noted",
        _ => "the company looked at it again",
    };
    let reason = contact.reason.map(|reason| format!(" (`{reason}`)")).unwrap_or_default();
    let clauses: Vec<String> =
        contact.clauses.iter().map(|cited| format!("{} \"{}\"", cited.clause, cited.text)).collect();
    let cited = if clauses.is_empty() { String::new() } else { format!(", citing {}", clauses.join("; ")) };
    format!("- {}, request {}: {what}{reason}{cited}", contact.at, contact.request)
}

/// How a cancellation was confirmed.
pub(crate) fn channel_words(cancellation: &CancellationText) -> &'static str {
    match cancellation.channel {
        Some("customer") => "by the customer",
        Some("support") => "by the company for the customer",
        _ => "at Stripe",
    }
}
