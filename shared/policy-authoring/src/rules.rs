//! Rules: what they may rest on, and how they refer to each other.

use std::collections::BTreeSet;

use policy::{
    Condition, Effect, Fact, Mode, Reason, RemedyRule, ReviewRule, ReviewScope, Rule, Source, Words,
};

use crate::context::{Context, check_id, ids, known};
use crate::expression;
use crate::reader::{Located, Table, any_of};

/// The word for every reason.
const ANY_REASON: &str = "any";

#[derive(Clone, Copy, PartialEq, Eq)]
enum OutcomeWord {
    Grant,
    Refuse,
    Person,
    NeedsInformation,
}

/// What a rule may refer to and say.
#[derive(Clone, Copy)]
pub(crate) enum Allowed<'a> {
    /// A rule of a policy.
    Policy { offers: &'a BTreeSet<String>, products: &'a BTreeSet<String>, review: &'a [ReviewRule] },
    /// A rule of a statutory pack: it grants or goes to a person, and the document that heeds the pack
    /// says whether the machine may decide.
    Law,
}

pub(crate) fn rules(
    tables: Vec<(Located<String>, Table<'_, '_>)>,
    context: &Context<'_, '_>,
    allowed: Allowed<'_>,
) -> Vec<Rule> {
    let ids = ids(&tables);
    let mut places = Vec::new();
    let mut rules = Vec::new();
    for (id, table) in tables {
        check_id(&id, context.file);
        if let Some(rule) = rule(&id, table, context, &ids, allowed) {
            places.push(id);
            rules.push(rule);
        }
    }
    check_exceptions(&rules, &places, context);
    rules
}

fn rule(
    id: &Located<String>,
    mut table: Table<'_, '_>,
    context: &Context<'_, '_>,
    ids: &BTreeSet<String>,
    allowed: Allowed<'_>,
) -> Option<Rule> {
    let file = context.file;
    let clauses: Vec<String> =
        table.texts("clauses").into_iter().filter_map(|reference| context.act_on(reference)).collect();
    let reasons = reasons(&mut table, context);
    let condition = condition(&mut table, context);
    let (effect, products, offers) = match allowed {
        Allowed::Policy { offers, products, review } => {
            let products: Vec<String> = table
                .optional_texts("products")
                .into_iter()
                .filter_map(|reference| known("product", reference, products, file))
                .collect();
            let effect = effect(&mut table, context, condition.as_ref());
            if let Some(effect) = &effect {
                check_review(&mut table, context, effect, &products, review);
            }
            let offers = table
                .optional_texts("offers")
                .into_iter()
                .filter_map(|reference| known("offer", reference, offers, file))
                .collect();
            (effect, products, offers)
        }
        Allowed::Law => (law_effect(&mut table), Vec::new(), Vec::new()),
    };
    let condition = condition.map(|condition| for_products(condition, products));
    let overrides = table
        .optional_texts("overrides")
        .into_iter()
        .filter_map(|reference| known("rule", reference, ids, file))
        .collect();
    table.finish();
    Some(Rule {
        id: id.value.clone(),
        clauses,
        reasons,
        condition: condition?,
        effect: effect?,
        overrides,
        offers,
    })
}

/// The condition for requests about these products alone; none means every product of the document.
fn for_products(condition: Condition, products: Vec<String>) -> Condition {
    if products.is_empty() {
        return condition;
    }
    let about = Condition::OneOf(Fact::Product, Words::Listed(products));
    match condition {
        Condition::All(mut parts) => {
            parts.insert(0, about);
            Condition::All(parts)
        }
        condition => Condition::All(vec![about, condition]),
    }
}

fn law_effect(table: &mut Table<'_, '_>) -> Option<Effect> {
    let choices = [("grant", OutcomeWord::Grant), ("person", OutcomeWord::Person)];
    match table.choice("outcome", &choices)? {
        OutcomeWord::Grant => Some(Effect::Grant(remedy(table)?, Mode::Recommend)),
        _ => Some(Effect::Person),
    }
}

/// `auto` is in vain where people review the outcome for every product that the rule is about.
fn check_review(
    table: &mut Table<'_, '_>,
    context: &Context<'_, '_>,
    effect: &Effect,
    products: &[String],
    review: &[ReviewRule],
) {
    let refuses = match effect {
        Effect::Grant(_, Mode::Auto) => false,
        Effect::Refuse(Mode::Auto) => true,
        _ => return,
    };
    let reviewed = |product: &String| {
        review.iter().any(|review| {
            review.products.contains(product) && (refuses || review.of == ReviewScope::Everything)
        })
    };
    if !products.is_empty() && products.iter().all(reviewed) {
        let place = table.locate("mode");
        let problem = "`auto` for products whose outcome people review; expected `recommend`";
        place.mistake(context.file, problem);
    }
}

pub(crate) fn reasons(table: &mut Table<'_, '_>, context: &Context<'_, '_>) -> Vec<Reason> {
    let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    table.held_to("reasons", &[&known[..], &[ANY_REASON]].concat());
    let mut reasons = Vec::new();
    let texts = table.texts("reasons");
    let alone = texts.len() == 1;
    for text in texts {
        match Reason::parse(&text.value) {
            Some(reason) => reasons.push(reason),
            None if alone && text.value == ANY_REASON => {}
            None => {
                let problem =
                    format!("unknown reason `{}`; expected {}, or `any` alone", text.value, any_of(&known));
                text.mistake(context.file, problem);
            }
        }
    }
    reasons
}

/// How an amount is computed.
pub(crate) fn remedy(table: &mut Table<'_, '_>) -> Option<RemedyRule> {
    table.choice("remedy", RemedyRule::SPELLINGS)
}

/// The condition; a rule without one always holds for its reasons.
pub(crate) fn condition(table: &mut Table<'_, '_>, context: &Context<'_, '_>) -> Option<Condition> {
    if !table.has("when") {
        return Some(Condition::All(Vec::new()));
    }
    let text = table.text("when")?;
    match expression::parse(&text.value, &context.terms) {
        Ok(condition) => Some(condition),
        Err(wrong) => {
            context.file.mistake(context.file.inside(text.at, wrong.at), &text.field, wrong.problem);
            None
        }
    }
}

fn effect(
    table: &mut Table<'_, '_>,
    context: &Context<'_, '_>,
    condition: Option<&Condition>,
) -> Option<Effect> {
    let outcome = table.choice(
        "outcome",
        &[
            ("grant", OutcomeWord::Grant),
            ("refuse", OutcomeWord::Refuse),
            ("person", OutcomeWord::Person),
            ("needs_information", OutcomeWord::NeedsInformation),
        ],
    )?;
    let decides = matches!(outcome, OutcomeWord::Grant | OutcomeWord::Refuse);
    let mode = if decides { table.choice("mode", Mode::SPELLINGS) } else { None };
    if mode == Some(Mode::Auto) {
        check_automatic(table, context, outcome, condition);
    }
    match outcome {
        OutcomeWord::Grant => {
            let remedy = remedy(table);
            Some(Effect::Grant(remedy?, mode?))
        }
        OutcomeWord::Refuse => Some(Effect::Refuse(mode?)),
        OutcomeWord::Person => Some(Effect::Person),
        OutcomeWord::NeedsInformation => {
            table.held_to("asks", &askable_facts());
            let asks: Vec<Fact> =
                table.texts("asks").into_iter().filter_map(|text| askable(&text, context)).collect();
            Some(Effect::NeedsInformation(asks))
        }
    }
}

/// Automatic outcomes rest on recorded facts alone, and an automatic grant on at least one.
fn check_automatic(
    table: &mut Table<'_, '_>,
    context: &Context<'_, '_>,
    outcome: OutcomeWord,
    condition: Option<&Condition>,
) {
    let Some(condition) = condition else { return };
    let place = table.locate("mode");
    for fact in condition.facts() {
        if fact.spec().source == Source::Claimed {
            let problem = format!(
                "`auto` rests on `{}`, which the customer claims; expected recorded facts only, or \
                 `recommend`",
                fact.as_str()
            );
            place.mistake(context.file, problem);
        }
    }
    if outcome == OutcomeWord::Grant && condition.facts().is_empty() {
        place.mistake(
            context.file,
            "`auto` grants on the reason alone; expected a `when` over recorded facts",
        );
    }
}

/// The facts that a customer can supply.
fn askable_facts() -> Vec<&'static str> {
    Fact::ALL
        .iter()
        .map(|fact| fact.spec())
        .filter(|spec| spec.question.is_some())
        .map(|spec| spec.id)
        .collect()
}

fn askable(text: &Located<String>, context: &Context<'_, '_>) -> Option<Fact> {
    let fact = Fact::parse(&text.value).filter(|fact| fact.spec().question.is_some());
    if fact.is_none() {
        let known = any_of(&askable_facts());
        let problem = format!("`{}` is not a fact that a customer can supply; expected {known}", text.value);
        text.mistake(context.file, problem);
    }
    fact
}

/// A rule that sets others aside is itself never set aside, so that exceptions have one level.
fn check_exceptions(rules: &[Rule], places: &[Located<String>], context: &Context<'_, '_>) {
    for (rule, place) in rules.iter().zip(places) {
        for exception in &rule.overrides {
            if rules.iter().any(|other| other.id == *exception && !other.overrides.is_empty()) {
                let problem = format!(
                    "sets aside `{exception}`, which sets others aside; expected one level of exceptions"
                );
                place.mistake(context.file, problem);
            }
        }
    }
}
