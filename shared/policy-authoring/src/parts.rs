//! The parts of a document besides clauses, terms and rules.

use std::collections::BTreeSet;

use toml::de::DeValue;

use policy::{
    AnswerMatch, AnswerShape, Cancellation, DisputeMeasure, Door, EmptySuccess, FailureEffect, FailureKind,
    FailureRule, FailureRules, KnownResult, LateSuccess, LateSuccessRule, Leftover, OfferKind, OfferRule,
    OnDispute, OnFraudWarning, OnLostDispute, OnOutsideRefund, OnRefund, OnRenewal, OnResubscribe, OnUpgrade,
    Operation, PlanChangeClauses, Revocation, ServiceLevel, ServiceLevelStart, TermUnit, TermValue,
};

use crate::context::{Context, check_id, known};
use crate::reader::{Located, Table};
use crate::rules;
use crate::staffing;

type Named<'f, 't> = Vec<(Located<String>, Table<'f, 't>)>;

/// How credits are held and renewed.
pub(crate) struct CreditRules {
    pub(crate) hold_deadline_s: Option<u64>,
    pub(crate) on_renewal: Option<OnRenewal>,
    pub(crate) on_upgrade: Option<OnUpgrade>,
    pub(crate) late_success: Option<LateSuccessRule>,
    pub(crate) on_outside_refund: OnOutsideRefund,
}

pub(crate) fn credits(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> CreditRules {
    if table.has("clause") {
        context.clause(&mut table, "clause");
    }
    let hold_deadline_s = context.seconds(&mut table, "hold_deadline");
    let on_renewal = table.choice("on_renewal", OnRenewal::SPELLINGS);
    let on_upgrade = if table.has("on_upgrade") {
        table.choice("on_upgrade", OnUpgrade::SPELLINGS)
    } else {
        // The only one that brings exactly what was paid for.
        Some(OnUpgrade::ProratedDifference)
    };
    let late_success = table.table("late_success").and_then(|mut table| {
        let then = table.choice("then", LateSuccess::SPELLINGS);
        let clause = context.clause(&mut table, "clause");
        table.finish();
        Some(LateSuccessRule { clause: clause?, then: then? })
    });
    let outside = if table.has("on_outside_refund") {
        table.choice("on_outside_refund", OnOutsideRefund::SPELLINGS)
    } else {
        None
    };
    table.finish();
    let on_outside_refund = outside.unwrap_or(OnOutsideRefund::Person);
    CreditRules { hold_deadline_s, on_renewal, on_upgrade, late_success, on_outside_refund }
}

/// The failure rules of the document, or those of an operation over `defaults`.
pub(crate) fn failures(
    mut table: Table<'_, '_>,
    defaults: Option<&FailureRules>,
    context: &Context<'_, '_>,
) -> Option<FailureRules> {
    let mut rule = |kind: FailureKind, default: fn(&FailureRules) -> &FailureRule| {
        // The document's own rules name every kind; an operation names those that differ.
        if let Some(defaults) = defaults
            && !table.has(kind.as_str())
        {
            return Some(default(defaults).clone());
        }
        let mut table = table.table(kind.as_str())?;
        // An answer of unknown shape may be a result; every other failure is none.
        let possible: Vec<(&str, FailureEffect)> = FailureEffect::SPELLINGS
            .iter()
            .copied()
            .filter(|(_, effect)| kind == FailureKind::UnknownAnswer || *effect != FailureEffect::Success)
            .collect();
        let then = table.choice("then", &possible);
        let clause = context.clause(&mut table, "clause");
        table.finish();
        Some(FailureRule { clause: clause?, then: then? })
    };
    let provider_error = rule(FailureKind::ProviderError, |rules| &rules.provider_error);
    let own_error = rule(FailureKind::OwnError, |rules| &rules.own_error);
    let empty_success = rule(FailureKind::EmptySuccess, |rules| &rules.empty_success);
    let hold_timeout = rule(FailureKind::HoldTimeout, |rules| &rules.hold_timeout);
    let moderation_block = rule(FailureKind::ModerationBlock, |rules| &rules.moderation_block);
    let partial_result = rule(FailureKind::PartialResult, |rules| &rules.partial_result);
    let unknown_answer = rule(FailureKind::UnknownAnswer, |rules| &rules.unknown_answer);
    table.finish();
    Some(FailureRules {
        provider_error: provider_error?,
        own_error: own_error?,
        empty_success: empty_success?,
        hold_timeout: hold_timeout?,
        moderation_block: moderation_block?,
        partial_result: partial_result?,
        unknown_answer: unknown_answer?,
    })
}

pub(crate) fn operations(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    defaults: Option<&FailureRules>,
    credits: Option<&CreditRules>,
) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let title = table.prose("title");
        let clause = context.clause(&mut table, "clause");
        let deadline = if table.has("hold_deadline") {
            context.seconds(&mut table, "hold_deadline")
        } else {
            credits.and_then(|credits| credits.hold_deadline_s)
        };
        let failures = match table.optional_table("failures") {
            Some(overrides) => failures(overrides, defaults, context),
            None => defaults.cloned(),
        };
        table.finish();
        if let (Some(title), Some(clause), Some(hold_deadline_s), Some(failures)) =
            (title, clause, deadline, failures)
        {
            operations.push(Operation { id: id.value, title, clause, hold_deadline_s, failures });
        }
    }
    operations
}

pub(crate) fn empty_success(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    operations: &BTreeSet<String>,
) -> Vec<EmptySuccess> {
    let mut signatures = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.clause(&mut table, "clause");
        let (operations, matches) = answers(&mut table, context, operations);
        table.finish();
        if let Some(clause) = clause {
            signatures.push(EmptySuccess { id: id.value, operations, clause, matches });
        }
    }
    signatures
}

/// The answers that hold a result.
pub(crate) fn results(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    operations: &BTreeSet<String>,
) -> Vec<KnownResult> {
    tables
        .into_iter()
        .map(|(id, mut table)| {
            check_id(&id, context.file);
            let (operations, matches) = answers(&mut table, context, operations);
            table.finish();
            KnownResult { id: id.value, operations, matches }
        })
        .collect()
}

/// The operations whose answers are looked at, and what these answers look like.
fn answers(
    table: &mut Table<'_, '_>,
    context: &Context<'_, '_>,
    operations: &BTreeSet<String>,
) -> (Vec<String>, Vec<AnswerMatch>) {
    let operations = table
        .texts("operations")
        .into_iter()
        .filter_map(|operation| known("operation", operation, operations, context.file))
        .collect();
    let matches: Vec<AnswerMatch> = table
        .list_of_tables("matches")
        .into_iter()
        .filter_map(|table| answer_match(table, context))
        .collect();
    if matches.is_empty() {
        let place = table.locate("matches");
        place.mistake(context.file, "no usable match; expected at least one, or every answer would match");
    }
    (operations, matches)
}

fn answer_match(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<AnswerMatch> {
    let pointer = table.text("pointer");
    if let Some(pointer) = pointer.as_ref().filter(|pointer| !pointer.value.starts_with('/')) {
        pointer
            .mistake(context.file, format!("`{}`; expected a JSON pointer such as `/songs`", pointer.value));
    }
    let shape = if table.has("equals") {
        let found = table.raw("equals");
        found.and_then(|found| match found.value {
            DeValue::String(text) => Some(AnswerShape::Text(text.to_string())),
            DeValue::Boolean(boolean) => Some(AnswerShape::Boolean(*boolean)),
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(AnswerShape::Integer)
            }
            other => {
                let problem =
                    format!("wrong type {}; expected a text, an integer or a boolean", other.type_str());
                found.mistake(context.file, problem);
                None
            }
        })
    } else {
        let shapes = [
            ("missing", Shape::Missing),
            ("empty_array", Shape::EmptyArray),
            ("empty_object", Shape::EmptyObject),
            ("empty_text", Shape::EmptyText),
            ("filled_array", Shape::FilledArray),
            ("filled_text", Shape::FilledText),
        ];
        table.choice("is", &shapes).map(|shape| match shape {
            Shape::Missing => AnswerShape::Missing,
            Shape::EmptyArray => AnswerShape::EmptyArray,
            Shape::EmptyObject => AnswerShape::EmptyObject,
            Shape::EmptyText => AnswerShape::EmptyText,
            Shape::FilledArray => AnswerShape::FilledArray,
            Shape::FilledText => AnswerShape::FilledText,
        })
    };
    table.finish();
    Some(AnswerMatch { pointer: pointer?.value, is: shape? })
}

/// The shapes that have a word of their own.
#[derive(Clone, Copy)]
enum Shape {
    Missing,
    EmptyArray,
    EmptyObject,
    EmptyText,
    FilledArray,
    FilledText,
}

pub(crate) fn offers(tables: Named<'_, '_>, context: &Context<'_, '_>) -> Vec<OfferRule> {
    let mut offers = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.clause(&mut table, "clause");
        let kinds: Vec<(&str, OfferKind)> =
            OfferKind::ALL.iter().map(|kind| (kind.as_str(), *kind)).collect();
        let kind = table.choice("kind", &kinds);
        let remedy = if table.has("remedy") { rules::remedy(&mut table) } else { None };
        let percent =
            if table.has("percent") { staffing::percent(&mut table, "percent", context) } else { None };
        let usable_s = if table.has("usable_for") { context.seconds(&mut table, "usable_for") } else { None };
        let text = table.prose("text");
        table.finish();
        if let (Some(clause), Some(kind), Some(text)) = (clause, kind, text) {
            offers.push(OfferRule { id: id.value, clause, kind, remedy, percent, usable_s, text });
        }
    }
    offers
}

/// Service levels, each with the place of its limit.
pub(crate) fn service_levels(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    products: &BTreeSet<String>,
) -> Vec<(ServiceLevel, Located<()>)> {
    let mut levels = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.measured_clause(&mut table);
        let starts = table.choice("starts", ServiceLevelStart::PROMISED);
        let limit = time_term(&mut table, "limit", context);
        let warn = if table.has("warn") { time_term(&mut table, "warn", context) } else { None };
        let pauses = table.has("pauses") && table.flag("pauses") == Some(true);
        let reasons = if table.has("reasons") { rules::reasons(&mut table, context) } else { Vec::new() };
        let products = table
            .optional_texts("products")
            .into_iter()
            .filter_map(|product| known("product", product, products, context.file))
            .collect();
        let firm = table.flag("firm");
        let place = table.locate("limit");
        table.finish();
        if let (Some(clause), Some(starts), Some(limit), Some(firm)) = (clause, starts, limit, firm) {
            let level =
                ServiceLevel { id: id.value, clause, starts, limit, warn, pauses, reasons, products, firm };
            levels.push((level, place));
        }
    }
    levels
}

/// A reference to a term that is time, of the business or plain.
fn time_term(table: &mut Table<'_, '_>, name: &'static str, context: &Context<'_, '_>) -> Option<String> {
    let reference = table.text(name)?;
    let term = context.term(&reference)?;
    if term.seconds().is_none() && !is_business_time(&term.value) {
        let problem = format!("term `{}` is {}; expected a term of time", term.id, term.value_text());
        reference.mistake(context.file, problem);
    }
    Some(term.id.clone())
}

fn is_business_time(value: &TermValue) -> bool {
    matches!(
        value,
        TermValue::Number(_, TermUnit::BusinessHours | TermUnit::BusinessDays | TermUnit::BusinessDayEnds)
    )
}

/// The service levels of a document that has a calendar wherever they count business time.
pub(crate) fn with_calendar(
    levels: Vec<(ServiceLevel, Located<()>)>,
    has_calendar: bool,
    context: &Context<'_, '_>,
) -> Vec<ServiceLevel> {
    let business =
        |id: &String| context.terms.iter().any(|term| term.id == *id && is_business_time(&term.value));
    levels
        .into_iter()
        .map(|(level, place)| {
            if !has_calendar && (business(&level.limit) || level.warn.as_ref().is_some_and(business)) {
                let problem = "business time without a calendar; expected the table `calendar`";
                place.mistake(context.file, problem);
            }
            level
        })
        .collect()
}

pub(crate) fn leftover(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Leftover> {
    let clause = context.clause(&mut table, "clause");
    let after_end_s = context.seconds(&mut table, "after_end");
    let on_resubscribe = table.choice("on_resubscribe", OnResubscribe::SPELLINGS);
    let grace_after_failed_job_s = context.seconds(&mut table, "grace_after_failed_job");
    table.finish();
    Some(Leftover {
        clause: clause?,
        after_end_s: after_end_s?,
        on_resubscribe: on_resubscribe?,
        grace_after_failed_job_s: grace_after_failed_job_s?,
    })
}

/// What is said of cancelling, for all products or for some.
pub(crate) fn cancellations<'t>(
    tables: Vec<(Located<String>, Table<'_, 't>)>,
    context: &Context<'_, 't>,
    known_products: &BTreeSet<String>,
) -> Vec<Cancellation> {
    tables
        .into_iter()
        .map(|(id, mut table)| {
            check_id(&id, context.file);
            let clauses = table.texts("clauses").into_iter();
            let clauses = clauses.filter_map(|reference| context.act_on(reference)).collect();
            let products = table.optional_texts("products").into_iter();
            let products = products
                .filter_map(|product| known("product", product, known_products, context.file))
                .collect();
            table.finish();
            Cancellation { clauses, products }
        })
        .collect()
}

/// What is said of changing a plan.
pub(crate) fn plan_change(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> PlanChangeClauses {
    let mut clauses = |name| {
        let references = table.texts(name).into_iter();
        references.filter_map(|reference| context.act_on(reference)).collect()
    };
    let (at_once, at_period_end) = (clauses("at_once"), clauses("at_period_end"));
    table.finish();
    PlanChangeClauses { at_once, at_period_end }
}

/// What a refund does, and the clauses about it.
pub(crate) fn on_refund(
    mut table: Table<'_, '_>,
    context: &Context<'_, '_>,
) -> Option<(OnRefund, Vec<String>)> {
    let clauses = table
        .optional_texts("clauses")
        .into_iter()
        .filter_map(|reference| context.act_on(reference))
        .collect();
    let revoke = table.choice("revoke", Revocation::SPELLINGS);
    let revoke_of_part = table.choice("revoke_of_part", Revocation::SPELLINGS);
    let reviewer_may_revoke = table.choices("reviewer_may_revoke", Revocation::SPELLINGS);
    let cancel = table.flag("cancel");
    let cancel_for_part = table.flag("cancel_for_part");
    let reviewer_may_cancel = table.flag("reviewer_may_cancel");
    let debt_for_spent = table.flag("debt_for_spent");
    table.finish();
    let on_refund = OnRefund {
        revoke: revoke?,
        revoke_of_part: revoke_of_part?,
        reviewer_may_revoke,
        cancel: cancel?,
        cancel_for_part: cancel_for_part?,
        reviewer_may_cancel: reviewer_may_cancel?,
        debt_for_spent: debt_for_spent?,
    };
    Some((on_refund, clauses))
}

/// What a dispute does.
pub(crate) fn on_dispute(
    mut table: Table<'_, '_>,
    context: &Context<'_, '_>,
    rules: &BTreeSet<String>,
) -> Option<OnDispute> {
    let lost = table.choice("lost", OnLostDispute::SPELLINGS);
    let debt_for_spent = table.flag("debt_for_spent");
    let grace_after_won_s =
        if table.has("grace_after_won") { context.seconds(&mut table, "grace_after_won") } else { None };
    let on_fraud_warning = if table.has("on_fraud_warning") {
        table.choice("on_fraud_warning", OnFraudWarning::SPELLINGS)
    } else {
        Some(OnFraudWarning::Watch)
    };
    let measures = table.choices("measures", DisputeMeasure::SPELLINGS);
    let measures_by = if table.has("measures_by") {
        table.text("measures_by").and_then(|rule| known("rule", rule, rules, context.file))
    } else {
        None
    };
    if measures.is_empty() != measures_by.is_none() {
        let problem =
            "expected together with `measures`: the rule that has to be proved before they are taken";
        table.locate("measures_by").mistake(context.file, problem);
    }
    table.finish();
    Some(OnDispute {
        lost: lost?,
        debt_for_spent: debt_for_spent?,
        grace_after_won_s,
        on_fraud_warning: on_fraud_warning?,
        measures,
        measures_by,
    })
}

pub(crate) fn door(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Door> {
    let clause = context.clause(&mut table, "clause");
    let text = table.prose("text");
    table.finish();
    Some(Door { clause: clause?, text: text? })
}
