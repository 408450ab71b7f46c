//! Where things lie under `--data`.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// A data folder. Everything in it is mode 700 or 600.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The folder at `root`, which need not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.0
    }

    /// Sockets, locks, the snapshot and what the orchestrator remembers of its replicas.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Logs, one file a replica.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Signing and TLS keys.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// SQLite files, one a service.
    #[must_use]
    pub fn sql(&self) -> PathBuf {
        self.0.join("sql")
    }

    /// Bytes.
    #[must_use]
    pub fn blobs(&self) -> PathBuf {
        self.0.join("blobs")
    }

    /// Keys and admissions of the links between servers, faculties and programmes.
    #[must_use]
    pub fn rooms(&self) -> PathBuf {
        self.0.join("rooms")
    }

    /// Packs of backups, a folder a node.
    #[must_use]
    pub fn backups(&self) -> PathBuf {
        self.0.join("backups")
    }

    /// The orchestrator's control socket.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.run().join("control.sock")
    }

    /// A gateway's control socket, by replica name.
    #[must_use]
    pub fn gateway_socket(&self, replica: &str) -> PathBuf {
        self.run().join(format!("{replica}.sock"))
    }

    /// The last routing snapshot.
    #[must_use]
    pub fn snapshot(&self) -> PathBuf {
        self.run().join("snapshot.json")
    }

    /// The local live store.
    #[must_use]
    pub fn live(&self) -> PathBuf {
        self.run().join("live.db")
    }

    /// The first administrator's password.
    #[must_use]
    pub fn admin_password(&self) -> PathBuf {
        self.0.join("admin-password")
    }

    /// The private key that signs tokens (PKCS #8, PEM).
    #[must_use]
    pub fn signing_key(&self) -> PathBuf {
        self.keys().join("tokens.key")
    }

    /// The public keys that verify tokens (JWKS).
    #[must_use]
    pub fn verifying_keys(&self) -> PathBuf {
        self.keys().join("jwks.json")
    }

    /// Makes the folders that are missing.
    ///
    /// # Errors
    /// Names the folder that could not be made, and says what to do.
    pub fn create(&self) -> io::Result<()> {
        for folder in [self.0.clone(), self.run(), self.logs(), self.keys(), self.sql(), self.blobs()] {
            DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
                let advice = "choose a folder that can be written with --data";
                io::Error::new(error.kind(), format!("cannot make {}: {error}; {advice}", folder.display()))
            })?;
        }
        Ok(())
    }
}

/// Replaces a file by `contents`, whole or not at all, durable, mode 600.
///
/// # Errors
/// Those of the file system; the former file is then untouched.
pub fn replace_file(path: &Path, contents: &[u8]) -> io::Result<()> {
    let folder = path.parent().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let mut name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let fresh = folder.join(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(contents)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replaced_file_is_private_and_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path().join("data"));
        data.create().expect("creates");
        replace_file(&data.admin_password(), b"first").expect("writes");
        replace_file(&data.admin_password(), b"second").expect("replaces");
        assert_eq!(std::fs::read(data.admin_password()).expect("reads"), b"second");
        let mode = std::fs::metadata(data.admin_password()).expect("exists").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::metadata(data.run()).expect("exists").permissions().mode() & 0o777, 0o700);
    }
}
