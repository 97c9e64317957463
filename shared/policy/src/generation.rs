//! How generations end: whether credits are spent, go back, or wait for a person.

use serde_json::Value;

use crate::document::{Clause, Document, EmptySuccess, FailureEffect, FailureKind, Operation};

/// How a generation was reported to have ended.
#[derive(Debug, Clone, Copy)]
pub enum GenerationEnding<'a> {
    Failed(FailureKind),
    /// The provider claims success with this answer.
    Answered(&'a Value),
}

/// What the policy makes of a generation's ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GenerationOutcome<'d> {
    /// The credits are spent.
    Succeeded,
    /// The credits go back to the lots they came from.
    GiveBack {
        kind: FailureKind,
        /// The registered signature that the answer matched.
        signature: Option<&'d str>,
        /// The clauses that say so.
        clauses: Vec<&'d Clause>,
    },
    /// A person decides.
    Person {
        kind: FailureKind,
        /// The clauses that say so; none when the policy does not list the operation.
        clauses: Vec<&'d Clause>,
    },
}

impl Document {
    /// The operation with this id, if the policy lists it.
    pub fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// How long a hold for this operation may stay open, in seconds.
    pub fn hold_deadline_s(&self, operation: &str) -> u64 {
        self.operation(operation).map_or(self.hold_deadline_s, |operation| operation.hold_deadline_s)
    }

    /// What the policy makes of a generation's ending. A failure of an operation that the policy does
    /// not list goes to a person (S2-5).
    pub fn classify(&self, operation: &str, ending: GenerationEnding<'_>) -> GenerationOutcome<'_> {
        let listed = self.operation(operation);
        let (kind, signature) = match ending {
            GenerationEnding::Failed(kind) => (kind, None),
            GenerationEnding::Answered(answer) => match self.signature(operation, answer) {
                Some(signature) => (FailureKind::EmptySuccess, Some(signature)),
                None if self.holds_result(operation, answer) => return GenerationOutcome::Succeeded,
                None => (FailureKind::UnknownAnswer, None),
            },
        };
        let Some(listed) = listed else {
            return GenerationOutcome::Person { kind, clauses: Vec::new() };
        };
        let rule = listed.failures.rule(kind);
        let mut ids = vec![rule.clause.as_str()];
        ids.extend(signature.map(|signature| signature.clause.as_str()));
        ids.push(&listed.clause);
        let clauses = self.cited(&ids);
        match rule.then {
            FailureEffect::GiveBack => GenerationOutcome::GiveBack {
                kind,
                signature: signature.map(|signature| signature.id.as_str()),
                clauses,
            },
            FailureEffect::Person => GenerationOutcome::Person { kind, clauses },
            FailureEffect::Success => GenerationOutcome::Succeeded,
        }
    }

    /// Whether an answer holds a result; of an operation without a registered result, every answer does.
    fn holds_result(&self, operation: &str, answer: &Value) -> bool {
        let mut known = self
            .results
            .iter()
            .filter(|result| result.operations.iter().any(|each| each == operation))
            .peekable();
        known.peek().is_none() || known.any(|result| result.matches.iter().all(|each| each.holds(answer)))
    }

    fn signature(&self, operation: &str, answer: &Value) -> Option<&EmptySuccess> {
        self.empty_success.iter().find(|signature| {
            signature.operations.iter().any(|each| each == operation)
                && signature.matches.iter().all(|each| each.holds(answer))
        })
    }

    /// The clauses with these ids, each once, in this order.
    pub(crate) fn cited(&self, ids: &[&str]) -> Vec<&Clause> {
        let mut clauses: Vec<&Clause> = Vec::new();
        for clause in ids.iter().filter_map(|id| self.clause(id)) {
            if clauses.iter().all(|cited| cited.id != clause.id) {
                clauses.push(clause);
            }
        }
        clauses
    }
}
