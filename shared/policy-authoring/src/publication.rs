//! Whether a version may be published beside those that are.
//!
//! A published version never changes: payments rest on it for ever. A new one comes into force after all
//! others of its policy, and late enough for everybody who decides by it to have read it. The first version
//! of a policy is free in this: a company that moves in has purchases of the past, and nobody has read
//! another version.

use policy::{Document, Documents, DocumentsError};

use crate::document::parse_document;
use crate::material::{Losses, check_change};
use crate::mistake::Mistakes;
use crate::outcomes::check_outcomes;

/// How long before it comes into force a version is published, in milliseconds: a quarter of an hour, in
/// which a function that looks every five minutes may miss two looks.
const LEAD_MS: i64 = 15 * 60_000;

/// What publishing a version would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicationOutcome {
    /// These very bytes are published already: there is nothing to do.
    Published,
    /// It is new.
    New {
        document: Box<Document>,
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
    /// It would be in force before everybody knows it.
    #[error(
        "`{document}` version `{version}` would be in force less than 15 minutes from now; expected a later \
         `in_force`"
    )]
    TooSoon { document: String, version: String },
    /// A published version comes into force later.
    #[error("`{document}` version `{version}` comes before `{newest}`; expected an `in_force` after it")]
    NotNewest { document: String, version: String, newest: String },
    /// It cannot stand beside the published ones.
    #[error(transparent)]
    Beside(#[from] DocumentsError),
}

/// Checks the text of one version against all `published` ones, which are given with their texts. `now_ms` is
/// in milliseconds since 1970. A material version states the notice that it gives, and its text is refused
/// where `in_force` is before the end of it.
pub fn check_publication(
    file: &str,
    text: &str,
    published: &[(String, Document)],
    now_ms: i64,
) -> Result<PublicationOutcome, PublicationRefusal> {
    let document = parse_document(file, text)?;
    let (id, version) = (document.id.clone(), document.version.clone());
    let versions = || published.iter().filter(|(_, each)| each.id == document.id);
    // First: a repetition is none of the mistakes of a later day.
    if let Some((there, _)) = versions().find(|(_, each)| each.version == document.version) {
        let same = there == text;
        return if same {
            Ok(PublicationOutcome::Published)
        } else {
            Err(PublicationRefusal::OtherText { document: id, version })
        };
    }
    check_outcomes(file, text, &document)?;
    let newest = versions().map(|(_, each)| each).max_by_key(|each| each.in_force_from_ms);
    let losses = match newest {
        None => Losses::default(),
        Some(newest) if document.in_force_from_ms <= newest.in_force_from_ms => {
            let newest = newest.version.clone();
            return Err(PublicationRefusal::NotNewest { document: id, version, newest });
        }
        Some(_) if document.in_force_from_ms < now_ms.saturating_add(LEAD_MS) => {
            return Err(PublicationRefusal::TooSoon { document: id, version });
        }
        Some(newest) => check_change(file, text, newest, &document)?,
    };
    let beside = published.iter().map(|(_, each)| each.clone()).chain(std::iter::once(document.clone()));
    Documents::new(beside.collect())?;
    Ok(PublicationOutcome::New { document: Box::new(document), losses })
}
