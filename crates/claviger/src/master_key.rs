//! The master key: 32 bytes that wrap every data key. Given by configuration, or, on SQLite, generated into the data
//! directory on first start.

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use claviger_model::{Rng, Secret};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use zeroize::Zeroizing;

use crate::Failure;
use crate::config::{Config, DatabaseChoice};

const FILE: &str = "master.key";

/// The master key that the configuration gives or that lies in the data directory.
pub(crate) fn obtain(config: &Config, rng: &Rng) -> Result<Secret<[u8; 32]>, Failure> {
    if let Some(text) = &config.master_key {
        return read(text.expose()).ok_or_else(|| {
            Failure::Unusable(String::from(
                "`master_key` must be 32 bytes in base64 or in 64 hexadecimal digits",
            ))
        });
    }
    if matches!(config.database, DatabaseChoice::Postgres(_)) {
        return Err(Failure::Unusable(String::from(
            "with PostgreSQL the master key must be given: set CLAVIGER_MASTER_KEY_FILE (32 random bytes in base64), the same on every node",
        )));
    }
    Ok(from_data_directory(&config.data_dir, rng)?)
}

fn read(text: &str) -> Option<Secret<[u8; 32]>> {
    let text = text.trim().as_bytes();
    let bytes = Zeroizing::new(
        HEXLOWER_PERMISSIVE
            .decode(text)
            .or_else(|_| BASE64.decode(text))
            .ok()?,
    );
    <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Secret::new)
}

fn from_data_directory(directory: &Path, rng: &Rng) -> anyhow::Result<Secret<[u8; 32]>> {
    let path = directory.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let text = Zeroizing::new(text);
            read(&text).with_context(|| {
                format!(
                    "{} holds no master key: restore it from a backup",
                    path.display()
                )
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            generate(directory, &path, rng)
        }
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Makes a key for a new store. A store whose key is lost must not get another: nothing in it could be opened.
fn generate(directory: &Path, path: &Path, rng: &Rng) -> anyhow::Result<Secret<[u8; 32]>> {
    let mut entries = std::fs::read_dir(directory)
        .with_context(|| format!("{} cannot be read", directory.display()))?;
    let store_is_there = entries.any(|entry| {
        entry.is_ok_and(|entry| {
            Path::new(&entry.file_name())
                .extension()
                .is_some_and(|extension| extension == "db" || extension == "sqlite")
        })
    });
    anyhow::ensure!(
        !store_is_there,
        "{} is missing, but there is a store that was made with it: restore it from a backup",
        path.display()
    );
    let key = Zeroizing::new(rng.bytes::<32>());
    let text = Zeroizing::new(format!("{}\n", BASE64.encode(key.as_slice())));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options
        .open(path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(Secret::new(*key))
}
