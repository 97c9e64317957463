//! `GET /v1/policies`: every version of every policy, and when it is in force.

use lambda::http::{Problem, Request, Response};
use policy::{Document, Documents};
use serde::Serialize;

use crate::cached::cached;
use crate::in_force::in_force_until_ms;
use crate::version::{hash, href, instant};

/// Seconds for which a list may be kept: a new version is in force a quarter of an hour after it was
/// published, or later, so that a kept list never hides the version that is in force.
const LIST_MAX_AGE_S: u32 = 300;

#[derive(Serialize)]
struct List<'d> {
    policies: Vec<Policy<'d>>,
}

#[derive(Serialize)]
struct Policy<'d> {
    document: &'d str,
    versions: Vec<VersionOfList<'d>>,
}

#[derive(Serialize)]
struct VersionOfList<'d> {
    version: &'d str,
    title: &'d str,
    products: &'d [String],
    in_force_from: String,
    in_force_until: Option<String>,
    hash: String,
    href: String,
}

pub(crate) fn list(documents: &Documents, request: &Request<'_>) -> Result<Response, Problem> {
    let mut policies: Vec<Policy<'_>> = Vec::new();
    for document in documents.iter() {
        let version = of_list(documents, document)?;
        match policies.iter_mut().find(|policy| policy.document == document.id) {
            Some(policy) => policy.versions.push(version),
            None => policies.push(Policy { document: &document.id, versions: vec![version] }),
        }
    }
    let cache_control = format!("public, max-age={LIST_MAX_AGE_S}");
    Ok(cached(request, cache_control, &List { policies }))
}

fn of_list<'d>(documents: &Documents, document: &'d Document) -> Result<VersionOfList<'d>, Problem> {
    Ok(VersionOfList {
        version: &document.version,
        title: &document.title,
        products: &document.products,
        in_force_from: instant(document.in_force_from_ms)?,
        in_force_until: in_force_until_ms(documents, document).map(instant).transpose()?,
        hash: hash(document),
        href: href(document),
    })
}
