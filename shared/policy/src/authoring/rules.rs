//! Rules: what they may rest on, and how they refer to each other.

use std::collections::BTreeSet;

use super::document::{Context, check_id, ids, known};
use super::expression;
use super::reader::{Located, Table, any_of};
use crate::condition::Condition;
use crate::document::{Effect, Mode, RemedyRule, Rule};
use crate::fact::{Fact, Source};
use crate::reason::Reason;

/// The word that stands for every reason.
const ANY_REASON: &str = "any";

#[derive(Clone, Copy, PartialEq, Eq)]
enum OutcomeWord {
    Grant,
    Refuse,
    Person,
    NeedsInformation,
}

pub(super) fn rules(
    tables: Vec<(Located<String>, Table<'_, '_>)>,
    context: &Context<'_, '_>,
    offers: &BTreeSet<String>,
) -> Vec<Rule> {
    let ids = ids(&tables);
    let mut places = Vec::new();
    let mut rules = Vec::new();
    for (id, table) in tables {
        check_id(&id, context.file);
        if let Some(rule) = rule(&id, table, context, &ids, offers) {
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
    offers: &BTreeSet<String>,
) -> Option<Rule> {
    let file = context.file;
    let clauses: Vec<String> =
        table.texts("clauses").into_iter().filter_map(|reference| context.act_on(reference)).collect();
    let reasons = reasons(&mut table, context);
    let condition = condition(&mut table, context);
    let effect = effect(&mut table, context, condition.as_ref());
    let overrides = table
        .optional_texts("overrides")
        .into_iter()
        .filter_map(|reference| known("rule", reference, ids, file))
        .collect();
    let offers = table
        .optional_texts("offers")
        .into_iter()
        .filter_map(|reference| known("offer", reference, offers, file))
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

fn reasons(table: &mut Table<'_, '_>, context: &Context<'_, '_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let texts = table.texts("reasons");
    let alone = texts.len() == 1;
    for text in texts {
        match Reason::from_id(&text.value) {
            Some(reason) => reasons.push(reason),
            None if alone && text.value == ANY_REASON => {}
            None => {
                let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.id()).collect();
                let problem =
                    format!("unknown reason `{}`; expected {}, or `any` alone", text.value, any_of(&known));
                text.mistake(context.file, problem);
            }
        }
    }
    reasons
}

/// The condition; a rule without one always holds for its reasons.
fn condition(table: &mut Table<'_, '_>, context: &Context<'_, '_>) -> Option<Condition> {
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
    let mode = if decides {
        table.choice("mode", &[("auto", Mode::Auto), ("recommend", Mode::Recommend)])
    } else {
        None
    };
    if mode == Some(Mode::Auto) {
        check_automatic(table, context, outcome, condition);
    }
    match outcome {
        OutcomeWord::Grant => {
            let remedy = table.choice(
                "remedy",
                &[
                    ("rest_of_payment", RemedyRule::RestOfPayment),
                    ("credits_of_purchase", RemedyRule::CreditsOfPurchase),
                    ("credits_of_generation", RemedyRule::CreditsOfGeneration),
                ],
            );
            Some(Effect::Grant(remedy?, mode?))
        }
        OutcomeWord::Refuse => Some(Effect::Refuse(mode?)),
        OutcomeWord::Person => Some(Effect::Person),
        OutcomeWord::NeedsInformation => {
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
                fact.id()
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

fn askable(text: &Located<String>, context: &Context<'_, '_>) -> Option<Fact> {
    let fact = Fact::from_id(&text.value).filter(|fact| fact.spec().question.is_some());
    if fact.is_none() {
        let known: Vec<&str> = Fact::ALL
            .iter()
            .map(|fact| fact.spec())
            .filter(|spec| spec.question.is_some())
            .map(|spec| spec.id)
            .collect();
        let problem =
            format!("`{}` is not a fact that a customer can supply; expected {}", text.value, any_of(&known));
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
