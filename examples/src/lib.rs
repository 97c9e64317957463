//! The policies and the price catalogue of four businesses: what the tests decide by and what the local stack
//! publishes. No function links this crate.
//!
//! The build script parses `policies/` and `catalogue.toml` with `policy-authoring`, fails with file, line
//! and field on any mistake, and embeds the result in a compact binary form. Each version is decoded when
//! it is first asked for.

use std::sync::LazyLock;

use policy::{Catalogue, Documents, VersionHead};
use serde::Deserialize;

const BYTES: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/documents.postcard"));

static EMBEDDED: LazyLock<(Documents, Catalogue)> = LazyLock::new(|| {
    let (versions, catalogue): (Vec<(VersionHead, &[u8])>, Catalogue) = decode(bytes());
    (Documents::later(versions.into_iter().map(|(head, bytes)| (head, move || decode(bytes)))), catalogue)
});

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
    &EMBEDDED.0
}

/// What every price buys.
pub fn catalogue() -> &'static Catalogue {
    &EMBEDDED.1
}
