//! Messages as files, where there is no other way to deliver them: one JSON object each, for the owner of the data
//! directory alone.

use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use claviger_model::Timestamp;
use serde_json::Value;

/// Files that are kept, and [`BETWEEN`] more. The oldest go first, since what is new may still be waited for.
const MOST: usize = 1_000;
/// What the names of finished files end in.
const ENDING: &str = ".json";

/// Files that are written before it is looked again how many there are: looking costs more than writing.
const BETWEEN: usize = 50;

/// The directory that messages are written to.
pub(super) struct Files {
    directory: PathBuf,
    written: AtomicUsize,
}

impl Files {
    /// Messages in this directory.
    pub(super) const fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            written: AtomicUsize::new(0),
        }
    }

    /// Writes a message. The same one again takes its own place.
    ///
    /// # Errors
    /// The directory cannot be written to.
    pub(super) fn write(&self, at: Timestamp, id: &str, message: &Value) -> io::Result<PathBuf> {
        let mut builder = std::fs::DirBuilder::new();
        builder
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        // Ids are this server's own; one that is no name of a file must not become a path all the same.
        let id: String = id
            .chars()
            .filter(|character| character.is_ascii_alphanumeric() || *character == '-')
            .collect();
        let path = self.directory.join(format!("{}-{id}{ENDING}", at.basic()));
        let new = path.with_extension("new");
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(format!("{message:#}\n").as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&new, &path)?;
        std::fs::File::open(&self.directory)?.sync_all()?;
        if self
            .written
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(BETWEEN)
        {
            self.forget_oldest()?;
        }
        Ok(path)
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            names.extend(entry?.file_name().into_string().ok());
        }
        names.retain(|name| name.ends_with(ENDING));
        let surplus = names.len().saturating_sub(MOST);
        if surplus == 0 {
            return Ok(());
        }
        // Names begin with the time.
        names.sort_unstable();
        for name in names.iter().take(surplus) {
            std::fs::remove_file(self.directory.join(name))?;
        }
        tracing::warn!(
            surplus,
            "the oldest messages in `outbox/` were removed: {MOST} are kept"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_its_owners_whole_and_the_same_message_has_one() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::new(directory.path().join("outbox"));
        let at = Timestamp::from_seconds(1_767_323_045);
        let message = serde_json::json!({"subject": "s"});
        let path = files.write(at, "../../an-id/", &message).unwrap();
        assert_eq!(path, files.write(at, "../../an-id/", &message).unwrap());
        assert_eq!(
            path.file_name().unwrap(),
            "20260102T030405Z-an-id.json",
            "no path of somebody's choice"
        );
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o600);
        assert_eq!(mode(&files.directory) & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(&files.directory).unwrap().count(), 1);
        let read: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(read, message);
    }

    #[test]
    fn the_oldest_give_way_to_the_newest() {
        let directory = tempfile::tempdir().unwrap();
        let files = Files::new(directory.path().to_owned());
        for second in 0..MOST {
            let at = Timestamp::from_seconds(i64::try_from(second).unwrap());
            std::fs::write(files.directory.join(format!("{}-x.json", at.basic())), "{}").unwrap();
        }
        let at = Timestamp::from_seconds(2_000_000);
        let newest = files.write(at, "y", &Value::Null).unwrap();
        assert!(newest.exists());
        assert_eq!(std::fs::read_dir(&files.directory).unwrap().count(), MOST);
        assert!(!files.directory.join("19700101T000000Z-x.json").exists());
        assert!(files.directory.join("19700101T000001Z-x.json").exists());
        // It is looked again once so many were written.
        for second in 1..=BETWEEN {
            let at = Timestamp::from_seconds(2_000_000 + i64::try_from(second).unwrap());
            files.write(at, "z", &Value::Null).unwrap();
            let held = std::fs::read_dir(&files.directory).unwrap().count();
            assert!(held < MOST + BETWEEN, "{held}");
        }
        assert_eq!(std::fs::read_dir(&files.directory).unwrap().count(), MOST);
    }
}
