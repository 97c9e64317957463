//! What is found in a document as a whole: contradictions, gaps, numbers that no term backs, and the
//! mistakes of the tables that say how a business works.

use policy_authoring::{check_outcomes, parse_document};

use crate::SMALL;

fn rule(id: &str, when: &str, outcome: &str) -> String {
    let remedy = if outcome == "grant" { "remedy = \"rest_of_payment\"\n" } else { "" };
    format!(
        "[rules.{id}]\nclauses = [\"main\"]\nreasons = [\"changed_mind\"]\nwhen = \"{when}\"\noutcome = \
         \"{outcome}\"\nmode = \"recommend\"\n{remedy}"
    )
}

/// Replaces the small document's rules, adds tables, and compares every message.
fn check(rules: &str, expected: &[&str]) {
    let start = SMALL.find("[rules.").unwrap();
    check_text(&format!("{}{rules}", &SMALL[..start]), expected);
}

fn check_text(text: &str, expected: &[&str]) {
    let result =
        parse_document("small.toml", text).and_then(|document| check_outcomes("small.toml", text, &document));
    let messages: Vec<String> = match result {
        Ok(()) => Vec::new(),
        Err(mistakes) => mistakes.iter().map(|each| each.to_string().replace("small.toml:", "")).collect(),
    };
    assert_eq!(messages, expected);
}

#[test]
fn rules_that_contradict_each_other() {
    let every = "[gaps.rest]\nreasons = [\"changed_mind\"]\nwhen = \"credits_spent > 0 and not \
                 credits_landed\"\nreason = \"r\"\n";
    let rules = rule("yes", "credits_spent = 0", "grant") + &rule("no", "credits_landed", "refuse") + every;
    let contradiction = "139: rules.no: says otherwise than `yes` when credits_landed and credits_spent = 0; \
                         expected `overrides`, conditions that exclude each other, or an entry under \
                         `conflicts`";
    check(&rules, &[contradiction]);
    let declared = "[conflicts.both]\nrules = [\"yes\", \"no\"]\nreason = \"the text says both\"\n";
    check(&format!("{rules}{declared}"), &[]);
    let exclusive = rule("yes", "credits_spent = 0", "grant")
        + &rule("no", "credits_landed and credits_spent > 0", "refuse")
        + every;
    check(&exclusive, &[]);
    check(
        &format!("{exclusive}{declared}"),
        &["149: conflicts.both: the rules are never met together with different outcomes; expected no entry"],
    );
    let one = declared.replace(", \"no\"", "");
    check(&format!("{rules}{one}"), &["150: conflicts.both.rules: 1 known rules; expected two"]);
}

#[test]
fn thresholds_that_leave_a_gap_or_overlap() {
    let inside = "requested_at within window of payment_charged_at";
    let after = |comparison: &str| format!("requested_at {comparison} payment_charged_at + window");
    check(&(rule("yes", inside, "grant") + &rule("no", &after(">"), "refuse")), &[]);
    check(
        &(rule("yes", inside, "grant") + &rule("no", &after(">="), "refuse")),
        &["139: rules.no: says otherwise than `yes` when requested_at = 2026-01-22T00:00:00Z and \
           payment_charged_at = 2026-01-08T00:00:00Z; expected `overrides`, conditions that exclude each \
           other, or an entry under `conflicts`"],
    );
    let early = "requested_at < payment_charged_at + window";
    check(
        &(rule("yes", early, "grant") + &rule("no", &after(">"), "refuse")),
        &["132: rules: none is met for `changed_mind` when requested_at = 2026-01-22T00:00:00Z and \
             payment_named and payment_charged_at = 2026-01-08T00:00:00Z; expected a rule, or an \
             entry under `gaps` that says why a person decides"],
    );
}

#[test]
fn gaps_are_declared_for_what_they_are() {
    let rules = rule("no", "credits_landed", "refuse");
    let gap = |when: &str| {
        format!("{rules}[gaps.rest]\nreasons = [\"changed_mind\"]\nwhen = \"{when}\"\nreason = \"r\"\n")
    };
    check(&gap("not credits_landed"), &[]);
    check(
        &gap("credits_landed"),
        &[
            "132: rules: none is met for `changed_mind` when payment_named and not credits_landed; expected \
             a rule, or an entry under `gaps` that says why a person decides",
            "138: gaps.rest: the rules leave no such gap for `changed_mind`; expected none",
        ],
    );
}

#[test]
fn numbers_outside_the_terms() {
    let declared = "[gaps.rest]\nreasons = [\"changed_mind\"]\nwhen = \"payment_kind = \
                    subscription\"\nreason = \"r\"\n";
    let text = |clause: &str| {
        format!("{SMALL}\n{declared}")
            .replace("text = \"Main  text over\\n two lines.\"", &format!("text = \"{clause}\""))
    };
    for backed in
        ["Within 14 days.", "Less than 5 % of it.", "After 50 minutes, or 4 business hours.", "2 toys"]
    {
        check_text(&text(backed), &[]);
    }
    check_text(
        &text("Within 15 days, 14 hours."),
        &[
            "13: clauses.main: says `15 days`, which is no term of the document; expected a term for it",
            "13: clauses.main: says `14 hours`, which is no term of the document; expected a term for it",
        ],
    );
}

#[test]
fn business_time_needs_a_calendar() {
    let start = SMALL.find("[calendar]").unwrap();
    let end = SMALL.find("[on_refund]").unwrap();
    let text = format!("{}{}", &SMALL[..start], &SMALL[end..]);
    let mistakes = parse_document("small.toml", &text).expect_err("no calendar");
    assert_eq!(
        mistakes.to_string(),
        "small.toml:109: clocks.answer.limit: business time without a calendar; expected the table `calendar`"
    );
}

#[test]
fn calendars() {
    for (from, to, expected) in [
        (
            "clock_changes = \"UTC0\"",
            "clock_changes = \"Berlin\"",
            "114: calendar.clock_changes: `Berlin`; expected a POSIX rule such as \
             `CET-1CEST,M3.5.0,M10.5.0/3` or `UTC0`",
        ),
        (
            "\"friday\"",
            "\"fryday\"",
            "115: calendar.working_days: unknown day `fryday`; expected `monday`, `tuesday`, `wednesday`, \
             `thursday`, `friday`, `saturday` or `sunday`",
        ),
        ("opens = \"09:00\"", "opens = \"9 h\"", "116: calendar.opens: `9 h`; expected a time such as 09:00"),
        (
            "closes = \"17:00\"",
            "closes = \"09:00\"",
            "117: calendar.closes: work ends before it begins; expected a later time than `opens`",
        ),
        (
            "holidays = [\"2026-01-01\"]",
            "holidays = [\"2026-02-30\"]",
            "118: calendar.holidays: `2026-02-30`; expected a day such as 2026-12-25",
        ),
    ] {
        let mistakes = parse_document("small.toml", &SMALL.replace(from, to)).expect_err(to);
        assert_eq!(mistakes.to_string(), format!("small.toml:{expected}"));
    }
}

#[test]
fn tables_of_the_practice() {
    for (table, expected) in [
        (
            "[law.mars]\n",
            "law.mars: unknown statutory pack `mars`; expected `br-withdrawal` or `eu-withdrawal`",
        ),
        (
            "[law.eu-withdrawal]\nmode = \"auto\"\n",
            "law.eu-withdrawal.mode: `auto` without a signature; expected `signed_by`, or `recommend`",
        ),
        (
            "[review.all]\nclause = \"good\"\nproducts = [\"books\"]\nof = \"refusals\"\n",
            "review.all.products: unknown product `books`; expected one of the document",
        ),
        (
            "[intake]\nclause = \"good\"\nchannel = \"pigeon\"\ncontact = \"c\"\n",
            "intake.channel: unknown channel `pigeon`; expected `support_form`, `email`, `chat` or `api`",
        ),
        (
            "[approval]\nclause = \"good\"\nmoney_above = \"window\"\ncredits_above = \"credits\"\n\
             person_above = \"credits\"\nwithin = \"window\"\npayment_max = \"share\"\n\
             [terms.credits]\nvalue = 5\nunit = \"credits\"\nreason = \"r\"\nowner = \"o\"\n\
             [terms.share]\nvalue = 5\nunit = \"percent\"\nreason = \"r\"\nowner = \"o\"\n",
            "approval.money_above: term `window` is 14 days; expected amounts by currency",
        ),
        (
            "[terms.sums]\nvalue = { USD = 5 }\nunit = \"minor\"\nreason = \"r\"\nowner = \"o\"\n",
            "terms.sums.value.USD: expected a currency in lower case and a whole amount in its smallest unit",
        ),
        (
            "[terms.sums]\nvalue = { usd = 5 }\nunit = \"credits\"\nreason = \"r\"\nowner = \"o\"\n",
            "terms.sums.unit: amounts by currency are counted in `minor`",
        ),
        (
            "[review.all]\nclause = \"good\"\nproducts = [\"toys\"]\nof = \"refusals\"\n\
             [rules.toys]\nclauses = [\"main\"]\nreasons = [\"any\"]\nproducts = [\"toys\"]\noutcome = \
             \"refuse\"\nmode = \"auto\"\n",
            "rules.toys.mode: `auto` for products whose outcome people review; expected `recommend`",
        ),
        (
            "[rules.toys]\nclauses = [\"main\"]\nreasons = [\"any\"]\nproducts = [\"books\"]\noutcome = \
             \"refuse\"\nmode = \"recommend\"\n",
            "rules.toys.products: unknown product `books`; expected one of the document",
        ),
    ] {
        let mistakes = parse_document("small.toml", &format!("{SMALL}{table}")).expect_err(table);
        let found: Vec<String> =
            mistakes.iter().map(|each| format!("{}: {}", each.field, each.problem)).collect();
        assert_eq!(found, [expected]);
    }
    let clock = SMALL.replace("limit = \"few\"", "limit = \"minimal\"");
    let mistakes = parse_document("small.toml", &clock).expect_err("no time");
    assert_eq!(
        mistakes.to_string(),
        "small.toml:109: clocks.answer.limit: term `minimal` is 5 %; expected a term of time"
    );
    let offer = SMALL.replace("kind = \"retry\"", "kind = \"retry\"\npercent = \"window\"");
    let mistakes = parse_document("small.toml", &offer).expect_err("no percentage");
    assert_eq!(
        mistakes.to_string(),
        "small.toml:105: offers.again.percent: term `window` is 14 days; expected a term in percent"
    );
}
