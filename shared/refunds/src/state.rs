//! The states of a refund request and the edges between them.

use std::fmt;

use policy::Outcome;

/// Where a refund request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Received, and not decided.
    Submitted,
    /// Facts are missing that only the customer can give (`S2-17`, `S2-30`).
    NeedsInformation,
    /// A person decides.
    InReview,
    /// Decided for the customer; the intent to pay is stored.
    Approved,
    /// Stripe is being asked, or has the refund and has not confirmed it.
    Paying,
    /// Stripe confirmed the refund, or the credits are back.
    Refunded,
    /// The payout failed; what was revoked for it is restored.
    Failed,
    /// Decided against the customer; a person can be asked (`S4-19`).
    Refused,
    /// Taken back by the customer.
    Withdrawn,
    /// What it was about has ended by another way, like credits that landed after all or a dispute that the
    /// bank decided: nothing is left to decide.
    Settled,
}

/// A move that is not an edge of the state table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request does not go from {from} to {to}")]
pub struct EdgeError {
    /// Where the request stands.
    pub from: State,
    /// Where it was to go.
    pub to: State,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Submitted,
        Self::NeedsInformation,
        Self::InReview,
        Self::Approved,
        Self::Paying,
        Self::Refunded,
        Self::Failed,
        Self::Refused,
        Self::Withdrawn,
        Self::Settled,
    ];

    /// Where a decision leads to.
    pub fn of(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Grant { .. } => Self::Approved,
            Outcome::Refuse => Self::Refused,
            Outcome::Person { .. } => Self::InReview,
            Outcome::NeedsInformation { .. } => Self::NeedsInformation,
        }
    }

    /// The states that a request can go to from here.
    pub fn next(self) -> &'static [Self] {
        match self {
            Self::Submitted => {
                &[Self::NeedsInformation, Self::InReview, Self::Approved, Self::Refused, Self::Withdrawn]
            }
            Self::NeedsInformation => {
                &[Self::InReview, Self::Approved, Self::Refused, Self::Withdrawn, Self::Settled]
            }
            Self::InReview => {
                &[Self::NeedsInformation, Self::Approved, Self::Refused, Self::Withdrawn, Self::Settled]
            }
            // Credits come back in the same write that approves them.
            // What is approved and not made can be held back.
            Self::Approved => &[Self::Paying, Self::Refunded, Self::Failed, Self::InReview],
            // A discount that Stripe does not give is a person's to replace.
            Self::Paying => &[Self::Refunded, Self::Failed, Self::InReview],
            // Stripe reports refunds as failed that it had reported as succeeded (E10).
            Self::Refunded => &[Self::Failed],
            Self::Failed | Self::Refused => &[Self::InReview],
            Self::Withdrawn | Self::Settled => &[],
        }
    }

    /// Goes to `to`, if that is an edge.
    pub fn transition_to(self, to: Self) -> Result<Self, EdgeError> {
        if self.next().contains(&to) { Ok(to) } else { Err(EdgeError { from: self, to }) }
    }

    /// Whether money is on its way in it, or has arrived or failed to.
    pub(crate) fn pays(self) -> bool {
        matches!(self, Self::Approved | Self::Paying | Self::Refunded | Self::Failed)
    }

    /// The name in answers and stored requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Submitted => "submitted",
            Self::NeedsInformation => "needs_information",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::Paying => "paying",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Settled => "settled",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_published_edges_are_taken() {
        const EDGES: [(&str, &str); 10] = [
            ("submitted", "needs_information in_review approved refused withdrawn"),
            ("needs_information", "in_review approved refused withdrawn settled"),
            ("in_review", "needs_information approved refused withdrawn settled"),
            ("approved", "in_review paying refunded failed"),
            ("paying", "in_review refunded failed"),
            ("refunded", "failed"),
            ("failed", "in_review"),
            ("refused", "in_review"),
            ("withdrawn", ""),
            ("settled", ""),
        ];
        for (from, (name, edges)) in State::ALL.into_iter().zip(EDGES) {
            let taken = State::ALL.into_iter().filter(|to| from.transition_to(*to) == Ok(*to));
            let taken: Vec<&str> = taken.map(State::as_str).collect();
            assert_eq!((from.as_str(), taken.join(" ").as_str()), (name, edges));
            assert_eq!(State::parse(name), Some(from));
        }
        assert_eq!(State::parse("paid"), None);
    }

    #[test]
    fn money_leaves_by_paying_alone() {
        let before: Vec<State> =
            State::ALL.into_iter().filter(|state| state.next().contains(&State::Paying)).collect();
        assert_eq!(before, [State::Approved]);
    }
}
