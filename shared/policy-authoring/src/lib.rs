//! From TOML texts to checked documents and catalogues, for the build and the command line: no function links
//! this crate. Beside it, versions are compared and tried on past requests.
//!
//! A text is read field by field with its place in the file. Mistakes are collected, so that one run
//! shows all of them, each as `file:line: field: what is wrong; expected …`. A document without
//! mistakes has no dangling reference, no comparison of two types, no automatic outcome that rests on
//! a customer's word.
//!
//! A document has these tables; ids are the names of the tables under them:
//!
//! - `[document]`: id, version, title, source, announced, `in_force`, whether it is material and why, the
//!   notice of a material version, products, `version_clause`;
//! - `[clauses.<id>]`: what customers read, with the written rules that it `covers`. Something of the
//!   document cites every clause, unless its `kind` is `clock`, `invariant` or `information`;
//! - `[terms.<id>]`: a number or a list of words, with its reason, its owner and optional bounds;
//! - `[rules.<id>]`: for requests of these `reasons`, `when` this condition holds (the language is in
//!   `expression.rs`), this `outcome` follows: `grant` and `refuse` by `mode` `auto` or `recommend`,
//!   `person`, or `needs_information`. A rule that is the exception to others lists them in `overrides`;
//! - `[operations.<id>]`, `[failures]`, `[empty_success.<id>]` and `[results.<id>]`: how generations end;
//! - `[credits]`, `[leftover]`, `[on_refund]`, `[on_dispute]`: the life of lots;
//! - `[cancellation.<id>]`: the clauses that customers see when they cancel a subscription, for all products
//!   or for some; `[plan_change]`: those that they see when they change its plan;
//! - `[clocks.<id>]`, `[calendar]`, `[offers.<id>]` and `[door]`: deadlines, when people work,
//!   alternatives, the way to a person;
//! - `[intake]`, `[provider]`, `[review.<id>]`, `[approval]`: where requests come in, who pays, what people
//!   review, above what two of them approve;
//! - `[duplicates]`, `[downloads]`: which payments count as made twice, and whose downloads are reported;
//! - `[law.<pack>]`: the statutory packs that stand beside the policy, and who signed the reading;
//! - `[conflicts.<id>]` and `[gaps.<id>]`: what the text itself leaves contradictory or open. The
//!   function `check_outcomes` reports those that are not declared here.

mod backtest;
mod catalogue;
mod context;
mod diff;
mod document;
mod expression;
mod grammar;
mod law;
mod material;
mod meanings;
mod mistake;
mod outcomes;
mod parts;
mod publication;
mod reader;
mod rules;
mod schema;
mod smaller_promises;
mod staffing;
mod witness;
mod wording;

pub use backtest::{Backtest, ClauseTurns, Flip, PastRequest, Sums, backtest};
pub use catalogue::parse_catalogue;
pub use diff::{Diff, DocumentChange, diff};
pub use document::parse_document;
pub use law::parse_pack;
pub use material::{Loss, Losses, check_change, check_versions, expected_if_material, losses};
pub use mistake::{Mistake, Mistakes};
pub use outcomes::{Threshold, check_outcomes, thresholds};
pub use publication::{
    PublicationDraft, PublicationOutcome, PublicationRefusal, PublishedVersion, check_publications,
};
pub use schema::{SchemaError, schema};
pub use witness::{TooManyCases, Wanted, witness};
