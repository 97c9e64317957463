//! An adjustment, from its submission to its end.

use ledger::{
    AccountId, Actor, AdjustmentId, AdjustmentKind, Cause, Command, PolicyRef, ProductId, Timestamp,
};
use policy::ApprovalLimits;
use refunds::fingerprint;

/// How long an adjustment waits for a second person: two weeks, so that a holiday does not end it and what
/// nobody wants does not stay.
pub const LAPSES_AFTER_S: i64 = 14 * 86_400;

/// A person who adjusts accounts. Names of the two kinds are told apart: nothing proves that they are or are
/// not of one person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Person {
    /// A support person, by the `sub` of the token.
    Support(String),
    /// An operator on the command line, by the name that is given there. IAM has let the operator in; the
    /// name is the operator's word.
    Operator(String),
}

impl Person {
    /// The name, without its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Support(name) | Self::Operator(name) => name,
        }
    }

    /// What tells this person from every other: a support person's `sub`, as requests count it, or an
    /// operator's name behind a word that no `sub` begins with.
    pub fn key(&self) -> String {
        match self {
            Self::Support(sub) => sub.clone(),
            Self::Operator(name) => format!("operator#{name}"),
        }
    }

    /// The actor in the journal.
    pub fn actor(&self) -> Actor {
        match self {
            Self::Support(sub) => Actor::Support(sub.clone()),
            Self::Operator(_) => Actor::Operator,
        }
    }
}

/// Who did something with an adjustment, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustedBy {
    pub person: Person,
    pub at: Timestamp,
}

/// What was submitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentTerms {
    pub kind: AdjustmentKind,
    pub product: ProductId,
    /// The clause that allows it, of [`Adjustment::policy`].
    pub clause: String,
    /// Why, in the person's words. It stays with the adjustment, and is in no journal, log or metric.
    pub reason: String,
}

/// How far an adjustment has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AdjustmentStage {
    /// A second person has to approve it.
    Waiting,
    /// It took effect with this entry of the journal.
    Applied {
        entry: u64,
        /// The second person; `None` where one was enough.
        approved: Option<AdjustedBy>,
    },
    /// A second person refused it, for this reason.
    Refused { refused: AdjustedBy, reason: String },
}

/// How an adjustment stands at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustmentState {
    WaitingForApproval,
    Applied,
    Refused,
    /// Nobody approved it within [`LAPSES_AFTER_S`].
    Lapsed,
}

impl AdjustmentState {
    /// Its name in answers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WaitingForApproval => "waiting_for_approval",
            Self::Applied => "applied",
            Self::Refused => "refused",
            Self::Lapsed => "lapsed",
        }
    }
}

/// One adjustment of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    pub id: AdjustmentId,
    pub account: AccountId,
    pub terms: AdjustmentTerms,
    /// The document that was in force when it was submitted.
    pub policy: PolicyRef,
    pub submitted: AdjustedBy,
    pub stage: AdjustmentStage,
    /// How long credits that were granted count under the document's limits, in seconds; `None` for a
    /// document without limits.
    pub counts_within_s: Option<u64>,
}

/// The id of an adjustment: derived from the account and the idempotency key, so that a repeat finds the
/// first without a record of its own.
#[expect(clippy::missing_panics_doc, reason = "hexadecimal digits are always allowed in an id")]
pub fn adjustment_id(account: &AccountId, idempotency_key: &str) -> AdjustmentId {
    let digest = fingerprint(&["adjustment", account.as_str(), idempotency_key]);
    let hex = digest.iter().take(13).fold(String::from("adj_"), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    AdjustmentId::new(hex).expect("hexadecimal digits are allowed in an id")
}

impl Adjustment {
    /// An adjustment as it is submitted.
    pub fn new(
        (id, account): (AdjustmentId, AccountId),
        terms: AdjustmentTerms,
        (policy, limits): (PolicyRef, Option<&ApprovalLimits>),
        submitted: AdjustedBy,
    ) -> Self {
        let counts_within_s = limits.map(|limits| limits.within_s);
        Self { id, account, terms, policy, submitted, stage: AdjustmentStage::Waiting, counts_within_s }
    }

    pub fn state(&self, now: Timestamp) -> AdjustmentState {
        match self.stage {
            AdjustmentStage::Waiting if now.seconds_since(self.submitted.at) >= LAPSES_AFTER_S => {
                AdjustmentState::Lapsed
            }
            AdjustmentStage::Waiting => AdjustmentState::WaitingForApproval,
            AdjustmentStage::Applied { .. } => AdjustmentState::Applied,
            AdjustmentStage::Refused { .. } => AdjustmentState::Refused,
        }
    }

    /// When it lapses unless somebody decides; `None` once somebody has.
    pub fn lapses_at(&self) -> Option<Timestamp> {
        let after_s = u64::try_from(LAPSES_AFTER_S).unwrap_or_default();
        let waits = self.stage == AdjustmentStage::Waiting;
        waits.then(|| self.submitted.at.plus_s(after_s).ok()).flatten()
    }

    /// Whether somebody submits the same once more.
    pub fn repeats(&self, terms: &AdjustmentTerms) -> bool {
        self.terms == *terms
    }

    /// Who decided about it after it had been submitted.
    pub fn decided(&self) -> Option<&AdjustedBy> {
        match &self.stage {
            AdjustmentStage::Waiting => None,
            AdjustmentStage::Applied { approved, .. } => approved.as_ref(),
            AdjustmentStage::Refused { refused, .. } => Some(refused),
        }
    }

    /// What the ledger is asked to do.
    pub(crate) fn command(&self) -> Command {
        let AdjustmentTerms { kind, product, .. } = &self.terms;
        Command::Adjust { id: self.id.clone(), product: product.clone(), kind: *kind }
    }

    pub(crate) fn cause(&self) -> Cause {
        Cause::Adjustment { id: self.id.clone(), clause: self.terms.clause.clone() }
    }
}

#[cfg(test)]
mod tests {
    use ledger::contract::at;

    use super::*;

    #[test]
    fn a_waiting_adjustment_lapses_after_two_weeks() {
        let account = AccountId::new("customer-1").unwrap();
        let terms = AdjustmentTerms {
            kind: AdjustmentKind::Suspension,
            product: ProductId::new("music-studio").unwrap(),
            clause: "no-abuse".to_owned(),
            reason: "Seen.".to_owned(),
        };
        let policy = PolicyRef { document: "music-studio".to_owned(), version: "1".to_owned() };
        let submitted = AdjustedBy { person: Person::Support("ada".to_owned()), at: at(0) };
        let id = adjustment_id(&account, "key-1");
        let mut adjustment = Adjustment::new((id, account), terms, (policy, None), submitted);
        let days = |days: u64| at(days * 86_400);
        assert_eq!(adjustment.lapses_at(), Some(days(14)));
        for (now, state) in [
            (at(0), AdjustmentState::WaitingForApproval),
            (at(14 * 86_400 - 1), AdjustmentState::WaitingForApproval),
            (days(14), AdjustmentState::Lapsed),
        ] {
            assert_eq!(adjustment.state(now), state, "{now}");
        }
        adjustment.stage = AdjustmentStage::Applied { entry: 2, approved: None };
        assert_eq!((adjustment.state(days(15)), adjustment.lapses_at()), (AdjustmentState::Applied, None));
    }

    #[test]
    fn an_id_is_of_the_account_and_the_key_and_people_of_two_kinds_are_two() {
        let id = |account: &str, key| adjustment_id(&AccountId::new(account).unwrap(), key);
        assert_eq!(id("customer-1", "key-1"), id("customer-1", "key-1"));
        assert_ne!(id("customer-1", "key-1"), id("customer-1", "key-2"));
        assert_ne!(id("customer-1", "key-1"), id("customer-2", "key-1"));
        assert_eq!(id("customer-1", "key-1").as_str().len(), 30);
        let ann = || "ann".to_owned();
        assert_ne!(Person::Support(ann()).key(), Person::Operator(ann()).key());
        assert!(AccountId::new(Person::Operator(ann()).key()).is_err(), "no `sub` is an operator's key");
    }
}
