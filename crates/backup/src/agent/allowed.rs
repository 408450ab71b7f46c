//! Which folders may be asked for: those named when the agent was started, and nothing that only looks as if it were below.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::model::check_path;
use crate::wire::{Reason, Refusal};

/// The folders, by their real paths.
pub(super) struct Allowed(Vec<PathBuf>);

impl Allowed {
    /// Folders as they were given; one that is not there now may be later.
    pub(super) fn new(given: &[PathBuf]) -> Self {
        Self(given.iter().map(|path| path.canonicalize().unwrap_or_else(|_| path.clone())).collect())
    }

    /// Opens a folder. No part of the path below the allowed folder may be a link: what it leads to was not allowed.
    pub(super) fn open(&self, path: &str) -> Result<OwnedFd, Refusal> {
        let refused = |reason, detail: String| Err(Refusal { reason, detail });
        let clean = match check_path(path) {
            Ok(clean) if clean == path => PathBuf::from(clean),
            _ => return refused(Reason::NotAllowed, format!("{path} is not a path in its plain form")),
        };
        let Some(root) = self.0.iter().filter(|root| clean.starts_with(root)).max_by_key(|root| root.as_os_str().len())
        else {
            let detail = format!("{path} is not allowed on this node: start its agent with --allow {path}");
            return refused(Reason::NotAllowed, detail);
        };
        let below = clean.strip_prefix(root).unwrap_or(Path::new(""));
        let below = if below.as_os_str().is_empty() { Path::new(".") } else { below };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let opened = rustix::fs::openat(CWD, root, flags | OFlags::NOFOLLOW, Mode::empty())
            .and_then(|root| rustix::fs::openat2(root, below, flags, Mode::empty(), resolve));
        match opened {
            Ok(folder) => Ok(folder),
            Err(Errno::NOENT) => refused(Reason::NoFolder, format!("{path} does not exist on this node")),
            Err(Errno::NOTDIR) => {
                refused(Reason::NoFolder, format!("{path} is not a folder: register the one it is in"))
            }
            Err(Errno::LOOP | Errno::XDEV) => {
                refused(Reason::NotAllowed, format!("{path} leads through a symbolic link: register where it leads"))
            }
            Err(Errno::ACCESS | Errno::PERM) => {
                refused(Reason::NoFolder, format!("{path} may not be read by the agent: start it as root"))
            }
            Err(error) => refused(Reason::Failed, format!("{path} cannot be opened: {error}")),
        }
    }
}

/// Opens a file below a folder, for reading, never through a link and never waiting for a pipe.
pub(super) fn open_file(root: &OwnedFd, name: &[u8]) -> rustix::io::Result<File> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let open = |flags| rustix::fs::openat2(root, name, flags, Mode::empty(), resolve);
    // Only a file's owner, or root, may read it without leaving a trace.
    let opened = match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => open(flags),
        opened => opened,
    };
    opened.map(File::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_really_below_may_be_asked_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        std::fs::create_dir_all(root.join("given/deep")).expect("makes");
        std::fs::create_dir_all(root.join("given-not")).expect("makes");
        std::fs::write(root.join("given/file"), "x").expect("writes");
        std::os::unix::fs::symlink(root.join("given-not"), root.join("given/out")).expect("links");
        let allowed = Allowed::new(&[root.join("given")]);
        let open = |path: &str| allowed.open(path).map(drop).map_err(|refusal| refusal.reason);
        let at = |name: &str| root.join(name).to_str().expect("UTF-8").to_owned();
        assert_eq!(open(&at("given")), Ok(()));
        assert_eq!(open(&at("given/deep")), Ok(()));
        for (path, reason) in [
            (at("given-not"), Reason::NotAllowed),
            (at(""), Reason::NotAllowed),
            ("/".to_owned(), Reason::NotAllowed),
            (at("given/../given-not"), Reason::NotAllowed),
            (at("given/out"), Reason::NotAllowed),
            (at("given/deep/"), Reason::NotAllowed),
            ("given".to_owned(), Reason::NotAllowed),
            (at("given/absent"), Reason::NoFolder),
            (at("given/file"), Reason::NoFolder),
        ] {
            assert_eq!(open(&path), Err(reason), "{path}");
        }
    }
}
