//! What the fields and words of a document mean, in the sentences that an editor shows.

use policy::{Fact, Reason};

pub(crate) const DOCUMENT: &str = "Clauses that customers read, named terms, and rules over recorded facts. \
    `makegood policy check` finds what a schema cannot: references, units, gaps and contradictions.";

/// By the whole place, or by the last name where every table means the same by it.
const FIELDS: &[(&str, &str)] = &[
    ("document", "What this version is, and since when it applies."),
    ("clauses", "What customers read. Something of the document cites every clause of kind `rule`."),
    ("terms", "Every number and list, by a name, with its reason and its owner."),
    ("rules", "What follows from recorded facts. Every rule of a request's reason is looked at."),
    ("operations", "The operations whose failures the policy covers: a closed list."),
    ("document.id", "The policy, such as `music-studio`: the name of the folder."),
    ("document.version", "The day from which the business applies it: the name of the file."),
    ("document.title", "What customers call the policy."),
    ("document.source", "Where the text was published."),
    ("document.announced", "The day on which customers were notified."),
    ("document.in_force", "The day from which purchases fall under it, from its first millisecond in UTC."),
    ("document.material", "Whether it changes what customers get, so that it is announced in advance."),
    ("document.material_reason", "Why it is material, or why it is not."),
    ("document.notice", "The term that says how long a material version is announced in advance."),
    ("document.version_clause", "The clause that says which version applies to a purchase."),
    ("clauses.*.covers", "The written rules that it covers, such as `S2-16`."),
    ("clauses.*.kind", "What kind of promise it is; `rule` where it is not said."),
    ("clauses.*.date", "The day since which it reads so."),
    ("clauses.*.text", "What customers read. Line breaks are layout only."),
    ("terms.*.value", "A number with its unit, a list of words, or amounts by currency."),
    ("terms.*.unit", "What the number counts."),
    ("terms.*.min", "The least that the owner may set."),
    ("terms.*.max", "The most that the owner may set."),
    ("terms.*.owner", "Who may change it."),
    (
        "when",
        "The condition: facts and terms with `and`, `or`, `not`, `=`, `!=`, `<`, `<=`, `>`, `>=`, `within … \
         of`, `in`; a percentage is `term of fact`. 0 is the only number without a name. The facts are \
         listed under `definitions`.",
    ),
    ("rules.*.outcome", "What follows when the condition holds."),
    ("rules.*.mode", "Who has the last word on a grant or a refusal."),
    ("rules.*.asks", "The facts that the customer is asked for, where they are missing."),
    ("rules.*.overrides", "Rules that this one sets aside when it holds: it is the exception to them."),
    ("rules.*.offers", "What is offered along with the outcome."),
    ("remedy", "How the amount is computed, from recorded facts."),
    ("credits", "How credits are held and renewed."),
    ("hold_deadline", "The term that says how long a generation may hold credits."),
    ("credits.on_renewal", "What a renewal does to what is left of the period before."),
    ("failures", "What each kind of failure leads to."),
    ("then", "What the failure leads to."),
    ("provider_error", "The provider answered with an explicit error."),
    ("own_error", "The company's own service failed."),
    ("failures.empty_success", "The provider claimed success and delivered nothing."),
    ("empty_success", "Answers that claim success and hold nothing."),
    ("hold_timeout", "No outcome was reported before the hold's deadline."),
    ("moderation_block", "Moderation refused the input or the output."),
    ("partial_result", "A part of the result is missing."),
    ("unknown_answer", "The answer claims success and holds no registered result."),
    (
        "results",
        "What answers look like that hold a result; without one of its operation, every answer does.",
    ),
    ("results.*.operations", "The operations whose answers it is held against."),
    ("late_success", "What a result costs that comes after its hold was released."),
    ("title", "What people call it."),
    ("empty_success.*.operations", "The operations whose answers it is held against."),
    ("matches", "What the answer looks like; all of it must hold."),
    ("pointer", "A place of the answer: a JSON pointer such as `/songs`."),
    ("is", "What is found at the place."),
    ("equals", "Exactly this value is found at the place."),
    ("leftover", "When the left-over credits of an ended subscription expire; without it they never do."),
    ("after_end", "The term that says how long they stay after the end."),
    ("on_resubscribe", "What subscribing again does to their expiry."),
    ("grace_after_failed_job", "The term that says how long credits stay that a late job gives back."),
    ("cancellation", "What customers see when they cancel a subscription, for all products or for some."),
    ("cancellation.*.clauses", "The clauses, in the order in which they are shown."),
    ("cancellation.*.products", "The products that they are for; without it, every product."),
    ("on_refund", "What a refund of a payment does."),
    (
        "revoke",
        "What a refund revokes of the payment's own credits, if nothing of the payment is left after it.",
    ),
    ("revoke_of_part", "What the refund of a part revokes of the payment's own credits."),
    ("reviewer_may_revoke", "What a reviewer may choose to revoke in place of that."),
    ("cancel", "Whether the refund of all of a subscription's charge cancels the subscription at once."),
    ("cancel_for_part", "Whether the refund of a part of a subscription's charge cancels it at once."),
    ("reviewer_may_cancel", "Whether a reviewer may choose if the refund cancels the subscription."),
    ("debt_for_spent", "Whether revoked credits that were already spent become a debt."),
    ("clocks", "Promises with a deadline."),
    ("starts", "What starts the clock."),
    ("limit", "The term that says how long it runs."),
    ("warn", "The term that says when people are warned."),
    ("pauses", "Whether it stands still while the customer is asked for something."),
    ("firm", "Whether the text promises it, or only says what is usual."),
    ("calendar", "When people work."),
    ("zone", "The zone's name, as people know it."),
    ("clock_changes", "The zone's rule in the form of POSIX: `CET-1CEST,M3.5.0,M10.5.0/3`, or `UTC0`."),
    ("working_days", "The days on which people work."),
    ("opens", "When work begins: `09:00`."),
    ("closes", "When work ends: `17:00`."),
    ("holidays", "Days without work: `2026-12-25`."),
    ("offers", "What can be offered beside or in place of a refund."),
    ("kind", "What kind of offer it is."),
    ("usable_for", "The term of how long the credits that it brings can be used; without it, for ever."),
    ("percent", "The term that says how large a discount is."),
    ("text", "What the customer reads."),
    ("door", "The way to a person, which every refusal shows."),
    ("intake", "Where requests come in."),
    ("channel", "The channel that the text names."),
    ("contact", "What customers read: an address, or a way to the form."),
    ("address", "The one address for questions about refunds; the door names it."),
    ("duplicates", "Which payments count as made twice."),
    ("downloads", "Whether the services report downloads; without it, what is not reported is not known."),
    (
        "downloads.reported_for",
        "The products whose services report every download of a result, so that no report means no download.",
    ),
    ("duplicates.within", "The term of how far apart two payments of one price and amount may be."),
    ("provider", "Who pays refunds out."),
    ("provider.name", "Its name, such as `stripe`."),
    ("review", "What people review although a rule would let the machine decide."),
    ("of", "Which outcomes people review."),
    ("approval", "Above what a second person approves."),
    (
        "money_above",
        "The term of the amounts by currency. Of other currencies every amount needs two people.",
    ),
    (
        "credits_above",
        "The term of the credits of one remedy, and of all that people grant an account in time.",
    ),
    ("person_above", "The term of the credits that one person grants in time, to all accounts together."),
    ("approval.within", "The term of how long credits that people granted count."),
    ("payment_max", "The term of the most that is granted for a payment, as a percentage of what it bought."),
    ("law", "The statutory packs that are held beside the policy; the better of both wins."),
    ("signed_by", "Who signed the reading of the law; without a signature it only recommends."),
    ("law.*.mode", "Whether the machine may decide by the law."),
    ("conflicts", "Rules that may be met together and disagree, because the text does: a person decides."),
    ("conflicts.*.rules", "The two rules."),
    ("gaps", "What no rule covers although rules exist for its reasons: a person decides."),
    ("clause", "The clause that says so."),
    ("clauses", "The clauses that it carries out."),
    ("reason", "Why."),
    ("reasons", "The reasons of the requests that it is for, or `any` alone."),
    ("products", "The products that it is for."),
];

const NOTHING_REVOKED: &str = "No credits.";
const SHARE_REVOKED: &str = "The refunded money's share of the granted credits, as far as they are left.";
const REST_REVOKED: &str = "All credits that are left.";

/// By the field, the word, and what it means.
const WORDS: &[(&str, &str, &str)] = &[
    ("kind", "rule", "Something of the document acts on it."),
    ("kind", "clock", "A clock measures it."),
    ("kind", "invariant", "It always holds, and a test would notice a breach."),
    ("kind", "information", "It is shown to people."),
    ("kind", "free_retry", "Another generation that costs nothing."),
    ("kind", "retry", "Another generation that is paid as any other."),
    ("kind", "replacement_credits", "Credits in place of those that were used."),
    ("kind", "prorated_credits", "A part of a period's credits."),
    ("kind", "prorated_refund", "A part of the payment."),
    ("kind", "refund", "All of the payment that is left."),
    ("kind", "credits", "The credits that were bought."),
    ("kind", "discount", "A lower price of the next renewal."),
    ("kind", "advice", "Advice on which model or prompt fits."),
    ("kind", "manual_help", "A person's help."),
    ("unit", "seconds", "Seconds."),
    ("unit", "minutes", "60 seconds."),
    ("unit", "hours", "60 minutes."),
    ("unit", "days", "24 hours, independent of the calendar."),
    ("unit", "calendar_days", "Days of a statutory period, to the end of the last one; only after `within`."),
    ("unit", "business_hours", "Hours of the business calendar; only for clocks."),
    (
        "unit",
        "business_days",
        "Days of the business calendar, as long as its working hours; only for clocks.",
    ),
    (
        "unit",
        "business_day_ends",
        "Ends of working hours, of the business day at hand first; only for clocks.",
    ),
    ("unit", "percent", "Hundredths of a quantity."),
    ("unit", "credits", "Credits."),
    ("unit", "count", "Things."),
    ("unit", "minor", "The smallest unit of any currency."),
    ("outcome", "grant", "The customer gets the remedy."),
    ("outcome", "refuse", "The request is refused, with a door to a person."),
    ("outcome", "person", "A person decides."),
    ("outcome", "needs_information", "The customer is asked first."),
    ("mode", "auto", "The machine decides, on recorded facts alone."),
    ("mode", "recommend", "A person decides; the rule is the recommendation."),
    ("remedy", "rest_of_payment", "Money: what was paid and is not refunded."),
    ("remedy", "credits_of_purchase", "Credits: what the payment bought and is not on the balance."),
    ("remedy", "credits_of_generation", "Credits: what the generation cost and was not given back."),
    ("remedy", "payment_by_unused_credits", "Money: the part of the payment whose credits are not used."),
    ("remedy", "payment_by_unused_time", "Money: the part of the payment whose time lies ahead."),
    ("remedy", "credits_for_outage", "Credits: the part of the period that the outage took."),
    ("revoke", "nothing", NOTHING_REVOKED),
    ("revoke", "proportional", SHARE_REVOKED),
    ("revoke", "remaining", REST_REVOKED),
    ("revoke_of_part", "nothing", NOTHING_REVOKED),
    ("revoke_of_part", "proportional", SHARE_REVOKED),
    ("revoke_of_part", "remaining", REST_REVOKED),
    ("reviewer_may_revoke", "nothing", NOTHING_REVOKED),
    ("reviewer_may_revoke", "proportional", SHARE_REVOKED),
    ("reviewer_may_revoke", "remaining", REST_REVOKED),
    ("on_renewal", "add", "They stay, side by side."),
    ("on_renewal", "replace", "The renewal's grant takes the place of what is left."),
    ("then", "give_back", "The credits go back to the lots they came from."),
    ("then", "person", "A person decides; until then the credits stay where they are."),
    ("then", "success", "The credits are spent, as for any result."),
    ("then", "charge", "The credits are charged anew, where enough are there."),
    ("then", "free", "The credits stay where they went."),
    ("is", "missing", "Nothing, or null."),
    ("is", "empty_array", "An array without elements."),
    ("is", "empty_object", "An object without members."),
    ("is", "empty_text", "A text of nothing but white space."),
    ("is", "filled_array", "An array with an element that holds something."),
    ("is", "filled_text", "A text that is not blank."),
    ("on_resubscribe", "stop_clock", "The credits lose their expiry again."),
    ("on_resubscribe", "keep_clock", "The credits keep their expiry."),
    ("starts", "generation_failed", "The generation failed, or its hold reached the deadline."),
    ("starts", "payment_charged", "The payment was charged."),
    ("starts", "request_submitted", "The request was submitted."),
    ("starts", "request_complete", "Everything that the request needs is there."),
    ("starts", "refund_succeeded", "The provider confirmed the refund."),
    ("of", "refusals", "The machine may grant, and never refuse."),
    ("of", "everything", "The machine only recommends."),
    ("channel", "support_form", "The form of the support pages."),
    ("channel", "email", "E-mail."),
    ("channel", "chat", "A chat."),
    ("channel", "api", "The API itself."),
    ("law", "eu-withdrawal", "The right to withdraw within 14 days in the European Union."),
    ("law", "br-withdrawal", "The right to regret within 7 days in Brazil."),
    ("working_days", "monday", "Monday."),
    ("working_days", "tuesday", "Tuesday."),
    ("working_days", "wednesday", "Wednesday."),
    ("working_days", "thursday", "Thursday."),
    ("working_days", "friday", "Friday."),
    ("working_days", "saturday", "Saturday."),
    ("working_days", "sunday", "Sunday."),
    ("reasons", "any", "Every reason."),
];

/// What a field means: by its whole place, or else by its name.
pub(crate) fn of_field(place: &str) -> Option<&'static str> {
    let name = place.rsplit('.').next().unwrap_or(place);
    let find = |wanted: &str| FIELDS.iter().find(|(field, _)| *field == wanted).map(|(_, meaning)| *meaning);
    if place == name {
        return find(place);
    }
    find(place).or_else(|| {
        // A name that a whole table has as well means the last of the two below a table.
        FIELDS.iter().rev().find(|(field, _)| *field == name).map(|(_, meaning)| *meaning)
    })
}

/// What a word of a field means.
pub(crate) fn of_word(field: &str, word: &str) -> Option<&'static str> {
    let listed = WORDS.iter().find(|(of, each, _)| *of == field && *each == word);
    listed.map(|(_, _, meaning)| *meaning).or_else(|| match field {
        "reasons" => Reason::parse(word).map(Reason::description),
        "asks" => Fact::parse(word).map(|fact| fact.spec().description),
        _ => None,
    })
}

/// The places and names that have a meaning.
#[cfg(test)]
pub(crate) fn places() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(place, _)| *place)
}
