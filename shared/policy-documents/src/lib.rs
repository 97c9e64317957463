//! The policies and prices that this process decides by.
//!
//! A function installs what is published before its first invocation (`published-policies`), and again when
//! something else was published. Who decides reads what is installed for each decision, and nobody holds it
//! over the next one. Until something is installed there is no policy and no price, but for tests: they ask
//! for the feature `examples`, and begin with the examples.

use std::sync::{PoisonError, RwLock};

use policy::{Catalogue, Documents};

/// Documents and a catalogue that fits them.
struct Edition {
    documents: Documents,
    catalogue: Catalogue,
}

static INSTALLED: RwLock<Option<&'static Edition>> = RwLock::new(None);

#[cfg(not(feature = "examples"))]
mod first {
    use std::sync::LazyLock;

    use policy::{Catalogue, Documents};

    static NONE: LazyLock<(Documents, Catalogue)> = LazyLock::new(Default::default);

    pub(super) fn documents() -> &'static Documents {
        &NONE.0
    }

    pub(super) fn catalogue() -> &'static Catalogue {
        &NONE.1
    }
}

#[cfg(feature = "examples")]
use examples as first;

/// Every version of every policy.
pub fn documents() -> &'static Documents {
    installed().map_or_else(first::documents, |edition| &edition.documents)
}

/// What every price buys.
pub fn catalogue() -> &'static Catalogue {
    installed().map_or_else(first::catalogue, |edition| &edition.catalogue)
}

/// Installs these documents and this catalogue in place of the earlier ones, for the whole process.
///
/// The earlier ones stay in memory until the process ends: whoever asked for them keeps reading them. That is
/// some hundred kilobytes for each time that something is published, which is rare beside a process's life.
pub fn install(documents: Documents, catalogue: Catalogue) {
    let edition: &'static Edition = Box::leak(Box::new(Edition { documents, catalogue }));
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(edition);
}

fn installed() -> Option<&'static Edition> {
    *INSTALLED.read().unwrap_or_else(PoisonError::into_inner)
}
