//! What `bedel put` is to upload: files as named, folders with everything below them.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

/// A file to upload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is called.
    pub(super) name: String,
    /// Its path in the folder that was named, that folder first; `None` for a file that was named itself.
    pub(super) inside: Option<String>,
    /// Bytes.
    pub(super) size: u64,
}

/// Everything there is to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The files, in the order of their names.
    pub(super) items: Vec<Item>,
    /// What is left out, and why.
    pub(super) skipped: Vec<String>,
    /// What was to be uploaded and cannot be read.
    pub(super) failed: Vec<(String, anyhow::Error)>,
}

impl Plan {
    /// Looks at each of `paths`. A link that is named itself is followed; those found in folders are not.
    pub(super) fn of(paths: &[PathBuf]) -> Self {
        let mut plan = Self::default();
        for path in paths {
            match path.metadata() {
                Ok(seen) if seen.is_dir() => {
                    let whole = path.canonicalize().unwrap_or_else(|_| path.clone());
                    plan.folder(path, &name_of(&whole));
                }
                Ok(seen) if seen.is_file() => {
                    plan.items.push(Item { path: path.clone(), name: name_of(path), inside: None, size: seen.len() })
                }
                Ok(_) => plan.failed.push((path.display().to_string(), anyhow!("is not a file"))),
                Err(error) => plan.fail(path, error),
            }
        }
        // Named twice, it is still one file.
        let mut seen = BTreeSet::new();
        plan.items.retain(|item| seen.insert(item.clone()));
        plan
    }

    fn folder(&mut self, folder: &Path, inside: &str) {
        let mut entries = match std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>) {
            Ok(entries) => entries,
            Err(error) => return self.fail(folder, error),
        };
        entries.sort_by_key(std::fs::DirEntry::file_name);
        for path in entries.into_iter().map(|entry| entry.path()) {
            let name = name_of(&path);
            let place = format!("{inside}/{name}");
            match path.symlink_metadata() {
                Ok(seen) if seen.is_dir() => self.folder(&path, &place),
                Ok(seen) if seen.is_file() => {
                    self.items.push(Item { path, name, inside: Some(place), size: seen.len() });
                }
                Ok(seen) => self.skipped.push(format!("{}: skipped, it is {}", path.display(), kind(&seen))),
                Err(error) => self.fail(&path, error),
            }
        }
    }

    fn fail(&mut self, path: &Path, error: std::io::Error) {
        self.failed.push((path.display().to_string(), anyhow::Error::from(error).context("cannot be read")));
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn kind(seen: &Metadata) -> &'static str {
    let kind = seen.file_type();
    if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_and_links_are_not() {
        let root = tempfile::tempdir().expect("a folder");
        let course = root.path().join("course");
        std::fs::create_dir_all(course.join("week 1")).expect("makes");
        std::fs::write(course.join("week 1/notes.pdf"), b"12").expect("writes");
        std::fs::write(course.join("a.txt"), b"1").expect("writes");
        std::os::unix::fs::symlink(&course, course.join("loop")).expect("links");
        let _socket = std::os::unix::net::UnixListener::bind(course.join("socket")).expect("binds");
        let named = root.path().join("link");
        std::os::unix::fs::symlink(course.join("a.txt"), &named).expect("links");

        let plan = Plan::of(&[course.clone(), named.clone(), course.clone(), root.path().join("nowhere")]);
        let found: Vec<_> =
            plan.items.iter().map(|item| (item.inside.as_deref(), item.name.as_str(), item.size)).collect();
        let expected =
            [(Some("course/a.txt"), "a.txt", 1), (Some("course/week 1/notes.pdf"), "notes.pdf", 2), (None, "link", 1)];
        assert_eq!(found, expected);
        assert!(plan.skipped[0].contains("loop: skipped, it is a symbolic link"), "{:?}", plan.skipped);
        assert!(plan.skipped[1].contains("socket: skipped, it is a socket"), "{:?}", plan.skipped);
        assert!(plan.failed.len() == 1 && plan.failed[0].0.ends_with("nowhere"), "{:?}", plan.failed);
    }
}
