//! All versions of all documents, and which of them a purchase falls under.
//!
//! A version is chosen by its [`VersionHead`]. What follows it is decoded when it is first asked for: a
//! function that answers for one product pays for one document.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::document::Document;

/// Every version of every policy, oldest first within a policy.
#[derive(Debug, Default)]
pub struct Documents(Vec<Version>);

/// What a version is chosen by. The serde derives are the examples' embedded form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionHead {
    /// As [`Document::id`].
    pub id: String,
    /// As [`Document::version`].
    pub version: String,
    /// As [`Document::in_force_from_ms`].
    pub in_force_from_ms: i64,
    /// As [`Document::products`].
    pub products: Vec<String>,
}

/// Makes the document that belongs to a head, once.
type Decode = Box<dyn FnOnce() -> Document + Send>;

struct Version {
    head: VersionHead,
    document: LazyLock<Document, Decode>,
}

/// Why documents cannot stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentsError {
    /// Two files hold the same version.
    #[error("document `{document}` has version `{version}` twice; expected one file per version")]
    SameVersion { document: String, version: String },
    /// Two versions come into force on one day.
    #[error("document `{document}` has two versions in force from the same day; expected one a day")]
    SameDay { document: String },
    /// A product falls under two policies.
    #[error("product `{product}` is covered by `{first}` and by `{second}`; expected one policy per product")]
    TwoPolicies {
        product: String,
        /// One policy.
        first: String,
        /// The other policy.
        second: String,
    },
}

/// The document that a purchase falls under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InForce<'d> {
    /// This version was in force at that instant.
    Version(&'d Document),
    /// The instant is before the first version, which is this one: a person decides (S2-1).
    BeforeFirstVersion(&'d Document),
    /// No document covers the product.
    NoDocument,
}

impl Documents {
    /// Sorts the versions and checks that they can stand beside each other.
    pub fn new(mut documents: Vec<Document>) -> Result<Self, DocumentsError> {
        documents.sort_by(|a, b| (&a.id, a.in_force_from_ms).cmp(&(&b.id, b.in_force_from_ms)));
        for (place, first) in documents.iter().enumerate() {
            for second in documents.iter().skip(place).skip(1) {
                if first.id == second.id {
                    if first.version == second.version {
                        return Err(DocumentsError::SameVersion {
                            document: first.id.clone(),
                            version: first.version.clone(),
                        });
                    }
                    if first.in_force_from_ms == second.in_force_from_ms {
                        return Err(DocumentsError::SameDay { document: first.id.clone() });
                    }
                } else if let Some(product) = first.products.iter().find(|id| second.products.contains(id)) {
                    return Err(DocumentsError::TwoPolicies {
                        product: product.clone(),
                        first: first.id.clone(),
                        second: second.id.clone(),
                    });
                }
            }
        }
        Ok(Self::later(documents.into_iter().map(|document| {
            let head = VersionHead::of(&document);
            (head, move || document)
        })))
    }

    /// The versions of a [`Documents::new`], in its order. Each is made when it is first asked for.
    pub fn later<D>(versions: impl IntoIterator<Item = (VersionHead, D)>) -> Self
    where
        D: FnOnce() -> Document + Send + 'static,
    {
        let version = |(head, decode)| {
            let decode: Decode = Box::new(decode);
            Version { head, document: LazyLock::new(decode) }
        };
        Self(versions.into_iter().map(version).collect())
    }

    /// Every version of every policy.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.0.iter().map(Version::document)
    }

    /// One version of one policy: what a payment pinned.
    pub fn version(&self, document: &str, version: &str) -> Option<&Document> {
        let found = self.0.iter().find(|each| each.head.id == document && each.head.version == version);
        found.map(Version::document)
    }

    /// The version that a purchase of `product` at `at_ms` (milliseconds since 1970) falls under.
    pub fn in_force(&self, product: &str, at_ms: i64) -> InForce<'_> {
        let mut versions = self.0.iter().filter(|each| each.head.products.iter().any(|id| id == product));
        let Some(first) = versions.next() else {
            return InForce::NoDocument;
        };
        if at_ms < first.head.in_force_from_ms {
            return InForce::BeforeFirstVersion(first.document());
        }
        let last = versions.take_while(|each| each.head.in_force_from_ms <= at_ms).last();
        InForce::Version(last.unwrap_or(first).document())
    }
}

impl Clone for Documents {
    fn clone(&self) -> Self {
        Self::later(self.0.iter().map(|version| {
            let document = version.document().clone();
            (version.head.clone(), move || document)
        }))
    }
}

impl PartialEq for Documents {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Documents {}

impl VersionHead {
    /// The head of a document.
    pub fn of(document: &Document) -> Self {
        Self {
            id: document.id.clone(),
            version: document.version.clone(),
            in_force_from_ms: document.in_force_from_ms,
            products: document.products.clone(),
        }
    }
}

impl Version {
    fn document(&self) -> &Document {
        &self.document
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(f)
    }
}

impl<'d> InForce<'d> {
    /// The document to decide by. For a purchase before the first version, [`crate::decide()`] always sends
    /// the request to a person.
    pub fn document(self) -> Option<&'d Document> {
        match self {
            Self::Version(document) | Self::BeforeFirstVersion(document) => Some(document),
            Self::NoDocument => None,
        }
    }
}
