//! A set of facts as one number: conditions are traced many times per decision, without allocating.

use super::fact::Fact;

/// Facts by their place in the registry, which holds fewer than 128: a test holds it to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FactSet(u128);

impl FactSet {
    /// No fact.
    pub const EMPTY: Self = Self(0);

    /// Adds a fact.
    pub fn insert(&mut self, fact: Fact) {
        self.0 |= 1_u128.checked_shl(fact.place()).unwrap_or(0);
    }

    /// Adds facts.
    pub fn extend(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            self.insert(fact);
        }
    }

    /// The facts of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the fact is among them.
    pub fn contains(self, fact: Fact) -> bool {
        self.0 & 1_u128.checked_shl(fact.place()).unwrap_or(0) != 0
    }

    /// Whether it holds no fact.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many facts it holds.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// In the order of the registry.
    pub fn iter(self) -> impl Iterator<Item = Fact> {
        Fact::ALL.iter().copied().filter(move |fact| self.contains(*fact))
    }
}

impl FromIterator<Fact> for FactSet {
    fn from_iter<I: IntoIterator<Item = Fact>>(facts: I) -> Self {
        let mut set = Self::EMPTY;
        set.extend(facts);
        set
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, FactSet};

    #[test]
    fn every_fact_has_a_place_of_its_own() {
        for fact in Fact::ALL {
            let alone: FactSet = [*fact].into_iter().collect();
            assert_eq!(alone.iter().collect::<Vec<_>>(), [*fact]);
        }
        let all: FactSet = Fact::ALL.iter().copied().collect();
        assert_eq!(all.iter().collect::<Vec<_>>(), Fact::ALL);
        assert!(FactSet::EMPTY.is_empty() && all.len() <= 128);
    }
}
