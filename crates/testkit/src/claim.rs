//! Numbers that are this process's alone: each is a locked file, so a claim ends with its holder however that dies.

use std::fs::{DirBuilder, File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

/// A number held against every other test process of this machine, until dropped.
#[derive(Debug)]
pub struct Claim {
    number: u16,
    _lock: File,
}

impl Claim {
    /// The first number of `range` that is free under the name `kind` and that `usable` accepts.
    ///
    /// # Panics
    /// If all are taken.
    #[must_use]
    pub fn take(kind: &str, range: Range<u16>, usable: impl Fn(u16) -> bool) -> Self {
        let folder = folder();
        for number in range {
            let path = folder.join(format!("{kind}-{number}"));
            // Reading is enough for a lock, and another user may have made the file.
            let lock = File::open(&path)
                .or_else(|_| OpenOptions::new().write(true).create(true).truncate(false).mode(0o644).open(&path))
                .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
            if lock.try_lock().is_ok() && usable(number) {
                return Self { number, _lock: lock };
            }
        }
        panic!("every {kind} of the range is taken: is a test run hanging? `lsof +D {}`", folder.display());
    }

    /// A TCP port of the loopback interface that nobody listens on. It lies below the ports the kernel gives to
    /// outgoing connections, so a server can be restarted on it.
    #[must_use]
    pub fn port() -> Self {
        // Processes begin at different places so that each finds a free one quickly.
        let first = 20_000 + u16::try_from(std::process::id() % 500).unwrap_or(0) * 20;
        Self::take("port", first..32_000, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
    }

    /// The number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }
}

fn folder() -> PathBuf {
    let folder = PathBuf::from("/tmp/bedel-testkit-claims");
    if !folder.exists() {
        let made = DirBuilder::new().mode(0o777).create(&folder);
        assert!(made.is_ok() || folder.exists(), "cannot make {}: {made:?}", folder.display());
        // The umask took the others' write permission away; whoever made the folder gives it back.
        let _ = std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o1777));
    }
    folder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_holder_until_it_is_dropped() {
        // A name of this process's own: the same test may run in another checkout.
        let kind = format!("test-{}", std::process::id());
        let take = || Claim::take(&kind, 0..2, |_| true);
        let (first, second) = (take(), take());
        assert_ne!(first.number(), second.number());
        let freed = first.number();
        drop(first);
        assert_eq!(take().number(), freed);
        for number in 0..2 {
            std::fs::remove_file(folder().join(format!("{kind}-{number}"))).expect("it is ours");
        }
    }

    #[test]
    fn a_port_somebody_listens_on_is_passed_over() {
        let claim = Claim::port();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, claim.number())).expect("the port is free");
        let number = claim.number();
        drop(claim);
        assert_ne!(Claim::port().number(), number);
        drop(listener);
    }
}
