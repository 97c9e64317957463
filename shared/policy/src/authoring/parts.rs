//! The parts of a document besides clauses, terms and rules.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::document::{Context, check_id, known};
use super::reader::{Located, Table};
use crate::document::{Clock, ClockStart, Door, Leftover, Offer, OnRefund, OnRenewal, OnResubscribe};
use crate::generation::{
    AnswerMatch, AnswerShape, EmptySuccess, FailureEffect, FailureKind, FailureRule, FailureRules, Operation,
};

type Named<'f, 't> = Vec<(Located<String>, Table<'f, 't>)>;

/// How credits are held and renewed.
pub(super) struct CreditRules {
    pub(super) hold_deadline_s: Option<u64>,
    pub(super) on_renewal: Option<OnRenewal>,
}

pub(super) fn credits(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> CreditRules {
    let hold_deadline_s = context.seconds(&mut table, "hold_deadline");
    let on_renewal = table.choice("on_renewal", &[("add", OnRenewal::Add), ("replace", OnRenewal::Replace)]);
    table.finish();
    CreditRules { hold_deadline_s, on_renewal }
}

/// The failure rules of the document, or those of an operation over `defaults`.
pub(super) fn failures(
    mut table: Table<'_, '_>,
    defaults: Option<&FailureRules>,
    context: &Context<'_, '_>,
) -> Option<FailureRules> {
    let mut rule = |kind: FailureKind, default: fn(&FailureRules) -> &FailureRule| {
        if let (false, Some(defaults)) = (table.has(kind.id()), defaults) {
            return Some(default(defaults).clone());
        }
        let mut table = table.table(kind.id())?;
        let then = table
            .choice("then", &[("give_back", FailureEffect::GiveBack), ("person", FailureEffect::Person)]);
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
    table.finish();
    Some(FailureRules {
        provider_error: provider_error?,
        own_error: own_error?,
        empty_success: empty_success?,
        hold_timeout: hold_timeout?,
        moderation_block: moderation_block?,
        partial_result: partial_result?,
    })
}

pub(super) fn operations(
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

pub(super) fn empty_success(
    tables: Named<'_, '_>,
    context: &Context<'_, '_>,
    operations: &BTreeSet<String>,
) -> Vec<EmptySuccess> {
    let mut signatures = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let operations = table
            .texts("operations")
            .into_iter()
            .filter_map(|operation| known("operation", operation, operations, context.file))
            .collect();
        let clause = context.clause(&mut table, "clause");
        let matches: Vec<AnswerMatch> = table
            .list_of_tables("matches")
            .into_iter()
            .filter_map(|table| answer_match(table, context))
            .collect();
        if matches.is_empty() {
            let place = table.locate("matches");
            place.mistake(
                context.file,
                "no usable match; expected at least one, or every answer would be empty",
            );
        }
        table.finish();
        if let Some(clause) = clause {
            signatures.push(EmptySuccess { id: id.value, operations, clause, matches });
        }
    }
    signatures
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
        ];
        table.choice("is", &shapes).map(|shape| match shape {
            Shape::Missing => AnswerShape::Missing,
            Shape::EmptyArray => AnswerShape::EmptyArray,
            Shape::EmptyObject => AnswerShape::EmptyObject,
            Shape::EmptyText => AnswerShape::EmptyText,
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
}

pub(super) fn offers(tables: Named<'_, '_>, context: &Context<'_, '_>) -> Vec<Offer> {
    let mut offers = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.clause(&mut table, "clause");
        let text = table.prose("text");
        table.finish();
        if let (Some(clause), Some(text)) = (clause, text) {
            offers.push(Offer { id: id.value, clause, text });
        }
    }
    offers
}

pub(super) fn clocks(tables: Named<'_, '_>, context: &Context<'_, '_>) -> Vec<Clock> {
    let mut clocks = Vec::new();
    for (id, mut table) in tables {
        check_id(&id, context.file);
        let clause = context.measured_clause(&mut table);
        let starts = table.choice(
            "starts",
            &[
                ("generation_failed", ClockStart::GenerationFailed),
                ("payment_charged", ClockStart::PaymentCharged),
                ("request_submitted", ClockStart::RequestSubmitted),
                ("request_complete", ClockStart::RequestComplete),
            ],
        );
        let limit =
            table.text("limit").and_then(|reference| context.term(&reference)).map(|term| term.id.clone());
        let firm = table.flag("firm");
        table.finish();
        if let (Some(clause), Some(starts), Some(limit), Some(firm)) = (clause, starts, limit, firm) {
            clocks.push(Clock { id: id.value, clause, starts, limit, firm });
        }
    }
    clocks
}

pub(super) fn leftover(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Leftover> {
    let clause = context.clause(&mut table, "clause");
    let after_end_s = context.seconds(&mut table, "after_end");
    let on_resubscribe = table.choice(
        "on_resubscribe",
        &[("stop_clock", OnResubscribe::StopClock), ("keep_clock", OnResubscribe::KeepClock)],
    );
    let grace_after_failed_job_s = context.seconds(&mut table, "grace_after_failed_job");
    table.finish();
    Some(Leftover {
        clause: clause?,
        after_end_s: after_end_s?,
        on_resubscribe: on_resubscribe?,
        grace_after_failed_job_s: grace_after_failed_job_s?,
    })
}

pub(super) fn on_refund(mut table: Table<'_, '_>) -> Option<OnRefund> {
    let revoke = table.flag("revoke");
    let cancel = table.flag("cancel");
    let debt_for_spent = table.flag("debt_for_spent");
    table.finish();
    Some(OnRefund { revoke: revoke?, cancel: cancel?, debt_for_spent: debt_for_spent? })
}

pub(super) fn door(mut table: Table<'_, '_>, context: &Context<'_, '_>) -> Option<Door> {
    let clause = context.clause(&mut table, "clause");
    let text = table.prose("text");
    table.finish();
    Some(Door { clause: clause?, text: text? })
}
