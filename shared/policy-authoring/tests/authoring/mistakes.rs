//! Every mistake names file, line and field, what is wrong and what was expected.

use policy::Documents;
use policy_authoring::{parse_catalogue, parse_document};

use crate::SMALL;

/// The tables of a document.
/// The fields of `on_refund`.
const ON_REFUND: &str = "`cancel`, `cancel_for_part`, `clauses`, `debt_for_spent`, `reviewer_may_cancel`, \
                         `reviewer_may_revoke`, `revoke` or `revoke_of_part`";
const TABLES: &str = "`approval`, `calendar`, `cancellation`, `clauses`, `clocks`, `conflicts`, `credits`, \
                      `document`, `door`, `downloads`, `duplicates`, `empty_success`, `failures`, `gaps`, \
                      `intake`, `law`, `leftover`, `offers`, `on_dispute`, `on_refund`, `operations`, \
                      `plan_change`, `provider`, `results`, `review`, `rules` or `terms`";

/// Replaces `from` in the small document and compares every message.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(SMALL.matches(from).count(), 1, "`{from}` must stand in small.toml exactly once");
    let result = parse_document("small.toml", &SMALL.replace(from, to));
    let messages: Vec<String> =
        result.expect_err(to).iter().map(|mistake| mistake.to_string().replace("small.toml:", "")).collect();
    assert_eq!(messages, expected, "after `{to}`");
}

fn check_condition(condition: &str, problem: &str) {
    let expected = format!("135: rules.refuse.when: {problem}");
    check("payment_kind = pack", condition, &[expected.as_str()]);
}

#[test]
fn the_small_document_has_no_mistake() {
    parse_document("small.toml", SMALL).unwrap_or_else(|mistakes| panic!("{mistakes}"));
}

#[test]
fn fields_and_types() {
    check("title = \"Small policy\"\n", "", &["1: document.title: missing; expected a text"]);
    check(
        "title = \"Small policy\"",
        "title = 3",
        &["4: document.title: wrong type integer; expected a text"],
    );
    check("title = \"Small policy\"", "title = \" \"", &["4: document.title: empty; expected a text"]);
    check(
        "material = true",
        "material = \"yes\"",
        &["8: document.material: wrong type string; expected true or false"],
    );
    check(
        "in_force = 2026-01-01",
        "in_force = \"soon\"",
        &["7: document.in_force: wrong type string; expected a day such as 2026-05-02"],
    );
    check(
        "in_force = 2026-01-01",
        "in_force = 2026-01-01T10:00:00Z",
        &["7: document.in_force: wrong type datetime; expected a day such as 2026-05-02"],
    );
    check(
        "products = [\"toys\"]",
        "products = []",
        &["11: document.products: missing; expected a list of at least one text"],
    );
    check(
        "products = [\"toys\"]",
        "products = [\"toys\", \"toys\"]",
        &["11: document.products: `toys` is listed twice; expected each once"],
    );
    check(
        "[on_refund]",
        "[on_refnd]",
        &[
            "1: on_refund: missing; expected a table",
            &format!("120: on_refnd: unknown field; expected {TABLES}"),
        ],
    );
    check(
        "revoke = \"remaining\"",
        "revoke = \"remaining\"\nrefund = true",
        &[&format!("122: on_refund.refund: unknown field; expected {ON_REFUND}")],
    );
    check(
        "revoke_of_part = \"proportional\"",
        "revoke_of_part = \"share\"\nreviewer_may_revoke = [\"all\", \"nothing\"]",
        &[
            "122: on_refund.revoke_of_part: unknown value `share`; expected `nothing`, `proportional` or \
             `remaining`",
            "123: on_refund.reviewer_may_revoke: unknown value `all`; expected `nothing`, `proportional` or \
             `remaining`",
        ],
    );
    check(
        "on_renewal = \"add\"",
        "on_renewal = \"keep\"",
        &["77: credits.on_renewal: unknown value `keep`; expected `add` or `replace`"],
    );
    check(
        "[door]\nclause = \"door\"",
        "door = 1\n[elsewhere]\nclause = \"door\"",
        &[
            "1: door: missing; expected a table",
            &format!("128: on_refund.door: unknown field; expected {ON_REFUND}"),
            &format!("129: elsewhere: unknown field; expected {TABLES}"),
        ],
    );
}

#[test]
fn ids() {
    check(
        "[offers.again]",
        "[offers.Again]",
        &[
            "102: offers.Again: id `Again`; expected lower-case letters, digits, `-` and `_`",
            "138: rules.refuse.offers: unknown offer `again`; expected one of the document",
        ],
    );
    check("[clauses.bad]", "[clauses.good]", &["33: TOML: duplicate key at `good`; expected valid TOML"]);
    check(
        "[rules.refuse]",
        "[rules.refuse",
        &["132: TOML: unclosed table, expected `]` at ``; expected valid TOML"],
    );
}

#[test]
fn references() {
    check(
        "clauses = [\"main\"]",
        "clauses = [\"mian\"]",
        &["133: rules.refuse.clauses: unknown clause `mian`; expected one of the document"],
    );
    check(
        "clauses = [\"main\"]\n",
        "",
        &["132: rules.refuse.clauses: missing; expected a list of at least one text"],
    );
    check(
        "hold_deadline = \"window\"",
        "hold_deadline = \"windw\"",
        &["94: operations.paint.hold_deadline: unknown term `windw`; expected `window`, `notice`, \
           `minimal`, `few`, `minutes` or `countries`"],
    );
    check(
        "hold_deadline = \"window\"",
        "hold_deadline = \"few\"",
        &["94: operations.paint.hold_deadline: term `few` is 4 business hours; expected a term of plain \
           time"],
    );
    check(
        "operations = [\"draw\"]",
        "operations = [\"drow\"]",
        &["99: empty_success.nothing.operations: unknown operation `drow`; expected one of the document"],
    );
    check(
        "mode = \"auto\"",
        "mode = \"auto\"\noverrides = [\"x\"]",
        &["138: rules.refuse.overrides: unknown rule `x`; expected one of the document"],
    );
    check(
        "reasons = [\"changed_mind\"]",
        "reasons = [\"bored\"]",
        &["134: rules.refuse.reasons: unknown reason `bored`; expected `charged_after_cancellation`, \
           `wrong_card_charged`, `wrong_plan_charged`, `duplicate_payment`, `unauthorised_payment`, \
           `accidental_purchase`, `credits_missing`, `generation_failed`, `result_not_liked`, \
           `service_unavailable`, `changed_mind`, `statutory_withdrawal`, `other`, `payment_disputed`, \
           `fraud_warning` or `refunded_outside`, or `any` alone"],
    );
}

#[test]
fn clauses_that_nothing_acts_on() {
    check(
        "[clauses.bad]\nkind = \"information\"\n",
        "[clauses.bad]\n",
        &["33: clauses.bad: nothing of the document cites it; expected a rule that does, or a `kind` of \
           `clock`, `invariant` or `information`"],
    );
    check(
        "[clauses.bad]\nkind = \"information\"\n",
        "[clauses.bad]\nkind = \"clock\"\n",
        &["33: clauses.bad: no clock cites it; expected one under `clocks`"],
    );
}

#[test]
fn terms() {
    for (value, expected) in [(6, false), (7, true), (8, true), (29, true), (30, true), (31, false)] {
        let from = "value = 14\nunit = \"days\"\nmin = 7";
        let to = from.replace("14", &value.to_string());
        if expected {
            assert!(parse_document("small.toml", &SMALL.replace(from, &to)).is_ok(), "{value}");
        } else {
            let problem =
                format!("39: terms.window.value: {value} is outside the term's bounds; expected 7 to 30");
            check(from, &to, &[&problem]);
        }
    }
    check(
        "value = [\"DE\", \"FR\"]\nreason = \"r\"\n",
        "value = [\"DE\"]\n",
        &["70: terms.countries.reason: missing; expected a text"],
    );
    check(
        "unit = \"percent\"",
        "unit = \"permille\"",
        &["54: terms.minimal.unit: unknown value `permille`; expected `seconds`, `minutes`, `hours`, \
           `days`, `calendar_days`, `business_hours`, `business_days`, `business_day_ends`, \
           `percent`, `credits`, `count` or `minor`"],
    );
}

#[test]
fn s2_33_a_material_version_is_announced_in_advance() {
    let announced = "announced = 2025-12-01";
    let problem = |day: &str| {
        format!(
            "7: document.in_force: a material version comes into force too early after its announcement \
             on {day}; expected at least 14 days"
        )
    };
    check(announced, "announced = 2025-12-19", &[&problem("2025-12-19")]);
    for day in ["2025-12-18", "2025-12-17"] {
        let text = SMALL.replace(announced, &format!("announced = {day}"));
        assert!(parse_document("small.toml", &text).is_ok(), "{day}");
    }
}

#[test]
fn s2_33_a_material_version_says_how_long_it_is_announced() {
    check(
        "notice = \"notice\"\n",
        "",
        &["7: document.in_force: a material version without `notice`; expected the term of how long it is \
           announced in advance"],
    );
}

#[test]
fn s2_34_a_minor_version_needs_no_notice() {
    let text = SMALL
        .replace("material = true", "material = false")
        .replace("announced = 2025-12-01", "announced = 2026-01-01");
    assert!(parse_document("small.toml", &text).is_ok());
}

#[test]
fn automatic_rules() {
    check(
        "payment_kind = pack",
        "plan_requested = 'pro'",
        &["137: rules.refuse.mode: `auto` rests on `plan_requested`, which the customer claims; expected \
           recorded facts only, or `recommend`"],
    );
    check(
        "when = \"payment_kind = pack\"\noutcome = \"refuse\"",
        "outcome = \"grant\"\nremedy = \"rest_of_payment\"",
        &["137: rules.refuse.mode: `auto` grants on the reason alone; expected a `when` over recorded facts"],
    );
    check("mode = \"auto\"\n", "", &["132: rules.refuse.mode: missing; expected a text"]);
}

#[test]
fn conditions() {
    for (condition, problem) in [
        (
            "payment_knd = pack",
            "unknown name `payment_knd`; expected a fact of the registry or a term of the document",
        ),
        (
            "payment_named and x",
            "unknown name `x`; expected a fact of the registry or a term of the document",
        ),
        ("payment_kind = parcel", "`parcel` is not a value of this fact; expected `subscription` or `pack`"),
        ("payment_kind < pack", "words have no order; expected `=` or `!=`"),
        (
            "payment_kind in [pack, parcel]",
            "`parcel` is not a value of this fact; expected `subscription` or `pack`",
        ),
        ("payment_kind = 0", "zero cannot stand here; expected a word"),
        ("currency = eur", "unknown name `eur`; expected a text in quotes: `'eur'`"),
        (
            "customer_country in window",
            "a duration cannot stand here; expected a term that is a list, or words in `[` and `]`",
        ),
        ("credits_spent < 25", "number `25` has no name; expected a term of the document"),
        ("credits_spent < amount_paid", "money cannot stand here; expected credits"),
        (
            "credits_spent + amount_paid > 0",
            "credits and money cannot be added or subtracted; expected two of one unit",
        ),
        (
            "requested_at + requested_at > requested_at",
            "an instant and an instant cannot be added or subtracted; expected two of one unit",
        ),
        ("requested_at > 0", "zero cannot stand here; expected an instant"),
        ("requested_at within window", "unexpected `the end`; expected `of`"),
        (
            "requested_at within credits_spent of payment_charged_at",
            "credits cannot stand here; expected a duration",
        ),
        (
            "credits_spent < minimal of payment_charged_at",
            "no percentage of it; expected a quantity or a duration",
        ),
        ("credits_spent < minimal", "unexpected `the end`; expected `of`"),
        (
            "requested_at within few of payment_charged_at",
            "`few` counts business time, which only clocks know; expected plain time",
        ),
        (
            "payment_named = payment_disputed",
            "true or false is not compared; expected the fact alone or after `not`",
        ),
        ("payment_kind", "unexpected `the end`; expected a comparison, `within` or `in`"),
        ("payment_named and", "unexpected end; expected a fact, a term or a word"),
        ("payment_named or or payment_disputed", "unexpected `or`; expected a fact, a term or a word"),
        ("(payment_named", "unexpected `the end`; expected `)`"),
        ("payment_named)", "unexpected `)`; expected `and`, `or` or the end"),
        (
            "payment_named & payment_disputed",
            "unexpected `&`; expected a name, a comparison, `+`, `-` or brackets",
        ),
        ("currency = 'eur", "unclosed `'`; expected a text in quotes"),
    ] {
        check_condition(condition, problem);
    }
    let deep = format!("{}payment_named{}", "(".repeat(16), ")".repeat(16));
    check_condition(&deep, "nested too deeply; expected at most 16 levels");
}

#[test]
fn a_condition_over_several_lines_names_the_line() {
    check(
        "\"payment_kind = pack\"",
        "\"\"\"\npayment_kind = pack\nand payment_nmaed\"\"\"",
        &["137: rules.refuse.when: unknown name `payment_nmaed`; expected a fact of the registry or a \
           term of the document"],
    );
}

#[test]
fn exceptions_have_one_level() {
    let rule = |id: &str, exception: &str| {
        format!(
            "[rules.{id}]\nclauses = [\"main\"]\nreasons = [\"any\"]\noutcome = \"person\"\noverrides = \
             [\"{exception}\"]\n"
        )
    };
    let problem = "expected one level of exceptions";
    let text = format!("{SMALL}{}{}", rule("second", "refuse"), rule("third", "second"));
    let mistakes = parse_document("small.toml", &text).expect_err("two levels");
    assert_eq!(
        mistakes.to_string(),
        format!("small.toml:144: rules.third: sets aside `second`, which sets others aside; {problem}")
    );
    let mistakes =
        parse_document("small.toml", &format!("{SMALL}{}", rule("self", "self"))).expect_err("itself");
    assert_eq!(
        mistakes.to_string(),
        format!("small.toml:139: rules.self: sets aside `self`, which sets others aside; {problem}")
    );
}

#[test]
fn a_grant_names_its_remedy() {
    check(
        "outcome = \"refuse\"",
        "outcome = \"grant\"",
        &["132: rules.refuse.remedy: missing; expected a text"],
    );
    check(
        "outcome = \"refuse\"",
        "outcome = \"grant\"\nremedy = \"everything\"",
        &["137: rules.refuse.remedy: unknown value `everything`; expected `rest_of_payment`, \
           `credits_of_purchase`, `credits_of_generation`, `payment_by_unused_credits`, \
           `payment_by_unused_time` or `credits_for_outage`"],
    );
}

#[test]
fn information_rules_ask_for_what_a_customer_can_supply() {
    check(
        "outcome = \"refuse\"\nmode = \"auto\"",
        "outcome = \"needs_information\"\nasks = [\"amount_paid\"]",
        &["137: rules.refuse.asks: `amount_paid` is not a fact that a customer can supply; expected \
           `email_given`, `order_id_given`, `note_given`, `prompt_given`, `model_given`, \
           `failure_time_given`, `error_message_given`, `purchase_date_given`, \
           `requested_from_account`, `remedy_chosen`, `plan_requested` or `generation_named`"],
    );
}

#[test]
fn answers_need_a_match() {
    check(
        "matches = [{ pointer = \"/pictures\", is = \"empty_array\" }]",
        "matches = []",
        &["100: empty_success.nothing.matches: no usable match; expected at least one, or every answer \
           would match"],
    );
    check(
        "pointer = \"/pictures\"",
        "pointer = \"pictures\"",
        &["100: empty_success.nothing.matches.pointer: `pictures`; expected a JSON pointer such as `/songs`"],
    );
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once() {
    let text =
        SMALL.replace("title = \"Small policy\"", "title = 1").replace("payment_kind = pack", "nonsense");
    let mistakes = parse_document("small.toml", &text).expect_err("two mistakes");
    assert_eq!(mistakes.to_string().lines().count(), 2, "{mistakes}");
}

#[test]
fn the_catalogue_is_held_against_the_documents() {
    let documents = Documents::new(vec![parse_document("small.toml", SMALL).unwrap()]).unwrap();
    let good = "[products.toys]\npolicy = \"small\"\n[prices.price_1Ab]\nproduct = \"toys\"\nkind = \
                \"pack\"\ncredits = 5\n";
    for (from, to, expected) in [
        (
            "policy = \"small\"",
            "policy = \"large\"",
            "c.toml:2: products.toys.policy: document `large` does not cover `toys`; expected one that does",
        ),
        (
            "product = \"toys\"",
            "product = \"toy\"",
            "c.toml:4: prices.price_1Ab.product: unknown product `toy`; expected one of the document",
        ),
        (
            "kind = \"pack\"",
            "kind = \"bundle\"",
            "c.toml:5: prices.price_1Ab.kind: unknown value `bundle`; expected `subscription` or `pack`",
        ),
        (
            "kind = \"pack\"",
            "kind = \"subscription\"\nrank = 1",
            "c.toml:3: prices.price_1Ab.plan: missing; expected a text",
        ),
        (
            "kind = \"pack\"",
            "kind = \"subscription\"\nplan = \"basic\"\nrank = 1\ngrants = \"monthly\"",
            "c.toml:8: prices.price_1Ab.grants: the period is one month; expected `months` above 1",
        ),
        (
            "kind = \"pack\"",
            "kind = \"subscription\"\nplan = \"basic\"\nrank = 1\nmonths = 12\ngrants = \"weekly\"",
            "c.toml:9: prices.price_1Ab.grants: unknown value `weekly`; expected `once` or `monthly`",
        ),
        (
            "credits = 5",
            "credits = -5",
            "c.toml:6: prices.price_1Ab.credits: wrong type integer; expected an integer from zero up",
        ),
        (
            "credits = 5",
            "credits = 5\namounts = { Dollar = 9 }",
            "c.toml:7: prices.price_1Ab.amounts.Dollar: not a currency; expected three lower-case letters \
             (ISO 4217)",
        ),
        (
            "credits = 5",
            "credits = 5\namounts = { usd = -9 }",
            "c.toml:7: prices.price_1Ab.amounts.usd: expected an integer from zero up",
        ),
    ] {
        let mistakes = parse_catalogue("c.toml", &good.replace(from, to), &documents).expect_err(to);
        assert_eq!(mistakes.to_string(), expected);
    }
    let catalogue = parse_catalogue("c.toml", good, &documents).unwrap();
    assert_eq!(catalogue.price("price_1Ab").unwrap().credits, 5);
    assert!(catalogue.ignored.is_empty());
    assert_eq!(
        catalogue.price("price_2").unwrap_err().to_string(),
        "price `price_2` is not in the catalogue"
    );
}

#[test]
fn s3_29_the_door_names_the_one_address() {
    let intake = "[intake]\nclause = \"main\"\nchannel = \"email\"\ncontact = \"Write.\"\naddress = ";
    let with = |address: &str| format!("{intake}\"{address}\"\n\n[door]");
    check(
        "[door]",
        &with("refunds@example.com"),
        &["132: intake.address: the door does not name it; expected `refunds@example.com` in `door.text`"],
    );
    let named = SMALL
        .replace("[door]", &with("refunds@example.com"))
        .replace("A person can", "refunds@example.com can");
    assert!(parse_document("small.toml", &named).is_ok());
    for wrong in ["refunds", "refunds@localhost", "re funds@example.com", "@example.com"] {
        let text = named.replace("refunds@example.com", wrong);
        let mistakes = parse_document("small.toml", &text).expect_err(wrong).to_string();
        assert!(mistakes.contains("expected an e-mail address"), "{mistakes}");
    }
}
