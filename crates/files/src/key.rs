//! The secret of signed addresses, one for all replicas of a data folder.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use kernel::data_dir::DataDir;
use kernel::id::IdSource;

/// Bytes of the secret.
const LENGTH: usize = 32;

/// Reads `DATA/keys/files-url.key`, making it first if it is missing. Of several replicas that make it at once one wins,
/// and all read what it wrote.
///
/// # Errors
/// The file cannot be made or read, or is not of our making.
pub(crate) fn read_or_make(data: &DataDir, ids: &IdSource) -> io::Result<[u8; LENGTH]> {
    let path = data.keys().join("files-url.key");
    if !path.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(data.keys())?;
        let mut secret = [0_u8; LENGTH];
        ids.fill(&mut secret);
        let fresh = data.keys().join(format!("files-url.{}.new", ids.next()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
        file.write_all(&secret)?;
        file.sync_all()?;
        // A link, unlike a rename, does not replace what another replica has made meanwhile.
        let linked = fs::hard_link(&fresh, &path);
        fs::remove_file(&fresh)?;
        if let Err(error) = linked
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        fs::File::open(data.keys())?.sync_all()?;
    }
    fs::read(&path)?.try_into().map_err(|_| io::Error::other(format!("{} is damaged: remove it", path.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Arc;

    use kernel::clock::ManualClock;

    use super::*;

    #[test]
    fn replicas_agree_and_damage_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = DataDir::new(folder.path());
        let ids = IdSource::seeded(Arc::new(ManualClock::default()), 1);
        let other = IdSource::seeded(Arc::new(ManualClock::default()), 2);
        let key = read_or_make(&data, &ids).expect("makes");
        assert_eq!(read_or_make(&data, &other).expect("reads"), key);
        let path = data.keys().join("files-url.key");
        assert_eq!(fs::metadata(&path).expect("exists").permissions().mode() & 0o777, 0o600);
        fs::write(&path, b"short").expect("writes");
        assert!(read_or_make(&data, &ids).is_err());
    }
}
