//! Statutory packs: what consumer law gives beside the policy.
//!
//! A pack is a small document of its own: clauses, terms and rules, and rules that only grant or go to a
//! person. A business names the packs that it heeds and says who signed its reading of them; a pack that
//! nobody signed recommends and never decides.

use serde::{Deserialize, Serialize};

use super::clause::Clause;
use super::rule::Rule;
use super::term::Term;

/// What a law gives, in the reading that the business heeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawPack {
    /// The pack, such as `eu-withdrawal`.
    pub id: String,
    /// The day since which it reads so.
    pub version: String,
    /// What people call the right.
    pub title: String,
    /// The law.
    pub source: String,
    /// Who signed the reading for this business; `None` for a pack that only recommends.
    pub signed_by: Option<String>,
    /// What customers read.
    pub clauses: Vec<Clause>,
    /// The named numbers and lists.
    pub terms: Vec<Term>,
    /// What follows.
    pub rules: Vec<Rule>,
}
