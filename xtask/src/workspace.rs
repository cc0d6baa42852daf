//! Where the project lies on disk.

use std::env;
use std::path::{Path, PathBuf};

/// The folder that holds the root `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    // INVARIANT: this crate lies one level below the root.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's target folder, which also holds the installed tools and the Python environment.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// Where `cargo install` puts the tools that the tests need.
pub(crate) fn tools() -> PathBuf {
    root().join("target").join("tools")
}

/// The Python environment of the black-box tests.
pub(crate) fn python() -> PathBuf {
    root().join("target").join("py")
}

/// Whether this run is CI's: the lock file must then be right as it was committed.
pub(crate) fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}
