//! The policy documents and the price catalogue, checked when they are built.
//!
//! The build script parses `documents/` with `policy-authoring`, fails with file, line and
//! field on any mistake, and embeds the result in a compact binary form. Decoding happens at first use,
//! each version on its own, so that a function's start pays nothing and a decision pays for the one version
//! that it rests on; no TOML parser is in the binary.
//!
//! Everybody reads what is installed in the process, which is what is embedded until something else is. Who
//! decides reads it again for each decision, and nobody holds it over the next one.

use std::sync::{LazyLock, PoisonError, RwLock};

use policy::{Catalogue, Documents, VersionHead};
use serde::Deserialize;

const BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/documents.postcard"));

/// Documents and a catalogue that fits them.
struct Edition {
    documents: Documents,
    catalogue: Catalogue,
}

static EMBEDDED: LazyLock<Edition> = LazyLock::new(|| {
    let (versions, catalogue): (Vec<(VersionHead, &[u8])>, Catalogue) = decode(bytes());
    let documents = Documents::later(versions.into_iter().map(|(head, bytes)| (head, move || decode(bytes))));
    Edition { documents, catalogue }
});

/// What took the place of what is embedded.
static INSTALLED: RwLock<Option<&'static Edition>> = RwLock::new(None);

#[cfg(not(feature = "mutants"))]
fn bytes() -> &'static [u8] {
    BYTES
}

/// The bytes of the file that `MAKEGOOD_DOCUMENTS` names, which `infra/rules` wrote from the same types.
#[cfg(feature = "mutants")]
fn bytes() -> &'static [u8] {
    let Some(path) = std::env::var_os("MAKEGOOD_DOCUMENTS") else {
        return BYTES;
    };
    std::fs::read(path).expect("infra/rules wrote the file before it started this test").leak()
}

fn decode<T: Deserialize<'static>>(bytes: &'static [u8]) -> T {
    postcard::from_bytes(bytes)
        .expect("the build script of this very build encoded these bytes from the same types")
}

/// How much the documents and the catalogue add to a binary.
pub fn embedded_bytes() -> usize {
    BYTES.len()
}

/// Every version of every policy.
pub fn documents() -> &'static Documents {
    &installed().documents
}

/// What every Stripe price buys.
pub fn catalogue() -> &'static Catalogue {
    &installed().catalogue
}

/// Installs these documents and this catalogue in place of the earlier ones, for the whole process.
///
/// The earlier ones stay in memory until the process ends: whoever asked for them keeps reading them. That is
/// some hundred kilobytes for each time that something is published, which is rare beside a process's life.
pub fn install(documents: Documents, catalogue: Catalogue) {
    let edition: &'static Edition = Box::leak(Box::new(Edition { documents, catalogue }));
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(edition);
}

fn installed() -> &'static Edition {
    let installed = *INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    installed.unwrap_or_else(|| &EMBEDDED)
}
