//! Parses and checks the documents and the catalogue, and encodes them for the binary. A mistake fails
//! the build with its file, line and field.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use policy::{Documents, DocumentsError, VersionHead};
use policy_authoring::{Mistakes, check_outcomes, check_versions, parse_catalogue, parse_document};

/// One folder per policy, one file per version.
const DOCUMENTS: &str = "policies";
/// The price catalogue.
const CATALOGUE: &str = "catalogue.toml";

/// Why the documents cannot be embedded.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("{path}: {cause}")]
    Io { path: String, cause: std::io::Error },
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
    #[error("{path}: document `{id}`, version `{version}`; expected {DOCUMENTS}/{id}/{version}.toml")]
    Misplaced { path: String, id: String, version: String },
    #[error("{DOCUMENTS}: {0}")]
    Documents(#[from] DocumentsError),
    #[error("encoding: {0}")]
    Encoding(#[from] postcard::Error),
    #[error("cargo did not set OUT_DIR")]
    NoOutDir,
}

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={DOCUMENTS}");
    println!("cargo::rerun-if-changed={CATALOGUE}");
    match embed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn embed() -> Result<(), BuildError> {
    let mut documents = Vec::new();
    for folder in entries(Path::new(DOCUMENTS))? {
        let mut versions = Vec::new();
        for path in entries(&folder)? {
            let text = read(&path)?;
            let document = parse_document(&path.to_string_lossy(), &text)?;
            check_outcomes(&path.to_string_lossy(), &text, &document)?;
            if path != Path::new(DOCUMENTS).join(&document.id).join(format!("{}.toml", document.version)) {
                let path = path.to_string_lossy().into_owned();
                return Err(BuildError::Misplaced { path, id: document.id, version: document.version });
            }
            versions.push((path.to_string_lossy().into_owned(), text, document));
        }
        // S2-33: a version that takes something from customers says so, which makes its notice obligatory.
        check_versions(&versions)?;
        documents.extend(versions.into_iter().map(|(_, _, document)| document));
    }
    let documents = Documents::new(documents)?;
    let catalogue = parse_catalogue(CATALOGUE, &read(Path::new(CATALOGUE))?, &documents)?;
    // Each version is encoded on its own, behind its head: it is decoded on its own as well.
    let versions = documents
        .iter()
        .map(|document| Ok((VersionHead::of(document), postcard::to_allocvec(document)?)))
        .collect::<Result<Vec<_>, postcard::Error>>()?;
    let encoded = postcard::to_allocvec(&(versions, catalogue))?;
    let out =
        PathBuf::from(std::env::var_os("OUT_DIR").ok_or(BuildError::NoOutDir)?).join("documents.postcard");
    fs::write(&out, encoded)
        .map_err(|cause| BuildError::Io { path: out.to_string_lossy().into_owned(), cause })
}

/// The entries of a folder, sorted, so that the same files always give the same bytes.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let failed = |cause| BuildError::Io { path: folder.to_string_lossy().into_owned(), cause };
    let mut paths = fs::read_dir(folder)
        .map_err(failed)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, BuildError> {
    fs::read_to_string(path)
        .map_err(|cause| BuildError::Io { path: path.to_string_lossy().into_owned(), cause })
}
