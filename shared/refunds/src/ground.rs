//! What a person's decision rests on: a clause, or the person's own reason where the policy has none.

/// What a person's decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ground {
    /// A clause that the decision cites, or that one of the rules for its reason carries out.
    Clause(String),
    /// The policy has no clause for it.
    OutsidePolicy(OutsidePolicy),
}

/// Why a person decides something that no clause of the policy provides for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutsidePolicy {
    /// We give it although we need not.
    Goodwill,
    /// We made a mistake that the policy does not name.
    OurError,
    /// Nothing in the policy gives it: a refusal.
    NotCovered,
}

impl OutsidePolicy {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Goodwill, Self::OurError, Self::NotCovered];

    /// The name in reviews, answers and stored requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Goodwill => "goodwill",
            Self::OurError => "our_error",
            Self::NotCovered => "not_covered",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
