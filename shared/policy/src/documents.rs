//! All versions of all documents, and which of them a purchase falls under.

use serde::{Deserialize, Serialize};

use crate::document::Document;

/// Every version of every policy, oldest first within a policy. The serde derives are the embedded form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Documents(Vec<Document>);

/// Why documents cannot stand beside each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentsError {
    /// Two files hold the same version.
    #[error("document `{document}` has version `{version}` twice; expected one file per version")]
    SameVersion {
        /// The document.
        document: String,
        /// The version.
        version: String,
    },
    /// Two versions come into force on one day.
    #[error("document `{document}` has two versions in force from the same day; expected one a day")]
    SameDay {
        /// The document.
        document: String,
    },
    /// A product falls under two policies.
    #[error("product `{product}` is covered by `{first}` and by `{second}`; expected one policy per product")]
    TwoPolicies {
        /// The product.
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
        Ok(Self(documents))
    }

    /// Every version of every policy.
    pub fn iter(&self) -> impl Iterator<Item = &Document> {
        self.0.iter()
    }

    /// One version of one policy: what a payment pinned.
    pub fn version(&self, document: &str, version: &str) -> Option<&Document> {
        self.0.iter().find(|each| each.id == document && each.version == version)
    }

    /// The version that a purchase of `product` at `at_ms` (milliseconds since 1970) falls under.
    pub fn in_force(&self, product: &str, at_ms: i64) -> InForce<'_> {
        let mut versions = self.0.iter().filter(|each| each.products.iter().any(|id| id == product));
        let Some(first) = versions.next() else {
            return InForce::NoDocument;
        };
        if at_ms < first.in_force_from_ms {
            return InForce::BeforeFirstVersion(first);
        }
        InForce::Version(versions.take_while(|each| each.in_force_from_ms <= at_ms).last().unwrap_or(first))
    }
}

impl<'d> InForce<'d> {
    /// The document to decide by. For a purchase before the first version [`crate::decide()`] sends the
    /// request to a person whatever the document says.
    pub fn document(self) -> Option<&'d Document> {
        match self {
            Self::Version(document) | Self::BeforeFirstVersion(document) => Some(document),
            Self::NoDocument => None,
        }
    }
}
