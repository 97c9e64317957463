//! Whether versions may be published beside those that are.
//!
//! A published version never changes: payments rest on it for ever. A new one comes into force after all
//! others of its policy, and late enough for every function to have read it before. Only where nothing is
//! published at all is an earlier day free: no function decides by anything yet, and a company that moves in
//! has purchases of the past.

use policy::{Document, Documents, DocumentsError};

use crate::document::parse_document;
use crate::material::{Losses, check_change};
use crate::mistake::Mistakes;
use crate::outcomes::check_outcomes;

/// How long before it comes into force a version is published, in milliseconds: a quarter of an hour, in
/// which a function that looks every five minutes may miss two looks.
const LEAD_MS: i64 = 15 * 60_000;

/// The text of one version that somebody wants to publish.
#[derive(Debug, Clone, Copy)]
pub struct PublicationDraft<'t> {
    /// The name that mistakes carry.
    pub file: &'t str,
    pub text: &'t str,
    /// SHA-256 of the text, in hexadecimal digits.
    pub hash: &'t str,
}

/// A version that is published, with the hash of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedVersion {
    pub document: Document,
    pub hash: String,
}

/// What publishing a version would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicationOutcome {
    /// These bytes are published already: there is nothing to do.
    Repeated(Box<Document>),
    /// It is new.
    New {
        document: Box<Document>,
        /// The version before it; `None` for the first of its policy.
        before: Option<Box<Document>>,
        /// What it takes from customers, compared with the version before it; nothing for a first one.
        losses: Losses,
    },
}

/// Why a version must not be published.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublicationRefusal {
    /// The text has mistakes, or is material and does not say so.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// The version is published with other bytes.
    #[error(
        "`{document}` version `{version}` is published with another text, and payments rest on it; \
         expected a new version"
    )]
    OtherText { document: String, version: String },
    /// It would be in force before every function knows it.
    #[error(
        "`{document}` version `{version}` would be in force less than 15 minutes from now; expected a later \
         `in_force`"
    )]
    TooSoon { document: String, version: String },
    /// A published version comes into force later.
    #[error("`{document}` version `{version}` comes before `{newest}`; expected an `in_force` after it")]
    NotNewest { document: String, version: String, newest: String },
    /// It cannot stand beside the others.
    #[error(transparent)]
    Beside(#[from] DocumentsError),
}

/// Checks versions that are to be published together against each other and against all `published` ones.
/// `now_ms` is in milliseconds since 1970. Answers in the order of the drafts. A material version states the
/// notice that it gives, and its text is refused where `in_force` is before the end of it.
pub fn check_publications(
    drafts: &[PublicationDraft<'_>],
    published: &[PublishedVersion],
    now_ms: i64,
) -> Vec<Result<PublicationOutcome, PublicationRefusal>> {
    let parsed: Vec<Result<Document, Mistakes>> =
        drafts.iter().map(|draft| parse_document(draft.file, draft.text)).collect();
    // A version is compared with the one before it, whatever the order of the files.
    let mut places: Vec<usize> = (0..drafts.len()).collect();
    places.sort_by_key(|place| {
        parsed.get(*place).and_then(|parsed| parsed.as_ref().ok()).map(|document| document.in_force_from_ms)
    });
    let mut known = published.to_vec();
    let mut answers = Vec::new();
    for place in places {
        let (Some(draft), Some(parsed)) = (drafts.get(place), parsed.get(place)) else { continue };
        let earliest_ms = (!published.is_empty()).then(|| now_ms.saturating_add(LEAD_MS));
        let answer = match parsed {
            Ok(document) => check(*draft, document, &known, earliest_ms),
            Err(mistakes) => Err(mistakes.clone().into()),
        };
        if let Ok(PublicationOutcome::New { document, .. }) = &answer {
            known.push(PublishedVersion { document: (**document).clone(), hash: draft.hash.to_owned() });
        }
        answers.push((place, answer));
    }
    answers.sort_by_key(|(place, _)| *place);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// One version against the `known` ones. `earliest_ms` is the first instant at which it may be in force.
fn check(
    draft: PublicationDraft<'_>,
    document: &Document,
    known: &[PublishedVersion],
    earliest_ms: Option<i64>,
) -> Result<PublicationOutcome, PublicationRefusal> {
    let (id, version) = (document.id.clone(), document.version.clone());
    let versions = || known.iter().filter(|each| each.document.id == document.id);
    // First: what is a repetition is not held to a later day.
    if let Some(there) = versions().find(|each| each.document.version == document.version) {
        return if there.hash == draft.hash {
            Ok(PublicationOutcome::Repeated(Box::new(document.clone())))
        } else {
            Err(PublicationRefusal::OtherText { document: id, version })
        };
    }
    check_outcomes(draft.file, draft.text, document)?;
    let newest = versions().map(|each| &each.document).max_by_key(|each| each.in_force_from_ms);
    if let Some(newest) = newest.filter(|newest| document.in_force_from_ms <= newest.in_force_from_ms) {
        let newest = newest.version.clone();
        return Err(PublicationRefusal::NotNewest { document: id, version, newest });
    }
    if earliest_ms.is_some_and(|earliest_ms| document.in_force_from_ms < earliest_ms) {
        return Err(PublicationRefusal::TooSoon { document: id, version });
    }
    let losses = match newest {
        Some(newest) => check_change(draft.file, draft.text, newest, document)?,
        None => Losses::default(),
    };
    let beside = known.iter().map(|each| each.document.clone()).chain(std::iter::once(document.clone()));
    Documents::new(beside.collect())?;
    Ok(PublicationOutcome::New {
        document: Box::new(document.clone()),
        before: newest.map(|newest| Box::new(newest.clone())),
        losses,
    })
}
