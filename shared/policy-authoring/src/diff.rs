//! What changes from one version of a document to another: clauses, terms, outcomes, promises.
//!
//! Everything is compared by its name. What stands in both versions word for word is left out; the texts
//! are those that an author reads.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::wording::{condition_text, effect_text};
use policy::{
    Document, FailureEffect, FailureKind, LateSuccess, OnDispute, OnRenewal, OnUpgrade, Operation, Rule,
};

/// What changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Texts that customers read.
    pub clauses: Vec<DocumentChange>,
    /// Named numbers and lists.
    pub terms: Vec<DocumentChange>,
    /// When rules are met, and what then follows.
    pub outcomes: Vec<DocumentChange>,
    /// Failures, left-over credits, renewals, refunds, clocks, offers, laws and review.
    pub promises: Vec<DocumentChange>,
}

/// Something that one version says otherwise than the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentChange {
    /// Its name.
    pub of: String,
    /// What it was; `None` for something added.
    pub before: Option<String>,
    /// What it becomes; `None` for something dropped.
    pub after: Option<String>,
}

impl Diff {
    /// Whether both versions say the same.
    pub fn is_empty(&self) -> bool {
        [&self.clauses, &self.terms, &self.outcomes, &self.promises].iter().all(|changes| changes.is_empty())
    }
}

/// What changes from `before` to `after`.
pub fn diff(before: &Document, after: &Document) -> Diff {
    let clauses = |document: &Document| {
        document.clauses.iter().map(|clause| (clause.id.clone(), clause.text.clone())).collect()
    };
    let terms = |document: &Document| {
        document.terms.iter().map(|term| (term.id.clone(), term.value_text())).collect()
    };
    let rules = |document: &Document| {
        document.rules.iter().map(|rule| (rule.id.clone(), outcome(document, rule))).collect()
    };
    Diff {
        clauses: changes(clauses(before), clauses(after)),
        terms: changes(terms(before), terms(after)),
        outcomes: changes(rules(before), rules(after)),
        promises: changes(promises(before), promises(after)),
    }
}

type Texts = BTreeMap<String, String>;

fn changes(mut before: Texts, after: Texts) -> Vec<DocumentChange> {
    let mut changes: Vec<DocumentChange> = after
        .into_iter()
        .filter_map(|(of, after)| {
            let before = before.remove(&of);
            (before.as_ref() != Some(&after)).then_some(DocumentChange { of, before, after: Some(after) })
        })
        .collect();
    changes.extend(before.into_iter().map(|(of, before)| DocumentChange {
        of,
        before: Some(before),
        after: None,
    }));
    changes.sort_by(|one, other| one.of.cmp(&other.of));
    changes
}

fn outcome(document: &Document, rule: &Rule) -> String {
    let reasons: Vec<&str> = rule.reasons.iter().map(|reason| reason.as_str()).collect();
    let reasons = if reasons.is_empty() { "any reason".to_owned() } else { reasons.join(", ") };
    let mut text = format!(
        "for {reasons}: when {}: {}",
        condition_text(&rule.condition, &document.terms),
        effect_text(&rule.effect)
    );
    for (word, names) in [("; sets aside ", &rule.overrides), ("; offers ", &rule.offers)] {
        if !names.is_empty() {
            text.push_str(word);
            text.push_str(&names.join(", "));
        }
    }
    text
}

fn promises(document: &Document) -> Texts {
    let mut texts = Texts::new();
    let mut say = |of: String, text: String| {
        texts.insert(of, text);
    };
    for operation in &document.operations {
        say(format!("operation {}", operation.id), failures(operation));
    }
    for signature in &document.empty_success {
        say(format!("empty answer {}", signature.id), format!("{:?}", signature.matches));
    }
    for clock in &document.service_levels {
        let firm = if clock.firm { "promised" } else { "usual" };
        say(format!("clock {}", clock.id), format!("{} from {:?}, {firm}", clock.limit, clock.starts));
    }
    for offer in &document.offers {
        say(format!("offer {}", offer.id), offer.text.clone());
    }
    for pack in &document.law {
        let signed = pack.signed_by.as_deref().unwrap_or("nobody");
        say(format!("law {}", pack.id), format!("version {}, signed by {signed}", pack.version));
    }
    for review in &document.review {
        say(format!("review {}", review.id), format!("{:?} of {}", review.of, review.products.join(", ")));
    }
    if let Some(leftover) = &document.leftover {
        let text = format!(
            "{} s after the end, {} s after a late failure, {:?}",
            leftover.after_end_s, leftover.grace_after_failed_job_s, leftover.on_resubscribe
        );
        say("left-over credits".to_owned(), text);
    }
    let renewal = match document.on_renewal {
        OnRenewal::Add => "adds to what is left",
        OnRenewal::Replace => "replaces what is left",
    };
    say("renewal".to_owned(), renewal.to_owned());
    let upgrade = match document.on_upgrade {
        OnUpgrade::ProratedDifference => "brings the prorated difference",
        OnUpgrade::FullDifference => "brings the full difference",
        OnUpgrade::Reset => "begins a period anew",
    };
    say("upgrade".to_owned(), upgrade.to_owned());
    let late = match document.late_success.then {
        LateSuccess::Charge => "charged anew",
        LateSuccess::Free => "free",
    };
    say("late result".to_owned(), late.to_owned());
    let refund = &document.on_refund;
    let choices: Vec<&str> = refund.reviewer_may_revoke.iter().map(|choice| choice.as_str()).collect();
    let text = format!(
        "revokes: {}, of a part: {}, a reviewer may choose: {}; cancels: {}, for a part: {}, a reviewer may \
         choose: {}; debt for spent credits: {}",
        refund.revoke.as_str(),
        refund.revoke_of_part.as_str(),
        if choices.is_empty() { "no".to_owned() } else { choices.join(" or ") },
        refund.cancel,
        refund.cancel_for_part,
        refund.reviewer_may_cancel,
        refund.debt_for_spent
    );
    say("refund".to_owned(), text);
    say("refund without a request".to_owned(), document.on_outside_refund.as_str().to_owned());
    let dispute = &document.on_dispute;
    let grace = dispute.grace_after_won_s;
    let text = format!(
        "lost: {}; debt for spent credits: {}; usable after it is won: {}; at a fraud warning: {}; \
         measures: {}",
        dispute.lost.as_str(),
        dispute.debt_for_spent,
        grace.map_or_else(|| "until they expire".to_owned(), |grace_s| format!("at least {grace_s} s")),
        dispute.on_fraud_warning.as_str(),
        measures(dispute)
    );
    say("dispute".to_owned(), text);
    texts
}

/// What a text lets the company do against a dispute, and by which rule.
fn measures(dispute: &OnDispute) -> String {
    let names: Vec<&str> = dispute.measures.iter().map(|measure| measure.as_str()).collect();
    match &dispute.measures_by {
        Some(rule) => format!("{} by `{rule}`", names.join(", ")),
        None => "none".to_owned(),
    }
}

fn failures(operation: &Operation) -> String {
    let endings: Vec<String> = FailureKind::ALL
        .iter()
        .map(|kind| {
            let then = match operation.failures.rule(*kind).then {
                FailureEffect::GiveBack => "gives back",
                FailureEffect::Person => "person",
                FailureEffect::Success => "success",
            };
            format!("{}: {then}", kind.as_str())
        })
        .collect();
    format!("{}; held for {} s", endings.join(", "), operation.hold_deadline_s)
}
