//! A key pair and its two files.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use kernel::data_dir::replace_file;
use kernel::id::IdSource;
use kernel::secret::Secret;

use super::z85;
use crate::wire;

/// A CURVE public key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub(crate) [u8; 32]);

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&z85::encode(&self.0))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for PublicKey {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, NoKey> {
        z85::decode(text).map(Self).ok_or(NoKey)
    }
}

/// A text is not the Z85 of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("40 characters of Z85 are expected")]
pub struct NoKey;

/// A CURVE key pair.
#[derive(Debug, Clone)]
pub struct KeyPair {
    public: PublicKey,
    secret: Secret<[u8; 32]>,
}

/// A key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("{path}: {source}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not the Z85 text of a key.
    #[error("{path} holds no key: {detail}", path = .path.display())]
    Text {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        detail: &'static str,
    },
    /// The name cannot be a key's.
    #[error(
        "{0:?} is no name of a key: 1 to 64 letters, digits, dots, dashes and underscores are, without a dot first"
    )]
    Name(String),
    /// There is a key of that name already.
    #[error("{path} exists: a key is not replaced, choose another name or remove it", path = .0.display())]
    Exists(PathBuf),
}

impl KeyPair {
    /// A fresh pair.
    #[must_use]
    pub fn generate(ids: &IdSource) -> Self {
        let mut secret = [0_u8; 32];
        ids.fill(&mut secret);
        Self { public: PublicKey(wire::public_half(&secret)), secret: Secret::new(secret) }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) const fn secret(&self) -> &Secret<[u8; 32]> {
        &self.secret
    }

    /// What its private file holds.
    pub(crate) fn text(&self) -> Secret<String> {
        Secret::new(format!("{}\n{}\n", self.public, z85::encode(self.secret.expose())))
    }

    /// The path of the private file of `name` in `folder`.
    #[must_use]
    pub fn path(folder: &Path, name: &str) -> PathBuf {
        folder.join(format!("{name}.key"))
    }

    /// Reads `NAME.key`.
    ///
    /// # Errors
    /// If the file cannot be read, or its two lines are not the halves of one pair.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let text = read(path)?;
        let wrong = |detail| KeyError::Text { path: path.to_owned(), detail };
        let mut lines = text.lines().map(str::trim_end);
        let (Some(public), Some(secret)) = (lines.next().and_then(z85::decode), lines.next().and_then(z85::decode))
        else {
            return Err(wrong("two lines of 40 characters are expected, the public and the secret key"));
        };
        if wire::public_half(&secret) != public {
            return Err(wrong("the first line is not the public half of the second"));
        }
        Ok(Self { public: PublicKey(public), secret: Secret::new(secret) })
    }

    /// Writes `NAME.pub` and `NAME.key` into `folder`, which is made (mode 700) if it is missing. The private file has
    /// mode 600 and is written last, so that where it is, both are.
    ///
    /// # Errors
    /// If there is a private file of that name, or the name or the folder cannot be used.
    pub fn write(&self, folder: &Path, name: &str) -> Result<(), KeyError> {
        check_name(name)?;
        make_folder(folder)?;
        let private = Self::path(folder, name);
        if private.exists() {
            return Err(KeyError::Exists(private));
        }
        write_public(folder, name, self.public)?;
        replace_file(&private, self.text().expose().as_bytes())
            .map_err(|source| KeyError::File { path: private, source })
    }
}

/// Whether `name` may be a key's and so a file's.
///
/// # Errors
/// If it may not.
pub fn check_name(name: &str) -> Result<(), KeyError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(allowed) {
        return Err(KeyError::Name(name.to_owned()));
    }
    Ok(())
}

/// Reads `NAME.pub`.
///
/// # Errors
/// If the file cannot be read, or does not begin with a line that is a key.
pub fn read_public(path: &Path) -> Result<PublicKey, KeyError> {
    let text = read(path)?;
    let key = text.lines().next().map(str::trim_end).and_then(z85::decode);
    let wrong = || KeyError::Text { path: path.to_owned(), detail: "a line of 40 characters is expected" };
    key.map(PublicKey).ok_or_else(wrong)
}

pub(super) fn write_public(folder: &Path, name: &str, key: PublicKey) -> Result<(), KeyError> {
    let path = folder.join(format!("{name}.pub"));
    replace_file(&path, format!("{key}\n").as_bytes()).map_err(|source| KeyError::File { path, source })
}

pub(super) fn make_folder(folder: &Path) -> Result<(), KeyError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|source| KeyError::File { path: folder.to_owned(), source })
}

fn read(path: &Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;

    use kernel::clock::SystemClock;

    use super::*;

    #[test]
    fn a_pair_survives_its_files_which_are_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = folder.path().join("keys");
        let pair = KeyPair::generate(&IdSource::from_os(Arc::new(SystemClock)));
        pair.write(&keys, "server").expect("writes");
        let read = KeyPair::read(&keys.join("server.key")).expect("reads");
        assert_eq!(read.public(), pair.public());
        assert_eq!(read.secret().expose(), pair.secret().expose());
        assert_eq!(read_public(&keys.join("server.pub")).expect("reads"), pair.public());
        let mode = |path: &Path| std::fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&keys), mode(&keys.join("server.key"))), (0o700, 0o600));
        assert!(matches!(pair.write(&keys, "server"), Err(KeyError::Exists(_))));
    }

    #[test]
    fn names_that_are_paths_and_halves_that_do_not_match_are_refused() {
        for name in ["", ".hidden", "../x", "a/b", "a b", &"a".repeat(65)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        let folder = tempfile::tempdir().expect("a folder");
        let ids = IdSource::from_os(Arc::new(SystemClock));
        let (one, other) = (KeyPair::generate(&ids), KeyPair::generate(&ids));
        let path = folder.path().join("mixed.key");
        std::fs::write(&path, format!("{}\n{}\n", one.public(), z85::encode(other.secret().expose()))).expect("writes");
        assert!(matches!(KeyPair::read(&path), Err(KeyError::Text { .. })));
    }
}
