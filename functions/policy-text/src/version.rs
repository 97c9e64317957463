//! `GET /v1/policies/{document}/{version}`: one version with every clause.
//!
//! A version's text never changes. What can change is when it ends, as long as that lies ahead.

use lambda::http::{Problem, ProblemKind, Request, Response};
use policy::{ClauseKind, Document, Documents};
use primitives::Timestamp;
use serde::Serialize;

use crate::cached::{cached, sha256};
use crate::in_force::in_force_until_ms;

/// Seconds for which a version may be kept whose end lies ahead. The next version is in force a quarter of an
/// hour after it was published, or later: an answer that was kept so long is still right about what is in
/// force.
const OPEN_MAX_AGE_S: u32 = 300;
/// Seconds for which a version may be kept that has ended: a year, the longest that caches take notice of.
const ENDED_MAX_AGE_S: u32 = 31_536_000;

#[derive(Serialize)]
struct VersionAnswer<'d> {
    document: &'d str,
    version: &'d str,
    title: &'d str,
    source: &'d str,
    products: &'d [String],
    announced_at: String,
    in_force_from: String,
    in_force_until: Option<String>,
    hash: String,
    clauses: Vec<ClauseAnswer<'d>>,
}

#[derive(Serialize)]
struct ClauseAnswer<'d> {
    id: &'d str,
    anchor: String,
    kind: ClauseKind,
    since: &'d str,
    text: &'d str,
    hash: String,
}

pub(crate) fn version(
    documents: &Documents,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Response, Problem> {
    let (document, version): (String, String) = (request.path_id("document")?, request.path_id("version")?);
    let found = documents.version(&document, &version).ok_or_else(|| Problem::new(ProblemKind::NotFound))?;
    let until_ms = in_force_until_ms(documents, found);
    let has_ended = until_ms.is_some_and(|until_ms| until_ms <= now.as_ms());
    let max_age_s = if has_ended { ENDED_MAX_AGE_S } else { OPEN_MAX_AGE_S };
    let path = href(found);
    let answer = VersionAnswer {
        document: &found.id,
        version: &found.version,
        title: &found.title,
        source: &found.source,
        products: &found.products,
        announced_at: instant(found.announced_at_ms)?,
        in_force_from: instant(found.in_force_from_ms)?,
        in_force_until: until_ms.map(instant).transpose()?,
        hash: hash(found),
        clauses: found
            .clauses
            .iter()
            .map(|clause| ClauseAnswer {
                id: &clause.id,
                anchor: format!("{path}#{}", clause.id),
                kind: clause.kind,
                since: &clause.date,
                text: &clause.text,
                hash: clause.sha256(),
            })
            .collect(),
    };
    Ok(cached(request, format!("public, max-age={max_age_s}, immutable"), &answer))
}

/// SHA-256 over all that customers read: of every clause in order its id, a line feed, its text, a line feed.
pub(crate) fn hash(document: &Document) -> String {
    let texts = document.clauses.iter().flat_map(|clause| [&*clause.id, "\n", &*clause.text, "\n"]);
    sha256(&texts.collect::<Vec<_>>())
}

pub(crate) fn href(document: &Document) -> String {
    format!("/v1/policies/{}/{}", document.id, document.version)
}

pub(crate) fn instant(ms: i64) -> Result<String, Problem> {
    Ok(Timestamp::from_ms(ms).map_err(Problem::internal)?.to_string())
}
