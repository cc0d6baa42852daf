//! Who is behind the socket, as a command sees it: what it says goes there, and what comes back lets people in.
//!
//! SECURITY: a command believes the server's own user, root, and itself. Somebody else who put a socket where the server's
//! is not yet, or no longer, would learn a new password, or tell which keys open a host.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

use anyhow::{Context as _, ensure};
use tokio::net::UnixStream;

use super::socket;

/// The user who may do everything on a host.
const ROOT: u32 = 0;
/// The bits of a directory's mode by which others than its owner may put files into it.
const WRITTEN_BY_OTHERS: u32 = 0o022;

/// The users who are believed.
pub(super) struct Believed(Vec<u32>);

impl Believed {
    /// Root, this process's user, and the owner of the data directory, who is the server's user. SECURITY: a relative path
    /// vouches for nobody: where root stands in somebody's directory, that would be theirs.
    ///
    /// # Errors
    /// The operating system does not tell this process's user.
    pub(super) fn of(data_dir: &Path) -> anyhow::Result<Self> {
        let own =
            socket::own_uid().context("the operating system does not tell this process's user")?;
        let mut users = vec![ROOT, own];
        if data_dir.is_absolute() {
            users.extend(std::fs::metadata(data_dir).ok().map(|found| found.uid()));
        }
        Ok(Self(users))
    }

    fn check(&self, uid: u32, what: &str) -> anyhow::Result<()> {
        ensure!(
            self.0.contains(&uid),
            "{what} is user {uid}'s, who is neither root, nor who runs this command, nor the owner of the data directory: run \
             it as the server's user, or name the server's `data_dir` from the root directory on"
        );
        Ok(())
    }

    /// Checks what lies at the path, before anything is said to it; whether anything does.
    ///
    /// # Errors
    /// It may be another's, or others than those believed can put another there.
    pub(super) fn check_path(&self, path: &Path) -> anyhow::Result<bool> {
        let found = match std::fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        ensure!(
            found.file_type().is_socket(),
            "{} is no socket",
            path.display()
        );
        self.check(found.uid(), &format!("the socket {}", path.display()))?;
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        self.check_folder(folder, &std::fs::metadata(folder)?)?;
        Ok(true)
    }

    fn check_folder(&self, folder: &Path, found: &Metadata) -> anyhow::Result<()> {
        self.check(found.uid(), &format!("the directory {}", folder.display()))?;
        ensure!(
            found.mode() & WRITTEN_BY_OTHERS == 0,
            "others than its owner may write to {}, and so put another socket in the place of the server's: take the right \
             from them (chmod go-w)",
            folder.display()
        );
        Ok(())
    }

    /// Checks who listens at the other end. What lies at the path may have changed since it was looked at; this has not.
    ///
    /// # Errors
    /// It is somebody else.
    pub(super) fn check_peer(&self, stream: &UnixStream) -> anyhow::Result<()> {
        let peer = stream
            .peer_cred()
            .context("the operating system does not tell who is behind the socket")?;
        self.check(peer.uid(), "the server behind the socket")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use tokio::net::UnixListener;

    use super::*;

    fn said(checked: anyhow::Result<impl Sized>) -> String {
        checked
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn a_socket_of_ones_own_in_a_directory_of_ones_own_is_believed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let believed = Believed::of(directory.path()).unwrap();
        assert!(!believed.check_path(&path).unwrap());
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(believed.check_path(&path).unwrap());
        let stream = UnixStream::connect(&path).await.unwrap();
        believed.check_peer(&stream).unwrap();
    }

    #[tokio::test]
    async fn nobody_else_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let _listener = UnixListener::bind(&path).unwrap();
        let others = Believed(vec![socket::own_uid().unwrap() + 1]);
        assert!(said(others.check_path(&path)).contains("the socket"));
        let stream = UnixStream::connect(&path).await.unwrap();
        assert!(said(others.check_peer(&stream)).contains("the server behind"));
        let found = std::fs::metadata(directory.path()).unwrap();
        let folder = others.check_folder(directory.path(), &found);
        assert!(said(folder).contains("the directory"));
    }

    #[tokio::test]
    async fn a_directory_that_others_write_to_is_refused_and_so_is_what_is_no_socket() {
        let directory = tempfile::tempdir().unwrap();
        let believed = Believed::of(directory.path()).unwrap();
        let path = directory.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        for (mode, good) in [
            (0o755, true),
            (0o775, false),
            (0o702, false),
            (0o1777, false),
        ] {
            set_permissions(directory.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(believed.check_path(&path).is_ok(), good, "{mode:o}");
        }
        set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        drop(listener);
        std::fs::rename(&path, directory.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", &path).unwrap();
        assert!(said(believed.check_path(&path)).contains("no socket"));
    }
}
